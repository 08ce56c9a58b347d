//! Random keys into a big B-tree, cheaply: gathered in memory, written in key order.
//!
//! A B-tree of a million random keys has thousands of leaf pages. Sixty-four new keys a commit touch about
//! sixty-four of them, and each touched page is written to the log whole: many times the cost of the insert. So new
//! keys are first held here as the *young* generation. When it is large it is sorted and becomes the *frozen*
//! generation, which is swept into the tree in slices, now and then a commit taking the next ones in key order: neighbours
//! share pages, and a page is written once a generation instead of once a key.
//!
//! Memory is not the only place that knows a young or frozen key. Each user of a `Sweep` has a log in the database
//! that is written in the commit of the key anyway, in the order of commits (the event rows for de-duplication, the
//! table `touch` for touches, the table `tail` for the rest), and a mark up to where the log is swept. The mark moves
//! only in the commit that holds the last slice of a generation. Whatever the moment of a crash, the keys behind the mark are in the tree, and the
//! keys after it are read back from the log at open; a slice that was swept before the crash is swept again, which
//! changes nothing: a key whose value may change is written over, and the later entry wins; one whose value never
//! changes stays as it is; a touch counts only where it is later than the row.
//!
//! Within a transaction the memory runs ahead of the disk: `keep` after the commit, `undo` after a rollback.

use std::borrow::Borrow;
use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::ops::Bound;

/// Keys that one transaction sweeps, at least, but for the last of a generation.
const WORTH_SWEEPING: usize = 1024;

/// What a key stands for, and the entry of the log that says so.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<V> {
    pub(super) value: V,
    pub(super) log: i64,
}

impl Entry<i64> {
    /// The value is the number of the log's entry itself.
    pub(super) fn at(log: i64) -> Self {
        Entry { value: log, log }
    }
}

/// A map that a young generation can be: hashed, which is cheaper, or ordered, where ranges of keys are asked for.
pub(super) trait Young: Default {
    type Key: Ord + Clone;
    type Value: Clone;

    /// The value of a key.
    fn value<Q>(&self, key: &Q) -> Option<&Self::Value>
    where
        Self::Key: Borrow<Q>,
        Q: Ord + Hash + ?Sized;

    /// Puts an entry; the one it replaces is the answer.
    fn put(&mut self, key: Self::Key, entry: Entry<Self::Value>) -> Option<Entry<Self::Value>>;

    fn size(&self) -> usize;

    fn all_keys(&self) -> impl Iterator<Item = &Self::Key>;

    /// Forgets what stands in the log after `last`.
    fn cut(&mut self, last: i64);

    /// Everything in the order of keys; nothing is left.
    fn take_sorted(&mut self) -> Vec<Pair<Self>>;
}

impl<K: Ord + Clone, V: Clone> Young for BTreeMap<K, Entry<V>> {
    type Key = K;
    type Value = V;

    fn value<Q>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Ord + Hash + ?Sized,
    {
        self.get(key).map(|entry| &entry.value)
    }

    fn put(&mut self, key: K, entry: Entry<V>) -> Option<Entry<V>> {
        self.insert(key, entry)
    }

    fn size(&self) -> usize {
        self.len()
    }

    fn all_keys(&self) -> impl Iterator<Item = &K> {
        self.keys()
    }

    fn cut(&mut self, last: i64) {
        self.retain(|_, entry| entry.log <= last);
    }

    fn take_sorted(&mut self) -> Vec<(K, V)> {
        let all = std::mem::take(self).into_iter();
        all.map(|(key, entry)| (key, entry.value)).collect()
    }
}

impl<K: Ord + Hash + Clone, V: Clone> Young for HashMap<K, Entry<V>> {
    type Key = K;
    type Value = V;

    fn value<Q>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Ord + Hash + ?Sized,
    {
        self.get(key).map(|entry| &entry.value)
    }

    fn put(&mut self, key: K, entry: Entry<V>) -> Option<Entry<V>> {
        self.insert(key, entry)
    }

    fn size(&self) -> usize {
        self.len()
    }

    fn all_keys(&self) -> impl Iterator<Item = &K> {
        self.keys()
    }

    fn cut(&mut self, last: i64) {
        self.retain(|_, entry| entry.log <= last);
    }

    fn take_sorted(&mut self) -> Vec<(K, V)> {
        // What it has grown to is kept: the next generation is as large.
        let all = self.drain().map(|(key, entry)| (key, entry.value));
        let mut sorted: Vec<(K, V)> = all.collect();
        sorted.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        sorted
    }
}

/// A key with what it stands for.
type Pair<Y> = (<Y as Young>::Key, <Y as Young>::Value);

