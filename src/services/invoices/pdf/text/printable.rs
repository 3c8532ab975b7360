//! What can be printed of a text.

/// Shown in place of what no font has.
pub const MISSING: char = '\u{25a1}';

/// The text without what cannot be printed: controls and marks of direction vanish, what has no meaning in public shows as a box.
pub fn clean(text: &str) -> std::borrow::Cow<'_, str> {
    let harmless = |char: char| matches!(char, ' '..='~' | '\u{a0}'..='\u{ac}' | '\u{ae}'..='\u{2ff}' | '\u{370}'..='\u{52f}' | '\u{2010}'..='\u{2027}' | '\u{20a0}'..='\u{20cf}' | '\u{2212}' | '\u{202f}' | '\n');
    if text.chars().all(harmless) {
        return text.into();
    }
    text.chars()
        .filter_map(|char| match char {
            '\u{2028}' | '\u{2029}' | '\u{85}' | '\u{b}' | '\u{c}' => Some('\n'),
            '\t' => Some(' '),
            '\n' | '\u{ad}' | '\u{200b}' => Some(char),
            _ if char.is_control() => None,
            '\u{61c}' | '\u{180e}' | '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' => None,
            '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}' => None,
            '\u{e000}'..='\u{f8ff}' | '\u{fdd0}'..='\u{fdef}' | '\u{f0000}'.. => Some(MISSING),
            _ if u32::from(char) & 0xfffe == 0xfffe => Some(MISSING),
            _ => Some(char),
        })
        .collect::<String>()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_printed_shows_or_vanishes() {
        assert_eq!(clean("a\u{0}b\u{202e}c\u{feff}d\te"), "abcd e");
        assert_eq!(clean("\u{e123}\u{fdd0}\u{ffff}"), "□□□");
    }
}
