//! What the console says, in the reader's language: Fluent messages, one file a page.

use std::fmt::Display;
use std::sync::OnceLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use include_dir::{Dir, include_dir};
use jiff::tz::TimeZone;
use unic_langid::LanguageIdentifier;

use crate::console::when;
use crate::model::said::{Said, Word};

static MESSAGES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/src/console/messages");

/// The languages there are messages for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    English,
    Spanish,
}

impl Language {
    pub const ALL: [Language; 2] = [Language::English, Language::Spanish];

    /// As in HTML: `en`.
    pub fn code(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Spanish => "es",
        }
    }

    /// As its speakers call it.
    pub fn name(self) -> &'static str {
        match self {
            Language::English => "English",
            Language::Spanish => "Español",
        }
    }

    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|language| language.code() == code)
    }

    /// The one a browser likes best (`Accept-Language`); English when it names none that we have.
    pub fn of_browser(asked: &str) -> Self {
        let mut best = (0.0, Language::English);
        for part in asked.split(',') {
            let mut pieces = part.trim().split(';');
            let tag = pieces.next().unwrap_or_default();
            let weight = pieces
                .find_map(|piece| piece.trim().strip_prefix("q="))
                .map_or(1.0, |weight| weight.parse().unwrap_or(0.0));
            let code = tag.split('-').next().unwrap_or_default().to_lowercase();
            if let Some(language) = Language::parse(&code)
                && weight > best.0
            {
                best = (weight, language);
            }
        }
        best.1
    }
}

type Bundle = FluentBundle<FluentResource>;

fn bundle(language: Language) -> &'static Bundle {
    static ENGLISH: OnceLock<Bundle> = OnceLock::new();
    static SPANISH: OnceLock<Bundle> = OnceLock::new();
    let place = match language {
        Language::English => &ENGLISH,
        Language::Spanish => &SPANISH,
    };
    place.get_or_init(|| load(language))
}

/// Messages that do not parse are left out here; a test finds them.
fn load(language: Language) -> Bundle {
    let tag: LanguageIdentifier = language.code().parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![tag]);
    bundle.set_use_isolating(false);
    for (_, text) in files(language) {
        let resource = match FluentResource::try_new(text.to_owned()) {
            Ok(resource) => resource,
            Err((resource, _)) => resource,
        };
        bundle.add_resource_overriding(resource);
    }
    bundle
}

/// The message files of a language: name and text.
pub fn files(language: Language) -> impl Iterator<Item = (String, &'static str)> {
    let folder = MESSAGES.get_dir(language.code());
    folder.into_iter().flat_map(Dir::files).filter_map(|file| {
        let name = file.path().file_name()?.to_string_lossy().into_owned();
        Some((name, file.contents_utf8()?))
    })
}

/// Says things in one language.
#[derive(Debug, Clone, Copy)]
pub struct Words {
    pub language: Language,
}

impl Words {
    pub fn of(language: Language) -> Self {
        Words { language }
    }

    /// A message.
    pub fn say(self, key: &str) -> String {
        self.find(key, None).unwrap_or_else(|| missing(key))
    }

    /// A message about one thing.
    pub fn with(self, key: &str, name: &str, value: impl Display) -> String {
        let mut args = FluentArgs::new();
        args.set(name, value.to_string());
        self.find(key, Some(&args)).unwrap_or_else(|| missing(key))
    }

    /// A message about several things: pairs of name and text.
    pub fn with_all(self, key: &str, values: &[(&str, &str)]) -> String {
        let mut args = FluentArgs::new();
        for (name, value) in values {
            args.set(*name, *value);
        }
        self.find(key, Some(&args)).unwrap_or_else(|| missing(key))
    }

    /// A message about a number: `$count` chooses the form, `$shown` is how it is written.
    pub fn count(self, key: &str, count: u64) -> String {
        let digits = count.to_string();
        let mut args = FluentArgs::new();
        args.set("count", FluentValue::try_number(&digits));
        args.set("shown", crate::console::number::grouped(count));
        self.find(key, Some(&args)).unwrap_or_else(|| missing(key))
    }

