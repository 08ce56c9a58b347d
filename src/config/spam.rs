//! `[spam]` and `[endpoint.spam]`: what stands in the place of a signature where anybody may post.

use std::time::Duration;

use crate::config::DEFAULTS;
use crate::config::document::{Document, Table};
use crate::config::endpoint::noted;
use crate::config::value;

/// How suspicious a form must look to be held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spam {
    /// Fields that people do not see and leave empty.
    pub honeypot: Vec<String>,
    /// The hidden field that holds the stamp.
    pub stamp: String,
    /// A person needs at least so long to fill the form in.
    pub min_fill: Duration,
    /// A stamp is good for so long.
    pub max_age: Duration,
    /// A form without a stamp is held.
    pub require_stamp: bool,
    /// Forms that one address may send a minute in the long run.
    pub per_minute: u32,
    /// And how many at once.
    pub burst: u32,
    /// Links that the texts of a form may hold.
    pub max_links: u32,
    /// Whether addresses of throw-away mail services are suspicious.
    pub disposable_mail: bool,
    /// The sum of scores at which an event is held.
    pub hold_at: u32,
}

impl Default for Spam {
    /// As `default.toml` has them.
    fn default() -> Self {
        let defaults = Document::parse("default.toml", DEFAULTS);
        read(&[&defaults.root().section("spam")])
    }
}

/// Reads the settings; of several tables the first that has a key counts, the last is the defaults.
pub fn read(layers: &[&Table<'_>]) -> Spam {
    let layers = Layers(layers);
    Spam {
        honeypot: layers.names("honeypot"),
        stamp: layers.names("stamp").into_iter().next().unwrap_or_default(),
        min_fill: layers.duration("min_fill"),
        max_age: layers.duration("max_age"),
        require_stamp: layers.bool("require_stamp"),
        per_minute: layers.number("per_minute", 1),
        burst: layers.number("burst", 1),
        max_links: layers.number("max_links", 0),
        disposable_mail: layers.bool("disposable_mail"),
        hold_at: layers.number("hold_at", 1),
    }
}

struct Layers<'l, 'd>(&'l [&'l Table<'d>]);

impl<'l, 'd> Layers<'l, 'd> {
    fn of(&self, key: &str) -> Option<&'l Table<'d>> {
        let has = self.0.iter().find(|table| table.has(key));
        has.or(self.0.last()).copied()
    }

    /// Names of form fields.
    fn names(&self, key: &str) -> Vec<String> {
        let Some(table) = self.of(key) else {
            return Vec::new();
        };
        let texts = table.texts(key).unwrap_or_default();
        for text in texts.iter().filter(|text| text.value.trim().is_empty()) {
            let path = table.path(key);
            table.problem(
                text.line,
                format!("`{path}` names a field; this one is blank"),
            );
        }
        texts.into_iter().map(|text| text.value).collect()
    }

    fn duration(&self, key: &str) -> Duration {
        let table = self.of(key);
        let text = table.and_then(|table| Some((table, table.text(key)?)));
        text.and_then(|(table, text)| noted(table, &text, value::duration(&text.value)))
            .unwrap_or_default()
    }

    fn bool(&self, key: &str) -> bool {
        self.of(key)
            .and_then(|table| table.bool(key))
            .unwrap_or_default()
    }

    fn number(&self, key: &str, least: u32) -> u32 {
        let Some(table) = self.of(key) else {
            return least;
        };
        let Some(number) = table.number(key) else {
            return least;
        };
        match u32::try_from(number) {
            Ok(number) if number >= least => number,
            _ => {
                let path = table.path(key);
                let most = u32::MAX;
                let line = table.line_of(key);
                table.problem(
                    line,
                    format!("`{path}` is a whole number from {least} to {most}"),
                );
                least
            }
        }
    }
}
