//! The measured server's database, opened by this process too: three years of usage are recorded in no time a person would wait, and a
//! document is drawn without its page. Everything by the product's own actions.

use axum::http::{HeaderMap, HeaderValue, header};
use chrono::{Days, NaiveDate, TimeDelta};
use rust_decimal::Decimal;

use super::Error;
use super::client::Browser;
use super::subject::Subject;
use crate::app::App;
use crate::identity::Member;
use crate::identity::cookies::Outgoing;
use crate::identity::member::{self, Found};
use crate::platform::assets::Assets;
use crate::platform::clock::Clock;
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::ids::Ids;
use crate::services::invoices::{self, Snapshot};
use crate::services::usage::{self, MAX_BATCH, NewEvent};

/// A little more than the three years that are asked for.
const HISTORY: TimeDelta = TimeDelta::days(3 * 366 + 40);

pub struct Inside {
    app: App,
    /// The person the browser is signed in as.
    member: Member,
}

impl Inside {
    pub async fn of(subject: &Subject, browser: &Browser) -> Result<Inside, Error> {
        let config = Config { database_url: subject.database_url.clone(), ..Config::loopback(subject.folder.clone()) };
        let db = Db::open(&config.database_url()).await?;
        let app = App::new(config, db, Clock::System, Ids::system(), Assets::load()).await?;
        let vendor = app.vendors().into_iter().next().ok_or("the demo has no vendor")?;
        let cookies = HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(&browser.cookie_header())?)]);
        match member::find(&app, &vendor, &cookies, &Outgoing::default()).await? {
            Found::Member(member) => Ok(Inside { app, member: *member }),
            _ => Err("the browser’s session is nobody’s".into()),
        }
    }

    pub fn today(&self) -> NaiveDate {
        self.app.clock.wall().date_naive()
    }

    /// Records an event an hour before those of the demo; the meter's key.
    pub async fn fill_three_years(&self) -> Result<String, Error> {
        let mut desk = self.member.writes(&self.app).await?;
        let meter = usage::meters(&mut desk).await?.into_iter().next().ok_or("the demo has no meter")?;
        let until = usage::first_use(&mut desk, &self.member.customer_id, &meter.id).await?.unwrap_or(desk.now.billing);
        let from = desk.now.billing - HISTORY;
        let hours = (until - from).num_hours();
        let events: Vec<NewEvent> = (0..hours)
            .map(|n| NewEvent {
                id: format!("bench-{n}"),
                meter: meter.key.clone(),
                quantity: Some(Decimal::from(n * 7 % 60)),
                time: Some(from + TimeDelta::hours(n)),
                value: None,
            })
            .collect();
        for batch in events.chunks(MAX_BATCH) {
            usage::record(&mut desk, &self.member.customer_id, batch).await?;
        }
        desk.commit().await?;
        Ok(meter.key)
    }

    /// An issued invoice with a chart, its lines repeated until there are so many; its name for ever, and its number.
    pub async fn invoice(&self, lines: usize) -> Result<(Snapshot, String), Error> {
        let mut desk = self.member.reads(&self.app).await?;
        for summary in invoices::list(&mut desk, &self.member.customer_id, 50).await? {
            let mut snapshot = invoices::load(&mut desk, &summary.id).await?.snapshot()?;
            if !snapshot.charts.is_empty() {
                snapshot.lines = snapshot.lines.iter().cycle().take(lines).cloned().collect();
                return Ok((snapshot, summary.number));
            }
        }
        Err("the demo has no invoice with a chart".into())
    }
}

/// The days so many months before a day, as `/usage` is asked for them.
pub fn months_until(today: NaiveDate, months: u32) -> String {
    let from = today.checked_sub_months(chrono::Months::new(months)).and_then(|day| day.checked_add_days(Days::new(1))).unwrap_or(today);
    format!("from={from}&to={today}")
}
