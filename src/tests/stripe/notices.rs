//! What Stripe tells by itself: only what it signed, once, and whatever comes when and in which order, it comes to the same as asking.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::Method;
use hmac::{Hmac, Mac as _};
use portico::platform::keys::hex;
use portico::platform::post::Post;
use portico::services::Actor;
use portico::services::invoices::{self, CreditRequest};
use portico::services::payments::{self, CardEntry, Errand, Payment, Pays, Status};
use portico::worker::{bill, deliver, purge};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{StandIn, WEBHOOK_SECRET, connect};
use crate::world::{Answer, World};

/// A customer of a vendor that pays by Stripe.
struct Paying {
    world: World,
    stand_in: &'static StandIn,
    customer: String,
}

impl Paying {
    /// With a card of that number.
    async fn with(number: &str) -> Paying {
        let world = World::new().await;
        let stand_in = connect(&world, CardEntry::Page).await;
        let customer = world.customer("Nordlicht").await;
        let paying = Paying { world, stand_in, customer };
        let begun = payments::start_setup(&paying.errand(), &paying.customer, payments::Wanted::CARD).await.unwrap();
        stand_in.type_in(&begun.reference, number).await;
        payments::finish_setup(&paying.errand(), &paying.customer, &begun.setup_id).await.unwrap();
        paying
    }

    fn errand(&self) -> Errand {
        Errand::new(&self.world.app, &self.world.vendor, Actor::System)
    }

    /// An invoice of so much, tried by itself; its only payment so far.
    async fn invoiced(&self, amount_minor: i64) -> Payment {
        let mut desk = self.world.desk().await;
        invoices::charge(&mut desk, &self.customer, amount_minor, "Onboarding").await.unwrap();
        desk.commit().await.unwrap();
        let report = bill::bill(&self.world.app, &self.world.vendor, self.world.now()).await.unwrap();
        assert!(report.failed.is_empty(), "{:?}", report.failed);
        let mut desk = self.world.desk().await;
        let issued = invoices::list(&mut desk, &self.customer, 1).await.unwrap().remove(0);
        payments::of_invoice(&mut desk, &issued.id).await.unwrap().remove(0)
    }

    async fn payment(&self, id: &str) -> Payment {
        payments::load(&mut self.world.desk().await, id).await.unwrap()
    }

    async fn deliver(&self) {
        while deliver::deliver_due(&self.world.app, &Post::Nowhere).await.unwrap() > 0 {}
    }

    async fn count(&self, sql: &'static str) -> i64 {
        let (count,): (i64,) = self.world.desk().await.tx.one(sql, (self.world.vendor.id.clone(),)).await.unwrap();
        count
    }

    /// Notices that are left to be followed.
    async fn left(&self) -> i64 {
        self.count("SELECT COUNT(*) FROM outbox WHERE vendor_id = $1 AND kind = 'gateway.notice' AND done_at IS NULL").await
    }

    /// Stripe tells something; how it is answered.
    async fn told(&self, id: &str, kind: &str, object: Value) -> Answer {
        let body = json!({ "id": id, "object": "event", "type": kind, "livemode": false, "data": { "object": object } }).to_string();
        let header = signed(self.world.now().timestamp(), &body);
        self.posts(&header, body.into_bytes()).await
    }

    async fn posts(&self, signature: &str, body: Vec<u8>) -> Answer {
        let visitor = self.world.visitor_at("anything.example");
        let request = visitor.request(Method::POST, &format!("/webhooks/stripe/{}", self.world.vendor.id));
        visitor.send(request.header("content-type", "application/json").header("stripe-signature", signature).body(Body::from(body)).unwrap()).await
    }
}

fn signed(at_s: i64, body: &str) -> String {
    let mut mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(WEBHOOK_SECRET.as_bytes()).unwrap();
    mac.update(format!("{at_s}.{body}").as_bytes());
    format!("t={at_s},v1={}", hex(&mac.finalize().into_bytes()))
}

