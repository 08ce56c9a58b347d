//! `[body]`, `[delivery]`, `[split]`, `[answer]` and `[[handshake]]`.

use std::collections::BTreeMap;

use crate::config::document::Table;
use crate::config::value;
use crate::payload::{Format, Formats};
use crate::source::declaration::{
    AnswerPolicy, BodySpec, DeliverySpec, Expr, Handshake, Reply, Split,
};
use crate::source::load::formula::{self, HANDSHAKE, Known, REQUEST};
use crate::{phrase, said};

pub fn body(root: &Table<'_>) -> BodySpec {
    let table = root.section("body");
    let mut accepts = Vec::new();
    for word in table.texts("accepts").unwrap_or_default() {
        match word.value.as_str() {
            "json" => accepts.push(Format::Json),
            "form" => accepts.push(Format::Form),
            "multipart" => accepts.push(Format::Multipart),
            "xml" => accepts.push(Format::Xml),
            other => table.problem(
                word.line,
                said!(
                    "load-accepts",
                    "`body.accepts` knows json, form, multipart and xml, not \"{other}\"",
                    other = other
                ),
            ),
        }
    }
    if accepts.is_empty() {
        accepts.push(Format::Json);
    }
    let names = |key: &str| {
        let names = table.texts(key).unwrap_or_default();
        names.into_iter().map(|field| field.value).collect()
    };
    let (json_in, redact) = (names("json_in"), names("redact"));
    table.finish();
    BodySpec {
        formats: Formats {
            accepts,
            json_in,
            max_file: None,
        },
        redact,
    }
}

pub fn split(root: &Table<'_>, known: &Known) -> Option<Split> {
    let table = root.table("split")?;
    let names = formula::with(REQUEST, &["item", "outer"]);
    let each = formula::list(&table, "each", &names, known);
    if each.is_empty() {
        table.problem(
            table.line,
            phrase!(
                "load-split-empty",
                "`split.each` must name at least one list"
            ),
        );
    }
    table.finish();
    Some(Split { each })
}

/// Names that `[delivery]` and `[[event]]` formulas may read.
pub fn names(split: bool) -> Vec<&'static str> {
    if split {
        formula::with(REQUEST, &["event", "item", "outer"])
    } else {
        formula::with(REQUEST, &["event"])
    }
}

pub fn delivery(root: &Table<'_>, known: &Known, split: bool) -> DeliverySpec {
    let missing = Expr {
        text: "''".to_owned(),
        line: root.line,
    };
    let Some(table) = root.table("delivery") else {
        root.problem(
            root.line,
            phrase!(
                "load-no-delivery",
                "`[delivery]` is missing: it says where the event's type stands"
            ),
        );
        return DeliverySpec {
            event: missing,
            id: None,
            time: None,
            scope: None,
            dedupe: Vec::new(),
            window: None,
        };
    };
    let names = names(split);
    let delivery = DeliverySpec {
        event: formula::required(&table, "event", &names, known).unwrap_or(missing),
        id: formula::optional(&table, "id", &names, known),
        time: formula::optional(&table, "time", &names, known),
        scope: formula::optional(&table, "scope", &names, known),
        dedupe: formula::list(&table, "dedupe", &names, known),
        window: table
            .text("window")
            .and_then(|text| match value::duration(&text.value) {
                Ok(window) => Some(window),
                Err(error) => {
                    table.problem(text.line, error);
                    None
                }
            }),
    };
    table.finish();
    delivery
}

pub fn answer(root: &Table<'_>) -> AnswerPolicy {
    let table = root.section("answer");
    let busy_status = match table.number("busy_status") {
        None | Some(503) => 503,
        Some(429) => 429,
        Some(other) => {
            table.problem(
                table.line_of("busy_status"),
                said!(
                    "load-busy",
                    "`answer.busy_status` is 503, or 429 for senders that give up on 5xx, not {other}",
                    other = other
                ),
            );
            503
        }
    };
    let accept_invalid = match table.text("on_invalid") {
        None => false,
        Some(word) if word.value == "accept" => true,
        Some(word) if word.value == "refuse" => false,
        Some(word) => {
            table.problem(
                word.line,
                phrase!(
                    "load-on-invalid",
                    "`answer.on_invalid` is \"accept\" or \"refuse\""
                ),
            );
            false
        }
    };
    let answer = AnswerPolicy {
        busy_status,
        accept_invalid,
        ok: said(&table, "ok"),
        ignored: said(&table, "ignored"),
        invalid: said(&table, "invalid"),
        busy: busy(&table),
    };
    table.finish();
    answer
}

