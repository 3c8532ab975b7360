//! The sandbox: a payment gateway that moves no money, for sandbox vendors. It stands where a real one would: it keeps its own books
//! (`sandbox_*`), has its own pages on an origin of its own (the door `sandbox`), and is reached through the same trait as every other.
//!
//! It knows the published test numbers ([`cards`], [`debits`]) and refuses every other; no number is written anywhere. What a card or an
//! account does is decided by its number alone, so the same story comes out the same; when a debit is decided, by the vendor's clock. What deliberately does not live here: anything of the portal.

use std::sync::Arc;

use crate::platform::clock::Clock;
use crate::platform::db::{Db, DbError};
use crate::platform::ids::Ids;
use crate::services::vendors::Vendor;

use super::gateway::*;

mod books;
pub mod cards;
pub mod debits;
mod disputes;
mod refunds;

pub use books::{BankAnswer, ChargeRow, SetupRow, Typed, has_expired};
pub use disputes::{Decision, DisputeRow};

/// Where the sandbox is and what it is made of: enough to be any sandbox vendor's gateway.
#[derive(Clone)]
pub struct SandboxPlace {
    pub db: Db,
    pub ids: Arc<Ids>,
    pub clock: Arc<Clock>,
    /// Scheme, host and port of its pages, without a trailing slash: never the portal's.
    pub origin: String,
}

impl SandboxPlace {
    /// The sandbox of one vendor. `None` where the vendor is not a sandbox: real customers never meet it.
    pub fn gateway(&self, vendor: &Vendor) -> Option<Sandbox> {
        vendor.is_test.then(|| Sandbox { place: self.clone(), vendor_id: vendor.id.clone(), clock_at: vendor.clock_at })
    }
}

/// The sandbox as one vendor's gateway.
pub struct Sandbox {
    place: SandboxPlace,
    vendor_id: String,
    /// Where the vendor's test clock stands (unix ms); `None`: it goes with the world's. By it debits are decided.
    clock_at: Option<i64>,
}

/// A database that cannot be used is a gateway that does not answer.
impl From<DbError> for GatewayError {
    fn from(error: DbError) -> GatewayError {
        GatewayError::NoAnswer(error.to_string())
    }
}

impl Gateway for Sandbox {
    fn name(&self) -> &'static str {
        "sandbox"
    }

    fn origin(&self) -> Option<String> {
        Some(self.place.origin.clone())
    }

    fn start_setup<'a>(&'a self, request: SetupRequest) -> Answer<'a, Setup> {
        Box::pin(self.book_setup(request))
    }

    fn setup<'a>(&'a self, reference: &'a str) -> Answer<'a, SetupState> {
        Box::pin(self.setup_state(reference))
    }

    fn charge<'a>(&'a self, request: ChargeRequest) -> Answer<'a, Charge> {
        Box::pin(self.book_charge(request))
    }

    fn find_charge<'a>(&'a self, sought: Sought<'a>) -> Answer<'a, Option<Charge>> {
        Box::pin(self.charge_by_key(sought.key))
    }

    fn cancel_charge<'a>(&'a self, sought: Sought<'a>) -> Answer<'a, Option<Charge>> {
        Box::pin(self.give_up(sought.key))
    }

    fn refund<'a>(&'a self, request: RefundRequest) -> Answer<'a, Refund> {
        Box::pin(self.book_refund(request))
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

    fn dispute_url(&self, reference: &str) -> Option<String> {
        Some(self.dispute_page(reference))
    }

    fn detach<'a>(&'a self, token: &'a str) -> Answer<'a, ()> {
        Box::pin(self.forget(token))
    }
}
