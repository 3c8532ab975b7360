//! Adding a card and answering a bank in the portal, with Stripe: where the customer is sent, what a page may reach, and that coming back
//! proves nothing.

use portico::services::customers::Role;
use portico::services::payments::{self, CardEntry, Errand};
use portico::services::{Actor, invoices};
use portico::worker::bill;

use super::{StandIn, connect};
use crate::people::Person;
use crate::world::{Answer, PUBLIC_URL, World};

struct Portal {
    world: World,
    stand_in: &'static StandIn,
    customer: String,
    mira: Person,
}

impl Portal {
    async fn new(entry: CardEntry) -> Portal {
        let world = World::new().await;
        let stand_in = connect(&world, entry).await;
        let customer = world.customer("Nordlicht").await;
        let mira = world.member("mira@nordlicht.example", &customer, Role::Owner).await;
        Portal { world, stand_in, customer, mira }
    }

    async fn get(&self, path: &str) -> Answer {
        self.mira.browser.get(path).await
    }

    /// What a directive of a page's policy allows, in order.
    fn allowed<'a>(page: &'a Answer, directive: &str) -> Vec<&'a str> {
        let policy = page.header("content-security-policy");
        let found = policy.split(';').map(str::trim).find(|part| part.split(' ').next() == Some(directive));
        found.unwrap_or_else(|| panic!("{directive} in {policy}")).split(' ').skip(1).collect()
    }

    /// The gateway's id of the last setup that was begun.
    async fn reference(&self) -> String {
        let mut desk = self.world.desk().await;
        let (reference,): (String,) =
            desk.tx.one("SELECT reference FROM payment_setups WHERE vendor_id = $1 ORDER BY id DESC LIMIT 1", (self.world.vendor.id.clone(),)).await.unwrap();
        reference
    }
}

#[tokio::test]
async fn the_page_with_stripes_fields_reaches_stripe_and_no_other_page_does() {
    let at = Portal::new(CardEntry::Fields).await;
    let base = at.stand_in.base.as_str();
    let started = at.mira.browser.post("/payment-methods", &[("fields", "1")]).await;
    assert_eq!(started.status, 303, "{}", started.text);
    let fields = at.get(started.location()).await;
    assert_eq!(fields.status, 200, "{}", fields.text);
    assert_eq!(Portal::allowed(&fields, "script-src"), ["'self'", "'wasm-unsafe-eval'", base]);
    assert_eq!(Portal::allowed(&fields, "frame-src"), [base]);
    assert_eq!(Portal::allowed(&fields, "connect-src"), ["'self'", base]);
    assert!(fields.text.contains(&format!("<script src=\"{base}/js.stripe.com/v3/\" defer></script>")));
    // What runs on the page where cards are typed in is on a list with its reasons (README): nothing else does.
    let scripts: Vec<&str> = fields.text.split("<script").skip(1).map(|tag| tag.split("src=\"").nth(1).unwrap().split('"').next().unwrap()).collect();
    let ours = |name: &str| at.world.app.assets.path(name);
    assert_eq!(scripts, [ours("start.js"), format!("{base}/js.stripe.com/v3/"), ours("card.js")]);
    // Nothing that a card number could be typed into is ours, and no secret but this setup's own is there.
    assert!(!fields.text.contains("cc-number") && !fields.text.contains("type=\"text\""));
    assert!(fields.text.contains("data-key=\"pk_test_") && fields.text.contains("data-secret=\"seti_") && !fields.text.contains("rk_test_"));
    for path in ["/payment-methods", "/payment-methods/add", "/invoices", "/"] {
        let page = at.get(path).await;
        let page = if page.status == 303 { at.get(page.location()).await } else { page };
        assert_eq!(Portal::allowed(&page, "script-src"), ["'self'", "'wasm-unsafe-eval'"], "{path}");
        assert_eq!(Portal::allowed(&page, "frame-src"), ["'none'"], "{path}");
        assert_eq!(Portal::allowed(&page, "connect-src"), ["'self'"], "{path}");
        let forms: &[&str] = if path.starts_with("/payment-methods") { &["'self'", base] } else { &["'self'"] };
        assert_eq!(Portal::allowed(&page, "form-action"), forms, "{path}");
    }
}

