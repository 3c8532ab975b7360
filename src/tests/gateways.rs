//! The contract of the gateway seam: every gateway keeps it, so these run against each. A new gateway joins by being one more [`Bench`].
//! Stripe is met as its stand-in; what that leaves out is said in `end2end/stripe.py`, and what no stand-in covers in the README.

use std::collections::BTreeSet;
use std::sync::Arc;

use portico::services::payments::gateway::*;
use portico::services::payments::sandbox::{BankAnswer, Decision, Sandbox, SandboxPlace, Typed, cards, debits};
use portico::services::payments::scripted::{Script, Scripted};

use crate::disputes;
use crate::stripe::{StandIn, connect};
use crate::world::World;

/// How the method of a case is to behave.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Behaves {
    Succeeds,
    Declines(DeclineReason),
    NeedsAction,
    /// Every charge succeeds, and its customer has the bank take it back.
    IsDisputed,
}

/// A gateway with the means to play customer and bank on it.
enum Bench {
    Scripted(Arc<Scripted>),
    Sandbox(Arc<Sandbox>),
    Stripe(Arc<dyn Gateway>, &'static StandIn),
}

impl Bench {
    async fn each(world: &World) -> [Bench; 3] {
        let place =
            SandboxPlace { db: world.app.db.clone(), ids: world.app.ids.clone(), clock: world.app.clock.clone(), origin: "http://127.0.0.1:3001".into() };
        let stand_in = connect(world, CardEntry::Fields).await;
        let stripe = world.app.gateway(&world.vendor).await.unwrap();
        [Bench::Scripted(Arc::new(Scripted::new())), Bench::Sandbox(Arc::new(place.gateway(&world.vendor).unwrap())), Bench::Stripe(stripe, stand_in)]
    }

    fn gateway(&self) -> Arc<dyn Gateway> {
        match self {
            Bench::Scripted(gateway) => gateway.clone(),
            Bench::Sandbox(gateway) => gateway.clone(),
            Bench::Stripe(gateway, _) => gateway.clone(),
        }
    }

    /// A kept method of the customer's that behaves like that.
    async fn method(&self, world: &World, customer: &str, behaves: Behaves) -> String {
        let gateway = self.gateway();
        let setup = gateway.start_setup(setup(world, &format!("set_{customer}"), customer)).await.unwrap();
        match self {
            Bench::Scripted(scripted) => scripted.script(
                customer,
                match behaves {
                    Behaves::Succeeds | Behaves::IsDisputed => Script::Succeeds,
                    Behaves::Declines(reason) => Script::Declines(reason),
                    Behaves::NeedsAction => Script::NeedsAction,
                },
            ),
            Bench::Sandbox(sandbox) => {
                let kind = match behaves {
                    Behaves::Succeeds => "visa",
                    Behaves::NeedsAction => "confirm_always",
                    Behaves::IsDisputed => "charge_disputed",
                    Behaves::Declines(DeclineReason::InsufficientFunds) => "charge_insufficient_funds",
                    Behaves::Declines(DeclineReason::ExpiredCard) => "charge_expired",
                    Behaves::Declines(DeclineReason::LostCard) => "charge_lost",
                    Behaves::Declines(DeclineReason::ProcessingError) => "charge_processing_error",
                    Behaves::Declines(_) => "charge_generic",
                };
                let typed = Typed { card: cards::by_kind(kind).unwrap(), exp_month: 12, exp_year: 2030, wallet: None };
                sandbox.enter_card(&setup.reference, typed).await.unwrap();
                sandbox.answer_setup(&setup.reference, BankAnswer::Confirmed).await.unwrap();
            }
            Bench::Stripe(_, stand_in) => {
                let number = if behaves == Behaves::NeedsAction { "4000002500003155" } else { "4242424242424242" };
                stand_in.type_in(&setup.reference, number).await;
            }
        }
        let token = match gateway.setup(&setup.reference).await.unwrap() {
            SetupState::Done(method) => method.token,
            other => panic!("the card was not kept: {other:?}"),
        };
        if let (Bench::Stripe(_, stand_in), Behaves::Declines(reason)) = (self, behaves) {
            stand_in.decline(&token, reason.name()).await;
        }
        token
    }

