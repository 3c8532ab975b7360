-- The sandbox gateway's own books: what a real gateway would keep at its own place. Nothing of the portal reads them, and no card number
-- stands in them: a published test number becomes its kind, brand and last four digits before anything is written.
CREATE TABLE sandbox_setups (
    vendor_id TEXT NOT NULL REFERENCES vendors (id),
    -- In the page's address: 'test_seti_' and 32 random hex digits.
    reference TEXT NOT NULL CHECK (reference LIKE 'test_%'),
    -- The caller's idempotency key.
    idempotency_key TEXT NOT NULL,
    -- 'card' | 'sepa_debit'
    kind TEXT NOT NULL,
    -- Names of the wallets that a card may come by, with spaces between.
    wallets TEXT NOT NULL,
    vendor_name TEXT NOT NULL,
    return_url TEXT NOT NULL,
    -- 'open' | 'confirming' (the card wants to be confirmed) | 'done' | 'failed' | 'cancelled'
    status TEXT NOT NULL,
    decline_reason TEXT,
    -- The card typed in: what is kept of it stands in sandbox_methods.
    token TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, reference),
    UNIQUE (vendor_id, idempotency_key)
);

CREATE TABLE sandbox_methods (
    vendor_id TEXT NOT NULL REFERENCES vendors (id),
    token TEXT NOT NULL CHECK (token LIKE 'test_%'),
    -- Which published test number it is: decides how it behaves, always in the same way.
    test TEXT NOT NULL,
    -- What people know it by, as in payment_methods.
    kind TEXT NOT NULL,
    brand TEXT,
    last4 TEXT NOT NULL,
    exp_month BIGINT,
    exp_year BIGINT,
    wallet TEXT,
    bank TEXT,
    bank_country TEXT,
    mandate TEXT,
    is_detached BOOLEAN NOT NULL,
    PRIMARY KEY (vendor_id, token)
);

CREATE TABLE sandbox_charges (
    vendor_id TEXT NOT NULL REFERENCES vendors (id),
    idempotency_key TEXT NOT NULL,
    reference TEXT NOT NULL CHECK (reference LIKE 'test_%'),
    token TEXT NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    description TEXT NOT NULL,
    -- 'succeeded' | 'declined' | 'needs_action' | 'pending'
    status TEXT NOT NULL,
    decline_reason TEXT,
    -- Of a debit, while 'pending': the day of the vendor's clock it is decided on, and as what; why not, where it is 'declined'.
    decided_on TEXT,
    decides TEXT,
    decides_reason TEXT,
    -- Where the customer goes after confirming.
    return_url TEXT,
    refunded_minor BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, idempotency_key),
    UNIQUE (vendor_id, reference)
);

CREATE TABLE sandbox_refunds (
    vendor_id TEXT NOT NULL REFERENCES vendors (id),
    idempotency_key TEXT NOT NULL,
    reference TEXT NOT NULL CHECK (reference LIKE 'test_%'),
    charge_reference TEXT NOT NULL,
    amount_minor BIGINT NOT NULL,
    -- 'succeeded' | 'refused'
    status TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, idempotency_key),
    UNIQUE (vendor_id, reference),
    FOREIGN KEY (vendor_id, charge_reference) REFERENCES sandbox_charges (vendor_id, reference)
);
