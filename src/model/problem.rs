//! Something wrong in a file that a person wrote, and where.

use std::fmt;

use crate::model::said::{Said, Word};
use crate::said;

/// Shown as `mappings/shopify.toml:31: unknown filter "lowercase", did you mean "lower"?`
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    pub file: String,
    /// From 1; 0 when the whole file is meant.
    pub line: u32,
    /// What is wrong and what to do, in a sentence.
    pub message: Said,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.said().fmt(f)
    }
}

impl Problem {
    /// Place and message as one sentence.
    pub fn said(&self) -> Said {
        let place = match self.line {
            0 => self.file.clone(),
            line => format!("{}:{line}", self.file),
        };
        said!(
            "violation",
            "{path}: {why}",
            path = place,
            why = self.message.clone()
        )
    }
}

/// The candidate that someone who wrote `word` most likely meant.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = match word.chars().count() {
        0..=2 => 1,
        3..=6 => 2,
        _ => 3,
    };
    candidates
        .into_iter()
        .map(|candidate| {
            (
                strsim::osa_distance(&word.to_lowercase(), &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(distance, candidate)| *distance <= allowed && *distance < candidate.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `, did you mean "lower"?` for the nearest candidate; else the candidates, when they are few; else nothing.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Word {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    match nearest(word, candidates.iter().copied()) {
        Some(nearest) => said!(
            "did-you-mean",
            ", did you mean \"{nearest}\"?",
            nearest = nearest
        )
        .into(),
        None if (1..=12).contains(&candidates.len()) => said!(
            "known-are",
            "; known are {names}",
            names = candidates.join(", ")
        )
        .into(),
        None => Word::from(""),
    }
}

#[cfg(test)]
mod tests {
    use super::did_you_mean;

    #[test]
    fn suggestions() {
        let known = ["lower", "upper", "phone", "decimal", "lookup"];
        for (word, expected) in [
            (
                "lowercase",
                "; known are lower, upper, phone, decimal, lookup",
            ),
            ("lowre", ", did you mean \"lower\"?"),
            ("Phone", ", did you mean \"phone\"?"),
            ("decmial", ", did you mean \"decimal\"?"),
            ("zzzz", "; known are lower, upper, phone, decimal, lookup"),
        ] {
            assert_eq!(did_you_mean(word, known).to_string(), expected, "{word}");
        }
    }
}
