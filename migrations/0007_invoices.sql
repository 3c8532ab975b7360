-- Counts the numbers of one series without a gap: the row is locked by the transaction that issues.
CREATE TABLE number_series (
    vendor_id TEXT NOT NULL REFERENCES vendors (id),
    -- 'invoice:2026', 'credit_note:2026'
    key TEXT NOT NULL,
    -- The last number given.
    last BIGINT NOT NULL,
    -- Hash of the last document of the series; the next one's hash covers it. Hex.
    last_hash TEXT NOT NULL,
    PRIMARY KEY (vendor_id, key)
);

-- Issued documents: invoices and credit notes. Nothing here is a draft (what comes next is computed when asked), and nothing but
-- `settled_at` and `ended_as` ever changes.
CREATE TABLE invoices (
    vendor_id TEXT NOT NULL,
    id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    -- 'invoice' (total of zero or more) | 'credit_note' (total below zero)
    kind TEXT NOT NULL,
    -- '2026-0001', 'CN-2026-0001': unique and gapless within its series.
    number TEXT NOT NULL,
    series TEXT NOT NULL,
    position BIGINT NOT NULL,
    -- 'start' | 'cycle' | 'change' | 'final' | 'threshold' | 'manual'
    reason TEXT NOT NULL,
    -- The one subscription all lines belong to; NULL: several, or none.
    subscription_id TEXT,
    currency TEXT NOT NULL,
    total_minor BIGINT NOT NULL,
    -- Billing time.
    issued_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    -- When nothing was due of it any more; NULL: open. What is due is the total less its allocations.
    settled_at BIGINT,
    -- 'void' | 'uncollectible' (what was due of it is written off); NULL: neither.
    ended_as TEXT,
    -- Everything the page and the PDF show, frozen: services::invoices::snapshot as JSON.
    document TEXT NOT NULL,
    -- SHA-256 over the hash before it in the series and the document; hex.
    hash TEXT NOT NULL,
    -- What a customer's search finds it by: number, line names and purchase order, lower-cased.
    search TEXT NOT NULL,
    PRIMARY KEY (vendor_id, id),
    UNIQUE (vendor_id, number),
    UNIQUE (vendor_id, series, position),
    FOREIGN KEY (vendor_id, customer_id) REFERENCES customers (vendor_id, id)
);
CREATE INDEX invoices_by_customer ON invoices (vendor_id, customer_id, issued_at);
CREATE INDEX invoices_open ON invoices (vendor_id, customer_id, due_at) WHERE settled_at IS NULL;

-- The lines of issued documents, as billing reckons on with them.
CREATE TABLE invoice_lines (
    vendor_id TEXT NOT NULL,
    id TEXT NOT NULL,
    invoice_id TEXT NOT NULL,
    position BIGINT NOT NULL,
    -- The engine's LineKind.
    kind TEXT NOT NULL,
    subscription_id TEXT,
    plan TEXT,
    add_on TEXT,
    -- The price's key within its plan or add-on.
    price TEXT,
    name TEXT NOT NULL,
    quantity TEXT NOT NULL,
    -- Before discount; gross where prices include tax; credits are negative.
    amount_minor BIGINT NOT NULL,
    discount_minor BIGINT NOT NULL,
    -- The rates on it and its share of each one's tax: JSON array of the engine's LineTax.
    tax TEXT NOT NULL,
    from_at BIGINT,
    to_at BIGINT,
    -- The subscription's period it belongs to.
    period_start_at BIGINT,
    period_end_at BIGINT,
    -- The line this one takes back.
    credits_line_id TEXT,
    -- The engine's Explain as JSON.
    explain TEXT NOT NULL,
    -- The engine's Price it was charged at, as JSON; NULL for a one-off.
    price_rule TEXT,
    PRIMARY KEY (vendor_id, id),
    UNIQUE (vendor_id, invoice_id, position),
    FOREIGN KEY (vendor_id, invoice_id) REFERENCES invoices (vendor_id, id),
    FOREIGN KEY (vendor_id, credits_line_id) REFERENCES invoice_lines (vendor_id, id)
);
CREATE INDEX invoice_lines_by_subscription ON invoice_lines (vendor_id, subscription_id, to_at);
CREATE INDEX invoice_lines_by_credited ON invoice_lines (vendor_id, credits_line_id) WHERE credits_line_id IS NOT NULL;

