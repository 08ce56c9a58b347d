//! Assignment, pure: rules and people in, an owner and a complete reason out. No I/O, no clock, no randomness.
//!
//! First the step before the rules: who owns the lead, or else its contact, keeps it while they are active. Then the
//! rules in order; the first that matches decides, and when nobody of its target is eligible the next one is asked.
//! A test lead gets the owner it would get, and no turn is spent on it.

pub mod check;
pub mod compile;
pub mod round_robin;

mod comparison;
mod condition;
mod field_path;

use serde_json::{Map, Value, json};

use crate::assign::compile::{Compiled, CompiledRule};
use crate::assign::condition::Facts;
use crate::assign::round_robin::{Candidate, TURN};
use crate::model::people::{Rep, Team, Turn};
use crate::model::record::Fields;
use crate::model::rules::Target;

/// What conditions can ask of the event.
pub const EVENT_FIELDS: &[&str] = &["type", "source", "endpoint", "scope", "delivery_id", "time"];

/// What is to be assigned.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The lead's fields after merging; `test` marks a test lead, `owner` who has it.
    pub lead: &'a Fields,
    pub contact: Option<&'a Fields>,
    /// `EVENT_FIELDS` of the event that causes the decision, as far as they are known.
    pub event: &'a Fields,
}

/// Who there is, and whose turn it is.
#[derive(Debug, Clone, Copy)]
pub struct People<'a> {
    pub reps: &'a [Rep],
    pub teams: &'a [Team],
    pub turns: &'a [Turn],
}

/// Who gets it, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The rep's handle; `None` when nobody may have it.
    pub owner: Option<String>,
    /// The rule that decided; `None` when the owner was kept or nobody was found.
    pub rule: Option<String>,
    pub rule_set_version: u64,
    /// A sentence for people, without personal data of the contact.
    pub reason: String,
    /// `{rule_set_version, keep_owner?, rules: [{name, when, matched, target, candidates, chosen}], turns?, test?}`:
    /// each condition with the value seen, each candidate with the gate that removed them, the turns before and after.
    pub trace: Value,
    /// Rows to store, each replacing the row of its team and rep.
    pub turns: Vec<Turn>,
}

/// Decides who gets the subject.
pub fn assign(rules: &Compiled, people: &People<'_>, subject: &Subject<'_>) -> Decision {
    let mut deciding = Deciding {
        people,
        passed: Vec::new(),
        trace: Map::new(),
        rules: Vec::new(),
        turns: Vec::new(),
    };
    deciding
        .trace
        .insert("rule_set_version".to_owned(), rules.version.into());
    let is_test = subject.lead.get("test") == Some(&Value::Bool(true));
    if is_test {
        deciding.trace.insert("test".to_owned(), Value::Bool(true));
    }
    let kept = if rules.keep_owner {
        deciding.keep_owner(subject)
    } else {
        None
    };
    let found = kept.or_else(|| {
        let facts = Facts::new(subject);
        rules
            .rules
            .iter()
            .find_map(|rule| deciding.ask(rule, &facts))
    });
    let found = found.unwrap_or_else(|| deciding.nobody(rules));
    let mut reason = found.reason;
    if is_test && !deciding.turns.is_empty() {
        deciding.turns.clear();
        reason.push_str(" It is a test lead, so no turn was spent.");
    }
    deciding
        .trace
        .insert("rules".to_owned(), Value::Array(deciding.rules));
    Decision {
        owner: found.owner,
        rule: found.rule,
        rule_set_version: rules.version,
        reason,
        trace: Value::Object(deciding.trace),
        turns: deciding.turns,
    }
}

/// A decision on its way.
struct Deciding<'a> {
    people: &'a People<'a>,
    /// Sentences about rules that matched and found nobody.
    passed: Vec<String>,
    trace: Map<String, Value>,
    rules: Vec<Value>,
    turns: Vec<Turn>,
}

struct Found {
    owner: Option<String>,
    rule: Option<String>,
    reason: String,
}

/// What a rule's target gives.
struct Chosen {
    owner: Option<String>,
    reason: String,
    candidates: Value,
}

