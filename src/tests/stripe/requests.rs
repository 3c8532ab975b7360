//! What is sent: everything the client can say, said once, and held to Stripe's published schema by the stand-in.

use portico::services::payments::gateway::*;

use super::connect;
use crate::world::World;

#[tokio::test]
async fn everything_the_client_says_is_in_stripes_published_schema() {
    let world = World::new().await;
    let stand_in = connect(&world, CardEntry::Fields).await;
    let stripe = world.app.gateway(&world.vendor).await.unwrap();
    let ada = world.customer("Ada").await;
    let setup = |key: &str, entry| SetupRequest {
        kind: MethodKind::Card,
        wallets: Vec::new(),
        key: key.into(),
        customer_id: ada.clone(),
        customer_name: "Ada GmbH & Söhne [1]".into(),
        entry,
        vendor_name: "Kestrel".into(),
        return_url: "http://localhost:3000/payment-methods/return?setup=x&y=ü".into(),
        now: world.app.now(&world.vendor),
    };
    let page = stripe.start_setup(setup("set_page", CardEntry::Page)).await.unwrap();
    let fields = stripe.start_setup(setup("set_fields", CardEntry::Fields)).await.unwrap();
    assert!(page.page_url.is_some() && page.fields.is_none() && fields.page_url.is_none() && fields.fields.is_some());
    let mut tokens = Vec::new();
    for (reference, number) in [(&page.reference, "4242424242424242"), (&fields.reference, "4000002500003155")] {
        assert_eq!(stripe.setup(reference).await.unwrap(), SetupState::Open);
        stand_in.type_in(reference, number).await;
        let SetupState::Done(kept) = stripe.setup(reference).await.unwrap() else { panic!("not kept") };
        let card = kept.means.card().unwrap();
        assert_eq!((card.brand, card.last4.as_str(), card.exp_month, card.exp_year), (Brand::Visa, &number[12..], 12, 2030));
        assert_eq!(stripe.method(&kept.token).await.unwrap(), Some(kept.clone()));
        tokens.push(kept.token);
    }
    let charge = |key: &str, token: &str, presence| ChargeRequest {
        key: key.into(),
        customer_id: ada.clone(),
        method_token: token.into(),
        kind: MethodKind::Card,
        amount_minor: 16_224,
        currency: "EUR".into(),
        presence,
        description: "2026-0001".into(),
        since_ms: world.now().timestamp_millis(),
        now: world.app.now(&world.vendor),
    };
    let there = Presence::OnSession { return_url: "http://localhost:3000/payments/pay_2".into() };
    let paid = stripe.charge(charge("pay_1", &tokens[0], Presence::OffSession)).await.unwrap();
    let asked = stripe.charge(charge("pay_2", &tokens[1], there)).await.unwrap();
    assert!(matches!(asked.outcome, Outcome::NeedsAction { .. }));
    let sought = Sought { key: "pay_2", customer_id: &ada, reference: None, since_ms: world.now().timestamp_millis() };
    assert_eq!(stripe.find_charge(sought).await.unwrap(), Some(asked.clone()));
    assert_eq!(stripe.cancel_charge(sought).await.unwrap().unwrap().outcome, Outcome::Declined(DeclineReason::Cancelled));
    let back =
        RefundRequest { key: "ref_1".into(), charge_reference: paid.reference, amount_minor: 24, currency: "EUR".into(), now: world.app.now(&world.vendor) };
    assert_eq!(stripe.refund(back).await.unwrap().outcome, RefundOutcome::Succeeded);
    assert_eq!(stripe.dispute("dp_unknown").await.unwrap(), None);
    let account = SetupRequest { kind: MethodKind::SepaDebit, ..setup("set_account", CardEntry::Fields) };
    let account = stripe.start_setup(account).await.unwrap();
    assert!(account.page_url.is_some() && account.fields.is_none(), "an account is typed in on Stripe’s page");
    stand_in.type_in(&account.reference, "DE89370400440532013000").await;
    let SetupState::Done(kept) = stripe.setup(&account.reference).await.unwrap() else { panic!("not kept") };
    assert_eq!(stripe.method(&kept.token).await.unwrap(), Some(kept.clone()));
    let debit = ChargeRequest { kind: MethodKind::SepaDebit, ..charge("pay_3", &kept.token, Presence::OffSession) };
    assert_eq!(stripe.charge(debit).await.unwrap().outcome, Outcome::Pending);
    stripe.detach(&tokens[0]).await.unwrap();
    assert_eq!(stand_in.violations(&world).await, Vec::<String>::new());
}

/// What the check is worth: it sees what Stripe would not know.
#[tokio::test]
async fn the_schema_is_held_to() {
    let world = World::new().await;
    let stand_in = connect(&world, CardEntry::Page).await;
    let stripe = world.app.gateway(&world.vendor).await.unwrap();
    // No word of Stripe's is so long.
    let refused = stripe.setup(&format!("seti_{}", "x/y")).await.unwrap_err();
    assert!(matches!(refused, GatewayError::Refused(_)), "{refused:?}");
    assert_eq!(stand_in.violations(&world).await, ["GET /v1/setup_intents/seti_x/y: there is no such operation"]);
}

#[tokio::test]
async fn more_payments_than_a_page_holds_hide_none() {
    let world = World::new().await;
    let stand_in = connect(&world, CardEntry::Page).await;
    let stripe = world.app.gateway(&world.vendor).await.unwrap();
    let ada = world.customer("Ada").await;
    let now = world.app.now(&world.vendor);
    let setup = SetupRequest {
        kind: MethodKind::Card,
        wallets: Vec::new(),
        key: "set_1".into(),
        customer_id: ada.clone(),
        customer_name: "Ada".into(),
        entry: CardEntry::Page,
        vendor_name: "Kestrel".into(),
        return_url: "http://localhost:3000/".into(),
        now,
    };
    let setup = stripe.start_setup(setup).await.unwrap();
    stand_in.type_in(&setup.reference, "4242424242424242").await;
    let SetupState::Done(kept) = stripe.setup(&setup.reference).await.unwrap() else { panic!("not kept") };
    let mut all = Vec::new();
    for number in 0..120 {
        let request = ChargeRequest {
            key: format!("pay_{number}"),
            customer_id: ada.clone(),
            method_token: kept.token.clone(),
            kind: MethodKind::Card,
            amount_minor: 100 + number,
            currency: "EUR".into(),
            presence: Presence::OffSession,
            description: String::new(),
            since_ms: now.wall_ms(),
            now,
        };
        let stripe = stripe.clone();
        all.push(tokio::spawn(async move { stripe.charge(request).await.unwrap() }));
    }
    for charged in all {
        charged.await.unwrap();
    }
    for number in [0, 60, 119] {
        let sought = Sought { key: &format!("pay_{number}"), customer_id: &ada, reference: None, since_ms: now.wall_ms() };
        assert_eq!(stripe.find_charge(sought).await.unwrap().unwrap().amount_minor, 100 + number);
    }
}
