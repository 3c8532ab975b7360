//! **Tax ids**: form and check digits, on ids that authorities and registers publish as examples, and on the same with a digit changed.

use billing::tax::ids::{TaxIdError, check, is_eu, is_well_formed_eu_tax_id, thai_parts};

/// Country, ids that are right, ids with a wrong digit.
#[rustfmt::skip]
const IDS: [(&str, &[&str], &[&str]); 32] = [
    ("AT", &["ATU13585627", "at u 13585627"], &["ATU13585626"]),
    ("BE", &["BE0428759497", "BE 0428.759.497", "BE0403019261"], &["BE0431150351", "BE0403019262"]),
    ("BG", &["BG175074752", "BG7523169263", "BG7111042925"], &["BG175074751", "BG7552010004"]),
    ("CY", &["CY-10259033P"], &["CY-10259033Z"]),
    ("CZ", &["CZ25123891", "CZ7103192745", "CZ640903926"], &["CZ25123890", "CZ7103192746", "CZ640903925"]),
    ("DE", &["DE136695976", "DE 136 695 976"], &["DE136695978"]),
    ("DK", &["DK 13585628"], &["DK 13585627"]),
    ("EE", &["EE100594102"], &["EE100594103"]),
    ("GR", &["EL 094259216"], &["EL 123456781"]),
    ("ES", &["ESA13585625", "ESB64717838", "ES54362315K", "ESX-5253868-R", "ESM-1234567-L"], &["ESB64717839", "ES54362315Z", "ESX5253868S"]),
    ("FI", &["FI 20774740"], &["FI 20774741"]),
    ("FR", &["FR40303265045", "FR23334175221", "FRK7399859412", "FR4Z123456782"], &["FR84323140391", "FR41303265045", "FRIO334175221"]),
    ("HR", &["HR 33392005961"], &["HR33392005962"]),
    ("HU", &["HU-12892312"], &["HU-12892313"]),
    ("IE", &["IE 6433435F", "IE 6433435OA", "IE8D79739I"], &["IE6433435E", "IE6433435OB", "IE8D79739J"]),
    ("IT", &["IT 00743110157"], &["IT00743110158"]),
    ("LT", &["LT119511515", "LT 100001919017", "LT100004801610"], &["LT119511516", "LT100001919018"]),
    ("LU", &["LU 150 274 42"], &["LU150 274 43"]),
    ("LV", &["LV 4000 3521 600", "LV161175-19997", "LV328673-00679"], &["LV40003521601", "LV328673-00677"]),
    ("MT", &["MT 1167-9112"], &["MT1167-9113"]),
    ("NL", &["NL004495445B01", "NL002455799B11"], &["NL123456789B90", "NL004495445A01"]),
    ("PL", &["PL 8567346215"], &["PL 8567346216"]),
    ("PT", &["PT 501 964 843"], &["PT 501 964 842"]),
    ("RO", &["RO 185 472 90", "RO11198699", "RO361897"], &["RO18547291", "RO11198690", "RO361890"]),
    ("SE", &["SE 123456789701"], &["SE123456789101"]),
    ("SI", &["SI 5022 3054"], &["SI 50223055"]),
    ("SK", &["SK 202 274 96 19"], &["SK 202 274 96 18"]),
    ("GB", &["GB 980 7806 84", "XI 980 7806 84", "GBGD001", "GBHA599"], &["GB802311781", "GBGD500", "GBHA499"]),
    ("NO", &["NO 995 525 828 MVA", "995 525 828 MVA"], &["NO 995 525 829 MVA"]),
    ("CH", &["CHE-107.787.577 IVA", "CHE107787577MWST", "CHE-107.787.577 TVA", "CHE-116.281.710 MWST"], &["CHE-107.787.578 IVA", "CHE-116.281.715 MWST"]),
    ("JP", &["T7000012050002", "T 7-0000-1205-0002"], &["T8000012050002"]),
    ("TH", &["0994000165510", "0-9940-00165-51-0", "0994000165510 00012", "1-2345-45678-78-1"], &["0994000165511", "1-2345-45678-78-9"]),
];

#[test]
fn check_digits_fit() {
    for (country, right, wrong) in IDS {
        for id in right {
            assert_eq!(check(country, id), Ok(()), "{country} {id}");
        }
        for id in wrong {
            assert_eq!(check(country, id), Err(TaxIdError::CheckDigit), "{country} {id}");
        }
    }
}

