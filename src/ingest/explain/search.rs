//! The search for what a signature would be right for, with a bound on its work.

use std::cell::Cell;

use crate::ingest::verify::keys::Key;
use crate::ingest::verify::signature::Signable;
use crate::source::declaration::Signature;

/// Bytes that one explanation may sign, all attempts together: some hundred attempts for a usual body.
const WORK: usize = 2 * 1024 * 1024;
/// What an attempt costs besides its body.
const ATTEMPT: usize = 1024;

/// Signatures as they may be meant, and what work is left.
pub struct Search {
    /// Decoded in every way that is possible.
    pub presented: Vec<Vec<u8>>,
    left: Cell<usize>,
}

impl Search {
    pub fn new(presented: Vec<Vec<u8>>) -> Self {
        Search {
            presented,
            left: Cell::new(WORK),
        }
    }

    /// Whether `secret`, read as declared, made one of the signatures over `what`.
    pub fn fits(&self, declared: &Signature, secret: &str, what: &Signable<'_>) -> bool {
        let cost = what.body.len() + ATTEMPT;
        let Some(left) = self.left.get().checked_sub(cost) else {
            self.left.set(0);
            return false;
        };
        self.left.set(left);
        Key::read(declared, secret).is_ok_and(|key| key.made_any(declared, what, &self.presented))
    }

    /// Whether everything was tried that was to be tried.
    pub fn was_thorough(&self) -> bool {
        self.left.get() > 0
    }
}
