//! Whether a rep or a team may be stored.

use std::collections::BTreeSet;

use jiff::civil::Weekday;
use jiff::tz::TimeZone;

use crate::model::event::Violation;
use crate::model::hours::{Moment, Week};
use crate::model::people::{Rep, Team};
use crate::model::said::Said;
use crate::said;

/// Characters of a handle at most.
const MAX_HANDLE: usize = 64;
/// Characters of a name at most.
const MAX_NAME: usize = 200;
/// Weight of a member at most: beyond it shares mean nothing.
const MAX_WEIGHT: u32 = 1000;
/// Working minutes to accept a lead at most: a month of them.
const MAX_MINUTES: u32 = 31 * 24 * 60;

/// Everything that is wrong with a rep, each with its place as a JSON pointer.
pub fn check_rep(rep: &Rep) -> Vec<Violation> {
    let mut wrong = Wrong::default();
    wrong.handle(&rep.handle);
    wrong.name(&rep.name);
    if let Some(email) = &rep.email
        && !is_address(email)
    {
        let message = said!(
            "no-address",
            "\"{email}\" is not an e-mail address",
            email = email
        );
        wrong.at("/email", message);
    }
    if TimeZone::get(&rep.time_zone).is_err() {
        let message = said!(
            "no-zone",
            "\"{zone}\" is not an IANA time zone such as \"Europe/Madrid\"",
            zone = &rep.time_zone
        );
        wrong.at("/time_zone", message);
    }
    for (nth, skill) in rep.skills.iter().enumerate() {
        if let Some(message) = wrong_skill(skill) {
            wrong.at(format!("/skills/{nth}"), message);
        }
    }
    if let Some(hours) = &rep.hours {
        wrong.week(hours);
    }
    for (nth, absence) in rep.out_of_office.iter().enumerate() {
        let is_over_first = match (absence.from, absence.to) {
            (Moment::Day(from), Moment::Day(to)) => to < from,
            (Moment::At(from), Moment::At(to)) => to <= from,
            // A day and a time are compared by the calendar of the zone, which may not exist.
            _ => false,
        };
        if is_over_first {
            let message = said!("absence-backwards", "ends before it begins");
            wrong.at(format!("/out_of_office/{nth}"), message);
        }
    }
    wrong.0
}

/// Everything that is wrong with a team, each with its place as a JSON pointer.
pub fn check_team(team: &Team, reps: &[Rep]) -> Vec<Violation> {
    let mut wrong = Wrong::default();
    wrong.handle(&team.handle);
    wrong.name(&team.name);
    let mut seen = BTreeSet::new();
    for (nth, member) in team.members.iter().enumerate() {
        let (rep, path) = (&member.rep, format!("/members/{nth}/rep"));
        if !reps.iter().any(|it| it.handle == *rep) {
            let message = said!(
                "no-rep",
                "there is no rep \"{rep}\"; add it first",
                rep = rep
            );
            wrong.at(path.clone(), message);
        }
        if !seen.insert(rep) {
            let message = said!(
                "member-twice",
                "\"{rep}\" is a member already; give it a higher weight instead",
                rep = rep
            );
            wrong.at(path, message);
        }
        if !(1..=MAX_WEIGHT).contains(&member.weight) {
            let message = said!(
                "bad-weight",
                "a weight is 1 to {most}, not {weight}",
                most = MAX_WEIGHT,
                weight = member.weight
            );
            wrong.at(format!("/members/{nth}/weight"), message);
        }
    }
    if let Some(sla) = team.sla
        && !(1..=MAX_MINUTES).contains(&sla.accept_minutes)
    {
        let message = said!(
            "bad-minutes",
            "is 1 to {most} working minutes, not {minutes}",
            most = MAX_MINUTES,
            minutes = sla.accept_minutes
        );
        wrong.at("/sla/accept_minutes", message);
    }
    wrong.0
}

/// What is wrong with a skill, in a sentence.
pub(super) fn wrong_skill(skill: &str) -> Option<Said> {
    let letters = |letter: char| letter.is_alphanumeric() || " -_./".contains(letter);
    let fits = !skill.trim().is_empty()
        && skill.chars().count() <= MAX_HANDLE
        && skill.chars().all(letters);
    (!fits).then(|| {
        said!(
            "no-skill",
            "\"{skill}\" is not a skill: 1 to {most} letters, digits, spaces, `-`, `_`, `.` or `/`",
            skill = skill,
            most = MAX_HANDLE
        )
    })
}

#[derive(Default)]
struct Wrong(Vec<Violation>);

impl Wrong {
    fn at(&mut self, path: impl Into<String>, message: impl Into<Said>) {
        self.0.push(Violation {
            path: path.into(),
            message: message.into(),
        });
    }

