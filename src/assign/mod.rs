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
mod trace;

use serde_json::Value;

use crate::assign::compile::{Compiled, CompiledRule};
use crate::assign::condition::Facts;
use crate::assign::round_robin::Candidate;
use crate::assign::trace::{CandidateTrace, DecisionTrace, KeepOwner, RuleTrace, TurnsTrace};
use crate::model::people::{Rep, Team, Turn};
use crate::model::record::Fields;
use crate::model::rules::Target;
use crate::model::trace::Trace;

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
    pub trace: Trace,
    /// Rows to store, each replacing the row of its team and rep.
    pub turns: Vec<Turn>,
}

/// Decides who gets the subject.
pub fn assign<'a>(rules: &'a Compiled, people: &People<'a>, subject: &Subject<'a>) -> Decision {
    let mut deciding = Deciding {
        people: *people,
        passed: Vec::new(),
        rules: Vec::new(),
        draw: None,
    };
    let mut keep_owner = None;
    let mut found = None;
    if rules.keep_owner {
        (keep_owner, found) = deciding.keep_owner(subject);
    }
    let facts = Facts::new(subject);
    let mut rest = rules.rules.iter();
    while found.is_none()
        && let Some(rule) = rest.next()
    {
        found = deciding.ask(rule, &facts);
    }
    let found = found.unwrap_or_else(|| deciding.nobody());
    deciding.conclude(rules.version, is_test(subject), keep_owner, found)
}

fn is_test(subject: &Subject<'_>) -> bool {
    subject.lead.get("test") == Some(&Value::Bool(true))
}

/// A decision on its way.
struct Deciding<'a> {
    people: People<'a>,
    /// Sentences about rules that matched and found nobody.
    passed: Vec<String>,
    rules: Vec<RuleTrace<'a>>,
    draw: Option<Draw<'a>>,
}

/// A turn that was given.
struct Draw<'a> {
    team: &'a str,
    before: Vec<&'a Turn>,
    after: Vec<Turn>,
}

struct Found {
    owner: Option<String>,
    rule: Option<String>,
    reason: String,
}

/// What a rule's target gives.
struct Chosen<'a> {
    owner: Option<&'a str>,
    reason: String,
    candidates: Vec<CandidateTrace<'a>>,
}

impl<'a> Deciding<'a> {
    /// The step before the rules.
    fn keep_owner(&mut self, subject: &Subject<'a>) -> (Option<KeepOwner<'a>>, Option<Found>) {
        let of = |fields: &'a Fields| fields.get("owner").and_then(Value::as_str);
        let (owner, whose) = match (of(subject.lead), subject.contact.and_then(of)) {
            (Some(owner), _) => (owner, "lead"),
            (None, Some(owner)) => (owner, "contact"),
            (None, None) => return (None, None),
        };
        let gate = self.gate(owner);
        let found = match gate {
            None => Some(Found {
                owner: Some(owner.to_owned()),
                rule: None,
                reason: format!("{owner} owns the {whose} already and is active."),
            }),
            Some(gate) => {
                self.passed
                    .push(format!("{owner} owned the {whose} but is {gate}."));
                None
            }
        };
        let trace = KeepOwner {
            owner,
            of: whose,
            gate,
            kept: gate.is_none(),
        };
        (Some(trace), found)
    }

    /// One rule: does it match, and does its target have somebody?
    fn ask(&mut self, rule: &'a CompiledRule, facts: &Facts<'a>) -> Option<Found> {
        let (matched, when) = match &rule.when {
            Some(test) => {
                let (matched, trace) = test.ask(facts);
                (matched, Some(trace))
            }
            None => (true, None),
        };
        let mut trace = RuleTrace {
            name: &rule.name,
            when,
            matched,
            target: None,
            candidates: Vec::new(),
            chosen: None,
        };
        if !matched {
            self.rules.push(trace);
            return None;
        }
        let chosen = self.choose(&rule.assign);
        trace.target = Some(&rule.assign);
        trace.candidates = chosen.candidates;
        trace.chosen = chosen.owner;
        self.rules.push(trace);
        let but = if chosen.owner.is_some() { ":" } else { ", but" };
        self.passed.push(format!(
            "Rule \"{}\" matched{but} {}.",
            rule.name, chosen.reason
        ));
        chosen.owner.map(|owner| Found {
            owner: Some(owner.to_owned()),
            rule: Some(rule.name.clone()),
            reason: self.passed.join(" "),
        })
    }

