//! What is typed into the account's two forms, kept as typed until it can be used.

use crate::identity::preferences::Preferences;
use crate::services::customers::{Customer, Details};

/// The company's form.
#[derive(Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct Company {
    pub name: String,
    pub legal_name: String,
    pub address_line1: String,
    pub address_line2: String,
    pub postal_code: String,
    pub city: String,
    pub region: String,
    pub country: String,
    pub tax_id: String,
    pub purchase_order: String,
    /// One a line; commas and spaces part them too.
    pub invoice_emails: String,
}

impl Company {
    pub fn of(customer: &Customer) -> Company {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        Company {
            name: customer.name.clone(),
            legal_name: customer.legal_name.clone(),
            address_line1: text(&customer.address_line1),
            address_line2: text(&customer.address_line2),
            postal_code: text(&customer.postal_code),
            city: text(&customer.city),
            region: text(&customer.region),
            country: customer.country.clone(),
            tax_id: text(&customer.tax_id),
            purchase_order: text(&customer.purchase_order),
            invoice_emails: customer.invoice_emails().join("\n"),
        }
    }

    /// What the form asks for; what it does not show stays as it is.
    pub fn details(&self, now: &Customer) -> Details {
        let some = |text: &str| Some(line(text)).filter(|text| !text.is_empty());
        Details {
            name: line(&self.name),
            legal_name: line(&self.legal_name),
            address_line1: some(&self.address_line1),
            address_line2: some(&self.address_line2),
            postal_code: some(&self.postal_code),
            city: some(&self.city),
            region: some(&self.region),
            country: line(&self.country),
            tax_id: some(&self.tax_id),
            purchase_order: some(&self.purchase_order),
            invoice_emails: emails(&self.invoice_emails),
            locale: now.locale.clone(),
            time_zone: now.time_zone.clone(),
        }
    }
}

/// The form of a person's own choices.
#[derive(Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct Display {
    pub your_name: String,
    /// Empty: the customer's.
    pub locale: String,
    pub time_zone: String,
}

impl Display {
    pub fn of(preferences: Preferences) -> Display {
        Display { your_name: preferences.name, locale: preferences.locale.unwrap_or_default(), time_zone: preferences.time_zone.unwrap_or_default() }
    }

    pub fn preferences(&self) -> Preferences {
        let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Preferences { name: line(&self.your_name), locale: some(&self.locale), time_zone: some(&self.time_zone) }
    }
}

/// One line of text: what was pasted along with it is a space.
fn line(text: &str) -> String {
    text.replace(char::is_control, " ").trim().to_owned()
}

/// The addresses, each once, as typed.
fn emails(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for email in text.split(|c: char| c.is_whitespace() || c == ',' || c == ';').filter(|email| !email.is_empty()) {
        if !out.iter().any(|other| other.eq_ignore_ascii_case(email)) {
            out.push(email.to_owned());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_may_be_parted_in_any_way_and_count_once() {
        assert_eq!(emails("a@x.example, b@x.example;A@x.example\r\n\r\n c@x.example "), ["a@x.example", "b@x.example", "c@x.example"]);
        assert_eq!(emails(" \n"), Vec::<String>::new());
    }

    #[test]
    fn a_line_stays_one_line() {
        assert_eq!(line(" Nordlicht\r\nSoftware "), "Nordlicht  Software");
    }
}
