//! Urlencoded form bodies.

use std::borrow::Cow;

use serde_json::Value;

use crate::payload::tree::Tree;
use crate::payload::{ParseError, text};

/// Parses `a=1&b[c]=2` (WHATWG URL, "application/x-www-form-urlencoded parsing").
///
/// # Errors
/// `Malformed`: bytes that are not UTF-8 (nor the declared charset), or a form beyond reason.
pub fn parse(body: &[u8], charset: Option<&str>) -> Result<Value, ParseError> {
    let mut tree = Tree::default();
    for pair in pairs(body) {
        let (name, value) = split(pair);
        let name = decode(name);
        let value = decode(value);
        tree.insert(
            &text(&name, charset)?,
            Value::String(text(&value, charset)?.into_owned()),
        )?;
    }
    Ok(tree.into_document())
}

/// The non-empty pieces between `&`. Blanks around a piece are none of the sender's, who encodes its own: so a piece is
/// read alike wherever it stands, also after those before it were taken away.
pub fn pairs(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    body.split(|byte| *byte == b'&')
        .map(<[u8]>::trim_ascii)
        .filter(|pair| !pair.is_empty())
}

/// A pair as name and value, still encoded.
pub fn split(pair: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memchr(b'=', pair) {
        Some(at) => {
            let (name, value) = pair.split_at(at);
            (name, value.get(1..).unwrap_or_default())
        }
        None => (pair, &[]),
    }
}

/// Undoes `+` and `%XX`; a `%` that is not followed by two digits stays.
pub fn decode(encoded: &[u8]) -> Cow<'_, [u8]> {
    if !encoded.iter().any(|byte| matches!(byte, b'+' | b'%')) {
        return Cow::Borrowed(encoded);
    }
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match (first, after) {
            (b'+', _) => decoded.push(b' '),
            (b'%', [high, low, after @ ..]) if hex(*high).is_some() && hex(*low).is_some() => {
                decoded.push(hex(*high).unwrap_or(0) << 4 | hex(*low).unwrap_or(0));
                rest = after;
            }
            (other, _) => decoded.push(*other),
        }
    }
    Cow::Owned(decoded)
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::{any, prop_assert_eq, proptest};
    use serde_json::{Value, json};

    use super::parse;

    fn check(body: &[u8], charset: Option<&str>, expected: Value) {
        let found = parse(body, charset).unwrap();
        assert_eq!(found, expected, "{}", String::from_utf8_lossy(body));
    }

    #[test]
    fn reads_names() {
        check(
            b"name=Ada+Lovelace&e=a%40b.c",
            None,
            json!({"name": "Ada Lovelace", "e": "a@b.c"}),
        );
        check(
            b"&a=1&&b&=x&c=1=2\r\n",
            None,
            json!({"a": "1", "b": "", "": "x", "c": "1=2"}),
        );
        check(b"a=1&a=2&a=3", None, json!({"a": ["1", "2", "3"]}));
        check(b"a[]=1&a[]=2", None, json!({"a": ["1", "2"]}));
        check(b"a%5B%5D=1", None, json!({"a": ["1"]}));
        check(
            b"a[b][c]=1&a[b][d]=2",
            None,
            json!({"a": {"b": {"c": "1", "d": "2"}}}),
        );
        check(
            b"a[0][n]=x&a[0][m]=y&a[1][n]=z",
            None,
            json!({"a": [{"n": "x", "m": "y"}, {"n": "z"}]}),
        );
        check(b"a[0]=x&a[k]=y", None, json!({"a": {"0": "x", "k": "y"}}));
        check(b"a[5]=x", None, json!({"a": {"5": "x"}}));
        check(b"a=1&a[b]=2", None, json!({"a": {"": "1", "b": "2"}}));
        check(b"a[b]=2&a=1", None, json!({"a": {"b": "2", "": "1"}}));
        check(
            b"[x]=1&a[b=2&a[b]c=3",
            None,
            json!({"[x]": "1", "a[b": "2", "a[b]c": "3"}),
        );
        check(b"p=100%&q=%zz", None, json!({"p": "100%", "q": "%zz"}));
        check(b"", None, json!({}));
    }

    #[test]
    fn reads_charsets() {
        check("n=Zoë".as_bytes(), None, json!({"n": "Zoë"}));
        check(b"n=Zo%EB+%80", Some("ISO-8859-1"), json!({"n": "Zoë €"}));
        check(b"n=Zo%C3%AB", Some("iso-8859-1"), json!({"n": "Zoë"}));
        assert!(parse(b"n=%EB", None).is_err());
        assert!(parse(b"n=%EB", Some("klingon")).is_err());
    }

    #[test]
    fn bounds() {
        let error = parse("a=1&".repeat(2_001).as_bytes(), None).unwrap_err();
        assert!(error.to_string().contains("2000 fields"));
        let deep = format!("a{}=1", "[x]".repeat(17));
        let error = parse(deep.as_bytes(), None).unwrap_err();
        assert!(error.to_string().contains("16 brackets"));
        assert!(parse(b"$serde_json::private::RawValue=1", None).is_err());
    }

    proptest! {
        #[test]
        fn round_trip(fields in proptest::collection::btree_map("[^\\[\\]$]{1,8}", any::<String>(), 0..8)) {
            let body: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
            let found: BTreeMap<String, String> = serde_json::from_value(parse(body.as_bytes(), None).unwrap()).unwrap();
            prop_assert_eq!(found, fields);
        }

        #[test]
        fn never_panics(body in any::<Vec<u8>>(), brackets in "[a\\[\\]0-9=&%+]{0,60}") {
            let _answers = (parse(&body, None), parse(brackets.as_bytes(), Some("latin1")));
        }
    }
}
