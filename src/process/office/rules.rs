//! Rule sets: drafted, published, looked back at, rolled back.

use serde_json::{Value, json};

use crate::assign::check::check;
use crate::assign::diff::diff;
use crate::assign::read::{read, read_unversioned};
use crate::model::event::Violation;
use crate::model::page::{Page, PageRequest};
use crate::model::rules::{Draft, Imprint, RuleSet};
use crate::process::edit::Hand;
use crate::process::office::{Office, OfficeError, Result};
use crate::said;

/// Characters of a note at most.
const LONGEST_NOTE: usize = 2_000;

/// Who publishes rules, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    pub hand: Hand,
    pub note: String,
}

impl Office {
    /// A rule set out of a JSON document.
    ///
    /// # Errors
    /// `Invalid`
    pub fn read_rules(&self, body: Value) -> Result<RuleSet> {
        read(body).map_err(OfficeError::Invalid)
    }

    /// The same of rules that are only played with, and need no version.
    ///
    /// # Errors
    /// `Invalid`
    pub fn read_unversioned(&self, body: Value) -> Result<RuleSet> {
        read_unversioned(body).map_err(OfficeError::Invalid)
    }

    /// Everything because of which a rule set could not be published now.
    ///
    /// # Errors
    /// The store's.
    pub async fn problems(&self, rules: &RuleSet) -> Result<Vec<Violation>> {
        let desk = self.store.desk().await?;
        Ok(check(rules, &desk.reps, &desk.teams))
    }

    /// Publishes the next version; `rules.version` is the one it was made from.
    ///
    /// # Errors
    /// `Invalid`, `Stale`
    pub async fn publish(&self, rules: RuleSet, by: Signature) -> Result<RuleSet> {
        self.publish_from(None, rules, by).await
    }

    /// `draft` is the revision of the draft that the rules come from.
    async fn publish_from(
        &self,
        draft: Option<u64>,
        rules: RuleSet,
        by: Signature,
    ) -> Result<RuleSet> {
        let after = json!({"version": rules.version + 1, "note": by.note});
        self.put_in_force(rules, draft, by, ("rules.published", after))
            .await
    }

    /// `told`: what the log calls it, and says of it.
    async fn put_in_force(
        &self,
        rules: RuleSet,
        draft: Option<u64>,
        by: Signature,
        told: (&str, Value),
    ) -> Result<RuleSet> {
        let current = self.store.desk().await?.rules.version;
        if rules.version != current {
            let expected = rules.version;
            return Err(OfficeError::Stale { expected, current });
        }
        let mut problems = self.problems(&rules).await?;
        if by.note.chars().count() > LONGEST_NOTE {
            let most = LONGEST_NOTE;
            let message = said!(
                "note-too-long",
                "a note has at most {most} characters",
                most = most
            );
            problems.push(Violation::new("/note", message));
        }
        if !problems.is_empty() {
            return Err(OfficeError::Invalid(problems));
        }
        let (what, after) = told;
        let log = by.hand.log(what, format!("rules/{}", current + 1));
        let log = log.changing(json!({"version": current}), after);
        let imprint = Imprint {
            author: by.hand.name,
            at: self.clock.now(),
            note: by.note,
        };
        let published = self
            .store
            .publish_rules(rules, imprint, draft, Some(log))
            .await?;
        // Leads may have waited for just these rules.
        self.nudge.notify_one();
        Ok(published)
    }

    /// Publishes the draft, which is then gone.
    ///
    /// # Errors
    /// `Unknown` when there is none; those of `publish`
    pub async fn publish_draft(&self, by: Signature) -> Result<RuleSet> {
        let Some(draft) = self.store.draft().await? else {
            let sentence = "there is no draft to publish; save one first";
            return Err(OfficeError::Unknown(sentence.to_owned()));
        };
        self.publish_from(Some(draft.revision), draft.rules, by)
            .await
    }

