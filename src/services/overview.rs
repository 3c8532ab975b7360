//! What a customer's account comes to at this moment, read together for the first page everybody looks at, and remembered until anything
//! of it changes.
//!
//! What is remembered is right on every instance without a word between them. Whatever changes anything of a customer locks the customer,
//! which raises its revision; whatever changes its usage raises its arrival number; whatever changes the catalogue raises the vendor's
//! revision of that: each in the transaction of the change. The three are read at every look, in one statement, and a read of the rest
//! sees the same committed moment as the numbers that are kept with it. What passes by itself is the reader's day and time: a look says
//! until when it holds. `tests/lives.rs` holds random lives against it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use billing::calendar::{Zone, local_date};
use chrono::{DurationRound, NaiveDate, TimeDelta};

use super::customers::{self, Customer};
use super::invoices::{self, Lacking, Summary};
use super::payments::{self, Attention, Method};
use super::spend::{self, Cap};
use super::subscriptions::{self, Outlook, Redeemed, Subscription};
use super::usage::{self, Meter};
use super::vendors::Vendor;
use super::{Actor, Desk, Refusal, balance};
use crate::app::App;
use crate::platform::clock::Instant;

/// Customers remembered at most; with them all forgotten, each is read anew once.
const MOST_REMEMBERED: usize = 2_048;

/// A customer's account.
#[derive(Clone, Debug, PartialEq)]
pub struct Overview {
    pub customer: Customer,
    /// The one that runs, else the last.
    pub subscription: Option<Subscription>,
    /// The coupons on it, in order of application.
    pub discounts: Vec<Redeemed>,
    pub outlook: Outlook,
    /// The vendor's.
    pub meters: Vec<Meter>,
    /// What is on file to pay with, the default first.
    pub methods: Vec<Method>,
    pub attention: Vec<Attention>,
    /// What holds the next invoice back; empty: nothing does.
    pub held_back_by: Vec<Lacking>,
    /// In the subscription's currency, else the customer's.
    pub balance_minor: i64,
    /// The last invoice issued.
    pub last: Option<Summary>,
    /// A direct debit is coming for it, or on its way.
    pub last_is_on_its_way: bool,
    /// What is charged by use is stopped at it.
    pub cap: Option<Cap>,
}

impl Overview {
    /// ISO 4217: what the customer pays in.
    pub fn currency(&self) -> &str {
        self.subscription.as_ref().map_or(&self.customer.currency, |subscription| subscription.currency.code())
    }

    async fn load(desk: &mut Desk, customer_id: &str, today: NaiveDate) -> Result<Overview, Refusal> {
        let customer = customers::load(desk, customer_id).await?;
        let subscription = subscriptions::current(desk, customer_id).await?;
        let meters = usage::meters(desk).await?;
        let mut outlook = match &subscription {
            Some(subscription) => subscriptions::outlook(desk, &customer, subscription, &meters).await?,
            None => Outlook::default(),
        };
        let discounts = match &subscription {
            Some(subscription) => subscriptions::discounts_on(desk, subscription).await?,
            None => Vec::new(),
        };
        let methods = payments::list(desk, customer_id).await?;
        let attention = payments::attention(desk, customer_id, &methods, today).await?;
        let held_back_by = invoices::held_back_by(desk, customer_id).await?;
        let last = invoices::list(desk, customer_id, 1).await?.pop();
        let waited_for = payments::waited_for(desk, customer_id).await?;
        let last_is_on_its_way = last.as_ref().is_some_and(|last| waited_for.contains(&last.id));
        let cap = match &subscription {
            Some(subscription) => spend::cap_that_holds(desk, subscription).await?,
            None => None,
        };
        if cap.is_some() {
            outlook.expect_no_more();
        }
        let mut overview =
            Overview { customer, subscription, discounts, outlook, meters, methods, attention, held_back_by, balance_minor: 0, last, last_is_on_its_way, cap };
        let currency = overview.currency().to_owned();
        overview.balance_minor = balance::total(desk, customer_id, &currency).await?;
        Ok(overview)
    }
}

/// The customer's account now, as somebody in `zone` reads it (their day decides whether a card has expired); and that now.
pub async fn overview(app: &App, vendor: &Arc<Vendor>, customer_id: &str, zone: Zone) -> Result<(Instant, Arc<Overview>), Refusal> {
    let now = app.now(vendor).billing;
    let whose = (vendor.id.clone(), customer_id.to_owned());
    let seen: Vec<Revisions> = app.db.all(REVISIONS, whose.clone()).await?;
    let revisions = *seen.first().ok_or(Refusal::NotFound)?;
    let holds_for = |revisions, now| As { revisions, vendor: vendor.clone(), today: local_date(now, zone) };
    if let Some(overview) = app.overviews.recall(&whose, &holds_for(revisions, now), now) {
        return Ok((now, overview));
    }
    let mut desk = Desk::read(app, vendor, Actor::System).await?;
    let now = desk.now.billing;
    let holds_for = holds_for(desk.tx.one(REVISIONS, whose.clone()).await?, now);
    let overview = Arc::new(Overview::load(&mut desk, customer_id, holds_for.today).await?);
    // Days, and with them what is taxed how, begin at a quarter of an hour wherever one is.
    let quarter = TimeDelta::minutes(15);
    let next_quarter = now.duration_trunc(quarter).map_err(Refusal::damaged)? + quarter;
    let until = overview.outlook.holds_until.map_or(next_quarter, |until| until.min(next_quarter));
    app.overviews.keep(whose, Kept { holds_for, from: now, until, overview: overview.clone() });
    Ok((now, overview))
}

/// Raised by what changes the customer, the vendor's settings, and the customer's usage.
type Revisions = (i64, i64, i64);

const REVISIONS: &str = "SELECT c.revision, v.settings_revision, COALESCE(u.arrival, 0) FROM customers c JOIN vendors v ON v.id = c.vendor_id
     LEFT JOIN usage_accounts u ON u.vendor_id = c.vendor_id AND u.customer_id = c.id WHERE c.vendor_id = $1 AND c.id = $2";

/// What was read last of each customer, by vendor and customer.
#[derive(Default)]
pub struct Remembered(Mutex<HashMap<(String, String), Kept>>);

struct Kept {
    holds_for: As,
    /// Billing time of the look, and until when it holds.
    from: Instant,
    until: Instant,
    overview: Arc<Overview>,
}

struct As {
    revisions: Revisions,
    /// Its settings, too: another record of it is another vendor.
    vendor: Arc<Vendor>,
    today: NaiveDate,
}

impl As {
    fn is(&self, other: &As) -> bool {
        self.revisions == other.revisions && self.today == other.today && Arc::ptr_eq(&self.vendor, &other.vendor)
    }
}

impl Remembered {
    /// Every look after this is a fresh one.
    pub fn forget(&self) {
        self.0.lock().expect("no holder of this lock can panic").clear();
    }

    fn recall(&self, whose: &(String, String), wanted: &As, now: Instant) -> Option<Arc<Overview>> {
        let kept = self.0.lock().expect("no holder of this lock can panic");
        // A sandbox's clock may be turned back.
        let holds = |kept: &&Kept| kept.holds_for.is(wanted) && (kept.from..kept.until).contains(&now);
        kept.get(whose).filter(holds).map(|kept| kept.overview.clone())
    }

    fn keep(&self, whose: (String, String), look: Kept) {
        let mut kept = self.0.lock().expect("no holder of this lock can panic");
        if kept.len() >= MOST_REMEMBERED {
            kept.clear();
        }
        kept.insert(whose, look);
    }
}
