//! What Stripe calls an amount. Its smallest unit is not always ISO 4217's, which is ours: yen have no decimals at either, but ariary
//! have two here and none there, and króna the other way round. Of three decimals Stripe wants the last to be 0.
//!
//! Source: <https://docs.stripe.com/currencies#minor-units>.

use billing::money::Currency;

use crate::services::payments::gateway::GatewayError;

/// Amounts of these are whole.
const WHOLE: [&str; 15] = ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"];
/// Amounts of these have three decimals, the last of them 0.
const THOUSANDTHS: [&str; 5] = ["BHD", "JOD", "KWD", "OMR", "TND"];

/// Decimal digits of Stripe's smallest unit. Two where it is not said otherwise: so for ISK and UGX, which ISO has without.
fn exponent(currency: Currency) -> u32 {
    match currency.code() {
        code if WHOLE.contains(&code) => 0,
        code if THOUSANDTHS.contains(&code) => 3,
        _ => 2,
    }
}

/// What an amount of Stripe's must be a multiple of.
fn step(currency: Currency) -> i64 {
    if exponent(currency) == 3 { 10 } else { 1 }
}

fn currency(code: &str) -> Result<Currency, GatewayError> {
    Currency::from_code(code).map_err(|error| GatewayError::Refused(error.to_string()))
}

/// Ours in Stripe's unit. Refused where Stripe has no word for it: a fraction of what it counts in, or of what can be paid.
pub fn to_stripe(amount_minor: i64, code: &str) -> Result<i64, GatewayError> {
    let currency = currency(code)?;
    let unpayable = || GatewayError::Refused(format!("{amount_minor} minor units of {code} can’t be charged: Stripe counts {code} more coarsely"));
    if amount_minor % currency.payable_unit_minor() != 0 {
        return Err(unpayable());
    }
    let amount = rescale(amount_minor, currency.exponent(), exponent(currency)).ok_or_else(unpayable)?;
    if amount % step(currency) == 0 { Ok(amount) } else { Err(unpayable()) }
}

/// Stripe's in our unit.
pub fn from_stripe(amount: i64, code: &str) -> Result<i64, GatewayError> {
    let currency = currency(code)?;
    rescale(amount, exponent(currency), currency.exponent())
        .ok_or_else(|| GatewayError::Refused(format!("Stripe says an amount of {amount} in {code}, which can’t be")))
}

/// The same amount with so many decimals; `None` where that loses something, or is too large to count.
fn rescale(amount: i64, from: u32, to: u32) -> Option<i64> {
    let factor = 10_i64.checked_pow(from.abs_diff(to))?;
    if to >= from { amount.checked_mul(factor) } else { (amount % factor == 0).then_some(amount / factor) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_go_there_and_back() {
        for (minor, code, amount) in [
            (16_224, "EUR", 16_224),
            (500, "JPY", 500),
            // Forints are counted in hundredths and paid whole.
            (129_900, "HUF", 129_900),
            (12_340, "BHD", 12_340),
            // Ariary: hundredths for ISO, whole for Stripe. Króna and shilling: the other way round.
            (50_000, "MGA", 500),
            (500, "ISK", 50_000),
            (500, "UGX", 50_000),
        ] {
            assert_eq!(to_stripe(minor, code).unwrap(), amount, "{code}");
            assert_eq!(from_stripe(amount, code).unwrap(), minor, "{code}");
        }
    }

    #[test]
    fn what_stripe_cannot_count_is_refused_and_never_rounded() {
        for (minor, code) in [(129_950, "HUF"), (12_345, "BHD"), (12_001, "KWD"), (50_050, "MGA"), (i64::MAX, "ISK"), (1, "XAU"), (1, "ZZZ")] {
            assert!(matches!(to_stripe(minor, code), Err(GatewayError::Refused(_))), "{minor} {code}");
        }
        assert!(from_stripe(50_001, "ISK").is_err());
    }
}
