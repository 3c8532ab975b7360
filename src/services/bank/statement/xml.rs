//! XML as statements need it: elements by their local names, text, and the currency of an amount. Declarations of a document type and
//! entities of its own are refused, and so is more than a statement can be.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};

use crate::sentence;
use crate::words::Sentence;

/// How deep elements may stand in each other: statements need a dozen.
const DEEPEST: usize = 40;
const MOST_ELEMENTS: usize = 500_000;

/// An element with what stands in it.
#[derive(Debug, Default)]
pub(super) struct Element {
    /// Without its prefix.
    name: String,
    /// The attribute `Ccy`.
    pub currency: Option<String>,
    /// Trimmed.
    pub text: String,
    children: Vec<Element>,
}

impl Element {
    fn of(start: &BytesStart<'_>) -> Result<Element, Sentence> {
        let currency = start.try_get_attribute("Ccy").map_err(malformed)?.map(|attribute| attribute.value.trim().to_owned());
        Ok(Element { name: start.local_name().into_inner().to_owned(), currency, ..Element::default() })
    }

    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The first element at the end of a way of names.
    pub fn at(&self, way: &[&str]) -> Option<&Element> {
        way.iter().try_fold(self, |element, name| element.children.iter().find(|child| child.name == *name))
    }

    /// The text at the end of the first of some ways that has one.
    pub fn text_at(&self, ways: &[&[&str]]) -> Option<&str> {
        ways.iter().filter_map(|way| self.at(way)).map(|element| element.text.as_str()).find(|text| !text.is_empty())
    }
}

fn malformed(error: impl std::fmt::Display) -> Sentence {
    sentence!("bank-statement-no-xml", why = error.to_string())
}

/// The root of a document.
pub(super) fn read(text: &str) -> Result<Element, Sentence> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = vec![Element::default()];
    let mut count = 0;
    loop {
        let event = reader.read_event().map_err(malformed)?;
        let close = |open: &mut Vec<Element>| {
            let Some(mut closed) = open.pop() else { return };
            closed.text = closed.text.trim().to_owned();
            if let Some(parent) = open.last_mut() {
                parent.children.push(closed);
            }
        };
        match event {
            Event::Start(start) => {
                count += 1;
                if open.len() > DEEPEST || count > MOST_ELEMENTS {
                    return Err(sentence!("bank-statement-too-large"));
                }
                open.push(Element::of(&start)?);
            }
            Event::Empty(start) => {
                count += 1;
                if count > MOST_ELEMENTS {
                    return Err(sentence!("bank-statement-too-large"));
                }
                open.push(Element::of(&start)?);
                close(&mut open);
            }
            // That it closes what is open, the reader has checked.
            Event::End(_) => close(&mut open),
            Event::Text(said) => append(&mut open, &said.xml10_content()),
            Event::CData(said) => append(&mut open, &said.xml10_content()),
            Event::GeneralRef(reference) => match reference.resolve_char_ref().map_err(malformed)? {
                Some(letter) => append(&mut open, letter.encode_utf8(&mut [0; 4])),
                None => append(&mut open, resolve_predefined_entity(&reference.xml10_content()).ok_or_else(|| sentence!("bank-statement-entities"))?),
            },
            Event::DocType(_) => return Err(sentence!("bank-statement-entities")),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
    }
    if open.len() != 1 {
        return Err(sentence!("bank-statement-cut-off"));
    }
    open.pop().and_then(|mut document| document.children.pop()).ok_or_else(|| sentence!("bank-statement-empty"))
}

fn append(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_by_their_local_names() {
        let root =
            read("<?xml version=\"1.0\"?><c:Document xmlns:c=\"x\"><c:Amt Ccy=\"EUR\"> 1.00 </c:Amt><Nm>A &amp; B &#65;<![CDATA[<c>]]></Nm></c:Document>")
                .unwrap();
        assert_eq!(root.at(&["Amt"]).unwrap().currency.as_deref(), Some("EUR"));
        assert_eq!((root.text_at(&[&["Amt"]]), root.text_at(&[&["Nope"], &["Nm"]])), (Some("1.00"), Some("A & B A<c>")));
    }

    #[test]
    fn what_is_no_plain_document_is_refused() {
        let deep = "<a>".repeat(100) + &"</a>".repeat(100);
        for text in
            ["", "<a>", "<a></b>", "a", "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", "<a>&x;</a>", "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>", &deep]
        {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
