//! What the processors have left for the workers.
//!
//! Their threads stand back for all others. So the part of its time that a piece of their work really had a processor
//! is the part that receiving leaves, and the writer gives settlements no more of its own time than that.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// A share of 1.
const WHOLE: u32 = 1000;
/// A piece that ran shorter says nothing: there is little to do.
const TELLING: Duration = Duration::from_micros(500);

/// The share, as far as it was seen lately.
#[derive(Debug)]
pub(super) struct Leftover(AtomicU32);

impl Default for Leftover {
    fn default() -> Self {
        Leftover(AtomicU32::new(WHOLE))
    }
}

impl Leftover {
    /// Does a piece of the workers' work, in one of their threads, and looks how that goes.
    pub(super) fn watch<T>(&self, work: impl FnOnce() -> T) -> T {
        let (began, before) = (Instant::now(), had_processor());
        let done = work();
        if let (Some(before), Some(after)) = (before, had_processor()) {
            self.note(after.saturating_sub(before), began.elapsed());
        }
        done
    }

    /// The share of a time.
    pub(super) fn of(&self, time: Duration) -> Duration {
        time * self.0.load(Ordering::Relaxed) / WHOLE
    }

    /// Half of what was known stays, so that one odd piece does not count for much.
    fn note(&self, ran: Duration, took: Duration) {
        let seen = match ran >= TELLING {
            true => ran.as_micros() * u128::from(WHOLE) / took.as_micros().max(1),
            false => u128::from(WHOLE),
        };
        let seen = u32::try_from(seen).unwrap_or(WHOLE).min(WHOLE);
        self.0.store(
            u32::midpoint(self.0.load(Ordering::Relaxed), seen),
            Ordering::Relaxed,
        );
    }
}

/// How long this thread has had a processor since it began.
#[cfg(target_os = "linux")]
fn had_processor() -> Option<Duration> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).ok()
}

#[cfg(not(target_os = "linux"))]
fn had_processor() -> Option<Duration> {
    None
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Leftover;

    #[test]
    fn the_share_follows_what_is_seen() {
        let check = |pieces: &[(u64, u64)], expected: u64| {
            let leftover = Leftover::default();
            for (ran, took) in pieces {
                leftover.note(Duration::from_micros(*ran), Duration::from_micros(*took));
            }
            let share = leftover.of(Duration::from_micros(1000));
            assert_eq!(share, Duration::from_micros(expected), "{pieces:?}");
        };
        check(&[], 1000);
        check(&[(5_000, 5_000)], 1000);
        check(&[(5_000, 50_000)], 550);
        check(&[(5_000, 50_000); 12], 100);
        check(&[(5_000, 50_000), (10, 9_000)], 775);
        check(&[(9_000, 5_000)], 1000);
    }
}
