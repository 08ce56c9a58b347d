//! One rule's target: who of it passes the gates, and who of those it is.

use crate::assign::compile::CompiledRule;
use crate::assign::deliberate::{Course, Draw};
use crate::assign::fewest::{Loaded, fewest};
use crate::assign::gate::{Asked, Gate};
use crate::assign::roster::{Pool, Seat};
use crate::assign::round_robin::{self, Candidate};
use crate::assign::trace::CandidateTrace;
use crate::model::desk::Load;
use crate::model::people::{HoursPolicy, Member, Team};
use crate::model::rules::{Strategy, Target};

/// What a target gives.
pub(super) struct Choice<'a> {
    pub(super) rep: Option<&'a str>,
    pub(super) team: Option<&'a Team>,
    /// Older leads that wait for the same target and go first: then nobody is chosen, though somebody is eligible.
    pub(super) behind: u64,
    /// Half a sentence.
    pub(super) why: String,
}

/// Members that a sentence names at most.
const NAMED: usize = 3;

const TIE: &str = "as few as another's: the longest since the last lead, then the first handle";

impl<'a> Course<'a> {
    /// Asks the target of a rule.
    pub(super) fn choose(&mut self, rule: &'a CompiledRule) -> Choice<'a> {
        match &rule.assign {
            Target::Rep(target) => self.choose_rep(rule, &target.rep),
            Target::Team(target) => match self.people.roster.pool(&target.team) {
                Some(pool) => {
                    let strategy = target.strategy.or(pool.team.strategy).unwrap_or_default();
                    self.trace().member("strategy", &strategy);
                    self.choose_member(rule, pool, strategy)
                }
                None => nobody(format!("team {} does not exist", target.team)),
            },
        }
    }

    fn choose_rep(&mut self, rule: &'a CompiledRule, rep: &'a str) -> Choice<'a> {
        let asked = Asked {
            skills: &[],
            hours: HoursPolicy::Own,
            passed: self.subject.passed,
        };
        let gate = self.gate(rep, &asked);
        let trace = CandidateTrace {
            rep,
            weight: None,
            count: None,
            gate: gate.as_ref(),
        };
        let text = self.trace().raw(",\"candidates\":[");
        trace.write(text);
        text.raw("]");
        match &gate {
            Some(gate) => nobody(format!("{rep} is {gate}")),
            None => match self.older(&rule.key) {
                0 => Choice {
                    rep: Some(rep),
                    team: None,
                    behind: 0,
                    why: format!("it goes to {rep}"),
                },
                behind => waits(behind),
            },
        }
    }

