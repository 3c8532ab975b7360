//! What a customer is charged by: a card, which may have come by a wallet, or a SEPA direct debit. What each is known by, what it can pay, and
//! its columns, which are the same wherever one is kept.

use chrono::{Months, NaiveDate};
use serde::Serialize;
use sqlx::FromRow;

use super::gateway::named;

/// As far as we may know it: the number itself is the gateway's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Means {
    Card(Card),
    SepaDebit(SepaDebit),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Card {
    pub brand: Brand,
    pub last4: String,
    /// 1–12, and four digits.
    pub exp_month: i64,
    pub exp_year: i64,
    /// By which it came; `None`: it was typed in.
    pub wallet: Option<Wallet>,
}

/// A bank account that its holder lets be debited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SepaDebit {
    /// The bank's name; `None` where the gateway does not tell it.
    pub bank: Option<String>,
    /// ISO 3166-1 alpha-2: the account's, by its IBAN.
    pub country: String,
    /// The last of the IBAN.
    pub last4: String,
    /// The unique reference of the mandate, by which bank and holder know what they agreed to.
    pub mandate: String,
}

named! {
    MethodKind {
        Card = "card",
        SepaDebit = "sepa_debit",
    }
}

named! {
    Brand {
        Visa = "visa",
        Mastercard = "mastercard",
        Amex = "amex",
        Other = "other",
    } or Other
}

named! {
    /// What keeps cards for their holder. The card in it pays, by its network and up to its expiry.
    Wallet {
        ApplePay = "apple_pay",
        GooglePay = "google_pay",
        Link = "link",
    }
}

impl MethodKind {
    /// Whether an amount in a currency (ISO 4217) can be charged to it at all. Direct debits of SEPA are in euros.
    pub fn can_pay(self, currency: &str) -> bool {
        match self {
            MethodKind::Card => true,
            MethodKind::SepaDebit => currency == "EUR",
        }
    }

    /// Whether it is known at once that it paid; else days go by.
    pub fn pays_at_once(self) -> bool {
        match self {
            MethodKind::Card => true,
            MethodKind::SepaDebit => false,
        }
    }
}

impl Means {
    pub fn kind(&self) -> MethodKind {
        match self {
            Means::Card(_) => MethodKind::Card,
            Means::SepaDebit(_) => MethodKind::SepaDebit,
        }
    }

    /// The last four characters of its number.
    pub fn last4(&self) -> &str {
        match self {
            Means::Card(card) => &card.last4,
            Means::SepaDebit(debit) => &debit.last4,
        }
    }

    pub fn card(&self) -> Option<&Card> {
        match self {
            Means::Card(card) => Some(card),
            Means::SepaDebit(_) => None,
        }
    }
}

impl Card {
    /// The last day it can be charged: the end of its month.
    pub fn last_day(&self) -> NaiveDate {
        let month = u32::try_from(self.exp_month).unwrap_or(12);
        let year = i32::try_from(self.exp_year).unwrap_or(i32::MAX);
        NaiveDate::from_ymd_opt(year, month, 1)
            .and_then(|first| first.checked_add_months(Months::new(1)))
            .and_then(|next| next.pred_opt())
            .unwrap_or(NaiveDate::MAX)
    }
}

/// Columns as in `migrations/0020_payment_methods.sql`: those of the other kind are NULL.
#[derive(Clone, Debug, FromRow)]
pub(super) struct MeansRow {
    pub kind: String,
    pub brand: Option<String>,
    pub last4: String,
    pub exp_month: Option<i64>,
    pub exp_year: Option<i64>,
    pub wallet: Option<String>,
    pub bank: Option<String>,
    pub bank_country: Option<String>,
    pub mandate: Option<String>,
}

impl From<&Means> for MeansRow {
    fn from(means: &Means) -> MeansRow {
        let empty = MeansRow {
            kind: means.kind().name().to_owned(),
            brand: None,
            last4: means.last4().to_owned(),
            exp_month: None,
            exp_year: None,
            wallet: None,
            bank: None,
            bank_country: None,
            mandate: None,
        };
        match means {
            Means::Card(card) => MeansRow {
                brand: Some(card.brand.name().to_owned()),
                exp_month: Some(card.exp_month),
                exp_year: Some(card.exp_year),
                wallet: card.wallet.map(|wallet| wallet.name().to_owned()),
                ..empty
            },
            Means::SepaDebit(debit) => {
                MeansRow { bank: debit.bank.clone(), bank_country: Some(debit.country.clone()), mandate: Some(debit.mandate.clone()), ..empty }
            }
        }
    }
}

impl TryFrom<MeansRow> for Means {
    /// What of it cannot be.
    type Error = String;
    fn try_from(row: MeansRow) -> Result<Means, String> {
        let lacks = |column: &str| format!("a {} without {column}", row.kind);
        Ok(match MethodKind::from_name(&row.kind) {
            Some(MethodKind::Card) => Means::Card(Card {
                brand: Brand::or_other(row.brand.as_deref().ok_or_else(|| lacks("brand"))?),
                last4: row.last4,
                exp_month: row.exp_month.ok_or_else(|| lacks("exp_month"))?,
                exp_year: row.exp_year.ok_or_else(|| lacks("exp_year"))?,
                wallet: row.wallet.as_deref().and_then(Wallet::from_name),
            }),
            Some(MethodKind::SepaDebit) => Means::SepaDebit(SepaDebit {
                country: row.bank_country.clone().ok_or_else(|| lacks("bank_country"))?,
                mandate: row.mandate.clone().ok_or_else(|| lacks("mandate"))?,
                bank: row.bank,
                last4: row.last4,
            }),
            None => return Err(format!("no kind of payment method {}", row.kind)),
        })
    }
}
