//! Why and why not, as it is stored: each condition with the value seen, each candidate with the gate that removed
//! them, turns before and after. Everything is borrowed until it is written as one text.

use jiff::Timestamp;
use serde::Serialize;
use serde::ser::{SerializeSeq, SerializeStruct, Serializer};
use serde_json::Value;

use crate::assign::field_path::Seen;
use crate::assign::gate::{self, Gate};
use crate::assign::round_robin::TURN;
use crate::model::people::Turn;
use crate::model::rules::{OnNoneEligible, Strategy, Target};

/// The whole document.
#[derive(Debug, Serialize)]
pub struct DecisionTrace<'t> {
    pub rule_set_version: u64,
    /// When it was decided: shifts and caps were looked at as of then.
    pub at: Timestamp,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub test: bool,
    /// Reps who had the lead before and may not have it again.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub passed: &'t [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_owner: Option<OwnerTrace<'t>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_owner: Option<OwnerTrace<'t>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company_owner: Option<OwnerTrace<'t>>,
    /// Those that were asked, in order.
    pub rules: Vec<RuleTrace<'t>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turns: Option<TurnsTrace<'t>>,
    /// The targets that the lead waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<&'t str>,
}

/// One of the steps before the rules.
#[derive(Debug)]
pub struct OwnerTrace<'t> {
    pub owner: &'t str,
    /// `lead`, `contact` or `company`.
    pub of: &'static str,
    /// When they had the contact's last lead.
    pub since: Option<Timestamp>,
    pub gate: Option<Gate>,
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
    /// How it was chosen among those who were eligible.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Strategy>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<CandidateTrace<'t>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tie_break: Option<&'static str>,
    /// Older leads that wait for the same target and go first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub behind: Option<u64>,
    /// What was done because nobody was eligible.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub none_eligible: Option<&'t OnNoneEligible>,
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

#[derive(Debug)]
pub struct CandidateTrace<'t> {
    pub rep: &'t str,
    pub weight: Option<u32>,
    /// Open leads, or leads given in the period: what the strategy compares.
    pub count: Option<i64>,
    /// What removed them; null for who could have it.
    pub gate: Option<Gate>,
}

impl Serialize for OwnerTrace<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("OwnerTrace", 7)?;
        out.serialize_field("owner", self.owner)?;
        out.serialize_field("of", self.of)?;
        if let Some(since) = &self.since {
            out.serialize_field("since", since)?;
        }
        gate::write(&mut out, self.gate.as_ref())?;
        out.serialize_field("kept", &self.kept)?;
        out.end()
    }
}

impl Serialize for CandidateTrace<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("CandidateTrace", 6)?;
        out.serialize_field("rep", self.rep)?;
        if let Some(weight) = &self.weight {
            out.serialize_field("weight", weight)?;
        }
        if let Some(count) = &self.count {
            out.serialize_field("count", count)?;
        }
        gate::write(&mut out, self.gate.as_ref())?;
        out.end()
    }
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
