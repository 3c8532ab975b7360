//! The page: from a view to a response. Islands find their script here, the content security policy its nonce, the brand its colour, and
//! a frame who may hold it.

use std::sync::Arc;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use hydration_context::{SharedContext, SsrSharedContext};
use leptos::prelude::*;

use crate::app::App;
use crate::services::embed_sessions::Holders;
use crate::services::vendors::Vendor;
use crate::t;
use crate::words::Words;

/// Whose page it is, and where it is shown. A vendor alone means: by itself, in a window.
pub struct Setting<'a> {
    pub vendor: &'a Vendor,
    pub framed: Option<Framed<'a>>,
}

/// What a page in a frame of somebody else's page has to say to browser and script.
#[derive(Clone, Copy)]
pub struct Framed<'a> {
    /// Whose pages may hold it. None: nobody's.
    pub origins: &'a [String],
    pub standing: Standing,
    /// Which embed session it is of, where it is of one: tabs of one site share a browser's session, and the newest has it.
    pub embed_id: Option<&'a str>,
    /// The host's look: see `services/embed_sessions/theme.rs`.
    pub style: &'a str,
}

/// What the frame's script is to do about the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It lasts for so many seconds more, unless it is used.
    Lasts(i64),
    /// It was there and is not any more: the host's page is asked for a token, and the same page opened again.
    Missing,
    /// There was none yet: the same, and what the element is to show is opened.
    Waiting,
    /// The person ended it, or nothing can be done: nobody is asked.
    Over,
}

impl<'a> From<&'a Vendor> for Setting<'a> {
    fn from(vendor: &'a Vendor) -> Setting<'a> {
        Setting { vendor, framed: None }
    }
}

impl<'a> From<&'a Arc<Vendor>> for Setting<'a> {
    fn from(vendor: &'a Arc<Vendor>) -> Setting<'a> {
        Setting { vendor, framed: None }
    }
}

impl<'a> Framed<'a> {
    pub fn held_by(holders: &'a Holders, standing: Standing) -> Framed<'a> {
        Framed { origins: &holders.origins, standing, embed_id: holders.embed.as_ref().map(|embed| embed.id.as_str()), style: &holders.style }
    }

    /// What the script reads, as attributes of the document: and the words for what only it can see.
    fn attributes(&self, w: Words) -> String {
        let standing = match self.standing {
            Standing::Lasts(seconds) => format!("lasts\" data-seconds=\"{seconds}"),
            Standing::Missing => "missing".to_owned(),
            Standing::Waiting => "waiting".to_owned(),
            Standing::Over => "over".to_owned(),
        };
        let said = [
            ("origins", self.origins.join(" ")),
            ("embed", self.embed_id.unwrap_or_default().to_owned()),
            ("nested", t!(w, "embed-nested")),
            ("unopened", t!(w, "embed-refused-unknown")),
            ("ended", t!(w, "embed-ended")),
            ("silent", t!(w, "embed-silent")),
            ("unseen", t!(w, "embed-unseen")),
            ("window", t!(w, "frame-window")),
        ];
        let said: String = said.iter().map(|(name, value)| format!(" data-{name}=\"{}\"", crate::words::escape(value))).collect();
        format!(" data-frame=\"{standing}\"{said}")
    }
}

/// Renders `body` as a whole document. The view is made inside a reactive owner, so islands can be used anywhere in it.
pub fn document<'a, V: IntoView + 'static>(app: &App, setting: impl Into<Setting<'a>>, status: StatusCode, title: &str, body: impl FnOnce() -> V) -> Response {
    document_reaching(app, setting, status, title, Reach::default(), body)
}

/// Whom a page may reach beside ourselves, as origins. The pages where a card is added alone do, and each no further than it must.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    /// Where its forms may lead: browsers hold a form's redirects to this too.
    pub forms: Vec<String>,
    /// Who may stand in a frame of it.
    pub frames: Vec<String>,
    /// Whose script may run in it.
    pub scripts: Vec<Script>,
    /// What that script may ask.
    pub connects: Vec<String>,
}

/// A payment gateway's script. It may be neither copied nor pinned by its hash: gateways forbid the one and change the other.
#[derive(Clone, Debug)]
pub struct Script {
    pub url: String,
    /// From where it, and what it loads itself, may come.
    pub origins: Vec<String>,
    /// Ours, by its asset's name: works the other.
    pub worked_by: &'static str,
}

impl Reach {
    /// Its forms may lead to a gateway's page.
    pub fn forms_to(origin: Option<String>) -> Reach {
        Reach { forms: origin.into_iter().collect(), ..Reach::default() }
    }
}

