//! Statements taken in: what each entry pays, and what waits for a person. The books are in order after each.

use billing::ledger::Account;
use billing::transfer::{creditor_reference, printed};
use chrono::Duration;
use portico::services::check::check;
use portico::services::customers::Role;
use portico::services::invoices;
use portico::services::{balance, ledger};
use serde_json::{Value, json};

use super::{IBAN, Kestrel};
use crate::api::{Program, text};
use crate::world::World;

const HEADS: &str = "booked_on,amount,currency,text,payer_name,payer_account,bank_reference,returns\n";

/// Of somebody else's account.
const CAMT: &str = "<Document><BkToCstmrStmt><Stmt><Acct><Id><IBAN>DE89370400440532013000</IBAN></Id></Acct>
    <Ntry><Amt Ccy=\"EUR\">107.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-03-11</Dt></BookgDt>
    <NtryDtls><TxDtls><RmtInf><Ustrd>{reference}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry></Stmt></BkToCstmrStmt></Document>";

fn reference(number: &str) -> String {
    creditor_reference(number).unwrap()
}

/// A statement of some rows.
fn statement(rows: &[String]) -> Value {
    json!({ "content": format!("{HEADS}{}", rows.join("\n")) })
}

fn row(amount: &str, text: &str, bank_reference: &str) -> String {
    format!("2026-03-11,{amount},EUR,{text},Nordlicht GmbH,DE89370400440532013000,{bank_reference},")
}

/// Status and reason of each entry.
fn states(taken: &Value) -> Vec<(&str, &str)> {
    taken["entries"].as_array().unwrap().iter().map(|entry| (entry["status"].as_str().unwrap(), entry["reason"].as_str().unwrap_or_default())).collect()
}

impl Kestrel {
    async fn program(&self) -> Program {
        self.world.program("*").await
    }

    async fn due(&self, number: &str) -> i64 {
        invoices::by_number(&mut self.world.desk().await, &self.id, number).await.unwrap().due_minor
    }

    /// What came in and what is in the balance; everything agrees.
    async fn books(&self) -> (i64, i64) {
        let report = check(&self.world.app).await.unwrap();
        assert_eq!(report.broken, None);
        let mut desk = self.world.desk().await;
        let cash = ledger::sums(&mut desk).await.unwrap()["EUR"][&Account::Cash];
        (cash, balance::total(&mut desk, &self.id, "EUR").await.unwrap())
    }
}

#[tokio::test]
async fn a_transfer_that_names_its_invoice_pays_it_and_the_same_statement_adds_nothing() {
    let at = Kestrel::new().await;
    let program = at.program().await;
    let first = statement(&[row("107.00", &format!("thanks! {}", printed(&reference("2026-0001")).to_lowercase()), "B1")]);
    let taken = program.post("/bank-statements", first.clone()).await.ok();
    assert_eq!((states(&taken), &taken["known"]), (vec![("matched", "")], &json!(0)));
    assert_eq!((at.due("2026-0001").await, at.books().await), (0, (10_700, 0)));
    let again = program.post("/bank-statements", first).await.ok();
    assert_eq!(again, json!({ "known": 1, "entries": [] }));
    // The next one overlaps it, and somebody pays twice: nothing is due, so that is the customer's balance.
    let next = statement(&[row("107.00", &reference("2026-0001"), "B1"), row("107.00", &reference("2026-0001"), "B2")]);
    let taken = program.post("/bank-statements", next).await.ok();
    assert_eq!((states(&taken), &taken["known"]), (vec![("matched", "")], &json!(1)));
    assert_eq!(at.books().await, (21_400, 10_700));
    // What has no reference of the bank's is known by all it says, and by how often it says it.
    let twins = statement(&[row("1.00", "a", ""), row("1.00", "a", "")]);
    assert_eq!(states(&program.post("/bank-statements", twins.clone()).await.ok()).len(), 2);
    assert_eq!(program.post("/bank-statements", twins).await.ok()["known"], 2);
    let page = at.mira.browser.get("/invoices/2026-0001").await.text;
    assert!(page.contains("You paid <b>€107.00</b>") && page.contains("Bank transfer, arrived on"), "{page}");
    assert!(at.mira.browser.get("/account/activity").await.text.contains("A bank transfer of €107.00 arrived"));
}

