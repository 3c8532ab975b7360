//! What every story starts from: the whole program on a fresh database, its clock standing still, and the people who use it.
//!
//! ```ignore
//! let world = World::new().await;
//! let page = world.visitor().get("/sign-in").await;
//! assert_eq!(page.status, 200);
//! ```
//!
//! The database is SQLite in a temporary folder, or, where `TEST_DATABASE_URL` names a Postgres server, a database of the
//! test's own there. Requests go through the real router in this process, as a browser would send them: cookies kept, `Host`,
//! `Origin` and Fetch metadata set. Nothing here reaches past a door except to build what a story needs to exist beforehand.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, header};
use chrono::{DateTime, Duration, Utc};
use portico::app::App;
use portico::demo;
use portico::platform::assets::Assets;
use portico::platform::clock::{Clock, Instant};
use portico::platform::config::Config;
use portico::platform::db::Db;
use portico::platform::ids::Ids;
use portico::server;
use portico::services::payments::Gateway;
use portico::services::payments::scripted::Scripted;
use portico::services::vendors::{self, Vendor};
use portico::services::{Actor, Desk};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tower::ServiceExt;

/// Where the portal believes it is reached: links in mails start with it, and posts come from it.
pub const PUBLIC_URL: &str = "http://localhost:3000";
/// When stories begin unless they say otherwise.
pub const BEGINNING: &str = "2026-03-10T12:00:00Z";

pub struct World {
    pub app: App,
    /// Kestrel, a sandbox vendor: the only one until a story adds another. A story that goes on at another puts it here.
    pub vendor: Arc<Vendor>,
    router: Router,
    // Last: dropped after what uses it.
    _store: Store,
}

/// For tests that listen to what the program says of itself: has everything said. Without a subscriber that stays, `tracing` remembers of
/// what was said while nobody listened that nobody wants to hear it.
pub fn say_everything() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| tracing::subscriber::set_global_default(tracing_subscriber::registry()).expect("nothing else listens for good"));
}

/// The program on a database with today's schema and nothing in it.
pub struct Bare {
    pub app: App,
    // Last: dropped after what uses it.
    _store: Store,
}

impl Bare {
    pub async fn new() -> Bare {
        let (app, _store) = World::empty(BEGINNING, None).await;
        Bare { app, _store }
    }
}

impl World {
    /// Few, so that a story can use them up.
    pub const API_CALLS_A_MINUTE: u32 = 300;

    /// A world at [`BEGINNING`].
    pub async fn new() -> World {
        World::at(BEGINNING).await
    }

    /// A world whose clock stands at an RFC 3339 time.
    pub async fn at(time: &str) -> World {
        World::built(time, None, 14).await
    }

    /// A world that the demo filled at a time: how to sign in beside it. Kestrel is the demo's.
    pub async fn with_demo(time: &str) -> (World, demo::SignIns) {
        let (app, store) = World::empty(time, None).await;
        let sign_ins = demo::fill(&app).await.unwrap();
        let vendor = app.vendors().remove(0);
        (World { router: server::router(app.clone()), vendor, app, _store: store }, sign_ins)
    }

    /// A world whose gateway does what the story says, and whose vendor is to be paid at once.
    pub async fn scripted(time: &str) -> (World, Arc<Scripted>) {
        World::scripted_within(time, 0).await
    }

    /// The same, the vendor to be paid within so many days.
    pub async fn scripted_within(time: &str, payment_terms_days: i64) -> (World, Arc<Scripted>) {
        let gateway = Arc::new(Scripted::new());
        (World::built(time, Some(gateway.clone()), payment_terms_days).await, gateway)
    }

    /// A world at [`BEGINNING`] with that gateway for everyone.
    pub async fn with_gateway(gateway: Arc<dyn Gateway>) -> World {
        World::built(BEGINNING, Some(gateway), 14).await
    }

    async fn built(time: &str, gateway: Option<Arc<dyn Gateway>>, payment_terms_days: i64) -> World {
        let (app, store) = World::empty(time, gateway).await;
        let kestrel = Vendor { payment_terms_days, ..vendor("ven_kestrel", "Kestrel", None, instant(time)) };
        vendors::create(&app.db, &kestrel).await.unwrap();
        app.reload_vendors().await.unwrap();
        let vendor = app.vendors().remove(0);
        World { router: server::router(app.clone()), vendor, app, _store: store }
    }

