//! One thing that happens in a life, whichever the dice say.

use billing::calendar::{Interval, Unit};
use billing::subscription::Unused;
use chrono::Duration;
use portico::services::invoices::{self, Certificate, CreditRequest};
use portico::services::payments::scripted::{RefundScript, Script};
use portico::services::payments::{self, DeclineReason};
use portico::services::quotes::{self, Confirmed};
use portico::services::subscriptions::{self, Action, CancelRequest, ChangeRequest, PauseRequest, Settle, StartRequest, When};
use portico::services::{Refusal, balance, usage};
use rust_decimal::Decimal;

use super::Life;

impl Life {
    /// One thing happens. A refusal by the rules is as good as anything; a defect is not.
    pub(super) async fn step(&mut self) -> Result<(), Refusal> {
        let customer = self.customers[usize::try_from(self.dice.roll(2)).unwrap()].clone();
        let what = self.dice.roll(20);
        if what == 0 || self.subscriptions.is_empty() {
            return self.subscribe(customer).await;
        }
        let chosen = usize::try_from(self.dice.roll(u64::try_from(self.subscriptions.len()).unwrap())).unwrap();
        let (customer, subscription) = self.subscriptions[chosen].clone();
        match what {
            1..=3 => {
                let plan = self.plans[usize::try_from(self.dice.roll(4)).unwrap()].clone();
                let request = ChangeRequest {
                    plan_id: (!self.dice.is(3)).then_some(plan),
                    interval: self.dice.is(4).then_some(Interval { unit: Unit::Year, count: 1 }),
                    quantity: self.dice.is(2).then(|| Decimal::from(self.dice.amount(9))),
                    coupons: self.dice.is(5).then(|| vec!["TENTH".to_owned(), "FIVER".to_owned()]),
                    when: if self.dice.is(4) { When::PeriodEnd } else { When::Now },
                    settle: if self.dice.is(4) { Settle::NextInvoice } else { Settle::Now },
                    ..ChangeRequest::default()
                };
                self.act(&customer, &subscription, Action::Change(request)).await
            }
            4 => {
                let unused = if self.dice.is(2) { Unused::Credited } else { Unused::Kept };
                let when = if self.dice.is(2) { When::PeriodEnd } else { When::Now };
                self.act(&customer, &subscription, Action::Cancel(CancelRequest { when, unused, reason: None, comment: None })).await
            }
            5 => {
                let unused = if self.dice.is(2) { Unused::Credited } else { Unused::Kept };
                let when = if self.dice.is(2) { When::PeriodEnd } else { When::Now };
                self.act(&customer, &subscription, Action::Pause(PauseRequest { when, unused })).await
            }
            6 => self.act(&customer, &subscription, Action::Resume).await,
            7 => self.act(&customer, &subscription, Action::Reactivate).await,
            8..=10 => {
                self.event += 1;
                let late = Duration::minutes(self.dice.amount(if self.dice.0.is_multiple_of(3) { 60_000 } else { 60 }));
                let (meter, most) = if self.dice.is(3) { ("storage", 300) } else { ("minutes", 900) };
                let event = usage::NewEvent {
                    id: format!("e{}", self.event),
                    meter: meter.into(),
                    quantity: Some(Decimal::from(self.dice.amount(most))),
                    value: None,
                    time: Some(self.world.now() - late),
                };
                let mut desk = self.world.desk().await;
                usage::record(&mut desk, &customer, &[event]).await?;
                desk.commit().await.map_err(Refusal::Database)
            }
            11 => {
                let mut desk = self.world.desk().await;
                invoices::charge(&mut desk, &customer, self.dice.amount(5000), "One-off").await?;
                desk.commit().await.map_err(Refusal::Database)
            }
            12 => {
                let mut desk = self.world.desk().await;
                balance::grant(&mut desk, &customer, "EUR", self.dice.amount(2000), "Goodwill", None).await?;
                desk.commit().await.map_err(Refusal::Database)
            }
            13 => self.correct(&customer).await,
            14 => {
                let declines = DeclineReason::InsufficientFunds;
                let scripts =
                    [Script::Succeeds, Script::Succeeds, Script::Declines(declines), Script::LosesAnswer, Script::LosesRequest, Script::LosesDecline(declines)];
                let script = scripts[usize::try_from(self.dice.roll(6)).unwrap()].clone();
                let mut desk = self.world.desk().await;
                let cards = payments::list(&mut desk, &customer).await?;
                // Both cards, or one of them.
                let of = [&customer, &cards[0].token, &cards[1].token][usize::try_from(self.dice.roll(3)).unwrap()];
                self.bank.script(of, script);
                let refunds = [
                    RefundScript::Succeeds,
                    RefundScript::Succeeds,
                    RefundScript::Refuses,
                    RefundScript::Pends,
                    RefundScript::LosesRequest,
                    RefundScript::LosesAnswer,
                ];
                self.bank.script_refunds(refunds[usize::try_from(self.dice.roll(6)).unwrap()]);
                Ok(())
            }
            15 => match self.open_invoice(&customer).await? {
                Some(invoice) => payments::pay(&self.errand(), &customer, &invoice, None, None).await.map(|_| ()),
                None => Ok(()),
            },
            16 => self.withhold(&customer).await,
            17 => self.take_back(&customer).await,
            18 => {
                let event = format!("e{}", self.dice.amount(self.event.max(1)));
                self.log.push(format!("{} reverse {event}", self.world.now()));
                let mut desk = self.world.desk().await;
                usage::reverse(&mut desk, &customer, &event).await?;
                desk.commit().await.map_err(Refusal::Database)
            }
            _ => {
                let mut desk = self.world.desk().await;
                subscriptions::act(&mut desk, &customer, &subscription, &Action::InvoiceUsage).await?;
                desk.commit().await.map_err(Refusal::Database)
            }
        }
    }

