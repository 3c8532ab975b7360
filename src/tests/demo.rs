//! The demo: what `portico demo` leaves behind, on whatever day it is made.

use billing::calendar::Period;
use billing::state::State;
use chrono::Duration;
use portico::demo::{self, SignIn, SignIns};
use portico::identity::people;
use portico::services::invoices::{self, Status, Summary};
use portico::services::payments::{self, DeclineReason};
use portico::services::subscriptions::{self, Subscription};
use portico::services::{customers, ledger, usage};
use portico::worker::bill;

use crate::world::{Persona, World};

const NOW: &str = "2026-11-21T12:46:00Z";

impl World {
    async fn customer_of(&self, email: &str) -> String {
        let mut desk = self.desk().await;
        let members: Vec<(String,)> = desk
            .tx
            .all(
                "SELECT m.customer_id FROM members m JOIN identities i ON i.vendor_id = m.vendor_id AND i.id = m.identity_id WHERE m.vendor_id = $1 AND i.email = $2 ORDER BY m.created_at",
                (self.vendor.id.clone(), email.to_owned()),
            )
            .await
            .unwrap();
        members[0].0.clone()
    }

    async fn subscription_of(&self, email: &str) -> Subscription {
        let customer = self.customer_of(email).await;
        subscriptions::current(&mut self.desk().await, &customer).await.unwrap().unwrap()
    }

    /// Documents, the oldest first.
    async fn invoices_of(&self, email: &str) -> Vec<Summary> {
        let customer = self.customer_of(email).await;
        let mut list = invoices::list(&mut self.desk().await, &customer, 100).await.unwrap();
        list.reverse();
        list
    }

    async fn demo_signs_in(&self, who: &SignIn) -> Persona {
        let browser = self.visitor();
        let page = browser.post("/sign-in", &[("email", who.email), ("password", who.password)]).await;
        assert_eq!((page.status, page.location()), (303, "/sign-in/code"), "{}", page.text);
        let code = people::demo_code(&self.app, &self.vendor, who.email).await.unwrap().expect("no code need be waited for");
        let page = browser.post("/sign-in/code", &[("code", &code)]).await;
        assert_eq!(page.status, 303, "{}", page.text);
        browser
    }
}

fn of<'a>(demo: &'a SignIns, state: &str) -> &'a SignIn {
    demo.sign_ins.iter().find(|sign_in| sign_in.state == state).unwrap()
}

#[tokio::test]
async fn the_healthy_customer_has_paid_at_least_five_invoices_for_real_usage() {
    let (world, demo) = World::with_demo(NOW).await;
    let healthy = &demo.sign_ins[0];
    assert_eq!(healthy.state, "healthy");
    let invoices = world.invoices_of(healthy.email).await;
    let paid: Vec<&Summary> = invoices.iter().filter(|invoice| invoice.status() == Status::Paid && invoice.total_minor > 0).collect();
    assert!(paid.len() >= 5, "{invoices:#?}");
    assert_eq!(invoices.len(), paid.len());
    assert_eq!(invoices.iter().filter(|invoice| invoice.reason == "change").count(), 1);
    // July: 511 commits of 22 minutes; Team with four seats: 29.00 + 9.00 + 9,000 × 0.8 ct + 1,242 × 0.5 ct, and a fifth of it as tax.
    let july = &invoices[2];
    assert_eq!((july.issued().to_rfc3339(), july.total_minor), ("2026-07-31T22:00:00+00:00".to_owned(), 13_945));
    // Settled by a payment the moment they were issued, each for all of it.
    let mut desk = world.desk().await;
    for invoice in &invoices {
        let payments = payments::of_invoice(&mut desk, &invoice.id).await.unwrap();
        let is_change = invoice.reason == "change";
        assert_eq!(payments.iter().map(|payment| payment.amount_minor).sum::<i64>(), if is_change { 0 } else { invoice.total_minor });
        assert_eq!(invoice.settled_at, Some(invoice.issued_at));
    }
}

#[tokio::test]
async fn each_customer_is_in_the_state_its_sign_in_says() {
    let (world, demo) = World::with_demo(NOW).await;
    let mut states = Vec::new();
    for sign_in in &demo.sign_ins {
        let subscription = world.subscription_of(sign_in.email).await;
        states.push((sign_in.state, subscription.state, subscription.plan_name().to_owned(), subscription.terms.quantity.to_string()));
    }
    let expected = [
        ("healthy", State::Active, "Team", "5"),
        ("yearly", State::Active, "Business", "140"),
        ("trialing", State::Trialing, "Team", "3"),
        ("past_due", State::PastDue, "Team", "6"),
        ("free", State::Active, "Free", "1"),
        ("by_debit", State::Active, "Team", "2"),
        ("two_customers", State::Active, "Team", "5"),
    ];
    assert_eq!(states, expected.map(|(state, is, plan, seats)| (state, is, plan.to_owned(), seats.to_owned())));

    let past_due = world.invoices_of(of(&demo, "past_due").email).await;
    let (last, before) = past_due.split_last().unwrap();
    assert_eq!(last.status(), Status::Open);
    assert!(before.iter().all(|invoice| invoice.status() == Status::Paid));
    let by_debit = world.invoices_of(of(&demo, "by_debit").email).await;
    let mut desk = world.desk().await;
    let tried = payments::of_invoice(&mut desk, &last.id).await.unwrap();
    assert_eq!(tried.into_iter().map(|payment| payment.status).collect::<Vec<_>>(), [payments::Status::Declined(DeclineReason::ExpiredCard)]);
    let on_its_way = payments::of_invoice(&mut desk, &by_debit.last().unwrap().id).await.unwrap().remove(0);
    assert!(on_its_way.status == payments::Status::Processing && on_its_way.wait_until.is_some(), "{on_its_way:?}");
    // SQLite has one writer.
    drop(desk);

    // 990.00 and 130 seats at 120.00, taxed by whoever receives it.
    assert_eq!(world.invoices_of(of(&demo, "yearly").email).await[0].total_minor, 1_659_000);
    let trial = world.subscription_of(of(&demo, "trialing").email).await;
    assert_eq!((trial.trial_end_at.unwrap() - world.now()).num_days(), 4);
}

