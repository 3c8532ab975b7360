//! The desk: the only way into a room. It holds the transaction, the vendor every statement is scoped to, who is acting, and the moment.

use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;

use crate::app::App;
use crate::platform::clock::{Now, from_ms};
use crate::platform::db::{DbResult, Tx};
use crate::services::Refusal;
use crate::services::test_clock::{self, Runs};
use crate::services::vendors::Vendor;

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
    answers: HashMap<(&'static str, String), Box<dyn Any + Send + Sync>>,
}

impl Desk {
    /// A desk that only reads.
    pub async fn read(app: &App, vendor: &Arc<Vendor>, actor: Actor) -> DbResult<Desk> {
        Ok(Desk::over(app.db.read().await?, app, vendor, actor))
    }

    /// A desk that only reads, on a transaction that goes on afterwards (`desk.tx`): several vendors in one moment.
    pub fn over(tx: Tx, app: &App, vendor: &Arc<Vendor>, actor: Actor) -> Desk {
        Desk { tx, vendor: vendor.clone(), actor, now: app.now(vendor), app: app.clone(), is_reading: true, is_time_given: false, answers: HashMap::new() }
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
            answers: HashMap::new(),
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
        if self.answers.is_empty() {
            return None;
        }
        self.answers.get(&(question, of.to_owned()))?.downcast_ref().cloned()
    }

    /// Keeps an answer for [`Desk::recall`].
    pub fn keep<T: Clone + Send + Sync + 'static>(&mut self, question: &'static str, of: &str, answer: &T) {
        if self.is_reading {
            self.answers.insert((question, of.to_owned()), Box::new(answer.clone()));
        }
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
        self.tx
            .run(
                "INSERT INTO events (vendor_id, id, kind, version, customer_id, subject_id, actor, data, happened_at, recorded_at)
                 VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9)",
                (
                    self.vendor.id.clone(),
                    id,
                    kind,
                    customer_id.map(str::to_owned),
                    subject_id.to_owned(),
                    self.actor.to_string(),
                    data.to_string(),
                    self.now.billing_ms(),
                    self.now.wall_ms(),
                ),
            )
            .await?;
        Ok(())
    }

    /// Leaves work for a worker to do once this transaction holds.
    pub async fn leave(&mut self, kind: &'static str, payload: &impl serde::Serialize) -> Result<(), Refusal> {
        let id = self.new_id("out");
        let payload = serde_json::to_string(payload).map_err(Refusal::damaged)?;
        self.tx
            .run(
                "INSERT INTO outbox (vendor_id, id, kind, payload, due_at, attempts, created_at) VALUES ($1, $2, $3, $4, $5, 0, $5)",
                (self.vendor.id.clone(), id, kind, payload, self.now.wall_ms()),
            )
            .await?;
        Ok(())
    }

    pub async fn commit(self) -> DbResult<()> {
        self.tx.commit().await
    }
}
