//! The desk: the only way into a room. It holds the transaction, the vendor every statement is scoped to, who is acting, and the moment.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use sqlx::FromRow;

use crate::app::App;
use crate::platform::clock::{Now, from_ms};
use crate::platform::db::{DbResult, Many, Tx};
use crate::services::test_clock::{self, Runs};
use crate::services::vendors::Vendor;
use crate::services::{Refusal, messages, outbox};

static INSERT_EVENT: Many = Many {
    before: "INSERT INTO events (vendor_id, id, kind, version, customer_id, subject_id, actor, data, happened_at, recorded_at) VALUES",
    columns: 10,
    after: "",
    of_each: false,
};

static KEEP_PLACE: Many = Many {
    before: "UPDATE number_series SET last = v.column3, last_hash = v.column4 FROM (VALUES",
    columns: 4,
    after: ") AS v WHERE number_series.vendor_id = v.column1 AND number_series.key = v.column2",
    of_each: true,
};

/// Who does it: written beside every event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    Identity(String),
    Staff(String),
    /// A program of the vendor, by the id of its API key.
    Key(String),
    /// What happens by itself because its time has come.
    System,
}

impl std::fmt::Display for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Actor::Identity(id) => write!(f, "identity:{id}"),
            Actor::Staff(id) => write!(f, "staff:{id}"),
            Actor::Key(id) => write!(f, "key:{id}"),
            Actor::System => f.write_str("system"),
        }
    }
}

/// Answers by their question and whom it is of.
pub type Answers = HashMap<(&'static str, String), Box<dyn Any + Send + Sync>>;

/// Adds one.
pub(crate) fn answer<T: Any + Send + Sync>(answers: &mut Answers, question: &'static str, of: &str, answer: T) {
    answers.insert((question, of.to_owned()), Box::new(answer));
}

/// One action's view of one vendor: dropped without [`Desk::commit`], nothing of it happened.
pub struct Desk {
    pub tx: Tx,
    pub vendor: Arc<Vendor>,
    pub actor: Actor,
    pub now: Now,
    pub app: App,
    /// It only reads: all of it one committed moment.
    pub is_reading: bool,
    /// Its billing moment was given to it, and is no matter of the clock.
    is_time_given: bool,
    answers: Answers,
    /// How the vendor stands, once it was asked.
    standing: Option<Standing>,
    /// The vendor's settings were changed on this desk: what it reads of them is nobody else's yet.
    has_changed_settings: bool,
    /// What a desk that writes has read of them, by their revision: kept for others when it is committed and has not changed them.
    learned: BTreeMap<i64, Answers>,
    /// What was read ahead of the customer whose turn it is: it holds until something of them is written.
    foreseen: Answers,
    /// Customers that are locked until its transaction ends.
    held: BTreeSet<String>,
    /// The number series that this desk counts on, by key: locked until its transaction ends.
    series: BTreeMap<String, Place>,
}

/// What of a vendor's record is asked where it may not be as it was when the program read it last.
#[derive(Clone, Copy, FromRow)]
pub(crate) struct Standing {
    /// Raised by every change to the vendor's settings.
    settings_revision: i64,
    /// Unix ms of billing time before which its books are closed; `None`: they are open.
    pub ledger_locked_until_at: Option<i64>,
    /// Unix ms of where a sandbox's clock stands.
    pub clock_at: Option<i64>,
}

/// The columns of a [`Standing`], of a vendor `w`: for statements that ask it beside something else ([`Desk::note_standing`]).
macro_rules! standing_columns {
    () => {
        "w.settings_revision, w.ledger_locked_until_at, w.clock_at"
    };
}
pub(crate) use standing_columns;

/// Where a number series stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The number given last.
    pub position: i64,
    /// Hash of the document before that one's.
    pub last_hash: String,
}

impl Desk {
    /// A desk that only reads.
    pub async fn read(app: &App, vendor: &Arc<Vendor>, actor: Actor) -> DbResult<Desk> {
        Ok(Desk::over(app.db.read().await?, app, vendor, actor))
    }

    /// A desk that only reads, on a transaction that goes on afterwards (`desk.tx`): several vendors in one moment.
    pub fn over(tx: Tx, app: &App, vendor: &Arc<Vendor>, actor: Actor) -> Desk {
        Desk {
            tx,
            vendor: vendor.clone(),
            actor,
            now: app.now(vendor),
            app: app.clone(),
            is_reading: true,
            is_time_given: false,
            answers: Answers::new(),
            standing: None,
            has_changed_settings: false,
            learned: BTreeMap::new(),
            foreseen: Answers::new(),
            held: BTreeSet::new(),
            series: BTreeMap::new(),
        }
    }

    /// A desk that writes.
    pub async fn write(app: &App, vendor: &Arc<Vendor>, actor: Actor) -> DbResult<Desk> {
        Ok(Desk {
            tx: app.db.write().await?,
            vendor: vendor.clone(),
            actor,
            now: app.now(vendor),
            app: app.clone(),
            is_reading: false,
            is_time_given: false,
            answers: Answers::new(),
            standing: None,
            has_changed_settings: false,
            learned: BTreeMap::new(),
            foreseen: Answers::new(),
            held: BTreeSet::new(),
            series: BTreeMap::new(),
        })
    }

