//! Paying an open invoice, and the page of a payment: what became of it, what the bank asks, and the way on. The bank sends customers
//! back to that page too; what became of the payment is asked of the gateway, never read from the address.

use axum::extract::{Form, Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use billing::state::State as Standing;
use chrono::{NaiveDate, TimeZone};
use leptos::either::{Either, EitherOf4};
use leptos::prelude::*;

use crate::app::App;
use crate::identity::{Member, step_up};
use crate::platform::clock::from_ms;
use crate::services::embed_sessions::Scope;
use crate::services::invoices::{self, Invoice};
use crate::services::payments::{self, Errand, Method, Payment, Pays, Status, declined_because, method_name};
use crate::services::{Desk, FieldError, Refusal, dunning, purchases, subscriptions};
use crate::ui::shell::{Place, frame};
use crate::ui::{page, parts};
use crate::words::Words;
use crate::words::format::Dates;
use crate::{rich, t};

use super::code_field;
use super::entry::{see_other, shell};
use super::method_choice::{method_choice, no_method};
use super::receipts::receipt_path;
use super::routes::{Route, names};
use super::written_for::WrittenFor;

/// By which a frame comes to have a payment: it changes the plan, or pays an invoice.
const PAYING: &[Scope] = &[Scope::PlanWrite, Scope::PaymentMethodWrite];

pub fn routes() -> Vec<Route> {
    vec![
        Route::member("/invoices/{number}/pay", get(ask_pay).post(pay)).form(names::<PayForm>()).acts(&[Scope::PaymentMethodWrite]),
        Route::member("/payments/{id}", get(show)).query(names::<Done>()).reads_by_any(PAYING),
        Route::member("/payments/{id}/cancel", post(cancel)).form(names::<CancelForm>()).acts_by_any(PAYING),
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
    if invoice.payable_minor() <= 0 {
        return Ok(see_other(&format!("/invoices/{number}")));
    }
    pay_page(&app, &member, &mut desk, &invoice, StatusCode::OK, Again::default()).await
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct PayForm {
    /// A method's id; empty: the default one.
    method: String,
    /// What the button said, in minor units; empty: said by no page, and then approved on nobody's word but the person's own.
    due_minor: String,
    /// Approves that amount, of who is in on the vendor's word alone.
    code: String,
}

async fn pay(State(app): State<App>, member: Member, Path(number): Path<String>, Form(form): Form<PayForm>) -> Result<Response, Refusal> {
    member.may_manage_billing()?;
    let mut desk = member.reads(&app).await?;
    let invoice = invoices::by_number(&mut desk, &member.customer_id, &number).await?;
    let w = Words::of(&member.locale);
    let agreed_minor = match form.due_minor.as_str() {
        "" if !member.is_vouched_for() => None,
        said if said == invoice.payable_minor().to_string() => Some(invoice.payable_minor()),
        _ => {
            let again = Again { trouble: Some(t!(w, "pay-amount-changed")), method: &form.method, ..Again::default() };
            return pay_page(&app, &member, &mut desk, &invoice, StatusCode::UNPROCESSABLE_ENTITY, again).await;
        }
    };
    drop(desk);
    if member.is_vouched_for()
        && let Err(wrong) = step_up::confirm(&app, &member, &form.code).await
    {
        let status = code_field::status(&wrong);
        let errors = code_field::errors(&app, wrong)?;
        let mut desk = member.reads(&app).await?;
        let again = Again { errors: &errors, method: &form.method, ..Again::default() };
        return pay_page(&app, &member, &mut desk, &invoice, status, again).await;
    }
    let errand = Errand::new(&app, &member.vendor, member.actor());
    let method = Some(form.method.as_str()).filter(|id| !id.is_empty());
    match payments::pay(&errand, &member.customer_id, &invoice.id, method, agreed_minor).await {
        Ok(payment) if matches!(payment.status, Status::Declined(_) | Status::Cancelled) => {
            payment_page(&app, &member, payment, StatusCode::UNPROCESSABLE_ENTITY, Told::default()).await
        }
        Ok(payment) => Ok(see_other(&Happened::Paid.told_on(&payment.id, &member))),
        // Pressed twice, or paid in another tab: what became of it is what they want to see.
        Err(refusal @ (Refusal::Conflict(_) | Refusal::Rule(_))) => {
            let mut desk = member.reads(&app).await?;
            let latest = payments::of_invoice(&mut desk, &invoice.id)
                .await?
                .into_iter()
                .find(|payment| payment.status.is_under_way() || payment.status == Status::Succeeded);
            match latest {
                Some(payment) => Ok(see_other(&Happened::Paid.told_on(&payment.id, &member))),
                None => {
                    let invoice = invoices::load(&mut desk, &invoice.id).await?;
                    let again = Again { trouble: Some(w.tell(&refusal.sentence())), method: &form.method, ..Again::default() };
                    pay_page(&app, &member, &mut desk, &invoice, StatusCode::UNPROCESSABLE_ENTITY, again).await
                }
            }
        }
        Err(refusal) => Err(refusal),
    }
}

/// What has led to a payment's page: a page that holds ours in a frame is told of it, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    /// A method was added, and is charged with what could not be.
    MethodAdded,
    /// The customer pays an invoice.
    Paid,
}

impl Happened {
    fn name(self) -> &'static str {
        match self {
            Happened::MethodAdded => "added",
            Happened::Paid => "paid",
        }
    }

    /// The page of a payment; in a frame one that tells this.
    pub fn told_on(self, payment_id: &str, member: &Member) -> String {
        let path = payments::page_path(payment_id);
        if member.embed.is_some() { format!("{path}?did={}", self.name()) } else { path }
    }

    /// The events of the frame that it comes to, each with its id.
    fn events(self, payment: &Payment) -> Vec<(&'static str, String)> {
        let added = (self == Happened::MethodAdded).then(|| ("payment_method_updated", payment.method_id.clone()));
        let paid = match &payment.pays {
            Pays::Invoice(invoice_id) if payment.status == Status::Succeeded => Some(("invoice_paid", invoice_id.clone())),
            _ => None,
        };
        added.into_iter().chain(paid).collect()
    }
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Done {
    /// What has happened, by its name; empty: nothing that was not told.
    did: String,
}

async fn show(State(app): State<App>, member: Member, Path(id): Path<String>, Query(done): Query<Done>) -> Result<Response, Refusal> {
    let payment = payments::find(&mut member.reads(&app).await?, &member.customer_id, &id).await?;
    let errand = Errand::new(&app, &member.vendor, member.actor());
    let payment = match payments::ask(&errand, &payment).await {
        Ok(asked) => asked,
        // The gateway is silent: the page says what is known.
        Err(Refusal::Rule(_)) => payment,
        Err(refusal) => return Err(refusal),
    };
    let happened = [Happened::MethodAdded, Happened::Paid].into_iter().find(|happened| happened.name() == done.did);
    payment_page(&app, &member, payment, StatusCode::OK, Told { happened, errors: &[] }).await
}

/// What a payment's page says beside the payment.
#[derive(Default)]
pub(super) struct Told<'a> {
    happened: Option<Happened>,
    errors: &'a [FieldError],
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct CancelForm {
    /// Approves it, of who is in on the vendor's word alone.
    code: String,
}

async fn cancel(State(app): State<App>, member: Member, Path(id): Path<String>, Form(form): Form<CancelForm>) -> Result<Response, Refusal> {
    member.may_manage_billing()?;
    let payment = payments::find(&mut member.reads(&app).await?, &member.customer_id, &id).await?;
    if member.is_vouched_for()
        && let Err(wrong) = step_up::confirm(&app, &member, &form.code).await
    {
        let status = code_field::status(&wrong);
        let errors = code_field::errors(&app, wrong)?;
        return payment_page(&app, &member, payment, status, Told { errors: &errors, ..Told::default() }).await;
    }
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
        (_, Pays::Purchase(purchase_id)) => {
            let purchase = purchases::load(&mut member.reads(&app).await?, purchase_id).await?;
            Ok(see_other(if purchase.is_credit() { "/balance" } else { "/buy" }))
        }
    }
}

/// What a form that is shown again still holds, and why it is.
#[derive(Default)]
struct Again<'a> {
    trouble: Option<String>,
    errors: &'a [FieldError],
    /// The method that was chosen; empty: the first.
    method: &'a str,
}

