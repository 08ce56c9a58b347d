//! Texts compared as people compare them: without case, accents, spaces and punctuation.

use std::borrow::Cow;

use icu_normalizer::DecomposingNormalizerBorrowed;

/// Letters and digits alone, in lower case and without accents: `E-Mail *` and `email` fold to the same.
pub fn fold(text: &str) -> String {
    folded(text, |_| false)
}

/// In lower case and without accents; blanks and punctuation stay. What other scripts write in one letter may be taken
/// apart, so that only texts that were both folded can be compared.
pub fn without_accents(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    folded(text, |letter| !is_combining(letter))
}

/// What Unicode takes apart into a letter and its accents has these for accents, in the scripts that write names with them.
fn is_combining(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36f}')
}

fn folded(text: &str, stays: impl Fn(char) -> bool) -> String {
    let decomposed = if text.is_ascii() {
        Cow::Borrowed(text)
    } else {
        DecomposingNormalizerBorrowed::new_nfd().normalize(text)
    };
    let mut folded = String::with_capacity(decomposed.len());
    for letter in decomposed.chars().flat_map(char::to_lowercase) {
        match letter {
            // Letters with a stroke or joined, which Unicode does not take apart.
            'ø' => folded.push('o'),
            'ł' => folded.push('l'),
            'đ' | 'ð' => folded.push('d'),
            'ı' => folded.push('i'),
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'þ' => folded.push_str("th"),
            letter if letter.is_alphanumeric() || stays(letter) => folded.push(letter),
            _ => {}
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::{fold, without_accents};

    #[test]
    fn folds() {
        for (text, expected) in [
            ("E-Mail *", "email"),
            ("Teléfono MÓVIL", "telefonomovil"),
            ("名前", "名前"),
            ("Garci\u{301}a", "garcia"),
            ("Çağrı İş", "cagriis"),
            ("Straße", "strasse"),
            ("Łódź", "lodz"),
            ("Søren Ærø", "sorenaero"),
            ("Œuvre", "oeuvre"),
            ("Иванов", "иванов"),
            ("-", ""),
        ] {
            assert_eq!(fold(text), expected, "{text}");
        }
    }

    #[test]
    fn accents_go_and_punctuation_stays() {
        for (text, expected) in [
            ("Ana.Ruiz+Shop@Example.com", "ana.ruiz+shop@example.com"),
            ("García-López, José", "garcia-lopez, jose"),
            ("Garci\u{301}a", "garcia"),
            ("Ærø & Søn", "aero & son"),
            ("名前 さん", "名前 さん"),
        ] {
            assert_eq!(without_accents(text), expected, "{text}");
        }
    }
}
