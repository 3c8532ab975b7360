//! Letters: the two fonts, shaping, measuring and breaking into lines.
//!
//! Text comes in as it was written and goes out as glyphs with the text each stands for, so that the page can be copied and searched.
//! Latin, Greek and Cyrillic only, left to right; a character no font has shows as an empty box and keeps its text. Deliberately not
//! here: positions on the page, colours' meanings, and any knowledge of invoices.

use std::sync::LazyLock;

use harfrust::{BufferFlags, Direction, Feature, FontRef, ShapeOptions, ShapePlan, Shaper, ShaperData, Tag, UnicodeBuffer, script};
use krilla::text::{Font, GlyphId, KrillaGlyph};

use super::ink::Ink;

static REGULAR: &[u8] = include_bytes!("fonts/Inter-Regular.ttf");
static STRONG: &[u8] = include_bytes!("fonts/Inter-SemiBold.ttf");

/// Height of a capital letter as a part of the font's size.
pub const CAP_HEIGHT: f32 = 0.727;

/// Shown in place of what no font has.
const MISSING: char = '\u{25a1}';

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    Regular,
    Strong,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figures {
    /// As wide as each figure is, for sentences.
    Proportional,
    /// All equally wide, for columns.
    Tabular,
}

/// How a text looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Style {
    pub weight: Weight,
    pub figures: Figures,
    /// In points.
    pub size: f32,
    /// Added after every glyph, as a part of the size.
    pub tracking: f32,
    pub ink: Ink,
}

impl Style {
    pub const fn new(size: f32, ink: Ink) -> Self {
        Self { weight: Weight::Regular, figures: Figures::Proportional, size, tracking: 0.0, ink }
    }

    pub const fn strong(mut self) -> Self {
        self.weight = Weight::Strong;
        self
    }

    pub const fn tabular(mut self) -> Self {
        self.figures = Figures::Tabular;
        self
    }

    pub const fn tracked(mut self, tracking: f32) -> Self {
        self.tracking = tracking;
        self
    }

    pub const fn ink(mut self, ink: Ink) -> Self {
        self.ink = ink;
        self
    }
}

/// A stretch of one line in one style.
#[derive(Debug, Clone)]
pub struct Run {
    pub style: Style,
    /// From the line's left end, in points.
    pub x: f32,
    pub text: String,
    pub glyphs: Vec<KrillaGlyph>,
}

/// One line of text.
#[derive(Debug, Clone, Default)]
pub struct TextLine {
    pub runs: Vec<Run>,
    /// In points, without the space it may end in.
    pub width: f32,
}

/// A font for the page and what shaping needs of it.
struct Face {
    page: Font,
    shaping: FontRef<'static>,
    data: ShaperData,
    plans: [ShapePlan; 2],
    /// The box for missing characters and its advance.
    missing: (u32, f32),
    units_per_em: f32,
}

impl Face {
    fn read(bytes: &'static [u8]) -> Option<Self> {
        let page = Font::new(bytes.into(), 0)?;
        let shaping = FontRef::new(bytes).ok()?;
        let data = ShaperData::new(&shaping);
        let shaper = data.shaper(&shaping).build();
        let plan = |features: &[Feature]| ShapePlan::new(&shaper, Direction::LeftToRight, Some(script::LATIN), None, features);
        let plans = [plan(&[]), plan(&*TABULAR)];
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(MISSING.encode_utf8(&mut [0; 4]));
        buffer.set_direction(Direction::LeftToRight);
        buffer.set_script(script::LATIN);
        let shaped = shaper.shape(buffer, ShapeOptions::new());
        let missing = (shaped.glyph_infos().first()?.glyph_id, shaped.glyph_positions().first()?.x_advance as f32);
        let units_per_em = page.units_per_em();
        Some(Self { page, shaping, data, plans, missing, units_per_em })
    }
}

static TABULAR: LazyLock<[Feature; 1]> = LazyLock::new(|| [Feature::new(Tag::new(b"tnum"), 1, ..)]);
static FACES: LazyLock<Option<[Face; 2]>> = LazyLock::new(|| Some([Face::read(REGULAR)?, Face::read(STRONG)?]));

/// Sets text. One for a document; holds no state that shows.
pub struct Typesetter {
    faces: &'static [Face; 2],
    shapers: [Shaper<'static>; 2],
    buffer: Option<UnicodeBuffer>,
}

impl Typesetter {
    /// Nothing, if the fonts in the binary cannot be read.
    pub fn new() -> Option<Self> {
        let faces = FACES.as_ref()?;
        let [regular, strong] = faces;
        let shapers = [regular.data.shaper(&regular.shaping).build(), strong.data.shaper(&strong.shaping).build()];
        Some(Self { faces, shapers, buffer: None })
    }

