//! Usage that arrived after its period was invoiced: noted as it arrives, rated again with its period, billed as the difference.

use billing::calendar::Period;
use billing::money::Currency;
use billing::subscription::{BilledLine, BilledPart, Cycle, LateUsage, OpenPart, late_usage};
use rust_decimal::Decimal;
use sqlx::FromRow;

use super::glance::{GLANCE, Glance};
use super::record::{Subscription, load};
use super::step::{Billed, any_waits, basis, meter_key};
use crate::platform::db::Many;
use crate::services::customers::Customer;
use crate::services::invoices::{self, DraftLine};
use crate::services::{Desk, Refusal, usage};

/// A billed part to bill again.
#[derive(Clone, Debug)]
pub struct LatePart {
    pub id: String,
    pub subscription: Subscription,
    pub part: BilledPart,
    pub units: Decimal,
    pub lines: Vec<DraftLine>,
    /// What stands then of the lines billed before.
    stands: Vec<BilledLine>,
}

/// What a customer's late usage comes to.
#[derive(Clone, Debug, Default)]
pub struct Late {
    pub parts: Vec<LatePart>,
    /// Whether it is all there is, so that writing it leaves nothing to look for.
    is_all: bool,
}

impl Late {
    /// Takes over what another look found for documents of a currency.
    pub(super) fn merge(&mut self, other: Late, currency: Currency) {
        // What is of another currency is looked for again when that has a document.
        self.is_all |= other.is_all && other.parts.iter().all(|part| part.subscription.currency == currency);
        self.parts.extend(other.parts.into_iter().filter(|part| part.subscription.currency == currency));
    }
}

#[derive(FromRow)]
struct PartRow {
    id: String,
    subscription_id: String,
    meter: String,
    part: String,
    units: String,
}

/// How late usage is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// To be shown and forgotten.
    ToShow,
    /// To be written: no usage can arrive until this transaction ends (see [`hold_usage`]).
    ToWrite,
    /// As a quote pinned it: ids of billed parts and what was counted of them then.
    Pinned(Vec<(String, Decimal)>),
}

/// Holds a customer's usage still for an action that may bill it, before any of it is read.
pub async fn hold_usage(desk: &mut Desk, customer: &Customer, subscriptions: &[Subscription]) -> Result<(), Refusal> {
    let is_metered = |s: &Subscription| !s.closings.is_empty() || s.cycle.as_ref().is_some_and(|cycle| cycle.metered().next().is_some());
    let is_billed = subscriptions.iter().any(is_metered) || Glance::of(desk, &customer.id).await?.late_from_at.is_some();
    // What came until then belongs to it, however long that was waited for.
    if is_billed && usage::close(desk, &customer.id, customer.zone()?).await? {
        desk.ask_again(GLANCE, &customer.id);
    }
    Ok(())
}

/// Usage was recorded or taken back, the earliest of it at this instant (unix ms): remembered where that has been billed already.
pub async fn note_usage(desk: &mut Desk, customer_id: &str, earliest_ms: i64) -> Result<(), Refusal> {
    desk.ask_again(GLANCE, customer_id);
    desk.tx
        .run(
            "UPDATE late_usage SET late_from_at = $3 WHERE vendor_id = $1 AND customer_id = $2 AND billed_until_at > $3 AND (late_from_at IS NULL OR late_from_at > $3)",
            (desk.vendor.id.clone(), customer_id.to_owned(), earliest_ms),
        )
        .await?;
    Ok(())
}