/// Any one digit changed is noticed, but for those that the rules of their country do not see (a Dutch id's last two, say).
#[test]
fn a_wrong_digit_is_noticed() {
    for (country, right, _) in IDS {
        let (mut changed, mut noticed) = (0, 0);
        let id = right[0];
        for (at, digit) in id.char_indices().filter(|(_, c)| c.is_ascii_digit()) {
            for other in "0123456789".chars().filter(|other| *other != digit) {
                let spoiled = format!("{}{other}{}", &id[..at], &id[at + 1..]);
                changed += 1;
                noticed += i32::from(check(country, &spoiled).is_err());
            }
        }
        assert!(noticed * 4 >= changed * 3, "{country}: {noticed} of {changed}");
    }
}

#[test]
fn bulgarian_companies_persons_foreigners_and_others_have_each_a_rule_of_their_own() {
    for (whose, right, wrong) in [
        ("a company's", "BG175074752", "BG175074751"),
        ("a company's that is counted twice", "BG926067143", "BG926067142"),
        ("a company's that ends in nought when counted twice", "BG926067770", "BG926067771"),
        ("a person's, a birth in 1875", "BG7523169263", "BG7523169264"),
        ("a foreigner's", "BG7111042925", "BG7111042922"),
        ("another's, a birth in no month", "BG8019010008", "BG8019010009"),
    ] {
        assert_eq!(check("BG", right), Ok(()), "{whose} {right}");
        assert_eq!(check("BG", wrong), Err(TaxIdError::CheckDigit), "{whose} {wrong}");
    }
}

#[test]
fn czech_companies_and_persons_are_told_by_the_number_of_digits() {
    for (whose, right, wrong) in [
        ("a company's", "CZ46505334", "CZ46505333"),
        ("a company's whose check digit is nought", "CZ27082440", "CZ27082441"),
        ("a company's whose check digit would be eleven", "CZ25123891", "CZ25123890"),
        ("a person's of 1971", "CZ710319/2745", "CZ710319/2743"),
        ("a person's without a birth number", "CZ640903926", "CZ640903927"),
        ("another's without one", "CZ630903928", "CZ630903927"),
        ("a third's", "CZ699001236", "CZ699001237"),
    ] {
        assert_eq!(check("CZ", right), Ok(()), "{whose} {right}");
        assert_eq!(check("CZ", wrong), Err(TaxIdError::CheckDigit), "{whose} {wrong}");
    }
    // Until 1953 a birth number had no digit that checks.
    for born_1939_or_1899 in ["CZ395601439", "CZ395601438", "CZ991231123"] {
        assert_eq!(check("CZ", born_1939_or_1899), Ok(()));
    }
}

#[test]
fn a_french_key_counts_its_letters() {
    // The published example is 4Z; of the keys with an A the rule gives this company 6A to 9A.
    for (digit, expected) in (0..10).map(|digit| (digit, if digit < 6 { Err(TaxIdError::CheckDigit) } else { Ok(()) })) {
        assert_eq!(check("FR", &format!("FR{digit}A123456782")), expected, "{digit}A");
    }
    // And to that of the first example, beside its 40: A9, AM and AZ.
    for (key, expected) in [("A9", Ok(())), ("AM", Ok(())), ("AZ", Ok(())), ("A8", Err(TaxIdError::CheckDigit)), ("AN", Err(TaxIdError::CheckDigit))] {
        assert_eq!(check("FR", &format!("FR{key}303265045")), expected, "{key}");
    }
}

#[test]
fn letters_and_signs_of_a_dutch_id_count_as_well() {
    // Made up by the rule.
    for (right, wrong) in [("NL+23456789B81", "NL*23456789B81"), ("NL*23456789B31", "NL+23456789B31"), ("NLA23456789B23", "NLB23456789B23")] {
        assert_eq!((check("NL", right), check("NL", wrong)), (Ok(()), Err(TaxIdError::CheckDigit)), "{right} {wrong}");
    }
}

