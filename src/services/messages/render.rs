//! Messages in words: a subject, and the same content as text and as HTML in the vendor's colour.

use serde::{Deserialize, Serialize};

use super::To;
use super::letter::Letter;
use super::said::said;
use crate::services::Desk;
use crate::t;
use crate::words::{Words, escape};

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

/// What it is rendered for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum For {
    Sending,
    /// Read in the portal, which says by itself that it is a test, and where a link that opens an account does not stay.
    History,
}

pub(super) fn render(desk: &Desk, w: Words, to: To<'_>, letter: &Letter, purpose: For) -> Rendered {
    let vendor = &desk.vendor;
    let said = said(desk, w, letter);
    let action = said.action.filter(|_| purpose == For::Sending || !letter.opens_account());
    let subject = if vendor.is_test && purpose == For::Sending { t!(w, "mail-test-subject", subject = said.subject) } else { said.subject };
    let greeting = t!(w, "mail-greeting", name = to.name);
    let closing = t!(w, "mail-closing", name = &vendor.legal_name, city = &vendor.city);
    let mut text = vec![greeting.clone()];
    let mut html = format!("<p>{}</p>", escape(&greeting));
    for (at, paragraph) in said.paragraphs.iter().enumerate() {
        text.push(paragraph.clone());
        html.push_str(&format!("\n<p>{}</p>", escape(paragraph)));
        if let (0, Some((label, link))) = (at, &action) {
            text.push(format!("{label}:\n{link}"));
            html.push_str(&format!(
                "\n<p><a href=\"{0}\" style=\"{BUTTON};border:2px solid {2}\">{1}</a></p>\n<p style=\"{SMALL}\">{0}</p>",
                escape(link),
                escape(label),
                vendor.brand_colour
            ));
        }
    }
    text.push(closing.clone());
    html.push_str(&format!("\n<p style=\"{SMALL}\">{}</p>\n", escape(&closing)));
    Rendered {
        from_name: vendor.name.clone(),
        from_email: vendor.support_email.clone(),
        to_name: to.name.to_owned(),
        to_email: to.email.to_owned(),
        // Mail programs know no style sheets: what little there is of looks stands on the elements.
        html: format!(
            "<!doctype html><html lang=\"{}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><meta name=\"color-scheme\" content=\"light dark\"><title>{}</title></head>\
             <body style=\"{BODY}\"><p style=\"border-top:4px solid {};padding-top:16px;font-weight:600\">{}</p>\n{html}</body></html>",
            w.language(),
            escape(&subject),
            vendor.brand_colour,
            escape(&vendor.name)
        ),
        subject,
        text: text.join("\n\n") + "\n",
    }
}

const BODY: &str = "margin:0 auto;padding:24px 16px;max-width:36rem;font:16px/1.5 -apple-system,Segoe UI,Roboto,Helvetica,Arial,sans-serif";
/// Its ink is the page's: a vendor's colour may be too light or too dark to write on.
const BUTTON: &str = "display:inline-block;padding:10px 20px;border-radius:3px;color:inherit;font-weight:600;text-decoration:none";
const SMALL: &str = "font-size:13px;opacity:.75;overflow-wrap:anywhere";
