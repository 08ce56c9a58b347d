//! The course of a decision: the steps before the rules, the rules in order, what remains when nobody is found.

use jiff::SignedDuration;
use serde_json::Value;

use crate::assign::compile::{Compiled, CompiledRule};
use crate::assign::condition::Facts;
use crate::assign::gate::{Asked, Gate, Gates};
use crate::assign::trace::{OwnerTrace, Text, TurnsTrace};
use crate::assign::{Decision, People, Subject};
use crate::model::desk::{Line, THEN};
use crate::model::people::{Team, Turn};
use crate::model::rules::{NoneEligible, OnNoneEligible};

/// A decision with everything that led to it.
#[derive(Debug)]
pub struct Deliberation<'a> {
    pub owner: Option<&'a str>,
    rule: Option<&'a CompiledRule>,
    pub team: Option<&'a Team>,
    pub version: u64,
    /// It waits for these targets.
    pub route: Option<String>,
    /// By the owner's calendar.
    pub day: Option<i32>,
    /// What was said on the way, in order.
    sentences: Vec<String>,
    is_test: bool,
    /// Places of the rules that matched.
    pub matched: Vec<usize>,
    trace: Text,
    draw: Option<Draw<'a>>,
}

/// A turn that was given.
#[derive(Debug)]
pub(super) struct Draw<'a> {
    pub(super) team: &'a str,
    pub(super) before: &'a [Turn],
    pub(super) after: Vec<Turn>,
}

/// Where a decision stands.
pub(super) struct Course<'a> {
    pub(super) people: People<'a>,
    pub(super) subject: &'a Subject<'a>,
    pub(super) gates: Gates<'a>,
    pub(super) found: Deliberation<'a>,
    /// The targets that had nobody, in order.
    asked_in_vain: Vec<&'a str>,
    /// Rules that were asked.
    asked: usize,
}

/// Goes through steps and rules until somebody is found, or the lead has to wait. What leads to it is written to `trace`.
pub fn deliberate<'a>(
    rules: &'a Compiled,
    people: &People<'a>,
    subject: &'a Subject<'a>,
    trace: Text,
) -> Deliberation<'a> {
    let mut course = Course {
        people: *people,
        subject,
        gates: Gates::new(people.roster, people.ledger, subject.now),
        found: Deliberation::begin(rules, subject, trace),
        asked_in_vain: Vec::new(),
        asked: 0,
    };
    let is_kept = course.keeps_owner(rules);
    course.found.trace.raw(",\"rules\":[");
    let is_found = is_kept || course.asks_rules(rules);
    course.found.trace.raw("]");
    if !is_found {
        course.gives_up();
    }
    course.end()
}

impl<'a> Deliberation<'a> {
    fn begin(rules: &Compiled, subject: &Subject<'a>, mut trace: Text) -> Self {
        let is_test = subject.is_test();
        trace
            .raw("{\"rule_set_version\":")
            .number(rules.version)
            .member("at", &subject.now);
        if is_test {
            trace.member("test", &true);
        }
        if !subject.passed.is_empty() {
            trace.member("passed", subject.passed);
        }
        Deliberation {
            owner: None,
            rule: None,
            team: None,
            version: rules.version,
            route: None,
            day: None,
            sentences: Vec::new(),
            is_test,
            matched: Vec::new(),
            trace,
            draw: None,
        }
    }

    /// The turns as they are after it, as far as they changed.
    pub fn turns(&self) -> &[Turn] {
        self.draw.as_ref().map_or(&[], |draw| draw.after.as_slice())
    }

    /// The rule that decided, or at which it waits.
    pub fn rule_name(&self) -> Option<&'a str> {
        self.rule.map(|rule| rule.name.as_str())
    }

    /// The decision, written down.
    pub(super) fn write(self) -> Decision {
        let is_test = self.is_test;
        let mut reason = self.sentences.join(" ");
        if is_test && self.draw.is_some() {
            reason.push_str(" It is a test lead, so no turn was spent.");
        }
        let mut trace = self.trace;
        if let Some(draw) = &self.draw {
            let turns = TurnsTrace {
                team: draw.team,
                before: draw.before,
                after: if is_test { &[] } else { &draw.after },
            };
            turns.write(&mut trace);
        }
        if let Some(route) = &self.route {
            trace.member("waits_for", route);
        }
        let spent = self.draw.map_or_else(Vec::new, |draw| draw.after);
        Decision {
            owner: self.owner.map(str::to_owned),
            rule: self.rule.map(|rule| rule.name.clone()),
            team: self.team.map(|team| team.handle.clone()),
            rule_set_version: self.version,
            reason,
            trace: trace.into_trace(),
            turns: if is_test { Vec::new() } else { spent },
            day: self.day.filter(|_| !is_test),
            sla: self.team.and_then(|team| team.sla).filter(|_| !is_test),
            route: self.route,
        }
    }
}

