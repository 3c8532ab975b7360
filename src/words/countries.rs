//! Countries by their ISO 3166-1 codes. Their names are words, so they stand with the words of each language.

use crate::t;
use crate::words::Words;

/// Every code, as ISO 3166-1 lists them.
const CODES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO \
    CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN \
    IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC \
    NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG \
    TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

/// `Austria`; a code nobody knows stays a code.
pub fn name(w: Words, code: &str) -> String {
    t!(w, "country-name", code = code)
}

/// Whether ISO 3166-1 lists the code.
pub fn is_known(code: &str) -> bool {
    code.len() == 2 && CODES.split_whitespace().any(|known| known == code)
}

/// Codes with names, in the order of the names.
pub fn all(w: Words) -> Vec<(&'static str, String)> {
    let mut all: Vec<_> = CODES.split_whitespace().map(|code| (code, name(w, code))).collect();
    all.sort_by_cached_key(|(_, name)| sorted_as(name));
    all
}

/// Å stands where A does.
fn sorted_as(name: &str) -> String {
    use unicode_normalization::UnicodeNormalization as _;
    name.nfd().filter(|c| c.is_alphanumeric() || *c == ' ').flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_country_has_a_name() {
        let all = all(Words::of("en"));
        assert_eq!(all.len(), 249);
        assert!(all.iter().all(|(code, name)| name != code && !name.is_empty()), "{:?}", all.iter().find(|(code, name)| name == code));
        assert_eq!(all[0].1, "Afghanistan");
        assert_eq!(all[1].1, "Åland Islands");
    }
}
