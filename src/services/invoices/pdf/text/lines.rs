//! Text broken into lines: between words where it can be, within one where it must.

use super::printable::clean;
use super::{Run, Style, TextLine, Typesetter};

impl Typesetter {
    /// Breaks a text in one style into lines no wider than asked. Empty text gives no line.
    pub fn paragraph(&mut self, style: Style, text: &str, width: f32) -> Vec<TextLine> {
        self.rich(&[(style, text)], width)
    }

    /// Breaks a text in several styles into lines: between words where it can, within one where it must.
    pub fn rich(&mut self, spans: &[(Style, &str)], width: f32) -> Vec<TextLine> {
        let mut breaker = Breaker { width: width.max(1.0), lines: Vec::new(), line: TextLine::default(), pending: Vec::new() };
        for (style, text) in spans {
            let text = clean(text);
            for (index, paragraph) in text.split('\n').enumerate() {
                if index > 0 {
                    breaker.place();
                    breaker.end_line();
                }
                for piece in (Pieces { rest: paragraph }) {
                    let mut run = Run { style: *style, x: 0.0, text: String::with_capacity(piece.text.len()), glyphs: Vec::with_capacity(piece.text.len()) };
                    let whole = self.shape(&mut run, piece.text);
                    let bare = piece.text.trim_end_matches(' ').len();
                    let spaces: f32 = run.glyphs.iter().filter(|glyph| glyph.text_range.start >= bare).map(|glyph| glyph.x_advance * style.size).sum();
                    breaker.pending.push(Shaped { run, whole, bare: whole - spaces });
                    if piece.ends_word {
                        breaker.place();
                    }
                }
            }
        }
        breaker.place();
        breaker.end_line();
        let mut lines = breaker.lines;
        while lines.last().is_some_and(|line| line.runs.is_empty()) {
            lines.pop();
        }
        lines
    }
}

/// A shaped piece of a word: its width with and without the spaces it ends in.
struct Shaped {
    run: Run,
    whole: f32,
    bare: f32,
}

struct Breaker {
    width: f32,
    lines: Vec<TextLine>,
    line: TextLine,
    /// Pieces no break may come between.
    pending: Vec<Shaped>,
}

impl Breaker {
    /// Puts the pending pieces on this line, or on the next if they do not fit.
    fn place(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        let Some(last) = pending.last() else { return };
        let bare = pending.iter().map(|piece| piece.whole).sum::<f32>() - last.whole + last.bare;
        if !self.line.runs.is_empty() && self.end() + bare > self.width + 0.01 {
            self.end_line();
        }
        for piece in pending {
            if self.end() + piece.bare > self.width + 0.01 {
                self.place_in_parts(piece);
            } else {
                self.append(piece.run, piece.bare);
            }
        }
    }

    /// Where the next piece begins: behind the spaces of the one before.
    fn end(&self) -> f32 {
        self.line.runs.last().map_or(0.0, |run| run.x + run.glyphs.iter().map(|glyph| glyph.x_advance).sum::<f32>() * run.style.size)
    }

    /// Breaks a piece that is wider than a whole line between its clusters.
    fn place_in_parts(&mut self, piece: Shaped) {
        let Run { style, text, glyphs, .. } = piece.run;
        let mut rest = glyphs.as_slice();
        while let Some(first) = rest.first() {
            let start = first.text_range.start;
            let left = self.width - self.end();
            let (mut count, mut width) = (0, 0.0);
            while let Some(glyph) = rest.get(count) {
                // A cluster is taken whole.
                let cluster = rest[count..].iter().take_while(|next| next.text_range == glyph.text_range).count();
                let advance: f32 = rest[count..count + cluster].iter().map(|next| next.x_advance * style.size).sum();
                let space = text.get(glyph.text_range.clone()) == Some(" ");
                if width + advance > left + 0.01 && !space {
                    break;
                }
                count += cluster;
                width += advance;
            }
            if count == 0 {
                if !self.line.runs.is_empty() {
                    self.end_line();
                    continue;
                }
                // Not even one fits: it stands over the edge rather than nowhere.
                count = rest.iter().take_while(|next| next.text_range == first.text_range).count().max(1);
                width = rest[..count].iter().map(|next| next.x_advance * style.size).sum();
            }
            let end = rest[count - 1].text_range.end;
            let part = Run {
                style,
                x: 0.0,
                text: text.get(start..end).unwrap_or_default().to_owned(),
                glyphs: rest[..count]
                    .iter()
                    .cloned()
                    .map(|mut glyph| {
                        glyph.text_range = glyph.text_range.start - start..glyph.text_range.end - start;
                        glyph
                    })
                    .collect(),
            };
            rest = &rest[count..];
            self.append(part, width);
            if !rest.is_empty() {
                self.end_line();
            }
        }
    }

