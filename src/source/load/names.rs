//! `[let]`: names for formulas and lists, in the order of the file; each may read those before it.

use crate::config::document::Table;
use crate::said;
use crate::source::declaration::LetValue;
use crate::source::load::formula::{self, Known, REQUEST};

pub fn read(root: &Table<'_>, known: &mut Known) -> Vec<(String, LetValue)> {
    let mut lets = Vec::new();
    let Some(table) = root.table("let") else {
        return lets;
    };
    let names = formula::with(REQUEST, &["event", "item", "outer", "fetched"]);
    let mut keys = table.keys();
    keys.sort_by_key(|(_, line)| *line);
    for (name, line) in keys {
        if names.contains(&name.as_str()) || name == "settings" {
            table.item(&name);
            table.problem(
                line,
                said!(
                    "load-let-hides",
                    "`let.{name}` would hide a name that is there already",
                    name = &name
                ),
            );
            continue;
        }
        if let Some(value) = value(&table, &name, &names, known) {
            known.lets.push(name.clone());
            lets.push((name, value));
        }
    }
    lets
}

fn value(table: &Table<'_>, name: &str, names: &[&str], known: &Known) -> Option<LetValue> {
    if !table.item(name)?.is_table() {
        return formula::optional(table, name, names, known).map(LetValue::Formula);
    }
    let inner = table.table(name)?;
    let from = formula::required(&inner, "from", names, known);
    let mut parts = Vec::new();
    for (part, _) in inner.keys() {
        if part == "from" {
            continue;
        }
        if let Some(formula) = formula::optional(&inner, &part, names, known) {
            parts.push((part, formula));
        }
    }
    if parts.is_empty() {
        inner.problem(
            inner.line,
            said!(
                "load-let-empty",
                "`{key}` gives its entries no part",
                key = table.path(name)
            ),
        );
    }
    Some(LetValue::Each { from: from?, parts })
}
