//! What rules would do with one lead, without doing it.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::assign::check::check;
use crate::assign::compile::compile;
use crate::assign::{Decision, People, assign};
use crate::model::desk::Desk;
use crate::model::field::Kind;
use crate::model::id::new_id;
use crate::model::record::{Fields, Meta, Record};
use crate::model::rules::RuleSet;
use crate::process::decide::subject::Around;
use crate::process::office::past::fields_as_told;
use crate::process::office::{Office, OfficeError, Result};
use crate::store::HeldOwned;
use crate::store::desk::Ties;

/// Which lead.
#[derive(Debug, Clone)]
pub enum Which {
    /// One that is stored, as it came.
    Stored(Uuid),
    /// One that is made up.
    Pasted(Box<Pasted>),
}

/// A lead that is made up.
#[derive(Debug, Clone, Default)]
pub struct Pasted {
    pub lead: Fields,
    pub contact: Option<Fields>,
    pub event: Fields,
    pub company: Fields,
    pub orders: Fields,
}

impl Office {
    /// Decides on one lead as of `at`, or now, with the people and turns as they are; by `rules`, or by the current
    /// ones.
    ///
    /// # Errors
    /// `Unknown`; `Invalid` for rules that could not be published
    pub async fn explain(
        &self,
        which: Which,
        rules: Option<RuleSet>,
        at: Option<Timestamp>,
    ) -> Result<Decision> {
        let now = at.unwrap_or_else(|| self.clock.now());
        match which {
            Which::Stored(id) => {
                let held = self.store.held_lead(id).await?;
                let held = held.ok_or_else(|| unknown(id))?;
                let lead = held.records.iter().find(|record| record.id == id);
                let lead = fields_as_told(lead.ok_or_else(|| unknown(id))?);
                let standing = held.ties.standing(id);
                self.decide(&held, rules, (&lead, &standing.facts), now)
            }
            Which::Pasted(pasted) => {
                let desk = self.store.desk().await?;
                self.decide_pasted(desk, rules, &pasted, now)
            }
        }
    }

    fn decide(
        &self,
        held: &HeldOwned,
        rules: Option<RuleSet>,
        (lead, facts): (&Fields, &Fields),
        now: Timestamp,
    ) -> Result<Decision> {
        let desk = &held.desk;
        let rules = rules.map_or_else(|| Arc::clone(&desk.rules), Arc::new);
        let compiled = usable(&rules, desk)?;
        let contact = lead.get("contact").and_then(Value::as_str);
        let contact = held
            .records
            .iter()
            .find(|record| record.kind == Kind::Contact && contact == Some(&record.id.to_string()));
        let around = Around::new(contact, &held.ties, &compiled);
        let roster = self.rules.roster(desk);
        let people = People {
            roster: &roster,
            ledger: &desk.ledger,
        };
        let subject = around.subject(lead, facts, now);
        Ok(assign(&compiled, &people, &subject))
    }

    fn decide_pasted(
        &self,
        desk: Desk,
        rules: Option<RuleSet>,
        pasted: &Pasted,
        now: Timestamp,
    ) -> Result<Decision> {
        let rules = rules.map_or_else(|| Arc::clone(&desk.rules), Arc::new);
        let compiled = usable(&rules, &desk)?;
        let contact = pasted.contact.clone().map(|fields| made_up(fields, now));
        let ties = Ties::default();
        let around = Around::new(contact.as_ref(), &ties, &compiled);
        let roster = self.rules.roster(&desk);
        let people = People {
            roster: &roster,
            ledger: &desk.ledger,
        };
        let mut subject = around.subject(&pasted.lead, &pasted.event, now);
        if !pasted.company.is_empty() {
            subject.company = &pasted.company;
        }
        subject.orders = &pasted.orders;
        Ok(assign(&compiled, &people, &subject))
    }
}

fn usable(rules: &RuleSet, desk: &Desk) -> Result<crate::assign::compile::Compiled> {
    // The current rules may be none yet; then nobody gets anything, which is an answer.
    if rules.rules.is_empty() && rules.version == desk.rules.version {
        return compile(rules).map_err(OfficeError::Invalid);
    }
    let problems = check(rules, &desk.reps, &desk.teams);
    match problems.is_empty() {
        true => compile(rules).map_err(OfficeError::Invalid),
        false => Err(OfficeError::Invalid(problems)),
    }
}

fn made_up(fields: Fields, now: Timestamp) -> Record {
    Record {
        id: new_id(now),
        kind: Kind::Contact,
        fields,
        meta: Meta::default(),
        version: 1,
        created_at: now,
        updated_at: now,
        deleted_at: None,
    }
}

fn unknown(id: Uuid) -> OfficeError {
    OfficeError::Unknown(format!("there is no lead {id}"))
}