#[tokio::test]
async fn coming_back_keeps_a_card_only_where_stripe_says_so() {
    for (entry, form) in [(CardEntry::Fields, [("fields", "1")]), (CardEntry::Page, [("fields", "1")]), (CardEntry::Fields, [("fields", "")])] {
        let at = Portal::new(entry).await;
        let started = at.mira.browser.post("/payment-methods", &form).await;
        let has_fields = entry == CardEntry::Fields && form[0].1 == "1";
        assert_eq!(started.location().starts_with("/payment-methods/fields"), has_fields, "{}", started.location());
        assert_eq!(started.location().starts_with(&format!("{}/_stand_in/checkout/cs_", at.stand_in.base)), !has_fields, "{}", started.location());
        let mut desk = at.world.desk().await;
        let (setup,): (String,) = desk.tx.one("SELECT id FROM payment_setups WHERE vendor_id = $1", (at.world.vendor.id.clone(),)).await.unwrap();
        drop(desk);
        let back = format!("/payment-methods/return?setup={setup}");
        let early = at.get(&back).await;
        assert_eq!(early.status, 422, "{}", early.text);
        at.stand_in.type_in(&at.reference().await, "4242424242424242").await;
        let done = at.get(&back).await;
        assert_eq!(done.status, 303);
        assert!(at.get(done.location()).await.text.contains("Visa ending 4242 was added."));
        assert_eq!(at.get(&back).await.location(), done.location());
        // A setup that was begun for one way in is not shown in the other.
        assert_eq!(at.get(&format!("/payment-methods/fields?setup={setup}")).await.status, 404);
        assert_eq!(at.stand_in.violations(&at.world).await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn stripes_fields_leave_the_way_to_its_own_page() {
    let at = Portal::new(CardEntry::Fields).await;
    let fields = at.mira.browser.post("/payment-methods", &[("fields", "1")]).await;
    let fields = at.get(fields.location()).await;
    let own = fields.text.split("<form").find(|form| form.contains("Type it on the provider’s own page instead")).unwrap();
    assert!(own.contains("action=\"/payment-methods\"") && !own.contains("name=\"fields\""), "{own}");
    let page = at.mira.browser.post("/payment-methods", &[("for", &fields.field("for").unwrap())]).await;
    assert!(page.location().contains("/_stand_in/checkout/"), "{}", page.location());
}

#[tokio::test]
async fn a_bank_that_asks_is_answered_at_an_address_and_the_payment_page_asks_stripe() {
    let at = Portal::new(CardEntry::Page).await;
    let errand = Errand::new(&at.world.app, &at.world.vendor, Actor::System);
    let begun = payments::start_setup(&errand, &at.customer, payments::Wanted::CARD).await.unwrap();
    at.stand_in.type_in(&begun.reference, "4000002500003155").await;
    payments::finish_setup(&errand, &at.customer, &begun.setup_id).await.unwrap();
    let mut desk = at.world.desk().await;
    invoices::charge(&mut desk, &at.customer, 1000, "Onboarding").await.unwrap();
    desk.commit().await.unwrap();
    bill::bill(&at.world.app, &at.world.vendor, at.world.now()).await.unwrap();
    let number = invoices::list(&mut at.world.desk().await, &at.customer, 1).await.unwrap().remove(0).number;
    for (answer, told) in [("refuse", "was not paid"), ("confirm", "You paid <b>€")] {
        let asked = at.mira.browser.post(&format!("/invoices/{number}/pay"), &[]).await;
        assert_eq!(asked.status, 303, "{}", asked.text);
        let path = asked.location().strip_prefix(PUBLIC_URL).unwrap_or(asked.location()).to_owned();
        let waits = at.get(&path).await;
        assert!(waits.text.contains(&format!("href=\"{}/_stand_in/authenticate/pi_", at.stand_in.base)), "{}", waits.text);
        let intent = waits.text.split("/_stand_in/authenticate/").nth(1).unwrap().split('"').next().unwrap();
        at.stand_in.answer(intent, answer).await;
        let after = at.get(&path).await;
        assert!(after.text.contains(told), "{answer}: {}", after.text);
    }
    assert_eq!(invoices::by_number(&mut at.world.desk().await, &at.customer, &number).await.unwrap().due_minor, 0);
}
