//! Credit notes of what a change took back and its reversal charged again, and what the check of the books says of them.

use billing::correction::LineCredit;
use billing::invoice::LineKind;
use billing::subscription::Unused;
use portico::services::check::check;
use portico::services::invoices::{self, CreditRequest, Issued};
use portico::services::quotes::{self, Confirmed};
use portico::services::subscriptions::{self, Action, CancelRequest, ChangeRequest, When};
use portico::services::{Refusal, catalog};
use rust_decimal::Decimal;

use super::{ada_on_team, errand, go_to};
use crate::world::{World, instant};

/// Makes a change: the id and the lines' amounts of its one document.
async fn change(world: &World, customer_id: &str, subscription_id: &str, change: ChangeRequest) -> (String, Vec<i64>) {
    let preview = quotes::preview(&errand(world), customer_id, subscription_id, &Action::Change(change)).await.unwrap();
    let Confirmed::Done(done) = quotes::confirm(&errand(world), customer_id, &preview.quote).await.unwrap() else { panic!("not done") };
    let id = done.documents[0].id.clone();
    let lines = invoices::of_invoice(&mut world.desk().await, &id).await.unwrap();
    (id, lines.iter().map(|draft| draft.line.amount_minor).collect())
}

fn to_plan(id: &str) -> ChangeRequest {
    ChangeRequest { plan_id: Some(id.to_owned()), ..ChangeRequest::default() }
}

fn seats(quantity: i64) -> ChangeRequest {
    ChangeRequest { quantity: Some(Decimal::from(quantity)), ..ChangeRequest::default() }
}

async fn credit(world: &World, invoice_id: &str, request: CreditRequest) -> Result<Issued, Refusal> {
    let mut desk = world.desk().await;
    let note = invoices::credit(&mut desk, invoice_id, &request).await?;
    desk.commit().await.unwrap();
    Ok(note)
}

fn amounts(issued: &Issued) -> Vec<i64> {
    issued.document.lines.iter().map(|line| line.amount_minor).collect()
}

#[tokio::test]
async fn what_a_note_restored_is_credited_by_the_line_of_the_invoice_that_charged_it() {
    let (world, _) = World::scripted("2026-01-01T00:00:00+01:00").await;
    let (ada, subscription, business) = ada_on_team(&world).await;
    let mut desk = world.desk().await;
    let team = catalog::plan_by_key(&mut desk, "team").await.unwrap().unwrap().id;
    let first = invoices::numbered(&mut desk, "2026-0001").await.unwrap();
    drop(desk);
    // Half of January: to the dearer plan and back at the same moment.
    world.app.clock.set(instant("2026-01-16T12:00:00+01:00"));
    assert_eq!(change(&world, &ada, &subscription, to_plan(&business)).await.1, [-1450, -900, 4950]);
    let (note_id, back) = change(&world, &ada, &subscription, to_plan(&team)).await;
    assert_eq!(back, [-4950, 1450, 900]);
    let mut desk = world.desk().await;
    let (base, again) = {
        let charged = invoices::of_invoice(&mut desk, &first.id).await.unwrap();
        let restored = invoices::of_invoice(&mut desk, &note_id).await.unwrap();
        (charged[0].id.clone(), restored.into_iter().find(|draft| draft.line.kind == LineKind::ProrationCharge).unwrap().id)
    };
    drop(desk);
    // The invoice knows the line it charged, and no other.
    let of = |line: &str, amount_minor: i64| CreditRequest::Lines(vec![LineCredit { line: line.to_owned(), amount_minor: Some(amount_minor) }]);
    assert!(credit(&world, &first.id, of(&again, 1)).await.is_err());
    let note = credit(&world, &first.id, of(&base, 2400)).await.unwrap();
    assert_eq!((amounts(&note), note.document.total_minor), (vec![-1450, -550], -2400));
    assert_eq!(note.document.lines[1].credits, Some(again));
    // All that is left of it, of both lines.
    let note = credit(&world, &first.id, CreditRequest::Whole).await.unwrap();
    assert_eq!((amounts(&note), note.document.total_minor), (vec![-900, -900, -900], 2400 - 5640));
    assert!(credit(&world, &first.id, CreditRequest::Amount(1)).await.is_err());
    assert_eq!(check(&world.app).await.unwrap().broken, None);
    // What was credited whole is not given back again.
    go_to(&world, "2026-01-20T00:00:00+01:00").await;
    let mut desk = world.desk().await;
    let leave = Action::Cancel(CancelRequest { when: When::Now, unused: Unused::Credited, reason: None, comment: None });
    subscriptions::act(&mut desk, &ada, &subscription, &leave).await.unwrap();
    desk.commit().await.unwrap();
    assert_eq!(portico::services::balance::total(&mut world.desk().await, &ada, "EUR").await.unwrap(), 5640 + 3120);
    assert_eq!(check(&world.app).await.unwrap().broken, None);
}

#[tokio::test]
async fn an_invoice_is_credited_to_its_total_though_what_it_took_back_was_charged_again() {
    let (world, _) = World::scripted("2026-01-01T00:00:00+01:00").await;
    let (ada, subscription, _) = ada_on_team(&world).await;
    world.app.clock.set(instant("2026-01-16T12:00:00+01:00"));
    let mut desk = world.desk().await;
    invoices::charge(&mut desk, &ada, 10_000, "Onboarding").await.unwrap();
    desk.commit().await.unwrap();
    // 100.00 less half of a seat, and that again by an invoice of its own.
    let (invoice_id, charged) = change(&world, &ada, &subscription, seats(1)).await;
    assert_eq!(charged, [-900, 450, 10_000]);
    assert_eq!(change(&world, &ada, &subscription, seats(2)).await.1, [-450, 900]);
    assert!(credit(&world, &invoice_id, CreditRequest::Amount(11_461)).await.is_err());
    let note = credit(&world, &invoice_id, CreditRequest::Whole).await.unwrap();
    assert_eq!((amounts(&note), note.document.total_minor), (vec![-9550], -11_460));
    assert!(credit(&world, &invoice_id, CreditRequest::Amount(1)).await.is_err());
    assert_eq!(check(&world.app).await.unwrap().broken, None);
}
