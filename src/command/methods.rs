//! `portico methods`: which payment methods customers are offered, by country and currency. Bank transfers are offered with their accounts
//! (`portico bank account`).

use clap::Subcommand;
use portico::platform::config::Config;
use portico::platform::db::Db;
use portico::services::payments::{self, Audience, Offer, OfferedMethod};
use portico::services::{Actor, Desk, Refusal};

use super::{AtVendor, Done, app, vendor_named};

pub type Methods = AtVendor<What>;

#[derive(Subcommand)]
pub enum What {
    /// Each method, and whom it is offered to.
    Show,
    /// Set the rule of a method, in place of the one before it. What customers have on file stays there.
    Set {
        /// card, apple_pay, google_pay, link (wallets are offered where cards are) or sepa_debit.
        #[arg(value_parser = method)]
        method: OfferedMethod,
        /// Offer it to nobody.
        #[arg(long, conflicts_with_all = ["countries", "currencies"])]
        off: bool,
        /// Customers of which countries, separated by commas. Default: of all.
        #[arg(long, value_delimiter = ',')]
        countries: Vec<String>,
        /// For which currencies, separated by commas. Default: for all it can pay.
        #[arg(long, value_delimiter = ',')]
        currencies: Vec<String>,
    },
    /// How accounts are debited; without a flag, as it is.
    Debits {
        /// Your creditor identifier, as your bank registered it. Until it is set your payment provider's is used.
        #[arg(long)]
        creditor_id: Option<String>,
        /// Calendar days before a debit that its payer is told of it: 14, unless you agreed on fewer with your customers.
        #[arg(long)]
        notice_days: Option<u32>,
    },
}

fn method(name: &str) -> Result<OfferedMethod, String> {
    let known = || OfferedMethod::ALL.iter().map(|method| method.name()).collect::<Vec<_>>().join(", ");
    OfferedMethod::from_name(name).ok_or_else(|| format!("there are {}", known()))
}

impl Methods {
    pub async fn run(self, config: Config, db: Db) -> Done {
        let app = app(config, db).await?;
        let vendor = vendor_named(&app, self.vendor.as_deref())?;
        let mut desk = Desk::write(&app, &vendor, Actor::System).await?;
        match self.what {
            What::Debits { creditor_id, notice_days } => {
                debits(&mut desk, creditor_id.as_deref(), notice_days).await?;
                return Ok(desk.commit().await?);
            }
            What::Set { method, off, countries, currencies } => {
                let audience = Audience::new(&countries, &currencies).map_err(Refusal::Fields)?;
                payments::set_offer(&mut desk, &Offer { method, is_offered: !off, audience }).await?;
            }
            What::Show => {}
        }
        for offer in payments::offers(&mut desk).await? {
            println!("{}", line(&offer));
        }
        Ok(desk.commit().await?)
    }
}

async fn debits(desk: &mut Desk, creditor_id: Option<&str>, notice_days: Option<u32>) -> Done {
    let now = payments::debit_terms(desk).await?;
    let mut new = now.clone();
    if let Some(text) = creditor_id {
        new.creditor_id = Some(payments::creditor_id(text)?);
    }
    new.notice_days = notice_days.unwrap_or(new.notice_days);
    if new != now {
        payments::set_debit_terms(desk, &new).await?;
    }
    println!("creditor-id = {}", new.creditor_id.as_ref().map_or("the payment provider's", |id| id.text()));
    println!("notice-days = {}", new.notice_days);
    Ok(())
}

/// `sepa_debit  customers in AT, DE; for EUR`
fn line(offer: &Offer) -> String {
    if !offer.is_offered {
        return format!("{}  off", offer.method.name());
    }
    let among = |codes: &[String], all: &str| if codes.is_empty() { all.to_owned() } else { codes.join(", ") };
    let (countries, currencies) = (among(offer.audience.countries(), "all countries"), among(offer.audience.currencies(), "every currency it can pay"));
    format!("{}  customers in {countries}; for {currencies}", offer.method.name())
}
