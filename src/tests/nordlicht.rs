//! What stories of paying start from: Nordlicht, a customer on Team at €47.00 a month (€29.00 and two seats at €9.00, no tax) since midnight of
//! 1 March in Berlin, with a Visa ending 4242, its owner Mira, and a bank that does what the story says.

use std::sync::Arc;

use billing::state::State;
use portico::platform::post::Post;
use portico::services::customers::Role;
use portico::services::dunning;
use portico::services::invoices;
use portico::services::messages;
use portico::services::payments::scripted::{Script, Scripted};
use portico::services::payments::{self, Brand, DeclineReason, Errand, Method, Payment};
use portico::services::subscriptions;
use portico::services::{Actor, Desk};
use portico::worker::{bill, deliver};

use crate::billing::{catalogue, to_team};
use crate::people::Person;
use crate::world::{Persona, World, instant};

pub struct Nordlicht {
    pub world: World,
    pub bank: Arc<Scripted>,
    pub id: String,
    pub subscription: String,
    pub mira: Person,
}

impl Nordlicht {
    /// March is paid.
    pub async fn new() -> Nordlicht {
        let (world, bank) = World::scripted("2026-02-28T23:00:00Z").await;
        let (team, _) = catalogue(&world).await;
        let id = world.customer("Nordlicht").await;
        add_card(&world, &id).await;
        let mut desk = world.desk().await;
        let started = subscriptions::start(&mut desk, &to_team(&id, &team)).await.unwrap();
        desk.commit().await.unwrap();
        bill::bill(&world.app, &world.vendor, world.now()).await.unwrap();
        let mira = world.member("mira@nordlicht.example", &id, Role::Owner).await;
        let told = Nordlicht { world, bank, id, subscription: started.subscription_id, mira };
        assert_eq!(told.taken(), [4700]);
        told
    }

    /// April's invoice (2026-0002, €47.00) was declined, and Mira signs in on 1 April.
    pub async fn past_due() -> Nordlicht {
        let told = Nordlicht::new().await;
        told.bank.script(&told.id, Script::Declines(DeclineReason::InsufficientFunds));
        told.go_to("2026-04-01T02:00:00+02:00").await;
        told.bank.script(&told.id, Script::Succeeds);
        told.sign_in().await;
        assert_eq!((told.due("2026-0002").await, told.state().await), (4700, State::PastDue));
        told
    }

    pub fn errand(&self) -> Errand {
        Errand::new(&self.world.app, &self.world.vendor, Actor::System)
    }

    pub async fn desk(&self) -> Desk {
        self.world.desk().await
    }

    /// Time passes, and everything due on the way is billed.
    pub async fn go_to(&self, time: &str) {
        self.world.app.clock.set(instant(time));
        let report = bill::bill(&self.world.app, &self.world.vendor, self.world.now()).await.unwrap();
        assert!(report.failed.is_empty(), "{:?}", report.failed);
    }

    /// The worker finds out what became of payments under way.
    pub async fn recover(&self) {
        payments::recover(&self.errand()).await.unwrap();
    }

    /// The outbox is delivered until nothing more is due now.
    pub async fn deliver(&self) {
        let post = Post::Nowhere;
        while deliver::deliver_due(&self.world.app, &post).await.unwrap() > 0 {}
    }

    /// The message written last.
    pub async fn message(&self) -> String {
        self.deliver().await;
        messages::history(&mut self.desk().await, &self.id, &self.mira.identity_id, "", 1).await.unwrap().remove(0).id
    }

    /// Mira signs in again: sessions end after half an hour.
    pub async fn sign_in(&self) {
        self.world.sign_in_on(&self.mira.browser, &self.mira).await;
    }

    pub fn browser(&self) -> &Persona {
        &self.mira.browser
    }

    /// What the bank took, in order.
    pub fn taken(&self) -> Vec<i64> {
        self.bank.taken().into_iter().map(|(_, amount_minor)| amount_minor).collect()
    }

    /// Another card on file: a Mastercard ending 4444 that stands in for the Visa. Where an invoice is unpaid, it was declined for it first,
    /// and the bank takes anything from now on.
    pub async fn backup(&self) -> Method {
        self.bank.hand_out(Brand::Mastercard, "4444", 12, 2099);
        let is_unpaid = !dunning::unpaid_of(&mut self.desk().await, &self.id).await.unwrap().is_empty();
        if is_unpaid {
            self.bank.script(&self.id, Script::Declines(DeclineReason::Generic));
        }
        let visa = self.methods().await.remove(0);
        let card = add_card(&self.world, &self.id).await;
        if is_unpaid {
            self.bank.script(&self.id, Script::Succeeds);
            // It is the default now, and the Visa its backup.
            let mut desk = self.desk().await;
            payments::make_default(&mut desk, &self.id, &visa.id).await.unwrap();
            desk.commit().await.unwrap();
        }
        let mut desk = self.desk().await;
        let backup = payments::make_backup(&mut desk, &self.id, &card.id).await.unwrap();
        desk.commit().await.unwrap();
        backup
    }

    pub async fn methods(&self) -> Vec<Method> {
        payments::list(&mut self.desk().await, &self.id).await.unwrap()
    }

    pub async fn due(&self, number: &str) -> i64 {
        invoices::by_number(&mut self.desk().await, &self.id, number).await.unwrap().due_minor
    }

    pub async fn invoice_id(&self, number: &str) -> String {
        invoices::by_number(&mut self.desk().await, &self.id, number).await.unwrap().id
    }

    /// The payments of an invoice, the latest first.
    pub async fn payments(&self, number: &str) -> Vec<Payment> {
        let mut desk = self.desk().await;
        let invoice = invoices::by_number(&mut desk, &self.id, number).await.unwrap();
        payments::of_invoice(&mut desk, &invoice.id).await.unwrap()
    }

    pub async fn state(&self) -> State {
        subscriptions::load(&mut self.desk().await, &self.subscription).await.unwrap().state
    }

    /// How often something of a kind happened.
    pub async fn events(&self, kind: &'static str) -> usize {
        portico::services::events::of_kind(&mut self.desk().await, kind).await.unwrap().len()
    }
}

/// A card the customer typed in at the gateway.
pub async fn add_card(world: &World, customer_id: &str) -> Method {
    let errand = Errand::new(&world.app, &world.vendor, Actor::System);
    let setup = payments::start_setup(&errand, customer_id, payments::Wanted::CARD).await.unwrap();
    match payments::finish_setup(&errand, customer_id, &setup.setup_id).await.unwrap() {
        payments::Finished::Added(method) => method,
        other => panic!("the card was not added: {other:?}"),
    }
}
