//! `portico init`: adds a vendor, and invites its first staff by mail and by a link printed here.

use billing::money::Currency;
use chrono_tz::Tz;
use portico::identity::people;
use portico::platform::config::{Config, ConfigError};
use portico::platform::db::Db;
use portico::services::vendors::{self, NewVendor};
use portico::services::{Actor, Desk};

use super::{Done, app};

#[derive(clap::Args)]
pub struct Init {
    /// Name customers know the vendor by.
    #[arg(long)]
    name: String,
    /// Name on invoices. Default: the name.
    #[arg(long)]
    legal_name: Option<String>,
    #[arg(long)]
    address: String,
    #[arg(long)]
    postal_code: String,
    #[arg(long)]
    city: String,
    /// ISO 3166-1 alpha-2, such as AT.
    #[arg(long)]
    country: String,
    #[arg(long)]
    tax_id: Option<String>,
    /// ISO 4217, of new customers.
    #[arg(long, default_value = "EUR", value_parser = Currency::from_code)]
    currency: Currency,
    /// IANA zone of new customers.
    #[arg(long, default_value = "UTC")]
    time_zone: Tz,
    /// Host name the vendor's portal is reached by; without one it answers on loopback.
    #[arg(long)]
    host: Option<String>,
    /// Address that letters come from and answers go to.
    #[arg(long)]
    support_email: String,
    /// Accent of the vendor's pages, #rrggbb.
    #[arg(long, default_value = "#06637a")]
    colour: String,
    /// Test payments only, everything marked, and a clock that may be set.
    #[arg(long)]
    sandbox: bool,
    /// Who is invited as the first of the vendor's staff.
    #[arg(long)]
    admin_email: String,
    #[arg(long, default_value = "Administrator")]
    admin_name: String,
}

impl Init {
    pub async fn run(self, config: Config, db: Db) -> Done {
        if !self.sandbox && config.is_key_from_file {
            return Err(ConfigError::KeyMissing(self.name).into());
        }
        // Before there is a vendor that nobody could look after.
        people::check_email(&self.admin_email, "admin_email")?;
        let app = app(config, db).await?;
        let new = NewVendor {
            host: self.host,
            legal_name: self.legal_name.unwrap_or_else(|| self.name.clone()),
            name: self.name,
            address: self.address,
            postal_code: self.postal_code,
            city: self.city,
            country: self.country,
            tax_id: self.tax_id,
            support_email: self.support_email,
            currency: self.currency,
            time_zone: self.time_zone,
            colour: self.colour,
            is_test: self.sandbox,
        };
        let vendor = vendors::add(&app, new).await?;
        let mut desk = Desk::write(&app, &vendor, Actor::System).await?;
        let invited = people::invite_staff(&mut desk, &self.admin_email, &self.admin_name, "admin").await?;
        desk.commit().await?;
        println!("{}", vendor.id);
        if let Some(token) = invited.token {
            println!("{}/invitation?token={token}", app.config.public_url);
        }
        Ok(())
    }
}