/// `[answer.ok]`
fn said(table: &Table<'_>, key: &str) -> Option<Reply> {
    let inner = table.table(key)?;
    let body = inner.text("body").map(|text| text.value);
    let said = Reply {
        status: status(&inner),
        content_type: content_type(&inner, "text/plain"),
        body: body.unwrap_or_default(),
    };
    inner.finish();
    Some(said)
}

/// `[answer.busy]`: the words that go with 429 and 503. Its status is `busy_status`, for the sender must come again.
fn busy(table: &Table<'_>) -> Option<Reply> {
    let inner = table.table("busy")?;
    if inner.has("status") {
        inner.problem(
            inner.line_of("status"),
            phrase!("load-busy-status", "`answer.busy` has no status of its own: it is said with 429 and 503; `answer.busy_status` chooses one"),
        );
    }
    let body = inner.required_text("body").map(|text| text.value);
    let said = Reply {
        status: 503,
        content_type: content_type(&inner, "text/plain"),
        body: body.unwrap_or_default(),
    };
    inner.finish();
    Some(said)
}

/// A status that a sender can be answered; 200 when none is told.
fn status(table: &Table<'_>) -> u16 {
    let Some(number) = table.number("status") else {
        return 200;
    };
    match u16::try_from(number) {
        Ok(status @ 200..=599) => status,
        _ => {
            table.problem(
                table.line_of("status"),
                said!(
                    "load-status",
                    "`{key}` is a status from 200 to 599",
                    key = table.path("status")
                ),
            );
            200
        }
    }
}

fn content_type(table: &Table<'_>, usual: &str) -> String {
    let told = table.text("content_type").map(|text| text.value);
    told.unwrap_or_else(|| usual.to_owned())
}

pub fn handshakes(root: &Table<'_>, known: &Known) -> Vec<Handshake> {
    let known = Known {
        lets: Vec::new(),
        ..known.clone()
    };
    root.tables("handshake")
        .into_iter()
        .map(|table| handshake(&table, &known))
        .collect()
}

fn handshake(table: &Table<'_>, known: &Known) -> Handshake {
    let names = HANDSHAKE;
    let method = table.required_text("method");
    if let Some(method) = &method
        && !["GET", "HEAD", "OPTIONS", "POST"].contains(&method.value.as_str())
    {
        table.problem(
            method.line,
            phrase!(
                "load-handshake-method",
                "`handshake.method` is GET, HEAD, OPTIONS or POST"
            ),
        );
    }
    let json = formulas(table, "json", names, known);
    let usual = if json.is_empty() {
        "text/plain"
    } else {
        "application/json"
    };
    let handshake = Handshake {
        method: method.map(|text| text.value).unwrap_or_default(),
        when: formula::optional(table, "when", names, known),
        verified: table.bool("verified").unwrap_or(false),
        check: formula::optional(table, "check", names, known),
        status: status(table),
        content_type: content_type(table, usual),
        answer: formula::optional(table, "answer", names, known),
        headers: formulas(table, "headers", names, known),
        json,
    };
    table.finish();
    handshake
}

/// A table of formulas.
pub fn formulas(
    table: &Table<'_>,
    key: &str,
    names: &[&str],
    known: &Known,
) -> BTreeMap<String, Expr> {
    let mut formulas = BTreeMap::new();
    let Some(inner) = table.table(key) else {
        return formulas;
    };
    for (name, _) in inner.keys() {
        if let Some(formula) = formula::optional(&inner, &name, names, known) {
            formulas.insert(name, formula);
        }
    }
    formulas
}
