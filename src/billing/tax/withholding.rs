//! Tax a customer withholds of what it pays, and pays to its own tax office in the seller's name: Thailand's 3 % of services, for one.
//!
//! What deliberately does not live here: the certificate that proves it.

use rust_decimal::Decimal;

use super::TaxError;
use crate::{
    Result,
    money::{self, Currency, Ratio, Rounding},
};

/// Whether a customer can withhold so much.
pub fn check(percent: Decimal) -> Result<()> {
    if percent <= Decimal::ZERO || percent >= Decimal::ONE_HUNDRED { Err(TaxError::Withheld(percent).into()) } else { Ok(()) }
}

/// What is left of an invoice net of tax, once so much of its total was credited: the same share of the one as of the other.
pub fn base(total_minor: i64, tax_minor: i64, rounding_minor: i64, credited_minor: i64) -> Result<i64> {
    let net_minor = money::sub(total_minor, money::sum([tax_minor, rounding_minor])?)?;
    if total_minor == 0 {
        return Ok(net_minor);
    }
    let left = Ratio::whole(money::sub(total_minor, credited_minor)?).div(Ratio::whole(total_minor))?;
    Ok(Ratio::whole(net_minor).mul(left)?.round(Rounding::HalfUp)?)
}

/// What is withheld of an invoice: a share of it net of tax, half up to an amount that can be paid.
pub fn withheld(net_minor: i64, percent: Decimal, currency: Currency) -> Result<i64> {
    check(percent)?;
    let exact = Ratio::whole(net_minor).mul(Ratio::from(percent).div(Ratio::whole(100))?)?;
    Ok(money::to_payable(exact, currency)?)
}