    fn handle(&mut self, handle: &str) {
        let letters = handle
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.'));
        if !letters || handle.is_empty() || handle.len() > MAX_HANDLE {
            let message = said!(
                "no-handle",
                "a handle has 1 to {most} lower-case letters, digits, `-`, `_` or `.`, not \"{handle}\"",
                most = MAX_HANDLE,
                handle = handle
            );
            self.at("/handle", message);
        }
    }

    fn name(&mut self, name: &str) {
        if name.trim().is_empty() || name.chars().count() > MAX_NAME {
            let message = said!(
                "no-name",
                "a name has 1 to {most} characters",
                most = MAX_NAME
            );
            self.at("/name", message);
        }
    }

    fn week(&mut self, week: &Week) {
        if week.is_empty() {
            let message = said!(
                "no-hours",
                "no day has a block, so nobody would ever work; leave hours out to work at any time"
            );
            self.at("/hours", message);
        }
        let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        for (name, day) in names.into_iter().zip(Weekday::Monday.cycle_forward()) {
            let mut blocks = week.day(day).to_vec();
            blocks.sort();
            let overlap = blocks
                .windows(2)
                .find(|pair| matches!(pair, [one, next] if next.from < one.to));
            if let Some([one, next]) = overlap {
                let (one, next) = (one.to_string(), next.to_string());
                let message = said!(
                    "hours-overlap",
                    "{one} and {next} overlap",
                    one = one,
                    next = next
                );
                self.at(format!("/hours/{name}"), message);
            }
        }
    }
}

/// Loosely: one @ with something on both sides, no spaces. What is really an address only the mail server knows.
fn is_address(text: &str) -> bool {
    text.len() <= 254
        && !text.contains(char::is_whitespace)
        && text.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && !domain.is_empty() && !domain.contains('@')
        })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{check_rep, check_team};
    use crate::model::people::{Rep, Team};

    fn check(rep: Value, expected: &[&str]) {
        let read: Rep = serde_json::from_value(rep).unwrap();
        let found: Vec<String> = check_rep(&read).into_iter().map(|it| it.path).collect();
        assert_eq!(found, expected, "{read:?}");
    }

    #[test]
    fn says_everything_that_is_wrong_with_a_rep() {
        check(
            json!({"handle": "ana", "name": "Ana", "email": "ana@example.com", "time_zone": "Europe/Madrid",
                "skills": ["French", "c++"], "hours": {"mon": ["14:00-18:00", "09:00-13:00"]}, "holidays": ["2026-12-25"],
                "out_of_office": [{"from": "2026-12-24", "to": "2026-12-24"}], "caps": {"per_day": 10}}),
            &["/skills/1"],
        );
        check(json!({"handle": "ana", "name": "Ana"}), &[]);
        check(
            json!({"handle": "Ana", "name": "", "email": "ana", "time_zone": "Madrid"}),
            &["/handle", "/name", "/email", "/time_zone"],
        );
        check(
            json!({"handle": "a b", "name": "x".repeat(201), "email": "a@b@c", "time_zone": "Europe/Atlantis",
                "hours": {}, "out_of_office": [{"from": "2026-12-24", "to": "2026-12-23"}]}),
            &[
                "/handle",
                "/name",
                "/email",
                "/time_zone",
                "/hours",
                "/out_of_office/0",
            ],
        );
        check(
            json!({"handle": "ana", "name": "Ana", "hours": {"tue": ["09:00-13:00", "12:00-14:00"]}}),
            &["/hours/tue"],
        );
        for handle in ["", "a/b", &"x".repeat(65)] {
            check(json!({"handle": handle, "name": "x"}), &["/handle"]);
        }
    }

    fn faults(team: Value) -> Vec<String> {
        let reps: Vec<Rep> = serde_json::from_value(
            json!([{"handle": "ana", "name": "Ana"}, {"handle": "rui", "name": "Rui"}]),
        )
        .unwrap();
        let team: Team = serde_json::from_value(team).unwrap();
        let found = check_team(&team, &reps).into_iter();
        found
            .map(|it| format!("{}: {}", it.path, it.message))
            .collect()
    }

    #[test]
    fn says_everything_that_is_wrong_with_a_team() {
        let members = json!([{"rep": "ana", "weight": 2}, {"rep": "rui"}]);
        let iberia = json!({"handle": "iberia", "name": "Iberia", "members": members, "strategy": "fewest_open",
            "hours": "ignore", "sla": {"accept_minutes": 30}});
        assert_eq!(faults(iberia), Vec::<String>::new());
        let members =
            json!([{"rep": "eve"}, {"rep": "ana", "weight": 0}, {"rep": "ana", "weight": 1}]);
        assert_eq!(
            faults(
                json!({"handle": "x", "name": "X", "members": members, "sla": {"accept_minutes": 0}})
            ),
            [
                "/members/0/rep: there is no rep \"eve\"; add it first",
                "/members/1/weight: a weight is 1 to 1000, not 0",
                "/members/2/rep: \"ana\" is a member already; give it a higher weight instead",
                "/sla/accept_minutes: is 1 to 44640 working minutes, not 0",
            ]
        );
    }
}
