//! The application: builds every room once, wires them, runs until told to stop.

mod board;
mod upkeep;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::dev::ServerHandle;
use actix_web::web::{Data, ServiceConfig};
use async_trait::async_trait;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::api::{self, Api};
use crate::app::board::{Ground, Switchboard};
use crate::clock::Clock;
use crate::config::Config;
use crate::console::board::Board;
use crate::console::{self, Console};
use crate::ingest::intake::Intake;
use crate::ingest::spam::stamp::StampKey;
use crate::model::problem::Problem;
use crate::process::recipes::Recipes;
use crate::process::worker::{Processing, Workers};
use crate::source::catalog::Catalog;
use crate::store::{Inbox, Store, StoreError, StoreOptions, StoreRole};
use crate::telemetry;
use crate::web::hooks::{Hooks, Readiness};
use crate::web::peer;
use crate::web::serve::{Mount, serve};

/// For the store to prove that it can be written, before `/readyz` says that it cannot.
const READY_WITHIN: Duration = Duration::from_secs(2);

/// Why the gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Endpoints or mappings that cannot be used; all of them.
    #[error("{}", listed(.0))]
    Problems(Vec<Problem>),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(
        "cannot listen on {address}: {cause}; stop what listens there, or listen elsewhere with server.listen or --listen"
    )]
    Listen { address: String, cause: io::Error },
    #[error("the system gives no threads for the workers: {0}")]
    Workers(io::Error),
    #[error("metrics cannot be set up: {0}")]
    Metrics(String),
    #[error("the system gives no randomness for the keys of the gateway")]
    Randomness,
}

fn listed(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// A gateway that accepts connections.
pub struct Running {
    /// With the real port, when the config said 0.
    pub address: SocketAddr,
    pub store: Arc<dyn Store>,
    /// For tests that drain the inbox themselves.
    pub processing: Arc<Processing>,
    console: Data<Console>,
    server: ServerHandle,
    serving: oneshot::Receiver<io::Result<()>>,
    workers: Workers,
    upkeep: JoinSet<()>,
}

/// Starts the gateway on the current runtime.
///
/// # Errors
/// Problems of endpoints and mappings, a store that does not open, an address that is taken. Nothing runs then.
pub async fn start(
    config: &Config,
    catalog: Arc<Catalog>,
    clock: Clock,
) -> Result<Running, StartError> {
    let metrics =
        telemetry::install_metrics().map_err(|error| StartError::Metrics(error.to_string()))?;
    let (mut intakes, recipes) = compile(config, &catalog).map_err(StartError::Problems)?;
    let store = crate::store::open(StoreOptions {
        url: config.store.url.clone(),
        refusals: config.store.refusals,
        role: StoreRole::Gateway,
    })
    .await?;
    let stamps = stamp_key(store.as_ref()).await?;
    if let Some(key) = &stamps {
        for gate in intakes.iter_mut().filter_map(|intake| intake.spam.as_mut()) {
            gate.use_key(key.clone());
        }
    }
    let intakes: Vec<Arc<Intake>> = intakes.into_iter().map(Arc::new).collect();
    let processing = Processing::new(Arc::clone(&store), recipes, &config.outbound, clock.clone());
    let rooms = Rooms {
        config,
        catalog: &catalog,
        store: &store,
        processing: &processing,
        clock: &clock,
    };
    let hooks = Arc::new(rooms.hooks(&intakes, metrics.clone()));
    let board = Arc::new(rooms.board(&hooks, stamps, intakes));
    // Before the workers take anything: what came through an endpoint of the store is mapped by its settings.
    board.refresh().await?;
    let workers = Workers::start(Arc::clone(&processing)).map_err(StartError::Workers)?;
    let console = rooms.console(Arc::clone(&board));
    let mounts = rooms.mounts(&console, &hooks);
    let listening = serve(&config.server, mounts).map_err(|cause| StartError::Listen {
        address: config.server.listen.clone(),
        cause,
    });
    let listening = match listening {
        Ok(listening) => listening,
        Err(error) => {
            workers.stop().await;
            store.close().await;
            return Err(error);
        }
    };
    let address = listening.addresses.first().copied();
    let address = address.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0)));
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        %address,
        endpoints = config.endpoints.len(),
        "gateway.started"
    );
    Ok(Running {
        address,
        console,
        server: listening.server,
        serving: listening.ended,
        upkeep: upkeep::start(config, &processing, (&store, &board), clock, metrics),
        store,
        processing,
        workers,
    })
}

/// The key of the stamps of forms: the same after a restart, so that a form that was open meanwhile stays good. Where
/// the store cannot be written just now, forms go without stamps.
async fn stamp_key(store: &dyn Store) -> Result<Option<StampKey>, StartError> {
    let mut fresh = [0; 32];
    getrandom::fill(&mut fresh).map_err(|_| StartError::Randomness)?;
    match store.own_key("stamps", fresh).await {
        Ok(key) => Ok(StampKey::new(&key)),
        Err(error) => {
            tracing::warn!(%error, "stamps.without_key");
            Ok(None)
        }
    }
}

