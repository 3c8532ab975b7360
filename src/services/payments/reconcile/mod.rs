//! Reconciliation: the gateway's list of charges, refunds and disputes beside our payments, refunds and their postings, in both directions. What is
//! certain is mended by the same state machine as every answer of a gateway; the rest is told, each difference with its next step.
//!
//! What deliberately does not live here: whether our own records agree with each other (`check`), and what came in by bank (`bank`).

mod compare;

use std::collections::{BTreeMap, BTreeSet};

use billing::calendar::Instant;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::FromRow;

use super::errand::{Errand, unanswered};
use super::gateway::Outcome;
use super::read::{self, Status};
use super::refunds;
use crate::platform::clock::from_ms;
use crate::sentence;
use crate::services::{Desk, Refusal};
use crate::words::Sentence;

/// How far back is looked unless somebody says: a bank debit comes back after weeks.
const USUALLY_MS: i64 = 35 * 86_400_000;
/// How often it is done by itself.
const EVERY_MS: i64 = 86_400_000;
/// What the clocks of two machines may differ by, and how long a list may lag behind.
const SKEW_MS: i64 = 600_000;
/// No bank takes longer to decide: a debit is returned within eight weeks, but settled or refused within three.
const UNDECIDED_MS: i64 = 21 * 86_400_000;
/// How many are named; whoever has more has another problem.
const MOST_DIFFERENCES: usize = 1_000;

/// What differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    /// The gateway took the money of a payment that we do not count as paid.
    PaidThere,
    /// The gateway did not take what we wait for.
    DeclinedThere,
    /// We count a payment as paid, and the gateway took nothing.
    PaidHere,
    AmountDiffers,
    CurrencyDiffers,
    /// A payment is under way at a gateway that is not connected now.
    OtherGateway,
    /// The gateway has left a payment undecided for three weeks.
    Undecided,
    /// A charge under a key of ours that no payment has.
    ChargeUnknown,
    /// The gateway has decided a refund that we wait for.
    RefundDecidedThere,
    /// We count a refund as gone back, and at the gateway it did not.
    RefundedHere,
    /// The reverse: we hold it for refused.
    RefundedThere,
    /// Given back at the gateway's own desk, or under a key that no refund has.
    RefundUnknown,
    RefundAmountDiffers,
    /// A dispute stands otherwise than we had heard.
    DisputeUnheard,
    /// The ledger's cash says another amount than its payment.
    LedgerDiffers,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    pub kind: DifferenceKind,
    /// Our payment or refund; of what we have none of, the gateway's id of it.
    pub subject_id: String,
    pub currency: String,
    /// What we say, and what the gateway (or the ledger) says.
    pub ours_minor: i64,
    pub theirs_minor: i64,
    /// It was certain, and is put right.
    pub is_mended: bool,
}

impl Difference {
    /// What differs, in a sentence.
    pub fn sentence(&self) -> Sentence {
        use DifferenceKind::*;
        let (subject, ours, theirs) = (&self.subject_id, (self.ours_minor, self.currency.as_str()), (self.theirs_minor, self.currency.as_str()));
        match self.kind {
            PaidThere => sentence!("reconcile-paid-there", subject = subject, theirs = theirs),
            DeclinedThere => sentence!("reconcile-declined-there", subject = subject, ours = ours),
            PaidHere => sentence!("reconcile-paid-here", subject = subject, ours = ours),
            AmountDiffers => sentence!("reconcile-amount", subject = subject, ours = ours, theirs = theirs),
            CurrencyDiffers => sentence!("reconcile-currency", subject = subject, ours = ours),
            OtherGateway => sentence!("reconcile-other-gateway", subject = subject, ours = ours),
            Undecided => sentence!("reconcile-undecided", subject = subject, ours = ours),
            ChargeUnknown => sentence!("reconcile-charge-unknown", subject = subject, theirs = theirs),
            RefundDecidedThere => sentence!("reconcile-refund-decided", subject = subject, ours = ours),
            RefundedHere => sentence!("reconcile-refunded-here", subject = subject, ours = ours),
            RefundedThere => sentence!("reconcile-refunded-there", subject = subject, theirs = theirs),
            RefundUnknown => sentence!("reconcile-refund-unknown", subject = subject, theirs = theirs),
            RefundAmountDiffers => sentence!("reconcile-refund-amount", subject = subject, ours = ours, theirs = theirs),
            DisputeUnheard => sentence!("reconcile-dispute-unheard", subject = subject, theirs = theirs),
            LedgerDiffers => sentence!("reconcile-ledger", subject = subject, ours = ours, theirs = theirs),
        }
    }

