//! The sandbox's own pages, as a customer meets them: typed in whole or in a frame, with and without a bank that asks; and what never
//! stays there: a card number.

use portico::sandbox::entry::{self, CardForm};
use portico::services::payments::gateway::{CardEntry, Means, MethodKind, SetupRequest, SetupState, Wallet};
use portico::services::payments::sandbox::cards::CARDS;
use portico::services::payments::{self, Errand, Finished, Gateways, Method};

use crate::world::{Answer, Persona, World};

const RETURN: &str = "http://localhost:3000/payment-methods/return?setup=set_1";

/// A card typed in on the test payment page, and kept.
pub async fn add_card(errand: &Errand, customer_id: &str, number: &str) -> Method {
    let setup = payments::start_setup(errand, customer_id, payments::Wanted::CARD).await.unwrap();
    let Gateways::Own { sandbox: place, .. } = &errand.app.gateways else { panic!("the sandbox is the gateway") };
    let form = CardForm { number: number.to_owned(), expiry: "12/40".to_owned(), cvc: "123".to_owned(), ..CardForm::default() };
    let typed = entry::read(&form, &[], &errand.app.now(&errand.vendor)).unwrap();
    place.gateway(&errand.vendor).unwrap().enter_card(&setup.reference, typed).await.unwrap();
    match payments::finish_setup(errand, customer_id, &setup.setup_id).await.unwrap() {
        Finished::Added(method) => method,
        other => panic!("the card was not kept: {other:?}"),
    }
}

struct Setup {
    world: World,
    reference: String,
    path: String,
    visitor: Persona,
}

async fn setup() -> Setup {
    setup_of(MethodKind::Card, Vec::new()).await
}

async fn setup_of(kind: MethodKind, wallets: Vec<Wallet>) -> Setup {
    let world = World::new().await;
    let gateway = world.app.gateway(&world.vendor).await.unwrap();
    let started = gateway
        .start_setup(SetupRequest {
            kind,
            wallets,
            key: "set_1".into(),
            customer_id: "cus_1".into(),
            customer_name: "Nordlicht".into(),
            entry: CardEntry::Page,
            vendor_name: "Kestrel".into(),
            return_url: RETURN.into(),
            now: world.app.now(&world.vendor),
        })
        .await
        .unwrap();
    let path = started.page_url.unwrap().strip_prefix("http://127.0.0.1:3001").unwrap().to_owned();
    let visitor = world.at_sandbox();
    Setup { reference: started.reference, path, visitor, world }
}

impl Setup {
    async fn state(&self) -> SetupState {
        self.world.app.gateway(&self.world.vendor).await.unwrap().setup(&self.reference).await.unwrap()
    }

    async fn type_in(&self, number: &str) -> Answer {
        let cvc = if number.len() < 18 { "1234" } else { "123" };
        self.visitor.post(&self.path, &[("number", number), ("expiry", "12 / 30"), ("cvc", cvc), ("name", "Mira Lang")]).await
    }
}

#[tokio::test]
async fn a_good_card_goes_back_to_the_portal_without_script() {
    let at = setup().await;
    let page = at.visitor.get(&at.path).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("Test payment page") && page.text.contains("Kestrel"));
    for card in CARDS {
        assert!(page.text.contains(card.number), "{} is published on the page", card.number);
    }
    assert_eq!(at.state().await, SetupState::Open);
    let answer = at.type_in("4242 4242 4242 4242").await;
    assert_eq!((answer.status, answer.location()), (303, RETURN));
    let SetupState::Done(method) = at.state().await else { panic!("the card was not kept") };
    let card = method.means.card().unwrap();
    assert_eq!((card.last4.as_str(), card.exp_month, card.exp_year), ("4242", 12, 2030));
    // Typed in once more, by the back button: still the same method.
    at.type_in("5555 5555 5555 4444").await;
    assert_eq!(at.state().await, SetupState::Done(method));
}

#[tokio::test]
async fn every_other_number_is_refused_and_never_sent_back_or_kept() {
    let at = setup().await;
    for number in ["4111 1111 1111 1111", "5105 1051 0510 5100", "4242 4242 4242 4241", "hello", ""] {
        let answer = at.type_in(number).await;
        assert_eq!(answer.status, 422, "{number}");
        assert!(answer.text.contains("aria-invalid"), "{number}");
        assert!(number.is_empty() || !answer.text.contains(number), "{number} was sent back");
    }
    assert!(at.type_in("4111 1111 1111 1111").await.text.contains("Real cards are refused"));
    assert_eq!(at.state().await, SetupState::Open);
}

#[tokio::test]
async fn a_card_the_bank_refuses_says_so_and_another_may_follow() {
    let at = setup().await;
    let refused = at.type_in("4000 0000 0000 0002").await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("Nothing was charged"), "{}", refused.text);
    assert!(matches!(at.state().await, SetupState::Failed(_)));
    assert_eq!(at.type_in("4242 4242 4242 4242").await.status, 303);
    assert!(matches!(at.state().await, SetupState::Done(_)));
}

