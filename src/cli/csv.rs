//! CSV of records: columns out of the field registry, cells that no spreadsheet takes for a formula.

use serde_json::Value;

use crate::model::field::{Field, FieldType, Kind};
use crate::model::record::{Fields, Record};

/// Columns of one kind: `id`, the fields (parts of objects with dots), the times.
pub struct Columns(Vec<Column>);

struct Column {
    name: String,
    path: Vec<&'static str>,
    of: &'static FieldType,
}

impl Columns {
    pub fn of(kind: Kind) -> Self {
        let mut columns = Vec::new();
        flatten(kind.fields(), &[], &mut columns);
        Columns(columns)
    }

    /// The head line.
    pub fn head(&self) -> String {
        let names = self.0.iter().map(|column| column.name.clone());
        line(
            std::iter::once("id".to_owned())
                .chain(names)
                .chain(["created_at".to_owned(), "updated_at".to_owned()]),
        )
    }

    /// One record's line.
    pub fn record(&self, record: &Record) -> String {
        let cells = self
            .0
            .iter()
            .map(|column| match find(&record.fields, &column.path) {
                Some(value) => cell(value, column.of),
                None => String::new(),
            });
        let times = [record.created_at, record.updated_at].map(|time| time.to_string());
        line(
            std::iter::once(record.id.to_string())
                .chain(cells)
                .chain(times),
        )
    }
}

fn flatten(fields: &'static [Field], above: &[&'static str], columns: &mut Vec<Column>) {
    for field in fields {
        let mut path = above.to_vec();
        path.push(field.name);
        match &field.of {
            FieldType::Object(parts) => flatten(parts, &path, columns),
            of => columns.push(Column {
                name: path.join("."),
                path,
                of,
            }),
        }
    }
}

fn find<'r>(fields: &'r Fields, path: &[&str]) -> Option<&'r Value> {
    let (first, rest) = path.split_first()?;
    let mut here = fields.get(first)?;
    for part in rest {
        here = here.get(part)?;
    }
    Some(here)
}

/// A value as it stands in a cell. Lists of texts are joined, deeper things stay JSON.
fn cell(value: &Value, of: &FieldType) -> String {
    let text = match value {
        Value::Null => return String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            let texts: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
            texts.join("; ")
        }
        other => other.to_string(),
    };
    match of {
        // What was checked to be a number or a time cannot be a formula, and stays one.
        FieldType::Money | FieldType::Number | FieldType::Time | FieldType::Bool => text,
        FieldType::Phone if is_phone(&text) => text,
        _ => harmless(text),
    }
}

fn is_phone(text: &str) -> bool {
    text.strip_prefix('+')
        .is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
}

/// Spreadsheets run cells that begin like a formula; an apostrophe makes them text.
pub fn harmless(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text
    }
}

/// One line as in RFC 4180: cells with a comma, a quote or a line break are quoted.
pub fn line(cells: impl Iterator<Item = String>) -> String {
    let mut line = String::new();
    for (position, cell) in cells.enumerate() {
        if position > 0 {
            line.push(',');
        }
        if cell.contains([',', '"', '\n', '\r']) {
            line.push('"');
            line.push_str(&cell.replace('"', "\"\""));
            line.push('"');
        } else {
            line.push_str(&cell);
        }
    }
    line.push_str("\r\n");
    line
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::Columns;
    use crate::model::field::Kind;
    use crate::model::record::{Meta, Record};

    /// The cells of a record, beside their columns, those that are not blank.
    fn check(kind: Kind, fields: Value, expected: &[(&str, &str)]) {
        let record = Record {
            id: Uuid::nil(),
            kind,
            fields: fields.as_object().unwrap().clone().into(),
            meta: Meta::default(),
            version: 1,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
            deleted_at: None,
        };
        let columns = Columns::of(kind);
        let head = columns.head();
        let line = columns.record(&record);
        let names: Vec<&str> = head.trim_end().split(',').collect();
        let cells = cells(line.trim_end_matches("\r\n"));
        assert_eq!(names.len(), cells.len());
        let found: Vec<(&str, &str)> = names
            .iter()
            .zip(&cells)
            .filter(|(name, cell)| !cell.is_empty() && *name != &"id" && !name.ends_with("ted_at"))
            .map(|(name, cell)| (*name, cell.as_str()))
            .collect();
        assert_eq!(found, expected);
    }

    /// A reader of its own, so that the test does not trust the writer.
    fn cells(line: &str) -> Vec<String> {
        let mut cells = vec![String::new()];
        let mut quoted = false;
        let mut rest = line.chars().peekable();
        while let Some(c) = rest.next() {
            match c {
                '"' if quoted && rest.peek() == Some(&'"') => {
                    rest.next();
                    cells.last_mut().unwrap().push('"');
                }
                '"' => quoted = !quoted,
                ',' if !quoted => cells.push(String::new()),
                c => cells.last_mut().unwrap().push(c),
            }
        }
        cells
    }

    #[test]
    fn columns_come_from_the_registry() {
        let contact = json!({
            "full_name": "Ruiz, Ana \"la jefa\"\nMadrid", "email": "ana@example.com", "phone": "+34600111222",
            "address": {"city": "Madrid", "country": "ES"}, "tags": ["vip", "b2b"],
            "consent": [{"channel": "email", "state": "granted"}], "stats": {"total_spent": "-5.00"}
        });
        check(
            Kind::Contact,
            contact,
            &[
                ("full_name", "Ruiz, Ana \"la jefa\"\nMadrid"),
                ("email", "ana@example.com"),
                ("phone", "+34600111222"),
                ("address.city", "Madrid"),
                ("address.country", "ES"),
                ("tags", "vip; b2b"),
                ("consent", "[{\"channel\":\"email\",\"state\":\"granted\"}]"),
                ("stats.total_spent", "-5.00"),
            ],
        );
    }

    #[test]
    fn no_text_becomes_a_formula() {
        check(
            Kind::Contact,
            json!({"full_name": "=HYPERLINK(\"http://x\")", "company": "@SUM(A1)", "phone": "+1|cmd", "tags": ["-1+2"]}),
            &[
                ("full_name", "'=HYPERLINK(\"http://x\")"),
                ("phone", "'+1|cmd"),
                ("company", "'@SUM(A1)"),
                ("tags", "'-1+2"),
            ],
        );
    }
}
