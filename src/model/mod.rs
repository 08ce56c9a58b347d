//! Plain data that every room may name: no I/O, no clock, no foreign service.

pub mod change;
pub mod dedupe;
pub mod desk;
pub mod event;
pub mod field;
mod fields;
pub mod fold;
pub mod hours;
pub mod id;
pub mod identity;
pub mod page;
pub mod people;
pub mod problem;
pub mod record;
pub mod request;
pub mod role;
pub mod rules;
pub mod said;
pub mod strict;
pub mod trace;
pub mod user;
