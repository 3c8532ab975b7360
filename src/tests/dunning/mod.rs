//! Invoices that could not be charged, dated: tried again by what the bank said, warned, brought to the end the vendor chose, and paid
//! after all. Whatever dies when, and however many work at it, each try is made once.

mod told;
mod written_off;

use std::collections::BTreeSet;

use billing::dunning::{AtEnd, Policy};
use billing::state::State;
use chrono::{Duration, TimeZone};
use portico::platform::clock::from_ms;
use portico::services::dunning::{self, Case, CaseState};
use portico::services::payments::gateway::{Card, KeptMethod, Means};
use portico::services::payments::notices::{self, About, Noticed};
use portico::services::payments::scripted::Script;
use portico::services::payments::{self, Brand, DeclineReason, Errand, Status};
use portico::services::{Actor, check, invoices, subscriptions};
use portico::worker::bill;

use crate::billing::{catalogue, to_team};
use crate::nordlicht::{Nordlicht, add_card};
use crate::sandbox;
use crate::world::{World, instant};

const APRIL: &str = "2026-0002";

impl Nordlicht {
    /// April's invoice is declined for a reason, and so is whatever is tried after.
    async fn declined(reason: DeclineReason) -> Nordlicht {
        let told = Nordlicht::new().await;
        told.bank.script(&told.id, Script::Declines(reason));
        told.go_to("2026-04-01T02:00:00+02:00").await;
        told
    }

    async fn ending(reason: DeclineReason, at_end: AtEnd) -> Nordlicht {
        let told = Nordlicht::new().await;
        let mut desk = told.desk().await;
        dunning::set_policy(&mut desk, &Policy { at_end, ..Policy::default() }).await.unwrap();
        desk.commit().await.unwrap();
        told.bank.script(&told.id, Script::Declines(reason));
        told.go_to("2026-04-01T02:00:00+02:00").await;
        told
    }

    pub async fn case(&self, number: &str) -> Case {
        let id = self.invoice_id(number).await;
        let mut desk = self.desk().await;
        let (case_id,): (String,) = desk
            .tx
            .one("SELECT id FROM dunning_cases WHERE vendor_id = $1 AND invoice_id = $2 ORDER BY id DESC LIMIT 1", (self.world.vendor.id.clone(), id))
            .await
            .unwrap();
        dunning::load(&mut desk, &case_id).await.unwrap()
    }

    /// What was decided, in order: when in Berlin, what, and why.
    async fn decided(&self, number: &str) -> Vec<String> {
        let case = self.case(number).await;
        let decisions = dunning::decisions(&mut self.desk().await, &case.id).await.unwrap();
        let berlin = |ms: i64| chrono_tz::Europe::Berlin.from_utc_datetime(&from_ms(ms).naive_utc()).format("%m-%d %H:%M").to_string();
        decisions.into_iter().map(|decision| format!("{} {} {}", berlin(decision.decided_at), decision.kind, decision.because)).collect()
    }

    pub async fn is_entitled(&self) -> bool {
        let list = subscriptions::entitlements(&mut self.desk().await, &self.id).await.unwrap();
        list.iter().any(|entitlement| entitlement.is_entitled)
    }

    pub async fn agrees(&self) {
        let report = check::check(&self.world.app).await.unwrap();
        assert_eq!(report.broken, None);
    }
}

#[tokio::test]
async fn an_empty_account_is_tried_on_paydays_and_the_try_that_succeeds_ends_it() {
    let at = Nordlicht::declined(DeclineReason::InsufficientFunds).await;
    at.go_to("2026-04-03T08:59:00+02:00").await;
    assert_eq!(at.payments(APRIL).await.len(), 1);
    at.go_to("2026-04-03T09:00:00+02:00").await;
    assert_eq!((at.payments(APRIL).await.len(), at.state().await, at.is_entitled().await), (2, State::PastDue, true));
    at.bank.script(&at.id, Script::Succeeds);
    at.go_to("2026-04-10T12:00:00+02:00").await;
    assert_eq!((at.taken(), at.due(APRIL).await, at.state().await), (vec![4700, 4700], 0, State::Active));
    let case = at.case(APRIL).await;
    assert_eq!((case.state, case.recovered_by.as_deref(), case.recovered_minor, case.next), (CaseState::Recovered, Some("retry"), 4700, None));
    let expected = [
        "04-01 01:00 opened declined",
        "04-01 01:00 try_planned payday",
        "04-03 09:00 tried payday",
        "04-03 09:00 try_planned payday",
        "04-10 09:00 tried payday",
        "04-10 09:00 recovered retry",
    ];
    assert_eq!(at.decided(APRIL).await, expected);
    at.agrees().await;
}

