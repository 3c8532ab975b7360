//! `/invoices/{number}/withholding`: a company whose law has it withhold tax of what it pays enters the certificate of it, and pays the rest.

use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use billing::calendar::{Zone, local_date};
use leptos::prelude::*;

use crate::app::App;
use crate::identity::{Member, step_up};
use crate::portal::code_field;
use crate::portal::entry::{see_other, shell};
use crate::portal::written_for::WrittenFor;
use crate::services::invoices::{self, Certificate, Invoice, ToWithhold, Withholding};
use crate::services::{Desk, FieldError, Refusal};
use crate::ui::shell::{Place, frame};
use crate::ui::{page, parts};
use crate::words::Words;
use crate::{rich, sentence, t};

#[derive(Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct CertificateForm {
    certificate_number: String,
    /// A date as browsers send it, YYYY-MM-DD.
    certificate_on: String,
    /// Approves it, of who is in on the vendor's word alone.
    code: String,
}

/// The last certificate of an invoice, where the vendor did not accept it and what it settled is due again.
pub struct NotAccepted {
    withheld: Withholding,
    currency: String,
    vendor: String,
}

pub async fn not_accepted(desk: &mut Desk, member: &Member, invoice: &Invoice) -> Result<Option<NotAccepted>, Refusal> {
    if invoice.due_minor <= 0 {
        return Ok(None);
    }
    let last = invoices::withholdings_of(desk, &invoice.id).await?.pop();
    let withheld = last.filter(|withheld| withheld.taken_back.is_some());
    Ok(withheld.map(|withheld| NotAccepted { withheld, currency: invoice.currency.clone(), vendor: member.vendor.name.clone() }))
}

impl NotAccepted {
    /// That it was not accepted, and why, in the vendor's words.
    pub fn note(&self, w: Words) -> impl IntoView + use<> {
        let because = self.withheld.taken_back.as_ref().map(|taken_back| taken_back.because.clone()).unwrap_or_default();
        let amount = w.money(self.withheld.of.amount_minor, &self.currency);
        let html = rich!(w, "document-withheld-back", number = &self.withheld.certificate.number, amount = amount, vendor = &self.vendor, because = because);
        parts::note(view! { <span inner_html=html></span> })
    }
}

/// Where an invoice's certificate is entered.
pub fn path(number: &str) -> String {
    format!("/invoices/{number}/withholding")
}

pub async fn ask(State(app): State<App>, member: Member, Path(number): Path<String>) -> Result<Response, Refusal> {
    member.may_manage_billing()?;
    let mut desk = member.reads(&app).await?;
    let Some(offer) = Offer::load(&mut desk, &member, &number).await? else { return Ok(see_other(&format!("/invoices/{number}"))) };
    let today = local_date(desk.now.billing, zone(&member)).to_string();
    let form = CertificateForm { certificate_on: today, ..CertificateForm::default() };
    Ok(certificate_page(&app, &member, StatusCode::OK, &offer, &form, &[]))
}

pub async fn enter(State(app): State<App>, member: Member, Path(number): Path<String>, Form(form): Form<CertificateForm>) -> Result<Response, Refusal> {
    member.may_manage_billing()?;
    let back = format!("/invoices/{number}");
    // Entered already, in another tab or by the vendor: the invoice says so.
    let Some(offer) = Offer::load(&mut member.reads(&app).await?, &member, &number).await? else { return Ok(see_other(&back)) };
    let (invoice, again) = (&offer.invoice, |status, errors: &[FieldError]| Ok(certificate_page(&app, &member, status, &offer, &form, errors)));
    let Ok(on) = form.certificate_on.trim().parse() else {
        let error = FieldError { field: "certificate_on", sentence: sentence!("withhold-no-day") };
        return again(StatusCode::UNPROCESSABLE_ENTITY, &[error]);
    };
    let certificate = Certificate { number: form.certificate_number.clone(), on };
    if member.is_vouched_for() {
        // On a transaction that is dropped: a code counts once, and is not to be spent on what would be refused.
        let tried = invoices::withhold(&mut member.writes(&app).await?, &invoice.id, certificate.clone(), None).await;
        if let Err(Refusal::Fields(errors)) = tried {
            return again(StatusCode::UNPROCESSABLE_ENTITY, &errors);
        }
        if let Err(wrong) = step_up::confirm(&app, &member, &form.code).await {
            return again(code_field::status(&wrong), &code_field::errors(&app, wrong)?);
        }
    }
    let mut desk = member.writes(&app).await?;
    match invoices::withhold(&mut desk, &invoice.id, certificate, None).await {
        Ok(_) => desk.commit().await?,
        Err(Refusal::Fields(errors)) => return again(StatusCode::UNPROCESSABLE_ENTITY, &errors),
        Err(refusal) => return Err(refusal),
    }
    Ok(see_other(&back))
}

