//! Bank transfers: what customers are told to transfer to, and what came in.

mod booked;
mod command;
mod statements;
mod transfer;

use std::sync::Arc;

use chrono::Duration;
use portico::services::bank::{self, NewBankAccount};
use portico::services::customers::Role;
use portico::services::invoices;
use portico::services::payments::scripted::Scripted;
use portico::worker::bill;

use crate::people::Person;
use crate::world::{BEGINNING, World};

/// Kestrel with an account in Vienna, and Nordlicht, which has no card, with invoices of round amounts: 2026-0001 of €107.00; its owner Mira.
pub struct Kestrel {
    pub world: World,
    pub bank: Arc<Scripted>,
    pub id: String,
    pub mira: Person,
}

pub const IBAN: &str = "AT611904300234573201";

impl Kestrel {
    pub async fn new() -> Kestrel {
        let (world, bank) = World::scripted_within(BEGINNING, 14).await;
        let mut desk = world.desk().await;
        let account = NewBankAccount {
            currency: "EUR".into(),
            holder: "Kestrel Software GmbH".into(),
            iban: Some(IBAN.into()),
            bic: Some("BKAUATWW".into()),
            ..NewBankAccount::default()
        };
        bank::set_account(&mut desk, &account).await.unwrap();
        desk.commit().await.unwrap();
        let id = world.customer("Nordlicht").await;
        let mira = world.member("mira@nordlicht.example", &id, Role::Owner).await;
        let told = Kestrel { world, bank, id, mira };
        told.invoice(10_700).await;
        told
    }

    /// Another invoice of so much.
    pub async fn invoice(&self, amount_minor: i64) {
        let mut desk = self.world.desk().await;
        invoices::charge(&mut desk, &self.id, amount_minor, "Workshop").await.unwrap();
        desk.commit().await.unwrap();
        self.world.wait(Duration::seconds(1));
        bill::bill(&self.world.app, &self.world.vendor, self.world.now()).await.unwrap();
    }
}
