//! A lead that has everything, and one that has nothing: to find out what can never work.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::assign::Subject;
use crate::assign::field_path::EVENT_FIELDS;
use crate::model::field::{Field, FieldType, Kind};
use crate::model::record::Fields;

/// A made-up subject.
pub(super) struct Sample {
    lead: Fields,
    contact: Fields,
    event: Fields,
    company: Fields,
    orders: Fields,
}

impl Sample {
    /// Every field is there, with a value of its type.
    pub(super) fn full() -> Self {
        let time = "2026-03-02T09:30:00Z";
        let event = EVENT_FIELDS.iter().map(|name| {
            let value = if name.contains("time") || *name == "received_at" {
                time
            } else {
                "sample"
            };
            ((*name).to_owned(), json!(value))
        });
        Sample {
            lead: object(Kind::Lead.fields()).into(),
            contact: object(Kind::Contact.fields()).into(),
            event: event.collect(),
            company: as_fields(
                json!({"name": "Acme", "domain": "acme.example", "owner": "sample"}),
            ),
            orders: as_fields(
                json!({"count": 3, "total": "150.00", "currency": "EUR", "last_at": time}),
            ),
        }
    }

    pub(super) fn empty() -> Self {
        Sample {
            lead: Fields::new(),
            contact: Fields::new(),
            event: Fields::new(),
            company: Fields::new(),
            orders: Fields::new(),
        }
    }

    pub(super) fn subject(&self) -> Subject<'_> {
        Subject {
            contact: Some(&self.contact),
            company: &self.company,
            orders: &self.orders,
            ..Subject::new(&self.lead, &self.event, Timestamp::UNIX_EPOCH)
        }
    }
}

fn as_fields(value: Value) -> Fields {
    match value {
        Value::Object(fields) => fields.into(),
        _ => Fields::new(),
    }
}

fn object(fields: &'static [Field]) -> Map<String, Value> {
    let fields = fields.iter();
    fields
        .map(|field| (field.name.to_owned(), value(&field.of)))
        .collect()
}

fn value(of: &FieldType) -> Value {
    match of {
        FieldType::Text | FieldType::Link => json!("sample"),
        FieldType::Email => json!("ana@acme.example"),
        FieldType::Phone => json!("+34600111222"),
        FieldType::Country => json!("ES"),
        FieldType::Currency => json!("EUR"),
        FieldType::Money => json!("1500.00"),
        FieldType::Number => json!(3),
        FieldType::Time => json!("2026-03-02T09:30:00Z"),
        FieldType::Bool => json!(true),
        FieldType::OneOf(words) => json!(words.first()),
        FieldType::Texts => json!(["sample"]),
        FieldType::Object(parts) => Value::Object(object(parts)),
        FieldType::Objects(parts) => Value::Array(vec![Value::Object(object(parts))]),
        FieldType::Free => json!({}),
    }
}
