//! `[[event]]`: what each event becomes.

use crate::config::document::Table;
use crate::model::field::Kind;
use crate::source::declaration::{EventSpec, Fetch};
use crate::source::envelope::matches;
use crate::source::load::delivery;
use crate::source::load::formula::{self, Known};
use crate::source::load::record;

pub fn read_all(root: &Table<'_>, known: &Known, split: bool) -> Vec<EventSpec> {
    let tables = root.tables("event");
    if tables.is_empty() {
        root.problem(
            root.line,
            "there is no [[event]]: nothing would ever become a record",
        );
    }
    let mut events: Vec<EventSpec> = Vec::new();
    for table in &tables {
        let Some(event) = read(table, known, split) else {
            continue;
        };
        let shadow = events
            .iter()
            .find(|earlier| earlier.when.is_none() && matches(&earlier.name, &event.name));
        if let Some(earlier) = shadow {
            table.problem(
                event.line,
                format!(
                    "the event \"{}\" is never reached: \"{}\" in line {} takes it first",
                    event.name, earlier.name, earlier.line
                ),
            );
        }
        events.push(event);
    }
    events
}

fn read(table: &Table<'_>, known: &Known, split: bool) -> Option<EventSpec> {
    let name = table.required_text("name");
    let head = delivery::names(split);
    let ignore = table.bool("ignore").unwrap_or(false);
    let when = formula::optional(table, "when", &head, known);
    let schema = formula::schema(table, known);
    let fetch = table
        .table("fetch")
        .and_then(|table| fetch(&table, known, &head));
    let mut names = head;
    if fetch.is_some() {
        names.push("fetched");
    }
    let mut records = Vec::new();
    for kind in Kind::ALL {
        for inner in table.tables(kind.as_str()) {
            records.push(record::read(&inner, kind, &names, known));
        }
    }
    let help = table.text("help").map(|text| text.value);
    table.finish();
    if ignore && !records.is_empty() {
        table.problem(
            table.line,
            "an event cannot both be ignored and become records",
        );
    }
    if !ignore && records.is_empty() {
        table.problem(
            table.line,
            "the event becomes nothing: add [event.contact] or the like, or `ignore = true`",
        );
    }
    Some(EventSpec {
        name: name?.value,
        line: table.line,
        when,
        schema,
        ignore,
        fetch,
        records,
        help,
    })
}

fn fetch(table: &Table<'_>, known: &Known, head: &[&'static str]) -> Option<Fetch> {
    let names = formula::with(head, &["settings"]);
    let answer = formula::with(head, &["settings", "fetched", "status"]);
    let fetch = Fetch {
        when: formula::optional(table, "when", &names, known),
        url: formula::required(table, "url", &names, known)?,
        headers: delivery::formulas(table, "headers", &names, known),
        token_error: formula::optional(table, "token_error", &answer, known),
        schema: formula::schema(table, known),
        token_setting: table.text("token_setting").map(|text| text.value),
    };
    table.finish();
    Some(fetch)
}