#[tokio::test]
async fn a_card_that_asks_for_confirmation_is_kept_only_after_a_clear_yes() {
    let at = setup().await;
    let answer = at.type_in("4000 0027 6000 3184").await;
    let confirm = format!("{}/confirm", at.path);
    assert_eq!((answer.status, answer.location()), (303, format!("http://127.0.0.1:3001{confirm}").as_str()));
    assert_eq!(at.visitor.get(&confirm).await.status, 200);
    assert_eq!(at.state().await, SetupState::Open);
    assert_eq!(at.visitor.post(&confirm, &[("answer", "")]).await.status, 422);
    assert!(matches!(at.state().await, SetupState::Failed(_)));
    at.type_in("4000 0027 6000 3184").await;
    let answer = at.visitor.post(&confirm, &[("answer", "confirm")]).await;
    assert_eq!((answer.status, answer.location()), (303, RETURN));
    assert!(matches!(at.state().await, SetupState::Done(_)));
}

#[tokio::test]
async fn the_framed_fields_may_stand_in_the_portal_wherever_that_stands_and_tell_only_the_portal() {
    let at = setup().await;
    let path = format!("{}/fields", at.path);
    let page = at.visitor.get(&path).await;
    assert!(page.header("content-security-policy").contains("frame-ancestors *;"), "{}", page.header("content-security-policy"));
    assert!(!page.text.contains("<script"));
    let told = at.visitor.post(&path, &[("number", "4242424242424242"), ("expiry", "1230"), ("cvc", "123")]).await;
    assert_eq!(told.status, 200);
    assert!(told.text.contains(&format!("parent.postMessage(\"{}\", \"http://localhost:3000\")", at.reference)), "{}", told.text);
    assert!(matches!(at.state().await, SetupState::Done(_)));
    let whole = at.visitor.get(&format!("/{}/setups/{}x", at.world.vendor.id, at.reference)).await;
    assert_eq!(whole.status, 404);
}

#[tokio::test]
async fn the_whole_page_may_stand_in_no_frame_and_runs_no_script() {
    let at = setup().await;
    let page = at.visitor.get(&at.path).await;
    let policy = page.header("content-security-policy").to_owned();
    assert!(
        policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'") && policy.contains("form-action 'self' http://localhost:3000"),
        "{policy}"
    );
    assert!(!page.text.contains("<script"));
}

#[tokio::test]
async fn going_back_without_adding_cancels() {
    let at = setup().await;
    let answer = at.visitor.post(&format!("{}/cancel", at.path), &[]).await;
    assert_eq!((answer.status, answer.location()), (303, RETURN));
    assert_eq!(at.state().await, SetupState::Cancelled);
}

#[tokio::test]
async fn no_page_of_a_vendor_that_is_no_sandbox_exists() {
    let at = setup().await;
    let reference = &at.reference;
    assert_eq!(at.visitor.get(&format!("/ven_other/setups/{reference}")).await.status, 404);
    assert_eq!(at.visitor.get(&format!("/ven_other/charges/{reference}")).await.status, 404);
    assert_eq!(at.visitor.get("/").await.status, 200);
}

#[tokio::test]
async fn an_account_is_kept_once_its_holder_agrees_and_its_number_is_nowhere() {
    let at = setup_of(MethodKind::SepaDebit, Vec::new()).await;
    let page = at.visitor.get(&at.path).await;
    assert!(page.text.contains("IBAN") && page.text.contains("I authorise Kestrel") && !page.text.contains("Card number"), "{}", page.text);
    let typed = [("iban", "DE89 3704 0044 0532 0130 00"), ("holder", "Mira Lang")];
    let refused = at.visitor.post(&at.path, &typed).await;
    assert!(refused.status == 422 && refused.text.contains("Agree to the mandate"), "{}", refused.text);
    assert!(!refused.text.contains("value=\"DE89"), "no number is sent back");
    assert_eq!(at.state().await, SetupState::Open);
    let taken = at.visitor.post(&at.path, &[typed[0], typed[1], ("agrees", "yes")]).await;
    assert_eq!((taken.status, taken.location()), (303, RETURN), "{}", taken.text);
    let SetupState::Done(method) = at.state().await else { panic!("the account was not kept") };
    let Means::SepaDebit(debit) = method.means else { panic!("{method:?}") };
    assert_eq!((debit.bank.as_deref(), debit.country.as_str(), debit.last4.as_str()), (Some("Commerzbank"), "DE", "3000"));
}

#[tokio::test]
async fn a_wallet_brings_a_card_where_it_is_offered() {
    let at = setup_of(MethodKind::Card, vec![Wallet::ApplePay]).await;
    let page = at.visitor.get(&at.path).await;
    assert!(page.text.contains("Apple Pay (test)") && !page.text.contains("Google Pay (test)"), "{}", page.text);
    assert_eq!(at.visitor.post(&at.path, &[("wallet", "google_pay")]).await.status, 422);
    assert_eq!(at.visitor.post(&at.path, &[("wallet", "apple_pay")]).await.location(), RETURN);
    let SetupState::Done(method) = at.state().await else { panic!("the card was not kept") };
    let card = method.means.card().unwrap();
    assert_eq!((card.wallet, card.last4.as_str()), (Some(Wallet::ApplePay), "4242"));
}
