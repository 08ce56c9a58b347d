//! One page a file: its places, its template, its forms.

pub mod account;
pub mod assets;
pub mod audit;
pub mod event;
pub mod fault;
pub mod inbox;
pub mod inbox_filter;
pub mod merge;
pub mod overview;
pub mod playground;
pub mod preferences;
pub mod record;
pub mod record_acts;
pub mod record_edit;
pub mod records;
pub mod refusals;
pub mod replays;
pub mod setup;
pub mod sign_in;
pub mod source;
pub mod source_health;
pub mod source_sample;
pub mod sources;
pub mod tokens;
pub mod two_step;
pub mod users;