    /// The customer has the bank take a charge back; the gateway's id of the dispute.
    async fn dispute(&self, charge: &Charge) -> String {
        let reference = format!("dp_{}", charge.reference);
        match self {
            Bench::Scripted(scripted) => scripted.dispute_as(&reference, disputed(charge, "needs_response", DisputeState::Open)),
            // Its card does.
            Bench::Sandbox(sandbox) => {
                let listed = sandbox.disputes(0).await.unwrap();
                return listed.into_iter().find(|listed| listed.dispute.charge_reference == charge.reference).unwrap().reference;
            }
            Bench::Stripe(_, stand_in) => tell_dispute(stand_in, &reference, charge, "needs_response").await,
        }
        reference
    }

    /// The bank decides.
    async fn decide_dispute(&self, reference: &str, charge: &Charge, decision: Decision) {
        let (standing, state) = match decision {
            Decision::Won => ("won", DisputeState::Won),
            Decision::Lost => ("lost", DisputeState::Lost),
        };
        match self {
            Bench::Scripted(scripted) => scripted.dispute_as(reference, disputed(charge, standing, state)),
            Bench::Sandbox(sandbox) => drop(sandbox.decide_dispute(reference, decision, 0).await.unwrap().unwrap()),
            Bench::Stripe(_, stand_in) => tell_dispute(stand_in, reference, charge, standing).await,
        }
    }

    /// A kept account of the customer's, with that IBAN.
    async fn account(&self, world: &World, customer: &str, iban: &str) -> KeptMethod {
        let gateway = self.gateway();
        if let Bench::Scripted(scripted) = self {
            let (country, last4) = (iban[..2].to_owned(), iban[iban.len() - 4..].to_owned());
            scripted.hand_out_means(Means::SepaDebit(SepaDebit { bank: None, country, last4, mandate: "TEST-1".into() }));
            scripted.script(customer, Script::Pends);
        }
        let request = SetupRequest { kind: MethodKind::SepaDebit, ..setup(world, &format!("set_{customer}_{iban}"), customer) };
        let setup = gateway.start_setup(request).await.unwrap();
        assert!(setup.page_url.is_some(), "where the mandate is agreed to is a page");
        match self {
            Bench::Scripted(_) => {}
            Bench::Sandbox(sandbox) => drop(sandbox.enter_account(&setup.reference, debits::by_iban(iban).unwrap().unwrap()).await.unwrap()),
            Bench::Stripe(_, stand_in) => stand_in.type_in(&setup.reference, iban).await,
        }
        match gateway.setup(&setup.reference).await.unwrap() {
            SetupState::Done(method) => method,
            other => panic!("the account was not kept: {other:?}"),
        }
    }

    /// Bank days go by, and the bank decides a debit.
    async fn decide(&self, world: &World, key: &str, outcome: Outcome) {
        match self {
            Bench::Scripted(scripted) => scripted.confirm(key, outcome),
            Bench::Sandbox(_) => world.app.clock.set(world.now() + chrono::Duration::days(9)),
            Bench::Stripe(..) => tokio::time::sleep(std::time::Duration::from_millis(1_500)).await,
        }
    }

