-- Customers whose invoice fell due and was not issued, because it would lack what the law of the vendor's country wants on it. What it is
-- made of goes on waiting where it was; every billing run tries again, and the row goes with the invoice that is issued.
CREATE TABLE held_invoices (
    vendor_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    -- What is missing: JSON array of services::invoices::required::Lacking.
    lacking TEXT NOT NULL,
    -- Billing time of the first try.
    since_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, customer_id),
    FOREIGN KEY (vendor_id, customer_id) REFERENCES customers (vendor_id, id)
);
