//! **Tax withheld**: a share of the invoice net of tax, half up to what can be paid.

use billing::Error;
use billing::tax::TaxError;
use billing::tax::withholding::{base, withheld};

use crate::world::{currency, dec};

#[test]
fn what_is_withheld_is_a_share_net_of_tax_rounded_once() {
    // 3 % of 1,000.00 baht, whatever VAT is beside it; half a satang goes up.
    assert_eq!(withheld(100_000, dec("3"), currency("THB")), Ok(3000));
    assert_eq!(withheld(150, dec("3"), currency("THB")), Ok(5));
    assert_eq!(withheld(149, dec("3"), currency("THB")), Ok(4));
    assert_eq!(withheld(0, dec("3"), currency("THB")), Ok(0));
    // Yen have no smaller unit; forint are paid whole.
    assert_eq!(withheld(10_005, dec("10.21"), currency("JPY")), Ok(1022));
    assert_eq!(withheld(123_400, dec("1.5"), currency("HUF")), Ok(1900));
    // 49.5 is nearer to no forint than to one.
    assert_eq!(withheld(1650, dec("3"), currency("HUF")), Ok(0));
}

#[test]
fn nothing_is_withheld_of_what_was_credited() {
    // 1,000.00 and 7 % tax; half of it credited; two thirds of it, which is not a whole satang; all of it.
    assert_eq!(base(107_000, 7000, 0, 0), Ok(100_000));
    assert_eq!(base(107_000, 7000, 0, 53_500), Ok(50_000));
    assert_eq!(base(107_000, 7000, 0, 71_333), Ok(33_334));
    assert_eq!(base(107_000, 7000, 0, 107_000), Ok(0));
    assert_eq!(base(0, 0, 0, 0), Ok(0));
}

#[test]
fn nothing_all_and_less_than_nothing_is_no_withholding() {
    for percent in ["0", "-3", "100", "120"] {
        assert_eq!(withheld(100_000, dec(percent), currency("THB")), Err(Error::Tax(TaxError::Withheld(dec(percent)))));
    }
}
