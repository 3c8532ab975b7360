-- The ids usage events were sent with, once each: what makes sending twice harmless.
CREATE TABLE usage_event_ids (
    vendor_id TEXT NOT NULL,
    -- The sender's id, unique for the vendor.
    id TEXT NOT NULL,
    -- SHA-256 over what was sent, base64: the same id with other content is refused.
    content TEXT NOT NULL,
    -- With the next three, where the event stands in `usage_events`.
    customer_id TEXT NOT NULL,
    meter_id TEXT NOT NULL,
    happened_at BIGINT NOT NULL,
    arrival BIGINT NOT NULL,
    -- Wall time.
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, id),
    FOREIGN KEY (vendor_id, customer_id) REFERENCES usage_accounts (vendor_id, customer_id)
);
