//! A sentence for people: in English, as programs get it, and by its code and values, so that a page can say it in the
//! reader's own language.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::said;

/// What is said. It prints, and is written, as its English sentence.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Said {
    pub english: String,
    /// Names the message; `None` of a sentence that no message has: one of a library, or of a data file.
    pub code: Option<Cow<'static, str>>,
    /// What stands in it, by name; without a code, the sentence in other languages, by theirs.
    pub values: Vec<(Cow<'static, str>, Word)>,
}

/// A part of a sentence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Word {
    /// The same in every language: a name, a number.
    Text(String),
    /// A word of the gateway's vocabulary: group and word, such as `path` and `contact.email`.
    Term(Cow<'static, str>, String),
    /// A moment, which people read in their zone.
    Time(Timestamp),
    Said(Box<Said>),
}

/// It reads as its English sentence.
impl Deref for Said {
    type Target = str;

    fn deref(&self) -> &str {
        &self.english
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.english)
    }
}

impl std::error::Error for Said {}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Word::Text(text) | Word::Term(_, text) => f.write_str(text),
            Word::Time(at) => at.fmt(f),
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

text!(&str, String, &String, char, usize, u16, u32, u64);

impl From<Timestamp> for Word {
    fn from(at: Timestamp) -> Self {
        Word::Time(at)
    }
}

impl From<Cow<'_, str>> for Word {
    fn from(text: Cow<'_, str>) -> Self {
        Word::Text(text.into_owned())
    }
}

/// A fixed part of a sentence, for tables of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Phrase {
    pub code: &'static str,
    pub english: &'static str,
}

impl From<Phrase> for Said {
    fn from(phrase: Phrase) -> Self {
        Said {
            code: Some(Cow::Borrowed(phrase.code)),
            values: Vec::new(),
            english: phrase.english.to_owned(),
        }
    }
}

impl From<Phrase> for Word {
    fn from(phrase: Phrase) -> Self {
        Said::from(phrase).into()
    }
}

impl Said {
    /// Adds the sentence in another language: for one that stands in a data file, and has no code.
    pub fn tell(&mut self, language: &str, sentence: String) {
        let language = Cow::Owned(language.to_owned());
        self.values.push((language, Word::Text(sentence)));
    }
}

/// One of several, named: `x-signature or x-signature-256`.
pub fn either(names: &[String]) -> Word {
    let one = |name: &String| Word::from(name);
    joined(names.iter().map(one), |one, other| {
        said!("either", "{one} or {other}", one = one, other = other)
    })
}

/// All of several sentences: `too many links; no stamp`.
pub fn together(said: impl Iterator<Item = Said>) -> Word {
    joined(said.map(Word::from), |one, other| {
        said!("together", "{one}; {other}", one = one, other = other)
    })
}

fn joined(words: impl Iterator<Item = Word>, join: impl Fn(Word, Word) -> Said) -> Word {
    let all = words.reduce(|before, word| join(before, word).into());
    all.unwrap_or_else(|| Word::Text(String::new()))
}

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

/// A sentence with its code and values, as a store keeps it. One that is only known in English is kept as it is.
pub mod kept {
    use std::borrow::Cow;

    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{Said, Word};

    /// How a kept sentence that is more than English begins.
    const BEGINS: &str = "{\"said\":";

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Kept<'k> {
        Whole {
            said: Option<Cow<'k, str>>,
            values: Vec<(Cow<'k, str>, KeptWord<'k>)>,
            english: Cow<'k, str>,
        },
        English(Cow<'k, str>),
    }

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum KeptWord<'k> {
        Text(Cow<'k, str>),
        Term(Cow<'k, str>, Cow<'k, str>),
        Time(Timestamp),
        Said(Box<Kept<'k>>),
    }

    impl<'k> From<&'k Said> for Kept<'k> {
        fn from(said: &'k Said) -> Self {
            // What only looks like a kept sentence must not be read as one.
            let is_plain = said.code.is_none() && said.values.is_empty();
            if is_plain && !said.english.starts_with(BEGINS) {
                return Kept::English(Cow::Borrowed(&said.english));
            }
            let values = said.values.iter();
            Kept::Whole {
                said: said.code.as_deref().map(Cow::Borrowed),
                values: values
                    .map(|(name, word)| (Cow::Borrowed(&**name), word.into()))
                    .collect(),
                english: Cow::Borrowed(&said.english),
            }
        }
    }

