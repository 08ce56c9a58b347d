//! Reading a declaration strictly: all of it or all its problems, each with file, line and a sentence.

mod delivery;
mod event;
mod formula;
mod record;
mod sample;
mod verify;

use std::collections::BTreeMap;

use crate::config::document::{Document, Table};
use crate::expr::filters;
use crate::model::problem::Problem;
use crate::source::declaration::{Expr, SettingSpec, Source};
use crate::source::envelope::Envelope;
use crate::source::schema::Schemas;

/// Schemas and samples of a source by file name: (label, text).
#[derive(Debug, Default)]
pub struct Documents<'f> {
    pub schemas: BTreeMap<String, (&'f str, &'f str)>,
    pub samples: BTreeMap<String, (&'f str, &'f str)>,
}

/// Reads `mappings/<name>.toml`.
///
/// # Errors
/// Every problem of the declaration, its schemas and its samples.
pub fn source(
    name: &str,
    file: &str,
    text: &str,
    documents: &Documents<'_>,
) -> Result<Source, Vec<Problem>> {
    let document = Document::parse(file, text);
    let mut problems = Vec::new();
    let schemas = schemas(documents, &mut problems);
    let samples = sample::read_all(documents, &mut problems);
    let root = document.root();
    let lookups = lookups(&root);
    let mut known = formula::Known {
        tables: lookups.keys().cloned().collect(),
        schemas: schemas.keys().cloned().collect(),
        lets: Vec::new(),
    };
    let lets = lets(&root, &mut known);
    let body = delivery::body(&root);
    let split = delivery::split(&root, &known);
    let delivery = delivery::delivery(&root, &known, split.is_some());
    let source = Source {
        name: name.to_owned(),
        file: file.to_owned(),
        title: root
            .required_text("title")
            .map(|text| text.value)
            .unwrap_or_default(),
        help: root
            .required_text("help")
            .map(|text| text.value)
            .unwrap_or_default(),
        retries: root.text("retries").map(|text| text.value),
        experimental: root.bool("experimental").unwrap_or(false),
        settings: settings(&root),
        handshakes: delivery::handshakes(&root, &known),
        verify: verify::read(&root),
        answer: delivery::answer(&root),
        events: event::read_all(&root, &known, split.is_some()),
        body,
        delivery,
        split,
        lets,
        lookups,
        schemas,
        samples,
    };
    root.finish();
    problems.extend(document.into_problems());
    if problems.is_empty() {
        check_compiles(&source, &mut problems);
    }
    if problems.is_empty() {
        Ok(source)
    } else {
        Err(problems)
    }
}

fn check_compiles(source: &Source, problems: &mut Vec<Problem>) {
    if let Err(found) = Envelope::compile(source) {
        problems.extend(found);
    }
    if let Err(found) = Schemas::compile(source) {
        problems.extend(found);
    }
}

fn schemas(
    documents: &Documents<'_>,
    problems: &mut Vec<Problem>,
) -> BTreeMap<String, serde_json::Value> {
    let mut schemas = BTreeMap::new();
    for (file, (label, text)) in &documents.schemas {
        let Some(name) = file.strip_suffix(".json") else {
            continue;
        };
        match serde_json::from_str(text) {
            Ok(schema) => {
                schemas.insert(name.to_owned(), schema);
            }
            Err(error) => problems.push(Problem {
                file: (*label).to_owned(),
                line: u32::try_from(error.line()).unwrap_or(0),
                message: format!("is not valid JSON: {error}"),
            }),
        }
    }
    schemas
}

fn settings(root: &Table<'_>) -> BTreeMap<String, SettingSpec> {
    let mut settings = BTreeMap::new();
    let Some(section) = root.table("settings") else {
        return settings;
    };
    for (name, _) in section.keys() {
        let Some(table) = section.table(&name) else {
            continue;
        };
        let spec = SettingSpec {
            help: table
                .required_text("help")
                .map(|text| text.value)
                .unwrap_or_default(),
            required: table.bool("required").unwrap_or(false),
            secret: table.bool("secret").unwrap_or(false),
            default: table.text("default").map(|text| text.value),
        };
        table.finish();
        settings.insert(name, spec);
    }
    settings
}

/// `[let]`, in the order of the file; each may read those before it.
fn lets(root: &Table<'_>, known: &mut formula::Known) -> Vec<(String, Expr)> {
    let mut lets = Vec::new();
    let Some(table) = root.table("let") else {
        return lets;
    };
    let names = formula::with(formula::REQUEST, &["event", "item", "outer", "fetched"]);
    let mut keys = table.keys();
    keys.sort_by_key(|(_, line)| *line);
    for (name, line) in keys {
        if names.contains(&name.as_str()) || name == "settings" {
            table.item(&name);
            table.problem(
                line,
                format!("`let.{name}` would hide a name that is there already"),
            );
            continue;
        }
        if let Some(formula) = formula::optional(&table, &name, &names, known) {
            known.lets.push(name.clone());
            lets.push((name, formula));
        }
    }
    lets
}

/// Words are found without regard to case, accents and punctuation, so they are kept folded.
fn lookups(root: &Table<'_>) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut lookups = BTreeMap::new();
    let Some(section) = root.table("lookup") else {
        return lookups;
    };
    for (name, _) in section.keys() {
        let Some(table) = section.table(&name) else {
            continue;
        };
        let mut words = BTreeMap::new();
        for (word, line) in table.keys() {
            let Some(value) = table.text(&word) else {
                continue;
            };
            for key in [word.to_lowercase(), filters::fold(&word)] {
                let before = words.insert(key, value.value.clone());
                if before.is_some_and(|before| before != value.value) {
                    table.problem(line, format!("\"{word}\" stands twice in this table"));
                }
            }
        }
        lookups.insert(name, words);
    }
    lookups
}
