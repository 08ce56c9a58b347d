//! What real leads say lately, so that a rule is made of fields and values that come.

use std::collections::{BTreeMap, HashMap};

use jiff::SignedDuration;
use serde_json::Value;

use crate::console::Console;
use crate::model::record::Fields;
use crate::store::Result;
use crate::store::desk::Stretch;

/// How far back, and how many leads at most.
const DAYS: i64 = 90;
const LEADS: usize = 300;
/// Values of a field that are offered at most, and characters of one.
const VALUES: usize = 15;
const LONGEST: usize = 60;

/// Field → the values it had, the most frequent first; empty for a field whose every value is its own.
pub type Traffic = BTreeMap<String, Vec<String>>;

/// What the last leads, their contacts and their events say.
///
/// # Errors
/// The store cannot be read.
pub async fn of(console: &Console) -> Result<Traffic> {
    let now = console.clock.now();
    let since = now.checked_sub(SignedDuration::from_hours(24 * DAYS));
    let stretch = Stretch {
        since: since.unwrap_or(now),
        limit: LEADS,
        with_orders: false,
    };
    let mut seen = HashMap::new();
    for past in console.store.past(stretch).await? {
        gather("lead", &past.lead.fields, &mut seen);
        gather("event", &past.facts, &mut seen);
        if let Some(contact) = &past.contact {
            gather("contact", &contact.fields, &mut seen);
        }
    }
    Ok(seen
        .into_iter()
        .map(|(path, it)| (path, best(it)))
        .collect())
}

type Counts = HashMap<String, u32>;

fn gather(root: &str, fields: &Fields, seen: &mut HashMap<String, Counts>) {
    for (name, value) in fields {
        gather_value(&format!("{root}.{name}"), value, seen);
    }
}

fn gather_value(path: &str, value: &Value, seen: &mut HashMap<String, Counts>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                gather_value(&format!("{path}.{name}"), value, seen);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| gather_value(path, item, seen)),
        Value::Null => {}
        one => {
            let text = match one {
                Value::String(text) => text.trim().to_owned(),
                other => other.to_string(),
            };
            let counts = seen.entry(path.to_owned()).or_default();
            if !text.is_empty() && text.chars().count() <= LONGEST {
                *counts.entry(text).or_default() += 1;
            }
        }
    }
}

/// The most frequent values. A field of many values that hardly ever repeat is an id, a name or an address: nobody makes
/// a rule for one of them.
fn best(counts: Counts) -> Vec<String> {
    let all: u32 = counts.values().sum();
    let distinct = u32::try_from(counts.len()).unwrap_or(u32::MAX);
    if distinct > 5 && distinct.saturating_mul(2) > all {
        return Vec::new();
    }
    let mut values: Vec<(String, u32)> = counts.into_iter().collect();
    values.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    values.truncate(VALUES);
    values.into_iter().map(|(value, _)| value).collect()
}

#[cfg(test)]
mod tests {
    use super::{Counts, best};

    #[test]
    fn what_repeats_is_offered() {
        let counts = |pairs: &[(&str, u32)]| -> Counts {
            pairs
                .iter()
                .map(|(value, n)| ((*value).to_owned(), *n))
                .collect()
        };
        assert_eq!(
            best(counts(&[("ES", 2), ("PT", 9), ("FR", 2)])),
            ["PT", "ES", "FR"]
        );
        let names = ["a", "b", "c", "d", "e", "f"].map(|it| (it, 1));
        assert!(best(counts(&names)).is_empty());
    }
}
