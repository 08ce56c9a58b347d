//! A record: what the CRM knows, with where each field came from.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::model::field::Kind;
pub use crate::model::fields::{FieldName, Fields};

/// A contact, lead, order or ticket as it now is.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// UUID v7, made when the record was first seen.
    pub id: Uuid,
    pub kind: Kind,
    pub fields: Fields,
    pub meta: Meta,
    /// Counts the writes, from 1.
    pub version: u64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Set when the sender deleted it: the tombstone keeps a late older event from bringing it back.
    pub deleted_at: Option<Timestamp>,
}

/// Where the fields came from.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Meta {
    /// The events that still own a field, and when they happened.
    pub origins: Vec<Origin>,
    /// Field name → its origin. Parts merged one by one have dotted names (`custom.size`, `tags.vip`,
    /// `consent.email`); `consent.email@mailchimp` is a source's own word where another's stands; `Meta::LIFE` is
    /// the record as a whole: the last event that told of it, or deleted it.
    pub fields: BTreeMap<FieldName, FieldMeta>,
}

impl Meta {
    /// The key of the record as a whole among `fields`.
    pub const LIFE: &'static str = "*";
}

/// An event that owns at least one field of the record.
#[derive(Debug, Clone, PartialEq)]
pub struct Origin {
    pub event: Uuid,
    /// The source's name, `console` for an edit by hand, `assignment` for the desk's own decision.
    pub source: String,
    /// The event's own time (milliseconds since 1970): the clock of the fields it owns.
    pub at_ms: i64,
}

/// Which origin owns a field and which line of which mapping made it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FieldMeta {
    /// Index into `Meta::origins`.
    pub origin: u32,
    /// Line in the source's mapping file; 0 when no mapping made it.
    pub line: u32,
    /// Edited by hand: later events do not touch it.
    pub locked: bool,
    /// What this origin says where another's word stands in the field: one source's state of a consent.
    pub behind: Option<String>,
}

/// A record as one event tells it, before it meets what is already known.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    pub kind: Kind,
    pub fields: Fields,
    /// Field name → line of the mapping file that made it. Parts of an object or list have the line of the whole.
    pub lines: BTreeMap<FieldName, u32>,
    /// The event says that the sender deleted it.
    pub deleted: bool,
    /// The event only names the record for its others to link to: one that is not known is not made.
    pub existing: bool,
    /// Fields whose blank value clears what is known (the mapping says so), instead of being ignored.
    pub clears: Vec<String>,
    /// `external_id`, `email` and `phone` by which the sender knew the record before this event.
    pub previous: Fields,
}

impl Draft {
    pub fn new(kind: Kind) -> Self {
        Draft {
            kind,
            fields: Fields::new(),
            lines: BTreeMap::new(),
            deleted: false,
            existing: false,
            clears: Vec::new(),
            previous: Fields::new(),
        }
    }

    /// The text of a field, when it has one.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.fields.text(name)
    }
}

/// Nothing: null, a text of spaces, an empty list, an object whose members are all blank.
pub fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => match text.as_bytes().first() {
            // Nearly every text: no need to look at characters.
            Some(first) if first.is_ascii_graphic() => false,
            _ => text.chars().all(char::is_whitespace),
        },
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.values().all(is_blank),
        Value::Bool(_) | Value::Number(_) => false,
    }
}
