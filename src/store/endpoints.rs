//! Endpoints that were made in the console, and endpoints that take nothing for now.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::store::Result;
use crate::store::users::AuditRow;

/// What the store keeps of endpoints; those of the config file stand in the file.
#[async_trait]
pub trait Endpoints: Send + Sync {
    /// By name.
    async fn endpoints(&self) -> Result<Vec<EndpointRow>>;

    /// Keeps a new endpoint; `InUse` when one of its name is kept already.
    async fn add_endpoint(&self, row: EndpointRow, log: AuditRow) -> Result<()>;

    /// `false` when there is none of this name.
    async fn change_endpoint(
        &self,
        name: String,
        change: EndpointChange,
        log: AuditRow,
    ) -> Result<bool>;

    /// `false` when there was none of this name.
    async fn delete_endpoint(&self, name: String, log: AuditRow) -> Result<bool>;

    /// Endpoints that take nothing, and since when: of the file as well as of the store.
    async fn pauses(&self) -> Result<Vec<(String, Timestamp)>>;

    /// Pauses an endpoint, or lets it take again.
    async fn pause(&self, name: String, since: Option<Timestamp>, log: AuditRow) -> Result<()>;
}

/// An endpoint as stored. Not printable: it holds secrets.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct EndpointRow {
    pub name: String,
    pub source: String,
    /// `verify = "none"`, said out loud.
    pub unverified: bool,
    pub secrets: Vec<SecretRow>,
    pub settings: BTreeMap<String, String>,
    pub region: Option<String>,
    pub allow_origins: Vec<String>,
    pub thank_you: Option<String>,
    pub created_at: Timestamp,
}

/// One secret of an endpoint.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct SecretRow {
    pub id: Uuid,
    pub text: String,
    pub added_at: Timestamp,
    /// From then on it proves nothing any more.
    pub ends_at: Option<Timestamp>,
}

impl SecretRow {
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.ends_at.is_none_or(|end| now < end)
    }
}

/// What changes about an endpoint.
#[derive(Clone)]
pub enum EndpointChange {
    /// A new secret, before the others, which end at this time.
    AddSecret {
        secret: SecretRow,
        others_end: Timestamp,
    },
    /// A secret ends earlier, or later, than it would.
    EndSecret { id: Uuid, at: Timestamp },
    /// Settings, and what else is not a secret.
    Settings {
        settings: BTreeMap<String, String>,
        region: Option<String>,
        allow_origins: Vec<String>,
        thank_you: Option<String>,
    },
}

impl EndpointChange {
    /// The endpoint after it.
    pub fn apply(self, row: &mut EndpointRow) {
        match self {
            EndpointChange::AddSecret { secret, others_end } => {
                for other in &mut row.secrets {
                    let end = other.ends_at.map_or(others_end, |end| end.min(others_end));
                    other.ends_at = Some(end);
                }
                row.secrets.insert(0, secret);
            }
            EndpointChange::EndSecret { id, at } => {
                for secret in row.secrets.iter_mut().filter(|secret| secret.id == id) {
                    secret.ends_at = Some(at);
                }
            }
            EndpointChange::Settings {
                settings,
                region,
                allow_origins,
                thank_you,
            } => {
                row.settings = settings;
                row.region = region;
                row.allow_origins = allow_origins;
                row.thank_you = thank_you;
            }
        }
    }
}
