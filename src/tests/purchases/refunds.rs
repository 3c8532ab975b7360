//! Money of a top-up or a credit pack that goes back: at most what is left of it, out of the balance in the same moment, and in again where the
//! card takes nothing back.

use billing::ledger::Account;
use portico::services::payments::gateway::DisputeState;
use portico::services::payments::scripted::{RefundScript, Script};
use portico::services::payments::{self, DifferenceKind, Pays, Status};
use portico::services::purchases::{self, Refunded};
use portico::services::{Refusal, ledger, messages};
use serde_json::json;

use crate::disputes::disputed;
use crate::nordlicht::Nordlicht;

impl Nordlicht {
    /// Buys what a form decides; the id of it.
    async fn bought(&self, form: super::Form) -> String {
        assert_eq!(self.send(&form).await.status, 303);
        purchases::of_customer(&mut self.desk().await, &self.id, "", 1).await.unwrap().remove(0).id
    }

    async fn give_back_of(&self, purchase_id: &str, amount_minor: Option<i64>) -> Result<Refunded, Refusal> {
        let mut desk = self.desk().await;
        let refunded = purchases::refund(&mut desk, purchase_id, amount_minor).await?;
        desk.commit().await.unwrap();
        Ok(refunded)
    }

    /// Why nothing more goes back.
    async fn refused(&self, purchase_id: &str, amount_minor: Option<i64>) -> String {
        self.give_back_of(purchase_id, amount_minor).await.unwrap_err().to_string()
    }

    fn given_back_minor(&self) -> Vec<i64> {
        self.bank.given_back().into_iter().map(|(_, amount_minor)| amount_minor).collect()
    }

    async fn written_off_minor(&self) -> i64 {
        ledger::sums(&mut self.desk().await).await.unwrap()["EUR"][&Account::WriteOffs]
    }

    async fn statement(&self) -> String {
        self.browser().get("/balance").await.text
    }
}

#[tokio::test]
async fn what_is_left_of_a_top_up_goes_back_and_is_gone_from_the_balance_at_once() {
    let at = Nordlicht::selling().await;
    let bought = at.bought(at.top_up_form("100").await).await;
    let payment = payments::of_customer(&mut at.desk().await, &at.id, "", 1).await.unwrap().remove(0);
    let receipt = format!("/payments/{}/receipt", payment.id);
    let part = at.give_back_of(&bought, Some(2_000)).await.unwrap();
    assert_eq!((part.amount_minor, part.bonus_minor, at.balance_minor().await, at.given_back_minor()), (2_000, 0, 8_000, vec![]));
    let page = at.browser().get(&receipt).await;
    assert!(page.text.contains("On its way back, from the balance") && page.text.contains("€80.00"), "{}", page.text);
    at.deliver().await;
    assert!(at.browser().get(&receipt).await.text.contains("Went back on 1 March 2026, from the balance"));
    assert!(at.statement().await.contains("Went back to where it was paid from"));
    assert!(at.browser().get("/account/activity").await.text.contains("€20.00 of your balance went back to you"));
    let mut desk = at.desk().await;
    let history = messages::history(&mut desk, &at.id, &at.mira.identity_id, "", 20).await.unwrap();
    assert!(history.iter().any(|message| message.kind == "refund" && message.body.contains("€20.00 of your balance went back")), "{history:#?}");
    drop(desk);
    // April's invoice uses 47.00 of it.
    at.go_to("2026-04-01T02:00:00+02:00").await;
    assert_eq!((at.balance_minor().await, at.taken()), (3_300, vec![4700, 10_000]));
    assert!(at.refused(&bought, Some(3_301)).await.contains("Only €33.00 of what was paid for this is left"));
    assert_eq!(at.give_back_of(&bought, None).await.unwrap().amount_minor, 3_300);
    assert!(at.refused(&bought, None).await.contains("All that was paid for this is used"));
    at.deliver().await;
    assert_eq!((at.given_back_minor(), at.balance_minor().await), (vec![2_000, 3_300], 0));
    assert_eq!(payments::reconcile(&at.errand(), None).await.unwrap().differences, []);
    // The next invoice is the card's.
    at.go_to("2026-05-01T02:00:00+02:00").await;
    assert_eq!(at.taken(), [4700, 10_000, 4700]);
}

#[tokio::test]
async fn what_was_given_on_top_of_a_pack_goes_with_the_first_of_it() {
    let at = Nordlicht::selling().await;
    let bought = at.bought(at.buy_form("sixty").await).await;
    let part = at.give_back_of(&bought, Some(1_000)).await.unwrap();
    assert_eq!((part.amount_minor, part.bonus_minor, at.balance_minor().await), (1_000, 1_000, 4_000));
    let rest = at.give_back_of(&bought, None).await.unwrap();
    assert_eq!((rest.amount_minor, rest.bonus_minor, at.balance_minor().await), (4_000, 0, 0));
    assert!(at.statement().await.contains("Given on top of Sixty for fifty, taken back"));
    at.deliver().await;
    assert_eq!((at.given_back_minor(), at.events("refund.succeeded").await), (vec![1_000, 4_000], 2));
}

