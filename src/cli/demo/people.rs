//! The demo's sales team: reps, teams, rules, and a token to look at it all.

use serde_json::json;

use crate::access::password;
use crate::access::token::{API, fresh, hash_of};
use crate::cli::user;
use crate::clock::Clock;
use crate::model::people::{Rep, Team};
use crate::model::role::Role;
use crate::model::rules::{Imprint, RuleSet};
use crate::store::{Store, TokenRow};

/// The console's user.
pub const DEMO: &str = "demo";

/// Who may look at it all.
pub struct Keys {
    pub token: String,
    /// Of the console's user `demo`.
    pub password: String,
}

/// Writes them; the keys.
///
/// # Errors
/// When the store cannot be written.
pub async fn seed(store: &dyn Store) -> anyhow::Result<Keys> {
    let reps: Vec<Rep> = serde_json::from_value(json!([
        {"handle": "ana", "name": "Ana Ruiz", "email": "ana@example.com", "time_zone": "Europe/Madrid"},
        {"handle": "rui", "name": "Rui Sousa", "email": "rui@example.com", "time_zone": "Europe/Lisbon"},
        {"handle": "marie", "name": "Marie Keller", "email": "marie@example.com", "time_zone": "Europe/Paris"},
        {"handle": "jonas", "name": "Jonas Brandt", "email": "jonas@example.com", "time_zone": "Europe/Berlin"},
        {"handle": "boss", "name": "Olga Marin", "email": "olga@example.com", "time_zone": "Europe/Madrid"},
    ]))?;
    let teams: Vec<Team> = serde_json::from_value(json!([
        {"handle": "iberia", "name": "Iberia", "members": [{"rep": "ana", "weight": 2}, {"rep": "rui", "weight": 1}]},
        {"handle": "north", "name": "North", "members": [{"rep": "marie"}, {"rep": "jonas"}]},
    ]))?;
    let country = |countries: &[&str]| json!({"field": "contact.address.country", "op": "in", "value": countries});
    let version = store.desk().await?.rules.version;
    let rules: RuleSet = serde_json::from_value(json!({"version": version, "rules": [
        {"name": "Big budgets", "when": {"field": "lead.budget", "op": "gte", "value": 20000}, "assign": {"rep": "boss"}},
        {"name": "Spain and Portugal", "when": country(&["ES", "PT"]), "assign": {"team": "iberia", "strategy": "round_robin"}},
        {"name": "France and Germany", "when": country(&["FR", "DE"]), "assign": {"team": "north", "strategy": "round_robin"}},
        {"name": "Everyone else", "assign": {"rep": "boss"}},
    ]}))?;
    for rep in reps {
        store.put_rep(rep, None).await?;
    }
    for team in teams {
        store.put_team(team, None).await?;
    }
    let now = Clock::System.now();
    let imprint = Imprint {
        author: "demo".to_owned(),
        at: now,
        note: "the demo's first rules".to_owned(),
    };
    store.publish_rules(rules, imprint, None, None).await?;
    let token = format!("{API}{}", fresh()?);
    let row = TokenRow {
        name: "demo".to_owned(),
        role: Role::Admin.as_str().to_owned(),
        hash: hash_of(&token),
        created_at: now,
        revoked_at: None,
    };
    store.add_token(row).await?;
    let password: String = fresh()?.chars().take(12).collect();
    let log = user::log("user.added", DEMO, now);
    let mut row = user::row(DEMO, Role::Admin, None, now);
    row.password = Some(password::hash(&password)?);
    store.add_user(row, log).await?;
    Ok(Keys { token, password })
}
