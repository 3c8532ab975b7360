-- Ten codes for the day the authenticator is lost; each works once.
CREATE TABLE recovery_codes (
    vendor_id TEXT NOT NULL,
    identity_id TEXT NOT NULL,
    -- HMAC-SHA-256 under a key derived from PORTICO_KEY, its key's name in front: the database alone verifies nothing.
    code_hash TEXT NOT NULL,
    used_at BIGINT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, identity_id, code_hash),
    FOREIGN KEY (vendor_id, identity_id) REFERENCES identities (vendor_id, id)
);

-- Links that work once: opening one changes nothing, only its form does.
CREATE TABLE links (
    vendor_id TEXT NOT NULL,
    id TEXT NOT NULL,
    identity_id TEXT NOT NULL,
    -- 'invitation' | 'reset'
    kind TEXT NOT NULL,
    -- SHA-256 of the token, hex.
    token_hash TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (vendor_id, id),
    FOREIGN KEY (vendor_id, identity_id) REFERENCES identities (vendor_id, id)
);
CREATE INDEX links_by_identity ON links (vendor_id, identity_id, kind);

-- Failures in a row, by what was tried, on whose account and from where: see identity/throttle.rs.
CREATE TABLE throttles (
    vendor_id TEXT NOT NULL REFERENCES vendors (id),
    -- SHA-256 of factor, account and place: accounts that do not exist are counted too, and are not to be read here.
    bucket TEXT NOT NULL,
    failures BIGINT NOT NULL,
    -- Wall time before which no further attempt is looked at.
    blocked_until BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, bucket)
);