impl<'a> Course<'a> {
    /// The steps before the rules; whether one of them found the owner. A lead that somebody had and let pass is not
    /// given back to whom it was.
    fn keeps_owner(&mut self, rules: &Compiled) -> bool {
        if !self.subject.passed.is_empty() {
            return false;
        }
        (rules.keep_owner && self.keeps_its_owner())
            || rules
                .last_owner_days
                .is_some_and(|days| self.returns_to_last_owner(days))
            || (rules.company_owner && self.joins_its_company())
    }

    fn keeps_its_owner(&mut self) -> bool {
        let of_lead = self.subject.lead.get("owner").and_then(Value::as_str);
        let told = self.subject.ties.contact.filter(|tie| tie.since.is_none());
        let (owner, of) = match (of_lead, told) {
            (Some(owner), _) => (owner, "lead"),
            (None, Some(tie)) => (tie.owner, "contact"),
            (None, None) => return false,
        };
        let gate = self.gates.active(owner);
        self.say(match &gate {
            None => format!("{owner} owns the {of} already and is active."),
            Some(gate) => format!("{owner} owned the {of} but is {gate}."),
        });
        let trace = OwnerTrace {
            owner,
            of,
            since: None,
            gate: gate.as_ref(),
        };
        trace.write("keep_owner", &mut self.found.trace);
        self.is_found(owner, gate.is_none())
    }

    fn returns_to_last_owner(&mut self, days: u32) -> bool {
        let Some(tie) = self.subject.ties.contact else {
            return false;
        };
        let Some(since) = tie.since else {
            return false;
        };
        let age = self.subject.now.duration_since(since);
        if age > SignedDuration::from_hours(24 * i64::from(days)) {
            return false;
        }
        let owner = tie.owner;
        let gate = self.gates.present(owner);
        self.say(match &gate {
            None => format!("{owner} had the contact's last lead within {days} days."),
            Some(gate) => format!("{owner} had the contact's last lead but is {gate}."),
        });
        let trace = OwnerTrace {
            owner,
            of: "contact",
            since: Some(since),
            gate: gate.as_ref(),
        };
        trace.write("last_owner", &mut self.found.trace);
        self.is_found(owner, gate.is_none())
    }

    fn joins_its_company(&mut self) -> bool {
        let Some((owner, _)) = self.subject.ties.company else {
            return false;
        };
        let gate = self.gates.present(owner);
        self.say(match &gate {
            None => format!("{owner} has the leads of the contact's company."),
            Some(gate) => format!("{owner} has the leads of the contact's company but is {gate}."),
        });
        let trace = OwnerTrace {
            owner,
            of: "company",
            since: None,
            gate: gate.as_ref(),
        };
        trace.write("company_owner", &mut self.found.trace);
        self.is_found(owner, gate.is_none())
    }

    fn is_found(&mut self, owner: &'a str, found: bool) -> bool {
        if found {
            self.found.owner = Some(owner);
        }
        found
    }

    /// The rules in order; whether one of them ended the search.
    fn asks_rules(&mut self, rules: &'a Compiled) -> bool {
        let subject = self.subject;
        let facts = Facts::new(subject);
        rules.rules.iter().any(|rule| self.asks_rule(rule, &facts))
    }

    fn asks_rule(&mut self, rule: &'a CompiledRule, facts: &Facts<'a>) -> bool {
        let trace = &mut self.found.trace;
        trace.raw(if self.asked > 0 { "," } else { "" });
        trace.raw(&rule.head);
        let matched = match &rule.when {
            Some(test) => test.ask(facts, trace),
            None => {
                trace.raw("null");
                true
            }
        };
        if matched {
            trace.raw(",\"matched\":true");
            self.found.matched.push(self.asked);
        } else {
            trace.raw(",\"matched\":false");
        }
        let ended = matched && self.asks_target(rule);
        self.found.trace.raw("}");
        self.asked += 1;
        ended
    }

