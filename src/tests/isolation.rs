//! Whose things are whose, at every address: an id of another customer or of another vendor is answered like one that never was; without a
//! session nobody comes in; no other site's form is taken.

use std::sync::Arc;

use axum::body::Body;
use axum::http::Method;
use chrono::Duration;
use portico::identity::cookies::SESSION;
use portico::identity::session;
use portico::platform::post::Post;
use portico::portal::routes::Entry;
use portico::services::customers::{self, Role};
use portico::services::payments::scripted::{Script, Scripted};
use portico::services::payments::{self, DeclineReason, Errand};
use portico::services::quotes;
use portico::services::settings::{self, Settings};
use portico::services::subscriptions::{self, Action, ChangeRequest};
use portico::services::{Actor, activity, invoices, messages};
use portico::worker::{bill, deliver};
use rust_decimal::Decimal;

use crate::addresses::{Address, Holds, Kind, encoded, events, every, filled, holds, in_path, plain};
use crate::billing::{catalogue, to_team};
use crate::nordlicht::add_card;
use crate::people::Person;
use crate::purchases::sells;
use crate::world::{Answer, Persona, World};

/// A customer with one of everything that has an id.
struct Customer {
    id: String,
    /// Another customer the same person belongs to.
    other: String,
    person: Person,
    ids: Vec<(Kind, String)>,
}

impl Customer {
    /// Of the world's vendor of the moment.
    async fn new(world: &World, bank: &Scripted, team: &str, name: &str) -> Customer {
        let id = world.customer(name).await;
        let card = add_card(world, &id).await;
        let mut desk = world.desk().await;
        let subscription = subscriptions::start(&mut desk, &to_team(&id, team)).await.unwrap().subscription_id;
        desk.commit().await.unwrap();
        bill::bill(&world.app, &world.vendor, world.now()).await.unwrap();
        // One invoice is still to be paid.
        bank.script(&id, Script::Declines(DeclineReason::Generic));
        let mut desk = world.desk().await;
        invoices::charge(&mut desk, &id, 1000, "Onboarding").await.unwrap();
        desk.commit().await.unwrap();
        world.wait(Duration::seconds(1));
        bill::bill(&world.app, &world.vendor, world.now()).await.unwrap();
        bank.script(&id, Script::Succeeds);
        let person = world.member(&format!("owner@{name}.example"), &id, Role::Owner).await;
        let other = world.customer(&format!("{name} Holding")).await;
        let mut desk = world.desk().await;
        customers::add_member(&mut desk, &other, &person.identity_id, Role::Owner).await.unwrap();
        desk.commit().await.unwrap();
        world.sign_in(&person).await;
        let errand = Errand::new(&world.app, &world.vendor, Actor::System);
        let setup = payments::start_setup(&errand, &id, payments::Wanted::CARD).await.unwrap().setup_id;
        let more = Action::Change(ChangeRequest { quantity: Some(Decimal::from(3)), ..ChangeRequest::default() });
        let quote = quotes::preview(&errand, &id, &subscription, &more).await.unwrap().quote;
        let mut desk = world.desk().await;
        let invoice = invoices::list(&mut desk, &id, 1).await.unwrap().remove(0);
        let payment = payments::of_invoice(&mut desk, &invoice.id).await.unwrap().remove(0);
        let all = payments::of_customer(&mut desk, &id, "", 10).await.unwrap();
        let receipt = all.into_iter().find(|payment| payment.status == payments::Status::Succeeded).unwrap();
        let now_ms = world.now().timestamp_millis();
        let session = session::list(&mut desk.tx, &world.vendor.id, &person.identity_id, now_ms).await.unwrap().remove(0);
        settings::save(&mut desk, Settings { customers_may_pause: true, customers_may_choose_billing_day: true, ..Settings::default() }).await.unwrap();
        desk.commit().await.unwrap();
        while deliver::deliver_due(&world.app, &Post::Nowhere).await.unwrap() > 0 {}
        let mut desk = world.desk().await;
        let event = activity::of_customer(&mut desk, &id, "", 1).await.unwrap().remove(0);
        let message = messages::history(&mut desk, &id, &person.identity_id, "", 1).await.unwrap().remove(0);
        let ids = vec![
            (Kind::Invoice, invoice.number),
            (Kind::Payment, payment.id),
            (Kind::Receipt, receipt.id),
            (Kind::Method, card.id),
            (Kind::Setup, setup),
            (Kind::Session, session.id),
            (Kind::Customer, other.clone()),
            (Kind::Quote, quote),
            (Kind::Event, event.id),
            (Kind::Message, message.id),
        ];
        Customer { id, other, person, ids }
    }

