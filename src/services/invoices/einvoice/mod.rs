//! The structured invoice: an issued document as EN 16931 has it, for programs to read, in both syntaxes of the standard.
//!
//! | file | what it is |
//! |---|---|
//! | `mod` | [`Document`]: the standard's business terms, named by their numbers (BT-1, BG-23), in no syntax |
//! | `draw` | draws them up from the frozen document |
//! | `cii` | writes them as UN/CEFACT Cross Industry Invoice, the syntax that Factur-X and ZUGFeRD embed in the PDF |
//! | `ubl` | writes them as OASIS UBL 2.1 Invoice or CreditNote |
//! | `xml` | elements and escaping |
//!
//! Pure functions of the snapshot: the same document gives the same bytes whenever it is asked for. Whatever is computed here is
//! checked against the rules published with the standard (`src/tests/einvoice`).
//!
//! What the standard asks for and the snapshot has otherwise:
//!
//! - **A credit note is positive.** The snapshot's amounts are below zero; here every sign is turned, so a charge on a credit note
//!   becomes a line of negative quantity.
//! - **Lines are net.** Where prices include tax, a line is its gross less its discount less its own shares of the document's tax,
//!   which were spread by largest remainder when it was issued: so the net lines sum to the document's net exactly.
//! - **A line has one tax.** Where several rates apply to it (a federal and a provincial one), they are one of their sum, at the tax that
//!   they come to together.
//! - **Amounts have two decimals.** In currencies with more (BHD), each line and tax is rounded to two, the amount due is the nearest, the
//!   rounding amount (BT-114) takes the difference, and a note says the exact amount.
//! - **No price is negative.** A credit among charges has quantity −1. A line whose price and quantity do not multiply out to its amount (tiers,
//!   shares of a period, minimums) has quantity 1 and says in its description how it comes about.
//! - **Outside the scope of tax** (category O) a document names no VAT id, so the parties' ids stand as other identifiers. Where only some
//!   lines carry no tax, those are exempt (E): O tolerates no other category beside it.
//! - **What was paid** is what the balance paid on the day of issue. Later payments change no document.

mod cii;
mod draw;
mod ubl;
mod xml;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use billing::invoice::DocumentKind;

pub use cii::cii;
pub use draw::{draw, is_known};
pub use ubl::ubl;

/// BT-24: what the document conforms to, the core of the standard and no national addition.
pub const SPECIFICATION: &str = "urn:cen.eu:en16931:2017";

/// An invoice or credit note in the standard's terms. Amounts are of major units, as they are written.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// BT-1
    pub number: String,
    /// BT-2
    pub issued_on: NaiveDate,
    /// BT-3: 380 or 381.
    pub kind: DocumentKind,
    /// BT-5
    pub currency: String,
    /// BT-9
    pub due_on: Option<NaiveDate>,
    /// BT-13
    pub purchase_order: Option<String>,
    /// BT-20
    pub terms: Option<String>,
    /// BT-22
    pub notes: Vec<String>,
    /// BT-25: numbers of the invoices a credit note corrects.
    pub corrects: Vec<String>,
    /// BG-4
    pub seller: Party,
    /// BG-7
    pub buyer: Party,
    /// BG-14: all that the lines stand for.
    pub period: Option<Days>,
    /// BG-22
    pub totals: Totals,
    /// BG-23
    pub taxes: Vec<Tax>,
    /// BG-25
    pub lines: Vec<Line>,
}

/// Who issues (BG-4) or receives (BG-7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// BT-27, BT-44
    pub legal_name: String,
    /// BT-28, BT-45: where it is another.
    pub trading_name: Option<String>,
    /// BT-29, BT-46: what it is known by where it has no VAT id to be known by.
    pub identifier: Option<String>,
    /// BT-31, BT-48: begins with its country.
    pub vat_id: Option<String>,
    /// BT-32, of the seller: a tax number of its country that is no VAT id.
    pub tax_registration: Option<String>,
    /// BT-34 and BT-43, of the seller.
    pub email: Option<String>,
    /// BG-5, BG-8
    pub address: super::snapshot::Address,
    /// BT-40, BT-55
    pub country: String,
}

/// Both days belong to it: BT-73 and BT-74, BT-134 and BT-135.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days {
    pub first: NaiveDate,
    pub last: NaiveDate,
}

/// BG-22. Laws: `without_tax` = Σ lines; `with_tax` = `without_tax` + `tax`; `due` = `with_tax` − `prepaid` + `rounding`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    /// BT-106 and, there being no allowances of the whole document, BT-109.
    pub without_tax: Decimal,
    /// BT-110
    pub tax: Decimal,
    /// BT-112
    pub with_tax: Decimal,
    /// BT-113
    pub prepaid: Decimal,
    /// BT-114
    pub rounding: Decimal,
    /// BT-115
    pub due: Decimal,
}

/// What a line or a part of the document is to the tax: BT-118, BT-151. Code list UNCL 5305.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    Standard,
    ZeroRated,
    Exempt,
    ReverseCharge,
    OutsideScope,
}

impl Category {
    pub fn code(self) -> &'static str {
        match self {
            Category::Standard => "S",
            Category::ZeroRated => "Z",
            Category::Exempt => "E",
            Category::ReverseCharge => "AE",
            Category::OutsideScope => "O",
        }
    }

    /// BT-121. An exemption is of the customer, and which law it rests on is not known here: it has its text alone.
    pub fn reason_code(self) -> Option<&'static str> {
        match self {
            Category::ReverseCharge => Some("VATEX-EU-AE"),
            Category::OutsideScope => Some("VATEX-EU-O"),
            Category::Standard | Category::ZeroRated | Category::Exempt => None,
        }
    }
}

/// BG-23: the lines of one category and rate.
#[derive(Clone, Debug, PartialEq)]
pub struct Tax {
    pub category: Category,
    /// BT-119
    pub percent: Decimal,
    /// BT-116
    pub base: Decimal,
    /// BT-117
    pub amount: Decimal,
    /// BT-120
    pub reason: Option<String>,
}

/// BG-25. Law: `amount` = `quantity` × `price` − `allowance`.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// BT-153
    pub name: String,
    /// BT-154
    pub description: Option<String>,
    /// BG-26
    pub period: Option<Days>,
    /// BT-129, of units counted one by one.
    pub quantity: Decimal,
    /// BT-146: never negative.
    pub price: Decimal,
    /// BG-27: the discount; none where it is zero.
    pub allowance: Option<Allowance>,
    /// BT-131
    pub amount: Decimal,
    /// BT-151
    pub category: Category,
    /// BT-152
    pub percent: Decimal,
}

/// BG-27
#[derive(Clone, Debug, PartialEq)]
pub struct Allowance {
    /// BT-136
    pub amount: Decimal,
    /// BT-139
    pub reason: String,
}

/// BT-140: a discount, in code list UNCL 5189.
const DISCOUNT: &str = "95";
/// BT-130: one, in UN/ECE recommendation 20. What is counted stands in the line's texts: meters count what vendors name.
const ONE: &str = "C62";

/// BT-3, code list UNCL 1001.
fn type_code(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Invoice => "380",
        DocumentKind::CreditNote => "381",
    }
}
