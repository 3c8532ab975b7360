//! What is frozen on a subscription, and the vendor's choices: how a share of a period is measured, and whether the unused is given back.

use serde::{Deserialize, Serialize};

use super::Cycle;
use crate::{
    Result,
    calendar::{By, Instant, Period, Share, Zone, local_date, zone_name},
    explain::{ExchangeRate, ShareOf},
    money::{Currency, Rounding},
    price::{Price, exchange},
};

/// The vendor's choice for shares of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proration {
    pub by: By,
    pub rounding: Rounding,
}

impl Proration {
    /// What becomes of the unused where so much is wished: by `none` nothing is ever given back.
    pub fn gives_back(self, wished: Unused) -> Unused {
        if self.by == By::None { Unused::Kept } else { wished }
    }
}

/// What is frozen on a subscription, and the rates to convert by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Basis {
    pub subscription: String,
    pub currency: Currency,
    #[serde(with = "zone_name")]
    pub zone: Zone,
    pub proration: Proration,
    pub exchange_rates: Vec<ExchangeRate>,
}

impl Basis {
    pub(super) fn share(&self, part: Period, whole: Period) -> Result<Share> {
        Ok(Share::of(part, whole, self.proration.by, self.zone)?)
    }

    /// Whether two instants of a period are one moment to the vendor: the same instant, or the same day where days are counted.
    pub(super) fn is_one_moment(&self, one: Instant, other: Instant, whole: Period) -> bool {
        let is_by_day = self.proration.by.of(whole, self.zone) == By::Day;
        one == other || (is_by_day && local_date(one, self.zone) == local_date(other, self.zone))
    }

    pub(super) fn exchange(&self, price: &Price, at: Instant) -> Result<Option<&ExchangeRate>> {
        Ok(exchange(price, self.currency, &self.exchange_rates, local_date(at, self.zone))?)
    }

    pub(super) fn explain_share(&self, share: Share, part: Period, whole: Period) -> Option<ShareOf> {
        let measured = !(share.is_whole() && part == whole);
        measured.then_some(ShareOf {
            n: share.n,
            d: share.d,
            by: share.by,
            zone: self.zone,
            from: part.start,
            to: part.end,
            whole_from: whole.start,
            whole_to: whole.end,
        })
    }
}

/// Whether the unused rest of a period is given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unused {
    Credited,
    Kept,
}

impl Unused {
    /// Where the share ends that the usage of a period's last part is rated by.
    pub(super) fn shared_until(self, ended_at: Instant, cycle: &Cycle) -> Instant {
        match self {
            Self::Credited => ended_at,
            Self::Kept => cycle.whole.end,
        }
    }
}
