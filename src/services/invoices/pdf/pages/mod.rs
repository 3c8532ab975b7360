//! From strips to a file: what comes onto which page, drawing it, and the tags that say what it is. Here is what there is to place.
//!
//! Knows strips, pages and krilla. Deliberately not here: what an invoice is made of, and how wide or where anything in a strip stands.
//!
//! | file | what it is |
//! |---|---|
//! | `breaks` | which strip comes onto which page |
//! | `drawing` | the pages, drawn |
//! | `tags` | the tree that says what is what |

mod breaks;
mod drawing;
mod tags;

use krilla::geom::Path;

use super::ink::Ink;
use super::text::TextLine;

pub use tags::{NodeId, Role, Tags};

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
