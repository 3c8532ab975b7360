//! Work that talks to a gateway between transactions: it opens several desks, all for one vendor, one actor and one billing moment.

use std::sync::Arc;

use crate::app::App;
use crate::platform::db::DbResult;
use crate::sentence;
use crate::services::vendors::Vendor;
use crate::services::{Actor, Desk, Refusal};
use crate::words::Sentence;

use super::gateway::{Gateway, GatewayError};

/// Who goes to the gateway, for whom.
#[derive(Clone)]
pub struct Errand {
    pub app: App,
    pub vendor: Arc<Vendor>,
    pub actor: Actor,
    /// Billing time (unix ms) it is done as of; `None`: the vendor's now.
    pub at_billing: Option<i64>,
}

impl Errand {
    pub fn new(app: &App, vendor: &Arc<Vendor>, actor: Actor) -> Errand {
        Errand { app: app.clone(), vendor: vendor.clone(), actor, at_billing: None }
    }

    /// The same errand as of the moment something fell due.
    pub fn at_billing(self, billing_ms: i64) -> Errand {
        Errand { at_billing: Some(billing_ms), ..self }
    }

    pub(crate) async fn reads(&self) -> DbResult<Desk> {
        Ok(self.timed(Desk::read(&self.app, &self.vendor, self.actor.clone()).await?))
    }

    pub(crate) async fn writes(&self) -> DbResult<Desk> {
        Ok(self.timed(Desk::write(&self.app, &self.vendor, self.actor.clone()).await?))
    }

    fn timed(&self, mut desk: Desk) -> Desk {
        if let Some(billing_ms) = self.at_billing {
            desk.at_billing(billing_ms);
        }
        desk
    }

    pub(super) async fn gateway(&self) -> Result<Arc<dyn Gateway>, Refusal> {
        self.app.gateway(&self.vendor).await
    }

    /// The gateway that a payment, a setup or a method is of: no other one knows what its references mean, and asking it would be answered
    /// “never heard of it”.
    pub(super) async fn gateway_of(&self, name: &str) -> Result<Arc<dyn Gateway>, Refusal> {
        let gateway = self.gateway().await?;
        if gateway.name() == name { Ok(gateway) } else { Err(Refusal::Rule(sentence!("refusal-other-gateway", gateway = name))) }
    }
}

/// A gateway that gave no usable answer, told to a person. Nothing of what they wanted has been done as far as we know; the log says more.
pub(super) fn unanswered(error: &GatewayError, sentence: Sentence) -> Refusal {
    tracing::warn!(%error, "the payment gateway gave no usable answer");
    Refusal::Rule(sentence)
}
