//! Formulas in a declaration, checked where they stand.

use std::collections::BTreeSet;

use crate::config::document::{Table, Text};
use crate::expr::Formula;
use crate::model::problem::nearest;
use crate::model::said::{Said, Word};
use crate::said;
use crate::source::declaration::Expr;

/// What formulas and events may name.
#[derive(Debug, Clone, Default)]
pub struct Known {
    pub tables: BTreeSet<String>,
    pub schemas: BTreeSet<String>,
    /// What is declared under `[settings]`.
    pub settings: BTreeSet<String>,
    /// Names that `[let]` has made so far.
    pub lets: Vec<String>,
}

/// Names of a handshake, which is no event: it has settings instead.
pub const HANDSHAKE: &[&str] = &[
    "query", "header", "body", "endpoint", "method", "settings", "secret",
];

/// Names of the check of a proof, which stands before any event is known.
pub const PROOF: &[&str] = &["query", "header", "body", "endpoint", "method", "settings"];

/// Names in scope for everything about one request.
pub const REQUEST: &[&str] = &[
    "body",
    "header",
    "query",
    "endpoint",
    "method",
    "received_at",
    "region",
];

/// The names of `base` and more.
pub fn with(base: &[&'static str], more: &[&'static str]) -> Vec<&'static str> {
    base.iter().chain(more).copied().collect()
}

/// The formula under `key`, when there is one.
pub fn optional(table: &Table<'_>, key: &str, names: &[&str], known: &Known) -> Option<Expr> {
    let text = table.text(key)?;
    checked(table, key, text, names, known)
}

/// The formula under `key`, which must be there.
pub fn required(table: &Table<'_>, key: &str, names: &[&str], known: &Known) -> Option<Expr> {
    let text = table.required_text(key)?;
    checked(table, key, text, names, known)
}

/// A list of formulas.
pub fn list(table: &Table<'_>, key: &str, names: &[&str], known: &Known) -> Vec<Expr> {
    table
        .texts(key)
        .unwrap_or_default()
        .into_iter()
        .filter_map(|text| checked(table, key, text, names, known))
        .collect()
}

/// A formula that compiles and names only what is there.
pub fn checked(
    table: &Table<'_>,
    key: &str,
    text: Text,
    names: &[&str],
    known: &Known,
) -> Option<Expr> {
    let line = text.line;
    let formula = match Formula::compile(&text.value) {
        Ok(formula) => formula,
        Err(error) => {
            table.problem(
                line,
                said!(
                    "load-formula",
                    "`{key}`: {why}{hint}",
                    key = table.path(key),
                    why = *error.0,
                    hint = ""
                ),
            );
            return None;
        }
    };
    let mut allowed = names.to_vec();
    allowed.extend(known.lets.iter().map(String::as_str));
    if let Err(error) = formula.check_variables(&allowed) {
        let hint = quoted(&text.value);
        table.problem(
            line,
            said!(
                "load-formula",
                "`{key}`: {why}{hint}",
                key = table.path(key),
                why = *error.0,
                hint = hint
            ),
        );
        return None;
    }
    for name in formula.paths() {
        if let Some(name) = name.strip_prefix("settings.")
            && names.contains(&"settings")
            && !known.settings.contains(name)
        {
            let nearest = nearest(name, known.settings.iter().map(String::as_str));
            let add = said!(
                "load-add",
                "add [{table}]",
                table = format!("settings.{name}")
            );
            let sentence = said!(
                "load-no-setting",
                "`{key}`: the source declares no setting \"{name}\"; {hint}",
                key = table.path(key),
                hint = meant_or(nearest, add),
                name = name
            );
            table.problem(line, sentence);
        }
    }
    for name in formula.tables() {
        if !known.tables.contains(name) {
            let nearest = nearest(name, known.tables.iter().map(String::as_str));
            let add = said!(
                "load-add",
                "add [{table}]",
                table = format!("lookup.{name}")
            );
            table.problem(
                line,
                said!(
                    "load-no-table",
                    "`{key}`: there is no lookup table \"{name}\"; {hint}",
                    key = table.path(key),
                    hint = meant_or(nearest, add),
                    name = name
                ),
            );
        }
    }
    Some(Expr {
        text: text.value,
        line,
    })
}

/// How a lone word is written when it is meant as it stands, which is what people forget first.
fn quoted(text: &str) -> Word {
    let is_word = text
        .chars()
        .all(|letter| letter.is_alphanumeric() || letter == '_');
    match is_word {
        true => said!(
            "load-quoted",
            "; the text itself is written \"'{text}'\"",
            text = text
        )
        .into(),
        false => Word::from(""),
    }
}

/// The name that was most likely meant, or else what can be done.
fn meant_or(nearest: Option<&str>, otherwise: Said) -> Said {
    match nearest {
        Some(nearest) => said!(
            "source-meant",
            "did you mean \"{nearest}\"?",
            nearest = nearest
        ),
        None => otherwise,
    }
}

/// The name of a schema that exists.
pub fn schema(table: &Table<'_>, known: &Known) -> Option<String> {
    let text = table.text("schema")?;
    if known.schemas.contains(&text.value) {
        return Some(text.value);
    }
    let nearest = nearest(&text.value, known.schemas.iter().map(String::as_str));
    let write = said!(
        "load-write-schema",
        "write it as schemas/SOURCE/{name}.json",
        name = &text.value
    );
    table.problem(
        text.line,
        said!(
            "load-no-schema",
            "there is no schema \"{name}\"; {hint}",
            name = &text.value,
            hint = meant_or(nearest, write)
        ),
    );
    None
}