/// The member's own invoice, and what may be withheld of it.
struct Offer {
    invoice: Invoice,
    of: ToWithhold,
    /// What was entered before, in vain.
    before: Option<NotAccepted>,
}

impl Offer {
    /// `None` where nothing may be withheld.
    async fn load(desk: &mut Desk, member: &Member, number: &str) -> Result<Option<Offer>, Refusal> {
        let invoice = invoices::by_number(desk, &member.customer_id, number).await?;
        let Some(of) = invoices::may_withhold(desk, &invoice).await? else { return Ok(None) };
        let before = not_accepted(desk, member, &invoice).await?;
        Ok(Some(Offer { invoice, of, before }))
    }
}

fn zone(member: &Member) -> Zone {
    member.time_zone.parse().unwrap_or(chrono_tz::UTC)
}

fn certificate_page(app: &App, member: &Member, status: StatusCode, offer: &Offer, form: &CertificateForm, errors: &[FieldError]) -> Response {
    let Offer { invoice, of, before } = offer;
    let w = Words::of(&member.locale);
    let amount = |minor: i64| w.money(minor, &invoice.currency);
    let shell = shell(member, w, Place::Invoices);
    let back = format!("/invoices/{}", invoice.number);
    let label = t!(w, "pay-invoice", number = &invoice.number);
    let rest = amount(invoice.due_minor.saturating_sub(of.amount_minor));
    let heading = rich!(w, "withhold-answer", amount = amount(of.amount_minor), number = &invoice.number);
    let lede = rich!(w, "withhold-lede", percent = w.number(of.percent), base = amount(of.base_minor), rest = rest);
    let text = |name, label, value| parts::Field { name, label, value, ..parts::Field::default() };
    let number = text("certificate_number", t!(w, "withhold-number"), &form.certificate_number);
    let number = parts::field(w, parts::Field { hint: Some(t!(w, "withhold-number-hint")), ..number }, errors);
    let on = text("certificate_on", t!(w, "withhold-on"), &form.certificate_on);
    let on = parts::field(w, parts::Field { kind: "date", ..on }, errors);
    let code_field = member.is_vouched_for().then(|| code_field::step_up_field(app, member, errors));
    let summary = parts::error_summary(w, errors);
    let before = before.as_ref().map(|certificate| certificate.note(w));
    let (action, written_for) = (path(&invoice.number), WrittenFor::of(member));
    page::document(app, member, status, &t!(w, "withhold-title"), move || {
        let content = view! {
            {parts::as_of(view! { <a class="link" href=back.clone()>{label}</a> }, String::new())}
            {summary}
            {parts::answer(heading, Some(lede))}
            {before}
            <form method="post" action=action class="narrow">
                {written_for.field()}
                {number}
                {on}
                {code_field}
                <div class="acts field"><button class="btn">{t!(w, "withhold-button")}</button><a class="link" href=back>{t!(w, "withhold-back")}</a></div>
            </form>
        };
        frame(shell, content)
    })
}
