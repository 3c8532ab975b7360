//! The demo: Kestrel, a build service, with half a year behind it. It is told by the product's own actions under a moving billing clock
//! (`stage`): people are invited and enrol, cards are typed in at the test gateway, usage is sent, and the worker bills what falls due.
//! What deliberately does not live here: SQL, and anything the product could not do for a real vendor.
//!
//! The story's letters go nowhere and stand as sent: nobody is written to about the past. At its end the sandbox's clock is let go, so
//! that billing time is the wall's.

mod catalogue;
mod replay;
mod stage;

use std::sync::Arc;

use billing::calendar::Instant;
use billing::money::Currency;
use chrono::{Datelike, Months, SubsecRound, TimeDelta};
use rust_decimal::Decimal;
use serde::Serialize;

use crate::app::App;
use crate::platform::post::Post;
use crate::sentence;
use crate::services::bank::{self, NewBankAccount};
use crate::services::customers::{self, Details, NewCustomer, Role};
use crate::services::payments::{self, Audience, DebitTerms, Offer, OfferedMethod};
use crate::services::purchases::What;
use crate::services::settings::{self, Settings};
use crate::services::subscriptions::{AnchorWish, ChangeRequest};
use crate::services::vendors::{self, Vendor};
use crate::services::{Actor, Refusal, balance};
use crate::worker::deliver;
use catalogue::{MONTH, Plans, YEAR};
use replay::Replay;
use stage::{PASSWORD, Stage};

/// How to sign in as somebody of the demo.
#[derive(Clone, Debug, Serialize)]
pub struct SignIn {
    pub email: &'static str,
    pub password: &'static str,
    pub customer: &'static str,
    /// What is to be seen there: 'healthy', 'yearly', 'trialing', 'past_due', 'free', 'by_debit', 'two_customers'.
    pub state: &'static str,
}

/// What `portico demo --json` prints.
#[derive(Clone, Debug, Serialize)]
pub struct SignIns {
    pub sign_ins: Vec<SignIn>,
}

impl SignIns {
    /// For people: a line each.
    pub fn table(&self) -> String {
        let mut lines = vec![format!("{:<36} {:<22} {}", "E-mail", "Password", "Customer")];
        lines.extend(self.sign_ins.iter().map(|s| format!("{:<36} {:<22} {} ({})", s.email, s.password, s.customer, s.state.replace('_', " "))));
        lines.join("\n")
    }
}

const MIRA: &str = "mira.lang@nordlicht.example";
const HEDDA: &str = "hedda.brandt@ostwind.example";
const CLAIRE: &str = "claire.moreau@canard.example";
const SANNE: &str = "sanne.devries@polder.example";
const ESZTER: &str = "eszter.nagy@szikra.example";
const TOBIAS: &str = "tobias.reiter@bergzeit.example";
const JONAS: &str = "jonas.weber@nordlicht.example";

/// Fills an empty installation.
pub async fn fill(app: &App) -> Result<SignIns, Refusal> {
    app.reload_vendors().await?;
    if let Some(vendor) = app.vendors().first() {
        return Err(Refusal::Rule(sentence!("demo-not-empty", vendor = &vendor.name)));
    }
    let now = app.clock.wall().trunc_subsecs(0);
    let replay = Replay::ending_in_week_of(now)?;
    let acts = Acts::before(now, &replay)?;
    let vendor = kestrel(app, acts.opens).await?;
    let mut stage = Stage::new(app, vendor, replay, acts.opens);

    let mut desk = stage.desk().await?;
    let plans = catalogue::open(&mut desk).await?;
    let all =
        Settings { customers_may_pause: true, customers_may_choose_interval: true, customers_may_choose_billing_day: true, customers_may_cap_spend: true };
    settings::save(&mut desk, all).await?;
    bank::set_account(&mut desk, &account()).await?;
    let debits = Offer { method: OfferedMethod::SepaDebit, is_offered: true, audience: Audience::new(&["DE".to_owned()], &[]).map_err(Refusal::Fields)? };
    payments::set_offer(&mut desk, &debits).await?;
    let terms = DebitTerms { creditor_id: Some(payments::creditor_id("DE98ZZZ09999999999")?), notice_days: 1 };
    payments::set_debit_terms(&mut desk, &terms).await?;
    desk.commit().await?;

    let ostwind = ostwind(&mut stage, &plans, &acts).await?;
    let nordlicht = nordlicht(&mut stage, &plans, &acts).await?;
    polder(&mut stage, &plans, &acts).await?;
    stage.go_to(acts.seats_added).await?;
    let one_more = ChangeRequest { quantity: Some(Decimal::from(5)), ..ChangeRequest::default() };
    stage.change(&nordlicht.owner, &nordlicht.customer_id, &nordlicht.subscription_id, one_more).await?;
    let supported = ChangeRequest { add_ons: Some(vec![(catalogue::SUPPORT.to_owned(), Decimal::ONE)]), ..ChangeRequest::default() };
    stage.change(&ostwind.owner, &ostwind.customer_id, &ostwind.subscription_id, supported).await?;
    stage.invite(&nordlicht.customer_id, "Jonas Weber", JONAS, Role::Billing).await?;
    let szikra = szikra(&mut stage, &plans, &acts).await?;
    // One person, two customers.
    stage.invite(&szikra, "Jonas Weber", JONAS, Role::Viewer).await?;
    Box::pin(bergzeit(&mut stage, &plans, &acts)).await?;
    canard(&mut stage, &plans, &acts).await?;
    purse(&stage, &ostwind).await?;
    stage.go_to(now).await?;
    stage.let_time_run().await?;

    while deliver::deliver_due(app, &Post::Nowhere).await? > 0 {}
    let sign_in = |email, customer, state| SignIn { email, password: PASSWORD, customer, state };
    Ok(SignIns {
        sign_ins: vec![
            sign_in(MIRA, "Nordlicht Software", "healthy"),
            sign_in(HEDDA, "Ostwind Logistik", "yearly"),
            sign_in(CLAIRE, "Atelier Canard", "trialing"),
            sign_in(SANNE, "Polder Robotics", "past_due"),
            sign_in(ESZTER, "Szikra Studio", "free"),
            sign_in(TOBIAS, "Bergzeit Verleih", "by_debit"),
            sign_in(JONAS, "Nordlicht Software and Szikra Studio", "two_customers"),
        ],
    })
}

