//! What the sandbox's pages are made of: HTML as text, deliberately plain, so that nobody takes it for the portal or for a real bank.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::app::App;
use crate::services::payments::sandbox::cards::CARDS;
use crate::services::payments::{Wallet, wallet_name};
use crate::words::{Words, escape};

use super::entry::{CardForm, EntryError};

/// A page on its way out: who may frame it, where its forms may lead, and whether it tells the page around it.
pub struct Page {
    title: &'static str,
    body: String,
    return_origin: Option<String>,
    is_framed: bool,
    tells: Option<String>,
}

impl Page {
    pub fn new(title: &'static str, body: String) -> Page {
        Page { title, body, return_origin: None, is_framed: false, tells: None }
    }

    /// Forms of this page may end at `origin`: browsers hold redirects to the policy too.
    pub fn returning_to(self, origin: String) -> Page {
        Page { return_origin: Some(origin), ..self }
    }

    /// For a frame of the portal's. Browsers hold every page around a frame to the list of who may hold it, and the portal may itself stand
    /// in the page of any vendor: so, as with real providers, nobody is left out. What is typed here are published test numbers.
    pub fn framed(self) -> Page {
        Page { is_framed: true, ..self }
    }

    /// Says to the page around it, and to no other origin, that this setup is finished.
    pub fn telling(self, reference: &str) -> Page {
        Page { tells: Some(reference.to_owned()), ..self }
    }

    pub fn answer(self, app: &App, status: StatusCode) -> Response {
        let nonce = STANDARD_NO_PAD.encode(app.ids.secret::<18>());
        let origin = self.return_origin.unwrap_or_default();
        let script = self.tells.map(|reference| {
            // JSON inside a script must not be able to end it.
            let safe = |json: serde_json::Value| json.to_string().replace('<', "\\u003c");
            format!("<script nonce=\"{nonce}\">parent.postMessage({}, {})</script>", safe(reference.into()), safe(origin.clone().into()))
        });
        // The page around a frame has a main part of its own.
        let body = if self.is_framed {
            format!("<body class=\"framed\">{FRAME_BANNER}<div class=\"main\">{}</div>", self.body)
        } else {
            format!("<body>{BANNER}<main>{}</main>", self.body)
        };
        let html = format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"robots\" content=\"noindex\">\
             <title>{}</title><style nonce=\"{nonce}\">{STYLE}</style></head>{body}{}</body></html>",
            self.title,
            script.unwrap_or_default(),
        );
        let ancestors = if self.is_framed { "*" } else { "'none'" };
        let policy = format!(
            "default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; form-action 'self' {origin}; frame-ancestors {ancestors}; base-uri 'none'"
        );
        let mut response = (status, html).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        match HeaderValue::from_str(&policy) {
            Ok(policy) => response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy),
            Err(_) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        };
        response
    }
}

