//! A change is previewed, confirmed and paid: what was shown is what is charged, once.

use billing::invoice::LineKind;
use portico::services::catalog;
use portico::services::customers::{self, Details};
use portico::services::invoices::{self, Status};
use portico::services::payments::{DeclineReason, scripted::Script};
use portico::services::quotes::{self, Confirmed, Difference};
use portico::services::subscriptions::{self, Action, ChangeRequest, Settle};

use super::{ada_on_team, errand, go_to, use_minutes};
use crate::world::{World, instant};

fn to(plan_id: &str) -> Action {
    Action::Change(ChangeRequest { plan_id: Some(plan_id.to_owned()), ..ChangeRequest::default() })
}

/// Each line's kind and amount.
fn lines(snapshot: &invoices::Snapshot) -> Vec<(LineKind, i64)> {
    snapshot.lines.iter().map(|line| (line.line.kind, line.line.amount_minor)).collect()
}

#[tokio::test]
async fn what_was_previewed_is_what_is_charged_and_twice_is_once() {
    let (world, gateway) = World::scripted("2026-01-01T00:00:00+01:00").await;
    let (ada, subscription, business) = ada_on_team(&world).await;
    assert_eq!(gateway.taken().iter().map(|(_, amount)| *amount).collect::<Vec<_>>(), [5640]);

    // Noon of the 16th: 15.5 of 31 days are left, one half.
    world.app.clock.set(instant("2026-01-16T12:00:00+01:00"));
    let preview = quotes::preview(&errand(&world), &ada, &subscription, &to(&business)).await.unwrap();
    let document = &preview.priced.as_ref().unwrap().document;
    assert_eq!(document.lines.iter().map(|line| line.amount_minor).collect::<Vec<_>>(), [-1450, -900, 4950]);
    // 26.00 and 20 %.
    assert_eq!(preview.due_minor, 3120);
    // Business in February: 99.00 and 20 %.
    assert_eq!(preview.next_invoice.as_ref().unwrap().priced.as_ref().unwrap().due_minor, 11880);

    // A minute later it still is that second's price.
    world.wait(chrono::Duration::minutes(1));
    let Confirmed::Done(done) = quotes::confirm(&errand(&world), &ada, &preview.quote).await.unwrap() else { panic!("not done") };
    assert_eq!((done.paid_minor, done.documents[0].total_minor), (3120, 3120));
    let Confirmed::Done(again) = quotes::confirm(&errand(&world), &ada, &preview.quote).await.unwrap() else { panic!("not done") };
    assert_eq!(again, done);
    assert_eq!(gateway.taken().iter().map(|(_, amount)| *amount).collect::<Vec<_>>(), [5640, 3120]);

    let mut desk = world.desk().await;
    let invoice = invoices::load(&mut desk, &done.documents[0].id).await.unwrap();
    assert_eq!((invoice.status, invoice.paid_minor), (Status::Paid, 3120));
    assert_eq!(invoice.issued_at, instant("2026-01-16T12:00:00+01:00"));
    assert_eq!(subscriptions::load(&mut desk, &subscription).await.unwrap().terms.plan.key, "business");
    let sums = portico::services::ledger::sums(&mut desk).await.unwrap();
    assert_eq!(sums["EUR"].values().sum::<i64>(), 0);
    assert_eq!(sums["EUR"][&billing::ledger::Account::Cash], 8760);
}

#[tokio::test]
async fn a_declined_card_changes_nothing_and_the_price_can_be_paid_by_another() {
    let (world, gateway) = World::scripted("2026-01-01T00:00:00+01:00").await;
    let (ada, subscription, business) = ada_on_team(&world).await;
    world.app.clock.set(instant("2026-01-16T12:00:00+01:00"));
    let preview = quotes::preview(&errand(&world), &ada, &subscription, &to(&business)).await.unwrap();
    gateway.script(&ada, Script::Declines(DeclineReason::InsufficientFunds));
    let confirmed = quotes::confirm(&errand(&world), &ada, &preview.quote).await.unwrap();
    assert!(matches!(confirmed, Confirmed::Declined { ref reason, .. } if reason == "insufficient_funds"), "{confirmed:?}");
    let mut desk = world.desk().await;
    let after = subscriptions::load(&mut desk, &subscription).await.unwrap();
    assert_eq!((after.terms.plan.key.as_str(), after.held_by.clone()), ("team", None));
    assert_eq!(invoices::list(&mut desk, &ada, 10).await.unwrap().len(), 1);
    drop(desk);
    gateway.script(&ada, Script::Succeeds);
    assert!(matches!(quotes::confirm(&errand(&world), &ada, &preview.quote).await.unwrap(), Confirmed::Done(_)));
}

