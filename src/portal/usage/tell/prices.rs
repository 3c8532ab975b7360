//! What units cost, by the bands they fall in: in a row, in a bar, in all.

use billing::bands::Band;
use billing::money::Ratio;
use rust_decimal::Decimal;

use super::Teller;
use crate::services::usage::Row;
use crate::t;

impl Teller<'_> {
    pub(super) fn each(&self, amount: Decimal) -> String {
        self.report.priced.as_ref().map_or(String::new(), |priced| self.words.unit_price(amount, priced.price_currency))
    }

    pub(super) fn bands(&self) -> &[Band] {
        self.report.priced.as_ref().map_or(&[], |priced| &priced.bands)
    }

    /// The bands that units between two totals fall in, with how many; a total that stands still is priced where it stands.
    pub(super) fn bands_between(&self, before: Decimal, after: Decimal) -> Vec<(Band, Decimal)> {
        let (low, high) = (Ratio::from(before), Ratio::from(after));
        let mut found: Vec<(Band, Decimal)> = Vec::new();
        for band in self.bands() {
            let top = band.up_to.map_or(high, |up_to| up_to.min(high));
            let bottom = band.from.max(low);
            if bottom < top {
                found.push((*band, decimal(top) - decimal(bottom)));
            }
        }
        if found.is_empty() {
            // Nothing was used: the price of the next unit.
            let next = self.bands().iter().find(|band| band.from <= low && band.up_to.is_none_or(|up_to| low < up_to));
            found.extend(next.map(|band| (*band, Decimal::ZERO)));
        }
        found
    }

    /// What a unit cost in a row: "included, then 0.8 ct".
    pub fn row_price(&self, row: &Row, before: Decimal) -> String {
        let names: Vec<String> = self.bands_between(before, row.total).into_iter().map(|(band, _)| self.band_price(&band)).collect();
        match names.as_slice() {
            [] => String::new(),
            [only] => only.clone(),
            [first, .., last] => t!(self.words, "usage-then", first = first, then = last),
        }
    }

    pub(super) fn band_price(&self, band: &Band) -> String {
        if band.is_free() { t!(self.words, "usage-included") } else { self.each(band.unit_amount) }
    }

    /// "8,140 minutes × 0.8 ct", "9,000 × 0.8 ct and 3,000 × 0.5 ct": how a total's cost comes about, where it is that simple.
    pub fn sum(&self, total: Decimal) -> Option<String> {
        let w = self.words;
        let priced = self.report.priced.as_ref()?;
        let is_simple = priced.price.minimum.is_none()
            && priced.price.maximum.is_none()
            && !priced.bands.is_empty()
            && priced.bands.iter().all(|band| band.flat_amount.is_zero());
        if !is_simple || matches!(priced.price.model, billing::price::Model::Volume { .. }) {
            return None;
        }
        let parts: Vec<(Band, Decimal)> =
            self.bands_between(Decimal::ZERO, total).into_iter().filter(|(band, units)| !band.is_free() && !units.is_zero()).collect();
        match parts.as_slice() {
            [] => Some(t!(w, "usage-sum-included")),
            [(band, units)] => Some(t!(w, "usage-sum-one", amount = self.amount(*units), each = self.each(band.unit_amount))),
            [most @ .., (band, units)] => {
                let product = |band: &Band, units: &Decimal| t!(w, "usage-sum-part", n = self.words.number(*units), each = self.each(band.unit_amount));
                let most = most.iter().map(|(band, units)| product(band, units)).collect::<Vec<_>>().join(", ");
                Some(t!(w, "usage-sum-and", most = most, last = product(band, units)))
            }
        }
    }

    /// What a row's bar is made of: its units by band, or all of them where bands do not divide them.
    pub(super) fn parts(&self, row: &Row, before: Decimal) -> Vec<(Option<Band>, Decimal)> {
        let used = row.used.unwrap_or_default();
        if used <= Decimal::ZERO {
            return Vec::new();
        }
        if self.bands().is_empty() || row.cost_minor.is_none() {
            return vec![(None, used)];
        }
        // A flow's units are those between two totals; of a level each reading is rated from the ground up.
        let divided = if self.report.meter.aggregate.is_flow() { self.bands_between(before, row.total) } else { self.bands_between(Decimal::ZERO, used) };
        let whole: Decimal = divided.iter().map(|(_, units)| units).sum();
        if whole == used { divided.into_iter().map(|(band, units)| (Some(band), units)).collect() } else { vec![(None, used)] }
    }

    pub(super) fn how(&self, parts: &[(Option<Band>, Decimal)]) -> String {
        let w = self.words;
        match parts {
            [(Some(band), _)] if band.is_free() => t!(w, "usage-included"),
            [(Some(band), _)] => t!(w, "usage-how-each", each = self.each(band.unit_amount)),
            parts => parts
                .iter()
                .filter_map(|(band, units)| {
                    let band = band.as_ref()?;
                    Some(if band.is_free() {
                        t!(w, "usage-how-included", n = self.words.number(*units))
                    } else {
                        t!(w, "usage-how-some", n = self.words.number(*units), each = self.each(band.unit_amount))
                    })
                })
                .collect::<Vec<_>>()
                .join(", "),
        }
    }
}

/// A bound of a band as people count it.
pub(in crate::portal) fn decimal(value: Ratio) -> Decimal {
    let exact = Decimal::try_from_i128_with_scale(value.numer(), 0).ok().zip(Decimal::try_from_i128_with_scale(value.denom(), 0).ok());
    exact.and_then(|(numer, denom)| numer.checked_div(denom)).map(|value| value.round_dp(2).normalize()).unwrap_or(Decimal::MAX)
}
