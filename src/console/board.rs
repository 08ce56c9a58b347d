//! The endpoints as they now are, and putting them to work: the application behind the pages of sources.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use crate::config::Endpoint;
use crate::model::said::Said;
use crate::store::StoreError;
use crate::store::endpoints::EndpointRow;

/// What the pages ask of the application.
#[async_trait]
pub trait Board: Send + Sync {
    /// Every endpoint: those of the config file in its order, then those of the store by name.
    fn standings(&self) -> Arc<Vec<Standing>>;

    /// Reads what the store keeps and puts it to work, before it returns.
    async fn refresh(&self) -> Result<(), StoreError>;

    /// What keeps an endpoint from working; a sentence each.
    fn problems(&self, row: &EndpointRow) -> Vec<Said>;

    /// Receives a sample, the one with this number, as if its sender had signed and posted it.
    async fn send_sample(&self, endpoint: &str, nth: usize) -> Result<Uuid, Unsent>;
}

/// An endpoint as it now stands.
pub struct Standing {
    pub endpoint: Endpoint,
    /// `None`: it stands in the config file.
    pub row: Option<EndpointRow>,
    pub paused: Option<Timestamp>,
    /// What keeps it from working; it takes nothing then.
    pub problems: Vec<Said>,
}

/// Why a sample did not arrive.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Unsent {
    #[error("there is no such endpoint or sample")]
    Missing,
    /// A sentence: what the gateway said, or why it cannot be signed.
    #[error("{0}")]
    Refused(Said),
    #[error(transparent)]
    Store(#[from] StoreError),
}
