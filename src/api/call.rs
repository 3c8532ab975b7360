//! Answering one call: is its scope enough, can it be read, was it done before; then one action on one desk.

use std::sync::Arc;

use axum::extract::{RawPathParams, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, on};
use axum::{RequestExt, body};
use sha2::{Digest, Sha256};
use tracing::Instrument as _;

use super::BODY_BYTES;
use super::entry::Caller;
use super::give::{Given, JSON};
use super::problem::{self, KEY_MISSING, KEY_REUSED, MALFORMED, MEDIA_TYPE, METHOD, NOT_FOUND, Problem, SCOPE, TOO_LARGE, UNDER_WAY};
use super::route::{Act, Route};
use super::take::Asked;
use crate::app::App;
use crate::platform::keys::hex;
use crate::platform::request::RequestId;
use crate::services::idempotency::{self, Answer, Claim, Claimed};
use crate::services::payments::Errand;
use crate::services::{Desk, Refusal};

/// The operation as axum routes it.
pub fn answering(route: Route) -> MethodRouter<App> {
    let filter = match route.method {
        Method::POST => MethodFilter::POST,
        Method::PATCH => MethodFilter::PATCH,
        Method::DELETE => MethodFilter::DELETE,
        _ => MethodFilter::GET,
    };
    let route = Arc::new(route);
    on(filter, async move |State(app): State<App>, caller: Caller, id: RequestId, request: Request| -> Response {
        match answer(&app, &route, &caller, &id, request).await {
            Ok(response) => response,
            Err(problem) => problem.respond(&id),
        }
    })
}

async fn answer(app: &App, route: &Arc<Route>, caller: &Caller, id: &RequestId, mut request: Request) -> Result<Response, Problem> {
    if !caller.0.key.scopes.allow(route.scope) {
        let detail = format!("This needs the scope {}. The key {} has: {}.", route.scope.name(), caller.0.key.hint, caller.0.key.scopes);
        return Err(Problem::new(&SCOPE, detail));
    }
    let params: RawPathParams = request.extract_parts().await.map_err(|_| Problem::new(&MALFORMED, "The address is no UTF-8."))?;
    let path_id = params.iter().next().map(|(_, value)| value.to_owned());
    let (parts, body) = request.into_parts();
    let body = body::to_bytes(body, BODY_BYTES).await.map_err(|_| Problem::new(&TOO_LARGE, TOO_LARGE.meaning))?;
    if route.method != Method::GET && !body.is_empty() && !is_json(&parts.headers) {
        return Err(Problem::new(&MEDIA_TYPE, MEDIA_TYPE.meaning));
    }
    let asked = Asked { uri: parts.uri, id: path_id, body };
    if route.method == Method::POST {
        return once(app, route, caller, id, &parts.headers, asked).await;
    }
    let given = match &route.act {
        Act::Errand(act) => act(Errand::new(app, &caller.0.vendor, caller.0.actor()), &asked).await?,
        Act::Desk(act) if route.method == Method::GET => {
            let mut desk = Desk::read(app, &caller.0.vendor, caller.0.actor()).await?;
            act(&mut desk, &asked).await?
        }
        Act::Desk(act) => {
            let mut desk = Desk::write(app, &caller.0.vendor, caller.0.actor()).await?;
            let given = act(&mut desk, &asked).await?;
            desk.commit().await?;
            given
        }
    };
    Ok(given.respond())
}

