//! Letters: the two fonts, shaping and measuring; `lines` breaks text into lines, `printable` leaves out what no page can show.
//!
//! Text comes in as it was written and goes out as glyphs with the text each stands for, so that the page can be copied and searched.
//! Latin, Greek and Cyrillic only, left to right; a character no font has shows as an empty box and keeps its text. Deliberately not
//! here: positions on the page, colours' meanings, and any knowledge of invoices.

mod lines;
mod printable;

use std::sync::LazyLock;

use harfrust::{BufferFlags, Direction, Feature, FontRef, ShapeOptions, ShapePlan, Shaper, ShaperData, Tag, UnicodeBuffer, script};
use krilla::text::{Font, GlyphId, KrillaGlyph};

use super::ink::Ink;
use printable::{MISSING, clean};

static REGULAR: &[u8] = include_bytes!("../fonts/Inter-Regular.ttf");
static STRONG: &[u8] = include_bytes!("../fonts/Inter-SemiBold.ttf");

/// Height of a capital letter as a part of the font's size.
pub const CAP_HEIGHT: f32 = 0.727;

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
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Style = Style::new(10.0, Ink::Main);

    fn text(line: &TextLine) -> String {
        line.runs.iter().map(|run| run.text.as_str()).collect()
    }

    #[test]
    fn figures_are_equally_wide_in_columns() {
        let mut set = Typesetter::new().expect("the fonts can be read");
        let widths: Vec<f32> = ["0.00", "1.11", "7.77", "8.48"].iter().map(|text| set.line(PLAIN.tabular(), text).width).collect();
        assert!(widths.iter().all(|width| (width - widths[0]).abs() < 0.001), "{widths:?}");
        assert!(set.line(PLAIN, "1.11").width < widths[0], "in sentences a 1 is narrower");
    }

    #[test]
    fn what_no_font_has_shows_as_boxes_and_keeps_its_text() {
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
