//! What became visible: the difference between a record before and after an event.

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::Value;

use crate::model::change::{ChangeKind, FieldChange};
use crate::model::record::{Fields, Record};

/// A visible change.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    pub what: Vec<ChangeKind>,
    /// Of an update; when a record is created or deleted, all of it is news.
    pub fields: Vec<FieldChange>,
}

/// Ends the work of one event on a record: counts the write, and says what changed for people.
///
/// `before` is `None` for a record that is not stored yet. The outer `None`: there is nothing to write. The inner:
/// only clocks moved, or a tombstone changed; the update time then stays.
pub fn seal(
    before: Option<&Record>,
    after: Cow<'_, Record>,
    now: Timestamp,
) -> Option<(Record, Option<Difference>)> {
    let Cow::Owned(mut after) = after else {
        return None;
    };
    if before.is_some_and(|before| *before == after) {
        return None;
    }
    let difference = difference(before, &after);
    after.version = before.map_or(0, |it| it.version) + 1;
    if difference.is_some() {
        after.updated_at = now;
    }
    Some((after, difference))
}

/// What people see of a change; `None` when they see nothing.
pub fn difference(before: Option<&Record>, after: &Record) -> Option<Difference> {
    let shown_before = before.filter(|it| it.deleted_at.is_none());
    let (what, fields) = match (shown_before, after.deleted_at) {
        (None, Some(_)) => return None,
        (Some(_), Some(_)) => (vec![ChangeKind::Deleted], Vec::new()),
        (None, None) => {
            let mut what = vec![ChangeKind::Created];
            if after.fields.contains_key("owner") {
                what.push(ChangeKind::Assigned);
            }
            (what, Vec::new())
        }
        (Some(before), None) => {
            let fields = changed(&before.fields, &after.fields);
            if fields.is_empty() {
                return None;
            }
            let mut what = vec![ChangeKind::Updated];
            if fields.iter().any(|it| it.field == "status") {
                what.push(ChangeKind::StatusChanged);
            }
            if fields
                .iter()
                .any(|it| it.field == "owner" && !it.to.is_null())
            {
                what.push(ChangeKind::Assigned);
            }
            (what, fields)
        }
    };
    Some(Difference { what, fields })
}

fn changed(before: &Fields, after: &Fields) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    for (field, to) in after {
        let from = before.get(field);
        if from != Some(to) {
            changes.push(FieldChange {
                field: field.to_owned(),
                from: from.cloned().unwrap_or(Value::Null),
                to: to.clone(),
            });
        }
    }
    for (field, from) in before {
        if !after.contains_key(field) {
            changes.push(FieldChange {
                field: field.to_owned(),
                from: from.clone(),
                to: Value::Null,
            });
        }
    }
    changes
}
