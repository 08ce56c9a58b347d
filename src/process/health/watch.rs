//! Events watched in memory between two looks: bounded, and a share of them when there are many.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::process::health::observe::{Seen, Types};

/// Between two looks the first events of a kind are looked at each, of those that follow one in so many.
const SHARE: u64 = 16;
const FIRST: u64 = 64;
/// Kinds of events, places of one kind: what comes beyond is not counted.
const MOST_KINDS: usize = 512;
pub const MOST_PLACES: usize = 400;

/// What is counted apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    pub endpoint: String,
    pub source: String,
    /// The name of the `[[event]]`, such as `orders/*`.
    pub event: String,
}

/// What was counted since the last look.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events that came.
    pub events: u64,
    /// Those that were looked at.
    pub samples: u64,
    /// Place → events in which it held something, and the kinds of what it held.
    pub places: BTreeMap<String, PlaceCount>,
    /// Field of a record → events that filled it.
    pub fields: BTreeMap<String, u64>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PlaceCount {
    pub filled: u64,
    pub types: Types,
}

/// The watch of a process.
#[derive(Debug, Default)]
pub struct Watch(Mutex<BTreeMap<Subject, Counts>>);

impl Watch {
    /// Counts an event, and looks at it when it is its turn.
    pub fn note(&self, subject: &Subject, look: impl FnOnce() -> Seen) {
        if !self.is_due(subject) {
            return;
        }
        // Outside of the lock: this is the part that takes time.
        let seen = look();
        if let Some(counts) = self.counts().get_mut(subject) {
            counts.add(seen);
        }
    }

    fn is_due(&self, subject: &Subject) -> bool {
        let mut watched = self.counts();
        if watched.len() >= MOST_KINDS && !watched.contains_key(subject) {
            return false;
        }
        let counts = watched.entry(subject.clone()).or_default();
        counts.events += 1;
        counts.events <= FIRST || counts.events.is_multiple_of(SHARE)
    }

    /// What was counted; the count begins anew.
    pub fn take(&self) -> BTreeMap<Subject, Counts> {
        std::mem::take(&mut *self.counts())
    }

    fn counts(&self) -> MutexGuard<'_, BTreeMap<Subject, Counts>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn add(&mut self, seen: Seen) {
        self.samples += 1;
        for (place, types) in seen.places {
            let is_new = !self.places.contains_key(&place);
            if is_new && self.places.len() >= MOST_PLACES {
                continue;
            }
            let count = self.places.entry(place).or_default();
            count.types |= types;
            // Null alone is nothing.
            count.filled += u64::from(types != 1);
        }
        for field in seen.fields {
            *self.fields.entry(field).or_default() += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Subject, Watch};
    use crate::process::health::observe::Seen;

    fn subject(event: &str) -> Subject {
        Subject {
            endpoint: "shop".to_owned(),
            source: "acme".to_owned(),
            event: event.to_owned(),
        }
    }

    fn seen(place: &str) -> Seen {
        Seen {
            places: BTreeMap::from([(place.to_owned(), 8)]),
            fields: vec!["order.total".to_owned()],
        }
    }

    #[test]
    fn many_events_are_sampled() {
        let watch = Watch::default();
        let mut looks = 0;
        for _ in 0..64 + 160 {
            watch.note(&subject("order"), || {
                looks += 1;
                seen("body.id")
            });
        }
        assert_eq!(looks, 74);
        let taken = watch.take();
        let counts = &taken[&subject("order")];
        assert_eq!((counts.events, counts.samples), (224, 74));
        assert_eq!(counts.places["body.id"].filled, 74);
        assert_eq!(counts.fields["order.total"], 74);
        assert!(watch.take().is_empty());
    }

    #[test]
    fn memory_is_bounded() {
        let watch = Watch::default();
        for n in 0..1000 {
            watch.note(&subject(&format!("event {n}")), || seen("body.id"));
            watch.note(&subject("form"), || seen(&format!("body.question {n}")));
        }
        let taken = watch.take();
        assert_eq!(taken.len(), super::MOST_KINDS);
        assert!(taken[&subject("form")].places.len() <= super::MOST_PLACES);
    }
}
