//! Assignment rules as the API takes and gives them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::people::{Rep, Team, Turn};

/// A whole rule set. Versions are immutable; publishing makes the next one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleSet {
    /// On reading: this version. On writing: the version it was made from.
    pub version: u64,
    /// Before the rules: a lead that has an active owner keeps it.
    #[serde(default = "yes")]
    pub keep_owner: bool,
    pub rules: Vec<Rule>,
}

/// First match wins; a rule without `when` matches everything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Condition>,
    pub assign: Target,
    #[serde(default)]
    pub on_none_eligible: OnNoneEligible,
}

/// A condition: a group, an expression, or one comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
#[schema(no_recursion)]
pub enum Condition {
    All(AllOf),
    Any(AnyOf),
    Not(NotOf),
    Expr(Expression),
    Compare(Comparison),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AllOf {
    pub all: Vec<Condition>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnyOf {
    pub any: Vec<Condition>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NotOf {
    pub not: Box<Condition>,
}

/// A formula over `lead`, `contact`, `event`; true or false.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Expression {
    pub expr: String,
}

/// `contact.address.country eq "ES"`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// Dotted path from `lead`, `contact` or `event`; a bare name is a field of the lead.
    pub field: String,
    pub op: Operator,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub value: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Operator {
    Eq,
    Ne,
    In,
    NotIn,
    Contains,
    StartsWith,
    Matches,
    Gt,
    Gte,
    Lt,
    Lte,
    Exists,
    NotExists,
}

/// Who gets it: `{"rep": "ana"}` or `{"team": "iberia", "strategy": "round_robin"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum Target {
    Rep(RepTarget),
    Team(TeamTarget),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RepTarget {
    pub rep: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TeamTarget {
    pub team: String,
    #[serde(default)]
    pub strategy: Strategy,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    #[default]
    RoundRobin,
}

/// What to do when the rule matches and nobody of its target may take it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnNoneEligible {
    #[default]
    NextRule,
}

/// The people and the rules as they now are, and whose turn it is.
#[derive(Debug, Clone)]
pub struct Desk {
    pub rules: Arc<RuleSet>,
    pub reps: Vec<Rep>,
    pub teams: Vec<Team>,
    /// Round-robin state of each team's members.
    pub turns: Vec<Turn>,
}

fn yes() -> bool {
    true
}
