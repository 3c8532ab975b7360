//! Statements as banks write them, and as nobody should.

use super::{Booked, Format, read};

/// Version 001.02, as banks of the first SEPA years write it.
const OLD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt><GrpHdr><MsgId>1</MsgId></GrpHdr><Stmt>
 <Id>2026-03-11</Id><Acct><Id><IBAN>AT611904300234573201</IBAN></Id><Ccy>EUR</Ccy></Acct>
 <Ntry><Amt Ccy="EUR">107.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-03-11</Dt></BookgDt><AcctSvcrRef>B1</AcctSvcrRef>
  <NtryDtls><TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs><RltdPties><Dbtr><Nm>Nordlicht GmbH</Nm></Dbtr>
   <DbtrAcct><Id><IBAN>DE89370400440532013000</IBAN></Id></DbtrAcct></RltdPties>
   <RmtInf><Ustrd>Invoice RF12 2026 </Ustrd><Ustrd>0001, thanks</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>
 <Ntry><Amt Ccy="EUR">9.99</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>PDNG</Sts><BookgDt><Dt>2026-03-11</Dt></BookgDt></Ntry>
 <Ntry><Amt Ccy="EUR">30.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-03-11</Dt></BookgDt></Ntry>
</Stmt></BkToCstmrStmt></Document>"#;

/// Version 001.08: codes and parties a level deeper, an entry of two transactions, a return.
const NEW: &str = r#"<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt>
 <Acct><Id><IBAN>AT611904300234573201</IBAN></Id></Acct>
 <Ntry><Amt Ccy="EUR">30.50</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><DtTm>2026-03-12T08:00:00+01:00</DtTm></BookgDt><AcctSvcrRef>B2</AcctSvcrRef>
  <NtryDtls><TxDtls><Amt Ccy="EUR">10.00</Amt><RltdPties><Dbtr><Pty><Nm>Ada</Nm></Pty></Dbtr></RltdPties>
    <RmtInf><Strd><CdtrRefInf><Ref>RF18539007547034</Ref></CdtrRefInf></Strd></RmtInf></TxDtls>
   <TxDtls><Refs><AcctSvcrRef>B2-own</AcctSvcrRef><EndToEndId>E2E-7</EndToEndId></Refs><Amt Ccy="EUR">20.50</Amt></TxDtls></NtryDtls></Ntry>
 <Ntry><Amt Ccy="EUR">107</Amt><CdtDbtInd>DBIT</CdtDbtInd><RvslInd>true</RvslInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-03-13</Dt></BookgDt><AcctSvcrRef>B3</AcctSvcrRef>
  <NtryDtls><TxDtls><Refs><AcctSvcrRef>B1</AcctSvcrRef></Refs></TxDtls></NtryDtls></Ntry>
</Stmt></BkToCstmrStmt></Document>"#;

fn told(entries: &[Booked]) -> Vec<(i64, String, &str, &str)> {
    entries.iter().map(|of| (of.amount_minor, of.booked_on.to_string(), of.bank_reference.as_deref().unwrap_or("-"), of.text.as_str())).collect()
}

#[test]
fn both_versions_of_camt_are_read() {
    let old = read(Format::of(OLD), OLD).unwrap();
    assert_eq!(told(&old), [(10_700, "2026-03-11".to_owned(), "B1", "Invoice RF12 2026\n0001, thanks")]);
    assert_eq!((old[0].payer_name.as_deref(), old[0].payer_account.as_deref()), (Some("Nordlicht GmbH"), Some("DE89370400440532013000")));
    assert_eq!((old[0].account.as_deref(), old[0].end_to_end.as_deref()), (Some("AT611904300234573201"), None));
    let new = read(Format::of(NEW), NEW).unwrap();
    assert_eq!(
        told(&new),
        [
            (1_000, "2026-03-12".to_owned(), "B2#1", "RF18539007547034"),
            (2_050, "2026-03-12".to_owned(), "B2-own", "E2E-7"),
            (-10_700, "2026-03-13".to_owned(), "B3", "")
        ]
    );
    assert_eq!((new[0].payer_name.as_deref(), new[2].returns.as_deref()), (Some("Ada"), Some("B1")));
}

