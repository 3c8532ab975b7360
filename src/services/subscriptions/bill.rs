//! Steps become documents: what falls due at one instant for one customer and currency is one document, whatever it came from. Worked
//! out by [`bills`], written by [`write`]; a preview does the first and forgets it.

use std::collections::BTreeSet;

use billing::calendar::{Instant, Zone};
use billing::discount::Discount;
use billing::invoice::Reason;
use billing::money::{self, Currency};
use billing::settlement::BalanceCredit;
use billing::tax::{TaxRate, TaxSituation};
use rust_decimal::Decimal;

use super::discounts::{self, Redeemed};
use super::glance::Glance;
use super::late::{self, Late, Look};
use super::record::{self, Subscription};
use super::step::Step;
use crate::services::customers::Customer;
use crate::services::invoices::{self, Draft, DraftLine, Issued, PendingLine, Priced, Waits};
use crate::services::{Desk, Refusal, balance, catalog, spend, usage};

/// A document to be.
#[derive(Clone, Debug)]
pub struct Bill {
    pub draft: Draft,
    pub priced: Priced,
    /// Subscriptions that have lines on it without a step of their own, with their coupons.
    others: Vec<(Subscription, Vec<Redeemed>)>,
}

/// What an instant comes to for a customer.
#[derive(Clone, Debug)]
pub struct Bills {
    pub bills: Vec<Bill>,
    /// When the first one-off charge that still waits is due.
    pub next_charge: Option<Instant>,
    late: Late,
    /// The customer has put limits on what usage costs, which this may reach, or leave behind with its period.
    is_watched: bool,
}

impl Bills {
    /// Ids of the billed parts that late usage is billed for, and what was counted of each.
    pub fn late_counted(&self) -> Vec<(String, Decimal)> {
        self.late.parts.iter().map(|part| (part.id.clone(), part.units)).collect()
    }
}

/// What a document is made of beside the steps: what waited, what came late, and what decides its tax and who pays it.
pub(super) struct Around {
    pending: Vec<PendingLine>,
    late: Late,
    /// Subscriptions with lines of theirs, but no step, and their coupons.
    others: Vec<(Subscription, Vec<Redeemed>)>,
    balance: Vec<BalanceCredit>,
    tax: TaxSituation,
    zone: Zone,
}

impl Around {
    /// Loads it, in one statement where nothing waits.
    #[expect(clippy::too_many_arguments, reason = "each is part of the question")]
    pub(super) async fn load(
        desk: &mut Desk,
        customer: &Customer,
        currency: Currency,
        zone: Zone,
        at: Instant,
        steps: &[&Step],
        glance: Glance,
        look: &Look,
    ) -> Result<Around, Refusal> {
        let code = currency.code();
        let pending = if glance.pending > 0 { invoices::pending_of_customer(desk, &customer.id, code).await? } else { Vec::new() };
        // Only an invoice carries late usage; looking for it where none is made would lose it.
        let is_due = |pending: &PendingLine| matches!(pending.waits, Waits::Until(instant) if instant <= at);
        let is_invoiced = steps.iter().any(|step| step.reason.is_some()) || pending.iter().any(is_due);
        let late = if is_invoiced && glance.late_from_at.is_some() { late::find(desk, &customer.id, look).await? } else { Late::default() };
        let balance = if glance.credits > 0 { balance::left(desk, &customer.id, code).await? } else { Vec::new() };
        let tax = invoices::tax_situation(desk, customer, desk.now.billing, zone).await?;
        let lines = pending.iter().map(|pending| &pending.draft).chain(late.parts.iter().flat_map(|part| &part.lines));
        let ids: BTreeSet<String> =
            lines.filter_map(|draft| draft.line.subscription.clone()).filter(|id| !steps.iter().any(|step| step.subscription.id == *id)).collect();
        let mut others = Vec::new();
        for id in ids {
            others.push((record::load(desk, &id).await?, glance.discounts(desk, &id).await?));
        }
        Ok(Around { pending, late, others, balance, tax, zone })
    }

    /// When the first charge that waits beyond an instant is due.
    fn next_charge(&self, at: Instant) -> Option<Instant> {
        self.pending.iter().filter_map(|pending| if let Waits::Until(due) = pending.waits { Some(due) } else { None }).filter(|due| *due > at).min()
    }

    pub(super) fn tax_rates(&self) -> &[TaxRate] {
        &self.tax.rates
    }

