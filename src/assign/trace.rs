//! Why and why not, as it is stored: each condition with the value seen, each candidate with the gate that removed
//! them, turns before and after. Everything is borrowed until it is written as one text.

use serde::Serialize;
use serde::ser::{SerializeSeq, Serializer};
use serde_json::Value;

use crate::assign::field_path::Seen;
use crate::assign::round_robin::TURN;
use crate::model::people::Turn;
use crate::model::rules::Target;

/// The whole document.
#[derive(Debug, Serialize)]
pub struct DecisionTrace<'t> {
    pub rule_set_version: u64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub test: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_owner: Option<KeepOwner<'t>>,
    /// Those that were asked, in order.
    pub rules: Vec<RuleTrace<'t>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turns: Option<TurnsTrace<'t>>,
}

/// The step before the rules.
#[derive(Debug, Serialize)]
pub struct KeepOwner<'t> {
    pub owner: &'t str,
    /// `lead` or `contact`.
    pub of: &'static str,
    pub gate: Option<&'static str>,
    pub kept: bool,
}

#[derive(Debug, Serialize)]
pub struct RuleTrace<'t> {
    pub name: &'t str,
    /// Null in a catch-all.
    pub when: Option<ConditionTrace<'t>>,
    pub matched: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<&'t Target>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<CandidateTrace<'t>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chosen: Option<&'t str>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum ConditionTrace<'t> {
    All {
        all: Vec<ConditionTrace<'t>>,
        result: bool,
    },
    Any {
        any: Vec<ConditionTrace<'t>>,
        result: bool,
    },
    Not {
        not: Box<ConditionTrace<'t>>,
        result: bool,
    },
    Formula {
        expr: &'t str,
        result: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    Compare {
        field: &'t str,
        op: &'static str,
        value: &'t Value,
        seen: Seen<'t>,
        result: bool,
    },
}

#[derive(Debug, Serialize)]
pub struct CandidateTrace<'t> {
    pub rep: &'t str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
    /// What removed them; null for who could have it.
    pub gate: Option<&'static str>,
}

#[derive(Debug, Serialize)]
pub struct TurnsTrace<'t> {
    pub team: &'t str,
    pub before: Vec<TurnTrace<'t>>,
    /// The rows that changed.
    pub after: Vec<TurnTrace<'t>>,
}

/// A row as people count: in turns.
#[derive(Debug, Serialize)]
pub struct TurnTrace<'t> {
    rep: &'t str,
    #[serde(serialize_with = "in_turns")]
    taken: i64,
    last: i64,
}

impl<'t> From<&'t Turn> for TurnTrace<'t> {
    fn from(turn: &'t Turn) -> Self {
        TurnTrace {
            rep: &turn.rep,
            taken: turn.taken,
            last: turn.last,
        }
    }
}

fn in_turns<S: Serializer>(taken: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    if taken % TURN == 0 {
        serializer.serialize_i64(taken / TURN)
    } else {
        serializer.serialize_f64(*taken as f64 / TURN as f64)
    }
}

/// Null for nothing, the value, or the list of values.
impl Serialize for Seen<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.values.as_slice() {
            [] => serializer.serialize_none(),
            [one] if !self.is_list => one.serialize(serializer),
            many => {
                let mut list = serializer.serialize_seq(Some(many.len()))?;
                for value in many {
                    list.serialize_element(value)?;
                }
                list.end()
            }
        }
    }
}
