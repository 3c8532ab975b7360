//! A document as a file. Its PDF is rendered once from its frozen form, kept for good, and handed out as the same bytes ever after; the
//! structured forms are written anew whenever they are asked for, being small and always the same. What they show is decided elsewhere (`pdf`
//! draws, `sheet` words it, `einvoice` names it).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::sheet::sheet;
use super::{Invoice, einvoice, pdf};
use crate::platform::keys::{fingerprint, hex};
use crate::services::payments::Errand;
use crate::services::vendors::Vendor;
use crate::services::{Desk, Refusal};

/// A document as a file.
pub struct File {
    pub bytes: Vec<u8>,
    /// `Kestrel-2026-0012.pdf`
    pub file_name: String,
}

/// The syntaxes of the structured invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// UN/CEFACT Cross Industry Invoice.
    Cii,
    /// OASIS UBL 2.1.
    Ubl,
}

/// The structured form of a document; refused where it has none ([`einvoice::draw`]).
pub fn structured(vendor: &Vendor, invoice: &Invoice, syntax: Syntax) -> Result<File, Refusal> {
    let document = einvoice::draw(&invoice.snapshot()?)?;
    let (text, ending) = match syntax {
        Syntax::Cii => (einvoice::cii(&document), "xml"),
        Syntax::Ubl => (einvoice::ubl(&document), "ubl.xml"),
    };
    Ok(File { bytes: text.into_bytes(), file_name: file_name(&vendor.name, &invoice.number, ending) })
}

/// What stands for the bytes of a document's PDF, quotes included: the hash over the frozen document they are made from.
pub fn paper_tag(invoice: &Invoice) -> String {
    format!("\"{}\"", fingerprint(&format!("{}:pdf", invoice.hash)))
}

/// The PDF of a document, rendered now if nobody has asked for it before. No desk may be open meanwhile.
pub async fn paper(errand: &Errand, invoice: &Invoice) -> Result<File, Refusal> {
    let file_name = file_name(&errand.vendor.name, &invoice.number, "pdf");
    let kept = kept_pdf(&mut errand.reads().await?, &invoice.id).await?;
    if let Some(bytes) = kept {
        return Ok(File { bytes, file_name });
    }
    let sheet = sheet(&invoice.snapshot()?, &format!("{}/{}", errand.vendor.id, invoice.id));
    let rendered = tokio::task::spawn_blocking(move || pdf::render(&sheet)).await.map_err(Refusal::damaged)?.map_err(Refusal::damaged)?;
    let mut desk = errand.writes().await?;
    let bytes = keep_pdf(&mut desk, &invoice.id, &rendered).await?;
    desk.commit().await?;
    Ok(File { bytes, file_name })
}

/// Letters that every system can keep.
fn file_name(vendor: &str, number: &str, ending: &str) -> String {
    let plain = |text: &str| text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' }).collect::<String>().trim_matches('-').to_owned();
    let (vendor, number) = (plain(vendor), plain(number));
    if vendor.is_empty() { format!("{number}.{ending}") } else { format!("{vendor}-{number}.{ending}") }
}

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
            "INSERT INTO invoice_pdfs (vendor_id, invoice_id, content, hash, rendered_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (vendor_id, invoice_id) DO NOTHING",
            (desk.vendor.id.clone(), invoice_id.to_owned(), STANDARD.encode(bytes), hex(&Sha256::digest(bytes)), desk.now.wall_ms()),
        )
        .await?;
    kept_pdf(desk, invoice_id).await?.ok_or(Refusal::NotFound)
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn a_file_name_has_nothing_that_could_end_the_header() {
        assert_eq!(file_name("Kestrel", "2026-0012", "pdf"), "Kestrel-2026-0012.pdf");
        assert_eq!(file_name("\"; x=\r\n", "CN-1", "ubl.xml"), "x-CN-1.ubl.xml");
        assert_eq!(file_name("鷹", "1", "pdf"), "1.pdf");
    }
}
