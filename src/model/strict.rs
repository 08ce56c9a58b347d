//! Bodies read strictly: an object is an object and never a list, each mistake has its place, and it is told in words
//! that need no knowledge of this program's insides.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Expected, IntoDeserializer,
    MapAccess, SeqAccess, Unexpected, VariantAccess, Visitor,
};
use serde_json::Value;

use crate::model::event::Violation;
use crate::model::hours::{BLOCK, DAY, MOMENT};
use crate::model::problem::did_you_mean;
use crate::model::said::{Phrase, Said, Word};
use crate::{phrase, said};

/// `value` as a `T`.
///
/// # Errors
/// The first thing that does not fit, with its JSON pointer.
pub fn read<T: DeserializeOwned>(value: &Value) -> Result<T, Violation> {
    T::deserialize(Strict(value)).map_err(|misfit| Violation {
        path: misfit.path,
        message: misfit.message,
    })
}

/// What a value is, or has to be.
const THINGS: [Phrase; 13] = [
    phrase!("a-text", "a text"),
    phrase!("a-truth", "true or false"),
    phrase!("a-number", "a number"),
    phrase!("a-whole-number", "a whole number"),
    phrase!("a-count", "a whole number from 0"),
    phrase!("a-list", "a list"),
    phrase!("an-object", "an object"),
    phrase!("an-id", "an id (a UUID)"),
    phrase!("a-known-word", "one of its words"),
    phrase!("a-nothing", "null"),
    BLOCK,
    DAY,
    MOMENT,
];

/// The thing with this name in English, for every language where it is among the known.
fn thing(english: String) -> Word {
    let known = THINGS.iter().find(|thing| thing.english == english);
    known.map_or_else(|| english.into(), |thing| (*thing).into())
}

/// A text of a form of its own, such as a day.
///
/// # Errors
/// A misfit that says what was `wanted`.
pub fn parsed<'de, D, T>(deserializer: D, wanted: Phrase) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr,
{
    let text = String::deserialize(deserializer)?;
    let read = text.parse();
    read.map_err(|_| de::Error::invalid_value(Unexpected::Str(&text), &wanted.english))
}

/// A value that does not fit; the path grows while the fault rises.
#[derive(Debug)]
struct Misfit {
    path: String,
    message: Said,
}

impl Misfit {
    fn new(message: impl Into<Said>) -> Self {
        Misfit {
            path: String::new(),
            message: message.into(),
        }
    }

    fn must_be(wanted: Word, found: Word) -> Self {
        Misfit::new(said!(
            "must-be",
            "must be {wanted}, not {found}",
            wanted = wanted,
            found = found
        ))
    }

    fn below(mut self, step: &str) -> Self {
        let step = step.replace('~', "~0").replace('/', "~1");
        self.path.insert_str(0, &format!("/{step}"));
        self
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message.english)
    }
}

impl std::error::Error for Misfit {}

impl de::Error for Misfit {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Misfit::new(message.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let found = match found {
            Unexpected::Bool(_) => "true or false".to_owned(),
            Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => {
                "a number".to_owned()
            }
            Unexpected::Str(_) | Unexpected::Char(_) => "a text".to_owned(),
            Unexpected::Unit | Unexpected::Option => "null".to_owned(),
            Unexpected::Seq => "a list".to_owned(),
            Unexpected::Map | Unexpected::StructVariant => "an object".to_owned(),
            other => other.to_string(),
        };
        Misfit::must_be(wanted(expected), thing(found))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let found = match found {
            Unexpected::Str(text) => format!("{text:?}"),
            Unexpected::Unsigned(number) => number.to_string(),
            Unexpected::Signed(number) => number.to_string(),
            Unexpected::Float(number) => number.to_string(),
            other => other.to_string(),
        };
        Misfit::must_be(wanted(expected), found.into())
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        let found = said!("a-list-of", "a list of {length}", length = length);
        Misfit::must_be(wanted(expected), found.into())
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let hint = did_you_mean(field, expected.iter().copied());
        Misfit::new(said!(
            "not-known-here",
            "is not known here{hint}",
            hint = hint
        ))
        .below(field)
    }

    fn missing_field(field: &'static str) -> Self {
        Misfit::new(phrase!("is-missing", "is missing")).below(field)
    }

    fn duplicate_field(field: &'static str) -> Self {
        Misfit::new(phrase!("stands-twice", "stands here twice")).below(field)
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let word = format!("{variant:?}");
        Misfit::new(said!(
            "not-one-of",
            "{word} is not one of {words}",
            word = word,
            words = expected.join(", ")
        ))
    }
}

/// What a reader wants, in the words of JSON.
fn wanted(expected: &dyn Expected) -> Word {
    let said = expected.to_string();
    thing(match said.as_str() {
        "a string" | "str" => "a text".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "an object".to_owned(),
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number from 0".to_owned(),
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        said if said.starts_with("struct ") => "an object".to_owned(),
        said if said.starts_with("enum ") => "one of its words".to_owned(),
        said if said.contains("UUID") => "an id (a UUID)".to_owned(),
        said => said.to_owned(),
    })
}

/// A value about to be read.
#[derive(Clone, Copy)]
struct Strict<'a>(&'a Value);

