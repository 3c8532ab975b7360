-- From what amount on a plan's usage is invoiced before its period ends. No row: only at the end.
CREATE TABLE invoice_thresholds (
    vendor_id TEXT NOT NULL,
    plan_id TEXT NOT NULL,
    -- Of the subscriptions it holds for.
    currency TEXT NOT NULL,
    -- Of usage not invoiced yet, in minor units, before discounts and tax.
    amount_minor BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, plan_id, currency),
    FOREIGN KEY (vendor_id, plan_id) REFERENCES plans (vendor_id, id)
);

-- Subscriptions whose usage has reached their plan's threshold: the worker looks at it, invoices it, and takes the row away. Written with the usage, and
-- not on the subscription, which others change meanwhile.
CREATE TABLE usage_due (
    vendor_id TEXT NOT NULL,
    subscription_id TEXT NOT NULL,
    -- The subscription's.
    customer_id TEXT NOT NULL,
    -- Billing time at which it was reached; what comes in until the worker's turn does not put it off.
    due_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, subscription_id),
    FOREIGN KEY (vendor_id, subscription_id) REFERENCES subscriptions (vendor_id, id)
);
CREATE INDEX usage_due_by_time ON usage_due (vendor_id, due_at, customer_id);
CREATE INDEX usage_due_by_customer ON usage_due (vendor_id, customer_id);
