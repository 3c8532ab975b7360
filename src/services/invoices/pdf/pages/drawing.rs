//! The pages, drawn: every strip in its place, what is repeated on each page, and which of it is ornament.

use krilla::Document;
use krilla::geom::{PathBuilder, Point, Rect, Transform};
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule, LineCap, LineJoin, Stroke, StrokeDash};
use krilla::surface::Surface;
use krilla::tagging::{Artifact, ArtifactType, ContentTag, SpanTag};

use super::super::ink::{Ink, Palette};
use super::super::text::{CAP_HEIGHT, TextLine, Typesetter};
use super::breaks::Upper;
use super::{Book, Dash, Mark, NodeId, Tags};

impl Book {
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
                brush.text(line, (width - line.width) / 2.0, height / 2.0 + size * CAP_HEIGHT / 2.0);
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
