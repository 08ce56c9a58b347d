//! Reps and teams: who a record can be handed to.

use serde::{Deserialize, Serialize};

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
    /// IANA name: `Europe/Madrid`.
    #[serde(default = "utc")]
    pub time_zone: String,
}

/// Reps that share leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Team {
    pub handle: String,
    pub name: String,
    #[serde(default)]
    pub members: Vec<Member>,
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
