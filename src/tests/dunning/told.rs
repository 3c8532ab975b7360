//! What is told of an invoice that could not be charged: to its customer by letters at each step and on the pages, to the vendor's programs with
//! every decision and by what was recovered.

use billing::calendar::{Interval, Unit};
use portico::services::catalog::{self, NewPrice};
use portico::services::customers::Role;
use portico::services::dunning;
use portico::services::payments::scripted::Script;
use portico::services::payments::{Brand, DeclineReason};
use portico::services::subscriptions::{self, StartRequest};
use serde_json::{Value, json};

use super::APRIL;
use crate::billing::to_team;
use crate::nordlicht::Nordlicht;
use crate::sign_in::letters;
use crate::world::{Answer, PUBLIC_URL};

/// The letters about a failed payment, in order of sending: their titles.
async fn titles(at: &Nordlicht) -> Vec<String> {
    let title = |letter: &String| letter.split("<title>[Test] ").nth(1)?.split("</title>").next().map(str::to_owned);
    let about = |title: &String| ["€47.00 to Kestrel", "settled", "Last reminder"].iter().any(|word| title.contains(word)) && !title.starts_with("Receipt");
    letters(&at.world).await.iter().filter_map(title).filter(about).collect()
}

pub async fn letter(at: &Nordlicht, title: &str) -> String {
    let all = letters(&at.world).await;
    all.into_iter().rev().find(|letter| letter.contains(title)).unwrap_or_else(|| panic!("no letter about {title}"))
}

#[tokio::test]
async fn each_step_is_told_with_what_follows_and_the_way_to_repair_it() {
    let at = Nordlicht::declined(DeclineReason::Generic).await;
    assert_eq!(titles(&at).await, ["Payment failed: €47.00 to Kestrel"]);
    let first = letter(&at, "Payment failed").await;
    for said in ["It is tried again on 2 April.", "Unpaid on 22 April, team stops giving access until it is paid.", "/invoices/2026-0002/pay"] {
        assert!(first.contains(said), "{said} is not in {first}");
    }
    at.go_to("2026-04-02T12:00:00+02:00").await;
    assert_eq!(titles(&at).await[1..], ["Payment failed again: €47.00 to Kestrel"]);
    at.go_to("2026-04-19T12:00:00+02:00").await;
    let warned = titles(&at).await;
    // The second to the fourth try, then the warning.
    assert_eq!((warned.len(), warned[5].as_str()), (6, "Last reminder: €47.00 to Kestrel by 22 April"));
    let warning = letter(&at, "Last reminder").await;
    assert!(
        warning.contains("Invoice 2026-0002 is still unpaid: €47.00 is due.") && warning.contains("Unpaid on 22 April, team stops giving access"),
        "{warning}"
    );
    at.go_to("2026-04-22T12:00:00+02:00").await;
    let over = letter(&at, "€47.00 to Kestrel is still unpaid").await;
    assert!(over.contains("team gives no access since 22 April, and does again as soon as everything overdue is paid."), "{over}");
    at.bank.script(&at.id, Script::Succeeds);
    at.sign_in().await;
    at.browser().post("/invoices/2026-0002/pay", &[]).await;
    let thanks = letter(&at, "Thank you: invoice 2026-0002 from Kestrel is settled").await;
    assert!(thanks.contains("team is active."), "{thanks}");
}

/// A customer on Team by the year, since the same day.
async fn yearly(at: &Nordlicht) -> String {
    let yearly = at.world.customer("Jahresring").await;
    at.world.member("ines@jahresring.example", &yearly, Role::Owner).await;
    let mut desk = at.desk().await;
    let monthly = subscriptions::load(&mut desk, &at.subscription).await.unwrap();
    let interval = Interval { unit: Unit::Year, count: 1 };
    let price = monthly.terms.plan.prices[0].clone();
    catalog::add_price(&mut desk, &monthly.plan_id, &NewPrice { interval, price }).await.unwrap();
    let started = subscriptions::start(&mut desk, &StartRequest { interval, ..to_team(&yearly, &monthly.plan_id) }).await.unwrap();
    desk.commit().await.unwrap();
    started.subscription_id
}

async fn renewals_told(at: &Nordlicht) -> usize {
    letters(&at.world).await.into_iter().filter(|letter| letter.contains("<title>[Test] team at Kestrel renews on 1 March 2027")).count()
}

