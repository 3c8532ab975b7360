-- What customers buy beside their subscriptions, and what they may.

-- How much a customer may pay into the balance at once, by currency. No row: nothing.
CREATE TABLE top_up_limits (
    vendor_id TEXT NOT NULL REFERENCES vendors (id),
    currency TEXT NOT NULL,
    least_minor BIGINT NOT NULL,
    most_minor BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, currency),
    CHECK (least_minor > 0 AND most_minor >= least_minor)
);

-- What is sold once.
CREATE TABLE products (
    vendor_id TEXT NOT NULL REFERENCES vendors (id),
    id TEXT NOT NULL,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    -- 'service' (invoiced, with its tax) | 'credit_pack' (paid into the balance: taxed with what it pays for one day)
    kind TEXT NOT NULL,
    -- Of a credit pack: how many days its credit lasts; NULL: until it is used.
    credit_lasts_days BIGINT,
    -- Sold no more since; NULL: it is.
    retired_at BIGINT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, id),
    UNIQUE (vendor_id, key)
);

CREATE TABLE product_prices (
    vendor_id TEXT NOT NULL,
    product_id TEXT NOT NULL,
    currency TEXT NOT NULL,
    -- As the vendor's prices stand to tax; of a credit pack what is paid.
    amount_minor BIGINT NOT NULL,
    -- Of a credit pack: what the balance gets, no less than is paid; NULL for a service.
    credit_minor BIGINT,
    PRIMARY KEY (vendor_id, product_id, currency),
    CHECK (amount_minor > 0),
    FOREIGN KEY (vendor_id, product_id) REFERENCES products (vendor_id, id)
);

-- Something a customer decided to buy. What it gives is given in the transaction that says it was paid, once.
CREATE TABLE purchases (
    vendor_id TEXT NOT NULL,
    -- From the page that showed the price: asked again, it is the same one.
    id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    -- 'top_up' | 'credit_pack' | 'service'
    kind TEXT NOT NULL,
    -- NULL for a top-up.
    product_id TEXT,
    -- As it was called then; empty for a top-up.
    name TEXT NOT NULL,
    currency TEXT NOT NULL,
    -- What a payment pays: of a service what the balance leaves of its total, with tax.
    amount_minor BIGINT NOT NULL,
    -- What the balance gets; 0 for a service.
    credit_minor BIGINT NOT NULL,
    credit_lasts_days BIGINT,
    -- Made by itself, because the balance was low.
    is_automatic BOOLEAN NOT NULL,
    -- 'open' (not paid yet, or never) | 'done' | 'undone' (the money came and could buy it no more: it is in the balance)
    status TEXT NOT NULL,
    -- Of a service that is done.
    invoice_id TEXT,
    -- Billing times.
    created_at BIGINT NOT NULL,
    done_at BIGINT,
    PRIMARY KEY (vendor_id, id),
    FOREIGN KEY (vendor_id, customer_id) REFERENCES customers (vendor_id, id),
    FOREIGN KEY (vendor_id, product_id) REFERENCES products (vendor_id, id),
    FOREIGN KEY (vendor_id, invoice_id) REFERENCES invoices (vendor_id, id)
);
CREATE INDEX purchases_by_customer ON purchases (vendor_id, customer_id, id);

-- Customers whose balance is topped up by itself, in their currency.
CREATE TABLE automatic_top_ups (
    vendor_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    -- When less than this is left, so much is paid in, from this method; never more than that in a calendar month of the customer's zone.
    below_minor BIGINT NOT NULL,
    amount_minor BIGINT NOT NULL,
    method_id TEXT NOT NULL,
    most_a_month_minor BIGINT NOT NULL,
    -- Why it stopped by itself: one of the gateway seam's decline reasons; NULL: it goes on.
    stopped_because TEXT,
    -- Billing time.
    set_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, customer_id),
    FOREIGN KEY (vendor_id, customer_id) REFERENCES customers (vendor_id, id),
    FOREIGN KEY (vendor_id, method_id) REFERENCES payment_methods (vendor_id, id)
);
