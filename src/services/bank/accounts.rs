//! The vendor's own accounts, one for each currency, and which of them an invoice can be paid to.

use billing::invoice::DocumentKind;
use billing::money::Currency;
use billing::transfer::{Account, AccountError, Bic, Iban, Number, PromptPay, creditor_reference};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::FromRow;

use crate::sentence;
use crate::services::invoices::Invoice;
use crate::services::payments::Audience;
use crate::services::{Desk, FieldError, Refusal};
use crate::words::Sentence;

/// Letters of a holder's name: what a SEPA transfer has room for.
const MOST_HOLDER: usize = 70;

/// An account and who is offered it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankAccount {
    pub currency: String,
    pub account: Account,
    /// For its currency, and no other.
    pub audience: Audience,
}

/// An account as it is typed. One of `iban` and `promptpay`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewBankAccount {
    pub currency: String,
    pub holder: String,
    pub iban: Option<String>,
    pub bic: Option<String>,
    /// For baht.
    pub promptpay: Option<String>,
    pub countries: Vec<String>,
}

/// Where the money of an invoice is sent, and the words that tell which invoice it is for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TransferTo {
    #[serde(flatten)]
    pub account: Account,
    /// Structured creditor reference (ISO 11649), without spaces.
    pub reference: String,
}

#[derive(FromRow)]
struct AccountRow {
    currency: String,
    holder: String,
    kind: String,
    number: String,
    bic: Option<String>,
    countries: String,
}

impl TryFrom<AccountRow> for BankAccount {
    type Error = Refusal;
    fn try_from(row: AccountRow) -> Result<BankAccount, Refusal> {
        let number = match row.kind.as_str() {
            "iban" => Number::Iban {
                iban: Iban::parse(&row.number).map_err(Refusal::damaged)?,
                bic: row.bic.as_deref().map(Bic::parse).transpose().map_err(Refusal::damaged)?,
            },
            "promptpay" => Number::PromptPay(PromptPay::parse(&row.number).map_err(Refusal::damaged)?),
            other => return Err(Refusal::damaged(format!("no kind of account {other}"))),
        };
        let countries: Vec<String> = serde_json::from_str(&row.countries).map_err(Refusal::damaged)?;
        let audience = Audience::new(&countries, std::slice::from_ref(&row.currency)).map_err(Refusal::Fields)?;
        Ok(BankAccount { currency: row.currency, account: Account { holder: row.holder, number }, audience })
    }
}

const KEPT: &str = "bank accounts";

/// The vendor's accounts, by currency.
pub async fn accounts(desk: &mut Desk) -> Result<Vec<BankAccount>, Refusal> {
    if let Some(accounts) = desk.recall_setting(KEPT, "").await? {
        return Ok(accounts);
    }
    let rows: Vec<AccountRow> = desk
        .tx
        .all("SELECT currency, holder, kind, number, bic, countries FROM bank_accounts WHERE vendor_id = $1 ORDER BY currency", (desk.vendor.id.clone(),))
        .await?;
    let accounts = rows.into_iter().map(BankAccount::try_from).collect::<Result<Vec<_>, _>>()?;
    desk.keep_setting(KEPT, "", &accounts);
    Ok(accounts)
}

/// The account that customers of a country are offered for a currency.
pub async fn account_for(desk: &mut Desk, currency: &str, country: &str) -> Result<Option<Account>, Refusal> {
    Ok(accounts(desk).await?.into_iter().find(|account| account.audience.includes(country, currency)).map(|found| found.account))
}

/// How an invoice can be paid by transfer as things are now: while something is due, where the vendor has an account for its customers.
pub async fn transfer_for(desk: &mut Desk, invoice: &Invoice, country: &str) -> Result<Option<TransferTo>, Refusal> {
    if invoice.kind != DocumentKind::Invoice || invoice.due_minor <= 0 {
        return Ok(None);
    }
    let Some(account) = account_for(desk, &invoice.currency, country).await? else { return Ok(None) };
    Ok(creditor_reference(&invoice.number).map(|reference| TransferTo { account, reference }))
}

