//! What the desk adds to a lead: its first status and its owner.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::assign::{self, Decision, People};
use crate::merge::ASSIGNMENT;
use crate::model::desk::{Company, Given};
use crate::model::event::Violation;
use crate::model::field::{CLOSED_LEADS, FIRST_STATUS};
use crate::model::record::{Origin, Record};
use crate::model::trace::Trace;
use crate::process::decide::subject::{Around, owner_origin, tie};
use crate::process::decide::{Deciding, link};
use crate::store::desk::{Offer, Standing, Waiting};
use crate::store::{DecisionRow, LAST_EPOCH};

/// A decision with what the desk has to know to write it down.
pub(super) struct Found {
    pub(super) decision: Decision,
    /// The domain of the contact's company.
    domain: Option<String>,
    /// The owner the company has is no active rep, or there is none.
    company_is_free: bool,
}

impl Deciding<'_> {
    /// A lead says where it came from, and begins as new.
    pub(super) fn complete_lead(&mut self, id: Uuid) {
        let origin = &self.cause.origin;
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
            self.board.write(id, "status", &json!(FIRST_STATUS), origin);
        }
    }

    /// Finds an owner for a lead that is new or has none, and is open.
    pub(super) fn assign(&mut self, id: Uuid) {
        let is_new = self.board.stored(id).is_none();
        let standing = self.held.ties.standing(id);
        let Some(lead) = self.board.record(id) else {
            return;
        };
        if !(is_open(lead) && (is_new || is_unowned(lead))) || standing.epoch >= LAST_EPOCH {
            return;
        }
        self.catch_up();
        let Some(found) = self.decision(id, &standing, &[]) else {
            return;
        };
        let route = &found.decision.route;
        let waits_already = standing.waiting.as_ref().map(|waiting| &waiting.route);
        let is_news = is_new || (route.is_some() && route.as_ref() != waits_already);
        // Otherwise nobody was found before either: no news.
        if found.decision.owner.is_some() || is_news {
            self.conclude(id, &standing, found);
        }
    }

    /// Decides who gets a lead; `passed` have had it. `None` when the lead is not there.
    pub(super) fn decision(
        &self,
        id: Uuid,
        standing: &Standing,
        passed: &[String],
    ) -> Option<Found> {
        let lead = self.board.record(id)?;
        let desk = self.held.desk;
        let rules = match self.cause.rules.compiled(&desk.rules) {
            Ok(rules) => rules,
            Err(problems) => {
                return Some(Found {
                    decision: unusable(desk.rules.version, &problems),
                    domain: None,
                    company_is_free: false,
                });
            }
        };
        let roster = self.cause.rules.roster(desk);
        let people = People {
            roster: &roster,
            ledger: &self.ledger,
        };
        let contact = link(&lead.fields, "contact").and_then(|id| self.board.record(id));
        let around = Around::new(contact, &self.held.ties, &rules);
        let mut subject = around.subject(&lead.fields, &self.cause.facts, self.cause.now);
        subject.passed = passed;
        subject.waiting = standing.waiting.as_ref().map(|waiting| (waiting.since, id));
        let decision = assign::assign(&rules, &people, &subject);
        let company_owner = subject.ties.company.map(|(owner, _)| owner);
        let is_active = |owner| roster.rep(owner).is_some_and(|rep| rep.active);
        Some(Found {
            decision,
            company_is_free: !company_owner.is_some_and(is_active),
            domain: around.domain.clone(),
        })
    }

    /// Writes down what was decided: the owner with all that follows, or the place in the line.
    pub(super) fn conclude(&mut self, id: Uuid, standing: &Standing, found: Found) {
        let decision = found.decision;
        if let Some(owner) = &decision.owner {
            self.own(id, owner);
            if let Some(day) = decision.day {
                self.give(owner, day);
                self.follow(id, owner);
                if let Some(domain) = found.domain.filter(|_| found.company_is_free) {
                    let owner = owner.clone();
                    self.desk.companies.push(Company { domain, owner });
                }
            }
        }
        self.spend(&decision);
        self.wait(id, standing, &decision);
        self.offer(id, standing, &decision);
        let row = self.row(id, standing, decision);
        self.decisions.push(row);
    }

    /// The lead is theirs, and no longer new.
    fn own(&mut self, id: Uuid, owner: &str) {
        let Some(lead) = self.board.record(id) else {
            return;
        };
        let desk = self.desk_origin(lead);
        let text = |field: &str| lead.fields.get(field).and_then(Value::as_str);
        let (is_kept, is_at_desk) = (text("owner") == Some(owner), text("status") == Some("new"));
        if !is_kept {
            self.board.write(id, "owner", &json!(owner), &desk);
        }
        if is_at_desk {
            self.board.write(id, "status", &json!("assigned"), &desk);
        }
    }

    /// The contact is theirs too when it is nobody's: its owner is no active rep, or had this very lead. What a sender
    /// or a person said stays. While rules ask who had a contact last, it goes along with each lead.
    pub(super) fn follow(&mut self, lead: Uuid, owner: &str) {
        let contact = self
            .board
            .record(lead)
            .and_then(|it| link(&it.fields, "contact"));
        let Some(contact) = contact.and_then(|id| self.board.record(id)) else {
            return;
        };
        let known = tie(contact);
        if known.is_some_and(|tie| tie.since.is_none()) || contact.deleted_at.is_some() {
            return;
        }
        let is_asked_for = self.held.desk.rules.last_owner_days.is_some();
        let stays = |known: &str| known == owner || !self.gave_up(lead, known);
        if known.is_some_and(|tie| stays(tie.owner)) && !is_asked_for {
            return;
        }
        let (id, desk) = (contact.id, self.desk_origin(contact));
        self.board.write(id, "owner", &json!(owner), &desk);
    }

    /// Whether a contact's owner is no active rep, or had the lead that somebody else has now.
    fn gave_up(&self, lead: Uuid, owner: &str) -> bool {
        let had = self
            .board
            .stored(lead)
            .and_then(|it| it.fields.get("owner"));
        let roster = self.cause.rules.roster(self.held.desk);
        let is_active = roster.rep(owner).is_some_and(|rep| rep.active);
        !is_active || had.and_then(Value::as_str) == Some(owner)
    }

    /// The desk's own clock: the cause's, moved behind an owner that later news took away.
    fn desk_origin(&self, record: &Record) -> Origin {
        let origin = &self.cause.origin;
        let at_ms = match owner_origin(record) {
            Some(held) if held.event != origin.event => {
                origin.at_ms.max(held.at_ms.saturating_add(1))
            }
            _ => origin.at_ms,
        };
        Origin {
            event: origin.event,
            source: ASSIGNMENT.to_owned(),
            at_ms,
        }
    }

    /// Counts a lead as given.
    pub(super) fn give(&mut self, rep: &str, day: i32) {
        self.desk.given.push(Given {
            rep: rep.to_owned(),
            day,
            count: 1,
            at: Some(self.cause.now),
        });
    }

    fn spend(&mut self, decision: &Decision) {
        for turn in &decision.turns {
            self.spent
                .retain(|row| (&row.team, &row.rep) != (&turn.team, &turn.rep));
            self.spent.push(turn.clone());
        }
    }

    /// Brings the ledger up to what earlier leads of the same event took.
    fn catch_up(&mut self) {
        if self.decisions.is_empty() {
            return;
        }
        let ledger = self.ledger.to_mut();
        ledger.clone_from(&self.held.desk.ledger);
        for turn in &self.spent {
            ledger.put_turn(turn);
        }
        for given in &self.desk.given {
            ledger.give(given);
            ledger.open(&given.rep, given.count);
        }
    }

    /// Puts the lead into its line, or takes it out.
    fn wait(&mut self, id: Uuid, standing: &Standing, decision: &Decision) {
        let before = standing.waiting.as_ref();
        let waiting = decision.route.as_ref().map(|route| Waiting {
            route: route.clone(),
            since: before.map_or(self.cause.now, |waiting| waiting.since),
            version: decision.rule_set_version,
        });
        if waiting.is_some() || before.is_some() {
            self.desk.waiting.push((id, waiting));
        }
    }

    /// Starts the time in which it has to be accepted.
    fn offer(&mut self, id: Uuid, standing: &Standing, decision: &Decision) {
        let rep = decision.owner.as_ref();
        let due = rep.and_then(|rep| self.due(rep, decision.team.as_ref()?));
        let offer = rep.zip(due).map(|(rep, due)| Offer {
            rep: rep.clone(),
            team: decision.team.clone().unwrap_or_default(),
            epoch: standing.epoch + 1,
            day: decision.day.unwrap_or(0),
            due,
            accepted: None,
            passed: standing
                .offer
                .as_ref()
                .map_or_else(Vec::new, Offer::all_passed),
        });
        let counts = decision.day.is_some();
        if (offer.is_some() && counts) || standing.offer.is_some() {
            self.desk.offers.push((id, offer.filter(|_| counts)));
        }
    }

    /// When a rep must have accepted what a team gives them now.
    pub(super) fn due(&self, rep: &str, team: &str) -> Option<jiff::Timestamp> {
        let roster = self.cause.rules.roster(self.held.desk);
        let team = roster.team(team)?;
        let minutes = team.sla?.accept_minutes;
        roster.after_working(rep, team.hours, self.cause.now, minutes)
    }

    fn row(&mut self, lead: Uuid, standing: &Standing, decision: Decision) -> DecisionRow {
        DecisionRow {
            id: self.ids.next_id(),
            lead,
            epoch: standing.epoch + 1,
            owner: decision.owner,
            rule: decision.rule,
            rule_set_version: decision.rule_set_version,
            reason: decision.reason,
            trace: decision.trace,
            facts: self.cause.facts.clone(),
            event: self.cause.event,
            at: self.cause.now,
        }
    }
}

/// Whether somebody has to work the lead, and the desk may say who.
pub(super) fn is_open(lead: &Record) -> bool {
    let status = lead.fields.text("status");
    let is_locked = lead.meta.fields.get("owner").is_some_and(|it| it.locked);
    let is_closed = status.is_some_and(|status| CLOSED_LEADS.contains(&status));
    lead.deleted_at.is_none() && !is_locked && !is_closed
}

pub(super) fn is_unowned(lead: &Record) -> bool {
    !lead.fields.contains_key("owner")
}

fn unusable(version: u64, problems: &[Violation]) -> Decision {
    let sentences: Vec<&str> = problems
        .iter()
        .map(|it| it.message.english.as_str())
        .collect();
    Decision {
        owner: None,
        rule: None,
        team: None,
        rule_set_version: version,
        reason: format!(
            "The rule set cannot be used, so nobody owns it: {}.",
            sentences.join("; ")
        ),
        trace: Trace::of(&json!({"rule_set_version": version, "problems": sentences})),
        turns: Vec::new(),
        day: None,
        route: None,
        sla: None,
    }
}