    /// A word of the gateway's own vocabulary: the message `GROUP-WORD`, or the word as it is.
    pub fn word(self, group: &str, word: &str) -> String {
        let key = format!("{group}-{}", word.replace(['_', '.', '/'], "-"));
        self.find(&key, None).unwrap_or_else(|| word.to_owned())
    }

    /// A sentence of another room; in English where only that is known. Moments in it are those of UTC.
    pub fn said(self, said: &Said) -> String {
        self.said_in(said, &TimeZone::UTC)
    }

    /// The same with moments as they are in a zone.
    pub fn said_in(self, said: &Said, zone: &TimeZone) -> String {
        let Some(code) = &said.code else {
            let mut own = said.values.iter();
            let own = own.find(|(language, _)| language == self.language.code());
            return own.map_or_else(
                || said.english.clone(),
                |(_, sentence)| sentence.to_string(),
            );
        };
        let mut args = FluentArgs::new();
        for (name, word) in &said.values {
            let word = match word {
                Word::Text(text) => text.clone(),
                Word::Term(group, word) => self.word(group, word),
                Word::Time(at) => when::shown(*at, zone),
                Word::Said(said) => self.said_in(said, zone),
            };
            args.set(name.as_ref(), word);
        }
        let found = self.find(&format!("said-{code}"), Some(&args));
        found.unwrap_or_else(|| said.english.clone())
    }

    /// Whether a sentence of another room is known in this language.
    pub fn speaks(self, said: &Said) -> bool {
        match &said.code {
            _ if self.language == Language::English => true,
            Some(code) => self.knows(&format!("said-{code}")),
            None => {
                let mut own = said.values.iter();
                own.any(|(language, _)| language == self.language.code())
            }
        }
    }

    /// Why something was refused, by its code; as it was said where there is no message.
    pub fn refused(self, code: &str, sentence: &str) -> String {
        let key = format!("refusal-{}", code.replace('_', "-"));
        self.find(&key, None).unwrap_or_else(|| sentence.to_owned())
    }

    /// Whether there is such a message.
    pub fn knows(self, key: &str) -> bool {
        bundle(self.language).has_message(key)
    }

    fn find(self, key: &str, args: Option<&FluentArgs<'_>>) -> Option<String> {
        let bundle = bundle(self.language);
        let pattern = bundle.get_message(key)?.value()?;
        let mut errors = Vec::new();
        let text = bundle
            .format_pattern(pattern, args, &mut errors)
            .into_owned();
        if !errors.is_empty() {
            tracing::error!(key, ?errors, "console.message_is_wrong");
        }
        Some(text)
    }
}

fn missing(key: &str) -> String {
    tracing::error!(key, "console.message_is_missing");
    key.to_owned()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::tz::TimeZone;

    use super::{Language, Words};
    use crate::said;

    #[test]
    fn moments_are_those_of_the_readers_zone() {
        let since: Timestamp = "2026-07-31T09:00:00Z".parse().unwrap();
        let said = said!(
            "alarm-silence",
            "since {since}",
            endpoint = "shop",
            since = since,
            usual = 7_u32,
            missed = 2_u32,
        );
        let madrid = TimeZone::get("Europe/Madrid").unwrap();
        let words = Words::of(Language::Spanish);
        let told = words.said_in(&said, &madrid);
        assert!(told.contains("desde 2026-07-31 11:00:00"), "{told}");
        assert_eq!(said.english, "since 2026-07-31T09:00:00Z");
    }

    #[test]
    fn the_browsers_favourite_counts() {
        for (asked, expected) in [
            ("", Language::English),
            ("es", Language::Spanish),
            ("es-MX,es;q=0.9,en;q=0.8", Language::Spanish),
            ("en-GB,en;q=0.9,es;q=0.8", Language::English),
            ("de,es;q=0.7,en;q=0.3", Language::Spanish),
            ("ES", Language::Spanish),
            ("fr", Language::English),
            ("es;q=oops,en", Language::English),
        ] {
            assert_eq!(Language::of_browser(asked), expected, "{asked}");
        }
    }
}
