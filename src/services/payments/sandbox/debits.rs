//! The published test accounts, and what each does. A debit is under way for some days of the vendor's clock, as at a bank. Any other number is
//! refused; none is ever kept.

use billing::debit::{DECIDED_WITHIN, bank_days_after};
use billing::transfer::{AccountError, Iban};
use chrono::NaiveDate;

use super::books::{Decided, Later};
use super::*;
use crate::platform::clock::from_ms;

/// One test account. Its `name` is what is written down; the number itself is only compared.
#[derive(Debug, PartialEq, Eq)]
pub struct TestAccount {
    /// As printed, in groups of four.
    pub iban: &'static str,
    pub name: &'static str,
    pub bank: &'static str,
    /// Why every debit fails; `None`: every one is paid.
    pub fails: Option<DeclineReason>,
    /// What happens, in a few words: for the list on the page.
    pub what: &'static str,
}

/// The list, in the order it is shown.
pub const ACCOUNTS: &[TestAccount] = &[
    TestAccount {
        iban: "DE89 3704 0044 0532 0130 00",
        name: "account_de",
        bank: "Commerzbank",
        fails: None,
        what: "Germany: every debit is paid, after five bank days",
    },
    TestAccount {
        iban: "AT61 1904 3002 3457 3201",
        name: "account_at",
        bank: "Test Bank",
        fails: None,
        what: "Austria: every debit is paid, after five bank days",
    },
    TestAccount {
        iban: "DE65 3704 0044 0002 2222 27",
        name: "account_insufficient_funds",
        bank: "Commerzbank",
        fails: Some(DeclineReason::InsufficientFunds),
        what: "Every debit comes back after five bank days: not enough money",
    },
    TestAccount {
        iban: "DE62 3704 0044 0532 0130 01",
        name: "account_closed",
        bank: "Commerzbank",
        fails: Some(DeclineReason::ClosedAccount),
        what: "Every debit comes back after five bank days: the account is closed",
    },
];

/// What was typed, as an account of the list.
pub fn by_iban(typed: &str) -> Result<Option<&'static TestAccount>, AccountError> {
    let typed = Iban::parse(typed)?;
    Ok(ACCOUNTS.iter().find(|account| Iban::parse(account.iban).is_ok_and(|iban| iban == typed)))
}

pub(super) fn by_name(name: &str) -> Option<&'static TestAccount> {
    ACCOUNTS.iter().find(|account| account.name == name)
}

impl TestAccount {
    /// The last four it is known by.
    fn last4(&self) -> String {
        let digits: String = self.iban.split(' ').collect();
        digits[digits.len().saturating_sub(4)..].to_owned()
    }

    /// A debit is on its way for some days, and then paid or not.
    pub(super) fn decide(&self, request: &ChargeRequest) -> Result<Decided, GatewayError> {
        if !MethodKind::SepaDebit.can_pay(&request.currency) {
            return Err(GatewayError::Refused(format!("an account can’t be debited in {}", request.currency)));
        }
        let on = bank_days_after(request.now.billing.date_naive(), DECIDED_WITHIN);
        Ok(Decided { status: "pending", reason: None, later: Some(Later { on, reason: self.fails }) })
    }
}

impl Sandbox {
    /// The customer typed an account in and agreed to be debited. Says the setup's status afterwards; one that is finished stays as it is.
    pub async fn enter_account(&self, reference: &str, account: &'static TestAccount) -> Result<Option<SetupRow>, GatewayError> {
        let secret = self.place.ids.secret::<6>();
        let mandate = secret.iter().fold("TEST-".to_owned(), |text, byte| format!("{text}{byte:02X}"));
        let means = Means::SepaDebit(SepaDebit { bank: Some(account.bank.to_owned()), country: account.iban[..2].to_owned(), last4: account.last4(), mandate });
        self.enter(reference, MethodKind::SepaDebit, ("done", None), account.name, &means).await
    }

    fn today(&self) -> NaiveDate {
        self.clock_at.map_or_else(|| self.place.clock.wall(), from_ms).date_naive()
    }

    /// What the day decides, by the vendor's clock.
    pub(super) async fn decide_due(&self) -> Result<(), GatewayError> {
        let key = (self.vendor_id.clone(), self.today().to_string());
        let due: Option<(String,)> = self
            .place
            .db
            .read()
            .await?
            .opt("SELECT reference FROM sandbox_charges WHERE vendor_id = $1 AND status = 'pending' AND decided_on <= $2 LIMIT 1", key.clone())
            .await?;
        if due.is_none() {
            return Ok(());
        }
        let mut tx = self.place.db.write().await?;
        tx.run(
            "UPDATE sandbox_charges SET status = decides, decline_reason = decides_reason WHERE vendor_id = $1 AND status = 'pending' AND decided_on <= $2",
            key,
        )
        .await?;
        Ok(tx.commit().await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_published_account_is_one_and_stands_there_once() {
        for account in ACCOUNTS {
            assert_eq!(by_iban(account.iban), Ok(Some(account)), "{}", account.iban);
            assert_eq!(by_name(account.name), Some(account));
        }
        assert_eq!(by_iban("DE91100000000123456789"), Ok(None), "a real account is refused");
        assert!(by_iban("DE89370400440532013001").is_err());
    }
}
