//! The setting of a story: its vendor, catalogue and customers, made by the services' own actions on a database of its own, at the
//! moment of its first step.

use std::collections::BTreeMap;
use std::sync::Arc;

use billing::dunning::Policy;
use billing::tax::ids;
use chrono::TimeZone;

use super::Failed;
use super::input::{self, Scenario};
use crate::app::App;
use crate::platform::assets::Assets;
use crate::platform::clock::{Clock, Instant};
use crate::platform::config::{Config, PasswordCost};
use crate::platform::ids::Ids;
use crate::platform::scratch::Scratch;
use crate::services::catalog::{self, NewMeter, NewPlan, NewPrice};
use crate::services::customers::{self, Details, NewCustomer};
use crate::services::ledger::{self, Exported};
use crate::services::payments::scripted::Scripted;
use crate::services::payments::{self, Errand, Finished};
use crate::services::subscriptions::word;
use crate::services::vendors::{self, Vendor};
use crate::services::{Actor, Desk, Refusal, dunning};

/// Every story has the same ids, on every database.
const SEED: u64 = 1;

pub(super) struct Setting {
    pub app: App,
    pub vendor: Arc<Vendor>,
    /// Who pays, how.
    pub gateway: Arc<Scripted>,
    /// Scenario id to record id.
    pub plans: BTreeMap<String, String>,
    pub customers: BTreeMap<String, String>,
}

impl Setting {
    pub async fn make(scenario: &Scenario, scratch: &Scratch) -> Result<Setting, Failed> {
        let beginning = scenario.steps.first().map_or_else(epoch, |step| step.at);
        let gateway = Arc::new(Scripted::new());
        let id = "ven_story".to_owned();
        vendors::create(&scratch.db, &vendor(&id, &scenario.vendor, beginning)?).await?;
        let config = Config { password_cost: PasswordCost::LEAST, ..Config::loopback(scratch.folder.clone()) };
        let app = App::with_gateway(config, scratch.db.clone(), Clock::at(beginning), Ids::seeded(SEED), Assets::load(), gateway.clone()).await?;
        let vendor = app.vendors().into_iter().find(|vendor| vendor.id == id).ok_or_else(|| Refusal::damaged("the vendor just made"))?;
        let mut setting = Setting { app, vendor, gateway, plans: BTreeMap::new(), customers: BTreeMap::new() };
        setting.fill_catalog(scenario).await?;
        for customer in &scenario.customers {
            setting.add_customer(customer).await?;
        }
        Ok(setting)
    }

    pub async fn desk(&self) -> Result<Desk, Refusal> {
        Ok(Desk::write(&self.app, &self.vendor, Actor::System).await?)
    }

    pub fn errand(&self) -> Errand {
        Errand::new(&self.app, &self.vendor, Actor::System)
    }

    /// Every entry of the ledger, in order.
    pub async fn ledger(&self) -> Result<Vec<Exported>, Refusal> {
        let mut entries = Vec::new();
        ledger::export(&mut self.errand().reads().await?, Instant::MIN_UTC..Instant::MAX_UTC, |entry| {
            entries.push(entry);
            Ok(())
        })
        .await?;
        Ok(entries)
    }

    async fn fill_catalog(&mut self, scenario: &Scenario) -> Result<(), Refusal> {
        let mut desk = self.desk().await?;
        for (position, meter) in (0_i64..).zip(&scenario.meters) {
            let new = NewMeter { key: meter.id.clone(), name: meter.id.clone(), unit: String::new(), aggregate: meter.aggregate, position };
            catalog::create_meter(&mut desk, &new).await?;
        }
        for (position, plan) in (0_i64..).zip(&scenario.plans) {
            let prices = plan.prices.iter().map(|price| NewPrice { interval: plan.interval, price: price.clone() }).collect();
            let new = NewPlan {
                key: plan.id.clone(),
                name: plan.name.clone(),
                description: String::new(),
                position,
                trial_days: i64::from(plan.trial_days),
                max_quantity: None,
                prices,
            };
            let id = catalog::create_plan(&mut desk, &new).await?;
            catalog::publish_plan(&mut desk, &id).await?;
            self.plans.insert(plan.id.clone(), id);
        }
        for add_on in &scenario.add_ons {
            catalog::create_add_on(&mut desk, add_on).await?;
        }
        for rate in &scenario.tax_rates {
            catalog::create_tax_rate(&mut desk, rate).await?;
        }
        for rate in &scenario.exchange_rates {
            catalog::set_exchange_rate(&mut desk, rate).await?;
        }
        for offer in &scenario.coupons {
            catalog::create_coupon(&mut desk, &offer.coupon, offer.max_redemptions.map(i64::from)).await?;
        }
        // A story says itself when something is paid again.
        dunning::set_policy(&mut desk, &Policy { is_on: false, ..Policy::default() }).await?;
        Ok(desk.commit().await?)
    }

