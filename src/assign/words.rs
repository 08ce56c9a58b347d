//! Rules in words: what a condition asks, where a target leads.

use serde_json::Value;

use crate::model::rules::{
    Comparison, Condition, NoneEligible, OnNoneEligible, Operator, Rule, Strategy, Target,
};

/// A condition in words: `contact.address.country is ES and (lead.budget is over 5000 or …)`.
pub fn condition(condition: &Condition) -> String {
    joined(condition, false)
}

fn joined(written: &Condition, inside: bool) -> String {
    let (members, word) = match written {
        Condition::All(group) => (&group.all, " and "),
        Condition::Any(group) => (&group.any, " or "),
        Condition::Not(negation) => return format!("not ({})", condition(&negation.not)),
        Condition::Expr(formula) => return format!("`{}` is true", formula.expr),
        Condition::Compare(comparison) => return compare(comparison),
    };
    let parts: Vec<String> = members.iter().map(|it| joined(it, true)).collect();
    match (parts.as_slice(), inside) {
        ([one], _) => one.clone(),
        (_, true) => format!("({})", parts.join(word)),
        (_, false) => parts.join(word),
    }
}

/// One comparison in words.
pub fn compare(comparison: &Comparison) -> String {
    let (field, op) = (&comparison.field, comparison.op);
    let value = values(&comparison.value, op);
    match op {
        Operator::Exists | Operator::NotExists => format!("{field} {}", verb(op)),
        _ => format!("{field} {} {value}", verb(op)),
    }
}

/// What an operator says of the field.
pub fn verb(op: Operator) -> &'static str {
    match op {
        Operator::Eq => "is",
        Operator::Ne => "is not",
        Operator::In => "is one of",
        Operator::NotIn => "is none of",
        Operator::Contains => "contains",
        Operator::NotContains => "does not contain",
        Operator::ContainsAll => "contains all of",
        Operator::StartsWith => "begins with",
        Operator::EndsWith => "ends with",
        Operator::Matches => "matches",
        Operator::NotMatches => "does not match",
        Operator::Gt => "is over",
        Operator::Gte => "is at least",
        Operator::Lt => "is under",
        Operator::Lte => "is at most",
        Operator::Between => "is between",
        Operator::InPostal => "is in the postal area",
        Operator::NotInPostal => "is outside the postal area",
        Operator::During => "is within",
        Operator::NotDuring => "is outside",
        Operator::WithinDays => "is within the last days:",
        Operator::NotWithinDays => "is not within the last days:",
        Operator::Exists => "is known",
        Operator::NotExists => "is not known",
    }
}

fn values(value: &Value, op: Operator) -> String {
    match (value, op) {
        (Value::Array(items), Operator::Between) => {
            let items: Vec<String> = items.iter().map(scalar).collect();
            items.join(" and ")
        }
        (Value::Array(items), _) => {
            let items: Vec<String> = items.iter().map(scalar).collect();
            items.join(", ")
        }
        (Value::Object(members), Operator::During | Operator::NotDuring) => hours(members),
        (one, _) => scalar(one),
    }
}

fn hours(value: &serde_json::Map<String, Value>) -> String {
    let zone = value
        .get("zone")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let days = value.get("hours").and_then(Value::as_object);
    let days: Vec<String> = days
        .into_iter()
        .flatten()
        .map(|(day, blocks)| format!("{day} {}", values(blocks, Operator::In)))
        .collect();
    format!("{} ({zone})", days.join(", "))
}

/// A value as people write it.
pub fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "nothing".to_owned(),
        other => other.to_string(),
    }
}

/// Where a rule's target leads: `goes round in team iberia`.
pub fn target(target: &Target) -> String {
    let target = match target {
        Target::Rep(target) => return format!("goes to {}", target.rep),
        Target::Team(target) => target,
    };
    let team = &target.team;
    let shared = match target.strategy {
        None => format!("goes to team {team}"),
        Some(Strategy::RoundRobin) => format!("goes round in team {team}"),
        Some(Strategy::FewestOpen) => {
            format!("goes to whoever has the fewest open leads in team {team}")
        }
        Some(Strategy::FewestInPeriod) => {
            format!("goes to whoever was given the fewest leads in team {team}")
        }
    };
    match target.skills.as_slice() {
        [] => shared,
        skills => format!("{shared} with {}", skills.join(", ")),
    }
}

/// What happens when nobody of a target is eligible.
pub fn none_eligible(policy: &OnNoneEligible) -> String {
    match policy {
        OnNoneEligible::Policy(NoneEligible::NextRule) => "the next rule is asked".to_owned(),
        OnNoneEligible::Policy(NoneEligible::Park) => "it waits for them".to_owned(),
        OnNoneEligible::Rep(target) => format!("it goes to {}", target.rep),
    }
}

/// A whole rule: `when lead.budget is over 5000, it goes to boss; when nobody is eligible, it waits for them`.
pub fn rule(rule: &Rule) -> String {
    let when = match &rule.when {
        Some(when) => format!("when {}", condition(when)),
        None => "whatever it is".to_owned(),
    };
    let target = target(&rule.assign);
    match rule.on_none_eligible == OnNoneEligible::default() {
        true => format!("{when}, it {target}"),
        false => {
            let otherwise = none_eligible(&rule.on_none_eligible);
            format!("{when}, it {target}; when nobody is eligible, {otherwise}")
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::rule;

    fn check(written: Value, expected: &str) {
        assert_eq!(rule(&serde_json::from_value(written).unwrap()), expected);
    }

    #[test]
    fn rules_in_words() {
        check(
            json!({"name": "A", "assign": {"team": "iberia", "strategy": "round_robin"}}),
            "whatever it is, it goes round in team iberia",
        );
        check(
            json!({"name": "A", "when": {"all": [
                {"field": "contact.address.country", "op": "in", "value": ["ES", "PT"]},
                {"any": [{"field": "budget", "op": "between", "value": [5, 10]}, {"expr": "lead.test"}]},
                {"not": {"field": "contact.tags", "op": "exists"}},
             ]}, "assign": {"team": "all", "skills": ["vip"]}, "on_none_eligible": "park"}),
            "when contact.address.country is one of ES, PT and (budget is between 5 and 10 or `lead.test` is true) and \
             not (contact.tags is known), it goes to team all with vip; when nobody is eligible, it waits for them",
        );
        check(
            json!({"name": "A", "when": {"field": "event.time", "op": "not_during", "value":
                {"zone": "Europe/Madrid", "hours": {"mon": ["09:00-13:00", "15:00-18:00"]}}},
                "assign": {"rep": "ana"}, "on_none_eligible": {"rep": "boss"}}),
            "when event.time is outside mon 09:00-13:00, 15:00-18:00 (Europe/Madrid), it goes to ana; when nobody is \
             eligible, it goes to boss",
        );
    }
}
