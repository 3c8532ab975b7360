//! The lines and their sums, amounts aligned on their decimals.

use super::super::ink::Ink;
use super::super::pages::{Mark, NodeId, Role, Strip};
use super::super::sheet::{Line, Section, TotalStyle};
use super::super::text::Style;
use super::columns::{Column, Edge, strips};
use super::{BODY, BODY_LEADING, Composer, GAP, INK_RULE, SMALL, SMALL_LEADING};

/// The columns of the lines' table: where names may reach, where each column of figures ends, and how wide it is.
pub(super) struct Columns {
    name_width: f32,
    quantity: (f32, f32),
    each: (f32, f32),
    amount: (f32, f32),
    /// Room kept right of the decimal mark for the longest fraction (with a currency behind it, where that stands there).
    tail: f32,
    /// Where remarks begin, if there is room for all of them beside the names.
    sub: Option<f32>,
}

impl Composer<'_> {
    fn columns(&mut self) -> Columns {
        let sheet = self.sheet;
        let width = self.width();
        let figures = BODY.tabular();
        let lines = || sheet.sections.iter().flat_map(|section| &section.lines);
        let set = &mut *self.set;
        let mut widest = |style: Style, texts: &mut dyn Iterator<Item = &str>| texts.map(|text| set.line(style, text).width).fold(0.0, f32::max);
        let quantity = widest(figures, &mut lines().map(|line| line.quantity.as_str()))
            .max(widest(SMALL, &mut [sheet.labels.quantity.as_str()].into_iter()))
            .min(width * 0.2);
        let each =
            widest(figures, &mut lines().map(|line| line.each.as_str())).max(widest(SMALL, &mut [sheet.labels.each.as_str()].into_iter())).min(width * 0.17);

        let (mut before, mut after) = (0.0_f32, 0.0_f32);
        let line_amounts = lines().map(|line| (line.amount.as_str(), figures));
        let total_amounts = sheet.totals.iter().map(|row| (row.amount.as_str(), if row.style == TotalStyle::Total { figures.strong() } else { figures }));
        for (amount, style) in line_amounts.chain(total_amounts) {
            let amount = true_minus(amount);
            let (whole, tail) = (self.set.line(style, &amount).width, self.tail(style, &amount));
            before = before.max(whole - tail);
            after = after.max(tail);
        }
        let heads = self.set.line(SMALL, &sheet.labels.amount).width;
        let amount = (before + after).max(heads).max(34.0).min(width * 0.32);
        let amount_at = self.right;
        let each_at = amount_at - amount - GAP;
        let quantity_at = if each > 0.0 { each_at - each - GAP } else { each_at };
        let name_width = if quantity > 0.0 { quantity_at - quantity } else { quantity_at } - GAP - self.left;

        let name = lines().map(|line| self.set.line(BODY, &line.name).width).fold(0.0, f32::max);
        let sub = lines().map(|line| self.set.line(SMALL, &line.sub).width).fold(0.0, f32::max);
        let sub = (name + GAP + sub <= name_width).then(|| self.left + (name + GAP).max(name_width * 0.38).min(name_width - sub));
        Columns { name_width, quantity: (quantity_at, quantity), each: (each_at, each), amount: (amount_at, amount), tail: after, sub }
    }

    /// Width of what stands right of the decimal point's place: the fraction with its mark, and a currency behind.
    fn tail(&mut self, style: Style, amount: &str) -> f32 {
        self.set.line(style, decimal_tail(amount, self.sheet.decimal_mark)).width
    }

    /// An amount with its decimals under those above it, or broken into lines where it is absurdly long.
    fn amount(&mut self, columns: &Columns, style: Style, amount: &str, node: NodeId) -> Column {
        let amount = true_minus(amount);
        let line = self.set.line(style, &amount);
        if line.width > columns.amount.1 + 0.01 {
            return Column::new(Edge::Right(columns.amount.0), self.set.paragraph(style, &amount, columns.amount.1), BODY_LEADING, node);
        }
        let aligned = amount.contains(|char: char| char.is_ascii_digit());
        let short_by = if aligned { columns.tail - self.tail(style, &amount) } else { 0.0 };
        let room = (columns.amount.1 - line.width).max(0.0);
        Column::new(Edge::Right(columns.amount.0 - short_by.clamp(0.0, room)), vec![line], BODY_LEADING, node)
    }

    /// The lines and the totals. Gives back the head, to be repeated.
    pub(super) fn table(&mut self) -> Vec<Strip> {
        let sheet = self.sheet;
        let columns = self.columns();
        let table = self.tags.root(Role::Table);
        let head_node = self.tags.child(table, Role::TableHead);
        let head = self.table_head(&columns, head_node);
        let aside = self.tags.aside(Role::TableHead);
        let repeated = self.table_head(&columns, aside);
        let chunk = self.push(22.0, head);
        chunk.keep_next = true;

        let body = self.tags.child(table, Role::TableBody);
        let mut rows = 0;
        for section in &sheet.sections {
            rows += self.section(&columns, section, body, rows > 0);
        }
        if !sheet.totals.is_empty() {
            // The totals never stand on a page alone.
            if let Some(last) = self.chunks.last_mut() {
                last.keep_next = true;
            }
            let strips = self.totals(&columns, body);
            self.push(0.0, strips);
        } else {
            let rule =
                Strip { height: 1.0, marks: vec![Mark::Rule { from: self.left, to: self.right, y: 0.0, width: INK_RULE, ink: Ink::Main }], ..Strip::default() };
            self.push(0.0, vec![rule]);
        }
        repeated
    }

    fn table_head(&mut self, columns: &Columns, head: NodeId) -> Vec<Strip> {
        let labels = &self.sheet.labels;
        let row = self.tags.child(head, Role::Row);
        let mut heads = Vec::new();
        for (label, edge, width) in [
            (&labels.description, Edge::Left(self.left), columns.name_width),
            (&labels.quantity, Edge::Right(columns.quantity.0), columns.quantity.1),
            (&labels.each, Edge::Right(columns.each.0), columns.each.1),
            (&labels.amount, Edge::Right(columns.amount.0), columns.amount.1),
        ] {
            let node = self.tags.child(row, Role::ColumnHead);
            heads.push(Column::new(edge, self.set.paragraph(SMALL, label, width), SMALL_LEADING, node));
        }
        let mut strips = strips(heads, 0.0, 5.0, SMALL_LEADING);
        if let Some(last) = strips.last_mut() {
            last.marks.push(Mark::Rule { from: self.left, to: self.right, y: last.height, width: INK_RULE, ink: Ink::Main });
        }
        strips
    }

    fn section(&mut self, columns: &Columns, section: &Section, body: NodeId, follows: bool) -> usize {
        let (left, right) = (self.left, self.right);
        if let Some(heading) = section.heading.as_deref().filter(|heading| !heading.trim().is_empty()) {
            let row = self.tags.child(body, Role::Row);
            let node = self.tags.child(row, Role::RowHead(4));
            let lines = self.set.paragraph(BODY.strong(), heading, self.width());
            let mut strips = strips(vec![Column::new(Edge::Left(left), lines, BODY_LEADING, node)], if follows { 16.0 } else { 9.0 }, 2.0, BODY_LEADING);
            if let Some(first) = strips.first_mut().filter(|_| follows) {
                first.upper_hairline = Some((left, right));
            }
            let chunk = self.push(0.0, strips);
            chunk.keep_next = true;
            chunk.under_head = true;
        }
        for (index, line) in section.lines.iter().enumerate() {
            let ruled = index > 0 || follows || section.heading.is_some();
            self.row(columns, line, body, ruled);
        }
        section.lines.len()
    }

    fn row(&mut self, columns: &Columns, line: &Line, body: NodeId, ruled: bool) {
        let row = self.tags.child(body, Role::Row);
        let name_node = self.tags.child(row, Role::RowHead(1));
        let mut cells = Vec::new();
        let mut name = Column::new(Edge::Left(self.left), self.set.paragraph(BODY, &line.name, columns.name_width), BODY_LEADING, name_node);
        match columns.sub {
            Some(x) => {
                let sub = self.set.paragraph(SMALL, &line.sub, columns.name_width - (x - self.left) + 0.1);
                cells.push(name);
                cells.push(Column::new(Edge::Left(x), sub, BODY_LEADING, name_node));
            }
            None => {
                let sub = self.set.paragraph(SMALL, &line.sub, columns.name_width);
                name.lines.extend(sub.into_iter().map(|line| (line, SMALL_LEADING)));
                cells.push(name);
            }
        }
        for (text, (edge, width)) in [(&line.quantity, columns.quantity), (&line.each, columns.each)] {
            let node = self.tags.child(row, Role::Cell(1));
            cells.push(Column::new(Edge::Right(edge), self.set.paragraph(BODY.tabular(), text, width.max(20.0)), BODY_LEADING, node));
        }
        let node = self.tags.child(row, Role::Cell(1));
        cells.push(self.amount(columns, BODY.tabular(), &line.amount, node));
        let mut strips = strips(cells, 6.0, 6.0, BODY_LEADING);
        if let Some(first) = strips.first_mut().filter(|_| ruled) {
            first.upper_hairline = Some((self.left, self.right));
        }
        self.push(0.0, strips).under_head = true;
        if let Some(reason) = &line.reason {
            self.reason(reason, body);
        }
    }

    /// The sums, in the right half: a rule over them, a double one under the total.
    fn totals(&mut self, columns: &Columns, body: NodeId) -> Vec<Strip> {
        let (left, right) = (self.left, self.right);
        let x = left + self.width() * 0.5;
        let label_width = columns.amount.0 - columns.amount.1 - GAP - x;
        let mut out =
            vec![Strip { height: 4.0, marks: vec![Mark::Rule { from: left, to: right, y: 0.0, width: INK_RULE, ink: Ink::Main }], ..Strip::default() }];
        let count = self.sheet.totals.len();
        for (index, total) in self.sheet.totals.iter().enumerate() {
            let style = match total.style {
                TotalStyle::Plain => BODY,
                TotalStyle::Total => BODY.strong(),
                TotalStyle::Quiet => BODY.ink(Ink::Quiet),
            };
            let row = self.tags.child(body, Role::Row);
            let node = self.tags.child(row, Role::RowHead(3));
            let label = Column::new(Edge::Left(x), self.set.paragraph(style, &total.label, label_width), BODY_LEADING, node);
            let node = self.tags.child(row, Role::Cell(1));
            let amount = self.amount(columns, style.tabular(), &total.amount, node);
            let strong = total.style == TotalStyle::Total;
            let padding = if strong { 6.0 } else { 3.5 };
            let mut strips = strips(vec![label, amount], padding, padding, BODY_LEADING);
            if strong {
                if let Some(first) = strips.first_mut().filter(|_| index > 0) {
                    first.marks.push(Mark::Rule { from: x, to: right, y: 0.0, width: INK_RULE, ink: Ink::Main });
                }
                if let Some(last) = strips.last_mut() {
                    for y in [last.height, last.height + 2.2] {
                        last.marks.push(Mark::Rule { from: x, to: right, y, width: 0.6, ink: Ink::Main });
                    }
                    last.height += if index + 1 < count { 6.0 } else { 2.0 };
                }
            }
            out.append(&mut strips);
        }
        out
    }
}

