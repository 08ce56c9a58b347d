//! A draft held against the past: real leads played by the current rules and by the draft, and what is different.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::assign::check::check;
use crate::assign::compile::compile;
use crate::assign::findings::{Finding, FindingView, Oddity, findings};
use crate::assign::roster::Roster;
use crate::assign::simulate::{Fate, PastLead, simulate};
use crate::model::desk::Desk;
use crate::model::rules::{Rule, RuleSet};
use crate::process::office::past::as_it_came;
use crate::process::office::{Office, OfficeError, Result};
use crate::store::StoreError;
use crate::store::desk::{Past, Stretch};

/// SomeLeads that are played at most, the newest.
pub const MOST_LEADS: usize = 10_000;
/// SomeLeads listed by their ids at most, of each kind.
const LISTED: usize = 200;

/// What a draft would do.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Preview {
    /// SomeLeads that were played, since when.
    pub leads: usize,
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// There were more; only the newest were played.
    pub truncated: bool,
    /// By handle; every rep who has or would get one.
    pub reps: Vec<RepShare>,
    /// How many leads would go to somebody else, and the newest of them.
    pub moved: usize,
    pub moves: Vec<MovedLead>,
    /// SomeLeads that only a rule without a condition matches.
    pub uncaught: SomeLeads,
    /// SomeLeads that nobody could take to the end.
    pub unassigned: SomeLeads,
    /// SomeLeads that would have had to wait for somebody.
    pub waited: usize,
    /// How the draft's rules share the work, in order.
    pub rules: Vec<RuleShare>,
    /// What is worth a second look.
    #[schema(value_type = Vec<FindingView>)]
    pub findings: Vec<Finding>,
}

/// SomeLeads of one rep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RepShare {
    pub rep: String,
    /// That are theirs now.
    pub actual: usize,
    /// By the current rules, played again.
    pub before: usize,
    /// By the draft.
    pub after: usize,
}

/// A lead that would go to somebody else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MovedLead {
    #[schema(value_type = String, format = "uuid")]
    pub lead: Uuid,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// By the current rules; null for nobody.
    pub from: Option<String>,
    /// By the draft.
    pub to: Option<String>,
    /// The draft's rule.
    pub rule: Option<String>,
}

/// Some leads: how many, and the newest of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct SomeLeads {
    pub count: usize,
    #[schema(value_type = Vec<String>)]
    pub newest: Vec<Uuid>,
}

/// A rule's part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RuleShare {
    pub rule: String,
    /// SomeLeads that reached it and matched.
    pub matched: usize,
    /// SomeLeads that it decided.
    pub decided: usize,
}

impl Office {
    /// Plays the leads of the last `days` by the current rules and by a draft. `filled` are the fields that connected
    /// sources fill, for findings.
    ///
    /// # Errors
    /// `Invalid` for a draft that could not be published
    pub async fn preview(
        &self,
        draft: RuleSet,
        days: u32,
        filled: BTreeSet<String>,
    ) -> Result<Preview> {
        let desk = self.store.desk().await?;
        let problems = check(&draft, &desk.reps, &desk.teams);
        if !problems.is_empty() {
            return Err(OfficeError::Invalid(problems));
        }
        let now = self.clock.now();
        let reach = SignedDuration::from_hours(24 * i64::from(days));
        let since = now.checked_sub(reach).unwrap_or(Timestamp::MIN);
        let stretch = Stretch {
            since,
            limit: MOST_LEADS + 1,
            with_orders: draft.asks_for_orders() || desk.rules.asks_for_orders(),
        };
        let past = self.store.past(stretch).await?;
        let played = tokio::task::spawn_blocking(move || {
            let roster = Roster::new(Arc::clone(&desk.reps), Arc::clone(&desk.teams));
            let stage = Stage {
                desk: &desk,
                draft: &draft,
                roster: &roster,
                filled: &filled,
                since,
                now,
            };
            stage.play(past)
        });
        match played.await {
            Ok(played) => played,
            Err(error) => Err(OfficeError::Store(StoreError::Unavailable(format!(
                "the preview was cut off: {error}"
            )))),
        }
    }
}

struct Stage<'a> {
    desk: &'a Desk,
    draft: &'a RuleSet,
    roster: &'a Roster,
    filled: &'a BTreeSet<String>,
    since: Timestamp,
    now: Timestamp,
}

