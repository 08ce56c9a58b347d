//! Whether what a stream brings is understood, or waits in quarantine: a share over the last events, pure.

use jiff::Timestamp;

/// How much of the past is left after one more event: about the last ten count.
const LEFT: f64 = 0.9;
/// Refused events that are more than an accident, and the share of them.
const SOME: f64 = 4.0;
const MOST: f64 = 0.5;
/// Below this share it is over.
const FEW: f64 = 0.1;

/// One type of event at one endpoint.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Understood {
    received: f64,
    refused: f64,
    /// Since when most of it waits in quarantine.
    pub troubled: Option<Timestamp>,
}

impl Understood {
    /// A stream that nothing good is known of yet.
    pub fn in_trouble(since: Timestamp) -> Self {
        let all = 1.0 / (1.0 - LEFT);
        Understood {
            received: all,
            refused: all,
            troubled: Some(since),
        }
    }

    /// Adds `received` events, of which `refused` went to quarantine.
    #[must_use]
    pub fn look(mut self, received: u64, refused: u64, now: Timestamp) -> Self {
        // More than a few dozen leave nothing of the past.
        let events = u32::try_from(received.min(1_000)).unwrap_or(1_000);
        let count = f64::from(events);
        let share = match received {
            0 => 0.0,
            received => part(refused, received),
        };
        let left = LEFT.powf(count);
        let weight = (1.0 - left) / (1.0 - LEFT);
        self.received = self.received * left + weight;
        self.refused = self.refused * left + weight * share;
        let share = self.refused / self.received.max(1.0);
        match self.troubled {
            None if self.refused >= SOME && share >= MOST => self.troubled = Some(now),
            Some(_) if share < FEW => self.troubled = None,
            _ => {}
        }
        self
    }

    /// Whether nothing bad is left to remember.
    pub fn is_over(&self) -> bool {
        self.troubled.is_none() && self.refused < 0.5
    }
}

fn part(of: u64, all: u64) -> f64 {
    let thousandths = u128::from(of) * 1000 / u128::from(all.max(1));
    f64::from(u32::try_from(thousandths.min(1000)).unwrap_or(1000)) / 1000.0
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::Understood;

    /// Looks (received, refused), and whether there is trouble after each.
    fn check(looks: &[(u64, u64, bool)]) {
        let mut stream = Understood::default();
        for (position, (received, refused, troubled)) in looks.iter().enumerate() {
            stream = stream.look(*received, *refused, Timestamp::UNIX_EPOCH);
            assert_eq!(
                stream.troubled.is_some(),
                *troubled,
                "look {position} of {looks:?}"
            );
        }
    }

    #[test]
    fn trouble_is_more_than_an_accident() {
        check(&[(1, 1, false), (1, 1, false), (1, 0, false), (1, 1, false)]);
        check(&[
            (1, 1, false),
            (2, 2, false),
            (2, 2, true),
            (0, 0, true),
            (1, 0, true),
        ]);
        check(&[(1000, 30, false), (100, 100, true), (100, 0, false)]);
        check(&[(10, 10, true), (5, 0, true), (10, 0, true), (10, 0, false)]);
        check(&[(u64::MAX, u64::MAX, true), (u64::MAX, 0, false)]);
    }
}
