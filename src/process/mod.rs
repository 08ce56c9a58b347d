//! process

pub mod decide;
