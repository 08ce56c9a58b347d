//! Assignment, pure: rules, people and what was given so far in, an owner and a complete reason out. No I/O, no clock,
//! no randomness.
//!
//! First the steps before the rules: who owns the lead already, who had the contact's last one, who has the company's.
//! Then the rules in order; the first that matches decides. When nobody of its target passes the gates, it says whether
//! the next rule is asked, the lead waits, or somebody else gets it; a lead that nobody at all could take waits too.
//! A test lead gets the owner it would get: no turn is spent on it, and it never waits.

pub mod check;
pub mod company;
pub mod compile;
pub mod diff;
pub mod explain;
pub mod fewest;
pub mod field_path;
pub mod findings;
pub mod orders;
pub mod people;
pub mod read;
pub mod roster;
pub mod round_robin;
pub mod shift;
pub mod simulate;
pub mod words;

mod choose;
mod comparison;
mod condition;
mod deliberate;
mod gate;
mod implies;
mod operand;
mod regions;
mod sample;
mod trace;

use std::sync::LazyLock;

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::assign::compile::Compiled;
use crate::assign::deliberate::deliberate;
use crate::assign::roster::Roster;
use crate::assign::trace::Text;
use crate::model::desk::Ledger;
use crate::model::people::{Sla, Turn};
use crate::model::record::Fields;
use crate::model::trace::Trace;

/// What is to be assigned, and when.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The lead's fields after merging; `test` marks a test lead, `owner` who has it.
    pub lead: &'a Fields,
    pub contact: Option<&'a Fields>,
    /// `field_path::EVENT_FIELDS` of the event that brought the lead, as far as they are known.
    pub event: &'a Fields,
    /// `field_path::COMPANY_FIELDS`
    pub company: &'a Fields,
    /// `field_path::ORDERS_FIELDS`
    pub orders: &'a Fields,
    pub ties: Ties<'a>,
    /// Reps who had the lead already: they are passed over, and the steps before the rules are left out.
    pub passed: &'a [String],
    /// Since when it waits, and its id, when it does.
    pub waiting: Option<(Timestamp, Uuid)>,
    pub now: Timestamp,
}

/// Who has something to do with the lead already.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ties<'a> {
    /// The owner of its contact.
    pub contact: Option<Tie<'a>>,
    /// The rep who has the leads of its contact's company, and the company's domain.
    pub company: Option<(&'a str, &'a str)>,
}

/// The owner of a contact.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tie<'a> {
    pub owner: &'a str,
    /// `None` when a sender or a person says so; else when the desk gave them the contact's last lead.
    pub since: Option<Timestamp>,
}

/// Bytes made ready for a trace at most; it may grow beyond.
const MOST_EXPECTED: usize = 64 * 1024;

static NOTHING: LazyLock<Fields> = LazyLock::new(Fields::new);

impl<'a> Subject<'a> {
    /// A lead that nobody knows anything else of.
    pub fn new(lead: &'a Fields, event: &'a Fields, now: Timestamp) -> Self {
        Subject {
            lead,
            contact: None,
            event,
            company: &NOTHING,
            orders: &NOTHING,
            ties: Ties::default(),
            passed: &[],
            waiting: None,
            now,
        }
    }

    fn is_test(&self) -> bool {
        self.lead.get("test") == Some(&Value::Bool(true))
    }
}

/// Who there is, and what they were given so far.
#[derive(Debug, Clone, Copy)]
pub struct People<'a> {
    pub roster: &'a Roster,
    pub ledger: &'a Ledger,
}

/// Who gets it, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The rep's handle; `None` when nobody may have it now.
    pub owner: Option<String>,
    /// The rule that decided; `None` when the owner was kept or nobody was found.
    pub rule: Option<String>,
    /// The team that it was shared in.
    pub team: Option<String>,
    pub rule_set_version: u64,
    /// A sentence for people, without personal data of the contact.
    pub reason: String,
    /// As `assign::trace` has it: each condition with the value seen, each candidate with the gate that removed them,
    /// the turns before and after.
    pub trace: Trace,
    /// Rows to store, each replacing the row of its team and rep.
    pub turns: Vec<Turn>,
    /// The day by the owner's calendar on which the lead counts as given to them; `None` when it does not count.
    pub day: Option<i32>,
    /// It waits for these targets, in the order in which they were asked.
    pub route: Option<String>,
    /// How soon it has to be accepted.
    pub sla: Option<Sla>,
}

/// Decides who gets the subject.
pub fn assign<'a>(rules: &'a Compiled, people: &People<'a>, subject: &'a Subject<'a>) -> Decision {
    deliberate(rules, people, subject, Text::new(expected(rules, people))).write()
}

/// Bytes that a trace may come to, so that it grows rarely.
fn expected(rules: &Compiled, people: &People<'_>) -> usize {
    let most = 512 + 320 * rules.rules.len() + 128 * people.roster.reps().len();
    most.min(MOST_EXPECTED)
}

#[cfg(test)]
mod tests;
