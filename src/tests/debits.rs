//! Direct debits, dated: announced, on their way for days, paid or come back; and never tried for what they cannot pay.

use billing::debit::CreditorId;
use portico::services::messages;
use portico::services::payments::gateway::{Means, SepaDebit};
use portico::services::payments::scripted::Script;
use portico::services::payments::{
    self, Audience, DebitTerms, DeclineReason, Expiry, Method, MethodKind, NewPayment, Offer, OfferedMethod, Outcome, Payment, Pays, Status, Wanted,
};

use crate::nordlicht::Nordlicht;
use crate::world::{World, instant};

/// April's invoice.
const APRIL: &str = "2026-0002";

/// Offers direct debits to everybody, with so many days' notice.
pub async fn offers_debits(world: &World, notice_days: u32) {
    let mut desk = world.desk().await;
    let offer = Offer { method: OfferedMethod::SepaDebit, is_offered: true, audience: Audience::default() };
    payments::set_offer(&mut desk, &offer).await.unwrap();
    let terms = DebitTerms { creditor_id: CreditorId::parse("DE98ZZZ09999999999"), notice_days };
    payments::set_debit_terms(&mut desk, &terms).await.unwrap();
    desk.commit().await.unwrap();
}

/// A German account at the Commerzbank.
pub fn account() -> Means {
    Means::SepaDebit(SepaDebit { bank: Some("Commerzbank".into()), country: "DE".into(), last4: "3000".into(), mandate: "TEST-4711".into() })
}

impl Nordlicht {
    /// March is paid by card; from then on an account is debited, with so many days' notice.
    async fn debited(notice_days: u32) -> Nordlicht {
        let at = Nordlicht::new().await;
        offers_debits(&at.world, notice_days).await;
        at.bank.hand_out_means(account());
        let visa = at.methods().await.remove(0);
        let wanted = Wanted { kind: MethodKind::SepaDebit, replaces: Some(&visa.id), ..Wanted::CARD };
        let setup = payments::start_setup(&at.errand(), &at.id, wanted).await.unwrap();
        payments::finish_setup(&at.errand(), &at.id, &setup.setup_id).await.unwrap();
        at.bank.script(&at.id, Script::Pends);
        at
    }

    async fn only_method(&self) -> Method {
        let methods = self.methods().await;
        assert_eq!(methods.len(), 1);
        methods.into_iter().next().unwrap()
    }

    async fn last_payment(&self) -> Payment {
        self.payments(APRIL).await.remove(0)
    }
}

#[tokio::test]
async fn a_debit_is_on_file_with_its_bank_and_its_mandate_and_does_not_expire() {
    let at = Nordlicht::debited(1).await;
    let method = at.only_method().await;
    assert_eq!((method.means.kind(), method.expiry("2099-01-01".parse().unwrap()), method.is_default()), (MethodKind::SepaDebit, Expiry::Good, true));
    at.sign_in().await;
    let list = at.browser().get("/payment-methods").await;
    for told in ["Commerzbank account ending 3000", "No expiry", "Mandate TEST-4711"] {
        assert!(list.text.contains(told), "{told}: {}", list.text);
    }
}

#[tokio::test]
async fn a_debit_is_announced_sent_on_its_day_on_its_way_for_days_and_paid() {
    let at = Nordlicht::debited(14).await;
    at.go_to("2026-04-01T02:00:00+02:00").await;
    // Announced, and neither sent nor due to be dunned.
    let announced = at.last_payment().await;
    assert_eq!((&announced.status, announced.wait_until), (&Status::Created, Some(instant("2026-04-15T01:00:00+02:00").timestamp_millis())));
    at.deliver().await;
    let told = messages::history(&mut at.desk().await, &at.id, &at.mira.identity_id, "", 10).await.unwrap();
    let letter = told.iter().find(|message| message.kind == "debit_announced").expect("the payer is told");
    assert_eq!(letter.subject, "€47.00 for Kestrel will be debited on 15 April 2026");
    for said in ["Commerzbank account ending 3000", "mandate TEST-4711", "creditor identifier DE98ZZZ09999999999", APRIL] {
        assert!(letter.body.contains(said), "{said}: {}", letter.body);
    }
    at.sign_in().await;
    let page = at.browser().get(&format!("/invoices/{APRIL}")).await;
    assert!(page.text.contains("<b>€47.00</b> is debited on 15 April."), "{}", page.text);
    // Nothing happens before; however often it is looked at.
    at.go_to("2026-04-14T12:00:00+02:00").await;
    at.recover().await;
    assert_eq!((at.last_payment().await.status, at.taken().len()), (Status::Created, 1));
    // Over the weekend: five bank days end on Wednesday the 22nd.
    at.go_to("2026-04-15T02:00:00+02:00").await;
    let sent = at.last_payment().await;
    assert_eq!((&sent.status, sent.wait_until), (&Status::Processing, Some(instant("2026-04-22T12:00:00+02:00").timestamp_millis())));
    at.sign_in().await;
    let page = at.browser().get(&format!("/invoices/{APRIL}")).await;
    assert!(page.text.contains("<b>€47.00 is on its way</b> from your bank, expected by 22 April."), "{}", page.text);
    assert!(!page.text.contains("/pay\""), "nothing else is to be paid meanwhile: {}", page.text);
    let list = at.browser().get("/invoices").await;
    assert!(list.text.contains("<b>€47.00 is on its way</b> from your bank.") && !list.text.contains("Overdue</span>"), "{}", list.text);
    assert!(!list.text.contains("/pay\""), "{}", list.text);
    at.bank.confirm(&sent.id, Outcome::Succeeded);
    at.go_to("2026-04-22T13:00:00+02:00").await;
    let paid = at.last_payment().await;
    assert_eq!((&paid.status, paid.paid_at, at.due(APRIL).await), (&Status::Succeeded, Some(instant("2026-04-22T12:00:00+02:00").timestamp_millis()), 0));
    assert_eq!((at.payments(APRIL).await.len(), at.taken()), (1, vec![4700, 4700]));
    assert!(at.is_entitled().await, "days on the way cost nobody access");
    at.agrees().await;
}

