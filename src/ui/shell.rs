//! The shell around every signed-in page: brand, navigation, who you are. In a frame the host's page is the shell: what is left is a line
//! of rooms, and of that nothing where the frame shows one page.

use std::collections::BTreeSet;

use leptos::either::Either;
use leptos::prelude::*;

use crate::services::embed_sessions::{Embed, Scope, Shows};
use crate::t;
use crate::words::Words;

/// The five rooms of the portal, in the order people ask: how much, what for, since when, could it be less, from where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Overview,
    Usage,
    Invoices,
    Plan,
    Payment,
    /// Account pages: reached from the name, not from the five.
    Account,
}

impl Place {
    pub fn path(self) -> &'static str {
        match self {
            Place::Overview => "/",
            Place::Usage => "/usage",
            Place::Invoices => "/invoices",
            Place::Plan => "/plan",
            Place::Payment => "/payment-methods",
            Place::Account => "/account",
        }
    }

    /// The rooms that a frame with these scopes opens.
    pub fn open_to(scopes: &BTreeSet<Scope>) -> Vec<Place> {
        let rooms: [(Place, &[Scope]); 5] = [
            (Place::Overview, &[Scope::UsageRead, Scope::InvoicesRead]),
            (Place::Usage, &[Scope::UsageRead]),
            (Place::Invoices, &[Scope::InvoicesRead]),
            (Place::Plan, &[Scope::PlanWrite]),
            (Place::Payment, &[Scope::PaymentMethodWrite]),
        ];
        rooms.into_iter().filter(|(_, wants)| wants.iter().all(|scope| scopes.contains(scope))).map(|(place, _)| place).collect()
    }
}

/// What stands around a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Around {
    /// Brand, rooms and who you are.
    Rail,
    /// In a frame: these rooms.
    Rooms(Vec<Place>),
    Nothing,
}

impl Around {
    /// In a frame.
    pub fn of(embed: &Embed) -> Around {
        match embed.shows {
            Shows::Portal => Around::Rooms(Place::open_to(&embed.scopes)),
            Shows::Page => Around::Nothing,
        }
    }
}

/// What is said of a sandbox beside the brand; it leads to its clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestMark {
    /// Where its time stands; None: it goes with the world's.
    pub stands_at: Option<String>,
}

/// What the shell shows of the visitor.
#[derive(Clone)]
pub struct Shell {
    pub words: Words,
    pub vendor_name: String,
    /// SVG path data in a 22 × 22 box.
    pub brand_mark: Option<String>,
    /// In a sandbox: its time, where that does not go with the world's.
    pub test: Option<TestMark>,
    pub customer_name: String,
    /// "Mira Lang, owner"
    pub signed_in_as: String,
    /// Whether there is another customer to switch to.
    pub can_switch: bool,
    pub place: Place,
    pub around: Around,
}

/// A whole page body: skip link, rail, and `content` as the main part.
pub fn frame(shell: Shell, content: impl IntoView + 'static) -> impl IntoView {
    match shell.around {
        Around::Rail => Either::Left(with_rail(shell, content)),
        ref around => Either::Right(framed(shell.words, shell.place, around, content)),
    }
}

/// In a frame: its rooms, and the way out of all of them.
pub fn framed<V: IntoView + 'static>(w: Words, here: Place, around: &Around, content: V) -> impl IntoView + use<V> {
    let rooms: &[Place] = if let Around::Rooms(rooms) = around { rooms } else { &[] };
    let links: Vec<_> = rooms
        .iter()
        .map(|place| {
            let label = match place {
                Place::Overview => t!(w, "nav-overview"),
                Place::Usage => t!(w, "nav-usage"),
                Place::Invoices => t!(w, "nav-invoices"),
                Place::Plan => t!(w, "nav-plan"),
                Place::Payment => t!(w, "nav-payment"),
                Place::Account => t!(w, "nav-account"),
            };
            view! { <li><a href=place.path() aria-current=(*place == here).then_some("page")>{label}</a></li> }
        })
        .collect();
    let rooms = (!links.is_empty()).then(|| {
        view! {
            <header class="rooms">
                <nav aria-label=t!(w, "nav-label")><ul>{links}</ul></nav>
                <form method="post" action="/sign-out"><button class="link as-link">{t!(w, "nav-sign-out")}</button></form>
            </header>
        }
    });
    view! { {rooms}<main class="page" id="main">{content}</main> }
}

fn with_rail(shell: Shell, content: impl IntoView + 'static) -> impl IntoView {
    let w = shell.words;
    let link = move |place: Place, label: String| {
        let current = (shell.place == place).then_some("page");
        view! { <li><a href=place.path() aria-current=current>{label}</a></li> }
    };
    view! {
        <a class="skip" href="#main">{t!(w, "skip-to-content")}</a>
        <div class="frame">
            <header class="rail">
                <div class="branded">
                    <a class="brand" href="/">{brand(&shell.vendor_name, shell.brand_mark.as_deref())}</a>
                    {shell.test.map(|test| clock_mark(w, test))}
                </div>
                <nav aria-label=t!(w, "nav-label")>
                    <ul>
                        {link(Place::Overview, t!(w, "nav-overview"))}
                        {link(Place::Usage, t!(w, "nav-usage"))}
                        {link(Place::Invoices, t!(w, "nav-invoices"))}
                        {link(Place::Plan, t!(w, "nav-plan"))}
                        {link(Place::Payment, t!(w, "nav-payment"))}
                    </ul>
                </nav>
                <details class="who">
                    <summary><span class="nm">{shell.customer_name}</span></summary>
                    <span class="sub">{shell.signed_in_as}</span>
                    <p><a class="link" href="/account">{t!(w, "nav-account")}</a></p>
                    <p><a class="link" href="/account/security">{t!(w, "nav-security")}</a></p>
                    {shell.can_switch.then(|| view! { <p><a class="link" href="/switch">{t!(w, "nav-switch")}</a></p> })}
                    <form method="post" action="/sign-out"><button class="link as-link">{t!(w, "nav-sign-out")}</button></form>
                </details>
            </header>
            <main class="page" id="main">{content}</main>
        </div>
    }
}

/// The page of somebody who is not signed in: brand above, one sheet, a line below.
pub fn door(
    words: Words,
    vendor_name: String,
    brand_mark: Option<String>,
    is_test: bool,
    legal_line: String,
    content: impl IntoView + 'static,
) -> impl IntoView {
    view! {
        <div class="door">
            <header><span class="brand">{brand(&vendor_name, brand_mark.as_deref())}{test_mark(words, is_test)}</span></header>
            <main class="sheet" id="main">{content}</main>
            <footer class="sub">{legal_line}</footer>
        </div>
    }
}

fn brand(name: &str, mark: Option<&str>) -> impl IntoView + use<> {
    let mark = mark.map(|d| view! { <svg width="22" height="22" viewBox="0 0 22 22" aria-hidden="true" fill="currentColor"><path d=d.to_owned() /></svg> });
    view! { {mark}{name.to_owned()} }
}

/// The mark of a sandbox in its portal: its time can be moved from there.
fn clock_mark(words: Words, test: TestMark) -> impl IntoView {
    let stands = test.stands_at.map(|at| view! { <span class="sub">{at}</span> });
    view! { <a class="test" href="/test-clock">{t!(words, "test-mode")}{stands}</a> }
}

fn test_mark(words: Words, is_test: bool) -> impl IntoView {
    if is_test { Either::Left(view! { <span class="test">{t!(words, "test-mode")}</span> }) } else { Either::Right(()) }
}
