//! Promotion codes: typed by a customer, priced before they count, refused with the reason, never more often than their limit.

use billing::discount::{Coupon, Duration, Off};
use billing::money::Currency;
use portico::services::catalog::{self, NewPromotionCode};
use portico::services::payments::Errand;
use portico::services::quotes::{self, Confirmed};
use portico::services::subscriptions::{self, Action, ChangeRequest};
use portico::services::{Actor, Refusal, invoices};
use portico::worker::bill;
use rust_decimal::Decimal;

use crate::billing::{catalogue, to_team};
use crate::nordlicht::{Nordlicht, add_card};
use crate::world::{World, instant};

fn percent(key: &str, percent: i64, duration: Duration) -> Coupon {
    Coupon { key: key.into(), off: Off::Percent(Decimal::from(percent)), duration }
}

fn code(code: &str, coupon_id: &str) -> NewPromotionCode {
    NewPromotionCode {
        code: code.into(),
        coupon_id: coupon_id.into(),
        max_redemptions: None,
        is_first_time_only: false,
        customer_id: None,
        plan_ids: None,
        expires_at: None,
    }
}

impl World {
    /// A code with a coupon of the same name.
    async fn promotion(&self, coupon: Coupon, new: impl FnOnce(NewPromotionCode) -> NewPromotionCode) -> String {
        let mut desk = self.desk().await;
        let key = coupon.key.clone();
        let coupon_id = catalog::create_coupon(&mut desk, &coupon, None).await.unwrap();
        let id = catalog::create_promotion_code(&mut desk, &new(code(&key, &coupon_id))).await.unwrap();
        desk.commit().await.unwrap();
        id
    }

    async fn redemptions(&self, promotion_id: &str) -> i64 {
        catalog::promotion_code(&mut self.desk().await, promotion_id).await.unwrap().redemptions
    }
}

impl Nordlicht {
    /// Totals of the invoices, the first first.
    async fn totals(&self) -> Vec<i64> {
        let mut list = invoices::list(&mut self.desk().await, &self.id, 100).await.unwrap();
        list.reverse();
        list.iter().map(|invoice| invoice.total_minor).collect()
    }
}

#[tokio::test]
async fn a_typed_code_is_priced_used_shown_and_ends_when_it_was_said_to() {
    let at = Nordlicht::new().await;
    let spring = at.world.promotion(percent("SPRING-20", 20, Duration::Repeating { months: 3 }), |new| new).await;
    // However it is typed. Nothing is invoiced now; April comes to 47.00 less a fifth.
    let page = at.browser().get("/plan/change?promotion_code=+spring20").await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains("the next invoice on 1 April comes to <b>€37.60</b> instead of €47.00"), "{}", page.text);
    assert!(page.text.contains("20 % off, for 3 months from your next invoice."), "{}", page.text);
    let form: Vec<(&str, String)> =
        ["quote", "plan", "interval", "seats", "when", "promotion_code"].map(|name| (name, page.field(name).unwrap())).into_iter().collect();
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let done = at.browser().post("/plan/change", &form).await;
    assert_eq!((done.status, done.location()), (303, "/plan?did=changed"), "{}", done.text);
    // Pressed twice, it is the same.
    assert_eq!(at.browser().post("/plan/change", &form).await.status, 303);
    assert_eq!(at.world.redemptions(&spring).await, 1);

    let plan = at.browser().get("/plan").await.text;
    assert!(plan.contains("20 % off") && plan.contains("SPRING-20, for 3 months from your next invoice") && plan.contains("−€9.40"), "{plan}");
    assert!(at.browser().get("/").await.text.contains("20 % off, for 3 months from your next invoice"));
    for month in ["2026-04-01", "2026-05-01", "2026-06-01", "2026-07-01"] {
        at.go_to(&format!("{month}T02:00:00+02:00")).await;
    }
    assert_eq!(at.totals().await, [4700, 3760, 3760, 3760, 4700]);
    at.sign_in().await;
    assert!(!at.browser().get("/plan").await.text.contains("SPRING-20"));
    // It works once, whatever has become of it.
    let page = at.browser().get("/plan/change?promotion_code=SPRING-20").await;
    assert_eq!(page.status, 422);
    assert!(page.text.contains("You have used the code “SPRING-20” before. It works once."), "{}", page.text);
}

