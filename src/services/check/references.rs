//! References: whatever a row names is there, and is the same vendor's. Foreign keys hold most of it while the program runs; a file that was
//! mended by hand, or copied in halves, has only this.

use super::{Counts, Held, broken, count};
use crate::platform::db::Tx;
use crate::services::Desk;

/// A column (beside the vendor's) that names rows of another table, and the first row that names none.
struct Reference {
    table: &'static str,
    column: &'static str,
    target: &'static str,
    astray: &'static str,
}

/// `table.column` → `target`, found by its `id`, or by another column of it.
macro_rules! reference {
    ($table:literal, $column:literal -> $target:literal) => {
        reference!($table, "id", $column -> $target, "id")
    };
    ($table:literal, $key:literal, $column:literal -> $target:literal, $named:literal) => {
        Reference {
            table: $table,
            column: $column,
            target: $target,
            astray: concat!(
                "SELECT r.", $key, ", r.", $column, " FROM ", $table, " r WHERE r.vendor_id = $1 AND r.", $column, " IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ", $target,
                " t WHERE t.vendor_id = r.vendor_id AND t.", $named, " = r.", $column, ") ORDER BY 1 LIMIT 1"
            ),
        }
    };
}

/// What stands for money and for people. What a session or a throttle names comes and goes.
const REFERENCES: &[Reference] = &[
    reference!("staff", "identity_id" -> "identities"),
    reference!("members", "customer_id" -> "customers"),
    reference!("members", "identity_id" -> "identities"),
    reference!("prices", "plan_id" -> "plans"),
    reference!("prices", "meter_id" -> "meters"),
    reference!("events", "customer_id" -> "customers"),
    reference!("subscriptions", "customer_id" -> "customers"),
    reference!("subscriptions", "plan_id" -> "plans"),
    reference!("subscriptions", "held_by" -> "quotes"),
    reference!("discounts", "subscription_id" -> "subscriptions"),
    reference!("discounts", "coupon_id" -> "coupons"),
    reference!("billed_parts", "subscription_id" -> "subscriptions"),
    reference!("billed_parts", "customer_id" -> "customers"),
    reference!("billed_parts", "id", "meter" -> "meters", "key"),
    reference!("late_usage", "customer_id", "customer_id" -> "customers", "id"),
    reference!("spend_limits", "subscription_id", "subscription_id" -> "subscriptions", "id"),
    reference!("spend_limits", "subscription_id", "customer_id" -> "customers", "id"),
    reference!("invoice_thresholds", "plan_id", "plan_id" -> "plans", "id"),
    reference!("usage_due", "subscription_id", "subscription_id" -> "subscriptions", "id"),
    reference!("usage_due", "subscription_id", "customer_id" -> "customers", "id"),
    reference!("invoices", "customer_id" -> "customers"),
    reference!("invoices", "subscription_id" -> "subscriptions"),
    reference!("invoice_lines", "invoice_id" -> "invoices"),
    reference!("invoice_lines", "subscription_id" -> "subscriptions"),
    reference!("invoice_lines", "credits_line_id" -> "invoice_lines"),
    reference!("pending_lines", "customer_id" -> "customers"),
    reference!("pending_lines", "subscription_id" -> "subscriptions"),
    reference!("allocations", "invoice_id" -> "invoices"),
    reference!("allocations", "payment_id" -> "payments"),
    reference!("allocations", "transfer_id" -> "transfers"),
    reference!("allocations", "dispute_id" -> "disputes"),
    reference!("disputes", "payment_id" -> "payments"),
    reference!("disputes", "customer_id" -> "customers"),
    reference!("transfers", "entry_id" -> "bank_entries"),
    reference!("transfers", "customer_id" -> "customers"),
    reference!("allocations", "write_off_id" -> "write_offs"),
    reference!("write_offs", "customer_id" -> "customers"),
    reference!("write_offs", "invoice_id" -> "invoices"),
    reference!("allocations", "balance_credit_id" -> "balance_credits"),
    reference!("allocations", "credit_note_id" -> "invoices"),
    reference!("credited_invoices", "credit_note_id", "credit_note_id" -> "invoices", "id"),
    reference!("credited_invoices", "credit_note_id", "invoice_id" -> "invoices", "id"),
    reference!("ledger_entries", "customer_id" -> "customers"),
    reference!("balance_credits", "customer_id" -> "customers"),
    reference!("quotes", "customer_id" -> "customers"),
    reference!("quotes", "subscription_id" -> "subscriptions"),
    reference!("payment_methods", "customer_id" -> "customers"),
    reference!("payment_setups", "customer_id" -> "customers"),
    reference!("payment_setups", "method_id" -> "payment_methods"),
    reference!("payments", "customer_id" -> "customers"),
    reference!("payments", "invoice_id" -> "invoices"),
    reference!("payments", "quote_id" -> "quotes"),
    reference!("payments", "purchase_id" -> "purchases"),
    reference!("payments", "method_id" -> "payment_methods"),
    reference!("purchases", "customer_id" -> "customers"),
    reference!("purchases", "product_id" -> "products"),
    reference!("purchases", "invoice_id" -> "invoices"),
    reference!("product_prices", "product_id", "product_id" -> "products", "id"),
    reference!("automatic_top_ups", "customer_id", "method_id" -> "payment_methods", "id"),
    reference!("dunning_cases", "customer_id" -> "customers"),
    reference!("dunning_cases", "invoice_id" -> "invoices"),
    reference!("dunning_decisions", "case_id" -> "dunning_cases"),
    reference!("refunds", "customer_id" -> "customers"),
    reference!("refunds", "credit_note_id" -> "invoices"),
    reference!("refunds", "invoice_id" -> "invoices"),
    reference!("refunds", "payment_id" -> "payments"),
    reference!("refunds", "purchase_id" -> "purchases"),
    reference!("balance_returns", "balance_credit_id" -> "balance_credits"),
    reference!("balance_returns", "refund_id" -> "refunds"),
    reference!("balance_returns", "dispute_id" -> "disputes"),
    reference!("usage_accounts", "customer_id", "customer_id" -> "customers", "id"),
    reference!("usage_event_ids", "id", "customer_id" -> "usage_accounts", "customer_id"),
    reference!("usage_events", "customer_id", "customer_id" -> "usage_accounts", "customer_id"),
    reference!("usage_events", "customer_id", "meter_id" -> "meters", "id"),
    reference!("usage_buckets", "customer_id", "meter_id" -> "meters", "id"),
    reference!("invoice_pdfs", "invoice_id", "invoice_id" -> "invoices", "id"),
];