#[test]
fn a_table_is_read_whatever_the_order_of_its_columns() {
    let csv = "\u{feff}amount,booked_on,text,currency,payer_name,bank_reference,returns\n107.00,2026-03-11,\"RF, with a\ncomma\",EUR,Ada,A1,\n-107,2026-03-12,,EUR,,A2,A1\n";
    let entries = read(Format::of(csv), csv).unwrap();
    assert_eq!(told(&entries), [(10_700, "2026-03-11".to_owned(), "A1", "RF, with a\ncomma"), (-10_700, "2026-03-12".to_owned(), "A2", "")]);
    assert_eq!((entries[1].returns.as_deref(), entries[0].account.as_deref()), (Some("A1"), None));
    let yen = "booked_on,amount,currency,text\n2026-03-11,1070,JPY,x";
    assert_eq!(read(Format::Csv, yen).unwrap()[0].amount_minor, 1070);
}

#[test]
fn every_mistake_is_named_with_its_place() {
    let heads = "booked_on,amount,currency,text,returns\n";
    let rows = [
        ("2026-02-30,1.00,EUR,x,", "line 2, booked_on"),
        ("11.03.2026,1.00,EUR,x,", "line 2, booked_on"),
        ("2026-03-11,\"1,00\",EUR,x,", "line 2, amount"),
        ("2026-03-11,1.001,EUR,x,", "line 2, amount"),
        ("2026-03-11,1e3,EUR,x,", "line 2, amount"),
        ("2026-03-11,99999999999999999999999999999,EUR,x,", "line 2, amount"),
        ("2026-03-11,0.00,EUR,x,", "line 2, amount"),
        ("2026-03-11,1.00,EURO,x,", "line 2, amount"),
        ("2026-03-11,1.00,EUR,x,A1", "line 2, returns"),
        ("2026-03-11,1.00,EUR,x", "line 2"),
    ];
    for (row, place) in rows {
        let mistakes = read(Format::Csv, &format!("{heads}{row}\n")).unwrap_err();
        assert_eq!(mistakes.iter().map(|mistake| mistake.place.as_str()).collect::<Vec<_>>(), [place], "{row}: {mistakes:?}");
    }
    let both = read(Format::Csv, &format!("{heads}x,1.00,EUR,x,\n2026-03-11,x,EUR,x,\n")).unwrap_err();
    assert_eq!(both.iter().map(|mistake| mistake.place.as_str()).collect::<Vec<_>>(), ["line 2, booked_on", "line 3, amount"]);
    let head = read(Format::Csv, "booked_on,amount,currency,text,text,colour\n").unwrap_err();
    assert_eq!(head.len(), 2, "{head:?}");
    assert_eq!(read(Format::Csv, "").unwrap_err().len(), 4);

    for (spoil, into) in [
        ("<Amt Ccy=\"EUR\">107.00</Amt>", ""),
        ("Ccy=\"EUR\">107.00", ">107.00"),
        ("107.00", "-107.00"),
        ("107.00", "107,00"),
        ("<CdtDbtInd>CRDT</CdtDbtInd>", ""),
        ("<BookgDt><Dt>2026-03-11</Dt></BookgDt><AcctSvcrRef>B1", "<AcctSvcrRef>B1"),
        ("<Dt>2026-03-11</Dt>", "<Dt>soon</Dt>"),
        ("<Id><IBAN>AT611904300234573201</IBAN></Id>", ""),
        ("BkToCstmrStmt", "CstmrDrctDbtInitn"),
        ("</Stmt>", ""),
    ] {
        assert!(OLD.contains(spoil));
        assert!(read(Format::Camt053, &OLD.replacen(spoil, into, if spoil == "BkToCstmrStmt" { 2 } else { 1 })).is_err(), "{spoil}");
    }
    assert!(read(Format::Camt053, &NEW.replace("20.50", "20.49")).is_err(), "its transactions do not add up");
    assert!(read(Format::Camt053, &format!("<!DOCTYPE x>{OLD}")).is_err());
    assert!(read(Format::Csv, &"x".repeat(11 * 1024 * 1024)).is_err());
}
