//! The plan rests, goes on, ends and begins again, by the customer's own hand: priced first, confirmed by what was shown; and what the
//! customer may use meanwhile.

use billing::state::State;
use portico::services::settings::{self, Settings};
use portico::services::subscriptions::{self, Action, CancelRequest, When};
use portico::services::{balance, subscriptions as subs};
use serde_json::{Value, json};

use crate::nordlicht::Nordlicht;

impl Nordlicht {
    async fn lets_customers_pause(&self) {
        let mut desk = self.desk().await;
        settings::save(&mut desk, Settings { customers_may_pause: true, ..Settings::default() }).await.unwrap();
        desk.commit().await.unwrap();
    }

    /// Looks at a page and confirms exactly what it shows; the address it leads to.
    async fn confirms(&self, page: &str) -> String {
        let shown = self.browser().get(page).await;
        assert_eq!(shown.status, 200, "{page}: {}", shown.text);
        let (quote, when) = (shown.field("quote").expect("a price is held"), shown.field("when").unwrap_or_default());
        let when = if page.contains("period_end") { "period_end".to_owned() } else { when };
        let path = page.split('?').next().unwrap();
        let done = self.browser().post(path, &[("quote", &quote), ("when", &when)]).await;
        assert_eq!(done.status, 303, "{page}: {}", done.text);
        done.location().to_owned()
    }

    async fn balance(&self) -> i64 {
        balance::total(&mut self.desk().await, &self.id, "EUR").await.unwrap()
    }

    async fn entitlements(&self) -> Value {
        let program = self.world.program("subscriptions:read").await;
        program.get(&format!("/customers/{}/entitlements", self.id)).await.ok()
    }
}

#[tokio::test]
async fn a_pause_gives_back_what_is_left_and_its_end_charges_the_rest() {
    let at = Nordlicht::new().await;
    at.lets_customers_pause().await;
    let now = at.entitlements().await;
    assert_eq!(
        (&now["is_entitled"], &now["subscriptions"][0]["plan_key"], &now["subscriptions"][0]["quantity"], &now["subscriptions"][0]["status"]),
        (&json!(true), &json!("team"), &json!("2"), &json!("active"))
    );
    // 371 of March's 743 hours are left: 14.48 of the base, 8.99 of the seats.
    at.go_to("2026-03-16T12:00:00+01:00").await;
    at.sign_in().await;
    assert!(at.browser().get("/plan").await.text.contains("href=\"/plan/pause\""));
    let page = at.browser().get("/plan/pause").await;
    assert!(page.text.contains("team pauses now: <b>€23.47</b> goes to your balance."), "{}", page.text);
    assert!(page.text.contains("−14.48") && page.text.contains("−8.99"), "{}", page.text);
    assert!(at.confirms("/plan/pause").await.starts_with("/plan?did=paused"));
    assert_eq!((at.state().await, at.balance().await), (State::Paused, 2347));
    let now = at.entitlements().await;
    assert_eq!((&now["is_entitled"], &now["subscriptions"][0]["status"]), (&json!(false), &json!("paused")));

    // 275 hours are left: 10.73 and 6.66, from the balance.
    at.go_to("2026-03-20T12:00:00+01:00").await;
    at.sign_in().await;
    assert!(at.browser().get("/plan").await.text.contains("href=\"/plan/resume\""));
    let page = at.browser().get("/plan/resume").await;
    assert!(page.text.contains("team: pay <b>€0.00</b> today, then about <b>€40.92</b> on 1 April."), "{}", page.text);
    assert!(at.confirms("/plan/resume").await.starts_with("/plan?did=resumed&invoice="));
    assert_eq!((at.state().await, at.balance().await), (State::Active, 2347 - 1073 - 666));
    assert_eq!(at.entitlements().await["is_entitled"], json!(true));
    at.go_to("2026-04-01T02:00:00+02:00").await;
    assert_eq!(at.taken(), [4700, 4092]);
}

