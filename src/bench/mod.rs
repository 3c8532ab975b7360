//! `portico bench`: this program measured from outside, on its own demo, beside the targets it is held to.
//!
//! | file | holds |
//! |---|---|
//! | [`run`] | what is measured, in order |
//! | `subject` | the measured program: a process of its own, its processor time and memory |
//! | `client` | signing in and loading it, over plain loopback connections |
//! | `program` | a vendor's program at the API |
//! | `notices` | what gateways tell, and what pretends to be theirs |
//! | `billing_run`, `floor` | a night in which everything renews, against the same rows written by nothing but statements |
//! | `collection` | its invoices collected from a gateway that takes its time |
//! | `safekeeping` | the books of those nights backed up, restored and checked |
//! | `inside` | its database opened by this process: years of usage recorded, an invoice taken out to be drawn |
//!
//! What a browser sees is measured by `end2end/bench.mjs`, which prints both as one table. Nothing here is used by the portal.

mod billing_run;
mod client;
mod collection;
mod floor;
mod inside;
mod notices;
mod program;
mod safekeeping;
mod subject;

use std::fmt;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::services::invoices::{self, pdf};
use client::{Browser, Load};
use inside::{Inside, months_until};
use program::Program;
use subject::Subject;

/// How long a load lasts, and by how many connections at once.
const LOAD: Duration = Duration::from_secs(6);
const CONNECTIONS: usize = 4;
/// Requests of each range that `/usage` is timed by, in so many turns: what else the machine does meets both.
const TURNS: usize = 8;
const A_TURN: usize = 15;

pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// One measured figure.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    pub what: String,
    pub value: f64,
    pub unit: &'static str,
    /// At most (or, where [`Figure::is_floor`], at least) this.
    pub target: Option<f64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_floor: bool,
    pub how: String,
}

impl Figure {
    fn new(what: impl Into<String>, value: f64, unit: &'static str, how: impl Into<String>) -> Figure {
        Figure { what: what.into(), value, unit, target: None, is_floor: false, how: how.into() }
    }

    fn at_most(self, target: f64) -> Figure {
        Figure { target: Some(target), ..self }
    }

    fn at_least(self, target: f64) -> Figure {
        Figure { target: Some(target), is_floor: true, ..self }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<58} {:>10.2} {}", self.what, self.value, self.unit)?;
        if let Some(target) = self.target {
            let (word, is_met) = if self.is_floor { ("at least", self.value >= target) } else { ("at most", self.value <= target) };
            write!(f, "  ({word} {target}: {})", if is_met { "met" } else { "MISSED" })?;
        }
        write!(f, "\n    {}", self.how)
    }
}

/// Measures everything; `postgres` is the address of a server where an empty database may be filled.
/// `say` is told what is going on.
pub async fn run(postgres: Option<&str>, say: impl Fn(&str)) -> Result<Vec<Figure>, Error> {
    let mut figures = Vec::new();
    let databases = [("SQLite", None, 0.4)].into_iter().chain(postgres.map(|url| ("Postgres", Some(url), 0.7)));
    for (database, url, target) in databases {
        say(&format!("filling {database} with the demo"));
        let subject = Subject::start(url)?;
        let idle = subject.memory_mb()?;
        let browser = Browser::sign_in(&subject)?;
        say(&format!("loading / on {database}"));
        overview(&subject, &browser, database, target, &mut figures)?;
        for path in ["/usage", "/invoices", "/plan/change"] {
            say(&format!("loading {path} on {database}"));
            figures.push(page(&subject, &browser, path, database)?);
        }
        say(&format!("the API on {database}"));
        figures.extend(Program::of(&subject)?.measure(&subject, database, Load { encoding: None, connections: CONNECTIONS, time: LOAD / 3 })?);
        let inside = Inside::of(&subject, &browser).await?;
        let (snapshot, number) = inside.invoice(20).await?;
        if url.is_none() {
            browser.get(&format!("/invoices/{number}.pdf"), None)?;
            figures.push(Figure::new("memory idle", idle, "MB", "VmRSS of the serving process before its first sign-in").at_most(60.0));
            let loaded = subject.memory_mb()?;
            let how = format!("VmRSS after {CONNECTIONS} connections loaded /, /usage, /invoices and /plan/change, and a PDF was drawn: fonts and all");
            figures.push(Figure::new("memory loaded", loaded, "MB", how).at_most(150.0));
            say("a first visit's files");
            first_visit(&browser, &mut figures)?;
            say("drawing an invoice");
            figures.push(drawing(|| pdf::render(&invoices::sheet(&snapshot, "bench")).map(|pdf| pdf.len()))?);
        }
        say(&format!("three years of hourly usage on {database}"));
        let meter = inside.fill_three_years().await?;
        for by in ["hour", "day", "month"] {
            figures.push(years(&browser, &inside, &meter, by, database)?);
        }
        say(&format!("notices of a gateway on {database}"));
        figures.extend(notices::measure(&subject, database)?);
    }
    figures.extend(billing_runs(postgres, NIGHT, &say).await?);
    figures.extend(collections(postgres, COLLECTED, &say).await?);
    Ok(figures)
}

