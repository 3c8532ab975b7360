//! From strips to a file: what comes onto which page, drawing it, and the tags that say what it is.
//!
//! Knows strips, pages and krilla. Deliberately not here: what an invoice is made of, and how wide or where anything in a strip stands.

use std::num::{NonZeroU16, NonZeroU32};

use krilla::Document;
use krilla::geom::{Path, PathBuilder, Point, Rect, Transform};
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule, LineCap, LineJoin, Stroke, StrokeDash};
use krilla::surface::Surface;
use krilla::tagging::{Artifact, ArtifactType, ContentTag, Identifier, SpanTag, TableHeaderScope, Tag, TagGroup, TagTree};

use super::ink::{Ink, Palette};
use super::text::{TextLine, Typesetter};

/// A text in its place: x on the page, y of the baseline within the strip.
pub struct Set {
    pub line: TextLine,
    pub x: f32,
    pub y: f32,
    pub node: NodeId,
}

/// Anything drawn that is not text: x on the page, y within the strip.
pub enum Mark {
    /// Horizontal, centred on y.
    Rule {
        from: f32,
        to: f32,
        y: f32,
        width: f32,
        ink: Ink,
    },
    Stroke {
        points: Vec<(f32, f32)>,
        width: f32,
        ink: Ink,
        dash: Dash,
    },
    /// Left, top, width, height.
    Boxes {
        boxes: Vec<[f32; 4]>,
        ink: Ink,
    },
    Disc {
        x: f32,
        y: f32,
        radius: f32,
        ink: Ink,
    },
    Art {
        path: Path,
        ink: Ink,
    },
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Dash {
    Solid,
    Dotted,
}

/// The least that is never cut by a page's end.
#[derive(Default)]
pub struct Strip {
    pub height: f32,
    pub texts: Vec<Set>,
    pub marks: Vec<Mark>,
    /// A hairline on its upper edge (from, to), left out where the strip begins a page or follows the table's head.
    pub upper_hairline: Option<(f32, f32)>,
    /// The figure the marks are part of; without one they are ornament.
    pub figure: Option<NodeId>,
}

/// Strips that stay on one page if one page can hold them.
#[derive(Default)]
pub struct Chunk {
    /// Space above, unless it begins a page.
    pub before: f32,
    pub strips: Vec<Strip>,
    /// Not to be separated from the chunk that follows.
    pub keep_next: bool,
    /// Where it begins a page, the table's head is repeated above it.
    pub under_head: bool,
}

impl Chunk {
    fn height(&self) -> f32 {
        self.strips.iter().map(|strip| strip.height).sum()
    }
}

/// A document ready to be cut into pages. All lengths in points.
pub struct Book {
    pub size: (f32, f32),
    /// Left and right edge of the text.
    pub edges: (f32, f32),
    pub top_first: f32,
    pub top_next: f32,
    /// Where the text ends and the foot begins.
    pub bottom: f32,
    pub chunks: Vec<Chunk>,
    /// Repeated on top of pages that begin within the table.
    pub table_head: Vec<Strip>,
    /// Left and right line over every page but the first.
    pub running: (TextLine, TextLine),
    /// Lines at the foot of every page.
    pub foot: Vec<TextLine>,
    pub foot_leading: f32,
    pub watermark: Option<TextLine>,
}

/// A page's strips and the height each begins at.
#[derive(Default)]
struct Leaf<'a> {
    strips: Vec<(f32, &'a Strip, Upper)>,
    /// Where the repeated table head begins.
    head: Option<f32>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Upper {
    Shown,
    LeftOut,
}

impl Book {
    fn head_height(&self) -> f32 {
        self.table_head.iter().map(|strip| strip.height).sum()
    }

    fn leaves(&self) -> Vec<Leaf<'_>> {
        let mut press = Press { book: self, done: Vec::new(), leaf: Leaf::default(), y: self.top_first };
        let mut chunks = self.chunks.as_slice();
        while !chunks.is_empty() {
            let kept = chunks.iter().take_while(|chunk| chunk.keep_next).count() + 1;
            let (run, rest) = chunks.split_at(kept.min(chunks.len()));
            press.place(run);
            chunks = rest;
        }
        press.done.push(press.leaf);
        press.done
    }

    /// Draws the book; `page_text` words the line that says which page of how many.
    pub fn draw(
        &self,
        document: &mut Document,
        set: &mut Typesetter,
        palette: &Palette,
        tags: &mut Tags,
        mut page_text: impl FnMut(&mut Typesetter, usize, usize) -> TextLine,
    ) -> Option<()> {
        let leaves = self.leaves();
        let (width, height) = self.size;
        let (left, right) = self.edges;
        for (index, leaf) in leaves.iter().enumerate() {
            let mut page = document.start_page_with(PageSettings::from_wh(width, height)?);
            let mut brush = Brush { surface: page.surface(), set, palette, ink: None };
            if let Some(line) = &self.watermark {
                brush.artifact(ArtifactType::Watermark);
                let turn = Transform::from_rotate_at(-height.atan2(width).to_degrees(), width / 2.0, height / 2.0);
                brush.surface.push_transform(&turn);
                let size = line.runs.first().map_or(0.0, |run| run.style.size);
                brush.text(line, (width - line.width) / 2.0, height / 2.0 + size * super::text::CAP_HEIGHT / 2.0);
                brush.surface.pop();
                brush.surface.end_tagged();
            }
            brush.artifact(ArtifactType::Layout);
            for (y, strip, upper) in &leaf.strips {
                if let (Some((from, to)), Upper::Shown) = (strip.upper_hairline, upper) {
                    brush.mark(&Mark::Rule { from, to, y: 0.0, width: 0.5, ink: Ink::Hairline }, *y);
                }
                if strip.figure.is_none() {
                    strip.marks.iter().for_each(|mark| brush.mark(mark, *y));
                }
            }
            brush.surface.end_tagged();
            if index > 0 {
                brush.artifact(ArtifactType::Header);
                let y = 44.0;
                brush.text(&self.running.0, left, y);
                brush.text(&self.running.1, right - self.running.1.width, y);
                brush.surface.end_tagged();
            }
            if let Some(mut y) = leaf.head {
                brush.artifact(ArtifactType::PaginationOther);
                for strip in &self.table_head {
                    strip.marks.iter().for_each(|mark| brush.mark(mark, y));
                    strip.texts.iter().for_each(|text| brush.text(&text.line, text.x, y + text.y));
                    y += strip.height;
                }
                brush.surface.end_tagged();
            }
            let mut current = None;
            for (y, strip, _) in &leaf.strips {
                if let Some(node) = strip.figure {
                    brush.within(tags, &mut current, node, ContentTag::Other);
                    strip.marks.iter().for_each(|mark| brush.mark(mark, *y));
                }
                for text in &strip.texts {
                    brush.within(tags, &mut current, text.node, ContentTag::Span(SpanTag::empty()));
                    brush.text(&text.line, text.x, y + text.y);
                }
            }
            if current.is_some() {
                brush.surface.end_tagged();
            }
            brush.artifact(ArtifactType::Footer);
            let page_line = page_text(brush.set, index + 1, leaves.len());
            let top = self.bottom + 18.0;
            brush.mark(&Mark::Rule { from: left, to: right, y: 0.0, width: 0.5, ink: Ink::Hairline }, top);
            for (row, line) in self.foot.iter().enumerate() {
                brush.text(line, left, top + 14.0 + self.foot_leading * row as f32);
            }
            brush.text(&page_line, right - page_line.width, top + 14.0);
            brush.surface.end_tagged();
        }
        Some(())
    }
}

/// Fills pages one after the other.
struct Press<'a> {
    book: &'a Book,
    done: Vec<Leaf<'a>>,
    leaf: Leaf<'a>,
    y: f32,
}