/// Choose a method and pay.
async fn pay_page(app: &App, member: &Member, desk: &mut Desk, invoice: &Invoice, status: StatusCode, again: Again<'_>) -> Result<Response, Refusal> {
    let w = Words::of(&member.locale);
    let dates = Dates::new(w, member.time_zone.parse().unwrap_or(chrono_tz::UTC));
    let methods = payments::list(desk, &member.customer_id).await?;
    let today = local_today(desk, member);
    let shell = shell(member, w, Place::Invoices);
    let amount = w.money(invoice.payable_minor(), &invoice.currency);
    let number = invoice.number.clone();
    let form = pay_form(app, member, invoice, &methods, today, &again).into_any();
    let summary = parts::error_summary(w, again.errors);
    let trouble = again.trouble;
    let lede = rich!(w, "pay-lede", number = &number, day = dates.day_year(invoice.due_at));
    let follows = dunning::prospect(desk, &invoice.id).await?.map(|prospect| prospect.told(&dates).join(" ")).filter(|told| !told.is_empty());
    Ok(page::document(app, member, status, &t!(w, "pay-title", number = &number), move || {
        let back = format!("/invoices/{number}");
        let content = view! {
            {parts::as_of(view! { <a class="link" href=back>{t!(w, "pay-invoice", number = &number)}</a> }, String::new())}
            {summary}
            {trouble.map(|sentence| parts::error_note(t!(w, "pay-not-charged"), sentence))}
            {parts::answer(rich!(w, "pay-answer", amount = &amount), Some(lede))}
            {follows.map(|follows| parts::note(view! { {follows} }))}
            {form}
        };
        frame(shell, content)
    }))
}

