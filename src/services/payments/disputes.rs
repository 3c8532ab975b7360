//! Disputes: a customer has their bank take a payment back. While it is open its money is set aside in the ledger, nothing of the invoice is
//! given back, and the method is charged by itself no more; the vendor decides whether the subscription goes on meanwhile, and what becomes
//! of an invoice whose dispute is lost.
//!
//! ```text
//! open ─┬▶ won: the money is the vendor's again, and the method may be charged
//!       └▶ lost: the invoice is due again, or the amount is written off
//! ```
//!
//! An inquiry, by which no money moves, is an event and nothing more. What deliberately does not live here: arguing a dispute, which is done
//! at the gateway.

use std::collections::BTreeSet;

use billing::subscription::Unused;
use billing::{ledger, money};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::FromRow;

use super::gateway::{Dispute as Told, DisputeState};
use super::read::{self, Payment, Status};
use crate::services::invoices::{self, Allocation};
use crate::services::subscriptions::{self, Action, PauseRequest, When, word};
use crate::services::{Desk, Refusal, customers, ledger as books};

/// What the vendor wants done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DisputePolicy {
    pub subscription: WhileDisputed,
    pub lost: OnLost,
}

/// What becomes of the subscription whose invoice is disputed, until that ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhileDisputed {
    #[default]
    Keep,
    Pause,
}

/// What becomes of the invoice when its dispute is lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnLost {
    /// It is due again.
    #[default]
    Reopen,
    WriteOff,
}

/// Where a dispute stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeStatus {
    Open,
    Won,
    Lost,
}

/// One dispute. Columns as in `migrations/0099_bank.sql`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispute {
    pub id: String,
    pub gateway: String,
    pub reference: String,
    pub payment_id: String,
    pub customer_id: String,
    pub amount_minor: i64,
    pub currency: String,
    /// In the gateway's words.
    pub reason: String,
    pub status: DisputeStatus,
    /// Of one that is lost: how much of its invoice is due again; the rest was written off.
    pub reopened_minor: i64,
    /// Billing times.
    pub opened_at: i64,
    pub ended_at: Option<i64>,
    /// Subscriptions that are paused because of it.
    paused: Vec<String>,
}

#[derive(FromRow)]
struct Row {
    id: String,
    gateway: String,
    reference: String,
    payment_id: String,
    customer_id: String,
    amount_minor: i64,
    currency: String,
    reason: String,
    status: String,
    reopened_minor: i64,
    opened_at: i64,
    ended_at: Option<i64>,
    paused: String,
}

impl TryFrom<Row> for Dispute {
    type Error = Refusal;
    fn try_from(row: Row) -> Result<Dispute, Refusal> {
        Ok(Dispute {
            status: subscriptions::of_word(&row.status)?,
            paused: serde_json::from_str(&row.paused).map_err(Refusal::damaged)?,
            id: row.id,
            gateway: row.gateway,
            reference: row.reference,
            payment_id: row.payment_id,
            customer_id: row.customer_id,
            amount_minor: row.amount_minor,
            currency: row.currency,
            reason: row.reason,
            reopened_minor: row.reopened_minor,
            opened_at: row.opened_at,
            ended_at: row.ended_at,
        })
    }
}

/// The vendor's disputes, the last opened first, from before the one of that id; empty: from the last.
pub async fn disputes(desk: &mut Desk, before: &str, at_most: i64) -> Result<Vec<Dispute>, Refusal> {
    let rows: Vec<Row> = desk
        .tx
        .all(
            "SELECT id, gateway, reference, payment_id, customer_id, amount_minor, currency, reason, status, reopened_minor, opened_at, ended_at, paused FROM disputes
             WHERE vendor_id = $1 AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3 + 0",
            (desk.vendor.id.clone(), before.to_owned(), at_most),
        )
        .await?;
    rows.into_iter().map(Dispute::try_from).collect()
}

async fn known(desk: &mut Desk, gateway: &str, reference: &str) -> Result<Option<Dispute>, Refusal> {
    let row: Option<Row> = desk
        .tx
        .opt(
            "SELECT id, gateway, reference, payment_id, customer_id, amount_minor, currency, reason, status, reopened_minor, opened_at, ended_at, paused FROM disputes
             WHERE vendor_id = $1 AND gateway = $2 AND reference = $3",
            (desk.vendor.id.clone(), gateway.to_owned(), reference.to_owned()),
        )
        .await?;
    row.map(Dispute::try_from).transpose()
}

