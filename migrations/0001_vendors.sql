-- A vendor is a tenant: the software company whose customers use this portal. Every table below carries its vendor.
-- Kinds of column, the same everywhere: id TEXT (prefix_uuidv7) · money BIGINT minor units beside its currency · *_at BIGINT unix
-- milliseconds · *_on TEXT date YYYY-MM-DD · percent, rate, quantity TEXT decimal · flags BOOLEAN · documents TEXT JSON, not queried inside.
CREATE TABLE vendors (
    id TEXT NOT NULL PRIMARY KEY,
    -- The host the portal is reached by; NULL answers on loopback.
    host TEXT UNIQUE,
    name TEXT NOT NULL,
    -- What stands on invoices.
    legal_name TEXT NOT NULL,
    address_line1 TEXT NOT NULL,
    address_line2 TEXT,
    postal_code TEXT NOT NULL,
    city TEXT NOT NULL,
    -- ISO 3166-1 alpha-2.
    country TEXT NOT NULL,
    tax_id TEXT,
    support_email TEXT NOT NULL,
    -- Default ISO 4217 currency and IANA zone of new customers.
    currency TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    locale TEXT NOT NULL,
    -- 'second' | 'day' | 'none' and 'half_up' | 'half_even'.
    proration_by TEXT NOT NULL,
    proration_rounding TEXT NOT NULL,
    prices_include_tax BOOLEAN NOT NULL,
    -- How long after a period's end its usage may still arrive and be billed with it.
    usage_grace_seconds BIGINT NOT NULL,
    payment_terms_days BIGINT NOT NULL,
    -- A sandbox: test payments only, everything marked, and a clock that may be set.
    is_test BOOLEAN NOT NULL,
    -- Billing time of a sandbox, where it stands still; NULL: billing time is wall time.
    clock_at BIGINT,
    -- Billing time before which nothing is posted any more: the vendor's books are closed up to there. NULL: they are open.
    ledger_locked_until_at BIGINT,
    -- Raised by every change to the vendor's settings: its catalogue (meters, plans, coupons, tax and exchange rates), its bank accounts,
    -- dunning policy, payment methods offered and notices of renewals. What was read of them holds until then, also between transactions.
    settings_revision BIGINT NOT NULL DEFAULT 0,
    -- Branding: '#rrggbb', and the mark as SVG path data in a 22 × 22 box.
    brand_colour TEXT NOT NULL,
    brand_mark TEXT,
    created_at BIGINT NOT NULL
);

-- The vendor's own people. Their console comes with a later issue; `portico init` makes the first.
CREATE TABLE staff (
    vendor_id TEXT NOT NULL REFERENCES vendors (id),
    id TEXT NOT NULL,
    identity_id TEXT NOT NULL,
    -- 'admin' | 'finance' | 'support' | 'product' | 'developer'
    role TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, id),
    UNIQUE (vendor_id, identity_id)
);
