//! Who has the fewest, for their weight; ties go to whom the longest time has passed for, then to the first handle.

use std::cmp::Ordering;

use jiff::Timestamp;

/// A member who may take the lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loaded<'a> {
    pub rep: &'a str,
    /// From 1.
    pub weight: u32,
    pub count: i64,
    /// When they were last given a lead.
    pub last: Option<Timestamp>,
}

/// The member with the fewest, and whether others had as few. `None` when the pool is empty.
pub fn fewest<'a>(pool: &[Loaded<'a>]) -> Option<(&'a str, bool)> {
    let next = pool.iter().min_by(|a, b| {
        share(a, b)
            .then(a.last.cmp(&b.last))
            .then_with(|| a.rep.cmp(b.rep))
    })?;
    let tie = pool
        .iter()
        .any(|it| it.rep != next.rep && share(it, next) == Ordering::Equal);
    Some((next.rep, tie))
}

fn share(a: &Loaded<'_>, b: &Loaded<'_>) -> Ordering {
    let times = |count: i64, weight: u32| i128::from(count) * i128::from(weight.max(1));
    times(a.count, b.weight).cmp(&times(b.count, a.weight))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{Loaded, fewest};

    fn check(pool: &[(&str, u32, i64, Option<i64>)], expected: Option<(&str, bool)>) {
        let pool: Vec<Loaded<'_>> = pool
            .iter()
            .map(|(rep, weight, count, last)| Loaded {
                rep,
                weight: *weight,
                count: *count,
                last: last.map(|it| Timestamp::from_second(it).unwrap()),
            })
            .collect();
        assert_eq!(fewest(&pool), expected, "{pool:?}");
    }

    #[test]
    fn the_fewest_for_the_weight_then_the_longest_wait_then_the_handle() {
        check(&[], None);
        check(
            &[("a", 1, 5, None), ("b", 1, 4, Some(9))],
            Some(("b", false)),
        );
        check(&[("a", 2, 5, None), ("b", 1, 3, None)], Some(("a", false)));
        check(
            &[("a", 1, 2, Some(9)), ("b", 1, 2, Some(5))],
            Some(("b", true)),
        );
        check(
            &[("a", 1, 2, Some(9)), ("b", 1, 2, None)],
            Some(("b", true)),
        );
        check(&[("b", 1, 0, None), ("a", 1, 0, None)], Some(("a", true)));
        check(&[("a", 2, 4, None), ("b", 1, 2, None)], Some(("a", true)));
    }
}
