-- The same tallies for calendar days of the customer's zone (`usage_accounts.zone`): years are read as days, not as quarters of an hour.
CREATE TABLE usage_days (
    vendor_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    meter_id TEXT NOT NULL,
    -- When the day begins in that zone.
    slot_at BIGINT NOT NULL,
    sum TEXT NOT NULL,
    count BIGINT NOT NULL,
    max TEXT,
    last_value TEXT,
    last_at BIGINT,
    last_arrival BIGINT,
    PRIMARY KEY (vendor_id, customer_id, meter_id, slot_at),
    FOREIGN KEY (vendor_id, customer_id) REFERENCES usage_accounts (vendor_id, customer_id),
    FOREIGN KEY (vendor_id, meter_id) REFERENCES meters (vendor_id, id)
);