#[tokio::test]
async fn in_parts_for_several_and_too_much() {
    let at = Kestrel::new().await;
    at.invoice(5_000).await;
    let program = at.program().await;
    let both = format!("{} {}", reference("2026-0001"), reference("2026-0002"));
    let taken = program.post("/bank-statements", statement(&[row("100.00", &reference("2026-0001"), "B1")])).await.ok();
    assert_eq!((states(&taken), at.due("2026-0001").await), (vec![("matched", "")], 700));
    assert!(at.mira.browser.get("/invoices/2026-0001").await.text.contains("<b>€7.00</b> is to be paid"));
    // One entry pays what is left of both, and too much.
    program.post("/bank-statements", statement(&[row("60.00", &both, "B2")])).await.ok();
    assert_eq!((at.due("2026-0001").await, at.due("2026-0002").await, at.books().await), (0, 0, (16_000, 300)));
    // The next invoice uses the rest.
    at.invoice(1_000).await;
    assert_eq!(at.due("2026-0003").await, 700);
}

#[tokio::test]
async fn a_number_without_check_digits_counts_only_beside_its_amount() {
    let at = Kestrel::new().await;
    let program = at.program().await;
    let rows = [
        row("100.00", "Invoice 2026-0001", "B1"),
        row("107.00", "Re. 2026-0001.", "B2"),
        row("5.00", &reference("2026-9999"), "B3"),
        row("5.00", "hello", "B4"),
    ];
    let taken = program.post("/bank-statements", statement(&rows)).await.ok();
    let expected = vec![("unmatched", "other_amount"), ("matched", ""), ("unmatched", "unknown_reference"), ("unmatched", "no_reference")];
    assert_eq!((states(&taken), at.due("2026-0001").await, at.books().await), (expected, 0, (10_700, 0)));
    let waiting = program.get("/bank-entries?status=unmatched").await.ok();
    assert_eq!(waiting["data"].as_array().unwrap().len(), 3);
    assert_eq!(waiting["data"][0]["reason_text"], "It names no invoice.");
}

#[tokio::test]
async fn what_names_nothing_is_proposed_and_counted_by_hand_and_taken_back() {
    let at = Kestrel::new().await;
    let program = at.program().await;
    let others = "2026-03-11,107.00,EUR,workshop,Somebody Else,,B2,".to_owned();
    let taken = program.post("/bank-statements", statement(&[row("107.00", "workshop", "B1"), others])).await.ok();
    let proposed = &taken["entries"][0]["proposals"];
    assert_eq!((&proposed[0]["invoice_number"], &proposed[0]["customer_name"]), (&json!("2026-0001"), &json!("Nordlicht")), "{taken}");
    assert_eq!(taken["entries"][1]["proposals"], json!([]));
    let entry = format!("/bank-entries/{}", text(&taken["entries"][0], "id"));
    let (matching, back) = (format!("{entry}/match"), format!("{entry}/take-back"));
    assert_eq!(program.post(&matching, json!({})).await.problem().1, "rule");
    assert_eq!(program.post(&matching, json!({ "invoices": ["2026-0009"] })).await.status(), 404);
    assert_eq!(program.post(&back, json!({ "reason": "x" })).await.problem().1, "conflict");
    assert_eq!(program.post(&matching, json!({ "invoices": ["2026-0001"] })).await.ok()["status"], "matched");
    assert_eq!(program.post(&matching, json!({ "invoices": ["2026-0001"] })).await.problem().1, "conflict");
    assert_eq!((at.due("2026-0001").await, at.books().await), (0, (10_700, 0)));
    assert_eq!(program.post(&back, json!({ "reason": " " })).await.problem(), (422, "fields", "/reason"));
    let waits = program.post(&back, json!({ "reason": "It was Ada's." })).await.ok();
    assert_eq!((&waits["status"], &waits["reason"]), (&json!("unmatched"), &json!("taken_back")));
    assert_eq!((at.due("2026-0001").await, at.books().await), (10_700, (0, 0)));
    let invoice = at.mira.browser.get("/invoices/2026-0001").await.text;
    assert!(invoice.contains("Bank transfer taken back on") && invoice.contains("<b>€107.00</b> is to be paid"), "{invoice}");
    // Counted again, by its id; and its payer's account is known from now on, whatever name stands there.
    let id = text(&program.get("/invoices").await.ok()["data"][0], "id");
    assert_eq!(program.post(&matching, json!({ "invoices": [id] })).await.ok()["status"], "matched");
    assert_eq!(at.books().await, (10_700, 0));
    at.invoice(900).await;
    let other = "2026-03-12,9.00,EUR,,NL Holding,DE89370400440532013000,B3,".to_owned();
    assert_eq!(program.post("/bank-statements", statement(&[other])).await.ok()["entries"][0]["proposals"][0]["invoice_number"], "2026-0002");
}

