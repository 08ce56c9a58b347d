//! The words by which people look for a record.
//!
//! The index holds the beginning of each word, up to `LONGEST` bytes of it, and finds candidates by the beginning of
//! what was asked; every candidate is then held against the whole words. So a long address is found by all of it, by
//! any beginning of it, and never in the place of another that begins alike.

use std::collections::BTreeSet;

use crate::model::field::Kind;
use crate::model::fold::without_accents;
use crate::model::record::Fields;

/// Words of one field that are kept: enough for a subject line.
const MOST_WORDS: usize = 12;
/// Bytes of a word that the index holds.
const LONGEST: usize = 48;
/// Digits of a country code, at most (ITU-T E.164, 6).
const COUNTRY_CODE: usize = 3;
/// Digits that are a telephone number when blanks or the like stand between them, at least.
const NUMBER: usize = 7;

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
        if let Some(text) = fields.text(name) {
            words.extend(split_words(text).take(MOST_WORDS));
        }
    }
    for name in whole {
        if let Some(text) = fields.text(name) {
            words.extend(clean(text));
        }
    }
    if kind == Kind::Contact {
        words.extend(domain(fields));
        words.extend(national(fields));
    }
    words
}

/// The domain of the e-mail address: where somebody works.
fn domain(fields: &Fields) -> Option<String> {
    let (_, domain) = fields.get("email")?.as_str()?.rsplit_once('@')?;
    clean(domain)
}

/// The digits of the telephone number without its country code, however long that is; of one that is kept as it was typed,
/// its digits.
fn national(fields: &Fields) -> Vec<String> {
    let number = fields.text("phone");
    let number = number.unwrap_or_default().trim_start();
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let codes = match number.starts_with('+') {
        true => 1..=COUNTRY_CODE,
        false => 0..=0,
    };
    let without = |code: usize| digits.get(code..).map(|rest| rest.trim_start_matches('0'));
    let words = codes.filter_map(without).filter(|rest| !rest.is_empty());
    words.map(str::to_owned).collect()
}

/// The words that a change of the fields adds.
pub(super) fn added(kind: Kind, old: &Fields, new: &Fields) -> BTreeSet<String> {
    let (split, whole) = searched(kind);
    let mut names = split.iter().chain(whole);
    if names.all(|name| old.get(name) == new.get(name)) {
        return BTreeSet::new();
    }
    let known = of(kind, old);
    let mut words = of(kind, new);
    words.retain(|word| !known.contains(word));
    words
}

/// What somebody typed, as words.
pub(super) fn of_query(q: &str) -> Vec<String> {
    match written_number(q) {
        Some(number) => vec![number],
        None => split_words(q).take(MOST_WORDS).collect(),
    }
}

/// A telephone number as people write it, in groups: `+34 612 00 01 11`, `(0)612-000111`, `0034 612 000 111`. With nothing
/// but hyphens between the groups it may be the number of an order.
fn written_number(q: &str) -> Option<String> {
    let q = q.replace("(0)", " ");
    let (is_whole, rest) = match q.trim().strip_prefix('+') {
        Some(rest) => (true, rest),
        None => (q.trim().starts_with("00"), q.as_str()),
    };
    let is_blank = |c: char| c.is_whitespace() || "()".contains(c);
    let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
    let is_number = rest
        .chars()
        .all(|c| c.is_ascii_digit() || is_blank(c) || "-./".contains(c))
        && (is_whole || rest.contains(is_blank))
        && digits.len() >= NUMBER;
    let digits = digits.trim_start_matches('0');
    is_number.then(|| format!("{}{digits}", if is_whole { "+" } else { "" }))
}

fn split_words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split_whitespace().filter_map(clean)
}

/// Lower case, without accents and the punctuation around it.
fn clean(word: &str) -> Option<String> {
    let word = word.trim_matches(|c: char| c.is_whitespace() || ",;:!?\"'()[]{}<>#".contains(c));
    let word = without_accents(word).replace('\0', "");
    (!word.is_empty()).then_some(word)
}

/// What the index holds of a word.
pub(super) fn beginning(word: &str) -> &str {
    let mut ends = (0..=LONGEST.min(word.len())).rev();
    let end = ends.find(|end| word.is_char_boundary(*end));
    word.get(..end.unwrap_or(0)).unwrap_or_default()
}

/// A text as one word.
pub(super) fn whole(text: &str) -> String {
    clean(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{of, of_query};
    use crate::model::field::Kind;

    #[test]
    fn people_are_found_as_they_are_written() {
        let fields = json!({"full_name": "Ana García-López", "email": "ana@ejemplo.es", "phone": "+34612000111"});
        let words = of(Kind::Contact, &fields.as_object().unwrap().clone().into());
        let is_found = |q: &str| {
            let found = |word: &String| words.iter().any(|known| known.starts_with(word.as_str()));
            of_query(q).iter().all(found)
        };
        for q in [
            "garcia",
            "GARCÍA-López",
            "ana@ejemplo.es",
            "ejemplo.es",
            "612000111",
            "+34612000111",
            "+34 612 00 01 11",
            "0034 612-000-111",
            "612 000 111",
            "(0)612 000 111",
            "+34 (0)612-000-111",
        ] {
            assert!(is_found(q), "{q}: {:?}", of_query(q));
        }
        for q in ["lopez", "612 000 112", "+35 612 000 111", "1 2 3"] {
            assert!(!is_found(q), "{q}: {:?}", of_query(q));
        }
        assert_eq!(
            of_query("2026-000123"),
            ["2026-000123"],
            "an order's number"
        );

        let typed = json!({"phone": "(0)612 34 56 78"});
        let words = of(Kind::Contact, &typed.as_object().unwrap().clone().into());
        for q in ["612345678", "0612 34 56 78", "(0)612-345678"] {
            let found = |word: &String| words.iter().any(|known| known.starts_with(word.as_str()));
            assert!(of_query(q).iter().all(found), "{q}");
        }
    }
}
