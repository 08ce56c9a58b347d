//! The rounds: leads that wait go to whom is there by now, oldest first; leads that nobody accepted in time go on.

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use crate::process::decide::amend::{pass_on, serve_waiting};
use crate::process::office::Office;
use crate::store::StoreError;
use crate::store::desk::{Amended, Amendment};

/// Between two rounds: shifts open by the minute, so nobody waits long for the clock.
const EVERY: Duration = Duration::from_secs(1);
/// Between two rounds that somebody asks for.
const AT_LEAST: Duration = Duration::from_millis(100);
/// Leads of one transaction at most.
const MOST: usize = 64;

type StoreResult<T> = Result<T, StoreError>;

/// What a round did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Round {
    /// Waiting leads that were decided again with news: given, moved to another line, or found to wait no longer.
    pub served: usize,
    /// Leads on offer that were due.
    pub overdue: usize,
}

impl Office {
    /// Says that a lead came which may wait for somebody who is there.
    pub fn nudge(&self) {
        self.nudge.notify_one();
    }

    /// Goes round until the task is dropped.
    pub async fn go_round(&self) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = self.nudge.notified() => tokio::time::sleep(AT_LEAST).await,
            }
            match self.round().await {
                Ok(round) if round == Round::default() => {}
                Ok(round) => {
                    tracing::info!(served = round.served, overdue = round.overdue, "desk.round")
                }
                Err(error) => tracing::warn!(%error, "desk.no_round"),
            }
        }
    }

    /// One round.
    ///
    /// # Errors
    /// The store's.
    pub async fn round(&self) -> StoreResult<Round> {
        let served = match self.store.lines().await?.is_empty() {
            true => 0,
            false => self.ask_new_rules().await? + self.serve_lines().await?,
        };
        let overdue = self.pass_on_overdue().await?;
        Ok(Round { served, overdue })
    }

    /// Waiting leads that the current rules were not asked for yet: their lines may be others by now.
    async fn ask_new_rules(&self) -> StoreResult<usize> {
        let version = self.store.desk().await?.rules.version;
        let mut seen = HashSet::new();
        let mut served = 0;
        loop {
            let leads = self.store.waiting_for_other(version, MOST).await?;
            let fresh: Vec<Uuid> = leads
                .into_iter()
                .filter(|lead| seen.insert(*lead))
                .collect();
            if fresh.is_empty() {
                return Ok(served);
            }
            served += count_written(&self.serve(fresh).await?);
        }
    }

    /// Serves the lines, whoever waits longest first, until nobody is there for any of them. A line is tried with its
    /// first lead; while that is served, with more at once.
    async fn serve_lines(&self) -> StoreResult<usize> {
        let mut in_vain: HashSet<String> = HashSet::new();
        let mut at_once = 1;
        let mut served = 0;
        loop {
            let mut next: Vec<(Timestamp, Uuid, String)> = Vec::new();
            for line in self.store.lines().await? {
                if in_vain.contains(&line.route) {
                    continue;
                }
                let leads = self.store.waiting(line.route.clone(), at_once).await?;
                let leads = leads.into_iter();
                next.extend(leads.map(|(lead, since)| (since, lead, line.route.clone())));
            }
            next.sort();
            next.truncate(MOST);
            if next.is_empty() {
                return Ok(served);
            }
            let leads = next.iter().map(|(_, lead, _)| *lead).collect();
            let outcomes = self.serve(leads).await?;
            served += count_written(&outcomes);
            for ((_, _, route), outcome) in next.into_iter().zip(outcomes) {
                if outcome != Amended::Written {
                    in_vain.insert(route);
                }
            }
            at_once = (at_once * 2).min(MOST);
        }
    }

    async fn serve(&self, leads: Vec<Uuid>) -> StoreResult<Vec<Amended>> {
        let amendments = leads.into_iter().map(|lead| {
            let cause = self.cause(crate::merge::ASSIGNMENT);
            Amendment::new(lead, move |held| serve_waiting(&cause, held, lead))
        });
        self.store.amend(amendments.collect()).await
    }

    async fn pass_on_overdue(&self) -> StoreResult<usize> {
        let mut seen = HashSet::new();
        let mut passed = 0;
        loop {
            let due = self.store.overdue(self.clock.now(), MOST).await?;
            let fresh: Vec<Uuid> = due.into_iter().filter(|lead| seen.insert(*lead)).collect();
            if fresh.is_empty() {
                return Ok(passed);
            }
            let amendments = fresh.into_iter().map(|lead| {
                let cause = self.cause(crate::merge::ASSIGNMENT);
                Amendment::new(lead, move |held| pass_on(&cause, held, lead))
            });
            let outcomes = self.store.amend(amendments.collect()).await?;
            passed += count_written(&outcomes);
        }
    }
}

fn count_written(outcomes: &[Amended]) -> usize {
    let written = outcomes.iter().filter(|it| **it == Amended::Written);
    written.count()
}
