//! The floors of the house and the homes of foreign crates, as a test: ARCHITECTURE.md cannot drift from the code.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Room → floor. A room may name rooms on lower floors only, and itself.
const FLOORS: &[(&str, u8)] = &[
    ("cli", 7),
    ("app", 6),
    ("web", 5),
    ("api", 5),
    ("console", 5),
    ("ingest", 4),
    ("process", 4),
    ("deliver", 4),
    ("source", 3),
    ("merge", 3),
    ("assign", 3),
    ("store", 3),
    ("expr", 2),
    ("payload", 2),
    ("telemetry", 2),
    ("config", 1),
    ("access", 1),
    ("model", 0),
    ("clock", 0),
    ("tls", 0),
];

/// A word that may stand only in these rooms (or files), and why.
const HOMES: &[(&str, &[&str], &str)] = &[
    (
        "actix_web::",
        &["web", "api", "console", "app"],
        "HTTP serving is the outer wall",
    ),
    (
        "rusqlite",
        &["store"],
        "SQL and its driver stay in the store",
    ),
    (
        "reqwest",
        &["process/fetch", "deliver", "cli"],
        "calls to the outside have one guard",
    ),
    (
        "std::env::var",
        &["config"],
        "only config reads the environment",
    ),
    ("Timestamp::now(", &["clock"], "time comes in as a value"),
    (
        "minijinja",
        &["expr", "source", "process", "ingest", "assign"],
        "formulas are compiled by expr",
    ),
    (
        "rustix",
        &["process/worker", "store/sqlite/files"],
        "only the workers stand back for others, and the store asks of a file no more than it needs",
    ),
    (
        "rustls",
        &["tls"],
        "one place chooses the cryptography of TLS",
    ),
    (
        "StatusCode",
        &["web", "api", "console", "cli", "process/fetch"],
        "status codes are web's table",
    ),
    ("super::super", &[], "name the room instead"),
];

fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    assert!(files.len() > 30, "the sources were not found");
    files
        .into_iter()
        .map(|path| {
            let name = path
                .strip_prefix(&root)
                .unwrap()
                .to_string_lossy()
                .into_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// `store/sqlite/writer.rs` → `store`; `clock.rs` → `clock`.
fn room(file: &str) -> &str {
    file.split('/').next().unwrap().trim_end_matches(".rs")
}

/// The code without its tests and comments: those may name anything.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

fn named_rooms(code: &str) -> Vec<String> {
    code.match_indices("crate::")
        .map(|(at, _)| {
            code[at + 7..]
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect()
        })
        .collect()
}

#[test]
fn rooms_name_only_lower_floors() {
    let floors: BTreeMap<&str, u8> = FLOORS.iter().copied().collect();
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let here = room(&file);
        if here == "main" || here == "lib" {
            continue;
        }
        let Some(floor) = floors.get(here) else {
            wrong.push(format!(
                "{file}: the room {here} has no floor; add it to ARCHITECTURE.md and here"
            ));
            continue;
        };
        for named in named_rooms(&code(&text)) {
            match floors.get(named.as_str()) {
                Some(other) if named != here && other >= floor => {
                    wrong.push(format!(
                        "{file} (floor {floor}) names {named} (floor {other})"
                    ));
                }
                _ => {}
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "arrows that must not exist:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn foreign_crates_stay_at_home() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let code = code(&text);
        for (word, homes, why) in HOMES {
            if code.contains(word) && !homes.iter().any(|home| file.starts_with(home)) {
                wrong.push(format!("{file} uses {word}: {why}"));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "foreign crates away from home:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn every_file_says_what_it_is() {
    let silent: Vec<_> = sources()
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//! "))
        .map(|(file, _)| file)
        .collect();
    assert!(
        silent.is_empty(),
        "files without a //! line first: {silent:?}"
    );
}
