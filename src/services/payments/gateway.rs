//! The seam to whoever moves the money. Everything the product knows of a gateway stands in this trait; a new one is a new
//! implementation, held to the same contract tests (`tests/gateways.rs`).
//!
//! Three rules every implementation keeps:
//! - The same key is the same operation: asked again, it answers what it answered, and does nothing more.
//! - [`GatewayError::NoAnswer`] means it may have happened. Only asking (or the same key again) tells.
//! - Nothing here is called inside a database transaction.

use std::pin::Pin;

use billing::dunning::Class;

use crate::platform::clock::Now;

pub use super::means::{Brand, Card, Means, MethodKind, SepaDebit, Wallet};

/// A gateway's answer, later.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, GatewayError>> + Send + 'a>>;

pub trait Gateway: Send + Sync {
    /// Kept beside every token, so that a method is never offered to a gateway that did not make it.
    fn name(&self) -> &'static str;

    /// Where its pages are: the one origin a payment page may post to and frame. `None`: it has no pages.
    fn origin(&self) -> Option<String>;

    /// Whether it can keep and charge methods of a kind.
    fn keeps(&self, _kind: MethodKind) -> bool {
        true
    }

    /// Whether a setup can be told to do without a wallet; else the gateway shows it to whom it will.
    fn chooses(&self, _wallet: Wallet) -> bool {
        true
    }

    /// Begins keeping a method on file. The customer types the number at the gateway: on its own page, or in fields it frames into ours.
    fn start_setup<'a>(&'a self, request: SetupRequest) -> Answer<'a, Setup>;

    /// What became of a setup. The address a customer comes back to says nothing by itself; this does.
    fn setup<'a>(&'a self, reference: &'a str) -> Answer<'a, SetupState>;

    /// Charges a kept method.
    fn charge<'a>(&'a self, request: ChargeRequest) -> Answer<'a, Charge>;

    /// What became of a charge. `None`: this gateway never heard of it, so nothing was charged.
    fn find_charge<'a>(&'a self, sought: Sought<'a>) -> Answer<'a, Option<Charge>>;

    /// Gives up a charge that waits for the customer or the bank; what it came to, which is its success where that came first.
    fn cancel_charge<'a>(&'a self, sought: Sought<'a>) -> Answer<'a, Option<Charge>>;

    /// Gives back part or all of a charge that succeeded. Never more than was charged.
    fn refund<'a>(&'a self, request: RefundRequest) -> Answer<'a, Refund>;

    /// Every charge we made since a moment (wall time, unix ms), whatever it came to, in any order.
    fn charges<'a>(&'a self, since_ms: i64) -> Answer<'a, Vec<ListedCharge>>;

    /// Everything that went back since a moment, also what somebody gave back at the gateway's own desk, in any order.
    fn refunds<'a>(&'a self, since_ms: i64) -> Answer<'a, Vec<ListedRefund>>;

    /// A kept method as the gateway has it by now: networks renew cards by themselves. `None`: it is not kept any more.
    fn method<'a>(&'a self, token: &'a str) -> Answer<'a, Option<KeptMethod>>;

    /// A dispute it told of. `None`: there is none.
    fn dispute<'a>(&'a self, reference: &'a str) -> Answer<'a, Option<Dispute>>;

    /// Every dispute since a moment, in any order.
    fn disputes<'a>(&'a self, since_ms: i64) -> Answer<'a, Vec<ListedDispute>>;

    /// Where the vendor answers a dispute; `None`: it has no page for that.
    fn dispute_url(&self, reference: &str) -> Option<String>;

    /// Forgets a kept method. One that is not there is forgotten already.
    fn detach<'a>(&'a self, token: &'a str) -> Answer<'a, ()>;
}

/// A charge that is asked after: by its reference where an answer ever came, else by what was written down before it was sent.
#[derive(Clone, Copy, Debug)]
pub struct Sought<'a> {
    /// The key it was made under.
    pub key: &'a str,
    pub customer_id: &'a str,
    /// The gateway's own id.
    pub reference: Option<&'a str>,
    /// Wall time (unix ms) our record of it was made: at the gateway it is no older.
    pub since_ms: i64,
}

