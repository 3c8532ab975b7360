//! `portico credit`: credit in a customer's balance, given by hand.

use billing::calendar::{Zone, midnight};
use chrono::NaiveDate;
use portico::platform::config::Config;
use portico::platform::db::Db;
use portico::services::{Actor, Desk, FieldError, Refusal, balance, customers};
use portico::words::Words;

use super::{Done, app, missing, typed_amount, vendor_named};

#[derive(clap::Args)]
pub struct Credit {
    /// Whose customer, by the vendor's name or id. Default: the only vendor's.
    #[arg(long)]
    vendor: Option<String>,
    /// Our id of the customer, or ext: and the vendor's own.
    #[arg(long)]
    customer: String,
    /// How much, such as 25.00.
    #[arg(long)]
    amount: String,
    /// ISO 4217. Default: the customer's.
    #[arg(long)]
    currency: Option<String>,
    /// What for: the customer reads it.
    #[arg(long)]
    description: String,
    /// The first day (YYYY-MM-DD, in the vendor's time zone) on which nothing is left of it. Default: it lasts until it is used.
    #[arg(long)]
    expires_on: Option<NaiveDate>,
}

impl Credit {
    pub async fn run(self, config: Config, db: Db) -> Done {
        if self.description.trim().is_empty() {
            return Err("--description: say what it is for: the customer reads it".into());
        }
        let app = app(config, db).await?;
        let vendor = vendor_named(&app, self.vendor.as_deref())?;
        let zone: Zone = vendor.time_zone.parse()?;
        let mut desk = Desk::write(&app, &vendor, Actor::System).await?;
        let customer = customers::find(&mut desk, &self.customer).await.map_err(|refusal| missing(refusal, "customer", &self.customer))?;
        let currency = self.currency.unwrap_or(customer.currency);
        billing::money::Currency::from_code(&currency)?;
        let amount_minor = typed_amount(&self.amount, &currency)?;
        let expires_at = self.expires_on.map(|day| midnight(day, zone)).transpose()?;
        balance::grant(&mut desk, &customer.id, &currency, amount_minor, &self.description, expires_at).await.map_err(by_flag)?;
        let left_minor = balance::total(&mut desk, &customer.id, &currency).await?;
        desk.commit().await?;
        println!("{} has {} in its balance.", customer.name, Words::of("en").money(left_minor, &currency));
        Ok(())
    }
}

/// A field is told by its flag, and here an end is a day.
fn by_flag(refusal: Refusal) -> Refusal {
    let named = |error: FieldError| FieldError { field: if error.field == "expires_at" { "expires_on" } else { error.field }, ..error };
    match refusal {
        Refusal::Fields(errors) => Refusal::Fields(errors.into_iter().map(named).collect()),
        refusal => refusal,
    }
}
