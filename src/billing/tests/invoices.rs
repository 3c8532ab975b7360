//! **Invoices**: documents, discounts, tax, payable units, the balance, the ledger; and the states of a subscription.

use billing::{
    Error,
    discount::{Coupon, Discount, DiscountError, Duration},
    invoice::{Document, DocumentKind, Line, LineKind, assemble},
    ledger::{self, Account, Entry},
    money::{MoneyError, spread},
    settlement::{BalanceCredit, BalanceUse, NoteSplit, due, due_at, split_note, use_balance},
    state::{Event, State, StateError},
    taken_back::TakenBack,
    tax::{Exemption, PricesTax, TaxNote, TaxParty, TaxRate, TaxSituation, Treatment},
    usage::Aggregate,
};

use crate::world::{Life, add_on, amount_off, assert_lines, at, currency, dec, flat, metered, of, party, per_unit, percent_off, plan, rate, taxed, zone};

fn one_offs(amounts: &[i64]) -> Vec<Line> {
    amounts.iter().map(|amount| Line::one_off("work", *amount)).collect()
}

#[track_caller]
fn document(lines: Vec<Line>, tax: &TaxSituation, prices: PricesTax) -> Document {
    assemble(lines, &[], &[], tax, currency("EUR"), prices).expect("assembles").expect("a document")
}

/// (rate, base, amount) of each rate.
fn taxes(document: &Document) -> Vec<(&str, i64, i64)> {
    document.tax.iter().map(|tax| (tax.rate.as_str(), tax.base_minor, tax.amount_minor)).collect()
}

#[test]
fn the_example_of_the_scenario_page() {
    // 2900 for the base and two paid seats of three at 1000, 20 % off, 20 % tax.
    let seats = billing::price::Price { included: dec("1"), ..per_unit("seats", "1000") };
    let mut life = Life::new(of(3, plan("team", vec![flat("base", 2900), seats])), "2024-01-24T09:00:00Z")
        .taxed_at(vec![rate("fr20", "FR", "20")])
        .with_coupon(percent_off("LAUNCH", "20", Duration::Repeating { months: 3 }));
    let document = life.begin();
    assert_eq!((document.subtotal_minor, document.discount_minor, document.tax_total_minor), (4900, 980, 784));
    assert_eq!((document.total_minor, document.rounding_minor, document.kind), (4704, 0, DocumentKind::Invoice));
    assert_eq!(taxes(&document), [("fr20", 3920, 784)]);
    assert_eq!(document.lines.iter().map(|line| line.discount_minor).collect::<Vec<_>>(), [580, 400]);
    assert_eq!(document.lines[0].quantity, dec("1"));
}

#[test]
fn usage_in_arrears_and_the_next_fees_are_one_document() {
    let mut life = Life::new(plan("p", vec![flat("base", 1000), metered(per_unit("calls", "2"), "m", Aggregate::Sum)]), "2024-01-01");
    life.begin();
    life.uses("m", "2024-01-31T23:59:59Z", "5");
    life.uses("m", "2024-02-01", "900");
    assert_lines(&life.renew().expect("a document").lines, &[(LineKind::Usage, "calls", 10), (LineKind::Recurring, "base", 1000)]);
}

#[test]
fn an_invoice_of_no_lines_is_not_made_and_one_of_zero_is() {
    let none = assemble(Vec::new(), &[], &[], &taxed(Vec::new()), currency("EUR"), PricesTax::Exclusive);
    assert_eq!(none, Ok(None));
    let zero = document(one_offs(&[500, -500]), &taxed(vec![rate("fr", "FR", "20")]), PricesTax::Exclusive);
    assert_eq!((zero.kind, zero.total_minor), (DocumentKind::Invoice, 0));
}

