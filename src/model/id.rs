//! Ids: UUID v7, so that they sort by the time they were made.

use jiff::Timestamp;
use uuid::Uuid;

/// A fresh id for something that happened at `at`.
pub fn new_id(at: Timestamp) -> Uuid {
    let seconds = u64::try_from(at.as_second()).unwrap_or(0);
    let nanos = u32::try_from(at.subsec_nanosecond()).unwrap_or(0);
    Uuid::new_v7(uuid::Timestamp::from_unix_time(seconds, nanos, 0, 0))
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
