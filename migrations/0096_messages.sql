-- What was written to people, as it went out: a customer's history, and a person's own. Letters wait in the outbox until they are sent; this
-- is what is kept of them.
CREATE TABLE messages (
    vendor_id TEXT NOT NULL REFERENCES vendors (id),
    id TEXT NOT NULL,
    -- In whose history it is: a customer's, or of one person alone. Exactly one of the two.
    customer_id TEXT,
    identity_id TEXT,
    -- 'invoice_ready' | 'receipt' | 'payment_failed' …: see `services/messages/letter.rs`.
    kind TEXT NOT NULL,
    -- The event it tells of; NULL where it was written in the action itself.
    event_id TEXT,
    to_name TEXT NOT NULL,
    to_email TEXT NOT NULL,
    subject TEXT NOT NULL,
    -- The text part, without links that open an account.
    body TEXT NOT NULL,
    -- Billing time of what it tells of, wall time it was written, and wall time a mail server took it; NULL until then.
    happened_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    sent_at BIGINT,
    PRIMARY KEY (vendor_id, id),
    CHECK ((customer_id IS NULL) <> (identity_id IS NULL)),
    FOREIGN KEY (vendor_id, customer_id) REFERENCES customers (vendor_id, id),
    FOREIGN KEY (vendor_id, identity_id) REFERENCES identities (vendor_id, id)
);
-- An event is told to an address once, however often it is read.
CREATE UNIQUE INDEX messages_once ON messages (vendor_id, event_id, to_email) WHERE event_id IS NOT NULL;
CREATE INDEX messages_of_customer ON messages (vendor_id, customer_id, id) WHERE customer_id IS NOT NULL;
CREATE INDEX messages_of_identity ON messages (vendor_id, identity_id, id) WHERE identity_id IS NOT NULL;

-- Those that are charged by themselves, by the month they end with.
CREATE INDEX payment_methods_ending ON payment_methods (vendor_id, (exp_year * 12 + exp_month)) WHERE role IN ('default', 'backup');

-- Cards whose end was told ahead: each at thirty, fourteen and three days before it, once.
CREATE TABLE expiry_notices (
    vendor_id TEXT NOT NULL,
    method_id TEXT NOT NULL,
    days_ahead BIGINT NOT NULL,
    -- Billing time.
    noticed_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, method_id, days_ahead),
    FOREIGN KEY (vendor_id, method_id) REFERENCES payment_methods (vendor_id, id)
);
