//! What customers are offered to pay with: for each method the vendor's rule, by the customer's country and the currency. Bank transfers live by
//! the same rule ([`Audience`]), which stands with each of the vendor's accounts.
//!
//! An offer is about what may be added. What is on file stays on file, and is charged, whatever is offered later.

use billing::money::Currency;
use billing::transfer::Account;
use serde_json::json;

use super::gateway::{Gateway, named};
use super::means::{MethodKind, Wallet};
use crate::sentence;
use crate::services::{Desk, FieldError, Refusal, bank, customers};
use crate::words::countries;

named! {
    /// What there is a rule for. A wallet is a way to a card: it is offered where cards are.
    OfferedMethod {
        Card = "card",
        ApplePay = "apple_pay",
        GooglePay = "google_pay",
        Link = "link",
        SepaDebit = "sepa_debit",
    }
}

/// Whom something is offered to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audience {
    /// ISO 3166-1 alpha-2, in their order; empty: customers of every country.
    countries: Vec<String>,
    /// ISO 4217, in their order; empty: for every currency.
    currencies: Vec<String>,
}

impl Audience {
    /// Refused with every code there is no country or currency of.
    pub fn new(countries: &[String], currencies: &[String]) -> Result<Audience, Vec<FieldError>> {
        let mut errors = Vec::new();
        if let Some(country) = countries.iter().find(|country| !countries::is_known(country)) {
            errors.push(FieldError { field: "countries", sentence: sentence!("refusal-country-code", country = country) });
        }
        if let Some(currency) = currencies.iter().find(|currency| Currency::from_code(currency).is_err()) {
            errors.push(FieldError { field: "currencies", sentence: sentence!("bank-currency", currency = currency) });
        }
        if errors.is_empty() { Ok(Audience { countries: sorted(countries), currencies: sorted(currencies) }) } else { Err(errors) }
    }

    pub fn countries(&self) -> &[String] {
        &self.countries
    }

    pub fn currencies(&self) -> &[String] {
        &self.currencies
    }

    /// Whether a customer of a country is in it, for a currency.
    pub fn includes(&self, country: &str, currency: &str) -> bool {
        let is_among = |codes: &[String], code: &str| codes.is_empty() || codes.iter().any(|one| one == code);
        is_among(&self.countries, country) && is_among(&self.currencies, currency)
    }
}

fn sorted(codes: &[String]) -> Vec<String> {
    let mut codes = codes.to_vec();
    codes.sort();
    codes.dedup();
    codes
}

/// The rule of one method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    pub method: OfferedMethod,
    pub is_offered: bool,
    pub audience: Audience,
}

impl Offer {
    /// As a vendor begins.
    fn first(method: OfferedMethod) -> Offer {
        Offer { method, is_offered: method != OfferedMethod::SepaDebit, audience: Audience::default() }
    }
}

impl OfferedMethod {
    /// Of which kind what comes of it is.
    fn kind(self) -> MethodKind {
        match self {
            OfferedMethod::SepaDebit => MethodKind::SepaDebit,
            OfferedMethod::Card | OfferedMethod::ApplePay | OfferedMethod::GooglePay | OfferedMethod::Link => MethodKind::Card,
        }
    }

    fn of_kind(kind: MethodKind) -> OfferedMethod {
        match kind {
            MethodKind::Card => OfferedMethod::Card,
            MethodKind::SepaDebit => OfferedMethod::SepaDebit,
        }
    }

    fn wallet(self) -> Option<Wallet> {
        Wallet::from_name(self.name())
    }
}

/// What a customer may use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OnOffer {
    /// Kinds of methods that may be added, in the order they are offered.
    pub kinds: Vec<MethodKind>,
    /// By which a card may come.
    pub wallets: Vec<Wallet>,
    /// The vendor's account that money may be transferred to.
    pub transfer: Option<Account>,
}

const KEPT: &str = "method offers";

/// The vendor's rules, one for each method.
pub async fn offers(desk: &mut Desk) -> Result<Vec<Offer>, Refusal> {
    if let Some(offers) = desk.recall_setting(KEPT, "").await? {
        return Ok(offers);
    }
    let rows: Vec<(String, bool, String, String)> =
        desk.tx.all("SELECT method, is_offered, countries, currencies FROM method_offers WHERE vendor_id = $1", (desk.vendor.id.clone(),)).await?;
    let mut offers: Vec<Offer> = OfferedMethod::ALL.iter().map(|method| Offer::first(*method)).collect();
    for (name, is_offered, countries, currencies) in rows {
        let codes = |json: &str| serde_json::from_str(json).map_err(Refusal::damaged);
        let offer = offers.iter_mut().find(|offer| offer.method.name() == name).ok_or_else(|| Refusal::damaged(format!("no method {name} to offer")))?;
        (offer.is_offered, offer.audience) = (is_offered, Audience { countries: codes(&countries)?, currencies: codes(&currencies)? });
    }
    desk.keep_setting(KEPT, "", &offers);
    Ok(offers)
}

