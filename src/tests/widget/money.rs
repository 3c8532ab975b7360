//! What costs money in a frame: each time a code of the member's, in the form that shows the amount, and for that alone.

use chrono::Duration;
use portico::identity::cookies;
use portico::services::Refusal;
use portico::services::payments::scripted::Script;
use portico::services::payments::{self, Brand, DeclineReason, Status};

use super::{ALL, Site};
use crate::nordlicht::Nordlicht;
use crate::world::{Answer, Persona};

/// The confirming form of a page, with a code.
async fn confirm(frame: &Persona, page: &Answer, code: &str) -> Answer {
    let field = |name: &str| page.field(name).unwrap_or_else(|| panic!("no {name} on {}", page.text));
    let (quote, seats, plan, interval, when) = (field("quote"), field("seats"), field("plan"), field("interval"), field("when"));
    let form = [("quote", quote.as_str()), ("seats", &seats), ("plan", &plan), ("interval", &interval), ("when", &when), ("code", code)];
    frame.post("/plan/change", &form).await
}

#[tokio::test]
async fn every_change_is_approved_by_a_code_of_its_own() {
    let at = Nordlicht::new().await;
    let site = Site::new(&at.world, &at.id, &at.mira).await;
    let frame = site.frame(&at.world, &ALL).await;
    let before = at.taken();
    let page = frame.get("/plan/change?seats=3").await;
    assert!(page.text.contains("name=\"code\"") && page.text.contains("It approves what this form says for Nordlicht, and nothing else"), "{}", page.text);
    // Without one, and with one that is wrong: nothing is charged, and the same price is asked again.
    let quote = page.field("quote").unwrap();
    for code in ["", "000000"] {
        let again = confirm(&frame, &page, code).await;
        assert_eq!((again.status, again.field("quote")), (422, Some(quote.clone())), "{code:?}");
    }
    assert_eq!(at.taken(), before);
    let token = frame.cookie(cookies::EMBED);
    let code = at.world.code(&at.mira).await;
    let done = confirm(&frame, &page, &code).await;
    assert_eq!(done.status, 303, "{}", done.text);
    assert!(done.location().starts_with("/plan?did=changed"));
    let told = frame.get(done.location()).await;
    assert!(told.text.contains("data-happened=\"plan_changed\"") && told.text.contains(&format!("data-id=\"{}\"", at.subscription)), "{}", told.text);
    let charged = at.taken();
    assert_eq!(charged.len(), before.len() + 1);
    // A moment later: the code that was just given approves nothing else, and neither does a new price the old code.
    assert_eq!(frame.cookie(cookies::EMBED), token, "it left nothing behind");
    let page = frame.get("/plan/change?seats=4").await;
    assert!(page.text.contains("name=\"code\""));
    assert_eq!(confirm(&frame, &page, "").await.status, 422);
    assert_eq!(confirm(&frame, &page, &code).await.status, 422);
    assert_eq!(at.taken(), charged);
}

#[tokio::test]
async fn an_invoice_is_paid_by_a_code_for_the_amount_that_was_shown() {
    let at = Nordlicht::past_due().await;
    let site = Site::new(&at.world, &at.id, &at.mira).await;
    let frame = site.frame(&at.world, &["payment_method:write"]).await;
    let before = at.taken();
    let page = frame.get("/invoices/2026-0002/pay").await;
    assert_eq!((page.status, page.field("due_minor").as_deref()), (200, Some("4700")), "{}", page.text);
    let backup = at.backup().await.id;
    let pay = async |due: &str, code: &str| frame.post("/invoices/2026-0002/pay", &[("method", &backup), ("due_minor", due), ("code", code)]).await;
    let refused = pay("4700", "").await;
    assert_eq!(refused.status, 422);
    let at_backup = refused.text.split("value=\"").find(|rest| rest.starts_with(&backup)).unwrap();
    assert!(at_backup.split('>').next().unwrap().contains("checked"), "the card that was chosen stays chosen: {}", refused.text);
    let code = at.world.code(&at.mira).await;
    for due in ["4600", "", "+4700"] {
        let other = pay(due, &code).await;
        assert!(other.status == 422 && other.text.contains("The amount has changed"), "{due:?}: {}", other.text);
    }
    assert_eq!(at.taken(), before);
    // The same is held to where the money is taken: the amount may change between the look and the lock.
    let refused = payments::pay(&at.errand(), &at.id, &at.invoice_id("2026-0002").await, None, Some(4600)).await.unwrap_err();
    assert!(matches!(refused, Refusal::Conflict(_)), "{refused}");
    assert_eq!(at.taken(), before);
    let done = pay("4700", &code).await;
    assert_eq!(done.status, 303, "{}", done.text);
    assert_eq!(at.taken().len(), before.len() + 1);
}

