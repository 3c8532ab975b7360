-- A change somebody confirmed. Until then a quote is a signed text in the page and stands nowhere here.
CREATE TABLE quotes (
    vendor_id TEXT NOT NULL,
    -- From the signed text: confirming it again finds this row.
    id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    subscription_id TEXT NOT NULL,
    -- What was signed, as JSON: request, pinned second, versions, due.
    pins TEXT NOT NULL,
    -- 'paying' (the gateway is being asked) | 'done' | 'declined'
    status TEXT NOT NULL,
    -- JSON: the answer given, for whoever confirms again.
    result TEXT,
    created_at BIGINT NOT NULL,
    finished_at BIGINT,
    PRIMARY KEY (vendor_id, id),
    FOREIGN KEY (vendor_id, customer_id) REFERENCES customers (vendor_id, id),
    FOREIGN KEY (vendor_id, subscription_id) REFERENCES subscriptions (vendor_id, id)
);
CREATE INDEX quotes_by_status ON quotes (vendor_id, status);
