//! Whether settlements hold up the senders.
//!
//! Senders come first, but from inside a sender that waits for its answer before it sends again looks like one that has
//! nothing more to send. So it is tried: for a moment settlements do what they otherwise do not, wait or run, and where
//! senders send notably more while settlements wait, settlements go on waiting: for the length of a burst. What they kept
//! up with lately is none: they go on at once. A flood that does not end must not keep everybody's leads waiting, so then
//! they take turns.

use std::time::{Duration, Instant};

/// Between two trials: short after a change, for a burst is to be met when it begins, and twice as long each time that
/// a trial says the same again.
const SHORTEST: Duration = Duration::from_millis(120);
const LONGEST: Duration = Duration::from_secs(2);
/// A trial: long enough for a dozen commits.
const TRIAL: Duration = Duration::from_millis(40);
/// Before it: who was held up has something to make up for, and sends more for a moment than it has to send.
const CATCH_UP: Duration = Duration::from_millis(120);
/// Slower senders are not held up by anything, in appends a second.
const BUSY: f64 = 500.0;
/// So many times more is notable: below, it may be chance.
const NOTABLE: f64 = 1.25;
/// While settlements wait, senders are looked at in stretches of such a length.
const WATCH: Duration = Duration::from_millis(60);
/// Less than so many times what settlements kept up with lately is no burst, or one that is over: the processors would have
/// nothing to do while a backlog grows.
const MANAGEABLE: f64 = 1.35;
/// What they kept up with is forgotten by and by, most of it in such a time: the machine may be slower now.
const MEMORY: Duration = Duration::from_secs(30);
/// While settlements wait they get a turn so often, so that a backlog ends whatever comes in. Rarely: each commit
/// with a settlement in it writes a dozen pages more.
const TURN: Duration = Duration::from_millis(150);

/// So long settlements wait for senders at a stretch, and then senders for them.
const BURST: Duration = Duration::from_secs(15);

/// What is known of it.
#[derive(Debug)]
pub(super) struct RightOfWay {
    /// As it is between trials.
    senders: bool,
    on_trial: bool,
    /// Senders that were held up before the trial may be making up for it.
    catching_up: bool,
    /// Until the next trial.
    stretch: Duration,
    began: Instant,
    appended: usize,
    settled: usize,
    /// Of the stretch before the trial, in appends a second.
    usual: f64,
    /// Appends a second that settlements kept up with.
    kept_up: f64,
    /// While settlements wait: what was appended since when.
    watched: usize,
    watch: Instant,
    /// When settlements had their turn.
    turn: Instant,
    /// When senders were given way, and until when they are not.
    given: Instant,
    rest: Instant,
}

impl RightOfWay {
    pub(super) fn new(now: Instant) -> Self {
        RightOfWay {
            senders: false,
            on_trial: false,
            catching_up: false,
            stretch: SHORTEST,
            began: now,
            appended: 0,
            settled: 0,
            usual: 0.0,
            kept_up: 0.0,
            watched: 0,
            watch: now,
            turn: now,
            given: now,
            rest: now,
        }
    }

    /// Settlements have to wait in the cycle that begins now.
    pub(super) fn is_senders(&mut self, now: Instant) -> bool {
        if self.is_held() && now.saturating_duration_since(self.turn) < TURN {
            return true;
        }
        self.turn = now;
        false
    }

    fn is_held(&self) -> bool {
        self.senders != self.on_trial
    }

    /// So many were appended and settled in the cycle that ends now.
    pub(super) fn note(&mut self, appended: usize, settled: usize, now: Instant) {
        self.appended += appended;
        self.settled += settled;
        if self.is_manageable(appended, now) {
            self.senders = false;
            self.on_trial = false;
            self.catching_up = false;
            self.stretch = LONGEST.min(self.stretch * 2);
            self.begin(now);
            return;
        }
        let took = now.saturating_duration_since(self.began);
        let length = match (self.catching_up, self.on_trial) {
            (true, _) => CATCH_UP,
            (false, true) => TRIAL,
            (false, false) => self.stretch,
        };
        if took < length {
            return;
        }
        if std::mem::take(&mut self.catching_up) {
            return self.begin(now);
        }
        let rate = rate(self.appended, took);
        if !self.is_held() && !self.on_trial {
            self.remember(rate, took);
        }
        if self.on_trial {
            let (waiting, running) = match self.senders {
                true => (self.usual, rate),
                false => (rate, self.usual),
            };
            let senders = waiting > running * NOTABLE;
            self.stretch = match senders == self.senders {
                true => LONGEST.min(self.stretch * 2),
                false => SHORTEST,
            };
            if senders && !self.senders {
                self.given = now;
            }
            self.senders = senders;
        }
        let is_busy = rate > BUSY;
        if !is_busy {
            self.senders = false;
            self.stretch = SHORTEST;
            self.rest = now;
        }
        if self.senders && now.saturating_duration_since(self.given) >= BURST {
            self.senders = false;
            self.rest = now + BURST;
        }
        self.on_trial = is_busy && now >= self.rest && !self.on_trial;
        self.catching_up = self.on_trial && !self.senders;
        self.usual = rate;
        self.begin(now);
    }

