//! Ids: UUID v7, so that they sort by the time they were made.

use std::cell::RefCell;

use jiff::Timestamp;
use uuid::{Builder, Uuid};

/// A fresh id for something that happened at `at`.
pub fn new_id(at: Timestamp) -> Uuid {
    let millis = u64::try_from(at.as_millisecond()).unwrap_or(0);
    match CHANCE.with_borrow_mut(Chance::draw) {
        Some(bytes) => Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid(),
        None => Uuid::new_v7(uuid::Timestamp::from_unix_time(millis / 1000, 0, 0, 0)),
    }
}

/// Random bytes of an id.
type Bytes = [u8; 10];
/// Ids that one call of the system serves.
const DRAWN: usize = 64;

thread_local! {
    static CHANCE: RefCell<Chance> = const {
        RefCell::new(Chance { bytes: [[0; 10]; DRAWN], left: 0 })
    };
}

/// The system's random bytes, drawn for many ids at once: a call for each would cost as much as checking a signature.
struct Chance {
    bytes: [Bytes; DRAWN],
    left: usize,
}

impl Chance {
    fn draw(&mut self) -> Option<Bytes> {
        if self.left == 0 {
            getrandom::fill(self.bytes.as_flattened_mut()).ok()?;
            self.left = DRAWN;
        }
        self.left -= 1;
        self.bytes.get(self.left).copied()
    }
}

/// Ids that follow one fresh id: for a decision that needs some and must make the same ones when it is repeated.
#[derive(Debug, Clone)]
pub struct Series(Uuid);

impl Series {
    /// `first` is from `new_id` and used for nothing else.
    pub fn new(first: Uuid) -> Self {
        Series(first)
    }

    /// The next id. It counts in the 62 random bits behind the variant, so it stays a UUID v7 of the same time.
    pub fn next_id(&mut self) -> Uuid {
        const COUNTED: u128 = (1 << 62) - 1;
        let id = self.0;
        let bits = id.as_u128();
        self.0 = Uuid::from_u128((bits & !COUNTED) | (bits.wrapping_add(1) & COUNTED));
        id
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::Series;

    #[test]
    fn a_series_never_leaves_its_version_and_time() {
        let mut series = Series::new(Uuid::from_u128(0x0190_0000_0000_7abc_bfff_ffff_ffff_fffe));
        let ids: Vec<String> = (0..3).map(|_| series.next_id().to_string()).collect();
        assert_eq!(
            ids,
            [
                "01900000-0000-7abc-bfff-fffffffffffe",
                "01900000-0000-7abc-bfff-ffffffffffff",
                "01900000-0000-7abc-8000-000000000000",
            ]
        );
    }
}
