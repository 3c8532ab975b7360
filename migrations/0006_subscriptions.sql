-- A customer's agreement to a plan: its terms as they were agreed, where its period stands, and what is planned for it.
CREATE TABLE subscriptions (
    vendor_id TEXT NOT NULL,
    id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    -- The vendor's own id for it.
    external_id TEXT,
    plan_id TEXT NOT NULL,
    -- The engine's State: 'scheduled' | 'trialing' | 'active' | 'past_due' | 'paused' | 'cancelled'
    status TEXT NOT NULL,
    currency TEXT NOT NULL,
    -- Billing zone, frozen at the start.
    time_zone TEXT NOT NULL,
    -- The engine's Terms as JSON: plan, prices, quantity, add-ons. A price published later changes nothing here.
    terms TEXT NOT NULL,
    -- The engine's Cycle as JSON: anchor, period, open meters. NULL until the first period begins.
    cycle TEXT,
    -- How the first period will be anchored: JSON {"day": n} or {"at": instant}; NULL: at its own start.
    anchor TEXT,
    starts_at BIGINT NOT NULL,
    trial_end_at BIGINT,
    -- When the event was recorded that says the trial is about to end; NULL: not yet.
    trial_end_announced_at BIGINT,
    -- The end of the last long period whose renewal was announced ahead; NULL: none was.
    announced_renewal_at BIGINT,
    -- Ends then; NULL: goes on. Asked for at `cancel_asked_at`, with the customer's words.
    cancel_at BIGINT,
    cancel_asked_at BIGINT,
    cancel_reason TEXT,
    cancel_comment TEXT,
    -- It has ended.
    ended_at BIGINT,
    -- What becomes of the unused rest of the period in a planned or running pause: 'credited' | 'kept'.
    pause_unused TEXT,
    pause_at BIGINT,
    paused_at BIGINT,
    -- Since when it gives no access, while it is past due: dunning came to its end. NULL: a late payer may still use it.
    suspended_at BIGINT,
    -- Periods that ended and wait for their last usage before they are invoiced: JSON array of the engine's Cycle, where its usage ends,
    -- and when it is invoiced.
    closings TEXT NOT NULL,
    -- What the next period begins with instead: JSON of plan_id, terms and coupons; NULL: the same again.
    scheduled TEXT,
    -- Billing time at which something is to be done for it by itself; NULL: nothing ever.
    due_at BIGINT,
    -- A confirmed quote whose payment is under way holds it until this wall time: nothing else may change it meanwhile.
    held_by TEXT,
    held_until_at BIGINT,
    -- Counts changes: see quotes.
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, id),
    UNIQUE (vendor_id, external_id),
    FOREIGN KEY (vendor_id, customer_id) REFERENCES customers (vendor_id, id),
    FOREIGN KEY (vendor_id, plan_id) REFERENCES plans (vendor_id, id)
);
CREATE INDEX subscriptions_by_customer ON subscriptions (vendor_id, customer_id);
CREATE INDEX subscriptions_due ON subscriptions (vendor_id, due_at, customer_id) WHERE due_at IS NOT NULL;

-- A coupon redeemed by a subscription, as it was worded then.
CREATE TABLE discounts (
    vendor_id TEXT NOT NULL,
    id TEXT NOT NULL,
    subscription_id TEXT NOT NULL,
    coupon_id TEXT NOT NULL,
    -- The engine's Coupon as JSON.
    coupon TEXT NOT NULL,
    -- What was typed to get it (see promotion_codes); NULL: the vendor gave it.
    promotion_code_id TEXT,
    -- Order of application.
    position BIGINT NOT NULL,
    -- Start of the first period it discounted; NULL until then.
    first_period_start_at BIGINT,
    -- Taken off the subscription by a change; NULL: still on it.
    removed_at BIGINT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, id),
    FOREIGN KEY (vendor_id, subscription_id) REFERENCES subscriptions (vendor_id, id),
    FOREIGN KEY (vendor_id, coupon_id) REFERENCES coupons (vendor_id, id)
);
CREATE INDEX discounts_by_subscription ON discounts (vendor_id, subscription_id);
CREATE INDEX discounts_by_promotion_code ON discounts (vendor_id, promotion_code_id) WHERE promotion_code_id IS NOT NULL;

-- A stretch of metered usage that was billed, as it was: what arrives for it later is billed as the difference.
CREATE TABLE billed_parts (
    vendor_id TEXT NOT NULL,
    id TEXT NOT NULL,
    subscription_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    -- The meter's key.
    meter TEXT NOT NULL,
    from_at BIGINT NOT NULL,
    to_at BIGINT NOT NULL,
    -- The engine's BilledPart as JSON: price, period, cycle, and how much stands of each line it was billed with.
    part TEXT NOT NULL,
    -- The units billed so far.
    units TEXT NOT NULL,
    billed_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, id),
    FOREIGN KEY (vendor_id, subscription_id) REFERENCES subscriptions (vendor_id, id)
);
CREATE INDEX billed_parts_by_customer ON billed_parts (vendor_id, customer_id, to_at);

-- Whether usage came (or was taken back) for what a customer was billed for already.
CREATE TABLE late_usage (
    vendor_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    -- Usage before this has been billed, at least some of it.
    billed_until_at BIGINT NOT NULL,
    -- The earliest usage that came since for before that; NULL: none, or it has been billed.
    late_from_at BIGINT,
    PRIMARY KEY (vendor_id, customer_id),
    FOREIGN KEY (vendor_id, customer_id) REFERENCES customers (vendor_id, id)
);
