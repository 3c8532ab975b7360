//! `portico settings`: what customers may do by themselves in the portal.

use portico::platform::config::Config;
use portico::platform::db::Db;
use portico::services::settings;
use portico::services::{Actor, Desk};

use super::{Done, app, vendor_named};

/// Without a flag, as they are.
#[derive(clap::Args)]
pub struct Settings {
    /// Whose, by name or id. Default: the only vendor's.
    #[arg(long)]
    vendor: Option<String>,
    /// Whether customers may pause their plan.
    #[arg(long, value_name = "true|false")]
    customers_may_pause: Option<bool>,
    /// Whether they may choose among the intervals their plan is sold at.
    #[arg(long, value_name = "true|false")]
    customers_may_choose_interval: Option<bool>,
    /// Whether they may choose the day of the month their periods begin on.
    #[arg(long, value_name = "true|false")]
    customers_may_choose_billing_day: Option<bool>,
    /// Whether they may set a cap on what a period's usage costs.
    #[arg(long, value_name = "true|false")]
    customers_may_cap_spend: Option<bool>,
}

impl Settings {
    pub async fn run(self, config: Config, db: Db) -> Done {
        let app = app(config, db).await?;
        let vendor = vendor_named(&app, self.vendor.as_deref())?;
        let mut desk = Desk::write(&app, &vendor, Actor::System).await?;
        let now = settings::load(&mut desk).await?;
        let new = settings::Settings {
            customers_may_pause: self.customers_may_pause.unwrap_or(now.customers_may_pause),
            customers_may_choose_interval: self.customers_may_choose_interval.unwrap_or(now.customers_may_choose_interval),
            customers_may_choose_billing_day: self.customers_may_choose_billing_day.unwrap_or(now.customers_may_choose_billing_day),
            customers_may_cap_spend: self.customers_may_cap_spend.unwrap_or(now.customers_may_cap_spend),
        };
        if new != now {
            settings::save(&mut desk, new).await?;
            desk.commit().await?;
        }
        println!("customers-may-pause = {}", new.customers_may_pause);
        println!("customers-may-choose-interval = {}", new.customers_may_choose_interval);
        println!("customers-may-choose-billing-day = {}", new.customers_may_choose_billing_day);
        println!("customers-may-cap-spend = {}", new.customers_may_cap_spend);
        Ok(())
    }
}
