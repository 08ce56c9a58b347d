//! Whose turn it is in a team: deterministic, weighted, and fair at every moment, not only in the long run.
//!
//! The rule is R. Tijdeman's for the chairman assignment problem (Discrete Mathematics 32, 1980): of the members who
//! lag at least 1/(2k−2) of a turn behind their share, the one whose turn is due first. While members and weights stay
//! the same, nobody is ever a whole turn away from their share; with equal weights the members differ by one turn at
//! most. Smooth weighted round robin, which is better known, does not keep that bound.
//!
//! What is stored is the number of turns each member took, so one row changes per turn. Who joins starts where the
//! member furthest behind stands; whose lag or lead grew beyond one turn, because they were away or because weights
//! changed, is brought back to one turn: a holiday neither costs the turn that was next nor floods who returns.

use crate::model::desk::place_near;
use crate::model::people::Turn;

/// One turn, in the unit of `Turn::taken`.
pub const TURN: i64 = 1_000_000;

/// A member who may take the turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate<'a> {
    pub rep: &'a str,
    /// From 1.
    pub weight: u32,
}

/// A turn that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken<'a> {
    pub rep: &'a str,
    /// Rows to store; the one of `rep` among them.
    pub changed: Vec<Turn>,
}

/// A candidate with the place they have in the order.
struct Place<'a, 't> {
    rep: &'a str,
    weight: i128,
    taken: i128,
    last: i64,
    stored: Option<&'t Turn>,
}

/// Gives the next turn of `team` to one of `pool`, which has no rep twice. `turns` are the team's rows by rep, those of
/// absent and former members included. `None` when the pool is empty.
pub fn take<'a>(team: &str, pool: &[Candidate<'a>], turns: &[Turn]) -> Option<Taken<'a>> {
    let mut places = place(pool, turns);
    bring_back(&mut places);
    let number = turns.iter().map(|turn| turn.last).max().unwrap_or(0) + 1;
    let next = next(&places)?.rep;
    let changed = places
        .into_iter()
        .filter_map(|place| {
            let mut taken = i64::try_from(place.taken).unwrap_or(i64::MAX);
            let mut last = place.last;
            if place.rep == next {
                taken = taken.saturating_add(TURN);
                last = number;
            }
            let stored = place.stored;
            let same = stored.is_some_and(|turn| (turn.taken, turn.last) == (taken, last));
            (!same).then(|| Turn {
                team: team.to_owned(),
                rep: place.rep.to_owned(),
                taken,
                last,
            })
        })
        .collect();
    Some(Taken { rep: next, changed })
}

/// Takes back a turn that did not count. `None` when there is none to take back.
pub fn give_back(turn: &Turn) -> Option<Turn> {
    (turn.last > 0).then(|| Turn {
        taken: turn.taken - TURN,
        ..turn.clone()
    })
}

