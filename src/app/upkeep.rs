//! What runs beside the work: retention, gauges, the upkeep of metrics, the health of mappings and endpoints.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use metrics::gauge;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::task::JoinSet;

use crate::app::board::Switchboard;
use crate::clock::Clock;
use crate::config::{Config, StoreConfig};
use crate::console::board::Board;
use crate::process::health::keep::Keeper;
use crate::process::worker::Processing;
use crate::store::{PurgeBefore, Purged, Store};
use crate::telemetry;

/// Between two purges.
const PURGE: Duration = Duration::from_secs(60 * 60);
/// Between two looks at the endpoints.
const REFRESH: Duration = Duration::from_secs(30);
/// Between two looks at the backlog.
const LOOK: Duration = Duration::from_secs(1);

/// Between two looks at the health of mappings and endpoints.
const WATCH: Duration = Duration::from_secs(10);

/// Starts all of it; it ends when the set is dropped.
pub fn start(
    config: &Config,
    processing: &Arc<Processing>,
    (store, board): (&Arc<dyn Store>, &Arc<Switchboard>),
    clock: Clock,
    metrics: PrometheusHandle,
) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(purge(
        Arc::clone(store),
        config.store.clone(),
        clock.clone(),
    ));
    tasks.spawn(endpoints(Arc::clone(board)));
    tasks.spawn(gauges(Arc::clone(store), clock.clone()));
    tasks.spawn(health(Arc::clone(store), Arc::clone(processing), clock));
    tasks.spawn(telemetry::keep_up(metrics));
    let office = Arc::clone(processing.office());
    tasks.spawn(async move { office.go_round().await });
    tasks
}

/// Keeps what is known of mappings and endpoints; a store that does not answer is asked again with the next tick.
async fn health(store: Arc<dyn Store>, processing: Arc<Processing>, clock: Clock) {
    let mut ticks = tokio::time::interval(WATCH);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut keeper = None;
    loop {
        ticks.tick().await;
        let keeper = match &mut keeper {
            Some(keeper) => keeper,
            None => match Keeper::open(Arc::clone(&store), Arc::clone(&processing)).await {
                Ok(opened) => keeper.insert(opened),
                Err(error) => {
                    tracing::warn!(%error, "health.not_opened");
                    continue;
                }
            },
        };
        if let Err(error) = keeper.look(clock.now()).await {
            tracing::warn!(%error, "health.not_kept");
        }
    }
}

/// Secrets end, and somebody else may have written into the store.
async fn endpoints(board: Arc<Switchboard>) {
    let mut ticks = tokio::time::interval(REFRESH);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = board.refresh().await {
            tracing::warn!(%error, "endpoints.not_read");
        }
    }
}

async fn purge(store: Arc<dyn Store>, keep: StoreConfig, clock: Clock) {
    let mut ticks = tokio::time::interval(PURGE);
    loop {
        ticks.tick().await;
        match store.purge(limits(&keep, clock.now())).await {
            Ok(removed) if removed == Purged::default() => {
                tracing::debug!("store.nothing_to_purge")
            }
            Ok(removed) => tracing::info!(
                bodies = removed.bodies,
                keys = removed.keys,
                events = removed.events,
                "store.purged"
            ),
            Err(error) => tracing::warn!(%error, "store.not_purged"),
        }
    }
}

fn limits(keep: &StoreConfig, now: Timestamp) -> PurgeBefore {
    let before = |kept: Duration| {
        let kept = SignedDuration::try_from(kept).unwrap_or(SignedDuration::MAX);
        now.checked_sub(kept).unwrap_or(Timestamp::MIN)
    };
    PurgeBefore {
        bodies: before(keep.keep_bodies),
        keys: before(keep.keep_keys),
        history: before(keep.keep_history),
    }
}

async fn gauges(store: Arc<dyn Store>, clock: Clock) {
    let pending = gauge!(telemetry::BACKLOG);
    let oldest = gauge!(telemetry::BACKLOG_AGE);
    let alarms = gauge!(telemetry::ALARMS);
    let mut ticks = tokio::time::interval(LOOK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // A store that cannot be read is `/readyz`'s to tell; the gauges keep what they last saw.
        if let Ok(backlog) = store.backlog().await {
            pending.set(as_gauge(backlog.pending));
            let age = backlog.oldest.map_or(0.0, |oldest| {
                clock.now().duration_since(oldest).as_secs_f64()
            });
            oldest.set(age.max(0.0));
        }
        if let Ok(standing) = store.alarms().await {
            alarms.set(as_gauge(standing.len() as u64));
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a gauge is a float; beyond 2^53 the last digit does not matter"
)]
fn as_gauge(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::limits;
    use crate::config::StoreConfig;

    #[test]
    fn each_thing_is_kept_as_long_as_the_config_says() {
        let day = |days: u64| Duration::from_secs(days * 24 * 60 * 60);
        let keep = StoreConfig {
            url: String::new(),
            keep_bodies: day(30),
            keep_keys: day(7),
            keep_history: Duration::MAX,
            refusals: 0,
        };
        let now: Timestamp = "2026-11-24T00:00:00Z".parse().unwrap();
        let limits = limits(&keep, now);
        assert_eq!(limits.bodies.to_string(), "2026-10-25T00:00:00Z");
        assert_eq!(limits.keys.to_string(), "2026-11-17T00:00:00Z");
        assert_eq!(limits.history, Timestamp::MIN);
    }
}