/// One that was phished would not run out.
#[tokio::test]
async fn a_recovery_code_approves_nothing_on_the_vendors_word() {
    let at = Nordlicht::new().await;
    let site = Site::new(&at.world, &at.id, &at.mira).await;
    let frame = site.frame(&at.world, &ALL).await;
    let before = at.taken();
    let page = frame.get("/plan/change?seats=3").await;
    assert!(!page.text.contains("recovery code"), "{}", page.text);
    let recovery_code = &at.mira.recovery_codes[0];
    let refused = confirm(&frame, &page, recovery_code).await;
    assert!(refused.status == 422 && refused.text.contains("A code here has six digits"), "{}", refused.text);
    assert_eq!(at.taken(), before);
    // It was not used up by being tried.
    let window = at.world.visitor();
    window.post("/sign-in", &[("email", &at.mira.email), ("password", &at.mira.password)]).await;
    assert_eq!(window.post("/sign-in/code", &[("code", recovery_code)]).await.status, 303);
}

#[tokio::test]
async fn a_payment_is_called_off_by_who_may_pay_and_by_a_code() {
    let at = Nordlicht::past_due().await;
    let site = Site::new(&at.world, &at.id, &at.mira).await;
    at.bank.script(&at.id, Script::NeedsAction);
    let path = at.browser().post("/invoices/2026-0002/pay", &[]).await.location().to_owned();
    let cancel = format!("{path}/cancel");
    let onlooker = site.frame(&at.world, &["usage:read", "invoices:read"]).await;
    assert_eq!((onlooker.get(&path).await.status, onlooker.post(&cancel, &[]).await.status), (403, 403));
    for scope in ["plan:write", "payment_method:write"] {
        let frame = site.frame(&at.world, &[scope]).await;
        let page = frame.get(&path).await;
        assert!(page.status == 200 && page.text.contains("name=\"code\""), "{scope}: {}", page.text);
        let refused = frame.post(&cancel, &[]).await;
        assert!(refused.status == 422 && refused.text.contains("Enter the code your app shows"), "{scope}: {}", refused.text);
        assert!(matches!(at.payments("2026-0002").await[0].status, Status::NeedsAction { .. }));
    }
    let frame = site.frame(&at.world, &["payment_method:write"]).await;
    assert_eq!(frame.post(&cancel, &[("code", &at.world.code(&at.mira).await)]).await.status, 303);
    assert_eq!(at.payments("2026-0002").await[0].status, Status::Declined(DeclineReason::Cancelled));
}

/// Whoever has got hold of a frame's session may guess there: it delays frames.
#[tokio::test]
async fn guesses_in_a_frame_keep_nobody_from_signing_in() {
    let at = Nordlicht::new().await;
    let site = Site::new(&at.world, &at.id, &at.mira).await;
    let frame = site.frame(&at.world, &ALL).await;
    let page = frame.get("/plan/change?seats=3").await;
    for _ in 1..=5 {
        assert_eq!(confirm(&frame, &page, "000000").await.status, 422);
    }
    assert!(confirm(&frame, &page, "000000").await.text.contains("too many wrong attempts"));
    at.world.sign_in(&at.mira).await;
    // A hundred of them, and codes count in no frame any more: what is said there names a way on that is one.
    let mut desk = at.desk().await;
    desk.tx.run("UPDATE throttles SET failures = 100, blocked_until = 0 WHERE vendor_id = $1", (at.world.vendor.id.clone(),)).await.unwrap();
    desk.commit().await.unwrap();
    let shut = confirm(&frame, &page, &at.world.code(&at.mira).await).await;
    assert!(shut.status == 422 && shut.text.contains("Sign in at the portal’s own address") && !shut.text.contains("recovery code"), "{}", shut.text);
    at.world.sign_in(&at.mira).await;
}

#[tokio::test]
async fn a_good_code_in_a_frame_forgives_a_stranger_nothing() {
    let at = Nordlicht::new().await;
    let site = Site::new(&at.world, &at.id, &at.mira).await;
    let stranger = at.world.visitor();
    stranger.post("/sign-in", &[("email", &at.mira.email), ("password", &at.mira.password)]).await;
    for attempt in 1..=7 {
        at.world.wait(Duration::seconds(if attempt > 5 { 61 } else { 0 }));
        assert_eq!(stranger.post("/sign-in/code", &[("code", "000000")]).await.status, 422, "attempt {attempt}");
    }
    let frame = site.frame(&at.world, &ALL).await;
    let page = frame.get("/plan/change?seats=3").await;
    assert_eq!(confirm(&frame, &page, &at.world.code(&at.mira).await).await.status, 303);
    assert_eq!(stranger.post("/sign-in/code", &[("code", &at.world.code(&at.mira).await)]).await.status, 429);
}