    /// As it will be once other documents stand: their lines wait no longer, late usage they bill is billed, their coupons and the balance
    /// are used.
    pub(super) async fn go_past(&mut self, desk: &mut Desk, bills: &Bills) -> Result<(), Refusal> {
        self.late.parts.retain(|part| !bills.late.parts.iter().any(|billed| billed.id == part.id));
        for Bill { draft, priced, .. } in &bills.bills {
            self.pending.retain(|pending| !draft.lines.iter().any(|line| line.id == pending.draft.id));
            for (subscription, list) in &mut self.others {
                discounts::note_applied(&subscription.id, list, &priced.document.discounts);
            }
            for used in &priced.balance {
                for credit in self.balance.iter_mut().filter(|credit| credit.reference == used.reference) {
                    credit.left_minor = money::sub(credit.left_minor, used.amount_minor).map_err(billing::Error::from)?;
                }
            }
            let left_minor = invoices::left_for_balance(desk, &priced.document).await?;
            if left_minor > 0 {
                self.balance.push(BalanceCredit { reference: String::new(), left_minor, expires_at: None });
            }
        }
        Ok(())
    }

    /// The document that steps of one instant make with it. None where there is nothing to invoice.
    pub(super) fn compose(&self, desk: &Desk, customer: &Customer, currency: Currency, at: Instant, steps: &[&Step]) -> Result<Option<Bill>, Refusal> {
        let mut lines: Vec<DraftLine> = Vec::new();
        let (mut due, mut next): (Vec<DraftLine>, Vec<DraftLine>) = (Vec::new(), Vec::new());
        for PendingLine { draft, waits } in self.pending.iter().cloned() {
            match waits {
                Waits::Until(instant) if instant <= at => due.push(draft),
                Waits::ForClosingAt(closing) => {
                    let is_closed = |step: &&&Step| Some(&step.subscription.id) == draft.line.subscription.as_ref() && step.closed.contains(&closing);
                    if steps.iter().any(|step| is_closed(&step)) {
                        lines.push(draft);
                    }
                }
                Waits::ForTheNext | Waits::Until(_) => next.push(draft),
            }
        }
        if steps.iter().all(|step| step.reason.is_none()) && due.is_empty() {
            return Ok(None);
        }
        lines.extend(steps.iter().flat_map(|step| step.lines.iter().cloned()));
        // Each subscription's together, also where one's fees waited for the usage of another.
        lines.sort_by_key(|draft| steps.iter().position(|step| Some(&step.subscription.id) == draft.line.subscription.as_ref()));
        let reason = reason(steps, &lines);
        lines.extend(due);
        lines.extend(next);
        lines.extend(self.late.parts.iter().filter(|part| part.subscription.currency == currency).flat_map(|part| part.lines.iter().cloned()));
        let mut discounts: Vec<Discount> = steps.iter().flat_map(|step| step.engine_discounts()).collect();
        discounts.extend(self.others.iter().flat_map(|(subscription, list)| discounts::for_engine(subscription, list)));
        let draft = Draft { customer: customer.clone(), currency, reason, at, zone: self.zone, lines, discounts };
        let priced = invoices::price(desk, &draft, &self.tax, &self.balance)?;
        Ok(priced.map(|priced| Bill { draft, priced, others: self.others.clone() }))
    }
}

/// The documents that steps of one instant make, with what waited for them and what came late.
pub(crate) async fn bills(desk: &mut Desk, customer: &Customer, at: Instant, steps: &[Step], look: &Look) -> Result<Bills, Refusal> {
    let mut currencies: BTreeSet<Currency> = steps.iter().map(|step| step.subscription.currency).collect();
    let glance = Glance::of(desk, &customer.id).await?;
    if *look == Look::ToWrite && glance.pending > 0 {
        for code in invoices::currencies_due(desk, &customer.id, at).await? {
            currencies.insert(Currency::from_code(&code).map_err(Refusal::damaged)?);
        }
    }
    let zone = match steps {
        [one, ..] => one.subscription.zone,
        [] => customer.zone()?,
    };
    let mut found = Bills { bills: Vec::new(), next_charge: None, late: Late::default(), is_watched: glance.limits > 0 };
    for currency in currencies {
        let of_currency: Vec<&Step> = steps.iter().filter(|step| step.subscription.currency == currency).collect();
        let around = Around::load(desk, customer, currency, zone, at, &of_currency, glance, look).await?;
        found.next_charge = found.next_charge.into_iter().chain(around.next_charge(at)).min();
        found.bills.extend(around.compose(desk, customer, currency, at, &of_currency)?);
        found.late.merge(around.late, currency);
    }
    Ok(found)
}

