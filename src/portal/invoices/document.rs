//! One document: what is paid or to be paid of it, first; then who, what, and why each line is what it is; then what settled it.

use axum::http::StatusCode;
use axum::response::Response;
use billing::calendar::Instant;
use billing::invoice::DocumentKind;
use leptos::either::Either;
use leptos::prelude::*;

use crate::app::App;
use crate::identity::Member;
use crate::platform::clock::from_ms;
use crate::portal::entry::shell;
use crate::portal::payments::Waits;
use crate::portal::receipts::receipt_path;
use crate::services::bank::{self, TransferTo};
use crate::services::invoices::{self, Allocated, Invoice, NoteUse, Snapshot, Status, ToWithhold, Told, einvoice};
use crate::services::payments::{self, Method, Payment, declined_because, method_name};
use crate::services::{Desk, Refusal};
use crate::ui::lines::{Caption, Column, Figure, Group, Lines, Row, Total, TotalKind, lines_view};
use crate::ui::shell::{Place, frame};
use crate::ui::{page, parts};
use crate::words::Words;
use crate::words::format::{Dates, currency_head};
use crate::{rich, t};

use super::transfer;
use super::withholding::{self, NotAccepted};

/// What the page is made of.
struct Seen {
    invoice: Invoice,
    snapshot: Snapshot,
    settled: Vec<Settled>,
    /// Credit notes that correct it.
    notes: Vec<String>,
    /// Of a credit note.
    note_use: Option<NoteUse>,
    /// The last try to pay it, and from what, while something is due.
    last_try: Option<(Payment, Method)>,
    /// What the customer may withhold of it, as its law may have it.
    withholds: Option<ToWithhold>,
    /// Until when a certificate of tax withheld is waited for, and nothing else asked.
    awaited_until: Option<Instant>,
    /// How it is paid by bank transfer, while no other payment is under way.
    transfer: Option<TransferTo>,
    /// A certificate that was not accepted, while what it settled is due.
    not_accepted: Option<NotAccepted>,
    /// A bank has a payment of it back, and is deciding.
    is_disputed: bool,
    now: Instant,
    may_pay: bool,
}

struct Settled {
    by: Allocated,
    /// What a payment was made from.
    method: Option<Method>,
}

impl Seen {
    async fn load(desk: &mut Desk, member: &Member, number: &str) -> Result<Seen, Refusal> {
        let customer = member.customer_id.as_str();
        let invoice = invoices::by_number(desk, customer, number).await?;
        let mut settled = Vec::new();
        for by in invoices::allocations_of(desk, &invoice.id).await? {
            let method = match &by.payment_id {
                Some(payment_id) => method_of(desk, customer, payment_id).await?,
                None => None,
            };
            settled.push(Settled { by, method });
        }
        let last_try = match invoice.payable_minor() {
            0 => None,
            _ => match payments::of_invoice(desk, &invoice.id).await?.into_iter().next() {
                Some(payment) => {
                    let method = payments::find_method_ever(desk, customer, &payment.method_id).await?;
                    Some((payment, method))
                }
                None => None,
            },
        };
        let note_use = match invoice.kind {
            DocumentKind::CreditNote => Some(invoices::note_use(desk, &invoice.id).await?),
            DocumentKind::Invoice => None,
        };
        let snapshot = invoice.snapshot()?;
        let is_under_way = last_try.as_ref().is_some_and(|(payment, _)| payment.status.is_under_way());
        let transfer = if is_under_way { None } else { bank::transfer_for(desk, &invoice, &snapshot.to.country).await? };
        Ok(Seen {
            snapshot,
            transfer,
            withholds: invoices::may_withhold(desk, &invoice).await?,
            awaited_until: bank::certificate_until(desk, &invoice.id).await?.filter(|until| *until > desk.now.billing && invoice.due_minor > 0),
            not_accepted: withholding::not_accepted(desk, member, &invoice).await?,
            notes: invoices::notes_of(desk, &invoice.id).await?,
            note_use,
            is_disputed: payments::is_disputed(desk, &invoice.id).await?,
            settled,
            last_try,
            invoice,
            now: desk.now.billing,
            may_pay: member.may_manage_billing().is_ok(),
        })
    }
}

impl Seen {
    /// Whether a direct debit is coming, or on its way.
    fn waits(&self) -> bool {
        self.last_try.as_ref().is_some_and(|(payment, _)| payment.wait_until.is_some() && payment.status.is_under_way())
    }
}