    /// The customer answers the bank about a charge.
    async fn answer(&self, sought: Sought<'_>, answer: BankAnswer) {
        match self {
            Bench::Scripted(scripted) => scripted.confirm(
                sought.key,
                match answer {
                    BankAnswer::Confirmed => Outcome::Succeeded,
                    BankAnswer::Failed => Outcome::Declined(DeclineReason::AuthenticationFailed),
                },
            ),
            Bench::Sandbox(sandbox) => {
                let charge = sandbox.find_charge(sought).await.unwrap().unwrap();
                sandbox.answer_charge(&charge.reference, answer).await.unwrap();
            }
            Bench::Stripe(stripe, stand_in) => {
                let charge = stripe.find_charge(sought).await.unwrap().unwrap();
                stand_in.answer(&charge.reference, if answer == BankAnswer::Confirmed { "confirm" } else { "refuse" }).await;
            }
        }
    }
}

fn disputed(charge: &Charge, standing: &str, state: DisputeState) -> Dispute {
    disputes::disputed(&charge.reference, charge.amount_minor, standing, state)
}

async fn tell_dispute(stand_in: &StandIn, reference: &str, charge: &Charge, status: &str) {
    let (amount, currency) = (charge.amount_minor.to_string(), charge.currency.to_lowercase());
    let form = [("payment_intent", charge.reference.as_str()), ("amount", &amount), ("currency", &currency), ("reason", "fraudulent"), ("status", status)];
    stand_in.tell(&format!("disputes/{reference}"), &form).await;
}

/// A charge asked after without an answer ever having come.
fn sought<'a>(world: &World, key: &'a str, customer_id: &'a str) -> Sought<'a> {
    Sought { key, customer_id, reference: None, since_ms: world.now().timestamp_millis() }
}

fn setup(world: &World, key: &str, customer: &str) -> SetupRequest {
    SetupRequest {
        kind: MethodKind::Card,
        wallets: Vec::new(),
        key: key.into(),
        customer_id: customer.into(),
        customer_name: "Nordlicht".into(),
        entry: CardEntry::Page,
        vendor_name: "Kestrel".into(),
        return_url: "http://localhost:3000/payment-methods/return?setup=x".into(),
        now: world.app.now(&world.vendor),
    }
}

fn charge(world: &World, key: &str, customer: &str, token: &str, presence: Presence) -> ChargeRequest {
    ChargeRequest {
        key: key.into(),
        customer_id: customer.into(),
        method_token: token.into(),
        kind: MethodKind::Card,
        amount_minor: 16_224,
        currency: "EUR".into(),
        presence,
        description: "2026-0001".into(),
        since_ms: world.now().timestamp_millis(),
        now: world.app.now(&world.vendor),
    }
}

fn there() -> Presence {
    Presence::OnSession { return_url: "http://localhost:3000/payments/pay_x".into() }
}

#[tokio::test]
async fn the_same_key_charges_once_and_answers_the_same() {
    let world = World::new().await;
    let ada = &world.customer("Ada").await;
    for bench in Bench::each(&world).await {
        let gateway = bench.gateway();
        let token = bench.method(&world, ada, Behaves::Succeeds).await;
        let first = gateway.charge(charge(&world, "pay_1", ada, &token, Presence::OffSession)).await.unwrap();
        assert_eq!(first.outcome, Outcome::Succeeded);
        assert_eq!((first.amount_minor, first.currency.as_str()), (16_224, "EUR"));
        for _ in 0..3 {
            assert_eq!(gateway.charge(charge(&world, "pay_1", ada, &token, Presence::OffSession)).await.unwrap(), first);
        }
        let other = gateway.charge(charge(&world, "pay_2", ada, &token, Presence::OffSession)).await.unwrap();
        assert_ne!(other.reference, first.reference, "another key is another charge");
        assert!(first.reference.starts_with("test_") || matches!(bench, Bench::Stripe(..)), "what moves no money says so: {}", first.reference);
    }
}

#[tokio::test]
async fn an_account_is_kept_by_its_mandate_and_a_debit_is_on_its_way_before_it_is_decided() {
    let world = World::new().await;
    let ada = &world.customer("Ada").await;
    for bench in Bench::each(&world).await {
        let gateway = bench.gateway();
        for (number, (iban, paid)) in [("DE89370400440532013000", true), ("DE62370400440532013001", false)].into_iter().enumerate() {
            let kept = bench.account(&world, ada, iban).await;
            let Means::SepaDebit(debit) = &kept.means else { panic!("{kept:?}") };
            assert_eq!((debit.country.as_str(), debit.last4.as_str(), debit.mandate.is_empty()), ("DE", &iban[18..], false));
            assert_eq!(gateway.method(&kept.token).await.unwrap().as_ref(), Some(&kept), "asked for again it is the same, by the same mandate");
            let key = &format!("pay_{number}");
            let request = ChargeRequest { kind: MethodKind::SepaDebit, ..charge(&world, key, ada, &kept.token, there()) };
            assert_eq!(gateway.charge(request.clone()).await.unwrap().outcome, Outcome::Pending, "no bank asks its customer of a debit");
            assert_eq!(gateway.charge(request).await.unwrap().outcome, Outcome::Pending);
            let sought = sought(&world, key, ada);
            assert_eq!(gateway.find_charge(sought).await.unwrap().unwrap().outcome, Outcome::Pending);
            bench.decide(&world, key, if paid { Outcome::Succeeded } else { Outcome::Declined(DeclineReason::ClosedAccount) }).await;
            let decided = gateway.find_charge(sought).await.unwrap().unwrap();
            assert_eq!((decided.outcome == Outcome::Succeeded, decided.amount_minor), (paid, 16_224), "{decided:?}");
            assert!(paid || matches!(decided.outcome, Outcome::Declined(_)), "{decided:?}");
        }
    }
}

#[tokio::test]
async fn fifty_requests_at_once_under_one_key_are_one_charge() {
    let world = World::new().await;
    let ada = &world.customer("Ada").await;
    for bench in Bench::each(&world).await {
        let token = bench.method(&world, ada, Behaves::Succeeds).await;
        let tasks: Vec<_> = (0..50)
            .map(|_| {
                let (gateway, request) = (bench.gateway(), charge(&world, "pay_1", ada, &token, Presence::OffSession));
                tokio::spawn(async move { gateway.charge(request).await.unwrap().reference })
            })
            .collect();
        let mut references = BTreeSet::new();
        for task in tasks {
            references.insert(task.await.unwrap());
        }
        assert_eq!(references.len(), 1);
    }
}

#[tokio::test]
async fn a_key_used_for_another_amount_is_refused() {
    let world = World::new().await;
    let ada = &world.customer("Ada").await;
    for bench in Bench::each(&world).await {
        let gateway = bench.gateway();
        let token = bench.method(&world, ada, Behaves::Succeeds).await;
        gateway.charge(charge(&world, "pay_1", ada, &token, Presence::OffSession)).await.unwrap();
        let other = ChargeRequest { amount_minor: 1, ..charge(&world, "pay_1", ada, &token, Presence::OffSession) };
        assert!(matches!(gateway.charge(other).await, Err(GatewayError::Refused(_))));
    }
}

#[tokio::test]
async fn each_decline_says_its_reason_and_stays_declined() {
    let world = World::new().await;
    for bench in Bench::each(&world).await {
        let gateway = bench.gateway();
        let reasons =
            [DeclineReason::Generic, DeclineReason::InsufficientFunds, DeclineReason::LostCard, DeclineReason::ExpiredCard, DeclineReason::ProcessingError];
        for reason in reasons {
            let (customer, key) = (world.customer(reason.name()).await, format!("pay_{}", reason.name()));
            let token = bench.method(&world, &customer, Behaves::Declines(reason)).await;
            for presence in [Presence::OffSession, there()] {
                let declined = gateway.charge(charge(&world, &key, &customer, &token, presence)).await.unwrap();
                assert_eq!(declined.outcome, Outcome::Declined(reason));
            }
            assert_eq!(gateway.find_charge(sought(&world, &key, &customer)).await.unwrap().unwrap().outcome, Outcome::Declined(reason));
        }
    }
}

#[tokio::test]
async fn a_charge_never_sent_is_not_found() {
    let world = World::new().await;
    let ada = &world.customer("Ada").await;
    for bench in Bench::each(&world).await {
        assert_eq!(bench.gateway().find_charge(sought(&world, "pay_never", ada)).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_bank_that_asks_declines_when_nobody_is_there_and_waits_when_somebody_is() {
    let world = World::new().await;
    let ada = &world.customer("Ada").await;
    for bench in Bench::each(&world).await {
        let gateway = bench.gateway();
        let token = bench.method(&world, ada, Behaves::NeedsAction).await;
        let alone = gateway.charge(charge(&world, "pay_alone", ada, &token, Presence::OffSession)).await.unwrap();
        assert_eq!(alone.outcome, Outcome::Declined(DeclineReason::AuthenticationRequired));
        for (key, answer, outcome) in
            [("pay_yes", BankAnswer::Confirmed, Outcome::Succeeded), ("pay_no", BankAnswer::Failed, Outcome::Declined(DeclineReason::AuthenticationFailed))]
        {
            let waiting = gateway.charge(charge(&world, key, ada, &token, there())).await.unwrap();
            assert!(matches!(waiting.outcome, Outcome::NeedsAction { .. }), "{:?}", waiting.outcome);
            bench.answer(sought(&world, key, ada), answer).await;
            assert_eq!(
                gateway.find_charge(Sought { reference: Some(&waiting.reference), ..sought(&world, key, ada) }).await.unwrap().unwrap().outcome,
                outcome
            );
            // A second answer changes nothing.
            bench.answer(sought(&world, key, ada), BankAnswer::Confirmed).await;
            assert_eq!(gateway.find_charge(sought(&world, key, ada)).await.unwrap().unwrap().outcome, outcome);
        }
    }
}

#[tokio::test]
async fn a_charge_given_up_can_no_longer_succeed_and_one_that_succeeded_can_no_longer_be_given_up() {
    let world = World::new().await;
    let ada = &world.customer("Ada").await;
    for bench in Bench::each(&world).await {
        let gateway = bench.gateway();
        let token = bench.method(&world, ada, Behaves::NeedsAction).await;
        gateway.charge(charge(&world, "pay_1", ada, &token, there())).await.unwrap();
        let cancelled = Outcome::Declined(DeclineReason::Cancelled);
        assert_eq!(gateway.cancel_charge(sought(&world, "pay_1", ada)).await.unwrap().unwrap().outcome, cancelled);
        bench.answer(sought(&world, "pay_1", ada), BankAnswer::Confirmed).await;
        assert_eq!(gateway.find_charge(sought(&world, "pay_1", ada)).await.unwrap().unwrap().outcome, cancelled);
        gateway.charge(charge(&world, "pay_2", ada, &token, there())).await.unwrap();
        bench.answer(sought(&world, "pay_2", ada), BankAnswer::Confirmed).await;
        assert_eq!(gateway.cancel_charge(sought(&world, "pay_2", ada)).await.unwrap().unwrap().outcome, Outcome::Succeeded);
    }
}

#[tokio::test]
async fn refunds_never_exceed_the_charge_and_the_same_key_refunds_once() {
    let world = World::new().await;
    let ada = &world.customer("Ada").await;
    for bench in Bench::each(&world).await {
        let gateway = bench.gateway();
        let token = bench.method(&world, ada, Behaves::Succeeds).await;
        let charged = gateway.charge(charge(&world, "pay_1", ada, &token, Presence::OffSession)).await.unwrap();
        let refund = |key: &str, amount_minor: i64| RefundRequest {
            key: key.into(),
            charge_reference: charged.reference.clone(),
            amount_minor,
            currency: "EUR".into(),
            now: world.app.now(&world.vendor),
        };
        let first = gateway.refund(refund("ref_1", 16_000)).await.unwrap();
        assert_eq!(first.outcome, RefundOutcome::Succeeded);
        assert_eq!(gateway.refund(refund("ref_1", 16_000)).await.unwrap(), first);
        assert_eq!(gateway.refund(refund("ref_2", 225)).await.unwrap().outcome, RefundOutcome::Refused);
        assert_eq!(gateway.refund(refund("ref_3", 224)).await.unwrap().outcome, RefundOutcome::Succeeded);
        assert_eq!(gateway.refund(refund("ref_4", 1)).await.unwrap().outcome, RefundOutcome::Refused);
    }
}

#[tokio::test]
async fn a_gateway_lists_what_it_took_and_gave_back() {
    let world = World::new().await;
    let (ada, bob) = (&world.customer("Ada").await, &world.customer("Bob").await);
    for bench in Bench::each(&world).await {
        let gateway = bench.gateway();
        let good = bench.method(&world, ada, Behaves::Succeeds).await;
        let charged = gateway.charge(charge(&world, "pay_1", ada, &good, Presence::OffSession)).await.unwrap();
        let bad = bench.method(&world, bob, Behaves::Declines(DeclineReason::InsufficientFunds)).await;
        gateway.charge(charge(&world, "pay_2", bob, &bad, Presence::OffSession)).await.unwrap();
        let mut listed = gateway.charges(0).await.unwrap();
        listed.sort_by(|one, other| one.key.cmp(&other.key));
        let [first, second] = listed.as_slice() else { panic!("{listed:?}") };
        assert_eq!((first.key.as_str(), &first.charge), ("pay_1", &charged));
        assert_eq!((second.key.as_str(), &second.charge.outcome), ("pay_2", &Outcome::Declined(DeclineReason::InsufficientFunds)));
        assert_eq!(gateway.refunds(0).await.unwrap(), []);
        let back = RefundRequest {
            key: "ref_1".into(),
            charge_reference: charged.reference.clone(),
            amount_minor: 224,
            currency: "EUR".into(),
            now: world.app.now(&world.vendor),
        };
        let refund = gateway.refund(back).await.unwrap();
        let listed = gateway.refunds(0).await.unwrap();
        let expected = ListedRefund { key: Some("ref_1".into()), charge_reference: charged.reference, amount_minor: 224, currency: "EUR".into(), refund };
        assert_eq!(listed, [expected]);
    }
}

#[tokio::test]
async fn a_disputed_charge_gives_nothing_back_unless_the_bank_decides_for_the_vendor() {
    for (decision, state, back) in [(Decision::Won, DisputeState::Won, RefundOutcome::Succeeded), (Decision::Lost, DisputeState::Lost, RefundOutcome::Refused)]
    {
        let world = World::new().await;
        let ada = &world.customer("Ada").await;
        for bench in Bench::each(&world).await {
            let gateway = bench.gateway();
            assert_eq!(gateway.disputes(0).await.unwrap(), []);
            let token = bench.method(&world, ada, Behaves::IsDisputed).await;
            let charged = gateway.charge(charge(&world, "pay_1", ada, &token, Presence::OffSession)).await.unwrap();
            assert_eq!(charged.outcome, Outcome::Succeeded);
            let reference = bench.dispute(&charged).await;
            let open = gateway.dispute(&reference).await.unwrap().unwrap();
            assert_eq!(open, disputed(&charged, "needs_response", DisputeState::Open));
            assert_eq!(gateway.disputes(0).await.unwrap(), [ListedDispute { reference: reference.clone(), dispute: open }]);
            let refund = async |key: &str| {
                let (key, charge_reference, now) = (key.to_owned(), charged.reference.clone(), world.app.now(&world.vendor));
                gateway.refund(RefundRequest { key, charge_reference, amount_minor: 100, currency: "EUR".into(), now }).await.unwrap().outcome
            };
            assert_eq!(refund("ref_1").await, RefundOutcome::Refused);
            bench.decide_dispute(&reference, &charged, decision).await;
            let decided = gateway.dispute(&reference).await.unwrap().unwrap();
            assert_eq!((decided.state, refund("ref_2").await), (state, back.clone()));
            assert_eq!(gateway.dispute("dp_never").await.unwrap(), None);
        }
    }
}

#[tokio::test]
async fn a_forgotten_method_declines_and_may_be_forgotten_twice() {
    let world = World::new().await;
    let ada = &world.customer("Ada").await;
    for bench in Bench::each(&world).await {
        let gateway = bench.gateway();
        let token = bench.method(&world, ada, Behaves::Succeeds).await;
        gateway.detach(&token).await.unwrap();
        gateway.detach(&token).await.unwrap();
        let gone = gateway.charge(charge(&world, "pay_1", ada, &token, Presence::OffSession)).await.unwrap();
        assert_eq!(gone.outcome, Outcome::Declined(DeclineReason::MethodGone));
        assert_eq!(gateway.method(&token).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_setup_is_the_same_one_however_often_it_is_started() {
    let world = World::new().await;
    let ada = &world.customer("Ada").await;
    for bench in Bench::each(&world).await {
        let gateway = bench.gateway();
        let first = gateway.start_setup(setup(&world, "set_1", ada)).await.unwrap();
        assert_eq!(gateway.start_setup(setup(&world, "set_1", ada)).await.unwrap(), first);
        assert!(matches!(gateway.setup("test_seti_unknown").await, Err(GatewayError::Refused(_))));
    }
}

#[tokio::test]
async fn a_vendor_that_is_no_sandbox_never_meets_the_sandbox() {
    let world = World::new().await;
    let mut live = (*world.vendor).clone();
    live.is_test = false;
    let refused = world.app.gateway(&live).await.map(|_| ()).unwrap_err();
    assert!(refused.to_string().contains("No payment provider is connected yet"), "{refused}");
}