pub(super) async fn hold(desk: &mut Desk, counts: &mut Counts) -> Held {
    for reference in REFERENCES {
        let astray: Option<(String, String)> = desk.tx.opt(reference.astray, (desk.vendor.id.clone(),)).await?;
        if let Some((id, named)) = astray {
            return Err(broken(reference.table, &id, reference.column, format!("one of this vendor's {}", reference.target), named));
        }
        count(counts, "references");
    }
    Ok(())
}

/// A table of the books, and its first row of a vendor that is not there.
macro_rules! orphans {
    ($($table:literal),* $(,)?) => {
        [$((
            $table,
            concat!("SELECT r.id, r.vendor_id FROM ", $table, " r WHERE NOT EXISTS (SELECT 1 FROM vendors v WHERE v.id = r.vendor_id) ORDER BY 1 LIMIT 1"),
        )),*]
    };
}

/// Every row of the books belongs to a vendor that is there: what belongs to none is seen by nobody else.
pub(super) async fn vendors_exist(tx: &mut Tx) -> Held {
    let tables = orphans![
        "identities",
        "customers",
        "plans",
        "coupons",
        "events",
        "outbox",
        "subscriptions",
        "invoices",
        "invoice_lines",
        "allocations",
        "ledger_entries",
        "balance_credits",
        "balance_returns",
        "payments",
        "purchases",
        "refunds",
        "bank_entries",
        "transfers",
        "disputes",
        "write_offs",
    ];
    for (table, sql) in tables {
        let orphan: Option<(String, String)> = tx.opt(sql, ()).await?;
        if let Some((id, vendor)) = orphan {
            return Err(broken(table, &id, "vendor_id", "a vendor that is there", vendor));
        }
    }
    Ok(())
}
