//! Reps and teams, compiled: found by handle, with their zones, and with their presence remembered while it lasts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::assign::shift::{self, Window};
use crate::model::people::{HoursPolicy, Rep, Team};

/// The people of a desk, until they change.
#[derive(Debug)]
pub struct Roster {
    reps: Arc<Vec<Rep>>,
    teams: Arc<Vec<Team>>,
    zones: Vec<TimeZone>,
    /// In lower case.
    skills: Vec<Vec<String>>,
    pools: Vec<Vec<Seat>>,
    by_rep: HashMap<String, usize>,
    by_team: HashMap<String, usize>,
    /// One a rep: what was worked out last. It changes nothing but the time an answer takes.
    windows: Mutex<Vec<Window>>,
}

/// A member's place in a team.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seat {
    /// `None` when there is no such rep.
    pub(super) person: Option<usize>,
    /// The rep has an earlier place in the same team.
    pub(super) again: bool,
}

/// A team with the places of its members, one for each in order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pool<'r> {
    pub(super) team: &'r Team,
    pub(super) seats: &'r [Seat],
}

impl Roster {
    pub fn new(reps: Arc<Vec<Rep>>, teams: Arc<Vec<Team>>) -> Self {
        let index = |handles: Vec<&String>| -> HashMap<String, usize> {
            handles.into_iter().cloned().zip(0..).collect()
        };
        let by_rep = index(reps.iter().map(|rep| &rep.handle).collect());
        let by_team = index(teams.iter().map(|team| &team.handle).collect());
        let zone = |rep: &Rep| TimeZone::get(&rep.time_zone).unwrap_or(TimeZone::UTC);
        let seats = |team: &Team| -> Vec<Seat> {
            let mut seen: Vec<&str> = Vec::with_capacity(team.members.len());
            let members = team.members.iter();
            members
                .map(|member| {
                    let again = seen.contains(&member.rep.as_str());
                    seen.push(&member.rep);
                    let person = by_rep.get(&member.rep).copied();
                    Seat { person, again }
                })
                .collect()
        };
        let lower = |rep: &Rep| {
            rep.skills
                .iter()
                .map(|skill| skill.to_lowercase())
                .collect()
        };
        Roster {
            zones: reps.iter().map(zone).collect(),
            skills: reps.iter().map(lower).collect(),
            pools: teams.iter().map(seats).collect(),
            windows: Mutex::new(reps.iter().map(|_| Window::none()).collect()),
            by_rep,
            by_team,
            reps,
            teams,
        }
    }

    /// Whether it was made of these very lists.
    pub fn is_of(&self, reps: &Arc<Vec<Rep>>, teams: &Arc<Vec<Team>>) -> bool {
        Arc::ptr_eq(&self.reps, reps) && Arc::ptr_eq(&self.teams, teams)
    }

    pub fn reps(&self) -> &[Rep] {
        &self.reps
    }

    pub fn teams(&self) -> &[Team] {
        &self.teams
    }

    pub fn rep(&self, handle: &str) -> Option<&Rep> {
        self.reps.get(self.place(handle)?)
    }

    /// A team by its handle.
    pub fn team(&self, handle: &str) -> Option<&Team> {
        self.teams.get(*self.by_team.get(handle)?)
    }

    /// The zone a rep's days and hours are counted in.
    pub fn zone(&self, handle: &str) -> Option<&TimeZone> {
        self.zones.get(self.place(handle)?)
    }

    /// Days since 1970 by the calendar of a rep; by that of UTC when there is no such rep.
    pub fn day(&self, handle: &str, now: Timestamp) -> i32 {
        let place = self.place(handle);
        place
            .and_then(|place| Some(self.windows().of(place, now)?.day))
            .unwrap_or_else(|| i32::try_from(now.as_second().div_euclid(24 * 60 * 60)).unwrap_or(0))
    }

    /// When a rep, as a member of a team, has had so many working minutes from `start` on.
    pub fn after_working(
        &self,
        handle: &str,
        hours: HoursPolicy,
        start: Timestamp,
        minutes: u32,
    ) -> Option<Timestamp> {
        let (rep, zone) = (self.rep(handle)?, self.zone(handle)?);
        Some(shift::after_working(rep, zone, hours, start, minutes))
    }

    pub(super) fn place(&self, handle: &str) -> Option<usize> {
        self.by_rep.get(handle).copied()
    }

    pub(super) fn at(&self, place: usize) -> Option<&Rep> {
        self.reps.get(place)
    }

    /// The skills of the rep at a place, in lower case.
    pub(super) fn skills(&self, place: usize) -> &[String] {
        self.skills.get(place).map_or(&[], Vec::as_slice)
    }

    pub(super) fn pool(&self, team: &str) -> Option<Pool<'_>> {
        let place = *self.by_team.get(team)?;
        Some(Pool {
            team: self.teams.get(place)?,
            seats: self.pools.get(place)?,
        })
    }

    /// Presence, looked up for as long as the answer is held.
    pub(super) fn windows(&self) -> Windows<'_> {
        Windows {
            roster: self,
            known: self.windows.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }
}

/// The presence of reps.
pub(super) struct Windows<'r> {
    roster: &'r Roster,
    known: MutexGuard<'r, Vec<Window>>,
}

impl Windows<'_> {
    /// The window around `now` of the rep at a place.
    pub(super) fn of(&mut self, place: usize, now: Timestamp) -> Option<&Window> {
        let window = self.known.get_mut(place)?;
        if !window.holds(now) {
            let (rep, zone) = (self.roster.reps.get(place)?, self.roster.zones.get(place)?);
            *window = shift::window(rep, zone, now);
        }
        Some(window)
    }
}
