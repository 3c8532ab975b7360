-- Tax a customer keeps back of what it pays and pays to its own tax office in the vendor's name (Thailand: 3 % of services).

-- Countries whose customers do so, and how much. Changed by replacing it; what was withheld keeps the percent it was withheld by.
CREATE TABLE withholding_rates (
    vendor_id TEXT NOT NULL REFERENCES vendors (id),
    -- ISO 3166-1 alpha-2.
    country TEXT NOT NULL,
    -- Of the amount net of tax: above 0, below 100.
    percent TEXT NOT NULL,
    PRIMARY KEY (vendor_id, country)
);

-- What was withheld of an invoice, by which certificate. An allocation settles as much of it.
CREATE TABLE withholdings (
    vendor_id TEXT NOT NULL,
    id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    invoice_id TEXT NOT NULL,
    currency TEXT NOT NULL,
    percent TEXT NOT NULL,
    -- The invoice net of tax.
    base_minor BIGINT NOT NULL,
    amount_minor BIGINT NOT NULL,
    -- The number and day of the certificate the customer made out; one certificate may be of several invoices.
    certificate_number TEXT NOT NULL,
    certificate_on TEXT NOT NULL,
    -- Billing time.
    created_at BIGINT NOT NULL,
    -- When the vendor did not accept it and why, in words for the customer; NULL: it stands. A second allocation takes the first one back.
    taken_back_at BIGINT,
    taken_back_because TEXT,
    PRIMARY KEY (vendor_id, id),
    FOREIGN KEY (vendor_id, invoice_id) REFERENCES invoices (vendor_id, id)
);
-- One stands at most.
CREATE UNIQUE INDEX withholdings_standing ON withholdings (vendor_id, invoice_id) WHERE taken_back_at IS NULL;
CREATE INDEX withholdings_by_invoice ON withholdings (vendor_id, invoice_id);
