//! What one rule set does differently from another.

use std::fmt;

use crate::assign::words;
use crate::model::rules::{Rule, RuleSet};

/// One thing that is different. Its text is a sentence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Difference<'a> {
    /// Whether leads now stay with the owner they have already.
    KeepsOwner(bool),
    /// Within how many days leads now go to the rep who had the contact's last one.
    LastOwner(Option<u32>),
    /// Whether leads now go to the rep who has the contact's company.
    CompanyOwner(bool),
    /// Domains that are now nobody's company, too.
    FreeMail(&'a [String]),
    /// At a place, from 1.
    Added(&'a Rule, usize),
    Removed(&'a Rule),
    Renamed {
        from: &'a str,
        to: &'a str,
    },
    /// From one place to another, from 1.
    Moved {
        name: &'a str,
        from: usize,
        to: usize,
    },
    /// Before and now.
    When(&'a Rule, &'a Rule),
    Target(&'a Rule, &'a Rule),
    NoneEligible(&'a Rule, &'a Rule),
}

/// The differences, those that concern all leads first, then rule by rule in the new order; empty when both do the same.
pub fn diff<'a>(old: &'a RuleSet, new: &'a RuleSet) -> Vec<Difference<'a>> {
    let mut found = switches(old, new);
    let renamed = renamed(old, new);
    let before = |rule: &Rule| {
        let by_name = old.rules.iter().position(|it| it.name == rule.name);
        by_name.or_else(|| {
            let (earlier, _) = renamed.iter().find(|(_, name)| **name == rule.name)?;
            old.rules.iter().position(|it| it.name == **earlier)
        })
    };
    let kept: Vec<usize> = new.rules.iter().filter_map(before).collect();
    for (place, rule) in (1..).zip(&new.rules) {
        let Some((was, known)) = before(rule).and_then(|was| Some((was, old.rules.get(was)?)))
        else {
            found.push(Difference::Added(rule, place));
            continue;
        };
        found.extend(changes(known, rule));
        if has_moved(&kept, was) {
            found.push(Difference::Moved {
                name: &rule.name,
                from: was + 1,
                to: place,
            });
        }
    }
    let gone = old.rules.iter().enumerate();
    let gone = gone.filter(|(nth, _)| !kept.contains(nth));
    found.extend(gone.map(|(_, rule)| Difference::Removed(rule)));
    found
}

fn switches<'a>(old: &RuleSet, new: &'a RuleSet) -> Vec<Difference<'a>> {
    let mut found = Vec::new();
    if old.keep_owner != new.keep_owner {
        found.push(Difference::KeepsOwner(new.keep_owner));
    }
    if old.last_owner_days != new.last_owner_days {
        found.push(Difference::LastOwner(new.last_owner_days));
    }
    if old.company_owner != new.company_owner {
        found.push(Difference::CompanyOwner(new.company_owner));
    }
    if old.free_mail != new.free_mail {
        found.push(Difference::FreeMail(&new.free_mail));
    }
    found
}

impl fmt::Display for Difference<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Difference::KeepsOwner(false) => {
                f.write_str("Leads no longer stay with the owner they have already.")
            }
            Difference::KeepsOwner(true) => {
                f.write_str("Leads now stay with the owner they have already.")
            }
            Difference::LastOwner(Some(days)) => write!(
                f,
                "Leads now go to the rep who had the contact's last lead within {days} days."
            ),
            Difference::LastOwner(None) => {
                f.write_str("Leads no longer go to the rep who had the contact's last lead.")
            }
            Difference::CompanyOwner(false) => {
                f.write_str("Leads no longer go to the rep who has the contact's company.")
            }
            Difference::CompanyOwner(true) => {
                f.write_str("Leads now go to the rep who has the contact's company.")
            }
            Difference::FreeMail([]) => f.write_str("No further domains are taken for free mail."),
            Difference::FreeMail(domains) => {
                write!(
                    f,
                    "Also taken for free mail are now: {}.",
                    domains.join(", ")
                )
            }
            Difference::Added(rule, place) => {
                let (name, what) = (&rule.name, words::rule(rule));
                write!(f, "Rule \"{name}\" was added at place {place}: {what}.")
            }
            Difference::Removed(rule) => {
                let (name, what) = (&rule.name, words::rule(rule));
                write!(f, "Rule \"{name}\" was removed: {what}.")
            }
            Difference::Renamed { from, to } => {
                write!(f, "Rule \"{from}\" is now called \"{to}\".")
            }
            Difference::Moved { name, from, to } => {
                write!(f, "Rule \"{name}\" moved from place {from} to place {to}.")
            }
            Difference::When(before, now) => {
                let when = |rule: &Rule| match &rule.when {
                    Some(when) => words::condition(when),
                    None => "everything".to_owned(),
                };
                let (name, now, before) = (&now.name, when(now), when(before));
                write!(
                    f,
                    "Rule \"{name}\" now matches when {now}; before: {before}."
                )
            }
            Difference::Target(before, now) => {
                let target = |rule: &Rule| words::target(&rule.assign);
                let (name, now, before) = (&now.name, target(now), target(before));
                write!(f, "Rule \"{name}\": a lead now {now}; before, it {before}.")
            }
            Difference::NoneEligible(before, now) => {
                let policy = |rule: &Rule| words::none_eligible(&rule.on_none_eligible);
                let (name, now, before) = (&now.name, policy(now), policy(before));
                write!(
                    f,
                    "Rule \"{name}\": when nobody is eligible, {now}; before, {before}."
                )
            }
        }
    }
}

