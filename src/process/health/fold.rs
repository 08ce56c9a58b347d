//! What is known of one kind of event: counts folded window by window into what is usual, pure.
//!
//! A window closes when enough was seen and enough time went by, so that a burst is not taken for a change. A field that
//! nearly always came and then comes to less than half is fallen; what was usual then stays the measure until it is
//! back, or until a month has made it the new normal.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::process::health::observe::Types;
use crate::process::health::watch::{Counts, MOST_PLACES, Subject};

/// Samples and age of a window that may close: the first pair that fits.
const CLOSES: [(u64, SignedDuration); 3] = [
    (200, SignedDuration::from_mins(10)),
    (40, SignedDuration::from_hours(2)),
    (10, SignedDuration::from_hours(48)),
];
/// How much the last window counts in what is usual.
const WEIGHT: f64 = 0.15;
/// Windows after which something is usual.
const LEARNED: u64 = 3;
/// A field that comes this often is expected.
const EXPECTED: f64 = 0.8;
/// Below this part of the usual it is fallen, above the other it is back.
const FALLEN: f64 = 0.5;
const BACK: f64 = 0.75;
/// After this long a fall is the new normal, and a place that was not seen is forgotten.
const FORGET: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The document of one kind of event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    pub endpoint: String,
    pub source: String,
    /// The name of the `[[event]]`.
    pub event: String,
    /// Events and samples ever.
    pub events: u64,
    pub samples: u64,
    pub since: Timestamp,
    /// When it was last folded.
    pub at: Timestamp,
    /// The open window.
    window: Window,
    /// Windows that closed.
    closed: u64,
    /// Place of the payload → what is known of it.
    pub places: BTreeMap<String, Place>,
    /// Field of a record → how often it comes.
    pub fields: BTreeMap<String, Rate>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Window {
    from: Timestamp,
    samples: u64,
}

/// How often something comes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Rate {
    /// From 0 to 1, over the closed windows.
    pub usual: f64,
    /// In the window that closed last.
    pub last: f64,
    /// In the open window.
    open: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallen: Option<Timestamp>,
}

/// A place of the payload.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Place {
    pub rate: Rate,
    /// Kinds of values seen there ever.
    pub types: Types,
    pub seen: Timestamp,
    /// When a kind came that had not been there while it was learned, and which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retyped: Option<Retyped>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Retyped {
    pub at: Timestamp,
    pub from: Types,
    pub to: Types,
}

impl Tally {
    /// Of a kind of event that is seen for the first time.
    pub fn new(subject: &Subject, now: Timestamp) -> Self {
        Tally {
            endpoint: subject.endpoint.clone(),
            source: subject.source.clone(),
            event: subject.event.clone(),
            events: 0,
            samples: 0,
            since: now,
            at: now,
            window: Window {
                from: now,
                samples: 0,
            },
            closed: 0,
            places: BTreeMap::new(),
            fields: BTreeMap::new(),
        }
    }

    /// Adds what was counted up to `now`.
    #[must_use]
    pub fn fold(mut self, counts: &Counts, now: Timestamp) -> Self {
        self.events += counts.events;
        self.samples += counts.samples;
        self.window.samples += counts.samples;
        self.at = now;
        let is_learned = self.closed >= LEARNED;
        for (name, count) in &counts.places {
            if !self.places.contains_key(name) && self.places.len() >= MOST_PLACES {
                continue;
            }
            let place = self.places.entry(name.clone()).or_insert(Place {
                rate: Rate::default(),
                types: 0,
                seen: now,
                retyped: None,
            });
            place.see(count.types, is_learned, now);
            place.rate.open += count.filled;
        }
        for (name, filled) in &counts.fields {
            self.fields.entry(name.clone()).or_default().open += filled;
        }
        let age = now.duration_since(self.window.from);
        let closes = |(samples, after): &(u64, SignedDuration)| {
            self.window.samples >= *samples && age >= *after
        };
        if CLOSES.iter().any(closes) {
            self.close(now);
        }
        self
    }

