//! A billing run against its floor: one vendor's subscriptions all fall due in one night, each with three lines, one of them prorated, tax
//! and ledger; and the same rows written by a program that does nothing but write them, over the same connection, by statements of as many
//! rows, in transactions as large.

use std::sync::Arc;
use std::time::{Duration, Instant};

use billing::calendar::{Interval, Unit};
use billing::money::Currency;
use billing::price::{Model, Price};
use billing::tax::TaxRate;
use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::floor::Floor;
use super::{Error, Figure, safekeeping};
use crate::app::App;
use crate::platform::assets::Assets;
use crate::platform::clock::Clock;
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::ids::Ids;
use crate::services::catalog::{self, NewPlan, NewPrice};
use crate::services::customers::{self, Details, NewCustomer};
use crate::services::subscriptions::{self, Action, ChangeRequest, Settle, StartRequest};
use crate::services::test_clock::{self, Move};
use crate::services::vendors::{self, NewVendor, Vendor};
use crate::services::{Actor, Desk, balance};
use crate::worker::bill;

/// What one run came to.
struct Run {
    vendor_id: String,
    time: Duration,
    invoices: usize,
    /// Resident memory that the run added at its end, MB.
    memory_mb: f64,
}

/// How many small nights come before the large one, and how many after it: what the machine is slower or faster meanwhile, it is for both.
const SMALL_NIGHTS: usize = 2;

/// When every subscription begins.
const BEGINS: &str = "2026-01-15T09:00:00Z";

