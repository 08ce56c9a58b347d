//! Integration tests: one binary, one subject a module.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::let_underscore_must_use,
    reason = "a failing test is a panic with a message, and tests speak to the terminal"
)]

mod amends;
mod api;
mod architecture;
mod catalog;
mod commands;
mod config;
mod console;
mod crash;
mod docs;
mod dry;
mod explain;
mod fetch;
mod fixtures;
mod forms;
mod fuzzing;
mod gateway;
mod health;
mod hooks;
mod hostile;
mod made;
mod mapping;
mod office;
mod panics;
mod process;
mod receive;
mod second_opinion;
mod senders;
mod signatures;
mod site;
mod sources;
mod spam;
mod store;
mod whole;
mod worker;
