//! A body as it may have been before a proxy, a test tool or a library wrote it anew.

use std::collections::HashSet;

use encoding_rs::WINDOWS_1252;
use serde_json::{Map, Value};

use crate::model::said::Phrase;
use crate::payload::json;
use crate::phrase;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// Each body that may have been signed, with how it differs from the one that came: `with a line end after it`.
pub fn variants(body: &[u8], content_type: Option<&str>) -> Vec<(Phrase, Vec<u8>)> {
    let mut found = ends(body);
    found.extend(lines(body));
    if content_type.is_some_and(|kind| kind.contains("x-www-form-urlencoded")) {
        found.extend(forms(body));
    }
    if let Ok(text) = std::str::from_utf8(body) {
        if let Ok(document) = json::parse(text) {
            let written = STYLES
                .iter()
                .map(|style| (style.how, style.write(&document)));
            found.extend(written);
        }
        let (latin, _, lossy) = WINDOWS_1252.encode(text);
        if !lossy {
            found.push((
                phrase!("body-latin", "in ISO-8859-1 in place of UTF-8"),
                latin.into_owned(),
            ));
        }
    }
    let mut seen = HashSet::from([body.to_vec()]);
    found.retain(|(_, variant)| seen.insert(variant.clone()));
    found
}

fn ends(body: &[u8]) -> Vec<(Phrase, Vec<u8>)> {
    let bare = body.strip_prefix(BOM).unwrap_or(body);
    vec![
        (
            phrase!("body-line-end", "with a line end after it"),
            [body, b"\n"].concat(),
        ),
        (
            phrase!("body-line-end", "with a line end after it"),
            [body, b"\r\n"].concat(),
        ),
        (
            phrase!("body-no-line-end", "without the line end after it"),
            body.trim_ascii_end().to_vec(),
        ),
        (
            phrase!("body-no-spaces-around", "without the spaces around it"),
            body.trim_ascii().to_vec(),
        ),
        (
            phrase!("body-no-mark", "without the byte order mark before it"),
            bare.to_vec(),
        ),
        (
            phrase!("body-mark", "with a byte order mark before it"),
            [BOM, bare].concat(),
        ),
        (phrase!("body-empty", "when it was still empty"), Vec::new()),
    ]
}

fn lines(body: &[u8]) -> Vec<(Phrase, Vec<u8>)> {
    let unix = replaced(body, b"\r\n", b"\n");
    let windows = replaced(&unix, b"\n", b"\r\n");
    vec![
        (phrase!("body-unix", "with line ends of Unix (LF)"), unix),
        (
            phrase!("body-windows", "with line ends of Windows (CR LF)"),
            windows,
        ),
    ]
}

fn forms(body: &[u8]) -> Vec<(Phrase, Vec<u8>)> {
    vec![
        (
            phrase!("body-form-space", "with %20 in place of +"),
            replaced(body, b"+", b"%20"),
        ),
        (
            phrase!("body-form-plus", "with + in place of %20"),
            replaced(body, b"%20", b"+"),
        ),
        (
            phrase!("body-form-star", "with %2A in place of *"),
            replaced(body, b"*", b"%2A"),
        ),
        (
            phrase!("body-form-tilde", "with ~ in place of %7E"),
            replaced(body, b"%7E", b"~"),
        ),
    ]
}

fn replaced(body: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut at = 0;
    for found in memchr::memmem::find_iter(body, from) {
        out.extend_from_slice(body.get(at..found).unwrap_or_default());
        out.extend_from_slice(to);
        at = found + from.len();
    }
    out.extend_from_slice(body.get(at..).unwrap_or_default());
    out
}

