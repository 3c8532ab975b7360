//! The story runs: time goes to each step, all that falls due on the way happens in order through the worker, then the step is done by
//! the action a customer or a vendor would use. What the rules refuse is noted, and the story goes on.

mod documents;
mod result;

use std::collections::{BTreeMap, BTreeSet};

use documents::credit_lines;

use super::Failed;
use super::input::{self, Act, Anchored, InvoiceName, PaymentOutcome, Scenario, Step};
use super::output::{Names, NextInvoiceOut, Output, PreviewOut, RefusedOut, tax};
use super::setting::Setting;
use crate::platform::clock::Instant;
use crate::platform::scratch::Scratch;
use crate::sentence;
use crate::services::invoices::{CreditRequest, Invoice, Named};
use crate::services::payments::scripted::Script;
use crate::services::payments::{DeclineReason, Status};
use crate::services::quotes::{self, Confirmed};
use crate::services::subscriptions::{self, Action, AnchorWish, CancelRequest, ChangeRequest, PauseRequest, Settle, StartRequest, Subscription, When};
use crate::services::usage::{self, NewEvent};
use crate::services::{Desk, Refusal, balance, invoices, payments};
use crate::worker::bill::{self, Report};

/// Runs a story on a fresh database; what came of it, and where it stands then.
pub(super) async fn run(scenario: &Scenario, scratch: &Scratch) -> Result<(Output, Setting), Failed> {
    let setting = Setting::make(scenario, scratch).await?;
    let names = Names { customers: setting.customers.iter().map(|(id, record)| (record.clone(), id.clone())).collect(), ..Names::default() };
    let mut story = Story {
        scenario,
        setting,
        subscriptions: BTreeMap::new(),
        names,
        documents: Vec::new(),
        learned: 0,
        told: Output::default(),
        stuck_for: BTreeSet::new(),
        last: None,
    };
    for (index, step) in scenario.steps.iter().enumerate() {
        story.step(index, step).await?;
    }
    if let Some((index, step)) = scenario.steps.iter().enumerate().next_back() {
        story.pass_time(index, step.at).await?;
    }
    story.result().await
}

struct Story<'a> {
    scenario: &'a Scenario,
    setting: Setting,
    /// Scenario id to record id of those begun.
    subscriptions: BTreeMap<String, String>,
    names: Names,
    /// Every document so far, in the order of their issue, and of how many the lines are known by name.
    documents: Vec<Named>,
    learned: usize,
    told: Output,
    /// Why something that is due could not be done.
    stuck_for: BTreeSet<String>,
    /// Where time stands.
    last: Option<Instant>,
}

/// Whether a step was done, and if not, why.
type Done = Result<(), Refusal>;

