-- What a vendor wants done about payments that fail. No row: the engine's default.
CREATE TABLE dunning_policies (
    vendor_id TEXT NOT NULL REFERENCES vendors (id),
    -- One a vendor: the first in the key is all there may be.
    name TEXT NOT NULL CHECK (name = 'default'),
    -- The engine's Policy as JSON.
    policy TEXT NOT NULL,
    -- Wall time.
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, name)
);

-- An invoice that could not be charged, from its first failure until it is settled. All times are billing times.
CREATE TABLE dunning_cases (
    vendor_id TEXT NOT NULL,
    id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    invoice_id TEXT NOT NULL,
    currency TEXT NOT NULL,
    -- What was due of the invoice when the case was opened.
    amount_minor BIGINT NOT NULL,
    -- 'open' (tried, warned and ended in time) | 'ended' (the grace is over and it is still unpaid) | 'written_off' (it is not asked for any more) |
    -- 'restoring' (settled after the end: what that took is to be given back) | 'recovered' (settled)
    state TEXT NOT NULL,
    -- When the worker does the next thing, and which: 'try' | 'warn' | 'end' | 'restore'. NULL: nothing is left to do by itself.
    due_at BIGINT,
    next_step TEXT,
    -- The first failure; and its day in the vendor's zone, by which cases are counted.
    opened_at BIGINT NOT NULL,
    opened_on TEXT NOT NULL,
    -- When it is tried next and why then ('new_method' | 'payday' | 'soft_day' | 'outage'), or NULL and why not ('no_method' | 'refused_for_good' |
    -- 'must_confirm' | 'no_day_left' | 'tried_enough').
    try_at BIGINT,
    because TEXT NOT NULL,
    -- Tries by itself since the first failure.
    tries BIGINT NOT NULL,
    -- JSON: what was said last of each method as it stands, by its id.
    said TEXT NOT NULL,
    -- JSON array: the methods of the round of payments under way, or of the last one, in the order of their turns.
    turns TEXT NOT NULL,
    warned_at BIGINT,
    -- When the grace is over.
    end_at BIGINT NOT NULL,
    ended_at BIGINT,
    -- What was done then: 'past_due' | 'downgrade' | 'pause' | 'cancel' | 'nothing' | 'written_off' (by the vendor, before the grace was over).
    ended_by TEXT,
    -- Settled: when, by what ('retry' | 'new_method' | 'customer' | 'other': no payment at all), and how much payments brought since it was opened.
    recovered_at BIGINT,
    recovered_by TEXT,
    recovered_minor BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, id),
    CHECK ((due_at IS NULL) = (state NOT IN ('open', 'restoring'))),
    CHECK ((due_at IS NULL) = (next_step IS NULL)),
    FOREIGN KEY (vendor_id, customer_id) REFERENCES customers (vendor_id, id),
    FOREIGN KEY (vendor_id, invoice_id) REFERENCES invoices (vendor_id, id)
);
-- One an invoice at a time. What settled it may be taken back: then another begins.
CREATE UNIQUE INDEX dunning_cases_unpaid ON dunning_cases (vendor_id, invoice_id) WHERE state IN ('open', 'ended', 'written_off');
CREATE INDEX dunning_cases_due ON dunning_cases (vendor_id, due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX dunning_cases_by_invoice ON dunning_cases (vendor_id, invoice_id);
CREATE INDEX dunning_cases_by_customer ON dunning_cases (vendor_id, customer_id);
CREATE INDEX dunning_cases_by_day ON dunning_cases (vendor_id, opened_on);

-- Everything that was decided in a case, and why.
CREATE TABLE dunning_decisions (
    vendor_id TEXT NOT NULL,
    id TEXT NOT NULL,
    case_id TEXT NOT NULL,
    -- 'opened' | 'try_planned' | 'no_try' | 'tried' | 'warned' | 'ended' | 'written_off' | 'due_again' | 'recovered' | 'restored' | 'not_done'
    kind TEXT NOT NULL,
    -- Why, in a word: see dunning_cases.because, ended_by, recovered_by and write_offs.written_off_by; 'declined' | 'no_method' for an opened one.
    because TEXT NOT NULL,
    -- What else belongs to it, as JSON.
    data TEXT NOT NULL,
    -- Billing time, and wall time.
    decided_at BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, id),
    FOREIGN KEY (vendor_id, case_id) REFERENCES dunning_cases (vendor_id, id)
);
CREATE INDEX dunning_decisions_by_case ON dunning_decisions (vendor_id, case_id, id);
