//! Who reads a letter, and in which language: the one they chose for themselves, else their customer's, else the vendor's. Whether there are
//! words in it is the catalogues' matter (`words`).

use super::{KeptFor, To};
use crate::services::{Desk, Refusal};

/// The locale of a letter's reader, such as `en-GB`.
pub(super) async fn locale(desk: &mut Desk, to: To<'_>) -> Result<String, Refusal> {
    let vendor = desk.vendor.id.clone();
    let chosen: Option<(Option<String>,)> = match to.kept {
        // An address that the customer named for its invoices may be nobody's here.
        KeptFor::Customer(customer_id) => {
            let own = (vendor, customer_id.to_owned(), to.email.to_lowercase());
            desk.tx
                .opt(
                    "SELECT COALESCE((SELECT p.locale FROM identities p JOIN members m ON m.vendor_id = p.vendor_id AND m.identity_id = p.id
                            WHERE p.vendor_id = c.vendor_id AND p.email = $3 AND m.customer_id = c.id), c.locale)
                     FROM customers c WHERE c.vendor_id = $1 AND c.id = $2",
                    own,
                )
                .await?
        }
        KeptFor::Person(identity_id) => {
            desk.tx
                .opt(
                    "SELECT COALESCE(p.locale, (SELECT c.locale FROM members m JOIN customers c ON c.vendor_id = m.vendor_id AND c.id = m.customer_id
                            WHERE m.vendor_id = p.vendor_id AND m.identity_id = p.id ORDER BY m.created_at, m.id LIMIT 1))
                     FROM identities p WHERE p.vendor_id = $1 AND p.id = $2",
                    (vendor, identity_id.to_owned()),
                )
                .await?
        }
    };
    Ok(chosen.and_then(|(locale,)| locale).unwrap_or_else(|| desk.vendor.locale.clone()))
}
