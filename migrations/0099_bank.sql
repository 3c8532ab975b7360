-- A vendor's own bank accounts, which its customers transfer money to: one for each currency.
CREATE TABLE bank_accounts (
    vendor_id TEXT NOT NULL REFERENCES vendors (id),
    currency TEXT NOT NULL,
    -- Whose it is, as the bank knows them.
    holder TEXT NOT NULL,
    -- 'iban' | 'promptpay'
    kind TEXT NOT NULL,
    -- The IBAN without spaces, or the digits of the PromptPay id as payment codes have them.
    number TEXT NOT NULL,
    -- Of an IBAN, where it was given.
    bic TEXT,
    -- Customers of which countries are offered it: JSON array of ISO 3166-1 alpha-2; empty: of all.
    countries TEXT NOT NULL,
    -- Wall time.
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, currency)
);

-- What statements told of those accounts: money that came in, and such money gone back. Nothing of a row changes but its status.
CREATE TABLE bank_entries (
    vendor_id TEXT NOT NULL REFERENCES vendors (id),
    id TEXT NOT NULL,
    -- What makes it this entry, however often it is told: the account and the bank's own reference, or a hash over all it says.
    fingerprint TEXT NOT NULL,
    -- The number of the account it was booked on.
    account TEXT NOT NULL,
    currency TEXT NOT NULL,
    -- Above zero: it came in. Below: it went back.
    amount_minor BIGINT NOT NULL,
    booked_on TEXT NOT NULL,
    -- The bank's own, and the payer's, handed through from end to end.
    bank_reference TEXT,
    end_to_end TEXT,
    payer_name TEXT,
    payer_account TEXT,
    -- What the payer wrote: references and free text, a line each.
    text TEXT NOT NULL,
    -- 'unmatched' | 'matched' | 'returned' (it came in, and the bank took it back)
    status TEXT NOT NULL,
    -- Why nothing was done of it by itself, while 'unmatched': services::bank::Reason.
    reason TEXT,
    -- Wall time.
    imported_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, id),
    UNIQUE (vendor_id, fingerprint)
);
CREATE INDEX bank_entries_by_status ON bank_entries (vendor_id, status, id);
CREATE INDEX bank_entries_by_amount ON bank_entries (vendor_id, account, amount_minor);

-- An entry counted as a customer's payment. Allocations settle invoices by it, and what is over is a balance credit.
CREATE TABLE transfers (
    vendor_id TEXT NOT NULL,
    id TEXT NOT NULL,
    entry_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount_minor BIGINT NOT NULL,
    -- Beyond what its invoices were due.
    over_minor BIGINT NOT NULL,
    -- Tax its customer kept back, by the rate of its country, and owes until the certificate comes; 0: none.
    withheld_minor BIGINT NOT NULL,
    -- Until when nothing else is asked of what that tax left due, and when its customer was reminded of the certificate; billing times, NULL: no
    -- tax was kept back, or nobody was reminded yet.
    certificate_until BIGINT,
    certificate_reminded_at BIGINT,
    -- When it came, as far as the books go: the end of the day it was booked on, or when it was counted, where that was before. Billing time.
    received_at BIGINT NOT NULL,
    -- When it is posted: then, or the first moment the books were open.
    posted_at BIGINT NOT NULL,
    -- When it was taken back and why; NULL: it stands. Allocations of as much below zero take back those before.
    taken_back_at BIGINT,
    taken_back_because TEXT,
    PRIMARY KEY (vendor_id, id),
    CHECK (amount_minor > 0),
    FOREIGN KEY (vendor_id, entry_id) REFERENCES bank_entries (vendor_id, id),
    FOREIGN KEY (vendor_id, customer_id) REFERENCES customers (vendor_id, id)
);
-- One stands at most.
CREATE UNIQUE INDEX transfers_standing ON transfers (vendor_id, entry_id) WHERE taken_back_at IS NULL;
CREATE INDEX transfers_by_customer ON transfers (vendor_id, customer_id);
CREATE INDEX transfers_awaiting ON transfers (vendor_id, certificate_until) WHERE certificate_until IS NOT NULL AND taken_back_at IS NULL;

-- What comparing our payments and refunds with the gateway's came to.
CREATE TABLE reconciliations (
    vendor_id TEXT NOT NULL REFERENCES vendors (id),
    id TEXT NOT NULL,
    gateway TEXT NOT NULL,
    -- Wall times: what was made since then was compared, and when.
    since_at BIGINT NOT NULL,
    ran_at BIGINT NOT NULL,
    -- How many of the gateway's were looked at.
    charges BIGINT NOT NULL,
    refunds BIGINT NOT NULL,
    -- services::payments::Difference as JSON, mended or not.
    differences TEXT NOT NULL,
    PRIMARY KEY (vendor_id, id)
);

-- Payments that their customers had a bank take back.
CREATE TABLE disputes (
    vendor_id TEXT NOT NULL,
    id TEXT NOT NULL,
    gateway TEXT NOT NULL,
    -- The gateway's id of it.
    reference TEXT NOT NULL,
    payment_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    -- In the gateway's words.
    reason TEXT NOT NULL,
    -- 'open' (its money is set aside) → 'won' | 'lost'
    status TEXT NOT NULL,
    -- Of one that is lost: how much of its invoice is due again. The rest was written off.
    reopened_minor BIGINT NOT NULL,
    -- Billing times.
    opened_at BIGINT NOT NULL,
    ended_at BIGINT,
    -- Ids of the subscriptions that were paused because of it: JSON array.
    paused TEXT NOT NULL,
    PRIMARY KEY (vendor_id, id),
    UNIQUE (vendor_id, gateway, reference),
    CHECK (amount_minor > 0),
    FOREIGN KEY (vendor_id, payment_id) REFERENCES payments (vendor_id, id),
    FOREIGN KEY (vendor_id, customer_id) REFERENCES customers (vendor_id, id)
);
CREATE INDEX disputes_by_customer ON disputes (vendor_id, customer_id);
CREATE INDEX disputes_by_payment ON disputes (vendor_id, payment_id);

-- What the vendor wants done about them; without a row as it begins.
CREATE TABLE dispute_policy (
    vendor_id TEXT NOT NULL REFERENCES vendors (id),
    -- 'subscription', answered 'keep' | 'pause'; 'lost', answered 'reopen' | 'write_off'
    question TEXT NOT NULL,
    answer TEXT NOT NULL,
    PRIMARY KEY (vendor_id, question)
);