#[test]
fn inclusive_prices_have_their_tax_inside() {
    let tax = taxed(vec![rate("fr", "FR", "20")]);
    // 1000 × 20 ÷ 120 = 166.67; the base is the rest.
    let one = document(one_offs(&[1000]), &tax, PricesTax::Inclusive);
    assert_eq!((taxes(&one), one.total_minor), (vec![("fr", 833, 167)], 1000));
    // Two rates on the same base: 1150 holds 10 % and 5 % of 1000.
    let two = document(one_offs(&[1150]), &taxed(vec![rate("a", "FR", "10"), rate("b", "FR", "5")]), PricesTax::Inclusive);
    assert_eq!((taxes(&two), two.total_minor), (vec![("a", 1000, 100), ("b", 1000, 50)], 1150));
    // The discount comes off the gross.
    let mut life = Life::new(plan("p", vec![flat("base", 1200)]), "2024-01-01").taxed_at(vec![rate("fr", "FR", "20")]).with_coupon(percent_off(
        "HALF",
        "50",
        Duration::Forever,
    ));
    life.prices = PricesTax::Inclusive;
    let half = life.begin();
    assert_eq!((half.subtotal_minor, half.discount_minor, half.total_minor), (1200, 600, 600));
    assert_eq!(taxes(&half), [("fr", 500, 100)]);
}

#[test]
fn forints_are_paid_whole() {
    let tax = TaxSituation { customer: party("HU"), ..taxed(vec![rate("hu", "HU", "27")]) };
    let in_forint = |amount| assemble(one_offs(&[amount]), &[], &[], &tax, currency("HUF"), PricesTax::Exclusive).expect("assembles").expect("a document");
    // 1000.30 Ft and 27 % are 1270.38 Ft, paid 1270; 1000.40 are 1270.51, paid 1271.
    let (down, up) = (in_forint(100_030), in_forint(100_040));
    assert_eq!((down.tax_total_minor, down.rounding_minor, down.total_minor), (27_008, -38, 127_000));
    assert_eq!((up.tax_total_minor, up.rounding_minor, up.total_minor), (27_011, 49, 127_100));
    assert_eq!(ledger_of(&up), [("receivable", 127_100), ("revenue", -100_040), ("tax", -27_011), ("rounding", -49)]);
}

#[test]
fn a_tax_rate_is_not_negative_and_does_not_end_before_it_begins() {
    let between = |from: &str, to: &str| TaxRate { from: Some(from.parse().unwrap()), to: Some(to.parse().unwrap()), ..rate("fr", "FR", "20") };
    assert_eq!(rate("fr", "FR", "0").check(), Ok(()));
    assert_eq!(rate("fr", "FR", "20").check(), Ok(()));
    assert_eq!(rate("fr", "FR", "-0.01").check().unwrap_err().to_string(), "The tax rate “fr” must not be negative.");
    assert_eq!(between("2026-01-01", "2026-12-31").check(), Ok(()));
    assert_eq!(between("2026-01-01", "2026-01-01").check(), Ok(()), "a rate of one day");
    assert_eq!(between("2026-01-02", "2026-01-01").check().unwrap_err().to_string(), "The tax rate “fr” ends before it begins.");
    let open = TaxRate { to: Some("2026-01-01".parse().unwrap()), ..rate("fr", "FR", "20") };
    assert_eq!(open.check(), Ok(()), "since ever");
}

fn dated(key: &str, percent: &str, from: &str) -> TaxRate {
    TaxRate { from: Some(at(from).date_naive()), ..rate(key, "FR", percent) }
}