impl<'a> Press<'a> {
    fn turn_page(&mut self, under_head: bool) {
        self.done.push(std::mem::take(&mut self.leaf));
        self.y = self.book.top_next;
        if under_head && !self.book.table_head.is_empty() {
            self.leaf.head = Some(self.y);
            self.y += self.book.head_height();
        }
    }

    /// Whether a height fits here, if need be on a fresh page; turns the page if that helps.
    fn make_room(&mut self, height: f32, under_head: bool) -> bool {
        let book = self.book;
        if self.y + height <= book.bottom {
            return true;
        }
        let head = if under_head { book.head_height() } else { 0.0 };
        let fits = book.top_next + head + height <= book.bottom;
        if fits && !self.leaf.strips.is_empty() {
            self.turn_page(under_head);
        }
        fits
    }

    fn place(&mut self, run: &'a [Chunk]) {
        let whole = run.iter().map(|chunk| chunk.before + chunk.height()).sum::<f32>();
        let under_head = run.first().is_some_and(|chunk| chunk.under_head);
        let together = self.make_room(whole, under_head);
        for chunk in run {
            if !together {
                self.make_room(chunk.before + chunk.height(), chunk.under_head);
            }
            if !self.leaf.strips.is_empty() {
                self.y += chunk.before;
            }
            for strip in &chunk.strips {
                if self.y + strip.height > self.book.bottom && !self.leaf.strips.is_empty() {
                    self.turn_page(chunk.under_head);
                }
                let upper = if self.leaf.strips.is_empty() { Upper::LeftOut } else { Upper::Shown };
                self.leaf.strips.push((self.y, strip, upper));
                self.y += strip.height;
            }
        }
    }
}

