//! What the engine refuses, as sentences. The engine knows no language: its own `Display` is for logs and for those who program with it.
//! Every error is named here, so that a new one does not compile until somebody has said it.

use billing::calendar::CalendarError;
use billing::correction::CorrectionError;
use billing::discount::DiscountError;
use billing::money::MoneyError;
use billing::price::PriceError;
use billing::state::StateError;
use billing::subscription::SubscriptionError;
use billing::tax::TaxError;
use billing::usage::UsageError;

use crate::sentence;
use crate::words::Sentence;

/// What a person reads of an error of the engine.
pub fn sentence_of(error: &billing::Error) -> Sentence {
    use billing::Error;
    match error {
        Error::Money(error) => money(error),
        Error::Calendar(error) => calendar(error),
        Error::Usage(error) => usage(error),
        Error::Price(error) => price(error),
        Error::Subscription(error) => subscription(error),
        Error::State(error) => state(error),
        Error::Discount(error) => discount(error),
        Error::Tax(error) => tax(error),
        Error::Correction(error) => correction(error),
    }
}

fn money(error: &MoneyError) -> Sentence {
    match error {
        MoneyError::Overflow => sentence!("engine-overflow"),
        MoneyError::DivisionByZero => sentence!("engine-division-by-zero"),
        MoneyError::NothingToSpreadOver => sentence!("engine-nothing-to-spread-over"),
        MoneyError::UnknownCurrency(code) => sentence!("engine-unknown-currency", code = code),
        MoneyError::NotAFraction(text) => sentence!("engine-not-a-fraction", text = text),
    }
}

fn calendar(error: &CalendarError) -> Sentence {
    match error {
        CalendarError::EmptyInterval => sentence!("engine-empty-interval"),
        CalendarError::NoSuchDay(day) => sentence!("engine-no-such-day", day = *day),
        CalendarError::DayNeedsMonths => sentence!("engine-day-needs-months"),
        CalendarError::OutOfRange => sentence!("engine-out-of-range"),
        CalendarError::EmptyPeriod => sentence!("engine-empty-period"),
        CalendarError::Outside { at, start, end } => {
            sentence!("engine-outside", at = at.to_string(), start = start.to_string(), end = end.to_string())
        }
    }
}

fn usage(error: &UsageError) -> Sentence {
    match error {
        UsageError::Overflow => sentence!("engine-usage-overflow"),
        UsageError::Negative => sentence!("engine-usage-negative"),
        UsageError::NoQuantity => sentence!("engine-no-quantity"),
        UsageError::NoValue => sentence!("engine-no-value"),
    }
}

fn price(error: &PriceError) -> Sentence {
    match error {
        PriceError::NoTiers(price) => sentence!("engine-no-tiers", price = price),
        PriceError::TiersDoNotRise(price) => sentence!("engine-tiers-do-not-rise", price = price),
        PriceError::LastTierNotOpen(price) => sentence!("engine-last-tier-not-open", price = price),
        PriceError::EmptyPackage(price) => sentence!("engine-empty-package", price = price),
        PriceError::Negative(price) => sentence!("engine-negative-price", price = price),
        PriceError::TooLarge(price) => sentence!("engine-price-too-large", price = price),
        PriceError::MinimumAboveMaximum(price) => sentence!("engine-minimum-above-maximum", price = price),
        PriceError::NegativeQuantity => sentence!("engine-negative-quantity"),
        PriceError::NotInCurrency { price, currency } => sentence!("engine-not-in-currency", price = price, currency = currency.code()),
        PriceError::NoExchangeRate { price, from, to, on } => {
            sentence!("engine-no-exchange-rate", price = price, from = from.code(), to = to.code(), on = on.to_string())
        }
        PriceError::ExchangeRateNotPositive { from, to } => sentence!("engine-exchange-rate-not-positive", from = from.code(), to = to.code()),
        PriceError::ExchangeRateTooLarge { from, to } => sentence!("engine-exchange-rate-too-large", from = from.code(), to = to.code()),
        PriceError::Money(error) => money(error),
    }
}

fn subscription(error: &SubscriptionError) -> Sentence {
    match error {
        SubscriptionError::AddOnTwice(add_on) => sentence!("engine-add-on-twice", add_on = add_on),
        SubscriptionError::PriceTwice { product, price } => sentence!("engine-price-twice", product = product, price = price),
        SubscriptionError::NegativeQuantity => sentence!("engine-negative-quantity"),
        SubscriptionError::UsageMissing { product, price } => sentence!("engine-usage-missing", product = product, price = price),
    }
}

fn state(error: &StateError) -> Sentence {
    match error {
        StateError::NotStarted => sentence!("engine-not-started"),
        StateError::AlreadyStarted => sentence!("engine-already-started"),
        StateError::NoTrial => sentence!("engine-no-trial"),
        StateError::TrialCannotPause => sentence!("engine-trial-cannot-pause"),
        StateError::AlreadyPaused => sentence!("engine-already-paused"),
        StateError::PausedFirstResume => sentence!("engine-paused-first-resume"),
        StateError::NotPaused => sentence!("engine-not-paused"),
        StateError::Ended => sentence!("engine-ended"),
        StateError::NotEnded => sentence!("engine-not-ended"),
        StateError::NothingOverdue => sentence!("engine-nothing-overdue"),
        StateError::NothingCharged => sentence!("engine-nothing-charged"),
    }
}

