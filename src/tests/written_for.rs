//! A form is taken from whom it was written for: not from who signed in on the browser since, nor for a customer turned to in another tab.

use chrono::Duration;
use portico::portal::routes::Entry;
use portico::services::customers::{self, Role};

use crate::addresses::{Kind, every, filled, in_path};
use crate::nordlicht::Nordlicht;
use crate::people::Person;
use crate::purchases::sells;
use crate::world::World;

/// Mira owns both; she looks at Nordlicht.
struct Both {
    world: World,
    nordlicht: String,
    suedwind: String,
    mira: Person,
}

impl Both {
    async fn new() -> Both {
        let world = World::new().await;
        let (nordlicht, suedwind) = (world.customer("Nordlicht").await, world.customer("Südwind").await);
        let mira = world.member("mira@nordlicht.example", &nordlicht, Role::Owner).await;
        world.invite(&mira.email, &suedwind, Role::Owner).await;
        Both { world, nordlicht, suedwind, mira }
    }

    async fn purchase_order(&self, customer_id: &str) -> Option<String> {
        let mut desk = self.world.desk().await;
        customers::load(&mut desk, customer_id).await.unwrap().purchase_order
    }
}

fn company(name: &'static str, written_for: &str) -> Vec<(&'static str, String)> {
    let fields = [("name", name), ("legal_name", name), ("country", "DE"), ("purchase_order", "PO 1"), ("for", written_for)];
    fields.into_iter().map(|(field, value)| (field, value.to_owned())).collect()
}

fn borrowed<'a>(fields: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    fields.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

#[tokio::test]
async fn a_form_left_open_in_one_tab_is_not_taken_for_the_customer_of_another() {
    let at = Both::new().await;
    let first_tab = at.mira.browser.clone();
    let written_for = first_tab.get("/account").await.field("for").unwrap();
    assert_eq!(at.mira.browser.post("/switch", &[("customer", &at.suedwind)]).await.status, 303);
    let form = company("Nordlicht", &written_for);
    let page = first_tab.post("/account", &borrowed(&form)).await;
    assert_eq!(page.status, 409);
    assert!(page.text.contains("This form was for Nordlicht; you are now looking at Südwind. Nothing was changed."), "{}", page.text);
    assert!(page.text.contains("Switch to Nordlicht") && page.text.contains("href=\"/\""), "{}", page.text);
    assert_eq!((at.purchase_order(&at.nordlicht).await, at.purchase_order(&at.suedwind).await), (None, None));

    assert_eq!(first_tab.post("/switch", &[("customer", &page.field("customer").unwrap())]).await.status, 303);
    assert_eq!(first_tab.post("/account", &borrowed(&form)).await.status, 303);
    assert_eq!(at.purchase_order(&at.nordlicht).await.as_deref(), Some("PO 1"));
}

#[tokio::test]
async fn what_one_person_typed_is_not_sent_again_by_another() {
    let at = Both::new().await;
    let noah = at.world.member("noah@suedwind.example", &at.suedwind, Role::Owner).await;
    let written_for = at.mira.browser.get("/account").await.field("for").unwrap();
    at.world.wait(Duration::minutes(31));
    let page = at.mira.browser.post("/account", &borrowed(&company("Nordlicht", &written_for))).await;
    assert_eq!(page.status, 401);
    let kept = page.field("for").expect("the page that sends it again says whose it is");
    assert_eq!(kept, written_for);
    at.world.sign_in_on(&at.mira.browser, &noah).await;
    let page = at.mira.browser.post("/account", &borrowed(&company("Nordlicht", &kept))).await;
    assert_eq!(page.status, 409);
    assert!(page.text.contains("noah@suedwind.example") && !page.text.contains("Nordlicht"), "{}", page.text);
    assert_eq!(at.purchase_order(&at.suedwind).await, None);

    // Of the same customer: somebody else's all the same.
    at.world.sign_in_on(&at.mira.browser, &at.mira).await;
    at.mira.browser.post("/switch", &[("customer", &at.suedwind)]).await;
    let hers = at.mira.browser.get("/account").await.field("for").unwrap();
    at.world.sign_in_on(&at.mira.browser, &noah).await;
    assert_eq!(at.mira.browser.post("/account/display", &[("your_name", "Mira"), ("for", &hers)]).await.status, 409);
}

#[tokio::test]
async fn a_program_that_says_nothing_of_it_acts_for_whom_it_looks_at() {
    let at = Both::new().await;
    let fields = [("name", "Nordlicht"), ("legal_name", "Nordlicht"), ("country", "DE"), ("purchase_order", "PO 2")];
    assert_eq!(at.mira.browser.post("/account", &fields).await.status, 303);
    for unreadable in ["", "x", "/", "idn_1/cus_1"] {
        let form = company("Nordlicht", unreadable);
        assert_eq!(at.mira.browser.post("/account", &borrowed(&form)).await.status, 409, "{unreadable}");
    }
}

#[tokio::test]
async fn every_form_of_a_signed_in_page_says_whom_it_is_for() {
    let at = Nordlicht::past_due().await;
    let method = at.backup().await.id;
    let payment = at.payments("2026-0002").await.remove(0).id;
    let receipt = at.payments("2026-0001").await.remove(0).id;
    let message = at.message().await;
    sells(&at.world).await;
    // The one changes whom one looks at, the other takes leave of all.
    let need_not = ["/switch", "/sign-out"];
    let mut forms = 0;
    for address in every(&at.world).await.iter().filter(|address| address.gets && address.entry == Entry::Member) {
        let path = match in_path(address.path) {
            None => address.path.to_owned(),
            Some(Kind::Invoice) => filled(address.path, "2026-0002"),
            Some(Kind::Payment) => filled(address.path, &payment),
            Some(Kind::Receipt) => filled(address.path, &receipt),
            Some(Kind::Method) => filled(address.path, &method),
            Some(Kind::Message) => filled(address.path, &message),
            Some(other) => panic!("say here which {other:?}"),
        };
        let page = at.browser().get(&path).await;
        for form in page.text.split("<form ").skip(1) {
            let (tag, rest) = form.split_once('>').unwrap();
            let posts = tag.contains("method=\"post\"") && !need_not.iter().any(|action| tag.contains(&format!("action=\"{action}\"")));
            if posts {
                forms += 1;
                assert!(rest.split("</form>").next().unwrap().contains("name=\"for\""), "{path}: <form {tag}>");
            }
        }
    }
    assert!(forms > 10, "only {forms} forms were found");
}
