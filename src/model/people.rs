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

fn yes() -> bool {
    true
}

fn one() -> u32 {
    1
}

fn utc() -> String {
    "UTC".to_owned()
}
