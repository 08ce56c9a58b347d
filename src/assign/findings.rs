//! What is worth a second look in a rule set that may be published: rules that are never reached, people who are never
//! there, fields that nobody fills.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::assign::check::failing;
use crate::assign::compile::{Compiled, CompiledRule};
use crate::assign::implies::{contradiction, implies};
use crate::assign::roster::Roster;
use crate::assign::sample::Sample;
use crate::assign::shift::{HALF_HOURS, half_hours, next_monday};
use crate::assign::words;
use crate::model::people::{HoursPolicy, Rep, Team};
use crate::model::rules::{Comparison, NoneEligible, OnNoneEligible, RuleSet, Target, TeamTarget};
use crate::model::said::Said;

/// One thing to look at.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    pub rule: String,
    pub what: Oddity,
}

/// What it is, with all that is needed to say it.
#[derive(Debug, Clone, PartialEq)]
pub enum Oddity {
    /// Two conditions that exclude each other.
    NeverTrue(Box<(Comparison, Comparison)>),
    UnfilledField(String),
    /// A formula and its error.
    FormulaFails(String, Said),
    /// The earlier rule that takes its leads.
    Shadowed(String),
    /// The earlier rule that takes its leads where somebody of it is eligible.
    AskedSecond(String),
    InactiveRep(String),
    /// The team, and the skills its members lack.
    EmptyPool(String, Vec<String>),
    NobodyOnShift {
        team: String,
        /// In half hours of the week; the end of the last may lie before its beginning. All of it: none is covered.
        gaps: Vec<(usize, usize)>,
        zone: String,
        then: OnNoneEligible,
    },
    /// Reached by none of so many leads of the past.
    NoLead(usize),
}

impl Finding {
    /// Stable, for programs and as a heading.
    pub fn kind(&self) -> &'static str {
        match self.what {
            Oddity::NeverTrue(..) => "never_true",
            Oddity::UnfilledField(_) => "unfilled_field",
            Oddity::FormulaFails(..) => "formula_fails",
            Oddity::Shadowed(_) | Oddity::AskedSecond(_) => "shadowed",
            Oddity::InactiveRep(_) | Oddity::EmptyPool(..) => "empty_pool",
            Oddity::NobodyOnShift { .. } => "nobody_on_shift",
            Oddity::NoLead(_) => "no_lead",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rule = &self.rule;
        match &self.what {
            Oddity::NeverTrue(pair) => {
                let (one, other) = (words::compare(&pair.0), words::compare(&pair.1));
                write!(
                    f,
                    "Rule \"{rule}\" can never match: {one} and {other} exclude each other."
                )
            }
            Oddity::UnfilledField(field) => write!(
                f,
                "Rule \"{rule}\" looks at {field}, which none of the connected sources fills."
            ),
            Oddity::FormulaFails(expr, error) => write!(
                f,
                "Rule \"{rule}\" does not match some leads because `{expr}` fails for them: {error}."
            ),
            Oddity::Shadowed(other) => write!(
                f,
                "Rule \"{rule}\" is never reached: rule \"{other}\" before it matches all of its leads."
            ),
            Oddity::AskedSecond(other) => write!(
                f,
                "Rule \"{rule}\" is asked only when nobody of rule \"{other}\" is eligible: that one matches all of its \
                 leads first."
            ),
            Oddity::InactiveRep(rep) => {
                write!(f, "Rule \"{rule}\" goes to {rep}, who is not active.")
            }
            Oddity::EmptyPool(team, skills) if skills.is_empty() => write!(
                f,
                "Rule \"{rule}\" goes to team {team}, which has no active member."
            ),
            Oddity::EmptyPool(team, skills) => write!(
                f,
                "Rule \"{rule}\" goes to team {team}, which has no active member with {}.",
                skills.join(", ")
            ),
            Oddity::NobodyOnShift {
                team,
                gaps,
                zone,
                then,
            } => write!(
                f,
                "Nobody of team {team} is on shift at {} ({zone}); then, in rule \"{rule}\", {}.",
                english(gaps),
                words::none_eligible(then)
            ),
            Oddity::NoLead(leads) => write!(
                f,
                "Rule \"{rule}\" would have been reached by none of the {leads} leads."
            ),
        }
    }
}