    fn choose_member(
        &mut self,
        rule: &'a CompiledRule,
        pool: Pool<'a>,
        strategy: Strategy,
    ) -> Choice<'a> {
        let team = pool.team;
        let (eligible, removed) = self.pass_gates(rule, pool, strategy);
        if eligible.is_empty() {
            return nobody(nobody_of(team, &removed));
        }
        let behind = self.older(&rule.key);
        if behind > 0 {
            return waits(behind);
        }
        let (rep, why) = self.apply(strategy, team, &eligible);
        Choice {
            rep,
            team: Some(team),
            behind: 0,
            why,
        }
    }

    /// The members who may have it, and the first of those who may not.
    fn pass_gates(
        &mut self,
        rule: &'a CompiledRule,
        pool: Pool<'a>,
        strategy: Strategy,
    ) -> (Vec<Loaded<'a>>, Vec<(&'a str, Gate)>) {
        let asked = Asked {
            skills: &rule.skills,
            hours: pool.team.hours,
            passed: self.subject.passed,
        };
        let mut eligible = Vec::with_capacity(pool.seats.len());
        let mut removed = Vec::new();
        self.trace().raw(",\"candidates\":[");
        for (member, seat) in pool.team.members.iter().zip(pool.seats) {
            let load = self.gates.load(&member.rep);
            let gate = self.gate_of(member, (*seat, load), &asked);
            let loaded = self.loaded(member, (*seat, load), pool.team, strategy);
            let is_first = eligible.is_empty() && removed.is_empty();
            let trace = CandidateTrace {
                rep: &member.rep,
                weight: Some(member.weight),
                count: (strategy != Strategy::RoundRobin).then_some(loaded.count),
                gate: gate.as_ref(),
            };
            trace.write(self.trace().raw(if is_first { "" } else { "," }));
            match gate {
                None => eligible.push(loaded),
                Some(gate) if removed.len() <= NAMED => removed.push((loaded.rep, gate)),
                Some(_) => {}
            }
        }
        self.trace().raw("]");
        (eligible, removed)
    }

    fn apply(
        &mut self,
        strategy: Strategy,
        team: &'a Team,
        eligible: &[Loaded<'a>],
    ) -> (Option<&'a str>, String) {
        let name = &team.handle;
        if strategy == Strategy::RoundRobin {
            return match self.take_turn(name, eligible) {
                Some(rep) => (Some(rep), format!("it is {rep}'s turn in team {name}")),
                None => (None, format!("nobody of team {name} is eligible")),
            };
        }
        let Some((rep, tie)) = fewest(eligible) else {
            return (None, format!("nobody of team {name} is eligible"));
        };
        if tie {
            self.trace().member("tie_break", TIE);
        }
        let of_what = match strategy {
            Strategy::FewestInPeriod => "was given the fewest leads",
            Strategy::FewestOpen | Strategy::RoundRobin => "has the fewest open leads",
        };
        (Some(rep), format!("{rep} {of_what} in team {name}"))
    }

    fn take_turn(&mut self, team: &'a str, eligible: &[Loaded<'a>]) -> Option<&'a str> {
        let pool: Vec<Candidate<'a>> = eligible
            .iter()
            .map(|it| Candidate {
                rep: it.rep,
                weight: it.weight,
            })
            .collect();
        let before = self.people.ledger.turns_of(team);
        let taken = round_robin::take(team, &pool, before)?;
        self.draws(Draw {
            team,
            before,
            after: taken.changed,
        });
        Some(taken.rep)
    }

    fn gate_of(
        &mut self,
        member: &Member,
        (seat, load): (Seat, Option<&Load>),
        asked: &Asked<'_>,
    ) -> Option<Gate> {
        match self.gates.all(seat.person, load, asked) {
            None if member.weight == 0 => Some(Gate::NoShare),
            None if seat.again => Some(Gate::Again),
            gate => gate,
        }
    }

    fn loaded(
        &mut self,
        member: &'a Member,
        (seat, load): (Seat, Option<&Load>),
        team: &Team,
        strategy: Strategy,
    ) -> Loaded<'a> {
        let mut loaded = Loaded {
            rep: &member.rep,
            weight: member.weight,
            count: 0,
            last: None,
        };
        if strategy == Strategy::RoundRobin {
            return loaded;
        }
        loaded.last = load.and_then(|load| load.last);
        loaded.count = match (strategy, seat.person) {
            (Strategy::FewestInPeriod, Some(place)) => {
                self.gates
                    .given(place, load, team.period.unwrap_or_default())
            }
            _ => load.map_or(0, |load| load.open),
        };
        loaded
    }
}

fn nobody<'a>(why: String) -> Choice<'a> {
    Choice {
        rep: None,
        team: None,
        behind: 0,
        why,
    }
}

fn waits<'a>(behind: u64) -> Choice<'a> {
    Choice {
        behind,
        ..nobody(String::new())
    }
}

/// Names who was passed over and why, as far as a sentence can hold it.
fn nobody_of(team: &Team, removed: &[(&str, Gate)]) -> String {
    let name = &team.handle;
    if removed.is_empty() {
        return format!("team {name} has no members");
    }
    if removed.len() > NAMED {
        return format!("nobody of team {name} is eligible");
    }
    let each = removed.iter().map(|(rep, gate)| format!("{rep} is {gate}"));
    let each: Vec<String> = each.collect();
    format!("nobody of team {name} is eligible ({})", each.join("; "))
}
