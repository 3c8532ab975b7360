//! `portico settings`: what customers may do by themselves in the portal, and how long ahead they are told of a renewal.

use portico::platform::config::Config;
use portico::platform::db::Db;
use portico::services::settings;
use portico::services::subscriptions::{self, RenewalNotice};
use portico::services::{Actor, Desk};

use super::{Done, app, by_place, vendor_named};

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
    /// How many days before it renews customers are told of a period of a year or longer; 0: not at all. At most 90.
    #[arg(long, value_name = "DAYS")]
    renewal_notice_days_year: Option<u32>,
    /// The same of a period from a quarter up to a year. At most 30.
    #[arg(long, value_name = "DAYS")]
    renewal_notice_days_shorter: Option<u32>,
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
        let told = subscriptions::renewal_notice(&mut desk).await?;
        let notice = RenewalNotice {
            year_days: self.renewal_notice_days_year.unwrap_or(told.year_days),
            shorter_days: self.renewal_notice_days_shorter.unwrap_or(told.shorter_days),
        };
        if new != now {
            settings::save(&mut desk, new).await?;
        }
        if notice != told {
            subscriptions::set_renewal_notice(&mut desk, notice).await.map_err(by_place)?;
        }
        desk.commit().await?;
        println!("customers-may-pause = {}", new.customers_may_pause);
        println!("customers-may-choose-interval = {}", new.customers_may_choose_interval);
        println!("customers-may-choose-billing-day = {}", new.customers_may_choose_billing_day);
        println!("customers-may-cap-spend = {}", new.customers_may_cap_spend);
        println!("renewal-notice-days-year = {}", notice.year_days);
        println!("renewal-notice-days-shorter = {}", notice.shorter_days);
        Ok(())
    }
}