    fn choose(&mut self, target: &'a Target) -> Chosen<'a> {
        match target {
            Target::Rep(target) => self.choose_rep(&target.rep),
            Target::Team(target) => self.choose_member(&target.team),
        }
    }

    fn choose_rep(&self, rep: &'a str) -> Chosen<'a> {
        let gate = self.gate(rep);
        Chosen {
            owner: gate.is_none().then_some(rep),
            reason: match gate {
                None => format!("it goes to {rep}"),
                Some(gate) => format!("{rep} is {gate}"),
            },
            candidates: vec![CandidateTrace {
                rep,
                weight: None,
                gate,
            }],
        }
    }

    fn choose_member(&mut self, team: &'a str) -> Chosen<'a> {
        let found = self.people.teams.iter().find(|it| it.handle == team);
        let members = found.map_or(&[][..], |it| it.members.as_slice());
        let mut pool: Vec<Candidate<'a>> = Vec::with_capacity(members.len());
        let mut candidates = Vec::with_capacity(members.len());
        for member in members {
            let gate = match self.gate(&member.rep) {
                None if member.weight == 0 => Some("without a share"),
                None if pool.iter().any(|it| it.rep == member.rep) => Some("listed twice"),
                gate => gate,
            };
            candidates.push(CandidateTrace {
                rep: &member.rep,
                weight: Some(member.weight),
                gate,
            });
            if gate.is_none() {
                pool.push(Candidate {
                    rep: &member.rep,
                    weight: member.weight,
                });
            }
        }
        let turns = self.people.turns.iter();
        let before: Vec<&Turn> = turns.filter(|turn| turn.team == team).collect();
        let (owner, reason) = match round_robin::take(team, &pool, &before) {
            Some(taken) => {
                self.draw = Some(Draw {
                    team,
                    before,
                    after: taken.changed,
                });
                let reason = format!("it is {}'s turn in team {team}", taken.rep);
                (Some(taken.rep), reason)
            }
            None if found.is_none() => (None, format!("team {team} does not exist")),
            None => (None, format!("nobody of team {team} is eligible")),
        };
        Chosen {
            owner,
            reason,
            candidates,
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

    fn nobody(&mut self) -> Found {
        let sentence = if self.rules.is_empty() {
            "There are no assignment rules yet, so nobody owns it."
        } else if self.rules.iter().any(|rule| rule.matched) {
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

    fn conclude(
        self,
        version: u64,
        test: bool,
        keep_owner: Option<KeepOwner<'a>>,
        found: Found,
    ) -> Decision {
        let turns = self.draw.as_ref().map(|draw| TurnsTrace {
            team: draw.team,
            before: draw.before.iter().copied().map(Into::into).collect(),
            after: draw.after.iter().map(Into::into).collect(),
        });
        let trace = Trace::of(&DecisionTrace {
            rule_set_version: version,
            test,
            keep_owner,
            rules: self.rules,
            turns,
        });
        let spent = self.draw.map_or_else(Vec::new, |draw| draw.after);
        let mut reason = found.reason;
        if test && !spent.is_empty() {
            reason.push_str(" It is a test lead, so no turn was spent.");
        }
        Decision {
            owner: found.owner,
            rule: found.rule,
            rule_set_version: version,
            reason,
            trace,
            turns: if test { Vec::new() } else { spent },
        }
    }
}

#[cfg(test)]
mod tests;
