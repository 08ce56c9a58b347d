//! One rule's target: who of it passes the gates, and who of those it is.

use crate::assign::compile::CompiledRule;
use crate::assign::deliberate::{Course, Draw};
use crate::assign::fewest::{Loaded, fewest};
use crate::assign::gate::{Asked, Gate};
use crate::assign::roster::{Pool, Seat};
use crate::assign::round_robin::{self, Candidate};
use crate::assign::trace::{CandidateTrace, RuleTrace};
use crate::model::desk::Load;
use crate::model::people::{HoursPolicy, Member, Team};
use crate::model::rules::{Strategy, Target};

/// What a target gives.
pub(super) struct Choice<'a> {
    pub(super) rep: Option<&'a str>,
    pub(super) team: Option<&'a Team>,
    /// Half a sentence.
    pub(super) why: String,
}

const TIE: &str = "as few as another's: the longest since the last lead, then the first handle";

impl<'a> Course<'a> {
    /// Asks the target of a rule. When somebody is eligible but older leads wait, `trace.behind` says how many and
    /// nobody is chosen.
    pub(super) fn choose(
        &mut self,
        rule: &'a CompiledRule,
        trace: &mut RuleTrace<'a>,
    ) -> Choice<'a> {
        match &rule.assign {
            Target::Rep(target) => self.choose_rep(rule, &target.rep, trace),
            Target::Team(target) => match self.people.roster.pool(&target.team) {
                Some(pool) => {
                    let strategy = target.strategy.or(pool.team.strategy).unwrap_or_default();
                    trace.strategy = Some(strategy);
                    self.choose_member(rule, pool, strategy, trace)
                }
                None => nobody(format!("team {} does not exist", target.team)),
            },
        }
    }

    fn choose_rep(
        &mut self,
        rule: &'a CompiledRule,
        rep: &'a str,
        trace: &mut RuleTrace<'a>,
    ) -> Choice<'a> {
        let asked = Asked {
            skills: &[],
            hours: HoursPolicy::Own,
            passed: self.subject.passed,
        };
        let gate = self.gate(rep, &asked);
        let choice = match &gate {
            Some(gate) => nobody(format!("{rep} is {gate}")),
            None => {
                trace.behind = Some(self.older(&rule.key)).filter(|older| *older > 0);
                Choice {
                    rep: Some(rep),
                    team: None,
                    why: format!("it goes to {rep}"),
                }
            }
        };
        trace.candidates = vec![CandidateTrace {
            rep,
            weight: None,
            count: None,
            gate,
        }];
        choice
    }

    fn choose_member(
        &mut self,
        rule: &'a CompiledRule,
        pool: Pool<'a>,
        strategy: Strategy,
        trace: &mut RuleTrace<'a>,
    ) -> Choice<'a> {
        let asked = Asked {
            skills: &rule.skills,
            hours: pool.team.hours,
            passed: self.subject.passed,
        };
        let mut eligible = Vec::with_capacity(pool.seats.len());
        trace.candidates.reserve(pool.seats.len());
        for (member, seat) in pool.team.members.iter().zip(pool.seats) {
            let load = self.gates.load(&member.rep);
            let gate = self.gate_of(member, (*seat, load), &asked);
            let loaded = self.loaded(member, (*seat, load), pool.team, strategy);
            trace.candidates.push(CandidateTrace {
                rep: &member.rep,
                weight: Some(member.weight),
                count: (strategy != Strategy::RoundRobin).then_some(loaded.count),
                gate: gate.clone(),
            });
            if gate.is_none() {
                eligible.push(loaded);
            }
        }
        let team = pool.team;
        if eligible.is_empty() {
            return nobody(nobody_of(team, &trace.candidates));
        }
        trace.behind = Some(self.older(&rule.key)).filter(|older| *older > 0);
        if trace.behind.is_some() {
            return nobody(String::new());
        }
        let (rep, why) = self.apply(strategy, team, &eligible, trace);
        Choice {
            rep,
            team: Some(team),
            why,
        }
    }

    fn apply(
        &mut self,
        strategy: Strategy,
        team: &'a Team,
        eligible: &[Loaded<'a>],
        trace: &mut RuleTrace<'a>,
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
        trace.tie_break = tie.then_some(TIE);
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
        why,
    }
}

/// Names who was passed over and why, as far as a sentence can hold it.
fn nobody_of(team: &Team, candidates: &[CandidateTrace<'_>]) -> String {
    let name = &team.handle;
    match candidates {
        [] => format!("team {name} has no members"),
        few if few.len() <= 3 => {
            let gates = few
                .iter()
                .filter_map(|it| Some((it.rep, it.gate.as_ref()?)));
            let each: Vec<String> = gates
                .map(|(rep, gate)| format!("{rep} is {gate}"))
                .collect();
            format!("nobody of team {name} is eligible ({})", each.join("; "))
        }
        _ => format!("nobody of team {name} is eligible"),
    }
}