#[test]
fn every_dated_rate_that_fits_the_place_applies_to_the_same_base() {
    let in_region = |key: &str, region: &str, percent: &str| TaxRate { region: Some(region.to_owned()), ..rate(key, "CA", percent) };
    let rates = vec![rate("gst", "CA", "5"), in_region("qst", "QC", "9.975"), in_region("pst", "BC", "7"), rate("fr", "FR", "20")];
    let quebec = TaxParty { region: Some("QC".to_owned()), ..party("CA") };
    let of = |customer: TaxParty| document(one_offs(&[1000]), &TaxSituation { customer, ..taxed(rates.clone()) }, PricesTax::Exclusive);
    // 99.75 rounds to 100, each rate by itself.
    assert_eq!(taxes(&of(quebec)), [("gst", 1000, 50), ("qst", 1000, 100)]);
    assert_eq!(taxes(&of(party("CA"))), [("gst", 1000, 50)]);
    // No fitting rate, no tax.
    assert_eq!((taxes(&of(party("US"))), of(party("US")).total_minor), (vec![], 1000));

    // Entries of one key are one rate whose percent changed; a last day ends a rate.
    let on = |day: &str, rates: Vec<TaxRate>| {
        let tax = TaxSituation { on: at(day).date_naive(), ..taxed(rates) };
        tax.rates_for(None).into_iter().map(|tax| tax.percent).collect::<Vec<_>>()
    };
    let changed = || vec![dated("fr", "19.6", "2000-04-01"), dated("fr", "20", "2014-01-01")];
    assert_eq!(on("2013-12-31", changed()), [dec("19.6")]);
    assert_eq!(on("2014-01-01", changed()), [dec("20")]);
    assert!(on("1999-12-31", changed()).is_empty());
    let ended = TaxRate { to: Some(at("2014-06-30").date_naive()), ..dated("fr", "20", "2014-01-01") };
    assert_eq!((on("2014-06-30", vec![ended.clone()]).len(), on("2014-07-01", vec![ended]).len()), (1, 0));
}

#[test]
fn a_rate_that_names_the_product_displaces_the_general_ones() {
    let books = TaxRate { products: Some(vec!["books".to_owned()]), ..rate("reduced", "FR", "5.5") };
    let mut life = Life::new(plan("books", vec![flat("base", 1000)]), "2024-01-01").taxed_at(vec![rate("fr", "FR", "20"), books]);
    life.terms.add_ons = vec![add_on("support", 1, vec![flat("support", 500)])];
    assert_eq!(taxes(&life.begin()), [("reduced", 1000, 55), ("fr", 500, 100)]);
}

#[test]
fn reverse_charge_needs_two_eu_countries_and_two_well_formed_ids() {
    let with_id = |country: &str, tax_id: &str| TaxParty { tax_id: Some(tax_id.to_owned()), ..party(country) };
    let french = || with_id("FR", "FR40303265045");
    let of = |vendor: TaxParty, customer: TaxParty| TaxSituation { vendor, customer, ..taxed(vec![rate("de", "DE", "19"), rate("fr", "FR", "20")]) };
    let treatment = |vendor, customer| of(vendor, customer).treatment();
    assert_eq!(treatment(french(), with_id("DE", "DE 136.695-976")), Treatment::ReverseCharge);
    assert_eq!(treatment(french(), with_id("GR", "EL094259216")), Treatment::ReverseCharge);
    // At home; without an id; with a wrong one; with another country's; without the vendor's own; outside the EU.
    assert_eq!(treatment(french(), with_id("FR", "FR83404833048")), Treatment::Taxed);
    assert_eq!(treatment(french(), party("DE")), Treatment::Taxed);
    assert_eq!(treatment(french(), with_id("DE", "DE12")), Treatment::Taxed);
    assert_eq!(treatment(french(), with_id("DE", "FR83404833048")), Treatment::Taxed);
    assert_eq!(treatment(party("FR"), with_id("DE", "DE136695976")), Treatment::Taxed);
    assert_eq!(treatment(french(), with_id("GB", "XI123456789")), Treatment::Taxed);

    let invoice = document(one_offs(&[1000]), &of(french(), with_id("DE", "DE136695976")), PricesTax::Exclusive);
    assert_eq!((invoice.total_minor, invoice.notes.as_slice()), (1000, &[TaxNote::ReverseCharge][..]));
    let exempt = TaxSituation { exemption: Exemption::Exempt, ..taxed(vec![rate("fr", "FR", "20")]) };
    let invoice = document(one_offs(&[1000]), &exempt, PricesTax::Exclusive);
    assert_eq!((invoice.total_minor, invoice.notes.as_slice()), (1000, &[TaxNote::Exempt][..]));
}

