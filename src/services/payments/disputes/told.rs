//! What a gateway says of a dispute, and what follows: asked about, or heard when the books are compared.

use billing::subscription::Unused;
use billing::{ledger, money};
use serde_json::json;

use super::{Dispute, DisputeStatus, OnLost, WhileDisputed, dispute_policy, known};
use crate::sentence;
use crate::services::balance::{self, With};
use crate::services::invoices::{self, Allocation};
use crate::services::payments::charges;
use crate::services::payments::errand::{Errand, unanswered};
use crate::services::payments::gateway::{Dispute as Told, DisputeState};
use crate::services::payments::read::{self, Payment, Pays, Status};
use crate::services::subscriptions::{self, Action, PauseRequest, When, word};
use crate::services::{Desk, Refusal, customers, ledger as books};

/// A gateway told that something happened to a dispute: it is asked how that stands.
pub async fn ask(errand: &Errand, gateway: &str, reference: &str) -> Result<(), Refusal> {
    let asked = errand.gateway_of(gateway).await?.dispute(reference).await.map_err(|error| unanswered(&error, sentence!("refusal-dispute-unanswered")))?;
    match asked {
        Some(told) => hear(errand, gateway, reference, &told).await.map(|_| ()),
        None => Ok(()),
    }
}

/// What a gateway says of a dispute is written down once for each standing it has, and goes into the books; the payment it is of, if that changed
/// anything. Of a charge that is none of ours it is none of ours either; but whose charge it is, we may hear later.
pub async fn hear(errand: &Errand, gateway: &str, reference: &str, told: &Told) -> Result<Option<Payment>, Refusal> {
    let mut desk = errand.reads().await?;
    let Some(payment) = read::by_reference(&mut desk, gateway, &told.charge_reference).await? else {
        let is_early = read::is_unanswered(&mut desk, gateway).await?;
        return if is_early { Err(Refusal::Rule(sentence!("refusal-dispute-early"))) } else { Ok(None) };
    };
    drop(desk);
    // Of a payment that we have not heard of yet: it is heard of first.
    let payment = if payment.status == Status::Succeeded { payment } else { charges::learn(errand, &payment).await? };
    let mut desk = errand.writes().await?;
    let known: Option<(String,)> = desk
        .tx
        .opt(
            "INSERT INTO gateway_notices (vendor_id, gateway, notice_id, kind, received_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (vendor_id, gateway, notice_id) DO NOTHING RETURNING notice_id",
            (desk.vendor.id.clone(), gateway.to_owned(), format!("{reference}:{}", told.standing), "payment.disputed", desk.now.wall_ms()),
        )
        .await?;
    if known.is_some() {
        let data = json!({
            "dispute": reference, "amount_minor": told.amount_minor, "currency": told.currency, "reason": told.reason, "standing": told.standing,
        });
        desk.record("payment.disputed", Some(&payment.customer_id), &payment.id, data).await?;
    }
    let is_new = record(&mut desk, &payment, reference, told).await?;
    desk.commit().await?;
    Ok(Some(payment).filter(|_| is_new))
}

/// What the gateway says of a dispute goes into the books; whether that changed anything. Told again, or late, it comes to the same.
async fn record(desk: &mut Desk, payment: &Payment, reference: &str, told: &Told) -> Result<bool, Refusal> {
    customers::hold(desk, &payment.customer_id).await?;
    let payment = read::load(desk, &payment.id).await?;
    if payment.status != Status::Succeeded || told.currency != payment.currency || told.amount_minor <= 0 {
        tracing::warn!(payment = payment.id, dispute = reference, "a dispute of what did not come in, or of another currency: it is only written down");
        return Ok(false);
    }
    let before = known(desk, &payment.gateway, reference).await?;
    let is_new = before.is_none();
    let dispute = match (before, told.state) {
        // Nor was money ever gone where the first that is heard is that it is won.
        (None, DisputeState::Inquiry | DisputeState::Won) => return Ok(false),
        (None, _) => open(desk, &payment, reference, told).await?,
        (Some(dispute), _) => dispute,
    };
    match (dispute.status, told.state) {
        (DisputeStatus::Open, DisputeState::Won) => win(desk, dispute).await.map(|()| true),
        (DisputeStatus::Open, DisputeState::Lost) => lose(desk, &payment, dispute).await.map(|()| true),
        _ => Ok(is_new),
    }
}

