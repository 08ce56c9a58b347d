//! XML bodies as the same documents: elements are members, repeated ones lists, attributes `@name`, text `#text`.
//!
//! Prefixes of namespaces are dropped, and so are comments and processing instructions, which some senders put even
//! before the XML declaration. No entity is known but XML's own five, so none expands.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use serde_json::{Map, Value};

use crate::model::said::Word;
use crate::payload::{ParseError, complaint, is_reserved};
use crate::{phrase, said};

/// Elements inside elements.
const MAX_DEPTH: usize = 64;
/// Elements and attributes of a body.
const MAX_NODES: usize = 100_000;

/// Parses a document: `<a x="1"><b>2</b></a>` becomes `{"a": {"@x": "1", "b": "2"}}`. An element with `xsi:nil="true"`
/// is null. Texts lose the spaces at their ends.
///
/// # Errors
/// `Malformed`: not well-formed, an unknown entity, a document type with definitions, too deep, too many elements.
pub fn parse(text: &str) -> Result<Value, ParseError> {
    if text.trim().is_empty() {
        return Err(ParseError::Malformed(said!(
            "xml-empty",
            "the body is empty; an XML document was expected"
        )));
    }
    let mut reader = Reader::from_str(text);
    let mut open = vec![Element::default()];
    let mut nodes = 0;
    loop {
        match reader.read_event().map_err(unread)? {
            Event::Start(tag) => open.push(Element::of(&tag, &mut nodes)?),
            Event::Empty(tag) => close(&mut open, Element::of(&tag, &mut nodes)?)?,
            Event::End(_) => {
                let element = open.pop().unwrap_or_default();
                close(&mut open, element)?;
            }
            Event::Text(piece) => add(&mut open, &piece.decode().map_err(unread)?),
            Event::CData(piece) => add(&mut open, &piece.decode().map_err(unread)?),
            Event::GeneralRef(name) => {
                let name = name.decode().map_err(unread)?;
                add(&mut open, &entity(&name)?);
            }
            Event::DocType(definition) if definition.contains(&b'[') => {
                return Err(malformed(phrase!(
                    "xml-doctype",
                    "definitions of a document type are not taken"
                )));
            }
            Event::DocType(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
        if open.len() > MAX_DEPTH {
            return Err(malformed(said!(
                "xml-deep",
                "it is nested more than {most} levels deep",
                most = MAX_DEPTH
            )));
        }
    }
    match open.as_slice() {
        [root] if root.members.len() == 1 => {
            Ok(Value::Object(std::mem::take(&mut open.remove(0).members)))
        }
        [_] => Err(malformed(phrase!(
            "xml-no-root",
            "there is not one element around all others"
        ))),
        _ => Err(malformed(phrase!(
            "xml-cut",
            "it ends before its last element does"
        ))),
    }
}

/// The body without the elements at these dotted paths.
pub fn without(body: &[u8], fields: &[String]) -> Vec<u8> {
    let mut reader = Reader::from_reader(body);
    let mut path: Vec<String> = Vec::new();
    let mut kept = Vec::with_capacity(body.len());
    let (mut from, mut before, mut cut_at) = (0, 0, None);
    loop {
        let event = reader.read_event();
        let here = usize::try_from(reader.buffer_position()).unwrap_or(body.len());
        let ends = match event {
            Ok(Event::Start(tag)) => {
                path.push(local(&tag));
                false
            }
            Ok(Event::Empty(tag)) => {
                path.push(local(&tag));
                true
            }
            Ok(Event::End(_)) => true,
            Ok(Event::Eof) | Err(_) => break,
            Ok(_) => {
                before = here;
                continue;
            }
        };
        if cut_at.is_none() && fields.contains(&path.join(".")) {
            kept.extend_from_slice(body.get(from..before).unwrap_or_default());
            cut_at = Some(path.len());
        }
        if ends {
            if cut_at == Some(path.len()) {
                from = here;
                cut_at = None;
            }
            path.pop();
        }
        before = here;
    }
    if cut_at.is_none() {
        kept.extend_from_slice(body.get(from..).unwrap_or_default());
    }
    kept
}

/// The encoding that the XML declaration names.
pub fn charset(body: &[u8]) -> Option<&str> {
    let head = body.get(..200).unwrap_or(body);
    let start = memchr::memmem::find(head, b"<?xml")?;
    let head = head.get(start..)?;
    let end = memchr::memmem::find(head, b"?>")?;
    let declaration = std::str::from_utf8(head.get(..end)?).ok()?;
    let (_, value) = declaration.split_once("encoding")?;
    value.split(['"', '\'']).nth(1)
}

/// An element whose end has not come yet.
#[derive(Debug, Default)]
struct Element {
    name: String,
    members: Map<String, Value>,
    text: String,
    is_nil: bool,
}

impl Element {
    fn of(tag: &BytesStart<'_>, nodes: &mut usize) -> Result<Self, ParseError> {
        let mut element = Element {
            name: local(tag),
            ..Element::default()
        };
        if is_reserved(&element.name) {
            return Err(malformed(phrase!(
                "xml-reserved",
                "an element has a reserved name"
            )));
        }
        *nodes += 1;
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(unread)?;
            *nodes += 1;
            let (name, prefix) = attribute.key.decompose();
            let prefix = prefix.map(|prefix| prefix.into_inner().to_vec());
            if prefix.as_deref() == Some(b"xmlns") || attribute.key.as_ref() == b"xmlns" {
                continue;
            }
            let name = String::from_utf8_lossy(name.into_inner()).into_owned();
            let value = unescaped(&String::from_utf8_lossy(&attribute.value))?;
            if name == "nil" && prefix.is_some() {
                element.is_nil = matches!(value.as_str(), "true" | "1");
            } else {
                element.members.insert(format!("@{name}"), value.into());
            }
        }
        if *nodes > MAX_NODES {
            return Err(malformed(said!(
                "xml-elements",
                "it has more than {most} elements",
                most = MAX_NODES
            )));
        }
        Ok(element)
    }

    fn into_value(self) -> Value {
        let text = self.text.trim();
        if self.is_nil {
            return Value::Null;
        }
        if self.members.is_empty() {
            return Value::from(text);
        }
        let mut members = self.members;
        if !text.is_empty() {
            members.insert("#text".to_owned(), Value::from(text));
        }
        Value::Object(members)
    }
}

fn local(tag: &BytesStart<'_>) -> String {
    String::from_utf8_lossy(tag.local_name().into_inner()).into_owned()
}

/// Puts a finished element into the one around it; no element's value is itself a list, so a list is a repeated one.
fn close(open: &mut [Element], element: Element) -> Result<(), ParseError> {
    let around = open.last_mut().ok_or_else(|| {
        malformed(phrase!(
            "xml-not-begun",
            "an element ends that did not begin"
        ))
    })?;
    let name = element.name.clone();
    let value = element.into_value();
    match around.members.get_mut(&name) {
        None => {
            around.members.insert(name, value);
        }
        Some(Value::Array(list)) => list.push(value),
        Some(first) => *first = Value::Array(vec![first.take(), value]),
    }
    Ok(())
}

fn add(open: &mut [Element], piece: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(piece);
    }
}

