//! Amounts as people type them, read as the reader's language writes them: the way back from [`super::format`].

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::words::Words;
use crate::words::format::{currency_head, exponent};

/// Why what was typed is no amount of a currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistyped {
    NotAnAmount,
    /// It names another currency, or something that is none.
    OtherCurrency,
    /// It has digits that the currency's smallest unit cannot hold.
    TooFine,
}

impl Words {
    /// `50`, `1,000.50`, `€50.00`, `50 EUR`: minor units of the currency. Never guessed: a comma that parts no thousands is refused, not
    /// left out.
    pub fn typed_amount(&self, text: &str, currency: &str) -> Result<i64, Mistyped> {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let head = currency_head(currency);
        let upper = text.to_uppercase();
        let bare = [head.as_str(), currency].into_iter().find_map(|sign| upper.strip_prefix(sign).or_else(|| upper.strip_suffix(sign)));
        let bare = bare.unwrap_or(&upper);
        let (group, decimal) = (self.group_mark().unwrap_or(','), self.decimal_mark().unwrap_or('.'));
        if bare.chars().any(|c| !c.is_ascii_digit() && c != group && c != decimal && c != '-' && c != super::format::MINUS) {
            return Err(Mistyped::OtherCurrency);
        }
        let (whole, fraction) = bare.split_once(decimal).unwrap_or((bare, ""));
        let mut groups = whole.split(group);
        let first = groups.next().unwrap_or_default();
        let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
        let mut digits = first.to_owned();
        for rest in groups {
            if rest.len() != 3 || !(1..=3).contains(&first.len()) {
                return Err(Mistyped::NotAnAmount);
            }
            digits.push_str(rest);
        }
        if !is_number(&digits) || !is_number(fraction) || (digits.is_empty() && fraction.is_empty()) {
            return Err(Mistyped::NotAnAmount);
        }
        let fraction = fraction.trim_end_matches('0');
        if usize::try_from(exponent(currency)).is_ok_and(|places| fraction.len() > places) {
            return Err(Mistyped::TooFine);
        }
        let amount: Decimal = format!("0{digits}.{fraction}0").parse().map_err(|_| Mistyped::NotAnAmount)?;
        let minor = 10_i64.checked_pow(exponent(currency)).and_then(|scale| amount.checked_mul(Decimal::from(scale)));
        minor.and_then(|minor| minor.to_i64()).ok_or(Mistyped::NotAnAmount)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_is_read_or_refused_and_never_guessed() {
        use Mistyped::{NotAnAmount, OtherCurrency, TooFine};
        for (text, currency, read) in [
            ("50", "EUR", Ok(5_000)),
            (" 50.5 ", "EUR", Ok(5_050)),
            ("€1,000.50", "EUR", Ok(100_050)),
            ("1 000.50 eur", "EUR", Ok(100_050)),
            ("EUR 12", "EUR", Ok(1_200)),
            (".5", "EUR", Ok(50)),
            ("50.000", "EUR", Ok(5_000)),
            ("1,200", "JPY", Ok(1_200)),
            ("10.001", "BHD", Ok(10_001)),
            ("0", "EUR", Ok(0)),
            ("1,50", "EUR", Err(NotAnAmount)),
            ("1,0000", "EUR", Err(NotAnAmount)),
            ("1.5.0", "EUR", Err(NotAnAmount)),
            ("", "EUR", Err(NotAnAmount)),
            ("€", "EUR", Err(NotAnAmount)),
            ("-5", "EUR", Err(NotAnAmount)),
            ("99999999999999999999999999999999", "EUR", Err(NotAnAmount)),
            ("$50", "EUR", Err(OtherCurrency)),
            ("50 USD", "EUR", Err(OtherCurrency)),
            ("fifty", "EUR", Err(OtherCurrency)),
            ("0.001", "EUR", Err(TooFine)),
            ("1.5", "JPY", Err(TooFine)),
        ] {
            assert_eq!(Words::of("en").typed_amount(text, currency), read, "{text}");
        }
    }
}