    /// What is to be done about it.
    pub fn next_step(&self) -> Sentence {
        use DifferenceKind::*;
        match self.kind {
            _ if self.is_mended => sentence!("reconcile-mended"),
            PaidThere | DeclinedThere | RefundDecidedThere | DisputeUnheard => sentence!("reconcile-next-again"),
            PaidHere => sentence!("reconcile-next-paid-here"),
            AmountDiffers | CurrencyDiffers => sentence!("reconcile-next-other-charge"),
            OtherGateway => sentence!("reconcile-next-other-gateway"),
            Undecided => sentence!("reconcile-next-undecided"),
            ChargeUnknown => sentence!("reconcile-next-charge-unknown"),
            RefundedHere => sentence!("reconcile-next-refunded-here"),
            RefundedThere | RefundUnknown => sentence!("reconcile-next-refund-unknown"),
            RefundAmountDiffers => sentence!("reconcile-next-refund-amount"),
            LedgerDiffers => sentence!("reconcile-next-ledger"),
        }
    }
}

/// What a comparison came to. Columns as in `migrations/0099_bank.sql`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reconciliation {
    pub id: String,
    pub gateway: String,
    /// Wall times: what was made since then was compared, and when.
    pub since: Instant,
    pub ran_at: Instant,
    /// How many of the gateway's were looked at.
    pub charges: i64,
    pub refunds: i64,
    pub differences: Vec<Difference>,
}

impl Reconciliation {
    /// Those that somebody must see to.
    pub fn left(&self) -> impl Iterator<Item = &Difference> {
        self.differences.iter().filter(|difference| !difference.is_mended)
    }
}

#[derive(FromRow)]
struct Row {
    id: String,
    gateway: String,
    since_at: i64,
    ran_at: i64,
    charges: i64,
    refunds: i64,
    differences: String,
}

impl TryFrom<Row> for Reconciliation {
    type Error = Refusal;
    fn try_from(row: Row) -> Result<Reconciliation, Refusal> {
        Ok(Reconciliation {
            differences: serde_json::from_str(&row.differences).map_err(Refusal::damaged)?,
            id: row.id,
            gateway: row.gateway,
            since: from_ms(row.since_at),
            ran_at: from_ms(row.ran_at),
            charges: row.charges,
            refunds: row.refunds,
        })
    }
}

/// The comparisons made, the last first, from before the one of that id; empty: from the last.
pub async fn reconciliations(desk: &mut Desk, before: &str, at_most: i64) -> Result<Vec<Reconciliation>, Refusal> {
    let rows: Vec<Row> = desk
        .tx
        .all(
            "SELECT id, gateway, since_at, ran_at, charges, refunds, differences FROM reconciliations WHERE vendor_id = $1 AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3 + 0",
            (desk.vendor.id.clone(), before.to_owned(), at_most),
        )
        .await?;
    rows.into_iter().map(Reconciliation::try_from).collect()
}

/// Whether a day has passed since the last comparison.
pub async fn is_reconciliation_due(desk: &mut Desk) -> Result<bool, Refusal> {
    let last = reconciliations(desk, "", 1).await?;
    Ok(last.first().is_none_or(|last| desk.now.wall_ms() - last.ran_at.timestamp_millis() >= EVERY_MS))
}

