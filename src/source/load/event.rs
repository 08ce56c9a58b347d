//! `[[event]]`: what each event becomes.

use crate::config::document::Table;
use crate::model::field::Kind;
use crate::source::declaration::{EventSpec, Fetch, FetchMethod};
use crate::source::envelope::matches;
use crate::source::load::delivery;
use crate::source::load::formula::{self, Known};
use crate::source::load::record;
use crate::{phrase, said};

pub fn read_all(root: &Table<'_>, known: &Known, split: bool) -> Vec<EventSpec> {
    let tables = root.tables("event");
    if tables.is_empty() {
        root.problem(
            root.line,
            phrase!(
                "load-no-event",
                "there is no [[event]]: nothing would ever become a record"
            ),
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
                said!(
                    "load-unreached",
                    "the event \"{event}\" is never reached: \"{other}\" in line {line} takes it first",
                    event = &event.name,
                    other = &earlier.name,
                    line = earlier.line
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
    let fetches = fetches(table, known, &head);
    let mut names = head;
    if !fetches.is_empty() {
        names.push("fetched");
    }
    let mut records = Vec::new();
    for kind in Kind::ALL {
        for inner in table.tables(kind.as_str()) {
            records.push(record::read(&inner, kind, &names, known));
        }
    }
    let help = table.text("help").map(|text| text.value.into());
    table.finish();
    if ignore && !records.is_empty() {
        table.problem(
            table.line,
            phrase!(
                "load-both",
                "an event cannot both be ignored and become records"
            ),
        );
    }
    if !ignore && records.is_empty() {
        table.problem(
            table.line,
            phrase!(
                "load-nothing",
                "the event becomes nothing: add [event.contact] or the like, or `ignore = true`"
            ),
        );
    }
    Some(EventSpec {
        name: name?.value,
        line: table.line,
        when,
        schema,
        ignore,
        fetches,
        records,
        help,
    })
}

/// `[event.fetch]`, or several of `[[event.fetch]]`, each with a name.
fn fetches(table: &Table<'_>, known: &Known, head: &[&'static str]) -> Vec<Fetch> {
    let tables = table.tables("fetch");
    let several = tables.len() > 1;
    let mut fetches: Vec<Fetch> = Vec::new();
    for table in &tables {
        let name = table.text("name");
        if several && name.is_none() {
            table.problem(
                table.line,
                phrase!(
                    "load-fetch-unnamed",
                    "of several fetches each needs a `name`: its answer is `fetched.NAME`"
                ),
            );
        }
        if let Some(name) = &name
            && fetches
                .iter()
                .any(|fetch| fetch.name.as_ref() == Some(&name.value))
        {
            table.problem(
                name.line,
                said!(
                    "load-fetch-twice",
                    "there is a fetch called \"{name}\" already",
                    name = &name.value
                ),
            );
        }
        fetches.extend(fetch(table, name.map(|name| name.value), known, head));
        table.finish();
    }
    fetches
}

fn fetch(
    table: &Table<'_>,
    name: Option<String>,
    known: &Known,
    head: &[&'static str],
) -> Option<Fetch> {
    let names = match name {
        // What was answered before.
        Some(_) => formula::with(head, &["settings", "fetched"]),
        None => formula::with(head, &["settings"]),
    };
    let answer = formula::with(head, &["settings", "fetched", "status"]);
    let json = delivery::formulas(table, "json", &names, known);
    let fetch = Fetch {
        name,
        when: formula::optional(table, "when", &names, known),
        method: method(table, !json.is_empty()),
        url: formula::required(table, "url", &names, known)?,
        headers: delivery::formulas(table, "headers", &names, known),
        json,
        token_error: formula::optional(table, "token_error", &answer, known),
        schema: formula::schema(table, known),
        token_setting: table.text("token_setting").map(|text| text.value),
        optional: table.bool("optional").unwrap_or(false),
    };
    Some(fetch)
}

/// `GET` where nothing is said; a fetch with a body is a `POST`.
fn method(table: &Table<'_>, has_body: bool) -> FetchMethod {
    let Some(word) = table.text("method") else {
        return match has_body {
            true => FetchMethod::Post,
            false => FetchMethod::Get,
        };
    };
    match (word.value.as_str(), has_body) {
        ("GET", false) => FetchMethod::Get,
        ("POST", _) => FetchMethod::Post,
        ("GET", true) => {
            table.problem(
                word.line,
                phrase!(
                    "load-get-body",
                    "a GET has no body: leave `json` out, or say POST"
                ),
            );
            FetchMethod::Get
        }
        _ => {
            table.problem(
                word.line,
                phrase!("load-fetch-method", "`fetch.method` is GET or POST"),
            );
            FetchMethod::Get
        }
    }
}