    fn id_of(&self, kind: Kind) -> &str {
        &self.ids.iter().find(|(of, _)| *of == kind).unwrap().1
    }
}

struct Two {
    world: World,
    _bank: Arc<Scripted>,
    /// Who asks.
    mine: Customer,
    /// Of the same vendor.
    theirs: Customer,
    /// Of another vendor.
    elsewhere: Customer,
}

impl Two {
    async fn new() -> Two {
        let (mut world, bank) = World::scripted("2026-03-10T12:00:00Z").await;
        let kestrel = world.vendor.clone();
        world.vendor = world.add_vendor("Merlin", Some("billing.merlin.example")).await;
        let (team, _) = catalogue(&world).await;
        sells(&world).await;
        for name in ["amsel", "drossel", "fink"] {
            Customer::new(&world, &bank, &team, name).await;
        }
        // Their number is one Kestrel has not come to.
        let elsewhere = Customer::new(&world, &bank, &team, "star").await;
        world.vendor = kestrel;
        let (team, _) = catalogue(&world).await;
        sells(&world).await;
        let theirs = Customer::new(&world, &bank, &team, "suedwind").await;
        let mine = Customer::new(&world, &bank, &team, "nordlicht").await;
        Two { world, _bank: bank, mine, theirs, elsewhere }
    }

    fn browser(&self) -> &Persona {
        &self.mine.person.browser
    }

    /// One that looks like it and never was. Nobody but us can make a quote that reads as one.
    fn never(&self, kind: Kind) -> Option<String> {
        let prefix = match kind {
            Kind::Invoice => return Some("2026-9999".to_owned()),
            Kind::Quote => return None,
            Kind::Payment | Kind::Receipt => "pay",
            Kind::Method => "pm",
            Kind::Setup => "set",
            Kind::Session => "ses",
            Kind::Customer => "cus",
            Kind::Event => "evt",
            Kind::Message => "msg",
        };
        Some(self.world.app.ids.next(prefix, self.world.now().timestamp_millis()))
    }

    /// Ids that are not mine.
    fn foreign(&self, kind: Kind) -> Vec<String> {
        let own = [&self.theirs, &self.elsewhere].map(|customer| customer.id_of(kind).to_owned());
        own.into_iter().chain(self.never(kind)).collect()
    }
}

