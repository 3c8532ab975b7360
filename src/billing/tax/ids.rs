//! Tax ids: how each country writes them, and whether their check digits fit. The European Union, the United Kingdom, Norway, Switzerland,
//! Japan and Thailand.
//!
//! What deliberately does not live here: whether an id was ever given to anybody, which only an authority knows. Where a country's rule is
//! not published, or has exceptions nobody lists (persons in Czechia before 1954), the form alone decides: a real id is never refused.
//!
//! Sources: the European Commission's structures of VAT numbers and the algorithms the member states published for VIES; HMRC (modulus 97 and
//! 9755); Brønnøysundregistrene; the Swiss UID register (eCH-0097); Japan's National Tax Agency (corporate number); Thailand's Revenue Department.

use thiserror::Error;

/// Why a text is no tax id of a country.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TaxIdError {
    /// With an id that is written right, for somebody to see how.
    #[error("a tax id of this country is written like {0}")]
    Form(&'static str),
    #[error("a digit of this tax id is wrong: its check digit does not fit the others")]
    CheckDigit,
}

/// Whether a text can be a tax id of a country, prefix included. Spaces, dots, dashes and slashes do not count. Of countries whose ids are not
/// known here, anything can.
pub fn check(country: &str, tax_id: &str) -> Result<(), TaxIdError> {
    let Some(rule) = rule(country) else { return Ok(()) };
    let id = plain(tax_id);
    let is_written_right = rule.forms.iter().any(|form| has_form(form, &id));
    match is_written_right {
        false => Err(TaxIdError::Form(rule.example)),
        true if (rule.fits)(&id) => Ok(()),
        true => Err(TaxIdError::CheckDigit),
    }
}

/// Whether a text has the form of a tax id of an EU country (given by its ISO code; Greece writes EL), prefix included.
///
/// Northern Ireland's XI ids are of no EU country: a customer in GB is outside, whatever its id. A form check only: digits are not checked
/// against each other.
pub fn is_well_formed_eu_tax_id(country: &str, tax_id: &str) -> bool {
    let id = plain(tax_id);
    rule(country).filter(|rule| rule.is_eu).is_some_and(|rule| rule.forms.iter().any(|form| has_form(form, &id)))
}

/// Whether a country is of the European Union, to its tax.
pub fn is_eu(country: &str) -> bool {
    rule(country).is_some_and(|rule| rule.is_eu)
}

/// How a country writes its tax ids.
struct Rule {
    is_eu: bool,
    /// Prefix, colon, shapes: see [`has_form`].
    forms: &'static [&'static str],
    /// Whether the check digits of an id of that form fit.
    fits: fn(&str) -> bool,
    /// One that is right, made up where that is possible.
    example: &'static str,
}

const fn eu(forms: &'static [&'static str], fits: fn(&str) -> bool, example: &'static str) -> Option<Rule> {
    Some(Rule { is_eu: true, forms, fits, example })
}

const fn elsewhere(forms: &'static [&'static str], fits: fn(&str) -> bool, example: &'static str) -> Option<Rule> {
    Some(Rule { is_eu: false, forms, fits, example })
}

