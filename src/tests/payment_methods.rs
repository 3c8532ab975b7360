//! Cards on file, dated: which is charged, what stands in, what may go, what expires; each change by a member who may, with a fresh code.

use chrono::Duration;
use portico::services::customers::Role;
use portico::services::payments::scripted::Script;
use portico::services::payments::{Brand, DeclineReason, MethodRole};

use crate::nordlicht::Nordlicht;

impl Nordlicht {
    /// The cards by their last digits and roles, in the order they are charged.
    async fn cards(&self) -> Vec<(String, MethodRole)> {
        self.methods().await.into_iter().map(|method| (method.means.last4().to_owned(), method.role)).collect()
    }

    /// Adds a card through the portal, there and back; the list that tells it.
    async fn add(&self, form: &[(&str, &str)]) -> crate::world::Answer {
        let started = self.browser().post("/payment-methods", form).await;
        assert_eq!(started.status, 303, "{}", started.text);
        let back = started.location().strip_prefix(crate::world::PUBLIC_URL).unwrap();
        let told = self.browser().get(back).await;
        assert_eq!(told.status, 303, "{}", told.text);
        // Coming back twice adds nothing twice.
        assert_eq!(self.browser().get(back).await.location(), told.location());
        self.browser().get(told.location()).await
    }
}

fn card(last4: &str, role: MethodRole) -> (String, MethodRole) {
    (last4.to_owned(), role)
}

#[tokio::test]
async fn a_second_card_is_kept_until_it_is_made_a_backup_or_the_default() {
    let at = Nordlicht::new().await;
    at.bank.hand_out(Brand::Mastercard, "4444", 12, 2099);
    let list = at.add(&[]).await;
    assert!(list.text.contains("Mastercard ending 4444 was added."), "{}", list.text);
    assert_eq!(at.cards().await, [card("4242", MethodRole::Default), card("4444", MethodRole::Kept)]);
    let id = at.methods().await[1].id.clone();
    for (verb, cards) in [
        ("backup", [card("4242", MethodRole::Default), card("4444", MethodRole::Backup(1))]),
        ("keep", [card("4242", MethodRole::Default), card("4444", MethodRole::Kept)]),
        ("default", [card("4444", MethodRole::Default), card("4242", MethodRole::Backup(1))]),
    ] {
        let done = at.browser().post(&format!("/payment-methods/{id}/{verb}"), &[]).await;
        assert_eq!(done.status, 303, "{verb}: {}", done.text);
        assert_eq!(at.cards().await, cards, "{verb}");
    }
}

#[tokio::test]
async fn who_may_not_change_cards_cannot_finish_adding_one_either() {
    let at = Nordlicht::new().await;
    let started = at.browser().post("/payment-methods", &[]).await;
    let back = started.location().strip_prefix(crate::world::PUBLIC_URL).unwrap().to_owned();
    let viewer = at.world.member("noah@nordlicht.example", &at.id, Role::Viewer).await.browser;
    assert_eq!(viewer.get(&back).await.status, 403);
    assert_eq!(at.methods().await.len(), 1);
}

#[tokio::test]
async fn the_only_card_stays_while_something_is_due_and_while_a_plan_is_paid_with_it() {
    let at = Nordlicht::past_due().await;
    let id = at.methods().await.remove(0).id;
    let path = format!("/payment-methods/{id}/remove");
    for (answer, sentence) in [
        (at.browser().get(&path).await, "This is your only payment method and an invoice is still open."),
        (at.browser().post(&path, &[]).await, "This is your only payment method and an invoice is still open."),
    ] {
        assert!(answer.text.contains(sentence), "{}", answer.text);
    }
    assert_eq!(at.browser().post(&path, &[]).await.status, 422);
    at.browser().post("/invoices/2026-0002/pay", &[]).await;
    let refused = at.browser().post(&path, &[]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("This is your only payment method and your subscription is paid with it."), "{}", refused.text);
    assert_eq!(at.cards().await, [card("4242", MethodRole::Default)]);
    assert_eq!(at.events("payment_method.removed").await, 0);
}

#[tokio::test]
async fn where_the_default_goes_the_backup_takes_over() {
    let at = Nordlicht::new().await;
    at.backup().await;
    let id = at.methods().await.remove(0).id;
    let path = format!("/payment-methods/{id}/remove");
    assert!(at.browser().get("/payment-methods").await.text.contains(&format!("href=\"{path}\"")));
    let asked = at.browser().get(&path).await;
    assert!(asked.text.contains("Mastercard ending 4444 is charged first from then on."), "{}", asked.text);
    let done = at.browser().post(&path, &[]).await;
    assert_eq!(done.status, 303, "{}", done.text);
    assert!(at.browser().get(done.location()).await.text.contains("Visa ending 4242 was removed."));
    assert_eq!(at.cards().await, [card("4444", MethodRole::Default)]);
    at.go_to("2026-04-01T02:00:00+02:00").await;
    assert_eq!(at.taken(), [4700, 4700]);
}

