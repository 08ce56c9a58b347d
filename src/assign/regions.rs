//! Countries in conditions: codes, names, and groups that people speak of.

use serde_json::Value;

use crate::expr::filters::country::alpha2;
use crate::model::said::Said;
use crate::said;

const EU: &[&str] = &[
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT",
    "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
];
const LATAM: &[&str] = &[
    "AR", "BO", "BR", "CL", "CO", "CR", "CU", "DO", "EC", "GT", "HN", "HT", "MX", "NI", "PA", "PE",
    "PR", "PY", "SV", "UY", "VE",
];

/// Groups by the word that stands for them.
const GROUPS: &[(&str, &[&[&str]])] = &[
    ("EU", &[EU]),
    ("EEA", &[EU, &["IS", "LI", "NO"]]),
    ("DACH", &[&["DE", "AT", "CH"]]),
    ("BENELUX", &[&["BE", "NL", "LU"]]),
    ("IBERIA", &[&["ES", "PT", "AD", "GI"]]),
    ("NORDICS", &[&["DK", "FI", "IS", "NO", "SE"]]),
    ("LATAM", &[LATAM]),
];

/// The countries that a word of a condition stands for, as records have them.
///
/// # Errors
/// A sentence, for a word that is no country.
pub fn countries(value: &Value) -> Result<Vec<&'static str>, Said> {
    let word = value.as_str().unwrap_or_default().trim();
    let group = GROUPS
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(word));
    if let Some((_, parts)) = group {
        return Ok(parts.concat());
    }
    if let Some(code) = alpha2(word) {
        return Ok(vec![code]);
    }
    let groups: Vec<&str> = GROUPS.iter().map(|(name, _)| *name).collect();
    Err(said!(
        "no-country",
        "{value} is no country: write a code such as \"ES\", or one of the groups {groups}",
        value = value.to_string(),
        groups = groups.join(", ")
    ))
}
