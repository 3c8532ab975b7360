//! What came in on the vendor's bank accounts: statements taken in, and entries matched to invoices by hand.

use axum::http::Method;
use billing::calendar::local_date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::give::{Json, Page};
use crate::api::problem::{FIELDS, Problem, Wrong};
use crate::api::route::Route;
use crate::api::take::{Body, Id, Limit, Query, after};
use crate::api::values::Day;
use crate::services::api_keys::Scope;
use crate::services::bank::{self, Entry, EntryStatus, Format, ImportError, Which};
use crate::services::payments::Errand;
use crate::services::{Desk, Refusal};

pub fn routes() -> Vec<Route> {
    vec![
        Route::errand(Method::POST, "/bank-statements", Scope::InvoicesWrite, import)
            .named("importBankStatement", "Take in a bank statement")
            .about("Each entry once: the same statement again adds nothing. Whatever names its invoice by its reference pays it, and what is over goes into the balance. With a mistake in it, nothing is written, and every mistake is named with its place."),
        Route::get("/bank-entries", Scope::InvoicesRead, list).named("listBankEntries", "List bank entries").about("The last taken in first."),
        Route::get("/bank-entries/{bank_entry}", Scope::InvoicesRead, get).named("getBankEntry", "Get a bank entry"),
        Route::post("/bank-entries/{bank_entry}/match", Scope::InvoicesWrite, match_entry)
            .named("matchBankEntry", "Say what an unmatched bank entry pays")
            .about("Invoices of one customer, each paid as far as it is due, in the order given and as of the day it was booked; the rest goes into the balance. Of money that went back, the entry by which it had come in."),
        Route::post("/bank-entries/{bank_entry}/take-back", Scope::InvoicesWrite, take_back)
            .named("takeBackBankEntry", "Take back what a bank entry paid")
            .about("Its invoices are due again, and it waits to be matched rightly."),
    ]
}

/// How a statement is written.
#[derive(Clone, Copy, Deserialize, ToSchema)]
pub enum StatementFormat {
    #[serde(rename = "camt.053")]
    Camt053,
    #[serde(rename = "csv")]
    Csv,
}

/// A statement.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BankStatement {
    /// By what it looks like, unless given.
    pub format: Option<StatementFormat>,
    /// The file’s text. CSV has a header: `booked_on` (YYYY-MM-DD), `amount` (with a decimal point; below zero it went back), `currency`, `text` (what the payer wrote), and where known `account`, `payer_name`, `payer_account`, `bank_reference`, `returns`.
    #[schema(min_length = 1)]
    pub content: String,
}

/// What taking in a statement came to.
#[derive(Serialize, ToSchema)]
pub struct BankStatementTaken {
    /// Entries that were known already.
    pub known: usize,
    /// Entries that are new.
    pub entries: Vec<BankEntry>,
}

/// Where an entry stands.
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BankEntryStatus {
    Unmatched,
    Matched,
    /// It came in, and the bank took it back.
    Returned,
}

/// Money that came in on an account of yours, or went back.
#[derive(Serialize, ToSchema)]
pub struct BankEntry {
    pub id: String,
    /// The account’s number.
    pub account: String,
    pub currency: String,
    /// Below zero: it went back.
    pub amount_minor: i64,
    pub booked_on: Day,
    /// Of one that is matched: the day it is posted on, which is the first your books were open where they were closed on the day it was booked.
    pub posted_on: Option<Day>,
    pub bank_reference: Option<String>,
    pub payer_name: Option<String>,
    pub payer_account: Option<String>,
    /// What the payer wrote.
    pub text: String,
    pub status: BankEntryStatus,
    /// Why nothing was done of it by itself, while it is unmatched: for programs, then for people.
    pub reason: Option<String>,
    pub reason_text: Option<String>,
    /// Invoices of its amount whose customer the payer may be: for a person to decide.
    pub proposals: Vec<BankEntryProposal>,
}

/// An invoice that an entry may be for.
#[derive(Serialize, ToSchema)]
pub struct BankEntryProposal {
    pub invoice_id: String,
    pub invoice_number: String,
    pub customer_id: String,
    pub customer_name: String,
}

