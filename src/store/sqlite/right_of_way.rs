//! Whether settlements hold up the senders.
//!
//! Senders come first, but from inside a sender that waits for its answer before it sends again looks like one that has
//! nothing more to send. So it is tried: for a moment settlements do what they otherwise do not, wait or run, and where
//! senders send notably more while settlements wait, settlements go on waiting: for the length of a burst. What they kept
//! up with lately is none: they go on at once. A flood that does not end must not keep everybody's leads waiting, so then
//! they take turns.

use std::time::{Duration, Instant};

/// Between two trials: short after a trial that changed something, for a burst is to be met when it begins, and twice as
/// long each time that a trial says the same again or what it gave was not needed.
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

/// What a cycle of the writer did: requests appended, events settled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cycle {
    pub(super) appended: usize,
    pub(super) settled: usize,
}

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
    /// Events that waited to be settled when the stretch began.
    waited: usize,
    /// While settlements wait: what was appended since when.
    watched: usize,
    watch: Instant,
    /// When settlements had their turn.
    turn: Instant,
    /// When senders were given way, without the moments in which they lost it again; when they lost it; and until when
    /// they are not given it.
    given: Instant,
    lost: Option<Instant>,
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
            waited: 0,
            watched: 0,
            watch: now,
            turn: now,
            given: now,
            lost: None,
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

    /// A cycle ends now, and so many events wait to be settled.
    pub(super) fn note(&mut self, cycle: Cycle, waiting: usize, now: Instant) {
        self.appended += cycle.appended;
        self.settled += cycle.settled;
        if self.is_manageable(cycle.appended, now) {
            self.give(false, now);
            self.on_trial = false;
            self.catching_up = false;
            self.stretch = LONGEST.min(self.stretch * 2);
            return self.begin(waiting, now);
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
            return self.begin(waiting, now);
        }
        let rate = rate(self.appended, took);
        if !self.is_held() && !self.on_trial {
            self.remember(rate, waiting, took);
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
            self.give(senders, now);
        }
        let is_busy = rate > BUSY;
        if !is_busy {
            self.give(false, now);
            self.lost = None;
            self.stretch = SHORTEST;
            self.rest = now;
        }
        if self.senders && now.saturating_duration_since(self.given) >= BURST {
            self.give(false, now);
            self.lost = None;
            self.rest = now + BURST;
        }
        self.on_trial = is_busy && now >= self.rest && !self.on_trial;
        self.catching_up = self.on_trial && !self.senders;
        self.usual = rate;
        self.begin(waiting, now);
    }

    fn begin(&mut self, waiting: usize, now: Instant) {
        self.appended = 0;
        self.settled = 0;
        self.waited = waiting;
        self.began = now;
    }

    /// Gives senders way, or takes it from them. Who gets it back soon is still in the burst of before: a flood that
    /// pauses for a moment takes turns all the same.
    fn give(&mut self, senders: bool, now: Instant) {
        match (self.senders, senders) {
            (true, false) => self.lost = Some(now),
            (false, true) => {
                let pause = self.lost.map(|lost| now.saturating_duration_since(lost));
                self.given = match pause {
                    Some(pause) if pause < BURST => self.given + pause,
                    _ => now,
                };
            }
            _ => {}
        }
        self.senders = senders;
    }

    /// What settlements kept up with in a stretch in which they ran: all that came in, or the share of it by which what
    /// waits did not grow. A request may bring many events, or none to settle.
    fn remember(&mut self, appended: f64, waiting: usize, took: Duration) {
        let kept_up = match waiting.saturating_sub(self.waited) {
            0 => appended,
            grown => appended * float(self.settled) / float(self.settled + grown),
        };
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
    float(events) / took.as_secs_f64()
}

