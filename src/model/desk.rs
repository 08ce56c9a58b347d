//! The desk: people and rules as they now are, and the ledger of what was given to whom.

use std::cmp::Ordering;
use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use crate::model::people::{Rep, Team, Turn};
use crate::model::rules::RuleSet;

/// Everything a decision needs besides the lead.
#[derive(Debug, Clone)]
pub struct Desk {
    pub rules: Arc<RuleSet>,
    /// By handle. The same list, not an equal one, until people change.
    pub reps: Arc<Vec<Rep>>,
    /// By handle.
    pub teams: Arc<Vec<Team>>,
    pub ledger: Ledger,
}

impl Default for Desk {
    fn default() -> Self {
        Desk {
            rules: Arc::new(RuleSet::none()),
            reps: Arc::default(),
            teams: Arc::default(),
            ledger: Ledger::default(),
        }
    }
}

/// What was given to whom so far. Its lists are sorted, so that an entry is found without walking.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ledger {
    /// Round-robin state, by team and rep.
    turns: Vec<Turn>,
    /// By rep.
    loads: Vec<Load>,
    /// The lines of waiting leads, by route.
    lines: Vec<Line>,
}

/// What a rep has and was given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Load {
    pub rep: String,
    /// Leads of theirs that are open; test leads are nobody's work.
    pub open: i64,
    /// When they were last given a lead.
    pub last: Option<Timestamp>,
    /// Leads given per day of the rep's calendar, oldest first: days since 1970, and how many.
    pub days: Vec<(i32, i64)>,
}

/// Leads that wait for the same people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The targets that had nobody, in the order they were asked; see `Ledger::waits_for`.
    pub route: String,
    /// From 1.
    pub count: u64,
    /// The lead that waits longest, and since when.
    pub head: Uuid,
    pub since: Timestamp,
}

/// A lead given to a rep, or taken back: what the periods of caps and strategies count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    pub rep: String,
    /// Days since 1970 by the rep's calendar.
    pub day: i32,
    /// 1, or −1 for one that is taken back.
    pub count: i64,
    /// When it was given; `None` for one that is taken back.
    pub at: Option<Timestamp>,
}

/// Between the targets of a route.
pub const THEN: char = '|';

/// Days that are counted: a month and a little.
const DAYS_KEPT: i32 = 40;

impl Ledger {
    pub fn new(mut turns: Vec<Turn>, mut loads: Vec<Load>, mut lines: Vec<Line>) -> Self {
        turns.sort_by(|a, b| (&a.team, &a.rep).cmp(&(&b.team, &b.rep)));
        loads.sort_by(|a, b| a.rep.cmp(&b.rep));
        lines.sort_by(|a, b| a.route.cmp(&b.route));
        Ledger {
            turns,
            loads,
            lines,
        }
    }

    /// Every turn, by team and rep.
    pub fn turns(&self) -> &[Turn] {
        &self.turns
    }

    /// The turns of one team, by rep; those of absent and former members included.
    pub fn turns_of(&self, team: &str) -> &[Turn] {
        let first = self.turns.partition_point(|turn| *turn.team < *team);
        let rest = self.turns.get(first..).unwrap_or_default();
        let count = rest.partition_point(|turn| turn.team == team);
        rest.get(..count).unwrap_or_default()
    }

    pub fn turn(&self, team: &str, rep: &str) -> Option<&Turn> {
        let place = self.turn_place(team, rep).ok()?;
        self.turns.get(place)
    }

    pub fn loads(&self) -> &[Load] {
        &self.loads
    }

    pub fn load(&self, rep: &str) -> Option<&Load> {
        let place = self.load_place(rep).ok()?;
        self.loads.get(place)
    }

    /// The load of a rep by somebody who asks for many in the order of their handles: `near` is where the last one
    /// stood, so that the next is found without a search.
    pub fn load_near(&self, rep: &str, near: &mut usize) -> Option<&Load> {
        let place = place_near(&self.loads, *near, |load| load.rep.as_str().cmp(rep))?;
        *near = place;
        self.loads.get(place)
    }

    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The lines in which leads wait for `target`, among others perhaps.
    pub fn waits_for<'l>(&'l self, target: &'l str) -> impl Iterator<Item = &'l Line> {
        self.lines
            .iter()
            .filter(move |line| line.route.split(THEN).any(|part| part == target))
    }

