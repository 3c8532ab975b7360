//! Cards that change by themselves: a network puts another number or date on one that is kept, and the gateway goes on with it. A debit's
//! account stays what its mandate says.

use serde_json::json;

use crate::sentence;
use crate::services::{Refusal, customers, dunning};

use super::errand::{Errand, unanswered};
use super::means::Means;

/// The gateway told that a method changed. Asked for, and written down where it is another than we know.
pub(super) async fn renew(errand: &Errand, gateway: &str, token: &str) -> Result<(), Refusal> {
    let mut desk = errand.reads().await?;
    let known: Option<(String, String, String)> = desk
        .tx
        .opt(
            "SELECT id, customer_id, last4 FROM payment_methods WHERE vendor_id = $1 AND gateway = $2 AND token = $3 AND kind = 'card' AND role <> 'removed'",
            (desk.vendor.id.clone(), gateway.to_owned(), token.to_owned()),
        )
        .await?;
    drop(desk);
    let Some((method_id, customer_id, former_last4)) = known else { return Ok(()) };
    let asked = errand.gateway_of(gateway).await?.method(token).await.map_err(|error| unanswered(&error, sentence!("refusal-method-unanswered")))?;
    let Some(Means::Card(now)) = asked.map(|kept| kept.means) else { return Ok(()) };
    let mut desk = errand.writes().await?;
    customers::hold(&mut desk, &customer_id).await?;
    let changed = desk
        .tx
        .run(
            "UPDATE payment_methods SET brand = $3, last4 = $4, exp_month = $5, exp_year = $6, refused_reason = NULL
             WHERE vendor_id = $1 AND id = $2 AND role <> 'removed' AND (brand <> $3 OR last4 <> $4 OR exp_month <> $5 OR exp_year <> $6)",
            (desk.vendor.id.clone(), method_id.clone(), now.brand.name(), now.last4.clone(), now.exp_month, now.exp_year),
        )
        .await?;
    if changed == 1 {
        let mut data = json!(now);
        data["former_last4"] = json!(former_last4);
        desk.record("payment_method.renewed", Some(&customer_id), &method_id, data).await?;
        // What it was declined for is another card's affair now.
        dunning::note_methods(&mut desk, &customer_id, Some(&method_id)).await?;
    }
    Ok(desk.commit().await?)
}
