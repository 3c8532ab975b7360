//! PDFs kept: the very bytes that were kept, of a document that is there.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::{Counts, Held, Stop, broken, count, same};
use crate::platform::keys::hex;
use crate::services::Desk;

pub(super) async fn hold(desk: &mut Desk, counts: &mut Counts) -> Held {
    desk.tx
        .each(
            "SELECT invoice_id, content, hash FROM invoice_pdfs WHERE vendor_id = $1",
            (desk.vendor.id.clone(),),
            |(id, content, hash): (String, String, String)| {
                let bytes = STANDARD.decode(content).map_err(|error| broken("invoice_pdfs", &id, "content", "base64", error))?;
                same("invoice_pdfs", &id, "hash", hex(&Sha256::digest(&bytes)), hash)?;
                count(counts, "PDFs");
                Ok::<(), Stop>(())
            },
        )
        .await
}
