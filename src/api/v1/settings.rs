//! Settings: what customers may do by themselves in the portal, and how long ahead they are told of a renewal.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::give::Json;
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::api::take::{Body, Nothing};
use crate::services::api_keys::Scope;
use crate::services::subscriptions::{self, RenewalNotice};
use crate::services::{Desk, settings};

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/settings", Scope::SettingsRead, get).named("getSettings", "Get the settings"),
        Route::patch("/settings", Scope::SettingsWrite, update).named("updateSettings", "Change the settings").about("What is absent stays as it is."),
    ]
}

/// What your customers may do by themselves, which your programs may always; and when they are told of a renewal.
#[derive(Serialize, ToSchema)]
pub struct Settings {
    /// Pause their plan.
    pub customers_may_pause: bool,
    /// Choose among the intervals their plan is sold at.
    pub customers_may_choose_interval: bool,
    /// Choose the day of the month their periods begin on.
    pub customers_may_choose_billing_day: bool,
    /// Set a cap on what a period’s usage costs. Your software has to ask for entitlements, or to hear of the events, and stop.
    pub customers_may_cap_spend: bool,
    /// How many days before it renews your customers are told of a period of a year or longer; 0: not at all.
    #[schema(maximum = 90)]
    pub renewal_notice_days_year: u32,
    /// The same of a period from a quarter up to a year. Of shorter ones nobody is told.
    #[schema(maximum = 30)]
    pub renewal_notice_days_shorter: u32,
}

/// What is to be different.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingsChanges {
    pub customers_may_pause: Option<bool>,
    pub customers_may_choose_interval: Option<bool>,
    pub customers_may_choose_billing_day: Option<bool>,
    pub customers_may_cap_spend: Option<bool>,
    pub renewal_notice_days_year: Option<u32>,
    pub renewal_notice_days_shorter: Option<u32>,
}

fn shown(settings: settings::Settings, notice: RenewalNotice) -> Settings {
    Settings {
        customers_may_pause: settings.customers_may_pause,
        customers_may_choose_interval: settings.customers_may_choose_interval,
        customers_may_choose_billing_day: settings.customers_may_choose_billing_day,
        customers_may_cap_spend: settings.customers_may_cap_spend,
        renewal_notice_days_year: notice.year_days,
        renewal_notice_days_shorter: notice.shorter_days,
    }
}

async fn get(desk: &mut Desk, Nothing: Nothing) -> Result<Json<Settings>, Problem> {
    Ok(Json(shown(settings::load(desk).await?, subscriptions::renewal_notice(desk).await?)))
}

async fn update(desk: &mut Desk, Body(changes): Body<SettingsChanges>) -> Result<Json<Settings>, Problem> {
    let now = settings::load(desk).await?;
    let new = settings::Settings {
        customers_may_pause: changes.customers_may_pause.unwrap_or(now.customers_may_pause),
        customers_may_choose_interval: changes.customers_may_choose_interval.unwrap_or(now.customers_may_choose_interval),
        customers_may_choose_billing_day: changes.customers_may_choose_billing_day.unwrap_or(now.customers_may_choose_billing_day),
        customers_may_cap_spend: changes.customers_may_cap_spend.unwrap_or(now.customers_may_cap_spend),
    };
    if new != now {
        settings::save(desk, new).await?;
    }
    let told = subscriptions::renewal_notice(desk).await?;
    let notice = RenewalNotice {
        year_days: changes.renewal_notice_days_year.unwrap_or(told.year_days),
        shorter_days: changes.renewal_notice_days_shorter.unwrap_or(told.shorter_days),
    };
    if notice != told {
        subscriptions::set_renewal_notice(desk, notice).await?;
    }
    Ok(Json(shown(new, notice)))
}
