//! The words of each message: a subject, paragraphs, and what to do about it.

use super::letter::{Back, Billed, Letter, Spent};
use crate::services::Desk;
use crate::services::dunning::Prospect;
use crate::services::payments::{declined_because, method_name};
use crate::t;
use crate::words::Words;
use crate::words::format::Dates;

/// What a letter says.
pub(super) struct Said {
    pub subject: String,
    pub paragraphs: Vec<String>,
    /// A label and a link, which stand behind the first paragraph.
    pub action: Option<(String, String)>,
}

impl Said {
    fn new<const N: usize>(subject: String, paragraphs: [String; N]) -> Said {
        Said { subject, paragraphs: paragraphs.into(), action: None }
    }

    fn of(subject: String, paragraphs: Vec<String>) -> Said {
        Said { subject, paragraphs, action: None }
    }

    fn then(self, label: String, link: String) -> Said {
        Said { action: Some((label, link)), ..self }
    }
}

pub(super) fn said(desk: &Desk, w: Words, letter: &Letter) -> Said {
    let v = &desk.vendor.name;
    let portal = &desk.app.config.public_url;
    let not_you = || t!(w, "mail-not-you", link = format!("{portal}/account/security"), support = &desk.vendor.support_email);
    match letter {
        Letter::Invitation { customer, link: Some(link) } => {
            let what = match customer {
                Some(customer) => t!(w, "mail-invitation-customer", vendor = v, customer = customer),
                None => t!(w, "mail-invitation-what", vendor = v),
            };
            Said::new(t!(w, "mail-invitation-subject", vendor = v), [what, t!(w, "mail-invitation-how")]).then(t!(w, "mail-invitation-action"), link.clone())
        }
        Letter::Invitation { customer, link: None } => {
            let what = t!(w, "mail-member-what", vendor = v, customer = customer.clone().unwrap_or_default());
            Said::new(t!(w, "mail-member-subject", vendor = v), [what]).then(t!(w, "mail-member-action"), portal.clone())
        }
        Letter::Reset { link } => Said::new(t!(w, "mail-reset-subject", vendor = v), [t!(w, "mail-reset-what", vendor = v), t!(w, "mail-reset-not-you")])
            .then(t!(w, "mail-reset-action"), link.clone()),
        Letter::NewDevice { user_agent, ip } => {
            let time = desk.now.wall.format("%Y-%m-%d %H:%M").to_string();
            let agent = if user_agent.is_empty() { t!(w, "mail-device-unnamed") } else { user_agent.clone() };
            Said::new(t!(w, "mail-device-subject", vendor = v), [t!(w, "mail-device-what", agent = agent, ip = ip, time = time), not_you()])
        }
        Letter::PasswordChanged => Said::new(t!(w, "mail-password-subject", vendor = v), [t!(w, "mail-password-what"), not_you()]),
        Letter::TotpChanged => Said::new(t!(w, "mail-totp-subject", vendor = v), [t!(w, "mail-totp-what"), not_you()]),
        Letter::RecoveryCodeUsed { left } => Said::new(t!(w, "mail-recovery-subject", vendor = v), [t!(w, "mail-recovery-what", left = *left), not_you()]),
        Letter::RecoveryCodesRenewed => Said::new(t!(w, "mail-codes-subject", vendor = v), [t!(w, "mail-codes-what"), not_you()]),
        Letter::SpendAlertReached { spent, amounts_minor } => {
            let amounts = amounts_minor.iter().map(|minor| w.money(*minor, &spent.currency)).collect::<Vec<_>>();
            let most = amounts.last().cloned().unwrap_or_default();
            let Spent { customer, .. } = spent;
            let dates = Dates::new(w, spent.zone);
            let cost = w.money(spent.cost_minor, &spent.currency);
            let what = t!(w, "mail-spend-what", customer = customer, vendor = v, from = dates.day(spent.period.start), cost = cost);
            let asked = t!(w, "mail-spend-asked", amounts = amounts.join(", "), day = dates.day(spent.period.end));
            Said::new(t!(w, "mail-spend-subject", customer = customer, vendor = v, amount = most), [what, asked])
                .then(t!(w, "mail-spend-action"), format!("{portal}/usage/alerts"))
        }
        Letter::SpendCapReached { spent, cap_minor } => {
            let Spent { customer, .. } = spent;
            let dates = Dates::new(w, spent.zone);
            let (cost, cap) = (w.money(spent.cost_minor, &spent.currency), w.money(*cap_minor, &spent.currency));
            let what = t!(w, "mail-cap-what", customer = customer, vendor = v, from = dates.day(spent.period.start), cost = cost, cap = cap);
            let goes_on = t!(w, "mail-cap-goes-on", day = dates.day(spent.period.end));
            Said::new(t!(w, "mail-cap-subject", customer = customer, vendor = v), [what, t!(w, "mail-cap-rule"), goes_on])
                .then(t!(w, "mail-cap-action"), format!("{portal}/usage/alerts"))
        }
        Letter::InvoiceReady { invoice, due_at } => {
            let (total, number) = (w.money(invoice.total_minor, &invoice.currency), &invoice.number);
            let dates = Dates::new(w, invoice.zone);
            let what = t!(w, "mail-invoice-what", number = number, day = dates.day_year(invoice.issued_at), amount = &total);
            let (rest, label) = match invoice.due_minor {
                0 => (t!(w, "mail-invoice-covered"), t!(w, "mail-document-action")),
                due => (t!(w, "mail-invoice-due", due = w.money(due, &invoice.currency), day = dates.day_year(*due_at)), t!(w, "mail-invoice-action")),
            };
            Said::new(t!(w, "mail-invoice-subject", number = number, vendor = v, amount = total), [what, rest]).then(label, document(portal, number))
        }
        Letter::CreditNoteReady { note } => {
            // What is credited stands on a note as a negative total.
            let (amount, number) = (w.money(note.total_minor.saturating_neg(), &note.currency), &note.number);
            let what = t!(w, "mail-note-what", number = number, day = Dates::new(w, note.zone).day_year(note.issued_at), amount = &amount);
            Said::new(t!(w, "mail-note-subject", number = number, vendor = v, amount = amount), [what])
                .then(t!(w, "mail-note-action"), document(portal, number))
        }
        Letter::Receipt { invoice, paid_minor, paid_at, method } => {
            let paid = w.money(*paid_minor, &invoice.currency);
            let day = Dates::new(w, invoice.zone).day_year(*paid_at);
            let what = t!(w, "mail-receipt-what", vendor = v, amount = &paid, number = &invoice.number, day = day, method = method_name(w, method));
            let rest = match invoice.due_minor {
                0 => t!(w, "mail-receipt-settled"),
                due => t!(w, "mail-receipt-left", due = w.money(due, &invoice.currency)),
            };
            Said::new(t!(w, "mail-receipt-subject", amount = paid, vendor = v), [what, rest])
                .then(t!(w, "mail-document-action"), document(portal, &invoice.number))
        }
        Letter::DebitAnnounced { invoice, amount_minor, currency, debited_at, zone, method, mandate, creditor_id } => {
            let (amount, day) = (w.money(*amount_minor, currency), Dates::new(w, *zone).day_year(*debited_at));
            let name = method_name(w, method);
            let what = match invoice {
                Some(number) => t!(w, "mail-debit-what", vendor = v, amount = &amount, day = &day, method = name, number = number),
                None => t!(w, "mail-debit-what-else", vendor = v, amount = &amount, day = &day, method = name),
            };
            let by = match creditor_id {
                Some(id) => t!(w, "mail-debit-by-creditor", mandate = mandate, creditor = id),
                None => t!(w, "mail-debit-by", mandate = mandate),
            };
            let said = Said::new(t!(w, "mail-debit-subject", amount = amount, vendor = v, day = day), [what, by, t!(w, "mail-debit-how")]);
            match invoice {
                Some(number) => said.then(t!(w, "mail-document-action"), document(portal, number)),
                None => said.then(t!(w, "mail-balance-action"), format!("{portal}/balance")),
            }
        }
        Letter::TransferReceived { amount_minor, currency, received_at, zone, named, paid, over_minor, certificate_until } => {
            let (amount, dates) = (w.money(*amount_minor, currency), Dates::new(w, *zone));
            let day = dates.day_year(*received_at);
            let what = t!(w, "mail-transfer-what", vendor = v, amount = &amount, day = day, count = named.len(), numbers = named.join(", "));
            let left = paid.iter().filter(|invoice| invoice.due_minor > 0).map(|invoice| {
                let (due, number) = (w.money(invoice.due_minor, &invoice.currency), &invoice.number);
                match certificate_until {
                    Some(until) => t!(w, "mail-transfer-awaited", due = due, number = number, day = dates.day_year(*until)),
                    None => t!(w, "mail-transfer-left", due = due, number = number),
                }
            });
            let mut paragraphs: Vec<String> = std::iter::once(what).chain(left).collect();
            match paid.len() {
                0 => paragraphs.push(t!(w, "mail-transfer-not-due")),
                count if paragraphs.len() == 1 => paragraphs.push(t!(w, "mail-transfer-settled", count = count)),
                _ => {}
            }
            if *over_minor > 0 {
                paragraphs.push(t!(w, "mail-transfer-over", over = w.money(*over_minor, currency)));
            }
            let to = named.first().map_or_else(|| format!("{portal}/balance"), |number| document(portal, number));
            Said::of(t!(w, "mail-receipt-subject", amount = amount, vendor = v), paragraphs).then(t!(w, "mail-document-action"), to)
        }
        Letter::CertificateAwaited { invoice, until, method } => {
            let (amount, number) = (w.money(invoice.due_minor, &invoice.currency), &invoice.number);
            let day = Dates::new(w, invoice.zone).day_year(*until);
            let what = t!(w, "mail-awaited-what", amount = &amount, number = number);
            let then = match method {
                Some(method) => t!(w, "mail-awaited-charged", day = &day, amount = &amount, method = method_name(w, method)),
                None => t!(w, "mail-awaited-due", day = &day, amount = &amount),
            };
            Said::new(t!(w, "mail-awaited-subject", number = number, vendor = v, day = day), [what, then])
                .then(t!(w, "mail-awaited-action"), format!("{}/withholding", document(portal, number)))
        }
        Letter::PaymentFailed { invoice, declined, prospect } => {
            let declined = declined.as_ref().map(|(method, reason)| (method_name(w, method), declined_because(w, *reason)));
            failed(w, v, portal, invoice, declined, prospect.as_ref())
        }
        Letter::LastWarning { invoice, ends_at, prospect } => {
            let (due, number, dates) = (w.money(invoice.due_minor, &invoice.currency), &invoice.number, Dates::new(w, invoice.zone));
            let subject = t!(w, "mail-warning-subject", amount = &due, vendor = v, day = dates.day(*ends_at));
            let what = t!(w, "mail-warning-what", number = number, amount = &due);
            Said::of(subject, std::iter::once(what).chain(prospect.told(&dates)).collect()).then(t!(w, "mail-failed-action", amount = due), pay(portal, number))
        }
        Letter::GraceOver { invoice, prospect, written_off_minor } if *written_off_minor > 0 => {
            let (amount, number, dates) = (w.money(*written_off_minor, &invoice.currency), &invoice.number, Dates::new(w, invoice.zone));
            let what = t!(w, "mail-given-up-what", number = number, amount = &amount, vendor = v);
            let paragraphs = std::iter::once(what).chain(prospect.told(&dates)).chain([t!(w, "mail-given-up-how")]);
            Said::of(t!(w, "mail-given-up-subject", number = number, vendor = v, amount = amount), paragraphs.collect())
                .then(t!(w, "mail-document-action"), document(portal, number))
        }
        Letter::GraceOver { invoice, prospect, .. } => {
            let (due, number, dates) = (w.money(invoice.due_minor, &invoice.currency), &invoice.number, Dates::new(w, invoice.zone));
            let what = t!(w, "mail-warning-what", number = number, amount = &due);
            let paragraphs = std::iter::once(what).chain(prospect.told(&dates)).chain([t!(w, "mail-unpaid-how")]);
            Said::of(t!(w, "mail-unpaid-subject", amount = &due, vendor = v), paragraphs.collect())
                .then(t!(w, "mail-failed-action", amount = due), pay(portal, number))
        }
        Letter::Recovered { invoice, plan } => {
            let number = &invoice.number;
            let back = plan.as_ref().map(|(plan, back)| match back {
                Back::Active => t!(w, "mail-recovered-access", plan = plan),
                Back::Resumed => t!(w, "mail-recovered-resumed", plan = plan),
            });
            let paragraphs = std::iter::once(t!(w, "mail-recovered-what", number = number)).chain(back);
            Said::of(t!(w, "mail-recovered-subject", number = number, vendor = v), paragraphs.collect()).then(t!(w, "mail-recovered-action"), portal.clone())
        }
        Letter::Refunded { invoice, amount_minor, currency } => {
            let amount = w.money(*amount_minor, currency);
            let subject = t!(w, "mail-refund-subject", amount = &amount, vendor = v);
            match invoice {
                Some(invoice) => Said::new(subject, [t!(w, "mail-refund-what", amount = amount, number = invoice)])
                    .then(t!(w, "mail-document-action"), document(portal, invoice)),
                None => Said::new(subject, [t!(w, "mail-refund-balance", amount = amount)]).then(t!(w, "mail-balance-action"), format!("{portal}/balance")),
            }
        }
        Letter::CreditBought { name, paid_minor, credit_minor, balance_minor, currency, paid_at, zone, method, payment_id } => {
            let (paid, credit) = (w.money(*paid_minor, currency), w.money(*credit_minor, currency));
            let (day, method) = (Dates::new(w, *zone).day_year(*paid_at), method_name(w, method));
            let what = if name.is_empty() {
                t!(w, "mail-topped-up-what", vendor = v, amount = &paid, day = day, method = method)
            } else {
                t!(w, "mail-pack-what", vendor = v, amount = &paid, name = name, credit = credit, day = day, method = method)
            };
            let rest = t!(w, "mail-topped-up-balance", balance = w.money(*balance_minor, currency));
            Said::new(t!(w, "mail-receipt-subject", amount = paid, vendor = v), [what, rest])
                .then(t!(w, "mail-topped-up-action"), format!("{portal}/payments/{payment_id}/receipt"))
        }
        Letter::AutomaticTopUpStopped { customer, amount_minor, currency, method, reason } => {
            let amount = w.money(*amount_minor, currency);
            let what = t!(w, "mail-top-up-stopped-what", customer = customer, vendor = v, amount = &amount, method = method_name(w, method));
            Said::new(t!(w, "mail-top-up-stopped-subject", amount = amount, vendor = v), [what, declined_because(w, *reason), t!(w, "mail-top-up-stopped-how")])
                .then(t!(w, "mail-top-up-stopped-action"), format!("{portal}/balance/automatic"))
        }
        Letter::CreditExpiring { customer, amount_minor, currency, expires_at, zone } => {
            let (amount, moment) = (w.money(*amount_minor, currency), Dates::new(w, *zone).moment(*expires_at));
            let what = t!(w, "mail-credit-expiring-what", customer = customer, vendor = v, amount = &amount, moment = moment);
            Said::new(t!(w, "mail-credit-expiring-subject", amount = amount, vendor = v), [what, t!(w, "mail-credit-expiring-how")])
                .then(t!(w, "mail-balance-action"), format!("{portal}/balance"))
        }
        Letter::CreditExpired { customer, amount_minor, currency } => {
            let amount = w.money(*amount_minor, currency);
            let what = t!(w, "mail-credit-expired-what", customer = customer, vendor = v, amount = &amount);
            Said::new(t!(w, "mail-credit-expired-subject", amount = amount, vendor = v), [what]).then(t!(w, "mail-balance-action"), format!("{portal}/balance"))
        }
        Letter::CertificateRefused { invoice, certificate, because, amount_minor, currency } => {
            let amount = w.money(*amount_minor, currency);
            let what = t!(w, "mail-certificate-what", vendor = v, certificate = certificate, number = invoice, amount = &amount, because = because);
            Said::new(t!(w, "mail-certificate-subject", certificate = certificate, vendor = v, amount = amount), [what, t!(w, "mail-certificate-how")])
                .then(t!(w, "mail-document-action"), document(portal, invoice))
        }
        Letter::MethodExpiring { customer, method, last_day, zone } => {
            let (name, day) = (method_name(w, method), Dates::new(w, *zone).day_year_of(*last_day));
            let what = t!(w, "mail-expiring-what", method = &name, customer = customer, vendor = v, day = &day);
            Said::new(t!(w, "mail-expiring-subject", method = name, day = day), [what, t!(w, "mail-expiring-how")])
                .then(t!(w, "mail-expiring-action"), format!("{portal}/payment-methods/add?replaces={}", method.id))
        }
        Letter::TrialEnding { plan, ends_at, zone, has_method } => {
            let day = Dates::new(w, *zone).day_year(*ends_at);
            let what = t!(w, "mail-trial-what", plan = plan, vendor = v, day = &day);
            let subject = t!(w, "mail-trial-subject", plan = plan, day = day);
            if *has_method {
                Said::new(subject, [what, t!(w, "mail-trial-charged")]).then(t!(w, "mail-trial-action"), format!("{portal}/plan"))
            } else {
                Said::new(subject, [what, t!(w, "mail-trial-no-method")]).then(t!(w, "mail-trial-add"), format!("{portal}/payment-methods/add"))
            }
        }
        Letter::RenewalComing { customer, plan, renews_at, zone, due_minor, currency, method } => {
            let day = Dates::new(w, *zone).day_year(*renews_at);
            let what = t!(w, "mail-renewal-what", plan = plan, customer = customer, vendor = v, day = &day);
            let charged = match (due_minor.filter(|due| *due > 0), method) {
                (Some(due), Some(method)) => t!(w, "mail-renewal-charged", amount = w.money(due, currency), method = method_name(w, method)),
                (Some(due), None) => t!(w, "mail-renewal-due", amount = w.money(due, currency)),
                (None, _) => t!(w, "mail-renewal-nothing"),
            };
            Said::new(t!(w, "mail-renewal-subject", plan = plan, vendor = v, day = day), [what, charged, t!(w, "mail-renewal-how")])
                .then(t!(w, "mail-trial-action"), format!("{portal}/plan"))
        }
        Letter::PlanChanged { customer, plan, quantity } => {
            let what = t!(w, "mail-changed-what", customer = customer, plan = plan, vendor = v);
            // One of it goes without saying.
            let counted = (quantity != "1").then(|| t!(w, "mail-changed-quantity", quantity = quantity));
            let paragraphs = std::iter::once(what).chain(counted).chain([t!(w, "mail-changed-how")]);
            Said::of(t!(w, "mail-changed-subject", vendor = v, plan = plan), paragraphs.collect()).then(t!(w, "mail-trial-action"), format!("{portal}/plan"))
        }
        Letter::SubscriptionEnded { customer, plan } => {
            let what = t!(w, "mail-ended-what", customer = customer, plan = plan, vendor = v);
            Said::new(t!(w, "mail-ended-subject", vendor = v, plan = plan), [what, t!(w, "mail-ended-kept")])
                .then(t!(w, "mail-ended-action"), format!("{portal}/plan"))
        }
    }
}

/// `declined`: the method's name, and why the bank said no.
fn failed(w: Words, vendor: &str, portal: &str, invoice: &Billed, declined: Option<(String, String)>, prospect: Option<&Prospect>) -> Said {
    let (due, number) = (w.money(invoice.due_minor, &invoice.currency), &invoice.number);
    let what = match declined {
        Some((method, reason)) => t!(w, "mail-failed-what", number = number, amount = &due, method = method, reason = reason),
        None => t!(w, "mail-failed-no-method", number = number, amount = &due),
    };
    let subject = match prospect {
        Some(prospect) if prospect.is_retried => t!(w, "mail-failed-again-subject", amount = &due, vendor = vendor),
        _ => t!(w, "mail-failed-subject", amount = &due, vendor = vendor),
    };
    let then = prospect.map(|prospect| prospect.told(&Dates::new(w, invoice.zone))).unwrap_or_default();
    Said::of(subject, std::iter::once(what).chain(then).collect()).then(t!(w, "mail-failed-action", amount = due), pay(portal, number))
}

fn pay(portal: &str, number: &str) -> String {
    format!("{portal}/invoices/{number}/pay")
}

fn document(portal: &str, number: &str) -> String {
    format!("{portal}/invoices/{number}")
}