/// A finding as programs get it.
#[derive(Serialize, utoipa::ToSchema)]
pub struct FindingView {
    /// `never_true`, `shadowed`, `empty_pool`, `nobody_on_shift`, `unfilled_field`, `formula_fails` or `no_lead`.
    kind: &'static str,
    rule: String,
    /// What it is and why it matters.
    sentence: String,
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let view = FindingView {
            kind: self.kind(),
            rule: self.rule.clone(),
            sentence: self.to_string(),
        };
        view.serialize(serializer)
    }
}

/// What to look at in the light of the people, and of the fields that some source fills (`lead.budget`,
/// `contact.address.country`; `lead.custom` stands for all of that object).
pub fn findings(
    set: &RuleSet,
    compiled: &Compiled,
    roster: &Roster,
    filled: &BTreeSet<String>,
    now: Timestamp,
) -> Vec<Finding> {
    let mut looking = Looking {
        set,
        roster,
        filled,
        now,
        found: Vec::new(),
    };
    for (nth, rule) in compiled.rules.iter().enumerate() {
        looking.condition(nth, rule);
        looking.shadow(nth, rule);
        looking.target(rule);
    }
    looking.found
}

struct Looking<'a> {
    set: &'a RuleSet,
    roster: &'a Roster,
    filled: &'a BTreeSet<String>,
    now: Timestamp,
    found: Vec<Finding>,
}

impl Looking<'_> {
    fn find(&mut self, rule: &CompiledRule, what: Oddity) {
        self.found.push(Finding {
            rule: rule.name.clone(),
            what,
        });
    }

    fn condition(&mut self, nth: usize, rule: &CompiledRule) {
        let Some(test) = &rule.when else {
            return;
        };
        let written = self.set.rules.get(nth).and_then(|rule| rule.when.as_ref());
        if let Some((one, other)) = written.and_then(contradiction) {
            let pair = Box::new((one.clone(), other.clone()));
            self.find(rule, Oddity::NeverTrue(pair));
        }
        let mut fields = Vec::new();
        test.fields(&mut fields);
        fields.sort();
        fields.dedup();
        for field in fields.iter().filter(|field| !is_filled(field, self.filled)) {
            self.find(rule, Oddity::UnfilledField(field.clone()));
        }
        let mut fails = failing(test, &Sample::empty());
        fails.extend(failing(test, &Sample::full()));
        fails.dedup();
        for (expr, error) in fails {
            self.find(rule, Oddity::FormulaFails(expr, error));
        }
    }

    /// An earlier rule that takes every lead of this one.
    fn shadow(&mut self, nth: usize, rule: &CompiledRule) {
        let Some(own) = self.set.rules.get(nth).and_then(|rule| rule.when.as_ref()) else {
            return;
        };
        let mut earlier = self.set.rules.iter().take(nth);
        let Some(first) =
            earlier.find(|it| it.when.as_ref().is_none_or(|wider| implies(own, wider)))
        else {
            return;
        };
        let other = first.name.clone();
        let passes_on = first.on_none_eligible == OnNoneEligible::Policy(NoneEligible::NextRule);
        let what = match passes_on {
            true => Oddity::AskedSecond(other),
            false => Oddity::Shadowed(other),
        };
        self.find(rule, what);
    }

    fn target(&mut self, rule: &CompiledRule) {
        match &rule.assign {
            Target::Rep(target) => {
                let is_active = self.roster.rep(&target.rep).is_some_and(|rep| rep.active);
                if !is_active {
                    self.find(rule, Oddity::InactiveRep(target.rep.clone()));
                }
            }
            Target::Team(target) => {
                if let Some(team) = self.roster.team(&target.team) {
                    self.team(rule, target, team);
                }
            }
        }
    }

    fn team(&mut self, rule: &CompiledRule, target: &TeamTarget, team: &Team) {
        let members = team.members.iter().filter_map(|member| {
            let place = self.roster.place(&member.rep)?;
            let has = self.roster.skills(place);
            let fits = rule.skills.iter().all(|skill| has.contains(skill));
            self.roster.at(place).filter(|rep| rep.active && fits)
        });
        let members: Vec<&Rep> = members.collect();
        if members.is_empty() {
            let what = Oddity::EmptyPool(team.handle.clone(), target.skills.clone());
            return self.find(rule, what);
        }
        if team.hours == HoursPolicy::Ignore {
            return;
        }
        if let Some((gaps, zone)) = self.gaps(&members) {
            let what = Oddity::NobodyOnShift {
                team: team.handle.clone(),
                gaps,
                zone,
                then: rule.on_none.clone(),
            };
            self.find(rule, what);
        }
    }

    /// When in a week nobody works, by the clock of the first member.
    fn gaps(&self, members: &[&Rep]) -> Option<(Vec<(usize, usize)>, String)> {
        let first = members.first()?;
        let zone = self.roster.zone(&first.handle)?;
        let start = next_monday(zone, self.now);
        let mut covered = vec![false; HALF_HOURS];
        for rep in members {
            let works = half_hours(rep, self.roster.zone(&rep.handle)?, start);
            for (covered, works) in covered.iter_mut().zip(works) {
                *covered |= works;
            }
        }
        let gaps = uncovered(&covered);
        (!gaps.is_empty()).then(|| (gaps, first.time_zone.clone()))
    }
}

