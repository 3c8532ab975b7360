//! How long it takes with much: a backup of many invoices restored and checked. Few of them in every run; the figure of README.md comes from
//!
//! ```text
//! SAFEKEEPING_INVOICES=100000 cargo test --test app safekeeping::load -- --nocapture
//! ```

use std::time::{Duration, Instant};

use portico::platform::backup;
use portico::platform::db::Many;
use portico::services::Desk;
use portico::services::check::check;
use portico::services::invoices::{chain, number_in};

use crate::nordlicht::Nordlicht;
use crate::world::Bare;

const SERIES: &str = "invoice:2026";
/// The target of 100,000 invoices.
const AT_MOST: Duration = Duration::from_secs(300);

static DOCUMENTS: Many = Many {
    before: "INSERT INTO invoices (vendor_id, id, customer_id, kind, number, series, position, reason, subscription_id, currency, total_minor, issued_at, due_at, settled_at,
                document, hash, search)
             SELECT i.vendor_id, n.column1, i.customer_id, i.kind, n.column2, i.series, n.column3, i.reason, i.subscription_id, i.currency, i.total_minor, i.issued_at, i.due_at,
                i.settled_at, n.column4, n.column5, i.search
             FROM (VALUES",
    columns: 5,
    after: ") n CROSS JOIN invoices i WHERE i.vendor_id = 'ven_kestrel' AND i.number = '2026-0001'",
    of_each: false,
};

/// What stands around each document, as it stands around the first: its lines, its payment, what that settles and posts, and the events. Ids
/// sort as they were made, as all do.
const AROUND: [&str; 5] = [
    "WITH RECURSIVE n (i) AS (SELECT CAST(2 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < $1)
     INSERT INTO invoice_lines (vendor_id, id, invoice_id, position, kind, subscription_id, plan, add_on, price, name, quantity, amount_minor, discount_minor, tax, from_at, to_at,
        period_start_at, period_end_at, explain, price_rule)
     SELECT l.vendor_id, l.id || '-' || CAST(n.i + 1000000 AS TEXT), l.invoice_id || '-' || CAST(n.i + 1000000 AS TEXT), l.position, l.kind, l.subscription_id, l.plan, l.add_on, l.price, l.name,
        l.quantity, l.amount_minor, l.discount_minor, l.tax, l.from_at, l.to_at, l.period_start_at, l.period_end_at, l.explain, l.price_rule
     FROM invoice_lines l JOIN invoices i ON i.vendor_id = l.vendor_id AND i.id = l.invoice_id CROSS JOIN n WHERE i.number = '2026-0001'",
    "WITH RECURSIVE n (i) AS (SELECT CAST(2 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < $1)
     INSERT INTO payments (vendor_id, id, customer_id, invoice_id, position, method_id, round, amount_minor, currency, status, gateway, reference, attempts, paid_at, created_at, updated_at,
        ask_at)
     SELECT p.vendor_id, p.id || '-' || CAST(n.i + 1000000 AS TEXT), p.customer_id, p.invoice_id || '-' || CAST(n.i + 1000000 AS TEXT), p.position, p.method_id, p.round, p.amount_minor, p.currency,
        p.status, p.gateway, p.reference || '-' || CAST(n.i + 1000000 AS TEXT), p.attempts, p.paid_at, p.created_at, p.updated_at, p.ask_at
     FROM payments p CROSS JOIN n",
    "WITH RECURSIVE n (i) AS (SELECT CAST(2 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < $1)
     INSERT INTO allocations (vendor_id, id, invoice_id, kind, amount_minor, payment_id, allocated_at)
     SELECT a.vendor_id, a.id || '-' || CAST(n.i + 1000000 AS TEXT), a.invoice_id || '-' || CAST(n.i + 1000000 AS TEXT), a.kind, a.amount_minor, a.payment_id || '-' || CAST(n.i + 1000000 AS TEXT), a.allocated_at
     FROM allocations a CROSS JOIN n",
    "WITH RECURSIVE n (i) AS (SELECT CAST(2 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < $1)
     INSERT INTO ledger_entries (vendor_id, id, posting_id, account, customer_id, currency, amount_minor, subject_id, posted_at)
     SELECT e.vendor_id, e.id || '-' || CAST(n.i + 1000000 AS TEXT), e.posting_id || '-' || CAST(n.i + 1000000 AS TEXT), e.account, e.customer_id, e.currency, e.amount_minor,
        e.subject_id || '-' || CAST(n.i + 1000000 AS TEXT), e.posted_at
     FROM ledger_entries e CROSS JOIN n",
    "WITH RECURSIVE n (i) AS (SELECT CAST(2 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < $1)
     INSERT INTO events (vendor_id, id, kind, version, customer_id, subject_id, actor, data, happened_at, recorded_at)
     SELECT e.vendor_id, e.id || '-' || CAST(n.i + 1000000 AS TEXT), e.kind, e.version, e.customer_id, e.subject_id || '-' || CAST(n.i + 1000000 AS TEXT), e.actor, e.data, e.happened_at, e.recorded_at
     FROM events e CROSS JOIN n WHERE e.kind IN ('invoice.issued', 'invoice.paid', 'payment.succeeded')",
];

