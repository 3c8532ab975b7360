//! What Kestrel sells: two meters, three plans and two add-ons at two intervals, what it takes off for whom, and the taxes of the
//! countries it sells to.

use billing::calendar::{Interval, Unit};
use billing::discount::{Coupon, Duration, Off};
use billing::money::Currency;
use billing::price::{MeterRef, Model, Price, Tier};
use billing::subscription::AddOnTerms;
use billing::tax::TaxRate;
use billing::usage::Aggregate;
use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::services::catalog::{self, NewMeter, NewPlan, NewPrice, NewProduct, NewPromotionCode, ProductKind, ProductPrice};
use crate::services::{Desk, Refusal};

pub const BUILD_MINUTES: &str = "build_minutes";
pub const STORAGE: &str = "storage";
pub const SUPPORT: &str = "support";
pub const WORKSHOP: &str = "workshop";
pub const PACK: &str = "credit-550";

pub const MONTH: Interval = Interval { unit: Unit::Month, count: 1 };
pub const YEAR: Interval = Interval { unit: Unit::Year, count: 1 };

/// Ids of the plans.
pub struct Plans {
    pub free: String,
    pub team: String,
    pub business: String,
}

/// What is sold once, and how much may be paid into a balance: from €25.00 to €2,000.00.
async fn sell_once(desk: &mut Desk) -> Result<(), Refusal> {
    catalog::set_top_up_limit(desk, Currency::from_code("EUR").map_err(billing::Error::from)?, Some((2_500, 200_000))).await?;
    let products = [
        (WORKSHOP, "Onboarding workshop", "Two hours with one of our engineers, on your own pipeline.", ProductKind::Service, 24_000, None, None),
        (PACK, "Build credit 550", "For teams that like one payment better than many.", ProductKind::CreditPack, 50_000, Some(55_000), Some(365)),
        ("credit-110", "Build credit 110", "", ProductKind::CreditPack, 10_000, Some(11_000), Some(365)),
    ];
    for (key, name, description, kind, amount_minor, credit_minor, credit_lasts_days) in products {
        let prices = vec![ProductPrice { currency: "EUR".into(), amount_minor, credit_minor }];
        let product = NewProduct { key: key.into(), name: name.into(), description: description.into(), kind, credit_lasts_days, prices };
        catalog::create_product(desk, &product).await?;
    }
    Ok(())
}

/// Puts everything up for sale.
pub async fn open(desk: &mut Desk) -> Result<Plans, Refusal> {
    sell_once(desk).await?;
    for (position, key, name, unit, aggregate) in
        [(1, BUILD_MINUTES, "Build minutes", "minutes", Aggregate::Sum), (2, STORAGE, "Storage", "GB", Aggregate::Max)]
    {
        catalog::create_meter(desk, &NewMeter { key: key.into(), name: name.into(), unit: unit.into(), aggregate, position }).await?;
    }
    // Standard rates of 2026.
    for (country, percent) in [
        ("AT", "20"),
        ("DE", "19"),
        ("FR", "20"),
        ("NL", "21"),
        ("HU", "27"),
        ("BE", "21"),
        ("IT", "22"),
        ("ES", "21"),
        ("PL", "23"),
        ("CZ", "21"),
        ("SK", "23"),
        ("SI", "22"),
    ] {
        let percent: Decimal = percent.parse().map_err(Refusal::damaged)?;
        let from = NaiveDate::from_ymd_opt(2025, 1, 1);
        let rate = TaxRate {
            key: format!("{}-standard", country.to_lowercase()),
            name: "VAT".into(),
            country: country.into(),
            region: None,
            percent,
            from,
            to: None,
            products: None,
        };
        catalog::create_tax_rate(desk, &rate).await?;
    }
    let euro = Currency::from_code("EUR").map_err(billing::Error::from)?;
    let free = Offered {
        key: "free",
        name: "Free",
        description: "For one person and a side project.",
        position: 1,
        trial_days: 0,
        max_quantity: Some(1),
        base_minor: 0,
        seats: (1, 0),
        minutes: (200, &[(None, "0")]),
        storage: (5, 0),
    };
    let team = Offered {
        key: "team",
        name: "Team",
        description: "For a team that builds every day.",
        position: 2,
        trial_days: 14,
        max_quantity: Some(200),
        base_minor: 29_00,
        seats: (3, 9_00),
        minutes: (1_000, &[(Some(9_000), "0.8"), (None, "0.5")]),
        storage: (50, 10),
    };
    let business = Offered {
        key: "business",
        name: "Business",
        description: "For many teams, with minutes to match.",
        position: 3,
        trial_days: 0,
        max_quantity: None,
        base_minor: 99_00,
        seats: (10, 12_00),
        minutes: (10_000, &[(Some(40_000), "0.6"), (None, "0.4")]),
        storage: (500, 8),
    };
    add_ons(desk, euro).await?;
    promotions(desk).await?;
    Ok(Plans { free: free.sell(desk, euro).await?, team: team.sell(desk, euro).await?, business: business.sell(desk, euro).await? })
}