    /// Replaces the row of a team and rep.
    pub fn put_turn(&mut self, turn: &Turn) {
        match self.turn_place(&turn.team, &turn.rep) {
            Ok(place) => {
                if let Some(known) = self.turns.get_mut(place) {
                    known.clone_from(turn);
                }
            }
            Err(place) => self.turns.insert(place, turn.clone()),
        }
    }

    /// Counts what was given or taken back.
    pub fn give(&mut self, given: &Given) {
        self.on_load(&given.rep, |load| {
            load.last = load.last.max(given.at);
            match load.days.binary_search_by_key(&given.day, |(day, _)| *day) {
                Ok(place) => {
                    if let Some((_, count)) = load.days.get_mut(place) {
                        *count = (*count + given.count).max(0);
                    }
                }
                Err(place) => load.days.insert(place, (given.day, given.count.max(0))),
            }
            let newest = load.days.last().map_or(given.day, |(day, _)| *day);
            load.days.retain(|(day, _)| *day > newest - DAYS_KEPT);
        });
    }

    /// Counts open leads of a rep that came or went.
    pub fn open(&mut self, rep: &str, change: i64) {
        self.on_load(rep, |load| load.open = (load.open + change).max(0));
    }

    /// Replaces the line of a route; `None` when nobody waits there any more.
    pub fn put_line(&mut self, route: &str, line: Option<Line>) {
        let place = self
            .lines
            .binary_search_by(|known| known.route.as_str().cmp(route));
        match (place, line) {
            (Ok(place), Some(line)) => {
                if let Some(known) = self.lines.get_mut(place) {
                    *known = line;
                }
            }
            (Ok(place), None) => drop(self.lines.remove(place)),
            (Err(place), Some(line)) => self.lines.insert(place, line),
            (Err(_), None) => {}
        }
    }

    fn on_load(&mut self, rep: &str, change: impl FnOnce(&mut Load)) {
        let place = self.load_place(rep).unwrap_or_else(|place| {
            let load = Load {
                rep: rep.to_owned(),
                ..Load::default()
            };
            self.loads.insert(place, load);
            place
        });
        if let Some(load) = self.loads.get_mut(place) {
            change(load);
        }
    }

    fn turn_place(&self, team: &str, rep: &str) -> Result<usize, usize> {
        self.turns
            .binary_search_by(|turn| (turn.team.as_str(), turn.rep.as_str()).cmp(&(team, rep)))
    }

    fn load_place(&self, rep: &str) -> Result<usize, usize> {
        self.loads
            .binary_search_by(|load| load.rep.as_str().cmp(rep))
    }
}

/// Where something stands in a sorted list: looked for behind `near` and there first.
pub fn place_near<T>(sorted: &[T], near: usize, order: impl Fn(&T) -> Ordering) -> Option<usize> {
    let is_there = |place: &usize| sorted.get(*place).is_some_and(|it| order(it).is_eq());
    let close = [near + 1, near].into_iter().find(is_there);
    close.or_else(|| sorted.binary_search_by(&order).ok())
}

impl Load {
    /// Leads given from a day on.
    pub fn since(&self, day: i32) -> i64 {
        let days = self.days.iter().rev();
        days.take_while(|(given, _)| *given >= day)
            .map(|(_, count)| count)
            .sum()
    }
}

/// A company as far as the desk knows it: the rep who has its leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Company {
    /// E-mail domain in lower case.
    pub domain: String,
    pub owner: String,
}

/// One order of a contact, as far as conditions ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastOrder {
    pub status: String,
    /// Decimal text; empty when the order has none.
    pub total: String,
    pub currency: String,
    pub placed_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Ledger, Load};

    fn load(rep: u8) -> Load {
        Load {
            rep: format!("rep-{rep:03}"),
            ..Load::default()
        }
    }

    proptest! {
        #[test]
        fn a_load_is_found_whatever_was_asked_before(
            known in prop::collection::btree_set(any::<u8>(), 0..40),
            asked in prop::collection::vec(any::<u8>(), 0..80),
        ) {
            let ledger = Ledger::new(Vec::new(), known.iter().copied().map(load).collect(), Vec::new());
            let mut near = 0;
            for rep in known.iter().copied().chain(asked) {
                let handle = load(rep).rep;
                let found = ledger.load_near(&handle, &mut near).map(|load| load.rep.as_str());
                prop_assert_eq!(found, known.contains(&rep).then_some(handle.as_str()));
            }
        }
    }
}
