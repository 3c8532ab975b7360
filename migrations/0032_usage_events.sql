-- Usage as it was sent. Read where a boundary cuts a 15-minute slot, and to rebuild a slot; sums are read from `usage_buckets`.
CREATE TABLE usage_events (
    vendor_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    meter_id TEXT NOT NULL,
    -- The period an event counts in follows from this, never from its arrival.
    happened_at BIGINT NOT NULL,
    -- See `usage_accounts`. Of two events of one instant, the later arrival is the `last`.
    arrival BIGINT NOT NULL,
    -- Decimal; '0' where the meter reads none.
    quantity TEXT NOT NULL,
    -- What a `unique` meter counts the kinds of.
    value TEXT,
    -- Billing time at which it arrived.
    arrived_at BIGINT NOT NULL,
    -- Counts no longer.
    is_reversed BOOLEAN NOT NULL,
    PRIMARY KEY (vendor_id, customer_id, meter_id, happened_at, arrival),
    FOREIGN KEY (vendor_id, customer_id) REFERENCES usage_accounts (vendor_id, customer_id),
    FOREIGN KEY (vendor_id, meter_id) REFERENCES meters (vendor_id, id)
);
