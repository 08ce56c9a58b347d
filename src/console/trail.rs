//! Lines of the log: who did what, on what.

use serde_json::Value;

use crate::console::visitor::{Insider, Visitor};
use crate::model::id::new_id;
use crate::store::users::AuditRow;

/// What somebody who has signed in did.
pub fn of(who: &Insider, what: &str, subject: impl Into<String>) -> AuditRow {
    of_user(who, who.account.name(), what, subject)
}

/// What a named user did who is only just coming in.
pub fn of_user(visitor: &Visitor, name: &str, what: &str, subject: impl Into<String>) -> AuditRow {
    AuditRow {
        id: new_id(visitor.now),
        at: visitor.now,
        who: name.to_owned(),
        what: what.to_owned(),
        subject: subject.into(),
        before: None,
        after: None,
        peer: visitor.peer.to_string(),
    }
}

/// With what stood there before and stands there now.
pub fn changing(log: AuditRow, before: Value, after: Value) -> AuditRow {
    AuditRow {
        before: Some(before).filter(|value| !value.is_null()),
        after: Some(after).filter(|value| !value.is_null()),
        ..log
    }
}
