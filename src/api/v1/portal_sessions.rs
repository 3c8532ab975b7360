//! Portal sessions: a link that opens the portal once, for a member, to look.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::in_body;
use crate::api::give::Created;
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::api::take::Body;
use crate::api::values::Time;
use crate::services::api_keys::Scope;
use crate::services::{Desk, customers, portal_sessions};

pub fn routes() -> Vec<Route> {
    vec![Route::post("/portal-sessions", Scope::PortalSessionsWrite, create).named("createPortalSession", "Make a link into the portal").about(
        "Send the member there: the page says whose portal it opens, and its button opens it, once, within the hour. They can look at everything; what costs \
         money asks for their own second factor each time, and how they sign in is changed by signing in alone.",
    )]
}

/// A link to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPortalSession {
    /// Our id of the customer, or `ext:` and your own.
    pub customer_id: String,
    /// Whom it is for: a member of that customer.
    pub member_id: String,
}

/// The one answer the link stands in.
#[derive(Serialize, ToSchema)]
pub struct PortalSession {
    pub id: String,
    pub url: String,
    pub expires_at: Time,
}

async fn create(desk: &mut Desk, Body(new): Body<NewPortalSession>) -> Result<Created<PortalSession>, Problem> {
    let customer_id = customers::find(desk, &new.customer_id).await.map_err(in_body("/customer_id"))?.id;
    let made = portal_sessions::create(desk, &customer_id, &new.member_id).await?;
    Ok(Created(PortalSession { id: made.id, url: made.url, expires_at: Time::of_ms(made.expires_at) }))
}
