//! Which invoices an entry pays. By itself only what cannot be mistaken counts: a reference with right check digits, or an invoice's number
//! beside exactly its amount. The rest is for a person ([`match_entry`]), with a proposal where there is one.

use std::collections::BTreeSet;

use billing::money;
use billing::transfer::references_in;

use super::entries::{Entry, EntryStatus, Reason, load_entry};
use super::transfers::{After, Split, receive, set_status, undo};
use crate::sentence;
use crate::services::invoices::{self, Invoice};
use crate::services::{Desk, Refusal, customers};

/// How sure it is that an entry is for the invoices it names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Named {
    /// By references, or by a person.
    Surely,
    /// By numbers that anybody's invoices may have: only if the amount is theirs, too.
    ByNumber,
}

/// Counts an entry that came in for what it names; or why not.
pub(super) async fn count(desk: &mut Desk, entry: &Entry) -> Result<Result<(), Reason>, Refusal> {
    let (mut named, mut how) = (Vec::new(), Named::Surely);
    let references = references_in(&entry.text);
    for fitting in &references {
        for plain in fitting {
            if let Some(invoice) = of_number(desk, invoices::number_of(plain).as_deref()).await? {
                named.push(invoice);
                break;
            }
        }
    }
    if named.is_empty() {
        how = Named::ByNumber;
        for number in invoices::numbers_in(&entry.text) {
            named.extend(of_number(desk, Some(&number)).await?);
        }
    }
    if named.is_empty() {
        return Ok(Err(if references.is_empty() { Reason::NoReference } else { Reason::UnknownReference }));
    }
    if named.iter().any(|invoice| invoice.currency != entry.currency) {
        return Ok(Err(Reason::OtherCurrency));
    }
    if named.iter().any(|invoice| invoice.customer_id != named[0].customer_id) {
        return Ok(Err(Reason::SeveralCustomers));
    }
    match share_out(desk, entry.amount_minor, named, how).await? {
        Some(split) => receive(desk, entry, &split).await.map(Ok),
        None => Ok(Err(Reason::OtherAmount)),
    }
}

async fn of_number(desk: &mut Desk, number: Option<&str>) -> Result<Option<Invoice>, Refusal> {
    let Some(number) = number else { return Ok(None) };
    match invoices::by_own_number(desk, number).await {
        Ok(invoice) => Ok(Some(invoice)),
        Err(Refusal::NotFound) => Ok(None),
        Err(refusal) => Err(refusal),
    }
}

/// Shares an amount out over invoices of one customer, in their order, under its lock. `None`: they were named by numbers alone, and the
/// amount is not theirs.
async fn share_out(desk: &mut Desk, amount_minor: i64, named: Vec<Invoice>, how: Named) -> Result<Option<Split>, Refusal> {
    let customer_id = named[0].customer_id.clone();
    customers::hold(desk, &customer_id).await?;
    let mut seen = BTreeSet::new();
    let (mut due, mut less) = (Vec::new(), Vec::new());
    for invoice in named {
        if !seen.insert(invoice.id.clone()) {
            continue;
        }
        // As it stands now that nobody else changes it.
        let invoice = invoices::load(desk, &invoice.id).await?;
        less.push(invoices::may_withhold(desk, &invoice).await?.map_or(0, |of| of.amount_minor));
        // What was written off is paid like anything else.
        let payable_minor = invoice.payable_minor();
        due.push((invoice.id, invoice.number, payable_minor));
    }
    let sum = |amounts: Vec<i64>| money::sum(amounts).map_err(billing::Error::from);
    let due_minor = sum(due.iter().map(|(.., minor)| *minor).collect())?;
    let withheld_minor = sum(less.clone())?;
    let is_less_tax = withheld_minor > 0 && money::sub(due_minor, withheld_minor).map_err(billing::Error::from)? == amount_minor;
    if how == Named::ByNumber && amount_minor != due_minor && !is_less_tax {
        return Ok(None);
    }
    let mut left = amount_minor;
    let mut parts = Vec::new();
    for ((id, number, due_minor), less_minor) in due.into_iter().zip(less) {
        let wanted = if is_less_tax { money::sub(due_minor, less_minor).map_err(billing::Error::from)? } else { due_minor };
        let part = wanted.min(left);
        left = money::sub(left, part).map_err(billing::Error::from)?;
        parts.push((id, number, part));
    }
    Ok(Some(Split { customer_id, parts, over_minor: left, withheld_minor: if is_less_tax { withheld_minor } else { 0 } }))
}

/// Somebody says what an unmatched entry is for: invoices of one customer, by number or id; or, of money that went back, the entry by which it
/// had come in.
pub async fn match_entry(desk: &mut Desk, entry_id: &str, targets: &[String]) -> Result<Entry, Refusal> {
    let entry = load_entry(desk, entry_id).await?;
    if !matches!(entry.status, EntryStatus::Unmatched(_)) {
        return Err(Refusal::Conflict(sentence!("match-already")));
    }
    if entry.amount_minor < 0 {
        let [original] = targets else { return Err(Refusal::Rule(sentence!("match-one-entry"))) };
        let original = load_entry(desk, original).await?;
        if original.currency != entry.currency || original.amount_minor != money::neg(entry.amount_minor).map_err(billing::Error::from)? {
            return Err(Refusal::Rule(sentence!("match-other-entry")));
        }
        give_up(desk, &original, &entry).await?;
        return load_entry(desk, entry_id).await;
    }
    let mut named = Vec::new();
    for target in targets {
        let found = match of_number(desk, Some(target)).await? {
            Some(invoice) => invoice,
            None => invoices::load(desk, target).await?,
        };
        if found.currency != entry.currency {
            return Err(Refusal::Rule(sentence!("entry-other-currency")));
        }
        named.push(found);
    }
    match named.first() {
        None => return Err(Refusal::Rule(sentence!("match-no-invoice"))),
        Some(first) if named.iter().any(|invoice| invoice.customer_id != first.customer_id) => {
            return Err(Refusal::Rule(sentence!("entry-several-customers")));
        }
        Some(_) => {}
    }
    if let Some(split) = share_out(desk, entry.amount_minor, named, Named::Surely).await? {
        // Under the lock: of two who say so at once, one does.
        if !matches!(load_entry(desk, entry_id).await?.status, EntryStatus::Unmatched(_)) {
            return Err(Refusal::Conflict(sentence!("match-already")));
        }
        receive(desk, &entry, &split).await?;
    }
    load_entry(desk, entry_id).await
}

/// Money that an entry had brought went back by another: what was done of it is taken back.
pub(super) async fn give_up(desk: &mut Desk, original: &Entry, back: &Entry) -> Result<(), Refusal> {
    match original.status {
        EntryStatus::Matched => undo(desk, &original.id, "returned by the bank", After::Returned(back.booked_on)).await?,
        EntryStatus::Unmatched(_) => set_status(desk, &original.id, EntryStatus::Returned).await?,
        EntryStatus::Returned => return Err(Refusal::Conflict(sentence!("match-already"))),
    }
    set_status(desk, &back.id, EntryStatus::Matched).await
}