/// The form that pays an invoice: one method to choose, and a button that says what it costs; of who is in on the vendor's word alone, a code
/// that approves it. Without a method that can pay it, the way to one.
fn pay_form(app: &App, member: &Member, invoice: &Invoice, methods: &[Method], today: NaiveDate, again: &Again<'_>) -> impl IntoView + use<> {
    let w = Words::of(&member.locale);
    let Some(choice) = method_choice(w, methods, &invoice.currency, today, again.method) else { return Either::Left(no_method(w, methods, &invoice.currency)) };
    let action = format!("/invoices/{}/pay", invoice.number);
    let button = t!(w, "pay-button", amount = w.money(invoice.payable_minor(), &invoice.currency));
    let code_field = member.is_vouched_for().then(|| code_field::step_up_field(app, member, again.errors));
    Either::Right(view! {
        <form method="post" action=action class="narrow">
            {WrittenFor::of(member).field()}
            <input type="hidden" name="due_minor" value=invoice.payable_minor().to_string() />
            {choice}
            {code_field}
            <div class="acts field"><button class="btn">{button}</button><a class="link" href="/payment-methods/add">{t!(w, "pay-other-method")}</a></div>
        </form>
    })
}

/// What a payment of an invoice that had failed before brings back, or what is left to pay first; `None`: it had not failed.
async fn after_failing(desk: &mut Desk, w: Words, invoice: &Invoice) -> Result<Option<String>, Refusal> {
    if !dunning::was_unpaid(desk, &invoice.id).await? {
        return Ok(None);
    }
    let left = dunning::unpaid_of(desk, &invoice.customer_id).await?;
    if let Some(next) = left.first() {
        let next = invoices::load(desk, &next.invoice_id).await?;
        return Ok(Some(rich!(w, "payment-done-left", number = &next.number, amount = w.money(next.due_minor, &next.currency))));
    }
    let on_it = subscriptions::on_invoice(desk, &invoice.id).await?;
    let back = on_it.iter().find(|s| s.is_entitled()).map(|s| rich!(w, "payment-done-active", plan = s.plan_name()));
    // A pause ends a moment later.
    Ok(back.or_else(|| on_it.iter().find(|s| s.state == Standing::Paused).map(|s| rich!(w, "payment-done-resumes", plan = s.plan_name()))))
}

