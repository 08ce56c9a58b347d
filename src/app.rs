//! Builds every room once, wires them, runs until told to stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web::Data;
use anyhow::Context;
use async_trait::async_trait;
use tokio::task::JoinHandle;

use crate::api::{self, Api};
use crate::clock::Clock;
use crate::config::{Config, StoreConfig};
use crate::ingest::intake::Intake;
use crate::model::problem::Problem;
use crate::process::recipes::Recipes;
use crate::process::worker::{Processing, Workers};
use crate::source::catalog::Catalog;
use crate::store::{self, Inbox, PurgeBefore, Store, StoreOptions, StoreRole};
use crate::telemetry;
use crate::web::hooks::{Hooks, Readiness};
use crate::web::serve::{Mount, Serving, serve};

/// How often old rows are removed.
const PURGE: Duration = Duration::from_secs(3600);
/// How often the gauges are set.
const GAUGES: Duration = Duration::from_secs(2);

/// A gateway that accepts connections.
pub struct Running {
    pub addresses: Vec<SocketAddr>,
    pub store: Arc<dyn Store>,
    pub processing: Arc<Processing>,
    server: ServerHandle,
    serving: JoinHandle<std::io::Result<()>>,
    workers: Workers,
    upkeep: Vec<JoinHandle<()>>,
}

/// Why a gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// What people wrote is wrong: all of it.
    #[error("{} problem(s)", .0.len())]
    Problems(Vec<Problem>),
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

/// Starts everything; returns once connections are accepted.
///
/// # Errors
/// Problems of the declarations, a store that cannot be opened, an address that cannot be bound.
pub async fn start(
    config: &Config,
    catalog: Arc<Catalog>,
    clock: Clock,
) -> Result<Running, StartError> {
    let metrics = telemetry::install_metrics().context("installing the metrics")?;
    let intakes = intakes(config, &catalog)?;
    let recipes = Recipes::compile(Arc::clone(&catalog), config).map_err(StartError::Problems)?;
    let store = store::open(StoreOptions {
        url: config.store.url.clone(),
        refusals: config.store.refusals,
        role: StoreRole::Gateway,
    })
    .await
    .with_context(|| format!("opening the store {}", config.store.url))?;
    let processing = Processing::new(Arc::clone(&store), recipes, &config.outbound, clock.clone());
    let workers = Workers::start(Arc::clone(&processing));
    let ready = Arc::new(Ready {
        store: Arc::clone(&store),
        workers: workers.running(),
    });
    let hooks = Arc::new(Hooks::new(
        intakes,
        &config.server,
        inbox(&store),
        clock.clone(),
        (ready, metrics.clone()),
    ));
    let api = Data::new(Api::new(
        Arc::clone(&store),
        Arc::clone(&processing),
        clock.clone(),
        catalog.sources(),
    ));
    let mounts: Vec<Mount> = vec![
        Box::new(move |app| api::configure(api.clone())(app)),
        Box::new(move |app| crate::web::configure(app, Arc::clone(&hooks))),
    ];
    let Serving { server, addresses } = serve(&config.server, mounts)
        .with_context(|| format!("listening on {}", config.server.listen))?;
    Ok(Running {
        addresses,
        server: server.handle(),
        serving: tokio::spawn(server),
        workers,
        upkeep: vec![
            tokio::spawn(telemetry::keep_up(metrics)),
            tokio::spawn(gauges(Arc::clone(&store), clock.clone())),
            tokio::spawn(purge(Arc::clone(&store), config.store.clone(), clock)),
        ],
        store,
        processing,
    })
}

impl Running {
    /// Stops accepting, finishes what is in flight, gives back what the workers hold, closes the store.
    ///
    /// # Errors
    /// The server had ended by itself, with an error.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.server.stop(true).await;
        let served = self.serving.await.context("the server's task")?;
        self.workers.stop().await;
        for task in self.upkeep {
            task.abort();
        }
        self.store.close().await;
        served.context("serving")
    }
}

fn inbox(store: &Arc<dyn Store>) -> Arc<dyn Inbox> {
    Arc::clone(store) as Arc<dyn Inbox>
}

fn intakes(config: &Config, catalog: &Catalog) -> Result<Vec<Arc<Intake>>, StartError> {
    let mut intakes = Vec::new();
    let mut problems = Vec::new();
    for endpoint in &config.endpoints {
        let Some(source) = catalog.get(&endpoint.source) else {
            problems.push(Problem {
                file: config.file.clone(),
                line: endpoint.line,
                message: format!("there is no source called \"{}\"", endpoint.source),
            });
            continue;
        };
        match Intake::compile(endpoint, source, &config.server) {
            Ok(intake) => intakes.push(Arc::new(intake)),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() {
        Ok(intakes)
    } else {
        Err(StartError::Problems(problems))
    }
}

/// For `/readyz`.
struct Ready {
    store: Arc<dyn Store>,
    workers: Arc<AtomicBool>,
}

#[async_trait]
impl Readiness for Ready {
    async fn ready(&self) -> Result<(), String> {
        if !self.workers.load(Ordering::SeqCst) {
            return Err("the workers do not run".to_owned());
        }
        self.store.ping().await.map_err(|error| error.to_string())
    }
}

async fn gauges(store: Arc<dyn Store>, clock: Clock) {
    let mut ticks = tokio::time::interval(GAUGES);
    loop {
        ticks.tick().await;
        match store.backlog().await {
            Ok(backlog) => {
                let age = backlog.oldest.map_or(0.0, |oldest| {
                    clock.now().duration_since(oldest).as_secs_f64()
                });
                telemetry::show_backlog(backlog.pending, age.max(0.0));
            }
            Err(error) => tracing::warn!(%error, "gauges.unread"),
        }
    }
}

async fn purge(store: Arc<dyn Store>, keep: StoreConfig, clock: Clock) {
    let mut ticks = tokio::time::interval(PURGE);
    loop {
        ticks.tick().await;
        let now = clock.now();
        let before = PurgeBefore {
            bodies: now - keep.keep_bodies,
            keys: now - keep.keep_keys,
            history: now - keep.keep_history,
        };
        match store.purge(before).await {
            Ok(purged) => tracing::info!(
                bodies = purged.bodies,
                keys = purged.keys,
                events = purged.events,
                "store.purged"
            ),
            Err(error) => tracing::warn!(%error, "store.purge_failed"),
        }
    }
}