/// Subscriptions of a large night.
const NIGHT: usize = 50_000;

/// The billing run alone, of so many subscriptions and of a tenth of them.
pub async fn billing_runs(postgres: Option<&str>, subscriptions: usize, say: &impl Fn(&str)) -> Result<Vec<Figure>, Error> {
    let small = subscriptions.div_ceil(10);
    let mut figures = billing_run::measure(None, "SQLite", small, subscriptions, say).await?;
    if let Some(url) = postgres {
        figures.extend(billing_run::measure(Some(url), "Postgres", small, subscriptions, say).await?);
    }
    Ok(figures)
}

/// Notices of a gateway alone.
pub fn gateway_notices(postgres: Option<&str>, say: &impl Fn(&str)) -> Result<Vec<Figure>, Error> {
    let mut figures = Vec::new();
    for (database, url) in [("SQLite", None)].into_iter().chain(postgres.map(|url| ("Postgres", Some(url)))) {
        say(&format!("notices of a gateway on {database}"));
        figures.extend(notices::measure(&Subject::start(url)?, database)?);
    }
    Ok(figures)
}

/// Invoices that are collected.
const COLLECTED: usize = 4_000;

/// Collection alone, of so many invoices.
pub async fn collections(postgres: Option<&str>, invoices: usize, say: &impl Fn(&str)) -> Result<Vec<Figure>, Error> {
    let mut figures = collection::measure(None, "SQLite", invoices, say).await?;
    if let Some(url) = postgres {
        figures.extend(collection::measure(Some(url), "Postgres", invoices, say).await?);
    }
    Ok(figures)
}

/// What another page costs.
fn page(subject: &Subject, browser: &Browser, path: &str, database: &str) -> Result<Figure, Error> {
    browser.load(path, Load { encoding: None, connections: CONNECTIONS, time: LOAD / 12 })?;
    let before = subject.cpu()?;
    let loaded = browser.load(path, Load { encoding: None, connections: CONNECTIONS, time: LOAD / 2 })?;
    let each = (subject.cpu()? - before).as_secs_f64() * 1000.0 / loaded.count() as f64;
    let how = format!(
        "as for /, over {} requests; {} bytes each, p50 {:.2} ms, p99 {:.2} ms",
        loaded.count(),
        loaded.bytes,
        ms(loaded.percentile(50)),
        ms(loaded.percentile(99))
    );
    Ok(Figure::new(format!("{path} signed in, {database}: processor time a request"), each, "ms", how))
}

