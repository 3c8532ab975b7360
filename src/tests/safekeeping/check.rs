//! `portico check`: books in order are clean, and whatever is broken by hand is named.

use portico::platform::db::{Db, Tx};
use portico::services::check::{check, check_on};
use portico::services::invoices::chain;

use super::house::house;
use crate::world::World;

/// A break, and how it must be named: table, and words of what it says.
struct Broken {
    by: &'static str,
    table: &'static str,
    says: &'static str,
}

const fn broken(by: &'static str, table: &'static str, says: &'static str) -> Broken {
    Broken { by, table, says }
}

/// By hand, one statement each; nothing of it is kept.
const BREAKS: &[Broken] = &[
    // The ledger.
    broken("UPDATE ledger_entries SET amount_minor = amount_minor + 1 WHERE account = 'revenue'", "ledger_entries", "the sum of the posting should be 0 and is 1"),
    broken(
        "UPDATE ledger_entries SET amount_minor = amount_minor + CASE WHEN account = 'receivable' THEN 1 ELSE -1 END WHERE account IN ('receivable', 'revenue')
            AND subject_id = (SELECT id FROM invoices WHERE number = '2026-0001')",
        "ledger_entries",
        "receivable posted for it",
    ),
    broken("DELETE FROM ledger_entries WHERE subject_id = (SELECT MIN(id) FROM payments)", "ledger_entries", "receivable posted for it should be -4700 and is 0"),
    broken(
        "INSERT INTO ledger_entries (vendor_id, id, posting_id, account, customer_id, currency, amount_minor, subject_id, posted_at)
            SELECT vendor_id, 'led_again_' || id, 'pst_again', account, customer_id, currency, amount_minor, subject_id, posted_at FROM ledger_entries
            WHERE posting_id = (SELECT MIN(posting_id) FROM ledger_entries)",
        "ledger_entries",
        "posted for it",
    ),
    broken("UPDATE ledger_entries SET subject_id = 'nothing' WHERE subject_id = (SELECT MIN(id) FROM balance_credits WHERE source = 'granted')", "ledger_entries", "posted for it"),
    broken(
        "INSERT INTO ledger_entries (vendor_id, id, posting_id, account, customer_id, currency, amount_minor, subject_id, posted_at)
            SELECT vendor_id, 'led_stray_' || account, 'pst_stray', account, customer_id, currency, 0, 'nothing', posted_at FROM ledger_entries
            WHERE posting_id = (SELECT MIN(posting_id) FROM ledger_entries)",
        "ledger_entries",
        "subject_id should be a document, a payment, a transfer, a refund, a dispute, a credit, a withholding or a write-off and is nothing",
    ),
    broken("UPDATE ledger_entries SET currency = 'USD' WHERE subject_id = (SELECT id FROM invoices WHERE number = '2026-0001')", "ledger_entries", "the currency posted"),
    broken("UPDATE ledger_entries SET customer_id = (SELECT MAX(id) FROM customers)", "ledger_entries", "the customer posted"),
    broken("UPDATE ledger_entries SET account = 'petty_cash' WHERE account = 'cash'", "ledger_entries", "cash posted for it"),
    broken("DELETE FROM ledger_entries WHERE subject_id LIKE 'whd_%'", "ledger_entries", "receivable posted for it should be -"),
    broken("UPDATE ledger_entries SET account = 'cash' WHERE account = 'tax_withheld'", "ledger_entries", "cash posted for it should be 0"),
    // Documents.
    broken("UPDATE invoices SET hash = 'none' WHERE number = '2026-0002'", "invoices", "hash should be"),
    broken("UPDATE invoices SET document = REPLACE(document, 'Nordlicht', 'Nordlight') WHERE number = '2026-0001'", "invoices", "hash should be"),
    broken("UPDATE invoices SET position = 99 WHERE number = '2026-0002'", "invoices", "its place in the series should be 2 and is 3"),
    broken("UPDATE invoices SET number = '2026-0099' WHERE number = '2026-0002'", "invoices", "number should be 2026-0002"),
    broken("UPDATE invoices SET total_minor = total_minor + 1 WHERE number = '2026-0001'", "invoices", "total_minor should be 4700 and is 4701"),
    broken("UPDATE invoices SET issued_at = issued_at - 1000 WHERE number = 'CN-2026-0001'", "invoices", "issued_at should be"),
    broken("UPDATE invoices SET kind = 'credit_note' WHERE number = '2026-0001'", "invoices", "kind should be invoice"),
    broken("UPDATE number_series SET last = last + 1 WHERE key = 'invoice:2026'", "number_series", "last, the number of documents,"),
    broken("UPDATE number_series SET last_hash = 'none' WHERE key = 'credit_note:2026'", "number_series", "last_hash should be"),
    broken("UPDATE invoices SET series = 'invoice:2031' WHERE number = '2026-0001'", "invoices", "series should be one that is counted"),
    broken("UPDATE invoice_lines SET amount_minor = amount_minor + 1 WHERE price = 'seats' AND kind = 'recurring'", "invoice_lines", "amount_minor should be 1800 and is 1801"),
    broken("UPDATE invoice_lines SET name = 'Sofas' WHERE price = 'seats'", "invoice_lines", "what the document froze of the line"),
    broken("UPDATE invoice_lines SET tax = 'none'", "invoice_lines", "what it holds should be a line"),
    broken("DELETE FROM invoice_lines WHERE kind = 'one_off'", "invoices", "the number of its lines should be"),
    broken("UPDATE invoice_pdfs SET content = 'JVBERi0='", "invoice_pdfs", "hash should be"),
    // What settles what.
    broken("UPDATE allocations SET amount_minor = amount_minor + 1 WHERE kind = 'payment'", "invoices", "the sum of its allocations should be at most"),
    broken("DELETE FROM allocations WHERE kind = 'payment'", "invoices", "settled_at"),
    broken("UPDATE allocations SET kind = 'balance' WHERE kind = 'payment'", "allocations", "what it came from should be one balance"),
    broken("UPDATE withholdings SET amount_minor = amount_minor + 1", "allocations", "amount_minor, being what was withheld,"),
    broken("UPDATE allocations SET withholding_id = NULL WHERE kind = 'withholding'", "allocations", "what it came from should be one withholding"),
    broken("UPDATE allocations SET kind = 'gift' WHERE kind = 'withholding'", "allocations", "kind should be one that is known"),
    broken("UPDATE withholdings SET taken_back_at = created_at", "withholdings", "the number of allocations it has should be 2 and is 1"),
    broken("DELETE FROM allocations WHERE kind = 'withholding'", "withholdings", "the number of allocations it has should be 1 and is 0"),
    broken("UPDATE payments SET status = 'declined', decline_reason = 'card_declined' WHERE status = 'succeeded'", "allocations", "the status of its payment"),
    broken("UPDATE invoices SET settled_at = NULL WHERE number = '2026-0001'", "invoices", "settled_at, with 0 due, should be set and is nothing"),
    broken("UPDATE invoices SET settled_at = issued_at WHERE settled_at IS NULL", "invoices", "due, should be nothing and is set"),
    broken("UPDATE balance_credits SET amount_minor = 1 WHERE used_up_at IS NOT NULL AND expired_minor = 0", "balance_credits", "what invoices used of it should be at most 1"),
    broken("UPDATE balance_credits SET used_up_at = NULL WHERE expired_minor = 0", "balance_credits", "used_up_at should be set"),
    broken("UPDATE balance_credits SET expired_minor = 0 WHERE expired_minor > 0", "balance_credits", "used_up_at should be nothing"),
    broken("UPDATE balance_credits SET expires_at = used_up_at + 1 WHERE expired_minor > 0", "balance_credits", "expired_minor should be 0, before its time"),
    broken("UPDATE balance_credits SET expired_minor = expired_minor + 1 WHERE expired_minor > 0", "balance_credits", "what was used of it and expired should be at most 250"),
    broken("UPDATE balance_credits SET expires_at = 1 WHERE source = 'credit_note'", "balance_credits", "expires_at, being credit_note, should be nothing"),
    broken("UPDATE ledger_entries SET account = 'revenue' WHERE account = 'discounts' AND amount_minor = -250", "ledger_entries", "posted for it"),
    broken("UPDATE balance_credits SET customer_id = (SELECT MAX(id) FROM customers)", "allocations", "the customer of what it came from"),
    broken(
        "UPDATE credited_invoices SET invoice_id = (SELECT invoice_id FROM invoice_lines WHERE kind = 'one_off' ORDER BY invoice_id LIMIT 1) WHERE credit_note_id = (SELECT id FROM invoices WHERE number = 'CN-2026-0001')",
        "invoices",
        "what credit notes correct of it should be at most",
    ),
    broken("UPDATE credited_invoices SET refund_minor = 900000 WHERE refund_minor > 0", "invoices", "what is refunded of it should be at most"),
    broken("UPDATE refunds SET amount_minor = amount_minor + 1 WHERE status = 'succeeded'", "credited_invoices", "refund_minor, the sum of its refunds,"),
    broken("UPDATE payments SET amount_minor = amount_minor + 1 WHERE status = 'succeeded'", "payments", "what invoices and the balance have of it"),
    broken("UPDATE payments SET reference = NULL WHERE status = 'succeeded'", "payments", "the gateway's reference"),
    // What was bought.
    broken("UPDATE purchases SET status = 'open'", "purchases", "done_at, being open, should be nothing"),
    broken("UPDATE purchases SET status = 'given'", "purchases", "status should be open, done or undone"),
    broken("UPDATE purchases SET credit_minor = amount_minor - 1 WHERE kind = 'top_up'", "purchases", "credit_minor should be at least the 2500"),
    broken("UPDATE purchases SET amount_minor = 2400 WHERE kind = 'top_up'", "purchases", "what was paid into the balance for it should be 2400 and is 2500"),
    broken("UPDATE purchases SET invoice_id = NULL WHERE kind = 'service'", "purchases", "invoice_id of a service that is done, should be set"),
    broken("UPDATE payments SET purchase_id = 'pur_gone' WHERE purchase_id = (SELECT MIN(purchase_id) FROM payments)", "payments", "purchase_id should be one of this vendor's purchases"),
    broken("UPDATE ledger_entries SET account = 'revenue' WHERE account = 'customer_balance' AND amount_minor = -2500", "ledger_entries", "posted for it"),
    // Subscriptions.
    broken("UPDATE subscriptions SET due_at = NULL", "subscriptions", "due_at should be"),
    broken("UPDATE subscriptions SET due_at = due_at + 1", "subscriptions", "due_at should be"),
    broken("UPDATE subscriptions SET terms = '{}'", "subscriptions", "what it holds should be a subscription"),
    broken("UPDATE subscriptions SET ended_at = starts_at WHERE status <> 'cancelled'", "subscriptions", "ended_at should be nothing"),
    broken("UPDATE coupons SET redemptions = 3", "coupons", "redemptions, the number of its discounts, should be 1 and is 3"),
    broken("UPDATE coupons SET max_redemptions = 0", "coupons", "redemptions should be at most 0"),
    // Dunning.
    broken(
        "UPDATE dunning_cases SET invoice_id = (SELECT id FROM invoices WHERE number = '2026-0001') WHERE id = (SELECT MIN(id) FROM dunning_cases WHERE state = 'open')",
        "dunning_cases",
        "state, its invoice being settled, should be recovered and is open",
    ),
    broken("UPDATE dunning_cases SET state = 'recovered', due_at = NULL, next_step = NULL WHERE state = 'open'", "dunning_cases", "when it was recovered should be set"),
    broken("UPDATE dunning_cases SET next_step = 'wait' WHERE due_at IS NOT NULL", "dunning_cases", "its next step, being open, should be set and is wait"),
    broken("UPDATE dunning_cases SET due_at = end_at + 1 WHERE due_at IS NOT NULL", "dunning_cases", "when the grace is over"),
    broken("DELETE FROM dunning_decisions", "dunning_cases", "the number of its decisions should be above zero"),
    // Usage.
    broken("UPDATE usage_buckets SET sum = '1' WHERE sum = '650'", "usage_buckets", "sum should be 650 and is 1"),
    broken("UPDATE usage_buckets SET max = '9000' WHERE sum = '650'", "usage_buckets", "max should be 650 and is 9000"),
    broken("UPDATE usage_days SET count = count + 1", "usage_days", "count should be"),
    broken("UPDATE usage_months SET sum = '7' WHERE sum <> '0'", "usage_months", "sum should be 1750 and is 7"),
    broken("DELETE FROM usage_days", "usage_days", "the tally should be there"),
    broken("DELETE FROM usage_months", "usage_months", "the tally should be there"),
    broken("DELETE FROM usage_buckets WHERE sum = '650'", "usage_buckets", "the tally should be there"),
    broken("UPDATE usage_events SET is_reversed = TRUE WHERE quantity = '650'", "usage_buckets", "count should be 0 and is 1"),
    broken("UPDATE usage_values SET count = 3 WHERE value = 'ann'", "usage_values", "how often “ann” came"),
    broken("DELETE FROM usage_event_ids WHERE id = 'people-1'", "usage_event_ids", "the number of events they stand for should be 6 and is 5"),
    // What is still to be done.
    broken("DELETE FROM outbox WHERE kind = 'refund'", "refunds", "the outbox row that gives it back"),
    broken("UPDATE outbox SET payload = '' WHERE done_at IS NULL", "refunds", "the outbox row that gives it back"),
    broken("UPDATE outbox SET payload = 'left' WHERE done_at IS NOT NULL", "outbox", "payload should be nothing"),
    broken("UPDATE outbox SET claimed_until = 1 WHERE done_at IS NOT NULL", "outbox", "claimed_until, being done, should be nothing"),
    broken(
        "INSERT INTO quotes (vendor_id, id, customer_id, subscription_id, pins, status, created_at) SELECT vendor_id, 'quo_1', customer_id, id, '{}', 'paying', 0 FROM subscriptions
            WHERE id = (SELECT MIN(id) FROM subscriptions)",
        "quotes",
        "the number of its payments under way, being paying, should be 1 and is 0",
    ),
    broken("UPDATE payments SET status = 'lost' WHERE status = 'declined'", "payments", "status should be one that is known and is lost"),
    broken("UPDATE payments SET decline_reason = NULL WHERE status = 'declined'", "payments", "decline_reason should be set"),
    // What names what.
    broken("UPDATE allocations SET payment_id = 'pay_gone' WHERE kind = 'payment'", "allocations", "payment_id should be one of this vendor's payments and is pay_gone"),
    broken("UPDATE ledger_entries SET customer_id = 'cus_gone'", "ledger_entries", "customer_id should be one of this vendor's customers"),
    broken("UPDATE events SET customer_id = 'cus_gone' WHERE customer_id IS NOT NULL", "events", "customer_id should be one of this vendor's customers"),
];

