//! A command beside a running gateway: the store of a config, opened to read and to queue.

use std::path::Path;
use std::sync::Arc;

use crate::cli::serve::runtime;
use crate::cli::told;
use crate::config::{Config, StoreConfig};
use crate::store::{Store, StoreOptions, StoreRole};

/// Runs `work` with the store that `config` names.
///
/// # Errors
/// A config that does not load, a store that does not open, and what `work` says.
pub fn with_store<T>(
    config: &Path,
    work: impl AsyncFnOnce(Arc<dyn Store>) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let config = Config::load(config).map_err(told)?;
    with_opened(&config.store, work)
}

/// Runs `work` with a store.
///
/// # Errors
/// As `with_store`.
pub fn with_opened<T>(
    config: &StoreConfig,
    work: impl AsyncFnOnce(Arc<dyn Store>) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    runtime()?.block_on(async {
        let options = StoreOptions {
            url: config.url.clone(),
            refusals: config.refusals,
            role: StoreRole::Companion,
        };
        let store = crate::store::open(options).await?;
        let done = work(Arc::clone(&store)).await;
        store.close().await;
        done
    })
}