/// When what happens. In order, on whatever day the demo is made.
struct Acts {
    opens: Instant,
    ostwind_starts: Instant,
    /// With the data that its builds replay.
    nordlicht_starts: Instant,
    polder_starts: Instant,
    seats_added: Instant,
    szikra_starts: Instant,
    /// By debit it pays, and what it owes is on its way.
    bergzeit_starts: Instant,
    canard_starts: Instant,
    now: Instant,
}

impl Acts {
    fn before(now: Instant, replay: &Replay) -> Result<Acts, Refusal> {
        let at =
            |day: chrono::NaiveDate, hour, minute| day.and_hms_opt(hour, minute, 0).map(|time| time.and_utc()).ok_or_else(|| Refusal::damaged("no such hour"));
        let ago = |days| now.date_naive() - TimeDelta::days(days);
        let first = replay.first().ok_or_else(|| Refusal::damaged("the demo's data is empty"))?.date_naive();
        // Three invoices were paid, the fourth fell due six days ago.
        let polder = ago(6).checked_sub_months(Months::new(3)).ok_or_else(|| Refusal::damaged("no such day"))?;
        // Announced for a day, and on its way for two: five days of banks are longer.
        let bergzeit = ago(3).checked_sub_months(Months::new(1)).ok_or_else(|| Refusal::damaged("no such day"))?;
        Ok(Acts {
            opens: at(ago(212), 8, 0)?,
            ostwind_starts: at(ago(205), 9, 30)?,
            nordlicht_starts: at(first, 7, 40)?,
            polder_starts: at(polder, 13, 5)?,
            seats_added: at(first + TimeDelta::days(75), 12, 20)?,
            szikra_starts: at(ago(60), 16, 45)?,
            bergzeit_starts: at(bergzeit, 10, 15)?,
            canard_starts: at(ago(9), 8, 10)?,
            now,
        })
    }

    /// A card's expiry: the month of a day, as it is typed.
    fn expiry(day: Instant) -> String {
        format!("{:02} / {:04}", day.month(), day.year())
    }
}

/// A customer who changes something on the way.
struct Subscribed {
    customer_id: String,
    subscription_id: String,
    owner: Actor,
}

/// Somebody who pays every month.
async fn nordlicht(stage: &mut Stage, plans: &Plans, acts: &Acts) -> Result<Subscribed, Refusal> {
    stage.go_to(acts.nordlicht_starts).await?;
    let details = Details {
        address_line1: Some("Praterstraße 58".into()),
        postal_code: Some("1020".into()),
        city: Some("Vienna".into()),
        tax_id: Some("ATU00000015".into()),
        purchase_order: Some("PO 7731".into()),
        invoice_emails: vec!["invoices@nordlicht.example".into()],
        ..details("Nordlicht Software", "Nordlicht Software GmbH", "AT", "Europe/Vienna")
    };
    let customer_id = customer(stage, details).await?;
    let mira = stage.invite(&customer_id, "Mira Lang", MIRA, Role::Owner).await?;
    stage.add_card(&mira, &customer_id, "4242 4242 4242 4242", &Acts::expiry(acts.now + TimeDelta::days(640)), "123").await?;
    // It expires at the end of next month, or of this.
    let backup = stage.add_card(&mira, &customer_id, "5555 5555 5555 4444", &Acts::expiry(acts.now + TimeDelta::days(30)), "123").await?;
    stage.make_backup(&customer_id, &backup).await?;
    let subscription_id = stage.subscribe(&customer_id, &plans.team, MONTH, 4, Some(0), Some(AnchorWish::Day(1))).await?;
    stage.measure(&customer_id, "nordlicht", Decimal::from(22), 0, (380, 1));
    Ok(Subscribed { customer_id, subscription_id, owner: mira })
}

