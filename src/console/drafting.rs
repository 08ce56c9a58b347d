//! The rules that are being worked on: the draft, or what would become one with the first change.

use crate::console::Console;
use crate::console::fault::Fault;
use crate::console::form::Form;
use crate::console::visitor::Insider;
use crate::model::desk::Desk;
use crate::model::rules::{Draft, RuleSet};
use crate::process::office::OfficeError;

/// The rules in hand.
pub struct Working {
    pub rules: RuleSet,
    /// `None` while they are the current ones.
    pub draft: Option<Draft>,
    pub desk: Desk,
}

impl Working {
    /// The draft, or else the current rules.
    pub async fn of(console: &Console) -> Result<Self, Fault> {
        let desk = console.store.desk().await?;
        let draft = console.store.draft().await?;
        let rules = match &draft {
            Some(draft) => draft.rules.clone(),
            None => RuleSet::clone(&desk.rules),
        };
        Ok(Working { rules, draft, desk })
    }

    /// Which state of the draft a form changes; 0 while there is none.
    pub fn revision(&self) -> u64 {
        self.draft.as_ref().map_or(0, |draft| draft.revision)
    }

    /// Others published since the draft was made: it would take back what they did.
    pub fn is_behind(&self) -> bool {
        self.rules.version != self.desk.rules.version
    }

    /// Whether a form was made from just these rules.
    ///
    /// # Errors
    /// `InUse` when somebody else changed them meanwhile.
    pub fn check(&self, insider: &Insider, form: &Form) -> Result<(), Fault> {
        let seen: Option<u64> = form.text("revision").parse().ok();
        match seen == Some(self.revision()) {
            true => Ok(()),
            false => Err(Fault::InUse(insider.words.say("draft-changed").into())),
        }
    }

    /// Keeps other rules as the draft.
    ///
    /// # Errors
    /// `InUse` when somebody else was faster.
    pub async fn keep(
        &self,
        console: &Console,
        insider: &Insider,
        rules: RuleSet,
    ) -> Result<(), Fault> {
        let office = console.processing.office();
        let hand = insider.hand();
        let saved = office.save_draft(rules, Some(self.revision()), &hand).await;
        saved.map_err(|error| match error {
            OfficeError::Stale { .. } => Fault::InUse(insider.words.say("draft-changed").into()),
            other => fault(other),
        })?;
        Ok(())
    }
}

/// What the office says no to, as a page.
pub fn fault(error: OfficeError) -> Fault {
    match error {
        OfficeError::Invalid(problems) => match problems.into_iter().next() {
            Some(first) => Fault::InUse(first.message),
            None => Fault::Internal,
        },
        OfficeError::Stale { .. } => Fault::Refused("stale_version", error.to_string()),
        OfficeError::Unknown(_) => Fault::Missing,
        OfficeError::Declined(why) => Fault::Refused(why.code, why.sentence),
        OfficeError::Store(error) => error.into(),
    }
}
