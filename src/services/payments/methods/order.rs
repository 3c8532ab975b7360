//! Which method is charged first, and which stand in, in what order.

use serde_json::json;

use super::{Method, MethodRole, find, list};
use crate::sentence;
use crate::services::{Desk, Refusal, customers, dunning};

/// Charged first from now on. What was the default takes its place among the backups, or the first one.
pub async fn make_default(desk: &mut Desk, customer_id: &str, method_id: &str) -> Result<Method, Refusal> {
    customers::hold(desk, customer_id).await?;
    let methods = list(desk, customer_id).await?;
    let chosen = methods.iter().find(|method| method.id == method_id).ok_or(Refusal::NotFound)?;
    if chosen.is_default() {
        return Ok(chosen.clone());
    }
    let mut backups: Vec<&Method> = methods.iter().filter(|method| matches!(method.role, MethodRole::Backup(_))).collect();
    let place = backups.iter().position(|method| method.id == chosen.id);
    if let Some(place) = place {
        backups.remove(place);
    }
    if let Some(former) = methods.iter().find(|method| method.is_default()) {
        // Before the new one: a customer never has two defaults, not even for a moment.
        set_role(desk, &former.id, MethodRole::Kept).await?;
        backups.insert(place.unwrap_or(0), former);
    }
    set_role(desk, &chosen.id, MethodRole::Default).await?;
    number(desk, &backups).await?;
    desk.record("payment_method.made_default", Some(customer_id), method_id, json!(chosen.means)).await?;
    dunning::note_methods(desk, customer_id, None).await?;
    find(desk, customer_id, method_id).await
}

/// Stands in from now on, after the backups there are.
pub async fn make_backup(desk: &mut Desk, customer_id: &str, method_id: &str) -> Result<Method, Refusal> {
    customers::hold(desk, customer_id).await?;
    let methods = list(desk, customer_id).await?;
    let chosen = methods.iter().find(|method| method.id == method_id).ok_or(Refusal::NotFound)?;
    match chosen.role {
        MethodRole::Backup(_) => return Ok(chosen.clone()),
        MethodRole::Default => {
            return Err(Refusal::Rule(sentence!("refusal-default-as-backup")));
        }
        MethodRole::Kept => {}
    }
    let mut backups: Vec<&Method> = methods.iter().filter(|method| matches!(method.role, MethodRole::Backup(_))).collect();
    backups.push(chosen);
    number(desk, &backups).await?;
    desk.record("payment_method.made_backup", Some(customer_id), method_id, json!(chosen.means)).await?;
    dunning::note_methods(desk, customer_id, None).await?;
    find(desk, customer_id, method_id).await
}

/// Tried one place earlier among the backups; the first stays the first.
pub async fn move_backup_up(desk: &mut Desk, customer_id: &str, method_id: &str) -> Result<Method, Refusal> {
    customers::hold(desk, customer_id).await?;
    let methods = list(desk, customer_id).await?;
    methods.iter().find(|method| method.id == method_id).ok_or(Refusal::NotFound)?;
    let mut backups: Vec<&Method> = methods.iter().filter(|method| matches!(method.role, MethodRole::Backup(_))).collect();
    let place = backups.iter().position(|method| method.id == method_id).ok_or_else(|| Refusal::Rule(sentence!("refusal-not-a-backup")))?;
    if place > 0 {
        backups.swap(place, place - 1);
        number(desk, &backups).await?;
        desk.record("payment_method.moved_up", Some(customer_id), method_id, json!({ "position": place })).await?;
    }
    find(desk, customer_id, method_id).await
}

/// Stays on file, and is not charged by itself any more.
pub async fn stop_backup(desk: &mut Desk, customer_id: &str, method_id: &str) -> Result<Method, Refusal> {
    customers::hold(desk, customer_id).await?;
    let chosen = find(desk, customer_id, method_id).await?;
    if matches!(chosen.role, MethodRole::Backup(_)) {
        set_role(desk, method_id, MethodRole::Kept).await?;
        renumber(desk, customer_id).await?;
        desk.record("payment_method.stopped_backup", Some(customer_id), method_id, json!(chosen.means)).await?;
    }
    find(desk, customer_id, method_id).await
}

pub(super) async fn renumber(desk: &mut Desk, customer_id: &str) -> Result<(), Refusal> {
    let methods = list(desk, customer_id).await?;
    let backups: Vec<&Method> = methods.iter().filter(|method| matches!(method.role, MethodRole::Backup(_))).collect();
    number(desk, &backups).await
}

/// Makes these the backups, in this order.
async fn number(desk: &mut Desk, backups: &[&Method]) -> Result<(), Refusal> {
    for (position, method) in (1_i64..).zip(backups) {
        if method.role != MethodRole::Backup(position) {
            set_role(desk, &method.id, MethodRole::Backup(position)).await?;
        }
    }
    Ok(())
}

pub(super) async fn set_role(desk: &mut Desk, method_id: &str, role: MethodRole) -> Result<(), Refusal> {
    let (name, position) = columns(role);
    desk.tx
        .run(
            "UPDATE payment_methods SET role = $3, backup_position = $4 WHERE vendor_id = $1 AND id = $2 AND role <> 'removed'",
            (desk.vendor.id.clone(), method_id.to_owned(), name, position),
        )
        .await?;
    Ok(())
}

pub(super) fn columns(role: MethodRole) -> (&'static str, i64) {
    match role {
        MethodRole::Default => ("default", 0),
        MethodRole::Backup(position) => ("backup", position),
        MethodRole::Kept => ("kept", 0),
    }
}