    fn begin(&mut self, now: Instant) {
        self.appended = 0;
        self.settled = 0;
        self.began = now;
    }

    /// What settlements kept up with in a stretch in which they ran.
    fn remember(&mut self, appended: f64, took: Duration) {
        let kept_up = appended.min(rate(self.settled, took));
        let left = 1.0 - took.as_secs_f64() / MEMORY.as_secs_f64();
        self.kept_up = kept_up.max(self.kept_up * left.max(0.0));
    }

    /// Settlements wait for what they could keep up with.
    fn is_manageable(&mut self, appended: usize, now: Instant) -> bool {
        if !self.is_held() {
            self.watched = 0;
            self.watch = now;
            return false;
        }
        self.watched += appended;
        let took = now.saturating_duration_since(self.watch);
        if took < WATCH {
            return false;
        }
        let sent = rate(std::mem::take(&mut self.watched), took);
        self.watch = now;
        sent < self.kept_up * MANAGEABLE
    }
}

/// In a second.
fn rate(events: usize, took: Duration) -> f64 {
    f64::from(u32::try_from(events).unwrap_or(u32::MAX)) / took.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::RightOfWay;

    /// Runs 10 ms cycles for `seconds` and says which share of them was the senders'.
    fn share(way: &mut RightOfWay, from: &mut Instant, seconds: u32, rates: (usize, usize)) -> u32 {
        let cycles = seconds * 100;
        let mut held = 0;
        for _ in 0..cycles {
            let is_senders = way.is_senders(*from);
            held += u32::from(is_senders);
            *from += Duration::from_millis(10);
            let rate = if is_senders { rates.0 } else { rates.1 };
            let settled = if is_senders { 0 } else { rates.1 };
            way.note(rate / 100, settled / 100, *from);
        }
        held * 100 / cycles
    }

    #[test]
    fn settlements_wait_while_that_lets_senders_send_more() {
        let mut now = Instant::now();
        let mut way = RightOfWay::new(now);
        let steady = share(&mut way, &mut now, 20, (10_000, 10_000));
        assert!((1..10).contains(&steady), "only trials: {steady}");
        let burst = share(&mut way, &mut now, 14, (30_000, 10_000));
        assert!(
            (75..97).contains(&burst),
            "all but trials and turns: {burst}"
        );
        let after = share(&mut way, &mut now, 20, (10_000, 10_000));
        assert!((1..25).contains(&after), "soon over: {after}");
    }

    #[test]
    fn a_flood_that_does_not_end_takes_turns_with_settlements() {
        let mut now = Instant::now();
        let mut way = RightOfWay::new(now);
        let flood = share(&mut way, &mut now, 120, (30_000, 10_000));
        assert!((35..60).contains(&flood), "half of the time: {flood}");
    }

    /// Senders who have 20 000 a second to send, are held up by settlements and make up for it when they are not.
    #[test]
    fn senders_that_make_up_for_a_while_do_not_look_like_a_burst() {
        let mut now = Instant::now();
        let mut way = RightOfWay::new(now);
        let (mut late, mut held) = (0, 0);
        for _ in 0..2_000 {
            let is_senders = way.is_senders(now);
            held += u32::from(is_senders);
            now += Duration::from_millis(10);
            late += 200;
            let sent = late.min(if is_senders { 400 } else { 190 });
            late -= sent;
            way.note(sent, if is_senders { 0 } else { 90 }, now);
        }
        assert!((1..300).contains(&held), "only trials: {held}");
    }

    /// Senders who have 20 000 a second to send, and settlements that kept up with it, then did not for a while, and after a
    /// wait hold up senders for a moment.
    #[test]
    fn what_settlements_kept_up_with_before_is_not_held_up() {
        let mut now = Instant::now();
        let mut way = RightOfWay::new(now);
        let (mut late, mut held, mut ran) = (0, 0, 0);
        for cycle in 0..1_500 {
            let is_senders = way.is_senders(now);
            held += u32::from(is_senders);
            ran = if is_senders { 0 } else { ran + 1 };
            now += Duration::from_millis(10);
            late += 200;
            let is_slow = (100..250).contains(&cycle) || (1..=8).contains(&ran);
            let running = if is_slow && cycle > 100 { 120 } else { 200 };
            let sent = late.min(if is_senders { 400 } else { running });
            late -= sent;
            way.note(sent, if is_senders { 0 } else { running }, now);
        }
        assert!((1..300).contains(&held), "catching up only: {held}");
    }

    #[test]
    fn a_few_senders_are_in_nobodys_way() {
        let mut now = Instant::now();
        let mut way = RightOfWay::new(now);
        assert_eq!(share(&mut way, &mut now, 20, (400, 100)), 0);
        share(&mut way, &mut now, 20, (30_000, 10_000));
        let idle = share(&mut way, &mut now, 20, (0, 0));
        assert!(idle < 10, "an end of a burst is noticed: {idle}");
    }
}
