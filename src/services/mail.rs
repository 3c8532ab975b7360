//! Letters to people: rendered when what they tell of happens, in the words of that day, and left in the outbox. The payload is sealed:
//! letters carry links that open accounts.

use billing::calendar::{Period, Zone};
use serde::{Deserialize, Serialize};

use crate::platform::keys::Purpose;
use crate::services::{Desk, Refusal};
use crate::t;
use crate::words::format::Dates;
use crate::words::{Words, escape};

/// The outbox kind of letters.
pub const KIND: &str = "mail";

/// What a letter says.
#[derive(Clone, Debug)]
pub enum Letter {
    /// `link` sets the first password; without one the person has a password, and only learns of the customer.
    Invitation {
        customer: Option<String>,
        link: Option<String>,
    },
    Reset {
        link: String,
    },
    NewDevice {
        user_agent: String,
        ip: String,
    },
    PasswordChanged,
    TotpChanged,
    RecoveryCodeUsed {
        left: i64,
    },
    RecoveryCodesRenewed,
    /// Amounts a customer wants to be told of.
    SpendAlertReached {
        spent: Spent,
        amounts_minor: Vec<i64>,
    },
    SpendCapReached {
        spent: Spent,
        cap_minor: i64,
    },
}

/// What usage has cost a customer in a billing period.
#[derive(Clone, Debug)]
pub struct Spent {
    pub customer: String,
    /// Minor units, before discounts and tax.
    pub cost_minor: i64,
    /// ISO 4217.
    pub currency: String,
    pub period: Period,
    /// The billing zone, whose days are told.
    pub zone: Zone,
}

/// A letter as it goes out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Rendered {
    pub from_name: String,
    pub from_email: String,
    pub to_name: String,
    pub to_email: String,
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// Leaves a letter for the worker to send once this transaction holds.
pub async fn leave(desk: &mut Desk, email: &str, name: &str, letter: Letter) -> Result<(), Refusal> {
    let rendered = render(desk, email, name, &letter);
    let plain = serde_json::to_vec(&rendered).map_err(Refusal::damaged)?;
    let sealed = desk.app.config.keys.seal(&desk.app.ids, Purpose::Letter, &[desk.vendor_id()], &plain);
    desk.leave(KIND, &sealed).await
}

/// Opens what [`leave`] left.
pub fn open(keys: &crate::platform::keys::Keys, vendor_id: &str, payload: &str) -> Result<Rendered, Refusal> {
    let sealed: String = serde_json::from_str(payload).map_err(Refusal::damaged)?;
    let plain = keys.open(Purpose::Letter, &[vendor_id], &sealed).map_err(Refusal::damaged)?;
    serde_json::from_slice(&plain).map_err(Refusal::damaged)
}