/// A POST: done once for each Idempotency-Key, and answered alike ever after.
async fn once(app: &App, route: &Arc<Route>, caller: &Caller, id: &RequestId, headers: &HeaderMap, asked: Asked) -> Result<Response, Problem> {
    let key = idempotency_key(headers)?;
    let vendor = &caller.0.vendor;
    match idempotency::claim(app, vendor, &key, &request_hash(route, &asked)).await? {
        Claimed::Mine(claim) => match finished(app, route, caller, asked, &claim).await {
            Ok(given) => Ok(given.respond()),
            Err(problem) if problem.is_final() => {
                let told = problem.told(id);
                let mut desk = Desk::write(app, vendor, caller.0.actor()).await?;
                idempotency::keep(&mut desk, &claim, &kept(&told)?).await?;
                desk.commit().await?;
                Ok(told.respond())
            }
            Err(problem) => {
                idempotency::release(app, vendor, &claim).await?;
                Err(problem)
            }
        },
        Claimed::Answered(answer) => Ok(replayed(answer)),
        Claimed::UnderWay => Err(Problem::new(&UNDER_WAY, UNDER_WAY.meaning).retry_after(1)),
        Claimed::OtherRequest => Err(Problem::new(&KEY_REUSED, KEY_REUSED.meaning)),
    }
}

/// Done to its end, even when the caller hangs up meanwhile: its next try is told how it came out.
async fn finished(app: &App, route: &Arc<Route>, caller: &Caller, asked: Asked, claim: &Claim) -> Result<Given, Problem> {
    let (app, route, caller, claim) = (app.clone(), route.clone(), caller.clone(), claim.clone());
    let doing = async move { done(&app, &route, &caller, &asked, &claim).await };
    tokio::spawn(doing.in_current_span()).await.map_err(|died| Problem::from(Refusal::damaged(died)))?
}

/// Does it, and keeps the answer with what was done.
async fn done(app: &App, route: &Route, caller: &Caller, asked: &Asked, claim: &Claim) -> Result<Given, Problem> {
    let (vendor, actor) = (&caller.0.vendor, caller.0.actor());
    let (mut desk, given) = match &route.act {
        Act::Desk(act) => {
            let mut desk = Desk::write(app, vendor, actor).await?;
            let given = act(&mut desk, asked).await?;
            (desk, given)
        }
        Act::Errand(act) => {
            let given = act(Errand::new(app, vendor, actor.clone()), asked).await?;
            (Desk::write(app, vendor, actor).await?, given)
        }
    };
    idempotency::keep(&mut desk, claim, &kept(&given)?).await?;
    desk.commit().await?;
    Ok(given)
}

fn kept(given: &Given) -> Result<Answer, Problem> {
    let body = String::from_utf8(given.body.clone()).map_err(Refusal::damaged)?;
    Ok(Answer { status: given.status, content_type: given.content_type.to_owned(), body })
}

fn replayed(answer: Answer) -> Response {
    let content_type = if answer.content_type == problem::CONTENT_TYPE { problem::CONTENT_TYPE } else { JSON };
    let mut response = Given { status: answer.status, content_type, headers: Vec::new(), body: answer.body.into_bytes() }.respond();
    response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
    response
}

fn idempotency_key(headers: &HeaderMap) -> Result<String, Problem> {
    let mut keys = headers.get_all("idempotency-key").iter();
    let (Some(key), None) = (keys.next(), keys.next()) else { return Err(Problem::new(&KEY_MISSING, KEY_MISSING.meaning)) };
    let key = key.to_str().unwrap_or_default();
    let is_fit = (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    if is_fit { Ok(key.to_owned()) } else { Err(Problem::new(&KEY_MISSING, KEY_MISSING.meaning)) }
}

/// What makes two requests the same: where they go, and every byte of them.
fn request_hash(route: &Route, asked: &Asked) -> String {
    let mut hash = Sha256::new();
    for part in [route.method.as_str().as_bytes(), asked.uri.path().as_bytes(), asked.uri.query().unwrap_or_default().as_bytes(), &asked.body] {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    hex(&hash.finalize())
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).and_then(|kind| kind.split(';').next()).unwrap_or_default();
    kind.trim().eq_ignore_ascii_case(JSON)
}

pub async fn no_such_address(id: RequestId) -> Response {
    Problem::new(&NOT_FOUND, "There is nothing at this address. The operations are listed at /api.").respond(&id)
}

pub async fn no_such_method(id: RequestId) -> Response {
    Problem::new(&METHOD, METHOD.meaning).respond(&id)
}