fn float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Cycle, RightOfWay};

    /// A gateway in cycles of 10 ms.
    struct Gateway {
        way: RightOfWay,
        now: Instant,
        waiting: usize,
    }

    impl Gateway {
        fn new() -> Self {
            let now = Instant::now();
            let way = RightOfWay::new(now);
            Gateway {
                way,
                now,
                waiting: 0,
            }
        }

        /// A cycle, told whether it is the senders', that appends and settles so much, of `events` for each append.
        fn cycle(&mut self, events: usize, work: impl FnOnce(bool) -> Cycle) -> bool {
            let is_senders = self.way.is_senders(self.now);
            self.now += Duration::from_millis(10);
            let cycle = work(is_senders);
            self.waiting = (self.waiting + cycle.appended * events).saturating_sub(cycle.settled);
            self.way.note(cycle, self.waiting, self.now);
            is_senders
        }

        /// Runs for `seconds` and says which share of the cycles, in a hundred, was the senders'. So many are appended a second
        /// while settlements wait, and so many, that are settled as well, while they run.
        fn share(&mut self, seconds: u32, (held, running): (usize, usize)) -> u32 {
            self.share_of_flow(seconds, |_| (held, running))
        }

        /// The same with rates that depend on the cycle.
        fn share_of_flow(&mut self, seconds: u32, flow: impl Fn(u32) -> (usize, usize)) -> u32 {
            let cycles = seconds * 100;
            let are_senders = (0..cycles).map(|nth| {
                let (held, running) = flow(nth);
                self.cycle(1, |is_senders| Cycle {
                    appended: if is_senders { held } else { running } / 100,
                    settled: if is_senders { 0 } else { running } / 100,
                })
            });
            let held = are_senders.map(u32::from).sum::<u32>();
            held * 100 / cycles
        }
    }

    #[test]
    fn settlements_wait_while_that_lets_senders_send_more() {
        let mut gateway = Gateway::new();
        let steady = gateway.share(20, (10_000, 10_000));
        assert!((1..10).contains(&steady), "only trials: {steady}");
        let burst = gateway.share(14, (30_000, 10_000));
        assert!(
            (75..97).contains(&burst),
            "all but trials and turns: {burst}"
        );
        let after = gateway.share(20, (10_000, 10_000));
        assert!((1..25).contains(&after), "soon over: {after}");
    }

    #[test]
    fn a_flood_that_does_not_end_takes_turns_with_settlements() {
        let flood = Gateway::new().share(120, (30_000, 10_000));
        assert!((35..60).contains(&flood), "half of the time: {flood}");
    }

    #[test]
    fn a_flood_that_pauses_for_a_moment_takes_turns_all_the_same() {
        for (every, length) in [(1_000, 7), (1_400, 10), (300, 7)] {
            let flow = |nth| match nth % every < length {
                true => (0, 0),
                false => (30_000, 10_000),
            };
            let flood = Gateway::new().share_of_flow(300, flow);
            assert!((30..60).contains(&flood), "half of the time: {flood}");
        }
    }

    /// Senders who have 20 000 a second to send, are held up by settlements and make up for it when they are not.
    #[test]
    fn senders_that_make_up_for_a_while_do_not_look_like_a_burst() {
        let mut gateway = Gateway::new();
        let (mut late, mut held) = (0, 0);
        for _ in 0..2_000 {
            late += 200;
            held += u32::from(gateway.cycle(1, |is_senders| {
                let appended = late.min(if is_senders { 400 } else { 190 });
                late -= appended;
                let settled = if is_senders { 0 } else { 90 };
                Cycle { appended, settled }
            }));
        }
        assert!((1..300).contains(&held), "only trials: {held}");
    }

    /// Senders who have 20 000 a second to send, and settlements that kept up with it, then did not for a while, and after a
    /// wait hold up senders for a moment. The same where each request brings many events, or none to settle.
    #[test]
    fn what_settlements_kept_up_with_before_is_not_held_up() {
        for (requests, events) in [(200, 1), (20, 10), (200, 0)] {
            let mut gateway = Gateway::new();
            let (mut late, mut held, mut ran) = (0, 0, 0);
            for cycle in 0..1_500 {
                let is_slow = (100..250).contains(&cycle) || (1..=8).contains(&(ran + 1));
                let running = if is_slow && cycle > 100 { 6 } else { 10 };
                late += requests;
                let is_senders = gateway.cycle(events, |is_senders| {
                    let most = if is_senders { 20 } else { running } * requests / 10;
                    let appended = late.min(most);
                    late -= appended;
                    let settled = if is_senders { 0 } else { most * events };
                    Cycle { appended, settled }
                });
                held += u32::from(is_senders);
                ran = if is_senders { 0 } else { ran + 1 };
            }
            assert!((1..300).contains(&held), "catching up only: {held}");
        }
    }

    /// Of ten events of each request two are settled in time: nothing that was kept up with, and so a burst.
    #[test]
    fn large_requests_are_not_kept_up_with_because_their_number_is_small() {
        let mut gateway = Gateway::new();
        let mut burst = |cycles: u32, held: usize| {
            let are_senders = (0..cycles).map(|_| {
                gateway.cycle(10, |is_senders| Cycle {
                    appended: if is_senders { held } else { 100 },
                    settled: if is_senders { 0 } else { 200 },
                })
            });
            are_senders.map(u32::from).sum::<u32>() * 100 / cycles
        };
        burst(500, 100);
        let held = burst(1_200, 134);
        assert!((75..97).contains(&held), "{held}");
    }

    #[test]
    fn a_few_senders_are_in_nobodys_way() {
        let mut gateway = Gateway::new();
        assert_eq!(gateway.share(20, (400, 100)), 0);
        gateway.share(20, (30_000, 10_000));
        let idle = gateway.share(20, (0, 0));
        assert!(idle < 10, "an end of a burst is noticed: {idle}");
    }
}
