//! Whether a database's records agree with each other: every invariant of the books, verified from what is stored, over all vendors in one
//! read transaction. Each family of invariants is a file; the first break is named by table, id, what was expected and what stands there.
//!
//! Everything is read in streams or stretches, so memory stays the same however much there is, and no statement is asked once a row.
//! What deliberately does not live here: mending anything.

mod bank;
mod disputes;
mod documents;
mod dunning;
mod pdfs;
mod postings;
mod purchases;
mod references;
mod settlement;
mod subscriptions;
mod undone;
mod usage;
mod write_offs;

use std::collections::BTreeMap;
use std::fmt::{self, Display};

use serde::Serialize;

use crate::app::App;
use crate::platform::db::{DbError, Tx};
use crate::services::{Actor, Desk, Refusal, vendors};

/// What a check came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// How many of each noun were looked at.
    pub checked: BTreeMap<&'static str, u64>,
    /// The first thing that does not hold; `None`: everything does.
    pub broken: Option<Break>,
}

impl Display for Report {
    /// What was looked at.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted: Vec<String> = self.checked.iter().map(|(noun, number)| format!("{number} {noun}")).collect();
        f.write_str(&if counted.is_empty() { "nothing is there yet".to_owned() } else { counted.join(", ") })
    }
}

/// Something that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Break {
    /// Filled in by [`check`]; empty where the vendor itself is missing.
    pub vendor_id: String,
    pub table: &'static str,
    pub id: String,
    /// What about it: a column, or a sum of several.
    pub what: String,
    pub expected: String,
    pub found: String,
}

impl Display for Break {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Break { vendor_id, table, id, what, expected, found } = self;
        write!(f, "{table} {id} of {vendor_id}: {what} should be {expected} and is {found}")
    }
}

/// Why a family of invariants was not gone through to its end.
enum Stop {
    Broken(Box<Break>),
    /// The database or a record could not be read.
    Failed(Refusal),
}

type Held = Result<(), Stop>;

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Stop {
        Stop::Failed(refusal)
    }
}

impl From<DbError> for Stop {
    fn from(error: DbError) -> Stop {
        Stop::Failed(error.into())
    }
}

impl From<billing::Error> for Stop {
    fn from(error: billing::Error) -> Stop {
        Stop::Failed(error.into())
    }
}

impl From<billing::money::MoneyError> for Stop {
    fn from(error: billing::money::MoneyError) -> Stop {
        Stop::Failed(billing::Error::from(error).into())
    }
}

/// What was looked at so far.
type Counts = BTreeMap<&'static str, u64>;

/// One more of a noun was looked at.
fn count(counts: &mut Counts, noun: &'static str) {
    *counts.entry(noun).or_default() += 1;
}

fn broken(table: &'static str, id: &str, what: &str, expected: impl Display, found: impl Display) -> Stop {
    let (id, what, expected, found) = (id.to_owned(), what.to_owned(), expected.to_string(), found.to_string());
    Stop::Broken(Box::new(Break { vendor_id: String::new(), table, id, what, expected, found }))
}

/// Holds that something is what it should be.
fn same<T: PartialEq + Display>(table: &'static str, id: &str, what: &str, expected: T, found: T) -> Held {
    if expected == found { Ok(()) } else { Err(broken(table, id, what, expected, found)) }
}

/// An optional text or number, for people.
fn shown<T: Display>(value: Option<T>) -> String {
    value.map_or_else(|| "nothing".to_owned(), |value| value.to_string())
}

/// Verifies everything, and ends at the first break. The error is about reading, not about what was read.
pub async fn check(app: &App) -> Result<Report, Refusal> {
    check_on(app.db.read().await?, app).await
}

/// The same on a transaction that has begun, of which nothing is kept.
pub async fn check_on(mut tx: Tx, app: &App) -> Result<Report, Refusal> {
    let mut report = Report::default();
    match references::vendors_exist(&mut tx).await {
        Ok(()) => {}
        Err(Stop::Broken(found)) => return Ok(Report { broken: Some(*found), ..report }),
        Err(Stop::Failed(refusal)) => return Err(refusal),
    }
    for vendor in vendors::all_on(&mut tx).await? {
        count(&mut report.checked, "vendors");
        let mut desk = Desk::over(tx, app, &vendor, Actor::System);
        match check_vendor(&mut desk, &mut report.checked).await {
            Ok(()) => tx = desk.tx,
            Err(Stop::Broken(found)) => return Ok(Report { broken: Some(Break { vendor_id: vendor.id.clone(), ..*found }), ..report }),
            Err(Stop::Failed(refusal)) => return Err(refusal),
        }
    }
    Ok(report)
}

/// One vendor's records; what others rest on comes first.
async fn check_vendor(desk: &mut Desk, counts: &mut Counts) -> Held {
    references::hold(desk, counts).await?;
    documents::hold(desk, counts).await?;
    pdfs::hold(desk, counts).await?;
    settlement::hold(desk, counts).await?;
    bank::hold(desk, counts).await?;
    disputes::hold(desk, counts).await?;
    write_offs::hold(desk, counts).await?;
    postings::hold(desk, counts).await?;
    purchases::hold(desk, counts).await?;
    subscriptions::hold(desk, counts).await?;
    dunning::hold(desk, counts).await?;
    usage::hold(desk, counts).await?;
    undone::hold(desk, counts).await
}
