//! Rules in the reader's language.

use crate::assign::diff::Difference;
use crate::assign::field_path::FieldPath;
use crate::assign::findings::{Finding, Oddity};
use crate::assign::shift::HALF_HOURS;
use crate::console::rows;
use crate::console::week::DAYS;
use crate::console::words::Words;
use crate::model::desk::Desk;
use crate::model::rules::{
    Comparison, Condition, NoneEligible, OnNoneEligible, Operator, Rule, RuleSet, Strategy, Target,
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
    match words.word("path", &full) {
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

/// What one rule set does differently from another, in sentences.
pub fn differences(words: Words, desk: &Desk, old: &RuleSet, new: &RuleSet) -> Vec<String> {
    let found = crate::assign::diff::diff(old, new).into_iter();
    found.map(|it| difference(words, desk, it)).collect()
}

fn difference(words: Words, desk: &Desk, what: Difference<'_>) -> String {
    match what {
        Difference::KeepsOwner(true) => words.say("diff-keep-on"),
        Difference::KeepsOwner(false) => words.say("diff-keep-off"),
        Difference::LastOwner(Some(days)) => words.count("diff-last-on", u64::from(days)),
        Difference::LastOwner(None) => words.say("diff-last-off"),
        Difference::CompanyOwner(true) => words.say("diff-company-on"),
        Difference::CompanyOwner(false) => words.say("diff-company-off"),
        Difference::FreeMail([]) => words.say("diff-free-mail-none"),
        Difference::FreeMail(domains) => {
            words.with("diff-free-mail", "domains", domains.join(", "))
        }
        Difference::Added(rule, place) => {
            let (place, what) = (place.to_string(), whole(words, desk, rule));
            let said = [
                ("name", rule.name.as_str()),
                ("place", &place),
                ("what", &what),
            ];
            words.with_all("diff-added", &said)
        }
        Difference::Removed(rule) => {
            let what = whole(words, desk, rule);
            words.with_all(
                "diff-removed",
                &[("name", rule.name.as_str()), ("what", &what)],
            )
        }
        Difference::Renamed { from, to } => {
            words.with_all("diff-renamed", &[("from", from), ("to", to)])
        }
        Difference::Moved { name, from, to } => {
            let (from, to) = (from.to_string(), to.to_string());
            words.with_all(
                "diff-moved",
                &[("name", name), ("from", &from), ("to", &to)],
            )
        }
        Difference::When(before, now) => {
            changed(words, "diff-when", (before, now), |rule| when(words, rule))
        }
        Difference::Target(before, now) => changed(words, "diff-target", (before, now), |rule| {
            target(words, desk, &rule.assign)
        }),
        Difference::NoneEligible(before, now) => {
            changed(words, "diff-otherwise", (before, now), |rule| {
                otherwise(words, desk, &rule.on_none_eligible)
            })
        }
    }
}

/// What is worth a second look in a draft.
pub fn finding(words: Words, desk: &Desk, finding: &Finding) -> String {
    let rule = finding.rule.as_str();
    let with = |key: &str, values: &[(&str, &str)]| {
        let all: Vec<(&str, &str)> = [&[("rule", rule)], values].concat();
        words.with_all(key, &all)
    };
    match &finding.what {
        Oddity::NeverTrue(pair) => {
            let (one, other) = (compare(words, &pair.0), compare(words, &pair.1));
            with("found-never-true", &[("one", &one), ("other", &other)])
        }
        Oddity::UnfilledField(path) => {
            with("found-unfilled-field", &[("field", &field(words, path))])
        }
        Oddity::FormulaFails(formula, error) => with(
            "found-formula-fails",
            &[("formula", formula), ("error", &words.said(error))],
        ),
        Oddity::Shadowed(other) => with("found-shadowed", &[("other", other)]),
        Oddity::AskedSecond(other) => with("found-asked-second", &[("other", other)]),
        Oddity::InactiveRep(handle) => with("found-inactive-rep", &[("name", rep(desk, handle))]),
        Oddity::EmptyPool(handle, skills) => {
            let name = team(desk, handle);
            match skills.is_empty() {
                true => with("found-empty-team", &[("name", name)]),
                false => with(
                    "found-empty-pool",
                    &[("name", name), ("skills", &skills.join(", "))],
                ),
            }
        }
        Oddity::NobodyOnShift {
            team: handle,
            gaps,
            zone,
            then,
        } => {
            let gaps: Vec<String> = gaps.iter().map(|gap| stretch(words, *gap)).collect();
            let then = otherwise(words, desk, then);
            with(
                "found-nobody-on-shift",
                &[
                    ("name", team(desk, handle)),
                    ("when", &gaps.join(", ")),
                    ("zone", zone),
                    ("then", &then),
                ],
            )
        }
        Oddity::NoLead(leads) => with("found-no-lead", &[("count", &leads.to_string())]),
    }
}

/// Half hours of the week: `Monday 21:30–Tuesday 09:00`.
fn stretch(words: Words, (start, end): (usize, usize)) -> String {
    let point = |nth: usize| {
        let day = DAYS.get(nth / 48).copied().unwrap_or("mon");
        let minutes = nth % 48 * 30;
        let day = words.word("day", day);
        format!("{day} {:02}:{:02}", minutes / 60, minutes % 60)
    };
    match end {
        HALF_HOURS => words.say("found-any-time"),
        end => format!("{}–{}", point(start), point(end)),
    }
}

fn changed(
    words: Words,
    key: &str,
    (before, now): (&Rule, &Rule),
    say: impl Fn(&Rule) -> String,
) -> String {
    let (name, before, now) = (now.name.as_str(), say(before), say(now));
    words.with_all(key, &[("name", name), ("now", &now), ("before", &before)])
}

fn when(words: Words, rule: &Rule) -> String {
    match &rule.when {
        Some(when) => condition(words, when),
        None => words.say("rule-always"),
    }
}

/// When it counts and where its leads go.
fn whole(words: Words, desk: &Desk, rule: &Rule) -> String {
    let when = when(words, rule);
    format!("{when} → {}", target(words, desk, &rule.assign))
}
