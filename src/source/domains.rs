//! `lists/disposable_mail.txt`: domains of throw-away mail services, one a line.

use std::collections::HashSet;

/// Domains in lower case; those below them count as well.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Domains(HashSet<String>);

impl Domains {
    /// Adds the domains of a list; a line that begins with `!` takes one out, `#` begins a comment.
    pub fn add(&mut self, list: &str) {
        for line in list.lines() {
            let entry = line.split('#').next().unwrap_or_default().trim();
            let entry = entry.to_ascii_lowercase();
            match entry.strip_prefix('!') {
                Some(taken_out) => {
                    self.0.remove(taken_out.trim());
                }
                None if entry.is_empty() => {}
                None => {
                    self.0.insert(entry);
                }
            }
        }
    }

    /// Whether the domain, or one that it lies below, is in the list.
    pub fn contains(&self, domain: &str) -> bool {
        let domain = domain.trim_end_matches('.').to_ascii_lowercase();
        let mut rest = domain.as_str();
        loop {
            if self.0.contains(rest) {
                return true;
            }
            match rest.split_once('.') {
                Some((_, parent)) => rest = parent,
                None => return false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Domains;

    #[test]
    fn lists_of_domains() {
        let mut domains = Domains::default();
        domains.add("# a comment\nthrow.example\n\nAway.example # why\nkept.example\n");
        domains.add("!kept.example\r\nown.example\r\n");
        for (domain, expected) in [
            ("throw.example", true),
            ("THROW.example.", true),
            ("mx.away.example", true),
            ("own.example", true),
            ("kept.example", false),
            ("overthrow.example", false),
            ("example", false),
            ("", false),
        ] {
            assert_eq!(domains.contains(domain), expected, "{domain}");
        }
    }
}
