//! What a mapping reads of an event, told from its declaration.

use std::collections::{BTreeMap, BTreeSet};

use crate::expr::reads::{self, Names, Reads};
use crate::source::declaration::{EventSpec, Expr, FieldSpec, FieldValue, LetValue, Source};

/// What is read and made of one kind of event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Uses {
    /// Places that formulas read: `body.customer.email`.
    pub places: BTreeSet<String>,
    /// Fields of records: `contact.email`.
    pub fields: BTreeMap<String, FieldUse>,
}

/// How a field is made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldUse {
    /// In the mapping file.
    pub line: u32,
    pub places: BTreeSet<String>,
}

impl Uses {
    /// Of the events of a source that are declared under this name; empty when there is none.
    pub fn of(source: &Source, event: &str) -> Self {
        let mut uses = Uses::default();
        let names = names(source);
        for spec in source.events.iter().filter(|spec| spec.name == event) {
            uses.add_event(spec, &names);
        }
        if uses.fields.is_empty() {
            return uses;
        }
        let delivery = &source.delivery;
        let envelope = [
            Some(&delivery.event),
            delivery.id.as_ref(),
            delivery.time.as_ref(),
            delivery.scope.as_ref(),
        ];
        let checked = source.check.as_ref();
        for formula in envelope.into_iter().flatten().chain(checked) {
            uses.places.extend(read(formula, &names).all());
        }
        uses
    }

    /// Whether a place is read, as a whole or in part, or lies in one that is.
    pub fn reads(&self, place: &str) -> bool {
        self.places
            .iter()
            .any(|used| is_within(used, place) || is_within(place, used))
    }

    fn add_event(&mut self, spec: &EventSpec, names: &Names) {
        let mut used = |formula: &Expr| self.places.extend(read(formula, names).all());
        spec.when.iter().for_each(&mut used);
        for fetch in &spec.fetches {
            let formulas = fetch
                .when
                .iter()
                .chain([&fetch.url])
                .chain(fetch.token_error.iter());
            formulas
                .chain(fetch.headers.values())
                .chain(fetch.json.values())
                .for_each(&mut used);
        }
        for record in &spec.records {
            record
                .when
                .iter()
                .chain(record.deleted.iter())
                .for_each(&mut used);
        }
        for record in &spec.records {
            for field in &record.previous {
                self.add_field(record.kind.as_str(), field, names);
            }
            for field in &record.fields {
                self.add_field(record.kind.as_str(), field, names);
            }
        }
    }

    fn add_field(&mut self, of: &str, field: &FieldSpec, names: &Names) {
        let name = format!("{of}.{}", field.name);
        let places = match &field.value {
            FieldValue::Formula(formula) => read(formula, names).all(),
            FieldValue::Object(parts) => {
                for part in parts {
                    self.add_field(&name, part, names);
                }
                return;
            }
            FieldValue::Each { from, fields } => {
                let list = read(from, names);
                let mut inner = names.clone();
                inner.insert("item".to_owned(), Reads::giving(list.given.clone()));
                let mut places = list.used;
                // Places of a list that nothing looks into are not used, but its parts.
                places.extend(of_parts(fields, &inner));
                places
            }
            FieldValue::Entries(entries) => entries
                .iter()
                .flat_map(|entry| of_parts(entry, names))
                .collect(),
        };
        self.places.extend(places.iter().cloned());
        let made = self.fields.entry(name).or_default();
        made.line = field.line;
        made.places.extend(places);
    }
}

/// Everything that the parts of one entry read.
fn of_parts(parts: &[FieldSpec], names: &Names) -> BTreeSet<String> {
    let mut uses = Uses::default();
    for part in parts {
        uses.add_field("", part, names);
    }
    uses.places
}

/// What the names under `[let]` stand for.
fn names(source: &Source) -> Names {
    let mut names = Names::new();
    for (name, value) in &source.lets {
        let reads = match value {
            LetValue::Formula(formula) => read(formula, &names),
            LetValue::Each { from, parts } => {
                let list = read(from, &names);
                let mut inner = names.clone();
                inner.insert("item".to_owned(), Reads::giving(list.given));
                let mut used = list.used;
                for (_, formula) in parts {
                    used.extend(read(formula, &inner).all());
                }
                Reads {
                    used,
                    given: BTreeSet::new(),
                }
            }
        };
        names.insert(name.clone(), reads);
    }
    names
}

/// A formula that the loader took is one.
fn read(formula: &Expr, names: &Names) -> Reads {
    reads::of(&formula.text, names).unwrap_or_default()
}

/// Whether `inner` is `outer` or lies below it.
pub fn is_within(inner: &str, outer: &str) -> bool {
    inner
        .strip_prefix(outer)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
