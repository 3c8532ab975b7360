//! Certificates that are awaited: a transfer came in less the tax its customer kept back, and what proves that tax settles the rest. Until then
//! nothing is asked of it, for as long as the vendor's policy says; before that ends its customer is reminded.

use billing::calendar::Instant;
use billing::dunning::certificate_reminder_at;
use serde_json::json;
use sqlx::FromRow;

use crate::platform::clock::from_ms;
use crate::services::{Desk, Refusal, customers, dunning, invoices};

/// Until when the certificate of an invoice is, or was, waited for; `None`: no transfer was less tax withheld.
pub async fn certificate_until(desk: &mut Desk, invoice_id: &str) -> Result<Option<Instant>, Refusal> {
    let (until,): (Option<i64>,) = desk
        .tx
        .one(
            "SELECT MAX(t.certificate_until) FROM allocations a JOIN transfers t ON t.vendor_id = a.vendor_id AND t.id = a.transfer_id
             WHERE a.vendor_id = $1 AND a.invoice_id = $2 AND t.taken_back_at IS NULL",
            (desk.vendor.id.clone(), invoice_id.to_owned()),
        )
        .await?;
    Ok(until.map(from_ms))
}

/// Whether nothing is asked of what is due of an invoice now, because a certificate may settle it.
pub async fn awaits_certificate(desk: &mut Desk, invoice_id: &str) -> Result<bool, Refusal> {
    let until = certificate_until(desk, invoice_id).await?;
    Ok(until.is_some_and(|until| until > desk.now.billing))
}

/// A transfer whose customer is to be reminded of the certificate.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Awaiting {
    id: String,
    customer_id: String,
    certificate_until: i64,
}

/// Those to be reminded of now, who were not yet. Once it is waited for no longer, dunning asks for the money instead.
pub async fn awaiting(desk: &mut Desk) -> Result<Vec<Awaiting>, Refusal> {
    let open: Vec<Awaiting> = desk
        .tx
        .all(
            "SELECT t.id, t.customer_id, t.certificate_until FROM transfers t WHERE t.vendor_id = $1 AND t.certificate_until > $2 AND t.taken_back_at IS NULL
                AND t.certificate_reminded_at IS NULL
                AND EXISTS (SELECT 1 FROM allocations a JOIN invoices i ON i.vendor_id = a.vendor_id AND i.id = a.invoice_id
                    WHERE a.vendor_id = t.vendor_id AND a.transfer_id = t.id AND i.settled_at IS NULL AND i.ended_as IS NULL)
             ORDER BY t.certificate_until, t.id LIMIT 500",
            (desk.vendor.id.clone(), desk.now.billing_ms()),
        )
        .await?;
    if open.is_empty() {
        return Ok(open);
    }
    let policy = dunning::policy(desk).await?;
    let mut due = Vec::new();
    for one in open {
        let zone = customers::load(desk, &one.customer_id).await?.zone()?;
        let at = certificate_reminder_at(&policy, from_ms(one.certificate_until), zone).map_err(billing::Error::from)?;
        if at <= desk.now.billing {
            due.push(one);
        }
    }
    Ok(due)
}

/// Has their customers reminded: each once, of each invoice of which something is due.
pub async fn note_awaiting(desk: &mut Desk, awaiting: &[Awaiting]) -> Result<(), Refusal> {
    for Awaiting { id, customer_id, certificate_until } in awaiting {
        let noted = desk
            .tx
            .run(
                "UPDATE transfers SET certificate_reminded_at = $3 WHERE vendor_id = $1 AND id = $2 AND certificate_reminded_at IS NULL",
                (desk.vendor.id.clone(), id.clone(), desk.now.billing_ms()),
            )
            .await?;
        if noted == 0 {
            continue;
        }
        let paid: Vec<(String,)> = desk
            .tx
            .all(
                "SELECT DISTINCT invoice_id FROM allocations WHERE vendor_id = $1 AND transfer_id = $2 ORDER BY invoice_id",
                (desk.vendor.id.clone(), id.clone()),
            )
            .await?;
        for (invoice_id,) in paid {
            let invoice = invoices::load(desk, &invoice_id).await?;
            if invoice.due_minor > 0 {
                let data = json!({
                    "number": invoice.number, "amount_minor": invoice.due_minor, "currency": invoice.currency, "until": from_ms(*certificate_until),
                });
                desk.record("invoice.certificate_awaited", Some(customer_id), &invoice_id, data).await?;
            }
        }
    }
    Ok(())
}
