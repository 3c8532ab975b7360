//! XML as the structured invoice needs it: elements with attributes and text. No element is left empty; the rules of the standard
//! refuse empty ones.

/// XML being written.
pub struct Xml {
    text: String,
}

impl Xml {
    pub fn new() -> Xml {
        Xml { text: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned() }
    }

    /// An element with others inside; its name may carry attributes of ours (`a b="c"`).
    pub fn within(&mut self, element: &str, write: impl FnOnce(&mut Xml)) {
        self.open(element);
        write(self);
        self.close(element);
    }

    /// An element with text inside; without text, no element.
    pub fn text(&mut self, element: &str, text: &str) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        self.open(element);
        text.chars().for_each(|c| self.push(c));
        self.close(element);
    }

    /// [`text`](Xml::text) where there is some.
    pub fn maybe(&mut self, element: &str, text: Option<&str>) {
        self.text(element, text.unwrap_or_default());
    }

    pub fn finish(self) -> String {
        self.text
    }

    fn open(&mut self, element: &str) {
        self.text.push('<');
        self.text.push_str(element);
        self.text.push('>');
    }

    fn close(&mut self, element: &str) {
        self.text.push_str("</");
        self.text.push_str(element.split(' ').next().unwrap_or(element));
        self.text.push('>');
    }

    fn push(&mut self, c: char) {
        match c {
            '&' => self.text.push_str("&amp;"),
            '<' => self.text.push_str("&lt;"),
            '>' => self.text.push_str("&gt;"),
            // XML 1.0 knows no other control characters, not even escaped.
            '\t' | '\n' => self.text.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => self.text.push(' '),
            c => self.text.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Xml;

    #[test]
    fn text_cannot_become_markup_and_empty_elements_are_not_written() {
        let mut xml = Xml::new();
        xml.within("a b=\"c\"", |xml| {
            xml.text("d", " <&>\u{0}\u{1f}x ");
            xml.text("e", "  ");
            xml.maybe("f", None);
        });
        assert_eq!(xml.finish(), "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a b=\"c\"><d>&lt;&amp;&gt;  x</d></a>");
    }
}