#[tokio::test]
async fn what_it_takes_off_until_when_is_told_while_it_does() {
    let at = Nordlicht::new().await;
    at.world.promotion(percent("SPRING", 20, Duration::Repeating { months: 3 }), |new| new).await;
    let page = at.browser().get("/plan/change?promotion_code=SPRING").await;
    at.browser().post("/plan/change", &[("quote", &page.field("quote").unwrap()), ("promotion_code", "SPRING")]).await;
    at.go_to("2026-05-01T02:00:00+02:00").await;
    at.sign_in().await;
    for path in ["/", "/plan"] {
        assert!(at.browser().get(path).await.text.contains("until 30 June 2026"), "{path}");
    }
}

#[tokio::test]
async fn every_refusal_says_why_and_nothing_changes() {
    let at = Nordlicht::new().await;
    let world = &at.world;
    let stranger = world.customer("Stranger").await;
    let ten = |key: &str| percent(key, 10, Duration::Forever);
    world.promotion(ten("OVER"), |new| NewPromotionCode { expires_at: Some(instant("2026-03-01T00:00:00Z")), ..new }).await;
    world.promotion(ten("THEIRS"), |new| NewPromotionCode { customer_id: Some(stranger), ..new }).await;
    world.promotion(ten("NEWCOMER"), |new| NewPromotionCode { is_first_time_only: true, ..new }).await;
    let retired = world.promotion(ten("GONE"), |new| new).await;
    let business = catalog::plan_by_key(&mut at.desk().await, "business").await.unwrap().unwrap().id;
    world.promotion(ten("BIGGER"), |new| NewPromotionCode { plan_ids: Some(vec![business]), ..new }).await;
    let francs = Off::Amount { amount_minor: 500, currency: Currency::from_code("CHF").unwrap() };
    world.promotion(Coupon { key: "FRANCS".into(), off: francs, duration: Duration::Once }, |new| new).await;
    let used_up = world.promotion(ten("ONLYONE"), |new| NewPromotionCode { max_redemptions: Some(1), ..new }).await;
    let mut desk = at.desk().await;
    catalog::retire_promotion_code(&mut desk, &retired).await.unwrap();
    let promotion = catalog::promotion_code(&mut desk, &used_up).await.unwrap();
    let coupon = catalog::find_coupon(&mut desk, &promotion.coupon_id).await.unwrap();
    catalog::redeem(&mut desk, &catalog::Redemption { coupon, promotion: Some(promotion) }).await.unwrap();
    desk.commit().await.unwrap();
    at.go_to("2026-03-02T12:00:00+01:00").await;
    at.sign_in().await;
    for (typed, said) in [
        ("OVER", "The code “OVER” has expired."),
        ("theirs", "There is no promotion code “theirs”."),
        ("NEWCOMER", "is for new customers, before their first invoice"),
        ("GONE", "The code “GONE” is no longer given out."),
        ("BIGGER", "The code “BIGGER” is not for team."),
        ("FRANCS", "takes off an amount in CHF, and you pay in EUR"),
        ("ONLYONE", "has been used as often as it may be"),
        ("NOSUCH", "There is no promotion code “NOSUCH”. Check how it is spelled."),
    ] {
        let page = at.browser().get(&format!("/plan/change?promotion_code={typed}")).await;
        assert_eq!(page.status, 422, "{typed}");
        assert!(page.text.contains(said), "{typed}: {}", page.text);
        assert!(page.text.contains("id=\"promotion_code-error\""), "{typed}");
        assert_eq!((page.field("promotion_code").as_deref(), page.field("quote")), (Some(typed), None));
    }
    // With the plan it is for, it is taken.
    let page = at.browser().get("/plan/change?promotion_code=BIGGER&plan=business").await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.field("quote").is_some());
}

#[tokio::test]
async fn guessing_gets_slower_and_the_right_code_waits_too() {
    let at = Nordlicht::new().await;
    at.world.promotion(percent("RIGHT", 10, Duration::Forever), |new| new).await;
    for n in 1..=5 {
        // A right one between does not forgive the wrong ones.
        let right = at.browser().get("/plan/change?promotion_code=RIGHT").await;
        assert_eq!(right.status, 200, "{n}");
        let wrong = at.browser().get(&format!("/plan/change?promotion_code=WRONG{n}")).await;
        assert!(wrong.text.contains("There is no promotion code"), "{n}");
    }
    let page = at.browser().get("/plan/change?promotion_code=RIGHT").await;
    assert_eq!(page.status, 422);
    assert!(page.text.contains("too many wrong attempts"), "{}", page.text);
    at.world.wait(chrono::Duration::seconds(31));
    assert_eq!(at.browser().get("/plan/change?promotion_code=RIGHT").await.status, 200);
}