/// Compares what was made since a moment of wall time (five weeks, unless said), mends what is certain, and keeps what it came to.
pub async fn reconcile(errand: &Errand, since: Option<Instant>) -> Result<Reconciliation, Refusal> {
    let gateway = errand.gateway().await?;
    let mut desk = errand.reads().await?;
    let ran_at = desk.now.wall_ms();
    let since_ms = since.map_or(ran_at - USUALLY_MS, |since| since.timestamp_millis());
    let silent = |error| unanswered(&error, sentence!("reconcile-unanswered"));
    drop(desk);
    // Theirs first, with room before: what we make meanwhile is not missed there.
    let listed = gateway.charges(since_ms - SKEW_MS).await.map_err(silent)?;
    let given_back = gateway.refunds(since_ms - SKEW_MS).await.map_err(silent)?;
    let disputed = gateway.disputes(since_ms - SKEW_MS).await.map_err(silent)?;
    desk = errand.reads().await?;
    let payments = read::made_since(&mut desk, gateway.name(), since_ms).await?;
    drop(desk);
    let mut found = Vec::new();
    for theirs in &listed {
        found.extend(compare::charge(errand, gateway.name(), theirs, compare::went_back(theirs, &given_back)?).await?);
    }
    let known: BTreeSet<&str> = listed.iter().map(|listed| listed.key.as_str()).collect();
    for ours in payments.iter().filter(|ours| ours.status == Status::Succeeded && !known.contains(ours.id.as_str())) {
        // A list may lag behind; asking for the one does not.
        let asked = gateway.find_charge(ours.sought()).await.map_err(silent)?;
        if asked.is_none_or(|charge| charge.outcome != Outcome::Succeeded) {
            found.push(compare::of_payment(DifferenceKind::PaidHere, ours, 0));
        }
    }
    for theirs in &given_back {
        found.extend(compare::refund(errand, gateway.name(), theirs).await?);
    }
    for theirs in &disputed {
        found.extend(compare::dispute(errand, gateway.name(), theirs).await?);
    }
    let keys: BTreeSet<&str> = given_back.iter().filter_map(|listed| listed.key.as_deref()).collect();
    desk = errand.reads().await?;
    for ours in refunds::made_since(&mut desk, gateway.name(), since_ms).await? {
        if ours.status == "succeeded" && !keys.contains(ours.id.as_str()) {
            found.push(compare::difference(DifferenceKind::RefundedHere, &ours.id, &ours.currency, ours.amount_minor, 0));
        }
    }
    let lying = read::left_lying(&mut desk, gateway.name(), ran_at - UNDECIDED_MS).await?;
    drop(desk);
    for ours in lying {
        if !found.iter().any(|difference| difference.subject_id == ours.id) {
            found.push(compare::left_lying(gateway.name(), &ours));
        }
    }
    found.extend(ledger(errand, gateway.name(), since_ms).await?);
    found.truncate(MOST_DIFFERENCES);
    let counts = (i64::try_from(listed.len()).map_err(Refusal::damaged)?, i64::try_from(given_back.len()).map_err(Refusal::damaged)?);
    keep(errand, gateway.name(), (since_ms, ran_at), counts, found).await
}

/// Payments whose cash in the ledger is not what they are of.
async fn ledger(errand: &Errand, gateway: &str, since_ms: i64) -> Result<Vec<Difference>, Refusal> {
    let mut desk = errand.reads().await?;
    let rows: Vec<(String, String, i64, i64)> = desk
        .tx
        .all(
            "SELECT p.id, p.currency, p.amount_minor, CAST(COALESCE(SUM(e.amount_minor), 0) AS BIGINT) FROM payments p
                LEFT JOIN ledger_entries e ON e.vendor_id = p.vendor_id AND e.subject_id = p.id AND e.account = 'cash'
             WHERE p.vendor_id = $1 AND p.gateway = $2 AND p.status = 'succeeded' AND p.created_at >= $3
             GROUP BY p.id, p.currency, p.amount_minor HAVING COALESCE(SUM(e.amount_minor), 0) <> p.amount_minor ORDER BY p.id",
            (desk.vendor.id.clone(), gateway.to_owned(), since_ms),
        )
        .await?;
    Ok(rows.into_iter().map(|(id, currency, ours, posted)| compare::difference(DifferenceKind::LedgerDiffers, &id, &currency, ours, posted)).collect())
}

/// Keeps what a comparison came to; programs hear of what is left to do.
async fn keep(
    errand: &Errand,
    gateway: &str,
    (since_ms, ran_at): (i64, i64),
    (charges, refunds): (i64, i64),
    differences: Vec<Difference>,
) -> Result<Reconciliation, Refusal> {
    let mut desk = errand.writes().await?;
    let id = desk.new_id("rec");
    desk.tx
        .run(
            "INSERT INTO reconciliations (vendor_id, id, gateway, since_at, ran_at, charges, refunds, differences) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            (
                desk.vendor.id.clone(),
                id.clone(),
                gateway.to_owned(),
                since_ms,
                ran_at,
                charges,
                refunds,
                serde_json::to_string(&differences).map_err(Refusal::damaged)?,
            ),
        )
        .await?;
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for difference in &differences {
        *kinds.entry(crate::services::subscriptions::word(difference.kind)?).or_default() += 1;
    }
    let (mended, left) = differences.iter().partition::<Vec<_>, _>(|difference| difference.is_mended);
    if !differences.is_empty() {
        desk.record("reconciliation.differed", None, &id, json!({ "gateway": gateway, "mended": mended.len(), "left": left.len(), "kinds": kinds })).await?;
    }
    desk.commit().await?;
    Ok(Reconciliation { id, gateway: gateway.to_owned(), since: from_ms(since_ms), ran_at: from_ms(ran_at), charges, refunds, differences })
}