/// A fee for all, and a fee for each; by the year ten months'.
async fn add_ons(desk: &mut Desk, euro: Currency) -> Result<(), Refusal> {
    for (interval, fees) in [(MONTH, 1), (YEAR, 10)] {
        let support = Model::Flat { amount_minor: 49_00 * fees };
        let machines = Model::PerUnit { unit_amount: Decimal::from(19_00 * fees) };
        for (key, name, model) in [(SUPPORT, "Priority support", support), ("machines", "Build machine of your own", machines)] {
            let price = Price {
                key: key.to_owned(),
                name: String::new(),
                model,
                included: Decimal::ZERO,
                minimum: None,
                maximum: None,
                currency: euro,
                convert: false,
                meter: None,
            };
            let terms = AddOnTerms { key: key.to_owned(), name: name.to_owned(), interval, prices: vec![price], quantity: Decimal::ONE };
            catalog::create_add_on(desk, &terms).await?;
        }
    }
    Ok(())
}

/// Codes that people can type: one for newcomers, one for everybody, one for fifty. As the README has them.
async fn promotions(desk: &mut Desk) -> Result<(), Refusal> {
    for (code, percent, duration, max_redemptions, is_first_time_only) in [
        ("WELCOME20", 20, Duration::Repeating { months: 3 }, None, true),
        ("KESTREL10", 10, Duration::Forever, None, false),
        ("HALFMONTH", 50, Duration::Once, Some(50), false),
    ] {
        let coupon = Coupon { key: code.to_owned(), off: Off::Percent(Decimal::from(percent)), duration };
        let coupon_id = catalog::create_coupon(desk, &coupon, None).await?;
        let new =
            NewPromotionCode { code: code.to_owned(), coupon_id, max_redemptions, is_first_time_only, customer_id: None, plan_ids: None, expires_at: None };
        catalog::create_promotion_code(desk, &new).await?;
    }
    Ok(())
}

/// A plan as its price list says it, by the month. By the year fees are ten months', allowances of minutes twelve months'.
struct Offered {
    key: &'static str,
    name: &'static str,
    description: &'static str,
    position: i64,
    trial_days: i64,
    max_quantity: Option<i64>,
    base_minor: i64,
    /// Included, and each more.
    seats: (i64, i64),
    /// Included, and beyond: so many at so much each, in minor units.
    minutes: (i64, &'static [(Option<i64>, &'static str)]),
    /// Included GB, and each more.
    storage: (i64, i64),
}

impl Offered {
    async fn sell(&self, desk: &mut Desk, euro: Currency) -> Result<String, Refusal> {
        let mut prices = Vec::new();
        for (interval, fees, months) in [(MONTH, 1, 1), (YEAR, 10, 12)] {
            prices.extend(self.prices(euro, fees, months)?.into_iter().map(|price| NewPrice { interval, price }));
        }
        let (trial_days, max_quantity) = (self.trial_days, self.max_quantity);
        let plan = NewPlan {
            key: self.key.into(),
            name: self.name.into(),
            description: self.description.into(),
            position: self.position,
            trial_days,
            max_quantity,
            prices,
        };
        let id = catalog::create_plan(desk, &plan).await?;
        catalog::publish_plan(desk, &id).await?;
        Ok(id)
    }

    fn prices(&self, euro: Currency, fees: i64, months: i64) -> Result<Vec<Price>, Refusal> {
        let metered = |key: &str, aggregate| Some(MeterRef { key: key.to_owned(), aggregate });
        let price = |key: &str, name: &str, model, included: i64, meter| Price {
            key: key.to_owned(),
            name: name.to_owned(),
            model,
            included: Decimal::from(included),
            minimum: None,
            maximum: None,
            currency: euro,
            convert: false,
            meter,
        };
        let each = |unit_minor: i64| Model::PerUnit { unit_amount: Decimal::from(unit_minor * fees) };
        let mut tiers = Vec::new();
        for (units, each) in self.minutes.1 {
            tiers.push(Tier {
                up_to: units.map(|units| Decimal::from(units * months)),
                unit_amount: each.parse().map_err(Refusal::damaged)?,
                flat_amount: Decimal::ZERO,
            });
        }
        Ok(vec![
            price("base", &format!("{} plan", self.name), Model::Flat { amount_minor: self.base_minor * fees }, 0, None),
            price("seats", "Seats", each(self.seats.1), self.seats.0, None),
            price("minutes", "Build minutes", Model::Graduated { tiers }, self.minutes.0 * months, metered(BUILD_MINUTES, Aggregate::Sum)),
            price("storage", "Storage", each(self.storage.1), self.storage.0, metered(STORAGE, Aggregate::Max)),
        ])
    }
}
