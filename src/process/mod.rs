//! From an event in the inbox to records: claim → validate → fetch → map → match, merge, assign → settle.

pub mod coerce;
pub mod decide;
pub mod edit;
pub mod fetch;
pub mod health;
pub mod map;
pub mod office;
pub mod plan;
pub mod preview;
pub mod recipe;
pub mod recipes;
pub mod release;
pub mod replay;
pub mod selection;
pub mod understand;
pub mod worker;