#[test]
fn a_discount_is_rounded_once_and_spread_by_largest_remainder() {
    // A third of 100 + 100 + 101 is 100.33: one rounding, 100 over three lines.
    let prices = vec![flat("a", 100), flat("b", 100), flat("c", 101)];
    let mut life = Life::new(plan("p", prices), "2024-01-01").with_coupon(percent_off("THIRD", "33.3333", Duration::Forever));
    let document = life.begin();
    assert_eq!(document.lines.iter().map(|line| line.discount_minor).collect::<Vec<_>>(), [33, 33, 34]);
    assert_eq!(document.discounts[0].amount_minor, 100);
}

#[test]
fn percents_first_each_on_what_is_left_then_amounts_never_below_zero() {
    let life = |price| {
        let life = Life::new(plan("p", vec![flat("base", price)]), "2024-01-01");
        let life = life.with_coupon(amount_off("TEN", 1000, Duration::Forever)).with_coupon(percent_off("HALF", "50", Duration::Forever));
        life.with_coupon(percent_off("FIFTH", "20", Duration::Forever))
    };
    // 10000 − 5000 − 1000 − 1000
    let document = life(10_000).begin();
    let applied = document.discounts.iter().map(|applied| (applied.coupon.as_str(), applied.amount_minor)).collect::<Vec<_>>();
    assert_eq!(applied, [("HALF", 5000), ("FIFTH", 1000), ("TEN", 1000)]);
    assert_eq!(document.total_minor, 3000);
    assert_eq!(life(2000).begin().total_minor, 0);
}

#[test]
fn a_discount_reaches_its_subscriptions_lines_but_no_credits_and_no_one_offs() {
    let mut life = Life::new(plan("p", vec![flat("base", 3000)]), "2024-06-01").with_coupon(percent_off("HALF", "50", Duration::Forever));
    life.begin();
    let mut lines = life.preview("2024-06-16", &plan("q", vec![flat("base", 6000)])).lines;
    lines.push(Line::one_off("work", 700));
    let foreign = Line { subscription: Some("s2".to_owned()), kind: LineKind::Recurring, ..Line::one_off("other", 900) };
    lines.push(foreign);
    let document = assemble(lines, &[], &life.discounts, &life.tax, currency("EUR"), PricesTax::Exclusive).expect("assembles").expect("some");
    let seen = document.lines.iter().map(|line| (line.amount_minor, line.discount_minor)).collect::<Vec<_>>();
    // Half of 1500 net back; 3000 at half price; the rest untouched.
    assert_eq!(seen, [(-750, 0), (3000, 1500), (700, 0), (900, 0)]);
    // Usage and minimums it reaches as well.
    let calls = billing::price::Price { minimum: Some(100), ..metered(per_unit("calls", "2"), "m", Aggregate::Sum) };
    let mut life = Life::new(plan("p", vec![calls]), "2024-06-01").with_coupon(percent_off("HALF", "50", Duration::Forever));
    life.try_begin();
    life.uses("m", "2024-06-02", "20");
    assert_eq!(life.renew().expect("a document").discount_minor, 50);
}

#[test]
fn a_percent_is_rounded_once_a_coupon_and_document() {
    let line = |of: &str| Line { subscription: Some(of.to_owned()), kind: LineKind::Recurring, ..Line::one_off("base", 333) };
    let discount = |of: &str, coupon: Coupon| Discount { subscription: of.to_owned(), coupon, zone: zone("UTC"), first_period_start: None };
    let half = || percent_off("HALF", "50", Duration::Forever);
    let mut lines = [line("s1"), line("s2")];
    let applied =
        billing::discount::apply(&mut lines, &TakenBack::default(), &[discount("s1", half()), discount("s2", half())], currency("EUR")).expect("applies");
    // Half of 666 is 333; subscription by subscription it would be 334.
    assert_eq!(applied.iter().map(|applied| (applied.subscription.as_str(), applied.amount_minor)).collect::<Vec<_>>(), [("s1", 167), ("s2", 166)]);
    assert_eq!(lines.map(|line| line.discount_minor), [167, 166]);
    // An amount is each subscription's own.
    let ten = || amount_off("TEN", 10, Duration::Forever);
    let mut lines = [line("s1"), line("s2")];
    billing::discount::apply(&mut lines, &TakenBack::default(), &[discount("s1", ten()), discount("s2", ten())], currency("EUR")).expect("applies");
    assert_eq!(lines.map(|line| line.discount_minor), [10, 10]);
}