    fn close(&mut self, now: Timestamp) {
        let samples = as_number(self.window.samples);
        let is_first = self.closed == 0;
        for place in self.places.values_mut() {
            place.rate.close(samples, is_first);
        }
        let is_learned = self.closed >= LEARNED;
        for rate in self.fields.values_mut() {
            let before = rate.usual;
            rate.close(samples, is_first);
            rate.judge(is_learned.then_some(before), now);
        }
        let kept = |seen: Timestamp| now.duration_since(seen) < FORGET;
        self.places.retain(|_, place| kept(place.seen));
        self.fields
            .retain(|_, rate| rate.usual > 0.001 || rate.fallen.is_some());
        self.closed += 1;
        self.window = Window {
            from: now,
            samples: 0,
        };
    }

    /// Fields that come much less often than they did, of those that the mapping still makes.
    pub fn fallen(&self, makes: impl Fn(&str) -> bool) -> Vec<(&str, &Rate)> {
        self.fields
            .iter()
            .filter(|(name, rate)| rate.fallen.is_some() && makes(name))
            .map(|(name, rate)| (name.as_str(), rate))
            .collect()
    }

    /// Whether enough was seen to tell what is usual.
    pub fn is_learned(&self) -> bool {
        self.closed >= LEARNED
    }
}

impl Rate {
    fn close(&mut self, samples: f64, is_first: bool) {
        self.last = rounded(as_number(self.open) / samples.max(1.0)).min(1.0);
        self.open = 0;
        if self.fallen.is_some() {
            return;
        }
        self.usual = match is_first {
            true => self.last,
            false => rounded(self.usual + WEIGHT * (self.last - self.usual)),
        };
    }

    /// Judges the window that closed just now by what was usual before it, when that is known.
    fn judge(&mut self, before: Option<f64>, now: Timestamp) {
        match (self.fallen, before) {
            (None, Some(before)) if before >= EXPECTED && self.last < FALLEN * before => {
                self.usual = before;
                self.fallen = Some(now);
            }
            (Some(since), _)
                if self.last >= BACK * self.usual || now.duration_since(since) >= FORGET =>
            {
                self.usual = self.last;
                self.fallen = None;
            }
            _ => {}
        }
    }
}

