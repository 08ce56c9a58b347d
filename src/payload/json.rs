//! JSON bodies.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::payload::{ParseError, complaint, is_reserved};
use crate::said;

/// The single member of the map as which the library hands over a number with its text.
const NUMBER: &str = "$serde_json::private::Number";

/// Parses strictly (RFC 8259); numbers keep their text, members their order; of a repeated key the last counts. A byte
/// order mark before it is passed over.
///
/// # Errors
/// `Malformed` with line and column.
pub fn parse(text: &str) -> Result<Value, ParseError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim_ascii().is_empty() {
        return Err(ParseError::Malformed(said!(
            "json-empty",
            "the body is empty; a JSON document was expected"
        )));
    }
    read(text).or_else(|error| match with_whole_letters(text) {
        Some(text) => read(&text).map_err(malformed),
        None => Err(malformed(error)),
    })
}

fn read(text: &str) -> serde_json::Result<Value> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let document = Document.deserialize(&mut reader)?;
    reader.end()?;
    Ok(document)
}

/// The document with U+FFFD for each half of a surrogate pair: whoever cuts a text in the middle of an emoji sends one, and
/// the grammar allows it (RFC 8259, 8.2). `None` when there is none.
fn with_whole_letters(text: &str) -> Option<String> {
    /// Of `\u` and four digits.
    const LENGTH: usize = 6;
    let escaped = |at: usize| {
        let digits = text.get(at..at + LENGTH)?.strip_prefix("\\u")?;
        u32::from_str_radix(digits, 16).ok()
    };
    let mut whole = String::new();
    let (mut kept, mut at) = (0, 0);
    while let Some(next) = text.get(at..).and_then(|rest| rest.find('\\')) {
        at += next;
        let is_low = |code: Option<u32>| code.is_some_and(|code| (0xdc00..0xe000).contains(&code));
        let first = escaped(at);
        match first {
            Some(0xd800..0xdc00) if is_low(escaped(at + LENGTH)) => at += 2 * LENGTH,
            Some(0xd800..0xe000) => {
                whole.push_str(text.get(kept..at)?);
                whole.push_str("\\ufffd");
                at += LENGTH;
                kept = at;
            }
            // The letter after the stroke is not looked at: it may be a stroke itself.
            _ => at += 2,
        }
    }
    whole.push_str(text.get(kept..)?);
    (kept > 0).then_some(whole)
}

fn malformed(error: serde_json::Error) -> ParseError {
    ParseError::Malformed(complaint::of_json(&error))
}

/// Builds the document. Not `Value`'s own reader, because that parses the text of a member called
/// `$serde_json::private::RawValue` afresh, each time with the full depth allowed: nested cleverly, one such body would
/// overflow the stack.
struct Document;

impl<'de> DeserializeSeed<'de> for Document {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Document {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON document")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Bool(truth))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Document)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let first = match members.next_key_seed(Name)? {
            None => return Ok(Value::Object(Map::new())),
            Some(Key::Number) => return members.next_value_seed(Digits),
            Some(Key::Reserved) => return Err(reserved()),
            Some(Key::Member(name)) => name,
        };
        let mut object = Map::new();
        object.insert(first, members.next_value_seed(Document)?);
        while let Some(key) = members.next_key_seed(Name)? {
            let Key::Member(name) = key else {
                return Err(reserved());
            };
            object.insert(name, members.next_value_seed(Document)?);
        }
        Ok(Value::Object(object))
    }
}

fn reserved<E: Error>() -> E {
    E::custom(complaint::RESERVED.english)
}

/// What the name of a member says.
enum Key {
    Member(String),
    /// What follows is the text of a number.
    Number,
    Reserved,
}

/// The name of a member, copied only when it is one.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Key, D::Error> {
        reader.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_str<E>(self, name: &str) -> Result<Key, E> {
        Ok(match name {
            NUMBER => Key::Number,
            reserved if is_reserved(reserved) => Key::Reserved,
            name => Key::Member(name.to_owned()),
        })
    }
}