/// A payment that came from elsewhere (an import, a bank transfer) has no method here.
async fn method_of(desk: &mut Desk, customer_id: &str, payment_id: &str) -> Result<Option<Method>, Refusal> {
    let payment = match payments::find(desk, customer_id, payment_id).await {
        Err(Refusal::NotFound) => return Ok(None),
        other => other?,
    };
    match payments::find_method_ever(desk, customer_id, &payment.method_id).await {
        Err(Refusal::NotFound) => Ok(None),
        other => other.map(Some),
    }
}

pub async fn page(app: &App, member: &Member, desk: &mut Desk, number: &str, status: StatusCode) -> Result<Response, Refusal> {
    let seen = Seen::load(desk, member, number).await?;
    let w = Words::of(&member.locale);
    let shell = shell(member, w, Place::Invoices);
    let title = heading(w, &seen.snapshot);
    Ok(page::document(app, member, status, &title.clone(), move || {
        let told = Told::new(&seen.snapshot, w);
        let content = view! {
            {parts::as_of(view! { <a class="link" href="/invoices">{t!(w, "nav-invoices")}</a> }, title)}
            <div class="answer"><h1 inner_html=answer(&told, &seen)></h1>{lede(&told, &seen)}</div>
            {seen.not_accepted.as_ref().map(|certificate| certificate.note(w))}
            {trouble(w, &seen)}
            {seen.is_disputed.then(|| parts::note(view! { {t!(w, "document-disputed")} }))}
            {acts(w, &seen)}
            {seen.transfer.as_ref().map(|transfer| transfer::section(w, &seen.invoice, transfer))}
            {parties(&told)}
            {lines(&told, &seen)}
            {notes(&told, &seen)}
        };
        frame(shell, content)
    }))
}

/// `Invoice 2026-0012`
fn heading(w: Words, snapshot: &Snapshot) -> String {
    match snapshot.kind {
        DocumentKind::Invoice => t!(w, "document-heading-invoice", number = &snapshot.number),
        DocumentKind::CreditNote => t!(w, "document-heading-credit-note", number = &snapshot.number),
    }
}

/// The sentence the reader came for.
fn answer(told: &Told<'_>, seen: &Seen) -> String {
    let (w, dates, invoice) = (told.words, &told.dates, &seen.invoice);
    let amount = |minor: i64| w.money(minor, &invoice.currency);
    if let Some(used) = seen.note_use {
        let whole = invoice.total_minor.saturating_neg();
        let day = dates.day(invoice.issued_at);
        return if used.under_way_minor > 0 && used.refunded_minor == whole {
            rich!(w, "document-refund-under-way", amount = amount(whole))
        } else if used.refunded_minor == whole {
            rich!(w, "document-refunded", amount = amount(whole), day = day)
        } else if used.applied_minor == whole {
            rich!(w, "document-credited-to-invoice", amount = amount(whole), day = day)
        } else {
            rich!(w, "document-credited-to-balance", amount = amount(whole), day = day)
        };
    }
    let waits = seen.last_try.as_ref().filter(|_| invoice.status == Status::Open).and_then(|(payment, _)| Waits::of(payment, dates));
    match waits {
        Some(Waits::ToBeSent(day)) => return rich!(w, "document-announced", amount = amount(invoice.due_minor), day = day),
        Some(Waits::OnItsWay(day)) => return rich!(w, "document-on-its-way", amount = amount(invoice.due_minor), day = day),
        None => {}
    }
    if let Some(until) = seen.awaited_until {
        return rich!(w, "document-certificate-awaited", amount = amount(invoice.due_minor), day = dates.day_year(until));
    }
    match invoice.status {
        Status::Void => rich!(w, "document-void", number = &invoice.number),
        Status::Uncollectible => {
            let vendor = &told.snapshot.from.name;
            rich!(w, "document-written-off", amount = amount(invoice.written_off_minor), number = &invoice.number, vendor = vendor)
        }
        Status::Open if invoice.is_overdue(seen.now) => rich!(w, "document-overdue", amount = amount(invoice.due_minor), day = dates.day_year(invoice.due_at)),
        Status::Open => rich!(w, "document-open", amount = amount(invoice.due_minor), day = dates.day_year(invoice.due_at)),
        Status::Paid if invoice.total_minor == 0 => rich!(w, "document-nothing"),
        Status::Paid => paid(told, seen),
    }
}

