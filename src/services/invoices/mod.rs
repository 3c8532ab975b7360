//! Invoices and credit notes: what they are made of, how they are issued, settled and corrected, and how they are read.
//!
//! What deliberately does not live here: the sums (`billing`), when they fall due (`subscriptions`), and taking money (`payments`).

mod charge;
mod correct;
mod draft;
pub mod einvoice;
mod find;
mod issue;
mod keep;
mod letterhead;
mod lines;
pub mod pdf;
mod read;
mod required;
mod settle;
mod sheet;
mod snapshot;
mod told;
mod withhold;
mod write_off;

pub(crate) use charge::CHARGES;
pub use charge::{MOST_DESCRIPTION, charge, currencies_due};
pub(crate) use correct::keep_refund;
pub use correct::{CreditRequest, credit, refundable_minor};
pub use draft::{Draft, Priced, assemble, price, prices_tax, tax_situation};
pub use find::{Filter, Found, LineName, NoteUse, Sought, find, line_names, note_use, notes_of, span_of};
pub use issue::{Issued, chain, number_in, number_of, numbers_in};
pub(crate) use issue::{issue, left_for_balance};
pub use keep::{File, Syntax, keep_pdf, kept_pdf, paper, paper_tag, structured};
pub use letterhead::Letterhead;
pub use lines::{DraftLine, PendingLine, Waits, charged, ever_charged, keep_pending, of_invoice, pending_of_customer};
pub(crate) use lines::{PENDING, of_stretch, pending_of_customers};
pub(crate) use read::load_all;
pub use read::{
    Allocated, Among, Invoice, Named, Open, Owed, Status, Summary, Uncollected, allocations_of, by_number, by_own_number, issued_after, list, load, numbered,
    open_of, page, uncollected,
};
pub use required::{Lacking, held_back_by, of_vendor_taxing};
pub(crate) use required::{held, hold, lacking, let_go};
pub(crate) use settle::{Allocation, allocate, allocate_as_of, foresee_paid, note_due_again, note_if_settled_as_of, owed, owed_of};
pub use settle::{note_declined, note_unpaid, paid_by, record_payment};
pub use sheet::sheet;
pub use snapshot::{Address, Brand, Party, Snapshot, SnapshotLine, TaxShown, UsageChart, UsageDay};
pub use told::{Sum, Told, TotalKind};
pub use withhold::{
    Certificate, TakenBack, ToWithhold, Withholding, WithholdingRate, may_withhold, remove_withholding_rate, set_withholding_rate, take_back_withholding,
    withhold, withholding_rates, withholdings_of,
};
pub(crate) use write_off::{By, give_up, make_due};
pub use write_off::{take_back_write_off, write_off};