#[tokio::test]
async fn money_that_went_back_leaves_its_invoice_due_again() {
    let at = Kestrel::new().await;
    let program = at.program().await;
    program.post("/bank-statements", statement(&[row("110.00", &reference("2026-0001"), "B1")])).await.ok();
    assert_eq!(at.books().await, (11_000, 300));
    let back = |amount: &str, of: &str, own: &str| format!("2026-03-12,{amount},EUR,returned,,,{own},{of}");
    let wrong = program.post("/bank-statements", statement(&[back("-109.00", "B1", "B2"), back("-110.00", "B9", "B3")])).await.ok();
    assert_eq!(states(&wrong), [("unmatched", "unknown_return"), ("unmatched", "unknown_return")]);
    let right = program.post("/bank-statements", statement(&[back("-110.00", "B1", "B4")])).await.ok();
    assert_eq!((states(&right), at.due("2026-0001").await, at.books().await), (vec![("matched", "")], 10_700, (0, 0)));
    assert_eq!(program.get("/bank-entries?status=returned").await.ok()["data"].as_array().unwrap().len(), 1);
    // Once: the other that says so waits.
    let again = program.post("/bank-statements", statement(&[back("-110.00", "B1", "B5")])).await.ok();
    assert_eq!((states(&again), at.books().await), (vec![("unmatched", "unknown_return")], (0, 0)));

    // An overpayment that an invoice used can't go back by itself.
    program.post("/bank-statements", statement(&[row("110.00", &reference("2026-0001"), "C1")])).await.ok();
    at.invoice(1_000).await;
    let used = program.post("/bank-statements", statement(&[back("-110.00", "C1", "C2")])).await.ok();
    assert_eq!((states(&used), at.due("2026-0002").await, at.books().await), (vec![("unmatched", "overpayment_used")], 700, (11_000, 0)));
    // By hand it can't either, and says why; a return whose entry is known only to a person can be named.
    let entry = |taken: &Value, n: usize| text(&taken["entries"][n], "id");
    let original = program.get("/bank-entries?status=matched").await.ok();
    let original = original["data"].as_array().unwrap().iter().find(|one| one["bank_reference"] == "C1").unwrap()["id"].clone();
    let refused = program.post(&format!("/bank-entries/{}/match", entry(&used, 0)), json!({ "returned_entry_id": original })).await;
    assert!(refused.answer.text.contains("invoices have used the rest since"), "{}", refused.answer.text);
    program.post("/bank-statements", statement(&[row("2.00", &reference("2026-0002"), "D1")])).await.ok();
    let lost = program.post("/bank-statements", statement(&[back("-2.00", "", "D2")])).await.ok();
    let paid = program.get("/bank-entries?status=matched&limit=100").await.ok();
    let paid = paid["data"].as_array().unwrap().iter().find(|one| one["bank_reference"] == "D1").unwrap()["id"].clone();
    assert_eq!(program.post(&format!("/bank-entries/{}/match", entry(&lost, 0)), json!({ "returned_entry_id": paid })).await.ok()["status"], "matched");
    assert_eq!((at.due("2026-0002").await, at.books().await), (700, (11_000, 0)));
}

