//! Connecting a vendor: which keys it may have, that they are sealed, and what follows from having another gateway than before.

use chrono::Duration;
use portico::services::payments::connections::{self, Changes};
use portico::services::payments::stripe::keys::{PublishableKey, SecretKey, WebhookSecret};
use portico::services::payments::{self, CardEntry, Errand};
use portico::services::vendors::Vendor;
use portico::services::{Actor, Desk, Refusal, invoices};
use portico::worker::bill;

use super::{connect, secret_key};
use crate::world::World;

fn keys(secret: &str, publishable: &str) -> Changes {
    Changes {
        secret_key: Some(SecretKey::parse(secret).unwrap()),
        publishable_key: Some(PublishableKey::parse(publishable).unwrap()),
        webhook_secret: Some(WebhookSecret::parse("whsec_0123456789abcdef").unwrap()),
        ..Changes::default()
    }
}

/// Which flag is refused; `None`: connected.
async fn refused(world: &World, is_test: bool, changes: Changes) -> Option<&'static str> {
    let vendor = Vendor { is_test, ..(*world.vendor).clone() };
    let mut desk = Desk::write(&world.app, &vendor.into(), Actor::System).await.unwrap();
    match connections::change(&mut desk, changes).await {
        Ok(()) => None,
        Err(Refusal::Fields(fields)) => Some(fields[0].field),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_sandbox_has_test_keys_and_a_live_vendor_live_ones() {
    let world = World::new().await;
    for (is_test, secret, publishable, field) in [
        (true, "sk_test_1234", "pk_test_1234", None),
        (true, "rk_test_1234", "pk_test_1234", None),
        (true, "sk_live_1234", "pk_live_1234", Some("secret_key")),
        (false, "rk_live_1234", "pk_live_1234", None),
        (false, "sk_test_1234", "pk_test_1234", Some("secret_key")),
        (false, "sk_live_1234", "pk_test_1234", Some("publishable_key")),
    ] {
        assert_eq!(refused(&world, is_test, keys(secret, publishable)).await, field, "{is_test} {secret} {publishable}");
    }
    // A stand-in moves no money, so that a live vendor may be tried out with one; never a sandbox with keys that could move some.
    let at = |base: &str, secret, publishable| Changes { api_base: Some(base.into()), ..keys(secret, publishable) };
    assert_eq!(refused(&world, false, at("http://127.0.0.1:8420", "sk_test_1234", "pk_test_1234")).await, None);
    assert_eq!(refused(&world, true, at("http://127.0.0.1:8420", "sk_live_1234", "pk_live_1234")).await, Some("secret_key"));
    for base in ["http://stripe.example.com", "https://", "https://a/b", "ftp://127.0.0.1", "http://127.0.0.1.example.com", "127.0.0.1"] {
        assert_eq!(refused(&world, true, at(base, "sk_test_1234", "pk_test_1234")).await, Some("api_base"), "{base}");
    }
    assert_eq!(refused(&world, true, Changes::default()).await, Some("secret_key"));
}

#[tokio::test]
async fn keys_are_sealed_and_what_is_not_changed_stays() {
    let world = World::new().await;
    connect(&world, CardEntry::Page).await;
    let mut desk = world.desk().await;
    let secret = secret_key(&world);
    let (sealed, webhook, hint): (String, String, String) =
        desk.tx.one("SELECT secret_key, webhook_secret, key_hint FROM gateway_connections WHERE vendor_id = $1", (world.vendor.id.clone(),)).await.unwrap();
    assert!(!sealed.contains(&secret[8..]) && !webhook.contains(super::WEBHOOK_SECRET));
    assert_eq!(hint, format!("rk_test_…{}", &secret[secret.len() - 4..]));
    connections::change(&mut desk, Changes { entry: Some(CardEntry::Fields), ..Changes::default() }).await.unwrap();
    let connection = connections::load(&mut desk.tx, &world.app.config.keys, &world.vendor.id).await.unwrap().unwrap();
    assert_eq!((connection.secret_key.reveal(), connection.entry), (secret.as_str(), CardEntry::Fields));
    assert!(!format!("{connection:?}").contains(&secret[8..]), "{connection:?}");
    let events: Vec<(String,)> =
        desk.tx.all("SELECT data FROM events WHERE vendor_id = $1 AND kind = 'gateway.connected'", (world.vendor.id.clone(),)).await.unwrap();
    assert!(events.len() == 2 && events.iter().all(|(data,)| !data.contains(&secret[8..])));
}

#[tokio::test]
async fn another_vendors_connection_is_another_vendors() {
    let world = World::new().await;
    connect(&world, CardEntry::Page).await;
    let other = world.add_vendor("Merlin", Some("billing.merlin.example")).await;
    assert_eq!(world.app.gateway(&world.vendor).await.unwrap().name(), "stripe");
    assert_eq!(world.app.gateway(&other).await.unwrap().name(), "sandbox");
    // A row that was moved does not open.
    let mut desk = world.desk().await;
    desk.tx.run("UPDATE gateway_connections SET vendor_id = $1 WHERE vendor_id = $2", (other.id.clone(), world.vendor.id.clone())).await.unwrap();
    assert!(matches!(connections::load(&mut desk.tx, &world.app.config.keys, &other.id).await, Err(Refusal::Damaged(_))));
}

/// Keys of another account: it knows neither our customers nor their cards.
#[tokio::test]
async fn a_customer_whom_stripe_does_not_know_is_made_anew() {
    let world = World::new().await;
    let ada = world.customer("Ada").await;
    let errand = Errand::new(&world.app, &world.vendor, Actor::System);
    let stand_in = connect(&world, CardEntry::Page).await;
    let known = async || -> Vec<(String,)> {
        let vendor = world.vendor.id.clone();
        world.desk().await.tx.all("SELECT reference FROM gateway_customers WHERE vendor_id = $1", (vendor,)).await.unwrap()
    };
    payments::start_setup(&errand, &ada, payments::Wanted::CARD).await.unwrap();
    let first = known().await;
    payments::start_setup(&errand, &ada, payments::Wanted::CARD).await.unwrap();
    assert_eq!(known().await, first);
    let mut desk = world.desk().await;
    desk.tx.run("UPDATE gateway_customers SET reference = 'cus_gone' WHERE vendor_id = $1", (world.vendor.id.clone(),)).await.unwrap();
    desk.commit().await.unwrap();
    let begun = payments::start_setup(&errand, &ada, payments::Wanted::CARD).await.unwrap();
    stand_in.type_in(&begun.reference, "4242424242424242").await;
    assert!(matches!(payments::finish_setup(&errand, &ada, &begun.setup_id).await.unwrap(), payments::Finished::Added(_)));
    let now = known().await;
    assert!(now.len() == 1 && now[0].0.starts_with("cus_") && now != first && now[0].0 != "cus_gone", "{now:?}");
}

/// A key that was revoked says nothing of anybody's payment: nobody is declined because of it, and the payment is made once the key is good.
#[tokio::test]
async fn while_the_key_is_not_taken_payments_wait_and_are_not_declined() {
    let world = World::new().await;
    let ada = world.customer("Ada").await;
    let errand = Errand::new(&world.app, &world.vendor, Actor::System);
    let stand_in = connect(&world, CardEntry::Page).await;
    let begun = payments::start_setup(&errand, &ada, payments::Wanted::CARD).await.unwrap();
    stand_in.type_in(&begun.reference, "4242424242424242").await;
    payments::finish_setup(&errand, &ada, &begun.setup_id).await.unwrap();
    let use_key = async |key: &str| {
        let mut desk = world.desk().await;
        connections::change(&mut desk, Changes { secret_key: Some(SecretKey::parse(key).unwrap()), ..Changes::default() }).await.unwrap();
        desk.commit().await.unwrap();
    };
    use_key("rk_test_revoked").await;
    let mut desk = world.desk().await;
    invoices::charge(&mut desk, &ada, 1000, "Onboarding").await.unwrap();
    desk.commit().await.unwrap();
    bill::bill(&world.app, &world.vendor, world.now()).await.unwrap();
    let payment = async || {
        let mut desk = world.desk().await;
        let invoice = invoices::list(&mut desk, &ada, 1).await.unwrap().remove(0);
        payments::of_invoice(&mut desk, &invoice.id).await.unwrap().remove(0)
    };
    world.wait(Duration::minutes(2));
    payments::recover(&errand).await.unwrap();
    assert_eq!(payment().await.status, payments::Status::Processing);
    use_key(&secret_key(&world)).await;
    world.wait(Duration::minutes(2));
    payments::recover(&errand).await.unwrap();
    let paid = payment().await;
    assert_eq!((paid.status, paid.attempts), (payments::Status::Succeeded, 2));
}

/// The way from the built-in sandbox to Stripe: what was begun there is not asked of Stripe, which never heard of it and would be charged anew.
#[tokio::test]
async fn what_another_gateway_has_is_not_asked_of_this_one() {
    let world = World::new().await;
    let ada = world.customer("Ada").await;
    let errand = Errand::new(&world.app, &world.vendor, Actor::System);
    let begun = payments::start_setup(&errand, &ada, payments::Wanted::CARD).await.unwrap();
    let stand_in = connect(&world, CardEntry::Page).await;
    assert_eq!(payments::finish_setup(&errand, &ada, &begun.setup_id).await.unwrap(), payments::Finished::Open);
    assert_eq!(stand_in.violations(&world).await, Vec::<String>::new());
    let mut desk = world.desk().await;
    connections::remove(&mut desk).await.unwrap();
    desk.commit().await.unwrap();
    assert_eq!(world.app.gateway(&world.vendor).await.unwrap().name(), "sandbox");
}
