//! From an event in the inbox to records: claim → validate → fetch → map → match, merge, assign → settle.

pub mod coerce;
pub mod decide;
pub mod map;
pub mod recipe;
