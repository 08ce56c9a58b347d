//! The desk's rows: rules in versions, decisions and what is known beside them, leads that wait, leads on offer.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use crate::model::desk::{Company, Given, Line, PastOrder};
use crate::model::page::{Page, PageRequest};
use crate::model::record::{Fields, Record};
use crate::model::rules::{Draft, Imprint, RuleSet};
use crate::store::users::AuditRow;
use crate::store::{DecisionRow, Held, Result, Writes};

/// What ties the records of a decision to people and to what happened before.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ties {
    /// Of each lead that was found.
    pub standings: Vec<(Uuid, Standing)>,
    /// Of the domains of the wanted addresses, and of those of contacts that were found.
    pub companies: Vec<Company>,
    /// Of each contact that was found, newest first; empty unless the rules ask for orders.
    pub orders: Vec<(Uuid, Vec<PastOrder>)>,
}

impl Ties {
    /// Where a lead stands; a lead that is new has not begun.
    pub fn standing(&self, lead: Uuid) -> Standing {
        let known = self.standings.iter().find(|(id, _)| *id == lead);
        known
            .map(|(_, standing)| standing.clone())
            .unwrap_or_default()
    }

    /// The rep who has a company's leads.
    pub fn owner_of(&self, domain: &str) -> Option<&str> {
        let known = self
            .companies
            .iter()
            .find(|company| company.domain == domain);
        known.map(|company| company.owner.as_str())
    }
}

/// How far the desk is with a lead.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Standing {
    /// Of the last decision; 0 before the first.
    pub epoch: u32,
    /// The event that brought the lead, and what rules could ask of it. Only amendments are shown these.
    pub event: Option<Uuid>,
    pub facts: Arc<Fields>,
    pub waiting: Option<Waiting>,
    /// Only amendments are shown it.
    pub offer: Option<Offer>,
}

/// A lead that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The targets it waits for; see `Ledger::waits_for`.
    pub route: String,
    /// Its place in the line.
    pub since: Timestamp,
    /// The rule set that was asked last.
    pub version: u64,
}

/// A lead that was given to somebody who has to accept it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub rep: String,
    /// The team whose turn it was.
    pub team: String,
    /// Of the decision.
    pub epoch: u32,
    /// The day by the rep's calendar on which it counts.
    pub day: i32,
    /// When somebody else gets it.
    pub due: Timestamp,
    pub accepted: Option<Timestamp>,
    /// Who had it before and let it pass.
    pub passed: Vec<String>,
}

impl Offer {
    /// Everybody who had the lead, the present one included.
    pub fn all_passed(&self) -> Vec<String> {
        let mut passed = self.passed.clone();
        if !passed.contains(&self.rep) {
            passed.push(self.rep.clone());
        }
        passed
    }
}

/// What a decision writes into the desk's own rows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeskWrites {
    pub given: Vec<Given>,
    /// Each replaces what is known of its domain.
    pub companies: Vec<Company>,
    /// `None`: it waits no longer.
    pub waiting: Vec<(Uuid, Option<Waiting>)>,
    /// `None`: it is on offer no longer.
    pub offers: Vec<(Uuid, Option<Offer>)>,
}

