//! Working hours as people type them: `Europe/Madrid mon-fri 09:00-13:00 15:00-18:00, sat 10:00-12:00`.

use serde_json::{Map, Value, json};

/// The days as rules and reps write them.
pub const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Zone and hours of a week out of a text; `None` when it is none.
pub fn hours(text: &str) -> Option<Value> {
    let (zone, rest) = text.trim().split_once(char::is_whitespace)?;
    let mut days = Map::new();
    for part in rest.split([',', ';']).map(str::trim) {
        let mut words = part.split_whitespace();
        let (first, last) = match words.next()?.to_lowercase() {
            span if span.contains('-') => {
                let (first, last) = span.split_once('-')?;
                (place(first)?, place(last)?)
            }
            day => (place(&day)?, place(&day)?),
        };
        let blocks: Vec<&str> = words.collect();
        if blocks.is_empty() || first > last {
            return None;
        }
        for day in DAYS.get(first..=last)? {
            days.insert((*day).to_owned(), json!(blocks));
        }
    }
    Some(json!({"zone": zone, "hours": days}))
}

fn place(day: &str) -> Option<usize> {
    DAYS.iter().position(|known| *known == day)
}

/// The text of zone and hours; days in a row that have the same hours are put together.
pub fn of_hours(value: &Map<String, Value>) -> String {
    let zone = value
        .get("zone")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let hours = value.get("hours").and_then(Value::as_object);
    let mut parts: Vec<(usize, usize, String)> = Vec::new();
    for (nth, day) in DAYS.iter().enumerate() {
        let Some(blocks) = hours.and_then(|hours| hours.get(*day)?.as_array()) else {
            continue;
        };
        let blocks: Vec<&str> = blocks.iter().filter_map(Value::as_str).collect();
        let blocks = blocks.join(" ");
        match parts.last_mut() {
            Some((_, last, same)) if *last + 1 == nth && *same == blocks => *last = nth,
            _ => parts.push((nth, nth, blocks)),
        }
    }
    let day = |nth: usize| DAYS.get(nth).copied().unwrap_or_default();
    let parts: Vec<String> = parts
        .into_iter()
        .map(|(first, last, blocks)| match first == last {
            true => format!("{} {blocks}", day(first)),
            false => format!("{}-{} {blocks}", day(first), day(last)),
        })
        .collect();
    format!("{zone} {}", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::{hours, of_hours};

    #[test]
    fn what_is_typed_is_what_is_shown() {
        let text = "Europe/Madrid mon-fri 09:00-13:00 15:00-18:00, sat 10:00-12:00";
        let read = hours(text).unwrap();
        assert_eq!(read["hours"]["wed"][1], "15:00-18:00");
        assert_eq!(of_hours(read.as_object().unwrap()), text);
        for wrong in [
            "",
            "mon-fri",
            "UTC someday 09:00-10:00",
            "UTC mon",
            "UTC fri-mon 09:00-10:00",
        ] {
            assert!(hours(wrong).is_none(), "{wrong}");
        }
    }
}