const STYLE: &str = "\
*{box-sizing:border-box}\
body{margin:0;font:16px/1.5 system-ui,sans-serif;color:#1a1a1a;background:#fff}\
.test{background:#ffe28a;color:#3a2c00;padding:.5rem 1rem;text-align:center;font-weight:600}\
main,.main{max-width:34rem;margin:0 auto;padding:1.5rem 1rem}\
h1{font-size:1.4rem;margin:0 0 .25rem}h2{font-size:1rem;margin:2rem 0 .5rem}p{margin:0 0 1rem}\
label{display:block;font-weight:600;margin-top:1rem}.hint{display:block;font-weight:400;color:#555}\
input{width:100%;font:inherit;padding:.6rem;border:1px solid #767676;border-radius:4px;background:#fff;color:inherit}\
input[aria-invalid]{border:2px solid #b00020}.err{display:block;color:#b00020;font-weight:600}\
.two{display:grid;grid-template-columns:1fr 1fr;gap:1rem}\
button{font:inherit;font-weight:600;min-height:2.75rem;padding:.5rem 1.25rem;margin:1.25rem .5rem 0 0;border:1px solid #1a1a1a;border-radius:4px;background:#1a1a1a;color:#fff;cursor:pointer}\
button.plain{background:#fff;color:#1a1a1a}\
:focus-visible{outline:3px solid #0b5fff;outline-offset:2px}\
table{width:100%;border-collapse:collapse;font-size:.9rem}th,td{text-align:left;padding:.4rem .5rem .4rem 0;border-top:1px solid #ccc;vertical-align:top;font-weight:400}\
th{white-space:nowrap;font-variant-numeric:tabular-nums}thead th{font-weight:600;border:0}\
.wallets{display:flex;flex-wrap:wrap;gap:.5rem;margin-bottom:1rem}.wallets button{margin:0}.check{display:grid;grid-template-columns:auto 1fr;gap:.75rem;font-weight:400}.check input{width:1.25rem;height:1.25rem;margin:.1rem 0 0}\
.framed .main{padding:0 2px 4px}.framed .test{font-size:.85rem;padding:.25rem}\
@media (prefers-color-scheme:dark){body,input,button.plain{background:#161616;color:#eee}.framed{background:#fff;color:#1a1a1a}.framed input{background:#fff;color:#1a1a1a}.hint{color:#aaa}.framed .hint{color:#555}\
input[aria-invalid]{border-color:#ff8a8a}.err{color:#ff8a8a}.framed .err{color:#b00020}.framed input[aria-invalid]{border-color:#b00020}button{border-color:#eee;background:#eee;color:#161616}th,td{border-color:#444}}";

const BANNER: &str = "<p class=\"test\" role=\"note\">Test payment page. No money moves here, and real cards are refused.</p>";
const FRAME_BANNER: &str = "<p class=\"test\" role=\"note\">Test fields: only published test numbers work.</p>";

/// The whole page where a card is typed in, or comes by a wallet.
pub fn card_page(page_url: &str, vendor_name: &str, wallets: &[Wallet], form: &CardForm, errors: &[EntryError]) -> String {
    format!(
        "<h1>Add a test card for {}</h1>{}<p>Only the test numbers listed below work.</p>{}{}{}",
        escape(vendor_name),
        wallet_buttons(wallets),
        card_form(form, errors, Focus::FirstError, &format!("<button>Add this card</button>{GO_BACK}")),
        cancel_form(page_url),
        numbers_table(),
    )
}

/// The same fields for a frame.
pub fn card_fields(wallets: &[Wallet], form: &CardForm, errors: &[EntryError]) -> String {
    format!("{}{}", wallet_buttons(wallets), card_form(form, errors, Focus::Left, "<button>Add this card</button>"))
}

/// What a device with a wallet would show.
fn wallet_buttons(wallets: &[Wallet]) -> String {
    let button = |wallet: &Wallet| format!("<button name=\"wallet\" value=\"{}\">{} (test)</button>", wallet.name(), wallet_name(Words::of("en"), *wallet));
    let buttons: String = wallets.iter().map(button).collect();
    if buttons.is_empty() { buttons } else { format!("<form method=\"post\" class=\"wallets\">{buttons}</form><p>Or type a card in.</p>") }
}

/// The button that leaves; its form stands beside the one it is in.
pub(super) const GO_BACK: &str = "<button class=\"plain\" form=\"cancel\" formnovalidate>Go back without adding</button>";

pub(super) fn cancel_form(page_url: &str) -> String {
    format!("<form id=\"cancel\" method=\"post\" action=\"{}/cancel\"></form>", escape(page_url))
}

/// Where the focus goes when the form comes back: browsers let no frame of another origin take it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Focus {
    FirstError,
    Left,
}

/// A field of a form, as it is told.
pub(super) struct Field<'a> {
    /// Its name and id.
    pub name: &'static str,
    pub label: &'a str,
    pub hint: &'a str,
    pub value: &'a str,
    /// Further attributes.
    pub rest: &'a str,
}