/// The one paid invoice there is, so many times: numbered, frozen and chained as issuing does.
async fn multiply(desk: &mut Desk, number: i64) {
    let (id, document, mut hash): (String, String, String) =
        desk.tx.one("SELECT id, document, hash FROM invoices WHERE vendor_id = $1", (desk.vendor.id.clone(),)).await.unwrap();
    let lines: Vec<(String,)> = desk.tx.all("SELECT id FROM invoice_lines WHERE vendor_id = $1", (desk.vendor.id.clone(),)).await.unwrap();
    let mut rows = Vec::new();
    for n in 2..=number {
        let own = number_in(SERIES, n).unwrap();
        let numbered = document.replace("\"number\":\"2026-0001\"", &format!("\"number\":\"{own}\""));
        let text = lines.iter().fold(numbered, |text, (line,)| text.replace(line.as_str(), &format!("{line}-{}", n + 1_000_000)));
        hash = chain(&hash, &text);
        rows.push((format!("{id}-{}", n + 1_000_000), own, n, text, hash.clone()));
        if rows.len() == 2_048 || n == number {
            desk.tx.run_of(&DOCUMENTS, std::mem::take(&mut rows)).await.unwrap();
        }
    }
    for sql in AROUND {
        desk.tx.run(sql, (number,)).await.unwrap();
    }
    desk.tx.run("UPDATE number_series SET last = $2, last_hash = $3 WHERE vendor_id = $1", (desk.vendor.id.clone(), number, hash)).await.unwrap();
}

#[tokio::test]
async fn many_invoices_are_restored_and_checked_within_five_minutes() {
    let number: i64 = std::env::var("SAFEKEEPING_INVOICES").map_or(300, |number| number.parse().unwrap());
    let at = Nordlicht::new().await;
    let mut desk = at.desk().await;
    multiply(&mut desk, number).await;
    desk.commit().await.unwrap();

    let bare = Bare::new().await;
    let file = bare.app.config.data.join("many.backup");
    let begun = Instant::now();
    let held = backup::write(&at.world.app.db, &file, at.world.now()).await.unwrap();
    let written = begun.elapsed();
    let begun = Instant::now();
    backup::restore(&bare.app.db, &backup::verify(&file).unwrap()).await.unwrap();
    let restored = begun.elapsed();
    bare.app.reload_vendors().await.unwrap();
    let report = check(&bare.app).await.unwrap();
    let all = begun.elapsed();

    assert_eq!((report.broken.clone(), report.checked["documents"]), (None, u64::try_from(number).unwrap()), "{report}");
    let bytes = std::fs::metadata(&file).unwrap().len();
    eprintln!("{number} invoices, {held}, {bytes} bytes: backup {written:.1?}, restore {restored:.1?}, with check {all:.1?}");
    assert!(all < AT_MOST, "{all:?}");
}
