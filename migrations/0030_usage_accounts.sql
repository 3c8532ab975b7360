-- One row for each customer that used anything: what a batch of usage locks, so that tallies are added up by one writer at a time.
CREATE TABLE usage_accounts (
    vendor_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    -- The number of the last event or reversal that arrived; each has its own, and later ones have higher ones.
    arrival BIGINT NOT NULL,
    -- IANA zone whose days `usage_days` keeps.
    zone TEXT NOT NULL,
    PRIMARY KEY (vendor_id, customer_id),
    FOREIGN KEY (vendor_id, customer_id) REFERENCES customers (vendor_id, id)
);
