//! What one rule set does differently from another, in sentences.

use crate::assign::words;
use crate::model::rules::{Rule, RuleSet};

/// The differences, those that concern all leads first, then rule by rule in the new order; empty when both do the same.
pub fn diff(old: &RuleSet, new: &RuleSet) -> Vec<String> {
    let mut sentences = switches(old, new);
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
        let name = &rule.name;
        let Some((was, known)) = before(rule).and_then(|was| Some((was, old.rules.get(was)?)))
        else {
            let what = words::rule(rule);
            sentences.push(format!(
                "Rule \"{name}\" was added at place {place}: {what}."
            ));
            continue;
        };
        if known.name != *name {
            sentences.push(format!("Rule \"{}\" is now called \"{name}\".", known.name));
        }
        sentences.extend(changes(known, rule));
        if has_moved(&kept, was) {
            sentences.push(format!(
                "Rule \"{name}\" moved from place {} to place {place}.",
                was + 1
            ));
        }
    }
    for (nth, rule) in old.rules.iter().enumerate() {
        if !kept.contains(&nth) {
            let (name, what) = (&rule.name, words::rule(rule));
            sentences.push(format!("Rule \"{name}\" was removed: {what}."));
        }
    }
    sentences
}

fn switches(old: &RuleSet, new: &RuleSet) -> Vec<String> {
    let mut sentences = Vec::new();
    let mut say = |sentence: String| sentences.push(sentence);
    match (old.keep_owner, new.keep_owner) {
        (true, false) => say("Leads no longer stay with the owner they have already.".to_owned()),
        (false, true) => say("Leads now stay with the owner they have already.".to_owned()),
        _ => {}
    }
    match (old.last_owner_days, new.last_owner_days) {
        (before, after) if before == after => {}
        (_, Some(days)) => say(format!(
            "Leads now go to the rep who had the contact's last lead within {days} days."
        )),
        (_, None) => {
            say("Leads no longer go to the rep who had the contact's last lead.".to_owned());
        }
    }
    match (old.company_owner, new.company_owner) {
        (true, false) => {
            say("Leads no longer go to the rep who has the contact's company.".to_owned())
        }
        (false, true) => say("Leads now go to the rep who has the contact's company.".to_owned()),
        _ => {}
    }
    if old.free_mail != new.free_mail {
        say(match new.free_mail.as_slice() {
            [] => "No further domains are taken for free mail.".to_owned(),
            domains => format!("Also taken for free mail are now: {}.", domains.join(", ")),
        });
    }
    sentences
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

fn changes(old: &Rule, new: &Rule) -> Vec<String> {
    let mut sentences = Vec::new();
    let name = &new.name;
    if old.when != new.when {
        let when = |rule: &Rule| match &rule.when {
            Some(when) => words::condition(when),
            None => "everything".to_owned(),
        };
        sentences.push(format!(
            "Rule \"{name}\" now matches when {}; before: {}.",
            when(new),
            when(old)
        ));
    }
    if old.assign != new.assign {
        let (now, before) = (words::target(&new.assign), words::target(&old.assign));
        sentences.push(format!(
            "Rule \"{name}\": a lead now {now}; before, it {before}."
        ));
    }
    if old.on_none_eligible != new.on_none_eligible {
        let policy = |rule: &Rule| words::none_eligible(&rule.on_none_eligible);
        let (now, before) = (policy(new), policy(old));
        sentences.push(format!(
            "Rule \"{name}\": when nobody is eligible, {now}; before, {before}."
        ));
    }
    sentences
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
        assert_eq!(diff(&set(old), &set(new)), expected);
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
