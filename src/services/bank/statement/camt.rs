//! CAMT.053, the statement of ISO 20022: what is booked of it (`BOOK`), money that came in (`CRDT`), and such money gone back (a `DBIT` that
//! is a reversal or carries return information). What the vendor itself paid is none of ours. An entry of several transactions is as many.

use super::xml::{self, Element};
use super::{Booked, Mistakes, day, minor};
use crate::sentence;
use crate::words::Sentence;

pub(super) fn read(text: &str, mistakes: &mut Mistakes) -> Vec<Booked> {
    let Some(document) = mistakes.take("statement", xml::read(text)) else { return Vec::new() };
    let Some(report) = document.at(&["BkToCstmrStmt"]) else {
        mistakes.add("statement", sentence!("bank-statement-not-camt"));
        return Vec::new();
    };
    let mut found = Vec::new();
    for (s, statement) in report.all("Stmt").enumerate() {
        let account = statement.text_at(&[&["Acct", "Id", "IBAN"], &["Acct", "Id", "Othr", "Id"]]);
        if account.is_none() {
            mistakes.add(&format!("statement {}", s + 1), sentence!("bank-statement-no-account"));
        }
        for (n, entry) in statement.all("Ntry").enumerate() {
            let place = format!("statement {}, entry {}", s + 1, n + 1);
            if let Some(booked) = mistakes.take(&place, of_entry(entry, account, &place)) {
                found.extend(booked);
            }
        }
    }
    found
}

fn of_entry(entry: &Element, account: Option<&str>, place: &str) -> Result<Vec<Booked>, Sentence> {
    // A code of its own since 001.08.
    if entry.text_at(&[&["Sts", "Cd"], &["Sts"]]) != Some("BOOK") {
        return Ok(Vec::new());
    }
    let amount = entry.at(&["Amt"]).ok_or_else(|| sentence!("bank-statement-lacks", what = "Amt"))?;
    let currency = amount.currency.as_deref().ok_or_else(|| sentence!("bank-statement-lacks", what = "Amt/@Ccy"))?;
    let whole_minor = positive(&amount.text, currency)?;
    let is_credit = match entry.text_at(&[&["CdtDbtInd"]]) {
        Some("CRDT") => true,
        Some("DBIT") => false,
        _ => return Err(sentence!("bank-statement-lacks", what = "CdtDbtInd")),
    };
    let is_reversal = entry.text_at(&[&["RvslInd"]]) == Some("true");
    let on = entry.text_at(&[&["BookgDt", "Dt"], &["BookgDt", "DtTm"], &["ValDt", "Dt"], &["ValDt", "DtTm"]]);
    let on = on.ok_or_else(|| sentence!("bank-statement-lacks", what = "BookgDt"))?;
    let booked_on = day(on.get(..10).unwrap_or(on))?;
    let details: Vec<&Element> = entry.all("NtryDtls").flat_map(|details| details.all("TxDtls")).collect();
    let nothing = Element::default();
    let parts: Vec<(&Element, i64)> = match details.as_slice() {
        [] => vec![(&nothing, whole_minor)],
        [one] => vec![(one, whole_minor)],
        several => {
            let parts = several.iter().map(|one| Ok((*one, part_minor(one, currency)?))).collect::<Result<Vec<_>, Sentence>>()?;
            let sum = billing::money::sum(parts.iter().map(|(_, minor)| *minor)).ok();
            if sum != Some(whole_minor) {
                return Err(sentence!("bank-statement-parts"));
            }
            parts
        }
    };
    let is_batch = parts.len() > 1;
    let mut booked = Vec::new();
    for (n, (details, amount_minor)) in parts.into_iter().enumerate() {
        let is_return = !is_credit && (is_reversal || details.at(&["RtrInf"]).is_some());
        let came_in = is_credit && !is_reversal;
        if !is_return && !came_in {
            continue;
        }
        let own = details.text_at(&[&["Refs", "AcctSvcrRef"]]).map(str::to_owned);
        let of_entry = entry.text_at(&[&["AcctSvcrRef"]]).map(|reference| if is_batch { format!("{reference}#{}", n + 1) } else { reference.to_owned() });
        let end_to_end = details.text_at(&[&["Refs", "EndToEndId"]]).filter(|id| *id != "NOTPROVIDED").map(str::to_owned);
        let remittance = details.at(&["RmtInf"]);
        let structured = remittance.into_iter().flat_map(|info| info.all("Strd")).filter_map(|one| one.text_at(&[&["CdtrRefInf", "Ref"]]));
        let free = remittance.into_iter().flat_map(|info| info.all("Ustrd")).map(|one| one.text.as_str());
        let lines: Vec<&str> = structured.chain(free).chain(end_to_end.as_deref()).filter(|line| !line.is_empty()).collect();
        booked.push(Booked {
            place: if is_batch { format!("{place}, transaction {}", n + 1) } else { place.to_owned() },
            account: account.map(str::to_owned),
            currency: currency.to_owned(),
            amount_minor: if came_in { amount_minor } else { -amount_minor },
            booked_on,
            // A return tells the reference of what it takes back beside the entry's own.
            returns: if is_return { own.clone() } else { None },
            bank_reference: if is_return { of_entry } else { own.or(of_entry) },
            text: lines.join("\n"),
            end_to_end,
            payer_name: details.text_at(&[&["RltdPties", "Dbtr", "Pty", "Nm"], &["RltdPties", "Dbtr", "Nm"]]).map(str::to_owned),
            payer_account: details.text_at(&[&["RltdPties", "DbtrAcct", "Id", "IBAN"], &["RltdPties", "DbtrAcct", "Id", "Othr", "Id"]]).map(str::to_owned),
        });
    }
    Ok(booked)
}

/// The amount of one transaction of several.
fn part_minor(details: &Element, currency: &str) -> Result<i64, Sentence> {
    let amount = details.at(&["Amt"]).or_else(|| details.at(&["AmtDtls", "TxAmt", "Amt"])).ok_or_else(|| sentence!("bank-statement-parts"))?;
    if amount.currency.as_deref() != Some(currency) {
        return Err(sentence!("bank-statement-parts"));
    }
    positive(&amount.text, currency)
}

/// Signs stand in words here, never before an amount.
fn positive(text: &str, currency: &str) -> Result<i64, Sentence> {
    match minor(text, currency)? {
        0 => Err(sentence!("bank-statement-zero")),
        minor if minor > 0 => Ok(minor),
        _ => Err(sentence!("bank-statement-amount", amount = text, decimals = 2_i64)),
    }
}
