//! The past once more: real leads in the order in which they came, under a rule set that did not decide them.
//!
//! It begins with an empty ledger and a clock that jumps from lead to lead. Leads are open from when they came until
//! they were really closed; whether and when somebody accepted one is not played again.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, VecDeque};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::assign::company;
use crate::assign::compile::Compiled;
use crate::assign::deliberate::deliberate;
use crate::assign::roster::Roster;
use crate::assign::trace::Text;
use crate::assign::{People, Subject, Tie, Ties};
use crate::model::desk::{Given, Ledger, Line};
use crate::model::record::Fields;

/// How often a line of waiting leads is looked at while nothing else happens.
const LOOK: SignedDuration = SignedDuration::from_mins(15);

/// A lead of the past, without what the desk made of it.
#[derive(Debug, Clone)]
pub struct PastLead {
    pub id: Uuid,
    /// When it came.
    pub at: Timestamp,
    /// As it came: without an owner that the desk or a person gave it, and new.
    pub lead: Fields,
    pub contact: Option<PastContact>,
    pub event: Fields,
    pub orders: Fields,
    /// When it was closed, if it is.
    pub closed: Option<Timestamp>,
}

/// The contact of a lead.
#[derive(Debug, Clone)]
pub struct PastContact {
    pub id: Uuid,
    pub fields: Fields,
    /// The owner by the word of a sender or a person.
    pub owner: Option<String>,
}

/// What became of a lead.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fate {
    /// `None` when nobody could take it to the end.
    pub owner: Option<String>,
    /// The rule that decided.
    pub rule: Option<String>,
    /// Places of the rules that matched.
    pub matched: Vec<usize>,
    /// It had to wait.
    pub waited: bool,
}

/// Plays leads, which are in the order of their times, up to `now`: what became of each.
pub fn simulate(
    rules: &Compiled,
    roster: &Roster,
    leads: &[PastLead],
    now: Timestamp,
) -> Vec<Fate> {
    let mut play = Play {
        rules,
        roster,
        leads,
        fates: vec![Fate::default(); leads.len()],
        ledger: Ledger::default(),
        contacts: HashMap::new(),
        companies: HashMap::new(),
        closings: BinaryHeap::new(),
        waiting: BTreeMap::new(),
        looked: Timestamp::MIN,
    };
    for (nth, lead) in leads.iter().enumerate() {
        play.time_passes(lead.at);
        if play.arrives(nth, lead) {
            play.drain(lead.at);
        }
    }
    play.time_passes(now);
    play.drain(now);
    play.fates
}

struct Play<'a> {
    rules: &'a Compiled,
    roster: &'a Roster,
    leads: &'a [PastLead],
    fates: Vec<Fate>,
    ledger: Ledger,
    /// Who had the last lead of a contact, and when.
    contacts: HashMap<Uuid, (String, Timestamp)>,
    companies: HashMap<String, String>,
    /// When open leads are closed, and whose they are.
    closings: BinaryHeap<Reverse<(Timestamp, String)>>,
    /// Places of waiting leads by route, oldest first.
    waiting: BTreeMap<String, VecDeque<usize>>,
    looked: Timestamp,
}

/// What a decision does to the ledger.
struct Step {
    owner: Option<String>,
    day: i32,
    route: Option<String>,
}

