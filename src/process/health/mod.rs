//! How well mappings fit the traffic, and whether traffic comes at all.
//!
//! Events are watched in memory, a share of them when there are many; every few seconds the counts are folded into one
//! small document per endpoint and event, which the store keeps. What the documents mean is decided by pure functions.

pub mod fold;
pub mod keep;
pub mod observe;
pub mod report;
pub mod rhythm;
pub mod understood;
pub mod uses;
pub mod watch;