#[tokio::test]
async fn a_customer_who_confirms_and_never_comes_back_has_paid() {
    let at = Paying::with("4000002500003155").await;
    // Nobody was there to be asked.
    let alone = at.invoiced(1000).await;
    assert_eq!(alone.status, Status::Declined(payments::DeclineReason::AuthenticationRequired));
    let Pays::Invoice(invoice) = &alone.pays else { panic!("it pays an invoice") };
    let asked = payments::pay(&at.errand(), &at.customer, invoice, None, None).await.unwrap();
    let Status::NeedsAction { url } = &asked.status else { panic!("{:?}", asked.status) };
    assert!(url.starts_with(&at.stand_in.base));
    let intent = asked.reference.clone().unwrap();
    at.stand_in.answer(&intent, "confirm").await;
    let object = json!({ "id": intent, "metadata": { "portico_payment": asked.id } });
    // The same ten times, another one late that says the contrary, and one that came before: what counts is what Stripe answers.
    for _ in 0..10 {
        assert_eq!(at.told("evt_1", "payment_intent.succeeded", object.clone()).await.status, 200);
    }
    assert_eq!(at.left().await, 1);
    at.told("evt_0", "payment_intent.requires_action", object.clone()).await;
    at.told("evt_2", "payment_intent.payment_failed", object).await;
    at.deliver().await;
    assert_eq!(at.left().await, 0);
    assert_eq!(at.payment(&asked.id).await.status, Status::Succeeded);
    assert_eq!(at.count("SELECT COUNT(*) FROM allocations WHERE vendor_id = $1 AND kind = 'payment'").await, 1);
    assert_eq!(invoices::load(&mut at.world.desk().await, invoice).await.unwrap().due_minor, 0);
}