/// Stretches of half hours that are not covered; one over the end of the week goes on at its beginning.
fn uncovered(covered: &[bool]) -> Vec<(usize, usize)> {
    let count = covered.len();
    let at = |nth: usize| covered.get(nth % count.max(1)).copied().unwrap_or(true);
    if covered.iter().all(|it| !it) {
        return vec![(0, count)];
    }
    let starts = (0..count).filter(|nth| !at(*nth) && at(nth + count - 1));
    starts
        .map(|start| {
            let end = (start..).find(|nth| at(*nth)).unwrap_or(start);
            (start, end % count)
        })
        .collect()
}

fn english(gaps: &[(usize, usize)]) -> String {
    let stretch = |&(start, end): &(usize, usize)| match end {
        HALF_HOURS => "any time of the week".to_owned(),
        end => format!("{}–{}", half_hour(start), half_hour(end)),
    };
    let gaps: Vec<String> = gaps.iter().map(stretch).collect();
    gaps.join(", ")
}

fn half_hour(nth: usize) -> String {
    let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let day = days.get(nth / 48).copied().unwrap_or("Mon");
    let minutes = nth % 48 * 30;
    format!("{day} {:02}:{:02}", minutes / 60, minutes % 60)
}

/// Whether a field, or the whole of which it is a part, is filled; what the gateway itself knows always is.
fn is_filled(field: &str, filled: &BTreeSet<String>) -> bool {
    let (root, rest) = field.split_once('.').unwrap_or((field, ""));
    let is_our_own = matches!(root, "event" | "company" | "orders")
        || matches!(
            rest,
            "" | "owner" | "status" | "source" | "contact" | "full_name"
        );
    if is_our_own {
        return true;
    }
    let mut path = field;
    loop {
        if filled.contains(path) {
            return true;
        }
        match path.rsplit_once('.') {
            Some((whole, _)) if whole.contains('.') => path = whole,
            _ => break,
        }
    }
    // A condition on a whole, where only its parts are filled.
    let parts = format!("{field}.");
    filled
        .range(parts.clone()..)
        .next()
        .is_some_and(|it| it.starts_with(&parts))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::{findings, is_filled};
    use crate::assign::compile::compile;
    use crate::assign::roster::Roster;
    use crate::model::rules::RuleSet;

    fn check(rules: Value, expected: &[(&str, &str)]) {
        let reps = json!([
            {"handle": "ana", "name": "Ana", "time_zone": "Europe/Madrid", "hours": {"mon": ["09:00-18:00"], "tue": ["09:00-24:00"]}},
            {"handle": "rui", "name": "Rui", "time_zone": "Europe/Lisbon", "hours": {"mon": ["17:00-20:30"]}},
            {"handle": "away", "name": "Away", "active": false},
            {"handle": "all", "name": "All"},
        ]);
        let teams = json!([
            {"handle": "iberia", "name": "Iberia", "members": [{"rep": "ana"}, {"rep": "rui"}]},
            {"handle": "always", "name": "Always", "members": [{"rep": "ana"}, {"rep": "all"}]},
            {"handle": "gone", "name": "Gone", "members": [{"rep": "away"}]},
        ]);
        let roster = Roster::new(
            Arc::new(serde_json::from_value(reps).unwrap()),
            Arc::new(serde_json::from_value(teams).unwrap()),
        );
        let set: RuleSet = serde_json::from_value(json!({"version": 1, "rules": rules})).unwrap();
        let filled = ["contact.address.country", "lead.budget", "contact.custom"];
        let filled = filled.into_iter().map(str::to_owned).collect();
        let now = "2026-11-25T10:00:00Z".parse().unwrap();
        let found = findings(&set, &compile(&set).unwrap(), &roster, &filled, now);
        let found: Vec<(&str, String)> =
            found.iter().map(|it| (it.kind(), it.to_string())).collect();
        let expected: Vec<(&str, String)> = expected
            .iter()
            .map(|(kind, sentence)| (*kind, (*sentence).to_owned()))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_rule_set_is_looked_over() {
        let spain = json!({"field": "contact.address.country", "op": "eq", "value": "ES"});
        let europe = json!({"field": "contact.address.country", "op": "in", "value": ["EU"]});
        check(
            json!([
                {"name": "EU", "when": europe, "assign": {"team": "always"}},
                {"name": "Spain", "when": spain, "assign": {"rep": "away"}},
                {"name": "Rest", "assign": {"team": "always"}},
            ]),
            &[
                (
                    "shadowed",
                    "Rule \"Spain\" is asked only when nobody of rule \"EU\" is eligible: that one matches all of its \
                  leads first.",
                ),
                (
                    "empty_pool",
                    "Rule \"Spain\" goes to away, who is not active.",
                ),
            ],
        );
        check(
            json!([
                {"name": "EU", "when": europe, "assign": {"team": "iberia"}, "on_none_eligible": "park"},
                {"name": "Spain", "when": {"all": [spain, {"field": "lead.campaign", "op": "exists"}]}, "assign": {"team": "gone"}},
                {"name": "Never", "when": {"all": [spain, {"field": "contact.address.country", "op": "eq", "value": "PT"}]},
                 "assign": {"team": "always", "skills": ["french"]}},
                {"name": "Rest", "assign": {"team": "always"}},
            ]),
            &[
                (
                    "nobody_on_shift",
                    "Nobody of team iberia is on shift at Mon 21:30–Tue 09:00, Wed 00:00–Mon 09:00 (Europe/Madrid); \
                  then, in rule \"EU\", it waits for them.",
                ),
                (
                    "unfilled_field",
                    "Rule \"Spain\" looks at lead.campaign, which none of the connected sources fills.",
                ),
                (
                    "shadowed",
                    "Rule \"Spain\" is never reached: rule \"EU\" before it matches all of its leads.",
                ),
                (
                    "empty_pool",
                    "Rule \"Spain\" goes to team gone, which has no active member.",
                ),
                (
                    "never_true",
                    "Rule \"Never\" can never match: contact.address.country is ES and contact.address.country is PT \
                  exclude each other.",
                ),
                (
                    "shadowed",
                    "Rule \"Never\" is never reached: rule \"EU\" before it matches all of its leads.",
                ),
                (
                    "empty_pool",
                    "Rule \"Never\" goes to team always, which has no active member with french.",
                ),
            ],
        );
        check(
            json!([
                {"name": "Odd", "when": {"expr": "lead.budget | float > 5"}, "assign": {"rep": "all"}},
                {"name": "Rest", "assign": {"rep": "all"}},
            ]),
            &[],
        );
    }

    #[test]
    fn parts_and_wholes_of_what_is_filled() {
        let filled = ["contact.address.country", "lead.custom"]
            .into_iter()
            .map(str::to_owned)
            .collect();
        for (field, expected) in [
            ("contact.address.country", true),
            ("contact.address", true),
            ("contact.address.city", false),
            ("lead.custom.size", true),
            ("lead.status", true),
            ("event.type", true),
            ("lead.title", false),
        ] {
            assert_eq!(is_filled(field, &filled), expected, "{field}");
        }
    }
}