    /// A customer with a card on file: how it is charged is the story's to say.
    async fn add_customer(&mut self, customer: &input::Customer) -> Result<(), Refusal> {
        let details = Details {
            name: customer.id.clone(),
            legal_name: customer.id.clone(),
            // What a story leaves out is filled in: its country's law wants it on invoices.
            address_line1: Some("1 Story Street".to_owned()),
            city: Some("Storyville".to_owned()),
            country: customer.country.clone(),
            region: customer.region.clone(),
            tax_id: customer.tax_id.clone(),
            locale: "en".to_owned(),
            time_zone: customer.time_zone.name().to_owned(),
            ..Details::default()
        };
        let new = NewCustomer { external_id: Some(customer.id.clone()), details, tax_exempt: customer.tax_exempt, currency: customer.currency };
        let mut desk = self.desk().await?;
        let id = customers::create(&mut desk, &new).await?;
        desk.commit().await?;
        let errand = self.errand();
        let setup = payments::start_setup(&errand, &id, payments::Wanted::CARD).await?;
        let Finished::Added(method) = payments::finish_setup(&errand, &id, &setup.setup_id).await? else {
            return Err(Refusal::damaged("the story’s gateway keeps every card"));
        };
        if !method.is_default() {
            let mut desk = self.desk().await?;
            payments::make_default(&mut desk, &id, &method.id).await?;
            desk.commit().await?;
        }
        self.customers.insert(customer.id.clone(), id);
        Ok(())
    }
}

/// The story's own, or one that lets its vendor charge tax and means nothing to a rule of tax: only ids of the Union do.
fn tax_id(v: &input::Vendor) -> String {
    let given = v.tax_id.clone().filter(|id| ids::is_eu(&v.country) || ids::check(&v.country, id).is_ok());
    given.unwrap_or_else(|| match v.country.as_str() {
        "JP" => "T7000012050002".to_owned(),
        "TH" => "0994000165510".to_owned(),
        _ => "untold".to_owned(),
    })
}

fn epoch() -> Instant {
    chrono::Utc.timestamp_nanos(0)
}

fn vendor(id: &str, v: &input::Vendor, now: Instant) -> Result<Vendor, Refusal> {
    Ok(Vendor {
        id: id.to_owned(),
        host: None,
        name: "Vendor".to_owned(),
        legal_name: "Vendor".to_owned(),
        address_line1: "1 Story Street".to_owned(),
        address_line2: None,
        postal_code: "1000".to_owned(),
        city: "Storyville".to_owned(),
        country: v.country.clone(),
        tax_id: Some(tax_id(v)),
        support_email: "billing@vendor.example".to_owned(),
        currency: v.currency.code().to_owned(),
        time_zone: v.time_zone.name().to_owned(),
        locale: "en".to_owned(),
        proration_by: word(v.proration_by)?,
        proration_rounding: word(v.proration_rounding)?,
        prices_include_tax: v.prices_include_tax,
        usage_grace_seconds: v.usage_grace_seconds,
        payment_terms_days: i64::from(v.payment_terms_days),
        is_test: false,
        clock_at: None,
        brand_colour: "#1f5eff".to_owned(),
        brand_mark: None,
        created_at: now.timestamp_millis(),
    })
}