    /// Publishes what an earlier version said as the next version. `current` is the one that is to be replaced, when
    /// the caller knows it.
    ///
    /// # Errors
    /// `Unknown`; `Invalid` when that version names people who are gone; `Stale`
    pub async fn roll_back(
        &self,
        to: u64,
        current: Option<u64>,
        mut by: Signature,
    ) -> Result<RuleSet> {
        let (rules, _) = self.version(to).await?;
        let current = match current {
            Some(current) => current,
            None => self.store.desk().await?.rules.version,
        };
        if by.note.trim().is_empty() {
            by.note = format!("back to version {to}");
        }
        let rules = RuleSet {
            version: current,
            ..rules
        };
        let after = json!({"version": current + 1, "back_to": to, "note": by.note});
        self.put_in_force(rules, None, by, ("rules.rolled-back", after))
            .await
    }

    /// An earlier version, or the current one.
    ///
    /// # Errors
    /// `Unknown`
    pub async fn version(&self, version: u64) -> Result<(RuleSet, Imprint)> {
        let found = self.store.rule_set(version).await?;
        found.ok_or_else(|| {
            OfficeError::Unknown(format!("there is no version {version} of the rules"))
        })
    }

    /// Versions, newest first.
    ///
    /// # Errors
    /// The store's.
    pub async fn versions(&self, page: PageRequest) -> Result<Page<(RuleSet, Imprint)>> {
        Ok(self.store.rule_sets(page).await?)
    }

    /// The rules of a version; version 0 is the one without rules.
    ///
    /// # Errors
    /// `Unknown`
    pub async fn rules_of(&self, version: u64) -> Result<RuleSet> {
        match version {
            0 => Ok(RuleSet::none()),
            version => Ok(self.version(version).await?.0),
        }
    }

    /// What `to` does differently from `from`, in sentences.
    ///
    /// # Errors
    /// `Unknown`
    pub async fn difference(&self, from: u64, to: u64) -> Result<Vec<String>> {
        let (from, to) = (self.rules_of(from).await?, self.rules_of(to).await?);
        Ok(diff(&from, &to).iter().map(ToString::to_string).collect())
    }

    /// The draft, when there is one.
    ///
    /// # Errors
    /// The store's.
    pub async fn draft(&self) -> Result<Option<Draft>> {
        Ok(self.store.draft().await?)
    }

    /// Keeps the draft, finished or not. `revision` is the one it was made from; without it whatever was there is
    /// replaced.
    ///
    /// # Errors
    /// `Stale` when somebody else saved meanwhile.
    pub async fn save_draft(
        &self,
        rules: RuleSet,
        revision: Option<u64>,
        by: &Hand,
    ) -> Result<Draft> {
        let known = self.store.draft().await?;
        let before = match &known {
            Some(draft) => names(&draft.rules),
            None => names(&self.store.desk().await?.rules),
        };
        let log = by.log("rules.drafted", "rules/draft");
        let log = match names(&rules) {
            after if after == before => log,
            after => log.changing(json!({"rules": before}), json!({"rules": after})),
        };
        let draft = Draft {
            rules,
            revision: revision.unwrap_or_else(|| known.map_or(0, |draft| draft.revision)),
            author: by.name.clone(),
            saved_at: self.clock.now(),
        };
        Ok(self.store.put_draft(draft, Some(log)).await?)
    }

    /// `false` when there was none.
    ///
    /// # Errors
    /// The store's.
    pub async fn drop_draft(&self, by: &Hand) -> Result<bool> {
        let log = by.log("rules.draft-discarded", "rules/draft");
        Ok(self.store.delete_draft(Some(log)).await?)
    }
}

/// What the log shows of rules: their names, in order.
fn names(rules: &RuleSet) -> Value {
    let names: Vec<&str> = rules.rules.iter().map(|rule| rule.name.as_str()).collect();
    json!(names)
}
