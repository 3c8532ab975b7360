//! Cookies of the portal, and how they leave. What a request decides about them is collected in [`Outgoing`] and put on its
//! response by the guard (`server/guard.rs`), so no handler can forget it.

use std::sync::{Arc, Mutex};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};

/// The session's token, of the portal's own pages.
pub const SESSION: &str = "__Host-portico";
/// The session's token, of a frame in a vendor's page. Partitioned: each site that holds a frame has one of its own, and the portal's own
/// pages have none. Without that, browsers that send third-party cookies would carry one vendor's session into another's page.
pub const EMBED: &str = "__Host-portico-embed";
const EMBED_ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=None; Partitioned";
/// The token of what lies between two steps of signing in.
pub const SIGN_IN: &str = "__Host-portico-step";
/// Names a browser that has signed in before.
pub const DEVICE: &str = "__Host-portico-device";

/// Longest that browsers keep a cookie: 400 days.
const DEVICE_SECONDS: i64 = 400 * 86_400;

/// The cookies a response will set. Cheap to clone: all clones are the same list.
#[derive(Clone, Debug, Default)]
pub struct Outgoing(Arc<Mutex<Vec<HeaderValue>>>);

impl Outgoing {
    /// Sets a cookie that ends with the browser's session.
    pub fn set(&self, name: &str, token: &str) {
        self.push(format!("{name}={token}; Path=/; Secure; HttpOnly; SameSite=Lax"));
    }

    /// Sets the device cookie, for as long as browsers keep one.
    pub fn set_device(&self, token: &str) {
        self.push(format!("{DEVICE}={token}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={DEVICE_SECONDS}"));
    }

    /// Sets a frame's session cookie.
    pub fn set_embed(&self, token: &str) {
        self.push(format!("{EMBED}={token}; {EMBED_ATTRIBUTES}"));
    }

    pub fn clear_embed(&self) {
        self.push(format!("{EMBED}=; {EMBED_ATTRIBUTES}; Max-Age=0"));
    }

    pub fn clear(&self, name: &str) {
        self.push(format!("{name}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"));
    }

    /// Moves what was set onto a response; a later decision about a cookie replaces an earlier one.
    pub fn apply(&self, headers: &mut HeaderMap) {
        let set = std::mem::take(&mut *self.0.lock().expect("no holder of this lock can panic"));
        for value in set {
            headers.append(header::SET_COOKIE, value);
        }
    }

    fn push(&self, text: String) {
        let value = HeaderValue::from_str(&text).expect("names and tokens are ASCII without separators");
        let name_end = text.find('=').unwrap_or_default();
        let mut set = self.0.lock().expect("no holder of this lock can panic");
        set.retain(|earlier| !earlier.as_bytes().starts_with(&text.as_bytes()[..=name_end]));
        set.push(value);
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Outgoing {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Outgoing, StatusCode> {
        // Only a router without the guard has none: cookies would be lost silently.
        parts.extensions.get::<Outgoing>().cloned().ok_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// The value of a cookie in a request. A name given twice is nobody's: another path or a stranger's subdomain may have set it.
pub fn read(headers: &HeaderMap, name: &str) -> Option<String> {
    let mut found = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(n, _)| *n == name)
        .map(|(_, value)| value.to_owned());
    let value = found.next()?;
    if found.next().is_some() || value.len() > 128 { None } else { Some(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cookie_is_host_bound_and_the_last_word_counts() {
        let outgoing = Outgoing::default();
        outgoing.set(SESSION, "first");
        outgoing.set(SESSION, "second");
        outgoing.set_device("device");
        outgoing.clear(SIGN_IN);
        let mut headers = HeaderMap::new();
        outgoing.apply(&mut headers);
        let set: Vec<&str> = headers.get_all(header::SET_COOKIE).iter().map(|v| v.to_str().unwrap()).collect();
        assert_eq!(set.len(), 3);
        assert!(set[0].starts_with("__Host-portico=second; "), "{}", set[0]);
        for cookie in set {
            assert!(cookie.starts_with("__Host-"), "{cookie}");
            for attribute in ["; Path=/", "; Secure", "; HttpOnly", "; SameSite=Lax"] {
                assert!(cookie.contains(attribute), "{cookie}");
            }
            assert!(!cookie.contains("Domain"), "{cookie}");
        }
    }

    #[test]
    fn a_frames_cookie_is_kept_apart_for_each_site_and_cleared_as_it_was_set() {
        for (set, ends) in [(true, ""), (false, "; Max-Age=0")] {
            let outgoing = Outgoing::default();
            if set {
                outgoing.set_embed("x")
            } else {
                outgoing.clear_embed()
            }
            let mut headers = HeaderMap::new();
            outgoing.apply(&mut headers);
            let value = if set { "x" } else { "" };
            let cookie = format!("__Host-portico-embed={value}; Path=/; Secure; HttpOnly; SameSite=None; Partitioned{ends}");
            assert_eq!(headers[header::SET_COOKIE], cookie.as_str());
        }
    }

    #[test]
    fn a_cookie_sent_twice_counts_as_none() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_static("a=1; __Host-portico=x; b=2"));
        assert_eq!(read(&headers, SESSION).as_deref(), Some("x"));
        headers.append(header::COOKIE, HeaderValue::from_static("__Host-portico=y"));
        assert_eq!(read(&headers, SESSION), None);
    }
}
