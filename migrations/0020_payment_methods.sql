-- What a customer can be charged by. The number is the gateway's: here stand its token and what a person knows the card by.
CREATE TABLE payment_methods (
    vendor_id TEXT NOT NULL,
    id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    -- Which gateway keeps it, and its name there.
    gateway TEXT NOT NULL,
    token TEXT NOT NULL,
    -- 'card' | 'sepa_debit'
    kind TEXT NOT NULL,
    -- Of a card: 'visa' | 'mastercard' | 'amex' | 'other'
    brand TEXT,
    -- The last of its number: the card's, or the account's IBAN.
    last4 TEXT NOT NULL,
    -- Of a card: it can be charged to the end of this month.
    exp_month BIGINT,
    exp_year BIGINT,
    -- Of a card that came by one: 'apple_pay' | 'google_pay' | 'link'
    wallet TEXT,
    -- Of a debit: the bank's name, where the gateway tells it; the account's country (ISO 3166-1 alpha-2); the mandate's unique reference.
    bank TEXT,
    bank_country TEXT,
    mandate TEXT,
    -- 'default' (charged first) | 'backup' (charged when those before it decline) | 'kept' (never charged by itself) | 'removed'
    role TEXT NOT NULL,
    -- Order among the backups, 1 first; 0 for every other role.
    backup_position BIGINT NOT NULL,
    -- The customer's n-th method, counted from 1: the order they were added in.
    position BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    removed_at BIGINT,
    -- Why its bank refused it for good as it stands (a decline reason of the gateway seam): it is not charged by itself any more, until the
    -- network puts another card in its place or the customer pays with it. NULL: nothing of the kind.
    refused_reason TEXT,
    PRIMARY KEY (vendor_id, id),
    UNIQUE (vendor_id, gateway, token),
    UNIQUE (vendor_id, customer_id, position),
    CHECK ((kind = 'card' AND brand IS NOT NULL AND exp_month IS NOT NULL AND exp_year IS NOT NULL AND bank IS NULL AND bank_country IS NULL AND mandate IS NULL)
        OR (kind = 'sepa_debit' AND brand IS NULL AND exp_month IS NULL AND exp_year IS NULL AND wallet IS NULL AND bank_country IS NOT NULL AND mandate IS NOT NULL)),
    FOREIGN KEY (vendor_id, customer_id) REFERENCES customers (vendor_id, id)
);
-- One default a customer.
CREATE UNIQUE INDEX payment_methods_default ON payment_methods (vendor_id, customer_id) WHERE role = 'default';
