//! Payment methods and declines in words, wherever they are told: on pages and in messages.

use super::gateway::DeclineReason;
use super::means::{Brand, Means, MethodKind, Wallet};
use super::methods::Method;
use crate::t;
use crate::words::Words;

/// See [`means_name`].
pub fn method_name(w: Words, method: &Method) -> String {
    means_name(w, &method.means)
}

/// `Visa ending 4242`, `Apple Pay · Visa ending 4242`, `Commerzbank account ending 3000`
pub fn means_name(w: Words, means: &Means) -> String {
    match means {
        Means::Card(card) => {
            let name = t!(w, "method-name", brand = brand_name(w, card.brand), last4 = &card.last4);
            match card.wallet {
                Some(wallet) => t!(w, "method-name-wallet", wallet = wallet_name(w, wallet), card = name),
                None => name,
            }
        }
        Means::SepaDebit(debit) => match &debit.bank {
            Some(bank) => t!(w, "method-name-debit-bank", bank = bank, last4 = &debit.last4),
            None => t!(w, "method-name-debit", last4 = &debit.last4),
        },
    }
}

/// `Visa`
fn brand_name(w: Words, brand: Brand) -> String {
    match brand {
        Brand::Visa => t!(w, "brand-visa"),
        Brand::Mastercard => t!(w, "brand-mastercard"),
        Brand::Amex => t!(w, "brand-amex"),
        Brand::Other => t!(w, "brand-other"),
    }
}

/// `Card`, `SEPA Direct Debit`
pub fn kind_name(w: Words, kind: MethodKind) -> String {
    match kind {
        MethodKind::Card => t!(w, "kind-card"),
        MethodKind::SepaDebit => t!(w, "kind-sepa-debit"),
    }
}

/// `Apple Pay`
pub fn wallet_name(w: Words, wallet: Wallet) -> String {
    match wallet {
        Wallet::ApplePay => t!(w, "wallet-apple-pay"),
        Wallet::GooglePay => t!(w, "wallet-google-pay"),
        Wallet::Link => t!(w, "wallet-link"),
    }
}

/// What the bank said, and what to do: two sentences, without the amount.
pub fn declined_because(w: Words, reason: DeclineReason) -> String {
    match reason {
        DeclineReason::Generic => t!(w, "declined-generic"),
        DeclineReason::InsufficientFunds => t!(w, "declined-insufficient-funds"),
        DeclineReason::LostCard | DeclineReason::StolenCard => t!(w, "declined-lost"),
        DeclineReason::ExpiredCard => t!(w, "declined-expired"),
        DeclineReason::ClosedAccount => t!(w, "declined-closed"),
        DeclineReason::IncorrectNumber => t!(w, "declined-number"),
        DeclineReason::Revoked => t!(w, "declined-revoked"),
        DeclineReason::IncorrectCvc => t!(w, "declined-cvc"),
        DeclineReason::ProcessingError => t!(w, "declined-processing-error"),
        DeclineReason::AuthenticationRequired => t!(w, "declined-authentication-required"),
        DeclineReason::AuthenticationFailed => t!(w, "declined-authentication-failed"),
        DeclineReason::Cancelled => t!(w, "declined-cancelled"),
        DeclineReason::MethodGone => t!(w, "declined-method-gone"),
    }
}
