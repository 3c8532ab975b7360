//! What stands above the lines: whose document it is, its answer in one sentence, who sends it to whom, and its facts.

use super::super::ink::Ink;
use super::super::logo;
use super::super::pages::{Dash, Mark, Role, Strip};
use super::super::sheet::{Fact, Standing, State};
use super::super::text::{Style, TextLine};
use super::columns::{Column, Edge, strips};
use super::{ANSWER, ANSWER_LEADING, BODY, BODY_LEADING, BRAND, Composer, FACT_LEADING, GAP, INK_RULE, LEAST_GAP, SMALL, SMALLEST_ANSWER, heading};

impl Composer<'_> {
    /// Vendor on the left; what this is, and its number, on the right.
    pub(super) fn brand(&mut self) {
        let sheet = self.sheet;
        let (left, right, width) = (self.left, self.right, self.width());
        let node = self.tags.root(Role::Paragraph);
        let mut marks = Vec::new();
        let mut x = left;
        let logo = sheet.branding.logo.as_ref().and_then(|logo| logo::place(logo, left, 0.0, 22.0, 110.0));
        if let Some((path, logo_width)) = logo {
            marks.push(Mark::Art { path, ink: Ink::Accent });
            x += logo_width + 7.0;
        }
        let name = self.set.paragraph(BRAND.strong(), &sheet.branding.name, width * 0.5 - (x - left));
        let beside = if name.len() == 1 { x + name.iter().map(|line| line.width).fold(0.0, f32::max) } else { x };
        let leading = 22.0;
        let mut columns = vec![Column::new(Edge::Left(x), name, leading, node)];
        if let Some(test) = sheet.watermark.as_deref() {
            let at = beside + 9.0;
            let line = self.set.short_line(SMALL, test, (left + width * 0.56 - at - 9.0).max(40.0));
            if beside > x {
                marks.push(Mark::Boxes { boxes: vec![[at, 4.0, 0.5, 14.0]], ink: Ink::Quiet });
                columns.push(Column::new(Edge::Left(at + 9.0), vec![line], leading, node));
            }
        }
        let node = self.tags.root(Role::Heading(heading(sheet)));
        let title = self.set.rich(&[(BRAND.ink(Ink::Quiet), &format!("{} ", sheet.title)), (BRAND.strong(), &sheet.number)], width * 0.44);
        columns.push(Column::new(Edge::Right(right), title, leading, node));
        let mut strips = strips(columns, 0.0, 0.0, leading);
        if let Some(first) = strips.first_mut() {
            first.marks.append(&mut marks);
        }
        self.push(0.0, strips);
    }

    pub(super) fn answer(&mut self) {
        let sheet = self.sheet;
        let width = self.width();
        if let Some(answer) = &sheet.answer {
            let strong = answer.strong.as_deref().filter(|strong| !strong.is_empty());
            let spans = match strong.and_then(|strong| answer.text.split_once(strong).map(|(before, after)| (before, strong, after))) {
                Some((before, strong, after)) => vec![(ANSWER, before), (ANSWER.strong().ink(Ink::Main), strong), (ANSWER, after)],
                None => vec![(ANSWER, answer.text.as_str())],
            };
            let lines = self.balanced(&spans, width);
            let node = self.tags.root(Role::Paragraph);
            let strips = strips(vec![Column::new(Edge::Left(self.left), lines, ANSWER_LEADING, node)], 0.0, 0.0, 0.0);
            self.push(30.0, strips);
        }
        if let Some(standing) = &sheet.standing {
            self.standing(standing);
        }
    }

    /// On one line, a little smaller if need be; else in lines of much the same length.
    pub(super) fn balanced(&mut self, spans: &[(Style, &str)], width: f32) -> Vec<TextLine> {
        let lines = self.set.rich(spans, width);
        if lines.len() < 2 {
            return lines;
        }
        let whole: f32 = lines.iter().map(|line| line.width).sum::<f32>() + 6.0 * (lines.len() - 1) as f32;
        let smaller = (width / whole * 0.995).min(1.0);
        if smaller >= SMALLEST_ANSWER {
            let spans: Vec<_> = spans.iter().map(|(style, text)| (Style { size: style.size * smaller, ..*style }, *text)).collect();
            let one = self.set.rich(&spans, width);
            if one.len() == 1 {
                return one;
            }
        }
        let even = self.set.rich(spans, (whole / lines.len() as f32 * 1.08).min(width));
        if even.len() == lines.len() { even } else { lines }
    }

    pub(super) fn standing(&mut self, standing: &Standing) {
        let ink = match standing.state {
            State::Settled => Ink::Good,
            State::Open => Ink::Main,
            State::Overdue => Ink::Bad,
            State::Void => Ink::Quiet,
        };
        let (x, middle) = (self.left, BODY_LEADING / 2.0);
        let stroke =
            |points: &[(f32, f32)]| Mark::Stroke { points: points.iter().map(|(px, py)| (x + px, middle + py)).collect(), width: 1.3, ink, dash: Dash::Solid };
        let ring = || {
            let points: Vec<(f32, f32)> =
                (0..=24).map(|step| (std::f32::consts::TAU * step as f32 / 24.0).sin_cos()).map(|(sin, cos)| (4.5 + 3.7 * cos, 3.7 * sin)).collect();
            stroke(&points)
        };
        let marks = match standing.state {
            State::Settled => vec![stroke(&[(0.6, 0.4), (3.2, 3.0), (8.6, -3.4)])],
            State::Open => vec![ring()],
            State::Overdue => vec![ring(), stroke(&[(4.5, -2.1), (4.5, 0.7)]), stroke(&[(4.5, 1.3), (4.5, 2.3)])],
            State::Void => vec![stroke(&[(1.2, -3.3), (7.8, 3.3)]), stroke(&[(1.2, 3.3), (7.8, -3.3)])],
        };
        let lines = self.set.rich(&[(BODY.strong().ink(ink), &format!("{}  ", standing.label)), (BODY.ink(Ink::Quiet), &standing.note)], self.width() - 15.0);
        let node = self.tags.root(Role::Paragraph);
        let mut strips = strips(vec![Column::new(Edge::Left(x + 15.0), lines, BODY_LEADING, node)], 0.0, 0.0, BODY_LEADING);
        if let Some(first) = strips.first_mut() {
            first.marks = marks;
        }
        self.push(9.0, strips);
    }

    /// From and to, side by side under a rule.
    pub(super) fn parties(&mut self) {
        let sheet = self.sheet;
        let (left, right) = (self.left, self.right);
        let column_width = (self.width() - GAP) / 2.0;
        let mut columns = Vec::new();
        for (x, label, lines) in [(left, &sheet.labels.from, &sheet.seller), (left + column_width + GAP, &sheet.labels.to, &sheet.buyer)] {
            let group = self.tags.root(Role::Paragraph);
            let mut column = Column::new(Edge::Left(x), self.set.paragraph(SMALL, label, column_width), FACT_LEADING, group);
            for line in lines {
                column.lines.extend(self.set.paragraph(BODY, line, column_width).into_iter().map(|line| (line, BODY_LEADING)));
            }
            columns.push(column);
        }
        let mut strips = strips(columns, 11.0, 0.0, 0.0);
        if let Some(first) = strips.first_mut() {
            first.marks.push(Mark::Rule { from: left, to: right, y: 0.0, width: INK_RULE, ink: Ink::Main });
        }
        self.push(22.0, strips);
    }

    /// Pairs side by side.
    pub(super) fn facts(&mut self) {
        let sheet = self.sheet;
        for (index, strips) in self.fact_rows(&sheet.facts, BODY).into_iter().enumerate() {
            self.push(if index == 0 { 15.0 } else { 9.0 }, strips);
        }
    }

    /// Rows of four pairs; a pair with a long value takes the place of two, so that the rest stay in line with the parties above.
    pub(super) fn fact_rows(&mut self, facts: &[Fact], style: Style) -> Vec<Vec<Strip>> {
        let step = (self.width() + GAP) / 4.0;
        let mut rows = Vec::new();
        let mut row: Vec<Column> = Vec::new();
        let mut at = 0;
        for fact in facts {
            let natural = self.set.line(style, &fact.value).width.max(self.set.line(SMALL, &fact.label).width);
            let span = if natural <= step - LEAST_GAP { 1 } else { 2 };
            if at + span > 4 {
                rows.push(strips(std::mem::take(&mut row), 0.0, 0.0, 0.0));
                at = 0;
            }
            let width = step * span as f32 - LEAST_GAP;
            let node = self.tags.root(Role::Paragraph);
            let mut column = Column::new(Edge::Left(self.left + step * at as f32), self.set.paragraph(SMALL, &fact.label, width), FACT_LEADING, node);
            column.lines.extend(self.set.paragraph(style, &fact.value, width).into_iter().map(|line| (line, BODY_LEADING)));
            row.push(column);
            at += span;
        }
        if !row.is_empty() {
            rows.push(strips(row, 0.0, 0.0, 0.0));
        }
        rows
    }
}
