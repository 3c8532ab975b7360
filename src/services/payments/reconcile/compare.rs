//! One charge, refund or dispute of a gateway's beside what we have of it: what is certain is put right, the rest is named.

use billing::money;

use super::{Difference, DifferenceKind};
use crate::services::Refusal;
use crate::services::payments::errand::Errand;
use crate::services::payments::gateway::{Charge, DeclineReason, ListedCharge, ListedDispute, ListedRefund, Outcome, RefundOutcome};
use crate::services::payments::read::{self, Payment, Status};
use crate::services::payments::{charges, collect, disputes, refunds};

pub fn difference(kind: DifferenceKind, subject_id: &str, currency: &str, ours_minor: i64, theirs_minor: i64) -> Difference {
    Difference { kind, subject_id: subject_id.to_owned(), currency: currency.to_owned(), ours_minor, theirs_minor, is_mended: false }
}

pub fn of_payment(kind: DifferenceKind, ours: &Payment, theirs_minor: i64) -> Difference {
    difference(kind, &ours.id, &ours.currency, ours.amount_minor, theirs_minor)
}

/// Whether all of a charge that was taken went back there, by whomever.
pub fn went_back(theirs: &ListedCharge, given_back: &[ListedRefund]) -> Result<bool, Refusal> {
    let Charge { reference, amount_minor, .. } = &theirs.charge;
    let back = given_back.iter().filter(|back| back.charge_reference == *reference && back.refund.outcome == RefundOutcome::Succeeded);
    let back_minor = money::sum(back.map(|back| back.amount_minor)).map_err(billing::Error::from)?;
    Ok(back_minor >= *amount_minor)
}

/// A payment under way that nobody decides.
pub fn left_lying(gateway: &str, ours: &Payment) -> Difference {
    match &ours.instead {
        _ if ours.gateway != gateway => of_payment(DifferenceKind::OtherGateway, ours, 0),
        Some(instead) => otherwise(ours, &instead.currency, instead.amount_minor),
        None => of_payment(DifferenceKind::Undecided, ours, 0),
    }
}

/// The gateway took something else than our payment is of.
fn otherwise(ours: &Payment, currency: &str, theirs_minor: i64) -> Difference {
    let kind = if ours.currency == currency { DifferenceKind::AmountDiffers } else { DifferenceKind::CurrencyDiffers };
    of_payment(kind, ours, theirs_minor)
}

/// One charge of the gateway's beside our payment.
pub async fn charge(errand: &Errand, gateway: &str, theirs: &ListedCharge, went_back: bool) -> Result<Option<Difference>, Refusal> {
    let Charge { reference, amount_minor, currency, outcome } = &theirs.charge;
    let took = *outcome == Outcome::Succeeded;
    let ours = match read::load(&mut errand.reads().await?, &theirs.key).await {
        Ok(payment) if payment.gateway == gateway => payment,
        Ok(_) | Err(Refusal::NotFound) => {
            return Ok((took && !went_back).then(|| difference(DifferenceKind::ChargeUnknown, reference, currency, 0, *amount_minor)));
        }
        Err(refusal) => return Err(refusal),
    };
    let is_as_asked = (ours.amount_minor, &ours.currency) == (*amount_minor, currency);
    if took && !is_as_asked {
        return charged_otherwise(errand, &ours, &theirs.charge, went_back).await;
    }
    let kind = match (&ours.status, outcome) {
        (Status::Succeeded, Outcome::Succeeded) => return Ok(None),
        (_, Outcome::Succeeded) => DifferenceKind::PaidThere,
        (Status::Succeeded, _) => return Ok(Some(of_payment(DifferenceKind::PaidHere, &ours, 0))),
        (status, Outcome::Declined(_)) if status.is_under_way() => DifferenceKind::DeclinedThere,
        _ => return Ok(None),
    };
    let mut desk = errand.writes().await?;
    let before = read::load(&mut desk, &ours.id).await?.status;
    charges::record(&mut desk, &ours.id, &theirs.charge).await?;
    desk.commit().await?;
    // Somebody else heard of it in the meantime.
    if before != ours.status {
        return Ok(None);
    }
    Ok(Some(Difference { is_mended: true, ..of_payment(kind, &ours, if took { *amount_minor } else { 0 }) }))
}

