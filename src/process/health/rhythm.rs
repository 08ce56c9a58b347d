//! The rhythm of an endpoint, learned hour by hour of the week, and when its silence is one: pure.
//!
//! Silence is measured in events that should have come, not in hours: a night or a weekend adds next to nothing. It is a
//! silence when that is many, and several times as many as ever went by before the next one came, so that a sender that
//! comes in bursts is given its pauses. A second measure, of events by the average of all hours, serves senders that come
//! too seldom to have hours of their own; what is usual by that one waits for the next event, so that a silence is never
//! usual. Time in which nobody looked does not count.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Events that should have come before anything is said.
const MANY: f64 = 20.0;
/// Times the longest pause that ended by itself.
const TIMES: f64 = 3.0;
/// For how long an endpoint is only listened to: each hour of the week must have come twice.
const LEARNS_FOR: SignedDuration = SignedDuration::from_hours(14 * 24);
/// Two looks further apart have something missing between them.
const LOOK: SignedDuration = SignedDuration::from_mins(20);
/// Seconds of an hour that must have been watched to learn from it.
const ENOUGH: f64 = 45.0 * 60.0;
/// How much the last week counts in what is usual of an hour, and the last hour in the average of all.
const WEIGHT: f64 = 0.25;
const HOUR_WEIGHT: f64 = 1.0 / 336.0;
/// The longest pause is slowly forgotten: half of it in six weeks.
const FORGET: f64 = 0.9993;
const HOUR: f64 = 3600.0;
const HOURS: usize = 168;

/// The document of one endpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rhythm {
    pub events: u64,
    pub first: Timestamp,
    /// When an event was last received.
    pub last: Timestamp,
    /// Since when it has been silent against its habit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silent: Option<Timestamp>,
    watched: Timestamp,
    /// Of the hour that is not over: events, and seconds watched.
    hour: f64,
    seconds: f64,
    /// Events an hour by the hour of the week (UTC), from 1970-01-01T00:00 which was a Thursday; below 0: not known yet.
    week: Vec<f64>,
    /// Events an hour, on the average, but for the empty hours since the last event.
    average: f64,
    empty_hours: i32,
    by_hour: Quiet,
    by_average: Quiet,
}

/// Events that should have come since the last one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
struct Quiet {
    now: f64,
    /// Before the next one came by itself.
    longest: f64,
}

impl Rhythm {
    /// Of an endpoint whose first events came just now.
    pub fn new(now: Timestamp) -> Self {
        Rhythm {
            events: 0,
            first: now,
            last: now,
            silent: None,
            watched: now,
            hour: 0.0,
            seconds: 0.0,
            week: vec![-1.0; HOURS],
            average: 0.0,
            empty_hours: 0,
            by_hour: Quiet::default(),
            by_average: Quiet::default(),
        }
    }

    /// What is known at `now`, when `events` came since the last look, the newest at `newest`.
    #[must_use]
    pub fn look(mut self, now: Timestamp, events: u64, newest: Option<Timestamp>) -> Self {
        match now.duration_since(self.watched) {
            passed if passed <= LOOK => self.pass(now),
            // Nobody looked: what came then is not known, so nothing is learned from it.
            _ => {
                self.watched = now;
                self.forget_hour();
            }
        }
        if events > 0 {
            self.events += events;
            self.last = newest.unwrap_or(now).max(self.last);
            self.hour += as_number(events);
            let by_itself = self.silent.is_none();
            self.by_hour.end(by_itself);
            self.by_average.end(by_itself);
            self.silent = None;
        } else if self.silent.is_none() && self.is_silence(now) {
            self.silent = Some(self.last);
        }
        self
    }

    fn is_silence(&self, now: Timestamp) -> bool {
        self.is_learned(now)
            && as_number(self.events) >= MANY
            && (self.by_hour.is_too_long() || self.by_average.is_too_long())
    }

    fn is_learned(&self, now: Timestamp) -> bool {
        now.duration_since(self.first) >= LEARNS_FOR
    }

    /// Lets time pass, hour by hour.
    fn pass(&mut self, now: Timestamp) {
        while self.watched < now {
            let end = next_hour(self.watched).min(now);
            let seconds = end.duration_since(self.watched).as_secs_f64();
            self.seconds += seconds;
            self.by_hour.now += self.expected(self.watched) * seconds / HOUR;
            self.by_average.now += self.average * seconds / HOUR;
            let hour = self.watched;
            self.watched = end;
            if end == next_hour(hour) {
                self.learn(hour);
            }
        }
    }