/// What the vendor wants done; what it never said is as it begins.
pub async fn dispute_policy(desk: &mut Desk) -> Result<DisputePolicy, Refusal> {
    let mut policy = DisputePolicy::default();
    let rows: Vec<(String, String)> = desk.tx.all("SELECT question, answer FROM dispute_policy WHERE vendor_id = $1", (desk.vendor.id.clone(),)).await?;
    for (question, answer) in rows {
        match question.as_str() {
            "subscription" => policy.subscription = subscriptions::of_word(&answer)?,
            "lost" => policy.lost = subscriptions::of_word(&answer)?,
            other => return Err(Refusal::damaged(format!("disputes know no {other}"))),
        }
    }
    Ok(policy)
}

/// Makes it what it shall be from now on; a dispute that is open ends by what is said then.
pub async fn set_dispute_policy(desk: &mut Desk, policy: DisputePolicy) -> Result<(), Refusal> {
    for (question, answer) in [("subscription", word(policy.subscription)?), ("lost", word(policy.lost)?)] {
        desk.tx
            .run(
                "INSERT INTO dispute_policy (vendor_id, question, answer) VALUES ($1, $2, $3) ON CONFLICT (vendor_id, question) DO UPDATE SET answer = excluded.answer",
                (desk.vendor.id.clone(), question, answer),
            )
            .await?;
    }
    let vendor_id = desk.vendor.id.clone();
    let data = json!({ "subscription": word(policy.subscription)?, "lost": word(policy.lost)? });
    desk.record("dispute_policy.set", None, &vendor_id, data).await
}