/// What the gateway took is not what it was asked for. Once it went back there, nothing was charged: the payment is given up, and what follows
/// is what follows a charge that was refused.
async fn charged_otherwise(errand: &Errand, ours: &Payment, charge: &Charge, went_back: bool) -> Result<Option<Difference>, Refusal> {
    let named = otherwise(ours, &charge.currency, charge.amount_minor);
    if !went_back {
        return Ok(Some(named));
    }
    if !ours.status.is_under_way() {
        return Ok(None);
    }
    let mut desk = errand.writes().await?;
    let given_up = charges::give_up(&mut desk, &ours.id).await?;
    collect::carry_on(&mut desk, &given_up, DeclineReason::ProcessingError).await?;
    desk.commit().await?;
    Ok(Some(Difference { is_mended: true, ..named }))
}

/// One refund of the gateway's beside ours.
pub async fn refund(errand: &Errand, gateway: &str, theirs: &ListedRefund) -> Result<Option<Difference>, Refusal> {
    let went = theirs.refund.outcome == RefundOutcome::Succeeded;
    let mut desk = errand.reads().await?;
    let ours = match &theirs.key {
        Some(key) => refunds::find(&mut desk, key).await?,
        None => None,
    };
    let Some(ours) = ours else {
        // Of a charge that is none of ours it is none of ours either.
        let of = read::by_reference(&mut desk, gateway, &theirs.charge_reference).await?;
        return Ok(of
            .filter(|of| went && of.status == Status::Succeeded)
            .map(|of| difference(DifferenceKind::RefundUnknown, &of.id, &theirs.currency, 0, theirs.amount_minor)));
    };
    drop(desk);
    if ours.amount_minor != theirs.amount_minor || ours.currency != theirs.currency {
        return Ok(Some(difference(DifferenceKind::RefundAmountDiffers, &ours.id, &ours.currency, ours.amount_minor, theirs.amount_minor)));
    }
    let of = |kind, theirs_minor| difference(kind, &ours.id, &ours.currency, ours.amount_minor, theirs_minor);
    match (ours.status.as_str(), &theirs.refund.outcome) {
        ("created", RefundOutcome::Succeeded | RefundOutcome::Refused) => {
            let mut desk = errand.writes().await?;
            refunds::record(&mut desk, &ours.id, &theirs.refund.reference, &theirs.refund.outcome).await?;
            desk.commit().await?;
            Ok(Some(Difference { is_mended: true, ..of(DifferenceKind::RefundDecidedThere, theirs.amount_minor) }))
        }
        ("succeeded", RefundOutcome::Refused) => Ok(Some(of(DifferenceKind::RefundedHere, 0))),
        ("refused", RefundOutcome::Succeeded) => Ok(Some(of(DifferenceKind::RefundedThere, theirs.amount_minor))),
        _ => Ok(None),
    }
}

/// One dispute of the gateway's: heard of now, where nobody told of it.
pub async fn dispute(errand: &Errand, gateway: &str, theirs: &ListedDispute) -> Result<Option<Difference>, Refusal> {
    let ListedDispute { reference, dispute } = theirs;
    match disputes::hear(errand, gateway, reference, dispute).await {
        Ok(changed) => {
            Ok(changed
                .map(|of| Difference { is_mended: true, ..difference(DifferenceKind::DisputeUnheard, &of.id, &dispute.currency, 0, dispute.amount_minor) }))
        }
        // Of a charge that is under way: it comes again.
        Err(Refusal::Rule(_)) => Ok(None),
        Err(refusal) => Err(refusal),
    }
}
