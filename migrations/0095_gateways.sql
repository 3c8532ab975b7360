-- A vendor's account at a payment gateway. Without a row a sandbox pays at the built-in sandbox, and any other vendor not at all.
CREATE TABLE gateway_connections (
    vendor_id TEXT NOT NULL REFERENCES vendors (id),
    -- 'stripe'. One a vendor: the first in the key is all there may be.
    gateway TEXT NOT NULL,
    -- Scheme and host its API is asked at, without a trailing slash.
    api_base TEXT NOT NULL,
    -- For browsers: no secret.
    publishable_key TEXT NOT NULL,
    -- Sealed under PORTICO_KEY, purpose 'gateway'.
    secret_key TEXT NOT NULL,
    -- What people know the secret key by: its kind and its last four characters.
    key_hint TEXT NOT NULL,
    -- Sealed likewise; NULL until the gateway has been told our address.
    webhook_secret TEXT,
    -- 'page' (cards are typed in on the gateway's page) | 'fields' (in its fields within ours, where script runs)
    card_entry TEXT NOT NULL,
    -- Wall times.
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, gateway)
);

-- Who our customers are at a gateway that keeps methods by customer.
CREATE TABLE gateway_customers (
    vendor_id TEXT NOT NULL,
    gateway TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    -- The gateway's id.
    reference TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, gateway, customer_id),
    FOREIGN KEY (vendor_id, customer_id) REFERENCES customers (vendor_id, id)
);

-- What a gateway told us by itself, by the gateway's id: told again, it is known. Kept while it may be told again.
CREATE TABLE gateway_notices (
    vendor_id TEXT NOT NULL REFERENCES vendors (id),
    gateway TEXT NOT NULL,
    notice_id TEXT NOT NULL,
    -- The gateway's name of what happened, such as 'payment_intent.succeeded'.
    kind TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, gateway, notice_id)
);
CREATE INDEX gateway_notices_by_age ON gateway_notices (vendor_id, received_at);
