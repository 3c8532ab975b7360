//! Who our customers are at Stripe, which keeps methods and payments by customer. Made when first needed; the book is ours.

use super::objects::Customer;
use super::wire::Form;
use super::*;

impl Stripe {
    /// Stripe's id of a customer; `None`: they never were on the way to add a card there.
    pub(super) async fn known_customer(&self, customer_id: &str) -> Result<Option<String>, GatewayError> {
        let mut tx = self.db.read().await?;
        let row: Option<(String,)> = tx
            .opt(
                "SELECT reference FROM gateway_customers WHERE vendor_id = $1 AND gateway = $2 AND customer_id = $3",
                (self.vendor_id.clone(), NAME, customer_id.to_owned()),
            )
            .await?;
        Ok(row.map(|(reference,)| reference))
    }

    /// The same, made where there is none. Of two made at once the first counts: the other one stays without a card.
    pub(super) async fn customer(&self, request: &SetupRequest) -> Result<String, GatewayError> {
        if let Some(reference) = self.known_customer(&request.customer_id).await? {
            return Ok(reference);
        }
        let form = Form::new().with("name", &request.customer_name).with("metadata[portico_customer]", &request.customer_id);
        // With the setup's id: whom Stripe has forgotten is made anew, and not answered from what it remembers of the first time.
        let made: Customer = self.wire.post("/v1/customers", &form, &format!("{}-customer", request.key)).await?;
        let mut tx = self.db.write().await?;
        tx.run(
            "INSERT INTO gateway_customers (vendor_id, gateway, customer_id, reference, created_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (vendor_id, gateway, customer_id) DO NOTHING",
            (self.vendor_id.clone(), NAME, request.customer_id.clone(), made.id.clone(), request.now.wall_ms()),
        )
        .await?;
        tx.commit().await?;
        Ok(self.known_customer(&request.customer_id).await?.unwrap_or(made.id))
    }

    /// Stripe does not know a customer by that id any more.
    pub(super) async fn forget_customer(&self, customer_id: &str, reference: &str) -> Result<(), GatewayError> {
        let mut tx = self.db.write().await?;
        tx.run(
            "DELETE FROM gateway_customers WHERE vendor_id = $1 AND gateway = $2 AND customer_id = $3 AND reference = $4",
            (self.vendor_id.clone(), NAME, customer_id.to_owned(), reference.to_owned()),
        )
        .await?;
        Ok(tx.commit().await?)
    }
}
