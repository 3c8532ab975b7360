//! Which taxes a line bears.

use chrono::NaiveDate;

use crate::fraction::Fraction;
use crate::story::{Customer, Story};

/// A rate on a line: its id and the percent of the day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tax {
    pub rate: String,
    pub percent: Fraction,
}

const UNION: [&str; 27] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI",
    "SK",
];

impl Story {
    /// “every dated rate that fits the customer's country and region applies to the same base (a rate that names the product displaces
    /// the general ones; no fitting rate, no tax)”
    pub fn taxes(&self, customer: &Customer, product: Option<&str>, on: NaiveDate) -> Vec<Tax> {
        if customer.tax_exempt || self.reverse_charge(customer) {
            return Vec::new();
        }
        let fits = |named: bool| -> Vec<Tax> {
            let mut ids: Vec<&str> = Vec::new();
            for rate in &self.tax_rates {
                if !ids.contains(&rate.id.as_str()) {
                    ids.push(&rate.id);
                }
            }
            let of = |id: &str| {
                let fitting = self.tax_rates.iter().filter(|rate| {
                    let of_place = rate.country == customer.country && (rate.region.is_none() || rate.region == customer.region);
                    let of_product = match (&rate.products, product) {
                        (Some(products), Some(product)) => named && products.iter().any(|other| other == product),
                        (Some(_), None) => false,
                        (None, _) => !named,
                    };
                    rate.id == id && of_place && of_product && rate.from.is_none_or(|from| from <= on)
                });
                let latest = fitting.max_by_key(|rate| rate.from)?;
                Some(Tax { rate: latest.id.clone(), percent: latest.percent })
            };
            ids.into_iter().filter_map(of).collect()
        };
        let named = fits(true);
        if named.is_empty() { fits(false) } else { named }
    }

    /// “Reverse charge: vendor and customer in different EU countries, both with a well-formed tax id: no tax, and the invoice says so.”
    pub fn reverse_charge(&self, customer: &Customer) -> bool {
        let both_in_union = UNION.contains(&self.vendor.country.as_str()) && UNION.contains(&customer.country.as_str());
        let formed = |country: &str, id: &Option<String>| id.as_ref().is_some_and(|id| well_formed(country, id));
        both_in_union
            && self.vendor.country != customer.country
            && formed(&self.vendor.country, &self.vendor.tax_id)
            && formed(&customer.country, &customer.tax_id)
    }

    pub fn notes(&self, customer: &Customer) -> Vec<&'static str> {
        if self.reverse_charge(customer) {
            vec!["reverse_charge"]
        } else if customer.tax_exempt {
            vec!["exempt"]
        } else {
            Vec::new()
        }
    }
}

/// By form; the lives' tax ids are French or German. (The product's `simulate` does not ask for the check digits.)
fn well_formed(country: &str, id: &str) -> bool {
    let Some(rest) = id.strip_prefix(country) else { return false };
    let length = match country {
        "FR" => 11,
        "DE" => 9,
        _ => return false,
    };
    rest.len() == length && rest.chars().all(|letter| letter.is_ascii_digit())
}
