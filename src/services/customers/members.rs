//! Who belongs to a customer, and as what. One person may belong to several.

use serde_json::json;
use sqlx::FromRow;

use crate::services::{Desk, Refusal};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Everything, and who else belongs.
    Owner,
    /// Everything about plan, invoices and payment methods.
    Billing,
    /// Looks, changes nothing.
    Viewer,
}

impl Role {
    pub fn name(self) -> &'static str {
        match self {
            Role::Owner => "owner",
            Role::Billing => "billing",
            Role::Viewer => "viewer",
        }
    }

    pub fn from_name(name: &str) -> Option<Role> {
        [Role::Owner, Role::Billing, Role::Viewer].into_iter().find(|role| role.name() == name)
    }

    /// May change plan, payment methods and billing details.
    pub fn may_change_billing(self) -> bool {
        self != Role::Viewer
    }
}

/// An identity's membership of a customer.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub struct Member {
    pub id: String,
    pub customer_id: String,
    pub identity_id: String,
    pub role: String,
    pub customer_name: String,
}

impl Member {
    /// A role this program does not know may only look.
    pub fn role(&self) -> Role {
        Role::from_name(&self.role).unwrap_or(Role::Viewer)
    }
}

/// Makes an identity a member; its membership's id. Twice is the same as once, with the later role.
pub async fn add_member(desk: &mut Desk, customer_id: &str, identity_id: &str, role: Role) -> Result<String, Refusal> {
    let id = desk.new_id("mem");
    let (id,): (String,) = desk
        .tx
        .one(
            "INSERT INTO members (vendor_id, id, customer_id, identity_id, role, created_at) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (vendor_id, customer_id, identity_id) DO UPDATE SET role = excluded.role RETURNING id",
            (desk.vendor.id.clone(), id, customer_id.to_owned(), identity_id.to_owned(), role.name(), desk.now.billing_ms()),
        )
        .await?;
    desk.record("member.added", Some(customer_id), &id, json!({ "identity": identity_id, "role": role.name() })).await?;
    Ok(id)
}

/// The customers somebody belongs to, the first joined first.
pub async fn memberships_of(desk: &mut Desk, identity_id: &str) -> Result<Vec<Member>, Refusal> {
    Ok(desk
        .tx
        .all(
            "SELECT m.id, m.customer_id, m.identity_id, m.role, c.name AS customer_name FROM members m
             JOIN customers c ON c.vendor_id = m.vendor_id AND c.id = m.customer_id
             WHERE m.vendor_id = $1 AND m.identity_id = $2 ORDER BY m.created_at, m.id",
            (desk.vendor.id.clone(), identity_id.to_owned()),
        )
        .await?)
}

/// Who belongs to a customer, the first joined first.
pub async fn members_of(desk: &mut Desk, customer_id: &str) -> Result<Vec<Member>, Refusal> {
    Ok(desk
        .tx
        .all(
            "SELECT m.id, m.customer_id, m.identity_id, m.role, c.name AS customer_name FROM members m
             JOIN customers c ON c.vendor_id = m.vendor_id AND c.id = m.customer_id
             WHERE m.vendor_id = $1 AND m.customer_id = $2 ORDER BY m.created_at, m.id",
            (desk.vendor.id.clone(), customer_id.to_owned()),
        )
        .await?)
}

/// A person who belongs to a customer.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub struct Person {
    pub member_id: String,
    pub identity_id: String,
    pub name: String,
    pub email: String,
    role: String,
    /// Billing time.
    pub created_at: i64,
}

impl Person {
    /// A role this program does not know may only look.
    pub fn role(&self) -> Role {
        Role::from_name(&self.role).unwrap_or(Role::Viewer)
    }
}

/// Who belongs to a customer, by name, the first joined first.
pub async fn people_of(desk: &mut Desk, customer_id: &str) -> Result<Vec<Person>, Refusal> {
    Ok(desk
        .tx
        .all(
            "SELECT m.id AS member_id, m.identity_id, p.name, p.email, m.role, m.created_at FROM members m JOIN identities p ON p.vendor_id = m.vendor_id AND p.id = m.identity_id
             WHERE m.vendor_id = $1 AND m.customer_id = $2 ORDER BY m.created_at, m.id",
            (desk.vendor.id.clone(), customer_id.to_owned()),
        )
        .await?)
}