    /// Learns from an hour that is over.
    fn learn(&mut self, hour: Timestamp) {
        if self.seconds >= ENOUGH {
            let count = self.hour * HOUR / self.seconds;
            self.learn_average(count);
            if let Some(usual) = self.week.get_mut(of_week(hour)) {
                *usual = match *usual < 0.0 {
                    true => rounded(count),
                    false => rounded(*usual + WEIGHT * (count - *usual)),
                };
            }
        }
        self.by_hour.longest *= FORGET;
        self.by_average.longest *= FORGET;
        self.forget_hour();
    }

    fn learn_average(&mut self, count: f64) {
        if count == 0.0 && self.is_learned(self.watched) {
            self.empty_hours = self.empty_hours.saturating_add(1);
            return;
        }
        self.average *= (1.0 - HOUR_WEIGHT).powi(self.empty_hours);
        self.empty_hours = 0;
        self.average += self.average_weight() * (count - self.average);
    }

    /// In the beginning the average is of all hours so far.
    fn average_weight(&self) -> f64 {
        let hours = self.watched.duration_since(self.first).as_secs_f64() / HOUR;
        (1.0 / hours.max(1.0)).max(HOUR_WEIGHT)
    }

    fn forget_hour(&mut self) {
        self.hour = 0.0;
        self.seconds = 0.0;
    }

    /// Events an hour that are sure to be expected: as few as in the hours around, because clocks are put forward and
    /// people come late.
    fn expected(&self, at: Timestamp) -> f64 {
        let hour = of_week(at);
        [HOURS - 1, 0, 1]
            .iter()
            .map(|offset| {
                self.week
                    .get((hour + offset) % HOURS)
                    .copied()
                    .unwrap_or(0.0)
            })
            .fold(f64::INFINITY, f64::min)
            .max(0.0)
    }

    /// Events a week, as far as is known.
    pub fn per_week(&self) -> f64 {
        self.average * as_number(HOURS as u64)
    }

    /// Events that should have come since the last one.
    pub fn missed(&self) -> f64 {
        self.by_hour.now
    }
}

impl Quiet {
    fn end(&mut self, by_itself: bool) {
        if by_itself {
            self.longest = self.longest.max(self.now);
        }
        self.now = 0.0;
    }

    fn is_too_long(&self) -> bool {
        self.now >= MANY.max(TIMES * self.longest)
    }
}

fn next_hour(at: Timestamp) -> Timestamp {
    let second = (at.as_second().div_euclid(3600) + 1) * 3600;
    Timestamp::from_second(second).unwrap_or(Timestamp::MAX)
}

fn of_week(at: Timestamp) -> usize {
    let hour = at.as_second().div_euclid(3600).rem_euclid(168);
    usize::try_from(hour).unwrap_or(0)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of events in an hour; beyond 2^53 the last digit does not matter"
)]
fn as_number(count: u64) -> f64 {
    count as f64
}

