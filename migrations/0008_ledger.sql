-- Double entry. The entries of one posting sum to zero, so the whole does.
CREATE TABLE ledger_entries (
    vendor_id TEXT NOT NULL REFERENCES vendors (id),
    id TEXT NOT NULL,
    -- The entries made together.
    posting_id TEXT NOT NULL,
    -- The engine's Account: 'receivable' | 'cash' | 'revenue' | 'tax' | 'customer_balance' | 'discounts' | 'write_offs' | 'rounding' |
    -- 'tax_withheld' | 'disputed'
    account TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    currency TEXT NOT NULL,
    -- Debit positive.
    amount_minor BIGINT NOT NULL,
    -- What it is of: an invoice, a credit note, a payment, a transfer, a dispute, a balance credit, a withholding, a write-off.
    subject_id TEXT NOT NULL,
    -- Billing time.
    posted_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, id)
);
CREATE INDEX ledger_entries_by_account ON ledger_entries (vendor_id, account, posted_at);

-- Money the vendor owes a customer ahead of invoices. What is left of a credit is its amount less the allocations that used it, and less what
-- expired.
CREATE TABLE balance_credits (
    vendor_id TEXT NOT NULL,
    id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount_minor BIGINT NOT NULL,
    -- 'credit_note' | 'granted' | 'top_up' | 'bonus' (given on top of a top-up) | 'overpayment'
    source TEXT NOT NULL,
    -- The credit note, payment or transfer it came from.
    source_id TEXT,
    description TEXT NOT NULL,
    -- Billing time from which nothing is left of it; NULL: it lasts until it is used.
    expires_at BIGINT,
    -- What had not been used by then, and is gone.
    expired_minor BIGINT NOT NULL DEFAULT 0,
    -- When its customer was told, ahead, that it expires; NULL: not yet.
    expiry_told_at BIGINT,
    -- Nothing is left of it; NULL: something is.
    used_up_at BIGINT,
    -- Order of use among those that expire together, or not at all.
    created_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, id),
    FOREIGN KEY (vendor_id, customer_id) REFERENCES customers (vendor_id, id)
);
CREATE INDEX balance_credits_left ON balance_credits (vendor_id, customer_id, currency, created_at) WHERE used_up_at IS NULL;
CREATE INDEX balance_credits_expiring ON balance_credits (vendor_id, expires_at, customer_id) WHERE used_up_at IS NULL AND expires_at IS NOT NULL;
