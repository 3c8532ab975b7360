//! The structured creditor reference (ISO 11649): `RF`, two check digits and up to 21 letters and digits, which survive being typed,
//! spaced out and put in the middle of a sentence.

use super::account::remainder_of_97;

/// What may follow `RF` and its check digits.
const MOST: usize = 21;

/// The reference made of a document's number, of which only letters and digits count; `None`: there are none, or too many.
pub fn creditor_reference(number: &str) -> Option<String> {
    let body: String = number.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_uppercase()).collect();
    if body.is_empty() || body.len() > MOST {
        return None;
    }
    let rest = remainder_of_97(body.bytes().chain(*b"RF00"))?;
    Some(format!("RF{:02}{body}", 98 - rest))
}

/// A reference or an IBAN in groups of four, as it is printed.
pub fn printed(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// Every creditor reference that may stand in a text, in whatever case, with or without spaces: for each place one begins at, what may follow
/// its check digits, the longest first. Where it ends, a text without spaces does not say; which of them was ever given, the caller knows.
pub fn references_in(text: &str) -> Vec<Vec<String>> {
    let letters: Vec<char> = text.chars().filter(|letter| !letter.is_whitespace()).map(|letter| letter.to_ascii_uppercase()).collect();
    let mut found = Vec::new();
    for start in 0..letters.len() {
        let rest = &letters[start..];
        if rest.len() < 5 || rest[0] != 'R' || rest[1] != 'F' || !rest[2..4].iter().all(char::is_ascii_digit) {
            continue;
        }
        let check: String = rest[..4].iter().collect();
        let body: String = rest[4..].iter().take_while(|letter| letter.is_ascii_alphanumeric()).take(MOST).collect();
        let fitting: Vec<String> = (1..=body.len())
            .rev()
            .map(|length| &body[..length])
            .filter(|body| remainder_of_97(body.bytes().chain(check.bytes())) == Some(1))
            .map(str::to_owned)
            .collect();
        if !fitting.is_empty() {
            found.push(fitting);
        }
    }
    found
}
