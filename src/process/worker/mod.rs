//! The workers: claim → plan → settle, a few batches at a time, until told to stop.

mod batch;
mod report;
mod thin;
mod unfold;
mod watched;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::clock::Clock;
use crate::config::Outbound;
use crate::process::decide::rules::Rules;
use crate::process::fetch::client::Limits;
use crate::process::health::watch::Watch;
use crate::process::office::Office;
use crate::process::plan::Context;
use crate::process::recipes::{LiveRecipes, Recipes};
use crate::process::worker::batch::Requests;
use crate::process::worker::thin::Fetches;
use crate::store::{Store, StoreError};

/// Events taken at once. More make commits larger than they need to be, fewer make more of them.
const BATCH: usize = 128;
/// Batches under way: while one is claimed or planned, two wait for the writer, which so hardly ever waits for them.
const LANES: usize = 3;
/// Threads for what blocks: the batches, the claim, and the names of hosts to fetch from. Few, as each keeps memory of its own.
const BLOCKING: usize = 5;
/// How nice the workers are to other threads.
#[cfg(target_os = "linux")]
const LAST_IN_LINE: i32 = 19;
/// How long to sleep when nobody says that there is work.
const POLL: Duration = Duration::from_secs(1);
/// How long to wait when the store cannot be used.
const STORE_PAUSE: Duration = Duration::from_millis(500);

/// Everything that processing needs, wired once.
pub struct Processing {
    store: Arc<dyn Store>,
    recipes: LiveRecipes,
    rules: Arc<Rules>,
    office: Arc<Office>,
    fetches: Fetches,
    requests: Requests,
    watch: Watch,
    clock: Clock,
    /// Fetches under way.
    thin: Mutex<JoinSet<()>>,
    stopping: watch::Sender<bool>,
    at_work: AtomicBool,
}

impl Processing {
    pub fn new(
        store: Arc<dyn Store>,
        recipes: Recipes,
        outbound: &Outbound,
        clock: Clock,
    ) -> Arc<Self> {
        let rules: Arc<Rules> = Arc::default();
        let office = Office::new(Arc::clone(&store), Arc::clone(&rules), clock.clone());
        Arc::new(Processing {
            store,
            recipes: LiveRecipes::new(recipes),
            rules,
            office: Arc::new(office),
            fetches: Fetches::new(outbound, Limits::default()),
            requests: Requests::default(),
            watch: Watch::default(),
            clock,
            thin: Mutex::default(),
            stopping: watch::Sender::new(false),
            at_work: AtomicBool::new(false),
        })
    }

    /// Whether workers take events: from their start until they have stopped, for whatever reason, and not while the store
    /// cannot give them any. For `/readyz`.
    pub fn is_at_work(&self) -> bool {
        self.at_work.load(Ordering::SeqCst)
    }

    /// The recipes in use.
    pub fn recipes(&self) -> &LiveRecipes {
        &self.recipes
    }

    /// What was seen of events since it was last asked for.
    pub fn watch(&self) -> &Watch {
        &self.watch
    }

    /// What people and rounds do with rules and leads.
    pub fn office(&self) -> &Arc<Office> {
        &self.office
    }

    /// What a plan made now is made with.
    pub fn context(&self) -> Context {
        Context {
            now: self.clock.now(),
            rules: Arc::clone(&self.rules),
        }
    }

    /// Processes until nothing is due; for tests, which then need no sleep. Returns the number of events taken.
    ///
    /// # Errors
    /// The store's.
    pub async fn drain(self: &Arc<Self>) -> Result<usize, StoreError> {
        let mut taken = 0;
        loop {
            let claimed = self.store.claim(BATCH, self.clock.now()).await?;
            if claimed.is_empty() {
                let mut thin = std::mem::take(&mut *self.thin());
                if thin.is_empty() {
                    return Ok(taken);
                }
                while thin.join_next().await.is_some() {}
                continue;
            }
            taken += claimed.len();
            self.process(claimed).await;
        }
    }

    fn thin(&self) -> std::sync::MutexGuard<'_, JoinSet<()>> {
        self.thin.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The running workers.
///
/// They have threads of their own, which stand back for all others: whoever waits for an acknowledgement waits for
/// nobody's plans.
pub struct Workers {
    processing: Arc<Processing>,
    task: JoinHandle<()>,
    /// `None` once they are stopped.
    runtime: Option<Runtime>,
}

impl Workers {
    /// Starts them.
    ///
    /// # Errors
    /// The system gives no threads.
    pub fn start(processing: Arc<Processing>) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(BLOCKING)
            .thread_name("worker")
            .on_thread_start(stand_back)
            .enable_all()
            .build()?;
        processing.at_work.store(true, Ordering::SeqCst);
        let task = runtime.spawn(run(
            Arc::clone(&processing),
            Running(Arc::clone(&processing)),
        ));
        Ok(Workers {
            processing,
            task,
            runtime: Some(runtime),
        })
    }

    /// Finishes the batches in flight, gives back what waits for a fetch, and returns.
    pub async fn stop(mut self) {
        self.processing.stopping.send_replace(true);
        if let Err(error) = (&mut self.task).await {
            tracing::error!(%error, "workers.ended_badly");
        }
    }
}

impl Drop for Workers {
    /// A runtime cannot be waited for where others are driven.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// The kernel gives such a thread what the others leave. Elsewhere the workers are like the others.
fn stand_back() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(LAST_IN_LINE) {
        tracing::debug!(%error, "worker.priority_unchanged");
    }
}

/// Says that the workers have stopped even when they end by a panic.
struct Running(Arc<Processing>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.at_work.store(false, Ordering::SeqCst);
    }
}

async fn run(processing: Arc<Processing>, running: Running) {
    let mut stopping = processing.stopping.subscribe();
    let lanes = Arc::new(Semaphore::new(LANES));
    let mut batches = JoinSet::new();
    while !*stopping.borrow() {
        reap(&mut batches);
        reap(&mut processing.thin());
        let free = tokio::select! {
            free = Arc::clone(&lanes).acquire_owned() => free,
            _ = stopping.changed() => break,
        };
        let claimed = processing.store.claim(BATCH, processing.clock.now()).await;
        processing.at_work.store(claimed.is_ok(), Ordering::SeqCst);
        match claimed {
            Ok(claimed) if claimed.is_empty() => {
                drop(free);
                tokio::select! {
                    () = processing.store.wait_for_work(POLL) => {}
                    _ = stopping.changed() => break,
                }
            }
            Ok(claimed) => {
                let processing = Arc::clone(&processing);
                batches.spawn(async move {
                    processing.process(claimed).await;
                    drop(free);
                });
            }
            Err(error) => {
                tracing::error!(%error, "events.not_claimed");
                tokio::select! {
                    () = tokio::time::sleep(STORE_PAUSE) => {}
                    _ = stopping.changed() => break,
                }
            }
        }
    }
    while batches.join_next().await.is_some() {}
    let mut thin = std::mem::take(&mut *processing.thin());
    while thin.join_next().await.is_some() {}
    drop(running);
}

fn reap(tasks: &mut JoinSet<()>) {
    while let Some(ended) = tasks.try_join_next() {
        if let Err(error) = ended {
            tracing::error!(%error, "worker.task_failed");
        }
    }
}