async fn shown(desk: &mut Desk, entry: Entry) -> Result<BankEntry, Refusal> {
    let proposals = bank::proposals(desk, &entry).await?;
    let zone = desk.vendor.zone()?;
    let (status, reason) = match entry.status {
        EntryStatus::Unmatched(reason) => (BankEntryStatus::Unmatched, Some(reason)),
        EntryStatus::Matched => (BankEntryStatus::Matched, None),
        EntryStatus::Returned => (BankEntryStatus::Returned, None),
    };
    Ok(BankEntry {
        id: entry.id,
        account: entry.account,
        currency: entry.currency,
        amount_minor: entry.amount_minor,
        booked_on: Day(entry.booked_on),
        posted_on: entry.posted_at.map(|at| Day(local_date(at, zone))),
        bank_reference: entry.bank_reference,
        payer_name: entry.payer_name,
        payer_account: entry.payer_account,
        text: entry.text,
        status,
        reason: reason.map(|reason| reason.name().to_owned()),
        reason_text: reason.map(|reason| reason.sentence().to_string()),
        proposals: proposals
            .into_iter()
            .map(|of| BankEntryProposal {
                invoice_id: of.invoice_id,
                invoice_number: of.invoice_number,
                customer_id: of.customer_id,
                customer_name: of.customer_name,
            })
            .collect(),
    })
}

async fn import(errand: Errand, Body(new): Body<BankStatement>) -> Result<Json<BankStatementTaken>, Problem> {
    let format = new.format.map(|format| match format {
        StatementFormat::Camt053 => Format::Camt053,
        StatementFormat::Csv => Format::Csv,
    });
    let came = bank::import(&errand, format, &new.content).await.map_err(|error| match error {
        ImportError::Refused(refusal) => Problem::from(refusal),
        ImportError::Mistakes(mistakes) => {
            let wrong = |mistake: &bank::Mistake| Wrong { pointer: Some("/content".to_owned()), parameter: None, detail: mistake.to_string() };
            Problem { errors: mistakes.iter().map(wrong).collect(), ..Problem::new(&FIELDS, "The statement can’t be used. Nothing was written.") }
        }
    })?;
    let mut desk = errand.reads().await?;
    let mut entries = Vec::new();
    for entry in came.new {
        entries.push(shown(&mut desk, entry).await?);
    }
    Ok(Json(BankStatementTaken { known: came.known, entries }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ListBankEntries {
    status: Option<BankEntryStatus>,
    /// How many a page holds: 1 to 100, 20 unless given.
    #[schema(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// The `next` of the page before.
    #[schema(pattern = "^[a-z]+_[0-9a-fA-F]{32}$")]
    after: Option<String>,
}

async fn list(desk: &mut Desk, Query(query): Query<ListBankEntries>) -> Result<Page<BankEntry>, Problem> {
    let limit = Limit::of(query.limit)?;
    let which = match query.status {
        None => Which::All,
        Some(BankEntryStatus::Unmatched) => Which::Unmatched,
        Some(BankEntryStatus::Matched) => Which::Matched,
        Some(BankEntryStatus::Returned) => Which::Returned,
    };
    let found = bank::entries(desk, which, &after(query.after)?, limit.and_one()).await?;
    let mut rows = Vec::new();
    for entry in found {
        rows.push(shown(desk, entry).await?);
    }
    Page::of(rows, limit, |row| &row.id, Ok)
}

async fn get(desk: &mut Desk, Id(id): Id) -> Result<Json<BankEntry>, Problem> {
    let entry = bank::load_entry(desk, &id).await?;
    Ok(Json(shown(desk, entry).await?))
}

/// What an entry pays: invoices, or another entry, one of the two.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BankEntryMatch {
    /// Their ids or numbers, in the order they are paid.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub invoices: Vec<String>,
    /// Of money that went back: the entry by which it had come in.
    pub returned_entry_id: Option<String>,
}

async fn match_entry(desk: &mut Desk, (Id(id), Body(of)): (Id, Body<BankEntryMatch>)) -> Result<Json<BankEntry>, Problem> {
    let targets = match (of.invoices, of.returned_entry_id) {
        (invoices, Some(_)) if !invoices.is_empty() => return Err(Problem::at("/returned_entry_id", "Give invoices or an entry, one of the two.")),
        (_, Some(entry)) => vec![entry],
        (invoices, None) => invoices,
    };
    let entry = bank::match_entry(desk, &id, &targets).await?;
    Ok(Json(shown(desk, entry).await?))
}

/// Why what an entry paid is taken back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BankEntryTakenBack {
    /// Kept with it.
    #[schema(min_length = 1, max_length = 200)]
    pub reason: String,
}

async fn take_back(desk: &mut Desk, (Id(id), Body(why)): (Id, Body<BankEntryTakenBack>)) -> Result<Json<BankEntry>, Problem> {
    bank::take_back(desk, &id, &why.reason).await?;
    get(desk, Id(id)).await
}