#[test]
fn repeating_reaches_every_period_that_starts_within_its_months() {
    let calls = metered(per_unit("calls", "1"), "m", Aggregate::Sum);
    let coupon = percent_off("HALF", "50", Duration::Repeating { months: 2 });
    let mut life = Life::new(plan("p", vec![flat("base", 1000), calls]), "2024-01-31").with_coupon(coupon);
    for when in ["2024-02-05", "2024-03-05", "2024-04-05"] {
        life.uses("m", when, "100");
    }
    // Periods start on 31 January, 29 February (discounted) and 31 March: two months after the first, and no more.
    let mut discounts = vec![life.begin().discount_minor];
    discounts.extend((0..3).map(|_| life.renew().expect("a document").discount_minor));
    // Usage follows its own period: that of March's is still half price when April's fee is not.
    assert_eq!(discounts, [500, 500 + 50, 50, 0]);
}

#[test]
fn once_is_the_first_invoice_with_something_to_discount() {
    let coupon = || percent_off("HALF", "50", Duration::Once);
    let calls = metered(per_unit("calls", "1"), "m", Aggregate::Sum);
    let mut life = Life::new(plan("p", vec![calls]), "2024-01-01").with_coupon(coupon());
    life.try_begin();
    assert!(life.renew().is_none());
    life.uses("m", "2024-02-05", "100");
    life.uses("m", "2024-03-05", "100");
    assert_eq!(life.renew().map(|document| document.discount_minor), Some(50));
    assert_eq!(life.renew().map(|document| document.discount_minor), Some(0));
    // A credit note is no invoice: the coupon waits.
    let mut life = Life::new(plan("p", vec![flat("base", 3000)]), "2024-06-01");
    life.begin();
    let mut life = life.with_coupon(coupon());
    let down = life.change("2024-06-16", plan("q", vec![flat("base", 1000)])).expect("a document");
    assert_eq!((down.kind, down.discount_minor, life.discounts[0].first_period_start), (DocumentKind::CreditNote, 0, None));
    assert_eq!(life.renew().map(|document| document.discount_minor), Some(500));
}

#[test]
fn coupons_that_make_no_sense_are_refused() {
    let check = |coupon: billing::discount::Coupon| coupon.check();
    assert_eq!(check(percent_off("X", "0", Duration::Once)), Err(DiscountError::Percent("X".to_owned()).into()));
    assert_eq!(check(percent_off("X", "100.1", Duration::Once)), Err(DiscountError::Percent("X".to_owned()).into()));
    assert_eq!(check(amount_off("X", 0, Duration::Once)), Err(DiscountError::Amount("X".to_owned()).into()));
    assert_eq!(check(percent_off("X", "5", Duration::Repeating { months: 0 })), Err(DiscountError::NoMonths("X".to_owned()).into()));
    // An amount in Euro on a document in Dollars.
    let mut life = Life::new(plan("p", vec![flat("base", 1000)]), "2024-01-01").with_coupon(amount_off("TEN", 1000, Duration::Once));
    let lines = life.preview("2024-01-02", &plan("q", vec![flat("base", 2000)])).lines;
    life.basis.currency = currency("USD");
    let refused = assemble(lines, &[], &life.discounts, &life.tax, currency("USD"), PricesTax::Exclusive).expect_err("another currency");
    assert_eq!(refused.to_string(), "The coupon “TEN” is worth EUR and cannot be used on a document in USD.");
}

#[test]
fn tax_shares_of_lines_sum_to_the_documents() {
    let document = document(one_offs(&[333, 333, 334, -100]), &taxed(vec![rate("fr", "FR", "19.6")]), PricesTax::Exclusive);
    let shares = document.lines.iter().map(|line| line.tax[0].amount_minor).collect::<Vec<_>>();
    // 900 × 19.6 % = 176.4. Of 65.268, 65.268, 65.464 and −19.6 rounded down, 175 is left of it: the third lost most.
    assert_eq!((taxes(&document), shares.iter().sum::<i64>()), (vec![("fr", 900, 176)], 176));
    assert_eq!(shares, [65, 65, 66, -20]);
}