impl Place {
    fn see(&mut self, types: Types, is_learned: bool, now: Timestamp) {
        // Null alone tells of no kind.
        let fresh = types & !self.types & !1;
        if is_learned && fresh != 0 && self.types & !1 != 0 {
            self.retyped = Some(Retyped {
                at: now,
                from: self.types,
                to: fresh,
            });
        }
        self.types |= types;
        if types != 1 {
            self.seen = now;
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "shares of counts; beyond 2^53 the last digit does not matter"
)]
fn as_number(count: u64) -> f64 {
    count as f64
}

/// Four digits: the documents stay short.
fn rounded(rate: f64) -> f64 {
    (rate * 10_000.0).round() / 10_000.0
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::{SignedDuration, Timestamp};
    use proptest::prelude::{prop_assert, proptest};

    use super::Tally;
    use crate::process::health::watch::{Counts, PlaceCount, Subject};

    fn tally() -> Tally {
        let subject = Subject {
            endpoint: "shop".to_owned(),
            source: "acme".to_owned(),
            event: "order".to_owned(),
        };
        Tally::new(&subject, Timestamp::UNIX_EPOCH)
    }

    /// So many events in an hour, of which `filled` had the field `order.total`, from the place `body.total`.
    fn hour(tally: Tally, events: u64, filled: u64, types: u8) -> Tally {
        let now = tally.at + SignedDuration::from_hours(1);
        let place = PlaceCount { filled, types };
        let counts = Counts {
            events,
            samples: events,
            places: BTreeMap::from([("body.total".to_owned(), place)]),
            fields: BTreeMap::from([("order.total".to_owned(), filled)]),
        };
        tally.fold(&counts, now)
    }

    fn fallen(tally: &Tally) -> bool {
        !tally.fallen(|_| true).is_empty()
    }

    #[test]
    fn a_field_that_stops_coming_falls_and_comes_back() {
        let mut tally = tally();
        for _ in 0..6 {
            tally = hour(tally, 300, 297, 8);
            assert!(!fallen(&tally));
        }
        tally = hour(tally, 300, 30, 8);
        assert!(fallen(&tally));
        let [(name, rate)] = tally.fallen(|_| true)[..] else {
            panic!("one field");
        };
        assert_eq!((name, rate.usual, rate.last), ("order.total", 0.99, 0.1));
        assert!(
            tally.fallen(|name| name != "order.total").is_empty(),
            "no mapping makes it any more"
        );
        // What was usual stays the measure.
        for _ in 0..100 {
            tally = hour(tally, 300, 30, 8);
            assert!(fallen(&tally));
        }
        tally = hour(tally, 300, 290, 8);
        assert!(!fallen(&tally));
    }

    #[test]
    fn after_a_month_it_is_the_new_normal() {
        let mut tally = tally();
        for _ in 0..6 {
            tally = hour(tally, 300, 300, 8);
        }
        for hours in 0..24 * 31 {
            tally = hour(tally, 300, 0, 8);
            assert_eq!(fallen(&tally), hours < 24 * 30, "after {hours} hours");
        }
    }

    #[test]
    fn a_burst_is_no_change() {
        let mut tally = tally();
        for _ in 0..6 {
            tally = hour(tally, 300, 300, 8);
        }
        let at = tally.at;
        let mut burst = Counts {
            events: 1000,
            samples: 1000,
            ..Counts::default()
        };
        tally = tally.fold(&burst, at + SignedDuration::from_secs(20));
        assert!(!fallen(&tally));
        burst.fields.insert("order.total".to_owned(), 1000);
        tally = tally.fold(&burst, at + SignedDuration::from_mins(11));
        assert!(!fallen(&tally));
    }

    #[test]
    fn another_type_is_told() {
        let mut tally = tally();
        for _ in 0..4 {
            tally = hour(tally, 300, 300, 8);
        }
        tally = hour(tally, 300, 300, 8 | 1);
        assert_eq!(tally.places["body.total"].retyped, None);
        tally = hour(tally, 300, 300, 8 | 4);
        let retyped = tally.places["body.total"].retyped.unwrap();
        assert_eq!((retyped.from, retyped.to), (9, 4));
        let text = serde_json::to_string(&tally).unwrap();
        assert_eq!(serde_json::from_str::<Tally>(&text).unwrap(), tally);
    }

    proptest! {
        /// Chance alone is no fall: a field that comes as often as ever is never told of.
        #[test]
        fn chance_is_no_fall(rate in 0.5_f64..1.0, luck in proptest::collection::vec(0.0_f64..1.0, 40 * 60)) {
            let mut tally = tally();
            for events in luck.chunks(40) {
                let filled = events.iter().filter(|luck| **luck < rate).count();
                let now = tally.at + SignedDuration::from_hours(2);
                let counts = Counts {
                    events: 40,
                    samples: 40,
                    places: BTreeMap::new(),
                    fields: BTreeMap::from([("lead.phone".to_owned(), filled as u64)]),
                };
                tally = tally.fold(&counts, now);
                prop_assert!(!fallen(&tally));
            }
        }

        /// A field that always came and comes no more is told of within two windows, whatever the traffic.
        #[test]
        fn a_fall_is_told(events in 10_u64..5_000, hours in 1_i64..48) {
            let mut tally = tally();
            let step = |tally: Tally, filled: bool| {
                let now = tally.at + SignedDuration::from_hours(hours);
                let filled = if filled { events } else { 0 };
                let counts = Counts {
                    events,
                    samples: events,
                    places: BTreeMap::new(),
                    fields: BTreeMap::from([("lead.phone".to_owned(), filled)]),
                };
                tally.fold(&counts, now)
            };
            while !tally.is_learned() {
                tally = step(tally, true);
            }
            // The open window may hold some of the good time.
            let windows = 2 * (48 / hours + 40 / i64::try_from(events).unwrap_or(1) + 2);
            for _ in 0..windows {
                tally = step(tally, false);
            }
            prop_assert!(fallen(&tally));
        }
    }
}