#[tokio::test]
async fn what_the_card_takes_no_more_is_in_the_balance_again() {
    let at = Nordlicht::selling().await;
    let bought = at.bought(at.buy_form("sixty").await).await;
    at.bank.script_refunds(RefundScript::Refuses);
    at.give_back_of(&bought, None).await.unwrap();
    assert_eq!(at.balance_minor().await, 0);
    at.deliver().await;
    at.deliver().await;
    assert_eq!((at.balance_minor().await, at.given_back_minor(), at.events("refund.refused").await), (6_000, vec![], 1));
    assert!(at.statement().await.contains("Could not go back to where it was paid from"));
    // It may be tried again, and expires when it would have.
    at.bank.script_refunds(RefundScript::LosesAnswer);
    at.give_back_of(&bought, Some(2_000)).await.unwrap();
    at.deliver().await;
    assert_eq!(payments::reconcile(&at.errand(), None).await.unwrap().differences[0].kind, DifferenceKind::RefundDecidedThere);
    assert_eq!((at.balance_minor().await, at.given_back_minor()), (3_000, vec![2_000]));
    at.go_to("2026-05-31T02:00:00+02:00").await;
    assert_eq!((at.balance_minor().await, at.taken().last()), (0, Some(&4700)));
}

#[tokio::test]
async fn only_what_was_bought_and_is_nobody_elses_goes_back() {
    let at = Nordlicht::selling().await;
    let workshop = at.bought(at.buy_form("workshop").await).await;
    assert!(at.refused(&workshop, None).await.contains("refund its invoice 2026-0002 instead"));
    at.bank.script(&at.id, Script::Pends);
    let open = at.bought(at.top_up_form("25").await).await;
    assert!(at.refused(&open, None).await.contains("Nothing was paid"));
    at.bank_decides().await;
    at.world.wait(chrono::Duration::minutes(2));
    at.recover().await;
    for amount_minor in [0, -1, i64::MIN] {
        assert!(matches!(at.give_back_of(&open, Some(amount_minor)).await, Err(Refusal::Fields(_))), "{amount_minor}");
    }
    let payment = payments::of(&mut at.desk().await, &Pays::Purchase(open.clone())).await.unwrap().remove(0);
    assert_eq!(payment.status, Status::Succeeded);
    at.bank.dispute_as("dp_1", disputed(&payment.reference.unwrap(), 2_500, "needs_response", DisputeState::Open));
    payments::reconcile(&at.errand(), None).await.unwrap();
    assert!(at.refused(&open, None).await.contains("disputed"));
}

#[tokio::test]
async fn what_was_paid_in_cannot_be_used_while_that_is_disputed_and_is_gone_when_it_is_lost() {
    for (state, left_minor, written_off_minor) in [(DisputeState::Won, 6_000, 0), (DisputeState::Lost, 0, 0)] {
        let at = Nordlicht::selling().await;
        at.bought(at.buy_form("sixty").await).await;
        let charge = format!("test_ch_{}", at.bank.taken()[1].0);
        at.bank.dispute_as("dp_1", disputed(&charge, 5_000, "needs_response", DisputeState::Open));
        payments::reconcile(&at.errand(), None).await.unwrap();
        assert_eq!(at.balance_minor().await, 0);
        assert!(at.statement().await.contains("Held back: the bank is asked whose the payment is"));
        at.bank.dispute_as("dp_1", disputed(&charge, 5_000, "decided", state));
        payments::reconcile(&at.errand(), None).await.unwrap();
        assert_eq!((at.balance_minor().await, at.written_off_minor().await), (left_minor, written_off_minor), "{state:?}");
        assert_eq!(at.statement().await.contains("No longer held back"), state == DisputeState::Won);
    }
    // What was used of it before is the vendor's loss.
    let at = Nordlicht::selling().await;
    at.bought(at.top_up_form("100").await).await;
    let charge = format!("test_ch_{}", at.bank.taken()[1].0);
    at.go_to("2026-04-01T02:00:00+02:00").await;
    assert_eq!(at.balance_minor().await, 5_300);
    at.bank.dispute_as("dp_1", disputed(&charge, 10_000, "decided", DisputeState::Lost));
    payments::reconcile(&at.errand(), None).await.unwrap();
    assert_eq!((at.balance_minor().await, at.written_off_minor().await), (0, 4_700));
}

#[tokio::test]
async fn of_fifty_who_give_all_of_it_back_at_once_one_does() {
    let at = Nordlicht::selling().await;
    let bought = at.bought(at.top_up_form("25").await).await;
    let program = at.world.program("invoices:write").await;
    let path = format!("/purchases/{bought}/refunds");
    let replies = futures_util::future::join_all((0..50).map(|_| program.post(&path, json!({})))).await;
    let done: Vec<_> = replies.iter().filter(|reply| reply.status() == 201).collect();
    assert_eq!(done.len(), 1);
    assert_eq!(done[0].json["amount_minor"], json!(2_500));
    assert!(replies.iter().all(|reply| [201, 409, 422].contains(&reply.status())), "{:?}", replies.iter().map(|reply| reply.status()).collect::<Vec<_>>());
    at.deliver().await;
    assert_eq!((at.given_back_minor(), at.balance_minor().await), (vec![2_500], 0));
}