#[tokio::test]
async fn weeks_that_pass_at_once_happen_in_order_and_access_ends_after_the_grace() {
    let at = Nordlicht::declined(DeclineReason::Generic).await;
    at.go_to("2026-04-30T12:00:00+02:00").await;
    let expected = [
        "04-01 01:00 opened declined",
        "04-01 01:00 try_planned soft_day",
        "04-02 09:00 tried soft_day",
        "04-02 09:00 try_planned soft_day",
        "04-04 09:00 tried soft_day",
        "04-04 09:00 try_planned soft_day",
        "04-06 09:00 tried soft_day",
        "04-06 09:00 try_planned soft_day",
        "04-08 09:00 tried soft_day",
        "04-08 09:00 no_try no_day_left",
        "04-19 09:00 warned past_due",
        "04-22 09:00 ended past_due",
    ];
    assert_eq!(at.decided(APRIL).await, expected);
    assert_eq!((at.payments(APRIL).await.len(), at.state().await, at.is_entitled().await), (5, State::PastDue, false));
    at.agrees().await;
    // The customer pays: access is back with it.
    at.bank.script(&at.id, Script::Succeeds);
    payments::pay(&at.errand(), &at.id, &at.invoice_id(APRIL).await, None, None).await.unwrap();
    assert_eq!((at.state().await, at.is_entitled().await, at.case(APRIL).await.recovered_by.as_deref()), (State::Active, true, Some("customer")));
    at.agrees().await;
}

#[tokio::test]
async fn what_was_refused_for_good_is_never_charged_again_and_a_new_card_pays_everything_at_once() {
    let at = Nordlicht::declined(DeclineReason::StolenCard).await;
    at.go_to("2026-05-02T12:00:00+02:00").await;
    // May's invoice was not even tried with it.
    let may = "2026-0003";
    assert_eq!((at.payments(APRIL).await.len(), at.payments(may).await.len(), at.is_entitled().await), (1, 0, false));
    assert!(at.decided(may).await.contains(&"05-01 01:00 no_try refused_for_good".to_owned()), "{:?}", at.decided(may).await);
    at.bank.script(&at.id, Script::Succeeds);
    at.bank.hand_out(Brand::Mastercard, "4444", 12, 2099);
    let card = add_card(&at.world, &at.id).await;
    assert_eq!((at.due(APRIL).await, at.due(may).await, at.taken()), (0, 0, vec![4700, 4700, 4700]));
    assert_eq!((at.state().await, at.is_entitled().await), (State::Active, true));
    let methods = at.methods().await;
    assert_eq!((methods[0].id.as_str(), methods[1].refused), (card.id.as_str(), Some(DeclineReason::StolenCard)), "the new card is charged first from now on");
    assert_eq!(at.case(APRIL).await.recovered_by.as_deref(), Some("new_method"));
    at.agrees().await;
    // And the next month from it alone.
    at.go_to("2026-06-02T12:00:00+02:00").await;
    assert_eq!(at.payments("2026-0004").await[0].method_id, card.id);
}

#[tokio::test]
async fn a_new_card_that_is_declined_changes_nothing_and_is_asked_once() {
    let at = Nordlicht::declined(DeclineReason::LostCard).await;
    at.bank.script(&at.id, Script::Declines(DeclineReason::Generic));
    let card = add_card(&at.world, &at.id).await;
    bill::bill(&at.world.app, &at.world.vendor, at.world.now()).await.unwrap();
    let payments = at.payments(APRIL).await;
    assert_eq!((payments.len(), payments[0].method_id.as_str(), at.due(APRIL).await), (2, card.id.as_str(), 4700));
    assert_eq!(at.case(APRIL).await.try_at, Some(instant("2026-04-02T09:00:00+02:00")));
    at.agrees().await;
}