/// XML's own entities and characters by number; nothing else is known, so nothing expands.
fn entity(name: &str) -> Result<String, ParseError> {
    if let Some(text) = quick_xml::escape::resolve_predefined_entity(name) {
        return Ok(text.to_owned());
    }
    let number = name
        .strip_prefix('#')
        .and_then(|number| match number.strip_prefix('x') {
            Some(digits) => u32::from_str_radix(digits, 16).ok(),
            None => number.parse().ok(),
        });
    number
        .and_then(char::from_u32)
        .map(String::from)
        .ok_or_else(|| malformed(complaint::UNKNOWN_ENTITY))
}

fn unescaped(value: &str) -> Result<String, ParseError> {
    quick_xml::escape::unescape(value)
        .map(std::borrow::Cow::into_owned)
        .map_err(unread)
}

fn unread(error: impl Into<quick_xml::Error>) -> ParseError {
    malformed(complaint::of_xml(&error.into()))
}

fn malformed(cause: impl Into<Word>) -> ParseError {
    let cause: Word = cause.into();
    ParseError::Malformed(said!(
        "xml-bad",
        "the body is not XML that can be read: {cause}",
        cause = cause
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};
    use serde_json::{Value, json};

    use super::{charset, parse, without};

    fn check(body: &str, expected: Result<Value, &str>) {
        match (parse(body), expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{body}"),
            (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{error}"),
            (found, expected) => panic!("{body}: {found:?} instead of {expected:?}"),
        }
    }

    #[test]
    fn reads_documents() {
        check("<a/>", Ok(json!({"a": ""})));
        check("<a> x &amp; &#228;\n</a>", Ok(json!({"a": "x & ä"})));
        check("<a><![CDATA[<b>]]></a>", Ok(json!({"a": "<b>"})));
        check(
            "<a k='1 &lt; 2'>t<b/></a>",
            Ok(json!({"a": {"@k": "1 < 2", "b": "", "#text": "t"}})),
        );
        check(
            "<a><b>1</b><c/><b>2</b><b n='3'/></a>",
            Ok(json!({"a": {"b": ["1", "2", {"@n": "3"}], "c": ""}})),
        );
        check(
            "<s:a xmlns:s='u' xmlns='v'><b xsi:nil='true'/><s:c xsi:type='s:T'>1</s:c></s:a>",
            Ok(json!({"a": {"b": null, "c": {"@type": "s:T", "#text": "1"}}})),
        );
        check(
            "<?adf version='1.0'?>\n<?xml version='1.0'?><!-- c --><!DOCTYPE a><a>1</a>\n",
            Ok(json!({"a": "1"})),
        );
    }

    #[test]
    fn refuses_what_is_broken() {
        check(" \n", Err("the body is empty"));
        check("text", Err("not one element"));
        check("<a/><b/>", Err("not one element"));
        check("<a>", Err("ends before"));
        check("<a></b>", Err("not XML"));
        check("</a>", Err("not XML"));
        check("<a>&b;</a>", Err("entity"));
        check("<a k='&b;'/>", Err("not XML"));
        check(
            "<!DOCTYPE a [<!ENTITY b 'x'>]><a>&b;</a>",
            Err("document type"),
        );
        check(&"<a>".repeat(100), Err("64 levels"));
        check(
            &format!("<a>{}</a>", "<b/>".repeat(100_001)),
            Err("more than 100000"),
        );
    }

    #[test]
    fn finds_the_charset() {
        let body = b"<?adf?><?xml version=\"1.0\" encoding='ISO-8859-1'?><a/>";
        assert_eq!(charset(body), Some("ISO-8859-1"));
        assert_eq!(charset(b"<a encoding='x'/>"), None);
    }

    proptest! {
        #[test]
        fn never_panics(text in "(<[?!/a-c&;]{0,3}|>|/>|<a b='|'|&[#a]?[0-9]{0,3};|\\[CDATA\\[|x){0,20}", other in any::<String>()) {
            let fields = ["a.b".to_owned(), "a".to_owned()];
            let _answers = (parse(&text), parse(&other), without(text.as_bytes(), &fields), charset(text.as_bytes()));
        }
    }
}