fn rounded(rate: f64) -> f64 {
    (rate * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};
    use proptest::prelude::{prop_assert, proptest};

    use super::Rhythm;

    /// Between two looks.
    const STEP: SignedDuration = SignedDuration::from_mins(15);
    const WEEKS: i64 = 8;

    /// Luck from a seed: the same numbers each time.
    struct Luck(u64);

    impl Luck {
        fn unit(&mut self) -> f64 {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 11) as f64 / (1_u64 << 53) as f64
        }

        /// How many events come where `mean` are expected.
        fn poisson(&mut self, mean: f64) -> u64 {
            let (mut count, mut left) = (0, (-mean).exp());
            let mut product = self.unit();
            while product > left {
                product *= self.unit();
                count += 1;
                left = left.max(f64::MIN_POSITIVE);
            }
            count
        }
    }

    /// Events an hour of a business that opens from eight to eighteen, Monday to Friday.
    fn business(at: Timestamp, busy: f64) -> f64 {
        let zoned = at.to_zoned_datetime(jiff::tz::TimeZone::UTC);
        let open = (8..18).contains(&zoned.hour()) && zoned.weekday().to_monday_zero_offset() < 5;
        if open { busy } else { 0.0 }
    }

    /// Lives through some weeks; the rhythm afterwards, and how often it was called silent.
    fn live(rate: impl Fn(Timestamp) -> f64, luck: &mut Luck, from: Timestamp) -> (Rhythm, u32) {
        let (mut rhythm, mut alarms, mut now) = (Rhythm::new(from), 0, from);
        let end = from + SignedDuration::from_hours(WEEKS * 168);
        while now < end {
            now += STEP;
            let events = luck.poisson(rate(now) / 4.0);
            let was = rhythm.silent;
            rhythm = rhythm.look(now, events, Some(now));
            alarms += u32::from(was.is_none() && rhythm.silent.is_some());
        }
        (rhythm, alarms)
    }

    /// Hours of silence until it is told.
    fn until_told(mut rhythm: Rhythm) -> Option<i64> {
        for quarter in 1..4 * 24 * 365 {
            let now = rhythm.watched + STEP;
            rhythm = rhythm.look(now, 0, None);
            if rhythm.silent.is_some() {
                return Some(quarter / 4);
            }
        }
        None
    }

    fn monday() -> Timestamp {
        "2026-03-02T00:00:00Z".parse().unwrap()
    }

    proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(24))]

        /// Nights, weekends and chance are no silence, from one event a week to a hundred an hour.
        #[test]
        fn no_false_alarm(seed in 1_u64.., busy in 0.02_f64..100.0, always in proptest::bool::ANY) {
            let rate = |at| if always { busy } else { business(at, busy) };
            let (_, alarms) = live(rate, &mut Luck(seed), monday());
            prop_assert!(alarms == 0, "{alarms} alarms");
        }

        /// A sender that comes once a day with all it has is given its pauses.
        #[test]
        fn bursts_are_a_rhythm_too(seed in 1_u64.., size in 1.0_f64..500.0, hour in 0_i8..24) {
            let rate = |at: Timestamp| {
                let zoned = at.to_zoned_datetime(jiff::tz::TimeZone::UTC);
                if zoned.hour() == hour && zoned.minute() == 0 { size * 4.0 } else { 0.0 }
            };
            let (_, alarms) = live(rate, &mut Luck(seed), monday());
            prop_assert!(alarms == 0, "{alarms} alarms");
        }

        /// When a sender stops, that is told once a fair number of events should have come; and the next one ends it.
        #[test]
        fn silence_is_told(seed in 1_u64.., busy in 1.0_f64..100.0) {
            let (rhythm, _) = live(|at| business(at, busy), &mut Luck(seed), monday());
            let told = until_told(rhythm.clone());
            // Two weeks at the most for ten events a day; the same day for hundreds.
            let limit = 24.0 * (4.0 + 12.0 / busy);
            prop_assert!(told.is_some_and(|hours| (hours as f64) < limit), "{told:?} of {limit}");
            let mut silent = rhythm;
            while silent.silent.is_none() {
                let now = silent.watched + STEP;
                silent = silent.look(now, 0, None);
            }
            let before = silent.by_hour.longest;
            let back = silent.clone().look(silent.watched + STEP, 1, None);
            prop_assert!(back.silent.is_none());
            prop_assert!(back.by_hour.longest <= before, "a failure is no habit");
        }
    }

    #[test]
    fn a_rare_sender_is_missed_in_the_end() {
        let rate = |at| business(at, 0.1);
        let (rhythm, alarms) = live(rate, &mut Luck(7), monday());
        assert_eq!(alarms, 0);
        let weeks = until_told(rhythm).unwrap() / 168;
        assert!((2..12).contains(&weeks), "{weeks} weeks");
    }

    /// While the gateway was down nobody could come: that is no silence, and nothing is learned from it.
    #[test]
    fn time_that_nobody_watched_does_not_count() {
        let (rhythm, _) = live(|_| 50.0, &mut Luck(3), monday());
        let up = rhythm.watched + SignedDuration::from_hours(72);
        let after = rhythm.clone().look(up, 0, None);
        assert_eq!((after.silent, after.missed()), (None, rhythm.missed()));
        assert_eq!(after.week, rhythm.week);
    }

    /// Clocks are put forward: the first busy hour comes an hour later, or earlier.
    #[test]
    fn summer_time_is_no_silence() {
        let (mut rhythm, _) = live(|at| business(at, 80.0), &mut Luck(5), monday());
        let mut luck = Luck(6);
        for _ in 0..4 * 24 * 7 {
            let now = rhythm.watched + STEP;
            let events = luck.poisson(business(now - SignedDuration::from_hours(1), 80.0) / 4.0);
            rhythm = rhythm.look(now, events, Some(now));
            assert_eq!(rhythm.silent, None, "{now}");
        }
    }

    #[test]
    fn its_document_is_short() {
        let (rhythm, _) = live(|at| business(at, 30.0), &mut Luck(1), monday());
        let text = serde_json::to_string(&rhythm).unwrap();
        assert!(text.len() < 2500, "{} bytes", text.len());
        assert_eq!(serde_json::from_str::<Rhythm>(&text).unwrap(), rhythm);
        let per_week = rhythm.per_week();
        assert!((1000.0..2000.0).contains(&per_week), "{per_week}");
    }
}