    fn asks_target(&mut self, rule: &'a CompiledRule) -> bool {
        self.found.trace.member("target", &rule.assign);
        let choice = self.choose(rule);
        let said = |but: &str, what: &str| format!("Rule \"{}\" matched{but} {what}.", rule.name);
        if choice.behind > 0 {
            self.found.trace.member("behind", &choice.behind);
            let why = "older leads wait for the same people, so it waits its turn";
            self.say(said(", but", why));
            self.waits(rule);
            return true;
        }
        if let Some(rep) = choice.rep {
            self.say(said(":", &choice.why));
            self.found.trace.member("chosen", rep);
            self.found.rule = Some(rule);
            self.found.team = choice.team;
            return self.is_found(rep, true);
        }
        self.found.trace.member("none_eligible", &rule.on_none);
        match &rule.on_none {
            OnNoneEligible::Policy(NoneEligible::Park) if !self.subject.is_test() => {
                self.say(said(
                    ", but",
                    &format!("{}, so it waits for them", choice.why),
                ));
                self.waits(rule);
                true
            }
            OnNoneEligible::Policy(_) => {
                self.say(said(", but", &choice.why));
                self.asked_in_vain.push(&rule.key);
                false
            }
            OnNoneEligible::Rep(target) => {
                let rep = target.rep.as_str();
                let gate = self.gates.active(rep);
                let instead = match &gate {
                    None => format!("{}: it goes to {rep} instead", choice.why),
                    Some(gate) => format!("{}, and {rep}, who stands in, is {gate}", choice.why),
                };
                self.say(said(", but", &instead));
                self.asked_in_vain.push(&rule.key);
                if gate.is_none() {
                    self.found.trace.member("chosen", rep);
                    self.found.rule = Some(rule);
                }
                self.is_found(rep, gate.is_none())
            }
        }
    }

    /// It waits for what was asked in vain so far, and for the target of this rule.
    fn waits(&mut self, rule: &'a CompiledRule) {
        self.asked_in_vain.push(&rule.key);
        self.found.rule = Some(rule);
        self.found.route = Some(self.route());
    }

    fn route(&self) -> String {
        let mut route = String::new();
        for key in &self.asked_in_vain {
            if !route.is_empty() {
                route.push(THEN);
            }
            route.push_str(key);
        }
        route
    }

    fn gives_up(&mut self) {
        let asked = !self.asked_in_vain.is_empty();
        let waits = asked && !self.subject.is_test();
        let sentence = match (asked, waits) {
            (true, true) => "Nobody else could take it, so it waits for the first of them.",
            (true, false) => "Nobody else could take it, so nobody owns it.",
            (false, _) if self.asked == 0 => {
                "There are no assignment rules yet, so nobody owns it."
            }
            (false, _) => "No rule matched, so nobody owns it.",
        };
        self.say(sentence.to_owned());
        if waits {
            self.found.route = Some(self.route());
        }
    }

    fn end(mut self) -> Deliberation<'a> {
        self.found.day = self.found.owner.and_then(|owner| self.gates.day(owner));
        self.found
    }

    pub(super) fn draws(&mut self, draw: Draw<'a>) {
        self.found.draw = Some(draw);
    }

    fn say(&mut self, sentence: String) {
        self.found.sentences.push(sentence);
    }

    /// Older leads that wait for a target, this one aside; 0 for a test lead, which takes nothing from them.
    pub(super) fn older(&self, key: &'a str) -> u64 {
        if self.subject.is_test() {
            return 0;
        }
        let ledger = self.people.ledger;
        let own = self.subject.waiting;
        let is_older = |line: &&Line| own.is_none_or(|own| (line.since, line.head) < own);
        let lines = ledger.waits_for(key).filter(is_older);
        lines.map(|line| line.count).sum()
    }

    /// Adds to the trace.
    pub(super) fn trace(&mut self) -> &mut Text {
        &mut self.found.trace
    }

    /// The first gate in the way of a rep who is asked for alone.
    pub(super) fn gate(&mut self, rep: &str, asked: &Asked<'_>) -> Option<Gate> {
        let place = self.people.roster.place(rep);
        let load = self.gates.load(rep);
        self.gates.all(place, load, asked)
    }
}