fn discount(error: &DiscountError) -> Sentence {
    match error {
        DiscountError::Percent(coupon) => sentence!("engine-coupon-percent", coupon = coupon),
        DiscountError::Amount(coupon) => sentence!("engine-coupon-amount", coupon = coupon),
        DiscountError::NoMonths(coupon) => sentence!("engine-coupon-no-months", coupon = coupon),
        DiscountError::Currency { coupon, coupon_currency, currency } => {
            sentence!("engine-coupon-currency", coupon = coupon, worth = coupon_currency.code(), currency = currency.code())
        }
    }
}

fn tax(error: &TaxError) -> Sentence {
    match error {
        TaxError::Negative(rate) => sentence!("engine-tax-negative", rate = rate),
        TaxError::EndsBeforeItBegins(rate) => sentence!("engine-tax-ends-before-it-begins", rate = rate),
        TaxError::Withheld(percent) => sentence!("engine-tax-withheld", percent = percent.to_string()),
    }
}

fn correction(error: &CorrectionError) -> Sentence {
    match error {
        CorrectionError::NotPositive => sentence!("engine-credit-not-positive"),
        CorrectionError::MoreThanLeft { asked_minor, left_minor } => {
            sentence!("engine-credit-more-than-left", asked = *asked_minor, left = *left_minor)
        }
        CorrectionError::NoSuchLine(line) => sentence!("engine-credit-no-such-line", line = line),
        CorrectionError::NothingLeft(line) => sentence!("engine-credit-nothing-left", line = line),
    }
}

#[cfg(test)]
mod tests {
    use billing::money::Currency;

    use super::*;
    use crate::platform::clock::Instant;

    /// English stands in the engine, which has no catalogue, and in ours; the two must not drift apart.
    #[test]
    fn english_says_what_the_engine_says() {
        let name = || "seats".to_owned();
        let (from, to) = (Currency::from_code("USD").unwrap(), Currency::from_code("EUR").unwrap());
        let at: Instant = "2026-11-21T09:30:00Z".parse().unwrap();
        let on = at.date_naive();
        let errors: [billing::Error; 54] = [
            MoneyError::Overflow.into(),
            MoneyError::DivisionByZero.into(),
            MoneyError::NothingToSpreadOver.into(),
            MoneyError::UnknownCurrency(name()).into(),
            MoneyError::NotAFraction(name()).into(),
            CalendarError::EmptyInterval.into(),
            CalendarError::NoSuchDay(32).into(),
            CalendarError::DayNeedsMonths.into(),
            CalendarError::OutOfRange.into(),
            CalendarError::EmptyPeriod.into(),
            CalendarError::Outside { at, start: at, end: at }.into(),
            UsageError::Overflow.into(),
            UsageError::Negative.into(),
            UsageError::NoQuantity.into(),
            UsageError::NoValue.into(),
            PriceError::NoTiers(name()).into(),
            PriceError::TiersDoNotRise(name()).into(),
            PriceError::LastTierNotOpen(name()).into(),
            PriceError::EmptyPackage(name()).into(),
            PriceError::Negative(name()).into(),
            PriceError::TooLarge(name()).into(),
            PriceError::MinimumAboveMaximum(name()).into(),
            PriceError::NegativeQuantity.into(),
            PriceError::NotInCurrency { price: name(), currency: to }.into(),
            PriceError::NoExchangeRate { price: name(), from, to, on }.into(),
            PriceError::ExchangeRateNotPositive { from, to }.into(),
            PriceError::ExchangeRateTooLarge { from, to }.into(),
            PriceError::Money(MoneyError::Overflow).into(),
            SubscriptionError::AddOnTwice(name()).into(),
            SubscriptionError::PriceTwice { product: "Team".to_owned(), price: name() }.into(),
            SubscriptionError::NegativeQuantity.into(),
            SubscriptionError::UsageMissing { product: "Team".to_owned(), price: name() }.into(),
            StateError::NotStarted.into(),
            StateError::AlreadyStarted.into(),
            StateError::NoTrial.into(),
            StateError::TrialCannotPause.into(),
            StateError::AlreadyPaused.into(),
            StateError::PausedFirstResume.into(),
            StateError::NotPaused.into(),
            StateError::Ended.into(),
            StateError::NotEnded.into(),
            StateError::NothingOverdue.into(),
            StateError::NothingCharged.into(),
            DiscountError::Percent(name()).into(),
            DiscountError::Amount(name()).into(),
            DiscountError::NoMonths(name()).into(),
            DiscountError::Currency { coupon: name(), coupon_currency: from, currency: to }.into(),
            TaxError::Negative(name()).into(),
            TaxError::EndsBeforeItBegins(name()).into(),
            TaxError::Withheld(rust_decimal::Decimal::ONE_HUNDRED).into(),
            CorrectionError::MoreThanLeft { asked_minor: 1_250_000, left_minor: 7 }.into(),
            CorrectionError::NoSuchLine(name()).into(),
            CorrectionError::NothingLeft(name()).into(),
            CorrectionError::NotPositive.into(),
        ];
        for error in errors {
            assert_eq!(sentence_of(&error).to_string(), error.to_string());
        }
    }
}
