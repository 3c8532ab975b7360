//! Credit notes, refunds, and what the balance pays.

use serde_json::{Value, json};

use super::Story;

const AT: &str = "2024-06-10T00:00:00Z";

fn two_lines() -> Story {
    let prices = json!([{"id": "a", "model": "flat", "amount": 2000}, {"id": "b", "model": "flat", "amount": 1000}]);
    Story::new().tax("fr20", "20").priced("p", "month", prices).subscribe("2024-06-01T00:00:00Z", "p", json!({}))
}

fn unpaid(story: Story) -> Story {
    let mut story = story;
    story.0["steps"]
        .as_array_mut()
        .unwrap()
        .insert(0, json!({"at": "2024-06-01T00:00:00Z", "do": "payment_outcome", "customer": "ada", "outcome": "insufficient_funds"}));
    story
}

fn note(story: Story, fields: Value) -> Story {
    let mut all = json!({"invoice": 0});
    all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    story.step(AT, "credit_note", all)
}

#[tokio::test]
async fn a_note_of_an_amount_is_spread_over_the_lines_with_their_tax() {
    // 1200 of 3600 gross: two thirds on the line of 2000.
    let told = note(two_lines(), json!({"amount": 1200})).tell().await.smoothly().totals("credit_notes", &[-1200]).balance(1200);
    told.holds(json!({"credit_notes": [{
        "invoices": ["2024-0001"], "tax": [{"rate": "fr20", "base": -1000, "amount": -200}],
        "lines": [{"kind": "adjustment", "price": "a", "amount": -667}, {"kind": "adjustment", "price": "b", "amount": -333}]
    }]}));
}

#[tokio::test]
async fn a_note_reduces_what_is_still_due_first_and_the_rest_goes_to_the_balance() {
    let told = note(unpaid(two_lines()), json!({"amount": 1200})).tell().await.balanced().balance(0);
    told.holds(json!({"invoices": [{"status": "open", "amount_due": 2400, "amount_paid": 0, "credited": 1200}]}));
    let told = note(unpaid(two_lines()), json!({"amount": 3600})).tell().await.balanced().balance(0);
    told.holds(json!({"invoices": [{"status": "paid", "amount_due": 0, "amount_paid": 0, "credited": 3600}], "ledger": {"accounts": {"receivable": 0, "cash": 0, "revenue": 0, "tax": 0}}}));
}

#[tokio::test]
async fn the_note_that_completes_an_invoice_takes_exactly_what_is_left() {
    let mut story = two_lines();
    for amount in [1, 1, 1111, 2487] {
        story = note(story, json!({"amount": amount}));
    }
    let told = story.tell().await.smoothly().totals("credit_notes", &[-1, -1, -1111, -2487]).balance(3600);
    told.holds(json!({"ledger": {"accounts": {"revenue": 0, "tax": 0, "customer_balance": -3600, "cash": 3600}}}));
    note(note(two_lines(), json!({"amount": 3000})), json!({"amount": 601})).tell().await.refused(2, "€6.00 is left").totals("credit_notes", &[-3000]);
    note(two_lines(), json!({"amount": 3601})).tell().await.refused(1, "€36.00 is left").totals("credit_notes", &[]);
}

#[tokio::test]
async fn a_note_of_lines_takes_them_whole_or_in_part() {
    note(two_lines(), json!({"lines": [1]})).tell().await.smoothly().totals("credit_notes", &[-1200]).lines("/credit_notes/0", &[("adjustment", "b", -1000)]);
    note(two_lines(), json!({"lines": ["a"]})).tell().await.smoothly().totals("credit_notes", &[-2400]);
    note(two_lines(), json!({"lines": [{"line": 0, "amount": 1200}, {"price": "b"}]}))
        .tell()
        .await
        .smoothly()
        .lines("/credit_notes/0", &[("adjustment", "a", -1000), ("adjustment", "b", -1000)]);
    note(note(two_lines(), json!({"lines": [1]})), json!({"lines": [1]}))
        .tell()
        .await
        .refused(2, "Nothing is left of the line “p”")
        .totals("credit_notes", &[-1200]);
    note(two_lines(), json!({"lines": [2]})).tell().await.refused(1, "no line 2").totals("credit_notes", &[]);
}

