//! Where the story is played: the sandbox's clock, and what people do at a moment of it. Everything is one of the product's own actions;
//! billing time is the story's, sign-ins happen on the wall's.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, header};
use billing::calendar::{Instant, Interval};
use rust_decimal::Decimal;

use crate::app::App;
use crate::demo::replay::{Replay, storage};
use crate::identity::cookies::Outgoing;
use crate::identity::enrolment;
use crate::identity::people::{self, Invitation};
use crate::identity::sign_in::{self, Browser};
use crate::identity::totp;
use crate::platform::request::ClientIp;
use crate::sandbox::entry::{self, AccountForm, CardForm};
use crate::sentence;
use crate::services::customers::Role;
use crate::services::payments::sandbox::Sandbox;
use crate::services::payments::{self, Errand, Finished, Gateways, MethodKind};
use crate::services::purchases::{self, Bought, Order, What};
use crate::services::quotes::{self, Confirmed};
use crate::services::subscriptions::{self, Action, AnchorWish, ChangeRequest, StartRequest};
use crate::services::test_clock::{self, Move};
use crate::services::usage::{self, MAX_BATCH, NewEvent, Outcome};
use crate::services::vendors::Vendor;
use crate::services::{Actor, Desk, Refusal, customers};
use crate::worker::bill;

/// What every person of the demo types in.
pub const PASSWORD: &str = "seven-green-harbours";

pub struct Stage {
    pub app: App,
    pub vendor: Arc<Vendor>,
    pub now: Instant,
    replay: Replay,
    metered: Vec<Metered>,
}

/// A customer whose builds are measured.
struct Metered {
    pub customer_id: String,
    /// In ids of events.
    pub key: &'static str,
    /// Minutes a commit's build takes.
    pub minutes: Decimal,
    /// Weeks its builds are behind the data's.
    pub weeks: i64,
    /// GB × 10 at the beginning, and how they grow each day.
    pub storage_tenths: (i64, i64),
    pub since: Instant,
    pub told_until: Instant,
}

impl Stage {
    pub fn new(app: &App, vendor: Arc<Vendor>, replay: Replay, now: Instant) -> Stage {
        Stage { app: app.clone(), vendor, now, replay, metered: Vec::new() }
    }

    pub async fn desk(&self) -> Result<Desk, Refusal> {
        Ok(Desk::write(&self.app, &self.vendor, Actor::System).await?)
    }

    fn errand(&self, actor: Actor) -> Errand {
        Errand::new(&self.app, &self.vendor, actor)
    }

    /// Time goes on to `at`: what was used until then is told, and what fell due is billed and collected.
    pub async fn go_to(&mut self, at: Instant) -> Result<(), Refusal> {
        let mut desk = self.desk().await?;
        test_clock::advance(&mut desk, Move::To(at)).await?;
        desk.commit().await?;
        self.see_clock().await?;
        self.now = at;
        for customer in &mut self.metered {
            let (from, of) = (customer.told_until, customer.key);
            let mut events = self.replay.builds(of, customer.minutes, customer.weeks, from, at);
            let (tenths, a_day) = customer.storage_tenths;
            events.extend(storage(of, tenths, a_day, customer.since, from, at));
            tell(&self.app, &self.vendor, &customer.customer_id, &events).await?;
            customer.told_until = at;
        }
        let report = bill::bill(&self.app, &self.vendor, at).await?;
        match report.failed.into_iter().next() {
            Some((_, refusal)) => Err(refusal),
            None => Ok(()),
        }
    }

    /// From here on the sandbox lives by the wall's time.
    pub async fn let_time_run(&mut self) -> Result<(), Refusal> {
        let mut desk = self.desk().await?;
        test_clock::release(&mut desk).await?;
        desk.commit().await?;
        self.see_clock().await
    }

    async fn see_clock(&mut self) -> Result<(), Refusal> {
        self.app.reload_vendors().await?;
        let id = &self.vendor.id;
        self.vendor = self.app.vendors().into_iter().find(|vendor| vendor.id == *id).ok_or(Refusal::NotFound)?;
        Ok(())
    }

