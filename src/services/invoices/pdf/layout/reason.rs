//! Why a line is what it is: indented small print beside a thin bar, and the table of its tiers.

use super::super::ink::Ink;
use super::super::pages::{Mark, NodeId, Role, Strip};
use super::super::sheet::{Reason, TierTable};
use super::super::text::Style;
use super::columns::{Column, Edge, strips};
use super::table::true_minus;
use super::{Composer, GAP, SMALL, SMALL_LEADING};

impl Composer<'_> {
    /// Why a line is what it is: indented small print beside a thin bar.
    pub(super) fn reason(&mut self, reason: &Reason, body: NodeId) {
        let x = self.left + 12.0;
        let row = self.tags.child(body, Role::Row);
        let cell = self.tags.child(row, Role::Cell(4));
        let begins = self.chunks.len();
        if let Some(tiers) = &reason.tiers {
            let strips = self.tiers(tiers, x, cell);
            self.push(0.0, strips).under_head = true;
        }
        for paragraph in &reason.paragraphs {
            let lines = self.paragraph_lines(paragraph, self.right - x, SMALL);
            if lines.is_empty() {
                continue;
            }
            let node = self.tags.child(cell, Role::Paragraph);
            let above = if self.chunks.len() > begins { 4.0 } else { 0.0 };
            let strips = strips(vec![Column::new(Edge::Left(x), lines, SMALL_LEADING, node)], above, 0.0, SMALL_LEADING);
            self.push(0.0, strips).under_head = true;
        }
        if self.chunks.len() == begins {
            return;
        }
        for chunk in &mut self.chunks[begins..] {
            for strip in &mut chunk.strips {
                strip.marks.push(Mark::Boxes { boxes: vec![[self.left, 0.0, 1.0, strip.height]], ink: Ink::Hairline });
            }
        }
        if let Some(line) = begins.checked_sub(1).and_then(|index| self.chunks.get_mut(index)) {
            line.keep_next = true;
        }
        if let Some(last) = self.chunks.last_mut() {
            last.strips.push(Strip { height: 8.0, ..Strip::default() });
        }
    }

    fn tiers(&mut self, tiers: &TierTable, x: f32, cell: NodeId) -> Vec<Strip> {
        let style = SMALL.tabular();
        let width = self.right - x;
        let all: Vec<(&[String; 4], Style)> = std::iter::once((&tiers.heads, style))
            .chain(tiers.rows.iter().map(|row| (row, style.ink(Ink::Main))))
            .chain(tiers.together.iter().map(|row| (row, style.strong().ink(Ink::Main))))
            .collect();
        let mut widths = [0.0_f32; 3];
        for (row, style) in &all {
            for (widest, text) in widths.iter_mut().zip(&row[1..]) {
                *widest = widest.max(self.set.line(*style, text).width);
            }
        }
        let widths = widths.map(|widest| widest.min(width * 0.22));
        let mut edges = [self.right; 3];
        edges[1] = edges[2] - widths[2] - GAP;
        edges[0] = edges[1] - widths[1] - GAP;
        let name_width = edges[0] - widths[0] - GAP - x;

        let table = self.tags.child(cell, Role::Table);
        let last = all.len() - 1;
        let mut out = Vec::new();
        for (index, (row, style)) in all.into_iter().enumerate() {
            let row_node = self.tags.child(table, Role::Row);
            let head = index == 0;
            let node = self.tags.child(row_node, if head { Role::ColumnHead } else { Role::RowHead(1) });
            let mut cells = vec![Column::new(Edge::Left(x), self.set.paragraph(style, &row[0], name_width), SMALL_LEADING, node)];
            for ((text, edge), width) in row[1..].iter().zip(edges).zip(widths) {
                let node = self.tags.child(row_node, if head { Role::ColumnHead } else { Role::Cell(1) });
                cells.push(Column::new(Edge::Right(edge), self.set.paragraph(style, &true_minus(text), width.max(10.0)), SMALL_LEADING, node));
            }
            let mut strips = strips(cells, if head { 0.0 } else { 3.0 }, 3.0, SMALL_LEADING);
            if let Some(first) = strips.first_mut().filter(|_| index > 0) {
                let sum = index == last && tiers.together.is_some();
                let (rule, ink) = if index == 1 || sum { (0.5, Ink::Main) } else { (0.5, Ink::Hairline) };
                first.marks.push(Mark::Rule { from: x, to: self.right, y: 0.0, width: rule, ink });
            }
            out.append(&mut strips);
        }
        out
    }
}
