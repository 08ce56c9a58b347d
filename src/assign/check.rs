//! Whether a rule set may be published: what can never work must not be.

use crate::assign::compile::{Compiled, compile};
use crate::assign::condition::{Facts, Test};
use crate::assign::sample::Sample;
use crate::model::event::Violation;
use crate::model::people::{Rep, Team};
use crate::model::rules::{OnNoneEligible, Rule, RuleSet, Target};
use crate::model::said::Said;
use crate::said;

/// Days that `last_owner_days` can look back.
const MOST_DAYS: u32 = 3_650;

/// Everything that is wrong with a rule set, each with its place as a JSON pointer; empty when it may be published.
///
/// The last rule must be a catch-all. A catch-all may be followed by others, for when nobody of its target is
/// eligible, but not by a rule with a condition, which hardly any lead would ever reach.
pub fn check(set: &RuleSet, reps: &[Rep], teams: &[Team]) -> Vec<Violation> {
    let mut checking = Checking {
        set,
        reps,
        teams,
        problems: Vec::new(),
    };
    match compile(set) {
        Ok(compiled) => checking.formulas(&compiled),
        Err(problems) => checking.problems.extend(problems),
    }
    checking.switches();
    checking.names();
    checking.targets();
    checking.order();
    checking.problems
}

struct Checking<'a> {
    set: &'a RuleSet,
    reps: &'a [Rep],
    teams: &'a [Team],
    problems: Vec<Violation>,
}

impl<'a> Checking<'a> {
    fn wrong(&mut self, path: impl Into<String>, message: impl Into<Said>) {
        self.problems.push(Violation {
            path: path.into(),
            message: message.into(),
        });
    }

    fn rules(&self) -> impl Iterator<Item = (usize, &'a Rule)> + use<'a> {
        self.set.rules.iter().enumerate()
    }

    /// A formula that fails both for a lead that has everything and for one that has nothing works for none.
    fn formulas(&mut self, compiled: &Compiled) {
        let (full, empty) = (Sample::full(), Sample::empty());
        for (nth, rule) in compiled.rules.iter().enumerate() {
            let Some(test) = &rule.when else {
                continue;
            };
            for (expr, error) in failing(test, &full) {
                if failing(test, &empty)
                    .iter()
                    .any(|(other, _)| *other == expr)
                {
                    let message = said!(
                        "formula-never-works",
                        "rule \"{rule}\": the formula `{expr}` fails: {error}",
                        rule = &rule.name,
                        expr = expr,
                        error = error
                    );
                    self.wrong(format!("/rules/{nth}/when"), message);
                }
            }
        }
    }

    fn switches(&mut self) {
        if let Some(days) = self.set.last_owner_days
            && !(1..=MOST_DAYS).contains(&days)
        {
            let message = said!(
                "bad-days",
                "is a number of days from 1 to {most}, not {days}",
                most = MOST_DAYS,
                days = days
            );
            self.wrong("/last_owner_days", message);
        }
        for (nth, domain) in self.set.free_mail.iter().enumerate() {
            let is_domain = domain.contains('.') && !domain.contains(['@', ' ', '/']);
            if !is_domain {
                let message = said!(
                    "no-domain",
                    "\"{domain}\" is not a domain such as \"example.com\"",
                    domain = domain
                );
                self.wrong(format!("/free_mail/{nth}"), message);
            }
        }
    }

    fn names(&mut self) {
        for (nth, rule) in self.rules() {
            let path = format!("/rules/{nth}/name");
            let name = rule.name.trim();
            let mut earlier = self.set.rules.iter().take(nth);
            if name.is_empty() {
                self.wrong(
                    path,
                    said!("rule-unnamed", "rule {nth} has no name", nth = nth + 1),
                );
            } else if earlier.any(|it| it.name.trim() == name) {
                let message = said!(
                    "rule-twice",
                    "rule \"{name}\" is there twice: decisions name their rule, so give each its own name",
                    name = name
                );
                self.wrong(path, message);
            }
        }
    }

    fn targets(&mut self) {
        for (nth, rule) in self.rules() {
            let path = format!("/rules/{nth}/assign");
            let missing = match &rule.assign {
                Target::Rep(target) => self.missing_rep(&target.rep),
                Target::Team(target) => {
                    for (place, skill) in target.skills.iter().enumerate() {
                        if let Some(problem) = crate::assign::people::wrong_skill(skill) {
                            self.wrong(format!("{path}/skills/{place}"), problem);
                        }
                    }
                    let missing = self.team(&target.team).is_none();
                    let team = &target.team;
                    missing.then(|| said!("a-team", "team \"{team}\"", team = team))
                }
            };
            if let Some(missing) = missing {
                let message = said!(
                    "target-missing",
                    "rule \"{rule}\" assigns to {whom}, which does not exist",
                    rule = &rule.name,
                    whom = missing
                );
                self.wrong(path, message);
            }
            if let OnNoneEligible::Rep(target) = &rule.on_none_eligible
                && let Some(missing) = self.missing_rep(&target.rep)
            {
                let message = said!(
                    "fallback-missing",
                    "rule \"{rule}\" falls back on {whom}, which does not exist",
                    rule = &rule.name,
                    whom = missing
                );
                self.wrong(format!("/rules/{nth}/on_none_eligible"), message);
            }
        }
    }

    fn missing_rep(&self, handle: &str) -> Option<Said> {
        let is_there = self.reps.iter().any(|rep| rep.handle == handle);
        (!is_there).then(|| said!("a-rep", "rep \"{rep}\"", rep = handle))
    }

    fn team(&self, handle: &str) -> Option<&'a Team> {
        self.teams.iter().find(|team| team.handle == handle)
    }

