//! Vendors are added: what has to be right, and that they are served from then on.

use portico::services::Refusal;
use portico::services::vendors::{self, NewVendor};

use crate::world::World;

fn acme(host: Option<&str>) -> NewVendor {
    NewVendor {
        host: host.map(str::to_owned),
        name: "Acme".to_owned(),
        legal_name: "Acme GmbH".to_owned(),
        address: "Ring 1".to_owned(),
        postal_code: "1010".to_owned(),
        city: "Vienna".to_owned(),
        country: "AT".to_owned(),
        tax_id: None,
        support_email: "billing@acme.example".to_owned(),
        currency: billing::money::Currency::from_code("EUR").unwrap(),
        time_zone: chrono_tz::Europe::Vienna,
        colour: "#06637a".to_owned(),
        is_test: true,
    }
}

#[tokio::test]
async fn a_new_vendor_is_served_at_its_host() {
    let world = World::new().await;
    let added = vendors::add(&world.app, acme(Some("billing.acme.example"))).await.unwrap();
    let served = world.app.vendor_of_host("billing.acme.example").unwrap();
    assert_eq!((served.id.as_str(), served.payment_terms_days), (added.id.as_str(), 14));
}

#[tokio::test]
async fn two_vendors_cannot_answer_at_one_place() {
    let world = World::new().await;
    // The world's own vendor answers on loopback.
    assert!(matches!(vendors::add(&world.app, acme(None)).await, Err(Refusal::Conflict(_))));
    vendors::add(&world.app, acme(Some("billing.acme.example"))).await.unwrap();
    assert!(matches!(vendors::add(&world.app, acme(Some("billing.acme.example"))).await, Err(Refusal::Conflict(_))));
    assert_eq!(world.app.vendors().len(), 2);
}

#[tokio::test]
async fn every_field_that_cannot_be_is_named() {
    let world = World::new().await;
    let wrong = NewVendor { country: "XX".to_owned(), colour: "red".to_owned(), ..acme(Some("billing.acme.example")) };
    let Err(Refusal::Fields(errors)) = vendors::add(&world.app, wrong).await else { panic!("nothing was refused") };
    assert_eq!(errors.iter().map(|error| error.field).collect::<Vec<_>>(), ["country", "colour"]);
    assert_eq!(errors[0].sentence.to_string(), "“XX” is no country. Give its two capital letters, such as AT.");
}
