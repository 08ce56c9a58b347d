//! Why not: the sentences behind a stored trace. What decided it is the decision's own reason.

use serde_json::Value;

use crate::assign::words;
use crate::model::rules::Comparison;
use crate::model::trace::Trace;

/// A sentence for each rule that did not decide and each candidate who was passed over, in the order they were asked.
/// They show values of the lead, so they are for those who may see it.
pub fn why_not(trace: &Trace) -> Vec<String> {
    let document: Value = serde_json::from_str(trace.as_str()).unwrap_or_default();
    let mut sentences = Vec::new();
    for rule in list(&document, "rules") {
        let name = text(rule, "name");
        if rule.get("matched") == Some(&Value::Bool(false)) {
            let failed = rule.get("when").map(failed).unwrap_or_default();
            sentences.push(format!("Rule \"{name}\" did not match: {failed}."));
            continue;
        }
        for candidate in list(rule, "candidates") {
            if let Some(gate) = candidate.get("gate").and_then(Value::as_str) {
                let rep = text(candidate, "rep");
                sentences.push(format!("{rep} was passed over in rule \"{name}\": {gate}."));
            }
        }
        if let Some(behind) = rule.get("behind").and_then(Value::as_u64) {
            sentences.push(format!(
                "Rule \"{name}\" had somebody, but {behind} older leads go first."
            ));
        }
    }
    sentences
}

/// What of a condition that did not hold was in the way.
fn failed(when: &Value) -> String {
    if let Some(all) = when.get("all").and_then(Value::as_array) {
        let in_the_way = all.iter().filter(|it| !held(it));
        return join(in_the_way.map(failed), " and ");
    }
    if let Some(any) = when.get("any").and_then(Value::as_array) {
        return join(any.iter().map(failed), ", ");
    }
    if let Some(not) = when.get("not") {
        return format!("it must not be that {}", said(not));
    }
    if let Some(expr) = when.get("expr").and_then(Value::as_str) {
        return match when.get("error").and_then(Value::as_str) {
            Some(error) => format!("`{expr}` failed: {error}"),
            None => format!("`{expr}` is false"),
        };
    }
    seen(when)
}

/// What a condition that held says.
fn said(when: &Value) -> String {
    match serde_json::from_value(strip(when)) {
        Ok(condition) => words::condition(&condition),
        Err(_) => "its condition holds".to_owned(),
    }
}

/// The condition as it was written: a trace without results and values seen.
fn strip(when: &Value) -> Value {
    match when {
        Value::Object(members) => members
            .iter()
            .filter(|(name, _)| !["result", "seen", "error"].contains(&name.as_str()))
            .map(|(name, value)| match name.as_str() {
                "all" | "any" | "not" => (name.clone(), strip(value)),
                _ => (name.clone(), value.clone()),
            })
            .collect(),
        Value::Array(items) => items.iter().map(strip).collect(),
        other => other.clone(),
    }
}

/// A comparison with what stood there: `lead.budget is 900, and it asks for: is over 20000`.
fn seen(compared: &Value) -> String {
    let stood = match compared.get("seen") {
        None | Some(Value::Null) => "is not known".to_owned(),
        Some(Value::Array(items)) => format!("is {}", join(items.iter().map(words::scalar), ", ")),
        Some(value) => format!("is {}", words::scalar(value)),
    };
    match serde_json::from_value::<Comparison>(strip(compared)) {
        Ok(comparison) => {
            let asked = words::compare(&comparison);
            let asked = asked.strip_prefix(&comparison.field).unwrap_or(&asked);
            format!(
                "{} {stood}, and the rule asks that it{asked}",
                comparison.field
            )
        }
        Err(_) => stood,
    }
}

fn held(when: &Value) -> bool {
    when.get("result") == Some(&Value::Bool(true))
}

fn join(parts: impl Iterator<Item = String>, between: &str) -> String {
    parts.collect::<Vec<String>>().join(between)
}

fn list<'a>(document: &'a Value, name: &str) -> &'a [Value] {
    let items = document.get(name).and_then(Value::as_array);
    items.map_or(&[], Vec::as_slice)
}

fn text<'a>(document: &'a Value, name: &str) -> &'a str {
    document
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::why_not;
    use crate::model::trace::Trace;

    fn check(rule: Value, expected: &[&str]) {
        let trace = Trace::of(&json!({"rule_set_version": 1, "rules": [rule]}));
        assert_eq!(why_not(&trace), expected);
    }

    #[test]
    fn what_was_in_the_way_is_told_with_the_value_seen() {
        let country = json!({"field": "contact.address.country", "op": "eq", "value": "ES", "seen": "FR", "result": false});
        let budget =
            json!({"field": "budget", "op": "gt", "value": 5, "seen": null, "result": false});
        let tags = json!({"field": "contact.tags", "op": "contains", "value": "vip", "seen": ["vip", "new"], "result": true});
        check(
            json!({"name": "A", "matched": false, "when": {"all": [country, budget, tags], "result": false}}),
            &[
                "Rule \"A\" did not match: contact.address.country is FR, and the rule asks that it is ES and budget is not \
               known, and the rule asks that it is over 5.",
            ],
        );
        check(
            json!({"name": "A", "matched": false, "when": {"not": tags, "result": false}}),
            &["Rule \"A\" did not match: it must not be that contact.tags contains vip."],
        );
        check(
            json!({"name": "A", "matched": false, "when": {"expr": "x", "result": false, "error": "no"}}),
            &["Rule \"A\" did not match: `x` failed: no."],
        );
        check(
            json!({"name": "A", "matched": true, "when": null, "candidates": [
                {"rep": "ana", "gate": "at cap 10/10 today"}, {"rep": "rui", "gate": null}]}),
            &["ana was passed over in rule \"A\": at cap 10/10 today."],
        );
    }
}
