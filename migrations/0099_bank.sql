-- A vendor's own bank accounts, which its customers transfer money to: one for each currency.
CREATE TABLE bank_accounts (
    vendor_id TEXT NOT NULL REFERENCES vendors (id),
    currency TEXT NOT NULL,
    -- Whose it is, as the bank knows them.
    holder TEXT NOT NULL,
    -- 'iban' | 'promptpay'
    kind TEXT NOT NULL,
    -- The IBAN without spaces, or the digits of the PromptPay id as payment codes have them.
    number TEXT NOT NULL,
    -- Of an IBAN, where it was given.
    bic TEXT,
    -- Customers of which countries are offered it: JSON array of ISO 3166-1 alpha-2; empty: of all.
    countries TEXT NOT NULL,
    -- Wall time.
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, currency)
);
