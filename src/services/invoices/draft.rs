//! From lines to a document: discounts, tax, rounding and what the balance would pay. Nothing is written here; [`super::issue`] does.

use billing::calendar::{Instant, Zone, local_date};
use billing::discount::Discount;
use billing::invoice::{Document, DocumentKind, Reason};
use billing::money::Currency;
use billing::settlement::{BalanceCredit, BalanceUse, use_balance};
use billing::tax::{PricesTax, TaxParty, TaxSituation};

use super::lines::DraftLine;
use crate::services::customers::Customer;
use crate::services::{Desk, Refusal, catalog};

/// Lines that fall due at one instant for one customer and currency.
#[derive(Clone, Debug)]
pub struct Draft {
    pub customer: Customer,
    pub currency: Currency,
    pub reason: Reason,
    pub at: Instant,
    /// Whose days date the document.
    pub zone: Zone,
    pub lines: Vec<DraftLine>,
    /// Of the subscriptions among the lines, in order of application.
    pub discounts: Vec<Discount>,
}

/// A draft worked out.
#[derive(Clone, Debug, PartialEq)]
pub struct Priced {
    pub document: Document,
    pub balance: Vec<BalanceUse>,
    /// What the balance pays.
    pub balance_minor: i64,
    /// What is left to pay.
    pub due_minor: i64,
}

/// How the vendor's prices stand to tax.
pub fn prices_tax(desk: &Desk) -> PricesTax {
    if desk.vendor.prices_include_tax { PricesTax::Inclusive } else { PricesTax::Exclusive }
}

/// What decides the tax of a customer's document.
pub async fn tax_situation(desk: &mut Desk, customer: &Customer, at: Instant, zone: Zone) -> Result<TaxSituation, Refusal> {
    Ok(TaxSituation {
        vendor: TaxParty { country: desk.vendor.country.clone(), region: None, tax_id: desk.vendor.tax_id.clone() },
        customer: customer.tax_party(),
        exemption: customer.exemption(),
        on: local_date(at, zone),
        rates: catalog::tax_rates_of(desk, &customer.country).await?,
    })
}

/// The document of a draft, and what of it the balance would pay. No lines, no document.
pub fn price(desk: &Desk, draft: &Draft, situation: &TaxSituation, balance: &[BalanceCredit]) -> Result<Option<Priced>, Refusal> {
    let Some(document) = assemble(desk, draft, situation)? else { return Ok(None) };
    if document.kind == DocumentKind::CreditNote {
        return Ok(Some(Priced { document, balance: Vec::new(), balance_minor: 0, due_minor: 0 }));
    }
    let balance = use_balance(document.total_minor, balance, draft.at)?;
    let balance_minor = billing::money::sum(balance.iter().map(|used| used.amount_minor)).map_err(billing::Error::from)?;
    let due_minor = billing::money::sub(document.total_minor, balance_minor).map_err(billing::Error::from)?;
    Ok(Some(Priced { document, balance, balance_minor, due_minor }))
}

/// The document alone.
pub fn assemble(desk: &Desk, draft: &Draft, situation: &TaxSituation) -> Result<Option<Document>, Refusal> {
    let (references, lines): (Vec<_>, Vec<_>) = draft.lines.iter().map(|draft| (draft.id.clone(), draft.line.clone())).unzip();
    let situation = TaxSituation { on: local_date(draft.at, draft.zone), ..situation.clone() };
    Ok(billing::invoice::assemble(lines, &references, &draft.discounts, &situation, draft.currency, prices_tax(desk))?)
}