#[tokio::test]
async fn the_renewal_of_a_long_period_is_told_ahead_once_and_of_a_short_one_not_at_all() {
    let at = Nordlicht::new().await;
    let subscription = yearly(&at).await;
    // Thirty days ahead; she signed in first, which took a minute.
    at.go_to("2027-01-30T00:00:59+01:00").await;
    assert_eq!(renewals_told(&at).await, 0);
    at.go_to("2027-01-30T00:01:00+01:00").await;
    assert_eq!(renewals_told(&at).await, 1);
    at.go_to("2027-02-28T12:00:00+01:00").await;
    assert_eq!(renewals_told(&at).await, 1);
    let letter = letter(&at, "renews on 1 March 2027").await;
    assert!(letter.contains("team of Jahresring at Kestrel renews on 1 March 2027.") && letter.contains("/plan"), "{letter}");
    let renewing = subscriptions::load(&mut at.desk().await, &subscription).await.unwrap();
    assert_eq!(renewing.due_at, renewing.cycle.map(|cycle| cycle.whole.end));
    at.agrees().await;
}

#[tokio::test]
async fn how_long_ahead_a_renewal_is_told_is_the_vendors_to_say() {
    let at = Nordlicht::new().await;
    yearly(&at).await;
    let program = at.world.program("*").await;
    let settings = program.get("/settings").await.ok();
    assert_eq!((&settings["renewal_notice_days_year"], &settings["renewal_notice_days_shorter"]), (&json!(30), &json!(7)));
    for (wrong, place) in [("renewal_notice_days_year", 91), ("renewal_notice_days_shorter", 31)] {
        assert_eq!(program.patch("/settings", json!({ wrong: place })).await.problem(), (422, "fields", format!("/{wrong}").as_str()));
    }
    program.patch("/settings", json!({ "renewal_notice_days_year": 10 })).await.ok();
    at.agrees().await;
    at.go_to("2027-02-10T12:00:00+01:00").await;
    assert_eq!(renewals_told(&at).await, 0);
    // Its day would have been before: it is told at once, and the period that runs is told once.
    assert_eq!(program.patch("/settings", json!({ "renewal_notice_days_year": 45 })).await.ok()["renewal_notice_days_year"], 45);
    at.agrees().await;
    at.go_to("2027-02-10T12:01:00+01:00").await;
    assert_eq!(renewals_told(&at).await, 1);
    program.patch("/settings", json!({ "renewal_notice_days_year": 5 })).await.ok();
    at.go_to("2027-02-27T12:00:00+01:00").await;
    assert_eq!(renewals_told(&at).await, 1);
    // Nobody is told of the next.
    program.patch("/settings", json!({ "renewal_notice_days_year": 0 })).await.ok();
    at.go_to("2028-02-28T12:00:00+01:00").await;
    let told = letters(&at.world).await.into_iter().filter(|letter| letter.contains("team at Kestrel renews on 1 March 2028")).count();
    assert_eq!(told, 0);
    at.agrees().await;
}

#[tokio::test]
async fn the_overview_says_what_follows_and_a_new_card_brings_access_back_in_one_visit() {
    let at = Nordlicht::declined(DeclineReason::StolenCard).await;
    at.go_to("2026-04-23T12:00:00+02:00").await;
    at.sign_in().await;
    let overview = at.browser().get("/").await;
    overview.says("Visa ending 4242 was declined for €47.00, invoice 2026-0002.");
    overview.says("team gives no access since 22 April, and does again as soon as everything overdue is paid.");
    assert!(!at.is_entitled().await && overview.text.contains("Pay another way"), "{}", overview.text);
    at.browser().get("/payment-methods/add").await.says("As soon as it is there, €47.00 for invoice 2026-0002 is charged to it");
    at.bank.script(&at.id, Script::Succeeds);
    at.bank.hand_out(Brand::Mastercard, "4444", 12, 2099);
    let started = at.browser().post("/payment-methods", &[]).await;
    let back = started.location().strip_prefix(PUBLIC_URL).unwrap().to_owned();
    let told = at.browser().get(&back).await;
    assert!(told.location().starts_with("/payments/"), "{}", told.location());
    let paid = at.browser().get(told.location()).await;
    paid.says("You paid €47.00 from Mastercard ending 4444.");
    paid.says("team is active, and nothing is overdue any more.");
    // Coming back twice charges nothing twice.
    assert_eq!(at.browser().get(&back).await.location(), told.location());
    assert_eq!((at.taken(), at.is_entitled().await), (vec![4700, 4700], true));
    assert!(!at.browser().get("/").await.text.contains("was declined"));
}

/// What stands in the note of what failed: each way on, in order.
fn ways_on(page: &Answer) -> Vec<String> {
    let note = page.text.split("class=\"acts\"").nth(1).unwrap().split("</div>").next().unwrap();
    let labels = note.split(['<', '>']).collect::<Vec<_>>();
    labels.iter().filter(|text| text.starts_with("Pay")).map(|text| (*text).to_owned()).collect()
}