impl Deciding<'_> {
    /// The step before the rules.
    fn keep_owner(&mut self, subject: &Subject<'_>) -> Option<Found> {
        let of = |fields: &Fields| {
            fields
                .get("owner")
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        let (owner, whose) = match (of(subject.lead), subject.contact.and_then(of)) {
            (Some(owner), _) => (owner, "lead"),
            (None, Some(owner)) => (owner, "contact"),
            (None, None) => return None,
        };
        let gate = self.gate(&owner);
        self.trace.insert(
            "keep_owner".to_owned(),
            json!({"owner": owner, "of": whose, "gate": gate, "kept": gate.is_none()}),
        );
        match gate {
            None => Some(Found {
                reason: format!("{owner} owns the {whose} already and is active."),
                owner: Some(owner),
                rule: None,
            }),
            Some(gate) => {
                self.passed
                    .push(format!("{owner} owned the {whose} but is {gate}."));
                None
            }
        }
    }

    /// One rule: does it match, and does its target have somebody?
    fn ask(&mut self, rule: &CompiledRule, facts: &Facts<'_>) -> Option<Found> {
        let (matched, when) = match &rule.when {
            Some(test) => test.ask(facts),
            None => (true, Value::Null),
        };
        if !matched {
            self.rules
                .push(json!({"name": rule.name, "when": when, "matched": false}));
            return None;
        }
        let chosen = self.choose(&rule.assign);
        self.rules.push(json!({
            "name": rule.name,
            "when": when,
            "matched": true,
            "target": &rule.assign,
            "candidates": chosen.candidates,
            "chosen": chosen.owner,
        }));
        if chosen.owner.is_none() {
            self.passed.push(format!(
                "Rule \"{}\" matched, but {}.",
                rule.name, chosen.reason
            ));
            return None;
        }
        let decided = format!("Rule \"{}\" matched: {}.", rule.name, chosen.reason);
        self.passed.push(decided);
        Some(Found {
            owner: chosen.owner,
            rule: Some(rule.name.clone()),
            reason: self.passed.join(" "),
        })
    }

    fn choose(&mut self, target: &Target) -> Chosen {
        match target {
            Target::Rep(target) => self.choose_rep(&target.rep),
            Target::Team(target) => self.choose_member(&target.team),
        }
    }

    fn choose_rep(&self, rep: &str) -> Chosen {
        let gate = self.gate(rep);
        Chosen {
            owner: gate.is_none().then(|| rep.to_owned()),
            reason: match gate {
                None => format!("it goes to {rep}"),
                Some(gate) => format!("{rep} is {gate}"),
            },
            candidates: json!([{"rep": rep, "gate": gate}]),
        }
    }

    fn choose_member(&mut self, team: &str) -> Chosen {
        let Some(members) = self.people.teams.iter().find(|it| it.handle == team) else {
            return Chosen {
                owner: None,
                reason: format!("team {team} does not exist"),
                candidates: json!([]),
            };
        };
        let rows: Vec<&Turn> = self
            .people
            .turns
            .iter()
            .filter(|turn| turn.team == team)
            .collect();
        let mut pool: Vec<Candidate<'_>> = Vec::with_capacity(members.members.len());
        let mut candidates = Vec::with_capacity(members.members.len());
        for member in &members.members {
            let gate = match self.gate(&member.rep) {
                None if member.weight == 0 => Some("without a share"),
                None if pool.iter().any(|it| it.rep == member.rep) => Some("listed twice"),
                gate => gate,
            };
            candidates.push(json!({"rep": member.rep, "weight": member.weight, "gate": gate}));
            if gate.is_none() {
                pool.push(Candidate {
                    rep: &member.rep,
                    weight: member.weight,
                });
            }
        }
        let taken = round_robin::take(team, &pool, &rows);
        let reason = match &taken {
            Some(taken) => format!("it is {}'s turn in team {team}", taken.rep),
            None => format!("nobody of team {team} is eligible"),
        };
        let owner = taken.map(|taken| {
            self.trace.insert(
                "turns".to_owned(),
                json!({"team": team, "before": show(rows), "after": show(&taken.changed)}),
            );
            self.turns = taken.changed;
            taken.rep
        });
        Chosen {
            owner,
            reason,
            candidates: Value::Array(candidates),
        }
    }

    /// What keeps a rep from getting leads; `None` for an active rep.
    fn gate(&self, handle: &str) -> Option<&'static str> {
        match self.people.reps.iter().find(|rep| rep.handle == handle) {
            Some(rep) if rep.active => None,
            Some(_) => Some("inactive"),
            None => Some("not a rep"),
        }
    }

    fn nobody(&mut self, rules: &Compiled) -> Found {
        let sentence = if rules.rules.is_empty() {
            "There are no assignment rules yet, so nobody owns it."
        } else if self
            .rules
            .iter()
            .any(|rule| rule.get("matched") == Some(&Value::Bool(true)))
        {
            "No other rule has anybody for it, so nobody owns it."
        } else {
            "No rule matched, so nobody owns it."
        };
        self.passed.push(sentence.to_owned());
        Found {
            owner: None,
            rule: None,
            reason: self.passed.join(" "),
        }
    }
}

/// Turns as people count them.
fn show<'t>(turns: impl IntoIterator<Item = &'t Turn>) -> Value {
    turns
        .into_iter()
        .map(|turn| {
            let taken = if turn.taken % TURN == 0 {
                json!(turn.taken / TURN)
            } else {
                json!(turn.taken as f64 / TURN as f64)
            };
            json!({"rep": turn.rep, "taken": taken, "last": turn.last})
        })
        .collect()
}

#[cfg(test)]
mod tests;
