//! `[lookup.NAME]`: `word = "meaning"`, or `meaning = ["word", …]`.
//!
//! Words are found without regard to case, accents and punctuation, so they are kept in lower case and folded.

use std::collections::BTreeMap;

use crate::config::document::{Document, Table};
use crate::model::fold::fold;
use crate::said;

/// The key that names another source, whose table of the same name is taken in.
const INCLUDE: &str = "include";

type Words = BTreeMap<String, String>;

/// Every table, those of other mappings taken in.
pub fn read_all(root: &Table<'_>, mappings: &BTreeMap<String, &str>) -> BTreeMap<String, Words> {
    let mut lookups = BTreeMap::new();
    let Some(section) = root.table("lookup") else {
        return lookups;
    };
    for (name, _) in section.keys() {
        let Some(table) = section.table(&name) else {
            continue;
        };
        let mut words = own(&table);
        if let Some(from) = table.text(INCLUDE) {
            match included(mappings, &from.value, &name) {
                Some(others) => {
                    for (word, meaning) in others {
                        words.entry(word).or_insert(meaning);
                    }
                }
                None => table.problem(
                    from.line,
                    said!(
                        "load-no-include",
                        "there is no [lookup.{name}] in mappings/{source}.toml",
                        name = &*name,
                        source = &from.value
                    ),
                ),
            }
        }
        words.remove("");
        lookups.insert(name, words);
    }
    lookups
}

/// The words that the table itself lists.
fn own(table: &Table<'_>) -> Words {
    let mut words = Words::new();
    for (key, line) in table.keys() {
        if key == INCLUDE {
            continue;
        }
        for (word, meaning) in pairs(table, key) {
            for spelling in [word.to_lowercase(), fold(&word)] {
                let before = words.insert(spelling, meaning.clone());
                if before.is_some_and(|before| before != meaning) {
                    table.problem(
                        line,
                        said!(
                            "load-two-meanings",
                            "\"{word}\" has two meanings in this table",
                            word = &*word
                        ),
                    );
                }
            }
        }
    }
    words
}

/// The table called `name` of another mapping, whose own problems are told where it is read itself.
fn included(mappings: &BTreeMap<String, &str>, source: &str, name: &str) -> Option<Words> {
    let document = Document::parse(source, mappings.get(source)?);
    let root = document.root();
    let table = root.table("lookup")?.table(name)?;
    Some(own(&table))
}

/// The words and meanings of one line of a table.
fn pairs(table: &Table<'_>, key: String) -> Vec<(String, String)> {
    let is_list = table.item(&key).is_some_and(|item| item.is_list());
    if is_list {
        let words = table.texts(&key).unwrap_or_default();
        return words
            .into_iter()
            .map(|word| (word.value, key.clone()))
            .collect();
    }
    let meaning = table.text(&key);
    meaning
        .into_iter()
        .map(|meaning| (key.clone(), meaning.value))
        .collect()
}