#[tokio::test]
async fn a_debit_that_comes_back_is_a_decline_of_its_reason() {
    let at = Nordlicht::debited(0).await;
    at.go_to("2026-04-01T02:00:00+02:00").await;
    let sent = at.last_payment().await;
    assert_eq!(sent.status, Status::Processing, "without notice it is sent at once");
    // Easter: Good Friday and Monday are no bank days.
    assert_eq!(sent.wait_until, Some(instant("2026-04-10T12:00:00+02:00").timestamp_millis()));
    at.bank.confirm(&sent.id, Outcome::Declined(DeclineReason::InsufficientFunds));
    at.go_to("2026-04-10T13:00:00+02:00").await;
    let back = at.last_payment().await;
    assert_eq!((back.status, at.due(APRIL).await), (Status::Declined(DeclineReason::InsufficientFunds), 4700));
    let case = at.case(APRIL).await;
    assert_eq!((case.opened_at, case.said[&back.method_id].reason), (instant("2026-04-10T12:00:00+02:00"), DeclineReason::InsufficientFunds));
    at.deliver().await;
    let told = messages::history(&mut at.desk().await, &at.id, &at.mira.identity_id, "", 10).await.unwrap();
    assert!(told.iter().any(|message| message.kind == "payment_failed" && message.body.contains("There was not enough money on it.")), "{told:#?}");
    at.agrees().await;
}

#[tokio::test]
async fn who_orders_a_debit_themselves_is_told_on_the_page_and_it_is_sent_at_once() {
    let at = Nordlicht::new().await;
    at.bank.script(&at.id, Script::Declines(DeclineReason::LostCard));
    at.go_to("2026-04-01T02:00:00+02:00").await;
    offers_debits(&at.world, 14).await;
    at.sign_in().await;
    at.bank.hand_out_means(account());
    at.bank.script(&at.id, Script::Pends);
    // Two kinds are on offer: which is asked first.
    let asked = at.browser().post("/payment-methods", &[]).await;
    assert!(asked.status == 200 && asked.text.contains("SEPA Direct Debit") && asked.text.contains("How would you like to pay?"), "{}", asked.text);
    let started = at.browser().post("/payment-methods", &[("kind", "sepa_debit")]).await;
    assert_eq!(started.status, 303, "{}", started.text);
    let back = started.location().strip_prefix(crate::world::PUBLIC_URL).unwrap();
    let payment_path = at.browser().get(back).await.location().to_owned();
    let page = at.browser().get(&payment_path).await;
    assert!(page.text.contains("<b>€47.00 is on its way</b> from your bank, expected by 10 April."), "{}", page.text);
}

/// A payment that somebody wants to make, by what is charged first.
fn wanted(at: &Nordlicht, pays: Pays, currency: &str) -> NewPayment {
    let who = payments::Customer::Present;
    NewPayment { customer_id: at.id.clone(), pays, method_id: None, who, round: None, amount_minor: 100, currency: currency.into() }
}

#[tokio::test]
async fn an_account_is_never_tried_for_another_currency() {
    let at = Nordlicht::debited(0).await;
    let method = at.only_method().await;
    let mut desk = at.desk().await;
    let chargeable = payments::chargeable(&mut desk, std::slice::from_ref(&at.id)).await.unwrap();
    assert!(chargeable.can_pay(&at.id, "EUR") && !chargeable.can_pay(&at.id, "USD") && !chargeable.can_pay("cus_other", "EUR"));
    let dollars = wanted(&at, Pays::Purchase("pur_1".into()), "USD");
    let nothing = payments::open(&mut desk, &dollars).await.unwrap_err();
    assert!(nothing.to_string().starts_with("Nothing on file can be charged in USD."), "{nothing}");
    let named = payments::open(&mut desk, &NewPayment { method_id: Some(method.id), ..dollars }).await.unwrap_err();
    assert!(named.to_string().starts_with("This can’t be charged in USD: a direct debit is in euros."), "{named}");
}

#[tokio::test]
async fn a_change_that_waits_for_its_payment_is_not_paid_by_what_takes_days() {
    let at = Nordlicht::debited(0).await;
    let refused = payments::open(&mut at.desk().await, &wanted(&at, Pays::Quote("quo_1".into()), "EUR")).await.unwrap_err();
    assert!(refused.to_string().starts_with("A change is paid at once, and a direct debit takes days."), "{refused}");
}