/// Looks for late usage of a customer, from `late_from` on where that is known already.
pub async fn find(desk: &mut Desk, customer_id: &str, look: &Look) -> Result<Late, Refusal> {
    if let Look::Pinned(pinned) = look {
        return find_pinned(desk, pinned).await;
    }
    let Some(from) = Glance::of(desk, customer_id).await?.late_from_at else { return Ok(Late::default()) };
    let meters = usage::meters(desk).await?;
    let rows: Vec<PartRow> = desk
        .tx
        .all(
            "SELECT id, subscription_id, meter, part, units FROM billed_parts WHERE vendor_id = $1 AND customer_id = $2 AND to_at > $3 ORDER BY to_at, id",
            (desk.vendor.id.clone(), customer_id.to_owned(), from),
        )
        .await?;
    let (mut billed, mut asked) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
    for row in rows {
        let part: BilledPart = serde_json::from_str(&row.part).map_err(Refusal::damaged)?;
        let Some(meter) = meters.iter().find(|meter| meter.key == row.meter) else { continue };
        asked.push((meter, part.part.stretches(part.to)));
        billed.push((row, part));
    }
    let units = usage::of_each(desk, customer_id, &asked).await?;
    let (mut parts, mut is_all) = (Vec::new(), true);
    for ((row, part), units) in billed.into_iter().zip(units) {
        if units != row.units.parse::<Decimal>().map_err(Refusal::damaged)? {
            match rate(desk, row, part, units).await? {
                Some(part) => parts.push(part),
                None => is_all = false,
            }
        }
    }
    Ok(Late { parts, is_all })
}

/// What came since the quote stays for the next invoice: it is looked for again then.
async fn find_pinned(desk: &mut Desk, pinned: &[(String, Decimal)]) -> Result<Late, Refusal> {
    let mut parts = Vec::new();
    for (id, units) in pinned {
        let row: Option<PartRow> = desk
            .tx
            .opt("SELECT id, subscription_id, meter, part, units FROM billed_parts WHERE vendor_id = $1 AND id = $2", (desk.vendor.id.clone(), id.clone()))
            .await?;
        let Some(row) = row else { continue };
        let part = serde_json::from_str(&row.part).map_err(Refusal::damaged)?;
        parts.extend(rate(desk, row, part, *units).await?);
    }
    Ok(Late { parts, is_all: false })
}

/// Rates a billed part again. None where it would take back of a line that is on no document yet: it is looked at again with the next.
async fn rate(desk: &mut Desk, row: PartRow, part: BilledPart, units: Decimal) -> Result<Option<LatePart>, Refusal> {
    let subscription = load(desk, &row.subscription_id).await?;
    let basis = basis(desk, &subscription, &[&subscription.terms], [&part.part.price]).await?;
    // From its beginning on: what was invoiced of it before its end ends before it.
    let any_waits = any_waits(desk, &subscription).await?;
    let charged = invoices::ever_charged(desk, &subscription.id, part.part.from, any_waits).await?;
    let LateUsage { lines, stands } = late_usage(&basis, &part, &charged, units)?;
    let waiting = invoices::pending_of_customer(desk, &subscription.customer_id, subscription.currency.code()).await?;
    if waiting.iter().any(|waiting| lines.iter().any(|line| line.credits.as_ref() == Some(&waiting.draft.id))) {
        return Ok(None);
    }
    let lines = lines.into_iter().map(|line| DraftLine::new(desk, line, Some(part.part.price.clone()))).collect();
    Ok(Some(LatePart { id: row.id, subscription, part, units, lines, stands }))
}

/// What was billed of a meter (of all of them, where none is named) in a period of a subscription, at what price: a change in mid-period makes
/// two parts of it.
pub async fn billed_parts(desk: &mut Desk, subscription_id: &str, meter: Option<&str>, period: Period) -> Result<Vec<BilledPart>, Refusal> {
    let rows: Vec<(String,)> = desk
        .tx
        .all(
            "SELECT part FROM billed_parts WHERE vendor_id = $1 AND subscription_id = $2 AND ($3 = '' OR meter = $3) AND from_at >= $4 AND to_at <= $5
             ORDER BY from_at, id",
            (
                desk.vendor.id.clone(),
                subscription_id.to_owned(),
                meter.unwrap_or_default().to_owned(),
                period.start.timestamp_millis(),
                period.end.timestamp_millis(),
            ),
        )
        .await?;
    rows.iter().map(|(part,)| serde_json::from_str(part).map_err(Refusal::damaged)).collect()
}