/// Every declaration, compiled for receiving and for processing.
///
/// # Errors
/// Every problem of an endpoint with its source, once.
pub fn compile(
    config: &Config,
    catalog: &Arc<Catalog>,
) -> Result<(Vec<Intake>, Recipes), Vec<Problem>> {
    let mut problems = Vec::new();
    let mut intakes = Vec::new();
    for endpoint in &config.endpoints {
        let Some(source) = catalog.get(&endpoint.source) else {
            continue;
        };
        match Intake::compile(endpoint, source, &config.server, catalog.disposable_mail()) {
            Ok(intake) => intakes.push(intake),
            Err(found) => problems.extend(found),
        }
    }
    match Recipes::compile(Arc::clone(catalog), &config.endpoints) {
        Ok(recipes) if problems.is_empty() => return Ok((intakes, recipes)),
        Ok(_) => {}
        Err(found) => problems.extend(found),
    }
    problems.sort();
    problems.dedup();
    Err(problems)
}

/// What the outer rooms are made of.
struct Rooms<'a> {
    config: &'a Config,
    catalog: &'a Arc<Catalog>,
    store: &'a Arc<dyn Store>,
    processing: &'a Arc<Processing>,
    clock: &'a Clock,
}

impl Rooms<'_> {
    fn hooks(&self, intakes: &[Arc<Intake>], metrics: PrometheusHandle) -> Hooks {
        let ready = Arc::new(Ready {
            store: Arc::clone(self.store),
            processing: Arc::clone(self.processing),
        });
        let inbox: Arc<dyn Inbox> = Arc::clone(self.store) as Arc<dyn Inbox>;
        let (server, clock) = (&self.config.server, self.clock.clone());
        Hooks::new(
            intakes.iter().cloned(),
            server,
            inbox,
            clock,
            (ready, metrics),
        )
    }

    fn board(
        &self,
        hooks: &Arc<Hooks>,
        stamps: Option<StampKey>,
        intakes: Vec<Arc<Intake>>,
    ) -> Switchboard {
        let ground = Ground {
            server: self.config.server.clone(),
            catalog: Arc::clone(self.catalog),
            store: Arc::clone(self.store),
            processing: Arc::clone(self.processing),
            hooks: Arc::clone(hooks),
            stamps,
            clock: self.clock.clone(),
        };
        let endpoints = self.config.endpoints.iter().cloned();
        Switchboard::new(ground, endpoints.zip(intakes).collect())
    }

    /// Pages and API learn from the outer wall whose address a request came from.
    fn address_of(&self) -> Box<dyn Fn(&HttpRequest) -> IpAddr + Send + Sync> {
        let trusted = self.config.server.trusted_proxies.clone();
        Box::new(move |request| peer::of(request, &trusted))
    }

    fn console(&self, board: Arc<Switchboard>) -> Data<Console> {
        Data::new(Console::new(
            self.config,
            Arc::clone(self.catalog),
            Arc::clone(self.store),
            Arc::clone(self.processing),
            self.clock.clone(),
            (board, self.address_of()),
        ))
    }

    /// The pages, the API and the hooks, each for the server to mount in every thread.
    fn mounts(&self, console: &Data<Console>, hooks: &Arc<Hooks>) -> Vec<Mount> {
        let (console, hooks) = (console.clone(), Arc::clone(hooks));
        let api = Data::new(Api::new(
            Arc::clone(self.store),
            Arc::clone(self.processing),
            self.clock.clone(),
            (self.catalog.sources(), self.address_of()),
        ));
        // In the order in which routes are tried: events come most often.
        vec![
            Box::new(move |config: &mut ServiceConfig| {
                crate::web::configure(config, Arc::clone(&hooks));
            }),
            Box::new(move |config: &mut ServiceConfig| api::configure(api.clone())(config)),
            Box::new(move |config: &mut ServiceConfig| console::configure(config, console.clone())),
        ]
    }
}

impl Running {
    /// Stops accepting, finishes the requests in flight and the batches of the workers, closes the store.
    pub async fn stop(mut self) {
        tracing::info!("gateway.stopping");
        self.console.stop();
        self.server.stop(true).await;
        match self.serving.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "server.ended_badly"),
            Err(_) => tracing::error!("server.ended_badly"),
        }
        self.workers.stop().await;
        self.upkeep.shutdown().await;
        self.store.close().await;
        tracing::info!("gateway.stopped");
    }
}

/// What `/readyz` asks.
struct Ready {
    store: Arc<dyn Store>,
    processing: Arc<Processing>,
}

#[async_trait]
impl Readiness for Ready {
    async fn ready(&self) -> Result<(), String> {
        if !self.processing.is_at_work() {
            return Err("the workers take no events: the log says why".to_owned());
        }
        match tokio::time::timeout(READY_WITHIN, self.store.ping()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("the store does not answer".to_owned()),
        }
    }
}
