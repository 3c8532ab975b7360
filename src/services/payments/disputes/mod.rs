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
//!
//! Here is what is known of disputes, and what the vendor wants; `told` is what a gateway says of them, and what follows.

mod told;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::FromRow;

use crate::services::subscriptions::{self, word};
use crate::services::{Desk, Refusal};

pub(super) use told::{ask, hear};

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
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
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
    #[sqlx(try_from = "String")]
    pub status: DisputeStatus,
    /// Of one that is lost: how much of its invoice is due again; the rest was written off.
    pub reopened_minor: i64,
    /// Billing times.
    pub opened_at: i64,
    pub ended_at: Option<i64>,
    /// Subscriptions that are paused because of it.
    #[sqlx(try_from = "String")]
    paused: Paused,
}

/// Ids, as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct Paused(Vec<String>);

impl TryFrom<String> for Paused {
    type Error = Refusal;
    fn try_from(ids: String) -> Result<Paused, Refusal> {
        serde_json::from_str(&ids).map_err(Refusal::damaged)
    }
}

impl TryFrom<String> for DisputeStatus {
    type Error = Refusal;
    fn try_from(word: String) -> Result<DisputeStatus, Refusal> {
        subscriptions::of_word(&word)
    }
}

/// A query for [`Dispute`]s.
macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT id, gateway, reference, payment_id, customer_id, amount_minor, currency, reason, status, reopened_minor, opened_at, ended_at, paused FROM disputes ", $rest)
    };
}

/// The vendor's disputes, the last opened first, from before the one of that id; empty: from the last.
pub async fn disputes(desk: &mut Desk, before: &str, at_most: i64) -> Result<Vec<Dispute>, Refusal> {
    let before = (desk.vendor.id.clone(), before.to_owned(), at_most);
    Ok(desk.tx.all(select!("WHERE vendor_id = $1 AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3 + 0"), before).await?)
}

async fn known(desk: &mut Desk, gateway: &str, reference: &str) -> Result<Option<Dispute>, Refusal> {
    let named = (desk.vendor.id.clone(), gateway.to_owned(), reference.to_owned());
    Ok(desk.tx.opt(select!("WHERE vendor_id = $1 AND gateway = $2 AND reference = $3"), named).await?)
}

/// Where each of some disputes is answered; `None`: its gateway is not connected, or has no page for that.
pub async fn answered_at(desk: &mut Desk, disputes: &[Dispute]) -> Result<Vec<Option<String>>, Refusal> {
    let app = desk.app.clone();
    let gateway = match app.gateways.of(&mut desk.tx, &desk.vendor).await {
        Ok(gateway) => Some(gateway),
        Err(Refusal::Rule(_)) => None,
        Err(refusal) => return Err(refusal),
    };
    let url =
        |dispute: &Dispute| gateway.as_ref().filter(|gateway| gateway.name() == dispute.gateway).and_then(|gateway| gateway.dispute_url(&dispute.reference));
    Ok(disputes.iter().map(url).collect())
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

/// Read ahead of a customer: their methods that are disputed.
pub(super) const DISPUTED: &str = "disputed methods";

/// Methods of a customer that are charged by themselves no more, because a payment of theirs is disputed or was lost that way.
pub(crate) async fn disputed_methods(desk: &mut Desk, customer_id: &str) -> Result<BTreeSet<String>, Refusal> {
    if let Some(known) = desk.recall(DISPUTED, customer_id) {
        return Ok(known);
    }
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

/// Whether a bank has a payment back, for now or for good.
pub(crate) async fn is_taken_back(desk: &mut Desk, payment_id: &str) -> Result<bool, Refusal> {
    let named = (desk.vendor.id.clone(), payment_id.to_owned());
    let row: Option<(String,)> = desk.tx.opt("SELECT id FROM disputes WHERE vendor_id = $1 AND payment_id = $2 AND status <> 'won' LIMIT 1", named).await?;
    Ok(row.is_some())
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
