//! Links in free text.

/// How many links a text holds: addresses with a scheme, those that begin with `www.`, and those of BBCode and HTML that
/// have neither.
pub fn count(text: &str) -> usize {
    let text = text.to_ascii_lowercase();
    let with_scheme = text.matches("://").count();
    let without = text
        .match_indices("www.")
        .filter(|(at, _)| is_beginning(&text, *at))
        .count();
    let marked = ["[url", "[link", "<a "]
        .iter()
        .map(|mark| text.matches(mark).count())
        .sum::<usize>();
    (with_scheme + without).max(marked)
}

/// Whether what begins at `at` is neither in the middle of a word nor behind a scheme.
fn is_beginning(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    !before.ends_with("://") && !before.ends_with(|c: char| c.is_alphanumeric() || c == '.')
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn counts_links() {
        for (text, expected) in [
            ("", 0),
            ("Please call me, ana@example.com", 0),
            ("see https://example.com/a?b=http%3A", 1),
            ("HTTP://a.example and www.b.example", 2),
            ("https://www.example.com", 1),
            ("awww.cute", 0),
            (
                "[url=https://a.example]x[/url] [URL=https://b.example]y[/URL]",
                2,
            ),
            ("<a href=\"https://a.example\">x</a>", 1),
            ("[url=a.example]x[/url]", 1),
        ] {
            assert_eq!(count(text), expected, "{text}");
        }
    }
}