/// Writes what was billed again.
pub(super) async fn save(desk: &mut Desk, customer_id: &str, late: &Late) -> Result<(), Refusal> {
    for LatePart { id, part, units, lines, stands, .. } in &late.parts {
        let more = lines.iter().filter(|draft| draft.line.credits.is_none());
        let more = more.map(|draft| BilledLine { line: draft.id.clone(), stands_minor: draft.line.amount_minor });
        let lines = stands.iter().cloned().chain(more).collect();
        let json = serde_json::to_string(&BilledPart { lines, ..part.clone() }).map_err(Refusal::damaged)?;
        desk.tx
            .run(
                "UPDATE billed_parts SET part = $3, units = $4 WHERE vendor_id = $1 AND id = $2",
                (desk.vendor.id.clone(), id.clone(), json, units.to_string()),
            )
            .await?;
    }
    if late.is_all {
        desk.tx
            .run("UPDATE late_usage SET late_from_at = NULL WHERE vendor_id = $1 AND customer_id = $2", (desk.vendor.id.clone(), customer_id.to_owned()))
            .await?;
    }
    Ok(())
}

static INSERT_PART: Many = Many {
    before: "INSERT INTO billed_parts (vendor_id, id, subscription_id, customer_id, meter, from_at, to_at, part, units, billed_at) VALUES",
    columns: 10,
    after: "",
    of_each: false,
};

/// Forgets that parts were billed which a reversal opened again where they had begun. What begins now was never billed.
async fn forget_reopened(desk: &mut Desk, subscription: &Subscription) -> Result<(), Refusal> {
    let open: Vec<&OpenPart> = subscription.cycle.iter().flat_map(Cycle::metered).filter(|open| open.from < desk.now.billing).collect();
    let Some(from) = open.iter().map(|open| open.from.timestamp_millis()).min() else { return Ok(()) };
    let billed: Vec<(String, String)> = desk
        .tx
        .all(
            "SELECT id, part FROM billed_parts WHERE vendor_id = $1 AND subscription_id = $2 AND from_at >= $3",
            (desk.vendor.id.clone(), subscription.id.clone(), from),
        )
        .await?;
    for (id, part) in billed {
        let billed: BilledPart = serde_json::from_str(&part).map_err(Refusal::damaged)?;
        if open.iter().any(|open| open.is_same_count(&billed.part)) {
            desk.tx.run("DELETE FROM billed_parts WHERE vendor_id = $1 AND id = $2", (desk.vendor.id.clone(), id)).await?;
        }
    }
    Ok(())
}

/// Keeps what a step billed, so that what comes later can be told from it.
pub(super) async fn keep(desk: &mut Desk, subscription: &Subscription, billed: &[Billed]) -> Result<(), Refusal> {
    forget_reopened(desk, subscription).await?;
    for Billed { part, units } in billed {
        let id = desk.new_id("bpt");
        let meter = meter_key(&part.part.price)?.to_owned();
        let json = serde_json::to_string(part).map_err(Refusal::damaged)?;
        let row = (
            desk.vendor.id.clone(),
            id,
            subscription.id.clone(),
            subscription.customer_id.clone(),
            meter,
            part.part.from.timestamp_millis(),
            part.to.timestamp_millis(),
            json,
            units.to_string(),
            desk.now.billing_ms(),
        );
        desk.tx.put(&INSERT_PART, row).await?;
    }
    if let Some(until) = billed.iter().map(|billed| billed.part.to).max() {
        // Not left for later: two subscriptions of a customer write the same row.
        desk.tx
            .run(
                "INSERT INTO late_usage (vendor_id, customer_id, billed_until_at) VALUES ($1, $2, $3)
                 ON CONFLICT (vendor_id, customer_id) DO UPDATE SET billed_until_at = excluded.billed_until_at WHERE late_usage.billed_until_at < excluded.billed_until_at",
                (desk.vendor.id.clone(), subscription.customer_id.clone(), until.timestamp_millis()),
            )
            .await?;
    }
    Ok(())
}