impl Story<'_> {
    async fn step(&mut self, index: usize, step: &Step) -> Result<(), Failed> {
        // What is charged at one instant shares a document: it is made when time moves on, or when a step needs it.
        if self.last != Some(step.at) || step.act.reads_documents() {
            self.pass_time(index, step.at).await?;
        }
        let done = self.act(step).await;
        match done {
            // What the step made is paid at once, or declined.
            Ok(()) if step.act.makes_invoices() => self.collect(step.at).await,
            Ok(()) => Ok(()),
            Err(refusal) => {
                let reason = reason(refusal)?;
                self.told.refused.push(RefusedOut { step: index, reason });
                Ok(())
            }
        }
    }

    /// Everything due until an instant happens, each thing at its own moment.
    async fn pass_time(&mut self, index: usize, until: Instant) -> Result<(), Failed> {
        let (app, vendor) = (self.setting.app.clone(), self.setting.vendor.clone());
        // What was left undone by a refusal is tried as of now.
        let go_to = |moment: Instant| {
            let moment = self.last.map_or(moment, |last| moment.max(last));
            app.clock.set(moment);
            self.last = Some(moment);
            moment
        };
        let report = Box::pin(bill::bill_by_moment(&app, &vendor, until, go_to)).await?;
        // What a step makes is collected with it, and what is billed on the way is paid there, or noted as unpaid: unless it is due only later.
        if vendor.payment_terms_days > 0 {
            self.collect(until).await?;
        }
        let mut stuck: BTreeSet<String> = BTreeSet::new();
        for (customer, refusal) in report.failed {
            if stuck.insert(customer) {
                let reason = reason(refusal)?;
                // It is tried again at every step, and told once.
                if self.stuck_for.insert(reason.clone()) {
                    self.told.refused.push(RefusedOut { step: index, reason });
                }
            }
        }
        Ok(())
    }

    async fn collect(&self, at: Instant) -> Result<(), Failed> {
        Box::pin(bill::collect(&self.setting.app, &self.setting.vendor, at, &mut Report::default())).await?;
        Ok(())
    }

    async fn act(&mut self, step: &Step) -> Done {
        if let Some((subscription, action)) = self.confirmed(&step.act)? {
            return self.confirm(subscription, &action).await;
        }
        match &step.act {
            Act::Subscribe { .. } => self.subscribe(&step.act).await,
            Act::Preview(change) => self.preview(change).await,
            Act::Usage { customer, meter, quantity, value, time, id } => {
                let id = id.clone().unwrap_or_else(|| self.event_id());
                let event = NewEvent { id, meter: meter.clone(), quantity: *quantity, value: value.clone(), time: *time };
                self.usage(customer, event).await
            }
            Act::Charge { customer, amount_minor, description } => {
                let mut desk = self.setting.desk().await?;
                invoices::charge(&mut desk, self.customer(customer)?, *amount_minor, description).await?;
                Ok(desk.commit().await?)
            }
            Act::Credit { customer, amount_minor, description, expires_at } => {
                let mut desk = self.setting.desk().await?;
                let customer = self.scenario.customers.iter().find(|of| of.id == *customer).ok_or(Refusal::NotFound)?;
                let description = description.as_deref().unwrap_or("Credit");
                balance::grant(&mut desk, self.customer(&customer.id)?, customer.currency.code(), *amount_minor, description, *expires_at).await?;
                Ok(desk.commit().await?)
            }
            Act::PaymentOutcome { customer, outcome } => {
                let script = match outcome {
                    PaymentOutcome::Succeeds => Script::Succeeds,
                    PaymentOutcome::Declines(reason) => Script::Declines(DeclineReason::or_other(reason)),
                };
                self.setting.gateway.script(self.customer(customer)?, script);
                Ok(())
            }
            Act::Pay { invoice } => self.pay(invoice).await,
            Act::Refund { invoice, amount_minor } => self.credit(invoice, |_| Ok(CreditRequest::Refund(Some(*amount_minor)))).await,
            Act::CreditNote { invoice, amount_minor } => self.credit(invoice, |_| Ok(CreditRequest::Amount(*amount_minor))).await,
            Act::CreditLines { invoice, lines } => self.credit(invoice, |found| credit_lines(found, lines)).await,
            // Confirmed above, but for the last.
            Act::Change(_) | Act::Cancel { .. } | Act::Pause { .. } | Act::Resume { .. } | Act::Reactivate { .. } | Act::Advance => Ok(()),
        }
    }

    /// What a customer sees the price of and confirms, and on which subscription.
    fn confirmed<'s>(&self, act: &'s Act) -> Result<Option<(&'s str, Action)>, Refusal> {
        Ok(match act {
            Act::Change(change) => Some((&change.subscription, Action::Change(self.change(change)?))),
            Act::Cancel { subscription, when, unused } => {
                Some((subscription, Action::Cancel(CancelRequest { when: when_of(*when), unused: *unused, reason: None, comment: None })))
            }
            Act::Pause { subscription, when, unused } => Some((subscription, Action::Pause(PauseRequest { when: when_of(*when), unused: *unused }))),
            Act::Resume { subscription } => Some((subscription, Action::Resume)),
            Act::Reactivate { subscription } => Some((subscription, Action::Reactivate)),
            _ => None,
        })
    }

    async fn subscribe(&mut self, act: &Act) -> Done {
        let Act::Subscribe { customer, subscription, plan, quantity, add_ons, coupons, trial_days, anchor, start } = act else { return Ok(()) };
        let request = StartRequest {
            customer_id: self.customer(customer)?.to_owned(),
            external_id: Some(subscription.clone()),
            plan_id: self.plan(plan)?.to_owned(),
            interval: self.scenario.plan(plan).ok_or(Refusal::NotFound)?.interval,
            quantity: *quantity,
            add_ons: add_ons.clone(),
            coupons: coupons.clone(),
            promotion_code: None,
            trial_days: *trial_days,
            anchor: anchor.map(|anchor| match anchor {
                Anchored::Day(day) => AnchorWish::Day(day),
                Anchored::At(instant) => AnchorWish::At(instant),
            }),
            starts_at: *start,
        };
        let mut desk = self.setting.desk().await?;
        let started = subscriptions::start(&mut desk, &request).await?;
        desk.commit().await?;
        self.names.subscriptions.insert(started.subscription_id.clone(), subscription.clone());
        self.subscriptions.insert(subscription.clone(), started.subscription_id);
        Ok(())
    }

    fn change(&self, change: &input::Change) -> Result<ChangeRequest, Refusal> {
        Ok(ChangeRequest {
            plan_id: change.plan.as_deref().map(|plan| self.plan(plan).map(str::to_owned)).transpose()?,
            interval: change.plan.as_deref().and_then(|plan| self.scenario.plan(plan)).map(|plan| plan.interval),
            quantity: change.quantity,
            add_ons: change.add_ons.clone(),
            coupons: change.coupons.clone(),
            promotion_code: None,
            anchor_day: None,
            when: when_of(change.when),
            settle: match change.settle {
                input::Settle::Now => Settle::Now,
                input::Settle::NextInvoice => Settle::NextInvoice,
            },
        })
    }

    /// A subscription as it stands, on the desk that read it.
    async fn read(&self, subscription: &str) -> Result<(Desk, Subscription), Refusal> {
        let id = self.subscriptions.get(subscription).ok_or_else(|| Refusal::Rule(sentence!("simulate-no-subscription", subscription = subscription)))?;
        let mut desk = self.setting.errand().reads().await?;
        let subscription = subscriptions::load(&mut desk, id).await?;
        Ok((desk, subscription))
    }

    async fn preview(&mut self, change: &input::Change) -> Done {
        let action = Action::Change(self.change(change)?);
        let (desk, subscription) = self.read(&change.subscription).await?;
        let preview = quotes::preview_of(&self.setting.errand(), desk, subscription, &action).await?;
        self.learn_lines().await?;
        let document = preview.priced.as_ref().map(|priced| &priced.document);
        let lines = document.into_iter().flat_map(|document| &document.lines).chain(&preview.waiting);
        let next_invoice = preview.next_invoice.map(|next| NextInvoiceOut { at: next.at, total: next.priced.map_or(0, |priced| priced.document.total_minor) });
        self.told.previews.push(PreviewOut {
            at: preview.at,
            subscription: change.subscription.clone(),
            lines: lines.map(|line| self.names.line(line)).collect::<Result<_, _>>()?,
            subtotal: document.map_or(0, |document| document.subtotal_minor),
            discount: document.map_or(0, |document| document.discount_minor),
            tax: document.iter().flat_map(|document| document.tax.iter().map(tax)).collect(),
            tax_total: document.map_or(0, |document| document.tax_total_minor),
            total: document.map_or(0, |document| document.total_minor),
            due_now: preview.due_minor,
            next_invoice,
        });
        Ok(())
    }

    /// What a customer does: sees the price, and what comes after it, and confirms it. What cannot be shown is not confirmed.
    async fn confirm(&self, subscription: &str, action: &Action) -> Done {
        let (desk, subscription) = self.read(subscription).await?;
        let (errand, customer) = (self.setting.errand(), subscription.customer_id.clone());
        let preview = quotes::preview_of(&errand, desk, subscription, action).await?;
        // On the heap: everything a story may do is part of one future, and a thread's stack is small.
        match Box::pin(quotes::confirm(&errand, &customer, &preview.quote)).await? {
            Confirmed::Done(_) => Ok(()),
            Confirmed::Declined { reason, .. } => Err(Refusal::Rule(sentence!("simulate-change-declined", reason = reason))),
            Confirmed::NeedsAction { .. } | Confirmed::UnderWay { .. } => Err(Refusal::damaged("the story’s gateway decides at once")),
            Confirmed::Changed { differences, .. } => Err(Refusal::damaged(format!("a price confirmed at once was another: {differences:?}"))),
        }
    }

    async fn usage(&self, customer: &str, event: NewEvent) -> Done {
        let mut desk = self.setting.desk().await?;
        let outcomes = usage::record(&mut desk, self.customer(customer)?, &[event]).await?;
        desk.commit().await?;
        match outcomes.into_iter().next() {
            Some(usage::Outcome::Refused(why)) => Err(Refusal::Rule(why)),
            _ => Ok(()),
        }
    }

    /// An id nobody in the story uses.
    fn event_id(&self) -> String {
        self.setting.app.ids.next("event", self.last.map_or(0, |at| at.timestamp_millis()))
    }

    async fn pay(&mut self, name: &InvoiceName) -> Done {
        let invoice = self.invoice(name).await?;
        match payments::pay(&self.setting.errand(), &invoice.customer_id, &invoice.id, None, None).await?.status {
            Status::Succeeded => Ok(()),
            Status::Declined(reason) => Err(Refusal::Rule(sentence!("simulate-payment-declined", reason = reason.name()))),
            other => Err(Refusal::damaged(format!("the story’s gateway decides at once, not {other:?}"))),
        }
    }

    async fn credit(&mut self, name: &InvoiceName, request: impl FnOnce(&Invoice) -> Result<CreditRequest, Refusal>) -> Done {
        let invoice = self.invoice(name).await?;
        let request = request(&invoice)?;
        let mut desk = self.setting.desk().await?;
        invoices::credit(&mut desk, &invoice.id, &request).await?;
        Ok(desk.commit().await?)
    }

    fn customer(&self, id: &str) -> Result<&str, Refusal> {
        self.setting.customers.get(id).map(String::as_str).ok_or(Refusal::NotFound)
    }

    fn plan(&self, id: &str) -> Result<&str, Refusal> {
        self.setting.plans.get(id).map(String::as_str).ok_or(Refusal::NotFound)
    }
}

