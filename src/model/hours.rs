//! Working time: weeks of blocks, days off, absences. Plain data; what it means at a moment is `assign::shift`'s.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Deserializer, Serialize};

use crate::model::said::Phrase;
use crate::model::strict;
use crate::phrase;

/// How a block is written.
pub const BLOCK: Phrase = phrase!(
    "a-block",
    "a block of working time within one day, such as 09:00-13:30 or 18:00-24:00"
);
/// How a day is written.
pub const DAY: Phrase = phrase!("a-day", "a day such as 2026-12-24");
/// How a moment is written.
pub const MOMENT: Phrase = phrase!(
    "a-moment",
    "a day such as 2026-12-24 or a time such as 2026-12-24T12:00:00Z"
);

/// Working hours: blocks per weekday, in somebody's time zone. A day without blocks is free.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Week {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub mon: Vec<Block>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub tue: Vec<Block>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub wed: Vec<Block>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub thu: Vec<Block>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub fri: Vec<Block>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub sat: Vec<Block>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub sun: Vec<Block>,
}

impl Week {
    /// The blocks of a weekday.
    pub fn day(&self, day: Weekday) -> &[Block] {
        match day {
            Weekday::Monday => &self.mon,
            Weekday::Tuesday => &self.tue,
            Weekday::Wednesday => &self.wed,
            Weekday::Thursday => &self.thu,
            Weekday::Friday => &self.fri,
            Weekday::Saturday => &self.sat,
            Weekday::Sunday => &self.sun,
        }
    }

    /// Whether no day has a block.
    pub fn is_empty(&self) -> bool {
        let days = [
            &self.mon, &self.tue, &self.wed, &self.thu, &self.fri, &self.sat, &self.sun,
        ];
        days.iter().all(|blocks| blocks.is_empty())
    }
}

/// A piece of a working day, written `09:00-13:30`; `24:00` is the end of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(into = "String")]
pub struct Block {
    /// Minutes since midnight, before `to`.
    pub from: u16,
    /// Up to 1440, not included.
    pub to: u16,
}

/// A text that is not what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreadable;

impl FromStr for Block {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        let read = text.split_once('-').and_then(|(from, to)| {
            let (from, to) = (minutes(from)?, minutes(to)?);
            (from < to).then_some(Block { from, to })
        });
        read.ok_or(Unreadable)
    }
}

impl<'de> Deserialize<'de> for Block {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        strict::parsed(deserializer, BLOCK)
    }
}

impl From<Block> for String {
    fn from(block: Block) -> Self {
        block.to_string()
    }
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [from, to] = [self.from, self.to];
        let (hour, minute) = (from / 60, from % 60);
        write!(f, "{hour:02}:{minute:02}-{:02}:{:02}", to / 60, to % 60)
    }
}

/// `09:30` as minutes since midnight.
fn minutes(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let two_digits = |text: &str| {
        (text.len() == 2)
            .then(|| text.parse::<u16>().ok())
            .flatten()
    };
    let (hour, minute) = (two_digits(hour)?, two_digits(minute)?);
    let minutes = hour * 60 + minute;
    (minute < 60 && minutes <= 24 * 60).then_some(minutes)
}

/// Time away from work, the ends included when they are days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Absence {
    /// A day such as `2026-12-24`, by the calendar of the rep's zone, or a time such as `2026-12-24T12:00:00Z`.
    #[schema(value_type = String)]
    pub from: Moment,
    /// The last day, or the time of coming back.
    #[schema(value_type = String)]
    pub to: Moment,
}

/// A day or a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub enum Moment {
    Day(Date),
    At(Timestamp),
}

impl FromStr for Moment {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        if text.len() == "2026-12-24".len()
            && let Ok(day) = text.parse()
        {
            return Ok(Moment::Day(day));
        }
        text.parse().map(Moment::At).map_err(|_| Unreadable)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        strict::parsed(deserializer, MOMENT)
    }
}

impl From<Moment> for String {
    fn from(moment: Moment) -> Self {
        match moment {
            Moment::Day(day) => day.to_string(),
            Moment::At(at) => at.to_string(),
        }
    }
}

/// Days off, for `#[serde(deserialize_with)]`.
pub fn days<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Date>, D::Error> {
    struct Day(Date);

    impl<'de> Deserialize<'de> for Day {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            strict::parsed(deserializer, DAY).map(Day)
        }
    }

    let days: Vec<Day> = Vec::deserialize(deserializer)?;
    Ok(days.into_iter().map(|Day(day)| day).collect())
}

#[cfg(test)]
mod tests {
    use super::{Block, Moment, Unreadable};

    #[test]
    fn blocks_and_moments_are_read_and_written_alike() {
        for text in ["09:00-13:30", "00:00-24:00", "23:59-24:00"] {
            assert_eq!(text.parse::<Block>().unwrap().to_string(), text);
        }
        for text in ["2026-12-24", "2026-12-24T12:00:00Z"] {
            let moment: Moment = text.parse().unwrap();
            assert_eq!(String::from(moment), text);
        }
    }

    #[test]
    fn what_is_no_working_time_is_refused() {
        for text in [
            "9:00-13:00",
            "09:00",
            "13:00-09:00",
            "09:00-09:00",
            "09:00-25:00",
            "09:60-10:00",
            "a-b",
        ] {
            assert_eq!(text.parse::<Block>(), Err(Unreadable), "{text}");
        }
        for text in ["tomorrow", "2026-13-01", "2026-12-24T12:00:00"] {
            assert_eq!(text.parse::<Moment>(), Err(Unreadable), "{text}");
        }
    }
}
