//! The published test numbers, and what each does. Any other number is refused; none is ever kept.

use crate::services::payments::gateway::{Brand, DeclineReason};

/// One test card. Its `kind` is what is written down; the number itself is only compared.
#[derive(Debug, PartialEq, Eq)]
pub struct TestCard {
    /// As printed, in groups.
    pub number: &'static str,
    pub kind: &'static str,
    pub brand: Brand,
    pub behaviour: Behaviour,
    /// What happens, in a few words: for the list on the page.
    pub what: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    Succeeds,
    /// The bank refuses when the card is typed in.
    RefusedAtSetup(DeclineReason),
    /// It can be kept; every charge declines.
    DeclinesCharges(DeclineReason),
    /// It can be kept after confirming; charges without the customer work.
    ConfirmsSetup,
    /// Every charge wants the customer's confirmation.
    ConfirmsCharges,
    /// Every charge succeeds, and the customer has the bank take it back at once.
    DisputesCharges,
}

use Behaviour::*;
use DeclineReason as Reason;

/// The list, in the order it is shown.
pub const CARDS: &[TestCard] = &[
    TestCard { number: "4242 4242 4242 4242", kind: "visa", brand: Brand::Visa, behaviour: Succeeds, what: "Visa: every payment succeeds" },
    TestCard { number: "5555 5555 5555 4444", kind: "mastercard", brand: Brand::Mastercard, behaviour: Succeeds, what: "Mastercard: every payment succeeds" },
    TestCard { number: "3782 822463 10005", kind: "amex", brand: Brand::Amex, behaviour: Succeeds, what: "American Express: every payment succeeds" },
    TestCard {
        number: "4000 0025 0000 3155",
        kind: "confirm_once",
        brand: Brand::Visa,
        behaviour: ConfirmsSetup,
        what: "Asks for confirmation when it is added, then succeeds",
    },
    TestCard {
        number: "4000 0027 6000 3184",
        kind: "confirm_always",
        brand: Brand::Visa,
        behaviour: ConfirmsCharges,
        what: "Asks for confirmation when it is added and at every payment",
    },
    TestCard {
        number: "4000 0000 0000 0259",
        kind: "charge_disputed",
        brand: Brand::Visa,
        behaviour: DisputesCharges,
        what: "Can be added; every payment succeeds, and is disputed at once",
    },
    TestCard {
        number: "4000 0000 0000 0341",
        kind: "charge_generic",
        brand: Brand::Visa,
        behaviour: DeclinesCharges(Reason::Generic),
        what: "Can be added; every payment is declined",
    },
    TestCard {
        number: "4000 0000 0000 9995",
        kind: "charge_insufficient_funds",
        brand: Brand::Visa,
        behaviour: DeclinesCharges(Reason::InsufficientFunds),
        what: "Can be added; every payment is declined: not enough money",
    },
    TestCard {
        number: "4000 0000 0000 9987",
        kind: "charge_lost",
        brand: Brand::Visa,
        behaviour: DeclinesCharges(Reason::LostCard),
        what: "Can be added; every payment is declined: reported lost",
    },
    TestCard {
        number: "4000 0000 0000 9979",
        kind: "charge_stolen",
        brand: Brand::Visa,
        behaviour: DeclinesCharges(Reason::StolenCard),
        what: "Can be added; every payment is declined: reported stolen",
    },
    TestCard {
        number: "4000 0000 0000 0069",
        kind: "charge_expired",
        brand: Brand::Visa,
        behaviour: DeclinesCharges(Reason::ExpiredCard),
        what: "Can be added; every payment is declined: expired",
    },
    TestCard {
        number: "4000 0000 0000 0119",
        kind: "charge_processing_error",
        brand: Brand::Visa,
        behaviour: DeclinesCharges(Reason::ProcessingError),
        what: "Can be added; every payment is declined: the bank’s computers failed",
    },
    TestCard {
        number: "4000 0000 0000 0002",
        kind: "setup_generic",
        brand: Brand::Visa,
        behaviour: RefusedAtSetup(Reason::Generic),
        what: "Cannot be added: declined",
    },
    TestCard {
        number: "4000 0000 0000 0127",
        kind: "setup_cvc",
        brand: Brand::Visa,
        behaviour: RefusedAtSetup(Reason::IncorrectCvc),
        what: "Cannot be added: wrong security code",
    },
];

/// The digits of what was typed, without spaces and hyphens; `None` where something else stands between.
pub fn digits(typed: &str) -> Option<String> {
    let digits: String = typed.chars().filter(|c| !matches!(c, ' ' | '-' | '\u{a0}' | '\u{2009}')).collect();
    (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())).then_some(digits)
}

/// The published card with these digits.
pub fn by_digits(typed: &str) -> Option<&'static TestCard> {
    CARDS.iter().find(|card| digits(card.number).as_deref() == Some(typed))
}

pub fn by_kind(kind: &str) -> Option<&'static TestCard> {
    CARDS.iter().find(|card| card.kind == kind)
}

impl TestCard {
    /// The four digits it is known by.
    pub fn last4(&self) -> String {
        let digits = digits(self.number).unwrap_or_default();
        digits[digits.len().saturating_sub(4)..].to_owned()
    }

    /// How many digits its security code has.
    pub fn code_length(&self) -> usize {
        if self.brand == Brand::Amex { 4 } else { 3 }
    }
}

/// Whether digits could be a card's at all: 12 to 19 of them, the last a Luhn check digit.
pub fn could_be_a_card(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, byte)| {
            let digit = u32::from(byte - b'0');
            match (place % 2, digit * 2) {
                (0, _) => digit,
                (_, doubled) if doubled > 9 => doubled - 9,
                (_, doubled) => doubled,
            }
        })
        .sum();
    (12..=19).contains(&digits.len()) && sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_published_number_is_a_possible_card_and_stands_there_once() {
        for card in CARDS {
            let typed = digits(card.number).unwrap();
            assert!(could_be_a_card(&typed), "{}", card.number);
            assert_eq!(by_digits(&typed), Some(card));
            assert_eq!(by_kind(card.kind), Some(card), "{} is there twice", card.kind);
        }
    }

    #[test]
    fn spaces_and_hyphens_are_ignored_and_letters_are_not() {
        assert_eq!(digits("4242-4242 4242\u{a0}4242").as_deref(), Some("4242424242424242"));
        assert_eq!(digits("4242 4242 4242 424x"), None);
        assert_eq!(digits("  "), None);
        assert!(!could_be_a_card("4242424242424241"));
        assert!(by_digits("4111111111111111").is_none());
    }
}