/// Draws on one page.
struct Brush<'a, 's> {
    surface: Surface<'s>,
    set: &'a mut Typesetter,
    palette: &'a Palette,
    ink: Option<Ink>,
}

impl Brush<'_, '_> {
    fn artifact(&mut self, kind: ArtifactType) {
        self.surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(kind)));
    }

    /// Makes what follows part of a node, going on with the section that is open if it is the same node's.
    fn within(&mut self, tags: &mut Tags, current: &mut Option<NodeId>, node: NodeId, tag: ContentTag<'_>) {
        if *current == Some(node) {
            return;
        }
        if current.is_some() {
            self.surface.end_tagged();
        }
        let identifier = self.surface.start_tagged(tag);
        tags.leaf(node, identifier);
        *current = Some(node);
    }

    fn fill(&mut self, ink: Ink) {
        if self.ink != Some(ink) {
            self.surface.set_stroke(None);
            self.surface.set_fill(Some(Fill { paint: self.palette.color(ink).into(), opacity: NormalizedF32::ONE, rule: FillRule::NonZero }));
            self.ink = Some(ink);
        }
    }

    fn text(&mut self, line: &TextLine, x: f32, y: f32) {
        for run in line.runs.iter().filter(|run| !run.glyphs.is_empty()) {
            self.fill(run.style.ink);
            let font = self.set.font(run.style.weight);
            self.surface.draw_glyphs(Point::from_xy(x + run.x, y), &run.glyphs, font, &run.text, run.style.size, false);
        }
    }

    fn stroke(&mut self, points: &[(f32, f32)], top: f32, width: f32, ink: Ink, dash: Dash) {
        let mut path = PathBuilder::new();
        let Some(((x, y), rest)) = points.split_first() else { return };
        path.move_to(*x, top + y);
        rest.iter().for_each(|(x, y)| path.line_to(*x, top + y));
        let Some(path) = path.finish() else { return };
        self.surface.set_fill(None);
        self.surface.set_stroke(Some(Stroke {
            paint: self.palette.color(ink).into(),
            width,
            line_join: LineJoin::Round,
            line_cap: if dash == Dash::Dotted { LineCap::Round } else { LineCap::Butt },
            dash: (dash == Dash::Dotted).then(|| StrokeDash { array: vec![0.01, 2.2], offset: 0.0 }),
            ..Stroke::default()
        }));
        self.ink = None;
        self.surface.draw_path(&path);
    }

    fn mark(&mut self, mark: &Mark, top: f32) {
        match mark {
            Mark::Rule { from, to, y, width, ink } => self.boxes(&[[*from, y - width / 2.0, to - from, *width]], top, *ink),
            Mark::Stroke { points, width, ink, dash } => self.stroke(points, top, *width, *ink, *dash),
            Mark::Boxes { boxes, ink } => self.boxes(boxes, top, *ink),
            Mark::Disc { x, y, radius, ink } => {
                // A circle as four cubic curves.
                let (x, y, r, c) = (*x, top + y, *radius, radius * 0.552_285);
                let mut path = PathBuilder::new();
                path.move_to(x + r, y);
                path.cubic_to(x + r, y + c, x + c, y + r, x, y + r);
                path.cubic_to(x - c, y + r, x - r, y + c, x - r, y);
                path.cubic_to(x - r, y - c, x - c, y - r, x, y - r);
                path.cubic_to(x + c, y - r, x + r, y - c, x + r, y);
                path.close();
                if let Some(path) = path.finish() {
                    self.fill(*ink);
                    self.surface.draw_path(&path);
                }
            }
            Mark::Art { path, ink } => {
                self.fill(*ink);
                self.surface.push_transform(&Transform::from_translate(0.0, top));
                self.surface.draw_path(path);
                self.surface.pop();
            }
        }
    }

    fn boxes(&mut self, boxes: &[[f32; 4]], top: f32, ink: Ink) {
        let mut path = PathBuilder::new();
        for [x, y, width, height] in boxes {
            if let Some(rect) = Rect::from_xywh(*x, top + y, *width, *height) {
                path.push_rect(rect);
            }
        }
        if let Some(path) = path.finish() {
            self.fill(ink);
            self.surface.draw_path(&path);
        }
    }
}

