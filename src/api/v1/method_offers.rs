//! Which payment methods customers are offered, and what one of them has on file.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::give::Json;
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::api::take::{Body, Id, Nothing};
use crate::services::api_keys::Scope;
use crate::services::payments::{self, Audience, Means, MethodKind as Kind, MethodRole, OfferedMethod as Offered, Wallet as By};
use crate::services::{Desk, Refusal, customers};

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/method-offers", Scope::SettingsRead, list).named("listMethodOffers", "List what customers are offered to pay with"),
        Route::post("/method-offers", Scope::SettingsWrite, set).named("setMethodOffer", "Set whom a payment method is offered to").about(
            "In place of the rule before it. What customers have on file stays there, and is charged. Refused where your payment provider can’t do it. Bank transfers are offered with their accounts.",
        ),
        Route::get("/debit-terms", Scope::SettingsRead, terms).named("getDebitTerms", "Get how accounts are debited"),
        Route::patch("/debit-terms", Scope::SettingsWrite, set_terms).named("updateDebitTerms", "Change how accounts are debited").about(
            "What is absent stays as it is. A payer is told of every debit ahead of it: of one that nobody ordered just now so many days before it is sent, in which its invoice is neither due again nor charged otherwise.",
        ),
        Route::get("/customers/{customer}/payment-methods", Scope::CustomersRead, of_customer)
            .named("listPaymentMethods", "List a customer’s payment methods")
            .about("In the order they are charged; and what the customer may add, or pay by, in the currency they are billed in."),
    ]
}

/// What there is a rule for.
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OfferedMethod {
    Card,
    /// A wallet is offered where cards are.
    ApplePay,
    GooglePay,
    Link,
    SepaDebit,
}

impl From<Offered> for OfferedMethod {
    fn from(of: Offered) -> OfferedMethod {
        match of {
            Offered::Card => OfferedMethod::Card,
            Offered::ApplePay => OfferedMethod::ApplePay,
            Offered::GooglePay => OfferedMethod::GooglePay,
            Offered::Link => OfferedMethod::Link,
            Offered::SepaDebit => OfferedMethod::SepaDebit,
        }
    }
}

impl From<OfferedMethod> for Offered {
    fn from(of: OfferedMethod) -> Offered {
        match of {
            OfferedMethod::Card => Offered::Card,
            OfferedMethod::ApplePay => Offered::ApplePay,
            OfferedMethod::GooglePay => Offered::GooglePay,
            OfferedMethod::Link => Offered::Link,
            OfferedMethod::SepaDebit => Offered::SepaDebit,
        }
    }
}

/// Whom a method is offered to.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MethodOffer {
    pub method: OfferedMethod,
    pub is_offered: bool,
    /// Customers of which countries (ISO 3166-1 alpha-2); empty or absent: of all.
    #[serde(default)]
    #[schema(max_items = 249)]
    pub countries: Vec<String>,
    /// For which currencies (ISO 4217); empty or absent: for all it can pay. A direct debit is in euros.
    #[serde(default)]
    #[schema(max_items = 180)]
    pub currencies: Vec<String>,
}

/// The rules of all methods.
#[derive(Serialize, ToSchema)]
pub struct MethodOffers {
    pub data: Vec<MethodOffer>,
}

async fn all(desk: &mut Desk) -> Result<Json<MethodOffers>, Problem> {
    let shown = |of: payments::Offer| MethodOffer {
        method: of.method.into(),
        is_offered: of.is_offered,
        countries: of.audience.countries().to_vec(),
        currencies: of.audience.currencies().to_vec(),
    };
    Ok(Json(MethodOffers { data: payments::offers(desk).await?.into_iter().map(shown).collect() }))
}

async fn list(desk: &mut Desk, Nothing: Nothing) -> Result<Json<MethodOffers>, Problem> {
    all(desk).await
}

async fn set(desk: &mut Desk, Body(new): Body<MethodOffer>) -> Result<Json<MethodOffers>, Problem> {
    let audience = Audience::new(&new.countries, &new.currencies).map_err(Refusal::Fields)?;
    payments::set_offer(desk, &payments::Offer { method: new.method.into(), is_offered: new.is_offered, audience }).await?;
    all(desk).await
}

/// How accounts are debited.
#[derive(Serialize, ToSchema)]
pub struct DebitTerms {
    /// Your creditor identifier, as your bank registered it; null: your payment provider’s is used.
    pub creditor_id: Option<String>,
    /// Calendar days before a debit that its payer is told of it.
    pub notice_days: u32,
}

/// What is to be different.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DebitTermsChanges {
    #[schema(min_length = 8, max_length = 35, example = "DE98ZZZ09999999999")]
    pub creditor_id: Option<String>,
    /// 14 as the scheme begins; fewer are to be agreed with your customers.
    #[schema(minimum = 0, maximum = 60)]
    pub notice_days: Option<u32>,
}

