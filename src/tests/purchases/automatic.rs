//! What happens by itself when a balance is low: one payment at a time, up to the month's most, ended by a decline, set in the portal or by the
//! vendor's program.

use chrono::Duration;
use portico::services::invoices;
use portico::services::payments::scripted::Script;
use portico::services::payments::{self, DeclineReason, Status};
use portico::services::purchases::{self, Wish};
use serde_json::{Value, json};

use crate::nordlicht::Nordlicht;

#[tokio::test]
async fn a_low_balance_is_topped_up_by_itself_up_to_the_months_most() {
    let at = Nordlicht::selling().await;
    let card = at.methods().await.remove(0);
    let form = [("what", "set"), ("below", "20"), ("amount", "30"), ("most_a_month", "60"), ("method", card.id.as_str())];
    let answer = at.browser().post("/balance/automatic", &form).await;
    assert_eq!((answer.status, answer.location()), (303, "/balance/automatic"), "{}", answer.text);
    at.go_to("2026-03-02T12:00:00Z").await;
    assert_eq!((at.balance_minor().await, at.taken()), (3000, vec![4700, 3000]));
    // Enough is there.
    at.go_to("2026-03-02T13:00:00Z").await;
    assert_eq!(at.taken(), [4700, 3000]);
    let use_up = async |amount_minor: i64| {
        let mut desk = at.desk().await;
        invoices::charge(&mut desk, &at.id, amount_minor, "A workshop").await.unwrap();
        desk.commit().await.unwrap();
    };
    use_up(3000).await;
    at.go_to("2026-03-03T12:00:00Z").await;
    use_up(3000).await;
    at.go_to("2026-03-04T12:00:00Z").await;
    // The month's 60.00 are paid in, and used.
    assert_eq!((at.balance_minor().await, at.taken()), (0, vec![4700, 3000, 3000]));
    // April's invoice takes what is due from the card, and April has its own most.
    at.go_to("2026-04-01T02:00:00+02:00").await;
    assert_eq!((at.balance_minor().await, at.taken()), (3000, vec![4700, 3000, 3000, 4700, 3000]));
    at.sign_in().await;
    let page = at.browser().get("/balance/automatic").await;
    assert!(page.text.contains("<b>€30.00</b> is paid in from Visa ending 4242 when less than €20.00 is left."), "{}", page.text);
    assert_eq!(at.browser().post("/balance/automatic", &[("what", "off")]).await.status, 303);
    assert_eq!(purchases::automatic_top_up(&mut at.desk().await, &at.id).await.unwrap(), None);
}

#[tokio::test]
async fn a_decline_ends_what_happens_by_itself_and_says_so() {
    let at = Nordlicht::selling().await;
    let card = at.methods().await.remove(0);
    let wish = Wish { below_minor: 2000, amount_minor: 3000, method_id: card.id, most_a_month_minor: 9000 };
    let mut desk = at.desk().await;
    purchases::set_automatic_top_up(&mut desk, &at.id, &wish).await.unwrap();
    desk.commit().await.unwrap();
    at.bank.script(&at.id, Script::Declines(DeclineReason::LostCard));
    for day in 2..5 {
        at.go_to(&format!("2026-03-0{day}T12:00:00Z")).await;
    }
    let tried = payments::of_customer(&mut at.desk().await, &at.id, "", 10).await.unwrap();
    assert_eq!(tried.iter().filter(|payment| matches!(payment.status, Status::Declined(_))).count(), 1, "{tried:#?}");
    assert_eq!((at.balance_minor().await, at.events("automatic_top_up.stopped").await), (0, 1));
    at.deliver().await;
    let mut desk = at.desk().await;
    let history = portico::services::messages::history(&mut desk, &at.id, &at.mira.identity_id, "", 20).await.unwrap();
    assert_eq!(history.iter().filter(|message| message.kind == "automatic_top_up_stopped").count(), 1);
    drop(desk);
    at.sign_in().await;
    let page = at.browser().get("/balance/automatic").await;
    assert!(page.text.contains("<b>Stopped:</b> €30.00 could not be paid in."), "{}", page.text);
}

#[tokio::test]
async fn one_top_up_at_a_time_happens_by_itself_however_many_workers_look() {
    let at = Nordlicht::selling().await;
    let card = at.methods().await.remove(0);
    let wish = Wish { below_minor: 2000, amount_minor: 3000, method_id: card.id, most_a_month_minor: 90_000 };
    let mut desk = at.desk().await;
    purchases::set_automatic_top_up(&mut desk, &at.id, &wish).await.unwrap();
    desk.commit().await.unwrap();
    at.bank.script(&at.id, Script::Pends);
    let errand = at.errand();
    let (one, two, three) = tokio::join!(purchases::top_up(&errand, &at.id), purchases::top_up(&errand, &at.id), purchases::top_up(&errand, &at.id));
    let begun = [one, two, three].into_iter().filter(|outcome| matches!(outcome, Ok(Some(_)))).count();
    assert_eq!(begun, 1);
    at.go_to("2026-03-02T12:00:00Z").await;
    at.bank_decides().await;
    at.bank.script(&at.id, Script::Succeeds);
    at.world.wait(Duration::minutes(2));
    at.recover().await;
    assert_eq!((at.balance_minor().await, at.taken()), (3000, vec![4700, 3000]));
}

#[tokio::test]
async fn the_vendors_program_sets_shows_and_ends_what_happens_by_itself() {
    let at = Nordlicht::selling().await;
    let program = at.world.program("invoices:read,invoices:write").await;
    let path = format!("/customers/{}/automatic-top-up", at.id);
    let off = program.get(&path).await.ok();
    assert_eq!((&off["customer_id"], &off["currency"], &off["terms"]), (&json!(at.id), &json!("EUR"), &Value::Null));
    let wish = json!({ "below_minor": 2000, "amount_minor": 3000, "most_a_month_minor": 6000 });
    for (field, value, pointer) in [
        ("below_minor", json!(0), "/below_minor"),
        ("amount_minor", json!(50_001), "/amount_minor"),
        ("most_a_month_minor", json!(2999), "/most_a_month_minor"),
        ("payment_method_id", json!("pm_never"), "/payment_method_id"),
    ] {
        let mut wrong = wish.clone();
        wrong[field] = value;
        let refused = program.post(&path, wrong).await;
        assert_eq!(refused.problem().2, pointer, "{}", refused.answer.text);
    }
    let card = at.methods().await.remove(0);
    let set = program.post(&path, wish.clone()).await.ok();
    assert_eq!((&set["terms"]["payment_method_id"], &set["terms"]["stopped_because"]), (&json!(card.id), &Value::Null));
    assert_eq!(program.get(&path).await.ok(), set);
    at.go_to("2026-03-02T12:00:00Z").await;
    assert_eq!((at.balance_minor().await, at.taken()), (3000, vec![4700, 3000]));
    for _ in 0..2 {
        assert_eq!(program.delete(&path).await.ok(), off);
    }
    assert_eq!(at.events("automatic_top_up.removed").await, 1);
    // Who has no card has nothing to pay from.
    let other = at.world.customer("Suedwind").await;
    assert_eq!(program.post(&format!("/customers/{other}/automatic-top-up"), wish).await.status(), 422);
}