#[tokio::test]
async fn a_price_that_no_longer_holds_is_shown_anew_with_what_changed() {
    let (world, gateway) = World::scripted("2026-01-01T00:00:00+01:00").await;
    let (ada, subscription, business) = ada_on_team(&world).await;
    world.app.clock.set(instant("2026-01-16T12:00:00+01:00"));
    let first = quotes::preview(&errand(&world), &ada, &subscription, &to(&business)).await.unwrap();
    world.wait(chrono::Duration::minutes(15) + chrono::Duration::seconds(1));
    let Confirmed::Changed { differences, preview } = quotes::confirm(&errand(&world), &ada, &first.quote).await.unwrap() else { panic!("held for ever") };
    assert_eq!(differences, [Difference::Expired]);
    assert!(preview.due_minor < 3120, "fifteen minutes less are left");

    let mut desk = world.desk().await;
    let details = Details {
        name: "Ada".into(),
        legal_name: "Ada GmbH".into(),
        country: "DE".into(),
        locale: "en".into(),
        time_zone: "Europe/Vienna".into(),
        ..Details::default()
    };
    customers::update_details(&mut desk, &ada, &details).await.unwrap();
    desk.commit().await.unwrap();
    let Confirmed::Changed { differences, .. } = quotes::confirm(&errand(&world), &ada, &preview.quote).await.unwrap() else {
        panic!("another country, another tax")
    };
    assert_eq!(differences, [Difference::Customer]);
    assert_eq!(gateway.taken().len(), 1);
    let tampered = first.quote.replacen('e', "f", 1);
    assert!(quotes::confirm(&errand(&world), &ada, &tampered).await.is_err());
}

#[tokio::test]
async fn a_change_while_the_last_period_waits_for_usage_closes_it_on_the_same_document() {
    let (world, gateway) = World::scripted("2026-01-01T00:00:00+01:00").await;
    let (ada, subscription, business) = ada_on_team(&world).await;
    use_minutes(&world, &ada, "e1", "2026-01-01T00:00:00+01:00", 1500).await;
    // Half an hour into February, half an hour before January is invoiced.
    go_to(&world, "2026-02-01T00:30:00+01:00").await;
    let preview = quotes::preview(&errand(&world), &ada, &subscription, &to(&business)).await.unwrap();
    let Confirmed::Done(done) = quotes::confirm(&errand(&world), &ada, &preview.quote).await.unwrap() else { panic!("not done") };
    let mut desk = world.desk().await;
    let invoice = invoices::load(&mut desk, &done.documents[0].id).await.unwrap();
    // February on Team, January's usage, and all of February but half an hour (1,343 of 1,344 halves) moved to Business.
    let credited = |amount: i64| -((amount * 1343 * 2 + 1344) / (1344 * 2));
    assert_eq!(
        lines(&invoice.snapshot().unwrap()),
        [
            (LineKind::Recurring, 2900),
            (LineKind::Recurring, 1800),
            (LineKind::Usage, 400),
            (LineKind::ProrationCredit, credited(2900)),
            (LineKind::ProrationCredit, credited(1800)),
            (LineKind::ProrationCharge, -credited(9900)),
        ]
    );
    assert_eq!(invoice.status, Status::Paid);
    drop(desk);
    // What comes for January after this is late, and stands on March's invoice by itself.
    use_minutes(&world, &ada, "e2", "2026-01-31T23:59:59+01:00", 500).await;
    go_to(&world, "2026-03-01T02:00:00+01:00").await;
    let mut desk = world.desk().await;
    let list = invoices::list(&mut desk, &ada, 10).await.unwrap();
    assert_eq!(list.len(), 3);
    let march = invoices::load(&mut desk, &list[0].id).await.unwrap();
    assert_eq!(lines(&march.snapshot().unwrap()), [(LineKind::Recurring, 9900), (LineKind::LateUsage, 400)]);
    drop(desk);
    go_to(&world, "2026-04-01T02:00:00+02:00").await;
    let mut desk = world.desk().await;
    let list = invoices::list(&mut desk, &ada, 10).await.unwrap();
    assert_eq!(list[0].total_minor, 11880, "late usage is billed once");
    let taken: i64 = gateway.taken().iter().map(|(_, amount)| *amount).sum();
    let sums = portico::services::ledger::sums(&mut desk).await.unwrap();
    assert_eq!((sums["EUR"][&billing::ledger::Account::Cash], sums["EUR"].values().sum::<i64>()), (taken, 0));
}

