-- Whose pages may hold the portal in a frame. What is taken off is shut out at the next request.
CREATE TABLE embed_origins (
    vendor_id TEXT NOT NULL REFERENCES vendors (id),
    -- Scheme, host and port as browsers write them: 'https://app.kestrel.example'. Plain http on loopback only.
    origin TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, origin)
);

-- A member in a frame of the vendor's own page, on the vendor's word: made by its program, opened by whoever brings the token.
CREATE TABLE embed_sessions (
    vendor_id TEXT NOT NULL,
    id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    identity_id TEXT NOT NULL,
    -- Whose page alone may hold the frame: see embed_origins. Not a foreign key: it may be taken off the list any time.
    origin TEXT NOT NULL,
    -- 'usage:read invoices:read plan:write payment_method:write', or some of them.
    scopes TEXT NOT NULL,
    -- The host page's language; NULL: the member's own.
    locale TEXT,
    -- The host page's look: JSON of typed tokens, see services/embed_sessions/theme.rs.
    theme TEXT NOT NULL,
    -- SHA-256 of the token that opens it, hex. The token works once.
    token_hash TEXT NOT NULL UNIQUE,
    -- Wall times, all of them.
    token_expires_at BIGINT NOT NULL,
    opened_at BIGINT,
    -- What the frame shows: 'portal' (all its rooms) or 'page' (one page or one action, without navigation); NULL until it is opened.
    shows TEXT,
    -- The session it was opened to: see sessions. Not a foreign key: sessions are removed once they ended.
    session_id TEXT,
    -- SHA-256, hex, of the key by which the host's page ends it, and can do nothing else.
    end_hash TEXT UNIQUE,
    ended_at BIGINT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, id),
    FOREIGN KEY (vendor_id, customer_id) REFERENCES customers (vendor_id, id),
    FOREIGN KEY (vendor_id, identity_id) REFERENCES identities (vendor_id, id)
);
CREATE INDEX embed_sessions_by_session ON embed_sessions (vendor_id, session_id);
CREATE INDEX embed_sessions_by_age ON embed_sessions (vendor_id, created_at);
