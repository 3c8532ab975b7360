//! Buying something once: what is paid is what was shown, and what it gives is given once, whatever the bank does.

mod automatic;
mod refunds;

use billing::ledger::Account;
use billing::money::Currency;
use billing::tax::TaxRate;
use chrono::Duration;
use portico::services::catalog::{self, NewProduct, ProductKind, ProductPrice};
use portico::services::payments::scripted::Script;
use portico::services::payments::{self, DeclineReason, Outcome};
use portico::services::{balance, check, invoices, ledger};
use rust_decimal::Decimal;

use crate::nordlicht::{Nordlicht, add_card};
use crate::world::World;

/// From €10.00 to €500.00 may be paid in; a pack of €50.00 gives €60.00 for 90 days; a workshop costs €100.00.
pub async fn sells(world: &World) {
    let mut desk = world.desk().await;
    catalog::set_top_up_limit(&mut desk, Currency::from_code("EUR").unwrap(), Some((1_000, 50_000))).await.unwrap();
    let price = |amount_minor, credit_minor| vec![ProductPrice { currency: "EUR".into(), amount_minor, credit_minor }];
    let pack = NewProduct {
        key: "sixty".into(),
        name: "Sixty for fifty".into(),
        description: "A sixth of it is ours.".into(),
        kind: ProductKind::CreditPack,
        credit_lasts_days: Some(90),
        prices: price(5_000, Some(6_000)),
    };
    catalog::create_product(&mut desk, &pack).await.unwrap();
    let workshop = NewProduct {
        key: "workshop".into(),
        name: "Workshop".into(),
        description: String::new(),
        kind: ProductKind::Service,
        credit_lasts_days: None,
        prices: price(10_000, None),
    };
    catalog::create_product(&mut desk, &workshop).await.unwrap();
    desk.commit().await.unwrap();
}

/// 19 % on everything in Germany.
async fn tax(world: &World) {
    let (key, name, country) = ("de19".into(), "VAT".into(), "DE".into());
    let rate = TaxRate { key, name, country, region: None, percent: Decimal::from(19), from: None, to: None, products: None };
    let mut desk = world.desk().await;
    catalog::create_tax_rate(&mut desk, &rate).await.unwrap();
    desk.commit().await.unwrap();
}

/// What a page that shows a price would post.
struct Form {
    path: &'static str,
    fields: Vec<(&'static str, String)>,
}

impl Form {
    fn with(mut self, name: &'static str, value: &str) -> Form {
        self.fields.retain(|(field, _)| *field != name);
        self.fields.push((name, value.to_owned()));
        self
    }
}

impl Nordlicht {
    async fn selling() -> Nordlicht {
        let at = Nordlicht::new().await;
        sells(&at.world).await;
        at
    }

    /// The form of a page, as a browser would send it.
    async fn form(&self, page: &str, path: &'static str) -> Form {
        let page = self.browser().get(page).await;
        assert_eq!(page.status, 200, "{}", page.text);
        let fields = ["purchase", "product", "due_minor", "method"].into_iter().filter_map(|name| page.field(name).map(|value| (name, value)));
        Form { path, fields: fields.collect() }
    }

    async fn top_up_form(&self, amount: &str) -> Form {
        self.form(&format!("/balance/top-up?amount={amount}"), "/balance/top-up").await
    }

    async fn buy_form(&self, product: &str) -> Form {
        self.form(&format!("/buy/confirm?product={product}"), "/buy/confirm").await
    }

    async fn send(&self, form: &Form) -> crate::world::Answer {
        let fields: Vec<(&str, &str)> = form.fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.browser().post(form.path, &fields).await
    }

    /// The bank has decided what it had pending: it takes the money.
    async fn bank_decides(&self) {
        for payment in payments::of_customer(&mut self.desk().await, &self.id, "", 10).await.unwrap() {
            if payment.status.is_under_way() {
                self.bank.confirm(&payment.id, Outcome::Succeeded);
            }
        }
    }

