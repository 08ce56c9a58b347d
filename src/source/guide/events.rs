//! Which events there are, what becomes of each, and which fields land where.

use crate::model::field::Kind;
use crate::source::declaration::{
    DeliverySpec, EventSpec, Expr, Fetch, FetchMethod, FieldSpec, FieldValue, LetValue, RecordSpec,
    Source,
};
use crate::source::guide::{Block, Page};

/// `contact, order`: what a source's events become.
pub fn kinds(source: &Source) -> String {
    let made = |kind: &Kind| {
        let mut records = source.events.iter().flat_map(|event| &event.records);
        records.any(|record| record.kind == *kind)
    };
    let kinds: Vec<&str> = Kind::ALL
        .iter()
        .filter(|kind| made(kind))
        .map(|kind| kind.as_str())
        .collect();
    kinds.join(", ")
}

pub fn write(source: &Source, page: &mut Page) {
    page.heading("Events");
    page.list(source.events.iter().map(in_short).collect());
    delivery(source, page);
    page.heading("Fields");
    page.text("A field of the record, and the formula that fills it; what is blank is left out. `body` is the request's body.");
    let lets = lets(source);
    if !lets.is_empty() {
        page.text("Names that the formulas use:");
        page.add(Block::Pairs(lets));
    }
    for event in source.events.iter().filter(|event| !event.ignore) {
        page.add(Block::Smaller(format!(
            "`{}`{}",
            event.name,
            when(event.when.as_ref())
        )));
        for fetch in &event.fetches {
            page.text(&fetched(fetch));
        }
        for record in &event.records {
            write_record(record, page);
        }
    }
}

fn in_short(event: &EventSpec) -> String {
    let becomes = match event.ignore {
        true => "ignored".to_owned(),
        false => {
            let kinds: Vec<String> = event.records.iter().map(becomes).collect();
            kinds.join(", ")
        }
    };
    let help = event
        .help
        .as_deref()
        .map_or_else(String::new, |help| format!(". {}", help.trim()));
    format!(
        "`{}`{}: {becomes}{help}",
        event.name,
        when(event.when.as_ref())
    )
}

/// `order`, or `order deleted`.
fn becomes(record: &RecordSpec) -> String {
    let kind = record.kind.as_str();
    match &record.deleted {
        Some(formula) if formula.text == "true" => format!("{kind} deleted"),
        _ if record.existing => format!("{kind} if it is known"),
        _ => kind.to_owned(),
    }
}

fn when(formula: Option<&Expr>) -> String {
    formula.map_or_else(String::new, |formula| format!(" when `{}`", formula.text))
}

/// Where the facts of a delivery stand.
fn delivery(source: &Source, page: &mut Page) {
    let DeliverySpec {
        event,
        id,
        time,
        scope,
        dedupe,
        window,
    } = &source.delivery;
    let mut pairs = Vec::new();
    let mut add = |name: &str, formula: &Expr| pairs.push((name.to_owned(), formula.text.clone()));
    for each in source.split.iter().flat_map(|split| &split.each) {
        add("one event for each of", each);
    }
    add("event", event);
    for (name, formula) in [("id", id), ("time", time), ("account", scope)] {
        if let Some(formula) = formula {
            add(name, formula);
        }
    }
    for (position, formula) in dedupe.iter().enumerate() {
        let name = match position {
            0 => "told apart by",
            _ => "and",
        };
        add(name, formula);
    }
    page.text("Read from each request:");
    page.add(Block::Pairs(pairs));
    if dedupe.is_empty() && id.is_none() {
        let minutes = window.map_or_else(
            || "as long as keys are kept".to_owned(),
            |window| format!("within {} minutes", window.as_secs() / 60),
        );
        page.text(&format!(
            "Nothing in it tells events apart, so two equal bodies {minutes} are one event."
        ));
    }
}

fn lets(source: &Source) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for (name, value) in &source.lets {
        match value {
            LetValue::Formula(formula) => pairs.push((name.clone(), formula.text.clone())),
            LetValue::Each { from, parts } => {
                pairs.push((name.clone(), format!("each item of {}", from.text)));
                let parts = parts
                    .iter()
                    .map(|(part, formula)| (format!("{name}[].{part}"), formula.text.clone()));
                pairs.extend(parts);
            }
        }
    }
    pairs
}

fn fetched(fetch: &Fetch) -> String {
    let method = match fetch.method {
        FetchMethod::Get => "GET",
        FetchMethod::Post => "POST",
    };
    let name = match &fetch.name {
        Some(name) => format!("fetched.{name}"),
        None => "fetched".to_owned(),
    };
    format!(
        "Read from the sender's API{} as `{name}`: `{method}` `{}`",
        when(fetch.when.as_ref()),
        fetch.url.text
    )
}

fn write_record(record: &RecordSpec, page: &mut Page) {
    let mut pairs = Vec::new();
    for (clause, formula) in [
        ("(only when)", &record.when),
        ("(deleted when)", &record.deleted),
    ] {
        if let Some(formula) = formula {
            pairs.push((clause.to_owned(), formula.text.clone()));
        }
    }
    for field in &record.previous {
        add(field, "(known before by) ", &mut pairs);
    }
    for field in &record.fields {
        add(field, "", &mut pairs);
    }
    let made = match record.existing {
        true => ", linked to where it is known and never made",
        false => "",
    };
    page.text(&format!("{}{made}:", record.kind.as_str()));
    page.add(Block::Pairs(pairs));
}

fn add(field: &FieldSpec, prefix: &str, pairs: &mut Vec<(String, String)>) {
    let name = format!("{prefix}{}", field.name);
    match &field.value {
        FieldValue::Formula(formula) => pairs.push((name, formula.text.clone())),
        FieldValue::Object(parts) => {
            for part in parts {
                add(part, &format!("{name}."), pairs);
            }
        }
        FieldValue::Each { from, fields } => {
            pairs.push((format!("{name}[]"), format!("each item of {}", from.text)));
            for part in fields {
                add(part, &format!("{name}[]."), pairs);
            }
        }
        FieldValue::Entries(entries) => {
            for part in entries.iter().flatten() {
                add(part, &format!("{name}[]."), pairs);
            }
        }
    }
}
