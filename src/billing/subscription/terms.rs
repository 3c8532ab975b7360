//! What a subscription is charged for: a plan and its add-ons at one version each, and their prices one by one.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Charged, OpenPart, SubscriptionError};
use crate::{
    Result,
    calendar::{Instant, Interval},
    invoice::Line,
    price::{Model, Price},
};

/// A plan at one version, in the customer's currency (see [`crate::price::in_currency`]).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanTerms {
    pub key: String,
    pub name: String,
    pub interval: Interval,
    pub prices: Vec<Price>,
}

/// An add-on at one version and its own quantity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AddOnTerms {
    pub key: String,
    pub name: String,
    pub interval: Interval,
    pub prices: Vec<Price>,
    pub quantity: Decimal,
}

/// Everything a subscription is charged for. Coupons are not terms: they act on the document, not on its lines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Terms {
    pub plan: PlanTerms,
    pub quantity: Decimal,
    pub add_ons: Vec<AddOnTerms>,
}

/// A plan or an add-on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Product {
    Plan(String),
    AddOn(String),
}

impl Product {
    pub fn key(&self) -> &str {
        match self {
            Self::Plan(key) | Self::AddOn(key) => key,
        }
    }

    /// The plan or add-on a line belongs to.
    pub fn of(line: &Line) -> Option<Self> {
        let add_on = line.add_on.clone().map(Self::AddOn);
        add_on.or_else(|| line.plan.clone().map(Self::Plan))
    }
}

impl Terms {
    /// Whether the terms can be billed together: no product or price twice, no negative quantity, every price sound by itself.
    pub fn check(&self) -> Result<()> {
        if self.quantity < Decimal::ZERO || self.add_ons.iter().any(|add_on| add_on.quantity < Decimal::ZERO) {
            return Err(SubscriptionError::NegativeQuantity.into());
        }
        for (index, add_on) in self.add_ons.iter().enumerate() {
            if self.add_ons.iter().take(index).any(|other| other.key == add_on.key) {
                return Err(SubscriptionError::AddOnTwice(add_on.name.clone()).into());
            }
        }
        let items = self.items();
        for (index, item) in items.iter().enumerate() {
            item.price.check()?;
            if items.iter().take(index).any(|other| other.is_named_like(item)) {
                let (product, price) = (item.product_name.to_owned(), item.price.key.clone());
                return Err(SubscriptionError::PriceTwice { product, price }.into());
            }
        }
        Ok(())
    }

    /// Every price of the plan, then of each add-on, in the order given.
    fn items(&self) -> Vec<Item<'_>> {
        self.intervals().into_iter().flat_map(|interval| self.items_at(interval)).collect()
    }

    /// The prices that are charged at an interval: of the plan, then of each add-on, in the order given.
    pub(super) fn items_at(&self, interval: Interval) -> Vec<Item<'_>> {
        let of_plan = self.plan.prices.iter().filter(|_| self.plan.interval.repeats_like(interval));
        let of_plan = of_plan.map(|price| Item::new(Product::Plan(self.plan.key.clone()), &self.plan.name, price, self.quantity));
        let of_add_ons = self.add_ons.iter().filter(|add_on| add_on.interval.repeats_like(interval)).flat_map(|add_on| {
            let item = |price| Item::new(Product::AddOn(add_on.key.clone()), &add_on.name, price, add_on.quantity);
            add_on.prices.iter().map(item)
        });
        of_plan.chain(of_add_ons).collect()
    }

    /// The intervals at which something is charged: the plan's, then those that add-ons have of their own.
    pub fn intervals(&self) -> Vec<Interval> {
        let mut intervals = vec![self.plan.interval];
        for add_on in &self.add_ons {
            if !intervals.iter().any(|interval| interval.repeats_like(add_on.interval)) {
                intervals.push(add_on.interval);
            }
        }
        intervals
    }

    /// Whether anything is charged at an interval.
    pub fn charges_at(&self, interval: Interval) -> bool {
        !self.items_at(interval).is_empty()
    }

    /// The interval at which a product is charged.
    pub(super) fn interval_of(&self, product: &Product) -> Option<Interval> {
        match product {
            Product::Plan(_) => Some(self.plan.interval),
            Product::AddOn(key) => self.add_ons.iter().find(|add_on| add_on.key == *key).map(|add_on| add_on.interval),
        }
    }
}

/// One price of the terms with the quantity it is charged on: the thing that a line is of.
#[derive(Clone)]
pub(super) struct Item<'a> {
    pub(super) product: Product,
    pub(super) product_name: &'a str,
    pub(super) price: &'a Price,
    pub(super) quantity: Decimal,
}

impl<'a> Item<'a> {
    /// A flat price is charged once, whatever the quantity; so a change of quantity does not touch it.
    pub(super) fn new(product: Product, product_name: &'a str, price: &'a Price, quantity: Decimal) -> Self {
        let quantity = match price.model {
            Model::Flat { .. } => Decimal::ONE,
            Model::PerUnit { .. } | Model::Graduated { .. } | Model::Volume { .. } | Model::Package { .. } => quantity,
        };
        Self { product, product_name, price, quantity }
    }

    pub(super) fn of_part(part: &'a OpenPart) -> Self {
        Self::new(part.product.clone(), &part.product_name, &part.price, Decimal::ZERO)
    }

    pub(super) fn is_of_add_on(&self) -> bool {
        matches!(self.product, Product::AddOn(_))
    }

    pub(super) fn is_named_like(&self, other: &Self) -> bool {
        self.product == other.product && self.price.key == other.price.key
    }

    /// The same thing at the same price and quantity: a change leaves it alone.
    pub(super) fn is_unchanged_from(&self, other: &Self) -> bool {
        self.is_named_like(other) && self.price.charges_like(other.price) && self.quantity == other.quantity
    }

    /// Whether a charged line is of this very thing, price and quantity.
    pub(super) fn was_charged_by(&self, charged: &Charged) -> bool {
        let price = charged.price.as_ref().is_some_and(|price| price.charges_like(self.price));
        self.names(&charged.line) && price && charged.line.quantity == self.quantity
    }

    pub(super) fn names(&self, line: &Line) -> bool {
        Product::of(line).as_ref() == Some(&self.product) && line.price.as_ref() == Some(&self.price.key)
    }

    pub(super) fn open_from(&self, from: Instant) -> OpenPart {
        OpenPart {
            product: self.product.clone(),
            product_name: self.product_name.to_owned(),
            price: self.price.clone(),
            from,
            pauses: Vec::new(),
            invoiced: Vec::new(),
        }
    }

    /// It goes on counting where a part of it began.
    pub(super) fn going_on(&self, part: &OpenPart) -> OpenPart {
        OpenPart { pauses: part.pauses.clone(), invoiced: part.invoiced.clone(), ..self.open_from(part.from) }
    }

    pub(super) fn line_name(&self) -> String {
        match self.price.name.as_str() {
            "" => self.product_name.to_owned(),
            // "Team plan" of Team says it already.
            name if name.starts_with(self.product_name) => name.to_owned(),
            name => format!("{} · {name}", self.product_name),
        }
    }
}