    /// What is in the balance; the ledger says the same, and everything agrees.
    async fn balance_minor(&self) -> i64 {
        assert_eq!(check::check(&self.world.app).await.unwrap().broken, None);
        let mut desk = self.desk().await;
        let sums = ledger::sums(&mut desk).await.unwrap();
        let balance = balance::total(&mut desk, &self.id, "EUR").await.unwrap();
        assert_eq!(sums["EUR"][&Account::CustomerBalance], -balance);
        balance
    }
}

#[tokio::test]
async fn a_top_up_is_shown_to_the_cent_paid_once_and_there() {
    let at = Nordlicht::selling().await;
    let form = at.top_up_form("25").await;
    let page = at.browser().get("/balance/top-up?amount=25").await;
    assert!(page.text.contains("Pay <b>€25.00</b> into your balance.") && page.text.contains("Pay €25.00<!></button>"), "{}", page.text);
    let answer = at.send(&form).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    let paid = answer.location().to_owned();
    assert_eq!((at.balance_minor().await, at.taken()), (2500, vec![4700, 2500]));
    // Pressed again, and again from another tab: it is the same payment.
    assert_eq!(at.send(&form).await.location(), paid);
    let (one, other) = tokio::join!(at.send(&form), at.send(&form));
    assert_eq!((one.location(), other.location(), at.taken()), (paid.as_str(), paid.as_str(), vec![4700, 2500]));
    let page = at.browser().get(&paid).await;
    assert!(page.text.contains("You paid <b>€25.00</b>") && page.text.contains("href=\"/balance\""), "{}", page.text);
    // It pays the next invoice first.
    at.go_to("2026-04-01T02:00:00+02:00").await;
    assert_eq!((at.balance_minor().await, at.taken()), (0, vec![4700, 2500, 2200]));
    at.deliver().await;
    let mut desk = at.desk().await;
    let history = portico::services::messages::history(&mut desk, &at.id, &at.mira.identity_id, "", 20).await.unwrap();
    assert!(history.iter().any(|message| message.kind == "receipt" && message.body.contains("received €25.00 for your balance")), "{history:#?}");
}

#[tokio::test]
async fn only_amounts_within_the_vendors_bounds_are_taken() {
    let at = Nordlicht::selling().await;
    for (amount, says) in [("9.99", "Pay in from €10.00 to €500.00"), ("500.01", "Pay in from"), ("ten", "in figures alone"), ("10.001", "whole steps")] {
        let page = at.browser().get(&format!("/balance/top-up?amount={amount}")).await;
        assert_eq!(page.status, 422, "{amount}");
        assert!(page.text.contains(says) && page.text.contains("id=\"amount-error\""), "{amount}: {}", page.text);
        assert_eq!(page.field("amount").as_deref(), Some(amount));
    }
    // Nor does a form that was changed on the way get by.
    let form = at.top_up_form("25").await.with("due_minor", "50001");
    assert_eq!((at.send(&form).await.status, at.taken()), (422, vec![4700]));
    // Without the vendor's word there is nothing to pay into.
    let mut desk = at.desk().await;
    catalog::set_top_up_limit(&mut desk, Currency::from_code("EUR").unwrap(), None).await.unwrap();
    desk.commit().await.unwrap();
    assert_eq!(at.browser().get("/balance/top-up").await.status, 404);
    assert!(!at.browser().get("/balance").await.text.contains("/balance/top-up"));
}

#[tokio::test]
async fn whatever_the_bank_does_a_top_up_is_credited_once_or_not_at_all() {
    for (script, then) in
        [(Script::LosesAnswer, 2500), (Script::LosesRequest, 2500), (Script::Pends, 2500), (Script::Declines(DeclineReason::InsufficientFunds), 0)]
    {
        let at = Nordlicht::selling().await;
        at.bank.script(&at.id, script.clone());
        at.send(&at.top_up_form("25").await).await;
        assert_eq!(at.balance_minor().await, 0, "{script:?}");
        at.bank.script(&at.id, Script::Succeeds);
        if script == Script::Pends {
            at.bank_decides().await;
        }
        for _ in 0..3 {
            at.world.wait(Duration::minutes(2));
            at.recover().await;
        }
        assert_eq!(at.balance_minor().await, then, "{script:?}");
        assert_eq!(at.taken().iter().skip(1).sum::<i64>(), then, "{script:?}");
        assert_eq!(at.events("purchase.done").await, usize::from(then > 0), "{script:?}");
    }
}

#[tokio::test]
async fn a_pack_gives_what_was_paid_and_what_is_given_on_top_until_it_expires() {
    let at = Nordlicht::selling().await;
    let shelf = at.browser().get("/buy").await;
    assert!(shelf.text.contains("Gives €60.00 of credit, for 90 days") && shelf.text.contains("Workshop"), "{}", shelf.text);
    let form = at.buy_form("sixty").await;
    assert_eq!(at.send(&form).await.status, 303);
    assert_eq!((at.balance_minor().await, at.taken()), (6000, vec![4700, 5000]));
    let sums = ledger::sums(&mut at.desk().await).await.unwrap();
    // Nothing is earned or taxed by it, and what was given is a discount ahead.
    assert_eq!((sums["EUR"][&Account::Discounts], sums["EUR"][&Account::Tax], sums["EUR"][&Account::Revenue]), (1000, 0, -4700));
    assert_eq!(invoices::list(&mut at.desk().await, &at.id, 10).await.unwrap().len(), 1, "no invoice is made of credit");
    at.go_to("2026-05-31T02:00:00+02:00").await;
    // April and May used 94.00, of which the pack had 60.00.
    assert_eq!(at.balance_minor().await, 0);
    assert_eq!(at.taken(), [4700, 5000, 3400]);
}

#[tokio::test]
async fn a_service_is_invoiced_and_taxed_when_it_is_paid() {
    let at = Nordlicht::selling().await;
    tax(&at.world).await;
    let page = at.browser().get("/buy/confirm?product=workshop").await;
    assert!(page.text.contains("Workshop: pay <b>€119.00</b> now.") && page.text.contains("Tax 19 %") && page.text.contains("19.00"), "{}", page.text);
    let form = at.buy_form("workshop").await;
    // A declined card buys nothing, and the same form may be sent again.
    at.bank.script(&at.id, Script::Declines(DeclineReason::InsufficientFunds));
    let declined = at.send(&form).await;
    assert_eq!((declined.status, invoices::list(&mut at.desk().await, &at.id, 10).await.unwrap().len()), (422, 1));
    at.bank.script(&at.id, Script::Succeeds);
    assert_eq!(at.send(&form).await.status, 303);
    let bought = invoices::by_number(&mut at.desk().await, &at.id, "2026-0002").await.unwrap();
    assert_eq!((bought.total_minor, bought.due_minor, bought.status), (11_900, 0, invoices::Status::Paid));
    assert_eq!((at.taken(), at.balance_minor().await), (vec![4700, 11_900], 0));
    let again = at.send(&form).await;
    assert_eq!((again.status, at.taken().len()), (303, 2));
}

#[tokio::test]
async fn the_balance_pays_for_a_service_first_and_all_of_it_where_it_covers_it() {
    let at = Nordlicht::selling().await;
    at.send(&at.top_up_form("40").await).await;
    let form = at.buy_form("workshop").await;
    assert_eq!(at.send(&form).await.status, 303);
    assert_eq!((at.taken(), at.balance_minor().await), (vec![4700, 4000, 6000], 0));
    at.send(&at.top_up_form("150").await).await;
    let page = at.browser().get("/buy/confirm?product=workshop").await;
    assert!(page.text.contains("<b>nothing</b> to pay, your balance covers it"), "{}", page.text);
    let form = at.buy_form("workshop").await;
    assert_eq!(at.send(&form).await.location(), "/invoices");
    assert_eq!(at.send(&form).await.location(), "/invoices");
    assert_eq!((at.taken().len(), at.balance_minor().await), (4, 5000));
}

#[tokio::test]
async fn a_price_that_changed_is_shown_again_and_nothing_is_charged() {
    let at = Nordlicht::selling().await;
    let form = at.buy_form("workshop").await;
    tax(&at.world).await;
    let page = at.send(&form).await;
    assert_eq!(page.status, 422);
    assert!(page.text.contains("The amount has changed") && page.text.contains("€119.00"), "{}", page.text);
    assert_eq!(at.taken(), [4700]);
}

#[tokio::test]
async fn money_that_comes_when_the_price_is_another_is_the_customers() {
    let at = Nordlicht::selling().await;
    at.bank.script(&at.id, Script::Pends);
    let form = at.buy_form("workshop").await;
    at.send(&form).await;
    tax(&at.world).await;
    at.bank_decides().await;
    at.world.wait(Duration::minutes(2));
    at.recover().await;
    assert_eq!((at.balance_minor().await, at.events("purchase.undone").await), (10_000, 1));
}

#[tokio::test]
async fn nobody_buys_by_another_ones_form_or_card() {
    let at = Nordlicht::selling().await;
    let other = at.world.customer("Suedwind").await;
    let card = add_card(&at.world, &other).await;
    let form = at.top_up_form("25").await.with("method", &card.id);
    assert_eq!((at.send(&form).await.status, at.taken()), (404, vec![4700]));
    for purchase in ["", "x", "pur_", "inv_0192f3a4b5c6d7e8f90a1b2c3d4e5f60"] {
        let form = at.top_up_form("25").await.with("purchase", purchase);
        assert_eq!(at.send(&form).await.status, 404, "{purchase}");
    }
    // A purchase of somebody else's by its id.
    let form = at.top_up_form("25").await;
    assert_eq!(at.send(&form).await.status, 303);
    let luna = at.world.member("luna@suedwind.example", &other, portico::services::customers::Role::Owner).await;
    let fields: Vec<(&str, &str)> = form.fields.iter().filter(|(name, _)| *name != "method").map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(luna.browser.post("/balance/top-up", &fields).await.status, 404);
    assert_eq!(at.taken(), [4700, 2500]);
}

#[tokio::test]
async fn every_payment_has_its_receipt_with_what_went_back_of_it() {
    let at = Nordlicht::selling().await;
    at.send(&at.top_up_form("25").await).await;
    let list = at.browser().get("/payments").await;
    assert!(list.text.contains("Into the balance") && list.text.contains("Invoice 2026-0001"), "{}", list.text);
    let march = at.payments("2026-0001").await.remove(0);
    let path = format!("/payments/{}/receipt", march.id);
    assert!(list.text.contains(&path) && at.browser().get("/invoices/2026-0001").await.text.contains(&path));
    let page = at.browser().get(&path).await;
    assert!(page.text.contains("You paid <b>€47.00</b> on 1 March 2026, from Visa ending 4242."), "{}", page.text);
    let invoice_id = at.invoice_id("2026-0001").await;
    let mut desk = at.desk().await;
    invoices::credit(&mut desk, &invoice_id, &invoices::CreditRequest::Refund(Some(1200))).await.unwrap();
    desk.commit().await.unwrap();
    assert!(at.browser().get(&path).await.text.contains("On its way back, by credit note CN-2026-0001"));
    at.deliver().await;
    let page = at.browser().get(&path).await;
    assert!(page.text.contains("Went back by credit note CN-2026-0001") && page.text.contains("€35.00"), "{}", page.text);
    let paper = at.browser().get(&format!("{path}.pdf")).await;
    assert_eq!((paper.status, &paper.bytes[..5]), (200, &b"%PDF-"[..]));
    // One that did not succeed has none.
    at.bank.script(&at.id, Script::Declines(DeclineReason::InsufficientFunds));
    at.send(&at.top_up_form("25").await).await;
    let declined = payments::of_customer(&mut at.desk().await, &at.id, "", 1).await.unwrap().remove(0);
    assert_eq!(at.browser().get(&format!("/payments/{}/receipt", declined.id)).await.status, 404);
}

#[tokio::test]
async fn fifty_refunds_at_once_never_give_back_more_than_was_paid() {
    let at = Nordlicht::new().await;
    let invoice_id = at.invoice_id("2026-0001").await;
    let refunds = (0..50).map(|n| {
        let (at, invoice_id) = (&at, invoice_id.as_str());
        async move {
            let mut desk = at.world.desk().await;
            // Back to the card, and into the balance.
            let request = if n % 2 == 0 { invoices::CreditRequest::Refund(Some(1000)) } else { invoices::CreditRequest::Amount(1000) };
            invoices::credit(&mut desk, invoice_id, &request).await?;
            Ok::<(), portico::services::Refusal>(desk.commit().await?)
        }
    });
    let outcomes = futures_util::future::join_all(refunds).await;
    let (done, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!(done.len(), 4, "47.00 are four times 10.00 and a rest");
    for refusal in refused.into_iter().filter_map(Result::err) {
        let said = refusal.to_string();
        assert!(said.contains("is left") || said.contains("was paid by a payment method"), "{said}");
    }
    at.deliver().await;
    let back: i64 = at.bank.given_back().into_iter().map(|(_, amount_minor)| amount_minor).sum();
    assert_eq!(back + at.balance_minor().await, 4000);
}