    pub fn font(&self, weight: Weight) -> Font {
        self.faces[weight as usize].page.clone()
    }

    /// Shapes clean text behind what the run already holds, and returns its width in points.
    fn shape(&mut self, run: &mut Run, text: &str) -> f32 {
        let style = run.style;
        let (face, shaper) = (&self.faces[style.weight as usize], &self.shapers[style.weight as usize]);
        let mut buffer = self.buffer.take().unwrap_or_default();
        buffer.push_str(text);
        buffer.set_direction(Direction::LeftToRight);
        buffer.set_script(script::LATIN);
        buffer.set_flags(BufferFlags::DO_NOT_INSERT_DOTTED_CIRCLE);
        let features: &[Feature] = if style.figures == Figures::Tabular { &*TABULAR } else { &[] };
        let options = ShapeOptions::new().plan(Some(&face.plans[style.figures as usize])).features(features);
        let shaped = shaper.shape(buffer, options);
        let (infos, positions) = (shaped.glyph_infos(), shaped.glyph_positions());
        let (base, scale) = (run.text.len(), 1.0 / face.units_per_em);
        let mut width = 0.0;
        for (index, (info, position)) in infos.iter().zip(positions).enumerate() {
            let start = info.cluster as usize;
            let end = infos[index..].iter().map(|next| next.cluster as usize).find(|next| *next > start).unwrap_or(text.len());
            let (glyph, advance) = if info.glyph_id == 0 { face.missing } else { (info.glyph_id, position.x_advance as f32) };
            let advance = advance * scale + style.tracking;
            width += advance;
            let (x_offset, y_offset) = (position.x_offset as f32 * scale, position.y_offset as f32 * scale);
            run.glyphs.push(KrillaGlyph::new(GlyphId::new(glyph), advance, x_offset, y_offset, 0.0, base + start..base + end, None));
        }
        run.text.push_str(text);
        self.buffer = Some(shaped.clear());
        width * style.size
    }

    /// One line whatever its width; line breaks become spaces.
    pub fn line(&mut self, style: Style, text: &str) -> TextLine {
        let text = clean(text).replace(['\n', '\u{ad}', '\u{200b}'], " ");
        let mut run = Run { style, x: 0.0, text: String::with_capacity(text.len()), glyphs: Vec::with_capacity(text.len()) };
        let width = self.shape(&mut run, text.trim());
        TextLine { runs: vec![run], width }
    }

    /// One line no wider than asked, cut with an ellipsis where it must be.
    pub fn short_line(&mut self, style: Style, text: &str, width: f32) -> TextLine {
        let line = self.line(style, text);
        if line.width <= width {
            return line;
        }
        let room = width - self.line(style, "…").width;
        let Some(run) = line.runs.first() else { return line };
        let mut used = 0.0;
        let mut end = 0;
        for glyph in &run.glyphs {
            used += glyph.x_advance * style.size;
            if used > room {
                break;
            }
            end = glyph.text_range.end;
        }
        let cut = format!("{}…", run.text.get(..end).unwrap_or_default().trim_end());
        self.line(style, &cut)
    }

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

/// The text without what cannot be printed: controls and marks of direction vanish, what has no meaning in public shows as a box.
fn clean(text: &str) -> std::borrow::Cow<'_, str> {
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

    #[test]
    fn figures_are_equally_wide_in_columns() {
        let mut set = Typesetter::new().expect("the fonts can be read");
        let widths: Vec<f32> = ["0.00", "1.11", "7.77", "8.48"].iter().map(|text| set.line(PLAIN.tabular(), text).width).collect();
        assert!(widths.iter().all(|width| (width - widths[0]).abs() < 0.001), "{widths:?}");
        assert!(set.line(PLAIN, "1.11").width < widths[0], "in sentences a 1 is narrower");
    }

    #[test]
    fn what_cannot_be_printed_shows_or_vanishes() {
        assert_eq!(clean("a\u{0}b\u{202e}c\u{feff}d\te"), "abcd e");
        assert_eq!(clean("\u{e123}\u{fdd0}\u{ffff}"), "□□□");
        let mut set = Typesetter::new().expect("the fonts can be read");
        let line = set.line(PLAIN, "漢😀");
        assert_eq!(text(&line), "漢😀");
        assert!(line.width > 5.0, "boxes, not nothing");
    }

    #[test]
    fn a_short_line_is_cut_at_its_width() {
        let mut set = Typesetter::new().expect("the fonts can be read");
        let line = set.short_line(PLAIN, &"long name ".repeat(50), 90.0);
        assert!(line.width <= 90.0);
        assert!(text(&line).ends_with('…'));
    }
}