/// A large company that pays by the year, in another country of the Union: no tax is charged, it owes it itself.
async fn ostwind(stage: &mut Stage, plans: &Plans, acts: &Acts) -> Result<Subscribed, Refusal> {
    stage.go_to(acts.ostwind_starts).await?;
    let details = Details {
        address_line1: Some("Am Sandtorkai 41".into()),
        postal_code: Some("20457".into()),
        city: Some("Hamburg".into()),
        tax_id: Some("DE000000011".into()),
        invoice_emails: vec!["rechnung@ostwind.example".into()],
        ..details("Ostwind Logistik", "Ostwind Logistik AG", "DE", "Europe/Berlin")
    };
    let customer_id = customer(stage, details).await?;
    let hedda = stage.invite(&customer_id, "Hedda Brandt", HEDDA, Role::Owner).await?;
    stage.add_card(&hedda, &customer_id, "3782 822463 10005", &Acts::expiry(acts.now + TimeDelta::days(900)), "1234").await?;
    let subscription_id = stage.subscribe(&customer_id, &plans.business, YEAR, 140, None, None).await?;
    stage.measure(&customer_id, "ostwind", Decimal::from(45), 8, (3_100, 8));
    Ok(Subscribed { customer_id, subscription_id, owner: hedda })
}

/// What the large company buys beside its plan: a workshop, a credit pack, an amount; and credit it is given, to be used soon.
async fn purse(stage: &Stage, of: &Subscribed) -> Result<(), Refusal> {
    stage.buy(&of.owner, &of.customer_id, What::Product { key: catalogue::WORKSHOP.to_owned() }).await?;
    stage.buy(&of.owner, &of.customer_id, What::Product { key: catalogue::PACK.to_owned() }).await?;
    stage.buy(&of.owner, &of.customer_id, What::TopUp { amount_minor: 25_000 }).await?;
    let mut desk = stage.desk().await?;
    let soon = desk.now.billing + TimeDelta::days(21);
    balance::grant(&mut desk, &of.customer_id, "EUR", 4_000, "For the slow queue on Tuesday", Some(soon)).await?;
    Ok(desk.commit().await?)
}

/// A company whose card has expired, so that its last invoice is open.
async fn polder(stage: &mut Stage, plans: &Plans, acts: &Acts) -> Result<(), Refusal> {
    stage.go_to(acts.polder_starts).await?;
    let details = Details {
        address_line1: Some("Oudegracht 112".into()),
        postal_code: Some("3511 AW".into()),
        city: Some("Utrecht".into()),
        ..details("Polder Robotics", "Polder Robotics B.V.", "NL", "Europe/Amsterdam")
    };
    let customer_id = customer(stage, details).await?;
    let sanne = stage.invite(&customer_id, "Sanne de Vries", SANNE, Role::Owner).await?;
    // Good to the end of the month of the invoice before the last.
    let last_good = acts.now - TimeDelta::days(6) - Months::new(1);
    stage.add_card(&sanne, &customer_id, "4242 4242 4242 4242", &Acts::expiry(last_good), "123").await?;
    stage.subscribe(&customer_id, &plans.team, MONTH, 6, Some(0), None).await?;
    stage.measure(&customer_id, "polder", Decimal::from(9), 4, (220, 2));
    Ok(())
}

/// A studio that pays nothing; its id.
async fn szikra(stage: &mut Stage, plans: &Plans, acts: &Acts) -> Result<String, Refusal> {
    stage.go_to(acts.szikra_starts).await?;
    let details = Details {
        address_line1: Some("Ráday utca 19".into()),
        postal_code: Some("1092".into()),
        city: Some("Budapest".into()),
        ..details("Szikra Studio", "Szikra Studio Kft.", "HU", "Europe/Budapest")
    };
    let customer_id = customer(stage, details).await?;
    stage.invite(&customer_id, "Eszter Nagy", ESZTER, Role::Owner).await?;
    stage.subscribe(&customer_id, &plans.free, MONTH, 1, None, None).await?;
    stage.measure(&customer_id, "szikra", Decimal::new(25, 2), 12, (12, 0));
    Ok(customer_id)
}