#[tokio::test]
async fn a_refund_goes_back_by_the_method_that_paid() {
    let refund = |amount: i64| json!({"invoice": 0, "amount": amount});
    let told = two_lines().step(AT, "refund", refund(1200)).tell().await.smoothly().totals("credit_notes", &[-1200]).balance(0);
    told.holds(
        json!({"invoices": [{"status": "paid", "amount_due": 0}], "ledger": {"accounts": {"cash": 2400, "receivable": 0, "revenue": -2000, "tax": -400}}}),
    );
    two_lines()
        .step(AT, "refund", refund(3600))
        .step(AT, "refund", refund(1))
        .tell()
        .await
        .refused(2, "Only €0.00 of this invoice")
        .totals("credit_notes", &[-3600]);
    // What no payment paid cannot go back.
    unpaid(two_lines()).step(AT, "refund", refund(1)).tell().await.refused(2, "Only €0.00 of this invoice").totals("credit_notes", &[]);
}

#[tokio::test]
async fn an_invoice_may_be_named_by_its_number_and_must_be_there() {
    two_lines().step(AT, "credit_note", json!({"invoice": "2024-0001", "amount": 100})).tell().await.smoothly().totals("credit_notes", &[-100]);
    for invoice in [json!("2024-0002"), json!(1)] {
        two_lines().step(AT, "credit_note", json!({"invoice": invoice, "amount": 100})).tell().await.refused(1, "no invoice").totals("credit_notes", &[]);
    }
}

#[tokio::test]
async fn a_change_after_a_note_never_credits_more_than_is_left() {
    // All but 100 of 3000 has been credited when half of the month would go back.
    let story = note(Story::flat(3000).plan("free", 0), json!({"amount": 2900})).change("2024-06-16T00:00:00Z", json!({"plan": "free"}));
    story.tell().await.smoothly().totals("credit_notes", &[-2900, -100]).balance(3000);
}

#[tokio::test]
async fn a_credit_of_what_a_note_charged_is_of_the_invoice_that_note_corrects() {
    // 15 of 30 days: -4500 + 1500; ten of them later all but these ten's go back.
    let story = || {
        Story::flat(9000).plan("q", 3000).change("2024-06-16T00:00:00Z", json!({"plan": "q"})).step(
            "2024-06-26T00:00:00Z",
            "cancel",
            json!({"subscription": "s1"}),
        )
    };
    let notes = json!({"credit_notes": [{"invoices": ["2024-0001"]}, {"invoices": ["2024-0001"]}]});
    story().tell().await.smoothly().totals("credit_notes", &[-3000, -500]).balance(3500).holds(notes.clone());
    // Unpaid, both lower what is due.
    let told = unpaid(story()).tell().await.balanced().totals("credit_notes", &[-3000, -500]).balance(0).holds(notes);
    told.holds(json!({"invoices": [{"amount_due": 5500, "credited": 3500}]}));
}

#[tokio::test]
async fn what_was_discounted_by_all_of_it_was_charged_by_no_invoice() {
    let book = json!({"id": "book", "interval": "month", "prices": [{"id": "book", "model": "flat", "amount": 500}]});
    let story = Story::flat(3000).with("add_ons", book).coupon("TEN", json!({"amount": 1000, "currency": "EUR", "duration": "once"}));
    let story = story.change("2024-06-16T00:00:00Z", json!({"add_ons": ["book"], "coupons": ["TEN"]}));
    let told = story.step("2024-06-21T00:00:00Z", "cancel", json!({"subscription": "s1"})).tell().await.smoothly().totals("invoices", &[3000, 0]);
    // A third of 3000, and nothing of the add-on: the note does not name its invoice.
    let told = told.totals("credit_notes", &[-1000]).lines("/credit_notes/0", &[("proration_credit", "base", -1000), ("proration_credit", "book", 0)]);
    assert_eq!(told.0["credit_notes"][0]["invoices"], json!(["2024-0001"]));
}