impl Act {
    /// Whether there may be something to collect after it: an invoice, or an old one of a subscription that goes on again.
    fn makes_invoices(&self) -> bool {
        match self {
            Act::Subscribe { .. } | Act::Change(_) | Act::Cancel { .. } | Act::Pause { .. } | Act::Resume { .. } | Act::Reactivate { .. } => true,
            Act::Pay { .. } | Act::Refund { .. } | Act::CreditNote { .. } | Act::CreditLines { .. } => false,
            Act::Preview(_) | Act::Usage { .. } | Act::Charge { .. } | Act::Credit { .. } | Act::PaymentOutcome { .. } | Act::Advance => false,
        }
    }

    /// Whether it needs what was charged at this very instant to be on a document.
    fn reads_documents(&self) -> bool {
        match self {
            Act::Pay { .. } | Act::Refund { .. } | Act::CreditNote { .. } | Act::CreditLines { .. } => true,
            Act::Subscribe { .. } | Act::Preview(_) | Act::Change(_) | Act::Cancel { .. } | Act::Pause { .. } | Act::Resume { .. } | Act::Reactivate { .. } => {
                false
            }
            Act::Usage { .. } | Act::Charge { .. } | Act::Credit { .. } | Act::PaymentOutcome { .. } | Act::Advance => false,
        }
    }
}

fn when_of(when: input::When) -> When {
    match when {
        input::When::Now => When::Now,
        input::When::PeriodEnd => When::PeriodEnd,
    }
}

/// The sentence of a refusal; what is no refusal but a failure stops the story.
fn reason(refusal: Refusal) -> Result<String, Failed> {
    match refusal {
        Refusal::Fields(errors) => Ok(errors.into_iter().map(|error| error.sentence.to_string()).collect::<Vec<_>>().join(" ")),
        Refusal::Database(_) | Refusal::Damaged(_) => Err(Failed::Refusal(refusal)),
        refusal => Ok(refusal.to_string()),
    }
}
