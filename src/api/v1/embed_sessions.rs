//! Embed sessions: a member in a frame of the vendor's own page, on the vendor's word.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::in_body;
use crate::api::give::{Created, Json};
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::api::take::{Body, Id};
use crate::api::values::Time;
use crate::services::api_keys::Scope;
use crate::services::embed_sessions::theme::{Colour, Face, Scheme as ColourScheme, Theme};
use crate::services::embed_sessions::{self, NewEmbed, Standing};
use crate::services::{Desk, customers};

pub fn routes() -> Vec<Route> {
    vec![
        Route::post("/embed-sessions", Scope::EmbedSessionsWrite, create).named("createEmbedSession", "Make a token for the widget").about(
            "Hand the token to the element in your page: it works once, within a minute, and only in a page of the origin you name. The frame shows what the \
             scopes say; what costs money asks the member for a code each time.",
        ),
        Route::get("/embed-sessions/{embed_session}", Scope::EmbedSessionsRead, get).named("getEmbedSession", "Get an embed session"),
        Route::delete("/embed-sessions/{embed_session}", Scope::EmbedSessionsWrite, end)
            .named("endEmbedSession", "End an embed session")
            .about("Its token opens nothing and its frame gets nothing more, from this moment. Ended already, it stays so."),
    ]
}

/// What a frame may show and do. Each opens its own pages.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub enum EmbedScope {
    #[serde(rename = "usage:read")]
    UsageRead,
    #[serde(rename = "invoices:read")]
    InvoicesRead,
    #[serde(rename = "plan:write")]
    PlanWrite,
    #[serde(rename = "payment_method:write")]
    PaymentMethodWrite,
}

impl From<EmbedScope> for embed_sessions::Scope {
    fn from(scope: EmbedScope) -> embed_sessions::Scope {
        match scope {
            EmbedScope::UsageRead => embed_sessions::Scope::UsageRead,
            EmbedScope::InvoicesRead => embed_sessions::Scope::InvoicesRead,
            EmbedScope::PlanWrite => embed_sessions::Scope::PlanWrite,
            EmbedScope::PaymentMethodWrite => embed_sessions::Scope::PaymentMethodWrite,
        }
    }
}

impl From<embed_sessions::Scope> for EmbedScope {
    fn from(scope: embed_sessions::Scope) -> EmbedScope {
        match scope {
            embed_sessions::Scope::UsageRead => EmbedScope::UsageRead,
            embed_sessions::Scope::InvoicesRead => EmbedScope::InvoicesRead,
            embed_sessions::Scope::PlanWrite => EmbedScope::PlanWrite,
            embed_sessions::Scope::PaymentMethodWrite => EmbedScope::PaymentMethodWrite,
        }
    }
}

/// The look of your page: what you leave out is the portal’s own. Colours are `#rrggbb`, and are corrected until text in them reads well.
#[derive(Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EmbedTheme {
    /// The visitor’s own, unless given or told by `ground`.
    pub scheme: Option<EmbedScheme>,
    /// What lies behind the frame, which is transparent: text is held against it, and it is never painted.
    #[schema(pattern = "^#[0-9a-fA-F]{6}$", example = "#101418")]
    pub ground: Option<String>,
    /// Behind fields and sheets.
    #[schema(pattern = "^#[0-9a-fA-F]{6}$")]
    pub sheet: Option<String>,
    #[schema(pattern = "^#[0-9a-fA-F]{6}$")]
    pub ink: Option<String>,
    /// Of what matters less.
    #[schema(pattern = "^#[0-9a-fA-F]{6}$")]
    pub soft_ink: Option<String>,
    /// Of links and buttons.
    #[schema(pattern = "^#[0-9a-fA-F]{6}$")]
    pub accent: Option<String>,
    /// On buttons.
    #[schema(pattern = "^#[0-9a-fA-F]{6}$")]
    pub on_accent: Option<String>,
    /// Between rows.
    #[schema(pattern = "^#[0-9a-fA-F]{6}$")]
    pub line: Option<String>,
    /// Around fields.
    #[schema(pattern = "^#[0-9a-fA-F]{6}$")]
    pub edge: Option<String>,
    /// Of corners, in pixels.
    #[schema(minimum = 0, maximum = 24)]
    pub radius: Option<u8>,
    /// Of text, in pixels.
    #[schema(minimum = 14, maximum = 20)]
    pub text_size: Option<u8>,
    pub face: Option<EmbedFace>,
}

#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EmbedScheme {
    Light,
    Dark,
}

/// Typefaces that are there: none is fetched.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EmbedFace {
    System,
    Serif,
    Mono,
}

