//! A rule set out of a body: every mistake at once, each with its place.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::api::problem::{Fault, Problem};
use crate::api::strict;
use crate::assign;
use crate::model::rules::{Comparison, Desk, Expression, OnNoneEligible, RuleSet, Target};

/// The operators, for messages.
const OPERATORS: &str =
    "eq, ne, in, not_in, contains, starts_with, matches, gt, gte, lt, lte, exists, not_exists";

/// Reads a rule set.
///
/// # Errors
/// 422 with every place that does not fit, as JSON pointers.
pub fn read(body: Value) -> Result<RuleSet, Problem> {
    let mut faults = Vec::new();
    if let Some(rules) = body.get("rules").and_then(Value::as_array) {
        for (index, rule) in rules.iter().enumerate() {
            read_rule(rule, &format!("/rules/{index}"), &mut faults);
        }
    }
    if !faults.is_empty() {
        return Err(Problem::invalid(faults));
    }
    strict::read(&body).map_err(|fault| Problem::invalid(vec![fault]))
}

/// Names in `rules` that nothing answers to, a missing catch-all, expressions that do not compile.
///
/// # Errors
/// 422 with all of them.
pub fn check(rules: &RuleSet, desk: &Desk) -> Result<(), Problem> {
    let sentences = assign::check::check(rules, &desk.reps, &desk.teams);
    if sentences.is_empty() {
        return Ok(());
    }
    let faults = sentences
        .into_iter()
        .map(|sentence| Fault::new("/rules", sentence));
    Err(Problem::invalid(faults.collect()))
}

fn read_rule(rule: &Value, path: &str, faults: &mut Vec<Fault>) {
    let Some(members) = rule.as_object() else {
        faults.push(Fault::new(path, "a rule is an object with name and assign"));
        return;
    };
    for name in members.keys() {
        if !["name", "when", "assign", "on_none_eligible"].contains(&name.as_str()) {
            faults.push(Fault::new(
                format!("{path}/{name}"),
                "a rule has name, when, assign and on_none_eligible, nothing else",
            ));
        }
    }
    match members.get("name").and_then(Value::as_str) {
        Some(name) if !name.trim().is_empty() => {}
        _ => faults.push(Fault::new(
            format!("{path}/name"),
            "a rule needs a name; reasons quote it",
        )),
    }
    if let Some(when) = members.get("when") {
        read_condition(when, &format!("{path}/when"), faults);
    }
    read_target(members.get("assign"), &format!("{path}/assign"), faults);
    if let Some(policy) = members.get("on_none_eligible")
        && serde_json::from_value::<OnNoneEligible>(policy.clone()).is_err()
    {
        faults.push(Fault::new(
            format!("{path}/on_none_eligible"),
            format!("is \"next_rule\", not {policy}"),
        ));
    }
}

fn read_target(target: Option<&Value>, path: &str, faults: &mut Vec<Fault>) {
    let read = target.map(|target| serde_json::from_value::<Target>(target.clone()));
    if !matches!(read, Some(Ok(_))) {
        faults.push(Fault::new(
            path,
            "is {\"rep\": HANDLE} or {\"team\": HANDLE, \"strategy\": \"round_robin\"}",
        ));
    }
}

fn read_condition(condition: &Value, path: &str, faults: &mut Vec<Fault>) {
    let Some(members) = condition.as_object() else {
        faults.push(Fault::new(path, "a condition is an object"));
        return;
    };
    for group in ["all", "any"] {
        if let Some(inner) = members.get(group) {
            alone(members, path, faults);
            match inner.as_array() {
                Some(conditions) => {
                    for (index, condition) in conditions.iter().enumerate() {
                        read_condition(condition, &format!("{path}/{group}/{index}"), faults);
                    }
                }
                None => faults.push(Fault::new(
                    format!("{path}/{group}"),
                    "is a list of conditions",
                )),
            }
            return;
        }
    }
    if let Some(inner) = members.get("not") {
        alone(members, path, faults);
        read_condition(inner, &format!("{path}/not"), faults);
    } else if members.contains_key("expr") {
        note_misfit::<Expression>(condition, path, faults);
    } else {
        read_comparison(condition, members, path, faults);
    }
}

fn alone(members: &serde_json::Map<String, Value>, path: &str, faults: &mut Vec<Fault>) {
    if members.len() > 1 {
        faults.push(Fault::new(
            path,
            "a condition holds one of all, any, not, expr, or field with op; nest them to combine them",
        ));
    }
}

fn read_comparison(
    condition: &Value,
    members: &serde_json::Map<String, Value>,
    path: &str,
    faults: &mut Vec<Fault>,
) {
    let Some(op) = members.get("op") else {
        faults.push(Fault::new(
            path,
            "a condition is {\"field\", \"op\", \"value\"}, {\"all\": […]}, {\"any\": […]}, {\"not\": …} or {\"expr\": \"…\"}",
        ));
        return;
    };
    if serde_json::from_value::<crate::model::rules::Operator>(op.clone()).is_err() {
        faults.push(Fault::new(
            format!("{path}/op"),
            format!("{op} is not an operator; there are {OPERATORS}"),
        ));
        return;
    }
    note_misfit::<Comparison>(condition, path, faults);
}

/// Notes what does not fit, with its place below `path`.
fn note_misfit<T: DeserializeOwned>(value: &Value, path: &str, faults: &mut Vec<Fault>) {
    if let Err(fault) = strict::read::<T>(value) {
        faults.push(Fault::new(format!("{path}{}", fault.path), fault.message));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::read;

    fn check(rules: Value, expected: &[&str]) {
        let found: Vec<String> = match read(json!({"version": 1, "rules": rules})) {
            Ok(_) => Vec::new(),
            Err(problem) => problem
                .violations
                .into_iter()
                .map(|fault| fault.path)
                .collect(),
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn names_every_place() {
        let all = json!({"rep": "boss"});
        let spain = json!({"field": "contact.address.country", "op": "eq", "value": "ES"});
        check(
            json!([
                {"name": "Spain", "when": {"all": [spain]}, "assign": {"team": "iberia", "strategy": "round_robin"}, "on_none_eligible": "next_rule"},
                {"name": "Big", "when": {"any": [{"not": {"expr": "lead.budget > 10"}}, {"field": "test", "op": "exists"}]}, "assign": all},
                {"name": "Everyone else", "assign": all}
            ]),
            &[],
        );
        check(
            json!([
                {"when": {"all": [{"field": "x", "op": "equals"}]}, "assign": {"rep": "a", "team": "b"}},
                {"name": "x", "when": {"field": "x"}, "assign": all, "priority": 1},
                {"name": "y", "when": {"all": {}, "any": []}, "assign": all, "on_none_eligible": "park"},
                7
            ]),
            &[
                "/rules/0/name",
                "/rules/0/when/all/0/op",
                "/rules/0/assign",
                "/rules/1/priority",
                "/rules/1/when",
                "/rules/2/when",
                "/rules/2/when/all",
                "/rules/2/on_none_eligible",
                "/rules/3",
            ],
        );
    }

    #[test]
    fn the_envelope_is_checked_too() {
        for body in [
            json!([]),
            json!({}),
            json!({"version": "1", "rules": []}),
            json!({"version": 1, "rules": [], "x": 1}),
        ] {
            assert_eq!(read(body.clone()).unwrap_err().status, 422, "{body}");
        }
    }
}
