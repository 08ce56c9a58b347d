//! The words by which people look for a record.
//!
//! The index holds the beginning of each word, up to `LONGEST` bytes of it, and finds candidates by the beginning of
//! what was asked; every candidate is then held against the whole words. So a long address is found by all of it, by
//! any beginning of it, and never in the place of another that begins alike.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::model::field::Kind;
use crate::model::record::Fields;

/// Words of one field that are kept: enough for a subject line.
const MOST_WORDS: usize = 12;
/// Bytes of a word that the index holds.
const LONGEST: usize = 48;

/// The fields that are searched, split at blanks or kept whole.
const fn searched(kind: Kind) -> (&'static [&'static str], &'static [&'static str]) {
    match kind {
        Kind::Contact => (
            &["given_name", "family_name", "full_name", "company"],
            &["email", "phone", "external_id"],
        ),
        Kind::Lead => (&[], &["external_id"]),
        Kind::Order => (&[], &["number", "external_id"]),
        Kind::Ticket => (&["subject"], &["external_id"]),
    }
}

/// The words of a record.
pub(super) fn of(kind: Kind, fields: &Fields) -> BTreeSet<String> {
    let (split, whole) = searched(kind);
    let mut words = BTreeSet::new();
    for name in split {
        if let Some(text) = fields.get(*name).and_then(Value::as_str) {
            words.extend(split_words(text).take(MOST_WORDS));
        }
    }
    for name in whole {
        if let Some(text) = fields.get(*name).and_then(Value::as_str) {
            words.extend(clean(text));
        }
    }
    words
}

/// The words that a change of the fields adds.
pub(super) fn added(kind: Kind, old: &Fields, new: &Fields) -> BTreeSet<String> {
    let (split, whole) = searched(kind);
    let mut names = split.iter().chain(whole);
    if names.all(|name| old.get(*name) == new.get(*name)) {
        return BTreeSet::new();
    }
    let known = of(kind, old);
    let mut words = of(kind, new);
    words.retain(|word| !known.contains(word));
    words
}

/// What somebody typed, as words.
pub(super) fn of_query(q: &str) -> Vec<String> {
    split_words(q).take(MOST_WORDS).collect()
}

fn split_words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split_whitespace().filter_map(clean)
}

/// Lower case, without the punctuation around it.
fn clean(word: &str) -> Option<String> {
    let word = word.trim_matches(|c: char| c.is_whitespace() || ",;:!?\"'()[]{}<>#".contains(c));
    let word = word.to_lowercase().replace('\0', "");
    (!word.is_empty()).then_some(word)
}

/// What the index holds of a word.
pub(super) fn beginning(word: &str) -> &str {
    let mut ends = (0..=LONGEST.min(word.len())).rev();
    let end = ends.find(|end| word.is_char_boundary(*end));
    word.get(..end.unwrap_or(0)).unwrap_or_default()
}

/// The address as filters compare it.
pub(super) fn email(text: &str) -> String {
    clean(text).unwrap_or_default()
}

/// The address of a contact as filters compare it.
pub(super) fn email_of(fields: &Fields) -> Option<String> {
    let text = fields.get("email").and_then(Value::as_str)?;
    clean(text)
}
