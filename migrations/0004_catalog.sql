-- What the vendor sells.
CREATE TABLE meters (
    vendor_id TEXT NOT NULL REFERENCES vendors (id),
    id TEXT NOT NULL,
    -- The name events carry.
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    -- Shown after a number: 'minutes', 'GB'.
    unit TEXT NOT NULL,
    -- 'sum' | 'max' | 'last' | 'count' | 'unique'
    aggregate TEXT NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, id),
    UNIQUE (vendor_id, key)
);

CREATE TABLE plans (
    vendor_id TEXT NOT NULL REFERENCES vendors (id),
    id TEXT NOT NULL,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    -- Order on the plan page, cheapest first.
    position BIGINT NOT NULL,
    trial_days BIGINT NOT NULL,
    -- Most seats it may have; NULL: no limit.
    max_quantity BIGINT,
    -- Shown for sale; a retired plan keeps its subscribers.
    is_published BOOLEAN NOT NULL,
    -- Counts changes to the plan or its prices: see quotes.
    version BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, id),
    UNIQUE (vendor_id, key)
);

-- One amount rule of a plan, in one currency and interval.
CREATE TABLE prices (
    vendor_id TEXT NOT NULL,
    id TEXT NOT NULL,
    plan_id TEXT NOT NULL,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    -- 'day' | 'week' | 'month' | 'year'
    interval_unit TEXT NOT NULL,
    interval_count BIGINT NOT NULL,
    currency TEXT NOT NULL,
    -- NULL: charged in advance on the quantity; else in arrears on the period's usage.
    meter_id TEXT,
    -- The engine's Price as JSON: model, amounts, tiers, included, minimum, maximum, convert.
    rule TEXT NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, id),
    UNIQUE (vendor_id, plan_id, key, interval_unit, interval_count, currency),
    FOREIGN KEY (vendor_id, plan_id) REFERENCES plans (vendor_id, id),
    FOREIGN KEY (vendor_id, meter_id) REFERENCES meters (vendor_id, id)
);

CREATE TABLE add_ons (
    vendor_id TEXT NOT NULL REFERENCES vendors (id),
    id TEXT NOT NULL,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    -- One of its own: the same key at another interval is the same add-on to its readers. As in prices.
    interval_unit TEXT NOT NULL,
    interval_count BIGINT NOT NULL,
    -- The engine's AddOnTerms without quantity, as JSON.
    terms TEXT NOT NULL,
    version BIGINT NOT NULL,
    -- Chosen no more since; NULL: it can be. Who has it keeps it.
    retired_at BIGINT,
    PRIMARY KEY (vendor_id, id),
    UNIQUE (vendor_id, key, interval_unit, interval_count)
);

CREATE TABLE coupons (
    vendor_id TEXT NOT NULL REFERENCES vendors (id),
    id TEXT NOT NULL,
    key TEXT NOT NULL,
    -- The engine's Coupon as JSON.
    rule TEXT NOT NULL,
    max_redemptions BIGINT,
    redemptions BIGINT NOT NULL,
    version BIGINT NOT NULL,
    -- Redeemed no more since; NULL: it can be. Who has it keeps it.
    retired_at BIGINT,
    PRIMARY KEY (vendor_id, id),
    UNIQUE (vendor_id, key)
);

CREATE TABLE tax_rates (
    vendor_id TEXT NOT NULL REFERENCES vendors (id),
    id TEXT NOT NULL,
    key TEXT NOT NULL,
    -- Shown on invoices: 'VAT'.
    name TEXT NOT NULL,
    country TEXT NOT NULL,
    -- The engine's TaxRate as JSON: percent, region, products, from, to.
    rule TEXT NOT NULL,
    -- A key may come again: the same rate at another percent from another day.
    PRIMARY KEY (vendor_id, id)
);
CREATE INDEX tax_rates_by_country ON tax_rates (vendor_id, country);

CREATE TABLE exchange_rates (
    vendor_id TEXT NOT NULL REFERENCES vendors (id),
    from_currency TEXT NOT NULL,
    to_currency TEXT NOT NULL,
    on_date TEXT NOT NULL,
    rate TEXT NOT NULL,
    PRIMARY KEY (vendor_id, from_currency, to_currency, on_date)
);
