//! Matching and merging, pure: what is known and what an event says in, the record as it now is out.
//!
//! Every field has a clock: the time of the event that wrote it, then that event's id. Later news wins field by field,
//! blanks never erase, so the order in which events arrive never changes the record they end in. The policies:
//!
//! - a text, number, address or list: as a whole;
//! - `custom`, `attribution`, `stats`: member by member, so that a partial snapshot leaves the rest alone;
//! - `tags`, `segments` of a contact: united and sorted, each entry with its own clock;
//! - `consent`: per channel, every source's last word is kept and a withdrawal stands until that source lifts it;
//! - the `status` of a lead: `new` and `assigned` never push back what came after them, whatever their time;
//! - a field that the mapping lists in `clears`: its blank erases what is older; of a united or member-wise field,
//!   everything that the event does not name.

pub mod by_hand;
pub mod diff;
pub mod identity;
pub mod join;
pub mod matching;

mod consent;
pub mod names;
mod policy;
mod telling;

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::merge::policy::Policy;
use crate::merge::telling::Telling;
use crate::model::record::{Draft, Fields, Meta, Origin, Record, is_blank};

/// The source of what the desk itself writes: owners, and `assigned`.
pub const ASSIGNMENT: &str = "assignment";

/// A record nobody has told of yet: version 0, which `diff::seal` counts up when it is written.
pub fn unwritten(draft: &Draft, id: Uuid, now: Timestamp) -> Record {
    Record {
        id,
        kind: draft.kind,
        fields: Fields::with_capacity(draft.fields.len() + 2),
        meta: Meta::default(),
        version: 0,
        created_at: now,
        updated_at: now,
        deleted_at: None,
    }
}

/// The record after `draft`, which `origin` tells. Still borrowed when nothing changes, not even a clock.
///
/// Version and update time are left to `diff::seal`, so that several steps of one event are one write.
pub fn merge<'a>(known: Cow<'a, Record>, draft: &Draft, origin: &Origin) -> Cow<'a, Record> {
    let mut telling = Telling::new(known, origin);
    telling.live(draft.deleted);
    for name in &draft.clears {
        clear(&mut telling, draft, name);
    }
    for (name, value) in &draft.fields {
        if !is_blank(value) {
            let line = draft.lines.get(name).copied().unwrap_or(0);
            tell(&mut telling, name, value, line);
        }
    }
    telling.done()
}

/// The record after the desk or a person wrote one field, unless later news stands there.
pub fn write<'a>(
    known: Cow<'a, Record>,
    field: &str,
    value: &Value,
    origin: &Origin,
) -> Cow<'a, Record> {
    let mut telling = Telling::new(known, origin);
    tell(&mut telling, field, value, 0);
    telling.done()
}

/// What becomes of a field after a person wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// It stays as it was written: later events do not touch it.
    Locked,
    /// Later news may replace it again.
    Free,
}

/// The record after a person wrote one field as a whole, whatever stands there and since when.
pub fn write_by_hand<'a>(
    known: Cow<'a, Record>,
    field: &str,
    value: &Value,
    origin: &Origin,
    hold: Hold,
) -> Cow<'a, Record> {
    let mut telling = Telling::new(known, origin);
    telling.force(field, value, hold);
    telling.done()
}

fn tell(telling: &mut Telling<'_, '_>, name: &str, value: &Value, line: u32) {
    match (Policy::of(telling.kind(), name), value) {
        (Policy::Members, Value::Object(members)) => {
            for (member, value) in members.iter().filter(|(_, value)| !is_blank(value)) {
                telling.set_member(name, member, value, line);
            }
        }
        (Policy::Union, Value::Array(items)) => {
            for item in items.iter().filter_map(Value::as_str) {
                telling.add(name, item, line);
            }
        }
        (Policy::Consent, Value::Array(entries)) => {
            for entry in entries {
                consent::tell(telling, entry, line);
            }
        }
        (Policy::Stage, Value::String(stage)) => telling.set_stage(name, stage, line),
        (Policy::Whole, _) => telling.set(name, value, line),
        // A value of another shape than the registry's: mappings cannot make one.
        _ => {}
    }
}

fn clear(telling: &mut Telling<'_, '_>, draft: &Draft, name: &str) {
    match Policy::of(telling.kind(), name) {
        Policy::Members | Policy::Union => telling.clear_members(name),
        Policy::Whole if draft.fields.get(name).is_none_or(is_blank) => telling.clear(name),
        // Nobody takes back a consent, or a lead's status, by leaving it out.
        Policy::Whole | Policy::Consent | Policy::Stage => {}
    }
}

#[cfg(test)]
mod tests;