#[tokio::test]
async fn a_payment_method_asks_for_a_code_and_is_told_by_its_id() {
    let at = Nordlicht::new().await;
    let site = Site::new(&at.world, &at.id, &at.mira).await;
    let frame = site.frame(&at.world, &["payment_method:write"]).await;
    let card = at.backup().await.id;
    let path = format!("/payment-methods/{card}/default");
    let asked = frame.post(&path, &[]).await;
    assert!(asked.status == 422 && asked.text.contains("name=\"code\""), "{}", asked.text);
    let done = frame.post(&path, &[("code", &at.world.code(&at.mira).await)]).await;
    assert_eq!(done.status, 303);
    let told = frame.get(done.location()).await;
    assert!(told.text.contains(&format!("data-happened=\"payment_method_updated\" data-id=\"{card}\"")), "{}", told.text);
    let mut desk = at.desk().await;
    assert!(payments::find_method(&mut desk, &at.id, &card).await.unwrap().is_default());
    drop(desk);
    // The provider's own page never opens over the vendor's.
    let begun = frame.post("/payment-methods", &[("code", &at.world.code(&at.mira).await)]).await;
    assert!(begun.status == 200 && begun.text.contains("target=\"_blank\"") && begun.text.contains("/payment-methods/return?setup="), "{}", begun.text);
}

/// The page around a frame learns that a card was added and an invoice paid by it, by their ids and once: looked at again, nothing happened.
#[tokio::test]
async fn a_card_that_repairs_a_failed_payment_is_told_with_what_it_paid() {
    let at = Nordlicht::past_due().await;
    let site = Site::new(&at.world, &at.id, &at.mira).await;
    let frame = site.frame(&at.world, &["payment_method:write"]).await;
    at.bank.hand_out(Brand::Mastercard, "4444", 12, 2099);
    let begun = frame.post("/payment-methods", &[("code", &at.world.code(&at.mira).await)]).await;
    let back = begun.text.split("/payment-methods/return?setup=").nth(1).and_then(|rest| rest.split(['"', '&']).next()).unwrap().to_owned();
    let told = frame.get(&format!("/payment-methods/return?setup={back}")).await;
    let (card, invoice) = (at.methods().await.into_iter().find(|method| method.means.last4() == "4444").unwrap().id, at.invoice_id("2026-0002").await);
    let page = frame.get(told.location()).await;
    for happened in [format!("data-happened=\"payment_method_updated\" data-id=\"{card}\""), format!("data-happened=\"invoice_paid\" data-id=\"{invoice}\"")] {
        assert_eq!(page.text.matches(&happened).count(), 1, "{happened}: {}", page.text);
    }
    let later = frame.get(told.location().split('?').next().unwrap()).await;
    assert!(later.status == 200 && !later.text.contains("data-happened"), "{}", later.text);
}

#[tokio::test]
async fn an_invoice_paid_in_a_frame_is_told_by_its_id() {
    let at = Nordlicht::past_due().await;
    let site = Site::new(&at.world, &at.id, &at.mira).await;
    let frame = site.frame(&at.world, &["payment_method:write"]).await;
    let code = at.world.code(&at.mira).await;
    let paid = frame.post("/invoices/2026-0002/pay", &[("due_minor", "4700"), ("code", &code)]).await;
    let page = frame.get(paid.location()).await;
    let invoice = at.invoice_id("2026-0002").await;
    assert!(page.text.contains(&format!("data-happened=\"invoice_paid\" data-id=\"{invoice}\"")), "{}", page.text);
    assert!(!page.text.contains("payment_method_updated"), "{}", page.text);
}

/// A frame holds one customer: what another may do, this one may not.
#[tokio::test]
async fn another_customers_things_are_not_there_in_a_frame_either() {
    let at = Nordlicht::new().await;
    let other = at.world.customer("Suedwind").await;
    let noah = at.world.member("noah@suedwind.example", &other, portico::services::customers::Role::Owner).await;
    let site = Site::new(&at.world, &other, &noah).await;
    let frame = site.frame(&at.world, &ALL).await;
    let card = at.backup().await.id;
    for path in ["/invoices/2026-0001", "/invoices/2026-0001.pdf", "/invoices/2026-0001/pay"] {
        assert_eq!(frame.get(path).await.status, 404, "{path}");
    }
    assert_eq!(frame.post(&format!("/payment-methods/{card}/default"), &[]).await.status, 404);
}
