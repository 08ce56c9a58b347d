//! What people do with one lead: hand it over, give it back to the rules, accept it.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::model::event::Violation;
use crate::process::decide::amend::{self, Accept, HandOver};
use crate::process::edit::Hand;
use crate::process::office::{Office, OfficeError, Result};
use crate::said;
use crate::store::Held;
use crate::store::desk::{Amended, Amendment};

/// Characters of a reason at most.
const LONGEST_REASON: usize = 1_000;

impl Office {
    /// Hands a lead over, with a decision of its own that says who did it and why.
    ///
    /// # Errors
    /// `Unknown`, `Invalid`, `Declined`
    pub async fn hand_over(&self, lead: Uuid, wish: HandOver, by: &Hand) -> Result<()> {
        if wish.reason.chars().count() > LONGEST_REASON {
            let most = LONGEST_REASON;
            let message = said!(
                "reason-too-long",
                "a reason has at most {most} characters",
                most = most
            );
            return Err(OfficeError::Invalid(vec![Violation::new(
                "/reason", message,
            )]));
        }
        let cause = self.cause(&wish.by);
        let log = by.log("lead.handed-over", format!("lead/{lead}"));
        let after = json!({"owner": wish.to, "reason": wish.reason});
        let amendment = Amendment::new(lead, move |held| {
            amend::hand_over(&cause, held, lead, &wish)
        });
        let amendment = amendment.logged(move |held| {
            let before = field(held, lead, "owner");
            log.clone()
                .changing(json!({"owner": before}), after.clone())
        });
        self.amend(amendment).await
    }

    /// The rep takes the lead on: it is being worked, and stays with them. Accepting it again changes nothing.
    ///
    /// # Errors
    /// `Unknown`; `Declined` when it is somebody else's by now, or closed
    pub async fn accept(&self, lead: Uuid, accept: Accept, by: &Hand) -> Result<()> {
        let cause = self.cause(&accept.by);
        let amendment =
            Amendment::new(lead, move |held| amend::accept(&cause, held, lead, &accept));
        let log = by.log("lead.accepted", format!("lead/{lead}"));
        let amendment = amendment.logged(move |held| {
            let before = field(held, lead, "status");
            log.clone()
                .changing(json!({"status": before}), json!({"status": "working"}))
        });
        match self.amend(amendment).await {
            Err(OfficeError::Declined(why)) if why.code == "accepted_already" => Ok(()),
            other => other,
        }
    }

    async fn amend(&self, amendment: Amendment) -> Result<()> {
        let lead = amendment.lead;
        let amended = self.store.amend(vec![amendment]).await?.pop();
        match amended {
            Some(Amended::Written) => {
                // A rep may have come below a cap.
                self.nudge.notify_one();
                Ok(())
            }
            Some(Amended::Declined(why)) => Err(OfficeError::Declined(why)),
            Some(Amended::Unknown) | None => {
                Err(OfficeError::Unknown(format!("there is no lead {lead}")))
            }
        }
    }
}

/// What stands in a field of the lead that an amendment is shown.
fn field(held: &Held<'_>, lead: Uuid, name: &str) -> Value {
    let record = held.records.iter().find(|record| record.id == lead);
    let value = record.and_then(|record| record.fields.get(name));
    value.cloned().unwrap_or_default()
}