impl Stage<'_> {
    fn play(&self, mut past: Vec<Past>) -> Result<Preview> {
        let truncated = past.len() > MOST_LEADS;
        if truncated {
            past.remove(0);
        }
        let actual: Vec<Option<String>> = past.iter().map(owner).collect();
        let came = past.into_iter().map(as_it_came).zip(actual);
        let (leads, actual): (Vec<PastLead>, Vec<Option<String>>) = came
            .filter_map(|(lead, owner)| Some((lead?, owner)))
            .unzip();
        let draft = compile(self.draft).map_err(OfficeError::Invalid)?;
        // A current set that cannot be used assigns nobody.
        let current = compile(&self.desk.rules).or_else(|_| compile(&RuleSet::none()));
        let current = current.map_err(OfficeError::Invalid)?;
        let before = simulate(&current, self.roster, &leads, self.now);
        let after = simulate(&draft, self.roster, &leads, self.now);
        let mut preview = Preview {
            leads: leads.len(),
            since: self.since,
            truncated,
            reps: shares(&actual, &before, &after),
            moved: 0,
            moves: Vec::new(),
            uncaught: SomeLeads::default(),
            unassigned: SomeLeads::default(),
            waited: after.iter().filter(|fate| fate.waited).count(),
            rules: self.rule_shares(&after),
            findings: findings(self.draft, &draft, self.roster, self.filled, self.now),
        };
        preview.compare(&leads, (&before, &after), &catch_alls(self.draft));
        let idle = idle(&preview.rules, leads.len());
        preview.findings.extend(idle);
        Ok(preview)
    }

    fn rule_shares(&self, fates: &[Fate]) -> Vec<RuleShare> {
        let rules = self.draft.rules.iter().enumerate();
        let share = |(nth, rule): (usize, &Rule)| RuleShare {
            rule: rule.name.clone(),
            matched: fates
                .iter()
                .filter(|fate| fate.matched.contains(&nth))
                .count(),
            decided: fates
                .iter()
                .filter(|fate| fate.owner.is_some() && fate.rule.as_ref() == Some(&rule.name))
                .count(),
        };
        rules.map(share).collect()
    }
}

/// Rules that none of the leads reached.
fn idle(shares: &[RuleShare], leads: usize) -> Vec<Finding> {
    let idle = shares
        .iter()
        .filter(|share| share.matched == 0 && leads > 0);
    idle.map(|share| Finding {
        rule: share.rule.clone(),
        what: Oddity::NoLead(leads),
    })
    .collect()
}

impl Preview {
    fn compare(
        &mut self,
        leads: &[PastLead],
        (before, after): (&[Fate], &[Fate]),
        catch_alls: &[bool],
    ) {
        for (lead, (before, after)) in leads.iter().zip(before.iter().zip(after)).rev() {
            if before.owner != after.owner {
                self.moved += 1;
                if self.moves.len() < LISTED {
                    self.moves.push(MovedLead {
                        lead: lead.id,
                        at: lead.at,
                        from: before.owner.clone(),
                        to: after.owner.clone(),
                        rule: after.rule.clone(),
                    });
                }
            }
            let catches = |nth: &usize| catch_alls.get(*nth) == Some(&true);
            if !after.matched.is_empty() && after.matched.iter().all(catches) {
                self.uncaught.add(lead.id);
            }
            if after.owner.is_none() {
                self.unassigned.add(lead.id);
            }
        }
    }
}

impl SomeLeads {
    fn add(&mut self, lead: Uuid) {
        self.count += 1;
        if self.newest.len() < LISTED {
            self.newest.push(lead);
        }
    }
}

/// Of each rule, whether it has no condition.
fn catch_alls(set: &RuleSet) -> Vec<bool> {
    set.rules.iter().map(|rule| rule.when.is_none()).collect()
}

fn owner(past: &Past) -> Option<String> {
    let owner = past.lead.fields.get("owner")?.as_str()?;
    Some(owner.to_owned())
}

fn shares(actual: &[Option<String>], before: &[Fate], after: &[Fate]) -> Vec<RepShare> {
    let mut counts: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    let owners = |fates: &'_ [Fate]| -> Vec<Option<String>> {
        fates.iter().map(|fate| fate.owner.clone()).collect()
    };
    let (before, after) = (owners(before), owners(after));
    for (nth, owners) in [actual, &before, &after].into_iter().enumerate() {
        for owner in owners.iter().flatten() {
            let counts = counts.entry(owner).or_default();
            if let Some(count) = counts.get_mut(nth) {
                *count += 1;
            }
        }
    }
    let share = |(rep, [actual, before, after]): (&str, [usize; 3])| RepShare {
        rep: rep.to_owned(),
        actual,
        before,
        after,
    };
    counts.into_iter().map(share).collect()
}
