-- What was due of an invoice and is not asked for any more. An allocation of as much settles it; where money comes after all, or the invoice is
-- credited, as much of it below zero takes that back. What of it stands is their sum.
CREATE TABLE write_offs (
    vendor_id TEXT NOT NULL,
    id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    invoice_id TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount_minor BIGINT NOT NULL,
    -- Who did it: 'dunning' (the grace was over) | 'vendor'; and why, in the vendor's words, which are for nobody else.
    written_off_by TEXT NOT NULL,
    because TEXT NOT NULL,
    -- Billing time.
    written_off_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, id),
    CHECK (amount_minor > 0),
    FOREIGN KEY (vendor_id, customer_id) REFERENCES customers (vendor_id, id),
    FOREIGN KEY (vendor_id, invoice_id) REFERENCES invoices (vendor_id, id)
);
CREATE INDEX write_offs_by_invoice ON write_offs (vendor_id, invoice_id, id);

-- How many days before a long period renews its customer is told. No row: as a vendor begins (services/subscriptions/renewals.rs).
CREATE TABLE renewal_notices (
    vendor_id TEXT NOT NULL REFERENCES vendors (id),
    -- 'year' (a period of a year or longer) | 'shorter' (from a quarter up to a year)
    period TEXT NOT NULL,
    -- 0: not told.
    days BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, period)
);
