//! Pages of a list: keys from an index, rows one by one, a cursor where it stopped.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::model::page::{Page, PageRequest};
use crate::store::StoreError;
use crate::store::sqlite::fault::{Done, Fault};

/// Rows that one page looks at. A filter that hardly anything passes gives a short page and a cursor to go on from,
/// never a long wait.
pub(super) const MOST_SEEN: usize = 5_000;
/// Rows of the largest page.
const LARGEST: usize = 200;

/// Rows asked for, within what is allowed.
pub(super) fn limit(asked: usize) -> usize {
    asked.clamp(1, LARGEST)
}

/// A number of rows as SQL takes it.
pub(super) fn rows(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Fills a page. `keys` gives up to so many keys after a key, in order; `row` the row of a key, when it belongs.
pub(super) fn page<K: Copy, T>(
    limit: usize,
    start: K,
    keys: impl FnMut(K, usize) -> Done<Vec<K>>,
    row: impl FnMut(K) -> Done<Option<T>>,
    cursor: impl Fn(K) -> String,
) -> Done<Page<T>> {
    page_within(MOST_SEEN, limit, start, keys, row, cursor)
}

/// The same, looking at so many rows at most.
pub(super) fn page_within<K: Copy, T>(
    most_seen: usize,
    limit: usize,
    start: K,
    mut keys: impl FnMut(K, usize) -> Done<Vec<K>>,
    mut row: impl FnMut(K) -> Done<Option<T>>,
    cursor: impl Fn(K) -> String,
) -> Done<Page<T>> {
    let mut items = Vec::new();
    let mut last = start;
    let mut seen = 0;
    loop {
        let wanted = limit + 1 - items.len();
        let found = keys(last, wanted)?;
        let more = found.len() >= wanted;
        for key in found {
            if items.len() == limit {
                let next = Some(cursor(last));
                return Ok(Page { items, next });
            }
            items.extend(row(key)?);
            last = key;
            seen += 1;
        }
        if !more {
            return Ok(Page { items, next: None });
        }
        if seen >= most_seen {
            let next = Some(cursor(last));
            return Ok(Page { items, next });
        }
    }
}

/// The first of several sorted lists' keys, each once.
pub(super) fn merge<K: Ord>(mut keys: Vec<K>, limit: usize, newest_first: bool) -> Vec<K> {
    keys.sort_unstable();
    if newest_first {
        keys.reverse();
    }
    keys.dedup();
    keys.truncate(limit);
    keys
}

/// A list as its cursors know it: what is listed and by which filter. A cursor goes on where it came from and nowhere
/// else, for its numbers mean nothing there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Listing {
    letter: char,
    mark: u32,
}

impl Listing {
    /// The list that `letter` stands for, as far as `filter` passes it.
    pub(super) fn of(letter: char, filter: impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        filter.hash(&mut hasher);
        let [a, b, c, d, ..] = hasher.finish().to_be_bytes();
        Listing {
            letter,
            mark: u32::from_be_bytes([a, b, c, d]),
        }
    }

    /// An opaque cursor: the letter, the mark of the filter, then the numbers.
    pub(super) fn cursor(self, numbers: &[i64]) -> String {
        let mut text = format!("{}{:08x}", self.letter, self.mark);
        for number in numbers {
            text.push_str(&hex::encode(number.to_be_bytes()));
        }
        text
    }

    /// The numbers of a cursor of this list; `None` on the first page.
    pub(super) fn start<const N: usize>(self, page: &PageRequest) -> Done<Option<[i64; N]>> {
        let Some(text) = &page.cursor else {
            return Ok(None);
        };
        let bad = || Fault::Answer(StoreError::BadCursor);
        let rest = text.strip_prefix(&self.cursor(&[])).ok_or_else(bad)?;
        let bytes = hex::decode(rest).map_err(|_| bad())?;
        let (numbers, left) = bytes.as_chunks::<8>();
        if !left.is_empty() {
            return Err(bad());
        }
        let numbers: Vec<i64> = numbers
            .iter()
            .map(|bytes| i64::from_be_bytes(*bytes))
            .collect();
        numbers.try_into().map(Some).map_err(|_| bad())
    }
}

#[cfg(test)]
mod tests {
    use super::{Listing, page};
    use crate::model::page::PageRequest;

    fn at(cursor: &str) -> PageRequest {
        PageRequest {
            limit: 1,
            cursor: Some(cursor.to_owned()),
        }
    }

    #[test]
    fn cursors_come_back_and_strange_ones_are_refused() {
        let list = Listing::of('e', "new");
        assert!(list.start::<1>(&PageRequest::default()).unwrap().is_none());
        for numbers in [[0, 1], [-1, i64::MAX], [i64::MIN, 7]] {
            let text = at(&list.cursor(&numbers));
            assert_eq!(list.start::<2>(&text).unwrap(), Some(numbers));
            assert!(list.start::<1>(&text).is_err());
            assert!(Listing::of('r', "new").start::<2>(&text).is_err());
            assert!(Listing::of('e', "lost").start::<2>(&text).is_err());
        }
        let beginning = list.cursor(&[]);
        for rest in ["", "0", "zz", "é", "0000000000000000", "00000000000000000"] {
            assert!(list.start::<1>(&at(rest)).is_err(), "{rest}");
            let text = at(&format!("{beginning}{rest}"));
            let is_number = rest.len() == 16;
            assert_eq!(list.start::<1>(&text).is_ok(), is_number, "{rest}");
        }
    }

    #[test]
    fn every_row_is_on_one_page_and_work_is_bounded() {
        let check = |count: i64, limit: usize, step: i64, pages: usize| {
            let keys = |after: i64, n: usize| Ok((after + 1..=count).take(n).collect());
            let row = |key: i64| Ok((key % step == 0).then_some(key));
            let (mut got, mut start, mut seen) = (Vec::new(), 0, 0);
            loop {
                let page = page(limit, start, keys, row, |key| key.to_string()).unwrap();
                seen += 1;
                got.extend(page.items);
                match page.next {
                    Some(next) => start = next.parse().unwrap(),
                    None => break,
                }
            }
            assert_eq!(
                got,
                (1..=count)
                    .filter(|key| key % step == 0)
                    .collect::<Vec<_>>()
            );
            assert_eq!(seen, pages, "{count} rows by {limit}, each {step}th");
        };
        check(0, 10, 1, 1);
        check(10, 10, 1, 1);
        check(11, 10, 1, 2);
        check(100, 7, 3, 5);
        check(20_000, 10, 50_000, 4);
    }
}