    /// The same desk at another billing moment: what falls due is done as of the moment it fell due.
    pub fn at_billing(&mut self, billing_ms: i64) {
        self.now.billing = from_ms(billing_ms);
        self.is_time_given = true;
    }

    /// Reads the time once more, after a lock was waited for: whoever had it before may have acted at a later moment than the one we came
    /// in at. A sandbox's clock is read where it stands, for others move it too.
    pub(crate) async fn look_at_clock(&mut self) -> DbResult<()> {
        if self.is_time_given {
            return Ok(());
        }
        let wall = self.app.clock.wall();
        let billing = match self.vendor.is_test {
            false => wall,
            true => match test_clock::runs(&mut self.tx, &self.vendor.id).await? {
                Runs::Along => wall,
                Runs::StandsAt(at) => at,
            },
        };
        self.now = Now { wall, billing };
        Ok(())
    }

    /// What this desk was answered before to the same question. A desk that reads sees one moment, so the answer is still the same; one that
    /// writes would miss its own changes, and asks again.
    pub fn recall<T: Clone + 'static>(&self, question: &'static str, of: &str) -> Option<T> {
        if self.answers.is_empty() && self.foreseen.is_empty() {
            return None;
        }
        let question = (question, of.to_owned());
        self.foreseen.get(&question).or_else(|| self.answers.get(&question))?.downcast_ref().cloned()
    }

    /// Keeps an answer for [`Desk::recall`].
    pub fn keep<T: Clone + Send + Sync + 'static>(&mut self, question: &'static str, of: &str, answer: &T) {
        if self.is_reading {
            self.answers.insert((question, of.to_owned()), Box::new(answer.clone()));
        }
    }

    /// Keeps an answer about a customer: on a desk that reads for good, on one that writes and has them locked until something of them is
    /// written ([`Desk::forget_foreseen`]).
    pub(crate) fn keep_of_customer<T: Clone + Send + Sync + 'static>(&mut self, question: &'static str, customer_id: &str, kept: &T) {
        if self.is_reading {
            self.keep(question, customer_id, kept);
        } else if self.holds(customer_id) {
            answer(&mut self.foreseen, question, customer_id, kept.clone());
        }
    }

    /// An answer about a customer may have changed by somebody else's hand.
    pub(crate) fn ask_again(&mut self, question: &'static str, customer_id: &str) {
        self.foreseen.remove(&(question, customer_id.to_owned()));
    }

    /// What is known of the vendor's settings, such as its catalogue: from this desk, or from one before it where they were not changed since.
    pub(crate) async fn recall_setting<T: Clone + Send + Sync + 'static>(&mut self, question: &'static str, of: &str) -> DbResult<Option<T>> {
        let known = self.recall(question, of);
        if known.is_some() || self.has_changed_settings {
            return Ok(known);
        }
        let revision = self.standing().await?.settings_revision;
        let known: Option<T> = self.app.settings.recall(&self.vendor.id, revision, question, of);
        if let Some(known) = &known {
            self.keep_throughout(question, of, known);
        }
        Ok(known)
    }

    /// Keeps an answer about the vendor's settings for [`Desk::recall_setting`], on this desk and on those after it.
    pub(crate) fn keep_setting<T: Clone + Send + Sync + 'static>(&mut self, question: &'static str, of: &str, kept: &T) {
        self.keep_throughout(question, of, kept);
        let Some(Standing { settings_revision, .. }) = self.standing.filter(|_| !self.has_changed_settings) else { return };
        answer(self.learned.entry(settings_revision).or_default(), question, of, kept.clone());
        // One that writes may be about to change what it has read.
        if self.is_reading {
            self.tell_learned();
        }
    }

    /// What was read of the vendor's settings is kept for other desks.
    fn tell_learned(&mut self) {
        for (revision, answers) in std::mem::take(&mut self.learned) {
            self.app.settings.keep(&self.vendor.id, revision, answers);
        }
    }

    /// The vendor's settings were changed on this desk: what anybody has read of them holds no longer.
    pub(crate) async fn settings_changed(&mut self) -> DbResult<()> {
        self.has_changed_settings = true;
        self.learned.clear();
        self.forget();
        self.tx.run("UPDATE vendors SET settings_revision = settings_revision + 1 WHERE id = $1", (self.vendor.id.clone(),)).await.map(drop)
    }

    /// How the vendor stands, as this desk saw it first.
    pub(crate) async fn standing(&mut self) -> DbResult<Standing> {
        if let Some(standing) = self.standing {
            return Ok(standing);
        }
        let standing =
            self.tx.one_about("vendors", concat!("SELECT ", standing_columns!(), " FROM vendors w WHERE w.id = $1"), (self.vendor.id.clone(),)).await?;
        self.standing = Some(standing);
        Ok(standing)
    }

    /// How the vendor stands was read beside something else.
    pub(crate) fn note_standing(&mut self, standing: Standing) {
        self.standing.get_or_insert(standing);
    }

    /// Others were waited for: the vendor may stand otherwise by now.
    pub(crate) fn look_at_standing_again(&mut self) {
        self.standing = None;
    }

    /// Keeps an answer that holds on a desk that writes, too, until [`Desk::forget`].
    pub fn keep_throughout<T: Clone + Send + Sync + 'static>(&mut self, question: &'static str, of: &str, answer: &T) {
        self.answers.insert((question, of.to_owned()), Box::new(answer.clone()));
    }

    /// What was read ahead of a customer, locked before, whose turn it is now.
    pub(crate) fn foresee(&mut self, answers: Answers) {
        self.foreseen = answers;
    }

    /// What was read ahead, once: whoever asks again may have changed it.
    pub(crate) fn take_foreseen<T: 'static>(&mut self, question: &'static str, of: &str) -> Option<T> {
        if self.foreseen.is_empty() {
            return None;
        }
        self.foreseen.remove(&(question, of.to_owned()))?.downcast().ok().map(|answer| *answer)
    }

    /// Something of the customer whose turn it is will be written: what was read ahead holds no longer.
    pub(crate) fn forget_foreseen(&mut self) {
        self.foreseen.clear();
    }

    /// What was answered before holds no longer.
    pub(crate) fn forget(&mut self) {
        self.answers.clear();
        self.standing = None;
    }

    /// Whether this desk has locked a customer.
    pub(crate) fn holds(&self, customer_id: &str) -> bool {
        self.held.contains(customer_id)
    }

    /// A customer is locked until this desk's transaction ends.
    pub(crate) fn note_held(&mut self, customer_id: &str) {
        self.held.insert(customer_id.to_owned());
    }

    /// Rows for a statement over several ids, each beside the vendor.
    pub(crate) fn each(&self, ids: &[String]) -> Vec<(String, String)> {
        ids.iter().map(|id| (self.vendor.id.clone(), id.clone())).collect()
    }

    pub fn vendor_id(&self) -> &str {
        &self.vendor.id
    }

    /// A new id of the noun that `prefix` names.
    pub fn new_id(&self, prefix: &str) -> String {
        self.app.ids.next(prefix, self.now.wall_ms())
    }

    /// Appends a domain event. `data` must be free of secrets: customers read it in their activity log and webhooks carry it.
    pub async fn record(&mut self, kind: &'static str, customer_id: Option<&str>, subject_id: &str, data: serde_json::Value) -> Result<(), Refusal> {
        let id = self.new_id("evt");
        if let Some(wait) = messages::told_after(kind) {
            let due_ms = (self.now.wall + wait).timestamp_millis();
            self.leave_until(messages::EVENT, &messages::Told { event_id: id.clone() }, due_ms).await?;
        }
        let row = (
            self.vendor.id.clone(),
            id,
            kind,
            1_i64,
            customer_id.map(str::to_owned),
            subject_id.to_owned(),
            self.actor.to_string(),
            data.to_string(),
            self.now.billing_ms(),
            self.now.wall_ms(),
        );
        Ok(self.tx.append(&INSERT_EVENT, row).await?)
    }

    /// Leaves work for a worker to do once this transaction holds.
    pub async fn leave(&mut self, kind: &'static str, payload: &impl serde::Serialize) -> Result<(), Refusal> {
        self.leave_until(kind, payload, self.now.wall_ms()).await
    }

    /// The same, to be done from a moment of wall time on.
    async fn leave_until(&mut self, kind: &'static str, payload: &impl serde::Serialize, due_ms: i64) -> Result<(), Refusal> {
        let payload = serde_json::to_string(payload).map_err(Refusal::damaged)?;
        let id = self.new_id("out");
        Ok(outbox::leave(&mut self.tx, &self.vendor.id, id, kind, payload, (due_ms, self.now.wall_ms())).await?)
    }

    /// The next number of a series. The first locks it until the transaction ends: a number that is rolled back is given again.
    pub(crate) async fn next_of_series(&mut self, key: &str) -> DbResult<Place> {
        if let Some(place) = self.series.get_mut(key) {
            place.position += 1;
            return Ok(place.clone());
        }
        let (position, last_hash): (i64, String) = self
            .tx
            .one_about(
                "number_series",
                "INSERT INTO number_series (vendor_id, key, last, last_hash) VALUES ($1, $2, 1, '')
                 ON CONFLICT (vendor_id, key) DO UPDATE SET last = number_series.last + 1 RETURNING last, last_hash",
                (self.vendor.id.clone(), key.to_owned()),
            )
            .await?;
        let place = Place { position, last_hash };
        self.series.insert(key.to_owned(), place.clone());
        Ok(place)
    }

    /// The document that got the last number has this hash.
    pub(crate) fn chained(&mut self, key: &str, hash: String) {
        if let Some(place) = self.series.get_mut(key) {
            place.last_hash = hash;
        }
    }

    pub async fn commit(mut self) -> DbResult<()> {
        for (key, Place { position, last_hash }) in std::mem::take(&mut self.series) {
            self.tx.put(&KEEP_PLACE, (self.vendor.id.clone(), key, position, last_hash)).await?;
        }
        self.tell_learned();
        self.tx.commit().await
    }
}