/// By how many of what: one card, one card and the balance, the balance, credit, or a mixture.
fn paid(told: &Told<'_>, seen: &Seen) -> String {
    let (w, dates, invoice) = (told.words, &told.dates, &seen.invoice);
    let amount = |minor: i64| w.money(minor, &invoice.currency);
    let payments: Vec<&Settled> = seen.settled.iter().filter(|settled| ["payment", "transfer"].contains(&settled.by.kind.as_str())).collect();
    let day = invoice.settled_at.map(|at| dates.day(at)).unwrap_or_default();
    match payments.as_slice() {
        [one] => {
            let day = dates.day(from_ms(one.by.allocated_at));
            match &one.method {
                Some(method) => rich!(w, "document-paid-from", amount = amount(one.by.amount_minor), day = day, method = method_name(w, method)),
                None if one.by.kind == "transfer" => rich!(w, "document-paid-by-transfer", amount = amount(one.by.amount_minor), day = day),
                None => rich!(w, "document-paid", amount = amount(one.by.amount_minor), day = day),
            }
        }
        [] if invoice.balance_minor == invoice.total_minor => rich!(w, "document-paid-by-balance", amount = amount(invoice.total_minor), day = day),
        [] if invoice.credited_minor == invoice.total_minor => rich!(w, "document-all-credited", amount = amount(invoice.total_minor)),
        [] => rich!(w, "document-settled", amount = amount(invoice.total_minor), day = day),
        _ => rich!(w, "document-paid", amount = amount(invoice.paid_minor), day = day),
    }
}

/// The state as a mark with its word, and what the document is for.
fn lede(told: &Told<'_>, seen: &Seen) -> impl IntoView + use<> {
    let (w, invoice) = (told.words, &seen.invoice);
    let what_for = told.what_for();
    let mark = match (invoice.kind, invoice.status) {
        (DocumentKind::CreditNote, _) | (_, Status::Void | Status::Uncollectible) => None,
        (_, Status::Paid) if invoice.total_minor == 0 => None,
        (_, Status::Paid) => Some(parts::state_good(t!(w, "document-paid-in-full")).into_any()),
        (_, Status::Open) if seen.waits() => Some(view! { <span class="state">{t!(w, "document-waits")}</span> }.into_any()),
        (_, Status::Open) if invoice.is_overdue(seen.now) && seen.awaited_until.is_none() => Some(parts::state_warn(t!(w, "invoices-overdue")).into_any()),
        (_, Status::Open) => Some(view! { <span class="state">{t!(w, "invoices-open")}</span> }.into_any()),
    };
    (mark.is_some() || !what_for.is_empty()).then(|| view! { <p class="lede">{mark}" "{what_for}</p> })
}

/// What the last try to pay came to, where money is still due.
fn trouble(w: Words, seen: &Seen) -> impl IntoView + use<> {
    let (payment, method) = seen.last_try.as_ref()?;
    let (amount, name) = (w.money(payment.amount_minor, &payment.currency), method_name(w, method));
    let (html, link) = match &payment.status {
        payments::Status::Declined(reason) => (rich!(w, "document-declined", amount = amount, method = name, reason = declined_because(w, *reason)), None),
        payments::Status::NeedsAction { .. } => (rich!(w, "attention-confirm", amount = amount, method = name), Some(t!(w, "attention-confirm-repair"))),
        // The answer says it all.
        payments::Status::Created | payments::Status::Processing if payment.wait_until.is_some() => {
            let path = payments::page_path(&payment.id);
            return Some(Either::Left(
                view! { <p class="sub">{t!(w, "document-debit", method = name)}" "<a class="link" href=path>{t!(w, "document-debit-see")}</a></p> },
            ));
        }
        payments::Status::Created | payments::Status::Processing => {
            (rich!(w, "document-under-way", amount = amount, method = name), Some(t!(w, "document-under-way-see")))
        }
        payments::Status::Succeeded | payments::Status::Cancelled => return None,
    };
    let link = link.map(|label| view! { <a href=payments::page_path(&payment.id)>{label}</a> });
    Some(Either::Right(parts::note(view! { <span inner_html=html></span>" "{link} })))
}