/// The one reason a document states, of its steps': of those that have lines on it, where any has.
fn reason(steps: &[&Step], lines: &[DraftLine]) -> Reason {
    let has_lines = |step: &&&Step| lines.iter().any(|draft| draft.line.subscription.as_ref() == Some(&step.subscription.id));
    let mut reasons: Vec<Reason> = steps.iter().filter(has_lines).filter_map(|step| step.reason).collect();
    if reasons.is_empty() {
        reasons = steps.iter().filter_map(|step| step.reason).collect();
    }
    let order = [Reason::Final, Reason::Cycle, Reason::Start, Reason::Change, Reason::Threshold];
    match reasons[..] {
        // Several subscriptions: an ordinary renewal is what most of it is.
        [_, _, ..] if reasons.contains(&Reason::Cycle) => Reason::Cycle,
        _ => order.into_iter().find(|reason| reasons.contains(reason)).unwrap_or(Reason::Manual),
    }
}

/// Writes steps and the documents they make. What has been worked out is what is written; nothing is computed again.
pub(crate) async fn write(desk: &mut Desk, customer: &Customer, steps: Vec<Step>, bills: Bills) -> Result<Vec<Issued>, Refusal> {
    desk.forget_foreseen();
    let mut steps = steps;
    let mut documents = Vec::new();
    // The subscriptions first: settling a document may move them on from there.
    for Bill { draft, priced, others } in bills.bills {
        for step in &mut steps {
            discounts::note_applied(&step.subscription.id, &mut step.discounts, &priced.document.discounts);
        }
        for (subscription, mut list) in others {
            discounts::note_applied(&subscription.id, &mut list, &priced.document.discounts);
            discounts::save(desk, &subscription.id, &list).await?;
        }
        documents.push((draft, priced));
    }
    late::save(desk, &customer.id, &bills.late).await?;
    for step in steps {
        save(desk, customer, step).await?;
    }
    let mut issued = Vec::new();
    for (draft, priced) in documents {
        issued.push(invoices::issue(desk, &draft, &priced).await?);
    }
    if bills.is_watched {
        usage::close(desk, &customer.id, customer.zone()?).await?;
        spend::watch(desk, &customer.id).await?;
    }
    Ok(issued)
}

async fn save(desk: &mut Desk, customer: &Customer, mut step: Step) -> Result<(), Refusal> {
    if step.is_new {
        record::insert(desk, &step.subscription).await?;
    }
    keep_waiting(desk, customer, &mut step).await?;
    let Step { subscription, discounts, discounts_before, redeems, billed, events, .. } = step;
    for redemption in &redeems {
        catalog::redeem(desk, redemption).await?;
    }
    if discounts != discounts_before {
        discounts::save(desk, &subscription.id, &discounts).await?;
    }
    late::keep(desk, &subscription, &billed).await?;
    record::save(desk, &subscription).await?;
    for event in events {
        desk.record(event.kind, Some(&subscription.customer_id), &subscription.id, event.data).await?;
    }
    Ok(())
}

/// Keeps a step's lines for documents to come. Their discount is that document's; until then they show the one they would have today, so
/// that a change before it has something to credit, which the document decides with them.
async fn keep_waiting(desk: &mut Desk, customer: &Customer, step: &mut Step) -> Result<(), Refusal> {
    if step.waiting.is_empty() {
        return Ok(());
    }
    let s = &step.subscription;
    let (lines, waits): (Vec<DraftLine>, Vec<Waits>) = std::mem::take(&mut step.waiting).into_iter().unzip();
    let situation = invoices::tax_situation(desk, customer, desk.now.billing, s.zone).await?;
    let discounts = discounts::for_engine(s, &step.discounts);
    let draft = Draft { customer: customer.clone(), currency: s.currency, reason: Reason::Cycle, at: desk.now.billing, zone: s.zone, lines, discounts };
    let Some(document) = invoices::assemble(desk, &draft, &situation)? else { return Ok(()) };
    let lines = draft.lines.into_iter().zip(document.lines).zip(waits);
    let lines: Vec<PendingLine> = lines.map(|((draft, line), waits)| PendingLine { draft: DraftLine { line, ..draft }, waits }).collect();
    invoices::keep_pending(desk, &s.customer_id, s.currency.code(), &lines).await
}
