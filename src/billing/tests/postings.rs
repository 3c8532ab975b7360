//! **Ledger**: which account each movement of money takes from and which it gives to. Debits are positive.

use billing::Result;
use billing::ledger::{
    Account, Entry, balance_applied, balance_granted, balance_top_up_taken_back, balance_topped_up, dispute_lost, dispute_won, dispute_written_off,
    granted_expired, paid_expired, payment_disputed, payment_received, payment_taken_back, refund_kept, refund_paid, tax_withheld, tax_withheld_taken_back,
    write_off_taken_back, written_off,
};

#[test]
fn every_movement_is_a_debit_and_a_credit_of_the_same_amount() {
    type Movement = fn(i64) -> Result<Vec<Entry>>;
    let movements: [(Movement, Account, Account); 18] = [
        (payment_received, Account::Cash, Account::Receivable),
        (payment_taken_back, Account::Receivable, Account::Cash),
        (balance_top_up_taken_back, Account::CustomerBalance, Account::Cash),
        (payment_disputed, Account::Disputed, Account::Cash),
        (dispute_won, Account::Cash, Account::Disputed),
        (dispute_lost, Account::Receivable, Account::Disputed),
        (dispute_written_off, Account::WriteOffs, Account::Disputed),
        (balance_applied, Account::CustomerBalance, Account::Receivable),
        (balance_granted, Account::Discounts, Account::CustomerBalance),
        (balance_topped_up, Account::Cash, Account::CustomerBalance),
        (granted_expired, Account::CustomerBalance, Account::Discounts),
        (paid_expired, Account::CustomerBalance, Account::Revenue),
        (refund_paid, Account::Receivable, Account::Cash),
        (refund_kept, Account::Cash, Account::CustomerBalance),
        (tax_withheld, Account::TaxWithheld, Account::Receivable),
        (tax_withheld_taken_back, Account::Receivable, Account::TaxWithheld),
        (written_off, Account::WriteOffs, Account::Receivable),
        (write_off_taken_back, Account::Receivable, Account::WriteOffs),
    ];
    for (movement, debit, credit) in movements {
        let posted = movement(1_234).expect("posts");
        assert_eq!(posted, [Entry { account: debit, amount_minor: 1_234 }, Entry { account: credit, amount_minor: -1_234 }]);
        assert_eq!(movement(0), Ok(Vec::new()), "what moves nothing is not posted");
        assert!(movement(i64::MIN).is_err(), "an amount without an opposite");
    }
}