impl Field<'_> {
    pub fn told(&self, errors: &[EntryError], focus: Focus) -> String {
        let Field { name, label, hint, value, rest } = self;
        let error = errors.iter().find(|(field, _)| field == name).map(|(_, sentence)| *sentence);
        let is_first = focus == Focus::FirstError && errors.first().is_some_and(|(field, _)| field == name);
        format!(
            "<div><label for=\"{name}\">{label}<span class=\"hint\" id=\"{name}-hint\">{hint}</span></label>{}<input id=\"{name}\" name=\"{name}\" value=\"{}\" {rest} aria-describedby=\"{name}-hint{}\"{}{}></div>",
            error.map(|sentence| format!("<span class=\"err\" id=\"{name}-error\" role=\"alert\">{sentence}</span>")).unwrap_or_default(),
            escape(value),
            if error.is_some() { format!(" {name}-error") } else { String::new() },
            if error.is_some() { " aria-invalid=\"true\"" } else { "" },
            if is_first { " autofocus" } else { "" },
        )
    }
}

fn card_form(form: &CardForm, errors: &[EntryError], focus: Focus, buttons: &str) -> String {
    let field = |name, label, hint, value, rest| Field { name, label, hint, value, rest }.told(errors, focus);
    format!(
        "<form method=\"post\">{}<div class=\"two\">{}{}</div>{}{buttons}</form>",
        // Neither number nor security code is ever sent back.
        field("number", "Card number", "A published test number", "", "inputmode=\"numeric\" autocomplete=\"cc-number\" maxlength=\"40\" required"),
        field("expiry", "Expiry date", "MM / YY, any that lies ahead", &form.expiry, "autocomplete=\"cc-exp\" maxlength=\"12\" required"),
        field("cvc", "Security code", "Any 3 digits, 4 for American Express", "", "inputmode=\"numeric\" autocomplete=\"cc-csc\" maxlength=\"8\" required"),
        field("name", "Name on the card", "Optional, not kept", &form.name, "autocomplete=\"cc-name\" maxlength=\"200\""),
    )
}

/// The bank asks.
pub fn confirm_page(question: &str, yes: &str, no: &str) -> String {
    format!(
        "<h1>Test bank: is it you?</h1><p>{}</p><p>A real bank would ask for its app or a code here.</p>\
         <form method=\"post\"><button name=\"answer\" value=\"confirm\">{}</button><button class=\"plain\" name=\"answer\" value=\"refuse\">{}</button></form>",
        escape(question),
        escape(yes),
        escape(no)
    )
}

/// Somebody plays the bank that decides a dispute.
pub fn dispute_page(question: &str) -> String {
    format!(
        "<h1>Test bank: who is right?</h1><p>{}</p><p>A real bank would ask the vendor for evidence, and take weeks. Here you decide, and the portal is told.</p>\
         <form method=\"post\"><button name=\"decision\" value=\"won\">The vendor is right</button><button class=\"plain\" name=\"decision\" value=\"lost\">The customer is right</button></form>",
        escape(question)
    )
}

/// It has been decided.
pub fn decided_page(how: &str) -> String {
    format!("<h1>Test bank: decided</h1><p>{}</p><p>The portal hears of it within seconds. Nothing more can be decided here.</p>", escape(how))
}

/// In a frame, when the card is in. The link is for where the message does not arrive.
pub fn told_page(return_url: &str) -> String {
    format!("<p>The test card was taken. <a href=\"{}\" target=\"_top\">Go on</a></p>", escape(return_url))
}

/// The published numbers alone.
pub fn numbers_page() -> String {
    format!(
        "<h1>Test payment page</h1><p>It stands in for a payment provider. A portal sends its customers here to type in a card or an account.</p>{}{}",
        numbers_table(),
        super::accounts::table()
    )
}

fn numbers_table() -> String {
    let rows: String = CARDS.iter().map(|card| format!("<tr><th scope=\"row\">{}</th><td>{}</td></tr>", card.number, escape(card.what))).collect();
    format!(
        "<h2>Test card numbers</h2><p>With any expiry date that lies ahead and any security code. Every other number is refused.</p><table><thead><tr><th scope=\"col\">Number</th><th scope=\"col\">What happens</th></tr></thead><tbody>{rows}</tbody></table>"
    )
}
