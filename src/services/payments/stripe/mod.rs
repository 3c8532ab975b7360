//! Stripe as a vendor's gateway: Checkout or Elements for cards, SetupIntents to keep them, PaymentIntents to charge them, refunds.
//!
//! | file | what |
//! |---|---|
//! | `wire.rs` | requests and answers, and which answers are none |
//! | `objects.rs` | what is read of an answer; a bank's reasons in our words |
//! | `amounts.rs` | amounts in Stripe's units |
//! | `keys.rs` | the account's keys |
//! | `customers.rs` | who our customers are there |
//! | `setups.rs`, `charges.rs`, `refunds.rs`, `disputes.rs` | the trait's work |
//! | `lists.rs` | everything an account took and gave back, and what was disputed |
//! | `signature.rs`, `events.rs` | whether a notice is Stripe's, and what it is about |
//!
//! Everything that does something carries our row's id twice: as its idempotency key, which Stripe remembers for a day at least, and in the
//! object's metadata, which it keeps for good. Within that day asking again is harmless by the key; later, and whenever an answer was lost,
//! the object is looked for by its metadata among the customer's own. That is a listing and not Stripe's search, which is built from what
//! was written a minute or an hour ago, and would say “never heard of it” of what was charged just now.
//!
//! What deliberately does not live here: what a notice leads to (`payments/notices.rs`), and anything of a page.

use crate::platform::db::Db;
use crate::platform::keys::Keys;
use crate::services::vendors::Vendor;

use super::connections::Connection;
use super::gateway::*;

mod amounts;
mod charges;
mod customers;
mod disputes;
pub mod events;
pub mod keys;
mod lists;
mod objects;
mod refunds;
mod setups;
pub mod signature;
mod wire;

use wire::{HttpClient, Wire};

/// Its name in records.
pub const NAME: &str = "stripe";
/// Where Stripe itself is asked.
pub const API_BASE: &str = "https://api.stripe.com";

/// What every vendor's Stripe is made of.
#[derive(Clone)]
pub struct StripePlace {
    db: Db,
    keys: Keys,
    http: HttpClient,
}

impl StripePlace {
    pub fn new(db: Db, keys: Keys) -> StripePlace {
        StripePlace { db, keys, http: wire::http_client() }
    }

    /// What the connections' secrets are sealed with.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// A vendor's own account.
    pub fn gateway(&self, vendor: &Vendor, connection: Connection) -> Stripe {
        let wire = Wire { http: self.http.clone(), base: connection.api_base.clone(), key: connection.secret_key.clone() };
        Stripe { db: self.db.clone(), wire, vendor_id: vendor.id.clone(), connection }
    }
}

/// Stripe as one vendor's gateway.
pub struct Stripe {
    db: Db,
    wire: Wire,
    vendor_id: String,
    connection: Connection,
}

impl Gateway for Stripe {
    fn name(&self) -> &'static str {
        NAME
    }

    fn origin(&self) -> Option<String> {
        Some(if self.connection.is_stripe_itself() { "https://checkout.stripe.com".to_owned() } else { self.connection.api_base.clone() })
    }

    /// Apple Pay and Google Pay show where the account and the device have them, whatever a setup says.
    fn chooses(&self, wallet: Wallet) -> bool {
        wallet == Wallet::Link
    }

    fn start_setup<'a>(&'a self, request: SetupRequest) -> Answer<'a, Setup> {
        Box::pin(self.begin_setup(request))
    }

    fn setup<'a>(&'a self, reference: &'a str) -> Answer<'a, SetupState> {
        Box::pin(self.setup_state(reference))
    }

    fn charge<'a>(&'a self, request: ChargeRequest) -> Answer<'a, Charge> {
        Box::pin(self.take(request))
    }

    fn find_charge<'a>(&'a self, sought: Sought<'a>) -> Answer<'a, Option<Charge>> {
        Box::pin(self.find(sought))
    }

    fn cancel_charge<'a>(&'a self, sought: Sought<'a>) -> Answer<'a, Option<Charge>> {
        Box::pin(self.cancel(sought))
    }

    fn refund<'a>(&'a self, request: RefundRequest) -> Answer<'a, Refund> {
        Box::pin(self.give_back(request))
    }

    fn charges<'a>(&'a self, since_ms: i64) -> Answer<'a, Vec<ListedCharge>> {
        Box::pin(self.charges_since(since_ms))
    }

    fn refunds<'a>(&'a self, since_ms: i64) -> Answer<'a, Vec<ListedRefund>> {
        Box::pin(self.refunds_since(since_ms))
    }

    fn method<'a>(&'a self, token: &'a str) -> Answer<'a, Option<KeptMethod>> {
        Box::pin(self.kept_method(token))
    }

    fn dispute<'a>(&'a self, reference: &'a str) -> Answer<'a, Option<Dispute>> {
        Box::pin(self.find_dispute(reference))
    }

    fn disputes<'a>(&'a self, since_ms: i64) -> Answer<'a, Vec<ListedDispute>> {
        Box::pin(self.disputes_since(since_ms))
    }

    /// A stand-in has no desk.
    fn dispute_url(&self, reference: &str) -> Option<String> {
        let mode = if self.connection.is_live() { "" } else { "test/" };
        self.connection.is_stripe_itself().then(|| format!("https://dashboard.stripe.com/{mode}disputes/{reference}"))
    }

    fn detach<'a>(&'a self, token: &'a str) -> Answer<'a, ()> {
        Box::pin(self.forget(token))
    }
}