/// Every way an id is sent to an address: the request made with it.
enum Way {
    Get,
    Post,
    GetWith(&'static str),
    PostWith(&'static str),
}

impl Way {
    async fn send(&self, browser: &Persona, path: &str, id: &str) -> Answer {
        match self {
            Way::Get => browser.get(&filled(path, id)).await,
            Way::Post => browser.post(&filled(path, id), &[]).await,
            Way::GetWith(field) => browser.get(&format!("{path}?{}", encoded(&[(field, id)]))).await,
            Way::PostWith(field) => browser.post(path, &[(field, id)]).await,
        }
    }
}

/// The ways of one address, each with what is acted on.
fn ways(address: &Address) -> Vec<(Way, Holds)> {
    let mut ways = Vec::new();
    if let Some(kind) = in_path(address.path) {
        if address.gets {
            ways.push((Way::Get, Holds::Id(kind)));
        }
        if address.posts {
            ways.push((Way::Post, Holds::Id(kind)));
        }
    } else {
        ways.extend(address.query.iter().map(|field| (Way::GetWith(field), holds(address.path, field))));
    }
    ways.extend(address.form.iter().map(|field| (Way::PostWith(field), holds(address.path, field))));
    ways
}

#[tokio::test]
async fn an_id_of_another_customer_or_vendor_is_answered_like_one_that_never_was() {
    let at = Two::new().await;
    let mut tried = 0;
    for address in every(&at.world).await {
        for (way, what) in ways(&address) {
            let (kind, is_acted_on) = match what {
                Holds::Id(kind) => (kind, true),
                Holds::Hint(kind) => (kind, false),
                Holds::Secret | Holds::Made | Holds::Words => continue,
            };
            // The address of a form with an id of its own gets mine.
            let path = if matches!(way, Way::PostWith(_)) {
                in_path(address.path).map_or(address.path.to_owned(), |kind| filled(address.path, at.mine.id_of(kind)))
            } else {
                address.path.to_owned()
            };
            let before = events(&at.world).await;
            let mut answers = Vec::new();
            for id in at.foreign(kind) {
                let ids = if kind == Kind::Invoice && matches!(way, Way::Get) && address.path == "/invoices/{number}" {
                    vec![id.clone(), format!("{id}.pdf"), format!("{id}.xml"), format!("{id}.ubl.xml")]
                } else {
                    vec![id]
                };
                for id in ids {
                    let answer = way.send(at.browser(), &path, &id).await;
                    if is_acted_on {
                        assert_eq!(answer.status, 404, "{path} with {id}: {}", answer.text);
                    }
                    answers.push((answer.status, plain(&answer, &id)));
                    tried += 1;
                }
            }
            assert!(answers.windows(2).all(|two| two[0] == two[1]), "{path} tells one stranger's {kind:?} from another: {answers:#?}");
            assert_eq!(events(&at.world).await, before, "{path}: something happened");
        }
    }
    assert!(tried > 60, "only {tried} ids were tried");
}

/// What the story above would prove nothing without: with an id of one's own, each address is there.
#[tokio::test]
async fn an_id_of_ones_own_is_found_everywhere() {
    let at = Two::new().await;
    for address in every(&at.world).await {
        for (way, what) in ways(&address) {
            let Holds::Id(kind) = what else { continue };
            let path = if matches!(way, Way::PostWith(_)) {
                in_path(address.path).map_or(address.path.to_owned(), |kind| filled(address.path, at.mine.id_of(kind)))
            } else {
                address.path.to_owned()
            };
            let answer = way.send(at.browser(), &path, at.mine.id_of(kind)).await;
            assert!([200, 303, 422].contains(&answer.status), "{path}: {} {}", answer.status, answer.text);
            // Back to where the ids are of, where the address led away from it.
            at.browser().post("/switch", &[("customer", &at.mine.id)]).await;
        }
    }
    assert_ne!(at.mine.id, at.mine.other);
}

#[tokio::test]
async fn without_a_session_no_address_of_members_opens() {
    let at = Two::new().await;
    let before = events(&at.world).await;
    for address in every(&at.world).await.iter().filter(|address| address.entry == Entry::Member) {
        let path = in_path(address.path).map_or(address.path.to_owned(), |kind| filled(address.path, at.mine.id_of(kind)));
        // Nobody, and somebody with a session of another vendor.
        let stranger = at.world.visitor();
        let foreign = at.world.visitor();
        foreign.set_cookie(SESSION, &at.elsewhere.person.browser.cookie(SESSION).expect("they are signed in"));
        for visitor in [stranger, foreign] {
            if address.gets {
                let answer = visitor.get(&path).await;
                assert_eq!(answer.status, 303, "{path}");
                assert!(answer.location() == "/sign-in" || answer.location().starts_with("/sign-in?next="), "{path}: {}", answer.location());
            }
            if address.posts {
                let answer = visitor.post(&path, &[]).await;
                assert_eq!(answer.status, 401, "{path}");
                assert!(answer.text.contains(&format!("action=\"{path}\"")), "{path}: what was typed can be sent again");
            }
        }
    }
    assert_eq!(events(&at.world).await, before);
}

#[tokio::test]
async fn no_form_of_another_site_is_taken_anywhere() {
    let at = Two::new().await;
    let before = events(&at.world).await;
    for address in every(&at.world).await.iter().filter(|address| address.posts) {
        let path = in_path(address.path).map_or(address.path.to_owned(), |kind| filled(address.path, at.mine.id_of(kind)));
        for (name, value) in [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "https://evil.example"), ("origin", "null")] {
            let request = at.browser().request(Method::POST, &path).header("content-type", "application/x-www-form-urlencoded").header(name, value);
            let answer = at.browser().send(request.body(Body::from("code=")).unwrap()).await;
            assert_eq!(answer.status, 403, "{path} {name}: {value}");
        }
    }
    assert_eq!(events(&at.world).await, before);
    assert_eq!(at.browser().get("/").await.status, 200, "nobody was signed out either");
}
