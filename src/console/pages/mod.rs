//! One page a file: its places, its template, its forms.

pub mod accept;
pub mod account;
pub mod assets;
pub mod assignment;
pub mod assignment_history;
pub mod assignment_preview;
pub mod assignment_rule;
pub mod assignment_test;
pub mod audit;
pub mod event;
pub mod fault;
pub mod inbox;
pub mod inbox_filter;
pub mod lead_why;
pub mod overview;
pub mod people;
pub mod preferences;
pub mod refusals;
pub mod rep;
pub mod replays;
pub mod setup;
pub mod sign_in;
pub mod team;
pub mod tokens;
pub mod two_step;
pub mod users;