fn render(desk: &Desk, email: &str, name: &str, letter: &Letter) -> Rendered {
    let vendor = &desk.vendor;
    let w = Words::of(&vendor.locale);
    let v = &vendor.name;
    let security = format!("{}/account/security", desk.app.config.public_url);
    let not_you = t!(w, "mail-not-you", link = &security, support = &vendor.support_email);
    // Paragraphs; a link stands in one of its own, with its label.
    let (subject, paragraphs, action): (String, Vec<String>, Option<(String, String)>) = match letter {
        Letter::Invitation { customer, link: Some(link) } => {
            let what = match customer {
                Some(customer) => t!(w, "mail-invitation-customer", vendor = v, customer = customer),
                None => t!(w, "mail-invitation-what", vendor = v),
            };
            (t!(w, "mail-invitation-subject", vendor = v), vec![what, t!(w, "mail-invitation-how")], Some((t!(w, "mail-invitation-action"), link.clone())))
        }
        Letter::Invitation { customer, link: None } => (
            t!(w, "mail-member-subject", vendor = v),
            vec![t!(w, "mail-member-what", vendor = v, customer = customer.clone().unwrap_or_default())],
            Some((t!(w, "mail-member-action"), desk.app.config.public_url.clone())),
        ),
        Letter::Reset { link } => (
            t!(w, "mail-reset-subject", vendor = v),
            vec![t!(w, "mail-reset-what", vendor = v), t!(w, "mail-reset-not-you")],
            Some((t!(w, "mail-reset-action"), link.clone())),
        ),
        Letter::NewDevice { user_agent, ip } => (
            t!(w, "mail-device-subject", vendor = v),
            vec![t!(w, "mail-device-what", agent = user_agent, ip = ip, time = desk.now.wall.format("%Y-%m-%d %H:%M").to_string()), not_you],
            None,
        ),
        Letter::PasswordChanged => (t!(w, "mail-password-subject", vendor = v), vec![t!(w, "mail-password-what"), not_you], None),
        Letter::TotpChanged => (t!(w, "mail-totp-subject", vendor = v), vec![t!(w, "mail-totp-what"), not_you], None),
        Letter::RecoveryCodeUsed { left } => (t!(w, "mail-recovery-subject", vendor = v), vec![t!(w, "mail-recovery-what", left = *left), not_you], None),
        Letter::RecoveryCodesRenewed => (t!(w, "mail-codes-subject", vendor = v), vec![t!(w, "mail-codes-what"), not_you], None),
        Letter::SpendAlertReached { spent, amounts_minor } => {
            let dates = Dates::new(w, spent.zone);
            let amounts = amounts_minor.iter().map(|minor| w.money(*minor, &spent.currency)).collect::<Vec<_>>();
            let most = amounts.last().cloned().unwrap_or_default();
            let what = t!(
                w,
                "mail-spend-what",
                customer = &spent.customer,
                vendor = v,
                from = dates.day(spent.period.start),
                cost = w.money(spent.cost_minor, &spent.currency)
            );
            let asked = t!(w, "mail-spend-asked", amounts = amounts.join(", "), day = dates.day(spent.period.end));
            let action = (t!(w, "mail-spend-action"), format!("{}/usage/alerts", desk.app.config.public_url));
            (t!(w, "mail-spend-subject", customer = &spent.customer, vendor = v, amount = most), vec![what, asked], Some(action))
        }
        Letter::SpendCapReached { spent, cap_minor } => {
            let dates = Dates::new(w, spent.zone);
            let what = t!(
                w,
                "mail-cap-what",
                customer = &spent.customer,
                vendor = v,
                from = dates.day(spent.period.start),
                cost = w.money(spent.cost_minor, &spent.currency),
                cap = w.money(*cap_minor, &spent.currency)
            );
            let goes_on = t!(w, "mail-cap-goes-on", day = dates.day(spent.period.end));
            let action = (t!(w, "mail-cap-action"), format!("{}/usage/alerts", desk.app.config.public_url));
            (t!(w, "mail-cap-subject", customer = &spent.customer, vendor = v), vec![what, t!(w, "mail-cap-rule"), goes_on], Some(action))
        }
    };
    let subject = if vendor.is_test { t!(w, "mail-test-subject", subject = subject) } else { subject };
    let greeting = t!(w, "mail-greeting", name = name);
    let closing = t!(w, "mail-closing", name = &vendor.legal_name, city = &vendor.city);
    let mut text = vec![greeting.clone()];
    let mut html = format!("<p>{}</p>", escape(&greeting));
    for (at, paragraph) in paragraphs.iter().enumerate() {
        text.push(paragraph.clone());
        html.push_str(&format!("\n<p>{}</p>", escape(paragraph)));
        if let (0, Some((label, link))) = (at, &action) {
            text.push(format!("{label}:\n{link}"));
            html.push_str(&format!("\n<p><a href=\"{0}\">{1}</a></p>\n<p>{0}</p>", escape(link), escape(label)));
        }
    }
    text.push(closing.clone());
    html.push_str(&format!("\n<p>{}</p>\n", escape(&closing)));
    Rendered {
        from_name: vendor.name.clone(),
        from_email: vendor.support_email.clone(),
        to_name: name.to_owned(),
        to_email: email.to_owned(),
        html: format!(
            "<!doctype html><html lang=\"{}\"><head><meta charset=\"utf-8\"><title>{}</title></head><body>{html}</body></html>",
            vendor.locale,
            escape(&subject)
        ),
        subject,
        text: text.join("\n\n") + "\n",
    }
}