    /// The program on a fresh database, before there is a vendor.
    async fn empty(time: &str, gateway: Option<Arc<dyn Gateway>>) -> (App, Store) {
        let store = Store::fresh().await;
        let config = Config {
            database_url: Some(store.url.clone()),
            public_url: PUBLIC_URL.to_owned(),
            api_calls_a_minute: World::API_CALLS_A_MINUTE,
            ..Config::loopback(store.folder.clone())
        };
        let db = Db::open(&store.url).await.unwrap();
        let (clock, ids, assets) = (Clock::at(instant(time)), Ids::system(), Assets::load());
        let app = match gateway {
            Some(gateway) => App::with_gateway(config, db, clock, ids, assets, gateway).await.unwrap(),
            None => App::new(config, db, clock, ids, assets).await.unwrap(),
        };
        (app, store)
    }

    /// Another tenant of the same installation.
    pub async fn add_vendor(&self, name: &str, host: Option<&str>) -> Arc<Vendor> {
        let id = self.app.ids.next("ven", self.now().timestamp_millis());
        vendors::create(&self.app.db, &vendor(&id, name, host, self.now())).await.unwrap();
        self.app.reload_vendors().await.unwrap();
        self.app.vendors().into_iter().find(|v| v.id == id).unwrap()
    }

    pub fn now(&self) -> Instant {
        self.app.clock.wall()
    }

    /// Wall time moves on; billing time with it, unless the vendor's clock was set.
    pub fn wait(&self, time: Duration) {
        self.app.clock.set(self.now() + time);
    }

    /// A desk to prepare or inspect what no page shows, acting as the system.
    pub async fn desk(&self) -> Desk {
        Desk::write(&self.app, &self.vendor, Actor::System).await.unwrap()
    }

    /// Somebody with an empty cookie jar, at the vendor's own address.
    pub fn visitor(&self) -> Persona {
        self.visitor_at(self.vendor.host.as_deref().unwrap_or("localhost:3000"))
    }

    /// Somebody on the sandbox gateway's own pages.
    pub fn at_sandbox(&self) -> Persona {
        Persona { router: portico::sandbox::router(self.app.clone()), host: "127.0.0.1:3001".to_owned(), cookies: Arc::default(), is_framed: false }
    }

    /// Somebody who reaches the portal by another host name.
    pub fn visitor_at(&self, host: &str) -> Persona {
        Persona { router: self.router.clone(), host: host.to_owned(), cookies: Arc::default(), is_framed: false }
    }
}

/// A person and their browser. Clones share the cookie jar, as tabs do.
#[derive(Clone)]
pub struct Persona {
    router: Router,
    host: String,
    cookies: Arc<Mutex<BTreeMap<String, String>>>,
    /// What stands in a frame of somebody else's page.
    is_framed: bool,
}

impl Persona {
    /// The same browser, as it asks from inside a frame. The jar is the same one: it is the program that must keep them apart.
    pub fn in_frame(&self) -> Persona {
        Persona { is_framed: true, ..self.clone() }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).body(Body::empty()).unwrap()).await
    }

    /// Sends a form as a browser would from a page of the portal itself.
    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let request = self
            .request(Method::POST, path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ORIGIN, format!("http://{}", self.host))
            .header("sec-fetch-site", "same-origin");
        self.send(request.body(Body::from(encode(form))).unwrap()).await
    }

    /// A request with this person's cookies and host, to be given more headers and a body and then [`send`](Persona::send).
    pub fn request(&self, method: Method, path: &str) -> axum::http::request::Builder {
        let cookies = self.cookies.lock().unwrap().iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        let request = Request::builder().method(method).uri(path).header(header::HOST, &self.host).header(header::ACCEPT, "text/html");
        let request = if self.is_framed { request.header("sec-fetch-dest", "iframe") } else { request };
        if cookies.is_empty() { request } else { request.header(header::COOKIE, cookies) }
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        self.send_from("127.0.0.1", request).await
    }

    /// Opens an address in a window, as a person would who types it.
    pub async fn request_document(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).header("sec-fetch-dest", "document").body(Body::empty()).unwrap()).await
    }

    /// Sends over a connection from another address.
    pub async fn send_from(&self, ip: &str, mut request: Request<Body>) -> Answer {
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(ip.parse().unwrap(), 49_152)));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec();
        self.keep_cookies(&parts.headers);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Answer { status: parts.status.as_u16(), headers: parts.headers, bytes, text }
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).cloned()
    }

    pub fn set_cookie(&self, name: &str, value: &str) {
        self.cookies.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }

    fn keep_cookies(&self, headers: &HeaderMap) {
        let mut jar = self.cookies.lock().unwrap();
        for value in headers.get_all(header::SET_COOKIE) {
            let value = value.to_str().unwrap();
            let (pair, attributes) = value.split_once(';').unwrap_or((value, ""));
            let (name, content) = pair.split_once('=').unwrap();
            let is_removal = content.is_empty() || attributes.to_ascii_lowercase().split(';').any(|a| a.trim() == "max-age=0");
            if is_removal {
                jar.remove(name);
            } else {
                jar.insert(name.to_owned(), content.to_owned());
            }
        }
    }
}