    fn append(&mut self, mut run: Run, bare: f32) {
        let x = self.end();
        self.line.width = if bare > 0.0 { x + bare } else { self.line.width };
        match self.line.runs.last_mut() {
            Some(last) if last.style == run.style => {
                let base = last.text.len();
                last.text.push_str(&run.text);
                last.glyphs.extend(run.glyphs.into_iter().map(|mut glyph| {
                    glyph.text_range = glyph.text_range.start + base..glyph.text_range.end + base;
                    glyph
                }));
            }
            _ => {
                run.x = x;
                self.line.runs.push(run);
            }
        }
    }

    fn end_line(&mut self) {
        self.lines.push(std::mem::take(&mut self.line));
    }
}

/// A part of a paragraph, with the spaces behind it.
struct Piece<'a> {
    text: &'a str,
    /// Whether a line may end behind it.
    ends_word: bool,
}

struct Pieces<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let mut chars = self.rest.char_indices().peekable();
        while let Some((at, char)) = chars.next() {
            let next = chars.peek().map(|(_, next)| *next);
            let after = at + char.len_utf8();
            match char {
                '\u{ad}' | '\u{200b}' => {
                    let text = &self.rest[..at];
                    self.rest = &self.rest[after..];
                    return Some(Piece { text, ends_word: true });
                }
                _ if next != Some(' ') && may_break(char, next) => {
                    let text = &self.rest[..after];
                    self.rest = &self.rest[after..];
                    return Some(Piece { text, ends_word: true });
                }
                _ => {}
            }
        }
        let text = self.rest;
        self.rest = "";
        Some(Piece { text, ends_word: false })
    }
}

/// Whether a line may end between the two.
fn may_break(before: char, after: Option<char>) -> bool {
    let Some(after) = after else { return before == ' ' };
    match before {
        ' ' => true,
        '-' | '/' | '\u{2010}' | '\u{2013}' | '\u{2014}' => after.is_alphabetic(),
        // Scripts without spaces: their letters are missing here, but their lines still break.
        '\u{e00}'..='\u{e7f}' | '\u{3000}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' => !after.is_ascii_punctuation(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::ink::Ink;
    use super::*;

    const PLAIN: Style = Style::new(10.0, Ink::Main);

    fn text(line: &TextLine) -> String {
        line.runs.iter().map(|run| run.text.as_str()).collect()
    }

    #[test]
    fn lines_break_between_words_and_keep_every_letter() {
        let mut set = Typesetter::new().expect("the fonts can be read");
        let sentence = "The 1,000 included minutes were used up on Tuesday 3 November, in the re-run of the long-lived pipeline.";
        let lines = set.paragraph(PLAIN, sentence, 120.0);
        assert!(lines.len() > 3);
        assert!(lines.iter().all(|line| line.width <= 120.02));
        assert_eq!(lines.iter().map(text).collect::<String>(), sentence);
    }

    #[test]
    fn a_word_wider_than_the_line_breaks_within() {
        let mut set = Typesetter::new().expect("the fonts can be read");
        let word = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft".repeat(5);
        let lines = set.paragraph(PLAIN, &format!("a {word} z"), 100.0);
        assert!(lines.iter().all(|line| line.width <= 100.02));
        assert_eq!(lines.iter().map(text).collect::<String>(), format!("a {word} z"));
    }
}