/// Runs nights of small vendors around a large one's, and the floor of that.
pub async fn measure(database_url: Option<&str>, database: &str, small: usize, large: usize, say: &impl Fn(&str)) -> Result<Vec<Figure>, Error> {
    let folder = std::env::temp_dir().join(format!("portico-run-{}-{database}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let figures = measure_in(&folder, database_url, database, small, large, say).await;
    let _ = std::fs::remove_dir_all(&folder);
    figures
}

async fn measure_in(
    folder: &std::path::Path,
    database_url: Option<&str>,
    database: &str,
    small: usize,
    large: usize,
    say: &impl Fn(&str),
) -> Result<Vec<Figure>, Error> {
    let config = Config { database_url: database_url.map(str::to_owned), ..Config::loopback(folder.to_owned()) };
    let db = Db::open(&config.database_url()).await?;
    db.migrate().await?;
    let app = App::new(config, db, Clock::System, Ids::system(), Assets::load()).await?;
    say(&format!("nights of {small} subscriptions on {database}, and one of {large} between them"));
    // All vendors are made before the first night: what was just written would still be at hand, and only for those that are few.
    let before = vendors_with(&app, "before", small).await?;
    let most = vendor_with(&app, "large", large).await?;
    let after = vendors_with(&app, "after", small).await?;
    let mut of_small = nights(&app, &before, small).await?;
    let of_large = night(&app, &most, large).await?;
    of_small.extend(nights(&app, &after, small).await?);
    // The floor's rows are nobody's books.
    let kept = match database_url {
        None => {
            say("a backup of all of them restored, and checked");
            safekeeping::measure(&app, folder).await?
        }
        Some(_) => Vec::new(),
    };
    say(&format!("the floor of {large} subscriptions on {database}"));
    let floor = Floor::read(&app, &of_large.vendor_id).await?.write(&app).await?;
    app.db.close().await;

    let rate = of_large.invoices as f64 / of_large.time.as_secs_f64();
    let how = format!(
        "{} renewals of three lines with proration, tax and ledger in {:.1} s: {rate:.0} a second; the floor writes their rows in {:.1} s, the same connection, as many rows a statement",
        of_large.invoices,
        of_large.time.as_secs_f64(),
        floor.as_secs_f64()
    );
    let share = Figure::new(
        format!("billing run of {large}, {database}: speed as a share of the floor’s"),
        100.0 * floor.as_secs_f64() / of_large.time.as_secs_f64(),
        "%",
        how,
    );
    let per = |run: &Run| 1e6 * run.time.as_secs_f64() / run.invoices as f64;
    let of_one = of_small.iter().map(per).sum::<f64>() / of_small.len() as f64;
    let times = large as f64 / small as f64;
    let how = format!(
        "time of {large} subscriptions over that of {small}, {:.0} µs each; the small nights {} µs each, {SMALL_NIGHTS} of them before it and {SMALL_NIGHTS} after",
        per(&of_large),
        of_small.iter().map(|run| format!("{:.0}", per(run))).collect::<Vec<_>>().join(", "),
    );
    let growth = Figure::new(format!("billing run, {database}: {times:.0} × the subscriptions"), times * per(&of_large) / of_one, "×", how);
    let most = of_small.iter().map(|run| run.memory_mb).fold(0.0, f64::max);
    let how = format!("VmRSS after the run less before it; at most {most:.1} MB with {small}");
    let memory = Figure::new(format!("billing run of {large}, {database}: memory it added"), of_large.memory_mb, "MB", how);
    Ok([vec![share.at_least(40.0), growth.at_most(1.1 * times), memory], kept].concat())
}

/// The vendors of the small nights.
async fn vendors_with(app: &App, name: &str, count: usize) -> Result<Vec<Arc<Vendor>>, Error> {
    let mut vendors = Vec::new();
    for n in 1..=SMALL_NIGHTS {
        vendors.push(vendor_with(app, &format!("{name}-{n}"), count).await?);
    }
    Ok(vendors)
}

/// A vendor whose subscriptions all renew in one night.
async fn vendor_with(app: &App, name: &str, count: usize) -> Result<Arc<Vendor>, Error> {
    let begins: DateTime<Utc> = BEGINS.parse()?;
    let (vendor, plan) = vendor(app, name, begins).await?;
    let mut left = count;
    while left > 0 {
        let mut desk = Desk::write(app, &vendor, Actor::System).await?;
        for _ in 0..left.min(200) {
            subscribe(&mut desk, &plan, begins).await?;
        }
        left -= left.min(200);
        desk.commit().await?;
    }
    Ok(vendor)
}

async fn nights(app: &App, vendors: &[Arc<Vendor>], count: usize) -> Result<Vec<Run>, Error> {
    let mut runs = Vec::new();
    for vendor in vendors {
        runs.push(night(app, vendor, count).await?);
    }
    Ok(runs)
}

/// Bills the night in which a vendor's subscriptions renew.
async fn night(app: &App, vendor: &Arc<Vendor>, count: usize) -> Result<Run, Error> {
    let night = BEGINS.parse::<DateTime<Utc>>()? + TimeDelta::days(31);
    let before = resident_mb()?;
    let began = Instant::now();
    let report = bill::bill(app, vendor, night).await?;
    let time = began.elapsed();
    if let Some((customer, refusal)) = report.failed.first() {
        return Err(format!("{customer} could not be billed: {refusal}").into());
    }
    if report.issued != count {
        return Err(format!("{} of {count} subscriptions were invoiced", report.issued).into());
    }
    Ok(Run { vendor_id: vendor.id.clone(), time, invoices: report.issued, memory_mb: resident_mb()? - before })
}

/// A vendor whose clock stands at an instant, and its plan's id.
pub(super) async fn vendor(app: &App, name: &str, begins: DateTime<Utc>) -> Result<(Arc<Vendor>, String), Error> {
    let vendor = vendors::add(app, new_vendor(name)?).await?;
    let mut desk = Desk::write(app, &vendor, Actor::System).await?;
    test_clock::advance(&mut desk, Move::To(begins)).await?;
    desk.commit().await?;
    app.reload_vendors().await?;
    let vendor = app.vendors().into_iter().find(|known| known.id == vendor.id).ok_or("the vendor is not there")?;
    let mut desk = Desk::write(app, &vendor, Actor::System).await?;
    let plan = catalogue(&mut desk).await?;
    desk.commit().await?;
    Ok((vendor, plan))
}

fn new_vendor(name: &str) -> Result<NewVendor, Error> {
    Ok(NewVendor {
        host: Some(format!("{name}.example")),
        name: name.to_owned(),
        legal_name: format!("{name} GmbH"),
        address: "Praterstraße 58".to_owned(),
        postal_code: "1020".to_owned(),
        city: "Vienna".to_owned(),
        country: "AT".to_owned(),
        tax_id: Some("ATU00000024".to_owned()),
        support_email: "help@vendor.example".to_owned(),
        currency: Currency::from_code("EUR")?,
        time_zone: chrono_tz::Europe::Vienna,
        colour: "#06637a".to_owned(),
        is_test: true,
    })
}

/// A plan with a base fee and seats, and 20 % tax; the plan's id.
async fn catalogue(desk: &mut Desk) -> Result<String, Error> {
    let price = |key: &str, model: Model| -> Result<NewPrice, Error> {
        Ok(NewPrice {
            interval: Interval::new(Unit::Month, 1)?,
            price: Price {
                key: key.to_owned(),
                name: key.to_owned(),
                currency: Currency::from_code("EUR")?,
                model,
                meter: None,
                included: Decimal::ZERO,
                minimum: None,
                maximum: None,
                convert: false,
            },
        })
    };
    let prices = vec![price("base", Model::Flat { amount_minor: 2900 })?, price("seats", Model::PerUnit { unit_amount: Decimal::from(900) })?];
    let plan = NewPlan { key: "team".into(), name: "Team".into(), description: String::new(), position: 1, trial_days: 0, max_quantity: None, prices };
    let plan = catalog::create_plan(desk, &plan).await?;
    catalog::publish_plan(desk, &plan).await?;
    let vat = TaxRate {
        key: "at20".into(),
        name: "VAT".into(),
        country: "AT".into(),
        region: None,
        percent: Decimal::from(20),
        from: None,
        to: None,
        products: None,
    };
    catalog::create_tax_rate(desk, &vat).await?;
    Ok(plan)
}

pub(super) async fn customer(desk: &mut Desk) -> Result<String, Error> {
    let details = Details {
        name: "Nordlicht".into(),
        legal_name: "Nordlicht GmbH".into(),
        country: "AT".into(),
        locale: "en".into(),
        time_zone: "Europe/Vienna".into(),
        ..Details::default()
    };
    Ok(customers::create(desk, &NewCustomer { external_id: None, details, tax_exempt: false, currency: Currency::from_code("EUR")? }).await?)
}

/// A customer with five seats, who takes two more later: their share waits for the renewal's invoice.
async fn subscribe(desk: &mut Desk, plan: &str, begins: DateTime<Utc>) -> Result<(), Error> {
    desk.at_billing(begins.timestamp_millis());
    let customer_id = customer(desk).await?;
    // The first month is paid already: nobody is overdue in the night that is measured.
    balance::grant(desk, &customer_id, "EUR", FIRST_MONTH_MINOR, "the first month", None).await?;
    let request = StartRequest {
        customer_id: customer_id.clone(),
        external_id: None,
        plan_id: plan.to_owned(),
        interval: Interval::new(Unit::Month, 1)?,
        quantity: Decimal::from(5),
        add_ons: Vec::new(),
        coupons: Vec::new(),
        promotion_code: None,
        trial_days: None,
        anchor: None,
        starts_at: None,
    };
    let started = subscriptions::start(desk, &request).await?;
    desk.at_billing((begins + TimeDelta::days(10)).timestamp_millis());
    let more = ChangeRequest { quantity: Some(Decimal::from(7)), settle: Settle::NextInvoice, ..ChangeRequest::default() };
    subscriptions::act(desk, &customer_id, &started.subscription_id, &Action::Change(more)).await?;
    Ok(())
}

/// Base fee and five seats, with 20 % tax.
const FIRST_MONTH_MINOR: i64 = (2900 + 5 * 900) * 6 / 5;

pub(super) fn resident_mb() -> Result<f64, Error> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS in /proc/self/status")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
}
