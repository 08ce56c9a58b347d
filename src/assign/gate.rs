//! The gates before a strategy: what keeps somebody from getting a lead, in the order in which it is asked.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use crate::assign::roster::{Roster, Windows};
use crate::assign::shift::Shut;
use crate::assign::trace::Text;
use crate::model::desk::{Ledger, Load};
use crate::model::people::HoursPolicy;
use crate::model::rules::Period;

/// Why somebody may not have it. Its text stands in reasons and traces; traces also say what it is made of.
#[derive(Debug, Clone, PartialEq)]
pub enum Gate {
    NotARep,
    Inactive,
    NoShare,
    Again,
    /// They had it before and did not accept it in time, or it was taken from them.
    LetPass,
    Lacks(String),
    Away(Arc<Shut>),
    Closed(Arc<Shut>),
    CapOfDay(i64, u32),
    CapOfWeek(i64, u32),
    CapOfOpen(i64, u32),
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Gate::NotARep => f.write_str("not a rep"),
            Gate::Inactive => f.write_str("inactive"),
            Gate::NoShare => f.write_str("without a share"),
            Gate::Again => f.write_str("listed twice"),
            Gate::LetPass => f.write_str("passed over, having had it before"),
            Gate::Lacks(skill) => write!(f, "without the skill {skill}"),
            Gate::Away(shut) | Gate::Closed(shut) => f.write_str(&shut.english),
            Gate::CapOfDay(given, cap) => write!(f, "at cap {given}/{cap} today"),
            Gate::CapOfWeek(given, cap) => write!(f, "at cap {given}/{cap} this week"),
            Gate::CapOfOpen(open, cap) => write!(f, "at cap {open}/{cap} open"),
        }
    }
}

impl Gate {
    /// Names it for programs and pages.
    pub fn code(&self) -> &'static str {
        match self {
            Gate::NotARep => "not_a_rep",
            Gate::Inactive => "inactive",
            Gate::NoShare => "no_share",
            Gate::Again => "again",
            Gate::LetPass => "let_pass",
            Gate::Lacks(_) => "skill",
            Gate::Away(shut) | Gate::Closed(shut) => shut.code,
            Gate::CapOfDay(..) => "cap_day",
            Gate::CapOfWeek(..) => "cap_week",
            Gate::CapOfOpen(..) => "cap_open",
        }
    }

    /// Writes the members `gate`, a sentence or null, and `gate_is` and `gate_what`, which say it in every language.
    pub(super) fn write(gate: Option<&Self>, text: &mut Text) {
        if !text.is_read() {
            return;
        }
        let Some(gate) = gate else {
            text.raw(",\"gate\":null");
            return;
        };
        if let Gate::Away(shut) | Gate::Closed(shut) = gate {
            text.raw(&shut.written);
            return;
        }
        text.member("gate", &gate.to_string());
        text.member("gate_is", gate.code());
        match gate {
            Gate::Lacks(skill) => {
                text.member("gate_what", skill);
            }
            Gate::CapOfDay(count, cap)
            | Gate::CapOfWeek(count, cap)
            | Gate::CapOfOpen(count, cap) => {
                text.member("gate_what", &format_args!("{count}/{cap}"));
            }
            _ => {}
        }
    }
}

/// Who asks for somebody.
pub(super) struct Asked<'a> {
    /// In lower case.
    pub(super) skills: &'a [String],
    pub(super) hours: HoursPolicy,
    /// Reps who had the lead already.
    pub(super) passed: &'a [String],
}

/// What was asked of everybody at one moment.
pub(super) struct Gates<'a> {
    windows: Windows<'a>,
    roster: &'a Roster,
    ledger: &'a Ledger,
    /// Where the last load stood.
    near: usize,
    now: Timestamp,
}

impl<'a> Gates<'a> {
    pub(super) fn new(roster: &'a Roster, ledger: &'a Ledger, now: Timestamp) -> Self {
        Gates {
            windows: roster.windows(),
            roster,
            ledger,
            near: 0,
            now,
        }
    }

    /// The first gate that removes the rep at a place of the roster, who has this load.
    pub(super) fn all(
        &mut self,
        place: Option<usize>,
        load: Option<&Load>,
        asked: &Asked<'_>,
    ) -> Option<Gate> {
        let Some((place, rep)) = place.and_then(|place| Some((place, self.roster.at(place)?)))
        else {
            return Some(Gate::NotARep);
        };
        if !rep.active {
            return Some(Gate::Inactive);
        }
        if asked.passed.contains(&rep.handle) {
            return Some(Gate::LetPass);
        }
        let has = self.roster.skills(place);
        if let Some(skill) = asked.skills.iter().find(|skill| !has.contains(skill)) {
            return Some(Gate::Lacks(skill.clone()));
        }
        let window = self.windows.of(place, self.now)?;
        if let Some(why) = &window.away {
            return Some(Gate::Away(Arc::clone(why)));
        }
        if let Some(why) = &window.closed
            && asked.hours == HoursPolicy::Own
        {
            return Some(Gate::Closed(Arc::clone(why)));
        }
        let (day, week) = (window.day, window.week);
        let caps = rep.caps;
        if caps.per_day.is_none() && caps.per_week.is_none() && caps.open.is_none() {
            return None;
        }
        let since = |day| load.map_or(0, |load| load.since(day));
        let reached = |cap: Option<u32>, count: i64| cap.filter(|cap| count >= i64::from(*cap));
        let open = load.map_or(0, |load| load.open);
        let of_day = || {
            Some(Gate::CapOfDay(
                since(day),
                reached(caps.per_day, since(day))?,
            ))
        };
        let of_week = || {
            Some(Gate::CapOfWeek(
                since(week),
                reached(caps.per_week, since(week))?,
            ))
        };
        let of_open = || Some(Gate::CapOfOpen(open, reached(caps.open, open)?));
        of_day().or_else(of_week).or_else(of_open)
    }

    /// Whether the rep could be handed something that is theirs anyway: active, and in office.
    pub(super) fn present(&mut self, handle: &str) -> Option<Gate> {
        if let Some(gate) = self.active(handle) {
            return Some(gate);
        }
        let place = self.roster.place(handle)?;
        let away = self.windows.of(place, self.now)?.away.clone();
        away.map(Gate::Away)
    }

    pub(super) fn active(&self, handle: &str) -> Option<Gate> {
        match self.roster.rep(handle) {
            Some(rep) if rep.active => None,
            Some(_) => Some(Gate::Inactive),
            None => Some(Gate::NotARep),
        }
    }

    /// Days since 1970 by the calendar of a rep.
    pub(super) fn day(&mut self, handle: &str) -> Option<i32> {
        let place = self.roster.place(handle)?;
        Some(self.windows.of(place, self.now)?.day)
    }

    /// What a rep has and was given.
    pub(super) fn load(&mut self, handle: &str) -> Option<&'a Load> {
        self.ledger.load_near(handle, &mut self.near)
    }

    /// Leads given to the rep at a place in the period that now is.
    pub(super) fn given(&mut self, place: usize, load: Option<&Load>, period: Period) -> i64 {
        let Some(window) = self.windows.of(place, self.now) else {
            return 0;
        };
        let from = match period {
            Period::Day => window.day,
            Period::Week => window.week,
            Period::Month => window.month,
        };
        load.map_or(0, |load| load.since(from))
    }
}
