//! Members: the people who may sign in for a customer.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::give::{Created, Page};
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::api::take::{Body, Id, Limit, Query, after};
use crate::api::values::Time;
use crate::identity::people::{self, Invitation};
use crate::services::api_keys::Scope;
use crate::services::customers;
use crate::services::{Desk, Refusal};

pub fn routes() -> Vec<Route> {
    vec![
        Route::post("/customers/{customer}/members", Scope::MembersWrite, invite).named("inviteMember", "Invite somebody to a customer").about(
            "They get a letter with a link, and choose their own password and second factor. Inviting somebody who is a member already changes their role.",
        ),
        Route::get("/customers/{customer}/members", Scope::MembersRead, list)
            .named("listMembers", "List a customer’s members")
            .about("The first joined first."),
    ]
}

/// What a member may do: an owner everything, billing everything but other members, a viewer looks.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Owner,
    Billing,
    Viewer,
}

impl From<Role> for customers::Role {
    fn from(role: Role) -> customers::Role {
        match role {
            Role::Owner => customers::Role::Owner,
            Role::Billing => customers::Role::Billing,
            Role::Viewer => customers::Role::Viewer,
        }
    }
}

impl From<customers::Role> for Role {
    fn from(role: customers::Role) -> Role {
        match role {
            customers::Role::Owner => Role::Owner,
            customers::Role::Billing => Role::Billing,
            customers::Role::Viewer => Role::Viewer,
        }
    }
}

/// A person who belongs to a customer.
#[derive(Serialize, ToSchema)]
pub struct Member {
    pub id: String,
    pub email: String,
    pub name: String,
    pub role: Role,
    pub created_at: Time,
}

fn shown(person: customers::Person) -> Result<Member, Refusal> {
    Ok(Member { role: person.role().into(), id: person.member_id, email: person.email, name: person.name, created_at: Time::of_ms(person.created_at) })
}

/// Somebody to be invited.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMember {
    #[schema(example = "mira@nordlicht.example")]
    pub email: String,
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    pub role: Role,
}

async fn invite(desk: &mut Desk, (Id(customer), Body(new)): (Id, Body<NewMember>)) -> Result<Created<Member>, Problem> {
    if new.name.trim().is_empty() || new.name.chars().count() > 200 || new.name.chars().any(char::is_control) {
        return Err(Problem::at("/name", "A name has 1 to 200 letters."));
    }
    let customer_id = customers::find(desk, &customer).await?.id;
    let invited = people::invite(desk, Invitation { email: &new.email, name: &new.name, customer: Some((&customer_id, new.role.into())) }).await?;
    let people = customers::people_of(desk, &customer_id).await?;
    let member = people.into_iter().find(|person| person.identity_id == invited.identity_id).ok_or(Refusal::NotFound)?;
    Ok(Created(shown(member)?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ListMembers {
    /// How many a page holds: 1 to 100, 20 unless given.
    #[schema(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// The `next` of the page before.
    #[schema(pattern = "^[a-z]+_[0-9a-fA-F]{32}$")]
    after: Option<String>,
}

async fn list(desk: &mut Desk, (Id(customer), Query(query)): (Id, Query<ListMembers>)) -> Result<Page<Member>, Problem> {
    let customer_id = customers::find(desk, &customer).await?.id;
    let people = customers::people_of(desk, &customer_id).await?;
    Page::cut(people, Limit::of(query.limit)?, &after(query.after)?, |person| &person.member_id, shown)
}