    /// From now on this customer's builds and storage are measured.
    pub fn measure(&mut self, customer_id: &str, key: &'static str, minutes: Decimal, weeks: i64, storage_tenths: (i64, i64)) {
        self.metered.push(Metered { customer_id: customer_id.to_owned(), key, minutes, weeks, storage_tenths, since: self.now, told_until: self.now });
    }

    /// Makes somebody a member of a customer, inviting them; who it is.
    pub async fn invite(&self, customer_id: &str, name: &str, email: &str, role: Role) -> Result<Actor, Refusal> {
        let mut desk = self.desk().await?;
        let invited = people::invite(&mut desk, Invitation { email, name, customer: Some((customer_id, role)) }).await?;
        desk.commit().await?;
        if let Some(token) = invited.token {
            self.accept(&token).await?;
        }
        Ok(Actor::Identity(invited.identity_id))
    }

    /// What the invited person does: sets the password, enrols an authenticator, and signs out again.
    async fn accept(&self, token: &str) -> Result<(), Refusal> {
        let (app, vendor) = (&self.app, &self.vendor);
        let refused = |what: &dyn std::fmt::Debug| Refusal::Rule(sentence!("demo-invitation", why = format!("{what:?}")));
        let (pending, _) = people::accept_invitation(app, vendor, token, PASSWORD).await.map_err(|error| refused(&error))?;
        let mut desk = self.desk().await?;
        let seed = enrolment::offered_seed(&mut desk.tx, app, vendor, &pending.identity_id).await?.ok_or(Refusal::NotFound)?;
        drop(desk);
        // The step before: this one's code is left for whoever signs in next.
        let step = app.clock.wall().timestamp().div_euclid(totp::STEP_SECONDS) - 1;
        let outgoing = Outgoing::default();
        let from = Browser { headers: &HeaderMap::new(), ip: ClientIp(None), outgoing: &outgoing };
        enrolment::enrol_totp(app, vendor, &pending, &seed.code_of(step), from).await.map_err(|wrong| refused(&wrong))?;
        sign_in::sign_out(app, vendor, &sent_back(&outgoing), &outgoing).await?;
        Ok(())
    }

    /// Keeps a card on file, typed in on the gateway's own page; its id.
    pub async fn add_card(&self, actor: &Actor, customer_id: &str, number: &str, expiry: &str, cvc: &str) -> Result<String, Refusal> {
        let errand = self.errand(actor.clone());
        let setup = payments::start_setup(&errand, customer_id, payments::Wanted::CARD).await?;
        let form = CardForm { number: number.to_owned(), expiry: expiry.to_owned(), cvc: cvc.to_owned(), ..CardForm::default() };
        let typed =
            entry::read(&form, &[], &self.app.now(&self.vendor)).map_err(|errors| Refusal::Rule(sentence!("demo-card", why = format!("{errors:?}"))))?;
        self.sandbox()?.enter_card(&setup.reference, typed).await.map_err(Refusal::damaged)?;
        match payments::finish_setup(&errand, customer_id, &setup.setup_id).await? {
            Finished::Added(method) => Ok(method.id),
            other => Err(Refusal::Rule(sentence!("demo-card", why = format!("{other:?}")))),
        }
    }

    /// Keeps an account on file that may be debited, typed in on the gateway's own page.
    pub async fn add_account(&self, actor: &Actor, customer_id: &str, iban: &str) -> Result<(), Refusal> {
        let errand = self.errand(actor.clone());
        let setup = payments::start_setup(&errand, customer_id, payments::Wanted { kind: MethodKind::SepaDebit, ..payments::Wanted::CARD }).await?;
        let form = AccountForm { iban: iban.to_owned(), holder: customer_id.to_owned(), agrees: "yes".into() };
        let account = entry::read_account(&form).map_err(|errors| Refusal::Rule(sentence!("demo-card", why = format!("{errors:?}"))))?;
        self.sandbox()?.enter_account(&setup.reference, account).await.map_err(Refusal::damaged)?;
        match payments::finish_setup(&errand, customer_id, &setup.setup_id).await? {
            Finished::Added(_) => Ok(()),
            other => Err(Refusal::Rule(sentence!("demo-card", why = format!("{other:?}")))),
        }
    }