/// What is left of two lines that nearly cancel out says nothing of the tax of either.
#[test]
fn tax_shares_are_the_lines_own_where_little_is_left_of_them_together() {
    let shares = |amounts: &[i64], percent: &str| {
        let document = document(one_offs(amounts), &taxed(vec![rate("fr", "FR", percent)]), PricesTax::Exclusive);
        document.lines.iter().map(|line| line.tax[0].amount_minor).collect::<Vec<_>>()
    };
    assert_eq!(shares(&[-9900, 9903], "19"), [-1881, 1882]);
    assert_eq!(shares(&[-1450, 1453], "20"), [-290, 291]);
    assert_eq!(shares(&[-1450, 1450], "20"), [-290, 290]);
    assert_eq!(shares(&[-1452, 1452], "20"), [-290, 290]);
    assert_eq!(shares(&[9900, -9903], "19"), [1881, -1882]);
}

#[test]
fn what_expires_soonest_is_used_first_and_what_has_expired_is_not_used() {
    let credit =
        |reference: &str, left_minor, expires: Option<&str>| BalanceCredit { reference: reference.to_owned(), left_minor, expires_at: expires.map(at) };
    let used = |reference: &str, amount_minor| BalanceUse { reference: reference.to_owned(), amount_minor };
    let credits = [credit("lasting", 300, None), credit("june", 500, Some("2024-06-01T00:00:00Z")), credit("may", 200, Some("2024-05-01T00:00:00Z"))];
    assert_eq!(use_balance(600, &credits, at("2024-04-30T23:59:59Z")), Ok(vec![used("may", 200), used("june", 400)]));
    // From its instant on it is gone.
    assert_eq!(use_balance(600, &credits, at("2024-05-01T00:00:00Z")), Ok(vec![used("june", 500), used("lasting", 100)]));
    assert_eq!(use_balance(600, &credits, at("2024-06-01T00:00:00Z")), Ok(vec![used("lasting", 300)]));
}

#[test]
fn balance_is_used_after_tax_oldest_first() {
    let now = at("2024-03-20T09:00:00Z");
    let credit = |reference: &str, left_minor| BalanceCredit { reference: reference.to_owned(), left_minor, expires_at: None };
    let used = |reference: &str, amount_minor| BalanceUse { reference: reference.to_owned(), amount_minor };
    let credits = [credit("old", 300), credit("spent", 0), credit("new", 900)];
    assert_eq!(use_balance(1000, &credits, now), Ok(vec![used("old", 300), used("new", 700)]));
    assert_eq!(use_balance(200, &credits, now), Ok(vec![used("old", 200)]));
    assert_eq!(use_balance(0, &credits, now), Ok(Vec::new()));
    assert_eq!(due(1000, [300, 500]), Ok(200));
    assert_eq!(split_note(500, 200), Ok(NoteSplit { to_invoice_minor: 200, rest_minor: 300 }));
    assert_eq!(split_note(500, 900), Ok(NoteSplit { to_invoice_minor: 500, rest_minor: 0 }));
    assert_eq!(due_at(at("2024-03-20T09:00:00Z"), 14, zone("Europe/Paris")), Ok(at("2024-04-03T08:00:00Z")));
}

fn named(entries: Vec<Entry>) -> Vec<(String, i64)> {
    let name = |entry: Entry| serde_json::to_value(entry.account).expect("writes").as_str().expect("a name").to_owned();
    entries.into_iter().map(|entry| (name(entry), entry.amount_minor)).collect()
}

fn ledger_of(document: &Document) -> Vec<(&'static str, i64)> {
    let names = ["receivable", "cash", "revenue", "tax", "customer_balance", "discounts", "write_offs", "rounding"];
    let posted = named(ledger::invoice_issued(document).expect("posts"));
    names.into_iter().filter_map(|name| posted.iter().find(|(posted, _)| posted == name).map(|(_, amount)| (name, *amount))).collect()
}

