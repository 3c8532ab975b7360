//! What every request passes: where forms may come from, what cannot be stored, what errors show, which headers answers have.

use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{Method, header};

use tracing::instrument::WithSubscriber as _;

use crate::world::{World, say_everything};

#[tokio::test]
async fn changes_are_taken_from_our_own_pages_and_from_programs_only() {
    let world = World::new().await;
    let visitor = world.visitor();
    for (site, origin, host, is_taken) in [
        (Some("same-origin"), Some("http://localhost:3000"), "localhost:3000", true),
        (Some("none"), None, "localhost:3000", true),
        (Some("same-site"), Some("http://localhost:3001"), "localhost:3000", false),
        (Some("cross-site"), Some("https://evil.example"), "localhost:3000", false),
        // Where from counts, whatever Origin pretends.
        (Some("cross-site"), Some("http://localhost:3000"), "localhost:3000", false),
        (None, Some("http://localhost:3000"), "localhost:3000", true),
        (None, Some("https://evil.example"), "localhost:3000", false),
        (None, Some("http://localhost:3001"), "localhost:3000", false),
        (None, Some("null"), "localhost:3000", false),
        // No browser: curl.
        (None, None, "localhost:3000", true),
    ] {
        let mut request = visitor.request(Method::POST, "/forgot-password").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        request.headers_mut().unwrap().insert(header::HOST, host.parse().unwrap());
        if let Some(site) = site {
            request = request.header("sec-fetch-site", site);
        }
        if let Some(origin) = origin {
            request = request.header(header::ORIGIN, origin);
        }
        let answer = visitor.send(request.body(Body::from("email=a%40b.example")).unwrap()).await;
        assert_eq!(answer.status, if is_taken { 303 } else { 403 }, "{site:?} {origin:?}");
    }
}

#[tokio::test]
async fn every_answer_has_the_headers_that_protect_it() {
    let world = World::new().await;
    let visitor = world.visitor();
    for path in ["/sign-in", "/nothing-here", "/", "/healthz", "/assets/x/y", "/reset-password?token=x"] {
        let answer = visitor.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "strict-origin-when-cross-origin", "{path}");
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
        assert!(!answer.header("content-security-policy").contains("unsafe-inline"), "{path}");
        assert!(!answer.header("permissions-policy").is_empty(), "{path}");
        assert_eq!(answer.header("x-request-id").len(), 16, "{path}");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin", "{path}");
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(answer.header("strict-transport-security"), "", "plain http on this machine");
    }
}

#[tokio::test]
async fn every_error_is_a_page_that_says_what_to_do_and_nothing_of_the_inside() {
    let world = World::new().await;
    let visitor = world.visitor();
    let form = |path: &str, kind: &str| visitor.request(Method::POST, path).header(header::CONTENT_TYPE, kind).header("sec-fetch-site", "same-origin");
    let urlencoded = "application/x-www-form-urlencoded";
    let long = format!("email={}", "a".repeat(70_000));
    let cases = [
        (404, visitor.get("/nothing-here").await),
        (400, visitor.get("/sign-in?next=%00").await),
        (414, visitor.get(&format!("/sign-in?next={}", "a".repeat(9_000))).await),
        (405, visitor.send(visitor.request(Method::PUT, "/sign-in").header("sec-fetch-site", "same-origin").body(Body::empty()).unwrap()).await),
        (400, visitor.send(form("/sign-in", urlencoded).body(Body::from("email=a%00b")).unwrap()).await),
        (400, visitor.send(form("/sign-in", urlencoded).body(Body::from(vec![b'a', b'=', 0])).unwrap()).await),
        (413, visitor.send(form("/sign-in", urlencoded).body(Body::from(long)).unwrap()).await),
        (415, visitor.send(form("/sign-in", "text/plain").body(Body::from("email=a")).unwrap()).await),
        (422, visitor.send(form("/sign-in", urlencoded).body(Body::from("email=a&email=b")).unwrap()).await),
    ];
    for (status, answer) in cases {
        assert_eq!(answer.status, status, "{}", answer.text);
        assert!(answer.header("content-type").starts_with("text/html"), "{status}");
        assert!(answer.text.contains("<h1>") && answer.text.contains("href=\"/\""), "{status}: {}", answer.text);
        for inside in ["axum", "Failed to deserialize", "sqlx", "panicked", "src/"] {
            assert!(!answer.text.contains(inside), "{status} shows {inside}");
        }
    }
    let put = visitor.send(visitor.request(Method::PUT, "/sign-in").header("sec-fetch-site", "same-origin").body(Body::empty()).unwrap()).await;
    assert!(put.header("allow").contains("POST"), "{:?}", put.headers);
}

#[tokio::test]
async fn a_failure_of_ours_shows_a_number_and_nothing_else() {
    let world = World::new().await;
    world.app.db.close().await;
    let answer = world.visitor().post("/sign-in", &[("email", "mira@nordlicht.example"), ("password", "nine gates at dawn")]).await;
    assert_eq!(answer.status, 500);
    assert!(answer.text.contains(answer.header("x-request-id")), "{}", answer.text);
    for inside in ["sql", "pool", "closed", "Database"] {
        assert!(!answer.text.contains(inside), "shows {inside}: {}", answer.text);
    }
}

/// What a program's log would hold.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(line)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_failure_is_logged_under_the_number_its_page_shows_and_without_what_was_typed() {
    say_everything();
    let world = World::new().await;
    world.app.db.close().await;
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let typed = [("email", "mira@nordlicht.example\r\nERROR forged"), ("password", "nine gates at dawn")];
    let answer = world.visitor().post("/sign-in", &typed).with_subscriber(subscriber).await;
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains(answer.header("x-request-id")), "{log}");
    assert!(!log.contains("nine gates") && !log.lines().any(|line| line.starts_with("ERROR forged")), "{log}");
}

#[tokio::test]
async fn pages_are_packed_for_who_can_unpack_them() {
    let world = World::new().await;
    let visitor = world.visitor();
    let plain = visitor.get("/sign-in").await;
    assert_eq!(plain.header("content-encoding"), "");
    for encoding in ["br", "gzip"] {
        let packed = visitor.send(visitor.request(Method::GET, "/sign-in").header(header::ACCEPT_ENCODING, encoding).body(Body::empty()).unwrap()).await;
        assert_eq!((packed.status, packed.header("content-encoding")), (200, encoding));
        assert!(packed.bytes.len() * 3 < plain.bytes.len() * 2, "{encoding}: {} of {}", packed.bytes.len(), plain.bytes.len());
        assert!(packed.header("vary").to_lowercase().contains("accept-encoding"));
    }
}
