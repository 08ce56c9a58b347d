//! Why and why not, as it is stored: each condition with the value seen, each candidate with the gate that removed
//! them, turns before and after. Everything is borrowed until it is written as one text, and most of that text is
//! pieces that stand in every trace of a rule set.

use std::rc::Rc;

use jiff::Timestamp;
use serde::Serialize;

use crate::assign::field_path::Seen;
use crate::assign::gate::Gate;
use crate::assign::round_robin::TURN;
use crate::model::people::Turn;
use crate::model::rules::{OnNoneEligible, Strategy, Target};
use crate::model::trace::Trace;

/// The whole document.
#[derive(Debug)]
pub struct DecisionTrace<'t> {
    pub rule_set_version: u64,
    /// When it was decided: shifts and caps were looked at as of then.
    pub at: Timestamp,
    pub test: bool,
    /// Reps who had the lead before and may not have it again.
    pub passed: &'t [String],
    pub keep_owner: Option<OwnerTrace<'t>>,
    pub last_owner: Option<OwnerTrace<'t>>,
    pub company_owner: Option<OwnerTrace<'t>>,
    /// Those that were asked, in order.
    pub rules: Vec<RuleTrace<'t>>,
}

/// One of the steps before the rules.
#[derive(Debug)]
pub struct OwnerTrace<'t> {
    pub owner: &'t str,
    /// `lead`, `contact` or `company`.
    pub of: &'static str,
    /// When they had the contact's last lead.
    pub since: Option<Timestamp>,
    pub gate: Option<Gate>,
    pub kept: bool,
}

#[derive(Debug)]
pub struct RuleTrace<'t> {
    /// `{"name": …, "when":`, as text.
    pub head: &'t str,
    /// `None` in a catch-all.
    pub when: Option<ConditionTrace<'t>>,
    pub matched: bool,
    pub target: Option<&'t Target>,
    /// How it was chosen among those who were eligible.
    pub strategy: Option<Strategy>,
    pub candidates: Vec<CandidateTrace<'t>>,
    pub tie_break: Option<&'static str>,
    /// Older leads that wait for the same target and go first.
    pub behind: Option<u64>,
    /// What was done because nobody was eligible.
    pub none_eligible: Option<&'t OnNoneEligible>,
    pub chosen: Option<&'t str>,
}

#[derive(Debug)]
pub enum ConditionTrace<'t> {
    Group {
        /// `all` or `any`.
        name: &'static str,
        parts: Vec<ConditionTrace<'t>>,
        result: bool,
    },
    Not {
        not: Box<ConditionTrace<'t>>,
        result: bool,
    },
    Formula {
        expr: &'t str,
        result: bool,
        error: Option<String>,
    },
    Compare {
        /// `{"field": …, "op": …, "value": …, "seen":`, as text.
        head: &'t str,
        seen: Rc<Seen<'t>>,
        result: bool,
    },
}

#[derive(Debug)]
pub struct CandidateTrace<'t> {
    pub rep: &'t str,
    pub weight: Option<u32>,
    /// Open leads, or leads given in the period: what the strategy compares.
    pub count: Option<i64>,
    /// What removed them; null for who could have it.
    pub gate: Option<Gate>,
}

/// The turns of a team before and after one was given.
#[derive(Debug, Clone, Copy)]
pub struct TurnsTrace<'t> {
    pub team: &'t str,
    pub before: &'t [Turn],
    /// The rows that changed.
    pub after: &'t [Turn],
}

/// A JSON document in the making.
#[derive(Debug, Default)]
pub(super) struct Text(String);

impl Text {
    /// Adds a piece that is JSON, or a part of it, already.
    pub(super) fn raw(&mut self, piece: &str) -> &mut Self {
        self.0.push_str(piece);
        self
    }

    pub(super) fn json(&mut self, value: &(impl Serialize + ?Sized)) -> &mut Self {
        match serde_json::to_string(value) {
            Ok(json) => self.raw(&json),
            Err(_) => self.raw("null"),
        }
    }

    fn number(&mut self, number: impl itoa::Integer) -> &mut Self {
        self.raw(itoa::Buffer::new().format(number))
    }

    /// A text in quotes; most hold nothing that has to be escaped.
    fn quoted(&mut self, text: &str) -> &mut Self {
        let is_plain = |it: u8| it >= b' ' && it != b'"' && it != b'\\';
        match text.bytes().all(is_plain) {
            true => self.raw("\"").raw(text).raw("\""),
            false => self.json(text),
        }
    }

    /// `, "name": value`
    pub(super) fn member(&mut self, name: &str, value: &(impl Serialize + ?Sized)) -> &mut Self {
        self.raw(",\"").raw(name).raw("\":").json(value)
    }

    fn optional(&mut self, name: &str, value: Option<&(impl Serialize + ?Sized)>) -> &mut Self {
        match value {
            Some(value) => self.member(name, value),
            None => self,
        }
    }

