//! `portico bank`: the vendor's bank accounts, what statements say came in on them, and what that pays.

use std::path::{Path, PathBuf};

use billing::calendar::{Zone, local_date};
use billing::transfer::Number;
use clap::Subcommand;
use portico::platform::config::Config;
use portico::platform::db::Db;
use portico::services::bank::{self, BankAccount, Entry, EntryStatus, ImportError, Mistake, NewBankAccount, Which};
use portico::services::payments::Errand;
use portico::services::{Actor, Desk};
use portico::words::Words;

use super::{AtVendor, Done, app, vendor_named};

pub type Bank = AtVendor<What>;

#[derive(Subcommand)]
pub enum What {
    /// The accounts customers transfer money to, one for each currency.
    #[command(subcommand)]
    Account(Account),
    /// Take in a statement, CAMT.053 or CSV: each entry once, and whatever names its invoice pays it. With a mistake in the file, every one is
    /// named with its place, nothing is written, and the command ends with 2.
    Import { file: PathBuf },
    /// Entries that nothing was done of by itself, why, and which invoice each may be for.
    Unmatched,
    /// Say what an unmatched entry pays: invoices of one customer, by number or id, each as far as it is due; the rest goes into the balance.
    /// Of money that went back: the entry by which it had come in.
    Match {
        entry: String,
        #[arg(required = true)]
        targets: Vec<String>,
    },
    /// Take back what an entry paid: its invoices are due again, and it waits to be matched rightly.
    TakeBack {
        entry: String,
        #[arg(long)]
        reason: String,
    },
}

/// A statement that cannot be used: every mistake in it.
#[derive(Debug)]
pub struct Unusable(Vec<Mistake>);

impl std::fmt::Display for Unusable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let lines: Vec<String> = self.0.iter().map(Mistake::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Unusable {}

#[derive(Subcommand)]
pub enum Account {
    /// Set the account of a currency, in place of the one before it. Open invoices show it from now on.
    Set {
        /// ISO 4217.
        #[arg(long)]
        currency: String,
        /// Whose it is, as the bank knows you.
        #[arg(long)]
        holder: String,
        #[arg(long, required_unless_present = "promptpay", conflicts_with = "promptpay")]
        iban: Option<String>,
        #[arg(long)]
        bic: Option<String>,
        /// For baht: a Thai mobile number, a tax id or an e-wallet id.
        #[arg(long)]
        promptpay: Option<String>,
        /// Customers of which countries are offered it, separated by commas. Default: of all.
        #[arg(long, value_delimiter = ',')]
        countries: Vec<String>,
    },
    List,
    /// Offer no transfer in a currency any more.
    Remove {
        currency: String,
    },
}

impl Bank {
    pub async fn run(self, config: Config, db: Db) -> Done {
        let app = app(config, db).await?;
        let vendor = vendor_named(&app, self.vendor.as_deref())?;
        if let What::Import { file } = &self.what {
            let errand = Errand::new(&app, &vendor, Actor::System);
            return import(&errand, file).await;
        }
        let mut desk = Desk::write(&app, &vendor, Actor::System).await?;
        match self.what {
            What::Import { .. } => {}
            What::Unmatched => list_unmatched(&mut desk).await?,
            What::Match { entry, targets } => {
                let entry = bank::match_entry(&mut desk, &entry, &targets).await?;
                println!("{}", told(&entry, vendor.zone()?));
            }
            What::TakeBack { entry, reason } => bank::take_back(&mut desk, &entry, &reason).await?,
            What::Account(account) => {
                match account {
                    Account::Set { currency, holder, iban, bic, promptpay, countries } => {
                        let new = NewBankAccount { currency, holder, iban, bic, promptpay, countries };
                        bank::set_account(&mut desk, &new).await?;
                    }
                    Account::Remove { currency } => bank::remove_account(&mut desk, &currency).await?,
                    Account::List => {}
                }
                for account in bank::accounts(&mut desk).await? {
                    println!("{}", line(&account));
                }
            }
        }
        Ok(desk.commit().await?)
    }
}

async fn import(errand: &Errand, file: &Path) -> Done {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let came = match bank::import(errand, None, &text).await {
        Ok(came) => came,
        Err(ImportError::Mistakes(mistakes)) => return Err(Unusable(mistakes).into()),
        Err(ImportError::Refused(refusal)) => return Err(refusal.into()),
    };
    let zone = errand.vendor.zone()?;
    came.new.iter().for_each(|entry| println!("{}", told(entry, zone)));
    let matched = came.new.iter().filter(|entry| entry.status == EntryStatus::Matched).count();
    println!("{} new, {matched} of them matched; {} known already", came.new.len(), came.known);
    Ok(())
}

async fn list_unmatched(desk: &mut Desk) -> Done {
    let zone = desk.vendor.zone()?;
    let mut before = String::new();
    loop {
        let page = bank::entries(desk, Which::Unmatched, &before, 100).await?;
        let Some(last) = page.last() else { return Ok(()) };
        before.clone_from(&last.id);
        for entry in &page {
            println!("{}", told(entry, zone));
            for proposal in bank::proposals(desk, entry).await? {
                println!("    may be for {} of {}", proposal.invoice_number, proposal.customer_name);
            }
        }
    }
}

/// `ben_…  2026-03-11  EUR 107.00  Nordlicht GmbH  “Invoice 2026-0001”  It names no invoice.`
fn told(entry: &Entry, zone: Zone) -> String {
    let amount = Words::of("en").money(entry.amount_minor, &entry.currency);
    let what = match entry.status {
        EntryStatus::Unmatched(reason) => reason.sentence().to_string(),
        EntryStatus::Matched => match entry.posted_at.map(|at| local_date(at, zone)).filter(|day| *day > entry.booked_on) {
            Some(day) => format!("matched, and posted on {day}, the first day the books are open"),
            None => "matched".to_owned(),
        },
        EntryStatus::Returned => "returned by the bank".to_owned(),
    };
    let payer = entry.payer_name.as_deref().unwrap_or("somebody");
    format!("{}  {}  {amount}  {payer}  “{}”  {what}", entry.id, entry.booked_on, entry.text.replace('\n', " "))
}

/// `EUR  DE89 3704 0044 0532 0130 00  COBADEFFXXX  Kestrel Build GmbH  (customers in AT, DE)`
fn line(of: &BankAccount) -> String {
    let number = match &of.account.number {
        Number::Iban { iban, bic } => format!("{iban}  {}", bic.as_ref().map_or("no BIC", |bic| bic.text())),
        Number::PromptPay(id) => format!("PromptPay {id}"),
    };
    let whose = if of.audience.countries().is_empty() { String::new() } else { format!("  (customers in {})", of.audience.countries().join(", ")) };
    format!("{}  {number}  {}{whose}", of.currency, of.account.holder)
}
