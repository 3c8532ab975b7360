//! Disputes in the sandbox's books: opened with the charge of a card that is made for it, decided on the sandbox's own page by whoever plays
//! the bank. What happens is told by a notice, as any gateway tells it; this one has no way to go and leaves it in the outbox.

use sqlx::FromRow;

use crate::platform::db::Tx;
use crate::services::outbox;
use crate::services::payments::notices::{About, NOTICE, Noticed};

use super::*;

/// A dispute as its page needs it.
#[derive(Clone, Debug, FromRow)]
pub struct DisputeRow {
    pub reference: String,
    pub charge_reference: String,
    /// 'needs_response' | 'won' | 'lost'
    pub status: String,
    pub amount_minor: i64,
    pub currency: String,
    pub description: String,
}

/// How the bank decides a dispute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// For the vendor: the charge stands.
    Won,
    /// For the customer: the money is theirs.
    Lost,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT d.reference, d.charge_reference, d.status, c.amount_minor, c.currency, c.description FROM sandbox_disputes d
                JOIN sandbox_charges c ON c.vendor_id = d.vendor_id AND c.reference = d.charge_reference ",
            $rest
        )
    };
}

impl DisputeRow {
    fn told(self) -> Dispute {
        let state = match self.status.as_str() {
            "won" => DisputeState::Won,
            "lost" => DisputeState::Lost,
            _ => DisputeState::Open,
        };
        Dispute {
            charge_reference: self.charge_reference,
            amount_minor: self.amount_minor,
            currency: self.currency,
            reason: "fraudulent".to_owned(),
            standing: self.status,
            state,
        }
    }
}

impl Sandbox {
    /// The page where a dispute is decided.
    pub fn dispute_page(&self, reference: &str) -> String {
        format!("{}/{}/disputes/{reference}", self.place.origin, self.vendor_id)
    }

    /// In the transaction of the charge.
    pub(super) async fn open_dispute(&self, tx: &mut Tx, charge_reference: &str, wall_ms: i64) -> Result<(), GatewayError> {
        let reference = self.new_reference("dp");
        let row = (self.vendor_id.clone(), reference.clone(), charge_reference.to_owned(), wall_ms);
        tx.run("INSERT INTO sandbox_disputes (vendor_id, reference, charge_reference, status, created_at) VALUES ($1, $2, $3, 'needs_response', $4)", row)
            .await?;
        self.tell(tx, reference, wall_ms).await
    }

    /// The bank has decided. One that is decided stays as it is. `None`: there is no such dispute.
    pub async fn decide_dispute(&self, reference: &str, decision: Decision, wall_ms: i64) -> Result<Option<DisputeRow>, GatewayError> {
        let status = match decision {
            Decision::Won => "won",
            Decision::Lost => "lost",
        };
        let mut tx = self.place.db.write().await?;
        let decided = tx
            .run(
                "UPDATE sandbox_disputes SET status = $3 WHERE vendor_id = $1 AND reference = $2 AND status = 'needs_response'",
                (self.vendor_id.clone(), reference.to_owned(), status),
            )
            .await?;
        if decided == 1 {
            self.tell(&mut tx, reference.to_owned(), wall_ms).await?;
        }
        tx.commit().await?;
        self.dispute_row(reference).await
    }

    async fn tell(&self, tx: &mut Tx, reference: String, wall_ms: i64) -> Result<(), GatewayError> {
        let noticed = Noticed { gateway: self.name().to_owned(), about: About::Dispute(reference) };
        let payload = serde_json::to_string(&noticed).map_err(|error| GatewayError::Refused(error.to_string()))?;
        Ok(outbox::leave(tx, &self.vendor_id, self.place.ids.next("out", wall_ms), NOTICE, payload, (wall_ms, wall_ms)).await?)
    }

    pub async fn dispute_row(&self, reference: &str) -> Result<Option<DisputeRow>, GatewayError> {
        let mut tx = self.place.db.read().await?;
        Ok(tx.opt(select!("WHERE d.vendor_id = $1 AND d.reference = $2"), (self.vendor_id.clone(), reference.to_owned())).await?)
    }

    pub(super) async fn find_dispute(&self, reference: &str) -> Result<Option<Dispute>, GatewayError> {
        Ok(self.dispute_row(reference).await?.map(DisputeRow::told))
    }

    pub(super) async fn disputes_since(&self, since_ms: i64) -> Result<Vec<ListedDispute>, GatewayError> {
        let mut tx = self.place.db.read().await?;
        let rows: Vec<DisputeRow> =
            tx.all(select!("WHERE d.vendor_id = $1 AND d.created_at >= $2 ORDER BY d.created_at, d.reference"), (self.vendor_id.clone(), since_ms)).await?;
        Ok(rows.into_iter().map(|row| ListedDispute { reference: row.reference.clone(), dispute: row.told() }).collect())
    }
}
