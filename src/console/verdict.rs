//! Why, and why not, out of a decision's trace, in the reader's language: the steps before the rules, each rule with each
//! condition and the value seen, each person with what was in their way.

use serde_json::Value;

use crate::console::rows;
use crate::console::rule_words;
use crate::console::words::Words;
use crate::model::desk::Desk;
use crate::model::rules::{Comparison, Condition, OnNoneEligible, Operator};
use crate::model::trace::Trace;

/// A decision as it is shown.
pub struct Verdict {
    /// What came of it, in a sentence.
    pub summary: String,
    /// The steps before the rules, a sentence each.
    pub before: Vec<String>,
    pub rules: Vec<Asked>,
    /// Of the team whose turn it was: who, turns before and after.
    pub turns: Vec<(String, String, String)>,
}

/// A rule that was asked.
pub struct Asked {
    pub name: String,
    pub matched: bool,
    /// Nothing in a rule that takes everything.
    pub checks: Vec<Check>,
    pub people: Vec<Person>,
    /// What came of it, when it matched.
    pub outcome: Option<String>,
}

/// One condition, or the head of a group of them.
pub struct Check {
    pub depth: usize,
    pub text: String,
    pub held: bool,
}

/// Somebody who was considered.
pub struct Person {
    pub name: String,
    pub weight: Option<String>,
    /// What the strategy compares.
    pub count: Option<String>,
    pub gate: Option<String>,
    pub chosen: bool,
}

/// Reads a trace for people.
pub fn of(words: Words, desk: &Desk, trace: &Trace) -> Verdict {
    let document: Value = serde_json::from_str(trace.as_str()).unwrap_or_default();
    let reading = Reading {
        words,
        desk,
        document: &document,
    };
    reading.all()
}

struct Reading<'a> {
    words: Words,
    desk: &'a Desk,
    document: &'a Value,
}