/// A hire shop that has its account debited.
async fn bergzeit(stage: &mut Stage, plans: &Plans, acts: &Acts) -> Result<(), Refusal> {
    stage.go_to(acts.bergzeit_starts).await?;
    let details = Details {
        address_line1: Some("Sendlinger Straße 28".into()),
        postal_code: Some("80331".into()),
        city: Some("Munich".into()),
        ..details("Bergzeit Verleih", "Bergzeit Verleih GmbH", "DE", "Europe/Berlin")
    };
    let customer_id = customer(stage, details).await?;
    let tobias = stage.invite(&customer_id, "Tobias Reiter", TOBIAS, Role::Owner).await?;
    stage.add_account(&tobias, &customer_id, "DE89 3704 0044 0532 0130 00").await?;
    stage.subscribe(&customer_id, &plans.team, MONTH, 2, Some(0), None).await?;
    stage.measure(&customer_id, "bergzeit", Decimal::from(11), 6, (90, 4));
    Ok(())
}

/// A company that tries Team, without a card so far, and with a code for newcomers.
async fn canard(stage: &mut Stage, plans: &Plans, acts: &Acts) -> Result<(), Refusal> {
    stage.go_to(acts.canard_starts).await?;
    let details = Details {
        address_line1: Some("14 rue de la Platière".into()),
        postal_code: Some("69001".into()),
        city: Some("Lyon".into()),
        ..details("Atelier Canard", "Atelier Canard SARL", "FR", "Europe/Paris")
    };
    let customer_id = customer(stage, details).await?;
    let claire = stage.invite(&customer_id, "Claire Moreau", CLAIRE, Role::Owner).await?;
    let subscription_id = stage.subscribe(&customer_id, &plans.team, MONTH, 3, None, None).await?;
    let welcome = ChangeRequest { promotion_code: Some("welcome 20".to_owned()), ..ChangeRequest::default() };
    stage.change(&claire, &customer_id, &subscription_id, welcome).await?;
    stage.measure(&customer_id, "canard", Decimal::from(14), 2, (64, 6));
    Ok(())
}

fn details(name: &str, legal_name: &str, country: &str, time_zone: &str) -> Details {
    Details {
        name: name.into(),
        legal_name: legal_name.into(),
        country: country.into(),
        time_zone: time_zone.into(),
        locale: "en".into(),
        ..Details::default()
    }
}

async fn customer(stage: &Stage, details: Details) -> Result<String, Refusal> {
    let currency = Currency::from_code("EUR").map_err(billing::Error::from)?;
    let mut desk = stage.desk().await?;
    let id = customers::create(&mut desk, &NewCustomer { external_id: None, details, tax_exempt: false, currency }).await?;
    desk.commit().await?;
    Ok(id)
}

/// The example of an Austrian IBAN.
fn account() -> NewBankAccount {
    NewBankAccount {
        currency: "EUR".into(),
        holder: "Kestrel Build GmbH".into(),
        iban: Some("AT61 1904 3002 3457 3201".into()),
        bic: Some("BKAUATWW".into()),
        ..NewBankAccount::default()
    }
}

/// The bird of the drawn pages.
const MARK: &str = "M1 5.2c4.6.2 7.6 1.7 9.3 4.5C11.6 6.3 15 3.1 21 2c-.6 4.2-2.8 7.2-6.5 8.9 1.5.2 2.9.1 4.4-.4-1.5 2.7-4 4.1-7.4 4.2L8.6 20.5l-.9-5.4C4.3 13.7 2 10.5 1 5.2z";

async fn kestrel(app: &App, opens: Instant) -> Result<Arc<Vendor>, Refusal> {
    let opens_ms = opens.timestamp_millis();
    let vendor = Vendor {
        id: app.ids.next("ven", app.clock.wall().timestamp_millis()),
        host: None,
        name: "Kestrel".into(),
        legal_name: "Kestrel Build GmbH".into(),
        address_line1: "Lindengasse 14".into(),
        address_line2: None,
        postal_code: "1070".into(),
        city: "Vienna".into(),
        country: "AT".into(),
        tax_id: Some("ATU00000006".into()),
        support_email: "billing@kestrel.example".into(),
        currency: "EUR".into(),
        time_zone: "Europe/Vienna".into(),
        locale: "en".into(),
        proration_by: "second".into(),
        proration_rounding: "half_up".into(),
        prices_include_tax: false,
        usage_grace_seconds: 0,
        payment_terms_days: 0,
        is_test: true,
        clock_at: Some(opens_ms),
        brand_colour: "#06637a".into(),
        brand_mark: Some(MARK.into()),
        created_at: opens_ms,
    };
    vendors::create(&app.db, &vendor).await?;
    app.reload_vendors().await?;
    Ok(Arc::new(vendor))
}
