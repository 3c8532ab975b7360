-- The same tallies for calendar months of the customer's zone: ten years are read as months.
CREATE TABLE usage_months (
    vendor_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    meter_id TEXT NOT NULL,
    -- When the month begins in that zone.
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

-- Whether `usage_months` holds all of the customer's usage. What was there before this step is added up with its next batch (decimals
-- are not added in SQL) and read as days until then.
ALTER TABLE usage_accounts ADD COLUMN has_months BOOLEAN NOT NULL DEFAULT FALSE;
