//! What lists and records look like in JSON.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::model::change::{Change, ChangeKind, FieldChange};
use crate::model::field::Kind;
use crate::model::page::Page;
use crate::model::record::{FieldMeta, Fields, Meta, Origin, Record};

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Listed<T> {
    pub items: Vec<T>,
    /// Pass it as `cursor` to get the next page; null on the last.
    pub next: Option<String>,
}

impl<T> Listed<T> {
    /// A page of the store, each item shown by `view`.
    pub fn of<R>(page: Page<R>, view: impl FnMut(R) -> T) -> Self {
        Listed {
            items: page.items.into_iter().map(view).collect(),
            next: page.next,
        }
    }
}

/// A contact, lead, order or ticket.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecordView {
    #[schema(value_type = String, format = "uuid")]
    pub id: Uuid,
    /// `contact`, `lead`, `order` or `ticket`.
    #[schema(value_type = String)]
    pub kind: Kind,
    /// By their public names; absent and unknown ones are left out.
    #[schema(value_type = Object)]
    pub fields: Fields,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

impl From<Record> for RecordView {
    fn from(record: Record) -> Self {
        RecordView {
            id: record.id,
            kind: record.kind,
            fields: record.fields,
            created_at: record.created_at,
            updated_at: record.updated_at,
        }
    }
}

/// One record with where it came from and what happened to it.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecordDetail {
    #[serde(flatten)]
    pub record: RecordView,
    /// Set when the sender deleted it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub deleted_at: Option<Timestamp>,
    /// Field (dotted for parts that are merged one by one) → where its value came from.
    pub provenance: BTreeMap<String, Provenance>,
    /// The newest event that told of it, or deleted it, whether or not a field still has its value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_event: Option<LastEvent>,
    /// The newest 100 changes, newest first; of a contact also those of its leads, orders and tickets.
    pub timeline: Vec<ChangeView>,
}

/// Where the value of a field came from.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub struct Provenance {
    /// The event that brought it; see `/api/v1/events/{id}`.
    #[schema(value_type = String, format = "uuid")]
    pub event: Uuid,
    /// The source's name, or who edited it.
    pub source: String,
    /// The line of the mapping that made it: `mappings/shopify.toml:31`. Null when no mapping did.
    pub mapping: Option<String>,
    /// When it happened, by the sender's clock.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub at: Option<Timestamp>,
    /// Edited by hand: later events leave it alone.
    pub locked: bool,
}

/// The newest news of a record.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub struct LastEvent {
    /// See `/api/v1/events/{id}`.
    #[schema(value_type = String, format = "uuid")]
    pub event: Uuid,
    /// The source's name.
    pub source: String,
    /// When it happened, by the sender's clock.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub at: Option<Timestamp>,
}

/// The newest event that told of a record.
pub fn last_event(record: &Record) -> Option<LastEvent> {
    let origin = origin_of(record, record.meta.fields.get(Meta::LIFE)?)?;
    Some(LastEvent {
        event: origin.event,
        source: origin.source.clone(),
        at: Timestamp::from_millisecond(origin.at_ms).ok(),
    })
}

fn origin_of<'r>(record: &'r Record, meta: &FieldMeta) -> Option<&'r Origin> {
    let index = usize::try_from(meta.origin).ok()?;
    record.meta.origins.get(index)
}

/// Explains each field of a record. `mapping_file` knows the file of a source.
pub fn provenance(
    record: &Record,
    mapping_file: impl Fn(&str) -> Option<String>,
) -> BTreeMap<String, Provenance> {
    let mut explained = BTreeMap::new();
    let fields = record.meta.fields.iter();
    for (field, meta) in fields.filter(|(field, _)| *field != Meta::LIFE) {
        let Some(origin) = origin_of(record, meta) else {
            continue;
        };
        let file = mapping_file(&origin.source).filter(|_| meta.line > 0);
        explained.insert(
            field.to_string(),
            Provenance {
                event: origin.event,
                source: origin.source.clone(),
                mapping: file.map(|file| format!("{file}:{}", meta.line)),
                at: Timestamp::from_millisecond(origin.at_ms).ok(),
                locked: meta.locked,
            },
        );
    }
    explained
}

/// What one event, or one edit, did to a record.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangeView {
    #[schema(value_type = String, format = "uuid")]
    pub id: Uuid,
    #[schema(value_type = String)]
    pub kind: Kind,
    #[schema(value_type = String, format = "uuid")]
    pub record: Uuid,
    /// The record's version after it.
    pub version: u64,
    /// `created`, `updated`, `status_changed`, `assigned`, `deleted`.
    #[schema(value_type = Vec<String>)]
    pub what: Vec<ChangeKind>,
    /// Null for an edit by hand.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub event: Option<Uuid>,
    pub source: String,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    pub changed: Vec<FieldChangeView>,
}

/// A field before and after; null where there was or is nothing.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub struct FieldChangeView {
    pub field: String,
    #[schema(value_type = Object)]
    pub from: Value,
    #[schema(value_type = Object)]
    pub to: Value,
}

impl From<FieldChange> for FieldChangeView {
    fn from(change: FieldChange) -> Self {
        FieldChangeView {
            field: change.field,
            from: change.from,
            to: change.to,
        }
    }
}

impl From<Change> for ChangeView {
    fn from(change: Change) -> Self {
        ChangeView {
            id: change.id,
            kind: change.kind,
            record: change.record,
            version: change.version,
            what: change.what,
            event: change.event,
            source: change.source,
            at: change.at,
            changed: change.changed.into_iter().map(Into::into).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;
    use serde_json::json;
    use uuid::Uuid;

    use super::{last_event, provenance};
    use crate::model::field::Kind;
    use crate::model::record::{FieldMeta, Fields, Meta, Origin, Record};

    #[test]
    fn each_field_names_its_event_and_its_mapping_line() {
        let shop = Uuid::from_u128(1);
        let hand = Uuid::from_u128(2);
        let origin = |event, source: &str| Origin {
            event,
            source: source.to_owned(),
            at_ms: 1_700_000_000_000,
        };
        let meta = |origin, line, locked| FieldMeta {
            origin,
            line,
            locked,
            behind: None,
        };
        let record = Record {
            id: Uuid::nil(),
            kind: Kind::Contact,
            fields: Fields::new(),
            meta: Meta {
                origins: vec![origin(shop, "shopify"), origin(hand, "console")],
                fields: BTreeMap::from([
                    ("email".into(), meta(0, 31, false)),
                    ("phone".into(), meta(1, 0, true)),
                    ("lost".into(), meta(9, 1, false)),
                    (Meta::LIFE.into(), meta(0, 0, false)),
                ]),
            },
            version: 1,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
            deleted_at: None,
        };
        let file = |source: &str| (source == "shopify").then(|| "mappings/shopify.toml".to_owned());
        let found = serde_json::to_value(provenance(&record, file)).unwrap();
        let at = "2023-11-14T22:13:20Z";
        let expected = json!({
            "email": {"event": shop, "source": "shopify", "mapping": "mappings/shopify.toml:31", "at": at, "locked": false},
            "phone": {"event": hand, "source": "console", "mapping": null, "at": at, "locked": true},
        });
        assert_eq!(found, expected);
        let newest = serde_json::to_value(last_event(&record)).unwrap();
        assert_eq!(
            newest,
            json!({"event": shop, "source": "shopify", "at": at})
        );
    }
}
