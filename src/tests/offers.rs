//! What customers are offered to pay with: the vendor's rule, and everywhere it holds.

use billing::money::Currency;
use portico::services::customers::{self, Details, NewCustomer, Role};
use portico::services::payments::{self, Audience, CardEntry, Errand, MethodKind, Offer, OfferedMethod, Wallet, Wanted};
use portico::services::{Actor, Refusal};

use crate::stripe;
use crate::world::World;

async fn customer(world: &World, country: &str, currency: &str) -> String {
    let mut desk = world.desk().await;
    let details = Details {
        name: country.into(),
        legal_name: country.into(),
        country: country.into(),
        locale: "en".into(),
        time_zone: "Europe/Berlin".into(),
        ..Details::default()
    };
    let new = NewCustomer { external_id: None, details, tax_exempt: false, currency: Currency::from_code(currency).unwrap() };
    let id = customers::create(&mut desk, &new).await.unwrap();
    desk.commit().await.unwrap();
    id
}

fn codes(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// From now on offered to customers of these countries; `None`: to nobody.
async fn offer(world: &World, method: OfferedMethod, countries: Option<&str>) -> Result<(), Refusal> {
    let mut desk = world.desk().await;
    let audience = Audience::new(&codes(countries.unwrap_or_default()), &[]).unwrap();
    payments::set_offer(&mut desk, &Offer { method, is_offered: countries.is_some(), audience }).await?;
    desk.commit().await.map_err(Refusal::from)
}

/// The sentence at the field that is wrong.
fn why(set: Result<(), Refusal>) -> String {
    match set {
        Err(Refusal::Fields(errors)) => errors[0].sentence.to_string(),
        other => panic!("{other:?}"),
    }
}

async fn kinds(world: &World, customer: &str) -> Vec<MethodKind> {
    payments::offered_to(&mut world.desk().await, customer).await.unwrap().kinds
}

#[tokio::test]
async fn it_begins_with_cards_for_everybody_and_a_debit_is_offered_by_country_in_euros() {
    let world = World::new().await;
    let (berlin, vienna, boston) = (customer(&world, "DE", "EUR").await, customer(&world, "AT", "EUR").await, customer(&world, "DE", "USD").await);
    assert_eq!(kinds(&world, &berlin).await, [MethodKind::Card]);
    assert_eq!(payments::offered_to(&mut world.desk().await, &berlin).await.unwrap().wallets, Wallet::ALL);
    offer(&world, OfferedMethod::SepaDebit, Some("DE CH")).await.unwrap();
    assert_eq!(kinds(&world, &berlin).await, [MethodKind::Card, MethodKind::SepaDebit]);
    assert_eq!(kinds(&world, &vienna).await, [MethodKind::Card]);
    assert_eq!(kinds(&world, &boston).await, [MethodKind::Card], "who is billed in dollars can’t pay by it");
    offer(&world, OfferedMethod::Card, None).await.unwrap();
    let left = payments::offered_to(&mut world.desk().await, &berlin).await.unwrap();
    assert_eq!((left.kinds, left.wallets), (vec![MethodKind::SepaDebit], vec![]), "a wallet is a way to a card");
    assert_eq!(kinds(&world, &vienna).await, []);
}

#[tokio::test]
async fn what_is_not_offered_cannot_be_added() {
    let world = World::new().await;
    let berlin = customer(&world, "DE", "EUR").await;
    let errand = Errand::new(&world.app, &world.vendor, Actor::System);
    let debit = Wanted { kind: MethodKind::SepaDebit, ..Wanted::CARD };
    let refused = payments::start_setup(&errand, &berlin, debit).await.unwrap_err();
    assert!(refused.to_string().starts_with("This way to pay is not offered here."), "{refused}");
    offer(&world, OfferedMethod::Card, None).await.unwrap();
    let mira = world.member("mira@nordlicht.example", &berlin, Role::Owner).await.browser;
    let page = mira.get("/payment-methods/add").await;
    assert!(page.text.contains("There is no way to pay that can be added at the moment."), "{}", page.text);
    assert!(!page.text.contains("Go on to the payment provider"));
    offer(&world, OfferedMethod::SepaDebit, Some("")).await.unwrap();
    assert!(payments::start_setup(&errand, &berlin, debit).await.is_ok());
    // Where there is one way, nothing is asked.
    let page = mira.get("/payment-methods/add").await;
    assert!(page.text.contains("name=\"kind\" value=\"sepa_debit\"") && !page.text.contains("How would you like to pay?"), "{}", page.text);
}

#[tokio::test]
async fn a_rule_that_nobody_could_keep_is_refused_with_a_sentence() {
    let world = World::new().await;
    let mut desk = world.desk().await;
    let dollars = Offer { method: OfferedMethod::SepaDebit, is_offered: true, audience: Audience::new(&[], &codes("EUR USD")).unwrap() };
    assert_eq!(why(payments::set_offer(&mut desk, &dollars).await), "A direct debit is in euros: it can’t be offered for USD.");
    drop(desk);
    stripe::connect(&world, CardEntry::Page).await;
    let refused = why(offer(&world, OfferedMethod::ApplePay, None).await);
    assert!(refused.contains("shows apple_pay wherever it takes cards"), "{refused}");
    offer(&world, OfferedMethod::Link, None).await.unwrap();
}