async fn open(desk: &mut Desk, payment: &Payment, reference: &str, told: &Told) -> Result<Dispute, Refusal> {
    let id = desk.new_id("dis");
    let amount_minor = told.amount_minor.min(payment.amount_minor);
    let paused = match dispute_policy(desk).await?.subscription {
        WhileDisputed::Keep => Vec::new(),
        WhileDisputed::Pause => pause(desk, payment).await?,
    };
    desk.tx
        .run(
            "INSERT INTO disputes (vendor_id, id, gateway, reference, payment_id, customer_id, amount_minor, currency, reason, status, reopened_minor, opened_at, paused)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'open', 0, $10, $11)",
            (
                desk.vendor.id.clone(), id.clone(), payment.gateway.clone(), reference.to_owned(), payment.id.clone(), payment.customer_id.clone(), amount_minor,
                payment.currency.clone(), told.reason.clone(), desk.now.billing_ms(), serde_json::to_string(&paused).map_err(Refusal::damaged)?,
            ),
        )
        .await?;
    books::post(desk, &payment.customer_id, &payment.currency, &id, &ledger::payment_disputed(amount_minor)?).await?;
    hold_credit(desk, payment, &id, amount_minor).await?;
    let data = json!({ "payment_id": payment.id, "amount_minor": amount_minor, "currency": payment.currency, "reason": told.reason });
    desk.record("dispute.opened", Some(&payment.customer_id), &id, data).await?;
    known(desk, &payment.gateway, reference).await?.ok_or(Refusal::NotFound)
}

/// Pauses the subscriptions of the invoice that a payment paid; those that were. One that can't be paused goes on.
async fn pause(desk: &mut Desk, payment: &Payment) -> Result<Vec<String>, Refusal> {
    let Some((invoice_id, _)) = invoices::paid_by(desk, &payment.id).await? else { return Ok(Vec::new()) };
    let mut paused = Vec::new();
    for subscription in subscriptions::on_invoice(desk, &invoice_id).await? {
        let action = Action::Pause(PauseRequest { when: When::Now, unused: Unused::Kept });
        match subscriptions::act(desk, &payment.customer_id, &subscription.id, &action).await {
            Ok(_) => paused.push(subscription.id),
            Err(Refusal::Rule(_) | Refusal::Conflict(_)) => {}
            Err(refusal) => return Err(refusal),
        }
    }
    Ok(paused)
}

/// What a payment bought for the balance, as far as it is left and disputed, can't be used until that is decided; nor can what was given on top.
async fn hold_credit(desk: &mut Desk, payment: &Payment, dispute_id: &str, disputed_minor: i64) -> Result<(), Refusal> {
    let Pays::Purchase(purchase_id) = &payment.pays else { return Ok(()) };
    let (customer_id, currency) = (payment.customer_id.as_str(), payment.currency.as_str());
    for credit in balance::left_of_purchase(desk, customer_id, purchase_id).await? {
        let held_minor = if credit.is_bonus { credit.left_minor } else { credit.left_minor.min(disputed_minor) };
        balance::take_out(desk, customer_id, &credit.id, With::Dispute(dispute_id), held_minor).await?;
        let entries = if credit.is_bonus { ledger::granted_taken_back(held_minor)? } else { ledger::disputed_credit_held(held_minor)? };
        books::post(desk, customer_id, currency, dispute_id, &entries).await?;
    }
    Ok(())
}

