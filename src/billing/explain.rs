//! Why a line costs what it costs, as data: units, tiers, shares, bounds, exchange rates, roundings.
//!
//! The invoice page and the API show these values in the reader's language. What deliberately does not live here: sentences,
//! and any arithmetic. An explanation is written while the line is made and then only read, with one exception: a credit of a line of its own
//! document is worked out from `share` and `rounding` once that line's discount is known ([`crate::taken_back`]).

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{
    calendar::{By, Instant, Zone, zone_name},
    money::{Currency, Ratio, Rounding},
};

/// Everything that went into one line. A part that played no role is absent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Explain {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelName>,
    /// Units counted, before anything was taken off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub units: Option<Decimal>,
    /// Units that came off first, free of charge; already scaled where the part of a period scales bounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub included: Option<Ratio>,
    /// Minor units of the price's own currency for one unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_amount: Option<Decimal>,
    /// The tiers that rated at least one unit.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<TierPart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub packages: Option<Packages>,
    /// The part of a period this line stands for, when it is not all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<ShareOf>,
    /// The minimum or maximum that decided the amount.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bound: Option<Bound>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exchange: Option<ExchangeRate>,
    /// What the rule gives, unrounded, in minor units of the document's currency. The line may be less: by what `late` or `invoiced` says was
    /// billed, or, a credit, by what was left of its line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exact: Option<Ratio>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rounding: Option<Rounding>,
    /// The line this one takes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credit: Option<CreditOf>,
    /// What arriving late changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late: Option<Rerated>,
    /// What of it was on an invoice before the period's end; the line is the rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoiced: Option<Rerated>,
}

/// The name of a pricing model, without its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelName {
    Flat,
    PerUnit,
    Graduated,
    Volume,
    Package,
}

/// What one tier rated. `from` is exclusive, `up_to` inclusive; both are already scaled to the part of the period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TierPart {
    pub from: Ratio,
    pub up_to: Option<Ratio>,
    pub units: Ratio,
    pub unit_amount: Decimal,
    pub flat_amount: Ratio,
    /// Units × unit amount + flat amount, in minor units of the price's currency.
    pub amount: Ratio,
}

/// Started packages × amount.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Packages {
    pub size: Decimal,
    pub started: Ratio,
    pub amount: Decimal,
}

/// `n` of `d` seconds or days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShareOf {
    pub n: i64,
    pub d: i64,
    pub by: By,
    #[serde(with = "zone_name")]
    pub zone: Zone,
    /// The part.
    pub from: Instant,
    pub to: Instant,
    /// The whole it is part of.
    pub whole_from: Instant,
    pub whole_to: Instant,
}

/// Which of a price's two bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BoundKind {
    Minimum,
    Maximum,
}

/// A minimum or maximum that took effect, as scaled, in minor units of the document's currency.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bound {
    pub kind: BoundKind,
    pub amount: Ratio,
}

/// A dated rate: one major unit of `from` is worth `rate` major units of `to`, from `on` until a later one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExchangeRate {
    pub from: Currency,
    pub to: Currency,
    pub on: NaiveDate,
    pub rate: Decimal,
}

/// What a credit is of: the charged line, what it cost after its discount, and what had been taken back before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CreditOf {
    pub line: String,
    pub charged_minor: i64,
    pub credited_before_minor: i64,
}

/// A line of usage that came late, or the rest of what was invoiced before, is the re-rated period less what was billed for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rerated {
    pub rerated_minor: i64,
    pub billed_minor: i64,
}
