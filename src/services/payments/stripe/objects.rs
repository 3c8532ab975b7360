//! What is read of Stripe's answers, and no more. Fields as in its reference, <https://docs.stripe.com/api>.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::services::payments::gateway::{Brand, Card as KeptCard, DeclineReason, Means, MethodKind, SepaDebit as KeptDebit, Wallet as KeptWallet};

/// What we wrote beside an object to know it again.
pub type Metadata = BTreeMap<String, String>;

#[derive(Debug, Deserialize)]
pub struct Customer {
    pub id: String,
}

#[derive(Clone, Debug, Deserialize)]
pub struct PaymentIntent {
    pub id: String,
    pub amount: i64,
    /// What really came in; older answers do not say.
    pub amount_received: Option<i64>,
    /// Lower case.
    pub currency: String,
    pub status: String,
    pub next_action: Option<NextAction>,
    pub last_payment_error: Option<StripeError>,
    #[serde(default)]
    pub metadata: Metadata,
}

#[derive(Clone, Debug, Deserialize)]
pub struct NextAction {
    pub redirect_to_url: Option<RedirectToUrl>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct RedirectToUrl {
    pub url: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct SetupIntent {
    pub id: String,
    /// Whose.
    pub customer: Option<String>,
    pub status: String,
    /// Expanded wherever it is asked for.
    pub payment_method: Option<PaymentMethod>,
    /// Of a debit; expanded likewise.
    pub mandate: Option<Mandate>,
    pub last_setup_error: Option<StripeError>,
}

/// A SetupIntent whose method is of no interest, and not expanded.
#[derive(Debug, Deserialize)]
pub struct NewSetupIntent {
    pub id: String,
    pub client_secret: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct CheckoutSession {
    pub id: String,
    /// The page; gone once the session is.
    pub url: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct FinishedCheckout {
    /// `open`, `complete` or `expired`.
    pub status: Option<String>,
    pub setup_intent: Option<SetupIntent>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct PaymentMethod {
    pub id: String,
    /// Whom it is attached to; nobody once it is detached.
    pub customer: Option<String>,
    pub card: Option<Card>,
    pub sepa_debit: Option<SepaDebit>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Card {
    pub brand: String,
    pub last4: String,
    pub exp_month: i64,
    pub exp_year: i64,
    pub wallet: Option<Wallet>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Wallet {
    #[serde(rename = "type")]
    pub kind: String,
}

#[derive(Clone, Debug, Deserialize)]
pub struct SepaDebit {
    pub country: Option<String>,
    pub last4: Option<String>,
}

/// What an account's holder agreed to.
#[derive(Clone, Debug, Deserialize)]
pub struct Mandate {
    pub payment_method_details: MandateDetails,
}

#[derive(Clone, Debug, Deserialize)]
pub struct MandateDetails {
    pub sepa_debit: Option<MandateReference>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct MandateReference {
    /// Unique for the creditor: what banks know it by.
    pub reference: String,
}

impl PaymentMethod {
    /// What it is, with the mandate it was set up by; `None`: none of the kinds we know, or a debit without mandate.
    pub fn means(self, mandate: Option<Mandate>) -> Option<Means> {
        if let Some(card) = self.card {
            // By another wallet it is a card like any other.
            let wallet = card.wallet.and_then(|wallet| KeptWallet::from_name(&wallet.kind));
            let brand = Brand::or_other(&card.brand);
            return Some(Means::Card(KeptCard { brand, last4: card.last4, exp_month: card.exp_month, exp_year: card.exp_year, wallet }));
        }
        let (debit, mandate) = (self.sepa_debit?, mandate?.payment_method_details.sepa_debit?.reference);
        Some(Means::SepaDebit(KeptDebit { bank: None, country: debit.country?, last4: debit.last4?, mandate }))
    }
}

/// Stripe's word for a kind.
pub fn type_of(kind: MethodKind) -> &'static str {
    match kind {
        MethodKind::Card => "card",
        MethodKind::SepaDebit => "sepa_debit",
    }
}

#[derive(Debug, Deserialize)]
pub struct Refund {
    pub id: String,
    /// `null` where Stripe has not begun.
    pub status: Option<String>,
    pub amount: Option<i64>,
    pub currency: Option<String>,
    pub payment_intent: Option<String>,
    #[serde(default)]
    pub metadata: Option<Metadata>,
}

#[derive(Debug, Deserialize)]
pub struct Dispute {
    pub id: String,
    pub amount: i64,
    pub currency: String,
    /// `None`: of a charge that no PaymentIntent made, so none of ours.
    pub payment_intent: Option<String>,
    pub reason: String,
    pub status: String,
}

#[derive(Debug, Deserialize)]
pub struct List<T> {
    pub data: Vec<T>,
    pub has_more: bool,
}

#[derive(Debug, Deserialize)]
pub struct ErrorBody {
    pub error: StripeError,
}

/// Why Stripe or a bank said no.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct StripeError {
    #[serde(default, rename = "type")]
    pub kind: String,
    pub code: Option<String>,
    /// Which field it is about.
    pub param: Option<String>,
    pub decline_code: Option<String>,
    pub message: Option<String>,
    pub payment_intent: Option<Box<PaymentIntent>>,
}

impl StripeError {
    /// The bank's reason in our words: <https://docs.stripe.com/declines/codes>. What it does not say stays general.
    pub fn reason(&self) -> DeclineReason {
        let named = [&self.decline_code, &self.code].into_iter().flatten();
        named.filter_map(|code| reason(code)).next().unwrap_or(DeclineReason::Generic)
    }
}

fn reason(code: &str) -> Option<DeclineReason> {
    Some(match code {
        "insufficient_funds" | "withdrawal_count_limit_exceeded" | "card_velocity_exceeded" => DeclineReason::InsufficientFunds,
        "lost_card" | "pickup_card" => DeclineReason::LostCard,
        "stolen_card" => DeclineReason::StolenCard,
        "expired_card" | "invalid_expiry_month" | "invalid_expiry_year" => DeclineReason::ExpiredCard,
        "account_closed" | "bank_account_unusable" | "debit_not_authorized" => DeclineReason::ClosedAccount,
        "incorrect_number" | "invalid_number" | "invalid_account" => DeclineReason::IncorrectNumber,
        "revocation_of_all_authorizations" | "revocation_of_authorization" | "stop_payment_order" => DeclineReason::Revoked,
        "incorrect_cvc" | "invalid_cvc" => DeclineReason::IncorrectCvc,
        "processing_error" | "try_again_later" | "issuer_not_available" | "reenter_transaction" => DeclineReason::ProcessingError,
        "authentication_required" => DeclineReason::AuthenticationRequired,
        "payment_intent_authentication_failure" | "setup_intent_authentication_failure" | "authentication_not_handled" => DeclineReason::AuthenticationFailed,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_banks_reason_comes_before_stripes_code() {
        let error = |code: &str, decline_code: Option<&str>| StripeError {
            code: Some(code.into()),
            decline_code: decline_code.map(str::to_owned),
            ..StripeError::default()
        };
        for (code, decline_code, reason) in [
            ("card_declined", Some("insufficient_funds"), DeclineReason::InsufficientFunds),
            ("card_declined", Some("do_not_honor"), DeclineReason::Generic),
            ("card_declined", Some("lost_card"), DeclineReason::LostCard),
            ("expired_card", None, DeclineReason::ExpiredCard),
            ("incorrect_cvc", Some("incorrect_cvc"), DeclineReason::IncorrectCvc),
            ("authentication_required", Some("authentication_required"), DeclineReason::AuthenticationRequired),
            ("payment_intent_authentication_failure", None, DeclineReason::AuthenticationFailed),
            ("processing_error", Some("some_new_word"), DeclineReason::ProcessingError),
        ] {
            assert_eq!(error(code, decline_code).reason(), reason, "{code} {decline_code:?}");
        }
    }
}
