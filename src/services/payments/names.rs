//! Payment methods and declines in words, wherever they are told: on pages and in messages.

use super::gateway::{Brand, DeclineReason};
use super::methods::Method;
use crate::t;
use crate::words::Words;

/// `Visa ending 4242`
pub fn method_name(w: Words, method: &Method) -> String {
    t!(w, "method-name", brand = brand_name(w, method.brand), last4 = &method.last4)
}

/// `Visa`
pub fn brand_name(w: Words, brand: Brand) -> String {
    match brand {
        Brand::Visa => t!(w, "brand-visa"),
        Brand::Mastercard => t!(w, "brand-mastercard"),
        Brand::Amex => t!(w, "brand-amex"),
        Brand::Other => t!(w, "brand-other"),
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