#[tokio::test]
async fn the_books_balance_and_nothing_is_left_to_do() {
    let (world, _) = World::with_demo(NOW).await;
    let mut desk = world.desk().await;
    for (currency, accounts) in ledger::sums(&mut desk).await.unwrap() {
        assert_eq!(accounts.values().sum::<i64>(), 0, "{currency}");
    }
    let (left,): (i64,) = desk.tx.one("SELECT COUNT(*) FROM outbox WHERE vendor_id = $1 AND done_at IS NULL", (world.vendor.id.clone(),)).await.unwrap();
    let (sessions,): (i64,) = desk.tx.one("SELECT COUNT(*) FROM sessions WHERE vendor_id = $1", (world.vendor.id.clone(),)).await.unwrap();
    let (ahead,): (i64,) = desk
        .tx
        .one("SELECT COUNT(*) FROM usage_events WHERE vendor_id = $1 AND happened_at > $2", (world.vendor.id.clone(), world.now().timestamp_millis()))
        .await
        .unwrap();
    assert_eq!((left, sessions, ahead), (0, 0, 0));
    drop(desk);
    // The sandbox lives by the wall's clock from here on: nothing was left behind, and the next month comes by itself.
    assert_eq!(world.vendor.clock_at, None);
    assert_eq!(bill::bill(&world.app, &world.vendor, world.now()).await.unwrap().issued, 0);
    world.wait(Duration::days(10));
    assert!(bill::bill(&world.app, &world.vendor, world.now()).await.unwrap().issued > 0);
}

#[tokio::test]
async fn everybody_of_it_can_sign_in_at_once() {
    let (world, demo) = World::with_demo(NOW).await;
    for who in &demo.sign_ins {
        let page = world.demo_signs_in(who).await.get("/").await;
        assert_eq!(page.status, 200, "{}", who.email);
    }
    let jonas = world.customer_of(of(&demo, "two_customers").email).await;
    let mut desk = world.desk().await;
    let members = customers::members_of(&mut desk, &jonas).await.unwrap();
    let memberships = customers::memberships_of(&mut desk, &members.last().unwrap().identity_id).await.unwrap();
    let names: Vec<_> = memberships.iter().map(|member| member.customer_name.as_str()).collect();
    assert_eq!(names, ["Nordlicht Software", "Szikra Studio"]);
}

#[tokio::test]
async fn it_fills_an_empty_database_only() {
    let (world, _) = World::with_demo(NOW).await;
    let refusal = demo::fill(&world.app).await.unwrap_err().to_string();
    assert!(refusal.contains("has a vendor already: Kestrel") && !refusal.contains('\n'), "{refusal}");
    assert_eq!(world.app.vendors().len(), 1);
}

#[tokio::test]
async fn it_can_be_made_on_any_day() {
    // The first and last of months and years, a leap day, the hours the clocks change.
    for now in ["2026-12-31T23:30:00Z", "2027-01-01T00:00:00Z", "2027-03-28T01:30:00Z", "2027-10-31T01:30:00Z", "2028-02-29T12:00:00Z", "2027-05-31T08:00:00Z"]
    {
        let (world, demo) = World::with_demo(now).await;
        let paid = world.invoices_of(demo.sign_ins[0].email).await.iter().filter(|invoice| invoice.status() == Status::Paid).count();
        assert!(paid >= 5, "{now}: {paid} invoices");
        assert_eq!(world.subscription_of(of(&demo, "past_due").email).await.state, State::PastDue, "{now}");
        assert_eq!(world.subscription_of(of(&demo, "trialing").email).await.state, State::Trialing, "{now}");
        let customer = world.customer_of(demo.sign_ins[0].email).await;
        let mut desk = world.desk().await;
        let minutes = usage::meters(&mut desk).await.unwrap().remove(0);
        let recent = usage::of_period(&mut desk, &customer, &minutes, Period { start: world.now() - Duration::days(30), end: world.now() }).await.unwrap();
        assert!(recent > 5_000.into(), "{now}: {recent} minutes in thirty days");
    }
}