#[tokio::test]
async fn the_balance_is_used_after_tax_the_oldest_first() {
    let credit = |amount: i64| json!({"customer": "ada", "amount": amount});
    let story =
        Story::new().tax("fr20", "20").plan("p", 1000).step("2024-05-01T00:00:00Z", "credit", credit(500)).step("2024-05-02T00:00:00Z", "credit", credit(900));
    let told = story.subscribe("2024-06-01T00:00:00Z", "p", json!({})).until("2024-07-01T00:00:00Z").tell().await.smoothly().balance(0);
    // 1200 from the two, then their last 200 and 1000 by card.
    told.totals("invoices", &[1200, 1200]).holds(json!({
        "invoices": [{"balance_applied": 1200, "amount_paid": 0, "amount_due": 0, "status": "paid"}, {"balance_applied": 200, "amount_paid": 1000}],
        "payments": [{"amount": 1000, "invoice": "2024-0002", "status": "succeeded"}],
        "ledger": {"accounts": {"customer_balance": 0, "discounts": 1400, "cash": 1000, "revenue": -2000, "tax": -400}}
    }));
}

#[tokio::test]
async fn what_expires_soonest_is_used_first_and_what_is_not_used_in_time_is_no_discount() {
    let credit = |amount: i64, expires: Option<&str>| match expires {
        Some(at) => json!({"customer": "ada", "amount": amount, "expires_at": at}),
        None => json!({"customer": "ada", "amount": amount}),
    };
    let story = Story::new().tax("fr20", "20").plan("p", 1000).step("2024-05-01T00:00:00Z", "credit", credit(500, None));
    // The second expires at the very instant of June's invoice and pays nothing of it; of the third it leaves 800.
    let story = story.step("2024-05-02T00:00:00Z", "credit", credit(900, Some("2024-06-01T00:00:00Z")));
    let story = story.step("2024-05-03T00:00:00Z", "credit", credit(2000, Some("2024-06-20T00:00:00Z")));
    let story = story.step("2024-05-04T00:00:00Z", "credit", credit(100, Some("2024-05-04T00:00:00Z")));
    let told = story.subscribe("2024-06-01T00:00:00Z", "p", json!({})).until("2024-07-01T00:00:00Z").tell().await;
    told.refused(3, "must be ahead").balance(0).totals("invoices", &[1200, 1200]).holds(json!({
        "invoices": [{"balance_applied": 1200, "amount_paid": 0}, {"balance_applied": 500, "amount_paid": 700}],
        "ledger": {"accounts": {"customer_balance": 0, "discounts": 1700, "cash": 700, "revenue": -2000, "tax": -400}}
    }));
}

#[tokio::test]
async fn the_rounding_of_a_cancellations_note_is_part_of_what_it_takes() {
    // 12345 and 20 % are 14814, paid 14800. Six tenths of 12345 and their tax are 8888, given back as 8900.
    let story = |amount: i64| {
        let story = Story::flat(12_345).vendor(json!({"currency": "HUF"})).tax("fr20", "20");
        let story = note(story, json!({"amount": 700})).step("2024-06-13T00:00:00Z", "cancel", json!({"subscription": "s1"}));
        story.step("2024-06-14T00:00:00Z", "credit_note", json!({"invoice": 0, "amount": amount}))
    };
    let told = story(5212).tell().await.refused(3, "52 is left").totals("credit_notes", &[-700, -8900]);
    told.totals("invoices", &[14_800]);
    let told = story(5200).tell().await.smoothly().totals("credit_notes", &[-700, -8900, -5200]);
    told.holds(json!({"balances": {"ada": {"HUF": 14_800}}, "ledger": {"accounts": {"revenue": 0, "tax": 0, "rounding": 0, "customer_balance": -14_800}}}));
}