fn rule(country: &str) -> Option<Rule> {
    match country.to_ascii_uppercase().as_str() {
        "AT" => eu(&["AT:U99999999"], |id| (6 + 10 * 9 - luhn_sum(&digits(id)[..7], 1)) % 10 == last(id), "ATU13585627"),
        "BE" => eu(&["BE:0999999999", "BE:1999999999"], |id| (number(&id[2..10]) + number(&id[10..])).is_multiple_of(97), "BE0428759497"),
        "BG" => eu(&["BG:999999999", "BG:9999999999"], bulgaria, "BG175074752"),
        "CY" => eu(&["CY:99999999A"], cyprus, "CY10259033P"),
        "CZ" => eu(&["CZ:99999999", "CZ:999999999", "CZ:9999999999"], czechia, "CZ25123891"),
        "DE" => eu(&["DE:999999999"], |id| is_mod_11_10(&digits(id)), "DE136695976"),
        "DK" => eu(&["DK:99999999"], |id| weighted(&digits(id), &[2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11), "DK13585628"),
        "EE" => eu(&["EE:999999999"], |id| weighted(&digits(id), &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10), "EE100594102"),
        "GR" | "EL" => eu(&["EL:999999999"], |id| weighted(&digits(id), &[256, 128, 64, 32, 16, 8, 4, 2]) % 11 % 10 == last(id), "EL094259216"),
        "ES" => eu(&["ES:X9999999X"], spain, "ESA13585625"),
        "FI" => eu(&["FI:99999999"], |id| weighted(&digits(id), &[7, 9, 10, 5, 8, 4, 2, 1]).is_multiple_of(11), "FI20774740"),
        "FR" => eu(&["FR:XX999999999"], france, "FR40303265045"),
        "HR" => eu(&["HR:99999999999"], |id| is_mod_11_10(&digits(id)), "HR33392005961"),
        "HU" => eu(&["HU:99999999"], |id| weighted(&digits(id), &[9, 7, 3, 1, 9, 7, 3, 1]).is_multiple_of(10), "HU12892312"),
        "IE" => eu(&["IE:9999999A", "IE:9999999AA", "IE:9+99999A"], ireland, "IE6433435F"),
        "IT" => eu(&["IT:99999999999"], |id| is_luhn(&digits(id)), "IT00743110157"),
        "LT" => eu(&["LT:999999999", "LT:999999999999"], lithuania, "LT119511515"),
        "LU" => eu(&["LU:99999999"], |id| number(&id[2..8]) % 89 == number(&id[8..]), "LU15027442"),
        "LV" => eu(&["LV:99999999999"], latvia, "LV40003521600"),
        "MT" => eu(&["MT:99999999"], |id| weighted(&digits(id), &[3, 4, 6, 7, 8, 9, 10, 1]).is_multiple_of(37), "MT11679112"),
        "NL" => eu(&["NL:++++++++++99"], netherlands, "NL004495445B01"),
        "PL" => eu(&["PL:9999999999"], |id| weighted(&digits(id), &[6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 == last(id), "PL8567346215"),
        "PT" => eu(&["PT:999999999"], |id| (11 - weighted(&digits(id), &[9, 8, 7, 6, 5, 4, 3, 2]) % 11) % 11 % 10 == last(id), "PT501964843"),
        "RO" => eu(&ROMANIA, |id| romania(&digits(id)), "RO18547290"),
        "SE" => eu(&["SE:999999999999"], |id| is_luhn(&digits(id)[..10]), "SE123456789701"),
        "SI" => eu(&["SI:99999999"], |id| slovenia(&digits(id)), "SI50223054"),
        "SK" => eu(&["SK:9999999999"], |id| number(&id[2..]).is_multiple_of(11), "SK2022749619"),
        "GB" => elsewhere(&KINGDOM, kingdom, "GB980780684"),
        "NO" => elsewhere(&["NO:999999999MVA", ":999999999MVA"], |id| weighted(&digits(id), &[3, 2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11), "NO995525828MVA"),
        "CH" | "LI" => elsewhere(&["CHE:999999999MWST", "CHE:999999999TVA", "CHE:999999999IVA"], switzerland, "CHE-107.787.577 MWST"),
        "JP" => elsewhere(&["T:9999999999999"], |id| japan(&digits(id)), "T7000012050002"),
        "TH" => elsewhere(&[":9999999999999", ":999999999999999999"], |id| thailand(&digits(id)), "0994000165510"),
        _ => None,
    }
}

const ROMANIA: [&str; 9] = ["RO:99", "RO:999", "RO:9999", "RO:99999", "RO:999999", "RO:9999999", "RO:99999999", "RO:999999999", "RO:9999999999"];
/// Traders, their branches, government departments and health authorities; XI in Northern Ireland.
const KINGDOM: [&str; 8] = ["GB:999999999", "GB:999999999999", "GBGD:999", "GBHA:999", "XI:999999999", "XI:999999999999", "XIGD:999", "XIHA:999"];

/// The id as it is compared: upper case, without what separates its parts.
fn plain(tax_id: &str) -> String {
    tax_id.chars().filter(|c| !c.is_whitespace() && !".-/".contains(*c)).collect::<String>().to_ascii_uppercase()
}

/// A form is a prefix, a colon and shapes: 9 a digit, A a letter, X either, + a letter, digit, plus or star. Letters at its end that spell
/// something are themselves.
fn has_form(form: &str, id: &str) -> bool {
    let Some((prefix, shapes)) = form.split_once(':') else { return false };
    let Some(rest) = id.strip_prefix(prefix) else { return false };
    let (shapes, rest) = match ["MVA", "MWST", "TVA", "IVA"].into_iter().find(|word| shapes.ends_with(word)) {
        Some(word) => match rest.strip_suffix(word) {
            Some(rest) => (&shapes[..shapes.len() - word.len()], rest),
            None => return false,
        },
        None => (shapes, rest),
    };
    let fits = |(shape, c): (char, char)| match shape {
        '9' => c.is_ascii_digit(),
        'A' => c.is_ascii_uppercase(),
        'X' => c.is_ascii_uppercase() || c.is_ascii_digit(),
        '+' => c.is_ascii_uppercase() || c.is_ascii_digit() || "+*".contains(c),
        other => other == c,
    };
    shapes.chars().count() == rest.chars().count() && shapes.chars().zip(rest.chars()).all(fits)
}

/// The digits among the characters of an id.
fn digits(id: &str) -> Vec<u64> {
    id.chars().filter_map(|c| c.to_digit(10)).map(u64::from).collect()
}

fn last(id: &str) -> u64 {
    digits(id).last().copied().unwrap_or_default()
}

/// Of at most twelve digits.
fn number(digits: &str) -> u64 {
    digits.parse().unwrap_or_default()
}

/// Σ digit × weight; digits beyond the weights do not count.
fn weighted(digits: &[u64], weights: &[u64]) -> u64 {
    digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum()
}

/// Σ of the digits, every second one doubled and its own digits added, the first doubled one at `from`.
fn luhn_sum(digits: &[u64], from: usize) -> u64 {
    let doubled = |digit: u64| if digit > 4 { 2 * digit - 9 } else { 2 * digit };
    digits.iter().enumerate().map(|(index, digit)| if index % 2 == from % 2 { doubled(*digit) } else { *digit }).sum()
}

fn is_luhn(digits: &[u64]) -> bool {
    luhn_sum(digits, digits.len()).is_multiple_of(10)
}

/// ISO 7064, MOD 11,10.
fn is_mod_11_10(digits: &[u64]) -> bool {
    let carried = |check: u64, digit: &u64| ((if check == 0 { 10 } else { check }) * 2 % 11 + digit) % 10;
    digits.iter().fold(5, carried) == 1
}

/// Companies have nine digits; persons, foreigners and others ten, each by a rule of their own.
fn bulgaria(id: &str) -> bool {
    let d = digits(id);
    let check = last(id);
    if d.len() == 9 {
        let first = weighted(&d, &[1, 2, 3, 4, 5, 6, 7, 8]) % 11;
        return if first == 10 { weighted(&d, &[3, 4, 5, 6, 7, 8, 9, 10]) % 11 % 10 == check } else { first == check };
    }
    let person = weighted(&d, &[2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 % 10;
    let foreigner = weighted(&d, &[21, 19, 17, 13, 11, 9, 7, 3, 1]) % 10;
    let other = (11 - weighted(&d, &[4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 11;
    [person, foreigner, other].contains(&check)
}

fn cyprus(id: &str) -> bool {
    const ODD: [u64; 10] = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21];
    let worth = |(index, digit): (usize, &u64)| match index % 2 {
        0 => usize::try_from(*digit).ok().and_then(|digit| ODD.get(digit)).copied().unwrap_or_default(),
        _ => *digit,
    };
    let sum: u64 = digits(id).iter().enumerate().map(worth).sum();
    letter(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", sum % 26) == id.chars().last()
}

/// Companies have eight digits. Persons' ids of nine carry none that checks, those of ten one that does; nine that begin with 6 are special.
fn czechia(id: &str) -> bool {
    let d = digits(id);
    match d.len() {
        8 => {
            let check = (11 - weighted(&d, &[8, 7, 6, 5, 4, 3, 2]) % 11) % 11;
            (if check == 0 { 1 } else { check }) % 10 == last(id)
        }
        9 if id.starts_with("CZ6") => {
            let check = weighted(&d[1..], &[8, 7, 6, 5, 4, 3, 2]) % 11;
            (18 - (21 - check) % 11) % 10 == last(id)
        }
        9 => true,
        _ => number(&id[2..11]) % 11 % 10 == last(id),
    }
}

fn spain(id: &str) -> bool {
    let (first, middle, check) = (&id[2..3], &id[3..10], id.chars().last());
    let of_person = |number: u64| letter(b"TRWAGMYFPDXBNJZSQVHLCKE", number % 23) == check;
    match first {
        "K" | "L" | "M" => of_person(number(middle)),
        "X" | "Y" | "Z" => {
            let lead = if first == "X" {
                0
            } else if first == "Y" {
                1
            } else {
                2
            };
            of_person(lead * 10_000_000 + number(middle))
        }
        digit if digit.bytes().all(|byte| byte.is_ascii_digit()) => of_person(number(&id[2..10])),
        // Which companies have a letter and which a digit is told in several ways: either will do.
        kind if "ABCDEFGHJNPQRSUVW".contains(kind) => {
            let digit = (10 - luhn_sum(&digits(middle), 0) % 10) % 10;
            letter(b"0123456789", digit) == check || letter(b"JABCDEFGHI", digit) == check
        }
        _ => false,
    }
}

/// Two check characters before a SIREN, which has a check digit of its own (Monaco's begin with 000 and have none).
fn france(id: &str) -> bool {
    const LETTERS: &str = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    let (check, siren) = (&id[2..4], &id[4..]);
    let is_siren = siren.starts_with("000") || is_luhn(&digits(siren));
    let worth = |c: char| LETTERS.find(c).and_then(|at| u64::try_from(at).ok());
    let mut characters = check.chars();
    let (Some(one), Some(two)) = (characters.next().and_then(worth), characters.next().and_then(worth)) else { return false };
    is_siren
        && match (one < 10, two < 10) {
            (true, true) => number(check) == (number(siren) * 100 + 12) % 97,
            (is_digit, _) => {
                let key = if is_digit { (one * 24 + two).checked_sub(10) } else { (one * 34 + two).checked_sub(100) };
                key.is_some_and(|key| (number(siren) + 1 + key / 11) % 11 == key % 11)
            }
        }
}

/// Seven digits and a letter, perhaps another behind it; of old, a digit, a letter or sign, five digits and a letter.
fn ireland(id: &str) -> bool {
    const LETTERS: &[u8] = b"WABCDEFGHIJKLMNOPQRSTUV";
    let worth = |c: char| LETTERS.iter().position(|letter| char::from(*letter) == c).and_then(|at| u64::try_from(at).ok());
    let body = &id[2..];
    let is_new = body[..7].bytes().all(|byte| byte.is_ascii_digit());
    let (counted, behind) = if is_new { (body[..7].to_owned(), body.chars().nth(8)) } else { (format!("0{}{}", &body[2..7], &body[..1]), None) };
    let Some(extra) = behind.map_or(Some(0), worth) else { return false };
    letter(LETTERS, (weighted(&digits(&counted), &[8, 7, 6, 5, 4, 3, 2]) + 9 * extra) % 23) == body.chars().nth(7)
}

fn lithuania(id: &str) -> bool {
    let d = digits(id);
    let body = d.get(..d.len() - 1).unwrap_or_default();
    let sum = |shift: u64| -> u64 { (shift..).zip(body).map(|(index, digit)| (1 + index % 9) * digit).sum::<u64>() % 11 };
    let check = if sum(0) == 10 { sum(2) % 10 } else { sum(0) };
    d.get(d.len() - 2) == Some(&1) && check == last(id)
}

/// Companies begin with 4 or more; persons' ids are dates with digits behind.
fn latvia(id: &str) -> bool {
    let d = digits(id);
    if d.first().is_some_and(|first| *first > 3) {
        return weighted(&d, &[9, 1, 4, 8, 3, 10, 2, 5, 7, 6, 1]) % 11 == 3;
    }
    (1 + weighted(&d, &[10, 5, 8, 4, 2, 1, 6, 3, 7, 9])) % 11 % 10 == last(id)
}

/// By the digits of old (mod 11), or by all characters (mod 97), as given to persons since 2020.
fn netherlands(id: &str) -> bool {
    let body = &id[2..];
    let is_old = body[..9].bytes().all(|byte| byte.is_ascii_digit()) && {
        let d = digits(&body[..9]);
        weighted(&d, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11 == d[8]
    };
    let remainder = |rest: u64, c: char| match c {
        '+' => rest * 100 % 97 + 36,
        '*' => rest * 100 % 97 + 37,
        c => c.to_digit(36).map_or(rest, |worth| if worth < 10 { rest * 10 + u64::from(worth) } else { rest * 100 + u64::from(worth) }),
    } % 97;
    body.as_bytes().get(9) == Some(&b'B') && (is_old || id.chars().fold(0, remainder) == 1)
}

fn romania(d: &[u64]) -> bool {
    let Some((check, body)) = d.split_last() else { return false };
    let weights = [2, 3, 5, 7, 1, 2, 3, 5, 7];
    let sum: u64 = body.iter().rev().zip(weights).map(|(digit, weight)| digit * weight).sum();
    10 * sum % 11 % 10 == *check
}

fn slovenia(d: &[u64]) -> bool {
    let check = 11 - weighted(d, &[8, 7, 6, 5, 4, 3, 2]) % 11;
    d.last() == Some(&(if check == 10 { 0 } else { check }))
}

/// Traders by modulus 97, or 97 less 55 for numbers since 2009; departments and authorities by their range.
fn kingdom(id: &str) -> bool {
    match (&id[2..4], number(&id[4..])) {
        ("GD", number) => number < 500,
        ("HA", number) => number >= 500,
        _ => {
            let rest = weighted(&digits(id), &[8, 7, 6, 5, 4, 3, 2, 10, 1]) % 97;
            rest == 0 || (number(&id[2..5]) >= 100 && [42, 55].contains(&rest))
        }
    }
}

fn switzerland(id: &str) -> bool {
    let d = digits(id);
    (11 - weighted(&d, &[5, 4, 3, 2, 7, 6, 5, 4]) % 11) % 11 == last(id)
}

/// The check digit stands first.
fn japan(d: &[u64]) -> bool {
    let Some((check, body)) = d.split_first() else { return false };
    9 - weighted(&body.iter().rev().copied().collect::<Vec<_>>(), &[1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2]) % 9 == *check
}

/// Thirteen digits, perhaps with the five of a branch behind them.
fn thailand(d: &[u64]) -> bool {
    d.get(12) == Some(&((11 - weighted(d, &[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11) % 10))
}

/// A Thai tax id in its two parts: the taxpayer's thirteen digits, and the five of a branch. None or five zeros are the head office.
pub fn thai_parts(tax_id: &str) -> Option<(String, Option<String>)> {
    check("TH", tax_id).ok()?;
    let id = plain(tax_id);
    let (taxpayer, branch) = id.split_at_checked(13)?;
    Some((taxpayer.to_owned(), Some(branch.to_owned()).filter(|branch| !branch.is_empty() && branch != "00000")))
}

fn letter(letters: &[u8], at: u64) -> Option<char> {
    usize::try_from(at).ok().and_then(|at| letters.get(at)).map(|byte| char::from(*byte))
}