/// Two generations of new keys on their way into a B-tree.
#[derive(Debug)]
pub(super) struct Sweep<Y: Young> {
    young: Y,
    /// In the order of keys.
    frozen: Vec<Pair<Y>>,
    /// The log's last entry of the frozen generation: the mark to set when it is swept.
    frozen_end: i64,
    /// The mark of the last generation that is in the tree.
    mark: i64,
    /// How much of the frozen generation is in the tree, with and without the running transaction.
    swept: usize,
    swept_before: usize,
    added: usize,
    /// What earlier transactions left to a later one.
    owed: usize,
    /// What this transaction has replaced.
    replaced: Vec<(Y::Key, Entry<Y::Value>)>,
}

impl<Y: Young> Sweep<Y> {
    /// Starts with what the log held after the mark.
    pub(super) fn new(young: Y, mark: i64) -> Self {
        Sweep {
            young,
            frozen: Vec::new(),
            frozen_end: mark,
            mark,
            swept: 0,
            swept_before: 0,
            added: 0,
            owed: 0,
            replaced: Vec::new(),
        }
    }

    /// The newest value of a key that may not be in the tree yet.
    pub(super) fn get<Q>(&self, key: &Q) -> Option<&Y::Value>
    where
        Y::Key: Borrow<Q>,
        Q: Ord + Hash + ?Sized,
    {
        self.young.value(key).or_else(|| {
            let place = self
                .frozen
                .binary_search_by(|(frozen, _)| frozen.borrow().cmp(key));
            self.frozen.get(place.ok()?).map(|(_, value)| value)
        })
    }

    /// The keys that may not be in the tree yet, in no order.
    pub(super) fn keys(&self) -> impl Iterator<Item = &Y::Key> {
        let frozen = self.frozen.iter().map(|(key, _)| key);
        self.young.all_keys().chain(frozen)
    }

    /// `log` is the entry of the log that this transaction writes for it.
    pub(super) fn put(&mut self, key: Y::Key, value: Y::Value, log: i64) {
        self.added += 1;
        let entry = Entry { value, log };
        if let Some(replaced) = self.young.put(key.clone(), entry) {
            self.replaced.push((key, replaced));
        }
    }

    /// Keys of log entries up to `log_entry` wait.
    pub(super) fn is_behind(&self, log_entry: i64) -> bool {
        self.mark < log_entry && (self.young.size() > 0 || self.is_frozen())
    }

    /// How many keys this transaction should sweep, so that the frozen generation is gone before the young one is
    /// as large. Many at a time and then none for a while: neighbours share pages.
    pub(super) fn share(&self) -> usize {
        if !self.waits() {
            return 0;
        }
        let share = self.share_so_far();
        if share < WORTH_SWEEPING { 0 } else { share }
    }

    fn share_so_far(&self) -> usize {
        self.owed + self.added + self.added / 4 + 16
    }

    /// The next keys to write, in order; `Some(mark)` when they are the last of the generation.
    pub(super) fn slice(&mut self, limit: usize) -> (&[Pair<Y>], Option<i64>) {
        if limit == 0 || !self.waits() {
            return (&[], None);
        }
        let from = self.swept;
        self.swept = self.frozen.len().min(from + limit);
        let mark = (!self.waits()).then_some(self.frozen_end);
        let slice = self.frozen.get(from..self.swept).unwrap_or_default();
        (slice, mark)
    }

    /// The transaction is on disk.
    pub(super) fn keep(&mut self) {
        self.replaced.clear();
        let is_swept = self.swept != self.swept_before;
        self.owed = match self.frozen.is_empty() || is_swept {
            true => 0,
            false => self.share_so_far(),
        };
        self.added = 0;
        if self.is_frozen() && !self.waits() {
            self.frozen = Vec::new();
            self.mark = self.frozen_end;
            self.swept = 0;
        }
        self.swept_before = self.swept;
    }

    /// The transaction is no more. `last_log` is the log's last entry that is on disk.
    pub(super) fn undo(&mut self, last_log: i64) {
        while let Some((key, entry)) = self.replaced.pop() {
            self.young.put(key, entry);
        }
        self.young.cut(last_log);
        self.added = 0;
        self.swept = self.swept_before;
    }

    /// Between transactions: freezes the young generation when it holds `at_least` keys and none is frozen.
    /// `log_end` is the last entry of the log.
    pub(super) fn freeze(&mut self, at_least: usize, log_end: i64) {
        if self.frozen.is_empty() && self.young.size() > 0 && self.young.size() >= at_least {
            self.frozen = self.young.take_sorted();
            self.frozen_end = log_end;
        }
    }

    pub(super) fn is_frozen(&self) -> bool {
        !self.frozen.is_empty()
    }

    /// Something of the frozen generation is not in the tree, not even with this transaction.
    pub(super) fn waits(&self) -> bool {
        self.swept < self.frozen.len()
    }