async fn terms(desk: &mut Desk, Nothing: Nothing) -> Result<Json<DebitTerms>, Problem> {
    let terms = payments::debit_terms(desk).await?;
    Ok(Json(DebitTerms { creditor_id: terms.creditor_id.map(|id| id.text().to_owned()), notice_days: terms.notice_days }))
}

async fn set_terms(desk: &mut Desk, Body(changes): Body<DebitTermsChanges>) -> Result<Json<DebitTerms>, Problem> {
    let now = payments::debit_terms(desk).await?;
    let mut new = now.clone();
    if let Some(text) = &changes.creditor_id {
        new.creditor_id = Some(payments::creditor_id(text)?);
    }
    new.notice_days = changes.notice_days.unwrap_or(new.notice_days);
    if new != now {
        payments::set_debit_terms(desk, &new).await?;
    }
    terms(desk, Nothing).await
}

#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MethodKind {
    Card,
    SepaDebit,
}

#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Wallet {
    ApplePay,
    GooglePay,
    Link,
}

/// When a method is charged.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentMethodRole {
    Default,
    /// When those before it decline.
    Backup,
    /// Never by itself.
    Kept,
}

#[derive(Serialize, ToSchema)]
pub struct CardOnFile {
    /// `visa`, `mastercard`, `amex` or `other`.
    pub brand: String,
    #[schema(minimum = 1, maximum = 12)]
    pub exp_month: i64,
    pub exp_year: i64,
    /// By which it came; null: it was typed in.
    pub wallet: Option<Wallet>,
}

#[derive(Serialize, ToSchema)]
pub struct SepaDebitOnFile {
    /// The bank’s name, where the payment provider tells it.
    pub bank: Option<String>,
    /// The account’s, ISO 3166-1 alpha-2.
    pub country: String,
    /// The unique reference of the mandate.
    pub mandate: String,
}

/// What a customer is charged by.
#[derive(Serialize, ToSchema)]
pub struct PaymentMethod {
    pub id: String,
    pub kind: MethodKind,
    pub role: PaymentMethodRole,
    /// The last of the card’s number, or the account’s.
    pub last4: String,
    /// Where it is one.
    pub card: Option<CardOnFile>,
    /// Where it is one.
    pub sepa_debit: Option<SepaDebitOnFile>,
}

/// What a customer has on file, and may use.
#[derive(Serialize, ToSchema)]
pub struct PaymentMethods {
    pub data: Vec<PaymentMethod>,
    /// Kinds that may be added.
    pub may_add: Vec<MethodKind>,
    /// By which a card may come.
    pub wallets: Vec<Wallet>,
    /// Whether an invoice may be paid by bank transfer.
    pub bank_transfer: bool,
}

fn kind(of: Kind) -> MethodKind {
    match of {
        Kind::Card => MethodKind::Card,
        Kind::SepaDebit => MethodKind::SepaDebit,
    }
}

fn wallet(of: By) -> Wallet {
    match of {
        By::ApplePay => Wallet::ApplePay,
        By::GooglePay => Wallet::GooglePay,
        By::Link => Wallet::Link,
    }
}

fn shown(of: payments::Method) -> PaymentMethod {
    let (kind, last4) = (kind(of.means.kind()), of.means.last4().to_owned());
    let (card, sepa_debit) = match of.means {
        Means::Card(card) => {
            let (brand, wallet) = (card.brand.name().to_owned(), card.wallet.map(wallet));
            (Some(CardOnFile { brand, exp_month: card.exp_month, exp_year: card.exp_year, wallet }), None)
        }
        Means::SepaDebit(debit) => (None, Some(SepaDebitOnFile { bank: debit.bank, country: debit.country, mandate: debit.mandate })),
    };
    let role = match of.role {
        MethodRole::Default => PaymentMethodRole::Default,
        MethodRole::Backup(_) => PaymentMethodRole::Backup,
        MethodRole::Kept => PaymentMethodRole::Kept,
    };
    PaymentMethod { id: of.id, kind, role, last4, card, sepa_debit }
}

async fn of_customer(desk: &mut Desk, Id(customer): Id) -> Result<Json<PaymentMethods>, Problem> {
    let customer = customers::find(desk, &customer).await?;
    let offered = payments::on_offer(desk, &customer.country, &customer.currency).await?;
    Ok(Json(PaymentMethods {
        data: payments::list(desk, &customer.id).await?.into_iter().map(shown).collect(),
        may_add: offered.kinds.into_iter().map(kind).collect(),
        wallets: offered.wallets.into_iter().map(wallet).collect(),
        bank_transfer: offered.transfer.is_some(),
    }))
}
