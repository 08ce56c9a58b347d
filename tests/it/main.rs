//! Integration tests: one binary, one subject a module.

#[cfg(test)]
mod store;
