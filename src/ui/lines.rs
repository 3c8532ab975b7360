//! The table that money pages have in common: lines that unfold into their reasons, figures in columns, and the sums by accountants'
//! rules (a single rule above a sum, a double one below the total).

use leptos::prelude::*;

use crate::t;
use crate::words::Words;
use crate::words::format::currency_head;
use crate::words::reason::Reason;

pub use crate::services::invoices::TotalKind;

/// A table of lines. Figures come formatted.
pub struct Lines {
    pub words: Words,
    pub currency: String,
    /// Above the table; hidden from sight where the page says it already.
    pub caption: Caption,
    /// Head of the first column: "Open a line to see why".
    pub head: String,
    pub columns: Vec<Column>,
    pub groups: Vec<Group>,
    pub totals: Vec<Total>,
}

pub enum Caption {
    /// A heading with its id, and a remark beside it.
    Shown {
        id: &'static str,
        title: String,
        remark: String,
    },
    Hidden(String),
}

pub struct Column {
    /// May hold a line break as `\n`.
    pub head: String,
    /// Left out on a phone.
    pub is_far: bool,
}

/// Lines under a common heading, or without one.
#[derive(Default)]
pub struct Group {
    pub title: Option<String>,
    pub rows: Vec<Row>,
}

pub struct Row {
    pub reason: Reason,
    /// One a column.
    pub figures: Vec<Figure>,
}

/// A figure, in second ink where it is the lesser of two.
pub struct Figure {
    pub text: String,
    pub is_soft: bool,
}

impl Figure {
    pub fn full(text: impl Into<String>) -> Figure {
        Figure { text: text.into(), is_soft: false }
    }
    pub fn soft(text: impl Into<String>) -> Figure {
        Figure { text: text.into(), is_soft: true }
    }
}

pub struct Total {
    pub label: String,
    pub kind: TotalKind,
    pub figures: Vec<Figure>,
}

pub fn lines_view(lines: Lines) -> impl IntoView {
    let Lines { words, currency, caption, head, columns, groups, totals } = lines;
    // How far a fold may reach across the figures.
    let class = match columns.len() {
        0 | 1 => "",
        2 => "two",
        _ => "three",
    };
    let far: Vec<bool> = columns.iter().map(|c| c.is_far).collect();
    let num = |far: bool, soft: bool| match (far, soft) {
        (true, true) => "num far soft",
        (true, false) => "num far",
        (false, true) => "num soft",
        (false, false) => "num",
    };
    let caption = match caption {
        Caption::Shown { id, title, remark } => {
            view! { <caption><span class="head"><h2 id=id>{title}</h2><span class="sub">{remark}</span></span></caption> }.into_any()
        }
        Caption::Hidden(text) => view! { <caption class="vh">{text}</caption> }.into_any(),
    };
    let heads: Vec<_> = columns
        .into_iter()
        .map(|column| {
            let parts: Vec<_> = column.head.split('\n').enumerate().map(|(i, part)| ((i > 0).then(|| view! { <br /> }), part.to_owned())).collect();
            view! { <th scope="col" class=num(column.is_far, false)>{parts}</th> }
        })
        .collect();
    let width = (far.len() + 1).to_string();
    let bodies: Vec<_> = groups
        .into_iter()
        .map(|group| {
            let title = group.title.map(|title| view! { <tr class="grp"><th scope="rowgroup" colspan=width.clone()>{title}</th></tr> });
            let rows: Vec<_> = group
                .rows
                .into_iter()
                .map(|row| {
                    let cells: Vec<_> = row.figures.into_iter().zip(&far).map(|(f, far)| view! { <td class=num(*far, f.is_soft)>{f.text}</td> }).collect();
                    let fold = fold(words, row.reason, &currency);
                    view! { <tr><th scope="row">{fold}</th>{cells}</tr> }
                })
                .collect();
            view! { <tbody>{title}{rows}</tbody> }
        })
        .collect();
    let totals: Vec<_> = totals
        .into_iter()
        .map(|total| {
            let class = match total.kind {
                TotalKind::Sum => "",
                TotalKind::Total => "total",
                TotalKind::Quiet => "quiet",
            };
            let cells: Vec<_> = total.figures.into_iter().zip(&far).map(|(f, far)| view! { <td class=num(*far, f.is_soft)>{f.text}</td> }).collect();
            view! { <tr class=class><th scope="row">{total.label}</th>{cells}</tr> }
        })
        .collect();
    view! {
        <table class=class>
            {caption}
            <thead><tr><th scope="col">{head}</th>{heads}</tr></thead>
            {bodies}
            <tfoot>{totals}</tfoot>
        </table>
    }
}

/// A line's name and remark; with a fold where there is more to say.
fn fold(words: Words, reason: Reason, currency: &str) -> impl IntoView + use<> {
    if reason.sentences.is_empty() && reason.tiers.is_empty() {
        return view! { <span class="why-not"><span>{reason.name}</span>" "<span class="sub">{reason.remark}</span></span> }.into_any();
    }
    let inner = reason_view(words, &reason, currency);
    view! { <details class="why"><summary><span class="nm">{reason.name}</span>" "<span class="sub">{reason.remark}</span></summary><div class="reason">{inner}</div></details> }.into_any()
}

/// What stands in the fold: the tiers, the sentences, the link.
fn reason_view(words: Words, reason: &Reason, currency: &str) -> impl IntoView + use<> {
    let rows: Vec<_> = reason
        .tiers
        .iter()
        .map(|tier| {
            view! {
                <tr>
                    <th scope="row">{tier.span.clone()}</th><td class="num">{tier.units.clone()}</td><td class="num">{tier.each.clone()}</td>
                    <td class="num">{tier.amount.clone()}</td>
                </tr>
            }
        })
        .collect();
    let total = reason.tiers_total.clone().map(|(units, amount)| {
        view! { <tfoot><tr><th scope="row">{t!(words, "reason-together")}</th><td class="num">{units}</td><td class="num"></td><td class="num">{amount}</td></tr></tfoot> }
    });
    let table = (!rows.is_empty()).then(|| {
        view! {
            <table>
                <thead>
                    <tr>
                        <th scope="col">{t!(words, "reason-tier")}</th><th scope="col" class="num">{t!(words, "reason-units-head")}</th>
                        <th scope="col" class="num">{t!(words, "reason-each-head")}</th><th scope="col" class="num">{currency_head(currency)}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
                {total}
            </table>
        }
    });
    let sentences: Vec<_> = reason.sentences.iter().map(|sentence| view! { <p>{sentence.clone()}</p> }).collect();
    let link = reason.link.clone().map(|(href, label)| view! { <p class="acts"><a class="link" href=href>{label}</a></p> });
    view! { {table}{sentences}{link} }
}
