//! Which page an element shows: the whole portal, one page of it (`page`), or one action (`action`).

use std::sync::Arc;

use crate::app::App;
use crate::services::embed_sessions::{Opened, Shows};
use crate::services::payments::{self, Attention, Repair};
use crate::services::vendors::Vendor;
use crate::services::{Actor, Desk, Refusal};
use crate::ui::payment::{NEW_CARD, replace_path};
use crate::ui::shell::Place;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    Portal,
    /// A page, by its path.
    Page(&'static str),
    ChangePlan(String),
    PayInvoice(String),
    /// Whatever repairs the payment that failed.
    RepairPayment,
}

impl Target {
    /// As the element's attributes say it; both absent: the whole portal.
    pub fn of(page: &str, action: &str) -> Option<Target> {
        Some(match (page, action) {
            ("", "") => Target::Portal,
            ("usage", "") => Target::Page("/usage"),
            ("invoices", "") => Target::Page("/invoices"),
            ("plan", "") => Target::Page("/plan"),
            ("payment-methods", "") => Target::Page("/payment-methods"),
            ("balance", "") => Target::Page("/balance"),
            ("", "repair-payment") => Target::RepairPayment,
            ("", action) => match action.split_once(':')? {
                (_, "") => return None,
                ("change-plan", key) => Target::ChangePlan(key.to_owned()),
                ("pay-invoice", number) => Target::PayInvoice(number.to_owned()),
                _ => return None,
            },
            _ => return None,
        })
    }

    pub fn shows(&self) -> Shows {
        match self {
            Target::Portal => Shows::Portal,
            _ => Shows::Page,
        }
    }

    /// Where that is for the customer whose frame was opened.
    pub async fn path(&self, app: &App, vendor: &Arc<Vendor>, opened: &Opened) -> Result<String, Refusal> {
        let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        Ok(match self {
            // Not every frame may show the overview.
            Target::Portal => Place::open_to(&opened.scopes).first().map_or("/", |room| room.path()).to_owned(),
            Target::Page(path) => (*path).to_owned(),
            Target::ChangePlan(key) => format!("/plan/change?plan={}", encoded(key)),
            Target::PayInvoice(number) => format!("/invoices/{}/pay", encoded(number)),
            Target::RepairPayment => {
                let mut desk = Desk::read(app, vendor, Actor::Identity(opened.identity_id.clone())).await?;
                let methods = payments::list(&mut desk, &opened.customer_id).await?;
                let today = desk.now.billing.date_naive();
                let pressing = payments::attention(&mut desk, &opened.customer_id, &methods, today).await?.into_iter().next();
                match pressing {
                    Some(Attention::Declined { repair: Repair::NewCard, .. } | Attention::Unpaid { repair: Repair::NewCard, .. }) => NEW_CARD.to_owned(),
                    Some(Attention::Declined { invoice_number, .. } | Attention::Unpaid { invoice_number, .. }) => {
                        format!("/invoices/{}/pay", encoded(&invoice_number))
                    }
                    Some(Attention::Confirm { payment, .. }) => payments::page_path(&payment.id),
                    Some(Attention::Expired { method, .. } | Attention::ExpiresSoon { method, .. }) => replace_path(&method),
                    None => "/payment-methods".to_owned(),
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Target;

    #[test]
    fn what_an_element_shows_is_said_by_page_or_action_and_not_both() {
        assert_eq!(Target::of("", ""), Some(Target::Portal));
        assert_eq!(Target::of("usage", ""), Some(Target::Page("/usage")));
        assert_eq!(Target::of("balance", ""), Some(Target::Page("/balance")));
        assert_eq!(Target::of("", "change-plan:business"), Some(Target::ChangePlan("business".to_owned())));
        assert_eq!(Target::of("", "pay-invoice:2026-0002"), Some(Target::PayInvoice("2026-0002".to_owned())));
        assert_eq!(Target::of("", "repair-payment"), Some(Target::RepairPayment));
        for (page, action) in [("usage", "repair-payment"), ("account", ""), ("/usage", ""), ("", "change-plan:"), ("", "change-plan"), ("", "delete:x")] {
            assert_eq!(Target::of(page, action), None, "{page} {action}");
        }
    }
}