#[tokio::test]
async fn a_card_refused_for_good_is_not_offered_for_paying_again() {
    let at = Nordlicht::declined(DeclineReason::InsufficientFunds).await;
    at.sign_in().await;
    assert_eq!(ways_on(&at.browser().get("/").await), ["Pay €47.00", "Pay another way"]);
    let at = Nordlicht::declined(DeclineReason::StolenCard).await;
    at.sign_in().await;
    assert_eq!(ways_on(&at.browser().get("/").await), ["Pay another way"]);
    assert!(at.browser().get("/payment-methods").await.text.contains("href=\"/payment-methods/add\" class=\"btn\">Pay another way"));
    // Where another card is on file, it may pay, and is what the page of paying begins with.
    let backup = at.backup().await;
    assert_eq!(ways_on(&at.browser().get("/").await), ["Pay another way", "Pay €47.00"]);
    let paying = at.browser().get("/invoices/2026-0002/pay").await.text;
    let chosen = paying.split("name=\"method\"").find(|rest| rest.contains(&backup.id)).unwrap();
    assert!(chosen.split('>').next().unwrap().contains("checked"), "{paying}");
}

#[tokio::test]
async fn a_bank_that_wants_the_new_card_confirmed_is_answered_in_the_same_visit() {
    let at = Nordlicht::declined(DeclineReason::LostCard).await;
    at.sign_in().await;
    at.bank.script(&at.id, Script::NeedsAction);
    let started = at.browser().post("/payment-methods", &[]).await;
    let told = at.browser().get(started.location().strip_prefix(PUBLIC_URL).unwrap()).await;
    let page = at.browser().get(told.location()).await;
    page.says("Your bank wants you to confirm €47.00.");
}

#[tokio::test]
async fn programs_read_the_policy_each_case_with_its_decisions_and_what_was_recovered() {
    let at = Nordlicht::declined(DeclineReason::InsufficientFunds).await;
    let program = at.world.program("*").await;
    let policy = program.get("/dunning-policy").await.ok();
    assert_eq!((&policy["paydays"], &policy["at_end"]), (&json!(["1", "15", "last_working_day", "friday"]), &json!("past_due")));
    let changed = program.patch("/dunning-policy", json!({ "paydays": ["15"], "at_end": "cancel" })).await.ok();
    assert_eq!((&changed["paydays"], &changed["at_end"], &changed["grace_days"]), (&json!(["15"]), &json!("cancel"), &json!(21)));
    for (wrong, place) in [
        (json!({ "grace_days": 91 }), "/grace_days"),
        (json!({ "paydays": ["some day"] }), "/paydays"),
        (json!({ "at_end": "forgive" }), "/at_end"),
        (json!({ "at_end": "downgrade" }), "/downgrade_to"),
        (json!({ "downgrade_to": "nothing" }), "/at_end"),
    ] {
        assert_eq!(program.patch("/dunning-policy", wrong).await.problem().2, place);
    }
    at.bank.script(&at.id, Script::Succeeds);
    // It holds from the case's next step on.
    at.go_to("2026-04-15T12:00:00+02:00").await;
    let invoice = at.invoice_id(APRIL).await;
    let about = program.get(&format!("/invoices/{invoice}/dunning")).await.ok();
    let kinds: Vec<&str> = about["data"][0]["decisions"].as_array().unwrap().iter().map(|decision| decision["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["opened", "try_planned", "try_planned", "tried", "recovered"]);
    let of_march = at.invoice_id("2026-0001").await;
    assert_eq!(program.get(&format!("/invoices/{of_march}/dunning")).await.ok()["data"], json!([]));

    // One more that is not recovered, of May.
    at.bank.script(&at.id, Script::Declines(DeclineReason::Generic));
    at.go_to("2026-05-02T12:00:00+02:00").await;
    let report = program.get("/dunning-report").await.ok();
    let figures = |month: usize, name: &str| report["data"][month][name].clone();
    let april: Vec<Value> = ["month", "cases", "recovered", "recovered_minor", "recovery_percent", "by_retry"].map(|name| figures(1, name)).into();
    assert_eq!(april, [json!("2026-04"), json!(1), json!(1), json!(4700), json!("100"), json!(1)]);
    assert_eq!((figures(0, "month"), figures(0, "open"), figures(0, "recovered_percent")), (json!("2026-05"), json!(1), json!("0")));
    // Each figure opens to its cases.
    let count = async |query: &str| program.get(&format!("/dunning-cases?{query}")).await.ok()["data"].as_array().unwrap().len();
    assert_eq!((count("month=2026-04&recovered_by=retry").await, count("month=2026-05&state=open").await, count("currency=USD").await), (1, 1, 0));
    let figures = dunning::report(&mut at.desk().await, "2026-05-01".parse().unwrap(), "2026-05-31".parse().unwrap()).await.unwrap();
    assert_eq!((figures.len(), figures[0].cases), (1, 1));
}