/// Partly, then the rest, and the rest taken back: what is lost is what has not come.
#[tokio::test]
async fn money_for_what_was_written_off_lands() {
    let at = Kestrel::new().await;
    let program = at.program().await;
    let id = text(&program.get("/invoices").await.ok()["data"][0], "id");
    program.post(&format!("/invoices/{id}/write-off"), json!({ "reason": "Moved away" })).await.ok();
    let state = async || {
        let invoice = program.get(&format!("/invoices/{id}")).await.ok();
        (text(&invoice, "status"), invoice["due_minor"].as_i64().unwrap(), invoice["written_off_minor"].as_i64().unwrap(), at.books().await)
    };
    assert_eq!(state().await, ("uncollectible".into(), 0, 10_700, (0, 0)));
    program.post("/bank-statements", statement(&[row("50.00", &reference("2026-0001"), "B1")])).await.ok();
    assert_eq!(state().await, ("uncollectible".into(), 0, 5_700, (5_000, 0)));
    let rest = program.post("/bank-statements", statement(&[row("60.00", &reference("2026-0001"), "B2")])).await.ok();
    assert_eq!(state().await, ("paid".into(), 0, 0, (11_000, 300)));
    let entry = text(&rest["entries"][0], "id");
    program.post(&format!("/bank-entries/{entry}/take-back"), json!({ "reason": "Not theirs" })).await.ok();
    assert_eq!(state().await, ("open".into(), 5_700, 0, (5_000, 0)));
    program.post(&format!("/invoices/{id}/write-off"), json!({ "reason": "Still away" })).await.ok();
    program.post(&format!("/bank-entries/{entry}/match"), json!({ "invoices": ["2026-0001"] })).await.ok();
    assert_eq!(state().await, ("paid".into(), 0, 0, (11_000, 300)));
}

#[tokio::test]
async fn one_entry_is_of_one_customer_and_one_currency() {
    let at = Kestrel::new().await;
    let program = at.program().await;
    let ada = at.world.customer("Ada").await;
    let mut desk = at.world.desk().await;
    invoices::charge(&mut desk, &ada, 500, "Workshop").await.unwrap();
    desk.commit().await.unwrap();
    at.world.wait(Duration::seconds(1));
    portico::worker::bill::bill(&at.world.app, &at.world.vendor, at.world.now()).await.unwrap();
    let both = format!("{} {}", reference("2026-0001"), reference("2026-0002"));
    let taken = program.post("/bank-statements", statement(&[row("112.00", &both, "B1")])).await.ok();
    assert_eq!(states(&taken), [("unmatched", "several_customers")]);
    let path = format!("/bank-entries/{}/match", text(&taken["entries"][0], "id"));
    assert_eq!(program.post(&path, json!({ "invoices": ["2026-0001", "2026-0002"] })).await.problem().1, "rule");
    program.post("/bank-accounts", json!({ "currency": "USD", "holder": "Kestrel", "iban": IBAN })).await.ok();
    let dollars = format!("2026-03-11,107.00,USD,{},,,B2,", reference("2026-0001"));
    assert_eq!(states(&program.post("/bank-statements", statement(&[dollars])).await.ok()), [("unmatched", "other_currency")]);
    assert_eq!(at.books().await, (0, 0));
}

#[tokio::test]
async fn a_statement_with_a_mistake_is_not_taken_in_at_all() {
    let at = Kestrel::new().await;
    let program = at.program().await;
    let good = row("107.00", &reference("2026-0001"), "B1");
    for (bad, said) in [
        ("2026-03-11,\"1,00\",EUR,x,,,B2,".to_owned(), "line 3, amount: “1,00” is no amount"),
        ("2026-03-11,1.00,CHF,x,,,B2,".to_owned(), "line 3: You have no bank account for CHF."),
    ] {
        let refused = program.post("/bank-statements", statement(&[good.clone(), bad])).await;
        assert_eq!(refused.problem(), (422, "fields", "/content"));
        assert!(refused.answer.text.contains(said), "{}", refused.answer.text);
    }
    let other = CAMT.replace("{reference}", &reference("2026-0001"));
    let refused = program.post("/bank-statements", json!({ "content": other })).await;
    assert!(refused.answer.text.contains("DE89370400440532013000 is not your bank account for EUR."), "{}", refused.answer.text);
    assert_eq!((program.get("/bank-entries").await.ok()["data"].clone(), at.books().await), (json!([]), (0, 0)));
    // The same of the vendor's own account is taken.
    let own = other.replace("DE89370400440532013000", IBAN);
    assert_eq!(states(&program.post("/bank-statements", json!({ "content": own, "format": "camt.053" })).await.ok()), [("matched", "")]);
    assert_eq!(at.books().await, (10_700, 0));
}