/// How a program writes JSON.
struct Style {
    how: Phrase,
    space: Space,
    escapes: Escapes,
    sorted: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Space {
    None,
    /// After commas and colons.
    Between,
    /// Lines, indented by so many spaces.
    Lines(usize),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Escapes {
    /// Only what must be.
    Plain,
    /// Every letter beyond ASCII.
    Letters,
    /// Slashes.
    Slashes,
    LettersAndSlashes,
    /// What has a meaning in HTML.
    Html,
}

const fn style(how: Phrase, space: Space, escapes: Escapes) -> Style {
    Style {
        how,
        space,
        escapes,
        sorted: false,
    }
}

const fn sorted(how: Phrase, space: Space, escapes: Escapes) -> Style {
    Style {
        how,
        space,
        escapes,
        sorted: true,
    }
}

const STYLES: &[Style] = &[
    style(
        phrase!(
            "body-javascript",
            "without spaces (as JavaScript writes JSON)"
        ),
        Space::None,
        Escapes::Plain,
    ),
    style(
        phrase!(
            "body-facebook",
            "without spaces and with letters as \\u… (as Facebook writes JSON)"
        ),
        Space::None,
        Escapes::Letters,
    ),
    style(
        phrase!(
            "body-php",
            "without spaces, with letters as \\u… and slashes as \\/ (as PHP writes JSON)"
        ),
        Space::None,
        Escapes::LettersAndSlashes,
    ),
    style(
        phrase!("body-slashes", "without spaces and with slashes as \\/"),
        Space::None,
        Escapes::Slashes,
    ),
    style(
        phrase!(
            "body-go",
            "without spaces and with <, > and & as \\u… (as Go and Rails write JSON)"
        ),
        Space::None,
        Escapes::Html,
    ),
    style(
        phrase!(
            "body-python",
            "with spaces between and with letters as \\u… (as Python writes JSON)"
        ),
        Space::Between,
        Escapes::Letters,
    ),
    style(
        phrase!("body-spaces", "with spaces after commas and colons"),
        Space::Between,
        Escapes::Plain,
    ),
    style(
        phrase!("body-lines-two", "in lines indented by two spaces"),
        Space::Lines(2),
        Escapes::Plain,
    ),
    style(
        phrase!("body-lines-four", "in lines indented by four spaces"),
        Space::Lines(4),
        Escapes::Plain,
    ),
    sorted(
        phrase!("body-sorted", "without spaces and sorted by key"),
        Space::None,
        Escapes::Plain,
    ),
    sorted(
        phrase!(
            "body-sorted-letters",
            "without spaces, sorted by key and with letters as \\u…"
        ),
        Space::None,
        Escapes::Letters,
    ),
    sorted(
        phrase!(
            "body-sorted-python",
            "with spaces between, sorted by key and with letters as \\u…"
        ),
        Space::Between,
        Escapes::Letters,
    ),
];

impl Style {
    fn write(&self, document: &Value) -> Vec<u8> {
        let mut out = String::new();
        self.value(document, 1, &mut out);
        out.into_bytes()
    }

    fn value(&self, value: &Value, depth: usize, out: &mut String) {
        match value {
            Value::String(text) => self.text(text, out),
            Value::Array(items) => {
                let write = |item: &Value, out: &mut String| self.value(item, depth + 1, out);
                self.list(('[', ']'), items.iter(), depth, write, out);
            }
            Value::Object(members) => {
                let write = |(name, member): (&String, &Value), out: &mut String| {
                    self.text(name, out);
                    out.push(':');
                    if self.space != Space::None {
                        out.push(' ');
                    }
                    self.value(member, depth + 1, out);
                };
                let members = self.ordered(members);
                self.list(('{', '}'), members.into_iter(), depth, write, out);
            }
            other => out.push_str(&other.to_string()),
        }
    }

    fn ordered<'m>(&self, members: &'m Map<String, Value>) -> Vec<(&'m String, &'m Value)> {
        let mut ordered: Vec<_> = members.iter().collect();
        if self.sorted {
            ordered.sort_by_key(|(name, _)| *name);
        }
        ordered
    }

    fn list<T>(
        &self,
        (open, close): (char, char),
        items: impl ExactSizeIterator<Item = T>,
        depth: usize,
        write: impl Fn(T, &mut String),
        out: &mut String,
    ) {
        let is_empty = items.len() == 0;
        out.push(open);
        for (position, item) in items.enumerate() {
            if position > 0 {
                out.push(',');
            }
            match self.space {
                Space::Lines(indent) => self.line(indent * depth, out),
                Space::Between if position > 0 => out.push(' '),
                _ => {}
            }
            write(item, out);
        }
        if let (Space::Lines(indent), false) = (self.space, is_empty) {
            self.line(indent * (depth - 1), out);
        }
        out.push(close);
    }

    fn line(&self, indent: usize, out: &mut String) {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', indent));
    }

    fn text(&self, text: &str, out: &mut String) {
        let letters = matches!(self.escapes, Escapes::Letters | Escapes::LettersAndSlashes);
        let slashes = matches!(self.escapes, Escapes::Slashes | Escapes::LettersAndSlashes);
        let html = self.escapes == Escapes::Html;
        out.push('"');
        for letter in text.chars() {
            match letter {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '\u{8}' => out.push_str("\\b"),
                '\u{c}' => out.push_str("\\f"),
                '/' if slashes => out.push_str("\\/"),
                '<' | '>' | '&' | '\u{2028}' | '\u{2029}' if html => escape(letter, out),
                letter if letter < ' ' || (letters && !letter.is_ascii()) => escape(letter, out),
                letter => out.push(letter),
            }
        }
        out.push('"');
    }
}

fn escape(letter: char, out: &mut String) {
    for unit in letter.encode_utf16(&mut [0; 2]) {
        out.push_str(&format!("\\u{unit:04x}"));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::{STYLES, variants};
    use crate::payload::json;

    /// Whatever `sent` was, the gateway got `came`: `sent` must be among what is tried.
    fn check(came: &str, sent: &[u8], how: &str) {
        let found = variants(came.as_bytes(), Some("application/x-www-form-urlencoded"));
        let said = found.iter().find(|(_, variant)| variant == sent);
        let (said, _) =
            said.unwrap_or_else(|| panic!("{came} {:?}", String::from_utf8_lossy(sent)));
        assert!(said.english.contains(how), "{said:?}");
    }

    #[test]
    fn what_may_have_been_signed() {
        let spaced = r#"{"name": "Zoë/A&B", "n": [1.50, 2], "e": {}, "l": []}"#;
        check(
            spaced,
            r#"{"name":"Zoë/A&B","n":[1.50,2],"e":{},"l":[]}"#.as_bytes(),
            "JavaScript",
        );
        check(
            spaced,
            br#"{"name":"Zo\u00eb/A&B","n":[1.50,2],"e":{},"l":[]}"#,
            "Facebook",
        );
        check(
            spaced,
            br#"{"name":"Zo\u00eb\/A&B","n":[1.50,2],"e":{},"l":[]}"#,
            "PHP",
        );
        check(
            spaced,
            r#"{"name":"Zoë/A\u0026B","n":[1.50,2],"e":{},"l":[]}"#.as_bytes(),
            "Go",
        );
        check(
            spaced,
            br#"{"name": "Zo\u00eb/A&B", "n": [1.50, 2], "e": {}, "l": []}"#,
            "Python",
        );
        check(
            spaced,
            r#"{"e":{},"l":[],"n":[1.50,2],"name":"Zoë/A&B"}"#.as_bytes(),
            "sorted",
        );
        let lines = "{\n  \"name\": \"Zoë/A&B\",\n  \"n\": [\n    1.50,\n    2\n  ],\n  \"e\": {},\n  \"l\": []\n}";
        check(spaced, lines.as_bytes(), "two spaces");
        check(r#"{"a":"😀"}"#, br#"{"a":"\ud83d\ude00"}"#, "letters");
        check("{}", b"{}\n", "with a line end");
        check("{}\n", b"{}", "without the line end");
        check("a\nb", b"a\r\nb", "Windows");
        check("a\r\nb", b"a\nb", "Unix");
        check("\u{feff}{}", b"{}", "byte order");
        check("a=b+c", b"a=b%20c", "%20");
        check("n=Zoë", b"n=Zo\xeb", "8859");
        check("{}", b"", "empty");
    }

    proptest! {
        #[test]
        fn every_style_keeps_the_document(names in proptest::collection::vec(any::<String>(), 0..4), text in any::<String>(), n in any::<i64>()) {
            let mut document = serde_json::json!({"t": text, "n": n, "l": [text, [], {}], "o": {}});
            for name in names.iter().filter(|name| !name.starts_with('$')) {
                document["o"][name] = serde_json::json!(name);
            }
            for style in STYLES {
                let written = String::from_utf8(style.write(&document)).unwrap();
                prop_assert_eq!(&json::parse(&written).unwrap(), &document, "{:?}: {}", style.how, written);
            }
        }

        #[test]
        fn never_panics(body in any::<Vec<u8>>()) {
            let found = variants(&body, None);
            assert!(found.iter().all(|(_, variant)| *variant != body));
        }
    }
}
