//! A rule set out of a JSON document: every mistake at once, each with its place.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::model::event::Violation;
use crate::model::problem::did_you_mean;
use crate::model::rules::{Comparison, Expression, OnNoneEligible, Operator, RuleSet, Target};
use crate::model::said::Said;
use crate::model::strict;

/// The members of a rule.
const RULE: [&str; 4] = ["name", "when", "assign", "on_none_eligible"];

const TARGET: &str = "is {\"rep\": HANDLE} or {\"team\": HANDLE, \"strategy\": \"round_robin\", \"skills\": [SKILL]}; \
     strategies are round_robin, fewest_open and fewest_in_period";

/// Reads a rule set. What it says is for `check::check` to judge.
///
/// # Errors
/// Every place that does not fit, as JSON pointers.
pub fn read(body: Value) -> Result<RuleSet, Vec<Violation>> {
    let mut reading = Reading::default();
    if let Some(rules) = body.get("rules").and_then(Value::as_array) {
        for (index, rule) in rules.iter().enumerate() {
            reading.rule(rule, &format!("/rules/{index}"));
        }
    }
    if !reading.0.is_empty() {
        return Err(reading.0);
    }
    strict::read(&body).map_err(|misfit| vec![misfit])
}

/// Reads a rule set that is only played with: it need not say which version it was made from.
///
/// # Errors
/// As `read`.
pub fn read_unversioned(mut body: Value) -> Result<RuleSet, Vec<Violation>> {
    if let Some(members) = body.as_object_mut() {
        let version = members.entry("version").or_insert(Value::Null);
        if version.is_null() {
            *version = RuleSet::none().version.into();
        }
    }
    read(body)
}

/// What was found wrong so far.
#[derive(Default)]
struct Reading(Vec<Violation>);

impl Reading {
    fn wrong(&mut self, path: impl Into<String>, message: impl Into<Said>) {
        self.0.push(Violation {
            path: path.into(),
            message: message.into(),
        });
    }

    fn rule(&mut self, rule: &Value, path: &str) {
        let Some(members) = rule.as_object() else {
            return self.wrong(path, "a rule is an object with name and assign");
        };
        for name in members.keys().filter(|name| !RULE.contains(&name.as_str())) {
            let message = "a rule has name, when, assign and on_none_eligible, nothing else";
            self.wrong(format!("{path}/{name}"), message);
        }
        let name = members.get("name").and_then(Value::as_str);
        if name.is_none_or(|name| name.trim().is_empty()) {
            let message = "a rule needs a name; reasons quote it";
            self.wrong(format!("{path}/name"), message);
        }
        // Serializers write what is absent as null.
        if let Some(when) = members.get("when").filter(|when| !when.is_null()) {
            self.condition(when, &format!("{path}/when"));
        }
        let target = members.get("assign").cloned().unwrap_or_default();
        if serde_json::from_value::<Target>(target).is_err() {
            self.wrong(format!("{path}/assign"), TARGET);
        }
        if let Some(policy) = members.get("on_none_eligible")
            && serde_json::from_value::<OnNoneEligible>(policy.clone()).is_err()
        {
            let message =
                format!("is \"next_rule\", \"park\" or {{\"rep\": HANDLE}}, not {policy}");
            self.wrong(format!("{path}/on_none_eligible"), message);
        }
    }

    fn condition(&mut self, condition: &Value, path: &str) {
        let Some(members) = condition.as_object() else {
            return self.wrong(path, "a condition is an object");
        };
        for group in ["all", "any"] {
            if let Some(inner) = members.get(group) {
                self.alone(members, path);
                return self.group(inner, &format!("{path}/{group}"));
            }
        }
        if let Some(inner) = members.get("not") {
            self.alone(members, path);
            self.condition(inner, &format!("{path}/not"));
        } else if members.contains_key("expr") {
            self.misfit::<Expression>(condition, path);
        } else {
            self.comparison(condition, members.get("op"), path);
        }
    }

    fn group(&mut self, conditions: &Value, path: &str) {
        let Some(conditions) = conditions.as_array() else {
            return self.wrong(path, "is a list of conditions");
        };
        for (index, condition) in conditions.iter().enumerate() {
            self.condition(condition, &format!("{path}/{index}"));
        }
    }

    fn alone(&mut self, members: &Map<String, Value>, path: &str) {
        if members.len() > 1 {
            let message = "a condition holds one of all, any, not, expr, or field with op; nest them to combine them";
            self.wrong(path, message);
        }
    }

    fn comparison(&mut self, condition: &Value, op: Option<&Value>, path: &str) {
        let Some(op) = op else {
            let message = "a condition is {\"field\", \"op\", \"value\"}, {\"all\": […]}, {\"any\": […]}, {\"not\": …} or {\"expr\": \"…\"}";
            return self.wrong(path, message);
        };
        let words = Operator::ALL.map(Operator::as_str);
        if op.as_str().is_none_or(|op| !words.contains(&op)) {
            let hint = did_you_mean(op.as_str().unwrap_or_default(), words);
            let message = format!(
                "{op} is not an operator{hint}; there are {}",
                words.join(", ")
            );
            return self.wrong(format!("{path}/op"), message);
        }
        self.misfit::<Comparison>(condition, path);
    }

    /// Notes what of `value` does not fit, with its place below `path`.
    fn misfit<T: DeserializeOwned>(&mut self, value: &Value, path: &str) {
        if let Err(misfit) = strict::read::<T>(value) {
            self.wrong(format!("{path}{}", misfit.path), misfit.message);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{read, read_unversioned};

    fn check(rules: Value, expected: &[&str]) {
        let found: Vec<String> = match read(json!({"version": 1, "rules": rules})) {
            Ok(_) => Vec::new(),
            Err(problems) => problems.into_iter().map(|problem| problem.path).collect(),
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
                {"name": "Everyone else", "when": null, "assign": all}
            ]),
            &[],
        );
        check(
            json!([
                {"when": {"all": [{"field": "x", "op": "equals"}]}, "assign": {"rep": "a", "team": "b"}},
                {"name": "x", "when": {"field": "x"}, "assign": all, "priority": 1},
                {"name": "y", "when": {"all": {}, "any": []}, "assign": all, "on_none_eligible": "wait"},
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
            assert_eq!(read(body.clone()).unwrap_err().len(), 1, "{body}");
        }
    }

    #[test]
    fn what_is_played_with_needs_no_version() {
        for (body, expected) in [
            (json!({"rules": []}), Some(0)),
            (json!({"version": null, "rules": []}), Some(0)),
            (json!({"version": 3, "rules": []}), Some(3)),
            (json!({"version": "3", "rules": []}), None),
            (json!([]), None),
        ] {
            let found = read_unversioned(body.clone()).ok().map(|set| set.version);
            assert_eq!(found, expected, "{body}");
        }
    }
}
