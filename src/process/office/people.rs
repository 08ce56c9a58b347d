//! Reps and teams, kept and removed; the log says who did it and what stood there before.

use serde_json::{Value, json};

use crate::model::people::{Rep, Team};
use crate::process::edit::Hand;
use crate::process::office::{Office, Result};
use crate::store::users::AuditRow;

impl Office {
    /// Keeps a rep, new or changed.
    ///
    /// # Errors
    /// The store's.
    pub async fn put_rep(&self, rep: Rep, by: &Hand) -> Result<()> {
        let before = self.rep(&rep.handle).await?;
        let log = line(by, ("rep", &rep.handle), before, json!(rep));
        self.store.put_rep(rep, Some(log)).await?;
        // Leads may have waited for just this rep.
        self.nudge.notify_one();
        Ok(())
    }

    /// `false` when there was none.
    ///
    /// # Errors
    /// The store's `InUse` while a team or a rule names the rep.
    pub async fn remove_rep(&self, handle: &str, by: &Hand) -> Result<bool> {
        let before = self.rep(handle).await?;
        let log = line(by, ("rep", handle), before, Value::Null);
        let removed = self.store.delete_rep(handle.to_owned(), Some(log)).await;
        Ok(removed?)
    }

    /// Keeps a team, new or changed.
    ///
    /// # Errors
    /// The store's `Missing` when a member is no rep.
    pub async fn put_team(&self, team: Team, by: &Hand) -> Result<()> {
        let before = self.team(&team.handle).await?;
        let log = line(by, ("team", &team.handle), before, json!(team));
        self.store.put_team(team, Some(log)).await?;
        self.nudge.notify_one();
        Ok(())
    }

    /// `false` when there was none.
    ///
    /// # Errors
    /// The store's `InUse` while a rule names the team.
    pub async fn remove_team(&self, handle: &str, by: &Hand) -> Result<bool> {
        let before = self.team(handle).await?;
        let log = line(by, ("team", handle), before, Value::Null);
        let removed = self.store.delete_team(handle.to_owned(), Some(log)).await;
        Ok(removed?)
    }

    /// A rep as the log shows it; null when there is none.
    async fn rep(&self, handle: &str) -> Result<Value> {
        let reps = self.store.desk().await?.reps;
        let rep = reps.iter().find(|rep| rep.handle == handle);
        Ok(rep.map_or(Value::Null, |rep| json!(rep)))
    }

    async fn team(&self, handle: &str) -> Result<Value> {
        let teams = self.store.desk().await?.teams;
        let team = teams.iter().find(|team| team.handle == handle);
        Ok(team.map_or(Value::Null, |team| json!(team)))
    }
}

/// What the log says of a rep or team: null stands for none.
fn line(by: &Hand, (kind, handle): (&str, &str), before: Value, after: Value) -> AuditRow {
    let what = match (before.is_null(), after.is_null()) {
        (_, true) => "removed",
        (true, false) => "added",
        (false, false) => "changed",
    };
    by.log(&format!("{kind}.{what}"), format!("{kind}/{handle}"))
        .changing(before, after)
}
