//! `[event.contact]` and its fields, against the field registry.

use crate::config::document::Table;
use crate::model::field::{Field, FieldType, Kind};
use crate::model::problem::nearest;
use crate::model::said::Said;
use crate::said;
use crate::source::declaration::{FieldSpec, FieldValue, RecordSpec};
use crate::source::load::formula::{self, Known};

/// Words of a record's table that are no fields.
pub const RESERVED: &[&str] = &["when", "deleted", "existing", "clears", "each", "previous"];

/// Fields by which a record can be known from before.
const IDENTITY: &[&str] = &["external_id", "email", "phone"];

pub fn read(table: &Table<'_>, kind: Kind, names: &[&'static str], known: &Known) -> RecordSpec {
    let when = formula::optional(table, "when", names, known);
    let deleted = formula::optional(table, "deleted", names, known);
    let existing = table.bool("existing").unwrap_or(false);
    let mut clears = Vec::new();
    for name in table.texts("clears").unwrap_or_default() {
        if kind.field(&name.value).is_none() {
            table.problem(
                name.line,
                unknown(kind.fields(), &name.value, kind.as_str()),
            );
        }
        clears.push(name.value);
    }
    let mut fields = fields(table, kind.fields(), kind.as_str(), names, known);
    fields.extend(lists(table, kind, names, known));
    let previous = previous(table, kind, names, known);
    table.finish();
    if fields.is_empty() {
        table.problem(
            table.line,
            said!(
                "load-no-fields",
                "the {kind} has no field, so it says nothing",
                kind = kind.as_str()
            ),
        );
    }
    fields.sort_by_key(|field| field.line);
    RecordSpec {
        kind,
        line: table.line,
        when,
        deleted,
        existing,
        clears,
        fields,
        previous,
    }
}

