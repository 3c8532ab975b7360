-- A link that a vendor's program made: it opens the portal once, to look, for a member. The token is in the link only.
CREATE TABLE portal_sessions (
    vendor_id TEXT NOT NULL,
    id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    identity_id TEXT NOT NULL,
    -- SHA-256 of the token, hex.
    token_hash TEXT NOT NULL UNIQUE,
    -- Wall times.
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- NULL: it was not used yet.
    opened_at BIGINT,
    PRIMARY KEY (vendor_id, id),
    FOREIGN KEY (vendor_id, customer_id) REFERENCES customers (vendor_id, id),
    FOREIGN KEY (vendor_id, identity_id) REFERENCES identities (vendor_id, id)
);
