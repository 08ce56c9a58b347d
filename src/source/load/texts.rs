//! The texts of a declaration in another language: `texts/<language>/<source>.toml`, which has those of the mapping under
//! the same keys, and no others.

use std::collections::BTreeMap;

use crate::config::document::{Document, Table};
use crate::model::problem::Problem;
use crate::model::said::Said;
use crate::said;
use crate::source::declaration::Source;

/// Adds the texts of one language to a source. All of them are there, or none.
pub fn read(language: &str, label: &str, text: &str, source: &mut Source) -> Vec<Problem> {
    let document = Document::parse(label, text);
    if !document.is_faulty() {
        let root = document.root();
        Texts {
            table: &root,
            language,
        }
        .tell(source);
        root.finish();
    }
    document.into_problems()
}

/// A table of texts in one language.
struct Texts<'t> {
    table: &'t Table<'t>,
    language: &'t str,
}

impl Texts<'_> {
    fn tell(&self, source: &mut Source) {
        // Most senders are called the same everywhere.
        if self.table.has("title") {
            self.one("title", &mut source.title);
        }
        self.one("help", &mut source.help);
        for (key, said) in [
            ("secret", &mut source.secret),
            ("retries", &mut source.retries),
        ] {
            self.each(key, said.iter_mut().collect());
        }
        self.each("traps", source.traps.iter_mut().collect());
        self.below("settings", |texts| {
            for (name, spec) in &mut source.settings {
                texts.one(name, &mut spec.help);
            }
        });
        self.below("event", |texts| {
            // An event that is declared twice has as many sentences.
            let mut named: BTreeMap<&str, Vec<&mut Said>> = BTreeMap::new();
            for event in &mut source.events {
                named
                    .entry(&event.name)
                    .or_default()
                    .extend(&mut event.help);
            }
            for (name, said) in named {
                texts.each(name, said);
            }
        });
    }

    fn below(&self, key: &str, tell: impl FnOnce(&Texts<'_>)) {
        let table = self.table.section(key);
        tell(&Texts {
            table: &table,
            language: self.language,
        });
        table.finish();
    }

    fn one(&self, key: &str, said: &mut Said) {
        self.each(key, vec![said]);
    }

    /// As many texts as there are sentences, in their order; a key for none is unknown.
    fn each(&self, key: &str, said: Vec<&mut Said>) {
        if said.is_empty() {
            return;
        }
        if !self.table.has(key) {
            self.table.missing(key);
            return;
        }
        let Some(texts) = self.table.texts(key) else {
            return;
        };
        if texts.len() != said.len() {
            let path = self.table.path(key);
            self.table.problem(
                self.table.line_of(key),
                said!(
                    "load-texts",
                    "`{key}` has another number of texts than the mapping: {count} instead of {wanted}",
                    key = path,
                    count = texts.len(),
                    wanted = said.len()
                ),
            );
            return;
        }
        for (said, text) in said.into_iter().zip(texts) {
            said.tell(self.language, text.value);
        }
    }
}
