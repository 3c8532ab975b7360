//! Coming in: the key says who calls, and every answer says which version it is of and how many calls are left.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

use super::VERSION;
use super::limit::{Limiter, Standing, WINDOW_S};
use super::problem::{self, Problem, RATE, UNAUTHENTICATED, VERSION as UNKNOWN_VERSION};
use crate::app::App;
use crate::platform::request::RequestId;
use crate::services::api_keys::{self, Bearer};
use crate::services::idempotency;

/// Who calls: had from a key or not at all.
#[derive(Clone)]
pub struct Caller(pub Arc<Bearer>);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = StatusCode;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Caller, StatusCode> {
        parts.extensions.get::<Caller>().cloned().ok_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// Before every operation and every address that is none.
pub async fn enter(State((app, limiter)): State<(App, Limiter)>, id: RequestId, mut request: Request, next: Next) -> Response {
    let caller = match identify(&app, request.headers()).await {
        Ok(caller) => caller,
        Err(problem) => return versioned(problem.respond(&id)),
    };
    let standing = limiter.count(&caller.0.key.id, app.clock.wall().timestamp());
    let mut response = if standing.is_over {
        Problem::new(&RATE, format!("This key has made its {} calls of {WINDOW_S} seconds.", limiter.calls)).retry_after(standing.resets_s).respond(&id)
    } else if let Err(problem) = version(request.headers()) {
        problem.respond(&id)
    } else {
        note_use(&app, &caller).await;
        request.extensions_mut().insert(caller);
        next.run(request).await
    };
    tell_limit(&mut response, limiter.calls, standing);
    versioned(response)
}

async fn identify(app: &App, headers: &HeaderMap) -> Result<Caller, Problem> {
    let nobody = || Problem::new(&UNAUTHENTICATED, "Send a valid API key as Authorization: Bearer pk_….");
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).ok_or_else(nobody)?;
    let (scheme, secret) = given.split_once(' ').ok_or_else(nobody)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(nobody());
    }
    let bearer = api_keys::bearer(app, secret.trim()).await?.ok_or_else(nobody)?;
    Ok(Caller(Arc::new(bearer)))
}

fn version(headers: &HeaderMap) -> Result<(), Problem> {
    match headers.get("portico-version") {
        None => Ok(()),
        Some(asked) if asked == VERSION => Ok(()),
        Some(_) => Err(Problem::new(&UNKNOWN_VERSION, format!("This installation speaks the version {VERSION}."))),
    }
}

/// Keeps that the key is used; and, as that comes once a minute, forgets answers that were kept long enough. A call does not fail by either.
async fn note_use(app: &App, caller: &Caller) {
    let noted = async {
        if api_keys::touch(app, &caller.0).await? {
            idempotency::forget_old(app, &caller.0.vendor).await?;
        }
        Ok::<_, crate::services::Refusal>(())
    };
    if let Err(error) = noted.await {
        tracing::warn!(%error, "the use of an API key was not kept");
    }
}

/// As the IETF's draft on rate limit header fields has it.
fn tell_limit(response: &mut Response, calls: u32, standing: Standing) {
    problem::set(response, "ratelimit-policy", &format!("\"key\";q={calls};w={WINDOW_S}"));
    problem::set(response, "ratelimit", &format!("\"key\";r={};t={}", standing.remaining, standing.resets_s));
}

fn versioned(mut response: Response) -> Response {
    problem::set(&mut response, "portico-version", VERSION);
    response
}