#[test]
fn british_ids_have_an_old_rule_and_from_100_on_a_new_one_too() {
    // The sum of the digits by their weights and the check number: 97, or 42 beyond one.
    for right in ["GB434031494", "GB562235987", "GB012345620"] {
        assert_eq!(check("GB", right), Ok(()), "{right}");
    }
    for wrong in ["GB434031493", "GB562235988", "GB012345662"] {
        assert_eq!(check("GB", wrong), Err(TaxIdError::CheckDigit), "{wrong}");
    }
}

#[test]
fn a_foreigner_in_spain_counts_by_the_letter_in_front() {
    // The published number behind X, with the letters that the rule gives it behind Y and Z.
    for id in ["X5253868R", "Y5253868S", "Z5253868Y"] {
        assert_eq!(check("ES", &format!("ES{id}")), Ok(()), "{id}");
    }
    for id in ["X5253868S", "Y5253868Y", "Z5253868R", "Y5253868R", "Z5253868S"] {
        assert_eq!(check("ES", &format!("ES{id}")), Err(TaxIdError::CheckDigit), "{id}");
    }
}

#[test]
fn a_spanish_id_begins_with_a_letter_that_stands_for_something() {
    assert_eq!(check("ES", "ESA13585625"), Ok(()));
    for nothing in ["ESI13585625", "ESO13585625", "EST13585625"] {
        assert_eq!(check("ES", nothing), Err(TaxIdError::CheckDigit), "{nothing}");
    }
}

#[test]
fn the_form_comes_first_and_names_an_example_that_is_right() {
    for (country, _, _) in IDS {
        for id in ["", "nonsense", "DE12345678é", "XX123456789", "99", "ＤＥ136695976"] {
            match check(country, id) {
                Err(TaxIdError::Form(example)) => assert_eq!(check(country, example), Ok(()), "{country} {example}"),
                other => panic!("{country} {id}: {other:?}"),
            }
        }
    }
    assert_eq!(check("US", "whatever"), Ok(()));
}

#[test]
fn a_thai_tax_id_may_name_a_branch() {
    let parts = |id: &str| thai_parts(id).map(|(taxpayer, branch)| (taxpayer, branch.unwrap_or_default()));
    assert_eq!(parts("0-9940-00165-51-0"), Some(("0994000165510".into(), String::new())));
    assert_eq!(parts("0994000165510-00000"), Some(("0994000165510".into(), String::new())));
    assert_eq!(parts("0994000165510 00012"), Some(("0994000165510".into(), "00012".into())));
    assert_eq!(parts("0994000165511"), None);
}

#[test]
fn the_union_has_twenty_seven_members() {
    assert_eq!(IDS.iter().filter(|(country, _, _)| is_eu(country)).count(), 27);
    assert!(!is_eu("GB") && !is_eu("CH") && !is_eu("US"));
}

#[test]
fn forms_of_eu_tax_ids() {
    #[rustfmt::skip]
    let good = [
        ("AT", "ATU12345678"), ("BE", "BE0123456789"), ("BG", "BG123456789"), ("CY", "CY12345678X"), ("CZ", "CZ1234567890"), ("DE", "DE123456789"),
        ("DK", "DK12345678"), ("EE", "EE123456789"), ("GR", "EL123456789"), ("ES", "ESX1234567X"), ("FI", "FI12345678"), ("FR", "FRXX123456789"),
        ("HR", "HR12345678901"), ("HU", "HU12345678"), ("IE", "IE1234567WA"), ("IE", "IE1A23456X"), ("IT", "IT12345678901"), ("LT", "LT123456789012"),
        ("LU", "LU12345678"), ("LV", "LV12345678901"), ("MT", "MT12345678"), ("NL", "nl 1234.56.789 b01"), ("PL", "PL1234567890"), ("PT", "PT123456789"),
        ("RO", "RO12"), ("SE", "SE123456789012"), ("SI", "SI12345678"), ("SK", "SK1234567890"),
    ];
    for (country, tax_id) in good {
        assert!(is_well_formed_eu_tax_id(country, tax_id), "{tax_id}");
    }
    let bad =
        [("GR", "GR123456789"), ("GB", "GB123456789"), ("GB", "XI123456789"), ("XI", "XI123456789"), ("FR", "40303265045"), ("DE", "DE12345678é"), ("DE", "")];
    for (country, tax_id) in bad {
        assert!(!is_well_formed_eu_tax_id(country, tax_id), "{tax_id}");
    }
}