/// What stands behind the decimals' place: from the decimal mark on, or the letters behind the last figure where there is none.
fn decimal_tail(amount: &str, decimal_mark: Option<char>) -> &str {
    if let Some(mark) = decimal_mark
        && let Some((at, _)) = amount.rmatch_indices(mark).next()
        && amount[at + mark.len_utf8()..].starts_with(|char: char| char.is_ascii_digit())
    {
        return &amount[at..];
    }
    let end = amount.rfind(|char: char| char.is_ascii_digit()).map_or(0, |at| at + 1);
    &amount[end..]
}

/// A hyphen in front of a figure is a minus, and printed as one.
pub(super) fn true_minus(amount: &str) -> std::borrow::Cow<'_, str> {
    match amount.strip_prefix('-') {
        Some(rest) if rest.contains(|char: char| char.is_ascii_digit()) => format!("\u{2212}{rest}").into(),
        _ => amount.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::pages::Tags;
    use super::super::super::samples;
    use super::super::super::text::Typesetter;
    use super::*;

    #[test]
    fn decimals_are_found_in_every_country() {
        for (amount, mark, tail) in [
            ("1,234.50", Some('.'), ".50"),
            ("€155.23", Some('.'), ".23"),
            ("155,23 €", Some(','), ",23 €"),
            ("¥1,234", Some('.'), ""),
            ("1.234 Ft", Some(','), " Ft"),
            ("by tier", Some('.'), "by tier"),
            ("", Some('.'), ""),
            ("12.", Some('.'), "."),
            ("1,234", None, ""),
        ] {
            assert_eq!(decimal_tail(amount, mark), tail, "{amount}");
        }
    }

    #[test]
    fn a_minus_is_a_minus() {
        assert_eq!(true_minus("-5.00"), "\u{2212}5.00");
        assert_eq!(true_minus("\u{2212}5.00"), "\u{2212}5.00");
        assert_eq!(true_minus("-"), "-");
    }

    /// Right edges by arithmetic: every amount's decimals begin at the same place, whatever stands before or behind them.
    #[test]
    fn amounts_are_aligned_on_their_decimals() {
        for sheet in [samples::paid(), samples::german()] {
            let mut set = Typesetter::new().expect("the fonts can be read");
            let mut tags = Tags::default();
            let mut composer = Composer { sheet: &sheet, set: &mut set, tags: &mut tags, left: 56.0, right: 539.0, chunks: Vec::new() };
            let columns = composer.columns();
            let node = composer.tags.root(Role::Paragraph);
            let mut places = Vec::new();
            for amount in sheet.sections.iter().flat_map(|section| &section.lines).map(|line| &line.amount).chain(sheet.totals.iter().map(|row| &row.amount)) {
                let column = composer.amount(&columns, BODY.tabular(), amount, node);
                let Edge::Right(right) = column.edge else { panic!("amounts end at an edge") };
                assert!(right <= 539.0 + 0.01);
                places.push(right - composer.tail(BODY.tabular(), &true_minus(amount)));
            }
            assert!(places.len() > 5);
            assert!(places.iter().all(|place| (place - places[0]).abs() < 0.01), "{places:?}");
        }
    }
}
