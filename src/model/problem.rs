//! Something wrong in a file that a person wrote, and where.

use std::fmt;

/// Shown as `mappings/shopify.toml:31: unknown filter "lowercase", did you mean "lower"?`
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    pub file: String,
    /// From 1; 0 when the whole file is meant.
    pub line: u32,
    /// What is wrong and what to do, in a sentence.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            write!(f, "{}: {}", self.file, self.message)
        } else {
            write!(f, "{}:{}: {}", self.file, self.line, self.message)
        }
    }
}
