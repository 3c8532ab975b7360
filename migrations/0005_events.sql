-- What happened: one row for each action, written in its transaction. Webhooks, messages, analytics and rules read it; the customer's
-- activity log is the rows of their customer.
CREATE TABLE events (
    vendor_id TEXT NOT NULL REFERENCES vendors (id),
    id TEXT NOT NULL,
    -- 'subscription.changed', 'invoice.issued' …
    kind TEXT NOT NULL,
    -- Of the payload's form.
    version BIGINT NOT NULL,
    customer_id TEXT,
    -- The object it happened to.
    subject_id TEXT NOT NULL,
    -- 'identity:idn_…' | 'staff:…' | 'key:…' | 'system'
    actor TEXT NOT NULL,
    -- JSON. Never a secret, never a card number.
    data TEXT NOT NULL,
    -- Billing time and wall time.
    happened_at BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, id)
);
CREATE INDEX events_by_customer ON events (vendor_id, customer_id, id);

-- What must be done outside the database because of it: written in the same transaction, done by a worker, each at least once.
CREATE TABLE outbox (
    vendor_id TEXT NOT NULL REFERENCES vendors (id),
    id TEXT NOT NULL,
    -- 'mail' …
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    -- Wall time from which it may be tried.
    due_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    -- A worker has it until then; NULL: free.
    claimed_until BIGINT,
    done_at BIGINT,
    -- The last failure, for people.
    last_error TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, id)
);
CREATE INDEX outbox_due ON outbox (done_at, due_at);