/// What came back.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
    /// The body as text; bytes that are none are replaced.
    pub text: String,
}

impl Answer {
    /// The header, or nothing where it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Where a redirect leads.
    pub fn location(&self) -> &str {
        self.header("location")
    }

    /// The page as a person reads it: without tags.
    pub fn read(&self) -> String {
        let mut read = String::new();
        let mut is_tag = false;
        for c in self.text.chars() {
            match c {
                '<' => is_tag = true,
                '>' => is_tag = false,
                c if !is_tag => read.push(c),
                _ => {}
            }
        }
        read.replace("&#39;", "'").replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    }

    /// Fails where a sentence is not to be read on the page.
    #[track_caller]
    pub fn says(&self, sentence: &str) {
        let read = self.read();
        assert!(read.contains(sentence), "{sentence:?} is not on the page: {read}");
    }

    /// The value of the first field of that name in the page's forms, entities decoded.
    pub fn field(&self, name: &str) -> Option<String> {
        let marker = format!("name=\"{name}\"");
        let at = self.text.find(&marker)?;
        let start = self.text[..at].rfind('<')?;
        let tag = &self.text[start..start + self.text[start..].find('>')?];
        let value = tag.split("value=\"").nth(1)?.split('"').next()?;
        Some(value.replace("&quot;", "\"").replace("&#39;", "'").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    }
}

/// A time as stories write it.
pub fn instant(time: &str) -> Instant {
    DateTime::parse_from_rfc3339(time).unwrap_or_else(|_| panic!("{time} is no RFC 3339 time")).with_timezone(&Utc)
}

fn vendor(id: &str, name: &str, host: Option<&str>, now: Instant) -> Vendor {
    Vendor {
        id: id.to_owned(),
        host: host.map(str::to_owned),
        name: name.to_owned(),
        legal_name: format!("{name} Software GmbH"),
        address_line1: "Lindenstraße 7".to_owned(),
        address_line2: None,
        postal_code: "10969".to_owned(),
        city: "Berlin".to_owned(),
        country: "DE".to_owned(),
        tax_id: Some("DE123456788".to_owned()),
        support_email: format!("billing@{}.example", name.to_lowercase()),
        currency: "EUR".to_owned(),
        time_zone: "Europe/Berlin".to_owned(),
        locale: "en".to_owned(),
        proration_by: "second".to_owned(),
        proration_rounding: "half_up".to_owned(),
        prices_include_tax: false,
        usage_grace_seconds: 3_600,
        payment_terms_days: 14,
        is_test: true,
        clock_at: None,
        brand_colour: "#1f5eff".to_owned(),
        brand_mark: None,
        created_at: now.timestamp_millis(),
    }
}

fn encode(form: &[(&str, &str)]) -> String {
    fn escape(text: &str, out: &mut String) {
        for byte in text.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => out.push(char::from(byte)),
                b' ' => out.push('+'),
                byte => out.push_str(&format!("%{byte:02X}")),
            }
        }
    }
    let mut out = String::new();
    for (name, value) in form {
        if !out.is_empty() {
            out.push('&');
        }
        escape(name, &mut out);
        out.push('=');
        escape(value, &mut out);
    }
    out
}

