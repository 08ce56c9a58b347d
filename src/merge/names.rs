//! Names of people: put together, and compared.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::model::fold::fold;
use crate::model::record::{FieldMeta, Fields, Record};

/// Keeps `full_name` true: a full name that a sender wrote stands until later news brings both parts; without one it
/// is put together from the parts, and then no event owns it.
pub fn derive_full(record: &mut Record) {
    let clock = |name: &str| record.meta.fields.get(name).map(|meta| clock(record, meta));
    let (given, family) = (clock("given_name"), clock("family_name"));
    if let Some(full) = record.meta.fields.get("full_name") {
        let outdated = match (given, family) {
            (Some(given), Some(family)) => given.max(family) > self::clock(record, full),
            _ => false,
        };
        if full.locked || !outdated {
            return;
        }
        record.meta.fields.remove("full_name");
    }
    match put_together(&record.fields) {
        Some(full) if record.fields.text("full_name") == Some(&*full) => {}
        Some(full) => {
            record.fields.insert("full_name", Value::from(full));
        }
        None => {
            record.fields.remove("full_name");
        }
    }
}

/// A whole name out of its parts.
pub fn put_together(fields: &Fields) -> Option<String> {
    let part = |name: &str| fields.text(name).map(str::trim);
    match (part("given_name"), part("family_name")) {
        (Some(given), Some(family)) => Some(format!("{given} {family}")),
        (one, other) => one.or(other).map(str::to_owned),
    }
}

fn clock(record: &Record, meta: &FieldMeta) -> Option<(i64, uuid::Uuid)> {
    let origin = record.meta.origins.get(meta.origin as usize)?;
    Some((origin.at_ms, origin.event))
}

/// Whether two whole names are of different people: both are there and have no word in common.
pub fn are_strangers(one: Option<&str>, other: Option<&str>) -> bool {
    let (one, other) = (words(one), words(other));
    !one.is_empty() && !other.is_empty() && one.is_disjoint(&other)
}

/// Whether two whole names are of one person, as far as names can tell: the words of one are all in the other, and they
/// are two at least.
pub fn agree(one: Option<&str>, other: Option<&str>) -> bool {
    let (one, other) = (words(one), words(other));
    one.len().min(other.len()) >= 2 && (one.is_subset(&other) || other.is_subset(&one))
}

fn words(name: Option<&str>) -> BTreeSet<String> {
    let words = name.unwrap_or_default().split_whitespace().map(fold);
    words.filter(|word| !word.is_empty()).collect()
}

/// Whether two family names are of different families: both are there and differ in more than case, accents, spaces
/// and punctuation.
pub fn conflict(one: Option<&str>, other: Option<&str>) -> bool {
    let (Some(one), Some(other)) = (one, other) else {
        return false;
    };
    if one == other {
        return false;
    }
    let (one, other) = (fold(one), fold(other));
    !one.is_empty() && !other.is_empty() && one != other
}

#[cfg(test)]
mod tests {
    use super::{agree, are_strangers, conflict};

    #[test]
    fn whole_names_are_compared_by_their_words() {
        let check = |one: &str, other: &str, expected: (bool, bool)| {
            let (one, other) = (Some(one), Some(other));
            let found = (agree(one, other), are_strangers(one, other));
            assert_eq!(found, expected, "{one:?} and {other:?}");
            assert_eq!((agree(other, one), are_strangers(other, one)), expected);
        };
        check("Ana Ruiz", "RUIZ Ana", (true, false));
        check("Ana Ruiz", "Ana Ruíz López", (true, false));
        check("Ana Ruiz", "Eva Ruiz", (false, false));
        check("Ana", "Ana", (false, false));
        check("Ana", "Ana Ruiz", (false, false));
        check("Gus Roe", "Hal Moe", (false, true));
        check("Ana", "Bob", (false, true));
        check("", "Bob", (false, false));
    }

    #[test]
    fn family_names_conflict_only_when_they_are_really_different() {
        let check = |one: Option<&str>, other: Option<&str>, expected: bool| {
            assert_eq!(conflict(one, other), expected, "{one:?} and {other:?}");
            assert_eq!(conflict(other, one), expected, "{other:?} and {one:?}");
        };
        check(None, None, false);
        check(Some("Ruiz"), None, false);
        check(Some("Ruiz"), Some("RUIZ"), false);
        check(Some("García"), Some("garcia"), false);
        check(Some("Garci\u{301}a"), Some("García"), false);
        check(Some("García-López"), Some("Garcia Lopez"), false);
        check(Some("O'Brien"), Some("OBrien"), false);
        check(Some("Åkesson"), Some("Akesson"), false);
        check(Some("Søren"), Some("SOREN"), false);
        check(Some("Weiß"), Some("WEISS"), false);
        check(Some("Иванов"), Some("иванов"), false);
        check(Some("Ruiz"), Some("Roca"), true);
        check(Some("García"), Some("García López"), true);
        check(Some("-"), Some("Ruiz"), false);
    }
}
