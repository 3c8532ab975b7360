//! The vendor's own bank accounts, which customers transfer money to.

use billing::transfer::Number;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::give::Json;
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::api::take::{Body, Id, Nothing};
use crate::services::Desk;
use crate::services::api_keys::Scope;
use crate::services::bank::{self, NewBankAccount};

pub fn routes() -> Vec<Route> {
    vec![
        Route::post("/bank-accounts", Scope::SettingsWrite, set).named("setBankAccount", "Set the bank account of a currency").about(
            "Open invoices in the currency show it from now on, with a reference by which a transfer finds its invoice, and a code for banks’ apps: euros into SEPA, baht by PromptPay. In place of the account before it, if there is one, whose invoices go on naming it in their PDFs.",
        ),
        Route::get("/bank-accounts", Scope::SettingsRead, list).named("listBankAccounts", "List bank accounts"),
        Route::delete("/bank-accounts/{currency}", Scope::SettingsWrite, remove)
            .named("removeBankAccount", "Remove the bank account of a currency")
            .about("Customers are offered no transfer in it any more."),
    ]
}

/// An account of yours. An IBAN or, for baht, a PromptPay id.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BankAccount {
    #[schema(min_length = 3, max_length = 3, example = "EUR")]
    pub currency: String,
    /// Whose it is, as the bank knows you.
    #[schema(min_length = 1, max_length = 70)]
    pub holder: String,
    #[schema(example = "DE89370400440532013000")]
    pub iban: Option<String>,
    #[schema(example = "COBADEFFXXX")]
    pub bic: Option<String>,
    /// A Thai mobile number, a tax id of 13 digits or an e-wallet id of 15.
    pub promptpay: Option<String>,
    /// Customers of which countries are offered it (ISO 3166-1 alpha-2); empty or absent: of all.
    #[serde(default)]
    #[schema(max_items = 249)]
    pub countries: Vec<String>,
}

/// The accounts of all currencies, by their code.
#[derive(Serialize, ToSchema)]
pub struct BankAccounts {
    pub data: Vec<BankAccount>,
}

fn shown(of: bank::BankAccount) -> BankAccount {
    let (iban, bic, promptpay) = match of.account.number {
        Number::Iban { iban, bic } => (Some(iban.text().to_owned()), bic.map(|bic| bic.text().to_owned()), None),
        Number::PromptPay(id) => (None, None, Some(id.digits().to_owned())),
    };
    BankAccount { currency: of.currency, holder: of.account.holder, iban, bic, promptpay, countries: of.audience.countries().to_vec() }
}

async fn all(desk: &mut Desk) -> Result<Json<BankAccounts>, Problem> {
    Ok(Json(BankAccounts { data: bank::accounts(desk).await?.into_iter().map(shown).collect() }))
}

async fn set(desk: &mut Desk, Body(new): Body<BankAccount>) -> Result<Json<BankAccounts>, Problem> {
    let BankAccount { currency, holder, iban, bic, promptpay, countries } = new;
    bank::set_account(desk, &NewBankAccount { currency, holder, iban, bic, promptpay, countries }).await?;
    all(desk).await
}

async fn list(desk: &mut Desk, Nothing: Nothing) -> Result<Json<BankAccounts>, Problem> {
    all(desk).await
}

async fn remove(desk: &mut Desk, (Id(currency), Nothing): (Id, Nothing)) -> Result<Json<BankAccounts>, Problem> {
    bank::remove_account(desk, &currency).await?;
    all(desk).await
}
