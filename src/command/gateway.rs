//! `portico gateway`: which payment gateway takes a vendor's money. Keys come in by standard input or the environment, where no list of
//! processes shows them, and are never shown again.

use std::io::BufRead as _;

use clap::{Subcommand, ValueEnum};
use portico::platform::config::Config;
use portico::platform::db::Db;
use portico::services::payments::CardEntry;
use portico::services::payments::connections::{self, Changes, Connection};
use portico::services::payments::stripe::keys::{Kind, PublishableKey, SecretKey, WebhookSecret};
use portico::services::vendors::Vendor;
use portico::services::{Actor, Desk};

use super::{AtVendor, Done, app, vendor_named};

pub type Gateway = AtVendor<What>;

#[derive(Subcommand)]
pub enum What {
    /// Connect a vendor's account, or change how it is connected: what is not said stays as it is.
    #[command(subcommand)]
    Set(Set),
    /// Show how the vendor is connected, and the address to tell the gateway.
    Show,
    /// Let it go. What was charged there can't be asked about, nor given back, until it is connected again.
    Remove,
}

#[derive(Subcommand)]
pub enum Set {
    Stripe(StripeAccount),
}

#[derive(clap::Args)]
pub struct StripeAccount {
    /// Read the secret key (sk_…, or a restricted one, rk_…) from standard input, one line.
    #[arg(long, conflicts_with = "secret_key")]
    secret_key_stdin: bool,
    #[arg(long, env = "STRIPE_SECRET_KEY", hide = true, hide_env_values = true)]
    secret_key: Option<String>,
    /// The key that browsers are given: pk_….
    #[arg(long, env = "STRIPE_PUBLISHABLE_KEY")]
    publishable_key: Option<String>,
    /// What Stripe signs its notices with, as its page of the webhook endpoint shows it: whsec_….
    #[arg(long, env = "STRIPE_WEBHOOK_SECRET", hide_env_values = true)]
    webhook_secret: Option<String>,
    /// Where customers type cards in: on Stripe's page (least to answer for), or in Stripe's fields within the portal where script runs.
    #[arg(long, value_enum)]
    card_entry: Option<Where>,
    /// Where the API is asked, to try the portal with a stand-in for Stripe. Default: Stripe itself.
    #[arg(long, env = "STRIPE_API_BASE")]
    api_base: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Where {
    Page,
    Fields,
}

impl Gateway {
    pub async fn run(self, config: Config, db: Db) -> Done {
        let app = app(config, db).await?;
        let vendor = vendor_named(&app, self.vendor.as_deref())?;
        let mut desk = Desk::write(&app, &vendor, Actor::System).await?;
        match self.what {
            What::Set(Set::Stripe(account)) => connections::change(&mut desk, account.changes()?).await?,
            What::Remove => connections::remove(&mut desk).await?,
            What::Show => {}
        }
        let connection = connections::load(&mut desk.tx, &app.config.keys, &vendor.id).await?;
        desk.commit().await?;
        match connection {
            Some(connection) => show(&connection, &connections::notices_url(&app.config.public_url, &vendor)),
            None => println!("gateway = {}", built_in(&vendor)),
        }
        Ok(())
    }
}

impl StripeAccount {
    fn changes(self) -> Result<Changes, Box<dyn std::error::Error>> {
        let typed = match self.secret_key_stdin {
            true => Some(std::io::stdin().lock().lines().next().unwrap_or_else(|| Ok(String::new()))?),
            false => self.secret_key,
        };
        Ok(Changes {
            secret_key: typed.map(|key| SecretKey::parse(key.trim())).transpose()?,
            publishable_key: self.publishable_key.map(|key| PublishableKey::parse(&key)).transpose()?,
            webhook_secret: self.webhook_secret.map(|secret| WebhookSecret::parse(&secret)).transpose()?,
            entry: self.card_entry.map(|entry| match entry {
                Where::Page => CardEntry::Page,
                Where::Fields => CardEntry::Fields,
            }),
            api_base: self.api_base,
        })
    }
}

fn built_in(vendor: &Vendor) -> &'static str {
    if vendor.is_test { "sandbox (built in; no money moves)" } else { "none: nothing can be charged" }
}

fn show(connection: &Connection, notices_url: &str) {
    let kind = match connection.secret_key.kind() {
        Kind::Secret => "secret key",
        Kind::Restricted => "restricted key",
    };
    println!("gateway = stripe ({})", if connection.is_live() { "live" } else { "test mode" });
    println!("secret-key = {} ({kind})", connection.secret_key.hint());
    println!("publishable-key = {}", connection.publishable_key.text());
    println!("card-entry = {}", connections::entry_name(connection.entry));
    println!("api-base = {}", connection.api_base);
    println!("webhook-url = {notices_url}");
    println!(
        "webhook-secret = {}",
        if connection.webhook_secret.is_some() { "set" } else { "not set: Stripe’s notices are refused, and payments are asked about instead" }
    );
}
