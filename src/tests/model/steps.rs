//! A story told: time runs to each step, then it is done, or refused.

use serde_json::{Value, json};

use crate::calendar::Instant;
use crate::change::Made;
use crate::fraction::ONE;
use crate::output::narrow;
use crate::story::{Step, Story};
use crate::world::{Line, Payment, Refused, Waiting, World};

impl<'a> World<'a> {
    pub fn tell(story: &'a Story) -> World<'a> {
        let mut world = World::new(story);
        let mut last = None;
        for (index, step) in story.steps.iter().enumerate() {
            world.tell_step(index, step, last);
            last = Some(step.at);
        }
        world.at_rest()
    }

    /// When all is done that falls due at the last instant.
    pub fn at_rest(mut self) -> World<'a> {
        self.run_to(self.now);
        self
    }

    pub fn tell_step(&mut self, index: usize, step: &Step, last: Option<Instant>) {
        // What is charged at one instant shares a document: it is made when time goes on, or when a step is about documents.
        let is_of_documents = matches!(step.act.as_str(), "pay" | "refund" | "credit_note");
        if last != Some(step.at) || is_of_documents {
            self.run_to(step.at);
        }
        // “A step that the business rules refuse is recorded under `refused` and the story goes on.”
        if self.step(step).is_err() {
            self.refused.push(index);
        }
    }

    fn step(&mut self, step: &Step) -> Result<(), Refused> {
        match step.act.as_str() {
            "subscribe" => {
                let customer = self.customer_of(step)?;
                self.settled(|world| world.subscribe(step, customer))
            }
            "change" => self.confirmed(step, |world, index| world.change(step, index)),
            "cancel" => self.done(step, |world, index| world.cancel(step, index)),
            "pause" => self.done(step, |world, index| world.pause(step, index)),
            "resume" => self.confirmed(step, |world, index| world.resume(index)),
            "reactivate" => self.confirmed(step, |world, index| world.reactivate(index)),
            "preview" => self.preview(step),
            "usage" => self.record(step, self.customer_of(step)?),
            "charge" => self.charge_once(step),
            "credit" => self.grant(step),
            "payment_outcome" => {
                let customer = self.customer_of(step)?;
                self.declines[customer] = step.outcome.clone().filter(|outcome| outcome != "succeeds");
                Ok(())
            }
            "pay" => {
                let invoice = self.invoice(step)?;
                let is_due = self.documents[invoice].due > 0;
                if is_due && self.pay(invoice) { Ok(()) } else { Err(Refused) }
            }
            "refund" => self.credit_amount(self.invoice(step)?, step.amount.ok_or(Refused)?, true),
            "credit_note" => match (step.amount, &step.lines) {
                (Some(amount), _) => self.credit_amount(self.invoice(step)?, amount, false),
                (None, Some(lines)) => self.credit_lines(self.invoice(step)?, lines),
                (None, None) => Err(Refused),
            },
            _ => Ok(()),
        }
    }

    fn customer_of(&self, step: &Step) -> Result<usize, Refused> {
        match &step.customer {
            Some(id) => self.story.customers.iter().position(|customer| customer.id == *id).ok_or(Refused),
            None => Ok(self.subscriptions[self.subscription(step)?].customer),
        }
    }

    fn subscription(&self, step: &Step) -> Result<usize, Refused> {
        self.subscriptions.iter().position(|subscription| Some(&subscription.id) == step.subscription.as_ref()).ok_or(Refused)
    }

    /// What happens whether its document is paid or not.
    fn done(&mut self, step: &Step, act: impl FnOnce(&mut Self, usize) -> Made) -> Result<(), Refused> {
        let index = self.subscription(step)?;
        if let Some(document) = self.made(index, act)? {
            self.pay(document);
        }
        Ok(())
    }

    /// The document of an action: with what is due at its instant anyway, and of that alone, if the action itself costs nothing.
    fn made(&mut self, index: usize, act: impl FnOnce(&mut Self, usize) -> Made) -> Made {
        match act(self, index)? {
            Some(document) => Ok(Some(document)),
            None => Ok(self.collect(self.subscriptions[index].customer, None, Vec::new(), None, &[])),
        }
    }

