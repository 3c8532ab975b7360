//! Promotion codes on the plan's pages: typed, looked up (guessing gets slower), and what they give.

use billing::calendar::Instant;
use leptos::prelude::*;

use crate::app::App;
use crate::identity::Member;
use crate::identity::throttle::{self, Bucket, Guess, Leave, Place};
use crate::services::catalog;
use crate::services::quotes::Preview;
use crate::services::subscriptions::{self, Redeemed, Subscription};
use crate::services::{FieldError, Refusal};
use crate::ui::parts;
use crate::words::{Sentence, discount};
use crate::{rich, sentence, t};

use super::super::code_field;
use super::Seen;

const FIELD: &str = "promotion_code";

/// What became of a code that was typed: as the vendor writes it, or what to say at its field. Neither where none was typed.
#[derive(Default)]
pub(super) struct Admitted {
    pub code: Option<String>,
    pub error: Option<FieldError>,
}

/// Looks a typed code up: whether there is one for this customer. Attempts at others are counted for the customer, and
/// from the fifth on each waits longer. Why a code that exists is not taken is said where it is priced.
pub(super) async fn admit(app: &App, member: &Member, typed: &str) -> Result<Admitted, Refusal> {
    if typed.trim().is_empty() {
        return Ok(Admitted::default());
    }
    let refused = |sentence: Sentence| Admitted { code: None, error: Some(FieldError { field: FIELD, sentence }) };
    let bucket = Bucket::new(Guess::PromotionCode, &member.customer_id, &Place::Anywhere);
    let mut desk = member.writes(app).await?;
    let now_ms = desk.now.wall_ms();
    let admitted = match throttle::attempt(&mut desk.tx, &member.vendor.id, &bucket, now_ms).await? {
        Leave::Wait { until } => refused(code_field::wait(until, now_ms)),
        Leave::Granted | Leave::ShutOff => match catalog::promotion_code_for(&mut desk, typed, &member.customer_id).await? {
            Some(promotion) => {
                throttle::uncount(&mut desk.tx, &member.vendor.id, &bucket).await?;
                Admitted { code: Some(promotion.code), error: None }
            }
            None => refused(sentence!("promotion-unknown", code = typed.trim())),
        },
    };
    desk.commit().await?;
    Ok(admitted)
}

/// The field of the form `choose`.
pub(super) fn field(seen: &Seen, typed: &str, errors: &[FieldError]) -> impl IntoView + use<> {
    let w = seen.w;
    let message = errors.iter().find(|error| error.field == FIELD).map(|error| w.tell(&error.sentence));
    let described = if message.is_some() { "promotion_code-hint promotion_code-error" } else { "promotion_code-hint" };
    view! {
        <div class="field">
            <label for=FIELD>{t!(w, "promotion-label")}</label>
            <span class="hint" id="promotion_code-hint">{t!(w, "promotion-hint")}</span>
            {message.clone().map(|message| view! { <span class="err" id="promotion_code-error">{message}</span> })}
            <input
                id=FIELD name=FIELD form="choose" autocomplete="off" autocapitalize="characters" spellcheck="false" data-asked="by button" value=typed.to_owned()
                aria-describedby=described aria-invalid=message.map(|_| "true")
            />
        </div>
    }
}

/// `With SPRING20 the next invoice on 1 December comes to about €37.60 instead of €47.00.`
pub(super) fn heading(seen: &Seen, code: &str, preview: &Preview) -> String {
    let (w, currency) = (seen.w, preview.before.currency.code());
    let due = |next: Option<&subscriptions::Upcoming>| next.and_then(|next| next.priced.as_ref().map(|priced| (next.at, priced.due_minor)));
    match (due(seen.next.as_ref()), due(preview.next_invoice.as_ref())) {
        (Some((_, before)), Some((at, after))) if before != after => {
            rich!(w, "promotion-instead", code = code, day = seen.dates.day(at), after = w.money(after, currency), before = w.money(before, currency))
        }
        _ => rich!(w, "promotion-changes", code = code),
    }
}

/// What a code brings to the subscription: `SPRING20: 20 % off, for 3 months from your next invoice.`
pub(super) fn gives(seen: &Seen, preview: &Preview) -> Option<String> {
    let redeemed = preview.redeems.last()?;
    let told = discount::told(&seen.dates, &redeemed.for_engine(&preview.after), period_start(&preview.after)).ok()??;
    let is_planned = preview.after.scheduled.is_some();
    Some(if is_planned { t!(seen.w, "promotion-gives-later", discount = told) } else { t!(seen.w, "promotion-gives", discount = told) })
}

/// Of the period that runs.
fn period_start(s: &Subscription) -> Option<Instant> {
    s.cycle.as_ref().map(|cycle| cycle.whole.start)
}

/// The discounts on the plan, each with what it takes off and until when; and the field for another code.
pub(super) fn on_the_plan(seen: &Seen, discounts: &[Redeemed], can_change: bool) -> Option<impl IntoView + use<>> {
    let (w, s) = (seen.w, seen.subscription.as_ref()?);
    let applied = seen.next.as_ref().and_then(|next| next.priced.as_ref()).map(|priced| priced.document.discounts.clone()).unwrap_or_default();
    let rows: Vec<_> = discounts
        .iter()
        .filter_map(|redeemed| {
            let lasts = discount::lasts(&seen.dates, &redeemed.for_engine(s), period_start(s)).ok()??;
            let takes =
                applied.iter().find(|applied| applied.subscription == s.id && applied.coupon == redeemed.coupon.key).map(|applied| applied.amount_minor);
            let takes = takes.map(|minor| w.money(minor.saturating_neg(), s.currency.code()));
            let remark = t!(w, "discount-remark", code = &redeemed.coupon.key, lasts = lasts);
            Some(view! { <tr><th scope="row">{discount::off(w, &redeemed.coupon)}<span class="sub">{remark}</span></th><td class="num">{takes}</td></tr> })
        })
        .collect();
    if rows.is_empty() && !can_change {
        return None;
    }
    let table = (!rows.is_empty()).then(|| {
        view! {
            <table>
                <thead><tr><th scope="col">{t!(w, "discount-head")}</th><th scope="col" class="num">{t!(w, "discount-next")}</th></tr></thead>
                <tbody>{rows}</tbody>
            </table>
        }
    });
    let form = can_change.then(|| {
        let field = parts::field(
            w,
            parts::Field {
                name: FIELD,
                label: t!(w, "promotion-label"),
                hint: Some(t!(w, "promotion-hint-plan")),
                is_required: false,
                ..parts::Field::default()
            },
            &[],
        );
        view! { <form method="get" action="/plan/change" class="narrow asks">{field}<button class="btn plain">{t!(w, "promotion-look")}</button></form> }
    });
    Some(view! {
        <section class="sec" aria-labelledby="h-discounts">
            <div class="head"><h2 id="h-discounts">{t!(w, "discount-title")}</h2></div>
            {table}
            {form}
        </section>
    })
}
