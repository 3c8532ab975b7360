//! The bytes of a document's PDF: rendered once, kept for good. What they show is decided elsewhere (`pdf` draws, `ui::sheet` words it).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::services::{Desk, Refusal};

/// The PDF kept of a document; `None` where it was never asked for.
pub async fn kept_pdf(desk: &mut Desk, invoice_id: &str) -> Result<Option<Vec<u8>>, Refusal> {
    let row: Option<(String,)> =
        desk.tx.opt("SELECT content FROM invoice_pdfs WHERE vendor_id = $1 AND invoice_id = $2", (desk.vendor.id.clone(), invoice_id.to_owned())).await?;
    row.map(|(content,)| STANDARD.decode(content).map_err(Refusal::damaged)).transpose()
}

/// Keeps a document's PDF and gives back the one that counts: of two rendered at once, the first.
pub async fn keep_pdf(desk: &mut Desk, invoice_id: &str, bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
    desk.tx
        .run(
            "INSERT INTO invoice_pdfs (vendor_id, invoice_id, content, rendered_at) VALUES ($1, $2, $3, $4) ON CONFLICT (vendor_id, invoice_id) DO NOTHING",
            (desk.vendor.id.clone(), invoice_id.to_owned(), STANDARD.encode(bytes), desk.now.wall_ms()),
        )
        .await?;
    kept_pdf(desk, invoice_id).await?.ok_or(Refusal::NotFound)
}
