//! A gateway for simulations and tests: no pages, no state but memory; each charge goes as the story says, and succeeds where the
//! story says nothing.

use std::collections::HashMap;
use std::sync::Mutex;

use super::gateway::*;

/// What a customer's charges come to from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Script {
    Succeeds,
    Declines(DeclineReason),
    /// Needs the customer; off-session it declines. [`Scripted::confirm`] is the customer's answer.
    NeedsAction,
    /// Stays under way until [`Scripted::confirm`].
    Pends,
    /// No answer comes, and the money was not taken.
    LosesRequest,
    /// No answer comes, and the money was taken.
    LosesAnswer,
}

#[derive(Default)]
pub struct Scripted(Mutex<State>);

#[derive(Default)]
struct State {
    scripts: HashMap<String, Script>,
    setups: HashMap<String, SetupState>,
    charges: HashMap<String, Charge>,
    refunds: HashMap<String, (String, i64, Refund)>,
    detached: Vec<String>,
    /// Every call that reached a bank, in order: what a test counts.
    taken: Vec<(String, i64)>,
}

impl Scripted {
    pub fn new() -> Scripted {
        Scripted::default()
    }

    /// From now on this customer's charges go like that.
    pub fn script(&self, customer_id: &str, script: Script) {
        self.state().scripts.insert(customer_id.to_owned(), script);
    }

    /// The bank decides a charge that was left open.
    pub fn confirm(&self, key: &str, outcome: Outcome) {
        let mut state = self.state();
        let Some(charge) = state.charges.get_mut(key) else { return };
        let amount = charge.amount_minor;
        let was_open = matches!(charge.outcome, Outcome::NeedsAction { .. } | Outcome::Pending);
        if was_open {
            charge.outcome = outcome.clone();
            if outcome == Outcome::Succeeded {
                state.taken.push((key.to_owned(), amount));
            }
        }
    }

    /// Key and amount of every charge that took money, in order.
    pub fn taken(&self) -> Vec<(String, i64)> {
        self.state().taken.clone()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().expect("no holder of this lock can panic")
    }

    fn decide(&self, request: ChargeRequest) -> Result<Charge, GatewayError> {
        let mut state = self.state();
        if let Some(charge) = state.charges.get(&request.key) {
            return same(charge, &request);
        }
        let script = state.scripts.get(&request.customer_id).cloned().unwrap_or(Script::Succeeds);
        if script == Script::LosesRequest {
            return Err(GatewayError::NoAnswer("the request was lost".into()));
        }
        let outcome = match &script {
            _ if state.detached.contains(&request.method_token) => Outcome::Declined(DeclineReason::MethodGone),
            Script::Succeeds | Script::LosesAnswer | Script::LosesRequest => Outcome::Succeeded,
            Script::Declines(reason) => Outcome::Declined(*reason),
            Script::NeedsAction => match &request.presence {
                Presence::OffSession => Outcome::Declined(DeclineReason::AuthenticationRequired),
                Presence::OnSession { return_url } => Outcome::NeedsAction { url: return_url.clone() },
            },
            Script::Pends => Outcome::Pending,
        };
        if outcome == Outcome::Succeeded {
            state.taken.push((request.key.clone(), request.amount_minor));
        }
        let charge = Charge { reference: format!("test_ch_{}", request.key), amount_minor: request.amount_minor, currency: request.currency, outcome };
        state.charges.insert(request.key, charge.clone());
        if script == Script::LosesAnswer {
            return Err(GatewayError::NoAnswer("the answer was lost".into()));
        }
        Ok(charge)
    }

    fn give_back(&self, request: RefundRequest) -> Result<Refund, GatewayError> {
        let mut state = self.state();
        if let Some((_, _, refund)) = state.refunds.get(&request.key) {
            return Ok(refund.clone());
        }
        let of = &request.charge_reference;
        let charged = state.charges.values().find(|c| c.reference == *of && c.outcome == Outcome::Succeeded).map_or(0, |c| c.amount_minor);
        let back: i64 = state.refunds.values().filter(|(charge, _, r)| charge == of && r.outcome == RefundOutcome::Succeeded).map(|(_, amount, _)| amount).sum();
        let fits = request.amount_minor > 0 && request.amount_minor <= charged - back;
        let outcome = if fits { RefundOutcome::Succeeded } else { RefundOutcome::Refused };
        let refund = Refund { reference: format!("test_re_{}", request.key), outcome };
        state.refunds.insert(request.key, (request.charge_reference, request.amount_minor, refund.clone()));
        Ok(refund)
    }
}

/// A key used again must ask for the same thing.
pub(super) fn same(charge: &Charge, request: &ChargeRequest) -> Result<Charge, GatewayError> {
    if charge.amount_minor == request.amount_minor && charge.currency == request.currency {
        return Ok(charge.clone());
    }
    Err(GatewayError::Refused("this key was used for another amount".into()))
}

impl Gateway for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn origin(&self) -> Option<String> {
        None
    }

    /// Done at once: there is no page to type on.
    fn start_setup<'a>(&'a self, request: SetupRequest) -> Answer<'a, Setup> {
        let reference = format!("test_seti_{}", request.key);
        let method = KeptMethod { token: format!("test_pm_{}", request.key), brand: Brand::Visa, last4: "4242".into(), exp_month: 12, exp_year: 2099 };
        self.state().setups.insert(reference.clone(), SetupState::Done(method));
        Box::pin(async move { Ok(Setup { reference, page_url: request.return_url, fields: None }) })
    }

    fn setup<'a>(&'a self, reference: &'a str) -> Answer<'a, SetupState> {
        let state = self.state().setups.get(reference).cloned();
        Box::pin(async move { state.ok_or_else(|| GatewayError::Refused("no such setup".into())) })
    }

    fn charge<'a>(&'a self, request: ChargeRequest) -> Answer<'a, Charge> {
        let answer = self.decide(request);
        Box::pin(async move { answer })
    }

    fn find_charge<'a>(&'a self, key: &'a str, _reference: Option<&'a str>) -> Answer<'a, Option<Charge>> {
        let charge = self.state().charges.get(key).cloned();
        Box::pin(async move { Ok(charge) })
    }

    fn cancel_charge<'a>(&'a self, key: &'a str, _reference: Option<&'a str>) -> Answer<'a, Option<Charge>> {
        self.confirm(key, Outcome::Declined(DeclineReason::Cancelled));
        self.find_charge(key, None)
    }

    fn refund<'a>(&'a self, request: RefundRequest) -> Answer<'a, Refund> {
        let answer = self.give_back(request);
        Box::pin(async move { answer })
    }

    fn detach<'a>(&'a self, token: &'a str) -> Answer<'a, ()> {
        self.state().detached.push(token.to_owned());
        Box::pin(async { Ok(()) })
    }
}
