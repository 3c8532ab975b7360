//! What is still to be done has somebody who will do it: payments under way, refunds on their way, confirmed changes being paid for, and
//! the outbox itself.

use sqlx::FromRow;

use super::{Counts, Held, Stop, broken, count, same};
use crate::services::Desk;
use crate::services::payments::REFUND;

pub(super) async fn hold(desk: &mut Desk, counts: &mut Counts) -> Held {
    quotes(desk, counts).await?;
    payments(desk).await?;
    sandbox(desk).await?;
    refunds(desk).await?;
    outbox(desk, counts).await
}

/// A quote that is being paid has one payment under way; one that is done says what was done.
async fn quotes(desk: &mut Desk, counts: &mut Counts) -> Held {
    let take = |(id, status, result, under_way): (String, String, Option<String>, i64)| {
        let expected = match status.as_str() {
            "paying" => 1,
            "done" | "declined" => 0,
            other => return Err(broken("quotes", &id, "status", "paying, done or declined", other)),
        };
        same("quotes", &id, &format!("the number of its payments under way, being {status},"), expected, under_way)?;
        if status == "done" && result.is_none() {
            return Err(broken("quotes", &id, "result, being done,", "set", "nothing"));
        }
        count(counts, "quotes");
        Ok::<(), Stop>(())
    };
    desk.tx
        .each(
            "SELECT q.id, q.status, q.result, COALESCE(p.number, 0) FROM quotes q
                LEFT JOIN (SELECT quote_id, COUNT(*) AS number FROM payments WHERE vendor_id = $1 AND quote_id IS NOT NULL AND status IN ('created', 'processing', 'needs_action')
                    GROUP BY quote_id) p ON p.quote_id = q.id
             WHERE q.vendor_id = $1",
            (desk.vendor.id.clone(),),
            take,
        )
        .await
}

#[derive(FromRow)]
struct PaymentRow {
    id: String,
    status: String,
    decline_reason: Option<String>,
    action_url: Option<String>,
}

/// A payment's status is one the worker knows, with what the next step needs.
async fn payments(desk: &mut Desk) -> Held {
    let take = |row: PaymentRow| {
        let id = row.id.as_str();
        match row.status.as_str() {
            "needs_action" if row.action_url.is_none() => Err(broken("payments", id, "action_url, where the customer answers the bank,", "set", "nothing")),
            "declined" if row.decline_reason.is_none() => Err(broken("payments", id, "decline_reason", "set", "nothing")),
            "created" | "processing" | "needs_action" | "succeeded" | "declined" | "cancelled" => Ok::<(), Stop>(()),
            other => Err(broken("payments", id, "status", "one that is known", other)),
        }
    };
    desk.tx.each("SELECT id, status, decline_reason, action_url FROM payments WHERE vendor_id = $1", (desk.vendor.id.clone(),), take).await
}

/// The test gateway's books are here too: what it took, a payment says it took, or is still being asked about.
async fn sandbox(desk: &mut Desk) -> Held {
    let take = |(reference, charged_minor, status, amount_minor): (String, i64, Option<String>, Option<i64>)| {
        let is_known = status.as_deref().is_some_and(|status| ["created", "processing", "needs_action", "succeeded"].contains(&status));
        if !is_known || amount_minor != Some(charged_minor) {
            let found = format!("a payment of {} that is {}", super::shown(amount_minor), super::shown(status));
            return Err(broken("sandbox_charges", &reference, "its payment", format!("one of {charged_minor} that succeeded or is under way"), found));
        }
        Ok::<(), Stop>(())
    };
    desk.tx
        .each(
            "SELECT c.reference, c.amount_minor, p.status, p.amount_minor FROM sandbox_charges c LEFT JOIN payments p ON p.vendor_id = c.vendor_id AND p.id = c.idempotency_key
             WHERE c.vendor_id = $1 AND c.status = 'succeeded'",
            (desk.vendor.id.clone(),),
            take,
        )
        .await?;
    let untaken: Option<(String,)> = desk
        .tx
        .opt(
            "SELECT p.id FROM payments p WHERE p.vendor_id = $1 AND p.gateway = 'sandbox' AND p.status = 'succeeded'
                AND NOT EXISTS (SELECT 1 FROM sandbox_charges c WHERE c.vendor_id = p.vendor_id AND c.idempotency_key = p.id AND c.status = 'succeeded') ORDER BY p.id LIMIT 1",
            (desk.vendor.id.clone(),),
        )
        .await?;
    untaken.map_or(Ok(()), |(id,)| Err(broken("payments", &id, "its charge at the test gateway", "one that succeeded", "none")))
}

/// A refund the gateway has not decided is still in the outbox.
async fn refunds(desk: &mut Desk) -> Held {
    let forgotten: Option<(String,)> = desk
        .tx
        .opt(
            "SELECT r.id FROM refunds r WHERE r.vendor_id = $1 AND r.status = 'created' AND NOT EXISTS (SELECT 1 FROM outbox o
                WHERE o.vendor_id = r.vendor_id AND o.kind = $2 AND o.done_at IS NULL AND o.payload LIKE '%' || COALESCE(r.credit_note_id, r.purchase_id) || '%') ORDER BY r.id LIMIT 1",
            (desk.vendor.id.clone(), REFUND),
        )
        .await?;
    forgotten.map_or(Ok(()), |(id,)| Err(broken("refunds", &id, "the outbox row that gives it back", "one that is not done", "none")))
}

#[derive(FromRow)]
struct OutboxRow {
    id: String,
    has_payload: bool,
    is_done: bool,
    is_claimed: bool,
}

/// A row of the outbox carries what is to be done until it is done; then nothing, and nobody has it.
async fn outbox(desk: &mut Desk, counts: &mut Counts) -> Held {
    let take = |row: OutboxRow| {
        if row.has_payload == row.is_done {
            let (expected, found) = if row.is_done { ("nothing", "set") } else { ("set", "nothing") };
            return Err(broken("outbox", &row.id, "payload", expected, found));
        }
        if row.is_done && row.is_claimed {
            return Err(broken("outbox", &row.id, "claimed_until, being done,", "nothing", "set"));
        }
        count(counts, "outbox rows");
        Ok::<(), Stop>(())
    };
    desk.tx
        .each(
            "SELECT id, payload <> '' AS has_payload, done_at IS NOT NULL AS is_done, claimed_until IS NOT NULL AS is_claimed FROM outbox WHERE vendor_id = $1",
            (desk.vendor.id.clone(),),
            take,
        )
        .await
}
