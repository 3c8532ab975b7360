//! `/balance`: what is in it, when some of it expires, and the statement, as a page, a table for spreadsheets, and on paper.

use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use billing::calendar::Instant;

use crate::app::App;
use crate::identity::Member;
use crate::portal::files::{cell, handed_out, plain_amount, table};
use crate::portal::routes::{Route, names};
use crate::services::balance::{self, Credit, Statement, paper};
use crate::services::embed_sessions::Scope;
use crate::services::invoices::Letterhead;
use crate::services::{Desk, Refusal, catalog, customers};
use crate::words::Words;
use crate::words::format::Dates;

mod page;
mod span;

use span::Span;

pub fn routes() -> Vec<Route> {
    vec![
        Route::member("/balance", get(show)).query(names::<Asked>()).reads(&[Scope::InvoicesRead]),
        Route::member("/balance/statement.csv", get(spreadsheet)).query(names::<Asked>()).reads(&[Scope::InvoicesRead]),
        Route::member("/balance/statement.pdf", get(print)).query(names::<Asked>()).reads(&[Scope::InvoicesRead]),
    ]
}

/// Which statement, as typed: what means nothing is this year's in the customer's currency.
#[derive(Clone, Default, serde::Deserialize)]
#[serde(default)]
struct Asked {
    /// `2026` or `2026-11`.
    period: String,
    currency: String,
}

/// A customer's balance, and the statement that was asked for.
struct Seen {
    /// The newest first.
    credits: Vec<Credit>,
    /// In which there are credits, or none; the customer's own first.
    currencies: Vec<String>,
    span: Span,
    statement: Statement,
    /// Where the vendor takes it and the member may.
    can_pay_in: bool,
    can_buy: bool,
    now: Instant,
    dates: Dates,
}

impl Seen {
    async fn load(desk: &mut Desk, member: &Member, asked: &Asked) -> Result<Seen, Refusal> {
        let dates = Dates::new(Words::of(&member.locale), member.time_zone.parse().unwrap_or(chrono_tz::UTC));
        let credits = balance::history(desk, &member.customer_id).await?;
        let own = customers::load(desk, &member.customer_id).await?.currency;
        let mut currencies = vec![own.clone()];
        for credit in &credits {
            if !currencies.contains(&credit.currency) {
                currencies.push(credit.currency.clone());
            }
        }
        let now = desk.now.billing;
        let span = Span::read(&asked.period).unwrap_or_else(|| Span::year_of(dates.date(now)));
        let currency = currencies.iter().find(|currency| **currency == asked.currency).unwrap_or(&own).clone();
        let (from, until) = span.bounds(&dates)?;
        let statement = balance::statement(desk, &member.customer_id, &currency, from, until).await?;
        // A frame may be for looking alone.
        let may_pay = member.may_manage_billing().is_ok() && member.embed.as_ref().is_none_or(|embed| embed.allows(&[Scope::PaymentMethodWrite]));
        let can_pay_in = may_pay && catalog::top_up_limit(desk, &own).await?.is_some();
        let is_for_sale = |product: &catalog::Product| product.retired_at.is_none() && product.price_in(&own).is_some();
        let can_buy = may_pay && catalog::products(desk).await?.iter().any(is_for_sale);
        Ok(Seen { credits, currencies, span, statement, can_pay_in, can_buy, now, dates })
    }

    /// What is left in a currency.
    fn left_minor(&self, currency: &str) -> i64 {
        self.credits.iter().filter(|credit| credit.currency == currency).fold(0, |sum, credit| sum.saturating_add(credit.left_minor))
    }

    /// `balance-EUR-2026-11`
    fn file_stem(&self) -> String {
        format!("balance-{}-{}", self.statement.currency, self.span.name())
    }
}

async fn show(State(app): State<App>, member: Member, Query(asked): Query<Asked>) -> Result<Response, Refusal> {
    let seen = Seen::load(&mut member.reads(&app).await?, &member, &asked).await?;
    Ok(page::render(&app, &member, seen))
}

/// One line a movement, the oldest first. Times are local with their offset.
async fn spreadsheet(State(app): State<App>, member: Member, Query(asked): Query<Asked>) -> Result<Response, Refusal> {
    let seen = Seen::load(&mut member.reads(&app).await?, &member, &asked).await?;
    let currency = seen.statement.currency.as_str();
    let mut rows = vec![["time", "what", "document", "currency", "amount", "balance"].map(str::to_owned).to_vec()];
    rows.extend(seen.statement.entries.iter().map(|entry| {
        vec![
            seen.dates.local(entry.at).to_rfc3339_opts(chrono::SecondsFormat::Secs, false),
            cell(&entry.told(seen.dates.words)),
            entry.document().unwrap_or_default().to_owned(),
            currency.to_owned(),
            plain_amount(entry.amount_minor, currency),
            plain_amount(entry.balance_minor, currency),
        ]
    }));
    table(&format!("{}.csv", seen.file_stem()), rows).map_err(Refusal::damaged)
}

async fn print(State(app): State<App>, member: Member, Query(asked): Query<Asked>) -> Result<Response, Refusal> {
    let mut desk = member.reads(&app).await?;
    let seen = Seen::load(&mut desk, &member, &asked).await?;
    let letterhead = Letterhead::load(&mut desk, &member.customer_id, &member.locale).await?;
    drop(desk);
    let file_name = format!("{}.pdf", seen.file_stem());
    let file = paper::print(letterhead, &seen.statement, seen.dates, &seen.span.told(&seen.dates), file_name).await?;
    Ok(handed_out(file, "application/pdf"))
}
