-- Of a payment nobody asked for: the n-th time its invoice is collected by itself, counted from 1; in a round each method that is charged by
-- itself has one try. NULL: the customer pays.
ALTER TABLE payments ADD COLUMN round BIGINT;

-- Money on its way back to the payment it came by: from a credit note, to a payment that paid the invoice; or of a purchase, what is left of the
-- credit that it gave. Written with the credit note, or as the credit leaves the balance, before the gateway is called.
CREATE TABLE refunds (
    vendor_id TEXT NOT NULL,
    -- Also the idempotency key at the gateway.
    id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    -- The first two, or the third.
    credit_note_id TEXT,
    invoice_id TEXT,
    purchase_id TEXT,
    -- What it gives back part or all of.
    payment_id TEXT NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    -- 'created' (the gateway is called until it has decided) → 'succeeded' | 'refused' (it can't go back this way: it is in the balance)
    status TEXT NOT NULL,
    -- The gateway's id of it; NULL until it has answered.
    reference TEXT,
    -- How often the gateway was called for it, always with the same key.
    attempts BIGINT NOT NULL,
    -- Wall times.
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, id),
    UNIQUE (vendor_id, credit_note_id, payment_id),
    CHECK (amount_minor > 0),
    CHECK ((credit_note_id IS NULL) = (invoice_id IS NULL) AND (credit_note_id IS NULL) <> (purchase_id IS NULL)),
    FOREIGN KEY (vendor_id, customer_id) REFERENCES customers (vendor_id, id),
    FOREIGN KEY (vendor_id, credit_note_id) REFERENCES invoices (vendor_id, id),
    FOREIGN KEY (vendor_id, invoice_id) REFERENCES invoices (vendor_id, id),
    FOREIGN KEY (vendor_id, payment_id) REFERENCES payments (vendor_id, id)
);
CREATE INDEX refunds_by_payment ON refunds (vendor_id, payment_id);