impl<'de> Deserializer<'de> for Strict<'de> {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(truth) => visitor.visit_bool(*truth),
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(items) => visitor.visit_seq(Items(items.iter().enumerate())),
            Value::Object(members) => visitor.visit_map(Members {
                rest: members.iter(),
                next: None,
            }),
            Value::Number(number) => {
                if let Some(number) = number.as_u64() {
                    visitor.visit_u64(number)
                } else if let Some(number) = number.as_i64() {
                    visitor.visit_i64(number)
                } else {
                    // Only the library hands over the text of a number that no machine number holds.
                    self.0
                        .deserialize_any(visitor)
                        .map_err(|error| Misfit::new(error.to_string()))
                }
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    /// Derived readers take a list for a struct, member by member; nobody means that.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        match self.0 {
            Value::Array(_) => Err(de::Error::invalid_type(Unexpected::Seq, &"an object")),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        match self.0 {
            Value::String(word) => visitor.visit_enum(word.as_str().into_deserializer()),
            Value::Object(members) if members.len() == 1 => {
                let only = members.iter().next();
                let (name, value) = only.ok_or_else(|| Misfit::new("is empty"))?;
                visitor.visit_enum(Variant { name, value })
            }
            other => {
                let found = match other {
                    Value::Array(_) => Unexpected::Seq,
                    Value::Object(_) => Unexpected::Map,
                    Value::Number(_) => Unexpected::Unsigned(0),
                    Value::Bool(truth) => Unexpected::Bool(*truth),
                    _ => Unexpected::Unit,
                };
                Err(de::Error::invalid_type(found, &"a text"))
            }
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier ignored_any
    }
}

struct Items<'a>(std::iter::Enumerate<std::slice::Iter<'a, Value>>);

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Misfit;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Misfit> {
        let Some((position, item)) = self.0.next() else {
            return Ok(None);
        };
        seed.deserialize(Strict(item))
            .map(Some)
            .map_err(|misfit| misfit.below(&position.to_string()))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

struct Members<'a> {
    rest: serde_json::map::Iter<'a>,
    next: Option<(&'a String, &'a Value)>,
}

impl<'de> MapAccess<'de> for Members<'de> {
    type Error = Misfit;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Misfit> {
        self.next = self.rest.next();
        match self.next {
            None => Ok(None),
            Some((name, _)) => seed
                .deserialize(name.as_str().into_deserializer())
                .map(Some),
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Misfit> {
        let Some((name, value)) = self.next.take() else {
            return Err(Misfit::new("has no value"));
        };
        seed.deserialize(Strict(value))
            .map_err(|misfit| misfit.below(name))
    }
}

/// `{"word": …}`
struct Variant<'a> {
    name: &'a str,
    value: &'a Value,
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Misfit;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Misfit> {
        let word = seed.deserialize(self.name.into_deserializer())?;
        Ok((word, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'de> {
    type Error = Misfit;

    fn unit_variant(self) -> Result<(), Misfit> {
        Err(de::Error::invalid_type(Unexpected::Map, &"a text"))
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Misfit> {
        seed.deserialize(Strict(self.value))
            .map_err(|misfit| misfit.below(self.name))
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        Strict(self.value)
            .deserialize_any(visitor)
            .map_err(|misfit| misfit.below(self.name))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        Strict(self.value)
            .deserialize_struct("", &[], visitor)
            .map_err(|misfit| misfit.below(self.name))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::read;
    use crate::model::people::Team;
    use crate::model::rules::RuleSet;

    #[derive(Debug, Default, serde::Deserialize)]
    #[serde(default)]
    struct Wanted {
        events: Vec<uuid::Uuid>,
        since: Option<jiff::Timestamp>,
    }

    fn fault<T: serde::de::DeserializeOwned>(value: &Value) -> String {
        match read::<T>(value) {
            Ok(_) => String::new(),
            Err(fault) => format!("{} {}", fault.path, fault.message),
        }
    }

    #[test]
    fn mistakes_have_a_place_and_plain_words() {
        for (team, expected) in [
            (
                json!({"handle": "a", "name": "A", "members": [{"rep": "x", "weight": 2}]}),
                "",
            ),
            (json!(["a", "A", []]), " must be an object, not a list"),
            (json!("a"), " must be an object, not a text"),
            (
                json!({"handle": "a", "name": 7, "members": []}),
                "/name must be a text, not a number",
            ),
            (json!({"handle": "a"}), "/name is missing"),
            (
                json!({"handle": "a", "name": "A", "member": []}),
                "/member is not known here, did you mean \"members\"?",
            ),
            (
                json!({"handle": "a", "name": "A", "members": [["x", 2]]}),
                "/members/0 must be an object, not a list",
            ),
            (
                json!({"handle": "a", "name": "A", "members": [{"rep": "x", "weight": -1}]}),
                "/members/0/weight must be a whole number from 0, not -1",
            ),
            (
                json!({"handle": "a", "name": "A", "members": {}}),
                "/members must be a list, not an object",
            ),
        ] {
            assert_eq!(fault::<Team>(&team), expected, "{team}");
        }
        let ids = json!({"events": ["x"]});
        assert!(
            fault::<Wanted>(&ids).starts_with("/events/0 "),
            "{}",
            fault::<Wanted>(&ids)
        );
        let since = json!({"since": "yesterday"});
        assert!(fault::<Wanted>(&since).starts_with("/since "));
    }

    /// What the strict reader reads is what the library's own reads.
    #[test]
    fn nothing_is_lost() {
        let rules = json!({"version": 3, "rules": [
            {"name": "Big", "when": {"all": [
                {"field": "budget", "op": "gt", "value": 10000.50},
                {"not": {"expr": "lead.test"}},
                {"field": "title", "op": "in", "value": ["a", 123456789012345678901234567890_f64, null]}
            ]}, "assign": {"team": "iberia", "strategy": "round_robin"}, "on_none_eligible": "next_rule"},
            {"name": "Everyone else", "assign": {"rep": "boss"}}]});
        let strict: RuleSet = read(&rules).unwrap();
        let usual: RuleSet = serde_json::from_value(rules).unwrap();
        assert_eq!(
            serde_json::to_value(strict).unwrap(),
            serde_json::to_value(usual).unwrap()
        );
    }
}