/// Rules that do the same under another name: old name and new name.
fn renamed<'a>(old: &'a RuleSet, new: &'a RuleSet) -> Vec<(&'a String, &'a String)> {
    let is_new = |rule: &&Rule| old.rules.iter().all(|it| it.name != rule.name);
    let mut pairs: Vec<(&String, &String)> = Vec::new();
    for rule in new.rules.iter().filter(is_new) {
        let twin = old.rules.iter().find(|it| {
            let is_gone = new.rules.iter().all(|other| other.name != it.name);
            let is_free = pairs.iter().all(|(taken, _)| **taken != it.name);
            is_gone && is_free && (&it.when, &it.assign) == (&rule.when, &rule.assign)
        });
        pairs.extend(twin.map(|twin| (&twin.name, &rule.name)));
    }
    pairs
}

fn changes<'a>(old: &'a Rule, new: &'a Rule) -> Vec<Difference<'a>> {
    let mut found = Vec::new();
    if old.name != new.name {
        found.push(Difference::Renamed {
            from: &old.name,
            to: &new.name,
        });
    }
    if old.when != new.when {
        found.push(Difference::When(old, new));
    }
    if old.assign != new.assign {
        found.push(Difference::Target(old, new));
    }
    if old.on_none_eligible != new.on_none_eligible {
        found.push(Difference::NoneEligible(old, new));
    }
    found
}

/// Whether the rule that was at place `was` changed its order among those that stayed: it is not in a longest part that
/// kept its order.
fn has_moved(kept: &[usize], was: usize) -> bool {
    !longest_rising(kept).contains(&was)
}

/// A longest rising part of a list of different numbers.
fn longest_rising(list: &[usize]) -> Vec<usize> {
    let mut best: Vec<Vec<usize>> = Vec::with_capacity(list.len());
    for (nth, number) in list.iter().enumerate() {
        let before = best.iter().take(nth);
        let fitting = before.filter(|part| part.last().is_some_and(|last| last < number));
        let mut part = fitting
            .max_by_key(|part| part.len())
            .cloned()
            .unwrap_or_default();
        part.push(*number);
        best.push(part);
    }
    best.into_iter().max_by_key(Vec::len).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::diff;
    use crate::model::rules::RuleSet;

    fn check(old: Value, new: Value, expected: &[&str]) {
        let set = |value: Value| -> RuleSet { serde_json::from_value(value).unwrap() };
        let (old, new) = (set(old), set(new));
        let found = diff(&old, &new).into_iter();
        let sentences: Vec<String> = found.map(|it| it.to_string()).collect();
        assert_eq!(sentences, expected);
    }

    fn rules(rules: Value) -> Value {
        json!({"version": 1, "rules": rules})
    }

    #[test]
    fn differences_are_sentences() {
        let spain = json!({"name": "Spain", "when": {"field": "contact.address.country", "op": "eq", "value": "ES"},
            "assign": {"team": "iberia"}});
        let big = json!({"name": "Big", "when": {"field": "budget", "op": "gt", "value": 5000}, "assign": {"rep": "boss"}});
        let rest = json!({"name": "Rest", "assign": {"rep": "ana"}});
        let old = rules(json!([spain, big, rest]));
        check(old.clone(), old.clone(), &[]);
        check(
            old.clone(),
            rules(json!([big, spain, rest])),
            &["Rule \"Big\" moved from place 2 to place 1."],
        );
        check(
            old.clone(),
            rules(json!([spain, rest])),
            &["Rule \"Big\" was removed: when budget is over 5000, it goes to boss."],
        );
        let mut iberia = spain.clone();
        iberia["name"] = json!("Iberia");
        let mut late = rest.clone();
        late["on_none_eligible"] = json!("park");
        check(
            old.clone(),
            rules(json!([iberia, big, late, {"name": "Last", "assign": {"rep": "rui"}}])),
            &[
                "Rule \"Spain\" is now called \"Iberia\".",
                "Rule \"Rest\": when nobody is eligible, it waits for them; before, the next rule is asked.",
                "Rule \"Last\" was added at place 4: whatever it is, it goes to rui.",
            ],
        );
        let mut bigger = big.clone();
        bigger["when"]["value"] = json!(9000);
        bigger["assign"] = json!({"team": "iberia", "strategy": "fewest_open"});
        let mut new = rules(json!([spain, bigger, rest]));
        new["keep_owner"] = json!(false);
        new["last_owner_days"] = json!(90);
        new["company_owner"] = json!(true);
        new["free_mail"] = json!(["example.com"]);
        check(
            old,
            new,
            &[
                "Leads no longer stay with the owner they have already.",
                "Leads now go to the rep who had the contact's last lead within 90 days.",
                "Leads now go to the rep who has the contact's company.",
                "Also taken for free mail are now: example.com.",
                "Rule \"Big\" now matches when budget is over 9000; before: budget is over 5000.",
                "Rule \"Big\": a lead now goes to whoever has the fewest open leads in team iberia; before, it goes to boss.",
            ],
        );
    }
}
