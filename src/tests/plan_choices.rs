//! What else a customer chooses on the plan's pages: add-ons, and the day their periods begin. Priced first, confirmed by what was shown.

use billing::calendar::{Interval, Unit};
use billing::price::{Model, Price};
use billing::state::State;
use billing::subscription::AddOnTerms;
use portico::services::catalog;
use portico::services::settings::{self, Settings};
use portico::services::subscriptions;
use rust_decimal::Decimal;
use serde_json::json;

use crate::billing::price;
use crate::nordlicht::Nordlicht;
use crate::world::instant;

impl Nordlicht {
    /// Support is €10.00, machines are €5.00 each, a month.
    async fn sells_add_ons(&self) {
        let mut desk = self.desk().await;
        for (key, name, model) in [
            ("support", "Priority support", Model::Flat { amount_minor: 1_000 }),
            ("machines", "Build machine", Model::PerUnit { unit_amount: Decimal::from(500) }),
        ] {
            let price = Price { name: String::new(), ..price(key, model, None) };
            let interval = Interval { unit: Unit::Month, count: 1 };
            let terms = AddOnTerms { key: key.into(), name: name.into(), interval, prices: vec![price], quantity: Decimal::ONE };
            catalog::create_add_on(&mut desk, &terms).await.unwrap();
        }
        desk.commit().await.unwrap();
    }

    async fn lets_customers_choose_the_day(&self) {
        let mut desk = self.desk().await;
        settings::save(&mut desk, Settings { customers_may_choose_billing_day: true, ..Settings::default() }).await.unwrap();
        desk.commit().await.unwrap();
    }

