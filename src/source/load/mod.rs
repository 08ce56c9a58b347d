//! Reading a declaration strictly: all of it or all its problems, each with file, line and a sentence.

mod delivery;
mod event;
mod formula;
mod lookup;
mod names;
mod record;
mod sample;
mod signature;
mod texts;
mod verify;

use std::collections::{BTreeMap, BTreeSet};

use crate::config::document::{Document, Table};
use crate::config::value::is_base_url;
use crate::model::problem::Problem;
use crate::phrase;
use crate::source::declaration::{SettingSpec, Source};
use crate::source::envelope::Envelope;
use crate::source::schema;

/// What stands beside a mapping: schemas and samples of its source by file name, (label, text); and the other mappings
/// by source, whose lookup tables it may include; and its texts by language. Without samples they are not looked at.
#[derive(Debug, Default)]
pub struct Documents<'f> {
    pub mappings: BTreeMap<String, &'f str>,
    pub schemas: BTreeMap<String, (&'f str, &'f str)>,
    pub samples: Option<BTreeMap<String, (&'f str, &'f str)>>,
    /// Those of the samples that were written for another mapping of the source, which this one overrides: they are
    /// offered where they fit, and nothing is wrong where they do not.
    pub lent: BTreeSet<String>,
    pub texts: BTreeMap<String, (&'f str, &'f str)>,
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
    if document.is_faulty() {
        // What could not be read would only seem to be missing.
        problems.extend(document.into_problems());
        return Err(problems);
    }
    let root = document.root();
    let settings = settings(&root);
    let lookups = lookup::read_all(&root, &documents.mappings);
    let mut known = formula::Known {
        tables: lookups.keys().cloned().collect(),
        schemas: schemas.keys().cloned().collect(),
        settings: settings.keys().cloned().collect(),
        lets: Vec::new(),
    };
    let lets = names::read(&root, &mut known);
    let body = delivery::body(&root);
    let split = delivery::split(&root, &known);
    let delivery = delivery::delivery(&root, &known, split.is_some());
    let (verify, check) = verify::read(&root, &known);
    let usual = root.text("sample");
    let mut source = Source {
        name: name.to_owned(),
        file: file.to_owned(),
        title: root
            .required_text("title")
            .map(|text| text.value.into())
            .unwrap_or_default(),
        help: root
            .required_text("help")
            .map(|text| text.value.into())
            .unwrap_or_default(),
        secret: root.text("secret").map(|text| text.value.into()),
        gives_secret: root.bool("gives_secret").unwrap_or(false),
        retries: root.text("retries").map(|text| text.value.into()),
        traps: root
            .texts("traps")
            .unwrap_or_default()
            .into_iter()
            .map(|text| text.value.into())
            .collect(),
        experimental: root.bool("experimental").unwrap_or(false),
        settings,
        handshakes: delivery::handshakes(&root, &known),
        verify,
        check,
        answer: delivery::answer(&root),
        events: event::read_all(&root, &known, split.is_some()),
        body,
        delivery,
        split,
        lets,
        lookups,
        schemas,
        samples: Vec::new(),
    };
    root.finish();
    if !is_name(name) {
        document.problem(
            0,
            "the file's name is the source's: lower-case letters, digits and _ alone",
        );
    }
    problems.extend(document.into_problems());
    if problems.is_empty() {
        for (language, (label, text)) in &documents.texts {
            problems.extend(texts::read(language, label, text, &mut source));
        }
    }
    source.samples = sample::read_all(documents, &source, usual.as_ref(), &mut problems);
    if problems.is_empty()
        && let Err(found) = Envelope::compile(&source)
    {
        problems.extend(found);
    }
    if problems.is_empty() {
        Ok(source)
    } else {
        problems.sort();
        problems.dedup();
        Err(problems)
    }
}

/// Parses and compiles every schema; one that does neither is still known by its name, so that its problem is told once.
fn schemas(
    documents: &Documents<'_>,
    problems: &mut Vec<Problem>,
) -> BTreeMap<String, serde_json::Value> {
    let mut schemas = BTreeMap::new();
    for (file, (label, text)) in &documents.schemas {
        let mut problem = |line: usize, message: String| {
            problems.push(Problem {
                file: (*label).to_owned(),
                line: u32::try_from(line).unwrap_or_default(),
                message: message.into(),
            });
        };
        let Some(name) = file
            .strip_suffix(".json")
            .filter(|name| !name.contains('/'))
        else {
            problem(
                0,
                "has no place here: schemas are schemas/SOURCE/NAME.json".to_owned(),
            );
            continue;
        };
        let schema = match serde_json::from_str(text) {
            Ok(schema) => {
                if let Err(message) = schema::compile(&schema) {
                    problem(0, message);
                }
                schema
            }
            Err(error) => {
                problem(error.line(), format!("is not valid JSON: {error}"));
                serde_json::Value::Null
            }
        };
        schemas.insert(name.to_owned(), schema);
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
        let default = table.text("default");
        let url = table.bool("url").unwrap_or(false);
        if let Some(default) = default.as_ref().filter(|it| url && !is_base_url(&it.value)) {
            table.problem(
                default.line,
                phrase!(
                    "load-default-no-url",
                    "`default` is no beginning of URLs, such as https://api.example.com"
                ),
            );
        }
        let spec = SettingSpec {
            help: table
                .required_text("help")
                .map(|text| text.value.into())
                .unwrap_or_default(),
            required: table.bool("required").unwrap_or(false),
            secret: table.bool("secret").unwrap_or(false),
            url,
            default: default.map(|text| text.value),
        };
        table.finish();
        settings.insert(name, spec);
    }
    settings
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}
