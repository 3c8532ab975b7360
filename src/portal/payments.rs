//! Paying an open invoice, and the page of a payment: what became of it, what the bank asks, and the way on. The bank sends customers
//! back to that page too; what became of the payment is asked of the gateway, never read from the address.

use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use chrono::{NaiveDate, TimeZone};
use leptos::either::{Either, EitherOf5};
use leptos::prelude::*;

use crate::app::App;
use crate::identity::Member;
use crate::platform::clock::from_ms;
use crate::services::invoices::{self, Invoice};
use crate::services::payments::{self, Errand, Expiry, Method, Payment, Pays, Status};
use crate::services::{Desk, Refusal};
use crate::ui::payment::{declined_because, method_name};
use crate::ui::shell::{Place, frame};
use crate::ui::{page, parts};
use crate::words::Words;
use crate::words::format::{Dates, money};
use crate::{rich, t};

use super::entry::{see_other, shell};
use super::routes::{Route, names};
use super::written_for::WrittenFor;

pub fn routes() -> Vec<Route> {
    vec![
        Route::member("/invoices/{number}/pay", get(ask_pay).post(pay)).form(names::<PayForm>()),
        Route::member("/payments/{id}", get(show)),
        Route::member("/payments/{id}/cancel", post(cancel)),
    ]
}

/// The customer's date, by which cards expire.
pub fn local_today(desk: &Desk, member: &Member) -> NaiveDate {
    let zone: chrono_tz::Tz = member.time_zone.parse().unwrap_or(chrono_tz::UTC);
    zone.from_utc_datetime(&desk.now.billing.naive_utc()).date_naive()
}

