-- A customer on the way to the gateway to type in a card or an account, and what came of it. The address they come back to changes nothing: the
-- gateway is asked.
CREATE TABLE payment_setups (
    vendor_id TEXT NOT NULL,
    -- Also the idempotency key at the gateway.
    id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    gateway TEXT NOT NULL,
    -- What is to be kept: 'card' | 'sepa_debit'
    kind TEXT NOT NULL,
    -- The gateway's id of it; NULL until it has answered.
    reference TEXT,
    -- The method the new card takes the place of; NULL: it joins the others.
    replaces_id TEXT,
    -- 'open' | 'done' | 'failed' | 'cancelled'
    status TEXT NOT NULL,
    -- Why it failed; one of the gateway seam's decline reasons.
    decline_reason TEXT,
    -- What came of it.
    method_id TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, id),
    FOREIGN KEY (vendor_id, customer_id) REFERENCES customers (vendor_id, id),
    FOREIGN KEY (vendor_id, replaces_id) REFERENCES payment_methods (vendor_id, id),
    FOREIGN KEY (vendor_id, method_id) REFERENCES payment_methods (vendor_id, id)
);
CREATE INDEX payment_setups_open ON payment_setups (vendor_id, updated_at) WHERE status = 'open';
