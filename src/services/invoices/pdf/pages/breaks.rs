//! Page breaks: which strip comes onto which page, so that what belongs together stays together.

use super::{Book, Chunk, Strip};

/// A page's strips and the height each begins at.
#[derive(Default)]
pub(super) struct Leaf<'a> {
    pub(super) strips: Vec<(f32, &'a Strip, Upper)>,
    /// Where the repeated table head begins.
    pub(super) head: Option<f32>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Upper {
    Shown,
    LeftOut,
}

impl Book {
    fn head_height(&self) -> f32 {
        self.table_head.iter().map(|strip| strip.height).sum()
    }

    pub(super) fn leaves(&self) -> Vec<Leaf<'_>> {
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

#[cfg(test)]
mod tests {
    use super::super::super::text::{TextLine, Typesetter};
    use super::super::super::{Sheet, layout, samples};
    use super::super::Tags;
    use super::*;

    fn book(sheet: &Sheet) -> Book {
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
