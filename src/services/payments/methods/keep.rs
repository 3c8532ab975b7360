//! A method comes on file, and what its bank says of it there.

use serde_json::json;

use super::order::columns;
use super::{Method, MethodRole, find, leave, list};
use crate::services::payments::gateway::{DeclineReason, KeptMethod};
use crate::services::payments::means::MeansRow;
use crate::services::{Desk, Refusal, customers};

/// Puts a method the gateway keeps on file. It takes the place of `replaces`; else the first is the default, any later one is only
/// kept until the customer says otherwise. Told twice, it is there once.
pub(in crate::services::payments) async fn keep(
    desk: &mut Desk,
    customer_id: &str,
    gateway: &str,
    kept: &KeptMethod,
    replaces: Option<&str>,
) -> Result<Method, Refusal> {
    customers::hold(desk, customer_id).await?;
    let methods = list(desk, customer_id).await?;
    if let Some(there) = methods.iter().find(|method| method.gateway == gateway && method.token == kept.token) {
        return Ok(there.clone());
    }
    let replaced = replaces.and_then(|id| methods.iter().find(|method| method.id == id));
    let role = match replaced {
        Some(replaced) => replaced.role,
        None if methods.is_empty() => MethodRole::Default,
        None => MethodRole::Kept,
    };
    if let Some(replaced) = replaced {
        leave::take_off(desk, replaced).await?;
    }
    let id = desk.new_id("pm");
    let (role_name, backup_position) = columns(role);
    let (position,): (i64,) = desk
        .tx
        .one("SELECT COUNT(*) + 1 FROM payment_methods WHERE vendor_id = $1 AND customer_id = $2", (desk.vendor.id.clone(), customer_id.to_owned()))
        .await?;
    let means = MeansRow::from(&kept.means);
    desk.tx
        .run(
            "INSERT INTO payment_methods (vendor_id, id, customer_id, gateway, token, kind, brand, last4, exp_month, exp_year, wallet, bank, bank_country, mandate, role, backup_position,
                position, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
            (
                desk.vendor.id.clone(), id.clone(), customer_id.to_owned(), gateway.to_owned(), kept.token.clone(), means.kind, means.brand, means.last4, means.exp_month, means.exp_year,
                means.wallet, means.bank, means.bank_country, means.mandate, role_name, backup_position, position, desk.now.wall_ms(),
            ),
        )
        .await?;
    let method = find(desk, customer_id, &id).await?;
    let mut data = json!(method.means);
    data["replaces"] = json!(replaced.map(|replaced| &replaced.id));
    desk.record("payment_method.added", Some(customer_id), &id, data).await?;
    Ok(method)
}

/// Its bank refused it for good as it stands: it is not charged by itself any more.
pub(crate) async fn note_refused(desk: &mut Desk, method_id: &str, reason: DeclineReason) -> Result<(), Refusal> {
    desk.tx
        .run("UPDATE payment_methods SET refused_reason = $3 WHERE vendor_id = $1 AND id = $2", (desk.vendor.id.clone(), method_id.to_owned(), reason.name()))
        .await?;
    Ok(())
}

/// It was charged after all: the customer paid with it.
pub(in crate::services::payments) async fn note_accepted(desk: &mut Desk, method_id: &str) -> Result<(), Refusal> {
    desk.tx
        .run(
            "UPDATE payment_methods SET refused_reason = NULL WHERE vendor_id = $1 AND id = $2 AND refused_reason IS NOT NULL",
            (desk.vendor.id.clone(), method_id.to_owned()),
        )
        .await?;
    Ok(())
}
