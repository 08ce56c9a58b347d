//! Whether a rule set may be published.

use crate::assign::compile::compile;
use crate::model::people::{Rep, Team};
use crate::model::rules::{RuleSet, Target};

/// Everything that is wrong with a rule set, a sentence each; empty when it may be published.
///
/// The last rule must be a catch-all. A catch-all may be followed by others, for when nobody of its target is
/// eligible, but not by a rule with a condition, which hardly any lead would ever reach.
pub fn check(set: &RuleSet, reps: &[Rep], teams: &[Team]) -> Vec<String> {
    let mut problems = compile(set).err().unwrap_or_default();
    problems.extend(names(set));
    problems.extend(targets(set, reps, teams));
    problems.extend(order(set));
    problems
}

fn names(set: &RuleSet) -> Vec<String> {
    let mut problems = Vec::new();
    for (index, rule) in set.rules.iter().enumerate() {
        let name = rule.name.trim();
        if name.is_empty() {
            problems.push(format!("rule {} has no name", index + 1));
            continue;
        }
        let earlier = set.rules.iter().take(index);
        if earlier.into_iter().any(|it| it.name.trim() == name) {
            problems.push(format!(
                "rule \"{name}\" is there twice: decisions name their rule, so give each its own name"
            ));
        }
    }
    problems
}

fn targets(set: &RuleSet, reps: &[Rep], teams: &[Team]) -> Vec<String> {
    let mut problems = Vec::new();
    for rule in &set.rules {
        let missing = match &rule.assign {
            Target::Rep(target) if !reps.iter().any(|rep| rep.handle == target.rep) => {
                Some(format!("rep \"{}\"", target.rep))
            }
            Target::Team(target) if !teams.iter().any(|team| team.handle == target.team) => {
                Some(format!("team \"{}\"", target.team))
            }
            Target::Rep(_) | Target::Team(_) => None,
        };
        if let Some(missing) = missing {
            problems.push(format!(
                "rule \"{}\" assigns to {missing}, which does not exist",
                rule.name
            ));
        }
    }
    problems
}

fn order(set: &RuleSet) -> Vec<String> {
    let mut problems = Vec::new();
    if set.rules.last().is_none_or(|last| last.when.is_some()) {
        problems.push(
            "the last rule must be a catch-all: a rule without \"when\", so that every lead finds \
             somebody"
                .to_owned(),
        );
    }
    if let Some(first) = set.rules.iter().position(|rule| rule.when.is_none()) {
        let catch_all = set.rules.get(first).map_or("", |rule| rule.name.as_str());
        for rule in set.rules.iter().skip(first).filter(|it| it.when.is_some()) {
            problems.push(format!(
                "rule \"{}\" cannot be reached: \"{catch_all}\" before it matches everything",
                rule.name
            ));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::check;
    use crate::model::people::{Rep, Team};

    fn problems(rules: Value) -> Vec<String> {
        let set = serde_json::from_value(json!({"version": 1, "rules": rules})).unwrap();
        let ana: Rep = serde_json::from_value(json!({"handle": "ana", "name": "Ana"})).unwrap();
        let team: Team =
            serde_json::from_value(json!({"handle": "iberia", "name": "Iberia"})).unwrap();
        check(&set, &[ana], &[team])
    }

    /// `expected`: the beginning of each problem.
    fn expect(rules: Value, expected: &[&str]) {
        let found = problems(rules);
        let fits = found.len() == expected.len()
            && expected
                .iter()
                .zip(&found)
                .all(|(start, found)| found.starts_with(start));
        assert!(fits, "{found:#?} instead of {expected:#?}");
    }

    #[test]
    fn a_good_rule_set_has_no_problems() {
        expect(
            json!([
                {"name": "Spain", "when": {"all": [{"field": "contact.address.country", "op": "eq", "value": "ES"}]},
                 "assign": {"team": "iberia", "strategy": "round_robin"}, "on_none_eligible": "next_rule"},
                {"name": "Big", "when": {"expr": "lead.budget | float > 10000"}, "assign": {"rep": "ana"}},
                {"name": "Everyone else", "assign": {"team": "iberia"}},
                {"name": "Nobody there", "assign": {"rep": "ana"}},
            ]),
            &[],
        );
    }

    #[test]
    fn each_problem_is_a_sentence() {
        let catch_all = json!({"name": "Rest", "assign": {"rep": "ana"}});
        let when = json!({"field": "budget", "op": "exists"});
        expect(json!([]), &["the last rule must be a catch-all"]);
        expect(
            json!([{"name": "Some", "when": when, "assign": {"rep": "ana"}}]),
            &["the last rule must be a catch-all"],
        );
        expect(
            json!([catch_all, {"name": "Late", "when": when, "assign": {"rep": "ana"}}]),
            &[
                "the last rule must be",
                "rule \"Late\" cannot be reached: \"Rest\"",
            ],
        );
        expect(
            json!([{"name": "Rest", "when": when, "assign": {"rep": "ana"}}, catch_all]),
            &["rule \"Rest\" is there twice"],
        );
        expect(
            json!([{"name": " ", "assign": {"rep": "ana"}}]),
            &["rule 1 has no name"],
        );
        expect(
            json!([{"name": "A", "when": when, "assign": {"team": "north"}}, {"name": "B", "assign": {"rep": "bob"}}]),
            &[
                "rule \"A\" assigns to team \"north\", which does not exist",
                "rule \"B\" assigns to rep \"bob\", which does not exist",
            ],
        );
        expect(
            json!([
                {"name": "A", "when": {"all": []}, "assign": {"rep": "ana"}},
                {"name": "B", "when": {"any": [
                    {"field": "contact.adress.country", "op": "eq", "value": "ES"},
                    {"not": {"field": "budget", "op": "gt", "value": "much"}},
                ]}, "assign": {"rep": "ana"}},
                {"name": "C", "when": {"expr": "lead.budget |"}, "assign": {"rep": "ana"}},
                {"name": "D", "when": {"expr": "record.budget"}, "assign": {"rep": "ana"}},
                catch_all,
            ]),
            &[
                "rule \"A\": \"all\" has no conditions",
                "rule \"B\": there is no field \"contact.adress.country\"",
                "rule \"B\": budget gt: the value must be a number",
                "rule \"C\": the formula `lead.budget |`: ",
                "rule \"D\": the formula `record.budget` reads \"record\"",
            ],
        );
    }
}