#[tokio::test]
async fn of_fifty_at_once_as_many_redeem_as_may_and_nobody_else_pays() {
    const MOST: usize = 7;
    let (world, bank) = World::scripted("2026-03-01T00:00:00+01:00").await;
    let (team, _) = catalogue(&world).await;
    let promotion = world.promotion(percent("RUSH", 10, Duration::Forever), |new| NewPromotionCode { max_redemptions: Some(7), ..new }).await;
    let mut quoted = Vec::new();
    let action = Action::Change(ChangeRequest { quantity: Some(Decimal::from(3)), promotion_code: Some("rush".into()), ..ChangeRequest::default() });
    for n in 0..50 {
        let customer = world.customer(&format!("Customer {n}")).await;
        add_card(&world, &customer).await;
        let mut desk = world.desk().await;
        let subscription = subscriptions::start(&mut desk, &to_team(&customer, &team)).await.unwrap().subscription_id;
        desk.commit().await.unwrap();
        quoted.push((customer, subscription));
    }
    bill::bill(&world.app, &world.vendor, world.now()).await.unwrap();
    assert_eq!(bank.taken().len(), 50);
    world.app.clock.set(instant("2026-03-16T12:00:00+01:00"));
    let errand = || Errand::new(&world.app, &world.vendor, Actor::System);
    let mut quotes = Vec::new();
    for (customer, subscription) in &quoted {
        let preview = quotes::preview(&errand(), customer, subscription, &action).await.unwrap();
        // 371 of March's 743 hours are left: three seats 13.48 less a tenth, two back 8.99.
        assert_eq!(preview.due_minor, 1348 - 135 - 899);
        quotes.push((customer.clone(), preview.quote));
    }
    let confirming = quotes.into_iter().map(|(customer, quote)| {
        let errand = errand();
        tokio::spawn(async move { quotes::confirm(&errand, &customer, &quote).await })
    });
    let (mut done, mut refused) = (0, 0);
    for answer in futures_util::future::join_all(confirming).await {
        match answer.unwrap() {
            Ok(Confirmed::Done(_)) => done += 1,
            Err(refusal @ (Refusal::Rule(_) | Refusal::Fields(_))) => {
                if let Refusal::Rule(sentence) = &refusal {
                    assert!(sentence.to_string().contains("has been used as often as it may be"), "{sentence}");
                }
                refused += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((done, refused), (MOST, 50 - MOST));
    assert_eq!(world.redemptions(&promotion).await, 7);
    assert_eq!(bank.taken().len(), 50 + MOST, "who was refused has paid nothing");
}

#[tokio::test]
async fn what_a_declined_card_had_reserved_is_free_again() {
    use portico::services::payments::{DeclineReason, scripted::Script};
    let at = Nordlicht::new().await;
    let last = at.world.promotion(percent("LAST", 50, Duration::Once), |new| NewPromotionCode { max_redemptions: Some(1), ..new }).await;
    at.go_to("2026-03-16T12:00:00+01:00").await;
    at.bank.script(&at.id, Script::Declines(DeclineReason::InsufficientFunds));
    let action = Action::Change(ChangeRequest { quantity: Some(Decimal::from(3)), promotion_code: Some("LAST".into()), ..ChangeRequest::default() });
    let quote = quotes::preview(&at.errand(), &at.id, &at.subscription, &action).await.unwrap().quote;
    assert!(matches!(quotes::confirm(&at.errand(), &at.id, &quote).await.unwrap(), Confirmed::Declined { .. }));
    assert_eq!(at.world.redemptions(&last).await, 0);
    at.bank.script(&at.id, Script::Succeeds);
    assert!(matches!(quotes::confirm(&at.errand(), &at.id, &quote).await.unwrap(), Confirmed::Done(_)));
    assert_eq!(at.world.redemptions(&last).await, 1);
}
