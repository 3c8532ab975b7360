//! How Stripe is spoken to: forms out, JSON back, over TLS. Which of its answers are none: a timeout, a broken connection, a server error
//! leave open what happened; all else is its last word. So is not that our key is not taken: it says nothing of the payment, which would
//! be declined to the customer, and so would everybody's, because a key was revoked. It waits until the key is put right.

use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::{Method, Request, StatusCode, header};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde::de::DeserializeOwned;

use crate::services::payments::gateway::GatewayError;

use super::keys::SecretKey;
use super::objects::{ErrorBody, StripeError};

/// Whose shapes are sent and read: answers stay as they are whatever the account's own version is. Requests are held to the schema of this
/// very version by the tests.
pub const VERSION: &str = "2026-05-27.dahlia";
/// How long one request may take, with all that is waited in between: less than what is let pass before a payment is asked about
/// (`collect.rs`), so that it is not under way any more by then.
const PATIENCE: Duration = Duration::from_secs(30);
/// What is waited at least before asking again where Stripe says that it did nothing: the key is in use (409), too many at once (429), as in a
/// night's collection, of which it takes a hundred a second.
const WAITS_MS: [u64; 9] = [100, 250, 500, 1_000, 2_000, 2_000, 2_000, 2_000, 2_000];
/// The largest answer: a list of a hundred payments is a tenth of it.
const ANSWER_BYTES: usize = 4 * 1024 * 1024;

/// Connections kept open are shared by all vendors.
pub type HttpClient = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// One to two times a wait, by the key: those who were sent away together do not all come again together.
fn spread(wait_ms: u64, idempotency_key: Option<&str>) -> Duration {
    let place = idempotency_key.unwrap_or_default().bytes().fold(0_u64, |place, byte| (place * 31 + u64::from(byte)) % 1_000);
    Duration::from_millis(wait_ms + wait_ms * place / 1_000)
}

/// A client that trusts the roots of the browsers.
pub fn http_client() -> HttpClient {
    // Plain http is for stand-ins on loopback: whose address is kept was checked when it was set.
    let connector = HttpsConnectorBuilder::new().with_webpki_roots().https_or_http().enable_http1().build();
    Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).pool_idle_timeout(Duration::from_secs(30)).build(connector)
}

/// A request's fields, in order.
#[derive(Clone, Debug, Default)]
pub struct Form(Vec<(String, String)>);

impl Form {
    pub fn new() -> Form {
        Form::default()
    }

    pub fn with(mut self, name: impl Into<String>, value: impl ToString) -> Form {
        self.0.push((name.into(), value.to_string()));
        self
    }

    fn encoded(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }
}

/// Why there is no object.
#[derive(Debug)]
pub enum Failure {
    /// It may have happened or not.
    NoAnswer(String),
    /// It has not, and this is why.
    Refused(StatusCode, Box<StripeError>),
}

impl Failure {
    /// Stripe does not know what was asked for.
    pub fn is_missing(&self) -> bool {
        matches!(self, Failure::Refused(StatusCode::NOT_FOUND, _))
    }

    /// Stripe does not know what that field named.
    pub fn misses(&self, field: &str) -> bool {
        matches!(self, Failure::Refused(_, error) if error.code.as_deref() == Some("resource_missing") && error.param.as_deref() == Some(field))
    }
}

impl From<Failure> for GatewayError {
    fn from(failure: Failure) -> GatewayError {
        match failure {
            Failure::NoAnswer(what) => GatewayError::NoAnswer(what),
            Failure::Refused(status, error) => GatewayError::Refused(format!("{status}: {}", error.message.unwrap_or(error.kind))),
        }
    }
}

/// One account, as it is asked.
pub struct Wire {
    pub http: HttpClient,
    /// Scheme and host.
    pub base: String,
    pub key: SecretKey,
}

impl Wire {
    /// Reads what is at `path`.
    pub async fn get<T: DeserializeOwned>(&self, path: &str, query: &Form) -> Result<T, Failure> {
        let query = query.encoded();
        let address = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
        self.ask(Method::GET, &address, String::new(), None).await
    }

    /// Does something. The same `idempotency_key` does it once, for as long as Stripe remembers: a day at least.
    pub async fn post<T: DeserializeOwned>(&self, path: &str, form: &Form, idempotency_key: &str) -> Result<T, Failure> {
        self.ask(Method::POST, path, form.encoded(), Some(idempotency_key)).await
    }

    async fn ask<T: DeserializeOwned>(&self, method: Method, address: &str, body: String, idempotency_key: Option<&str>) -> Result<T, Failure> {
        let answer = tokio::time::timeout(PATIENCE, self.ask_on(&method, address, body, idempotency_key));
        answer.await.unwrap_or_else(|_| Err(Failure::NoAnswer(format!("{method} {address}: nothing within {} s", PATIENCE.as_secs()))))
    }

    /// Until there is an answer.
    async fn ask_on<T: DeserializeOwned>(&self, method: &Method, address: &str, body: String, idempotency_key: Option<&str>) -> Result<T, Failure> {
        let mut waits = WAITS_MS.into_iter();
        loop {
            let (status, bytes) = self.send(method, address, body.clone(), idempotency_key).await?;
            if status.is_success() {
                // It happened; what it came to is asked for again.
                return serde_json::from_slice(&bytes)
                    .map_err(|error| Failure::NoAnswer(format!("{method} {address} was answered by something else: {error}")));
            }
            match (status, waits.next()) {
                (StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS, Some(wait)) => tokio::time::sleep(spread(wait, idempotency_key)).await,
                (StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT, _) => {
                    return Err(Failure::NoAnswer(format!("{method} {address}: {status}")));
                }
                (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => {
                    return Err(Failure::NoAnswer(format!("{method} {address}: the key is not taken ({status})")));
                }
                _ if status.is_server_error() => return Err(Failure::NoAnswer(format!("{method} {address}: {status}"))),
                _ => {
                    let error = serde_json::from_slice::<ErrorBody>(&bytes).map(|body| body.error).unwrap_or_default();
                    return Err(Failure::Refused(status, Box::new(error)));
                }
            }
        }
    }

    async fn send(&self, method: &Method, address: &str, body: String, idempotency_key: Option<&str>) -> Result<(StatusCode, Bytes), Failure> {
        let broken = |what: &dyn std::fmt::Display| Failure::NoAnswer(format!("{method} {address}: {what}"));
        let mut request = Request::builder()
            .method(method.clone())
            .uri(format!("{}{address}", self.base))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.key.reveal()))
            .header(header::ACCEPT, "application/json")
            .header(header::USER_AGENT, concat!("portico/", env!("CARGO_PKG_VERSION")))
            .header("stripe-version", VERSION);
        if let Some(key) = idempotency_key {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").header("idempotency-key", key);
        }
        let request = request.body(Full::from(body)).map_err(|error| broken(&error))?;
        let response = self.http.request(request).await.map_err(|error| broken(&causes(&error)))?;
        let status = response.status();
        let body = Limited::new(response.into_body(), ANSWER_BYTES).collect().await.map_err(|error| broken(&error))?;
        Ok((status, body.to_bytes()))
    }
}

/// An error with what lies behind it: “client error (Connect)” alone helps nobody.
fn causes(error: &dyn std::error::Error) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        told = format!("{told}: {error}");
        cause = error.source();
    }
    told
}
