-- Keys of vendors' programs. The key itself is shown once, when it is made.
CREATE TABLE api_keys (
    vendor_id TEXT NOT NULL REFERENCES vendors (id),
    id TEXT NOT NULL,
    -- What it is for, in the vendor's words.
    name TEXT NOT NULL,
    -- What it is known by: its beginning and its last four characters, 'pk_test_…Qx7A'.
    hint TEXT NOT NULL,
    -- SHA-256 of the key, hex: 256 random bits need no slow hash.
    secret_hash TEXT NOT NULL UNIQUE,
    -- 'customers:read usage:write', or '*'.
    scopes TEXT NOT NULL,
    -- Wall times. Last use is kept at most once a minute.
    last_used_at BIGINT,
    created_at BIGINT NOT NULL,
    -- It opens nothing from then on: revoked, or replaced and at its end; NULL: goes on.
    ends_at BIGINT,
    -- The key that was made in its place.
    replaced_by TEXT,
    PRIMARY KEY (vendor_id, id)
);

-- Changes asked for over the API, by the key their sender gave them: asked twice, done once, answered alike.
CREATE TABLE idempotent_requests (
    vendor_id TEXT NOT NULL REFERENCES vendors (id),
    -- The sender's Idempotency-Key.
    key TEXT NOT NULL,
    -- SHA-256 over method, path and body, hex.
    request_hash TEXT NOT NULL,
    -- Who is at it: the id of the claim that holds it until then.
    claim TEXT NOT NULL,
    claimed_until BIGINT NOT NULL,
    -- Status and body that were answered, sealed under PORTICO_KEY; NULL: not answered yet.
    answer TEXT,
    -- Wall time.
    created_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, key)
);
CREATE INDEX idempotent_requests_by_age ON idempotent_requests (vendor_id, created_at);

-- Pages of lists, the newest first.
CREATE INDEX invoices_by_customer_and_id ON invoices (vendor_id, customer_id, id);
