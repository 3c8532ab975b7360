-- What a customer wants done once what a billing period's usage costs reaches an amount: to be told, or to be held there.
CREATE TABLE spend_limits (
    vendor_id TEXT NOT NULL,
    subscription_id TEXT NOT NULL,
    -- The subscription's.
    customer_id TEXT NOT NULL,
    -- 'alert': who may manage billing is told, once a period · 'cap': what is metered is not to be used until the period's end; one at most
    kind TEXT NOT NULL,
    -- Minor units of the subscription's currency, before discounts and tax.
    amount_minor BIGINT NOT NULL,
    -- The start of the last period in which it was reached, and when it was (billing time). NULL: an alert that never was; a cap that
    -- nobody is held at.
    reached_in_at BIGINT,
    reached_at BIGINT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, subscription_id, kind, amount_minor),
    FOREIGN KEY (vendor_id, subscription_id) REFERENCES subscriptions (vendor_id, id)
);
CREATE INDEX spend_limits_by_customer ON spend_limits (vendor_id, customer_id);