    impl<'k> From<&'k Word> for KeptWord<'k> {
        fn from(word: &'k Word) -> Self {
            match word {
                Word::Text(text) => KeptWord::Text(Cow::Borrowed(text)),
                Word::Term(group, word) => {
                    KeptWord::Term(Cow::Borrowed(group), Cow::Borrowed(word))
                }
                Word::Time(at) => KeptWord::Time(*at),
                Word::Said(said) => KeptWord::Said(Box::new((&**said).into())),
            }
        }
    }

    impl From<Kept<'_>> for Said {
        fn from(kept: Kept<'_>) -> Self {
            match kept {
                Kept::English(english) => english.into_owned().into(),
                Kept::Whole {
                    said,
                    values,
                    english,
                } => Said {
                    code: said.map(|code| Cow::Owned(code.into_owned())),
                    values: values
                        .into_iter()
                        .map(|(name, word)| (Cow::Owned(name.into_owned()), word.into()))
                        .collect(),
                    english: english.into_owned(),
                },
            }
        }
    }

    impl From<KeptWord<'_>> for Word {
        fn from(word: KeptWord<'_>) -> Self {
            match word {
                KeptWord::Text(text) => Word::Text(text.into_owned()),
                KeptWord::Term(group, word) => {
                    Word::Term(Cow::Owned(group.into_owned()), word.into_owned())
                }
                KeptWord::Time(at) => Word::Time(at),
                KeptWord::Said(said) => Word::Said(Box::new((*said).into())),
            }
        }
    }

    /// For `#[serde(with)]`.
    pub fn serialize<S: Serializer>(said: &Said, serializer: S) -> Result<S::Ok, S::Error> {
        Kept::from(said).serialize(serializer)
    }

    /// For `#[serde(with)]`.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Said, D::Error> {
        Kept::deserialize(deserializer).map(Said::from)
    }

    /// As a column of text.
    pub fn write(said: &Said) -> String {
        match Kept::from(said) {
            Kept::English(english) => english.into_owned(),
            whole => serde_json::to_string(&whole).unwrap_or_else(|_| said.english.clone()),
        }
    }

    /// From a column of text.
    pub fn read(text: &str) -> Said {
        let whole = text
            .starts_with(BEGINS)
            .then(|| serde_json::from_str::<Kept<'_>>(text).ok())
            .flatten();
        whole.map_or_else(|| text.into(), Said::from)
    }
}

/// `said!("has-no-name", "rule {nth} has no name", nth = 3)`: the code, the English sentence, what stands in it.
#[macro_export]
macro_rules! said {
    ($code:literal, $english:literal $(, $name:ident = $value:expr)* $(,)?) => {{
        $(let $name = $crate::model::said::Word::from($value);)*
        $crate::model::said::Said {
            code: Some(std::borrow::Cow::Borrowed($code)),
            english: format!($english),
            values: vec![$((std::borrow::Cow::Borrowed(stringify!($name)), $name)),*],
        }
    }};
}

/// `phrase!("body-alone", "the body alone")`: a part of a sentence that never changes.
#[macro_export]
macro_rules! phrase {
    ($code:literal, $english:literal) => {
        $crate::model::said::Phrase {
            code: $code,
            english: $english,
        }
    };
}

#[cfg(test)]
mod tests {
    use super::{Said, Word, kept};

    #[test]
    fn stores_keep_all_of_it() {
        let inner = said!("no-country", "\"{name}\" is no country", name = "Spayn");
        let field = Word::Term("path".into(), "contact.email".to_owned());
        let whole = said!("at", "{field}: {why}", field = field, why = inner);
        let mut of_a_file = Said::from("is no order");
        of_a_file.tell("es", "no es un pedido".to_owned());
        let at: jiff::Timestamp = "2026-01-31T09:00:00Z".parse().unwrap();
        for said in [
            whole,
            said!("since", "since {at}", at = at),
            Said::from("only English"),
            of_a_file,
            Said::from("{\"said\":\"at\"}"),
            Said::from("{"),
        ] {
            assert_eq!(kept::read(&kept::write(&said)), said);
        }
        assert_eq!(kept::write(&Said::from("only English")), "only English");
    }

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
        assert_eq!(whole.code.as_deref(), Some("in-rule"));
        assert_eq!(whole.values[0], ("nth".into(), Word::Text("2".to_owned())));
        assert_eq!(whole.values[1], ("why".into(), Word::Said(Box::new(inner))));
        let written = serde_json::to_string(&whole).unwrap();
        let read: Said = serde_json::from_str(&written).unwrap();
        assert_eq!((read.code, &read.english), (None, &whole.english));
    }
}