#[tokio::test]
async fn a_card_that_its_network_renewed_is_tried_at_once() {
    let at = Nordlicht::declined(DeclineReason::ExpiredCard).await;
    let method = at.methods().await.remove(0);
    let Means::Card(card) = method.means.clone() else { panic!("{method:?}") };
    at.bank.renew(KeptMethod { token: method.token.clone(), means: Means::Card(Card { last4: "1881".to_owned(), exp_month: 5, exp_year: 2031, ..card }) });
    at.bank.script(&at.id, Script::Succeeds);
    let told = Noticed { gateway: method.gateway.clone(), about: About::Method(method.token.clone()) };
    notices::follow(&at.errand(), &told).await.unwrap();
    at.go_to("2026-04-01T03:00:00+02:00").await;
    assert_eq!((at.due(APRIL).await, at.state().await, at.methods().await[0].refused), (0, State::Active, None));
    assert_eq!(at.case(APRIL).await.recovered_by.as_deref(), Some("new_method"));
    at.agrees().await;
}

#[tokio::test]
async fn what_the_bank_wants_confirmed_is_not_tried_without_the_customer() {
    let at = Nordlicht::declined(DeclineReason::AuthenticationRequired).await;
    at.go_to("2026-04-20T12:00:00+02:00").await;
    assert_eq!((at.payments(APRIL).await.len(), at.case(APRIL).await.because.as_str()), (1, "must_confirm"));
}

#[tokio::test]
async fn a_try_begins_with_the_method_whose_turn_has_come_and_spares_the_others() {
    let at = Nordlicht::new().await;
    let backup = at.backup().await;
    let visa = at.methods().await.remove(0);
    at.bank.script(&visa.token, Script::Declines(DeclineReason::StolenCard));
    at.bank.script(&backup.token, Script::Declines(DeclineReason::Generic));
    at.go_to("2026-04-02T12:00:00+02:00").await;
    let tried: Vec<String> = at.payments(APRIL).await.into_iter().rev().map(|payment| payment.method_id).collect();
    assert_eq!(tried, [visa.id, backup.id.clone(), backup.id]);
}

#[tokio::test]
async fn nobody_without_a_card_is_forgotten() {
    let (world, _bank) = World::scripted("2026-02-28T23:00:00Z").await;
    let (team, _) = catalogue(&world).await;
    let id = world.customer("Nordlicht").await;
    let mut desk = world.desk().await;
    subscriptions::start(&mut desk, &to_team(&id, &team)).await.unwrap();
    desk.commit().await.unwrap();
    bill::bill(&world.app, &world.vendor, world.now()).await.unwrap();
    let mut desk = world.desk().await;
    let case = dunning::unpaid_of(&mut desk, &id).await.unwrap().remove(0);
    drop(desk);
    assert_eq!((case.because.as_str(), case.end_at), ("no_method", instant("2026-03-22T09:00:00+01:00")));
    add_card(&world, &id).await;
    let mut desk = world.desk().await;
    assert_eq!(dunning::unpaid_of(&mut desk, &id).await.unwrap(), []);
    assert_eq!(invoices::open_of(&mut desk, &id).await.unwrap(), []);
}

#[tokio::test]
async fn a_pause_at_the_end_gives_back_what_could_not_be_used_and_goes_on_when_the_rest_is_paid() {
    let at = Nordlicht::ending(DeclineReason::Generic, AtEnd::Pause).await;
    at.go_to("2026-04-23T12:00:00+02:00").await;
    // From the 22nd at 9 o'clock on it cannot be used: 207 hours of 720. Of €29.00 that is €8.34, of €18.00 €5.18.
    assert_eq!((at.state().await, at.is_entitled().await, at.due(APRIL).await), (State::Paused, false, 4700 - 834 - 518));
    at.bank.script(&at.id, Script::Succeeds);
    payments::pay(&at.errand(), &at.id, &at.invoice_id(APRIL).await, None, None).await.unwrap();
    bill::bill(&at.world.app, &at.world.vendor, at.world.now()).await.unwrap();
    assert_eq!((at.state().await, at.is_entitled().await, at.case(APRIL).await.state), (State::Active, true, CaseState::Recovered));
    at.agrees().await;
}