/// A node of the tree that says what the text on the pages is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeId(usize);

/// What a node is.
pub enum Role {
    /// The document's heading, with its text.
    Heading(String),
    Paragraph,
    Table,
    TableHead,
    TableBody,
    Row,
    /// Heads the column under it.
    ColumnHead,
    /// Heads its row; how many columns it spans.
    RowHead(u32),
    /// How many columns it spans.
    Cell(u32),
    /// With the text for those who cannot see it.
    Figure(String),
}

enum Child {
    Node(NodeId),
    Leaf(Identifier),
}

struct Node {
    role: Role,
    children: Vec<Child>,
}

/// The tree in the making. The order of making is the order of reading.
#[derive(Default)]
pub struct Tags {
    nodes: Vec<Node>,
    roots: Vec<NodeId>,
}

impl Tags {
    pub fn root(&mut self, role: Role) -> NodeId {
        let id = self.add(role);
        self.roots.push(id);
        id
    }

    pub fn child(&mut self, parent: NodeId, role: Role) -> NodeId {
        let id = self.add(role);
        if let Some(parent) = self.nodes.get_mut(parent.0) {
            parent.children.push(Child::Node(id));
        }
        id
    }

    /// For what is only a repetition, and drawn as ornament.
    pub fn aside(&mut self, role: Role) -> NodeId {
        self.add(role)
    }

    fn add(&mut self, role: Role) -> NodeId {
        self.nodes.push(Node { role, children: Vec::new() });
        NodeId(self.nodes.len() - 1)
    }

    fn leaf(&mut self, node: NodeId, identifier: Identifier) {
        if let Some(node) = self.nodes.get_mut(node.0) {
            node.children.push(Child::Leaf(identifier));
        }
    }

    pub fn finish(self, language: &str) -> TagTree {
        let mut tree = TagTree::new().with_lang((!language.is_empty()).then(|| language.to_owned()));
        for root in &self.roots {
            if let Some(group) = self.group(*root) {
                tree.push(group);
            }
        }
        tree
    }

    /// The node with all under it; nothing if nothing of it was drawn, except for cells, which keep a row's columns countable.
    fn group(&self, id: NodeId) -> Option<TagGroup> {
        let node = self.nodes.get(id.0)?;
        let mut group = match &node.role {
            Role::Heading(title) => TagGroup::new(Tag::Hn(NonZeroU16::MIN, Some(title.clone()))),
            Role::Paragraph => TagGroup::new(Tag::P),
            Role::Table => TagGroup::new(Tag::Table),
            Role::TableHead => TagGroup::new(Tag::THead),
            Role::TableBody => TagGroup::new(Tag::TBody),
            Role::Row => TagGroup::new(Tag::TR),
            Role::ColumnHead => TagGroup::new(Tag::TH(TableHeaderScope::Column)),
            Role::RowHead(span) => TagGroup::new(Tag::TH(TableHeaderScope::Row).with_col_span(more_than_one(*span))),
            Role::Cell(span) => TagGroup::new(Tag::TD.with_col_span(more_than_one(*span))),
            Role::Figure(alt) => TagGroup::new(Tag::Figure(Some(alt.clone()))),
        };
        let mut drawn = matches!(node.role, Role::RowHead(_) | Role::Cell(_) | Role::ColumnHead);
        for child in &node.children {
            match child {
                Child::Leaf(identifier) => {
                    group.push(*identifier);
                    drawn = true;
                }
                Child::Node(child) => {
                    if let Some(child) = self.group(*child) {
                        group.push(child);
                        drawn = true;
                    }
                }
            }
        }
        drawn.then_some(group)
    }
}

