//! A method goes, unless something depends on it.

use billing::price::{Model, Price};
use serde_json::json;

use super::order::{renumber, set_role};
use super::{Method, MethodRole, find, list};
use crate::sentence;
use crate::services::{Desk, Refusal, customers, subscriptions};
use crate::words::Sentence;

/// Why a method must stay; `None`: it may go.
pub async fn why_it_must_stay(desk: &mut Desk, method: &Method) -> Result<Option<Sentence>, Refusal> {
    let under_way: Option<(String,)> = desk
        .tx
        .opt(
            "SELECT id FROM payments WHERE vendor_id = $1 AND method_id = $2 AND status IN ('created', 'processing', 'needs_action') LIMIT 1",
            (desk.vendor.id.clone(), method.id.clone()),
        )
        .await?;
    if under_way.is_some() {
        return Ok(Some(sentence!("refusal-method-under-way")));
    }
    if !method.is_default() {
        return Ok(None);
    }
    if successor(desk, method).await?.is_some() {
        return Ok(None);
    }
    if list(desk, &method.customer_id).await?.len() > 1 {
        return Ok(Some(sentence!("refusal-method-is-default")));
    }
    let open: Option<(String,)> = desk
        .tx
        .opt(
            "SELECT id FROM invoices WHERE vendor_id = $1 AND customer_id = $2 AND settled_at IS NULL AND ended_as IS NULL AND total_minor > 0 LIMIT 1",
            (desk.vendor.id.clone(), method.customer_id.clone()),
        )
        .await?;
    if open.is_some() {
        return Ok(Some(sentence!("refusal-only-method-invoice")));
    }
    if needs_method(desk, &method.customer_id).await? {
        return Ok(Some(sentence!("refusal-only-method-subscription")));
    }
    Ok(None)
}

/// What is charged first when a method goes: the first backup, where it is the default.
pub async fn successor(desk: &mut Desk, method: &Method) -> Result<Option<Method>, Refusal> {
    let methods = list(desk, &method.customer_id).await?;
    Ok(methods.into_iter().find(|other| method.is_default() && other.role == MethodRole::Backup(1)))
}

/// Takes a method off file, and leaves the gateway to forget it. The first backup of a default is charged first from then on.
pub async fn remove(desk: &mut Desk, customer_id: &str, method_id: &str) -> Result<Method, Refusal> {
    customers::hold(desk, customer_id).await?;
    let method = find(desk, customer_id, method_id).await?;
    if let Some(reason) = why_it_must_stay(desk, &method).await? {
        return Err(Refusal::Rule(reason));
    }
    let successor = successor(desk, &method).await?;
    take_off(desk, &method).await?;
    if let Some(successor) = &successor {
        set_role(desk, &successor.id, MethodRole::Default).await?;
        desk.record("payment_method.made_default", Some(customer_id), &successor.id, json!(successor.means)).await?;
    }
    renumber(desk, customer_id).await?;
    Ok(method)
}

/// What is left in the outbox when a method goes: the gateway must forget it too.
#[derive(serde::Serialize, serde::Deserialize)]
pub struct Detach {
    pub gateway: String,
    pub token: String,
}

/// The kind of [`Detach`] in the outbox.
pub const DETACH: &str = "payment_method.detach";

pub(super) async fn take_off(desk: &mut Desk, method: &Method) -> Result<(), Refusal> {
    desk.tx
        .run(
            "UPDATE payment_methods SET role = 'removed', backup_position = 0, removed_at = $3 WHERE vendor_id = $1 AND id = $2",
            (desk.vendor.id.clone(), method.id.clone(), desk.now.wall_ms()),
        )
        .await?;
    desk.leave(DETACH, &Detach { gateway: method.gateway.clone(), token: method.token.clone() }).await?;
    desk.record("payment_method.removed", Some(&method.customer_id), &method.id, json!(method.means)).await
}

/// Whether a running subscription will want money one day: a plan that is free needs no card.
async fn needs_method(desk: &mut Desk, customer_id: &str) -> Result<bool, Refusal> {
    let subscriptions = subscriptions::of_customer(desk, customer_id).await?;
    Ok(subscriptions.iter().filter(|subscription| subscription.ended_at.is_none()).any(|subscription| {
        let terms = &subscription.terms;
        terms.plan.prices.iter().chain(terms.add_ons.iter().flat_map(|add_on| &add_on.prices)).any(|price| !is_free(price))
    }))
}

/// Whether no quantity could make this price cost anything.
fn is_free(price: &Price) -> bool {
    let costs_nothing = match &price.model {
        Model::Flat { amount_minor } => *amount_minor == 0,
        Model::PerUnit { unit_amount } => unit_amount.is_zero(),
        Model::Graduated { tiers } | Model::Volume { tiers } => tiers.iter().all(|tier| tier.unit_amount.is_zero() && tier.flat_amount.is_zero()),
        Model::Package { amount, .. } => amount.is_zero(),
    };
    (costs_nothing && price.minimum.is_none_or(|minimum| minimum == 0)) || price.maximum == Some(0)
}