#[tokio::test]
async fn a_card_that_is_only_kept_takes_over_nothing_by_itself() {
    let at = Nordlicht::new().await;
    at.bank.hand_out(Brand::Mastercard, "4444", 12, 2099);
    at.add(&[]).await;
    let id = at.methods().await.remove(0).id;
    let path = format!("/payment-methods/{id}/remove");
    assert!(!at.browser().get("/payment-methods").await.text.contains(&path));
    let refused = at.browser().post(&path, &[]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("This one is charged first. Make another the default, then remove it."), "{}", refused.text);
    assert_eq!(at.cards().await, [card("4242", MethodRole::Default), card("4444", MethodRole::Kept)]);
}

#[tokio::test]
async fn a_card_with_a_payment_under_way_stays() {
    let at = Nordlicht::past_due().await;
    let backup = at.backup().await;
    at.bank.script(&at.id, Script::NeedsAction);
    at.browser().post("/invoices/2026-0002/pay", &[("method", &backup.id)]).await;
    let refused = at.browser().post(&format!("/payment-methods/{}/remove", backup.id), &[]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("A payment with it is under way."), "{}", refused.text);
    assert_eq!(at.cards().await.len(), 2);
}

#[tokio::test]
async fn an_expiry_is_shown_ahead_and_a_new_card_takes_the_place() {
    let at = Nordlicht::new().await;
    let old = at.methods().await.remove(0);
    at.bank.hand_out(Brand::Visa, "0069", 4, 2026);
    at.add(&[("replaces", &old.id)]).await;
    assert_eq!(at.cards().await, [card("0069", MethodRole::Default)]);
    // Two months ahead it is worth a word, on the overview too.
    for path in ["/payment-methods", "/"] {
        let page = at.browser().get(path).await;
        assert!(
            page.text.contains("<b>Visa ending 0069 expires on 30\u{a0}April.</b>") || page.text.contains("<b>Visa ending 0069 expires on 30 April.</b>"),
            "{path}: {}",
            page.text
        );
    }
    at.bank.script(&at.id, Script::Declines(DeclineReason::ExpiredCard));
    at.go_to("2026-05-02T02:00:00+02:00").await;
    at.sign_in().await;
    let page = at.browser().get("/payment-methods").await;
    assert!(page.text.contains("<b>Visa ending 0069 has expired</b>, so nothing can be charged."), "{}", page.text);
    let id = at.methods().await.remove(0).id;
    assert!(page.text.contains(&format!("/payment-methods/add?replaces={id}")));
    // It is not offered where something is to be paid.
    let open = at.payments("2026-0002").await;
    assert_eq!(open.len(), 1);
    let pay = at.browser().get("/invoices/2026-0002/pay").await;
    assert!(pay.text.contains("There is nothing on file that this can be charged to."), "{}", pay.text);
    at.bank.hand_out(Brand::Visa, "4242", 12, 2099);
    at.add(&[("replaces", &id)]).await;
    assert_eq!(at.cards().await, [card("4242", MethodRole::Default)]);
}

#[tokio::test]
async fn a_stale_factor_asks_for_a_code_in_place_and_keeps_what_was_chosen() {
    let at = Nordlicht::new().await;
    let backup = at.backup().await;
    at.world.wait(Duration::minutes(6));
    let default = format!("/payment-methods/{}/default", backup.id);
    for (path, form, kept) in [(default.as_str(), vec![], None), ("/payment-methods", vec![("replaces", backup.id.as_str())], Some(&backup.id))] {
        let asked = at.browser().post(path, &form).await;
        assert_eq!(asked.status, 422, "{path}");
        assert!(asked.text.contains("name=\"code\"") && asked.text.contains(&format!("action=\"{path}\"")), "{path}: {}", asked.text);
        assert_eq!(asked.field("replaces").as_ref(), kept, "{path}");
        let mut wrong = form.clone();
        wrong.push(("code", "000000"));
        assert_eq!(at.browser().post(path, &wrong).await.status, 422, "{path}");
    }
    assert_eq!(at.cards().await, [card("4242", MethodRole::Default), card("4444", MethodRole::Backup(1))]);
    let code = at.world.code(&at.mira).await;
    let done = at.browser().post(&default, &[("code", &code)]).await;
    assert_eq!(done.status, 303, "{}", done.text);
    assert_eq!(at.cards().await, [card("4444", MethodRole::Default), card("4242", MethodRole::Backup(1))]);
}

#[tokio::test]
async fn who_only_views_sees_the_cards_and_changes_none() {
    let at = Nordlicht::new().await;
    let backup = at.backup().await;
    let viewer = at.world.member("vera@nordlicht.example", &at.id, Role::Viewer).await.browser;
    let list = viewer.get("/payment-methods").await;
    assert!(
        list.text.contains("Your role lets you see payment methods.") && !list.text.contains("<form method=\"post\" action=\"/payment-methods"),
        "{}",
        list.text
    );
    assert_eq!(viewer.get("/payment-methods/add").await.status, 403);
    assert_eq!(viewer.post("/payment-methods", &[]).await.status, 403);
    for verb in ["default", "backup", "earlier", "keep", "remove"] {
        let refused = viewer.post(&format!("/payment-methods/{}/{verb}", backup.id), &[]).await;
        assert_eq!(refused.status, 403, "{verb}");
        assert!(refused.text.contains("Your role doesn’t allow this."), "{verb}");
    }
    assert_eq!(at.cards().await, [card("4242", MethodRole::Default), card("4444", MethodRole::Backup(1))]);
}