/// What was held back is the customer's to use again.
async fn let_go_of_credit(desk: &mut Desk, dispute: &Dispute) -> Result<(), Refusal> {
    let with = With::Dispute(&dispute.id);
    for (credit_id, is_bonus, held_minor) in balance::taken_out_with(desk, with).await? {
        let again = money::neg(held_minor).map_err(billing::Error::from)?;
        balance::take_out(desk, &dispute.customer_id, &credit_id, with, again).await?;
        let entries = if is_bonus { ledger::balance_granted(held_minor)? } else { ledger::disputed_credit_let_go(held_minor)? };
        books::post(desk, &dispute.customer_id, &dispute.currency, &dispute.id, &entries).await?;
    }
    Ok(())
}

async fn win(desk: &mut Desk, dispute: Dispute) -> Result<(), Refusal> {
    end(desk, &dispute, DisputeStatus::Won, 0).await?;
    books::post(desk, &dispute.customer_id, &dispute.currency, &dispute.id, &ledger::dispute_won(dispute.amount_minor)?).await?;
    let_go_of_credit(desk, &dispute).await?;
    for id in &dispute.paused.0 {
        match subscriptions::act(desk, &dispute.customer_id, id, &Action::Resume).await {
            // Somebody has resumed it, or ended it.
            Ok(_) | Err(Refusal::Rule(_) | Refusal::Conflict(_)) => {}
            Err(refusal) => return Err(refusal),
        }
    }
    let data = json!({ "payment_id": dispute.payment_id, "amount_minor": dispute.amount_minor, "currency": dispute.currency });
    desk.record("dispute.won", Some(&dispute.customer_id), &dispute.id, data).await
}

async fn lose(desk: &mut Desk, payment: &Payment, dispute: Dispute) -> Result<(), Refusal> {
    let paid = match (dispute_policy(desk).await?.lost, invoices::paid_by(desk, &payment.id).await?) {
        (OnLost::Reopen, Some((invoice_id, paid_minor))) => {
            // What went back to the customer before is not taken back twice.
            let kept_minor = invoices::refundable_minor(desk, &invoice_id).await?;
            Some((invoice_id, dispute.amount_minor.min(paid_minor).min(kept_minor).max(0)))
        }
        _ => None,
    };
    let reopened_minor = paid.as_ref().map_or(0, |(_, minor)| *minor);
    end(desk, &dispute, DisputeStatus::Lost, reopened_minor).await?;
    if let Some((invoice_id, reopened_minor)) = paid.filter(|(_, minor)| *minor > 0) {
        let back_minor = money::neg(reopened_minor).map_err(billing::Error::from)?;
        invoices::allocate(desk, &invoice_id, back_minor, Allocation::Dispute(&dispute.id)).await?;
        books::post(desk, &dispute.customer_id, &dispute.currency, &dispute.id, &ledger::dispute_lost(reopened_minor)?).await?;
        invoices::note_due_again(desk, &invoice_id).await?;
    }
    // Credit that was held back stays away: only what had been used of it is lost.
    let held = balance::taken_out_with(desk, With::Dispute(&dispute.id)).await?.into_iter().filter(|(_, is_bonus, _)| !is_bonus);
    let gone = money::sum(held.map(|(_, _, minor)| minor).chain([reopened_minor])).map_err(billing::Error::from)?;
    let rest = money::sub(dispute.amount_minor, gone).map_err(billing::Error::from)?;
    if rest > 0 {
        books::post(desk, &dispute.customer_id, &dispute.currency, &dispute.id, &ledger::dispute_written_off(rest)?).await?;
    }
    let data = json!({
        "payment_id": dispute.payment_id, "amount_minor": dispute.amount_minor, "currency": dispute.currency, "reopened_minor": reopened_minor, "written_off_minor": rest,
    });
    desk.record("dispute.lost", Some(&dispute.customer_id), &dispute.id, data).await
}

async fn end(desk: &mut Desk, dispute: &Dispute, status: DisputeStatus, reopened_minor: i64) -> Result<(), Refusal> {
    desk.tx
        .run(
            "UPDATE disputes SET status = $3, reopened_minor = $4, ended_at = $5 WHERE vendor_id = $1 AND id = $2",
            (desk.vendor.id.clone(), dispute.id.clone(), word(status)?, reopened_minor, desk.now.billing_ms()),
        )
        .await?;
    Ok(())
}