#[tokio::test]
async fn who_withholds_tax_owes_the_rest_until_the_certificate_comes() {
    let world = World::at("2026-03-10T09:00:00+07:00").await;
    let program = world.program("*").await;
    program.post("/bank-accounts", json!({ "currency": "THB", "holder": "Kestrel Co., Ltd.", "promptpay": "0994000165510" })).await.ok();
    let id = world.siam("THB").await;
    let mut desk = world.desk().await;
    invoices::charge(&mut desk, &id, 100_000, "Workshop").await.unwrap();
    desk.commit().await.unwrap();
    world.wait(Duration::seconds(1));
    portico::worker::bill::bill(&world.app, &world.vendor, world.now()).await.unwrap();
    let content = "booked_on,amount,currency,text,account\n2026-03-10,970.00,THB,invoice 2026-0001,0994000165510\n";
    let taken = program.post("/bank-statements", json!({ "content": content })).await.ok();
    assert_eq!(states(&taken), [("matched", "")], "{taken}");
    let received = program.get("/events?kind=transfer.received").await.ok();
    assert_eq!(received["data"][0]["data"]["withheld_minor"], json!(3000));
    let invoice = invoices::by_number(&mut world.desk().await, &id, "2026-0001").await.unwrap();
    assert_eq!((invoice.due_minor, invoice.paid_minor), (3000, 97_000));
    // The certificate settles it.
    let nok = world.member("nok@siam.example", &id, Role::Owner).await;
    let page = nok.browser.get("/invoices/2026-0001").await.text;
    assert!(page.contains("THB\u{202f}30.00</b> waits for the certificate of the tax you withheld") && page.contains("withhold 3 % tax?"), "{page}");
    let done = nok.browser.post("/invoices/2026-0001/withholding", &[("certificate_number", "7"), ("certificate_on", "2026-03-10")]).await;
    assert_eq!(done.status, 303, "{}", done.text);
    assert_eq!(check(&world.app).await.unwrap().broken, None);
    assert_eq!(invoices::by_number(&mut world.desk().await, &id, "2026-0001").await.unwrap().due_minor, 0);
}

#[tokio::test]
async fn whatever_is_broken_by_hand_in_transfers_is_named() {
    let at = Kestrel::new().await;
    let program = at.program().await;
    program.post("/bank-statements", statement(&[row("110.00", &reference("2026-0001"), "B1"), row("1.00", "x", "B2")])).await.ok();
    for (by, table, says) in [
        ("UPDATE transfers SET amount_minor = amount_minor + 1", "transfers", "amount_minor, as its entry has it,"),
        ("UPDATE transfers SET over_minor = 0", "transfers", "what invoices were given of it should be 11000"),
        ("UPDATE transfers SET taken_back_at = 1", "transfers", "what invoices have of it should be 0"),
        ("UPDATE bank_entries SET status = 'unmatched', reason = 'no_reference' WHERE status = 'matched'", "bank_entries", "none that stands"),
        ("UPDATE bank_entries SET status = 'matched', reason = NULL", "bank_entries", "one that stands"),
        ("UPDATE transfers SET posted_at = posted_at + 1", "transfers", "posted_at, as the ledger has it,"),
        ("UPDATE transfers SET posted_at = received_at - 1", "transfers", "at the earliest, when it came"),
        ("UPDATE transfers SET received_at = received_at + 864000000", "transfers", "2026-03-11 at the latest, when it was booked"),
        ("DELETE FROM ledger_entries WHERE subject_id LIKE 'trf_%'", "ledger_entries", "receivable posted for it"),
        ("UPDATE allocations SET transfer_id = 'trf_gone' WHERE kind = 'transfer'", "allocations", "transfer_id should be one of this vendor's transfers"),
    ] {
        let mut tx = at.world.app.db.write().await.unwrap();
        tx.run(by, ()).await.unwrap();
        let broken = portico::services::check::check_on(tx, &at.world.app).await.unwrap().broken.unwrap_or_else(|| panic!("{by}: nothing was found"));
        assert!(broken.table == table && broken.to_string().contains(says), "{by}: {broken}");
    }
    assert_eq!(at.books().await, (11_000, 300));
}
