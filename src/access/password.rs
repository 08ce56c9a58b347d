//! Passwords: argon2id, kept in the PHC format, checked with the same effort whether the user exists or not.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::access::{NoRandomness, random};

/// Characters of a password at least.
pub const SHORTEST: usize = 10;
/// Bytes of a password at most: longer ones only cost us time.
pub const LONGEST: usize = 512;

/// Memory in KiB, passes, lanes: what OWASP advises for argon2id.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);
const LENGTH: usize = 32;

/// What is wrong with a password that somebody wants to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Weak {
    #[error("a password has at least {SHORTEST} characters")]
    Short,
    #[error("a password has at most {LONGEST} bytes")]
    Long,
    #[error("this password is one of the first that anybody would try")]
    Common,
}

/// Beginnings of what people write when they have to write something.
const COMMON: &[&str] = &[
    "password",
    "passwort",
    "contraseña",
    "frontdesk",
    "qwertyuiop",
    "1234567890",
    "0123456789",
    "1q2w3e4r5t",
    "iloveyou",
    "letmein",
    "changeme",
];

/// Whether a password may be had.
///
/// # Errors
/// What is wrong with it, for people.
pub fn judge(password: &str) -> Result<(), Weak> {
    let length = password.chars().count();
    if length < SHORTEST {
        return Err(Weak::Short);
    }
    if password.len() > LONGEST {
        return Err(Weak::Long);
    }
    let plain = password.to_lowercase();
    let first = plain.chars().next();
    let common = COMMON.iter().any(|word| {
        plain
            .strip_prefix(word)
            .is_some_and(|rest| rest.chars().count() < 5)
    });
    if common || plain.chars().all(|letter| Some(letter) == first) {
        return Err(Weak::Common);
    }
    Ok(())
}

/// The form in which a password is stored. Takes tens of milliseconds: not for an async thread.
///
/// # Errors
/// The system has no randomness.
pub fn hash(password: &str) -> Result<String, NoRandomness> {
    let salt = random::<16>()?;
    let (memory, passes, lanes) = COST;
    let key = derive(password, &salt, COST).ok_or(NoRandomness)?;
    Ok(format!(
        "$argon2id$v=19$m={memory},t={passes},p={lanes}${}${}",
        STANDARD_NO_PAD.encode(salt),
        STANDARD_NO_PAD.encode(key)
    ))
}

/// Whether `password` is the one behind `stored`. Without one, the same work is done for nothing.
pub fn matches(password: &str, stored: Option<&str>) -> bool {
    let Some((cost, salt, key)) = stored.and_then(parts) else {
        // The answer is no either way; only its time must not tell why.
        std::hint::black_box(derive(password, &[0; 16], COST));
        return false;
    };
    let found = derive(password, &salt, cost);
    found.is_some_and(|found| subtle::ConstantTimeEq::ct_eq(&found[..], &key[..]).into())
}

type Cost = (u32, u32, u32);

fn parts(stored: &str) -> Option<(Cost, Vec<u8>, Vec<u8>)> {
    let mut fields = stored.strip_prefix("$argon2id$v=19$")?.split('$');
    let mut numbers = fields.next()?.split(',').zip(["m=", "t=", "p="]);
    let mut number = || {
        let (field, name) = numbers.next()?;
        field.strip_prefix(name)?.parse::<u32>().ok()
    };
    let cost = (number()?, number()?, number()?);
    let salt = STANDARD_NO_PAD.decode(fields.next()?).ok()?;
    let key = STANDARD_NO_PAD.decode(fields.next()?).ok()?;
    Some((cost, salt, key))
}

fn derive(password: &str, salt: &[u8], (memory, passes, lanes): Cost) -> Option<[u8; LENGTH]> {
    if password.len() > LONGEST {
        return None;
    }
    let params = Params::new(memory, passes, lanes, Some(LENGTH)).ok()?;
    let mut key = [0; LENGTH];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password.as_bytes(), salt, &mut key)
        .ok()?;
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::{Weak, hash, judge, matches};

    #[test]
    fn a_password_matches_its_hash_and_no_other() {
        let stored = hash("correct horse").unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_ne!(stored, hash("correct horse").unwrap(), "salted");
        assert!(matches("correct horse", Some(&stored)));
        assert!(!matches("Correct horse", Some(&stored)));
        assert!(!matches("correct horse", None));
        for broken in ["", "$argon2id$v=19$m=1", "$2b$10$abc"] {
            assert!(!matches("correct horse", Some(broken)), "{broken}");
        }
    }

    /// Made by the reference implementation: `echo -n password | argon2 somesalt -id -t 2 -k 256 -p 1`.
    #[test]
    fn hashes_are_those_of_the_reference() {
        let stored =
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        assert!(matches("password", Some(stored)));
    }

    #[test]
    fn weak_ones_are_told_apart() {
        for (password, expected) in [
            ("short", Err(Weak::Short)),
            ("Password123", Err(Weak::Common)),
            ("password for the desk", Ok(())),
            ("aaaaaaaaaaaaa", Err(Weak::Common)),
            ("1234567890", Err(Weak::Common)),
            ("correct horse", Ok(())),
            ("ñandú corre", Ok(())),
        ] {
            assert_eq!(judge(password), expected, "{password}");
        }
        assert_eq!(judge(&"ab".repeat(300)), Err(Weak::Long));
    }
}