    fn settled(&mut self, act: impl FnOnce(&mut Self) -> Made) -> Result<(), Refused> {
        let before = self.clone();
        match act(self) {
            Ok(Some(document)) => {
                self.pay(document);
                Ok(())
            }
            Ok(None) => Ok(()),
            Err(Refused) => {
                *self = before;
                Err(Refused)
            }
        }
    }

    /// What a customer confirms is paid before it happens: declined, nothing did.
    fn confirmed(&mut self, step: &Step, act: impl FnOnce(&mut Self, usize) -> Made) -> Result<(), Refused> {
        let index = self.subscription(step)?;
        // Only a declined payment undoes anything: what is refused is refused before it begins.
        let may_fail = self.declines[self.subscriptions[index].customer].is_some();
        let before = may_fail.then(|| self.clone());
        let made = self.made(index, act);
        let paid = match made {
            Ok(Some(document)) if self.pay(document) => return Ok(()),
            Ok(None) => return Ok(()),
            Ok(Some(_)) => self.payments.pop().map(|payment| Payment { invoice: None, ..payment }),
            Err(Refused) => None,
        };
        if let Some(before) = before {
            *self = before;
        }
        self.payments.extend(paid);
        Err(Refused)
    }

    /// What a change would come to: done, looked at, and undone.
    fn preview(&mut self, step: &Step) -> Result<(), Refused> {
        let index = self.subscription(step)?;
        let mut would = self.clone();
        let made = would.made(index, |world, index| world.change(step, index))?;
        let document = made.map(|document| would.documents[document].clone());
        let mut lines: Vec<Value> = document.iter().flat_map(|document| would.lines_out(document)).collect();
        for waiting in would.waiting.iter().filter(|waiting| waiting.line >= self.lines.len()) {
            let mut line = would.line_out(&would.lines[waiting.line]);
            // What the document it lands on decides.
            let undecided = ["tax_rate", "discount"].into_iter().chain(would.lines[waiting.line].takes_back.map(|_| "amount"));
            undecided.for_each(|field| drop(line.as_object_mut().and_then(|line| line.remove(field))));
            lines.push(line);
        }
        let preview = json!({
            "at": crate::calendar::rfc3339(self.now),
            "subscription": step.subscription,
            "lines": lines,
            "subtotal": document.as_ref().map_or(0, |document| narrow(document.subtotal)),
            "discount": document.as_ref().map_or(0, |document| narrow(document.discount)),
            "tax": document.as_ref().map_or(Vec::new(), |document| crate::output::taxes(&document.tax)),
            "total": document.as_ref().map_or(0, |document| narrow(document.total)),
            "due_now": document.as_ref().map_or(0, |document| narrow(document.due)),
        });
        self.previews.push(preview);
        Ok(())
    }

    /// “(one-off: `amount`, `description`)”
    fn charge_once(&mut self, step: &Step) -> Result<(), Refused> {
        let (customer, now) = (self.customer_of(step)?, self.now);
        self.lines.push(Line {
            kind: "one_off",
            subscription: None,
            thing: None,
            quantity: ONE,
            amount: step.amount.ok_or(Refused)?,
            discount: 0,
            taxes: Vec::new(),
            tax_parts: Vec::new(),
            taxes_given_back: Vec::new(),
            span: (now, now),
            period_start: now,
            document: None,
            of: None,
            given_back: 0,
            until: i64::MIN,
            takes_back: None,
            undoes: None,
        });
        self.waiting.push(Waiting { line: self.lines.len() - 1, customer, due: Some(now), reason: "manual" });
        Ok(())
    }

    /// “(`amount`, into the balance; `expires_at`)”
    fn grant(&mut self, step: &Step) -> Result<(), Refused> {
        let (customer, amount) = (self.customer_of(step)?, step.amount.ok_or(Refused)?);
        if let Some(end) = step.expires_at {
            if end <= self.now {
                return Err(Refused);
            }
            self.expiring.push((customer, end, amount));
        }
        self.balances[customer] += amount;
        let currency = self.currency(customer);
        self.post(&currency, "discounts", amount);
        self.post(&currency, "customer_balance", -amount);
        Ok(())
    }
}
