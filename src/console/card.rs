//! Records as people read them: what one is called, and what stands in a field.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;
use uuid::Uuid;

use crate::console::Console;
use crate::console::rule_words;
use crate::console::visitor::Insider;
use crate::console::when;
use crate::console::words::Words;
use crate::model::desk::Desk;
use crate::model::field::{FieldType, Kind};
use crate::model::record::Record;

/// Characters of a value in a list or a timeline.
const SHORT: usize = 90;

/// What a record is called; `contact` is the one it belongs to.
pub fn title(record: &Record, contact: Option<&Record>) -> String {
    let own = |names: &[&str]| names.iter().find_map(|name| text(record, name));
    let of_contact = || contact.map(|contact| title(contact, None));
    let found = match record.kind {
        Kind::Contact => own(&["full_name", "email", "company", "phone"]),
        Kind::Lead => of_contact().or_else(|| own(&["title", "form_name", "external_id"])),
        Kind::Order => own(&["number", "external_id"]),
        Kind::Ticket => own(&["subject", "external_id"]),
    };
    found.unwrap_or_else(|| short_id(record.id))
}

/// The end of an id: enough to tell two nameless records apart.
fn short_id(id: Uuid) -> String {
    let text = id.simple().to_string();
    format!("…{}", text.get(24..).unwrap_or_default())
}

/// What a lead or ticket is about, in a few words.
pub fn about(record: &Record) -> Option<String> {
    let names: &[&str] = match record.kind {
        Kind::Lead => &[
            "title",
            "product_interest",
            "message",
            "form_name",
            "campaign",
        ],
        Kind::Contact | Kind::Order | Kind::Ticket => &["category"],
    };
    names.iter().find_map(|name| text(record, name))
}

/// The text of a field, when it has one.
pub fn text(record: &Record, name: &str) -> Option<String> {
    let value = record.fields.get(name)?.as_str()?.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

/// The record that a link field names.
pub fn link(record: &Record, name: &str) -> Option<Uuid> {
    record.fields.get(name)?.as_str()?.parse().ok()
}

/// A value on lines of its own: one for a text, one for each member or entry.
pub fn lines(words: Words, value: &Value) -> Vec<String> {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| format!("{}: {}", words.word("field", name), flat(words, value)))
            .collect(),
        Value::Array(items) if items.iter().any(Value::is_object) => {
            items.iter().map(|item| flat(words, item)).collect()
        }
        other => vec![flat(words, other)],
    }
}

/// An entry that is one fact: `question: answer`, `E-mail: granted`.
fn fact(words: Words, item: &Value) -> Option<String> {
    let text = |name: &str| item.get(name).and_then(Value::as_str);
    match (
        text("question"),
        text("answer"),
        text("channel"),
        text("state"),
    ) {
        (Some(question), Some(answer), ..) => Some(format!("{question}: {answer}")),
        (.., Some(channel), Some(state)) => Some(format!(
            "{}: {}",
            words.word("field-consent", channel),
            words.word("consent", state)
        )),
        _ => None,
    }
}

/// How one reader reads fields: in their language and zone, people and senders by what they are called.
#[derive(Clone, Copy)]
pub struct Reading<'r> {
    pub words: Words,
    pub zone: &'r TimeZone,
    pub desk: &'r Desk,
    pub console: &'r Console,
}

impl<'r> Reading<'r> {
    pub fn new(console: &'r Console, insider: &'r Insider, desk: &'r Desk) -> Self {
        Reading {
            words: insider.words,
            zone: &insider.zone,
            desk,
            console,
        }
    }

    /// A field's value on lines.
    pub fn field(&self, kind: Kind, name: &str, value: &Value) -> Vec<String> {
        match value.as_str() {
            Some(text) => vec![self.text(kind, name, text)],
            None => lines(self.words, value),
        }
    }

    /// The same on one line.
    pub fn flat(&self, kind: Kind, name: &str, value: &Value) -> String {
        match value.as_str() {
            Some(text) => self.text(kind, name, text),
            None => flat(self.words, value),
        }
    }

    /// A text as the registry of fields says what it is.
    fn text(&self, kind: Kind, name: &str, text: &str) -> String {
        let of = kind.field(name).map(|field| &field.of);
        match (name, of) {
            ("status" | "priority" | "financial_status" | "fulfillment_status", _) => {
                self.words.word("state", text)
            }
            ("owner", _) => rule_words::rep(self.desk, text).to_owned(),
            ("source", _) => self.console.title_of(self.words, text),
            (_, Some(FieldType::Time)) => match text.parse::<Timestamp>() {
                Ok(at) => when::shown(at, self.zone),
                Err(_) => text.to_owned(),
            },
            _ => text.to_owned(),
        }
    }
}

/// A value on one line.
pub fn flat(words: Words, value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(true) => words.say("record-yes"),
        Value::Bool(false) => words.say("record-no"),
        Value::Number(number) => number.to_string(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| flat(words, item)).collect();
            items.join(", ")
        }
        Value::Object(members) => fact(words, value).unwrap_or_else(|| {
            let members = members.iter().map(|(name, value)| {
                format!("{} {}", words.word("field", name), flat(words, value))
            });
            members.collect::<Vec<_>>().join(" · ")
        }),
    }
}

/// The beginning of a value on one line.
pub fn short(words: Words, value: &Value) -> String {
    cut(flat(words, value))
}

/// The beginning of a long text.
pub fn cut(text: String) -> String {
    match text.char_indices().nth(SHORT) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// The colour of a status.
pub fn tone(status: &str) -> &'static str {
    match status {
        "new" | "pending" | "on_hold" | "partially_refunded" | "cart" => "warn",
        "qualified" | "converted" | "paid" | "fulfilled" | "solved" => "good",
        "failed" | "cancelled" | "refunded" | "lost" | "junk" | "unqualified" => "bad",
        _ => "",
    }
}

/// The kind that a path of ours is about: `/leads/…`.
pub fn kind_of(path: &str) -> Option<Kind> {
    let first = path.split('/').nth(1)?;
    Kind::ALL.into_iter().find(|kind| kind.plural() == first)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{flat, kind_of, lines, short};
    use crate::console::words::{Language, Words};
    use crate::model::field::Kind;

    #[test]
    fn values_are_readable() {
        let words = Words::of(Language::English);
        let check = |value, expected: &[&str]| assert_eq!(lines(words, &value), expected);
        check(json!("a"), &["a"]);
        check(json!(["a", "b"]), &["a, b"]);
        check(
            json!({"city": "Cádiz", "zip": 1}),
            &["City: Cádiz", "zip: 1"],
        );
        check(
            json!([{"channel": "email", "state": "granted"}, {"channel": "sms", "state": "denied"}]),
            &[
                "Consent to e-mail: granted",
                "Consent to text messages: denied",
            ],
        );
        assert_eq!(
            flat(words, &json!({"channel": "email", "state": "granted"})),
            "Consent to e-mail: granted"
        );
        assert_eq!(short(words, &json!("é".repeat(100))).chars().count(), 91);
    }

    #[test]
    fn paths_tell_the_kind() {
        assert_eq!(kind_of("/leads/0192/edit"), Some(Kind::Lead));
        assert_eq!(kind_of("/contacts"), Some(Kind::Contact));
        assert_eq!(kind_of("/lead"), None);
        assert_eq!(kind_of("/"), None);
    }
}
