-- Raised by every change to the vendor's settings: its catalogue (meters, plans, coupons, tax and exchange rates), its bank accounts, dunning
-- policy, payment methods offered and notices of renewals. What was read of them holds until then, also between transactions.
ALTER TABLE vendors RENAME COLUMN catalog_revision TO settings_revision;
