//! What every page has around it, and the words that its template says.

use std::fmt::Display;

use askama::filters::Safe;
use jiff::Timestamp;

use crate::console::assets;
use crate::console::number;
use crate::console::places::{self, Group, Verb};
use crate::console::prose::{self, Run};
use crate::console::visitor::{Theme, Visitor};
use crate::console::when;
use crate::console::words::Language;
use crate::model::said::Said;

/// The frame of a page; every template has one as `f`.
pub struct Frame<'v> {
    visitor: &'v Visitor,
    /// Name of the navigation's entry that this page belongs to; empty for none.
    here: &'static str,
}

/// An entry of the navigation as it is drawn.
pub struct Entry {
    pub name: &'static str,
    pub path: &'static str,
    pub here: bool,
    /// It begins another part.
    pub begins: bool,
}

impl<'v> Frame<'v> {
    pub fn new(visitor: &'v Visitor, here: &'static str) -> Self {
        Frame { visitor, here }
    }

    /// A message.
    pub fn t(&self, key: &str) -> String {
        self.visitor.words.say(key)
    }

    /// A message about one thing.
    pub fn with(&self, key: &str, name: &str, value: impl Display) -> String {
        self.visitor.words.with(key, name, value)
    }

    /// A message about a number.
    pub fn count(&self, key: &str, count: &u64) -> String {
        self.visitor.words.count(key, *count)
    }

    /// A length of time.
    pub fn days(&self, days: &i64) -> String {
        let days = u64::try_from(*days).unwrap_or(0);
        self.visitor.words.count("source-days", days)
    }

    /// A word of the gateway's vocabulary.
    pub fn word(&self, group: &str, word: &str) -> String {
        self.visitor.words.word(group, word)
    }

    /// A field's name for people; of a part, the field's and the part's.
    pub fn field(&self, name: &str) -> String {
        match name.split_once('.') {
            Some(("custom", part)) => part.to_owned(),
            Some((field, part)) => format!(
                "{}: {}",
                self.word("field", field),
                self.word("field", part)
            ),
            None => self.word("field", name),
        }
    }

    /// A sentence of another room.
    pub fn said(&self, said: &Said) -> String {
        self.visitor.words.said_in(said, &self.visitor.zone)
    }

    /// The same in runs of letters, for one that holds code.
    pub fn runs(&self, said: &Said) -> Vec<Run> {
        prose::runs(&self.said(said))
    }

    /// For the element around a sentence of another room: says so where that is only known in English.
    pub fn tongue(&self, said: &Said) -> Safe<&'static str> {
        Safe(match self.visitor.words.speaks(said) {
            true => "",
            false => " lang=\"en\"",
        })
    }

    /// A number.
    pub fn n(&self, count: &u64) -> String {
        number::grouped(*count)
    }

    /// A time, in the reader's zone.
    pub fn when(&self, at: &Timestamp) -> Safe<String> {
        when::element(*at, &self.visitor.zone)
    }

    /// The reader's zone, by name.
    pub fn zone(&self) -> &str {
        self.visitor.zone.iana_name().unwrap_or("UTC")
    }

    /// The hidden field that every form carries.
    pub fn csrf(&self) -> Safe<String> {
        let token = &self.visitor.csrf;
        Safe(format!(
            "<input type=\"hidden\" name=\"csrf\" value=\"{token}\">"
        ))
    }

    /// Where a file of ours is served.
    pub fn asset(&self, name: &str) -> String {
        assets::path(name)
    }

    pub fn language(&self) -> Language {
        self.visitor.words.language
    }

    pub fn languages(&self) -> [Language; 2] {
        Language::ALL
    }

    pub fn theme(&self) -> Theme {
        self.visitor.theme
    }

    pub fn themes(&self) -> [Theme; 3] {
        Theme::ALL
    }

    /// Path and query of this page, to come back to.
    pub fn address(&self) -> &str {
        &self.visitor.address
    }

    /// Whose session it is.
    pub fn user(&self) -> Option<&str> {
        self.visitor.account.as_ref().map(|account| account.name())
    }

    /// The reader's role, in words.
    pub fn role(&self) -> String {
        let role = self.visitor.account.as_ref().map(|account| account.role);
        role.map_or_else(String::new, |role| self.word("role", role.as_str()))
    }

    /// Whether the reader may go to a place that is `GET path`.
    pub fn may(&self, path: &str) -> bool {
        self.admits(Verb::Get, path)
    }

    /// Whether there are pages of this kind of record that the reader may go to.
    pub fn shows(&self, plural: &str) -> bool {
        self.admits(Verb::Get, &format!("/{plural}/{{id}}"))
    }

    /// Whether the reader may send the form of `POST path`.
    pub fn may_post(&self, path: &str) -> bool {
        self.admits(Verb::Post, path)
    }

    fn admits(&self, verb: Verb, path: &str) -> bool {
        let role = self.visitor.account.as_ref().map(|account| account.role);
        places::all()
            .filter(|place| place.path == path && place.verb == verb)
            .any(|place| place.who.admits(role))
    }

    /// What was just done, when the address says so.
    pub fn notice(&self) -> Option<String> {
        let query = self.visitor.address.split_once('?')?.1;
        let (_, done) =
            form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "done")?;
        let key = format!("done-{done}");
        let words = self.visitor.words;
        words.knows(&key).then(|| words.say(&key))
    }

    /// The entries that the reader may go to.
    pub fn navigation(&self) -> Vec<Entry> {
        let role = self.visitor.account.as_ref().map(|account| account.role);
        let mut named: Vec<_> = places::all()
            .filter(|place| place.who.admits(role))
            .filter_map(|place| Some((place.nav?, place.path)))
            .collect();
        named.sort_by_key(|(nav, _)| nav.group);
        let mut entries = Vec::new();
        let mut last: Option<Group> = None;
        for (nav, path) in named {
            entries.push(Entry {
                name: nav.name,
                path,
                here: nav.name == self.here,
                begins: last.is_some_and(|last| last != nav.group),
            });
            last = Some(nav.group);
        }
        entries
    }
}
