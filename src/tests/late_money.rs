//! Money that comes for a change when the change can no longer be made of it: nothing is done twice, and nothing is lost.

use portico::services::balance;
use portico::services::check::check;
use portico::services::payments::gateway::Charge;
use portico::services::payments::scripted::Script;
use portico::services::payments::{self, DeclineReason, Outcome};
use portico::services::quotes::{self, Confirmed};
use portico::services::subscriptions::{self, Action, ChangeRequest};
use rust_decimal::Decimal;

use crate::nordlicht::Nordlicht;

impl Nordlicht {
    /// The price of two seats more from the middle of March: half of 2 × 9.00.
    async fn priced(&self) -> String {
        self.go_to("2026-03-16T12:00:00+01:00").await;
        let action = Action::Change(ChangeRequest { quantity: Some(Decimal::from(4)), ..ChangeRequest::default() });
        quotes::preview(&self.errand(), &self.id, &self.subscription, &action).await.unwrap().quote
    }

    async fn takes(&self, quote: &str) -> Confirmed {
        quotes::confirm(&self.errand(), &self.id, quote).await.unwrap()
    }

    /// The gateway says of a payment it had declined that it was made.
    async fn made_after_all(&self, payment_id: &str) -> i64 {
        let mut desk = self.desk().await;
        let payment = payments::load(&mut desk, payment_id).await.unwrap();
        let charge =
            Charge { reference: "charge_late".into(), amount_minor: payment.amount_minor, currency: payment.currency.clone(), outcome: Outcome::Succeeded };
        for _ in 0..2 {
            payments::record(&mut desk, payment_id, &charge).await.unwrap();
        }
        desk.commit().await.unwrap();
        payment.amount_minor
    }

    async fn seats(&self) -> Decimal {
        subscriptions::load(&mut self.desk().await, &self.subscription).await.unwrap().terms.quantity
    }

    async fn in_balance(&self) -> i64 {
        assert_eq!(check(&self.world.app).await.unwrap().broken, None);
        balance::total(&mut self.desk().await, &self.id, "EUR").await.unwrap()
    }
}

#[tokio::test]
async fn what_a_second_payment_bought_already_is_the_customers_balance() {
    let at = Nordlicht::new().await;
    let quote = at.priced().await;
    at.bank.script(&at.id, Script::Declines(DeclineReason::InsufficientFunds));
    let Confirmed::Declined { payment_id, .. } = at.takes(&quote).await else { panic!("not declined") };
    at.bank.script(&at.id, Script::Succeeds);
    let Confirmed::Done(done) = at.takes(&quote).await else { panic!("not done") };
    assert_eq!((at.seats().await, at.in_balance().await), (Decimal::from(4), 0));
    assert_eq!(at.made_after_all(&payment_id).await, done.paid_minor);
    assert_eq!((at.seats().await, at.in_balance().await, at.events("quote.paid_too_late").await), (Decimal::from(4), done.paid_minor, 1));
}

#[tokio::test]
async fn money_for_a_change_that_no_longer_holds_is_the_customers_balance() {
    let at = Nordlicht::new().await;
    let quote = at.priced().await;
    at.bank.script(&at.id, Script::Declines(DeclineReason::InsufficientFunds));
    let Confirmed::Declined { payment_id, .. } = at.takes(&quote).await else { panic!("not declined") };
    // Meanwhile the vendor gave one seat more, left open.
    let mut desk = at.desk().await;
    let one_more = Action::Change(ChangeRequest { quantity: Some(Decimal::from(3)), ..ChangeRequest::default() });
    subscriptions::act(&mut desk, &at.id, &at.subscription, &one_more).await.unwrap();
    desk.commit().await.unwrap();
    let paid_minor = at.made_after_all(&payment_id).await;
    assert_eq!((at.seats().await, at.in_balance().await, at.events("quote.paid_too_late").await), (Decimal::from(3), paid_minor, 1));
}

#[tokio::test]
async fn a_payment_made_after_all_makes_the_change_that_still_holds() {
    let at = Nordlicht::new().await;
    let quote = at.priced().await;
    at.bank.script(&at.id, Script::Declines(DeclineReason::InsufficientFunds));
    let Confirmed::Declined { payment_id, .. } = at.takes(&quote).await else { panic!("not declined") };
    at.made_after_all(&payment_id).await;
    assert_eq!((at.seats().await, at.in_balance().await, at.events("quote.paid_too_late").await), (Decimal::from(4), 0, 0));
}
