-- A person's sign-in: one per vendor and e-mail address, whatever customers they are a member of.
CREATE TABLE identities (
    vendor_id TEXT NOT NULL REFERENCES vendors (id),
    id TEXT NOT NULL,
    -- Lower-cased and trimmed.
    email TEXT NOT NULL,
    name TEXT NOT NULL,
    -- PHC string of the NFC form; NULL until an invitation is accepted.
    password_hash TEXT,
    -- TOTP seed, encrypted under PORTICO_KEY with vendor and identity as associated data; NULL until enrolled.
    totp_secret TEXT,
    -- A seed shown but not yet proved by a good code; becomes totp_secret with the first one.
    totp_pending TEXT,
    -- The highest TOTP step used, so that no code works twice.
    totp_last_step BIGINT NOT NULL,
    -- The customer looked at last: where the next sign-in opens.
    last_customer_id TEXT,
    -- What the person chose for themselves; NULL: the customer's.
    locale TEXT,
    time_zone TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, id),
    UNIQUE (vendor_id, email)
);
