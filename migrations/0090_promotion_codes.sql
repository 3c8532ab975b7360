-- What a customer types to get a coupon. A coupon may have many.
CREATE TABLE promotion_codes (
    vendor_id TEXT NOT NULL REFERENCES vendors (id),
    id TEXT NOT NULL,
    -- As the vendor writes it, and as it is looked up: upper case, without spaces and hyphens.
    code TEXT NOT NULL,
    folded TEXT NOT NULL,
    coupon_id TEXT NOT NULL,
    -- Counted beside the coupon's own; NULL: only the coupon limits it.
    max_redemptions BIGINT,
    redemptions BIGINT NOT NULL,
    -- Only for customers who were never charged anything.
    is_first_time_only BOOLEAN NOT NULL,
    -- Only for this one; to anybody else it does not exist. NULL: for everybody.
    customer_id TEXT,
    -- Only with these plans: JSON array of their ids; NULL: with any.
    plan_ids TEXT,
    -- Billing time from which it is taken no more; NULL: no end.
    expires_at BIGINT,
    -- Taken no more since; NULL: it is. Who redeemed it keeps the coupon.
    retired_at BIGINT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, id),
    UNIQUE (vendor_id, folded),
    FOREIGN KEY (vendor_id, coupon_id) REFERENCES coupons (vendor_id, id),
    FOREIGN KEY (vendor_id, customer_id) REFERENCES customers (vendor_id, id)
);

-- A redemption counted for a confirmed quote while its payment is under way, so that nobody else takes the last one meanwhile. Gone once
-- the payment has come to an end, either way.
CREATE TABLE reserved_redemptions (
    vendor_id TEXT NOT NULL,
    quote_id TEXT NOT NULL,
    coupon_id TEXT NOT NULL,
    -- NULL: the coupon came without a code.
    promotion_code_id TEXT,
    PRIMARY KEY (vendor_id, quote_id, coupon_id),
    FOREIGN KEY (vendor_id, coupon_id) REFERENCES coupons (vendor_id, id)
);