/// The text of a number.
struct Digits;

impl<'de> DeserializeSeed<'de> for Digits {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_str(self)
    }
}

impl Visitor<'_> for Digits {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        text.parse::<Number>().map(Value::Number).map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};
    use serde_json::{Value, json};

    use super::parse;

    fn check(body: &str, expected: Result<Value, &str>) {
        match (parse(body), expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{body}"),
            (Err(error), Err(words)) => {
                assert!(error.to_string().contains(words), "{error}, not {words}");
            }
            (found, expected) => panic!("{found:?} instead of {expected:?}"),
        }
    }

    #[test]
    fn half_an_emoji_is_no_reason_to_lose_a_message() {
        for (body, expected) in [
            (r#"{"a":"hello \ud83d"}"#, "hello \u{fffd}"),
            (
                r#"{"a":"\ude00 \uD83D\uDE00 \uD83D x"}"#,
                "\u{fffd} \u{1f600} \u{fffd} x",
            ),
            (r#"{"a":"\\ud83d \ud83d\n"}"#, "\\ud83d \u{fffd}\n"),
            (r#"{"a":"\ud83d\ud83d\ude00"}"#, "\u{fffd}\u{1f600}"),
        ] {
            assert_eq!(super::parse(body).unwrap()["a"], expected, "{body}");
        }
        for body in [r#"{"a":"\ud83d"#, r#"{"a":"\ud83"}"#, r#"{"a":"\ud83dü\"#] {
            assert!(super::parse(body).is_err(), "{body}");
        }
    }

    #[test]
    fn reads_documents() {
        check(
            r#"{"a": [1, null, true, "x\u00e4"]}"#,
            Ok(json!({"a": [1, null, true, "xä"]})),
        );
        check("\u{feff}{}", Ok(json!({})));
        check(r#"{"a": 1, "b": 2, "a": 3}"#, Ok(json!({"a": 3, "b": 2})));
        check("", Err("empty"));
        check(" \n ", Err("empty"));
        check("{\"a\":\n tru}", Err("line 2 column"));
        check("{} {}", Err("trailing characters"));
        check("{'a': 1}", Err("not valid JSON"));
        check("[NaN]", Err("not valid JSON"));
        check("[01]", Err("not valid JSON"));
    }

    #[test]
    fn keeps_the_text_of_numbers() {
        for number in [
            "19.90",
            "1e+400",
            "123456789012345678901234567890",
            "-0.0",
            "9007199254740993",
        ] {
            assert_eq!(
                parse(&format!("[{number}]")).unwrap().to_string(),
                format!("[{number}]")
            );
        }
    }

    #[test]
    fn bounds_the_depth() {
        check(
            &"[".repeat(10_000),
            Err("127 levels deep, at line 1 column 128"),
        );
        check(&"{\"a\":".repeat(10_000), Err("127 levels deep"));
        check(
            &format!("{}{}", "[".repeat(127), "]".repeat(127)).replace("[]", "[1]"),
            Ok(nested(127)),
        );
    }

    fn nested(levels: usize) -> Value {
        (0..levels).fold(json!(1), |inner, _| json!([inner]))
    }

    #[test]
    fn reserved_names_cannot_restart_the_depth() {
        check(
            r#"{"$serde_json::private::RawValue": "[1]"}"#,
            Err("reserved"),
        );
        check(
            r#"{"a": 1, "\u0024serde_json::private::Number": "1"}"#,
            Err("reserved"),
        );
        check(
            r#"{"$serde_json::private::Number": "x"}"#,
            Err("not valid JSON"),
        );
    }

    proptest! {
        #[test]
        fn agrees_with_the_library(text in r#"[\[\]{}",:0-9a-e\\ ntrufals.-]{0,40}"#) {
            prop_assert_eq!(parse(&text).ok(), serde_json::from_str(&text).ok());
        }

        #[test]
        fn never_panics(text in any::<String>()) {
            let _answer = parse(&text);
        }
    }
}