fn acts(w: Words, seen: &Seen) -> impl IntoView + use<> {
    let invoice = &seen.invoice;
    let is_under_way = seen.last_try.as_ref().is_some_and(|(payment, _)| payment.status.is_under_way());
    let is_given_up = invoice.due_minor == 0 && invoice.written_off_minor > 0 && seen.may_pay && !is_under_way;
    let nonetheless = is_given_up.then(|| {
        let (href, amount) = (format!("/invoices/{}/pay", invoice.number), w.money(invoice.written_off_minor, &invoice.currency));
        view! { <p class="sub">{t!(w, "document-written-off-pay")}" "<a class="link" href=href>{t!(w, "pay-button", amount = amount)}</a></p> }
    });
    let can_pay = invoice.due_minor > 0 && seen.may_pay && !is_under_way;
    let pay = can_pay.then(|| {
        let href = format!("/invoices/{}/pay", invoice.number);
        view! { <a class="btn" href=href>{t!(w, "pay-button", amount = w.money(invoice.due_minor, &invoice.currency))}</a> }
    });
    let withhold = seen.withholds.filter(|_| can_pay).map(|of| {
        let percent = w.number(of.percent);
        let label = match &seen.not_accepted {
            Some(_) => t!(w, "document-withhold-again", percent = percent),
            None => t!(w, "document-withhold", percent = percent),
        };
        view! { <p class="sub"><a class="link" href=withholding::path(&invoice.number)>{label}</a></p> }
    });
    let who_can = (invoice.due_minor > 0 && !seen.may_pay).then(|| view! { <p class="sub">{t!(w, "document-viewer")}</p> });
    let class = if can_pay { "btn plain" } else { "btn" };
    let href = |ending: &str| format!("/invoices/{}.{ending}", invoice.number);
    // Where the standard knows no such document, there is nothing to download.
    let structured = einvoice::is_known(&seen.snapshot).then(|| {
        let of = |ending: &str, label: String| view! { <a class="link" href=href(ending)>{label}</a> };
        let (cii, ubl) = (of("xml", t!(w, "document-structured-cii")), of("ubl.xml", t!(w, "document-structured-ubl")));
        view! { <p class="sub">{t!(w, "document-structured")}" "<span class="links">{cii}{ubl}</span></p> }
    });
    view! { <div class="acts">{pay}<a class=class href=href("pdf")>{t!(w, "document-download")}</a></div>{nonetheless}{withhold}{structured}{who_can} }
}

fn parties(told: &Told<'_>) -> impl IntoView + use<> {
    let (w, s) = (told.words, told.snapshot);
    let lines = |lines: Vec<String>| lines.into_iter().enumerate().map(|(i, line)| view! { {(i > 0).then(|| view! { <br /> })}{line} }).collect_view();
    let label = told.title();
    let issued = t!(w, "document-number-date", number = &s.number, day = told.dates.day_year(s.issued_at));
    let order = s.purchase_order.clone().map(|order| view! { <dt>{t!(w, "document-purchase-order")}</dt><dd>{order}</dd> });
    let due =
        (s.kind == DocumentKind::Invoice && s.total_minor > 0).then(|| view! { <dt>{t!(w, "document-due")}</dt><dd>{told.dates.day_year(s.due_at)}</dd> });
    view! {
        <dl class="parties sec">
            <div><dt>{t!(w, "document-from")}</dt><dd>{lines(told.party(&s.from))}</dd></div>
            <div><dt>{t!(w, "document-to")}</dt><dd>{lines(told.party(&s.to))}</dd></div>
            <div><dt>{label}</dt><dd>{issued}</dd>{due}{order}</div>
        </dl>
    }
}