/// Makes a rule what it shall be from now on. Refused where the gateway can't do it, or the method can't pay a currency.
pub async fn set_offer(desk: &mut Desk, offer: &Offer) -> Result<(), Refusal> {
    let method = offer.method;
    if let Some(currency) = offer.audience.currencies.iter().find(|currency| !method.kind().can_pay(currency)) {
        return Err(Refusal::field("currencies", sentence!("offer-euros-only", currency = currency)));
    }
    let app = desk.app.clone();
    match app.gateways.of(&mut desk.tx, &desk.vendor).await {
        Ok(gateway) => possible(gateway.as_ref(), offer)?,
        // None is connected yet: what it can't do is not offered then.
        Err(Refusal::Rule(_)) => {}
        Err(refusal) => return Err(refusal),
    }
    let codes = |codes: &[String]| serde_json::to_string(codes).map_err(Refusal::damaged);
    desk.tx
        .run(
            "INSERT INTO method_offers (vendor_id, method, is_offered, countries, currencies, updated_at) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (vendor_id, method) DO UPDATE SET is_offered = excluded.is_offered, countries = excluded.countries, currencies = excluded.currencies,
                updated_at = excluded.updated_at",
            (
                desk.vendor.id.clone(),
                method.name(),
                offer.is_offered,
                codes(&offer.audience.countries)?,
                codes(&offer.audience.currencies)?,
                desk.now.wall_ms(),
            ),
        )
        .await?;
    desk.settings_changed().await?;
    let vendor_id = desk.vendor.id.clone();
    let data = json!({
        "method": method, "is_offered": offer.is_offered, "countries": offer.audience.countries, "currencies": offer.audience.currencies,
    });
    desk.record("method_offer.set", None, &vendor_id, data).await
}

/// Refuses a rule that the vendor's gateway would not keep.
fn possible(gateway: &dyn Gateway, offer: &Offer) -> Result<(), Refusal> {
    if offer.is_offered && !gateway.keeps(offer.method.kind()) {
        return Err(Refusal::field("method", sentence!("offer-not-kept", gateway = gateway.name(), method = offer.method.name())));
    }
    let Some(wallet) = offer.method.wallet() else { return Ok(()) };
    let is_limited = !offer.is_offered || offer.audience != Audience::default();
    if is_limited && !gateway.chooses(wallet) {
        return Err(Refusal::field("method", sentence!("offer-not-chosen", gateway = gateway.name(), method = offer.method.name())));
    }
    Ok(())
}

/// What customers of a country may pay with in a currency.
pub async fn on_offer(desk: &mut Desk, country: &str, currency: &str) -> Result<OnOffer, Refusal> {
    let app = desk.app.clone();
    let transfer = bank::account_for(desk, currency, country).await?;
    let gateway = match app.gateways.of(&mut desk.tx, &desk.vendor).await {
        Ok(gateway) => gateway,
        // Nothing can be added; a transfer can be made.
        Err(Refusal::Rule(_)) => return Ok(OnOffer { transfer, ..OnOffer::default() }),
        Err(refusal) => return Err(refusal),
    };
    let offers = offers(desk).await?;
    let is_offered = |method: OfferedMethod| {
        let rule = offers.iter().find(|offer| offer.method == method);
        rule.is_some_and(|rule| rule.is_offered && rule.audience.includes(country, currency)) && method.kind().can_pay(currency)
    };
    let kinds: Vec<MethodKind> = MethodKind::ALL.iter().copied().filter(|kind| gateway.keeps(*kind) && is_offered(OfferedMethod::of_kind(*kind))).collect();
    let mut wallets: Vec<Wallet> = OfferedMethod::ALL.iter().filter(|method| is_offered(**method)).filter_map(|method| method.wallet()).collect();
    wallets.retain(|_| kinds.contains(&MethodKind::Card));
    Ok(OnOffer { kinds, wallets, transfer })
}

/// The same for a customer, in the currency they are billed in.
pub async fn offered_to(desk: &mut Desk, customer_id: &str) -> Result<OnOffer, Refusal> {
    let customer = customers::load(desk, customer_id).await?;
    on_offer(desk, &customer.country, &customer.currency).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn an_audience_is_the_countries_and_the_currencies() {
        for (countries, currencies, is_in) in [("", "", true), ("DE AT", "", true), ("AT", "", false), ("DE", "EUR USD", true), ("DE", "USD", false)] {
            let audience = Audience::new(&codes(countries), &codes(currencies)).unwrap();
            assert_eq!(audience.includes("DE", "EUR"), is_in, "{countries} {currencies}");
        }
        let wrong = Audience::new(&codes("DE XX"), &codes("EUR EURO")).unwrap_err();
        assert_eq!(wrong.iter().map(|error| error.field).collect::<Vec<_>>(), ["countries", "currencies"]);
    }

    #[test]
    fn every_wallet_has_a_rule() {
        for wallet in Wallet::ALL {
            assert_eq!(OfferedMethod::from_name(wallet.name()).and_then(OfferedMethod::wallet), Some(*wallet));
        }
    }
}
