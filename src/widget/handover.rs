//! Tokens coming in. With script, the frame's own document exchanges one it was handed over a port; without, the vendor's page posts it into
//! the frame by a form. Either way it is spent by one conditional UPDATE, from the page it was made for.

use axum::Json;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::target::Target;
use super::{AtVendor, in_frame};
use crate::app::App;
use crate::identity::cookies::Outgoing;
use crate::identity::session::Transport;
use crate::platform::request::{ClientIp, user_agent};
use crate::services::Refusal;
use crate::services::embed_sessions::{self, NotOpened, Opened, Opening};
use crate::services::vendors::Vendor;
use crate::t;
use crate::ui::page::Standing;
use crate::words::Words;

/// What is brought.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Brought {
    token: String,
    /// The element's attributes.
    page: String,
    action: String,
    /// The page that holds the frame, as its script was told by the browser.
    origin: String,
    /// "1": this browser keeps no cookie for the frame.
    memory: String,
    /// SHA-256, in hex, of the key that the element ends the session by. The key itself stays with it until then.
    end_hash: String,
}

/// What the frame's script goes on with.
#[derive(Serialize)]
struct Exchanged {
    path: String,
    /// Until the session ends, unless it is used.
    seconds: i64,
    /// The embed session's id, as every page of it says it: a page that says another is of another tab's.
    embed: String,
    /// Only where the browser keeps no cookie.
    bearer: Option<String>,
}

/// Why it does not: a name for the vendor's page, and a sentence for the person.
#[derive(Serialize)]
struct Refused {
    code: &'static str,
    sentence: String,
}

/// Tokens that open nothing are no credentials; a suspended customer's is one, and still opens nothing.
fn status(wrong: &NotOpened) -> StatusCode {
    if matches!(wrong, NotOpened::Suspended) { StatusCode::FORBIDDEN } else { StatusCode::UNAUTHORIZED }
}

/// What cannot be opened, said by name and in words.
fn told(vendor: &Vendor, wrong: &NotOpened) -> Refused {
    let w = Words::of(&vendor.locale);
    let (code, sentence) = match wrong {
        NotOpened::Spent => ("token_spent", t!(w, "embed-refused-spent")),
        NotOpened::Late => ("token_late", t!(w, "embed-refused-late")),
        NotOpened::OtherOrigin => ("origin_not_allowed", t!(w, "embed-refused-origin")),
        NotOpened::Suspended => ("customer_suspended", t!(w, "suspended", email = &vendor.support_email)),
        NotOpened::Unknown => ("token_unknown", t!(w, "embed-refused-unknown")),
        NotOpened::Failed(refusal) => {
            tracing::error!(%refusal, "an embed session could not be opened");
            ("unavailable", t!(w, "embed-refused-unknown"))
        }
    };
    Refused { code, sentence }
}

/// For `frame.js`.
pub async fn exchange(
    State(app): State<App>,
    AtVendor(vendor): AtVendor,
    headers: HeaderMap,
    outgoing: Outgoing,
    ip: ClientIp,
    Form(brought): Form<Brought>,
) -> Result<Response, Refusal> {
    let w = Words::of(&vendor.locale);
    let Some(target) = Target::of(&brought.page, &brought.action) else {
        let refused = Refused { code: "no_such_page", sentence: t!(w, "embed-refused-unknown") };
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, Json(refused)).into_response());
    };
    let transport = if brought.memory == "1" { Transport::Bearer } else { Transport::Partitioned };
    let instead_of = Transport::of(&headers).token(&headers);
    let ip = ip.to_string();
    let opening = Opening {
        token: &brought.token,
        origin: &brought.origin,
        shows: target.shows(),
        transport,
        end_hash: is_fingerprint(&brought.end_hash).then_some(brought.end_hash.as_str()),
        user_agent: user_agent(&headers),
        ip: &ip,
        instead_of: instead_of.as_deref(),
    };
    match embed_sessions::open(&app, &vendor, opening).await {
        Ok(opened) => {
            transport.give(&outgoing, &opened.session_token);
            let path = target.path(&app, &vendor, &opened).await?;
            let Opened { id: embed, session_token, seconds, .. } = opened;
            let bearer = (transport == Transport::Bearer).then_some(session_token);
            Ok(Json(Exchanged { path, seconds, embed, bearer }).into_response())
        }
        Err(wrong) => Ok((status(&wrong), Json(told(&vendor, &wrong))).into_response()),
    }
}

/// For a form of the vendor's page whose target is the frame: no script anywhere. Who posts says the browser.
pub async fn handoff(
    State(app): State<App>,
    AtVendor(vendor): AtVendor,
    headers: HeaderMap,
    outgoing: Outgoing,
    ip: ClientIp,
    Form(brought): Form<Brought>,
) -> Result<Response, Refusal> {
    let w = Words::of(&vendor.locale);
    let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok()).unwrap_or_default();
    let Some(target) = Target::of(&brought.page, &brought.action) else {
        return refused(&app, &vendor, StatusCode::UNAUTHORIZED, t!(w, "embed-refused-unknown")).await;
    };
    let instead_of = Transport::Partitioned.token(&headers);
    let ip = ip.to_string();
    let opening = Opening {
        token: &brought.token,
        origin,
        shows: target.shows(),
        transport: Transport::Partitioned,
        end_hash: None,
        user_agent: user_agent(&headers),
        ip: &ip,
        instead_of: instead_of.as_deref(),
    };
    match embed_sessions::open(&app, &vendor, opening).await {
        Ok(opened) => {
            Transport::Partitioned.give(&outgoing, &opened.session_token);
            let path = target.path(&app, &vendor, &opened).await?;
            Ok((StatusCode::SEE_OTHER, [(header::LOCATION, path)]).into_response())
        }
        Err(wrong) => refused(&app, &vendor, status(&wrong), told(&vendor, &wrong).sentence).await,
    }
}

async fn refused(app: &App, vendor: &Vendor, status: StatusCode, sentence: String) -> Result<Response, Refusal> {
    let title = t!(Words::of(&vendor.locale), "embed-refused-title");
    let holders = embed_sessions::holders(&app.db, vendor, None).await?;
    Ok(in_frame(app, vendor, &holders, Standing::Over, status, &title, sentence))
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Ending {
    end_key: String,
}

/// For the element, as it is taken out of the vendor's page.
pub async fn end(State(app): State<App>, AtVendor(vendor): AtVendor, Form(ending): Form<Ending>) -> Result<Response, Refusal> {
    embed_sessions::end_by_key(&app, &vendor, &ending.end_key).await?;
    // The vendor's page asks without waiting for an answer; its browser would tell the developer of one that is not for other sites.
    Ok((StatusCode::NO_CONTENT, [("cross-origin-resource-policy", "cross-origin")]).into_response())
}

/// Whether this is a SHA-256 in lowercase hex.
fn is_fingerprint(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
