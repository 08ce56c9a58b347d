//! Tokens: of the API, of sessions, of one-time links. Whoever holds one is let in; only their hashes are kept.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::access::{NoRandomness, random};

/// What stands before an API token, so that secret scanners can find one.
pub const API: &str = "fd_";

/// 256 random bits as text that fits into a URL.
///
/// # Errors
/// The system has no randomness.
pub fn fresh() -> Result<String, NoRandomness> {
    Ok(URL_SAFE_NO_PAD.encode(random::<32>()?))
}

/// The form in which a token is stored and looked up.
pub fn hash_of(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// A token for one purpose that follows from another: whoever knows it cannot find the other.
pub fn derived(token: &str, purpose: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{purpose}\n{token}").as_bytes()))
}

/// Whether two texts are the same, in a time that does not tell where they differ.
pub fn same(one: &str, other: &str) -> bool {
    subtle::ConstantTimeEq::ct_eq(one.as_bytes(), other.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::{derived, fresh, same};

    #[test]
    fn tokens_differ_and_so_does_what_follows_from_them() {
        let (one, other) = (fresh().unwrap(), fresh().unwrap());
        assert_eq!(one.len(), 43);
        assert!(!same(&one, &other) && same(&one, &one));
        assert_ne!(derived(&one, "csrf"), derived(&other, "csrf"));
        assert_ne!(derived(&one, "csrf"), derived(&one, "else"));
        assert_ne!(derived(&one, "csrf"), one);
    }
}