async fn ask_pay(State(app): State<App>, member: Member, Path(number): Path<String>) -> Result<Response, Refusal> {
    member.may_manage_billing()?;
    let mut desk = member.reads(&app).await?;
    let invoice = invoices::by_number(&mut desk, &member.customer_id, &number).await?;
    if invoice.due_minor <= 0 {
        return Ok(see_other(&format!("/invoices/{number}")));
    }
    pay_page(&app, &member, &mut desk, &invoice, StatusCode::OK, None).await
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct PayForm {
    /// A method's id; empty: the default one.
    method: String,
}

async fn pay(State(app): State<App>, member: Member, Path(number): Path<String>, Form(form): Form<PayForm>) -> Result<Response, Refusal> {
    member.may_manage_billing()?;
    let mut desk = member.reads(&app).await?;
    let invoice = invoices::by_number(&mut desk, &member.customer_id, &number).await?;
    drop(desk);
    let errand = Errand::new(&app, &member.vendor, member.actor());
    let method = Some(form.method.as_str()).filter(|id| !id.is_empty());
    match payments::pay(&errand, &member.customer_id, &invoice.id, method).await {
        Ok(payment) if matches!(payment.status, Status::Declined(_) | Status::Cancelled) => {
            payment_page(&app, &member, payment, StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Ok(payment) => Ok(see_other(&payments::page_path(&payment.id))),
        // Pressed twice, or paid in another tab: what became of it is what they want to see.
        Err(refusal @ (Refusal::Conflict(_) | Refusal::Rule(_))) => {
            let mut desk = member.reads(&app).await?;
            let latest = payments::of_invoice(&mut desk, &invoice.id)
                .await?
                .into_iter()
                .find(|payment| payment.status.is_under_way() || payment.status == Status::Succeeded);
            match latest {
                Some(payment) => Ok(see_other(&payments::page_path(&payment.id))),
                None => {
                    let invoice = invoices::load(&mut desk, &invoice.id).await?;
                    pay_page(&app, &member, &mut desk, &invoice, StatusCode::UNPROCESSABLE_ENTITY, Some(Words::of(&member.locale).tell(&refusal.sentence())))
                        .await
                }
            }
        }
        Err(refusal) => Err(refusal),
    }
}

async fn show(State(app): State<App>, member: Member, Path(id): Path<String>) -> Result<Response, Refusal> {
    let payment = payments::find(&mut member.reads(&app).await?, &member.customer_id, &id).await?;
    let errand = Errand::new(&app, &member.vendor, member.actor());
    let payment = match payments::ask(&errand, &payment).await {
        Ok(asked) => asked,
        // The gateway is silent: the page says what is known.
        Err(Refusal::Rule(_)) => payment,
        Err(refusal) => return Err(refusal),
    };
    payment_page(&app, &member, payment, StatusCode::OK).await
}

async fn cancel(State(app): State<App>, member: Member, Path(id): Path<String>) -> Result<Response, Refusal> {
    member.may_manage_billing()?;
    let payment = payments::find(&mut member.reads(&app).await?, &member.customer_id, &id).await?;
    let errand = Errand::new(&app, &member.vendor, member.actor());
    let payment = payments::cancel(&errand, &payment).await?;
    // The bank may have said yes in the meantime: then that is what counts.
    match (&payment.status, &payment.pays) {
        (Status::Succeeded | Status::Processing | Status::NeedsAction { .. }, _) => Ok(see_other(&payments::page_path(&payment.id))),
        (_, Pays::Invoice(invoice_id)) => {
            let invoice = invoices::load(&mut member.reads(&app).await?, invoice_id).await?;
            Ok(see_other(&format!("/invoices/{}/pay", invoice.number)))
        }
        (_, Pays::Quote(_)) => Ok(see_other("/plan")),
    }
}

/// Choose a card and pay.
async fn pay_page(app: &App, member: &Member, desk: &mut Desk, invoice: &Invoice, status: StatusCode, trouble: Option<String>) -> Result<Response, Refusal> {
    let w = Words::of(&member.locale);
    let dates = Dates::new(w, member.time_zone.parse().unwrap_or(chrono_tz::UTC));
    let methods = payments::list(desk, &member.customer_id).await?;
    let today = local_today(desk, member);
    let (shell, written_for) = (shell(member, w, Place::Invoices), WrittenFor::of(member));
    let amount = money(invoice.due_minor, &invoice.currency);
    let number = invoice.number.clone();
    let lede = rich!(w, "pay-lede", number = &number, day = dates.day_year(invoice.due_at));
    Ok(page::document(app, &member.vendor, status, &t!(w, "pay-title", number = &number), move || {
        let back = format!("/invoices/{number}");
        let content = view! {
            {parts::as_of(view! { <a class="link" href=back>{t!(w, "pay-invoice", number = &number)}</a> }, String::new())}
            {trouble.map(|sentence| parts::error_note(t!(w, "pay-not-charged"), sentence))}
            {parts::answer(rich!(w, "pay-answer", amount = &amount), Some(lede))}
            {pay_form(w, &written_for, &number, &amount, &methods, today)}
        };
        frame(shell, content)
    }))
}

/// The form that pays an invoice: one card to choose, and a button that says what it costs. Without a card, the way to one.
pub fn pay_form(w: Words, written_for: &WrittenFor, number: &str, amount: &str, methods: &[Method], today: NaiveDate) -> impl IntoView + use<> {
    let can_pay: Vec<&Method> = methods.iter().filter(|method| !matches!(method.expiry(today), Expiry::Expired { .. })).collect();
    if can_pay.is_empty() {
        return Either::Left(
            view! { <p class="field">{t!(w, "pay-no-card")}</p><div class="acts field"><a class="btn" href="/payment-methods/add">{t!(w, "methods-add")}</a></div> },
        );
    }
    let choices: Vec<_> = can_pay
        .iter()
        .enumerate()
        .map(|(place, method)| {
            let id = format!("method-{place}");
            view! {
                <label class="opt">
                    <input type="radio" name="method" id=id value=method.id.clone() checked={place == 0} />
                    <span>{method_name(w, method)}</span>
                </label>
            }
        })
        .collect();
    let action = format!("/invoices/{number}/pay");
    let button = t!(w, "pay-button", amount = amount);
    Either::Right(view! {
        <form method="post" action=action class="narrow">
            {written_for.field()}
            <fieldset><legend>{t!(w, "pay-from")}</legend>{choices}</fieldset>
            <div class="acts field"><button class="btn">{button}</button><a class="link" href="/payment-methods/add">{t!(w, "pay-other-card")}</a></div>
        </form>
    })
}

/// What became of a payment.
async fn payment_page(app: &App, member: &Member, payment: Payment, status: StatusCode) -> Result<Response, Refusal> {
    let w = Words::of(&member.locale);
    let dates = Dates::new(w, member.time_zone.parse().unwrap_or(chrono_tz::UTC));
    let mut desk = member.reads(app).await?;
    let method = payments::find_method_ever(&mut desk, &member.customer_id, &payment.method_id).await?;
    let invoice = match &payment.pays {
        Pays::Invoice(invoice_id) => Some(invoices::load(&mut desk, invoice_id).await?),
        Pays::Quote(_) => None,
    };
    let methods = payments::list(&mut desk, &member.customer_id).await?;
    let today = local_today(&desk, member);
    let may_pay = member.may_manage_billing().is_ok();
    let (shell, written_for) = (shell(member, w, if invoice.is_some() { Place::Invoices } else { Place::Plan }), WrittenFor::of(member));
    let amount = money(payment.amount_minor, &payment.currency);
    let name = method_name(w, &method);
    let (heading, lede) = match &payment.status {
        Status::Succeeded => (
            rich!(w, "payment-done", amount = &amount, method = &name),
            payment.paid_at.map(|at| rich!(w, "payment-done-when", day = dates.day_year(from_ms(at)))),
        ),
        Status::Declined(reason) => {
            (rich!(w, "payment-declined", amount = &amount, method = &name), Some(rich!(w, "payment-declined-why", reason = declined_because(w, *reason))))
        }
        Status::NeedsAction { .. } => (rich!(w, "payment-confirm", amount = &amount), Some(rich!(w, "payment-confirm-what", method = &name))),
        Status::Created | Status::Processing => (rich!(w, "payment-processing", amount = &amount), Some(rich!(w, "payment-processing-what", method = &name))),
        Status::Cancelled => (rich!(w, "payment-cancelled", amount = &amount), Some(rich!(w, "payment-cancelled-what"))),
    };
    Ok(page::document(app, &member.vendor, status, &t!(w, "payment-title"), move || {
        let (up_path, up_name) = match &invoice {
            Some(invoice) => (format!("/invoices/{}", invoice.number), t!(w, "pay-invoice", number = &invoice.number)),
            None => ("/plan".to_owned(), t!(w, "nav-plan")),
        };
        let here = payments::page_path(&payment.id);
        let may_retry = may_pay && invoice.as_ref().is_some_and(|invoice| invoice.due_minor > 0);
        let on = match &payment.status {
            Status::Succeeded => EitherOf5::A(view! { <div class="acts field"><a class="btn" href=up_path.clone()>{up_name.clone()}</a></div> }),
            Status::NeedsAction { url } if may_pay => EitherOf5::B(view! {
                <div class="acts field">
                    <a class="btn" href=url.clone()>{t!(w, "payment-confirm-button", amount = &amount)}</a>
                    <form method="post" action=format!("{here}/cancel")>{written_for.field()}<button class="btn plain">{t!(w, "payment-pay-otherwise")}</button></form>
                </div>
            }),
            Status::Created | Status::Processing => {
                EitherOf5::C(view! { <div class="acts field"><a class="btn" href=here>{t!(w, "payment-look-again")}</a></div> })
            }
            Status::Declined(_) | Status::Cancelled if may_retry => {
                // A card that was just declined comes last.
                let (mut others, declined): (Vec<Method>, Vec<Method>) = methods.into_iter().partition(|other| other.id != method.id);
                others.extend(declined);
                let number = invoice.as_ref().map(|invoice| invoice.number.clone()).unwrap_or_default();
                let due = invoice.as_ref().map(|invoice| money(invoice.due_minor, &invoice.currency)).unwrap_or_default();
                EitherOf5::D(pay_form(w, &written_for, &number, &due, &others, today))
            }
            _ => EitherOf5::E(view! { <div class="acts field"><a class="btn" href=up_path.clone()>{up_name.clone()}</a></div> }),
        };
        let content = view! {
            {parts::as_of(view! { <a class="link" href=up_path>{up_name}</a> }, String::new())}
            {parts::answer(heading, lede)}
            {on}
        };
        frame(shell, content)
    }))
}