/// Methods of a customer that are charged by themselves no more, because a payment of theirs is disputed or was lost that way.
pub(super) async fn disputed_methods(desk: &mut Desk, customer_id: &str) -> Result<BTreeSet<String>, Refusal> {
    let rows: Vec<(String,)> = desk
        .tx
        .all(
            "SELECT DISTINCT p.method_id FROM disputes d JOIN payments p ON p.vendor_id = d.vendor_id AND p.id = d.payment_id
             WHERE d.vendor_id = $1 AND d.customer_id = $2 AND d.status <> 'won'",
            (desk.vendor.id.clone(), customer_id.to_owned()),
        )
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Whether a payment of an invoice is disputed now.
pub async fn is_disputed(desk: &mut Desk, invoice_id: &str) -> Result<bool, Refusal> {
    let row: Option<(String,)> = desk
        .tx
        .opt(
            "SELECT d.id FROM disputes d JOIN allocations a ON a.vendor_id = d.vendor_id AND a.payment_id = d.payment_id
             WHERE d.vendor_id = $1 AND a.invoice_id = $2 AND d.status = 'open' LIMIT 1",
            (desk.vendor.id.clone(), invoice_id.to_owned()),
        )
        .await?;
    Ok(row.is_some())
}

/// What the gateway says of a dispute goes into the books. Told again, or late, it comes to the same.
pub(super) async fn record(desk: &mut Desk, payment: &Payment, reference: &str, told: &Told) -> Result<(), Refusal> {
    customers::lock(desk, &payment.customer_id).await?;
    let payment = read::load(desk, &payment.id).await?;
    if payment.status != Status::Succeeded || told.currency != payment.currency || told.amount_minor <= 0 {
        tracing::warn!(payment = payment.id, dispute = reference, "a dispute of what did not come in, or of another currency: it is only written down");
        return Ok(());
    }
    let before = known(desk, &payment.gateway, reference).await?;
    let dispute = match (before, told.state) {
        // Nor was money ever gone where the first that is heard is that it is won.
        (None, DisputeState::Inquiry | DisputeState::Won) => return Ok(()),
        (None, _) => open(desk, &payment, reference, told).await?,
        (Some(dispute), _) => dispute,
    };
    match (dispute.status, told.state) {
        (DisputeStatus::Open, DisputeState::Won) => win(desk, dispute).await,
        (DisputeStatus::Open, DisputeState::Lost) => lose(desk, &payment, dispute).await,
        _ => Ok(()),
    }
}

async fn open(desk: &mut Desk, payment: &Payment, reference: &str, told: &Told) -> Result<Dispute, Refusal> {
    let id = desk.new_id("dis");
    let amount_minor = told.amount_minor.min(payment.amount_minor);
    let paused = match dispute_policy(desk).await?.subscription {
        WhileDisputed::Keep => Vec::new(),
        WhileDisputed::Pause => pause(desk, payment).await?,
    };
    desk.tx
        .run(
            "INSERT INTO disputes (vendor_id, id, gateway, reference, payment_id, customer_id, amount_minor, currency, reason, status, reopened_minor, opened_at, paused)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'open', 0, $10, $11)",
            (
                desk.vendor.id.clone(), id.clone(), payment.gateway.clone(), reference.to_owned(), payment.id.clone(), payment.customer_id.clone(), amount_minor,
                payment.currency.clone(), told.reason.clone(), desk.now.billing_ms(), serde_json::to_string(&paused).map_err(Refusal::damaged)?,
            ),
        )
        .await?;
    books::post(desk, &payment.customer_id, &payment.currency, &id, &ledger::payment_disputed(amount_minor)?).await?;
    let data = json!({ "payment_id": payment.id, "amount_minor": amount_minor, "currency": payment.currency, "reason": told.reason });
    desk.record("dispute.opened", Some(&payment.customer_id), &id, data).await?;
    known(desk, &payment.gateway, reference).await?.ok_or(Refusal::NotFound)
}

/// Pauses the subscriptions of the invoice that a payment paid; those that were. One that can't be paused goes on.
async fn pause(desk: &mut Desk, payment: &Payment) -> Result<Vec<String>, Refusal> {
    let Some((invoice_id, _)) = invoices::paid_by(desk, &payment.id).await? else { return Ok(Vec::new()) };
    let mut paused = Vec::new();
    for subscription in subscriptions::on_invoice(desk, &invoice_id).await? {
        let action = Action::Pause(PauseRequest { when: When::Now, unused: Unused::Kept });
        match subscriptions::act(desk, &payment.customer_id, &subscription.id, &action).await {
            Ok(_) => paused.push(subscription.id),
            Err(Refusal::Rule(_) | Refusal::Conflict(_)) => {}
            Err(refusal) => return Err(refusal),
        }
    }
    Ok(paused)
}

async fn win(desk: &mut Desk, dispute: Dispute) -> Result<(), Refusal> {
    end(desk, &dispute, DisputeStatus::Won, 0).await?;
    books::post(desk, &dispute.customer_id, &dispute.currency, &dispute.id, &ledger::dispute_won(dispute.amount_minor)?).await?;
    for id in &dispute.paused {
        match subscriptions::act(desk, &dispute.customer_id, id, &Action::Resume).await {
            // Somebody has resumed it, or ended it.
            Ok(_) | Err(Refusal::Rule(_) | Refusal::Conflict(_)) => {}
            Err(refusal) => return Err(refusal),
        }
    }
    let data = json!({ "payment_id": dispute.payment_id, "amount_minor": dispute.amount_minor, "currency": dispute.currency });
    desk.record("dispute.won", Some(&dispute.customer_id), &dispute.id, data).await
}

async fn lose(desk: &mut Desk, payment: &Payment, dispute: Dispute) -> Result<(), Refusal> {
    let paid = match (dispute_policy(desk).await?.lost, invoices::paid_by(desk, &payment.id).await?) {
        (OnLost::Reopen, Some((invoice_id, paid_minor))) => {
            // What went back to the customer before is not taken back twice.
            let kept_minor = invoices::refundable_minor(desk, &invoice_id).await?;
            Some((invoice_id, dispute.amount_minor.min(paid_minor).min(kept_minor).max(0)))
        }
        _ => None,
    };
    let reopened_minor = paid.as_ref().map_or(0, |(_, minor)| *minor);
    end(desk, &dispute, DisputeStatus::Lost, reopened_minor).await?;
    if let Some((invoice_id, reopened_minor)) = paid.filter(|(_, minor)| *minor > 0) {
        let back_minor = money::neg(reopened_minor).map_err(billing::Error::from)?;
        invoices::allocate(desk, &invoice_id, back_minor, Allocation::Dispute(&dispute.id)).await?;
        books::post(desk, &dispute.customer_id, &dispute.currency, &dispute.id, &ledger::dispute_lost(reopened_minor)?).await?;
        invoices::note_due_again(desk, &invoice_id).await?;
    }
    let rest = money::sub(dispute.amount_minor, reopened_minor).map_err(billing::Error::from)?;
    if rest > 0 {
        books::post(desk, &dispute.customer_id, &dispute.currency, &dispute.id, &ledger::dispute_written_off(rest)?).await?;
    }
    let data = json!({
        "payment_id": dispute.payment_id, "amount_minor": dispute.amount_minor, "currency": dispute.currency, "reopened_minor": reopened_minor, "written_off_minor": rest,
    });
    desk.record("dispute.lost", Some(&dispute.customer_id), &dispute.id, data).await
}

async fn end(desk: &mut Desk, dispute: &Dispute, status: DisputeStatus, reopened_minor: i64) -> Result<(), Refusal> {
    desk.tx
        .run(
            "UPDATE disputes SET status = $3, reopened_minor = $4, ended_at = $5 WHERE vendor_id = $1 AND id = $2",
            (desk.vendor.id.clone(), dispute.id.clone(), word(status)?, reopened_minor, desk.now.billing_ms()),
        )
        .await?;
    Ok(())
}