/// `/usage` over three years against three months.
fn years(browser: &Browser, inside: &Inside, meter: &str, by: &str, database: &str) -> Result<Figure, Error> {
    let path = |months: u32| format!("/usage?meter={meter}&by={by}&{}", months_until(inside.today(), months));
    let (mut short, mut long) = (browser.time(&path(3), A_TURN)?, browser.time(&path(36), A_TURN)?);
    short.clear();
    long.clear();
    for _ in 0..TURNS {
        short.extend(browser.time(&path(3), A_TURN)?);
        long.extend(browser.time(&path(36), A_TURN)?);
    }
    short.sort_unstable();
    long.sort_unstable();
    let (short, long) = (short[short.len() / 2], long[long.len() / 2]);
    let how = format!(
        "medians of {} requests each, one after another in turns, an event every hour: {:.2} ms over {:.2} ms; what is too fine for its length is shown more coarsely",
        TURNS * A_TURN,
        ms(long),
        ms(short)
    );
    Ok(Figure::new(format!("/usage by {by}, 3 years, {database}: as a multiple of 3 months"), long.as_secs_f64() / short.as_secs_f64(), "×", how).at_most(2.0))
}

/// How often a second an invoice is drawn by one thread.
fn drawing(draw: impl Fn() -> Result<usize, pdf::PdfError>) -> Result<Figure, Error> {
    let mut bytes = draw()?;
    let began = Instant::now();
    let mut count = 0_u32;
    while began.elapsed() < LOAD / 2 {
        bytes = draw()?;
        count += 1;
    }
    let rate = f64::from(count) / began.elapsed().as_secs_f64();
    let how = format!("one thread words and draws a demo invoice of 20 lines with its chart, {count} times after a first; {bytes} bytes each");
    Ok(Figure::new("invoice PDF, 20 lines with chart: drawn a second", rate, "/s", how).at_least(100.0))
}

fn overview(subject: &Subject, browser: &Browser, database: &str, target: f64, figures: &mut Vec<Figure>) -> Result<(), Error> {
    // Statements are prepared and caches warm on a server that has run for more than a moment.
    browser.load("/", Load { encoding: None, connections: CONNECTIONS, time: LOAD / 6 })?;
    for (name, encoding, target) in [("uncompressed", None, Some(target)), ("compressed", Some("br, gzip"), None)] {
        let before = subject.cpu()?;
        let loaded = browser.load("/", Load { encoding, connections: CONNECTIONS, time: LOAD })?;
        let cpu = subject.cpu()? - before;
        let each = cpu.as_secs_f64() * 1000.0 / loaded.count() as f64;
        let how = format!(
            "utime + stime of the serving process, on one core, over {} requests by {CONNECTIONS} connections from another process; {} bytes each",
            loaded.count(),
            loaded.bytes
        );
        let figure = Figure::new(format!("/ signed in, {name}, {database}: processor time a request"), each, "ms", how);
        figures.push(match target {
            Some(target) => figure.at_most(target),
            None => figure,
        });
        if encoding.is_none() {
            let (p50, p99) = (loaded.percentile(50), loaded.percentile(99));
            let how = format!("the same load: p50 {:.2} ms, p99 {:.2} ms, {:.0} requests/s", ms(p50), ms(p99), loaded.count() as f64 / LOAD.as_secs_f64());
            figures
                .push(Figure::new(format!("/ under load, {database}: p99 as a multiple of p50"), p99.as_secs_f64() / p50.as_secs_f64(), "×", how).at_most(5.0));
        }
    }
    Ok(())
}

/// What the first page makes a browser fetch, as brotli.
fn first_visit(browser: &Browser, figures: &mut Vec<Figure>) -> Result<(), Error> {
    let page = browser.get("/", None)?.text();
    let mut script = 0;
    let mut seen = Vec::new();
    for path in page.split('"').filter(|part| part.starts_with("/assets/")) {
        if seen.contains(&path) {
            continue;
        }
        seen.push(path);
        script += browser.get(path, Some("br"))?.body.len();
    }
    let html = browser.get("/", Some("br"))?.body.len();
    let how = format!("every file that / names, fetched with Accept-Encoding: br; beside them the page with its style, {:.1} kB", kb(html));
    figures.push(Figure::new("script and wasm of a first visit, brotli", kb(script), "kB", how).at_most(90.0));
    Ok(())
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn kb(bytes: usize) -> f64 {
    bytes as f64 / 1000.0
}
