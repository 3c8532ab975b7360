//! The document on paper: an issued invoice or credit note as a PDF.
//!
//! [`render`] turns a [`Sheet`], text that is already formatted and translated, into the bytes of a PDF/A-3b file that is also
//! tagged for screen readers (PDF/UA-1): with its fonts inside, its title, language and date, and whatever files are attached.
//! A pure function: the same sheet gives the same bytes, so a stored document can be proven against its sheet.
//!
//! | file | what it is |
//! |---|---|
//! | `sheet` | what is printed, as plain values |
//! | `layout` | how it looks: text into strips that belong together |
//! | `chart`, `logo` | the two drawings |
//! | `text`, `ink` | letters and colours |
//! | `pages` | page breaks, drawing, tags |
//! | `facturx` | the metadata of a PDF that carries the structured invoice |
//!
//! Deliberately not here: any word of any language, money, dates, clocks, SQL, where the bytes are kept, and the structured invoice,
//! which comes in as an attachment.

mod chart;
mod facturx;
mod ink;
mod layout;
mod logo;
mod pages;
#[cfg(test)]
mod samples;
mod sheet;
#[cfg(test)]
mod tests;
mod text;

use krilla::configure::{Accessibility, Archival, ConfigurationBuilder};
use krilla::destination::XyzDestination;
use krilla::embed::{AssociationKind, EmbeddedFile, MimeType};
use krilla::error::KrillaError;
use krilla::geom::Point;
use krilla::metadata::{DateTime, Metadata};
use krilla::outline::{Outline, OutlineNode};
use krilla::{Document, SerializeSettings};
use thiserror::Error;

pub use facturx::FILE_NAME as FACTUR_X;
pub use sheet::{
    Answer, Attachment, Boundary, Branding, Chart, Code, Day, Fact, Labels, Line, Logo, Paper, Paragraph, Payment, Reason, Relationship, Section, Sheet, Stamp,
    Standing, State, Tick, TierTable, TotalRow, TotalStyle,
};

/// Why there is no PDF.
#[derive(Debug, Error)]
pub enum PdfError {
    /// A fault of the binary, not of the sheet.
    #[error("the fonts of the program cannot be read")]
    Fonts,
    #[error("the attachment {0:?} has no usable media type")]
    MediaType(String),
    #[error("two attachments are named {0:?}")]
    AttachmentTwice(String),
    /// The archive's rules were broken; which, in the writer's words.
    #[error("the document cannot be written for the archive: {0}")]
    Refused(String),
}

/// The PDF of a sheet.
pub fn render(sheet: &Sheet) -> Result<Vec<u8>, PdfError> {
    let mut set = text::Typesetter::new().ok_or(PdfError::Fonts)?;
    let mut tags = pages::Tags::default();
    let book = layout::compose(sheet, &mut set, &mut tags);
    let palette = ink::Palette::new(sheet.branding.accent);

    let configuration = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A3_B)
        .with_accessibility_validator(Accessibility::UA1)
        .finish()
        .map_err(|error| PdfError::Refused(format!("{error:?}")))?;
    let mut document = Document::new_with(SerializeSettings { configuration, ..SerializeSettings::default() });
    book.draw(&mut document, &mut set, &palette, &mut tags, |set, page, pages| {
        let text = sheet.labels.page.replace("{page}", &page.to_string()).replace("{pages}", &pages.to_string());
        set.short_line(layout::SMALL.tabular(), &text, 100.0)
    })
    .ok_or_else(|| PdfError::Refused("the page has no size".into()))?;

    document.set_tag_tree(tags.finish(&sheet.language));
    let title = layout::heading(sheet);
    let mut outline = Outline::new();
    outline.push_child(OutlineNode::new(title.clone(), XyzDestination::new(0, Point::from_xy(0.0, 0.0))));
    document.set_outline(outline);
    document.set_metadata(metadata(sheet, title));
    for attachment in &sheet.attachments {
        attach(&mut document, attachment)?;
    }
    let pdf = document.finish().map_err(|error| match error {
        KrillaError::Validation(faults) => PdfError::Refused(faults.iter().map(|(fault, _)| format!("{fault:?}")).collect::<Vec<_>>().join("; ")),
        error => PdfError::Refused(error.to_string()),
    })?;
    if sheet.attachments.iter().any(|attachment| attachment.name == FACTUR_X) {
        return facturx::stamp(&pdf).ok_or_else(|| PdfError::Refused("its metadata is not where it was looked for".into()));
    }
    Ok(pdf)
}

fn metadata(sheet: &Sheet, title: String) -> Metadata {
    let mut metadata = Metadata::new().title(title).creation_date(date(sheet.issued_at)).document_id(sheet.document_id.clone()).creator("Portico".into());
    if !sheet.language.is_empty() {
        metadata = metadata.language(layout::cut(&sheet.language, 35).to_owned());
    }
    if !sheet.branding.name.is_empty() {
        metadata = metadata.authors(vec![layout::cut(&sheet.branding.name, 300).replace(char::is_control, " ")]);
    }
    metadata
}

fn date(stamp: Stamp) -> DateTime {
    DateTime::new(stamp.year).month(stamp.month).day(stamp.day).hour(stamp.hour).minute(stamp.minute).second(stamp.second).utc_offset_hour(0)
}

fn attach(document: &mut Document, attachment: &Attachment) -> Result<(), PdfError> {
    let mime = MimeType::new(&attachment.mime).ok_or_else(|| PdfError::MediaType(attachment.name.clone()))?;
    document
        .embed_file(EmbeddedFile {
            path: attachment.name.clone(),
            mime_type: Some(mime),
            description: Some(attachment.description.clone()),
            association_kind: match attachment.relationship {
                Relationship::Source => AssociationKind::Source,
                Relationship::Data => AssociationKind::Data,
                Relationship::Alternative => AssociationKind::Alternative,
                Relationship::Supplement => AssociationKind::Supplement,
                Relationship::Unspecified => AssociationKind::Unspecified,
            },
            data: attachment.bytes.clone().into(),
            modification_date: Some(date(attachment.modified)),
            compress: Some(true),
            location: None,
        })
        .ok_or_else(|| PdfError::AttachmentTwice(attachment.name.clone()))
}
