//! Refunds in the sandbox's books: decided at once, never above what is left of the charge, and none of one whose money a bank has or wants.

use sqlx::FromRow;

use super::*;

#[derive(FromRow)]
struct ListedRefundRow {
    idempotency_key: String,
    currency: String,
    #[sqlx(flatten)]
    row: RefundRow,
}

#[derive(FromRow)]
struct RefundRow {
    reference: String,
    charge_reference: String,
    amount_minor: i64,
    status: String,
}

impl RefundRow {
    fn refund(&self) -> Refund {
        let outcome = if self.status == "succeeded" { RefundOutcome::Succeeded } else { RefundOutcome::Refused };
        Refund { reference: self.reference.clone(), outcome }
    }
}

impl Sandbox {
    pub async fn refunds_since(&self, since_ms: i64) -> Result<Vec<ListedRefund>, GatewayError> {
        let mut tx = self.place.db.read().await?;
        let rows: Vec<ListedRefundRow> = tx
            .all(
                "SELECT r.idempotency_key, c.currency, r.reference, r.charge_reference, r.amount_minor, r.status FROM sandbox_refunds r
                    JOIN sandbox_charges c ON c.vendor_id = r.vendor_id AND c.reference = r.charge_reference
                 WHERE r.vendor_id = $1 AND r.created_at >= $2 ORDER BY r.created_at, r.reference",
                (self.vendor_id.clone(), since_ms),
            )
            .await?;
        let listed = |ListedRefundRow { idempotency_key, currency, row }: ListedRefundRow| ListedRefund {
            key: Some(idempotency_key),
            currency,
            amount_minor: row.amount_minor,
            refund: row.refund(),
            charge_reference: row.charge_reference,
        };
        Ok(rows.into_iter().map(listed).collect())
    }

    pub async fn book_refund(&self, request: RefundRequest) -> Result<Refund, GatewayError> {
        self.decide_due().await?;
        let mut tx = self.place.db.write().await?;
        let fresh = tx
            .run(
                "INSERT INTO sandbox_refunds (vendor_id, idempotency_key, reference, charge_reference, amount_minor, status, created_at)
                 VALUES ($1, $2, $3, $4, $5, 'refused', $6) ON CONFLICT (vendor_id, idempotency_key) DO NOTHING",
                (
                    self.vendor_id.clone(),
                    request.key.clone(),
                    self.new_reference("re"),
                    request.charge_reference.clone(),
                    request.amount_minor,
                    request.now.wall_ms(),
                ),
            )
            .await?;
        if fresh == 1 && request.amount_minor > 0 {
            // Guarded, so that two refunds at once cannot both have the last cent.
            let fits = tx
                .run(
                    "UPDATE sandbox_charges SET refunded_minor = refunded_minor + $3
                     WHERE vendor_id = $1 AND reference = $2 AND status = 'succeeded' AND refunded_minor + $3 <= amount_minor
                        AND NOT EXISTS (SELECT 1 FROM sandbox_disputes d WHERE d.vendor_id = $1 AND d.charge_reference = $2 AND d.status <> 'won')",
                    (self.vendor_id.clone(), request.charge_reference.clone(), request.amount_minor),
                )
                .await?;
            if fits == 1 {
                tx.run(
                    "UPDATE sandbox_refunds SET status = 'succeeded' WHERE vendor_id = $1 AND idempotency_key = $2",
                    (self.vendor_id.clone(), request.key.clone()),
                )
                .await?;
            }
        }
        let row: RefundRow = tx
            .one(
                "SELECT reference, charge_reference, amount_minor, status FROM sandbox_refunds WHERE vendor_id = $1 AND idempotency_key = $2",
                (self.vendor_id.clone(), request.key),
            )
            .await?;
        tx.commit().await?;
        if row.charge_reference != request.charge_reference || row.amount_minor != request.amount_minor {
            return Err(GatewayError::Refused("this key was used for another refund".into()));
        }
        Ok(row.refund())
    }
}
