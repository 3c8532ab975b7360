//! What the guard (`server/guard.rs`) learned about a request before any door saw it; doors take these as extractors.

use std::net::IpAddr;

use axum::body::Bytes;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};

/// Names one request in the log and on an error page.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// Who asks, as far as trusted proxies and the connection say; `None` where neither does (a test).
#[derive(Clone, Copy, Debug)]
pub struct ClientIp(pub Option<IpAddr>);

impl ClientIp {
    /// The network it is in, as large as one subscriber is given: an IPv4 address, the first 64 bits of an IPv6 one.
    pub fn network(self) -> Option<String> {
        Some(match self.0? {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("{:x}:{:x}:{:x}:{:x}::/64", ip.segments()[0], ip.segments()[1], ip.segments()[2], ip.segments()[3]),
        })
    }
}

impl std::fmt::Display for ClientIp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(ip) => write!(f, "{ip}"),
            None => f.write_str("unknown"),
        }
    }
}

/// The program somebody asks by, as it names itself; empty where it does not, or not in ASCII.
pub fn user_agent(headers: &HeaderMap) -> &str {
    headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default()
}

/// A posted form as it came, so that it can be shown again when the session ended meanwhile.
#[derive(Clone, Debug)]
pub struct Posted(pub Bytes);

macro_rules! from_extensions {
    ($($part:ident),*) => { $(
        impl<S: Send + Sync> FromRequestParts<S> for $part {
            type Rejection = StatusCode;
            async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<$part, StatusCode> {
                parts.extensions.get::<$part>().cloned().ok_or(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    )* };
}
from_extensions!(RequestId, ClientIp);