/// The candidates where their rows say; newcomers beside the member furthest behind.
fn place<'a, 't>(pool: &[Candidate<'a>], turns: &'t [Turn]) -> Vec<Place<'a, 't>> {
    let mut near = 0;
    let mut places: Vec<Place<'a, 't>> = pool
        .iter()
        .map(|candidate| {
            let place = place_near(turns, near, |turn| turn.rep.as_str().cmp(candidate.rep));
            near = place.unwrap_or(near);
            let stored = place.and_then(|place| turns.get(place));
            Place {
                rep: candidate.rep,
                weight: i128::from(candidate.weight.max(1)),
                taken: stored.map_or(0, |turn| i128::from(turn.taken)),
                last: stored.map_or(0, |turn| turn.last),
                stored,
            }
        })
        .collect();
    let behind = places
        .iter()
        .filter(|it| it.stored.is_some())
        .min_by(|a, b| (a.taken * b.weight).cmp(&(b.taken * a.weight)))
        .map(|it| (it.taken, it.weight));
    if let Some((taken, weight)) = behind {
        for newcomer in places.iter_mut().filter(|it| it.stored.is_none()) {
            newcomer.taken = (taken * newcomer.weight + weight - 1).div_euclid(weight);
        }
    }
    places
}

/// Shrinks all lags in proportion when one of them is more than a turn, so that the largest is one turn.
fn bring_back(places: &mut [Place<'_, '_>]) {
    let (total, weights) = sums(places);
    // Lags are kept multiplied by the sum of weights: exact.
    let lag = |place: &Place<'_, '_>| place.weight * total - place.taken * weights;
    let largest = places.iter().map(|it| lag(it).abs()).max().unwrap_or(0);
    let allowed = i128::from(TURN) * weights;
    if largest <= allowed {
        return;
    }
    for place in places {
        // In units of a turn: lag / largest is at most 1, so the division by the weights falls out.
        let shrunk = lag(place) / weights * i128::from(TURN) / (largest / weights).max(1);
        place.taken = (place.weight * total).div_euclid(weights) - shrunk;
    }
}

/// Tijdeman's choice; ties go to whom the longest time has passed for, then to the first handle.
fn next<'p, 'a, 't>(places: &'p [Place<'a, 't>]) -> Option<&'p Place<'a, 't>> {
    let (total, weights) = sums(places);
    let turn = i128::from(TURN);
    let spread = i128::try_from(places.len()).map_or(1, |k| (2 * k - 2).max(1));
    let lags_enough = |place: &Place<'_, '_>| {
        (place.weight * (total + turn) - place.taken * weights) * spread >= turn * weights
    };
    let deadline = |it: &'p Place<'a, 't>| (it.taken * spread + (spread - 1) * turn, it);
    // The lags add up to one turn, so somebody always lags enough.
    let lagging = places.iter().filter(|it| lags_enough(it)).map(deadline);
    let next = lagging.min_by(|(a_due, a), (b_due, b)| {
        (a_due * b.weight)
            .cmp(&(b_due * a.weight))
            .then(a.last.cmp(&b.last))
            .then_with(|| a.rep.cmp(b.rep))
    });
    next.map(|(_, place)| place)
}

