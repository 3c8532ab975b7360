-- A signed-in browser. The token itself is only in its cookie.
CREATE TABLE sessions (
    vendor_id TEXT NOT NULL,
    -- Public name of the session, the same over its life; the token changes at each change of privilege.
    id TEXT NOT NULL,
    identity_id TEXT NOT NULL,
    -- SHA-256 of the token, hex.
    token_hash TEXT NOT NULL UNIQUE,
    -- How the token travels: 'lax' (cookie of the portal's own pages).
    transport TEXT NOT NULL,
    -- The customer being looked at; NULL for a person who is a member of none.
    customer_id TEXT,
    -- The device it began on: see devices.
    device_id TEXT,
    -- Wall time of the last good second factor.
    factor_at BIGINT NOT NULL,
    -- What the browser called itself, for the list of sessions.
    user_agent TEXT NOT NULL,
    ip TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- Saved at most once a minute.
    last_seen_at BIGINT NOT NULL,
    -- The end whatever happens; the idle limit comes before it.
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, id),
    FOREIGN KEY (vendor_id, identity_id) REFERENCES identities (vendor_id, id)
);
CREATE INDEX sessions_by_identity ON sessions (vendor_id, identity_id);

-- Between two steps of signing in: the password was right, or a link was good, and a second factor is still to come. Never a session.
CREATE TABLE sign_ins (
    vendor_id TEXT NOT NULL,
    id TEXT NOT NULL,
    identity_id TEXT NOT NULL,
    token_hash TEXT NOT NULL UNIQUE,
    -- 'code' (asks the second factor) | 'enrol' (has none yet: enrols one)
    step TEXT NOT NULL,
    -- Path to return to.
    next TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, id),
    FOREIGN KEY (vendor_id, identity_id) REFERENCES identities (vendor_id, id)
);

-- A browser that once completed a sign-in of this identity: strangers' failures do not delay it.
CREATE TABLE devices (
    vendor_id TEXT NOT NULL,
    id TEXT NOT NULL,
    identity_id TEXT NOT NULL,
    -- SHA-256 of the device cookie's token, hex. One browser may be known to several identities.
    token_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, id),
    UNIQUE (vendor_id, identity_id, token_hash),
    FOREIGN KEY (vendor_id, identity_id) REFERENCES identities (vendor_id, id)
);