/// The same for the pages where a card is added.
pub fn document_reaching<'a, V: IntoView + 'static>(
    app: &App,
    setting: impl Into<Setting<'a>>,
    status: StatusCode,
    title: &str,
    reach: Reach,
    body: impl FnOnce() -> V,
) -> Response {
    let Setting { vendor, framed } = setting.into();
    let words = Words::of(&vendor.locale);
    let nonce = STANDARD_NO_PAD.encode(app.ids.secret::<18>());
    let context = Arc::new(SsrSharedContext::new());
    let owner = Owner::new_root(Some(context.clone()));
    let body = owner.with(|| {
        // Only islands hydrate.
        context.set_is_hydrating(false);
        body().into_view().to_html()
    });
    drop(owner);
    let title = t!(words, "page-title", page = title, vendor = &vendor.name);
    let html = format!(
        "<!doctype html><html lang=\"{lang}\"{frame}><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title}</title>{icon}<style nonce=\"{nonce}\">{style}:root{{--vendor:{colour};{theme}}}</style>\
         <script type=\"module\" src=\"{start}\" data-wasm=\"{wasm}\" data-glue=\"{glue}\"></script>{frame_script}{gateway_script}</head><body>{body}</body></html>",
        lang = vendor.locale,
        frame = framed.as_ref().map(|framed| framed.attributes(words)).unwrap_or_default(),
        frame_script = framed.map(|_| format!("<script type=\"module\" src=\"{}\"></script>", app.assets.path("frame.js"))).unwrap_or_default(),
        gateway_script = reach.scripts.iter().map(|script| scripts(app, script)).collect::<String>(),
        title = crate::words::escape(&title),
        icon = vendor.brand_mark.as_deref().map(|mark| icon(mark, &vendor.brand_colour)).unwrap_or_default(),
        style = app.assets.style,
        colour = vendor.brand_colour,
        theme = framed.map(|framed| framed.style).unwrap_or_default(),
        start = app.assets.path("start.js"),
        wasm = app.assets.path("portico.wasm"),
        glue = app.assets.path("portico.js"),
    );
    let also = |origins: &[String]| origins.iter().map(|origin| format!(" {origin}")).collect::<String>();
    let script_origins: Vec<String> = reach.scripts.iter().flat_map(|script| script.origins.iter().cloned()).collect();
    let (script_src, connect_src, form_action) = (also(&script_origins), also(&reach.connects), also(&reach.forms));
    let frame_src = if reach.frames.is_empty() { "'none'".to_owned() } else { reach.frames.join(" ") };
    let holders = match framed {
        Some(Framed { origins, .. }) if !origins.is_empty() => origins.join(" "),
        _ => "'none'".to_owned(),
    };
    let policy = format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{script_src}; style-src 'nonce-{nonce}'; img-src 'self' data:; connect-src 'self'{connect_src}; \
         form-action 'self'{form_action}; frame-src {frame_src}; frame-ancestors {holders}; base-uri 'none'"
    );
    let mut response = (status, html).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// The gateway's script and ours that works it, in this order: neither waits for the other's page.
fn scripts(app: &App, script: &Script) -> String {
    format!(
        "<script src=\"{}\" defer></script><script src=\"{}\" type=\"module\"></script>",
        crate::words::escape(&script.url),
        app.assets.path(script.worked_by)
    )
}

/// A vendor's mark in its colour, for the browser's tab. Inside the page, so that nothing more is fetched.
fn icon(mark: &str, colour: &str) -> String {
    let svg = format!("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 22 22'><path fill='{colour}' d='{mark}'/></svg>");
    let mut address = String::with_capacity(svg.len() + 64);
    for c in svg.chars() {
        match c {
            '<' | '>' | '"' | '#' | '%' | '&' => address.push_str(&format!("%{:02X}", u32::from(c))),
            c => address.push(c),
        }
    }
    format!("<link rel=\"icon\" href=\"data:image/svg+xml,{address}\">")
}

#[cfg(test)]
mod tests {
    use super::icon;

    #[test]
    fn the_mark_stands_in_an_attribute_and_cannot_leave_it() {
        let href = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 22 22'%3E%3Cpath fill='%2306637a' d='M1 5z'/%3E%3C/svg%3E";
        assert_eq!(icon("M1 5z", "#06637a"), format!("<link rel=\"icon\" href=\"{href}\">"));
        assert!(!icon("\"><script>", "#06637a").contains("<script"));
    }
}