    fn list<T>(&mut self, entries: &[T], write: impl Fn(&T, &mut Self)) -> &mut Self {
        self.raw("[");
        for (nth, entry) in entries.iter().enumerate() {
            if nth > 0 {
                self.raw(",");
            }
            write(entry, self);
        }
        self.raw("]")
    }

    pub(super) fn into_string(self) -> String {
        self.0
    }
}

impl DecisionTrace<'_> {
    /// Writes it down, with the turns it took and the targets that the lead waits for.
    pub(super) fn write(&self, turns: Option<TurnsTrace<'_>>, waits_for: Option<&str>) -> Trace {
        let candidates = |rule: &RuleTrace<'_>| rule.candidates.len();
        let lines: usize = self.rules.iter().map(candidates).sum::<usize>()
            + turns.map_or(0, |turns| turns.before.len());
        let mut text = Text(String::with_capacity(
            512 + 320 * self.rules.len() + 128 * lines,
        ));
        text.raw("{\"rule_set_version\":")
            .json(&self.rule_set_version)
            .member("at", &self.at);
        text.optional("test", self.test.then_some(&true));
        text.optional("passed", Some(self.passed).filter(|it| !it.is_empty()));
        for (name, owner) in [
            ("keep_owner", &self.keep_owner),
            ("last_owner", &self.last_owner),
            ("company_owner", &self.company_owner),
        ] {
            if let Some(owner) = owner {
                text.raw(",\"").raw(name).raw("\":");
                owner.write(&mut text);
            }
        }
        text.raw(",\"rules\":").list(&self.rules, RuleTrace::write);
        if let Some(turns) = turns {
            turns.write(&mut text);
        }
        text.optional("waits_for", waits_for).raw("}");
        Trace::written(text.into_string())
    }
}

impl OwnerTrace<'_> {
    fn write(&self, text: &mut Text) {
        text.raw("{\"owner\":").json(self.owner);
        text.member("of", self.of);
        text.optional("since", self.since.as_ref());
        Gate::write(self.gate.as_ref(), text);
        text.member("kept", &self.kept).raw("}");
    }
}

impl RuleTrace<'_> {
    fn write(&self, text: &mut Text) {
        text.raw(self.head);
        match &self.when {
            Some(when) => when.write(text),
            None => {
                text.raw("null");
            }
        }
        text.raw(match self.matched {
            true => ",\"matched\":true",
            false => ",\"matched\":false",
        });
        text.optional("target", self.target);
        text.optional("strategy", self.strategy.as_ref());
        if !self.candidates.is_empty() {
            text.raw(",\"candidates\":")
                .list(&self.candidates, CandidateTrace::write);
        }
        text.optional("tie_break", self.tie_break);
        text.optional("behind", self.behind.as_ref());
        text.optional("none_eligible", self.none_eligible);
        text.optional("chosen", self.chosen).raw("}");
    }
}

impl ConditionTrace<'_> {
    pub(super) fn write(&self, text: &mut Text) {
        let result = match self {
            ConditionTrace::Group {
                name,
                parts,
                result,
            } => {
                text.raw("{\"").raw(name).raw("\":");
                text.list(parts, ConditionTrace::write);
                result
            }
            ConditionTrace::Not { not, result } => {
                text.raw("{\"not\":");
                not.write(text);
                result
            }
            ConditionTrace::Formula {
                expr,
                result,
                error,
            } => {
                text.raw("{\"expr\":").json(*expr);
                text.optional("error", error.as_ref());
                result
            }
            ConditionTrace::Compare { head, seen, result } => {
                text.raw(head).raw(seen.written());
                result
            }
        };
        text.raw(match result {
            true => ",\"result\":true}",
            false => ",\"result\":false}",
        });
    }
}

impl CandidateTrace<'_> {
    fn write(&self, text: &mut Text) {
        text.raw("{\"rep\":").quoted(self.rep);
        if let Some(weight) = self.weight {
            text.raw(",\"weight\":").number(weight);
        }
        if let Some(count) = self.count {
            text.raw(",\"count\":").number(count);
        }
        Gate::write(self.gate.as_ref(), text);
        text.raw("}");
    }
}

impl TurnsTrace<'_> {
    fn write(&self, text: &mut Text) {
        text.raw(",\"turns\":{\"team\":").json(self.team);
        text.raw(",\"before\":").list(self.before, write_turn);
        text.raw(",\"after\":").list(self.after, write_turn);
        text.raw("}");
    }
}

/// A row as people count: in turns.
fn write_turn(turn: &Turn, text: &mut Text) {
    text.raw("{\"rep\":").quoted(&turn.rep).raw(",\"taken\":");
    match turn.taken % TURN {
        0 => text.number(turn.taken / TURN),
        _ => text.json(&(turn.taken as f64 / TURN as f64)),
    };
    text.raw(",\"last\":").number(turn.last).raw("}");
}