#[tokio::test]
async fn a_pause_of_the_next_period_is_planned_and_can_be_taken_back() {
    let at = Nordlicht::new().await;
    at.lets_customers_pause().await;
    assert_eq!(at.confirms("/plan/pause?when=period_end").await, "/plan?did=pause_planned");
    let plan = at.browser().get("/plan").await.text;
    assert!(plan.contains("team pauses on 1 April.") && !plan.contains("href=\"/plan/pause\""), "{plan}");
    assert_eq!(at.entitlements().await["subscriptions"][0]["until"], json!("2026-03-31T22:00:00Z"));
    assert_eq!(at.browser().post("/plan/undo", &[("what", "pause")]).await.location(), "/plan?did=kept");
    at.go_to("2026-04-01T02:00:00+02:00").await;
    assert_eq!((at.state().await, at.taken()), (State::Active, vec![4700, 4700]));

    at.sign_in().await;
    at.confirms("/plan/pause?when=period_end").await;
    // The worker is late; nobody uses an hour more for that.
    at.world.app.clock.set(crate::world::instant("2026-05-01T00:00:00+02:00"));
    assert_eq!(at.entitlements().await["is_entitled"], json!(false));
    at.go_to("2026-05-01T02:00:00+02:00").await;
    assert_eq!((at.state().await, at.taken()), (State::Paused, vec![4700, 4700]));
}

#[tokio::test]
async fn who_may_not_pause_is_not_offered_it() {
    let at = Nordlicht::new().await;
    assert!(!at.browser().get("/plan").await.text.contains("/plan/pause"));
    assert_eq!(at.browser().get("/plan/pause").await.status, 404);
    at.lets_customers_pause().await;
    let quote = at.browser().get("/plan/pause").await.field("quote").unwrap();
    let program = at.world.program("settings:read,settings:write").await;
    let settings = program.patch("/settings", json!({ "customers_may_pause": false })).await.ok();
    assert_eq!(
        settings,
        json!({ "customers_may_pause": false, "customers_may_choose_interval": true, "customers_may_choose_billing_day": false, "customers_may_cap_spend": false,
            "renewal_notice_days_year": 30, "renewal_notice_days_shorter": 7 })
    );
    assert_eq!(program.get("/settings").await.ok(), settings);
    // A price held from before does not help.
    assert_eq!(at.browser().post("/plan/pause", &[("quote", &quote)]).await.status, 404);
    assert_eq!(at.state().await, State::Active);
    assert_eq!(at.events("settings.changed").await, 2);
}

#[tokio::test]
async fn a_plan_that_ended_starts_again_with_a_period_of_its_own_once_it_is_paid() {
    let at = Nordlicht::new().await;
    let mut desk = at.desk().await;
    let cancel = CancelRequest { when: When::PeriodEnd, unused: billing::subscription::Unused::Kept, reason: None, comment: None };
    subscriptions::act(&mut desk, &at.id, &at.subscription, &Action::Cancel(cancel)).await.unwrap();
    desk.commit().await.unwrap();
    assert_eq!(at.entitlements().await["subscriptions"][0]["until"], json!("2026-03-31T22:00:00Z"));
    at.go_to("2026-04-10T09:00:00+02:00").await;
    at.sign_in().await;
    assert_eq!(at.entitlements().await["subscriptions"], json!([]));
    // It is over: nothing is left to take back.
    assert!(!at.browser().get("/plan").await.text.contains("action=\"/plan/undo\""));
    assert_eq!(at.browser().get("/plan/resume").await.location(), "/plan");
    let page = at.browser().get("/plan/reactivate").await;
    assert!(page.text.contains("team: pay <b>€47.00</b> today, then about <b>€47.00</b> on 10 May."), "{}", page.text);

    // Six minutes later a code is asked for, and without it nothing happens.
    at.world.wait(chrono::Duration::minutes(6));
    let quote = page.field("quote").unwrap();
    let asked = at.browser().post("/plan/reactivate", &[("quote", &quote)]).await;
    assert_eq!((asked.status, asked.field("quote").as_ref()), (422, Some(&quote)), "{}", asked.text);
    assert_eq!(at.taken(), [4700]);
    let code = at.world.code(&at.mira).await;
    let done = at.browser().post("/plan/reactivate", &[("quote", &quote), ("code", &code)]).await;
    assert!(done.location().starts_with("/plan?did=reactivated&invoice="), "{}", done.text);
    assert_eq!((at.state().await, at.taken()), (State::Active, vec![4700, 4700]));
    let s = subs::load(&mut at.desk().await, &at.subscription).await.unwrap();
    assert_eq!(s.cycle.unwrap().whole.end, crate::world::instant("2026-05-10T09:00:00+02:00"));
}