#[tokio::test]
async fn whatever_is_broken_by_hand_is_named() {
    let at = house().await;
    let app = &at.world.app;
    let report = check(app).await.unwrap();
    assert_eq!(report.broken, None);
    let looked_at = |noun: &str| report.checked.get(noun).copied().unwrap_or_default();
    for noun in [
        "documents",
        "invoice lines",
        "postings",
        "accounts",
        "allocations",
        "balance credits",
        "payments",
        "refunds",
        "subscriptions",
        "dunning cases",
        "usage events",
        "usage values",
        "withholdings",
        "PDFs",
    ] {
        assert!(looked_at(noun) > 0, "no {noun} were looked at: {report}");
    }
    let mut wrong = Vec::new();
    for Broken { by, table, says } in BREAKS {
        let mut tx = app.db.write().await.unwrap();
        assert!(tx.run(by, ()).await.unwrap() > 0, "nothing is broken by {by}");
        match check_on(tx, app).await.unwrap().broken {
            Some(found) if found.table == *table && found.to_string().contains(says) => assert_eq!(found.vendor_id, at.world.vendor.id),
            found => {
                wrong.push(format!("{by}\n    should say: {table} … {says}\n    says: {}", found.map_or_else(|| "clean".to_owned(), |found| found.to_string())))
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), BREAKS.len(), wrong.join("\n"));
    assert_eq!(check(app).await.unwrap().broken, None, "nothing of it was kept");
}

#[tokio::test]
async fn another_vendors_row_is_nobodys() {
    let at = house().await;
    let other = at.world.add_vendor("Heron", Some("heron.example")).await;
    let mut tx = at.world.app.db.write().await.unwrap();
    tx.run("UPDATE ledger_entries SET vendor_id = $1 WHERE subject_id = (SELECT id FROM invoices WHERE number = '2026-0001')", (other.id.clone(),))
        .await
        .unwrap();
    let found = check_on(tx, &at.world.app).await.unwrap().broken.unwrap();
    assert!(found.table == "ledger_entries", "{found}");
    // What Postgres never lets happen; a file mended by hand may hold it.
    if let Db::Sqlite { .. } = at.world.app.db {
        let mut tx = at.world.app.db.write().await.unwrap();
        tx.run("PRAGMA defer_foreign_keys = ON", ()).await.unwrap();
        tx.run("UPDATE payments SET vendor_id = 'ven_gone'", ()).await.unwrap();
        let found = check_on(tx, &at.world.app).await.unwrap().broken.unwrap();
        assert_eq!((found.table, found.what.as_str(), found.found.as_str()), ("payments", "vendor_id", "ven_gone"));
    }
}

#[tokio::test]
async fn the_demos_books_are_in_order() {
    let (world, _) = World::with_demo("2026-11-21T12:46:00Z").await;
    let report = check(&world.app).await.unwrap();
    assert_eq!(report.broken, None);
    assert!(report.checked["documents"] > 10, "{report}");
}

/// A document that was rewritten together with every hash after it, by somebody who knows how: what it says no longer adds up.
struct Rewritten {
    number: &'static str,
    from: &'static str,
    to: &'static str,
    /// What else is changed with it.
    also: &'static str,
    says: &'static str,
}

const REWRITTEN: [Rewritten; 7] = [
    Rewritten {
        number: "2026-0001",
        from: "\"subtotal_minor\":4700",
        to: "\"subtotal_minor\":4701",
        also: "",
        says: "the subtotal of its document should be 4700 and is 4701",
    },
    Rewritten {
        number: "2026-0002",
        from: "\"discount_minor\":470,",
        to: "\"discount_minor\":471,",
        also: "",
        says: "the discount of its document should be 470 and is 471",
    },
    Rewritten {
        number: "2026-0002",
        from: "\"tax_total_minor\":846",
        to: "\"tax_total_minor\":847",
        also: "",
        says: "the tax of its document should be 846 and is 847",
    },
    Rewritten {
        number: "2026-0002",
        from: "\"base_minor\":4230",
        to: "\"base_minor\":4231",
        also: "",
        says: "the base of its tax “at20” should be 4230 and is 4231",
    },
    Rewritten {
        number: "2026-0001",
        from: "\"rounding_minor\":0",
        to: "\"rounding_minor\":5",
        also: "",
        says: "the rounding of its document should be 0 and is 5",
    },
    Rewritten {
        number: "2026-0001",
        from: "\"total_minor\":4700,\"balance",
        to: "\"total_minor\":4600,\"balance",
        also: "UPDATE invoices SET total_minor = 4600 WHERE number = '2026-0001'",
        says: "the total of its document should be 4700 and is 4600",
    },
    // The note of 10.00 takes back a workshop of 5.00 instead, twice.
    Rewritten {
        number: "CN-2026-0001",
        from: "\"credits\":\"",
        to: "\"credits\":\"$one_off\",\"was\":\"",
        also: "UPDATE invoice_lines SET credits_line_id = (SELECT MIN(o.id) FROM invoice_lines o WHERE o.kind = 'one_off')
            WHERE invoice_id = (SELECT id FROM invoices WHERE number = 'CN-2026-0001')",
        says: "what is taken back of it should be at most 500 and is 1000",
    },
];

async fn rewrite(tx: &mut Tx, rewritten: &Rewritten) {
    let (one_off,): (String,) = tx.one("SELECT MIN(id) FROM invoice_lines WHERE kind = 'one_off'", ()).await.unwrap();
    let (series,): (String,) = tx.one("SELECT series FROM invoices WHERE number = $1", (rewritten.number,)).await.unwrap();
    let documents: Vec<(String, String, String)> =
        tx.all("SELECT id, number, document FROM invoices WHERE series = $1 ORDER BY position", (series.clone(),)).await.unwrap();
    let mut hash = String::new();
    for (id, number, document) in documents {
        let is_it = number == rewritten.number;
        let text = if is_it { document.replace(rewritten.from, &rewritten.to.replace("$one_off", &one_off)) } else { document.clone() };
        assert_eq!(is_it, text != document, "{} has no {}: {document}", rewritten.number, rewritten.from);
        hash = chain(&hash, &text);
        tx.run("UPDATE invoices SET document = $2, hash = $3 WHERE id = $1", (id, text, hash.clone())).await.unwrap();
    }
    tx.run("UPDATE number_series SET last_hash = $2 WHERE key = $1", (series, hash)).await.unwrap();
    if !rewritten.also.is_empty() {
        tx.run(rewritten.also, ()).await.unwrap();
    }
}

#[tokio::test]
async fn a_document_rewritten_with_its_chain_still_has_to_add_up() {
    let at = house().await;
    let mut wrong = Vec::new();
    for rewritten in &REWRITTEN {
        let mut tx = at.world.app.db.write().await.unwrap();
        rewrite(&mut tx, rewritten).await;
        let told = check_on(tx, &at.world.app).await.unwrap().broken.map_or_else(|| "clean".to_owned(), |found| found.to_string());
        if !told.contains(rewritten.says) {
            wrong.push(format!("should say: {}\n    says: {told}", rewritten.says));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
