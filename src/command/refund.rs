//! `portico refund`: money given back: of an invoice, by a credit note, or of a purchase, what is left in the balance of what was paid in.

use portico::platform::config::Config;
use portico::platform::db::Db;
use portico::services::invoices::{self, CreditRequest};
use portico::services::{Actor, Desk, purchases};
use portico::words::Words;

use super::{Done, app, missing, typed_amount, vendor_named};

#[derive(clap::Args)]
pub struct Refund {
    /// Whose, by the vendor's name or id. Default: the only vendor's.
    #[arg(long)]
    vendor: Option<String>,
    /// The invoice's number, such as 2026-0012; or the id of a top-up or a credit pack (pur_…).
    of: String,
    /// How much, with tax, such as 25.00. Default: all that can go back.
    #[arg(long)]
    amount: Option<String>,
    /// Of an invoice: into the customer's balance instead of where it was paid from; what is still due of it is lowered first.
    #[arg(long)]
    to_balance: bool,
}

impl Refund {
    pub async fn run(self, config: Config, db: Db) -> Done {
        let app = app(config, db).await?;
        let vendor = vendor_named(&app, self.vendor.as_deref())?;
        let mut desk = Desk::write(&app, &vendor, Actor::System).await?;
        let told = if self.of.starts_with("pur_") { self.of_purchase(&mut desk).await? } else { self.of_invoice(&mut desk).await? };
        desk.commit().await?;
        println!("{told}");
        Ok(())
    }

    async fn of_purchase(&self, desk: &mut Desk) -> Result<String, Box<dyn std::error::Error>> {
        if self.to_balance {
            return Err("what was paid into the balance is there already: leave --to-balance away".into());
        }
        let purchase = purchases::load(desk, &self.of).await.map_err(|refusal| missing(refusal, "purchase", &self.of))?;
        let amount_minor = self.amount.as_deref().map(|amount| typed_amount(amount, &purchase.currency)).transpose()?;
        let refunded = purchases::refund(desk, &purchase.id, amount_minor).await?;
        let money = |minor| Words::of("en").money(minor, &refunded.currency);
        let bonus = if refunded.bonus_minor > 0 { format!(", and {} that was given on top is gone", money(refunded.bonus_minor)) } else { String::new() };
        Ok(format!("{} leaves the balance and goes back to where it was paid from{bonus}.", money(refunded.amount_minor)))
    }

    async fn of_invoice(&self, desk: &mut Desk) -> Result<String, Box<dyn std::error::Error>> {
        let invoice = invoices::numbered(desk, &self.of).await.map_err(|refusal| missing(refusal, "invoice", &self.of))?;
        let amount_minor = self.amount.as_deref().map(|amount| typed_amount(amount, &invoice.currency)).transpose()?;
        let request = match (self.to_balance, amount_minor) {
            (false, amount_minor) => CreditRequest::Refund(amount_minor),
            (true, Some(amount_minor)) => CreditRequest::Amount(amount_minor),
            (true, None) => CreditRequest::Whole,
        };
        let note = invoices::credit(desk, &invoice.id, &request).await?;
        let amount = Words::of("en").money(note.document.total_minor.saturating_neg(), &invoice.currency);
        let way = if self.to_balance { "is in the customer's balance" } else { "goes back to where it was paid from" };
        Ok(format!("{amount} of {} {way}, by credit note {}.", invoice.number, note.number))
    }
}