fn theme(asked: EmbedTheme) -> Result<Theme, Problem> {
    let colour = |name: &str, given: Option<String>| match given {
        None => Ok(None),
        Some(text) => match Colour::parse(&text) {
            Some(colour) => Ok(Some(colour)),
            None => Err(Problem::at(format!("/theme/{name}"), "A colour is written like #1f5eff.")),
        },
    };
    let theme = Theme {
        scheme: asked.scheme.map(|scheme| match scheme {
            EmbedScheme::Light => ColourScheme::Light,
            EmbedScheme::Dark => ColourScheme::Dark,
        }),
        ground: colour("ground", asked.ground)?,
        sheet: colour("sheet", asked.sheet)?,
        ink: colour("ink", asked.ink)?,
        soft_ink: colour("soft_ink", asked.soft_ink)?,
        accent: colour("accent", asked.accent)?,
        on_accent: colour("on_accent", asked.on_accent)?,
        line: colour("line", asked.line)?,
        edge: colour("edge", asked.edge)?,
        radius: asked.radius,
        text_size: asked.text_size,
        face: asked.face.map(|face| match face {
            EmbedFace::System => Face::System,
            EmbedFace::Serif => Face::Serif,
            EmbedFace::Mono => Face::Mono,
        }),
    };
    match theme.wrong() {
        Some((token, sentence)) => Err(Problem::at(format!("/theme/{token}"), sentence)),
        None => Ok(theme),
    }
}

/// `waiting`: its token was not brought yet, and may be.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EmbedStatus {
    Waiting,
    Open,
    Ended,
}

/// A member in a frame of your page.
#[derive(Serialize, ToSchema)]
pub struct EmbedSession {
    pub id: String,
    pub customer_id: String,
    pub member_id: String,
    pub origin: String,
    pub scopes: Vec<EmbedScope>,
    pub locale: Option<String>,
    pub status: EmbedStatus,
    pub created_at: Time,
}

fn shown(session: embed_sessions::EmbedSession) -> EmbedSession {
    EmbedSession {
        id: session.id,
        customer_id: session.customer_id,
        member_id: session.member_id,
        origin: session.origin,
        scopes: session.scopes.into_iter().map(EmbedScope::from).collect(),
        locale: session.locale,
        status: match session.standing {
            Standing::Waiting => EmbedStatus::Waiting,
            Standing::Open => EmbedStatus::Open,
            Standing::Ended => EmbedStatus::Ended,
        },
        created_at: Time::of_ms(session.created_at),
    }
}

/// An embed session to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEmbedSession {
    /// Our id of the customer, or `ext:` and your own.
    pub customer_id: String,
    /// Whose session it is: a member of that customer.
    pub member_id: String,
    /// Of the page that will hold the frame, such as `https://app.example.com`; on the list of `portico embed-origin`.
    #[schema(example = "https://app.example.com", max_length = 300)]
    pub origin: String,
    #[schema(min_items = 1)]
    pub scopes: Vec<EmbedScope>,
    /// Your page’s language, as `en` or `de-AT`; the member’s own, unless given.
    #[schema(max_length = 35)]
    pub locale: Option<String>,
    pub theme: Option<EmbedTheme>,
}

/// The one answer the token stands in.
#[derive(Serialize, ToSchema)]
pub struct MadeEmbedSession {
    pub id: String,
    /// For the element in your page. It works once.
    pub token: String,
    /// The token’s, not the session’s.
    pub expires_at: Time,
}

async fn create(desk: &mut Desk, Body(new): Body<NewEmbedSession>) -> Result<Created<MadeEmbedSession>, Problem> {
    let is_language = |locale: &String| (2..=35).contains(&locale.len()) && locale.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if new.locale.as_ref().is_some_and(|locale| !is_language(locale)) {
        return Err(Problem::at("/locale", "A language is written like en or de-AT."));
    }
    let customer_id = customers::find(desk, &new.customer_id).await.map_err(in_body("/customer_id"))?.id;
    let scopes: BTreeSet<embed_sessions::Scope> = new.scopes.into_iter().map(Into::into).collect();
    let theme = theme(new.theme.unwrap_or_default())?;
    let wished = NewEmbed { customer_id, member_id: new.member_id, origin: new.origin, scopes, locale: new.locale, theme };
    let (session, token) = embed_sessions::create(desk, &wished).await?;
    Ok(Created(MadeEmbedSession { id: session.id, token, expires_at: Time::of_ms(session.token_expires_at) }))
}

async fn get(desk: &mut Desk, Id(id): Id) -> Result<Json<EmbedSession>, Problem> {
    Ok(Json(shown(embed_sessions::find(desk, &id).await?)))
}

async fn end(desk: &mut Desk, Id(id): Id) -> Result<Json<EmbedSession>, Problem> {
    Ok(Json(shown(embed_sessions::end(desk, &id).await?)))
}