#[test]
fn every_posting_balances_and_revenue_is_gross_of_discount() {
    let discounted = |prices| {
        let mut life = Life::new(plan("p", vec![flat("base", 1200)]), "2024-01-01").taxed_at(vec![rate("fr", "FR", "20")]).with_coupon(percent_off(
            "HALF",
            "50",
            Duration::Forever,
        ));
        life.prices = prices;
        life.begin()
    };
    let exclusive = ledger_of(&discounted(PricesTax::Exclusive));
    assert_eq!(exclusive, [("receivable", 720), ("revenue", -1200), ("tax", -120), ("discounts", 600)]);
    let inclusive = ledger_of(&discounted(PricesTax::Inclusive));
    assert_eq!(inclusive, [("receivable", 600), ("revenue", -1100), ("tax", -100), ("discounts", 600)]);

    // A credit note into the balance, in part against what is still owed.
    let note = document(one_offs(&[-1000]), &taxed(vec![rate("fr", "FR", "20")]), PricesTax::Exclusive);
    let posted = named(ledger::credit_note_issued(&note, 500).expect("posts"));
    let expected = [("receivable", -500), ("customer_balance", -700), ("revenue", 1000), ("tax", 200)];
    assert_eq!(posted, expected.map(|(name, amount)| (name.to_owned(), amount)));
    assert!(ledger::credit_note_issued(&note, 1201).is_err());

    let postings = [
        ledger::payment_received(500),
        ledger::balance_applied(500),
        ledger::balance_granted(500),
        ledger::balance_topped_up(500),
        ledger::refund_paid(500),
        ledger::tax_withheld(500),
        ledger::invoice_issued(&note),
        ledger::credit_note_issued(&note, 0),
    ];
    for posting in postings {
        assert_eq!(posting.expect("posts").iter().map(|entry| entry.amount_minor).sum::<i64>(), 0);
    }
    assert_eq!(Account::ALL.len(), 10);
}

#[test]
fn states_and_why_events_are_refused() {
    use Event::*;
    use State::*;
    let cases = [
        (Scheduled, StartTrial, Ok(Trialing)),
        (Scheduled, Pause, Err(StateError::NotStarted)),
        (Trialing, EndTrial, Ok(Active)),
        (Trialing, Pause, Err(StateError::TrialCannotPause)),
        (Active, FailPayment, Ok(PastDue)),
        (Active, Resume, Err(StateError::NotPaused)),
        (PastDue, RecoverPayment, Ok(Active)),
        (PastDue, Start, Err(StateError::AlreadyStarted)),
        (Paused, Resume, Ok(Active)),
        (Paused, Change, Err(StateError::PausedFirstResume)),
        (Cancelled, Reactivate, Ok(Active)),
        (Cancelled, Change, Err(StateError::Ended)),
        (Active, Reactivate, Err(StateError::NotEnded)),
    ];
    for (state, event, expected) in cases {
        assert_eq!(state.after(event), expected, "{state:?} {event:?}");
    }
    let entitled = State::ALL.into_iter().filter(|state| state.is_entitled()).collect::<Vec<_>>();
    assert_eq!(entitled, [Trialing, Active, PastDue]);
    assert_eq!(Error::from(StateError::PausedFirstResume).to_string(), "The subscription is paused; resume it first.");
}

#[test]
fn nothing_can_be_spread_over_nothing() {
    assert_eq!(spread(5, &[]), Err(MoneyError::NothingToSpreadOver));
    assert_eq!(spread(5, &[0, 0]), Err(MoneyError::NothingToSpreadOver));
    assert_eq!(spread(0, &[0, 0]), Ok(vec![0, 0]));
    // Equal remainders: the first wins.
    assert_eq!(spread(5, &[1, 1, 1]), Ok(vec![2, 2, 1]));
    assert_eq!(spread(-5, &[1, 1, 1]), Ok(vec![-2, -2, -1]));
}
