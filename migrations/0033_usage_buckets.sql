-- Usage of each quarter of an hour, kept with every batch. Every zone's days and hours begin on one.
CREATE TABLE usage_buckets (
    vendor_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    meter_id TEXT NOT NULL,
    -- When the quarter begins.
    slot_at BIGINT NOT NULL,
    -- Decimals over the quarter's events; `max` and `last_value` NULL where a reversal left none.
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

-- The values a `unique` meter saw in a slot, and how often: a reversal takes one away.
CREATE TABLE usage_values (
    vendor_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    meter_id TEXT NOT NULL,
    slot_at BIGINT NOT NULL,
    value TEXT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, customer_id, meter_id, slot_at, value),
    FOREIGN KEY (vendor_id, customer_id) REFERENCES usage_accounts (vendor_id, customer_id),
    FOREIGN KEY (vendor_id, meter_id) REFERENCES meters (vendor_id, id)
);