#[tokio::test]
async fn a_change_settled_later_waits_for_the_next_invoice_and_can_be_changed_back() {
    let (world, gateway) = World::scripted("2026-01-01T00:00:00+01:00").await;
    let (ada, subscription, business) = ada_on_team(&world).await;
    world.app.clock.set(instant("2026-01-16T12:00:00+01:00"));
    let later = |plan: &str| Action::Change(ChangeRequest { plan_id: Some(plan.to_owned()), settle: Settle::NextInvoice, ..ChangeRequest::default() });
    let preview = quotes::preview(&errand(&world), &ada, &subscription, &later(&business)).await.unwrap();
    assert_eq!((preview.due_minor, preview.waiting.len(), preview.priced.is_none()), (0, 3, true));
    // 26.00 for the rest of January and 99.00 for February, and 20 %.
    assert_eq!(preview.next_invoice.as_ref().unwrap().priced.as_ref().unwrap().due_minor, 15000);
    quotes::confirm(&errand(&world), &ada, &preview.quote).await.unwrap();
    let mut desk = world.desk().await;
    let team = catalog::plan_by_key(&mut desk, "team").await.unwrap().unwrap();
    drop(desk);
    let back = quotes::preview(&errand(&world), &ada, &subscription, &later(&team.id)).await.unwrap();
    assert_eq!(back.waiting.iter().map(|line| line.amount_minor).sum::<i64>(), -2600);
    quotes::confirm(&errand(&world), &ada, &back.quote).await.unwrap();
    go_to(&world, "2026-02-01T02:00:00+01:00").await;
    assert_eq!(gateway.taken().iter().map(|(_, amount)| *amount).collect::<Vec<_>>(), [5640, 5640]);
}

#[tokio::test]
async fn a_preview_knows_what_its_credit_note_leaves_for_the_next_invoice() {
    let (world, gateway) = World::scripted("2026-01-01T00:00:00+01:00").await;
    let (ada, subscription, business) = ada_on_team(&world).await;
    world.app.clock.set(instant("2026-01-16T12:00:00+01:00"));
    let to = |plan: &str| Action::Change(ChangeRequest { plan_id: Some(plan.to_owned()), ..ChangeRequest::default() });
    let up = quotes::preview(&errand(&world), &ada, &subscription, &to(&business)).await.unwrap();
    quotes::confirm(&errand(&world), &ada, &up.quote).await.unwrap();
    world.app.clock.set(instant("2026-01-20T00:00:00+01:00"));
    let mut desk = world.desk().await;
    let team = catalog::plan_by_key(&mut desk, "team").await.unwrap().unwrap();
    drop(desk);
    let down = quotes::preview(&errand(&world), &ada, &subscription, &to(&team.id)).await.unwrap();
    let (note, next) = (down.priced.unwrap().document.total_minor, down.next_invoice.unwrap().priced.unwrap());
    assert!(note < 0);
    assert_eq!(next.due_minor, next.document.total_minor + note);
    quotes::confirm(&errand(&world), &ada, &down.quote).await.unwrap();
    go_to(&world, "2026-02-01T02:00:00+01:00").await;
    assert_eq!(gateway.taken().last().unwrap().1, next.due_minor);
}