fn more_than_one(span: u32) -> Option<NonZeroU32> {
    NonZeroU32::new(span).filter(|span| span.get() > 1)
}

#[cfg(test)]
mod tests {
    use super::super::{layout, samples};
    use super::*;

    fn book(sheet: &super::super::Sheet) -> Book {
        let mut set = Typesetter::new().expect("the fonts can be read");
        layout::compose(sheet, &mut set, &mut Tags::default())
    }

    fn texts(leaf: &Leaf<'_>) -> Vec<String> {
        let line = |line: &TextLine| line.runs.iter().map(|run| run.text.as_str()).collect::<String>().trim().to_owned();
        leaf.strips.iter().flat_map(|(_, strip, _)| &strip.texts).map(|text| line(&text.line)).collect()
    }

    #[test]
    fn however_long_nothing_is_lost_cut_or_left_alone() {
        for count in (1..70).chain([200]) {
            let book = book(&samples::many(count));
            let leaves = book.leaves();
            let strips: usize = book.chunks.iter().map(|chunk| chunk.strips.len()).sum();
            assert_eq!(leaves.iter().map(|leaf| leaf.strips.len()).sum::<usize>(), strips, "{count} lines");
            for leaf in &leaves {
                for (y, strip, _) in &leaf.strips {
                    assert!(y + strip.height <= book.bottom + 0.01, "{count} lines");
                }
            }
            let last = texts(leaves.last().expect("a page"));
            assert!(last.contains(&"Before tax".to_owned()) && last.contains(&"Total".to_owned()), "the totals stay together, {count} lines");
            assert!(last.contains(&"1 to 31 October".to_owned()), "and with a line, {count} lines");
            for leaf in &leaves[1..] {
                assert!(leaf.head.is_some(), "the head is repeated, {count} lines");
            }
            for leaf in &leaves {
                assert!(!texts(leaf).last().is_some_and(|text| text == "Linux" || text == "Everything else"), "no heading at a page's end, {count} lines");
            }
        }
    }

    #[test]
    fn everything_on_the_sheet_is_on_the_pages() {
        let sheet = samples::paid();
        let book = book(&sheet);
        let all: Vec<String> = book.leaves().iter().flat_map(texts).collect();
        let all = all.join(" ").replace("  ", " ");
        let lines = sheet.sections.iter().flat_map(|section| &section.lines);
        let mut wanted: Vec<&str> = lines.flat_map(|line| [line.name.as_str(), &line.sub, &line.quantity, &line.each, &line.amount]).collect();
        wanted.extend(sheet.totals.iter().flat_map(|row| [row.label.as_str(), &row.amount]));
        wanted.extend(sheet.seller.iter().chain(&sheet.buyer).map(String::as_str));
        wanted.extend(sheet.facts.iter().flat_map(|fact| [fact.label.as_str(), &fact.value]));
        wanted.extend(sheet.answer.iter().map(|answer| answer.text.as_str()));
        wanted.extend(sheet.charts.iter().flat_map(|chart| [chart.title.as_str(), &chart.caption, &chart.end_label]));
        for text in wanted {
            assert!(all.contains(text), "{text:?} is missing in {all}");
        }
    }

    #[test]
    fn nothing_stands_over_the_edge() {
        for sheet in [samples::paid(), samples::open(), samples::credit_note(), samples::german(), samples::many(30)] {
            let book = book(&sheet);
            for text in book.leaves().iter().flat_map(|leaf| &leaf.strips).flat_map(|(_, strip, _)| &strip.texts) {
                assert!(text.x >= book.edges.0 - 0.05 && text.x + text.line.width <= book.edges.1 + 0.05);
            }
        }
    }
}
