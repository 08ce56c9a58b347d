//! What the desk adds to a lead: its first status and its owner.

use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::assign::{self, Decision, People, Subject};
use crate::merge::ASSIGNMENT;
use crate::model::people::Turn;
use crate::model::record::{Origin, Record};
use crate::model::trace::Trace;
use crate::process::decide::{Deciding, link};
use crate::store::{DecisionRow, LAST_EPOCH};

/// Statuses of leads that nobody has to call any more.
const CLOSED: [&str; 4] = ["unqualified", "converted", "lost", "junk"];

impl Deciding<'_> {
    /// A lead says where it came from, and begins as new.
    pub(super) fn complete_lead(&mut self, id: Uuid) {
        let origin = &self.plan.origin;
        let lacks = |record: &Record, field: &str| !record.fields.contains_key(field);
        let Some(lead) = self.board.record(id) else {
            return;
        };
        let (source, status) = (lacks(lead, "source"), lacks(lead, "status"));
        if source {
            let source = Value::from(origin.source.as_str());
            self.board.write(id, "source", &source, origin);
        }
        if status {
            self.board.write(id, "status", &json!("new"), origin);
        }
    }

    /// Finds an owner for a lead that is new or has none, and is open.
    pub(super) fn assign(&mut self, id: Uuid) {
        let is_new = self.board.stored(id).is_none();
        let Some(lead) = self.board.record(id) else {
            return;
        };
        if !is_waiting(lead, is_new) {
            return;
        }
        let desk = self.desk_origin(lead);
        let decision = self.decision(lead);
        let (status, owner) = (lead.fields.get("status"), lead.fields.get("owner"));
        let is_kept = owner.and_then(Value::as_str) == decision.owner.as_deref();
        let is_at_desk = status.and_then(Value::as_str) == Some("new");
        if decision.owner.is_none() && !is_new {
            // Nobody was found before either: no news.
            return;
        }
        if let Some(owner) = &decision.owner {
            if !is_kept {
                self.board.write(id, "owner", &json!(owner), &desk);
            }
            if is_at_desk {
                self.board.write(id, "status", &json!("assigned"), &desk);
            }
        }
        self.spend(&decision.turns);
        let row = self.row(id, decision);
        self.decisions.push(row);
    }

    fn decision(&self, lead: &Record) -> Decision {
        let set = &self.held.desk.rules;
        let rules = match self.plan.rules.compiled(set) {
            Ok(rules) => rules,
            Err(problems) => return unusable(set.version, &problems),
        };
        let people = People {
            reps: &self.held.desk.reps,
            teams: &self.held.desk.teams,
            turns: &self.turns,
        };
        let event = self.plan.event_fields();
        let contact = link(&lead.fields, "contact").and_then(|id| self.board.fields(id));
        let subject = Subject {
            lead: &lead.fields,
            contact,
            event: &event,
        };
        assign::assign(&rules, &people, &subject)
    }

    /// The desk's own clock: the event's, moved behind an owner that later news took away.
    fn desk_origin(&self, lead: &Record) -> Origin {
        let held = lead.meta.fields.get("owner");
        let held = held.and_then(|meta| lead.meta.origins.get(meta.origin as usize));
        let at_ms = match held {
            Some(held) if held.event != self.plan.origin.event => {
                self.plan.origin.at_ms.max(held.at_ms.saturating_add(1))
            }
            _ => self.plan.origin.at_ms,
        };
        Origin {
            event: self.plan.origin.event,
            source: ASSIGNMENT.to_owned(),
            at_ms,
        }
    }

    fn spend(&mut self, turns: &[Turn]) {
        if turns.is_empty() {
            return;
        }
        for rows in [self.turns.to_mut(), &mut self.spent] {
            for turn in turns {
                rows.retain(|row| (&row.team, &row.rep) != (&turn.team, &turn.rep));
                rows.push(turn.clone());
            }
        }
    }

    fn row(&mut self, lead: Uuid, decision: Decision) -> DecisionRow {
        // The version of the lead serves as epoch: no other decision has it.
        let written = self.board.stored(lead).map_or(0, |it| it.version);
        DecisionRow {
            id: self.ids.next_id(),
            lead,
            epoch: u32::try_from(written + 1).map_or(LAST_EPOCH, |epoch| epoch.min(LAST_EPOCH)),
            owner: decision.owner,
            rule: decision.rule,
            rule_set_version: decision.rule_set_version,
            reason: decision.reason,
            trace: decision.trace,
            event: Some(self.plan.origin.event),
            at: self.plan.now,
        }
    }
}

/// Whether a lead waits for an owner.
fn is_waiting(lead: &Record, is_new: bool) -> bool {
    let status = lead.fields.get("status").and_then(Value::as_str);
    let is_locked = lead.meta.fields.get("owner").is_some_and(|it| it.locked);
    let is_unowned = !lead.fields.contains_key("owner");
    lead.deleted_at.is_none()
        && !is_locked
        && (is_new || is_unowned)
        && status.is_none_or(|status| !CLOSED.contains(&status))
}

fn unusable(version: u64, problems: &Arc<Vec<String>>) -> Decision {
    Decision {
        owner: None,
        rule: None,
        rule_set_version: version,
        reason: format!(
            "The rule set cannot be used, so nobody owns it: {}.",
            problems.join("; ")
        ),
        trace: Trace::of(&json!({"rule_set_version": version, "problems": **problems})),
        turns: Vec::new(),
    }
}