impl Reading<'_> {
    fn all(&self) -> Verdict {
        let asked = list(self.document, "rules");
        Verdict {
            summary: self.summary(asked),
            before: self.before(),
            rules: asked.iter().map(|rule| self.rule(rule)).collect(),
            turns: self.turns(),
        }
    }

    fn summary(&self, asked: &[Value]) -> String {
        let words = self.words;
        if let Some(hand) = self.document.get("by_hand") {
            let to = self.name(text(hand, "to"));
            let why = text(hand, "reason").trim().trim_end_matches('.');
            let key = match why {
                "" => "why-by-hand",
                _ => "why-by-hand-because",
            };
            let said = [("by", text(hand, "by")), ("to", to.as_str()), ("why", why)];
            return words.with_all(key, &said);
        }
        for (step, key) in STEPS {
            if let Some(step) = self.document.get(step)
                && step.get("kept") == Some(&Value::Bool(true))
            {
                return words.with(key, "name", self.name(text(step, "owner")));
            }
        }
        let chosen = asked
            .iter()
            .find_map(|rule| Some((text(rule, "name"), rule.get("chosen")?.as_str()?)));
        if let Some((rule, rep)) = chosen {
            let rep = self.name(rep);
            return words.with_all("why-rule", &[("rule", rule), ("name", rep.as_str())]);
        }
        match self.document.get("waits_for") {
            Some(_) => words.say("why-waits"),
            None => words.say("why-nobody"),
        }
    }

    fn before(&self) -> Vec<String> {
        let steps = STEPS
            .iter()
            .filter_map(|(step, key)| Some((self.document.get(*step)?, *key)));
        steps
            .map(|(step, key)| {
                let said = self.words.with(key, "name", self.name(text(step, "owner")));
                match gate(self.words, step) {
                    Some(gate) => self.words.with_all(
                        "why-but",
                        &[("what", said.as_str()), ("gate", gate.as_str())],
                    ),
                    None => said,
                }
            })
            .collect()
    }

    fn rule(&self, rule: &Value) -> Asked {
        let mut checks = Vec::new();
        if let Some(when) = rule.get("when").filter(|when| !when.is_null()) {
            self.check(when, 0, &mut checks);
        }
        let matched = rule.get("matched") == Some(&Value::Bool(true));
        let chosen = rule.get("chosen").and_then(Value::as_str);
        Asked {
            name: text(rule, "name").to_owned(),
            matched,
            checks,
            people: list(rule, "candidates")
                .iter()
                .map(|it| self.person(it, chosen))
                .collect(),
            outcome: matched.then(|| self.outcome(rule, chosen)).flatten(),
        }
    }

    fn outcome(&self, rule: &Value, chosen: Option<&str>) -> Option<String> {
        let words = self.words;
        if let Some(behind) = rule.get("behind").and_then(Value::as_u64) {
            return Some(words.count("why-behind", behind));
        }
        if let Some(chosen) = chosen {
            let strategy = text(rule, "strategy");
            let key = match strategy {
                "" => "why-given",
                "fewest_open" => "why-fewest-open",
                "fewest_in_period" => "why-fewest-in-period",
                _ => "why-turn",
            };
            let stood_in = rule.get("none_eligible").is_some();
            let key = if stood_in { "why-stands-in" } else { key };
            return Some(words.with(key, "name", self.name(chosen)));
        }
        let policy: OnNoneEligible =
            serde_json::from_value(rule.get("none_eligible")?.clone()).ok()?;
        let what = rule_words::otherwise(words, self.desk, &policy);
        Some(words.with("why-none-there", "what", what))
    }

    fn check(&self, when: &Value, depth: usize, checks: &mut Vec<Check>) {
        let words = self.words;
        let held = when.get("result") == Some(&Value::Bool(true));
        let mut push = |text: String| checks.push(Check { depth, text, held });
        for (group, key) in [("all", "group-all"), ("any", "group-any")] {
            if let Some(members) = when.get(group).and_then(Value::as_array) {
                if depth > 0 || members.len() > 1 {
                    push(words.say(key));
                }
                members
                    .iter()
                    .for_each(|it| self.check(it, depth + 1, checks));
                return;
            }
        }
        if let Some(inner) = when.get("not") {
            push(words.say("group-none"));
            return self.check(inner, depth + 1, checks);
        }
        if let Some(formula) = when.get("expr").and_then(Value::as_str) {
            let said = words.with("rule-formula", "what", formula);
            return push(match when.get("error").and_then(Value::as_str) {
                Some(error) => format!("{said}: {error}"),
                None => said,
            });
        }
        push(self.comparison(when));
    }

    /// `Budget is over 5000; it is 1200`.
    fn comparison(&self, when: &Value) -> String {
        let words = self.words;
        let value = when.get("value").cloned().unwrap_or_default();
        let written = serde_json::json!({"field": text(when, "field"), "op": text(when, "op"), "value": value});
        let Ok(comparison) = serde_json::from_value::<Comparison>(written) else {
            return text(when, "field").to_owned();
        };
        let asked = Condition::Compare(comparison);
        let asked = rule_words::condition(words, &asked);
        let seen = when.get("seen").cloned().unwrap_or_default();
        let seen = match &seen {
            Value::Null => words.say("why-unknown"),
            Value::Object(_) => words.say("why-known"),
            seen => rows::typed(&Comparison {
                field: String::new(),
                op: Operator::Eq,
                value: seen.clone(),
            }),
        };
        words.with_all(
            "why-seen",
            &[("asked", asked.as_str()), ("seen", seen.as_str())],
        )
    }

    fn person(&self, candidate: &Value, chosen: Option<&str>) -> Person {
        let number = |name: &str| Some(candidate.get(name)?.as_i64()?.to_string());
        let rep = text(candidate, "rep");
        Person {
            name: self.name(rep),
            weight: number("weight"),
            count: number("count"),
            gate: gate(self.words, candidate),
            chosen: chosen == Some(rep),
        }
    }

    fn turns(&self) -> Vec<(String, String, String)> {
        let Some(turns) = self.document.get("turns") else {
            return Vec::new();
        };
        let before = list(turns, "before");
        let taken = |rows: &[Value], rep: &str| {
            let row = rows.iter().find(|row| text(row, "rep") == rep)?;
            Some(shown(row.get("taken")?))
        };
        let after = list(turns, "after").iter();
        after
            .map(|row| {
                let rep = text(row, "rep");
                let was = taken(before, rep).unwrap_or_else(|| "–".to_owned());
                let is = row.get("taken").map(shown).unwrap_or_default();
                (self.name(rep), was, is)
            })
            .collect()
    }

    fn name(&self, handle: &str) -> String {
        rule_words::rep(self.desk, handle).to_owned()
    }
}

/// What was in somebody's way, as a trace has it.
fn gate(words: Words, barred: &Value) -> Option<String> {
    let english = barred.get("gate").and_then(Value::as_str)?;
    let what = text(barred, "gate_what");
    Some(self::barred(
        words,
        (text(barred, "gate_is"), what),
        english,
    ))
}

/// A gate by its code and what it is about. Older traces hold nothing but the sentence.
pub fn barred(words: Words, (code, what): (&str, &str), english: &str) -> String {
    let key = format!("gate-{}", code.replace('_', "-"));
    match words.knows(&key) {
        true => words.with(&key, "what", what),
        false => english.to_owned(),
    }
}

/// The steps before the rules, and the message of each.
const STEPS: [(&str, &str); 3] = [
    ("keep_owner", "why-keeps"),
    ("last_owner", "why-last-owner"),
    ("company_owner", "why-company"),
];

fn shown(number: &Value) -> String {
    match number.as_f64() {
        Some(turns) => format!("{:.2}", turns)
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_owned(),
        None => number.to_string(),
    }
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value
        .get(name)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}
