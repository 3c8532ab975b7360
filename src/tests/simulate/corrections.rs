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

/// A change for something of the same price makes a document of a credit and a charge that cancel out: the credit takes its own tax of the
/// first invoice all the same, and a note finds what is left.
#[tokio::test]
async fn a_note_after_a_change_takes_the_tax_that_is_left() {
    let story = Story::new().tax("fr20", "20").plan("p", 2900).plan("q", 2900).subscribe("2024-06-01T00:00:00Z", "p", json!({}));
    let story = story.change("2024-06-16T00:00:00Z", json!({"plan": "q"}));
    let story = story.step("2024-06-20T00:00:00Z", "credit_note", json!({"invoice": 0, "amount": 1741}));
    let story = story.step("2024-06-20T00:00:00Z", "credit_note", json!({"invoice": 0, "amount": 1740}));
    let told = story.tell().await.refused(2, "€17.40 is left").totals("invoices", &[3480, 0]).totals("credit_notes", &[-1740]);
    told.holds(json!({"credit_notes": [{"tax": [{"rate": "fr20", "base": -1450, "amount": -290}]}]}));
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

/// Ada's 3000 for June, half of which a change to a dearer plan takes back and its reversal charges again: that stands on a note, for the
/// dearer plan's charge goes back with it. In days both may lie hours apart.
fn restored(by: &str) -> Story {
    let back_at = if by == "day" { "2024-06-16T17:00:00Z" } else { HALF };
    let story = Story::flat(3000).plan("q", 9000).vendor(json!({"proration": {"by": by, "rounding": "half_up"}}));
    story.change(HALF, json!({"plan": "q"})).change(back_at, json!({"plan": "p"}))
}

const HALF: &str = "2024-06-16T00:00:00Z";

fn noted(story: Story, at: &str, amount: i64) -> Story {
    story.step(at, "credit_note", json!({"invoice": 0, "amount": amount}))
}

#[tokio::test]
async fn what_a_note_restored_can_be_credited_of_the_invoice_that_charged_it_first() {
    for by in ["second", "day"] {
        // 1500 are left where the invoice charged them; what more is credited is taken back of the note that restored it.
        let told = noted(restored(by), "2024-06-17T00:00:00Z", 2000).tell().await.smoothly().totals("credit_notes", &[-3000, -2000]).balance(5000);
        let told = told.lines("/credit_notes/0", &[("proration_credit", "base", -4500), ("proration_charge", "base", 1500)]);
        let told = told.lines("/credit_notes/1", &[("adjustment", "base", -1500), ("adjustment", "base", -500)]);
        let of = |document: &str, line: i64, before: i64, charged: i64| json!({"explain": {"credit": {"line": {"document": document, "line": line}, "charged_minor": charged, "credited_before_minor": before}}});
        told.holds(json!({"credit_notes": [{}, {
            "invoices": ["2024-0001"], "lines": [of("2024-0001", 0, 1500, 3000), of("CN-2024-0001", 1, 0, 1500)]
        }]}));
        // By its line, whole; then nothing is left.
        let story = restored(by).step("2024-06-17T00:00:00Z", "credit_note", json!({"invoice": 0, "lines": ["base"]}));
        let told = noted(story, "2024-06-17T00:00:00Z", 1).tell().await.refused(4, "€0.00 is left").totals("credit_notes", &[-3000, -3000]);
        told.lines("/credit_notes/1", &[("adjustment", "base", -1500), ("adjustment", "base", -1500)]);
    }
}

#[tokio::test]
async fn after_a_note_of_what_was_restored_a_change_gives_back_no_more_than_is_left() {
    for by in ["second", "day"] {
        let cancelled = |amount: i64| noted(restored(by), "2024-06-17T00:00:00Z", amount).step("2024-06-18T00:00:00Z", "cancel", json!({"subscription": "s1"}));
        // 13 of 15 days of 1500.
        cancelled(1500).tell().await.smoothly().totals("credit_notes", &[-3000, -1500, -1300]).balance(5800);
        cancelled(2000).tell().await.smoothly().totals("credit_notes", &[-3000, -2000, -1000]).balance(6000);
        // Credited whole, the line ends with nothing.
        let told = cancelled(3000).tell().await.smoothly().totals("credit_notes", &[-3000, -3000]).balance(6000);
        told.totals("invoices", &[3000, 3000, 0]).lines("/invoices/2", &[("proration_credit", "base", 0)]);
    }
}

#[tokio::test]
async fn what_was_restored_twice_is_still_of_the_invoice_that_charged_it_first() {
    // Ten of fifteen days of 1500 go and come again.
    let twice = || restored("second").change("2024-06-21T00:00:00Z", json!({"plan": "q"})).change("2024-06-21T00:00:00Z", json!({"plan": "p"}));
    let told = noted(twice(), "2024-06-22T00:00:00Z", 2700).tell().await.smoothly().totals("credit_notes", &[-3000, -2000, -2700]);
    let told = told.lines("/credit_notes/1", &[("proration_credit", "base", -3000), ("proration_charge", "base", 1000)]);
    told.lines("/credit_notes/2", &[("adjustment", "base", -1500), ("adjustment", "base", -500), ("adjustment", "base", -700)]);
    noted(noted(twice(), "2024-06-22T00:00:00Z", 2700), "2024-06-22T00:00:00Z", 301).tell().await.refused(6, "€3.00 is left");
    // Nine of ten days of the 1000, of which 300 are left.
    let told = noted(twice(), "2024-06-22T00:00:00Z", 2700).step("2024-06-22T00:00:00Z", "cancel", json!({"subscription": "s1"})).tell().await;
    told.smoothly().totals("credit_notes", &[-3000, -2000, -2700, -300]).holds(json!({"credit_notes": [{}, {}, {}, {"invoices": ["2024-0001"]}]}));
}

#[tokio::test]
async fn what_waits_to_be_taken_back_of_what_was_restored_is_not_left() {
    // 13 of 15 days of 1500 wait for July: 1700 are left, and 200 of them stand on the note.
    let story = || restored("second").change("2024-06-18T00:00:00Z", json!({"plan": "q", "settle": "next_invoice"}));
    let told = noted(story(), "2024-06-19T00:00:00Z", 1700).tell().await.smoothly().totals("credit_notes", &[-3000, -1700]);
    told.lines("/credit_notes/1", &[("adjustment", "base", -1500), ("adjustment", "base", -200)]);
    noted(story(), "2024-06-19T00:00:00Z", 1701).tell().await.refused(4, "€17.00 is left");
}

#[tokio::test]
async fn what_an_invoice_restored_is_credited_there() {
    // To a cheaper plan and back: 1500 less 500 are charged again by an invoice.
    let story = || Story::flat(3000).plan("q", 1000).change(HALF, json!({"plan": "q"})).change(HALF, json!({"plan": "p"}));
    noted(story(), HALF, 1501).tell().await.refused(3, "€15.00 is left").totals("invoices", &[3000, 1000]);
    let told = noted(story(), HALF, 1500).step(HALF, "credit_note", json!({"invoice": 1, "amount": 1000})).tell().await.smoothly();
    told.totals("credit_notes", &[-1000, -1500, -1000]).lines("/credit_notes/1", &[("adjustment", "base", -1500)]).balance(2500);
}

fn add_on(id: &str, amount: i64) -> Value {
    json!({"id": id, "interval": "month", "prices": [{"id": id, "model": "flat", "amount": amount}]})
}

#[tokio::test]
async fn an_invoice_is_credited_to_its_total_though_what_it_took_back_is_charged_again() {
    // -4000 + 1000 + 8000, and -1000 + 4000: nothing is left of the 4000 that the first took back, and all of the 8000.
    let story = Story::flat(8000).plan("q", 2000).with("add_ons", add_on("book", 16_000)).change(HALF, json!({"plan": "q", "add_ons": ["book"]}));
    let story = || Story(story.0.clone()).change(HALF, json!({"plan": "p"}));
    let credit = |story: Story, amount: i64| story.step(HALF, "credit_note", json!({"invoice": 1, "amount": amount}));
    credit(story(), 5001).tell().await.refused(3, "€50.00 is left").totals("invoices", &[8000, 5000, 3000]);
    let told = credit(credit(credit(story(), 2000), 3000), 1).tell().await.refused(5, "€0.00 is left").totals("credit_notes", &[-2000, -3000]);
    told.lines("/credit_notes/0", &[("adjustment", "book", -2000)]).lines("/credit_notes/1", &[("adjustment", "book", -3000)]);
}

#[tokio::test]
async fn what_was_charged_and_taken_back_by_one_invoice_is_credited_to_its_total() {
    // 11200 wait for the change that takes 8000 of them back and charges 1000: 4200. Its reversal stands on a note with another's credit.
    let story = Story::flat(8000).plan("large", 40_000).plan("free", 0).with("add_ons", add_on("book", 16_000)).with("add_ons", add_on("page", 2000));
    let story = story.subscribe("2024-06-01T00:00:00Z", "large", json!({"subscription": "s2"}));
    let story = story.change("2024-06-10T00:00:00Z", json!({"add_ons": ["book"], "settle": "next_invoice"})).change(HALF, json!({"add_ons": ["page"]}));
    let story = story.change(HALF, json!({"subscription": "s2", "plan": "free", "settle": "next_invoice"})).change(HALF, json!({"add_ons": ["book"]}));
    let credit = |amount: i64| Story(story.0.clone()).step(HALF, "credit_note", json!({"invoice": 2, "amount": amount}));
    credit(4201).tell().await.refused(6, "€42.00 is left").totals("invoices", &[8000, 40_000, 4200]).totals("credit_notes", &[-13_000]);
    let told = credit(4200).tell().await.smoothly().totals("credit_notes", &[-13_000, -4200]);
    told.lines("/credit_notes/1", &[("adjustment", "book", -3200), ("adjustment", "book", -1000)]);
}

#[tokio::test]
async fn a_note_takes_the_tax_of_each_line_from_where_it_stands() {
    let tax = |amount: i64, base: i64| json!([{"rate": "fr20", "base": base, "amount": amount}]);
    for (story, whole, taxes) in [
        (restored("second").tax("fr20", "20"), 3600, [tax(-400, -2000), tax(-200, -1000)]),
        (restored("second").tax("fr20", "20").vendor(json!({"prices_include_tax": true})), 3000, [tax(-333, -1667), tax(-167, -833)]),
    ] {
        let story = noted(noted(story, "2024-06-17T00:00:00Z", whole * 2 / 3), "2024-06-17T00:00:00Z", whole / 3);
        let told = story.tell().await.smoothly().balance(whole * 2);
        let [first, second] = taxes;
        told.holds(json!({"credit_notes": [{}, {"tax": first}, {"tax": second}], "ledger": {"accounts": {"revenue": 0, "tax": 0}}}));
    }
}

#[tokio::test]
async fn a_take_of_nothing_takes_no_tax_that_rounding_left_alone() {
    // 18 and 100 are inside 104 and 601; of the 104 that go back, by themselves, 17.
    let story = || {
        let story = Story::new().vendor(json!({"prices_include_tax": true})).tax("fr20", "20").plan("p", 601).with("add_ons", add_on("book", 104));
        story.subscribe("2024-06-01T00:00:00Z", "p", json!({"add_ons": ["book"]})).change("2024-06-01T00:00:00Z", json!({"add_ons": []}))
    };
    for part in [json!({"amount": 120}), json!({"lines": [{"price": "base", "amount": 120}]})] {
        for rest in [json!({"amount": 481}), json!({"lines": ["base"]})] {
            let told = note(note(story(), part.clone()), rest).tell().await.smoothly().totals("credit_notes", &[-104, -120, -481]);
            let told = told.lines("/credit_notes/1", &[("adjustment", "base", -120)]);
            told.holds(json!({
                "credit_notes": [{"tax": [{"amount": -17}]}, {"tax": [{"amount": -20}]}, {"tax": [{"amount": -81}]}],
                "ledger": {"accounts": {"revenue": 0, "tax": 0, "customer_balance": -705}}
            }));
        }
    }
}