    /// The one that is due first.
    async fn open_invoice(&self, customer: &str) -> Result<Option<String>, Refusal> {
        let open = invoices::open_of(&mut self.world.desk().await, customer).await?;
        Ok(open.into_iter().next().map(|invoice| invoice.id))
    }

    /// Tax is withheld of an open invoice, perhaps all that is due of it.
    async fn withhold(&mut self, customer: &str) -> Result<(), Refusal> {
        let Some(invoice) = self.open_invoice(customer).await? else { return Ok(()) };
        let mut desk = self.world.desk().await;
        let certificate = Certificate { number: format!("{}", self.dice.amount(1000)), on: desk.now.billing.date_naive() };
        invoices::withhold(&mut desk, &invoice, certificate, Some(Decimal::from(self.dice.amount(20)))).await?;
        desk.commit().await.map_err(Refusal::Database)
    }

    /// The vendor does not accept the certificate of one of its invoices.
    async fn take_back(&mut self, customer: &str) -> Result<(), Refusal> {
        let mut desk = self.world.desk().await;
        for summary in invoices::list(&mut desk, customer, 100).await? {
            if invoices::load(&mut desk, &summary.id).await?.withheld_minor > 0 {
                self.log.push(format!("{} take back what was withheld of {}", self.world.now(), summary.number));
                invoices::take_back_withholding(&mut desk, &summary.id, "It is another customer's.").await?;
                return desk.commit().await.map_err(Refusal::Database);
            }
        }
        Ok(())
    }

    async fn subscribe(&mut self, customer: String) -> Result<(), Refusal> {
        let mut desk = self.world.desk().await;
        let request = StartRequest {
            customer_id: customer.clone(),
            external_id: None,
            plan_id: self.plans[usize::try_from(self.dice.roll(4)).unwrap()].clone(),
            interval: Interval { unit: Unit::Month, count: 1 },
            quantity: Decimal::from(self.dice.amount(5)),
            add_ons: Vec::new(),
            coupons: if self.dice.is(2) { vec!["THIRD".into(), "FIVER".into()] } else { Vec::new() },
            promotion_code: None,
            trial_days: self.dice.is(3).then_some(10),
            anchor: self.dice.is(3).then_some(subscriptions::AnchorWish::Day(31)),
            starts_at: None,
        };
        let started = subscriptions::start(&mut desk, &request).await?;
        desk.commit().await.map_err(Refusal::Database)?;
        self.subscriptions.push((customer, started.subscription_id));
        Ok(())
    }

    /// Previewed, then confirmed: what was shown is what happens.
    async fn act(&mut self, customer: &str, subscription: &str, action: Action) -> Result<(), Refusal> {
        self.log.push(format!("{} {action:?}", self.world.now()));
        let preview = quotes::preview(&self.errand(), customer, subscription, &action).await?;
        self.world.wait(Duration::seconds(self.dice.amount(60)));
        let taken: i64 = self.bank.taken().iter().map(|(_, amount)| *amount).sum();
        match quotes::confirm(&self.errand(), customer, &preview.quote).await? {
            Confirmed::Done(done) => {
                assert_eq!(done.paid_minor, preview.due_minor, "{action:?}");
                let total = preview.priced.as_ref().map(|priced| priced.document.total_minor);
                assert_eq!(done.documents.first().map(|document| document.total_minor), total, "{action:?}");
                let now: i64 = self.bank.taken().iter().map(|(_, amount)| *amount).sum();
                assert_eq!(now - taken, done.paid_minor);
                let again = quotes::confirm(&self.errand(), customer, &preview.quote).await?;
                assert!(matches!(again, Confirmed::Done(ref told) if *told == done), "{again:?}");
            }
            Confirmed::Declined { .. } => {
                let mut desk = self.world.desk().await;
                assert_eq!(subscriptions::load(&mut desk, subscription).await?.version, preview.before.version);
            }
            Confirmed::UnderWay { .. } | Confirmed::NeedsAction { .. } | Confirmed::Changed { .. } => {}
        }
        Ok(())
    }

    async fn correct(&mut self, customer: &str) -> Result<(), Refusal> {
        let mut desk = self.world.desk().await;
        let list = invoices::list(&mut desk, customer, 100).await?;
        let of_kind: Vec<_> = list.iter().filter(|document| document.kind == "invoice").collect();
        if of_kind.is_empty() {
            return Ok(());
        }
        let chosen = of_kind[usize::try_from(self.dice.roll(u64::try_from(of_kind.len()).unwrap())).unwrap()];
        let amount = self.dice.amount(3000);
        let is_refund = self.dice.is(2);
        self.log.push(format!("{} correct {} of {} {}", self.world.now(), amount, chosen.number, if is_refund { "back" } else { "" }));
        let request = if is_refund { CreditRequest::Refund(Some(amount)) } else { CreditRequest::Amount(amount) };
        invoices::credit(&mut desk, &chosen.id, &request).await?;
        desk.commit().await.map_err(Refusal::Database)?;
        if is_refund {
            self.refunded_minor += amount;
        }
        Ok(())
    }
}
