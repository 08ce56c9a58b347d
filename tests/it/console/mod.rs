//! The console: who gets in, what they may do, and how it looks in a real browser.

mod assignment;
mod browser;
mod commands;
mod days;
mod inbox;
mod looks;
mod matrix;
mod records;
mod sign_in;
pub mod site;
mod sources;
mod words;
