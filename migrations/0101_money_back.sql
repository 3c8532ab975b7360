-- Credit that left the balance because the money it was paid with goes back, or its payer's bank has taken that back to decide whose it is; and
-- what came in again because the one was refused, or the other decided for the vendor. What is left of a credit is less by their sum.
CREATE TABLE balance_returns (
    vendor_id TEXT NOT NULL,
    id TEXT NOT NULL,
    balance_credit_id TEXT NOT NULL,
    -- Why: exactly one of the two.
    refund_id TEXT,
    dispute_id TEXT,
    -- Above zero: it left. Below: it came in again.
    amount_minor BIGINT NOT NULL,
    -- Billing time.
    moved_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, id),
    CHECK (amount_minor <> 0),
    CHECK ((refund_id IS NULL) <> (dispute_id IS NULL)),
    FOREIGN KEY (vendor_id, balance_credit_id) REFERENCES balance_credits (vendor_id, id),
    FOREIGN KEY (vendor_id, refund_id) REFERENCES refunds (vendor_id, id),
    FOREIGN KEY (vendor_id, dispute_id) REFERENCES disputes (vendor_id, id)
);
CREATE INDEX balance_returns_by_credit ON balance_returns (vendor_id, balance_credit_id);
CREATE INDEX balance_returns_by_refund ON balance_returns (vendor_id, refund_id);
CREATE INDEX balance_returns_by_dispute ON balance_returns (vendor_id, dispute_id);

-- Charges that customers of the sandbox gateway had their bank take back: its own books, as in 0024_sandbox.sql.
CREATE TABLE sandbox_disputes (
    vendor_id TEXT NOT NULL REFERENCES vendors (id),
    -- In the page's address: 'test_dp_' and 32 random hex digits.
    reference TEXT NOT NULL CHECK (reference LIKE 'test_%'),
    charge_reference TEXT NOT NULL,
    -- 'needs_response' → 'won' | 'lost'
    status TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, reference),
    UNIQUE (vendor_id, charge_reference),
    FOREIGN KEY (vendor_id, charge_reference) REFERENCES sandbox_charges (vendor_id, reference)
);