/// A database nobody else uses, and a folder for what stands beside it. Both go with it.
struct Store {
    url: String,
    folder: PathBuf,
    /// The Postgres server's own address and the database to drop there.
    postgres: Option<(String, String)>,
}

impl Store {
    async fn fresh() -> Store {
        let name = format!("portico_{}", Ids::system().next("test", Utc::now().timestamp_millis()));
        let folder = std::env::temp_dir().join(&name);
        std::fs::create_dir_all(&folder).unwrap();
        match std::env::var("TEST_DATABASE_URL") {
            Ok(server) => {
                let template = postgres_template(&server).await;
                execute(&server, format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
                Store { url: database_of(&server, &name), folder, postgres: Some((server, name)) }
            }
            Err(_) => {
                let path = folder.join("portico.db");
                std::fs::write(&path, sqlite_template().await).unwrap();
                Store { url: format!("sqlite:{}", path.display()), folder, postgres: None }
            }
        }
    }
}

/// A world that stands still and can be copied: one story, gone on with in many ways.
pub struct Frozen(Store);

/// One of its copies.
pub struct Copied {
    pub url: String,
    pub folder: PathBuf,
    _store: Store,
}

impl World {
    /// Closes the world's database, to be copied.
    pub async fn freeze(self) -> Frozen {
        self.app.db.close().await;
        Frozen(self._store)
    }
}

impl Frozen {
    pub fn is_postgres(&self) -> bool {
        self.0.postgres.is_some()
    }

    pub async fn copy(&self) -> Copied {
        let name = format!("portico_{}", Ids::system().next("copy", Utc::now().timestamp_millis()));
        let folder = std::env::temp_dir().join(&name);
        std::fs::create_dir_all(&folder).unwrap();
        let store = match &self.0.postgres {
            Some((server, template)) => {
                execute(server, format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
                Store { url: database_of(server, &name), folder, postgres: Some((server.clone(), name)) }
            }
            None => {
                let path = folder.join("portico.db");
                std::fs::copy(self.0.folder.join("portico.db"), &path).unwrap();
                Store { url: format!("sqlite:{}", path.display()), folder, postgres: None }
            }
        };
        Copied { url: store.url.clone(), folder: store.folder.clone(), _store: store }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if let Some((server, name)) = self.postgres.take() {
            // A runtime of its own: the test's may be the one that is being dropped.
            let done = std::thread::spawn(move || {
                tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .unwrap()
                    .block_on(execute(&server, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")));
            });
            let _ = done.join();
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// An empty database with today's schema: migrated once, copied for every test.
async fn sqlite_template() -> &'static [u8] {
    static TEMPLATE: tokio::sync::OnceCell<Vec<u8>> = tokio::sync::OnceCell::const_new();
    TEMPLATE
        .get_or_init(|| async {
            let path = std::env::temp_dir().join(format!("portico_template_{}.db", std::process::id()));
            let db = Db::open(&format!("sqlite:{}", path.display())).await.unwrap();
            db.migrate().await.unwrap();
            // Closing the last connection folds the log into the file.
            db.close().await;
            let bytes = std::fs::read(&path).unwrap();
            std::fs::remove_file(&path).unwrap();
            bytes
        })
        .await
}

async fn postgres_template(server: &str) -> &'static str {
    static TEMPLATE: tokio::sync::OnceCell<String> = tokio::sync::OnceCell::const_new();
    TEMPLATE
        .get_or_init(|| async {
            let name = format!("portico_template_{}", std::process::id());
            execute(server, format!("DROP DATABASE IF EXISTS {name}")).await;
            execute(server, format!("CREATE DATABASE {name}")).await;
            let db = Db::open(&database_of(server, &name)).await.unwrap();
            db.migrate().await.unwrap();
            // A database with an open connection cannot be a template.
            db.close().await;
            name
        })
        .await
}

async fn execute(server: &str, sql: String) {
    let mut connection = PgConnection::connect(server).await.unwrap();
    sqlx::query(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// The same server's address with another database's name.
fn database_of(server: &str, name: &str) -> String {
    let (address, parameters) = server.split_once('?').map_or((server, String::new()), |(address, parameters)| (address, format!("?{parameters}")));
    let (base, _) = address.rsplit_once('/').unwrap();
    format!("{base}/{name}{parameters}")
}