#[tokio::test]
async fn a_cancellation_at_the_end_ends_it_and_the_invoice_can_still_be_paid() {
    let at = Nordlicht::ending(DeclineReason::Generic, AtEnd::Cancel).await;
    at.go_to("2026-04-23T12:00:00+02:00").await;
    let ended = subscriptions::load(&mut at.desk().await, &at.subscription).await.unwrap();
    assert_eq!((ended.state, ended.cancel_reason.as_deref(), at.due(APRIL).await), (State::Cancelled, Some("unpaid"), 4700 - 834 - 518));
    at.bank.script(&at.id, Script::Succeeds);
    payments::pay(&at.errand(), &at.id, &at.invoice_id(APRIL).await, None, None).await.unwrap();
    assert_eq!((at.case(APRIL).await.state, at.state().await), (CaseState::Recovered, State::Cancelled));
    at.agrees().await;
}

#[tokio::test]
async fn an_end_that_the_rules_refuse_takes_access_and_says_why() {
    let at = Nordlicht::ending(DeclineReason::Generic, AtEnd::Cancel).await;
    let mut desk = at.desk().await;
    // A plan that was there when the policy was made, and is gone.
    let policy = serde_json::to_string(&Policy { at_end: AtEnd::Downgrade("gone".to_owned()), ..Policy::default() }).unwrap();
    desk.tx.run("UPDATE dunning_policies SET policy = $2 WHERE vendor_id = $1", (at.world.vendor.id.clone(), policy)).await.unwrap();
    desk.tx.run("UPDATE vendors SET settings_revision = settings_revision + 1 WHERE id = $1", (at.world.vendor.id.clone(),)).await.unwrap();
    desk.commit().await.unwrap();
    at.go_to("2026-04-23T12:00:00+02:00").await;
    assert_eq!((at.state().await, at.is_entitled().await), (State::PastDue, false));
    let decided = at.decided(APRIL).await;
    assert_eq!(decided[decided.len() - 2..], ["04-22 09:00 not_done downgrade", "04-22 09:00 ended past_due"]);
}

#[tokio::test]
async fn a_worker_that_dies_with_a_try_in_hand_loses_nothing_and_charges_nothing_twice() {
    let at = Nordlicht::declined(DeclineReason::InsufficientFunds).await;
    at.bank.script(&at.id, Script::Succeeds);
    at.world.app.clock.set(instant("2026-04-03T09:00:00+02:00"));
    let mut desk = at.desk().await;
    let due = dunning::due(&mut desk, at.world.now(), 10).await.unwrap().remove(0);
    let done = dunning::step(&mut desk, &due.case_id).await.unwrap();
    desk.commit().await.unwrap();
    assert!(done.sending.is_some());
    // It died here. While its payment is under way nothing else is due of the case.
    assert_eq!(dunning::first_due(&mut at.desk().await, &BTreeSet::new()).await.unwrap(), None);
    bill::bill(&at.world.app, &at.world.vendor, at.world.now()).await.unwrap();
    assert_eq!(at.taken(), [4700]);
    at.world.wait(Duration::seconds(61));
    at.recover().await;
    at.recover().await;
    assert_eq!((at.taken(), at.due(APRIL).await, at.case(APRIL).await.state), (vec![4700, 4700], 0, CaseState::Recovered));
    at.agrees().await;
}

#[tokio::test]
async fn several_workers_make_one_try() {
    let at = Nordlicht::declined(DeclineReason::InsufficientFunds).await;
    at.world.app.clock.set(instant("2026-04-03T09:00:00+02:00"));
    let work = || bill::bill(&at.world.app, &at.world.vendor, at.world.now());
    let (one, two, three) = tokio::join!(work(), work(), work());
    for report in [one, two, three] {
        assert!(report.unwrap().failed.is_empty());
    }
    assert_eq!((at.payments(APRIL).await.len(), at.case(APRIL).await.tries), (2, 1));
}

