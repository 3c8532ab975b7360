//! How much a page asks of the database: every statement of one request, counted for the demo's healthy customer. A page that begins to
//! ask once a row, or twice for the same, fails here before anybody waits for it.

use std::sync::{Arc, Mutex};

use portico::demo::SignIn;
use portico::identity::people;
use portico::services::payments::Errand;
use portico::services::subscriptions::{self, Action, ChangeRequest};
use portico::services::{Actor, customers, quotes};
use rust_decimal::Decimal;
use tracing::field::{Field, Visit};
use tracing::instrument::WithSubscriber;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use crate::world::{Persona, World, say_everything};

/// Every page of the portal's navigation, and what it may ask of the database; the session is one of them.
///
/// The first look at the overview reads the account; what is counted is every look after it, as long as nothing has changed.
const MOST: [(&str, usize); 14] = [
    ("/", 2),
    ("/usage", 16),
    ("/usage?by=hour", 15),
    ("/usage?by=month&from=2023-11-22&to=2026-11-21", 12),
    ("/usage/alerts", 9),
    ("/invoices", 7),
    ("/plan", 17),
    ("/plan/change", 18),
    ("/plan/what-if?months=12", 30),
    ("/payment-methods", 7),
    ("/balance", 7),
    ("/buy", 4),
    ("/balance/top-up?amount=50", 7),
    ("/account", 6),
];

/// Listens to what `platform::db` says of each statement.
#[derive(Clone, Default)]
struct Statements(Arc<Mutex<Vec<String>>>);

impl<S: tracing::Subscriber> Layer<S> for Statements {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        struct Sql(Option<String>);
        impl Visit for Sql {
            fn record_str(&mut self, field: &Field, value: &str) {
                if field.name() == "sql" {
                    self.0 = Some(value.split_whitespace().collect::<Vec<_>>().join(" "));
                }
            }
            fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
        }
        if event.metadata().target() == "portico::platform::db" {
            let mut sql = Sql(None);
            event.record(&mut sql);
            self.0.lock().unwrap().extend(sql.0);
        }
    }
}

async fn statements(browser: &Persona, path: &str) -> Vec<String> {
    let heard = Statements::default();
    let page = browser.get(path).with_subscriber(tracing_subscriber::registry().with(heard.clone())).await;
    assert_eq!(page.status, 200, "{path}");
    let statements = heard.0.lock().unwrap();
    statements.clone()
}

async fn signs_in(world: &World, who: &SignIn) -> Persona {
    let browser = world.visitor();
    browser.post("/sign-in", &[("email", who.email), ("password", who.password)]).await;
    let code = people::demo_code(&world.app, &world.vendor, who.email).await.unwrap().expect("no code need be waited for");
    assert_eq!(browser.post("/sign-in/code", &[("code", &code)]).await.status, 303);
    browser
}

#[tokio::test]
async fn no_page_asks_the_database_more_than_it_must() {
    say_everything();
    let (world, demo) = World::with_demo("2026-11-21T12:46:00Z").await;
    let browser = signs_in(&world, &demo.sign_ins[0]).await;
    let mut wrong = Vec::new();
    for (path, most) in MOST {
        browser.get(path).await;
        let asked = statements(&browser, path).await;
        assert!(!asked.is_empty(), "{path} asked nothing: nobody listens");
        if asked.len() > most {
            wrong.push(format!("{path} asks {} statements, at most {most} are allowed:\n    {}", asked.len(), asked.join("\n    ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_preview_asks_no_more_than_it_must() {
    say_everything();
    let (world, demo) = World::with_demo("2026-11-21T12:46:00Z").await;
    let errand = Errand::new(&world.app, &world.vendor, Actor::System);
    let mut desk = world.desk().await;
    let customer = customers::page(&mut desk, "", 100).await.unwrap().into_iter().find(|customer| customer.name == demo.sign_ins[0].customer).unwrap();
    let subscription = subscriptions::of_customer(&mut desk, &customer.id).await.unwrap().remove(0);
    drop(desk);
    let change = Action::Change(ChangeRequest { quantity: Some(Decimal::from(7)), ..ChangeRequest::default() });
    let heard = Statements::default();
    let preview = quotes::preview(&errand, &customer.id, &subscription.id, &change);
    preview.with_subscriber(tracing_subscriber::registry().with(heard.clone())).await.unwrap();
    let asked = heard.0.lock().unwrap().clone();
    assert!((1..=17).contains(&asked.len()), "{} statements:\n    {}", asked.len(), asked.join("\n    "));
}
