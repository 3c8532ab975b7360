-- One charge: written and committed before the gateway is called, so that its id can be the idempotency key.
CREATE TABLE payments (
    vendor_id TEXT NOT NULL,
    id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    -- What it pays: exactly one of the three. A quote's payment comes before the change it pays for, and the invoice with the change; a
    -- purchase's before what it buys.
    invoice_id TEXT,
    quote_id TEXT,
    purchase_id TEXT,
    -- The n-th try to pay it, counted from 1.
    position BIGINT NOT NULL,
    method_id TEXT NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    -- 'created' (row only) → 'processing' (the gateway was called, or is about to be) → 'succeeded' | 'declined' | 'needs_action' (the customer
    -- must answer their bank, then any of the others) | 'cancelled' (given up before money moved)
    status TEXT NOT NULL,
    decline_reason TEXT,
    -- Where the customer answers their bank, while 'needs_action'.
    action_url TEXT,
    gateway TEXT NOT NULL,
    -- The gateway's id of it.
    reference TEXT,
    -- What the gateway says it charged instead of what it was asked for; NULL: nothing else. Nothing of it is booked, and the payment stays
    -- under way until that was given back there.
    instead_minor BIGINT,
    instead_currency TEXT,
    -- How often the gateway was called for it, always with the same key.
    attempts BIGINT NOT NULL,
    -- Billing time until which nothing is to be done about it by itself: one that was announced is sent then, one on its way at the bank is
    -- likely decided by then. NULL: it is not waited for.
    wait_until BIGINT,
    -- Billing time it belongs to, then wall times.
    paid_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    -- Wall time from which the gateway is asked what became of it, while it is under way: the longer it is, the less often.
    ask_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, id),
    CHECK (CASE WHEN invoice_id IS NULL THEN 0 ELSE 1 END + CASE WHEN quote_id IS NULL THEN 0 ELSE 1 END + CASE WHEN purchase_id IS NULL THEN 0 ELSE 1 END = 1),
    CHECK (amount_minor > 0),
    FOREIGN KEY (vendor_id, customer_id) REFERENCES customers (vendor_id, id),
    FOREIGN KEY (vendor_id, invoice_id) REFERENCES invoices (vendor_id, id),
    FOREIGN KEY (vendor_id, method_id) REFERENCES payment_methods (vendor_id, id)
);
CREATE INDEX payments_by_customer ON payments (vendor_id, customer_id, id);
CREATE UNIQUE INDEX payments_by_invoice ON payments (vendor_id, invoice_id, position);
CREATE UNIQUE INDEX payments_by_quote ON payments (vendor_id, quote_id, position);
CREATE UNIQUE INDEX payments_by_purchase ON payments (vendor_id, purchase_id, position);
-- What may still take money blocks a second try: one at a time for each thing paid, whatever arrives together.
CREATE UNIQUE INDEX payments_one_open_an_invoice ON payments (vendor_id, invoice_id) WHERE status IN ('created', 'processing', 'needs_action');
CREATE UNIQUE INDEX payments_one_open_a_quote ON payments (vendor_id, quote_id) WHERE status IN ('created', 'processing', 'needs_action');
CREATE UNIQUE INDEX payments_one_open_a_purchase ON payments (vendor_id, purchase_id) WHERE status IN ('created', 'processing', 'needs_action');
CREATE INDEX payments_by_reference ON payments (vendor_id, reference);
CREATE INDEX payments_under_way ON payments (vendor_id, ask_at) WHERE status IN ('created', 'processing', 'needs_action');
CREATE INDEX payments_expected ON payments (vendor_id, wait_until) WHERE status IN ('created', 'processing') AND wait_until IS NOT NULL;
