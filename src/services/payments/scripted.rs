//! A gateway for simulations and tests: no pages, no state but memory; each charge goes as the story says, and succeeds where the
//! story says nothing.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

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
    /// No answer comes, and the bank said no.
    LosesDecline(DeclineReason),
    /// Takes so much, whatever it was asked for: a gateway gone wrong.
    TakesOther(i64),
}

/// What refunds come to from now on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RefundScript {
    #[default]
    Succeeds,
    /// The card takes nothing back.
    Refuses,
    /// Under way at the bank; asked again, it goes by the script of then.
    Pends,
    /// No answer comes, and nothing went back.
    LosesRequest,
    /// No answer comes, and the money went back.
    LosesAnswer,
}

#[derive(Default)]
pub struct Scripted(Mutex<State>);

#[derive(Default)]
struct State {
    scripts: HashMap<String, Script>,
    /// What is typed in next.
    means: Option<Means>,
    setups: HashMap<String, SetupState>,
    charges: HashMap<String, Charge>,
    refund_script: RefundScript,
    refunds: HashMap<String, (String, i64, Refund)>,
    disputes: HashMap<String, Dispute>,
    detached: Vec<String>,
    /// Methods their banks have renewed, by token.
    renewed: HashMap<String, KeptMethod>,
    /// Every call that reached a bank, in order: what a test counts.
    taken: Vec<(String, i64)>,
    /// The charge's reference and the amount of everything that went back.
    given_back: Vec<(String, i64)>,
    /// How long a charge is waited for.
    takes: Duration,
    /// How many are waited for, and were at once at most.
    waiting: usize,
    most_waiting: usize,
}

impl Scripted {
    pub fn new() -> Scripted {
        Scripted::default()
    }

    /// From now on this customer's charges go like that; or one method's, by its token, whatever is said of the customer.
    pub fn script(&self, customer_or_token: &str, script: Script) {
        self.state().scripts.insert(customer_or_token.to_owned(), script);
    }

    /// What customers type in from now on: month and year of its expiry last.
    pub fn hand_out(&self, brand: Brand, last4: &str, exp_month: i64, exp_year: i64) {
        self.hand_out_means(Means::Card(Card { brand, last4: last4.to_owned(), exp_month, exp_year, wallet: None }));
    }

    /// The same, whatever its kind.
    pub fn hand_out_means(&self, means: Means) {
        self.state().means = Some(means);
    }

    /// The bank has put a new card in the place of one that is kept.
    pub fn renew(&self, method: KeptMethod) {
        self.state().renewed.insert(method.token.clone(), method);
    }

    /// A customer's bank says so of a charge.
    pub fn dispute_as(&self, reference: &str, dispute: Dispute) {
        self.state().disputes.insert(reference.to_owned(), dispute);
    }

    /// From now on the answer to a charge takes so long.
    pub fn answer_after(&self, takes: Duration) {
        self.state().takes = takes;
    }

    /// How many charges were waited for at once, at most.
    pub fn most_waiting(&self) -> usize {
        self.state().most_waiting
    }

