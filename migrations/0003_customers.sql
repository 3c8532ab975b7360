-- The billing account of a vendor's customer, usually a company.
CREATE TABLE customers (
    vendor_id TEXT NOT NULL REFERENCES vendors (id),
    id TEXT NOT NULL,
    -- The vendor's own id for it.
    external_id TEXT,
    -- How the portal addresses it, and what stands on invoices.
    name TEXT NOT NULL,
    legal_name TEXT NOT NULL,
    address_line1 TEXT,
    address_line2 TEXT,
    postal_code TEXT,
    city TEXT,
    region TEXT,
    country TEXT NOT NULL,
    tax_id TEXT,
    tax_exempt BOOLEAN NOT NULL,
    -- Printed on every invoice.
    purchase_order TEXT,
    -- Addresses that receive invoices without a sign-in: JSON array of strings.
    invoice_emails TEXT NOT NULL,
    currency TEXT NOT NULL,
    -- Billing zone of new subscriptions.
    time_zone TEXT NOT NULL,
    locale TEXT NOT NULL,
    -- Counts changes to what a quote depends on (tax data, balance): see quotes.
    version BIGINT NOT NULL,
    -- Raised by everyone who locks the customer, and so by whatever changes anything of theirs but usage: see services/overview.rs.
    revision BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    -- Since when (wall time) the vendor keeps its members out of the portal; NULL: it does not. Billing goes on either way.
    suspended_at BIGINT,
    PRIMARY KEY (vendor_id, id),
    UNIQUE (vendor_id, external_id)
);

-- An identity's membership of a customer.
CREATE TABLE members (
    vendor_id TEXT NOT NULL,
    id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    identity_id TEXT NOT NULL,
    -- 'owner' | 'billing' | 'viewer'
    role TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, id),
    UNIQUE (vendor_id, customer_id, identity_id),
    FOREIGN KEY (vendor_id, customer_id) REFERENCES customers (vendor_id, id),
    FOREIGN KEY (vendor_id, identity_id) REFERENCES identities (vendor_id, id)
);
CREATE INDEX members_by_identity ON members (vendor_id, identity_id);