#[tokio::test]
async fn a_live_vendors_worker_that_was_away_asks_the_bank_once() {
    let mut at = Nordlicht::new().await;
    let mut desk = at.desk().await;
    desk.tx.run("UPDATE vendors SET is_test = false WHERE id = $1", (at.world.vendor.id.clone(),)).await.unwrap();
    desk.commit().await.unwrap();
    at.world.app.reload_vendors().await.unwrap();
    at.world.vendor = at.world.app.vendors().remove(0);
    at.bank.script(&at.id, Script::Declines(DeclineReason::Generic));
    at.go_to("2026-04-01T02:00:00+02:00").await;
    at.go_to("2026-04-07T12:00:00+02:00").await;
    assert_eq!((at.payments(APRIL).await.len(), at.case(APRIL).await.try_at), (2, Some(instant("2026-04-08T09:00:00+02:00"))));
}

#[tokio::test]
async fn a_credit_note_closes_a_case_and_recovers_no_money() {
    let at = Nordlicht::declined(DeclineReason::Generic).await;
    let id = at.invoice_id(APRIL).await;
    let mut desk = at.desk().await;
    invoices::credit(&mut desk, &id, &invoices::CreditRequest::Whole).await.unwrap();
    desk.commit().await.unwrap();
    let case = at.case(APRIL).await;
    assert_eq!((case.state, case.recovered_by.as_deref(), case.recovered_minor), (CaseState::Recovered, Some("other"), 0));
    at.go_to("2026-04-30T12:00:00+02:00").await;
    assert_eq!(at.payments(APRIL).await.len(), 1);
}

#[tokio::test]
async fn a_vendor_that_switched_it_off_is_left_with_what_failed() {
    let at = Nordlicht::new().await;
    let mut desk = at.desk().await;
    dunning::set_policy(&mut desk, &Policy { is_on: false, ..Policy::default() }).await.unwrap();
    desk.commit().await.unwrap();
    at.bank.script(&at.id, Script::Declines(DeclineReason::StolenCard));
    at.go_to("2026-04-30T12:00:00+02:00").await;
    assert_eq!((at.payments(APRIL).await.len(), at.state().await, at.is_entitled().await), (1, State::PastDue, true));
    assert_eq!(dunning::unpaid_of(&mut at.desk().await, &at.id).await.unwrap(), []);
    assert!(matches!(at.payments(APRIL).await[0].status, Status::Declined(_)));
}

#[tokio::test]
async fn a_try_that_no_gateway_can_make_waits_for_one_and_ends_nothing() {
    let mut world = World::at("2026-03-02T09:00:00Z").await;
    let customer = world.customer("Nordlicht").await;
    let errand = Errand::new(&world.app, &world.vendor, Actor::System);
    sandbox::add_card(&errand, &customer, "4000000000000341").await;
    let mut desk = world.desk().await;
    desk.tx.run("UPDATE vendors SET payment_terms_days = 0 WHERE id = $1", (world.vendor.id.clone(),)).await.unwrap();
    invoices::charge(&mut desk, &customer, 1000, "Onboarding").await.unwrap();
    desk.commit().await.unwrap();
    let again = async |world: &mut World| {
        world.app.reload_vendors().await.unwrap();
        world.vendor = world.app.vendors().remove(0);
        bill::bill(&world.app, &world.vendor, world.now()).await.unwrap();
        dunning::unpaid_of(&mut world.desk().await, &customer).await.unwrap().remove(0)
    };
    let case = again(&mut world).await;
    // The vendor goes live without an account at any gateway.
    let mut desk = world.desk().await;
    desk.tx.run("UPDATE vendors SET is_test = FALSE WHERE id = $1", (world.vendor.id.clone(),)).await.unwrap();
    desk.commit().await.unwrap();
    world.app.clock.set(case.try_at.unwrap());
    let case = again(&mut world).await;
    assert_eq!((case.state, case.tries, case.ended_by), (CaseState::Open, 0, None), "it is tried as soon as there is one");
}
