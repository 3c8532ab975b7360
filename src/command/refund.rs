//! `portico refund`: money of an invoice given back, by a credit note.

use portico::platform::config::Config;
use portico::platform::db::Db;
use portico::services::invoices::{self, CreditRequest};
use portico::services::{Actor, Desk};
use portico::words::Words;

use super::{Done, app, typed_amount, vendor_named};

#[derive(clap::Args)]
pub struct Refund {
    /// Whose invoice, by the vendor's name or id. Default: the only vendor's.
    #[arg(long)]
    vendor: Option<String>,
    /// The invoice's number, such as 2026-0012.
    number: String,
    /// How much, with tax, such as 25.00. Default: all that can go back.
    #[arg(long)]
    amount: Option<String>,
    /// Into the customer's balance instead of where it was paid from; what is still due of the invoice is lowered first.
    #[arg(long)]
    to_balance: bool,
}

impl Refund {
    pub async fn run(self, config: Config, db: Db) -> Done {
        let app = app(config, db).await?;
        let vendor = vendor_named(&app, self.vendor.as_deref())?;
        let mut desk = Desk::write(&app, &vendor, Actor::System).await?;
        let invoice = invoices::numbered(&mut desk, &self.number).await?;
        let amount_minor = self.amount.map(|amount| typed_amount(&amount, &invoice.currency)).transpose()?;
        let request = match (self.to_balance, amount_minor) {
            (false, amount_minor) => CreditRequest::Refund(amount_minor),
            (true, Some(amount_minor)) => CreditRequest::Amount(amount_minor),
            (true, None) => CreditRequest::Whole,
        };
        let note = invoices::credit(&mut desk, &invoice.id, &request).await?;
        desk.commit().await?;
        let amount = Words::of("en").money(note.document.total_minor.saturating_neg(), &invoice.currency);
        let way = if self.to_balance { "is in the customer's balance" } else { "goes back to where it was paid from" };
        println!("{amount} of {} {way}, by credit note {}.", invoice.number, note.number);
        Ok(())
    }
}
