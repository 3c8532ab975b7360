-- Which payment methods a vendor offers, and to whom. Without a row as it begins: cards and the wallets they come by to everybody, direct debits
-- to nobody.
CREATE TABLE method_offers (
    vendor_id TEXT NOT NULL REFERENCES vendors (id),
    -- 'card' | 'apple_pay' | 'google_pay' | 'link' | 'sepa_debit'
    method TEXT NOT NULL,
    is_offered BOOLEAN NOT NULL,
    -- Customers of which countries: JSON array of ISO 3166-1 alpha-2; empty: of all.
    countries TEXT NOT NULL,
    -- For which currencies: JSON array of ISO 4217; empty: for all it can pay.
    currencies TEXT NOT NULL,
    -- Wall time.
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, method)
);

-- How a vendor has accounts debited. Without a row: nobody's identifier (the gateway's own is used), and the notice that the scheme asks for.
CREATE TABLE debit_terms (
    vendor_id TEXT NOT NULL REFERENCES vendors (id),
    -- The scheme there is: one a vendor.
    scheme TEXT NOT NULL CHECK (scheme = 'sepa'),
    -- The vendor's creditor identifier, as its bank registered it; NULL: the gateway's.
    creditor_id TEXT,
    -- Calendar days before a debit that its payer is told of it.
    notice_days BIGINT NOT NULL CHECK (notice_days BETWEEN 0 AND 60),
    -- Wall time.
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, scheme)
);