#[tokio::test]
async fn a_card_typed_in_by_somebody_who_never_comes_back_is_kept_once() {
    let at = Paying::with("4242424242424242").await;
    let begun = payments::start_setup(&at.errand(), &at.customer, payments::Wanted::CARD).await.unwrap();
    at.stand_in.type_in(&begun.reference, "4242424242424242").await;
    let object = json!({ "id": "seti_1", "metadata": { "portico_setup": begun.setup_id } });
    at.told("evt_1", "checkout.session.completed", object.clone()).await;
    at.told("evt_2", "setup_intent.succeeded", object).await;
    at.deliver().await;
    assert_eq!(payments::list(&mut at.world.desk().await, &at.customer).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_card_its_bank_renewed_is_known_by_its_new_number() {
    let at = Paying::with("4242424242424242").await;
    let before = payments::list(&mut at.world.desk().await, &at.customer).await.unwrap().remove(0);
    at.stand_in.tell(&format!("renew/{}", before.token), &[("last4", "1881"), ("exp_month", "3"), ("exp_year", "2034")]).await;
    for event in ["evt_1", "evt_2"] {
        at.told(event, "payment_method.automatically_updated", json!({ "id": before.token })).await;
        at.deliver().await;
    }
    let after = payments::list(&mut at.world.desk().await, &at.customer).await.unwrap().remove(0);
    let card = after.means.card().unwrap();
    assert_eq!((&after.id, card.last4.as_str(), card.exp_month, card.exp_year), (&before.id, "1881", 3, 2034));
    assert_eq!(at.count("SELECT COUNT(*) FROM events WHERE vendor_id = $1 AND kind = 'payment_method.renewed'").await, 1);
}

#[tokio::test]
async fn what_is_credited_goes_back_by_stripe_once_and_being_told_of_it_changes_nothing() {
    let at = Paying::with("4242424242424242").await;
    let payment = at.invoiced(1000).await;
    let (Pays::Invoice(invoice), Some(intent)) = (&payment.pays, &payment.reference) else { panic!("{payment:?}") };
    let mut desk = at.world.desk().await;
    invoices::credit(&mut desk, invoice, &CreditRequest::Refund(Some(400))).await.unwrap();
    desk.commit().await.unwrap();
    for event in ["evt_1", "evt_2"] {
        at.told(event, "charge.refunded", json!({ "id": "ch_1", "payment_intent": intent })).await;
    }
    at.deliver().await;
    at.told("evt_3", "refund.updated", json!({ "id": "re_1", "payment_intent": intent })).await;
    at.told("evt_4", "charge.refunded", json!({ "id": "ch_2", "payment_intent": "pi_of_something_else" })).await;
    at.deliver().await;
    assert_eq!(at.left().await, 0);
    assert_eq!(at.count("SELECT CAST(SUM(amount_minor) AS BIGINT) FROM refunds WHERE vendor_id = $1 AND status = 'succeeded'").await, 400);
    assert_eq!(at.count("SELECT COUNT(*) FROM events WHERE vendor_id = $1 AND kind = 'refund.succeeded'").await, 1);
    assert_eq!(at.stand_in.violations(&at.world).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_dispute_is_written_down_once_for_each_standing() {
    let at = Paying::with("4242424242424242").await;
    let payment = at.invoiced(1000).await;
    let intent = payment.reference.clone().unwrap();
    let id = intent.replace("pi_", "dp_");
    let dispute = async |status: &str| {
        let form = [("payment_intent", intent.as_str()), ("amount", "1000"), ("currency", "eur"), ("reason", "fraudulent"), ("status", status)];
        at.stand_in.tell(&format!("disputes/{id}"), &form).await;
    };
    dispute("needs_response").await;
    for event in ["evt_1", "evt_2"] {
        at.told(event, "charge.dispute.created", json!({ "id": id, "payment_intent": intent })).await;
    }
    at.deliver().await;
    let told = "SELECT COUNT(*) FROM events WHERE vendor_id = $1 AND kind = 'payment.disputed'";
    assert_eq!(at.count(told).await, 1);
    dispute("lost").await;
    at.told("evt_3", "charge.dispute.closed", json!({ "id": id, "payment_intent": intent })).await;
    at.deliver().await;
    assert_eq!(at.count(told).await, 2);
    // A dispute of somebody else's charge in the same account.
    at.told("evt_4", "charge.dispute.created", json!({ "id": "dp_unknown", "payment_intent": "pi_unknown" })).await;
    at.deliver().await;
    assert_eq!((at.count(told).await, at.left().await), (2, 0));
}

#[tokio::test]
async fn what_stripe_did_not_sign_just_now_is_refused_and_what_it_did_is_harmless() {
    let at = Paying::with("4242424242424242").await;
    let now_s = at.world.now().timestamp();
    let body =
        json!({ "id": "evt_1", "type": "payment_intent.succeeded", "data": { "object": { "metadata": { "portico_payment": "pay_unknown" } } } }).to_string();
    let good = signed(now_s, &body);
    let bytes = || body.clone().into_bytes();
    for (what, header, body, status) in [
        ("not signed", String::new(), bytes(), 400),
        ("signed by somebody else", format!("t={now_s},v1={}", "0".repeat(64)), bytes(), 400),
        ("played back", signed(now_s - 301, &body), bytes(), 400),
        ("changed on the way", good.clone(), body.replace("evt_1", "evt_9").into_bytes(), 400),
        ("5 MB", good.clone(), vec![b' '; 5 * 1024 * 1024], 413),
        ("of nobody we know", good.clone(), bytes(), 200),
        ("no JSON", signed(now_s, "hello"), b"hello".to_vec(), 200),
    ] {
        let began = Instant::now();
        let answer = at.posts(&header, body).await;
        assert_eq!(answer.status, status, "{what}: {}", answer.text);
        assert!(!answer.text.contains("<html"), "{what} is told to a program");
        // Five milliseconds are held to where the program is built for use; here it must only not be read to its end and judged.
        assert!(began.elapsed() < Duration::from_secs(2), "{what} took {:?}", began.elapsed());
    }
    at.told("evt_2", "some.new.kind", json!({ "anything": [] })).await;
    at.told("evt_3", "payment_intent.created", json!({ "id": "pi_elsewhere", "metadata": {} })).await;
    assert_eq!(at.left().await, 1, "of what was told, one thing names a record");
    at.deliver().await;
    assert_eq!(at.left().await, 0);
    // Another vendor's address, and nobody's.
    let other = at.world.add_vendor("Merlin", Some("billing.merlin.example")).await;
    for vendor in [other.id.as_str(), "ven_unknown"] {
        let visitor = at.world.visitor();
        let request = visitor.request(Method::POST, &format!("/webhooks/stripe/{vendor}")).header("stripe-signature", &good);
        assert_eq!(visitor.send(request.body(Body::from(body.clone())).unwrap()).await.status, 404);
    }
    // What is not told again any more is forgotten.
    at.world.wait(chrono::Duration::days(31));
    purge::purge(&at.world.app).await.unwrap();
    assert_eq!(at.count("SELECT COUNT(*) FROM gateway_notices WHERE vendor_id = $1").await, 0);
}
