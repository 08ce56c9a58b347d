//! Rules in the reader's language.

use crate::assign::field_path::FieldPath;
use crate::console::rows;
use crate::console::words::Words;
use crate::model::desk::Desk;
use crate::model::rules::{
    Comparison, Condition, NoneEligible, OnNoneEligible, Operator, Strategy, Target,
};

/// What a person or team is called.
pub fn rep<'d>(desk: &'d Desk, handle: &'d str) -> &'d str {
    let found = desk.reps.iter().find(|rep| rep.handle == handle);
    found.map_or(handle, |rep| rep.name.as_str())
}

pub fn team<'d>(desk: &'d Desk, handle: &'d str) -> &'d str {
    let found = desk.teams.iter().find(|team| team.handle == handle);
    found.map_or(handle, |team| team.name.as_str())
}

/// A field's name; its path where it has no other.
pub fn field(words: Words, path: &str) -> String {
    let full = FieldPath::parse(path).map_or_else(|_| path.to_owned(), |path| path.full());
    match words.word("field", &full) {
        name if name == full => path.to_owned(),
        name => name,
    }
}

/// A condition: `Country is one of ES, PT and (Budget is over 5000 or …)`.
pub fn condition(words: Words, written: &Condition) -> String {
    joined(words, written, false)
}

fn joined(words: Words, written: &Condition, is_inside: bool) -> String {
    let (members, joint) = match written {
        Condition::All(group) => (&group.all, "rule-and"),
        Condition::Any(group) => (&group.any, "rule-or"),
        Condition::Not(negation) => {
            let what = condition(words, &negation.not);
            return words.with("rule-not", "what", what);
        }
        Condition::Expr(formula) => return words.with("rule-formula", "what", &formula.expr),
        Condition::Compare(comparison) => return compare(words, comparison),
    };
    let parts: Vec<String> = members.iter().map(|it| joined(words, it, true)).collect();
    let joint = format!(" {} ", words.say(joint));
    match parts.as_slice() {
        [one] => one.clone(),
        _ if is_inside => format!("({})", parts.join(&joint)),
        _ => parts.join(&joint),
    }
}

fn compare(words: Words, comparison: &Comparison) -> String {
    let field = field(words, &comparison.field);
    let op = words.word("op", comparison.op.as_str());
    match comparison.op {
        Operator::Exists | Operator::NotExists => format!("{field} {op}"),
        _ => format!("{field} {op} {}", rows::typed(comparison)),
    }
}

/// Where a rule's leads go.
pub fn target(words: Words, desk: &Desk, target: &Target) -> String {
    let target = match target {
        Target::Rep(target) => return words.with("goes-rep", "name", rep(desk, &target.rep)),
        Target::Team(target) => target,
    };
    let name = team(desk, &target.team);
    let key = match target.strategy {
        None => "goes-team",
        Some(Strategy::RoundRobin) => "goes-round-robin",
        Some(Strategy::FewestOpen) => "goes-fewest-open",
        Some(Strategy::FewestInPeriod) => "goes-fewest-in-period",
    };
    let goes = words.with(key, "name", name);
    match target.skills.as_slice() {
        [] => goes,
        skills => format!(
            "{goes} {}",
            words.with("goes-skills", "skills", skills.join(", "))
        ),
    }
}

/// What happens when nobody of the target is there.
pub fn otherwise(words: Words, desk: &Desk, policy: &OnNoneEligible) -> String {
    match policy {
        OnNoneEligible::Policy(NoneEligible::NextRule) => words.say("else-next-rule"),
        OnNoneEligible::Policy(NoneEligible::Park) => words.say("else-park"),
        OnNoneEligible::Rep(target) => words.with("else-rep", "name", rep(desk, &target.rep)),
    }
}