/// Sets the account of a currency, in place of the one before it. Invoices issued before go on naming that one on paper; pages name this.
pub async fn set_account(desk: &mut Desk, new: &NewBankAccount) -> Result<BankAccount, Refusal> {
    let account = check(new)?;
    let (kind, number, bic) = match &account.account.number {
        Number::Iban { iban, bic } => ("iban", iban.text(), bic.as_ref().map(|bic| bic.text().to_owned())),
        Number::PromptPay(id) => ("promptpay", id.digits(), None),
    };
    desk.tx
        .run(
            "INSERT INTO bank_accounts (vendor_id, currency, holder, kind, number, bic, countries, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (vendor_id, currency) DO UPDATE SET holder = excluded.holder, kind = excluded.kind, number = excluded.number, bic = excluded.bic,
                countries = excluded.countries, updated_at = excluded.updated_at",
            (
                desk.vendor.id.clone(),
                account.currency.clone(),
                account.account.holder.clone(),
                kind,
                number.to_owned(),
                bic.clone(),
                serde_json::to_string(account.audience.countries()).map_err(Refusal::damaged)?,
                desk.now.wall_ms(),
            ),
        )
        .await?;
    desk.settings_changed().await?;
    let vendor_id = desk.vendor.id.clone();
    let data = json!({
        "currency": account.currency, "holder": account.account.holder, "kind": kind, "number": number, "bic": bic, "countries": account.audience.countries(),
    });
    desk.record("bank_account.set", None, &vendor_id, data).await?;
    Ok(account)
}

/// Customers are offered no transfer in a currency any more; [`Refusal::NotFound`] where they were not.
pub async fn remove_account(desk: &mut Desk, currency: &str) -> Result<(), Refusal> {
    let touched = desk.tx.run("DELETE FROM bank_accounts WHERE vendor_id = $1 AND currency = $2", (desk.vendor.id.clone(), currency.to_owned())).await?;
    if touched == 0 {
        return Err(Refusal::NotFound);
    }
    desk.settings_changed().await?;
    let vendor_id = desk.vendor.id.clone();
    desk.record("bank_account.removed", None, &vendor_id, json!({ "currency": currency })).await
}

/// What was typed, as an account; or everything that is wrong with it.
fn check(new: &NewBankAccount) -> Result<BankAccount, Refusal> {
    let mut errors = Vec::new();
    let mut wrong = |field, sentence| errors.push(FieldError { field, sentence });
    let currency = Currency::from_code(new.currency.trim());
    if currency.is_err() {
        wrong("currency", sentence!("bank-currency", currency = &new.currency));
    }
    let holder = new.holder.split_whitespace().collect::<Vec<_>>().join(" ");
    if holder.is_empty() {
        wrong("holder", sentence!("bank-holder-empty"));
    } else if holder.chars().count() > MOST_HOLDER || holder.chars().any(char::is_control) {
        wrong("holder", sentence!("refusal-shorten", most = MOST_HOLDER));
    }
    let bic = match new.bic.as_deref().map(Bic::parse).transpose() {
        Ok(bic) => bic,
        Err(error) => {
            wrong("bic", why(error));
            None
        }
    };
    let number = match (&new.iban, &new.promptpay) {
        (Some(iban), None) => match Iban::parse(iban) {
            Ok(iban) => Some(Number::Iban { iban, bic }),
            Err(error) => {
                wrong("iban", why(error));
                None
            }
        },
        (None, Some(id)) => {
            if new.bic.is_some() {
                wrong("bic", sentence!("bank-bic-of-iban"));
            }
            if new.currency.trim() != "THB" {
                wrong("promptpay", sentence!("bank-promptpay-baht"));
            }
            match PromptPay::parse(id) {
                Ok(id) => Some(Number::PromptPay(id)),
                Err(error) => {
                    wrong("promptpay", why(error));
                    None
                }
            }
        }
        _ => {
            wrong("iban", sentence!("bank-one-number"));
            None
        }
    };
    // Of a currency there is none of, it was said above.
    let currencies: Vec<String> = currency.iter().map(|currency| currency.code().to_owned()).collect();
    let audience = Audience::new(&new.countries, &currencies).map_err(|wrong| errors.extend(wrong));
    match (currency, number, audience) {
        (Ok(currency), Some(number), Ok(audience)) if errors.is_empty() => {
            Ok(BankAccount { currency: currency.code().to_owned(), account: Account { holder, number }, audience })
        }
        _ => Err(Refusal::Fields(errors)),
    }
}

/// What is wrong with a number, for who typed it.
fn why(error: AccountError) -> Sentence {
    match error {
        AccountError::Form => sentence!("bank-iban-form"),
        AccountError::Length { expected, found } => sentence!("bank-iban-length", expected = expected, found = found),
        AccountError::CheckDigits => sentence!("bank-iban-check-digits"),
        AccountError::Bic => sentence!("bank-bic"),
        AccountError::PromptPay => sentence!("bank-promptpay"),
        AccountError::TaxId => sentence!("bank-promptpay-tax-id"),
    }
}