    /// Looks at a page, reads its sentence, and confirms exactly what it shows; where that leads.
    async fn chooses(&self, page: &str, says: &str, fields: &[&str]) -> String {
        let shown = self.browser().get(page).await;
        assert_eq!(shown.status, 200, "{page}: {}", shown.text);
        assert!(shown.text.contains(says), "{page}: {}", shown.text);
        let confirm = &shown.text[shown.text.find("class=\"confirm\"").unwrap()..];
        let value = |name: &str| {
            let tag = confirm.split("<input").find(|tag| tag.contains(&format!("name=\"{name}\""))).unwrap_or_else(|| panic!("{page} has no {name}"));
            tag.split("value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
        };
        let form: Vec<(&str, String)> = fields.iter().chain(&["quote", "when"]).map(|name| (*name, value(name))).collect();
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let done = self.browser().post(page.split('?').next().unwrap(), &form).await;
        assert_eq!(done.status, 303, "{page}: {}", done.text);
        done.location().to_owned()
    }
}

#[tokio::test]
async fn an_add_on_is_taken_changed_in_number_and_given_up() {
    const FIELDS: &[&str] = &["add_on", "quantity"];
    let at = Nordlicht::new().await;
    assert!(!at.browser().get("/plan").await.text.contains("Add-ons"), "there are none to speak of");
    at.sells_add_ons().await;
    at.go_to("2026-03-16T12:00:00+01:00").await;
    at.sign_in().await;
    let plan = at.browser().get("/plan").await.text;
    assert!(plan.contains("Priority support") && plan.contains("€10.00 a month") && plan.contains("href=\"/plan/add-on?add_on=support\""), "{plan}");

    // 371 of March's 743 hours are left.
    let did = at.chooses("/plan/add-on?add_on=support", "Priority support: pay <b>€4.99</b> today, then about <b>€57.00</b> on 1 April.", FIELDS).await;
    assert!(did.starts_with("/plan?did=changed&invoice="), "{did}");
    at.chooses("/plan/add-on?add_on=machines&quantity=3", "3 × Build machine: pay <b>€7.49</b> today, then about <b>€72.00</b> on 1 April.", FIELDS).await;
    assert_eq!(at.taken(), [4700, 499, 749]);
    assert!(at.browser().get("/").await.text.contains("With Priority support"));
    let program = at.world.program("subscriptions:read").await;
    let entitled = program.get(&format!("/customers/{}/entitlements", at.id)).await.ok();
    assert_eq!(entitled["subscriptions"][0]["add_ons"], json!([{ "key": "support", "quantity": "1" }, { "key": "machines", "quantity": "3" }]));

    // One machine fewer gives 2.50 back; support goes with the period. It ends there, and only it.
    at.chooses("/plan/add-on?add_on=machines&quantity=2", "2 × Build machine: nothing to pay today, <b>€2.50</b> goes to your balance.", FIELDS).await;
    let did =
        at.chooses("/plan/add-on?add_on=support&quantity=0&when=period_end", "Without Priority support from 1 April: <b>nothing to pay now.</b>", FIELDS).await;
    assert_eq!(did, "/plan?did=planned");
    at.go_to("2026-04-01T02:00:00+02:00").await;
    // 47.00 and two machines, less the balance.
    assert_eq!(at.taken(), [4700, 499, 749, 4700 + 1000 - 250]);
    let s = subscriptions::load(&mut at.desk().await, &at.subscription).await.unwrap();
    assert_eq!(s.terms.add_ons.iter().map(|add_on| (add_on.key.as_str(), add_on.quantity)).collect::<Vec<_>>(), [("machines", Decimal::from(2))]);
}

#[tokio::test]
async fn an_add_on_by_the_year_is_paid_by_the_year_beside_a_plan_by_the_month() {
    const FIELDS: &[&str] = &["add_on", "quantity"];
    let at = Nordlicht::new().await;
    let program = at.world.program("plans:write").await;
    let price = json!({ "key": "listing", "name": "Listing", "model": "flat", "amount_minor": 12_000 });
    let listing = json!({ "key": "listing", "name": "Listing", "interval": { "unit": "year", "count": 1 }, "prices": [price] });
    program.post("/add-ons", listing).await.ok();
    at.go_to("2026-03-16T12:00:00+01:00").await;
    at.sign_in().await;
    assert!(at.browser().get("/plan").await.text.contains("€120.00 a year"));
    // 8388 of the 8760 hours of the year from 1 March.
    at.chooses("/plan/add-on?add_on=listing", "Listing: pay <b>€114.90</b> today, then about <b>€47.00</b> on 1 April.", FIELDS).await;
    assert_eq!(at.taken(), [4700, 11490]);
    // The months do not charge it again; given up, 7645 of its 8388 hours go back.
    at.go_to("2026-04-16T12:00:00+02:00").await;
    at.sign_in().await;
    assert_eq!(at.taken(), [4700, 11490, 4700]);
    let says = "Without Listing: nothing to pay today, <b>€104.72</b> goes to your balance.";
    assert!(at.chooses("/plan/add-on?add_on=listing&quantity=0", says, FIELDS).await.starts_with("/plan?did=changed"));
}

#[tokio::test]
async fn how_many_cannot_be_is_said_at_the_field() {
    let at = Nordlicht::new().await;
    at.sells_add_ons().await;
    for (page, shown) in [("add_on=machines&quantity=many", "many"), ("add_on=machines&quantity=-1", "-1"), ("add_on=support&quantity=2", "2")] {
        let answer = at.browser().get(&format!("/plan/add-on?{page}")).await;
        assert_eq!((answer.status, answer.field("quantity").as_deref(), answer.field("quote")), (422, Some(shown), None), "{page}");
        assert!(answer.text.contains("id=\"quantity-error\""), "{page}");
    }
    // What is not for sale leads back.
    assert_eq!(at.browser().get("/plan/add-on?add_on=gold").await.location(), "/plan");
}

#[tokio::test]
async fn an_add_on_is_made_listed_and_retired_by_a_program() {
    let at = Nordlicht::new().await;
    let program = at.world.program("plans:read,plans:write").await;
    let price = json!({ "key": "support", "name": "Support", "model": "flat", "amount_minor": 1000 });
    let made = program.post("/add-ons", json!({ "key": "support", "name": "Priority support", "prices": [price] })).await.ok();
    assert_eq!((&made["interval"], &made["prices"][0]["amount_minor"]), (&json!({ "unit": "month", "count": 1 }), &json!(1000)));
    let yearly = json!({ "key": "support", "name": "Priority support", "interval": { "unit": "year", "count": 1 }, "prices": [price] });
    let yearly = program.post("/add-ons", yearly.clone()).await.ok();
    assert_eq!(program.post("/add-ons", json!({ "key": "support", "name": "Again", "prices": [price] })).await.status(), 409);
    assert_eq!(program.post("/add-ons", json!({ "key": "empty", "name": "Empty", "prices": [] })).await.problem(), (422, "fields", "/prices"));
    assert_eq!(program.get("/add-ons").await.ok()["data"], json!([made, yearly]));
    assert!(at.browser().get("/plan").await.text.contains("Priority support"));
    let path = format!("/add-ons/{}", made["id"].as_str().unwrap());
    assert!(at.browser().get("/plan").await.text.contains("€10.00 a month"));
    assert!(program.post(&format!("{path}/retire"), json!({})).await.ok()["retired_at"].is_string());
    // By the year it is still to be had, beside a plan by the month.
    assert!(at.browser().get("/plan").await.text.contains("€10.00 a year"));
    let path = format!("/add-ons/{}", yearly["id"].as_str().unwrap());
    assert!(program.post(&format!("{path}/retire"), json!({})).await.ok()["retired_at"].is_string());
    assert!(!at.browser().get("/plan").await.text.contains("Priority support"));
}

#[tokio::test]
async fn another_billing_day_gives_back_the_rest_and_charges_the_days_until_then() {
    let at = Nordlicht::new().await;
    at.lets_customers_choose_the_day().await;
    at.go_to("2026-03-16T12:00:00+01:00").await;
    at.sign_in().await;
    assert!(at.browser().get("/plan").await.text.contains("href=\"/plan/billing-day\""));
    // Back: 14.48 and 8.99. To 20 March: 84 of the 672 hours since 20 February, 3.63 and 2.25.
    let says = "Nothing to pay today, <b>€17.59</b> goes to your balance. Then about <b>€29.41</b> on 20 March";
    let did = at.chooses("/plan/billing-day?day=20", says, &["day"]).await;
    assert!(did.starts_with("/plan?did=changed"), "{did}");
    at.go_to("2026-03-20T02:00:00+01:00").await;
    assert_eq!(at.taken(), [4700, 4700 - 1759]);
    at.go_to("2026-04-20T02:00:00+02:00").await;
    assert_eq!((at.taken(), at.state().await), (vec![4700, 2941, 4700], State::Active));
}

#[tokio::test]
async fn with_the_next_period_only_the_days_until_the_new_one_are_charged() {
    let at = Nordlicht::new().await;
    at.lets_customers_choose_the_day().await;
    let says = "This period runs to 1 April. Then you pay the days to your new billing day: <b>nothing to pay now.</b>";
    assert_eq!(at.chooses("/plan/billing-day?day=5&when=period_end", says, &["day"]).await, "/plan?did=planned");
    // 96 of the 743 hours from 5 March to 5 April: 3.75 and 2.33.
    let next = at.browser().get("/plan").await.text;
    assert!(next.contains("<b>€6.08</b>"), "{next}");
    at.go_to("2026-04-01T02:00:00+02:00").await;
    at.go_to("2026-04-05T02:00:00+02:00").await;
    assert_eq!(at.taken(), [4700, 608, 4700]);
    let s = subscriptions::load(&mut at.desk().await, &at.subscription).await.unwrap();
    assert_eq!(s.cycle.unwrap().whole.end, instant("2026-05-05T00:00:00+02:00"));
}

#[tokio::test]
async fn a_day_that_is_none_is_said_at_its_field_and_who_may_not_choose_is_not_asked() {
    let at = Nordlicht::new().await;
    assert_eq!(at.browser().get("/plan/billing-day").await.status, 404);
    assert!(!at.browser().get("/plan").await.text.contains("/plan/billing-day"));
    at.lets_customers_choose_the_day().await;
    for typed in ["0", "32", "x"] {
        let page = at.browser().get(&format!("/plan/billing-day?day={typed}")).await;
        assert_eq!((page.status, page.field("day").as_deref(), page.field("quote")), (422, Some(typed), None));
    }
}
