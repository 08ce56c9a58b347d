//! Names of all metrics, and the set-up of metrics and logs.

use std::io::{self, Write};
use std::sync::OnceLock;
use std::time::Duration;

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

/// Events by `endpoint` and `outcome`: `accepted`, `duplicate`, `quarantined`, `spam`, `ignored` when they arrive, `processed`,
/// `quarantined`, `failed`, `ignored` each time they are settled (a replay settles again).
pub const EVENTS: &str = "frontdesk_events_total";
/// Requests turned away, by `endpoint` (`unknown` for those that do not exist) and `code`.
pub const REFUSALS: &str = "frontdesk_refusals_total";
/// From the head of a request to its answer, by `endpoint`.
pub const RECEIVE: &str = "frontdesk_receive_duration_seconds";
/// Events that wait to be processed.
pub const BACKLOG: &str = "frontdesk_inbox_backlog";
/// Age of the oldest event that waits.
pub const BACKLOG_AGE: &str = "frontdesk_inbox_oldest_seconds";
/// Reads of senders' APIs, by `endpoint` and `outcome`: `answered`, `token`, `forbidden`, `busy`, `down`, `rejected`.
pub const FETCHES: &str = "frontdesk_fetches_total";
/// Alarms that stand.
pub const ALARMS: &str = "frontdesk_alarms";

/// Upper bounds of durations in seconds: from a tenth of a millisecond to half a minute.
const SECONDS: &[f64] = &[
    0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 30.0,
];
/// How often samples of histograms are folded into their buckets: until then they take memory.
const UPKEEP: Duration = Duration::from_secs(1);

static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();

/// Installs the recorder of this process, once; later calls give the same handle. Call it before anything that counts
/// is built, for counters that were made earlier count nothing.
///
/// # Errors
/// A bucket list that the recorder does not take.
pub fn install_metrics() -> Result<PrometheusHandle, BuildError> {
    if let Some(handle) = METRICS.get() {
        return Ok(handle.clone());
    }
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)?
        .build_recorder();
    let handle = METRICS.get_or_init(|| recorder.handle()).clone();
    if metrics::set_global_recorder(recorder).is_ok() {
        describe();
    }
    Ok(handle)
}

/// Keeps the memory of histograms bounded; runs until it is dropped.
pub async fn keep_up(handle: PrometheusHandle) {
    let mut ticks = tokio::time::interval(UPKEEP);
    loop {
        ticks.tick().await;
        handle.run_upkeep();
    }
}

/// What is said of each request that is no HTTP, as an error: any stranger could fill the log with it.
const NOISE: &str = "actix_http=off";

/// What is logged; `log.level` may ask for the noise too.
///
/// # Errors
/// A sentence when `log.level` is no filter.
pub fn filter(log: &Log) -> Result<EnvFilter, String> {
    EnvFilter::try_new(format!("{NOISE},{}", log.level))
        .map_err(|error| format!("log.level {:?} is no filter: {error}", log.level))
}

/// Sends logs to stderr; stdout belongs to what a command prints.
///
/// # Errors
/// A sentence when `log.level` is no filter, or logs are set up already.
pub fn install_log(log: &Log) -> Result<(), String> {
    let filter = filter(log)?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        // A log that cannot be written, on a full disk or a closed pipe, must not stop what it tells of.
        .log_internal_errors(false)
        .with_target(false);
    match log.format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    }
    .map_err(|error| error.to_string())
}

/// Makes a panic tell its place and nothing else, on stderr: its message may hold parts of a payload.
pub fn install_panic_hook() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map_or_else(String::new, ToString::to_string);
        let mut err = io::stderr().lock();
        // A closed stderr is nobody's listening.
        drop(writeln!(
            err,
            "frontdesk: a defect of the program at {place}; please report this place"
        ));
    }));
}

fn describe() {
    describe_counter!(EVENTS, "Events by endpoint and outcome");
    describe_counter!(REFUSALS, "Requests turned away, by endpoint and code");
    describe_histogram!(
        RECEIVE,
        Unit::Seconds,
        "From a request's head to its answer"
    );
    describe_gauge!(BACKLOG, "Events that wait to be processed");
    describe_gauge!(
        BACKLOG_AGE,
        Unit::Seconds,
        "Age of the oldest event that waits"
    );
    describe_counter!(FETCHES, "Reads of senders' APIs, by source and outcome");
    describe_gauge!(ALARMS, "Alarms that stand");
}