-- What waits for the next document of its customer and currency: one-offs, and changes settled later.
CREATE TABLE pending_lines (
    vendor_id TEXT NOT NULL,
    -- Becomes the id of the invoice line.
    id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    subscription_id TEXT,
    currency TEXT NOT NULL,
    -- Order among the customer's lines that wait.
    position BIGINT NOT NULL,
    -- The engine's Line as JSON, with the discount and tax it would have today; and the Price it is charged at.
    line TEXT NOT NULL,
    price_rule TEXT,
    -- Invoiced by itself at this instant; NULL: waits for the next document.
    due_at BIGINT,
    -- Advance fees of a period whose predecessor still waits for usage: only together with what closes at this instant.
    closes_at BIGINT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, id),
    FOREIGN KEY (vendor_id, customer_id) REFERENCES customers (vendor_id, id)
);
CREATE INDEX pending_lines_by_customer ON pending_lines (vendor_id, customer_id);
CREATE INDEX pending_lines_due ON pending_lines (vendor_id, due_at, customer_id) WHERE due_at IS NOT NULL;

-- What settles an invoice. Paid is the sum of these and stands nowhere else.
CREATE TABLE allocations (
    vendor_id TEXT NOT NULL,
    id TEXT NOT NULL,
    invoice_id TEXT NOT NULL,
    -- 'payment' | 'transfer' (to the vendor's bank account) | 'dispute' (one that was lost) | 'balance' | 'credit_note' | 'withholding' | 'write_off'
    kind TEXT NOT NULL,
    -- Less is due by so much; negative where it was taken back, or disputed and lost.
    amount_minor BIGINT NOT NULL,
    -- What it came from, by kind.
    payment_id TEXT,
    transfer_id TEXT,
    dispute_id TEXT,
    balance_credit_id TEXT,
    credit_note_id TEXT,
    withholding_id TEXT,
    write_off_id TEXT,
    allocated_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, id),
    FOREIGN KEY (vendor_id, invoice_id) REFERENCES invoices (vendor_id, id),
    FOREIGN KEY (vendor_id, credit_note_id) REFERENCES invoices (vendor_id, id)
);
CREATE INDEX allocations_by_invoice ON allocations (vendor_id, invoice_id);
CREATE INDEX allocations_by_transfer ON allocations (vendor_id, transfer_id) WHERE transfer_id IS NOT NULL;
CREATE INDEX allocations_by_write_off ON allocations (vendor_id, write_off_id) WHERE write_off_id IS NOT NULL;
CREATE INDEX allocations_by_balance_credit ON allocations (vendor_id, balance_credit_id) WHERE balance_credit_id IS NOT NULL;
-- A payment settles an invoice once, however often its success is told.
CREATE UNIQUE INDEX allocations_by_payment ON allocations (vendor_id, payment_id, invoice_id) WHERE payment_id IS NOT NULL;

-- Which invoices a credit note corrects, and money of it that goes back by the method that paid.
CREATE TABLE credited_invoices (
    vendor_id TEXT NOT NULL,
    credit_note_id TEXT NOT NULL,
    invoice_id TEXT NOT NULL,
    -- To be given back by the payment method; 0: the credit lowered what was due or went into the balance.
    refund_minor BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, credit_note_id, invoice_id),
    FOREIGN KEY (vendor_id, credit_note_id) REFERENCES invoices (vendor_id, id),
    FOREIGN KEY (vendor_id, invoice_id) REFERENCES invoices (vendor_id, id)
);
CREATE INDEX credited_invoices_by_invoice ON credited_invoices (vendor_id, invoice_id);
