//! Identities of those who come again and again: a table in memory before the big one on disk.
//!
//! Who holds an identity never changes, so what was found once stays true. Keys are hashes, so each has its slot; who comes
//! later takes it.

use crate::store::sqlite::lookup::Identity;

/// A power of two; 24 bytes each.
const SLOTS: usize = 32 * 1024;

/// What was found lately.
pub(super) struct Familiar(Box<[Slot]>);

/// An identity and its value; an empty one has the value 0, which stands for no record.
type Slot = (Identity, i64);

impl Default for Familiar {
    fn default() -> Self {
        Familiar(vec![Slot::default(); SLOTS].into())
    }
}

impl Familiar {
    pub(super) fn get(&self, key: &Identity) -> Option<i64> {
        let (known, value) = self.0.get(place(key))?;
        (known == key && *value != 0).then_some(*value)
    }

    /// Remembers the value of a key that is in the table on disk.
    pub(super) fn meet(&mut self, key: &Identity, value: Option<i64>) {
        if let (Some(value), Some(slot)) = (value, self.0.get_mut(place(key))) {
            *slot = (*key, value);
        }
    }
}

fn place(key: &Identity) -> usize {
    let [a, b, ..] = *key;
    usize::from(u16::from_be_bytes([a, b])) % SLOTS
}

#[cfg(test)]
mod tests {
    use super::Familiar;

    #[test]
    fn the_last_one_met_has_the_slot() {
        let mut familiar = Familiar::default();
        let (ana, rui) = ([7; 16], {
            let mut other = [7; 16];
            other[15] = 8;
            other
        });
        assert_eq!(familiar.get(&[0; 16]), None);
        familiar.meet(&ana, Some(81));
        familiar.meet(&rui, None);
        assert_eq!((familiar.get(&ana), familiar.get(&rui)), (Some(81), None));
        familiar.meet(&rui, Some(89));
        assert_eq!((familiar.get(&ana), familiar.get(&rui)), (None, Some(89)));
    }
}
