//! Reps and teams: who a record can be handed to.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::model::hours::{self, Absence, Week};
use crate::model::rules::{Period, Strategy};

/// A person who works leads. Records name them by `handle`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rep {
    /// Lower-case letters, digits, `-`, `_`, `.`; unique; never changes.
    pub handle: String,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(default = "yes")]
    pub active: bool,
    /// IANA name: `Europe/Madrid`. Hours, days off and days of caps are counted in it.
    #[serde(default = "utc")]
    pub time_zone: String,
    /// What a rule can ask for: languages, products, regions; compared without case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skills: Vec<String>,
    /// Absent: at any time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Week>,
    /// Days off by the calendar of the zone, such as `2026-12-25`.
    #[serde(
        default,
        deserialize_with = "hours::days",
        skip_serializing_if = "Vec::is_empty"
    )]
    #[schema(value_type = Vec<String>)]
    pub holidays: Vec<Date>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub out_of_office: Vec<Absence>,
    #[serde(default, skip_serializing_if = "Caps::is_none")]
    pub caps: Caps,
}

/// How many leads a rep may get.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Caps {
    /// Within a day of the rep's calendar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_day: Option<u32>,
    /// From Monday to Sunday of the rep's calendar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_week: Option<u32>,
    /// Open leads at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<u32>,
}

impl Caps {
    fn is_none(&self) -> bool {
        *self == Caps::default()
    }
}

/// Reps that share leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Team {
    pub handle: String,
    pub name: String,
    #[serde(default)]
    pub members: Vec<Member>,
    /// For rules that name none; `round_robin` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Strategy>,
    /// What `fewest_in_period` counts; `week` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<Period>,
    #[serde(default, skip_serializing_if = "HoursPolicy::is_own")]
    pub hours: HoursPolicy,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sla: Option<Sla>,
}

/// A rep's place in a team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// The rep's handle.
    pub rep: String,
    /// Share relative to the others, from 1.
    #[serde(default = "one")]
    pub weight: u32,
}

/// Whether a team's members get leads outside their hours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HoursPolicy {
    /// Each member's own hours and holidays count.
    #[default]
    Own,
    /// The team works around the clock; only being out of office counts.
    Ignore,
}

impl HoursPolicy {
    fn is_own(&self) -> bool {
        *self == HoursPolicy::Own
    }
}

/// How soon a lead that a team's member was given has to be accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Sla {
    /// Working minutes of the rep, from 1; then the lead goes to somebody else.
    pub accept_minutes: u32,
    /// Whether the rep who let it pass gets the turn back.
    #[serde(default = "yes")]
    pub return_credit: bool,
}

/// A member's place in a team's round robin: counted, so that it survives members coming and going.
///
/// Kept by the member's handle, also while the member is away or has left the team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    pub team: String,
    pub rep: String,
    /// Turns taken, in millionths of a turn: who joins or comes back is placed between whole turns.
    pub taken: i64,
    /// Number of the team's turn, from 1, when this member was last chosen; 0: never. The tie-break.
    pub last: i64,
}

fn yes() -> bool {
    true
}

fn one() -> u32 {
    1
}

fn utc() -> String {
    "UTC".to_owned()
}
