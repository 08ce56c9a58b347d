//! The course of a decision: the steps before the rules, the rules in order, what remains when nobody is found.

use jiff::SignedDuration;
use serde_json::Value;

use crate::assign::compile::{Compiled, CompiledRule};
use crate::assign::condition::Facts;
use crate::assign::gate::{Asked, Gate, Gates};
use crate::assign::trace::{DecisionTrace, OwnerTrace, RuleTrace, TurnsTrace};
use crate::assign::{Decision, People, Subject};
use crate::model::desk::{Line, THEN};
use crate::model::people::{Team, Turn};
use crate::model::rules::{NoneEligible, OnNoneEligible};

/// A decision with everything that led to it, not written down yet.
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
    trace: DecisionTrace<'a>,
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
}

/// Goes through steps and rules until somebody is found, or the lead has to wait.
pub fn deliberate<'a>(
    rules: &'a Compiled,
    people: &People<'a>,
    subject: &'a Subject<'a>,
) -> Deliberation<'a> {
    let mut course = Course {
        people: *people,
        subject,
        gates: Gates::new(people.roster, people.ledger, subject.now),
        found: Deliberation::begin(rules, subject),
        asked_in_vain: Vec::new(),
    };
    if !course.keeps_owner(rules) && !course.asks_rules(rules) {
        course.gives_up();
    }
    course.end()
}

impl<'a> Deliberation<'a> {
    fn begin(rules: &Compiled, subject: &Subject<'a>) -> Self {
        Deliberation {
            owner: None,
            rule: None,
            team: None,
            version: rules.version,
            route: None,
            day: None,
            sentences: Vec::new(),
            trace: DecisionTrace {
                rule_set_version: rules.version,
                at: subject.now,
                test: subject.is_test(),
                passed: subject.passed,
                keep_owner: None,
                last_owner: None,
                company_owner: None,
                rules: Vec::with_capacity(rules.rules.len()),
            },
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

    /// Places of the rules that matched.
    pub fn matched(&self) -> impl Iterator<Item = usize> + '_ {
        let asked = self.trace.rules.iter().enumerate();
        asked.filter(|(_, rule)| rule.matched).map(|(nth, _)| nth)
    }

    /// The decision, written down.
    pub(super) fn write(self) -> Decision {
        let is_test = self.trace.test;
        let mut reason = self.sentences.join(" ");
        if is_test && self.draw.is_some() {
            reason.push_str(" It is a test lead, so no turn was spent.");
        }
        let turns = self.draw.as_ref().map(|draw| TurnsTrace {
            team: draw.team,
            before: draw.before,
            after: &draw.after,
        });
        let trace = self.trace.write(turns, self.route.as_deref());
        let spent = self.draw.map_or_else(Vec::new, |draw| draw.after);
        Decision {
            owner: self.owner.map(str::to_owned),
            rule: self.rule.map(|rule| rule.name.clone()),
            team: self.team.map(|team| team.handle.clone()),
            rule_set_version: self.version,
            reason,
            trace,
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
        let kept = gate.is_none();
        self.found.trace.keep_owner = Some(OwnerTrace {
            owner,
            of,
            since: None,
            gate,
            kept,
        });
        self.is_found(owner, kept)
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
        let kept = gate.is_none();
        self.found.trace.last_owner = Some(OwnerTrace {
            owner,
            of: "contact",
            since: Some(since),
            gate,
            kept,
        });
        self.is_found(owner, kept)
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
        let kept = gate.is_none();
        self.found.trace.company_owner = Some(OwnerTrace {
            owner,
            of: "company",
            since: None,
            gate,
            kept,
        });
        self.is_found(owner, kept)
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
        let (matched, when) = match &rule.when {
            Some(test) => {
                let (matched, trace) = test.ask(facts);
                (matched, Some(trace))
            }
            None => (true, None),
        };
        let mut trace = RuleTrace {
            head: &rule.head,
            when,
            matched,
            target: None,
            strategy: None,
            candidates: Vec::new(),
            tie_break: None,
            behind: None,
            none_eligible: None,
            chosen: None,
        };
        let ended = matched && self.asks_target(rule, &mut trace);
        self.found.trace.rules.push(trace);
        ended
    }

    fn asks_target(&mut self, rule: &'a CompiledRule, trace: &mut RuleTrace<'a>) -> bool {
        trace.target = Some(&rule.assign);
        let choice = self.choose(rule, trace);
        let said = |but: &str, what: &str| format!("Rule \"{}\" matched{but} {what}.", rule.name);
        if trace.behind.is_some() {
            let why = "older leads wait for the same people, so it waits its turn";
            self.say(said(", but", why));
            self.waits(rule);
            return true;
        }
        if let Some(rep) = choice.rep {
            self.say(said(":", &choice.why));
            trace.chosen = Some(rep);
            self.found.rule = Some(rule);
            self.found.team = choice.team;
            return self.is_found(rep, true);
        }
        trace.none_eligible = Some(&rule.on_none);
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
                    trace.chosen = Some(rep);
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
            (false, _) if self.found.trace.rules.is_empty() => {
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

    /// The first gate in the way of a rep who is asked for alone.
    pub(super) fn gate(&mut self, rep: &str, asked: &Asked<'_>) -> Option<Gate> {
        let place = self.people.roster.place(rep);
        let load = self.gates.load(rep);
        self.gates.all(place, load, asked)
    }
}
