//! Assignment rules as the API takes and gives them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A whole rule set. Versions are immutable; publishing makes the next one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleSet {
    /// On reading: this version. On writing: the version it was made from.
    pub version: u64,
    /// Before the rules: a lead that has an active owner keeps it, and so does a lead whose contact has one by the word
    /// of a sender or a person.
    #[serde(default = "yes")]
    pub keep_owner: bool,
    /// Before the rules: the rep who had the contact's last lead within so many days gets this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_owner_days: Option<u32>,
    /// Before the rules: the rep who has the leads of the same company, told by the e-mail domain, gets this one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub company_owner: bool,
    /// Domains that are nobody's company, besides the well-known ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub free_mail: Vec<String>,
    pub rules: Vec<Rule>,
}

impl RuleSet {
    /// Before the first was published: version 0 without rules.
    pub fn none() -> Self {
        RuleSet {
            version: 0,
            keep_owner: true,
            last_owner_days: None,
            company_owner: false,
            free_mail: Vec::new(),
            rules: Vec::new(),
        }
    }

    /// Whether a condition looks at what the contact ordered, so that it has to be loaded.
    pub fn asks_for_orders(&self) -> bool {
        let conditions = self.rules.iter().filter_map(|rule| rule.when.as_ref());
        conditions.into_iter().any(Condition::asks_for_orders)
    }
}

/// Who made a version, when, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Imprint {
    /// The name of the token or user.
    pub author: String,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// The one draft everybody works on, which nobody is assigned by.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Draft {
    /// Its `version` is the one it was made from.
    pub rules: RuleSet,
    /// Counts the savings, from 1: who saves names the one they saw.
    pub revision: u64,
    pub author: String,
    #[schema(value_type = String, format = DateTime)]
    pub saved_at: Timestamp,
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

impl Condition {
    fn asks_for_orders(&self) -> bool {
        match self {
            Condition::All(group) => group.all.iter().any(Condition::asks_for_orders),
            Condition::Any(group) => group.any.iter().any(Condition::asks_for_orders),
            Condition::Not(negation) => negation.not.asks_for_orders(),
            Condition::Expr(formula) => formula.expr.contains("orders"),
            Condition::Compare(comparison) => comparison.field.starts_with("orders."),
        }
    }
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

/// A formula over `lead` (or `record`, which is the same), `contact`, `event`, `company`, `orders`; true or false.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Expression {
    pub expr: String,
}

/// `contact.address.country eq "ES"`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// Dotted path from `lead`, `contact`, `event`, `company` or `orders`; a bare name is a field of the lead, and so is
    /// what begins with `record`.
    pub field: String,
    pub op: Operator,
    /// What it is compared with: a value, a list, a pair of limits, hours of a week; nothing for `exists`.
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
    NotContains,
    ContainsAll,
    StartsWith,
    EndsWith,
    Matches,
    NotMatches,
    Gt,
    Gte,
    Lt,
    Lte,
    Between,
    InPostal,
    NotInPostal,
    During,
    NotDuring,
    WithinDays,
    NotWithinDays,
    Exists,
    NotExists,
}

impl Operator {
    pub const ALL: [Operator; 24] = [
        Operator::Eq,
        Operator::Ne,
        Operator::In,
        Operator::NotIn,
        Operator::Contains,
        Operator::NotContains,
        Operator::ContainsAll,
        Operator::StartsWith,
        Operator::EndsWith,
        Operator::Matches,
        Operator::NotMatches,
        Operator::Gt,
        Operator::Gte,
        Operator::Lt,
        Operator::Lte,
        Operator::Between,
        Operator::InPostal,
        Operator::NotInPostal,
        Operator::During,
        Operator::NotDuring,
        Operator::WithinDays,
        Operator::NotWithinDays,
        Operator::Exists,
        Operator::NotExists,
    ];

    /// As it is written in a rule.
    pub fn as_str(self) -> &'static str {
        match self {
            Operator::Eq => "eq",
            Operator::Ne => "ne",
            Operator::In => "in",
            Operator::NotIn => "not_in",
            Operator::Contains => "contains",
            Operator::NotContains => "not_contains",
            Operator::ContainsAll => "contains_all",
            Operator::StartsWith => "starts_with",
            Operator::EndsWith => "ends_with",
            Operator::Matches => "matches",
            Operator::NotMatches => "not_matches",
            Operator::Gt => "gt",
            Operator::Gte => "gte",
            Operator::Lt => "lt",
            Operator::Lte => "lte",
            Operator::Between => "between",
            Operator::InPostal => "in_postal",
            Operator::NotInPostal => "not_in_postal",
            Operator::During => "during",
            Operator::NotDuring => "not_during",
            Operator::WithinDays => "within_days",
            Operator::NotWithinDays => "not_within_days",
            Operator::Exists => "exists",
            Operator::NotExists => "not_exists",
        }
    }
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
    /// Absent: the team's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Strategy>,
    /// Only members with all of these skills.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skills: Vec<String>,
}

/// Who of a team's eligible members gets a lead.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Whose turn it is, by weight.
    #[default]
    RoundRobin,
    /// Who has the fewest open leads for their weight.
    FewestOpen,
    /// Who was given the fewest leads in the team's period for their weight.
    FewestInPeriod,
}

impl Strategy {
    pub const ALL: [Strategy; 3] = [
        Strategy::RoundRobin,
        Strategy::FewestOpen,
        Strategy::FewestInPeriod,
    ];

    /// As it is written in a rule.
    pub fn as_str(self) -> &'static str {
        match self {
            Strategy::RoundRobin => "round_robin",
            Strategy::FewestOpen => "fewest_open",
            Strategy::FewestInPeriod => "fewest_in_period",
        }
    }
}

/// What `fewest_in_period` counts, by the calendar of each rep's zone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    Day,
    #[default]
    Week,
    Month,
}

impl Period {
    pub const ALL: [Period; 3] = [Period::Day, Period::Week, Period::Month];

    /// As it is written in a team.
    pub fn as_str(self) -> &'static str {
        match self {
            Period::Day => "day",
            Period::Week => "week",
            Period::Month => "month",
        }
    }
}

/// What to do when the rule matches and nobody of its target may take it: `"next_rule"`, `"park"`, or a rep who gets
/// it whatever the hour and the caps, `{"rep": "boss"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum OnNoneEligible {
    Policy(NoneEligible),
    Rep(RepTarget),
}

impl Default for OnNoneEligible {
    fn default() -> Self {
        OnNoneEligible::Policy(NoneEligible::NextRule)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoneEligible {
    NextRule,
    /// It waits for somebody of the target, before newer leads.
    Park,
}

fn yes() -> bool {
    true
}
