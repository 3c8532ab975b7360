//! Tax a customer withholds of what it pays, and pays to its own tax office in the seller's name: Thailand's 3 % of services, for one.
//!
//! What deliberately does not live here: the certificate that proves it.

use rust_decimal::Decimal;

use super::TaxError;
use crate::{
    Result,
    invoice::to_payable,
    money::{Currency, Ratio, Rounding},
};

/// Whether a customer can withhold so much.
pub fn check(percent: Decimal) -> Result<()> {
    if percent <= Decimal::ZERO || percent >= Decimal::ONE_HUNDRED { Err(TaxError::Withheld(percent).into()) } else { Ok(()) }
}

/// What is withheld of an invoice: a share of it net of tax, half up to an amount that can be paid.
pub fn withheld(net_minor: i64, percent: Decimal, currency: Currency) -> Result<i64> {
    check(percent)?;
    let exact = Ratio::whole(net_minor).mul(Ratio::from(percent).div(Ratio::whole(100))?)?;
    to_payable(exact.round(Rounding::HalfUp)?, currency)
}
