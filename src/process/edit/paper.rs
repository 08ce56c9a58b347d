//! The paper an edit is written on: records, what became visible of them, the line of the log.

use std::borrow::Cow;

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::merge::diff;
use crate::model::change::{Change, ChangeKind, FieldChange};
use crate::model::id::Series;
use crate::model::identity::IdentityKey;
use crate::model::record::{Fields, Origin, Record};
use crate::process::edit::Hand;
use crate::store::RecordWrite;
use crate::store::edits::{EditWrites, Refusal};
use crate::store::users::AuditRow;

/// One edit in the making.
pub struct Paper<'h> {
    hand: &'h Hand,
    ids: Series,
    writes: EditWrites,
}

/// What an edit says of a record besides its fields.
#[derive(Debug, Clone, Default)]
pub struct Remark {
    pub what: Vec<ChangeKind>,
    /// Put behind the fields that changed.
    pub changed: Vec<FieldChange>,
}

impl<'h> Paper<'h> {
    /// `first_id` is fresh; `what` and `subject` are the log's words: `lead.edited`, `lead/0190…`.
    pub fn new(hand: &'h Hand, first_id: Uuid, what: &str, subject: String) -> Self {
        let mut ids = Series::new(first_id);
        let log = AuditRow {
            id: ids.next_id(),
            ..hand.log(what, subject)
        };
        Paper {
            hand,
            ids,
            writes: EditWrites {
                at: hand.now,
                records: Vec::new(),
                changes: Vec::new(),
                note: None,
                join: None,
                undone: None,
                log,
            },
        }
    }

    pub fn next_id(&mut self) -> Uuid {
        self.ids.next_id()
    }

    /// The clock of what is written by this hand, under an id of its own.
    pub fn origin(&mut self) -> Origin {
        Origin {
            event: self.ids.next_id(),
            source: self.hand.name.clone(),
            at_ms: self.hand.now.as_millisecond(),
        }
    }

    /// Writes a record. Its change is what became visible and what is remarked; `None` of both is no change.
    pub fn put(
        &mut self,
        before: &Record,
        after: Cow<'_, Record>,
        keys: Vec<IdentityKey>,
        remark: Remark,
    ) -> &[FieldChange] {
        let mut record = after.into_owned();
        let seen = diff::difference(Some(before), &record);
        let (mut what, mut changed) = match seen {
            Some(seen) => (seen.what, seen.fields),
            None => (Vec::new(), Vec::new()),
        };
        what.extend(remark.what);
        changed.extend(remark.changed);
        record.version = before.version + 1;
        if what.is_empty() {
            self.writes.records.push(RecordWrite { record, keys });
            return &[];
        }
        record.updated_at = self.hand.now;
        self.writes.changes.push(Change {
            id: self.ids.next_id(),
            kind: record.kind,
            record: record.id,
            version: record.version,
            what,
            event: None,
            source: self.hand.name.clone(),
            at: self.hand.now,
            changed,
            snapshot: Fields::new(),
        });
        self.writes.records.push(RecordWrite { record, keys });
        let last = self.writes.changes.last();
        last.map_or(&[], |change| &change.changed)
    }

    /// What the log says of before and after.
    pub fn tell(&mut self, before: Map<String, Value>, after: Map<String, Value>) {
        let some = |members: Map<String, Value>| {
            Some(Value::Object(members))
                .filter(|it| it.as_object().is_some_and(|it| !it.is_empty()))
        };
        self.writes.log.before = some(before);
        self.writes.log.after = some(after);
    }

    /// The same from the fields that changed.
    pub fn tell_changes(&mut self, changed: &[FieldChange]) {
        let side = |of: fn(&FieldChange) -> &Value| {
            let pairs = changed
                .iter()
                .map(|it| (it.field.clone(), of(it).clone()))
                .filter(|(_, value)| !value.is_null());
            pairs.collect()
        };
        self.tell(side(|it| &it.from), side(|it| &it.to));
    }

    pub fn done(self) -> EditWrites {
        self.writes
    }

    /// The same, with more on it.
    pub fn writes(&mut self) -> &mut EditWrites {
        &mut self.writes
    }
}

/// Whether this hand may touch a record.
///
/// # Errors
/// A refusal for people: it is somebody else's, or its sender deleted it.
pub fn may_touch(hand: &Hand, record: &Record) -> Result<(), Refusal> {
    if record.deleted_at.is_some() {
        let sentence = "it was deleted, so nothing can be written into it any more";
        return Err(Refusal::new("deleted", sentence));
    }
    let owner = record.fields.text("owner");
    match &hand.only {
        Some(rep) if owner != Some(rep) => {
            let sentence = "it is not yours (any more), so nothing was written";
            Err(Refusal::new("not_yours", sentence))
        }
        _ => Ok(()),
    }
}