/// `[event.contact.previous]`
fn previous(
    table: &Table<'_>,
    kind: Kind,
    names: &[&'static str],
    known: &Known,
) -> Vec<FieldSpec> {
    let Some(inner) = table.table("previous") else {
        return Vec::new();
    };
    let mut specs = Vec::new();
    for (name, line) in inner.keys() {
        if !IDENTITY.contains(&name.as_str()) || kind.field(&name).is_none() {
            inner.item(&name);
            inner.problem(
                line,
                said!(
                    "load-previous",
                    "a {kind} is not known from before by `{name}`, but by {known}",
                    known = identity(kind).join(", "),
                    kind = kind.as_str(),
                    name = &name
                ),
            );
            continue;
        }
        if let Some(formula) = formula::optional(&inner, &name, names, known) {
            specs.push(FieldSpec {
                name,
                line,
                value: FieldValue::Formula(formula),
            });
        }
    }
    inner.finish();
    specs
}

/// The fields written directly in `table`.
fn fields(
    table: &Table<'_>,
    registry: &'static [Field],
    of: &str,
    names: &[&'static str],
    known: &Known,
) -> Vec<FieldSpec> {
    let mut specs = Vec::new();
    for (name, line) in table.keys() {
        if RESERVED.contains(&name.as_str()) {
            continue;
        }
        let Some(field) = registry.iter().find(|field| field.name == name) else {
            // Asked for, so that it is told once and with a better sentence.
            table.item(&name);
            table.problem(line, unknown(registry, &name, of));
            continue;
        };
        if let Some(value) = value(table, field, names, known) {
            specs.push(FieldSpec { name, line, value });
        }
    }
    specs
}

fn value(
    table: &Table<'_>,
    field: &'static Field,
    names: &[&'static str],
    known: &Known,
) -> Option<FieldValue> {
    let item = table.item(field.name)?;
    if item.text().is_some() {
        if matches!(field.of, FieldType::Link) {
            table.problem(
                item.line,
                said!(
                    "load-link",
                    "`{key}` is written by the gateway: records of one event are linked",
                    key = table.path(field.name)
                ),
            );
            return None;
        }
        return formula::optional(table, field.name, names, known).map(FieldValue::Formula);
    }
    match &field.of {
        FieldType::Object(parts) => {
            let inner = table.table(field.name)?;
            let parts = self::fields(&inner, parts, field.name, names, known);
            inner.finish();
            Some(FieldValue::Object(parts))
        }
        FieldType::Free => {
            let inner = table.table(field.name)?;
            Some(FieldValue::Object(free(&inner, names, known)))
        }
        FieldType::Objects(parts) => {
            let entries = table.tables(field.name);
            let entries = entries
                .iter()
                .map(|entry| {
                    let parts = self::fields(entry, parts, field.name, names, known);
                    entry.finish();
                    parts
                })
                .collect();
            Some(FieldValue::Entries(entries))
        }
        _ => {
            table.problem(
                item.line,
                said!(
                    "load-formula-quotes",
                    "`{key}` must be a formula in quotes",
                    key = table.path(field.name)
                ),
            );
            None
        }
    }
}

/// `[event.order.custom]`: any keys.
fn free(table: &Table<'_>, names: &[&'static str], known: &Known) -> Vec<FieldSpec> {
    let mut specs = Vec::new();
    for (name, line) in table.keys() {
        if let Some(formula) = formula::optional(table, &name, names, known) {
            specs.push(FieldSpec {
                name,
                line,
                value: FieldValue::Formula(formula),
            });
        }
    }
    specs
}

/// What a record of a kind is known by.
fn identity(kind: Kind) -> Vec<&'static str> {
    let named = |name: &&str| kind.field(name).is_some();
    IDENTITY.iter().copied().filter(named).collect()
}

/// `[event.order.each.line_items]`
fn lists(table: &Table<'_>, kind: Kind, names: &[&'static str], known: &Known) -> Vec<FieldSpec> {
    let mut specs = Vec::new();
    let Some(each) = table.table("each") else {
        return specs;
    };
    for (name, line) in each.keys() {
        let Some(inner) = each.table(&name) else {
            continue;
        };
        let Some(FieldType::Objects(parts)) = kind.field(&name).map(|field| &field.of) else {
            each.problem(
                line,
                said!(
                    "load-no-list",
                    "{kind} has no list called `{name}` to fill item by item",
                    kind = kind.as_str(),
                    name = &name
                ),
            );
            continue;
        };
        let from = formula::required(&inner, "from", names, known);
        let within = formula::with(names, &["item"]);
        let mut fields = Vec::new();
        for (part, part_line) in inner.keys() {
            if part == "from" {
                continue;
            }
            let Some(field) = parts.iter().find(|field| field.name == part) else {
                inner.item(&part);
                inner.problem(part_line, unknown(parts, &part, &name));
                continue;
            };
            if let Some(value) = value(&inner, field, &within, known) {
                fields.push(FieldSpec {
                    name: part,
                    line: part_line,
                    value,
                });
            }
        }
        if let Some(from) = from {
            specs.push(FieldSpec {
                name,
                line,
                value: FieldValue::Each { from, fields },
            });
        }
    }
    specs
}

fn unknown(registry: &[Field], name: &str, of: &str) -> Said {
    if name == "from" {
        return said!(
            "load-each",
            "a list that is filled item by item stands under `each`: [event.KIND.each.{of}]",
            of = of
        );
    }
    let whole = registry.iter().find(|field| {
        matches!(&field.of, FieldType::Object(parts) if parts.iter().any(|part| part.name == name))
    });
    if let Some(whole) = whole {
        return said!(
            "load-field-of-part",
            "{of} has no field `{name}`, but {whole} has: write it under [event.{of}.{whole}]",
            of = of,
            name = name,
            whole = whole.name
        );
    }
    let hint = match nearest(name, registry.iter().map(|field| field.name)) {
        Some(nearest) => said!("load-meant", "did you mean `{nearest}`?", nearest = nearest),
        None => {
            let names: Vec<&str> = registry.iter().map(|field| field.name).collect();
            said!("load-it-has", "it has {names}", names = names.join(", "))
        }
    };
    said!(
        "load-no-field",
        "{of} has no field `{name}`; {hint}",
        of = of,
        name = name,
        hint = hint
    )
}

#[cfg(test)]
mod tests {
    use super::RESERVED;
    use crate::model::field::Kind;

    #[test]
    fn no_field_has_a_reserved_name() {
        for kind in Kind::ALL {
            for word in RESERVED {
                assert!(
                    kind.field(word).is_none(),
                    "{} has a field {word}",
                    kind.as_str()
                );
            }
        }
    }
}