    fn sandbox(&self) -> Result<Sandbox, Refusal> {
        let Gateways::Own { sandbox: place, .. } = &self.app.gateways else { return Err(Refusal::Rule(sentence!("demo-no-sandbox"))) };
        place.gateway(&self.vendor).ok_or_else(|| Refusal::Rule(sentence!("demo-no-sandbox")))
    }

    pub async fn make_backup(&self, customer_id: &str, method_id: &str) -> Result<(), Refusal> {
        let mut desk = self.desk().await?;
        payments::make_backup(&mut desk, customer_id, method_id).await?;
        Ok(desk.commit().await?)
    }

    /// Starts a subscription and takes the money for its first invoice; its id.
    pub async fn subscribe(
        &self,
        customer_id: &str,
        plan_id: &str,
        interval: Interval,
        seats: i64,
        trial_days: Option<u32>,
        anchor: Option<AnchorWish>,
    ) -> Result<String, Refusal> {
        let request = StartRequest {
            customer_id: customer_id.to_owned(),
            external_id: None,
            plan_id: plan_id.to_owned(),
            interval,
            quantity: Decimal::from(seats),
            add_ons: Vec::new(),
            coupons: Vec::new(),
            promotion_code: None,
            trial_days,
            anchor,
            starts_at: None,
        };
        let mut desk = self.desk().await?;
        let started = subscriptions::start(&mut desk, &request).await?;
        desk.commit().await?;
        // On the heap, as the worker's: it is large.
        Box::pin(bill::collect(&self.app, &self.vendor, self.now, &mut bill::Report::default())).await?;
        Ok(started.subscription_id)
    }

    /// Somebody buys something once: looks at what it comes to, and pays exactly that.
    pub async fn buy(&self, actor: &Actor, customer_id: &str, what: What) -> Result<(), Refusal> {
        let mut desk = self.desk().await?;
        let customer = customers::load(&mut desk, customer_id).await?;
        let agreed_minor = purchases::offer(&mut desk, &customer, &what).await?.due_minor;
        let id = desk.new_id("pur");
        drop(desk);
        match purchases::buy(&self.errand(actor.clone()), customer_id, &Order { id, what, method_id: None, agreed_minor }).await? {
            Bought::Paying(payment) if payment.status != payments::Status::Succeeded => {
                Err(Refusal::Rule(sentence!("demo-purchase", why = format!("{:?}", payment.status))))
            }
            Bought::Paying(_) | Bought::Done(_) => Ok(()),
        }
    }

    /// Somebody changes their plan: looks at the price, and confirms exactly it.
    pub async fn change(&self, actor: &Actor, customer_id: &str, subscription_id: &str, request: ChangeRequest) -> Result<(), Refusal> {
        let errand = self.errand(actor.clone());
        let action = Action::Change(request);
        let preview = quotes::preview(&errand, customer_id, subscription_id, &action).await?;
        match quotes::confirm(&errand, customer_id, &preview.quote).await? {
            Confirmed::Done(_) => Ok(()),
            other => Err(Refusal::Rule(sentence!("demo-change", why = format!("{other:?}")))),
        }
    }
}

async fn tell(app: &App, vendor: &Arc<Vendor>, customer_id: &str, events: &[NewEvent]) -> Result<(), Refusal> {
    for batch in events.chunks(MAX_BATCH) {
        let mut desk = Desk::write(app, vendor, Actor::System).await?;
        let outcomes = usage::record(&mut desk, customer_id, batch).await?;
        if let Some(outcome) = outcomes.iter().find(|outcome| **outcome != Outcome::Counted) {
            return Err(Refusal::Rule(sentence!("demo-usage", why = format!("{outcome:?}"))));
        }
        desk.commit().await?;
    }
    Ok(())
}

/// The cookies a browser would send after a response.
fn sent_back(outgoing: &Outgoing) -> HeaderMap {
    let mut set = HeaderMap::new();
    outgoing.apply(&mut set);
    let pairs: Vec<&str> = set.get_all(header::SET_COOKIE).iter().filter_map(|value| value.to_str().ok()?.split(';').next()).collect();
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_str(&pairs.join("; ")) {
        headers.insert(header::COOKIE, value);
    }
    headers
}