/// What a payment by direct debit waits for, with the day.
pub(super) enum Waits {
    /// It was announced, and is sent then.
    ToBeSent(String),
    /// The bank has it, and has decided by then.
    OnItsWay(String),
}

impl Waits {
    /// `None`: it is no such payment, or decided.
    pub(super) fn of(payment: &Payment, dates: &Dates) -> Option<Waits> {
        let day = dates.day(from_ms(payment.wait_until?));
        match payment.status {
            Status::Created => Some(Waits::ToBeSent(day)),
            Status::Processing => Some(Waits::OnItsWay(day)),
            _ => None,
        }
    }
}

/// What became of a payment.
pub(super) async fn payment_page(app: &App, member: &Member, payment: Payment, status: StatusCode, told: Told<'_>) -> Result<Response, Refusal> {
    let w = Words::of(&member.locale);
    let dates = Dates::new(w, member.time_zone.parse().unwrap_or(chrono_tz::UTC));
    let mut desk = member.reads(app).await?;
    let method = payments::find_method_ever(&mut desk, &member.customer_id, &payment.method_id).await?;
    let invoice = match &payment.pays {
        Pays::Invoice(invoice_id) => Some(invoices::load(&mut desk, invoice_id).await?),
        Pays::Quote(_) | Pays::Purchase(_) => None,
    };
    let purchase = match &payment.pays {
        Pays::Purchase(purchase_id) => Some(purchases::load(&mut desk, purchase_id).await?),
        Pays::Invoice(_) | Pays::Quote(_) => None,
    };
    let place = match &payment.pays {
        Pays::Invoice(_) => Place::Invoices,
        Pays::Quote(_) => Place::Plan,
        Pays::Purchase(_) => Place::Payment,
    };
    let bought = match &purchase {
        Some(purchase) => match &purchase.invoice_id {
            Some(invoice_id) => Some(invoices::load(&mut desk, invoice_id).await?.number),
            None => None,
        },
        None => None,
    };
    let methods = payments::list(&mut desk, &member.customer_id).await?;
    let today = local_today(&desk, member);
    let may_pay = member.may_manage_billing().is_ok();
    let is_framed = member.embed.is_some();
    // A frame may be for paying alone.
    let may_see_receipt = member.embed.as_ref().is_none_or(|embed| embed.allows(&[Scope::InvoicesRead]));
    let (shell, written_for) = (shell(member, w, place), WrittenFor::of(member));
    let amount = w.money(payment.amount_minor, &payment.currency);
    let name = method_name(w, &method);
    let after = match &invoice {
        Some(invoice) if payment.status == Status::Succeeded => after_failing(&mut desk, w, invoice).await?,
        _ => None,
    };
    let instead = payment.instead.as_ref().filter(|_| payment.status.is_under_way());
    let (heading, lede) = match (instead, &payment.status) {
        (Some(instead), _) => {
            let instead = w.money(instead.amount_minor, &instead.currency);
            let lede = rich!(w, "payment-instead-what", method = &name, email = &member.vendor.support_email);
            (rich!(w, "payment-instead", amount = &amount, instead = instead), Some(lede))
        }
        (None, Status::Succeeded) => {
            let when = payment.paid_at.map(|at| rich!(w, "payment-done-when", day = dates.day_year(from_ms(at))));
            let lede = [when, after].into_iter().flatten().collect::<Vec<_>>().join(" ");
            (rich!(w, "payment-done", amount = &amount, method = &name), Some(lede).filter(|lede| !lede.is_empty()))
        }
        (None, Status::Declined(reason)) => {
            (rich!(w, "payment-declined", amount = &amount, method = &name), Some(rich!(w, "payment-declined-why", reason = declined_because(w, *reason))))
        }
        (None, Status::NeedsAction { .. }) => (rich!(w, "payment-confirm", amount = &amount), Some(rich!(w, "payment-confirm-what", method = &name))),
        (None, Status::Created | Status::Processing) => match Waits::of(&payment, &dates) {
            Some(Waits::ToBeSent(day)) => {
                (rich!(w, "payment-announced", amount = &amount, day = day), Some(rich!(w, "payment-announced-what", method = &name)))
            }
            Some(Waits::OnItsWay(day)) => {
                (rich!(w, "payment-on-its-way", amount = &amount, day = day), Some(rich!(w, "payment-on-its-way-what", method = &name)))
            }
            None => (rich!(w, "payment-processing", amount = &amount), Some(rich!(w, "payment-processing-what", method = &name))),
        },
        (None, Status::Cancelled) => (rich!(w, "payment-cancelled", amount = &amount), Some(rich!(w, "payment-cancelled-what"))),
    };
    let is_as_asked = instead.is_none();
    let may_retry = may_pay && invoice.as_ref().is_some_and(|invoice| invoice.payable_minor() > 0);
    let code_field = member.is_vouched_for().then(|| code_field::step_up_field(app, member, told.errors));
    let summary = parts::error_summary(w, told.errors);
    // What comes of it is seen by looking again: in a frame the bank answers in a window of its own.
    let again = Happened::Paid.told_on(&payment.id, member);
    let events = told.happened.map(|happened| happened.events(&payment)).unwrap_or_default();
    let retry = match (&payment.status, &invoice) {
        (Status::Declined(_) | Status::Cancelled, Some(invoice)) if may_retry => {
            // What was just declined comes last.
            let (mut others, declined): (Vec<Method>, Vec<Method>) = methods.into_iter().partition(|other| other.id != method.id);
            others.extend(declined);
            Some(pay_form(app, member, invoice, &others, today, &Again::default()))
        }
        _ => None,
    };
    Ok(page::document(app, member, status, &t!(w, "payment-title"), move || {
        let of_invoice = |number: &str| (format!("/invoices/{number}"), t!(w, "pay-invoice", number = number));
        let (up_path, up_name) = match (&invoice, &purchase, &bought) {
            (Some(invoice), ..) => of_invoice(&invoice.number),
            (None, _, Some(number)) => of_invoice(number),
            (None, Some(purchase), None) if purchase.is_credit() => ("/balance".to_owned(), t!(w, "balance-title")),
            (None, Some(_), None) => ("/buy".to_owned(), t!(w, "buy-title")),
            (None, None, None) => ("/plan".to_owned(), t!(w, "nav-plan")),
        };
        let receipt = (payment.status == Status::Succeeded && may_see_receipt)
            .then(|| view! { <a class="link" href=receipt_path(&payment.id)>{t!(w, "payment-receipt")}</a> });
        let here = payments::page_path(&payment.id);
        let on = match (&payment.status, retry) {
            (_, Some(form)) => EitherOf4::A(form),
            (Status::NeedsAction { url }, _) if may_pay && is_as_asked => EitherOf4::B(view! {
                <div class="acts field">
                    // What is not ours does not open over the host's page: a window, and here the way on.
                    <a class="btn" href=url.clone() target=is_framed.then_some("_blank") rel="noopener">{t!(w, "payment-confirm-button", amount = &amount)}</a>
                    <form method="post" action=format!("{here}/cancel")>{written_for.field()}{code_field}<button class="btn plain">{t!(w, "payment-pay-otherwise")}</button></form>
                    {is_framed.then(|| view! { <a class="link" href=again.clone()>{t!(w, "payment-look-again")}</a> })}
                </div>
            }),
            (Status::Created | Status::Processing, _) if payment.wait_until.is_none() => {
                EitherOf4::C(view! { <div class="acts field"><a class="btn" href=again>{t!(w, "payment-look-again")}</a></div> })
            }
            _ => EitherOf4::D(view! { <div class="acts field"><a class="btn" href=up_path.clone()>{up_name.clone()}</a>{receipt}</div> }),
        };
        let content = view! {
            {parts::as_of(view! { <a class="link" href=up_path>{up_name}</a> }, String::new())}
            {summary}
            {parts::answer(heading, lede)}
            {events.into_iter().map(|(name, id)| view! { <span hidden data-happened=name data-id=id></span> }).collect_view()}
            {on}
        };
        frame(shell, content)
    }))
}
