//! Events about to be appended, as their envelope tells of them.

use jiff::{SignedDuration, Timestamp};

use crate::model::dedupe::DedupeClaim;
use crate::model::event::{EventStatus, NewEvent, Note};
use crate::model::id::new_id;
use crate::said;
use crate::source::envelope::{Heading, Part};

/// How far a sender's clock may run ahead of ours.
const SKEW: SignedDuration = SignedDuration::from_mins(5);
/// Characters of a sender's words that are kept as an event's type and id.
const WORD: usize = 255;
/// Characters of a time that cannot be read which are shown.
const SHOWN: usize = 40;

/// One of the events of a request, pending.
pub fn event(part: &Part, claim: DedupeClaim, now: Timestamp) -> NewEvent {
    let unread = part.unread_time.iter();
    let notes = unread.map(|text| {
        let text: String = text.chars().take(SHOWN).collect();
        let sentence = said!(
            "time-unread",
            "the sender's time {text} cannot be read; its time of receipt counts",
            text = format!("{text:?}")
        );
        Note::new("event_time", sentence)
    });
    NewEvent {
        part: Some(part.index),
        event_type: cut(&part.event_type),
        delivery_id: part.id.as_deref().map(cut),
        event_time: part.time.map(|time| no_later_than(time, now)),
        notes: notes.collect(),
        ..whole(&Heading::default(), claim, now)
    }
}

/// The one event that stands for a request whose events are not known, pending.
pub fn whole(heading: &Heading, claim: DedupeClaim, now: Timestamp) -> NewEvent {
    NewEvent {
        id: new_id(now),
        part: None,
        event_type: cut(&heading.event_type),
        delivery_id: heading.id.as_deref().map(cut),
        event_time: None,
        dedupe: claim,
        status: EventStatus::Pending,
        code: None,
        reason: None,
        violations: Vec::new(),
        notes: Vec::new(),
    }
}

/// An event that claims to come from the future would stand above all later news; its time of receipt counts instead.
fn no_later_than(time: Timestamp, now: Timestamp) -> Timestamp {
    if time > now + SKEW { now } else { time }
}

/// A sender's word as it is kept.
pub fn cut(word: &str) -> String {
    match word.len() <= WORD {
        true => word.to_owned(),
        false => word.chars().take(WORD).collect(),
    }
}
