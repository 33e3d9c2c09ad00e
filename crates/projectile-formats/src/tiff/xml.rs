//! XML from anybody's files: elements and their attributes, within limits, with no entity but the five of XML itself.

use crate::open::Limits;
use crate::sizes::to_u64;
use projectile_core::{Error, Result};
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

/// Attributes of a document, and twice its elements, which take more memory.
const MOST_NODES: usize = 1 << 19;
/// Attributes of an element, each of which is compared with those before it.
const MOST_ATTRIBUTES: usize = 64;

/// An element: its name without a prefix, its attributes, the text within it, and its children.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Element {
    pub(super) name: String,
    attributes: Vec<(String, String)>,
    pub(super) text: String,
    pub(super) children: Vec<Element>,
}

impl Element {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// An attribute that is a number.
    pub(super) fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.attribute(name)?.trim().parse().ok()
    }

    pub(super) fn all<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    pub(super) fn first(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }
}

/// The document's root.
///
/// # Errors
/// [`Corrupt`](projectile_core::ErrorKind::Corrupt) for what is no XML or beyond the limits.
pub(super) fn parse(text: &str, limits: &Limits) -> Result<Element> {
    let broken = |reason: &dyn std::fmt::Display| Error::corrupt(format!("its XML cannot be read: {reason}"));
    if to_u64(text.len()) > limits.metadata_bytes {
        return Err(broken(&"it is too long"));
    }
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let mut nodes = 0usize;
    let mut begun = |start: &BytesStart<'_>| -> Result<Element> {
        if start.attributes().take(MOST_ATTRIBUTES + 1).count() > MOST_ATTRIBUTES {
            return Err(broken(&"an element has too many attributes"));
        }
        let element = element(start).map_err(|e| broken(&e))?;
        nodes = nodes.saturating_add(2).saturating_add(element.attributes.len());
        if nodes > MOST_NODES {
            return Err(broken(&"it has too many elements"));
        }
        Ok(element)
    };
    loop {
        let ended = match reader.read_event().map_err(|e| broken(&e))? {
            Event::Start(start) => {
                if open.len() == limits.depth {
                    return Err(broken(&"its elements are too deep within each other"));
                }
                open.push(begun(&start)?);
                continue;
            }
            Event::Empty(start) => begun(&start)?,
            Event::End(_) => open.pop().ok_or_else(|| broken(&"it ends what did not begin"))?,
            Event::Text(part) => {
                if let Some(last) = open.last_mut() {
                    last.text.push_str(
                        &part
                            .xml_content(XmlVersion::Implicit1_0)
                            .map_err(|e| broken(&e))?,
                    );
                }
                continue;
            }
            Event::GeneralRef(reference) => {
                if let Some(last) = open.last_mut() {
                    let named = reference.decode().map_err(|e| broken(&e))?;
                    let character = reference.resolve_char_ref().map_err(|e| broken(&e))?;
                    match (character, quick_xml::escape::resolve_predefined_entity(&named)) {
                        (Some(character), _) => last.text.push(character),
                        (None, Some(known)) => last.text.push_str(known),
                        (None, None) => return Err(broken(&"it uses entities of its own")),
                    }
                }
                continue;
            }
            Event::CData(data) => {
                if let Some(last) = open.last_mut() {
                    last.text.push_str(&data.decode().map_err(|e| broken(&e))?);
                }
                continue;
            }
            Event::DocType(_) => return Err(broken(&"it declares a document type")),
            Event::Eof => return Err(broken(&"it ends early")),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => continue,
        };
        match open.last_mut() {
            Some(parent) => parent.children.push(ended),
            None => return Ok(ended),
        }
    }
}

fn element(start: &BytesStart<'_>) -> std::result::Result<Element, quick_xml::Error> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute?;
        attributes.push((
            text(attribute.key.local_name().as_ref()),
            attribute.normalized_value(XmlVersion::Implicit1_0)?.into_owned(),
        ));
    }
    Ok(Element {
        name: text(start.local_name().as_ref()),
        attributes,
        ..Element::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_have_attributes_texts_and_children() {
        let root = parse(
            "<?xml version='1.0'?><!-- c --><o:A xmlns:o='u' n='1 &amp; 2'>x &lt; &#181;<B/><![CDATA[<y>]]><B k='3'/></o:A>",
            &Limits::default(),
        )
        .unwrap();
        assert_eq!((root.name.as_str(), root.attribute("n")), ("A", Some("1 & 2")));
        assert_eq!(root.text, "x < µ<y>");
        assert_eq!(root.all("B").filter_map(|b| b.number::<u64>("k")).sum::<u64>(), 3);
    }

    #[test]
    fn what_would_grow_or_never_end_is_refused() {
        let deep = "<a>".repeat(65) + &"</a>".repeat(65);
        let long = format!("<a b='{}'/>", "x".repeat(4 << 20));
        let attributes: Vec<String> = (0..65).map(|i| format!(" b{i}=''")).collect();
        let wide = format!("<a{}/>", attributes.concat());
        for text in [
            "",
            "no xml",
            "<a>",
            "<a></b>",
            "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
            "<a>&b;</a>",
            "<a b='&c;'/>",
            &deep,
            &long,
            &wide,
        ] {
            assert!(
                parse(text, &Limits::default()).is_err(),
                "{}",
                &text[..text.len().min(60)]
            );
        }
    }
}
