//! Texts side by side: columns of lines become strips, line beside line on one baseline.

use super::super::pages::{NodeId, Set, Strip};
use super::super::text::{CAP_HEIGHT, TextLine};

/// Where a column's lines stand.
#[derive(Clone, Copy)]
pub(super) enum Edge {
    /// They begin here.
    Left(f32),
    /// They end here.
    Right(f32),
}

/// A column of lines, one below the other, that is drawn beside others.
pub(super) struct Column {
    pub(super) edge: Edge,
    pub(super) lines: Vec<(TextLine, f32)>,
    pub(super) node: NodeId,
}

impl Column {
    pub(super) fn new(edge: Edge, lines: Vec<TextLine>, leading: f32, node: NodeId) -> Self {
        Self { edge, lines: lines.into_iter().map(|line| (line, leading)).collect(), node }
    }
}

/// Sets columns side by side, line beside line on one baseline, a strip for each.
pub(super) fn strips(columns: Vec<Column>, above: f32, below: f32, least: f32) -> Vec<Strip> {
    let count = columns.iter().map(|column| column.lines.len()).max().unwrap_or(0).max(1);
    let mut strips: Vec<Strip> = (0..count).map(|_| Strip::default()).collect();
    let mut baselines = Vec::with_capacity(count);
    for (index, strip) in strips.iter_mut().enumerate() {
        let row = || columns.iter().filter_map(|column| column.lines.get(index));
        let leading = row().map(|(_, leading)| *leading).fold(0.0, f32::max);
        let leading = if leading > 0.0 { leading } else { least };
        let size = row().flat_map(|(line, _)| &line.runs).map(|run| run.style.size).fold(0.0, f32::max);
        let top = if index == 0 { above } else { 0.0 };
        baselines.push(top + leading / 2.0 + size * CAP_HEIGHT / 2.0);
        strip.height = top + leading + if index + 1 == count { below } else { 0.0 };
    }
    for column in columns {
        for ((line, _), (strip, y)) in column.lines.into_iter().zip(strips.iter_mut().zip(&baselines)) {
            let x = match column.edge {
                Edge::Left(x) => x,
                Edge::Right(x) => x - line.width,
            };
            strip.texts.push(Set { line, x, y: *y, node: column.node });
        }
    }
    strips
}
