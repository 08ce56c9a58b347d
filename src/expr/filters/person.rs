//! Names of people.

use minijinja::Value;

use crate::expr::filters::named::parts;
use crate::expr::filters::text_of;
use crate::model::fold::fold;

/// Words that begin a family name (`van Beethoven`, `de la Torre`).
const PARTICLES: &[&str] = &[
    "af", "al", "av", "bin", "da", "dal", "das", "de", "del", "della", "den", "der", "di", "do",
    "dos", "du", "el", "ibn", "la", "le", "ten", "ter", "van", "von", "zu", "zum", "zur",
];

/// Forms of address, which are no names.
const TITLES: &[&str] = &[
    "don", "dona", "dr", "dra", "frau", "herr", "ing", "madame", "mister", "mme", "monsieur", "mr",
    "mrs", "ms", "prof", "sr", "sra", "srta",
];

/// `split_name`: `{given, family}` of a full name; `García López, Ana` and `Ana García López` alike. A single word is
/// the given name.
pub fn split_name(value: &Value) -> Value {
    let Some(text) = text_of(value) else {
        return Value::UNDEFINED;
    };
    let (given, family) = split(&text);
    let part = |text: String| {
        if text.is_empty() {
            Value::UNDEFINED
        } else {
            Value::from(text)
        }
    };
    parts([("given", part(given)), ("family", part(family))])
}

/// Given and family name; either may be empty.
pub fn split(name: &str) -> (String, String) {
    if let Some((family, given)) = name.split_once(',') {
        let (family, given) = (spaced(family), spaced(given));
        if !given.is_empty() {
            return (given, family);
        }
        return split(&family);
    }
    let mut words: Vec<&str> = name.split_whitespace().collect();
    while words.len() > 1
        && words
            .first()
            .is_some_and(|word| TITLES.contains(&&*fold(word)))
    {
        words.remove(0);
    }
    let (given, family) = words.split_at(given_words(&words));
    (given.join(" "), family.join(" "))
}

/// How many words the given name has: up to the first particle after it; else one, or two of four and more
/// (`José Luis García López`).
fn given_words(words: &[&str]) -> usize {
    let particle = |word: &&str| PARTICLES.contains(&&*fold(word));
    let Some(first) = words.first() else {
        return 0;
    };
    let mut from = 1;
    if matches!(&*fold(first), "maria" | "ma") && words.get(1).is_some_and(particle) {
        // María del Carmen, María de los Ángeles: the particle belongs to the given name.
        while words
            .get(from)
            .is_some_and(|word| particle(word) || fold(word) == "los")
        {
            from += 1;
        }
        return (from + 1).min(words.len());
    }
    match words.iter().skip(from).position(particle) {
        Some(at) => from + at,
        None if words.len() >= 4 => 2,
        None => 1,
    }
}

fn spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
