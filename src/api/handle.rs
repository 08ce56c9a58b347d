//! Handles: the short names of reps and teams.

use crate::api::problem::{Fault, Problem};

/// Characters of a handle at most.
const MAX_HANDLE: usize = 64;

/// Characters of a name at most.
const MAX_NAME: usize = 200;

/// What is wrong with a handle, if anything.
pub fn check_handle(handle: &str) -> Option<Fault> {
    let letters = handle
        .bytes()
        .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.'));
    (!letters || handle.is_empty() || handle.len() > MAX_HANDLE).then(|| {
        Fault::new(
            "/handle",
            format!(
                "a handle has 1 to {MAX_HANDLE} lower-case letters, digits, `-`, `_` or `.`, not {handle:?}"
            ),
        )
    })
}

/// What is wrong with the name of a rep or team, if anything.
pub fn check_name(name: &str) -> Option<Fault> {
    (name.trim().is_empty() || name.chars().count() > MAX_NAME)
        .then(|| Fault::new("/name", format!("a name has 1 to {MAX_NAME} characters")))
}

/// The body of a PUT may leave its handle out; when it is there, it is the one of the path.
///
/// # Errors
/// 422 when the two differ: handles never change, because records name them.
pub fn of_path(body: &mut serde_json::Value, handle: &str) -> Result<(), Problem> {
    let Some(members) = body.as_object_mut() else {
        return Ok(());
    };
    match members.get("handle") {
        Some(written) if written != handle => Err(Problem::invalid(vec![Fault::new(
            "/handle",
            format!("the path says {handle:?}; a handle never changes, because records name it"),
        )])),
        Some(_) => Ok(()),
        None => {
            members.insert("handle".to_owned(), handle.into());
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{check_handle, check_name};

    #[test]
    fn handles() {
        for (handle, valid) in [
            ("ana", true),
            ("ana.ruiz-2_b", true),
            ("", false),
            ("Ana", false),
            ("ana ruiz", false),
            ("añ", false),
            (&"a".repeat(65), false),
        ] {
            assert_eq!(check_handle(handle).is_none(), valid, "{handle:?}");
        }
        assert!(check_name("Ana Ruiz").is_none());
        assert!(check_name("  ").is_some());
    }
}
