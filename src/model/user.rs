//! What a console user may be called.

/// Characters of a name at most.
const LONGEST: usize = 100;

/// Whether people can sign in with a name: a word or an e-mail address, in lower case.
pub fn is_name(name: &str) -> bool {
    let length = name.chars().count();
    let fits = |letter: char| {
        (letter.is_alphanumeric() && !letter.is_uppercase()) || ".-_+@".contains(letter)
    };
    (1..=LONGEST).contains(&length) && name.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn names() {
        for (name, expected) in [
            ("ana", true),
            ("ana.ruiz+desk@example.com", true),
            ("añ", true),
            ("Ana", false),
            ("", false),
            ("ana ruiz", false),
            ("<b>", false),
            ("a/b", false),
        ] {
            assert_eq!(is_name(name), expected, "{name:?}");
        }
        assert!(!is_name(&"a".repeat(101)));
    }
}