/// Why there is no answer to work with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GatewayError {
    /// A timeout, a broken connection, a server error: it may have happened or not. Also a key that is not taken: it will be, once put right.
    #[error("the payment provider did not answer: {0}")]
    NoAnswer(String),
    /// It understood and will not: nothing happened. A defect or a wrong setting, never a customer's doing.
    #[error("the payment provider refused the request: {0}")]
    Refused(String),
}

/// Where the customer types the number in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardEntry {
    /// On a page of the gateway's: works for everybody.
    Page,
    /// In fields of the gateway's within our page, if it has some for what is to be kept: for browsers where script runs.
    Fields,
}

#[derive(Clone, Debug)]
pub struct SetupRequest {
    /// Our setup's id: the idempotency key.
    pub key: String,
    pub customer_id: String,
    /// The gateway's own list of customers names them so.
    pub customer_name: String,
    /// What is to be kept.
    pub kind: MethodKind,
    /// Where it is a card: by which wallets it may come.
    pub wallets: Vec<Wallet>,
    /// What this browser can do.
    pub entry: CardEntry,
    /// Shown on the gateway's page: who keeps this card.
    pub vendor_name: String,
    /// Where the customer is sent afterwards, whatever happened.
    pub return_url: String,
    pub now: Now,
}

/// A setup that waits for the customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// The gateway's own id.
    pub reference: String,
    /// The gateway's page: always works, also without script. `None`: this setup is for fields alone, and a page is a setup of its own.
    pub page_url: Option<String>,
    /// Fields for our page; `None` where the gateway has none, or none for this browser.
    pub fields: Option<HostedFields>,
}

/// What our page needs to show the gateway's fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostedFields {
    /// A frame, which posts the setup's reference (a text) to the page when it is done.
    Framed {
        frame_url: String,
        /// The only origin whose messages count.
        origin: String,
    },
    /// A script of the gateway's, which puts frames of its own into the page: `islands/card.js` works it.
    Scripted(ScriptedFields),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptedFields {
    /// Served by the gateway alone: it may be neither copied nor pinned.
    pub script_url: String,
    pub publishable_key: String,
    /// Good for this setup and nothing else.
    pub client_secret: String,
    /// What the page must let the script reach, by what for.
    pub script_origins: Vec<String>,
    pub frame_origins: Vec<String>,
    pub connect_origins: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetupState {
    /// The customer has not finished.
    Open,
    Done(KeptMethod),
    /// The bank would not have it, and the customer left or may try another.
    Failed(DeclineReason),
    /// Given up, or left lying too long.
    Cancelled,
}

/// A method the gateway keeps, as far as we may know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptMethod {
    pub token: String,
    pub means: Means,
}

#[derive(Clone, Debug)]
pub struct ChargeRequest {
    /// Our payment's id: the idempotency key.
    pub key: String,
    pub customer_id: String,
    pub method_token: String,
    pub kind: MethodKind,
    pub amount_minor: i64,
    pub currency: String,
    pub presence: Presence,
    /// What stands beside it at the gateway: an invoice's number.
    pub description: String,
    /// As in [`Sought`].
    pub since_ms: i64,
    pub now: Now,
}

/// Whether the customer is there to answer their bank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Nobody is there: a bank that wants to be answered declines with [`DeclineReason::AuthenticationRequired`].
    OffSession,
    /// The customer waits, and is sent to `return_url` after answering.
    OnSession { return_url: String },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The gateway's own id.
    pub reference: String,
    pub amount_minor: i64,
    pub currency: String,
    pub outcome: Outcome,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Succeeded,
    Declined(DeclineReason),
    /// The bank asks the customer something, at this address.
    NeedsAction {
        url: String,
    },
    /// Under way at the bank: ask again later.
    Pending,
}

