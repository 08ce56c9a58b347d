//! Integration tests: one binary, one subject a module.

mod architecture;
mod config;
mod crash;
mod process;
