//! Countries as ISO 3166-1 alpha-2.

use std::collections::HashMap;
use std::sync::LazyLock;

use minijinja::{State, Value};

use crate::expr::filters::text_of;
use crate::model::fold::fold;

/// Alpha-2, alpha-3, then names in English, Spanish, French, German, Italian and Portuguese where they differ.
static TABLE: &str = include_str!("countries.txt");

/// Folded alpha-2, alpha-3 or name → alpha-2.
static COUNTRIES: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let mut countries = HashMap::new();
    for line in TABLE.lines() {
        let mut words = line.split('|');
        let Some(code) = words.next() else { continue };
        countries.insert(fold(code), code);
        for word in words {
            countries.entry(fold(word)).or_insert(code);
        }
    }
    countries
});

/// `country`: ISO 3166-1 alpha-2 of a code or a name; nothing for a country it does not know.
pub fn country(value: &Value) -> Value {
    text_of(value)
        .and_then(|text| alpha2(&text))
        .map_or(Value::UNDEFINED, Value::from)
}

/// The country that is given, else the endpoint's `region`, as alpha-2.
pub fn of_or_region(state: &State, given: Option<&Value>) -> Option<&'static str> {
    given_or(given, || state.lookup("region"))
}

/// The country that is given, else that of the region, as alpha-2.
pub fn given_or(
    given: Option<&Value>,
    region: impl FnOnce() -> Option<Value>,
) -> Option<&'static str> {
    let code = |value: &Value| text_of(value).map(|text| alpha2(&text));
    match given.and_then(code) {
        Some(country) => country,
        None => region().as_ref().and_then(code).flatten(),
    }
}

/// The alpha-2 code of a country given as alpha-2, alpha-3 or by a common name.
pub fn alpha2(text: &str) -> Option<&'static str> {
    COUNTRIES.get(&fold(text)).copied()
}