#[derive(Clone, Debug)]
pub struct RefundRequest {
    pub key: String,
    /// The gateway's id of the charge.
    pub charge_reference: String,
    pub amount_minor: i64,
    pub currency: String,
    pub now: Now,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    pub reference: String,
    pub outcome: RefundOutcome,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefundOutcome {
    Succeeded,
    Pending,
    /// For good: more than is left of the charge, the charge never succeeded, or its card takes nothing back any more.
    Refused,
}

/// A charge in a gateway's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedCharge {
    /// Our payment's id, as it was sent.
    pub key: String,
    pub charge: Charge,
}

/// A refund in a gateway's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedRefund {
    /// Our refund's id; `None`: it was not made by us.
    pub key: Option<String>,
    /// The gateway's id of the charge.
    pub charge_reference: String,
    pub amount_minor: i64,
    pub currency: String,
    pub refund: Refund,
}

/// A charge that its customer's bank takes back, or asks about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispute {
    /// The gateway's id of the charge.
    pub charge_reference: String,
    pub amount_minor: i64,
    pub currency: String,
    /// In the gateway's words: why, and how it stands.
    pub reason: String,
    pub standing: String,
    pub state: DisputeState,
}

/// A dispute in a gateway's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedDispute {
    /// The gateway's own id.
    pub reference: String,
    pub dispute: Dispute,
}

/// What a dispute's standing means for the money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisputeState {
    /// The bank asks; no money has moved.
    Inquiry,
    /// The money is gone until it is decided.
    Open,
    /// It came back, or will.
    Won,
    Lost,
}

macro_rules! named {
    ($(#[$meta:meta])* $type:ident { $($(#[$doc:meta])* $variant:ident = $name:literal),* $(,)? } $(or $fallback:ident)?) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $type { $($(#[$doc])* $variant),* }

        impl $type {
            pub const ALL: &[$type] = &[$($type::$variant),*];

            /// As columns, the interface and scenarios have it.
            pub fn name(self) -> &'static str {
                match self { $($type::$variant => $name),* }
            }

            /// `None` for a name that is not one of ours.
            pub fn from_name(name: &str) -> Option<$type> {
                match name { $($name => Some($type::$variant),)* _ => None }
            }

            $(
                /// A gateway may say what we have no word for.
                pub fn or_other(name: &str) -> $type {
                    $type::from_name(name).unwrap_or($type::$fallback)
                }
            )?
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }
    };
}
pub(super) use named;

named! {
    /// Why a bank said no.
    DeclineReason {
        Generic = "generic_decline",
        InsufficientFunds = "insufficient_funds",
        LostCard = "lost_card",
        StolenCard = "stolen_card",
        ExpiredCard = "expired_card",
        ClosedAccount = "closed_account",
        IncorrectNumber = "incorrect_number",
        /// The customer told their bank to pay this vendor no more.
        Revoked = "revoked",
        IncorrectCvc = "incorrect_cvc",
        /// Somebody's machines failed, or the bank asks to be asked later.
        ProcessingError = "processing_error",
        /// Asked for while nobody was there to answer.
        AuthenticationRequired = "authentication_required",
        /// The customer was asked and did not confirm.
        AuthenticationFailed = "authentication_failed",
        /// Given up before the bank decided.
        Cancelled = "cancelled",
        /// The method is not kept any more.
        MethodGone = "method_gone",
    } or Generic
}

impl DeclineReason {
    /// What it means for the next try.
    pub fn class(self) -> Class {
        use DeclineReason::*;
        match self {
            LostCard | StolenCard | ExpiredCard | ClosedAccount | IncorrectNumber | IncorrectCvc | Revoked | MethodGone => Class::Hard,
            InsufficientFunds => Class::Funds,
            Generic | Cancelled => Class::Soft,
            ProcessingError => Class::Outage,
            AuthenticationRequired | AuthenticationFailed => Class::Confirm,
        }
    }
}
