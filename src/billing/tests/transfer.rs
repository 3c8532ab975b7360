//! Accounts, references and payment codes, against published examples.

use billing::transfer::{Account, AccountError, Bic, Iban, Number, PromptPay, creditor_reference, payment_code, printed, references_in};

#[test]
fn ibans_are_checked_by_their_digits() {
    for iban in ["DE89 3704 0044 0532 0130 00", "gb82west12345698765432", "NL91ABNA0417164300", "AT611904300234573201", "MT84MALT011000012345MTLCAST001S"] {
        assert!(Iban::parse(iban).is_ok(), "{iban}");
    }
    assert_eq!(Iban::parse("de89370400440532013000").unwrap().to_string(), "DE89 3704 0044 0532 0130 00");
    for (iban, why) in [
        ("DE89 3704 0044 0532 0130 01", AccountError::CheckDigits),
        ("DE98 3704 0044 0532 0130 00", AccountError::CheckDigits),
        ("DE89 3704 0044 0532 0130", AccountError::Length { expected: 22, found: 20 }),
        ("US89 3704 0044 0532 0130 00", AccountError::Form),
        ("8937", AccountError::Form),
        ("", AccountError::Form),
        ("DE89-3704-0044-0532-0130-00", AccountError::Form),
        ("ДЕ89 3704 0044 0532 0130 00", AccountError::Form),
    ] {
        assert_eq!(Iban::parse(iban), Err(why), "{iban}");
    }
    assert_eq!(Bic::parse("cobadeffxxx").unwrap().text(), "COBADEFFXXX");
    for bic in ["COBADEFFX", "C0BADEFF", "", "COBADEF\u{fe0f}"] {
        assert_eq!(Bic::parse(bic), Err(AccountError::Bic), "{bic}");
    }
}

#[test]
fn a_promptpay_id_is_a_phone_a_tax_id_or_a_wallet() {
    for (typed, digits, shown) in [
        ("081-234-5678", "0066812345678", "081-234-5678"),
        ("+66 81 234 5678", "0066812345678", "081-234-5678"),
        ("0994000165510", "0994000165510", "0994000165510"),
        ("004999000288505", "004999000288505", "004999000288505"),
    ] {
        let id = PromptPay::parse(typed).unwrap();
        assert_eq!((id.digits(), id.to_string().as_str()), (digits, shown));
    }
    assert_eq!(PromptPay::parse("0994000165511"), Err(AccountError::TaxId));
    for id in ["", "12345", "0812345678a", "+49 81 234 567", "๐๘๑๒๓๔๕๖๗๘"] {
        assert_eq!(PromptPay::parse(id), Err(AccountError::PromptPay), "{id}");
    }
}

#[test]
fn a_reference_is_found_wherever_it_stands() {
    // The example of ISO 11649.
    assert_eq!(creditor_reference("539007547034").unwrap(), "RF18539007547034");
    let made = creditor_reference("2026-0012").unwrap();
    assert_eq!(made.len(), 12);
    let found = |text: &str| references_in(text).into_iter().map(|fitting| fitting[0].clone()).collect::<Vec<_>>();
    let spaced = printed(&made).to_lowercase();
    for text in [made.clone(), spaced.clone(), format!("Rechnung {spaced}, danke!"), format!("/ROC/{made}//URI/x"), format!("EREF+a SVWZ+{spaced}.")] {
        assert_eq!(found(&text), ["20260012"], "{text}");
    }
    // Two in one text; one that runs into what follows is among those that may be meant.
    let other = creditor_reference("2026-0013").unwrap();
    assert_eq!(found(&format!("{made} + {other}")), ["20260012", "20260013"]);
    assert!(references_in(&format!("{made}INVOICE12")).iter().any(|fitting| fitting.contains(&"20260012".to_owned())));
    // A digit wrong, or two in each other's place.
    let wrong = made.replace("0012", "0021");
    assert_eq!(found(&wrong), [""; 0]);
    for text in ["", "RF", "RF18", "RF1", "perform 12 RFs", "RFééééé", "RF18 53900754703\u{661}"] {
        assert_eq!(found(text), [""; 0], "{text}");
    }
    assert_eq!(creditor_reference("-"), None);
    assert_eq!(creditor_reference("2026-00000000000000000012"), None);
}

fn account(number: Number) -> Account {
    Account { holder: "Wikimedia Foerdergesellschaft".into(), number }
}

#[test]
fn a_sepa_code_says_what_epc069_12_says() {
    let iban = |text| Iban::parse(text).unwrap();
    let berlin = account(Number::Iban { iban: iban("DE33100205000001194700"), bic: Some(Bic::parse("BFSWDE33BER").unwrap()) });
    assert_eq!(
        payment_code(&berlin, "EUR", 12_305, "RF18539007547034").unwrap(),
        "BCD\n002\n1\nSCT\nBFSWDE33BER\nWikimedia Foerdergesellschaft\nDE33100205000001194700\nEUR123.05\n\nRF18539007547034"
    );
    let code = |amount, currency| payment_code(&berlin, currency, amount, "RF18539007547034");
    assert!(code(99_999_999_999, "EUR").unwrap().contains("EUR999999999.99"));
    assert!(code(1, "EUR").unwrap().contains("EUR0.01"));
    for (amount, currency) in [(100_000_000_000, "EUR"), (0, "EUR"), (-1, "EUR"), (100, "USD"), (100, "THB")] {
        assert_eq!(code(amount, currency), None, "{amount} {currency}");
    }
    // A name cannot bring a line of its own, nor more than there is room for.
    let named = Account { holder: format!("A\nB\r\n{}", "ü".repeat(100)), ..berlin.clone() };
    let code = payment_code(&named, "EUR", 100, "RF18539007547034").unwrap();
    assert_eq!(code.lines().nth(5).unwrap().chars().count(), 70);
    assert_eq!(code.lines().count(), 10);
    // Outside SEPA a code would not be understood.
    let abroad = account(Number::Iban { iban: iban("AE070331234567890123456"), bic: None });
    assert_eq!(payment_code(&abroad, "EUR", 100, "RF18539007547034"), None);
}

#[test]
fn a_promptpay_code_is_what_thai_banks_read() {
    let pay = |id: &str, amount| payment_code(&account(Number::PromptPay(PromptPay::parse(id).unwrap())), "THB", amount, "RF18539007547034").unwrap();
    assert_eq!(pay("000-000-0000", 422), "00020101021229370016A000000677010111011300660000000005802TH530376454044.226304E469");
    assert!(pay("0994000165510", 107_000).starts_with("00020101021229370016A00000067701011102130994000165510"));
    assert!(pay("0994000165510", 107_000).contains("54071070.006304"));
    assert!(pay("004999000288505", 100).contains("0315004999000288505"));
}