    fn order(&mut self) {
        if self.set.rules.last().is_none_or(|last| last.when.is_some()) {
            let message = said!(
                "no-catch-all",
                "the last rule must be a catch-all: a rule without \"when\", so that every lead finds somebody"
            );
            self.wrong("/rules", message);
        }
        let Some((first, catch_all)) = self.rules().find(|(_, rule)| rule.when.is_none()) else {
            return;
        };
        for (nth, rule) in self.rules().skip(first) {
            if rule.when.is_some() {
                let message = said!(
                    "rule-unreachable",
                    "rule \"{rule}\" cannot be reached: \"{other}\" before it matches everything",
                    rule = &rule.name,
                    other = &catch_all.name
                );
                self.wrong(format!("/rules/{nth}"), message);
            } else if let Target::Team(target) = &rule.assign
                && self
                    .team(&target.team)
                    .is_some_and(|team| team.members.is_empty())
            {
                let message = said!(
                    "catch-all-empty",
                    "rule \"{rule}\" has to catch every lead, and team \"{team}\" has no members",
                    rule = &rule.name,
                    team = &target.team
                );
                self.wrong(format!("/rules/{nth}/assign"), message);
            }
        }
    }
}

/// The formulas of a condition that fail for a sample.
pub(super) fn failing(test: &Test, sample: &Sample) -> Vec<(String, Said)> {
    let mut failures = Vec::new();
    let subject = sample.subject();
    test.failures(&Facts::new(&subject), &mut failures);
    let said = |(expr, error): (String, crate::expr::FormulaError)| (expr, *error.0);
    failures.into_iter().map(said).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::check;
    use crate::model::people::{Rep, Team};

    fn problems(set: Value) -> Vec<String> {
        let set = serde_json::from_value(set).unwrap();
        let ana: Rep = serde_json::from_value(json!({"handle": "ana", "name": "Ana"})).unwrap();
        let teams: Vec<Team> = serde_json::from_value(json!([
            {"handle": "iberia", "name": "Iberia", "members": [{"rep": "ana"}]},
            {"handle": "empty", "name": "Empty"},
        ]))
        .unwrap();
        let found = check(&set, &[ana], &teams);
        found
            .into_iter()
            .map(|it| format!("{} {}", it.path, it.message))
            .collect()
    }

    /// `expected`: the beginning of each problem, its place in front.
    fn expect(rules: Value, expected: &[&str]) {
        expect_set(json!({"version": 1, "rules": rules}), expected);
    }

    fn expect_set(set: Value, expected: &[&str]) {
        let found = problems(set);
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
                {"name": "Later", "when": {"field": "orders.count", "op": "gte", "value": 3},
                 "assign": {"team": "empty", "skills": ["vip"]}, "on_none_eligible": "park"},
                {"name": "Everyone else", "assign": {"team": "iberia"}, "on_none_eligible": {"rep": "ana"}},
                {"name": "Nobody there", "assign": {"rep": "ana"}},
            ]),
            &[],
        );
    }

    #[test]
    fn each_problem_is_a_sentence_with_its_place() {
        let catch_all = json!({"name": "Rest", "assign": {"rep": "ana"}});
        let when = json!({"field": "budget", "op": "exists"});
        expect(json!([]), &["/rules the last rule must be a catch-all"]);
        expect(
            json!([{"name": "Some", "when": when, "assign": {"rep": "ana"}}]),
            &["/rules the last rule must be a catch-all"],
        );
        expect(
            json!([catch_all, {"name": "Late", "when": when, "assign": {"rep": "ana"}}]),
            &[
                "/rules the last rule must be",
                "/rules/1 rule \"Late\" cannot be reached: \"Rest\"",
            ],
        );
        expect(
            json!([{"name": "Rest", "when": when, "assign": {"rep": "ana"}}, catch_all]),
            &["/rules/1/name rule \"Rest\" is there twice"],
        );
        expect(
            json!([{"name": " ", "assign": {"rep": "ana"}}]),
            &["/rules/0/name rule 1 has no name"],
        );
        expect(
            json!([
                {"name": "A", "when": when, "assign": {"team": "north"}, "on_none_eligible": {"rep": "eve"}},
                {"name": "B", "assign": {"rep": "bob"}},
            ]),
            &[
                "/rules/0/assign rule \"A\" assigns to team \"north\", which does not exist",
                "/rules/0/on_none_eligible rule \"A\" falls back on rep \"eve\", which does not exist",
                "/rules/1/assign rule \"B\" assigns to rep \"bob\", which does not exist",
            ],
        );
        expect(
            json!([{"name": "A", "assign": {"team": "empty"}}]),
            &[
                "/rules/0/assign rule \"A\" has to catch every lead, and team \"empty\" has no members",
            ],
        );
        expect_set(
            json!({"version": 1, "last_owner_days": 0, "free_mail": ["example.com", "x@y.z"], "rules": [catch_all]}),
            &[
                "/last_owner_days is a number",
                "/free_mail/1 \"x@y.z\" is not a domain",
            ],
        );
    }

    #[test]
    fn conditions_that_can_never_work_are_named() {
        let when = |condition: Value, expected: &str| {
            let catch_all = json!({"name": "Rest", "assign": {"rep": "ana"}});
            let rule = json!({"name": "A", "when": condition, "assign": {"rep": "ana"}});
            expect(json!([rule, catch_all]), &[expected]);
        };
        let compare =
            |field: &str, op: &str, value: Value| json!({"field": field, "op": op, "value": value});
        when(
            json!({"all": []}),
            "/rules/0/when/all rule \"A\": \"all\" has no conditions",
        );
        when(
            json!({"any": [{"not": compare("contact.adress.country", "eq", json!("ES"))}]}),
            "/rules/0/when/any/0/not rule \"A\": there is no field \"contact.adress.country\", did you mean \"address\"?",
        );
        when(
            compare("budget", "gt", json!("much")),
            "/rules/0/when rule \"A\": budget gt: the value must be a number",
        );
        when(
            compare("status", "eq", json!("open")),
            "/rules/0/when rule \"A\": status eq: the field is never \"open\"",
        );
        when(
            compare("contact.tags", "gt", json!(5)),
            "/rules/0/when rule \"A\": contact.tags gt: the field is a list, which can be asked with contains,",
        );
        when(
            compare("contact.address.country", "in", json!(["ES", "Spayn"])),
            "/rules/0/when rule \"A\": contact.address.country in: \"Spayn\" is no country",
        );
        when(
            json!({"expr": "lead.budget |"}),
            "/rules/0/when rule \"A\": the formula `lead.budget |`: ",
        );
        when(
            json!({"expr": "order.total"}),
            "/rules/0/when rule \"A\": the formula `order.total` reads \"order\"",
        );
        when(
            json!({"expr": "lead.bugdet | float > 5"}),
            "/rules/0/when rule \"A\": the formula `lead.bugdet | float > 5`: there is no field \"lead.bugdet\", did you mean \"budget\"?",
        );
        when(
            json!({"expr": "('much' | decimal | float) > 5"}),
            "/rules/0/when rule \"A\": the formula `('much' | decimal | float) > 5` fails: ",
        );
    }
}