/// What an amendment writes, or why nothing.
pub type Amending = dyn Fn(&Held<'_>) -> std::result::Result<Writes, Declined> + Send;

/// What the log says of an amendment that is written.
pub type Logging = dyn Fn(&Held<'_>) -> AuditRow + Send;

/// Work on one stored lead that no event causes: it is handed over, accepted, decided again.
pub struct Amendment {
    pub lead: Uuid,
    /// Pure, as a settlement's. Shown the lead, its contact and where it stands; status and reason of what it says to
    /// write are nobody's.
    pub decide: Box<Amending>,
    /// The line of the log, of what the amendment was shown; it is written with it.
    pub log: Option<Box<Logging>>,
}

impl Amendment {
    pub fn new(
        lead: Uuid,
        decide: impl Fn(&Held<'_>) -> std::result::Result<Writes, Declined> + Send + 'static,
    ) -> Self {
        Amendment {
            lead,
            decide: Box::new(decide),
            log: None,
        }
    }

    /// With a line of the log.
    pub fn logged(self, log: impl Fn(&Held<'_>) -> AuditRow + Send + 'static) -> Self {
        Amendment {
            log: Some(Box::new(log)),
            ..self
        }
    }
}

/// Why an amendment writes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declined {
    /// Stable: `not_yours`, `still_waiting`.
    pub code: &'static str,
    /// For people.
    pub sentence: String,
}

impl Declined {
    pub fn new(code: &'static str, sentence: impl Into<String>) -> Self {
        Declined {
            code,
            sentence: sentence.into(),
        }
    }
}

/// What became of an amendment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Amended {
    /// There is no such lead.
    Unknown,
    Declined(Declined),
    Written,
}

/// A lead of the past for a preview.
#[derive(Debug, Clone)]
pub struct Past {
    pub lead: Record,
    pub contact: Option<Record>,
    /// What rules could ask of the event that brought it.
    pub facts: Fields,
    /// Of the contact, newest first; empty unless they were asked for.
    pub orders: Vec<PastOrder>,
}

/// Which leads of the past.
#[derive(Debug, Clone, Copy)]
pub struct Stretch {
    /// Created at or after.
    pub since: Timestamp,
    /// At most, the newest.
    pub limit: usize,
    pub with_orders: bool,
}

/// Rule sets: the versions, and the draft.
#[async_trait]
pub trait Rulebook: Send + Sync {
    /// Publishes the next version. `rules.version` is the one it was made from; `Stale` when that is not current.
    /// `draft` is the revision of the draft that they come from, which is gone then; `Stale` when it was changed.
    /// The line of the log stands in the same commit, here and below.
    async fn publish_rules(
        &self,
        rules: RuleSet,
        imprint: Imprint,
        draft: Option<u64>,
        log: Option<AuditRow>,
    ) -> Result<RuleSet>;

    /// A version with who made it; `None` when there is none of that number.
    async fn rule_set(&self, version: u64) -> Result<Option<(RuleSet, Imprint)>>;

    /// Newest first.
    async fn rule_sets(&self, page: PageRequest) -> Result<Page<(RuleSet, Imprint)>>;

    async fn draft(&self) -> Result<Option<Draft>>;

    /// Keeps the draft as the next revision. `draft.revision` is the one it was made from, 0 for the first; `Stale`
    /// when that is not current. Returns it with its own revision.
    async fn put_draft(&self, draft: Draft, log: Option<AuditRow>) -> Result<Draft>;

    /// `false` when there is none.
    async fn delete_draft(&self, log: Option<AuditRow>) -> Result<bool>;
}

/// Decisions and what follows them.
#[async_trait]
pub trait Decisions: Send + Sync {
    /// The last decision on a lead.
    async fn decision(&self, lead: Uuid) -> Result<Option<DecisionRow>>;

    /// All decisions on a lead, the last first.
    async fn decisions(&self, lead: Uuid) -> Result<Vec<DecisionRow>>;

    /// Where a lead stands, whole; `None` when there is no such lead.
    async fn standing(&self, lead: Uuid) -> Result<Option<Standing>>;

    /// A lead as an amendment would be shown it, without changing it.
    async fn held_lead(&self, lead: Uuid) -> Result<Option<crate::store::HeldOwned>>;

    /// Each amendment in a transaction of its own right, in order. One outcome per amendment.
    async fn amend(&self, amendments: Vec<Amendment>) -> Result<Vec<Amended>>;

    /// The lines of waiting leads.
    async fn lines(&self) -> Result<Vec<Line>>;

    /// Leads of one line, the longest waiting first.
    async fn waiting(&self, route: String, limit: usize) -> Result<Vec<(Uuid, Timestamp)>>;

    /// Waiting leads that another rule set than `version` was asked for last.
    async fn waiting_for_other(&self, version: u64, limit: usize) -> Result<Vec<Uuid>>;

    /// Leads on offer that were to be accepted by `now`, the earliest first.
    async fn overdue(&self, now: Timestamp, limit: usize) -> Result<Vec<Uuid>>;

    /// Leads of the past on which something was decided, oldest first.
    async fn past(&self, stretch: Stretch) -> Result<Vec<Past>>;
}
