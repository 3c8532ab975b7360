-- What a vendor lets its customers do by themselves in the portal. No row: as a vendor begins (services/settings.rs).
CREATE TABLE customer_choices (
    vendor_id TEXT NOT NULL REFERENCES vendors (id),
    -- 'pause' | 'interval' (among those their plan is sold at) | 'billing_day' (of the month, on which their periods begin)
    -- | 'spend_cap' (at which they are held, see spend_limits)
    choice TEXT NOT NULL,
    is_allowed BOOLEAN NOT NULL,
    PRIMARY KEY (vendor_id, choice)
);
