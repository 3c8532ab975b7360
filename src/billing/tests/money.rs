//! **Money**: the one rounding of a line, and the fractions it ends.

use billing::money::{Ratio, Rounding};

fn of(numer: i128, denom: i128) -> Ratio {
    Ratio::new(numer, denom).expect("a fraction")
}

#[test]
fn a_half_goes_away_from_zero_or_to_the_even_neighbour_as_the_vendor_says() {
    for (numer, up, even) in [(1, 1, 0), (3, 2, 2), (5, 3, 2), (7, 4, 4), (9, 5, 4), (11, 6, 6), (13, 7, 6)] {
        assert_eq!((of(numer, 2).round(Rounding::HalfUp), of(numer, 2).round(Rounding::HalfEven)), (Ok(up), Ok(even)), "{numer}/2");
        assert_eq!((of(-numer, 2).round(Rounding::HalfUp), of(-numer, 2).round(Rounding::HalfEven)), (Ok(-up), Ok(-even)), "-{numer}/2");
    }
    for rounding in [Rounding::HalfUp, Rounding::HalfEven] {
        assert_eq!((of(149, 100).round(rounding), of(151, 100).round(rounding), of(8, 3).round(rounding)), (Ok(1), Ok(2), Ok(3)));
    }
}

#[test]
fn a_fraction_is_told_in_lowest_terms_with_its_sign_above() {
    for (ratio, numer, denom, is_negative) in
        [(of(6, 4), 3, 2, false), (of(-6, 4), -3, 2, true), (of(6, -4), -3, 2, true), (of(0, 7), 0, 1, false), (of(8, 2), 4, 1, false)]
    {
        assert_eq!((ratio.numer(), ratio.denom(), ratio.is_negative()), (numer, denom, is_negative));
    }
}
