//! A sentence for people: in English, as programs get it, and by its code and values, so that a page can say it in the
//! reader's own language.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What is said. It prints, and is written, as its English sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Names the message; `None` of a sentence that is only known in English, such as one read back from a store.
    pub code: Option<&'static str>,
    /// What stands in it, by name.
    pub values: Vec<(&'static str, Word)>,
    pub english: String,
}

/// A part of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// The same in every language: a name, a number.
    Text(String),
    /// A word of the gateway's vocabulary: group and word, such as `path` and `contact.email`.
    Term(&'static str, String),
    Said(Box<Said>),
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.english)
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Word::Text(text) | Word::Term(_, text) => f.write_str(text),
            Word::Said(said) => said.fmt(f),
        }
    }
}

impl From<String> for Said {
    fn from(english: String) -> Self {
        Said {
            code: None,
            values: Vec::new(),
            english,
        }
    }
}

impl From<&str> for Said {
    fn from(english: &str) -> Self {
        english.to_owned().into()
    }
}

macro_rules! text {
    ($($kind:ty),*) => {
        $(impl From<$kind> for Word {
            fn from(it: $kind) -> Self {
                Word::Text(it.to_string())
            }
        })*
    };
}

text!(&str, String, &String, usize, u32, u64);

impl From<Said> for Word {
    fn from(said: Said) -> Self {
        Word::Said(Box::new(said))
    }
}

impl From<Said> for String {
    fn from(said: Said) -> Self {
        said.english
    }
}

impl Serialize for Said {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.english)
    }
}

impl<'de> Deserialize<'de> for Said {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Said::from)
    }
}

/// `said!("has-no-name", "rule {nth} has no name", nth = 3)`: the code, the English sentence, what stands in it.
#[macro_export]
macro_rules! said {
    ($code:literal, $english:literal $(, $name:ident = $value:expr)* $(,)?) => {{
        $(let $name = $crate::model::said::Word::from($value);)*
        $crate::model::said::Said {
            code: Some($code),
            english: format!($english),
            values: vec![$((stringify!($name), $name)),*],
        }
    }};
}

#[cfg(test)]
mod tests {
    use super::{Said, Word};

    #[test]
    fn a_sentence_and_its_parts() {
        let inner = said!("no-country", "\"{name}\" is no country", name = "Spayn");
        let whole = said!(
            "in-rule",
            "rule {nth}: {why}",
            nth = 2_usize,
            why = inner.clone()
        );
        assert_eq!(whole.to_string(), "rule 2: \"Spayn\" is no country");
        assert_eq!(whole.code, Some("in-rule"));
        assert_eq!(whole.values[0], ("nth", Word::Text("2".to_owned())));
        assert_eq!(whole.values[1], ("why", Word::Said(Box::new(inner))));
        let written = serde_json::to_string(&whole).unwrap();
        let read: Said = serde_json::from_str(&written).unwrap();
        assert_eq!((read.code, &read.english), (None, &whole.english));
    }
}