impl Play<'_> {
    /// Closes what was closed meanwhile, and looks whether somebody who was waited for is there.
    fn time_passes(&mut self, now: Timestamp) {
        let mut freed = false;
        while let Some(Reverse((at, _))) = self.closings.peek()
            && *at <= now
            && let Some(Reverse((_, rep))) = self.closings.pop()
        {
            self.ledger.open(&rep, -1);
            freed = true;
        }
        let is_due = now.duration_since(self.looked) >= LOOK;
        if !self.waiting.is_empty() && (freed || is_due) {
            self.drain(now);
        }
    }

    /// Decides a lead that comes; whether it waits though somebody is there, behind older ones.
    fn arrives(&mut self, nth: usize, lead: &PastLead) -> bool {
        let step = self.decide(nth, lead, lead.at, None);
        let Some(route) = step.route else {
            self.given(lead, step.owner, step.day, lead.at);
            return false;
        };
        let goes_behind = self.ledger.lines().iter().any(|line| line.route == route);
        if let Some(fate) = self.fates.get_mut(nth) {
            fate.waited = true;
        }
        self.waiting
            .entry(route.clone())
            .or_default()
            .push_back(nth);
        self.count(&route);
        goes_behind
    }

    fn decide(
        &mut self,
        nth: usize,
        lead: &PastLead,
        now: Timestamp,
        waiting: Option<(Timestamp, Uuid)>,
    ) -> Step {
        let contact = lead.contact.as_ref();
        let domain = contact.and_then(|it| self.rules.free_mail().company_of(&it.fields));
        let company_owner = domain
            .as_ref()
            .and_then(|domain| self.companies.get(domain));
        let company_owner = company_owner.map(String::as_str);
        let company = contact.map_or_else(Fields::new, |it| {
            company::fields(&it.fields, domain.as_deref(), company_owner)
        });
        let tie = contact.and_then(|it| match (&it.owner, self.contacts.get(&it.id)) {
            (Some(owner), _) => Some(Tie { owner, since: None }),
            (None, Some((owner, at))) => Some(Tie {
                owner,
                since: Some(*at),
            }),
            (None, None) => None,
        });
        let subject = Subject {
            contact: contact.map(|it| &it.fields),
            company: &company,
            orders: &lead.orders,
            ties: Ties {
                contact: tie,
                company: company_owner.zip(domain.as_deref()),
            },
            waiting,
            ..Subject::new(&lead.lead, &lead.event, now)
        };
        let people = People {
            roster: self.roster,
            ledger: &self.ledger,
        };
        let found = deliberate(self.rules, &people, &subject, Text::none());
        if let Some(fate) = self.fates.get_mut(nth) {
            fate.owner = found.owner.map(str::to_owned);
            fate.rule = found.rule_name().map(str::to_owned);
            fate.matched.clone_from(&found.matched);
        }
        let step = Step {
            owner: found.owner.map(str::to_owned),
            day: found.day.unwrap_or(0),
            route: found.route.clone(),
        };
        let turns = found.turns().to_vec();
        for turn in &turns {
            self.ledger.put_turn(turn);
        }
        step
    }

    fn given(&mut self, lead: &PastLead, owner: Option<String>, day: i32, at: Timestamp) {
        let Some(rep) = owner else {
            return;
        };
        if let Some(contact) = &lead.contact {
            self.contacts.insert(contact.id, (rep.clone(), at));
            if let Some(domain) = self.rules.free_mail().company_of(&contact.fields) {
                self.companies.entry(domain).or_insert_with(|| rep.clone());
            }
        }
        if lead.closed.is_none_or(|closed| closed > at) {
            self.ledger.open(&rep, 1);
            self.closings
                .extend(lead.closed.map(|closed| Reverse((closed, rep.clone()))));
        }
        self.ledger.give(&Given {
            rep,
            day,
            count: 1,
            at: Some(at),
        });
    }

    /// Gives waiting leads to whom is there now, the longest waiting first.
    fn drain(&mut self, now: Timestamp) {
        self.looked = now;
        let mut in_vain: Vec<String> = Vec::new();
        loop {
            let lines = self.ledger.lines().iter();
            let lines = lines.filter(|line| !in_vain.contains(&line.route));
            let Some(line) = lines.min_by_key(|line| (line.since, line.head)).cloned() else {
                return;
            };
            if !self.serves(&line, now) {
                in_vain.push(line.route);
            }
        }
    }

    /// Decides the first of a line again; `false` when nobody is there for it.
    fn serves(&mut self, line: &Line, now: Timestamp) -> bool {
        let place = self
            .waiting
            .get(&line.route)
            .and_then(|line| line.front())
            .copied();
        let leads = self.leads;
        let Some((nth, lead)) = place.and_then(|nth| Some((nth, leads.get(nth)?))) else {
            return false;
        };
        let step = self.decide(nth, lead, now, Some((lead.at, lead.id)));
        if step.route.is_some() {
            return false;
        }
        let queue = self.waiting.get_mut(&line.route);
        if queue.is_some_and(|queue| queue.pop_front().is_some() && queue.is_empty()) {
            self.waiting.remove(&line.route);
        }
        self.count(&line.route);
        self.given(lead, step.owner, step.day, now);
        true
    }

    /// Tells the ledger how long a line is.
    fn count(&mut self, route: &str) {
        let queue = self.waiting.get(route);
        let first = queue.and_then(|queue| self.leads.get(*queue.front()?));
        let line = first.map(|lead| Line {
            route: route.to_owned(),
            count: queue.map_or(0, |queue| queue.len() as u64),
            head: lead.id,
            since: lead.at,
        });
        self.ledger.put_line(route, line);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::{Fate, PastContact, PastLead, simulate};
    use crate::assign::compile::compile;
    use crate::assign::roster::Roster;
    use crate::model::record::Fields;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// A lead of the contact number `contact`.
    fn lead(n: u128, came: &str, contact: u128) -> PastLead {
        PastLead {
            id: Uuid::from_u128(n),
            at: at(came),
            lead: Fields::new(),
            contact: Some(PastContact {
                id: Uuid::from_u128(contact),
                fields: Fields::new(),
                owner: None,
            }),
            event: Fields::new(),
            orders: Fields::new(),
            closed: None,
        }
    }

    fn play(set: Value, leads: &[PastLead]) -> Vec<Fate> {
        let reps = json!([
            {"handle": "ana", "name": "Ana", "time_zone": "Europe/Madrid", "hours": {"thu": ["09:00-18:00"]}, "caps": {"open": 2}},
            {"handle": "rui", "name": "Rui"}, {"handle": "eva", "name": "Eva"},
        ]);
        let teams =
            json!([{"handle": "all", "name": "All", "members": [{"rep": "rui"}, {"rep": "eva"}]}]);
        let roster = Roster::new(
            Arc::new(serde_json::from_value(reps).unwrap()),
            Arc::new(serde_json::from_value(teams).unwrap()),
        );
        let rules = compile(&serde_json::from_value(set).unwrap()).unwrap();
        simulate(&rules, &roster, leads, at("2026-11-27T12:00:00Z"))
    }

    fn owners(fates: &[Fate]) -> Vec<&str> {
        fates
            .iter()
            .map(|fate| fate.owner.as_deref().unwrap_or("-"))
            .collect()
    }

    #[test]
    fn a_line_is_served_oldest_first_when_somebody_comes_and_caps_free() {
        let set = json!({"version": 1, "rules": [
            {"name": "Ana's", "assign": {"rep": "ana"}, "on_none_eligible": "park"}]});
        // Ana works on Thursday the 26th from 8:00 UTC, and two leads are her limit.
        let mut leads = [
            lead(1, "2026-11-25T20:00:00Z", 1),
            lead(2, "2026-11-25T21:00:00Z", 2),
            lead(3, "2026-11-25T22:00:00Z", 3),
            lead(4, "2026-11-26T09:00:00Z", 4),
            lead(5, "2026-11-26T15:00:00Z", 5),
        ];
        leads[0].closed = Some(at("2026-11-26T14:00:00Z"));
        let fates = play(set, &leads);
        assert_eq!(owners(&fates), ["ana", "ana", "ana", "-", "-"]);
        let waited: Vec<bool> = fates.iter().map(|fate| fate.waited).collect();
        assert_eq!(waited, [true; 5]);
    }

    #[test]
    fn contacts_return_to_their_rep_and_others_go_round() {
        let set = |days: Value| {
            json!({"version": 1, "last_owner_days": days, "rules": [
            {"name": "All", "assign": {"team": "all"}}]})
        };
        let leads = [
            lead(1, "2026-11-25T08:00:00Z", 1),
            lead(2, "2026-11-25T09:00:00Z", 1),
            lead(3, "2026-11-25T10:00:00Z", 2),
            lead(4, "2026-11-26T11:00:00Z", 1),
        ];
        assert_eq!(
            owners(&play(set(json!(1)), &leads)),
            ["eva", "eva", "rui", "eva"]
        );
        assert_eq!(
            owners(&play(set(Value::Null), &leads)),
            ["eva", "rui", "eva", "rui"]
        );
        assert_eq!(play(set(json!(1)), &leads)[0].rule.as_deref(), Some("All"));
        assert_eq!(play(set(json!(1)), &leads)[1].rule, None);
    }
}