fn sums(places: &[Place<'_, '_>]) -> (i128, i128) {
    places.iter().fold((0, 0), |(taken, weights), place| {
        (taken + place.taken, weights + place.weight)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::{Candidate, TURN, take};
    use crate::model::people::Turn;

    /// A team whose rows are stored as the gateway would.
    #[derive(Default)]
    struct Team {
        rows: BTreeMap<String, Turn>,
    }

    impl Team {
        fn next(&mut self, pool: &[(&str, u32)]) -> String {
            let pool: Vec<Candidate<'_>> = pool
                .iter()
                .map(|(rep, weight)| Candidate {
                    rep,
                    weight: *weight,
                })
                .collect();
            let rows: Vec<Turn> = self.rows.values().cloned().collect();
            let taken = take("team", &pool, &rows).unwrap();
            for turn in taken.changed {
                self.rows.insert(turn.rep.clone(), turn);
            }
            taken.rep.to_owned()
        }

        fn series(&mut self, pool: &[(&str, u32)], count: usize) -> String {
            (0..count).map(|_| self.next(pool)).collect()
        }
    }

    #[test]
    fn equal_members_go_round() {
        let pool = [("c", 1), ("a", 1), ("b", 1)];
        assert_eq!(Team::default().series(&pool, 9), "abcabcabc");
    }

    #[test]
    fn a_single_member_takes_all_and_nobody_takes_none() {
        assert_eq!(Team::default().series(&[("a", 3)], 3), "aaa");
        assert!(take("team", &[], &[]).is_none());
    }

    #[test]
    fn weights_are_shares() {
        let pool = [("a", 2), ("b", 1)];
        assert_eq!(Team::default().series(&pool, 9), "abaabaaba");
    }

    #[test]
    fn a_turn_writes_one_row() {
        let mut team = Team::default();
        let pool = [("a", 3), ("b", 2), ("c", 2)];
        team.series(&pool, 20);
        let rows: Vec<Turn> = team.rows.values().cloned().collect();
        let pool = pool.map(|(rep, weight)| Candidate { rep, weight });
        let taken = take("team", &pool, &rows).unwrap();
        assert_eq!(taken.changed.len(), 1);
        assert_eq!(taken.changed[0].rep, taken.rep);
        assert_eq!(taken.changed[0].last, 21);
    }

    #[test]
    fn who_joins_is_not_flooded() {
        let mut team = Team::default();
        team.series(&[("a", 1), ("b", 1)], 1_000);
        assert_eq!(team.series(&[("a", 1), ("b", 1), ("c", 1)], 6), "cabcab");
    }

    #[test]
    fn who_leaves_keeps_their_row() {
        let mut team = Team::default();
        team.series(&[("a", 1), ("b", 1), ("c", 1)], 9);
        team.series(&[("a", 1), ("b", 1)], 4);
        assert_eq!(team.rows["c"].taken, 3 * TURN);
    }

    #[test]
    fn a_holiday_is_made_up_for_by_one_turn_only() {
        let mut team = Team::default();
        let all = [("a", 1), ("b", 1), ("c", 1)];
        team.series(&all, 9);
        team.series(&[("a", 1), ("b", 1)], 500);
        let back = team.series(&all, 9);
        assert_eq!(back.matches('c').count(), 4, "{back}");
    }

    #[test]
    fn a_changed_weight_counts_from_now_on() {
        let mut team = Team::default();
        team.series(&[("a", 1), ("b", 1)], 200);
        let then = team.series(&[("a", 3), ("b", 1)], 40);
        let of_a = then.matches('a').count();
        assert!((30..=31).contains(&of_a), "{then}");
    }

    proptest! {
        /// |got − share| < 1 at every moment; with equal weights nobody is two turns ahead of anybody.
        #[test]
        fn nobody_is_a_turn_away_from_their_share(
            weights in prop::collection::vec(1_u32..30, 1..9),
            count in 1_usize..400,
            equal: bool,
        ) {
            let names: Vec<String> = (0..weights.len()).map(|it| format!("rep-{it}")).collect();
            let pool: Vec<(&str, u32)> = names
                .iter()
                .zip(&weights)
                .map(|(name, weight)| (name.as_str(), if equal { 4 } else { *weight }))
                .collect();
            let sum: i64 = pool.iter().map(|(_, weight)| i64::from(*weight)).sum();
            let mut got: BTreeMap<String, i64> = names.iter().map(|it| (it.clone(), 0)).collect();
            let mut team = Team::default();
            for turn in 1..=i64::try_from(count).unwrap() {
                *got.get_mut(&team.next(&pool)).unwrap() += 1;
                for (rep, weight) in &pool {
                    let off = got[*rep] * sum - turn * i64::from(*weight);
                    prop_assert!(off.abs() < sum, "{rep} is off by {off}/{sum} after {turn}");
                }
                let spread = got.values().max().unwrap() - got.values().min().unwrap();
                prop_assert!(!equal || spread <= 1);
            }
        }

        /// Whatever happened before, a constant pool soon gives everybody their share, off by two turns at most:
        /// the one they may bring along and the one of the strategy.
        #[test]
        fn coming_and_going_never_floods(
            weights in prop::collection::vec(1_u32..6, 2..6),
            past in prop::collection::vec((any::<u8>(), 1_usize..60), 0..6),
            count in 1_usize..200,
        ) {
            let names: Vec<String> = (0..weights.len()).map(|it| format!("rep-{it}")).collect();
            let all: Vec<(&str, u32)> = names.iter().map(String::as_str).zip(weights.iter().copied()).collect();
            let mut team = Team::default();
            for (present, turns) in past {
                let pool: Vec<(&str, u32)> = (0..)
                    .zip(&all)
                    .filter(|(bit, _)| present & (1 << bit) != 0)
                    .map(|(_, member)| *member)
                    .collect();
                if !pool.is_empty() {
                    team.series(&pool, turns);
                }
            }
            let sum: i64 = all.iter().map(|(_, weight)| i64::from(*weight)).sum();
            let mut got: BTreeMap<String, i64> = BTreeMap::new();
            for turn in 1..=i64::try_from(count).unwrap() {
                *got.entry(team.next(&all)).or_default() += 1;
                for (rep, weight) in &all {
                    let off = got.get(*rep).copied().unwrap_or(0) * sum - turn * i64::from(*weight);
                    prop_assert!(off.abs() <= 2 * sum, "{rep} is off by {off}/{sum} after {turn}");
                }
            }
        }
    }
}
