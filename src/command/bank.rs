//! `portico bank`: the vendor's bank accounts.

use billing::transfer::Number;
use clap::Subcommand;
use portico::platform::config::Config;
use portico::platform::db::Db;
use portico::services::bank::{self, BankAccount, NewBankAccount};
use portico::services::{Actor, Desk};

use super::{Done, app, vendor_named};

#[derive(clap::Args)]
pub struct Bank {
    /// Whose, by name or id. Default: the only vendor's.
    #[arg(long, global = true)]
    vendor: Option<String>,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// The accounts customers transfer money to, one for each currency.
    #[command(subcommand)]
    Account(Account),
}

#[derive(Subcommand)]
enum Account {
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
    Remove { currency: String },
}

impl Bank {
    pub async fn run(self, config: Config, db: Db) -> Done {
        let app = app(config, db).await?;
        let vendor = vendor_named(&app, self.vendor.as_deref())?;
        let mut desk = Desk::write(&app, &vendor, Actor::System).await?;
        match self.what {
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

/// `EUR  DE89 3704 0044 0532 0130 00  COBADEFFXXX  Kestrel Build GmbH  (customers in AT, DE)`
fn line(of: &BankAccount) -> String {
    let number = match &of.account.number {
        Number::Iban { iban, bic } => format!("{iban}  {}", bic.as_ref().map_or("no BIC", |bic| bic.text())),
        Number::PromptPay(id) => format!("PromptPay {id}"),
    };
    let whose = if of.countries.is_empty() { String::new() } else { format!("  (customers in {})", of.countries.join(", ")) };
    format!("{}  {number}  {}{whose}", of.currency, of.account.holder)
}
