//! Why and why not, as it is stored: each condition with the value seen, each candidate with the gate that removed
//! them, turns before and after. It is written as one text while it is decided; most of it is pieces that stand in
//! every trace of a rule set. In outline:
//!
//! ```json
//! {"rule_set_version": 3, "at": "2026-11-25T10:00:00Z", "test": true, "passed": ["eva"],
//!  "keep_owner": {"owner": "ana", "of": "lead", "since": "…", "gate": null, "kept": true},
//!  "last_owner": {}, "company_owner": {},
//!  "rules": [{"name": "Iberia",
//!    "when": {"all": [{"field": "contact.address.country", "op": "in", "value": ["ES"], "seen": "ES", "result": true},
//!                     {"not": {"expr": "lead.test", "error": "…", "result": false}, "result": true}], "result": true},
//!    "matched": true, "target": {"team": "iberia"}, "strategy": "fewest_open",
//!    "candidates": [{"rep": "ana", "weight": 1, "count": 4, "gate": "…", "gate_is": "cap_day", "gate_what": "4/4"}],
//!    "tie_break": "…", "behind": 2, "none_eligible": "park", "chosen": "rui"}],
//!  "turns": {"team": "iberia", "before": [{"rep": "rui", "taken": 4, "last": 9}], "after": []},
//!  "waits_for": "team:iberia"}
//! ```
//!
//! What does not apply is left out, but for `when` of a catch-all and `gate` of who could have it, which are null.

use jiff::Timestamp;
use serde::Serialize;

use crate::assign::gate::Gate;
use crate::assign::round_robin::TURN;
use crate::model::people::Turn;
use crate::model::trace::Trace;

/// A JSON document in the making; or nothing, for who wants to know only what comes out.
#[derive(Debug)]
pub struct Text(Option<String>);

/// One of the steps before the rules.
#[derive(Debug)]
pub(super) struct OwnerTrace<'t> {
    pub(super) owner: &'t str,
    /// `lead`, `contact` or `company`.
    pub(super) of: &'static str,
    /// When they had the contact's last lead.
    pub(super) since: Option<Timestamp>,
    pub(super) gate: Option<&'t Gate>,
}

#[derive(Debug)]
pub(super) struct CandidateTrace<'t> {
    pub(super) rep: &'t str,
    pub(super) weight: Option<u32>,
    /// Open leads, or leads given in the period: what the strategy compares.
    pub(super) count: Option<i64>,
    /// What removed them; null for who could have it.
    pub(super) gate: Option<&'t Gate>,
}

/// The turns of a team before and after one was given.
#[derive(Debug)]
pub(super) struct TurnsTrace<'t> {
    pub(super) team: &'t str,
    pub(super) before: &'t [Turn],
    /// The rows that changed; none for a test lead.
    pub(super) after: &'t [Turn],
}

impl Text {
    /// A document of about so many bytes.
    pub fn new(bytes: usize) -> Self {
        Text(Some(String::with_capacity(bytes)))
    }

    pub fn none() -> Self {
        Text(None)
    }

    /// Whether anybody will read it.
    pub(super) fn is_read(&self) -> bool {
        self.0.is_some()
    }

    /// Adds a piece that is JSON, or a part of it, already.
    pub(super) fn raw(&mut self, piece: &str) -> &mut Self {
        if let Some(text) = &mut self.0 {
            text.push_str(piece);
        }
        self
    }

    pub(super) fn json(&mut self, value: &(impl Serialize + ?Sized)) -> &mut Self {
        if self.0.is_none() {
            return self;
        }
        match serde_json::to_string(value) {
            Ok(json) => self.raw(&json),
            Err(_) => self.raw("null"),
        }
    }

    pub(super) fn number(&mut self, number: impl itoa::Integer) -> &mut Self {
        match self.0 {
            Some(_) => self.raw(itoa::Buffer::new().format(number)),
            None => self,
        }
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

    pub(super) fn into_string(self) -> String {
        self.0.unwrap_or_else(|| "null".to_owned())
    }

    /// Ends the document. What was made ready for a longer one is given back: traces of a whole batch wait to be stored.
    pub(super) fn into_trace(mut self) -> Trace {
        self.raw("}");
        let mut text = self.into_string();
        if text.capacity() > 2 * text.len() {
            text.shrink_to_fit();
        }
        Trace::written(text)
    }
}

/// The end of a condition that holds, or does not.
pub(super) fn end_of(holds: bool) -> &'static str {
    match holds {
        true => ",\"result\":true}",
        false => ",\"result\":false}",
    }
}

impl OwnerTrace<'_> {
    pub(super) fn write(&self, name: &str, text: &mut Text) {
        text.raw(",\"").raw(name).raw("\":{\"owner\":");
        text.json(self.owner).member("of", self.of);
        if let Some(since) = &self.since {
            text.member("since", since);
        }
        Gate::write(self.gate, text);
        text.member("kept", &self.gate.is_none()).raw("}");
    }
}

impl CandidateTrace<'_> {
    pub(super) fn write(&self, text: &mut Text) {
        text.raw("{\"rep\":").quoted(self.rep);
        if let Some(weight) = self.weight {
            text.raw(",\"weight\":").number(weight);
        }
        if let Some(count) = self.count {
            text.raw(",\"count\":").number(count);
        }
        Gate::write(self.gate, text);
        text.raw("}");
    }
}

impl TurnsTrace<'_> {
    pub(super) fn write(&self, text: &mut Text) {
        text.raw(",\"turns\":{\"team\":").json(self.team);
        text.raw(",\"before\":[");
        write_turns(self.before, text);
        text.raw("],\"after\":[");
        write_turns(self.after, text);
        text.raw("]}");
    }
}

/// Rows as people count: in turns.
fn write_turns(turns: &[Turn], text: &mut Text) {
    let mut comma = "";
    for turn in turns {
        text.raw(comma).raw("{\"rep\":").quoted(&turn.rep);
        text.raw(",\"taken\":");
        match turn.taken % TURN {
            0 => text.number(turn.taken / TURN),
            _ => text.json(&(turn.taken as f64 / TURN as f64)),
        };
        text.raw(",\"last\":").number(turn.last).raw("}");
        comma = ",";
    }
}
