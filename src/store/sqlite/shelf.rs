//! What was just written is not read back: fresh events wait here, from their commit until a worker takes them.
//!
//! What stands on the shelf is every fresh event between the cursor (see `flight`) and the last one on it. It is *open* as
//! long as each new one is put on it. It closes when it is full, or when an event cannot be put on it; workers then take
//! what is left, read from the file, and when they are about to come to its end it opens again: what is committed while
//! they read is put on it, and what they have read is taken off.

use std::collections::VecDeque;

/// Events on the shelf: what workers take in a few turns.
const MOST: usize = 2048;
/// Bytes of them, about.
const MOST_BYTES: usize = 2 << 20;

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Door {
    Open,
    /// A worker reads what may be the rest of the file.
    Catching,
    #[default]
    Closed,
}

/// Things in the order of their numbers, each with its bytes.
#[derive(Debug)]
pub(super) struct Shelf<T> {
    things: VecDeque<(i64, usize, T)>,
    bytes: usize,
    door: Door,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Shelf {
            things: VecDeque::new(),
            bytes: 0,
            door: Door::Closed,
        }
    }
}

impl<T> Shelf<T> {
    /// The next fresh event is committed. One that the shelf does not keep comes back.
    pub(super) fn put(&mut self, (seq, bytes): (i64, usize), thing: T) -> Option<T> {
        if self.door == Door::Closed {
            return Some(thing);
        }
        if self.things.len() >= MOST || self.bytes + bytes > MOST_BYTES {
            self.close();
            return Some(thing);
        }
        self.bytes += bytes;
        self.things.push_back((seq, bytes, thing));
        None
    }

    /// Whether anything is put there at all.
    pub(super) fn is_closed(&self) -> bool {
        self.door == Door::Closed
    }

    /// A fresh event may be committed that is not put here: what would be from now on is not next to what is there.
    pub(super) fn close(&mut self) {
        if self.door == Door::Catching {
            self.clear();
        }
        self.door = Door::Closed;
    }

    fn clear(&mut self) {
        self.things.clear();
        self.bytes = 0;
    }

    /// How many a worker may take; `None` when it has to read from the file, and say then how far it came.
    /// `is_near`: it may come to the end of it.
    pub(super) fn ready(&mut self, is_near: bool) -> Option<usize> {
        let is_spent = self.door == Door::Closed && self.things.is_empty();
        if !is_spent && self.door != Door::Catching {
            return Some(self.things.len());
        }
        // A reading that nobody told the end of left a hole.
        self.clear();
        self.door = match is_near {
            true => Door::Catching,
            false => Door::Closed,
        };
        None
    }

    /// The file was read up to a number, which was the end of it; or not to its end.
    pub(super) fn caught_up(&mut self, end: Option<i64>) {
        if self.door != Door::Catching {
            return;
        }
        let Some(end) = end else {
            return self.close();
        };
        self.door = Door::Open;
        while self.things.front().is_some_and(|(seq, ..)| *seq <= end) {
            self.take();
        }
    }

    /// The next one. While the file is read there is something before it.
    pub(super) fn take(&mut self) -> Option<T> {
        if self.door == Door::Catching {
            return None;
        }
        let (_, bytes, thing) = self.things.pop_front()?;
        self.bytes -= bytes;
        Some(thing)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};

    use super::{MOST, Shelf};

    #[derive(Debug, Clone)]
    enum Step {
        /// So many events are committed, of which the second half is told of only later.
        Commit(u8),
        /// What was committed is told of.
        Tell,
        /// The next event that is told of is missed.
        Miss,
        /// A worker takes so many; a reading may be cut off.
        Claim { most: u8, cut_off: bool },
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            4 => any::<u8>().prop_map(Step::Commit),
            4 => Just(Step::Tell),
            1 => Just(Step::Miss),
            6 => (1_u8.., any::<bool>(), any::<bool>())
                .prop_map(|(most, a, b)| Step::Claim { most, cut_off: a && b }),
        ];
        prop::collection::vec(step, 1..200)
    }

    /// A file of which the shelf knows what it is told.
    #[derive(Default)]
    struct Model {
        shelf: Shelf<i64>,
        committed: i64,
        told: i64,
        cursor: i64,
        from_shelf: usize,
    }

    impl Model {
        fn tell(&mut self, upto: i64, is_missed: bool) {
            for seq in self.told + 1..=upto {
                if is_missed {
                    self.shelf.close();
                } else if seq > self.cursor {
                    self.shelf.put((seq, 1), seq);
                }
            }
            self.told = self.told.max(upto);
        }

        fn claim(&mut self, most: usize, cut_off: bool) {
            let is_near = usize::try_from(self.told - self.cursor).unwrap_or(0) <= most;
            if self.shelf.ready(is_near).is_some() {
                for _ in 0..most {
                    let Some(seq) = self.shelf.take() else { break };
                    assert_eq!(seq, self.cursor + 1, "each once, in order");
                    self.cursor = seq;
                    self.from_shelf += 1;
                }
                return;
            }
            // What is committed while it reads is told of before it comes to the end.
            let seen = self.committed;
            self.committed += 2;
            self.tell(self.committed, false);
            if cut_off {
                return;
            }
            let end = seen.min(self.cursor + i64::try_from(most).unwrap());
            let is_end = end == seen && usize::try_from(end - self.cursor).unwrap() < most;
            self.cursor = end.max(self.cursor);
            self.shelf.caught_up(is_end.then_some(end));
        }
    }

    proptest! {
        #[test]
        fn workers_are_given_each_event_once_and_in_order(steps in steps()) {
            let mut model = Model::default();
            for step in steps {
                match step {
                    Step::Commit(count) => model.committed += i64::from(count % 40),
                    Step::Tell => model.tell(model.committed, false),
                    Step::Miss => model.tell(model.committed.min(model.told + 1), true),
                    Step::Claim { most, cut_off } => model.claim(most.into(), cut_off),
                }
            }
            model.tell(model.committed, false);
            while model.cursor < model.committed {
                let before = model.cursor;
                // Bounded: what is committed meanwhile is put on the shelf.
                model.claim(100, false);
                assert!(model.cursor > before, "nothing is forgotten");
                if model.committed > 100_000 { break; }
            }
        }
    }

    #[test]
    fn workers_who_keep_up_never_read_back() {
        let mut model = Model::default();
        model.claim(128, false);
        for _ in 0..50 {
            model.committed += 100;
            model.tell(model.committed, false);
            model.claim(128, false);
        }
        assert_eq!(model.from_shelf, 5002);
    }

    #[test]
    fn a_backlog_goes_by_and_the_shelf_opens_after_it() {
        let mut model = Model::default();
        model.claim(128, false);
        let flood = i64::try_from(MOST).unwrap() * 4;
        model.committed += flood;
        model.tell(model.committed, false);
        while model.cursor < model.committed {
            model.claim(128, false);
        }
        let from_shelf = model.from_shelf;
        assert!((MOST..MOST + 200).contains(&from_shelf), "{from_shelf}");
        model.committed += 1;
        model.tell(model.committed, false);
        model.claim(128, false);
        assert_eq!(model.from_shelf, from_shelf + 1);
    }
}