    /// Keys of the young generation.
    pub(super) fn len(&self) -> usize {
        self.young.size()
    }
}

impl<K: Ord + Clone, V: Clone> Sweep<BTreeMap<K, Entry<V>>> {
    /// The keys from `from` to before `to` that may not be in the tree yet, in no order.
    pub(super) fn between<'s, Q>(&'s self, from: &'s Q, to: &'s Q) -> impl Iterator<Item = &'s K>
    where
        K: Borrow<Q>,
        Q: Ord + ?Sized,
    {
        let young = self
            .young
            .range::<Q, _>((Bound::Included(from), Bound::Excluded(to)));
        let first = self.frozen.partition_point(|(key, _)| key.borrow() < from);
        let end = self.frozen.partition_point(|(key, _)| key.borrow() < to);
        let frozen = self.frozen.get(first..end).unwrap_or_default().iter();
        let frozen = frozen.map(|(key, _)| key);
        young.map(|(key, _)| key).chain(frozen)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap};

    use proptest::prelude::{Strategy, prop, prop_oneof, proptest};

    use super::{Entry, Sweep, Young};

    /// A step in the life of a store.
    #[derive(Debug, Clone)]
    enum Step {
        Put(u8),
        Commit { sweep: usize },
        RollBack { sweep: usize },
        Freeze { at_least: usize },
        Crash,
    }

    /// What is on disk.
    #[derive(Debug, Clone, Default)]
    struct Disk {
        tree: BTreeMap<u8, i64>,
        log: Vec<u8>,
        mark: i64,
    }

    impl Disk {
        /// The last log entry of each key: what any lookup must find.
        fn truth(&self) -> BTreeMap<u8, i64> {
            self.log.iter().copied().zip(1..).collect()
        }

        fn open<Y: Map>(&self) -> Sweep<Y> {
            let unswept = self.log.iter().copied().zip(1..);
            let unswept = unswept.filter(|(_, seq)| *seq > self.mark);
            Sweep::new(
                unswept.map(|(key, seq)| (key, Entry::at(seq))).collect(),
                self.mark,
            )
        }

        fn sweep<Y: Map>(&mut self, sweep: &mut Sweep<Y>, limit: usize) {
            let (slice, mark) = sweep.slice(limit);
            self.tree.extend(slice.iter().copied());
            self.mark = mark.unwrap_or(self.mark);
        }
    }

    /// Either kind of young generation.
    trait Map: Young<Key = u8, Value = i64> + FromIterator<(u8, Entry<i64>)> {}
    impl Map for BTreeMap<u8, Entry<i64>> {}
    impl Map for HashMap<u8, Entry<i64>> {}

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            6 => (0..40_u8).prop_map(Step::Put),
            3 => (0..9_usize).prop_map(|sweep| Step::Commit { sweep }),
            1 => (0..9_usize).prop_map(|sweep| Step::RollBack { sweep }),
            2 => (0..9_usize).prop_map(|at_least| Step::Freeze { at_least }),
            1 => prop::strategy::Just(Step::Crash),
        ];
        prop::collection::vec(step, 0..120)
    }

    fn check<Y: Map>(steps: Vec<Step>) {
        let mut disk = Disk::default();
        let mut sweep: Sweep<Y> = disk.open();
        let mut log = disk.log.clone();
        for step in steps {
            match step {
                Step::Put(key) => {
                    log.push(key);
                    let seq = log.len() as i64;
                    sweep.put(key, seq, seq);
                }
                Step::Commit { sweep: limit } => {
                    disk.sweep(&mut sweep, limit);
                    disk.log.clone_from(&log);
                    sweep.keep();
                }
                Step::RollBack { sweep: limit } => {
                    disk.clone().sweep(&mut sweep, limit);
                    log.clone_from(&disk.log);
                    sweep.undo(log.len() as i64);
                }
                // Between transactions only.
                Step::Freeze { at_least } if log == disk.log => {
                    sweep.freeze(at_least, log.len() as i64);
                }
                Step::Freeze { .. } => {}
                Step::Crash => {
                    sweep = disk.open();
                    log.clone_from(&disk.log);
                }
            }
            let seen = Disk {
                log: log.clone(),
                ..disk.clone()
            };
            for key in 0..40 {
                let found = sweep.get(&key).or_else(|| disk.tree.get(&key)).copied();
                assert_eq!(found, seen.truth().get(&key).copied(), "key {key}");
            }
        }
    }

    proptest! {
        #[test]
        fn every_key_is_found_whatever_happens(steps in steps()) {
            check::<BTreeMap<u8, Entry<i64>>>(steps.clone());
            check::<HashMap<u8, Entry<i64>>>(steps);
        }
    }
}