    /// From now on refunds go like that.
    pub fn script_refunds(&self, script: RefundScript) {
        self.state().refund_script = script;
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

    /// Its books say something else of a charge from now on; `None`: nothing any more. A gateway gone wrong.
    pub fn rewrite(&self, key: &str, charge: Option<Charge>) {
        let mut state = self.state();
        match charge {
            Some(charge) => state.charges.insert(key.to_owned(), charge),
            None => state.charges.remove(key),
        };
    }

    /// Somebody gives back at the gateway's own desk, or its books forget a refund of ours.
    pub fn rewrite_refund(&self, key: &str, refund: Option<(String, i64, Refund)>) {
        let mut state = self.state();
        match refund {
            Some(refund) => state.refunds.insert(key.to_owned(), refund),
            None => state.refunds.remove(key),
        };
    }

    /// Key and amount of every charge that took money, in order.
    pub fn taken(&self) -> Vec<(String, i64)> {
        self.state().taken.clone()
    }

    /// The charge's reference and the amount of everything that went back, in order.
    pub fn given_back(&self) -> Vec<(String, i64)> {
        self.state().given_back.clone()
    }

    /// Tokens of the methods that were forgotten, in order.
    pub fn detached(&self) -> Vec<String> {
        self.state().detached.clone()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().expect("no holder of this lock can panic")
    }

    fn decide(&self, request: ChargeRequest) -> Result<Charge, GatewayError> {
        let mut state = self.state();
        if let Some(charge) = state.charges.get(&request.key) {
            return same(charge, &request);
        }
        let script = state.scripts.get(&request.method_token).or_else(|| state.scripts.get(&request.customer_id)).cloned().unwrap_or(Script::Succeeds);
        if script == Script::LosesRequest {
            return Err(GatewayError::NoAnswer("the request was lost".into()));
        }
        let outcome = match &script {
            _ if state.detached.contains(&request.method_token) => Outcome::Declined(DeclineReason::MethodGone),
            Script::Succeeds | Script::LosesAnswer | Script::LosesRequest | Script::TakesOther(_) => Outcome::Succeeded,
            Script::Declines(reason) | Script::LosesDecline(reason) => Outcome::Declined(*reason),
            Script::NeedsAction => match &request.presence {
                Presence::OffSession => Outcome::Declined(DeclineReason::AuthenticationRequired),
                Presence::OnSession { return_url } => Outcome::NeedsAction { url: return_url.clone() },
            },
            Script::Pends => Outcome::Pending,
        };
        let amount_minor = if let Script::TakesOther(amount_minor) = script { amount_minor } else { request.amount_minor };
        if outcome == Outcome::Succeeded {
            state.taken.push((request.key.clone(), amount_minor));
        }
        let charge = Charge { reference: format!("test_ch_{}", request.key), amount_minor, currency: request.currency, outcome };
        state.charges.insert(request.key, charge.clone());
        if matches!(script, Script::LosesAnswer | Script::LosesDecline(_)) {
            return Err(GatewayError::NoAnswer("the answer was lost".into()));
        }
        Ok(charge)
    }

    fn give_back(&self, request: RefundRequest) -> Result<Refund, GatewayError> {
        let mut state = self.state();
        if let Some((_, _, refund)) = state.refunds.get(&request.key).filter(|(_, _, refund)| refund.outcome != RefundOutcome::Pending) {
            return Ok(refund.clone());
        }
        let script = state.refund_script;
        if script == RefundScript::LosesRequest {
            return Err(GatewayError::NoAnswer("the request was lost".into()));
        }
        let of = &request.charge_reference;
        let charged = state.charges.values().find(|c| c.reference == *of && c.outcome == Outcome::Succeeded).map_or(0, |c| c.amount_minor);
        let back: i64 =
            state.refunds.values().filter(|(charge, _, r)| charge == of && r.outcome == RefundOutcome::Succeeded).map(|(_, amount, _)| amount).sum();
        // A bank has it back, or may have it.
        let is_disputed =
            state.disputes.values().any(|dispute| dispute.charge_reference == *of && matches!(dispute.state, DisputeState::Open | DisputeState::Lost));
        let fits = request.amount_minor > 0 && request.amount_minor <= charged - back && !is_disputed;
        let outcome = match script {
            RefundScript::Pends => RefundOutcome::Pending,
            RefundScript::Succeeds | RefundScript::LosesAnswer | RefundScript::LosesRequest if fits => RefundOutcome::Succeeded,
            _ => RefundOutcome::Refused,
        };
        if outcome == RefundOutcome::Succeeded {
            state.given_back.push((request.charge_reference.clone(), request.amount_minor));
        }
        let refund = Refund { reference: format!("test_re_{}", request.key), outcome };
        state.refunds.insert(request.key, (request.charge_reference, request.amount_minor, refund.clone()));
        if script == RefundScript::LosesAnswer {
            return Err(GatewayError::NoAnswer("the answer was lost".into()));
        }
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
        let mut state = self.state();
        let visa = || Means::Card(Card { brand: Brand::Visa, last4: "4242".into(), exp_month: 12, exp_year: 2099, wallet: None });
        let method = KeptMethod { token: format!("test_pm_{}", request.key), means: state.means.clone().unwrap_or_else(visa) };
        // The same key is the same setup, whatever would be typed in by now.
        state.setups.entry(reference.clone()).or_insert(SetupState::Done(method));
        drop(state);
        Box::pin(async move { Ok(Setup { reference, page_url: Some(request.return_url), fields: None }) })
    }

    fn setup<'a>(&'a self, reference: &'a str) -> Answer<'a, SetupState> {
        let state = self.state().setups.get(reference).cloned();
        Box::pin(async move { state.ok_or_else(|| GatewayError::Refused("no such setup".into())) })
    }

    fn charge<'a>(&'a self, request: ChargeRequest) -> Answer<'a, Charge> {
        Box::pin(async move {
            let takes = {
                let mut state = self.state();
                state.waiting += 1;
                state.most_waiting = state.most_waiting.max(state.waiting);
                state.takes
            };
            if takes > Duration::ZERO {
                tokio::time::sleep(takes).await;
            }
            self.state().waiting -= 1;
            self.decide(request)
        })
    }

    fn find_charge<'a>(&'a self, sought: Sought<'a>) -> Answer<'a, Option<Charge>> {
        let charge = self.state().charges.get(sought.key).cloned();
        Box::pin(async move { Ok(charge) })
    }

    fn cancel_charge<'a>(&'a self, sought: Sought<'a>) -> Answer<'a, Option<Charge>> {
        self.confirm(sought.key, Outcome::Declined(DeclineReason::Cancelled));
        self.find_charge(sought)
    }

    fn refund<'a>(&'a self, request: RefundRequest) -> Answer<'a, Refund> {
        let answer = self.give_back(request);
        Box::pin(async move { answer })
    }

    /// It keeps no times: all of them.
    fn charges<'a>(&'a self, _since_ms: i64) -> Answer<'a, Vec<ListedCharge>> {
        let listed = self.state().charges.iter().map(|(key, charge)| ListedCharge { key: key.clone(), charge: charge.clone() }).collect();
        Box::pin(async move { Ok(listed) })
    }

    fn refunds<'a>(&'a self, _since_ms: i64) -> Answer<'a, Vec<ListedRefund>> {
        let state = self.state();
        let currency = |of: &String| state.charges.values().find(|charge| charge.reference == *of).map(|charge| charge.currency.clone()).unwrap_or_default();
        let listed = state.refunds.iter().map(|(key, (of, amount_minor, refund))| ListedRefund {
            // What begins like one of our ids is one.
            key: Some(key.clone()).filter(|key| key.starts_with("ref_")),
            charge_reference: of.clone(),
            amount_minor: *amount_minor,
            currency: currency(of),
            refund: refund.clone(),
        });
        let listed: Vec<ListedRefund> = listed.collect();
        drop(state);
        Box::pin(async move { Ok(listed) })
    }

    fn method<'a>(&'a self, token: &'a str) -> Answer<'a, Option<KeptMethod>> {
        let state = self.state();
        let renewed = state.renewed.get(token).cloned();
        let kept = state.setups.values().find_map(|setup| match setup {
            SetupState::Done(method) if method.token == token => Some(method.clone()),
            _ => None,
        });
        let method = renewed.or(kept).filter(|method| !state.detached.contains(&method.token));
        drop(state);
        Box::pin(async move { Ok(method) })
    }

    fn dispute<'a>(&'a self, reference: &'a str) -> Answer<'a, Option<Dispute>> {
        let dispute = self.state().disputes.get(reference).cloned();
        Box::pin(async move { Ok(dispute) })
    }

    fn disputes<'a>(&'a self, _since_ms: i64) -> Answer<'a, Vec<ListedDispute>> {
        let listed =
            self.state().disputes.iter().map(|(reference, dispute)| ListedDispute { reference: reference.clone(), dispute: dispute.clone() }).collect();
        Box::pin(async move { Ok(listed) })
    }

    fn dispute_url(&self, _reference: &str) -> Option<String> {
        None
    }

    fn detach<'a>(&'a self, token: &'a str) -> Answer<'a, ()> {
        self.state().detached.push(token.to_owned());
        Box::pin(async { Ok(()) })
    }
}