fn lines(told: &Told<'_>, seen: &Seen) -> impl IntoView + use<> {
    let (w, s) = (told.words, told.snapshot);
    let rows = s
        .lines
        .iter()
        .map(|line| {
            let mut reason = told.line(line);
            reason.link = usage_link(told, &line.id);
            let figures =
                vec![Figure::full(reason.quantity.clone()), Figure::full(reason.each.clone()), Figure::full(w.figure(line.line.amount_minor, &s.currency))];
            Row { reason, figures }
        })
        .collect();
    let total = |label: String, amount: String, kind: TotalKind| Total { label, kind, figures: vec![Figure::full(""), Figure::full(""), Figure::full(amount)] };
    let mut totals: Vec<Total> = told.sums().into_iter().map(|sum| total(sum.label, sum.amount, sum.kind)).collect();
    for settled in &seen.settled {
        let amount = w.figure(settled.by.amount_minor.saturating_neg(), &s.currency);
        totals.push(total(settled_by(w, &told.dates, settled), amount, TotalKind::Quiet));
    }
    if s.kind == DocumentKind::Invoice && s.total_minor > 0 {
        totals.push(total(t!(w, "document-still-due"), w.money(seen.invoice.due_minor, &s.currency), TotalKind::Sum));
    }
    lines_view(Lines {
        words: w,
        currency: s.currency.clone(),
        caption: Caption::Hidden(t!(w, "document-caption", title = told.title(), number = &s.number)),
        head: t!(w, "document-open-a-line"),
        columns: vec![
            Column { head: t!(w, "document-quantity"), is_far: true },
            Column { head: t!(w, "reason-each-head"), is_far: true },
            Column { head: currency_head(&s.currency), is_far: false },
        ],
        groups: vec![Group { title: None, rows }],
        totals,
    })
}

/// A metered line leads to the usage it charges.
fn usage_link(told: &Told<'_>, line_id: &str) -> Option<(String, String)> {
    let chart = told.snapshot.charts.iter().find(|chart| chart.line == line_id)?;
    let (from, to) = (told.dates.date(chart.period.start), told.dates.date(chart.period.end - chrono::Duration::milliseconds(1)));
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("meter", &chart.meter)
        .append_pair("by", "day")
        .append_pair("from", &from.to_string())
        .append_pair("to", &to.to_string())
        .finish();
    let count = i64::try_from(chart.days.len()).unwrap_or(i64::MAX);
    Some((format!("/usage?{query}"), t!(told.words, "document-see-days", count = count)))
}

/// `Paid on 1 November, Visa ending 4242`
fn settled_by(w: Words, dates: &Dates, settled: &Settled) -> String {
    let day = dates.day(from_ms(settled.by.allocated_at));
    let by = &settled.by;
    match (&settled.method, &by.credit_note_number, &by.certificate_number) {
        (Some(method), ..) => t!(w, "document-row-paid-from", day = day, method = method_name(w, method)),
        (_, Some(number), _) => t!(w, "document-row-credit-note", number = number),
        (_, _, Some(number)) if by.amount_minor < 0 => t!(w, "document-row-withheld-back", number = number, day = day),
        (_, _, Some(number)) => t!(w, "document-row-withheld", number = number),
        _ if by.kind == "dispute" => t!(w, "document-row-dispute", day = day),
        _ if by.kind == "transfer" && by.amount_minor < 0 => t!(w, "document-row-transfer-back", day = day),
        _ if by.kind == "transfer" => t!(w, "document-row-transfer", day = day),
        _ if by.kind == "write_off" && by.amount_minor < 0 => t!(w, "document-row-write-off-back", day = day),
        _ if by.kind == "write_off" => t!(w, "document-row-write-off", day = day),
        _ if by.kind == "balance" => t!(w, "document-row-balance", day = day),
        _ => t!(w, "document-row-paid", day = day),
    }
}

/// What the law wants said, and what corrects what.
fn notes(told: &Told<'_>, seen: &Seen) -> impl IntoView + use<> {
    let w = told.words;
    let said: Vec<_> = told.notes().into_iter().map(|(lead, text)| view! { <p class="sub field"><b>{lead}</b>" "{text}</p> }).collect();
    let related =
        |numbers: &[String]| numbers.iter().map(|number| view! { " "<a class="link" href=format!("/invoices/{number}")>{number.clone()}</a> }).collect_view();
    let corrected = (!seen.notes.is_empty()).then(|| view! { <p class="field">{t!(w, "document-corrected-by")}{related(&seen.notes)}</p> });
    let corrects =
        (!told.snapshot.corrects.is_empty()).then(|| view! { <p class="field">{t!(w, "document-corrects-head")}":"{related(&told.snapshot.corrects)}</p> });
    let receipts: Vec<_> = seen
        .settled
        .iter()
        .filter(|settled| settled.method.is_some())
        .filter_map(|settled| settled.by.payment_id.as_deref())
        .map(|payment_id| view! { " "<a class="link" href=receipt_path(payment_id)>{payments::receipt_number(payment_id)}</a> })
        .collect();
    let receipts = (!receipts.is_empty()).then(|| view! { <p class="field">{t!(w, "document-receipts")}{receipts}</p> });
    view! { {said}{receipts}{corrected}{corrects} }
}
