//! The measurements, as tables.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, ensure};

use crate::bodies::{self, Kind};
use crate::gateway::Server;
use crate::generator::{self, Outcome, Pace};

const CONNECTIONS: usize = 64;

/// How long and how much.
#[derive(Debug, Clone)]
pub struct Options {
    /// Of a burst.
    pub burst: Duration,
    /// Of a sustained run.
    pub sustained: Duration,
    /// Events of the large store.
    pub fill: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            burst: Duration::from_secs(10),
            sustained: Duration::from_secs(20),
            fill: 1_000_000,
        }
    }
}

impl Options {
    pub fn quick() -> Self {
        Options {
            burst: Duration::from_secs(4),
            sustained: Duration::from_secs(6),
            fill: 100_000,
        }
    }
}

/// Everything, in one run.
pub fn all(options: &Options) -> anyhow::Result<()> {
    one("leads", options)?;
    one("orders", options)?;
    visible()?;
    million(options)
}

/// The kind of body, and how many of them at most are sent in a second.
fn kind_of(which: &str) -> (Kind, u64) {
    match which {
        "orders" => (Kind::Orders, 16_000),
        _ => (Kind::Leads, 60_000),
    }
}

/// A burst against the reference, and how fast what it left is worked off.
pub fn burst_alone(which: &str, options: &Options) -> anyhow::Result<()> {
    let (kind, expected) = kind_of(which);
    let reference = burst(&Server::reference()?, kind, 0, options.burst, expected)?;
    let server = Server::frontdesk()?;
    let outcome = burst(&server, kind, 0, options.burst, expected)?;
    let backlog = server.backlog()?;
    let drained = server.drained(Duration::from_secs(120))?;
    println!(
        "{which}: {:.0}/s of {:.0}/s: {:.2}, p99 {:.1} ms of {:.1} ms; {backlog} of {} waited, worked off at {:.0}/s; {:?} MB",
        outcome.rate(),
        reference.rate(),
        outcome.rate() / reference.rate(),
        outcome.percentile(0.99),
        reference.percentile(0.99),
        outcome.accepted,
        backlog as f64 / drained.as_secs_f64(),
        server.memory()?,
    );
    Ok(())
}

/// One body at a fixed rate, without the reference, after so many stored events: how long answers take, and whether a
/// backlog grows.
pub fn steady(which: &str, rate: f64, stored: u64, options: &Options) -> anyhow::Result<()> {
    let (kind, _) = kind_of(which);
    let server = Server::frontdesk()?;
    fill(&server, 0, stored)?;
    let outcome = paced(&server, kind, stored, options.sustained, rate)?;
    let backlog = server.backlog()?;
    let drained = server.drained(Duration::from_secs(120))?;
    let [p50, p90, p99] = [0.5, 0.9, 0.99].map(|share| outcome.percentile(share));
    println!(
        "{which}: {:.0}/s, p50 {p50:.1}, p90 {p90:.1}, p99 {p99:.1} ms; {backlog} of {} waited, gone in {} ms; {:?} MB",
        outcome.rate(),
        outcome.accepted,
        drained.as_millis(),
        server.memory()?,
    );
    Ok(())
}

/// One body: burst against the reference, then sustained steps, then half of that for latency.
pub fn one(which: &str, options: &Options) -> anyhow::Result<()> {
    let (kind, expected) = kind_of(which);
    let reference = {
        let server = Server::reference()?;
        burst(&server, kind, 0, options.burst, expected)?
    };
    println!("\n### {}\n", kind.name());
    println!("| run | acknowledged/s | of reference | p50 ms | p99 ms | memory MB (peak) |");
    println!("|---|---|---|---|---|---|");
    row("reference, burst", &reference, &reference, None);
    let server = Server::frontdesk()?;
    let mut sent = 0;
    let outcome = burst(&server, kind, sent, options.burst, expected)?;
    sent += outcome.used as u64;
    row(
        "Frontdesk, burst, workers on",
        &outcome,
        &reference,
        Some(server.memory()?),
    );
    let backlog = server.backlog()?;
    let drained = server.drained(Duration::from_secs(120))?;
    let processed = outcome.accepted as f64 / (outcome.elapsed + drained).as_secs_f64();
    check(&server, kind, sent)?;
    for share in [0.35, 0.45, 0.55] {
        let rate = reference.rate() * share;
        let outcome = paced(&server, kind, sent, options.sustained, rate)?;
        sent += outcome.used as u64;
        let backlog = server.backlog()?;
        let log = server.log_size();
        let drained = server.drained(Duration::from_secs(120))?;
        row(
            &format!(
                "sustained at {share}, backlog {backlog} at the end, gone in {} ms, log {log} MB",
                drained.as_millis()
            ),
            &outcome,
            &reference,
            Some(server.memory()?),
        );
        if share == 0.35 {
            check(&server, kind, sent)?;
        }
    }
    let rate = reference.rate() * 0.35 / 2.0;
    let outcome = paced(&server, kind, sent, options.burst, rate)?;
    sent += outcome.used as u64;
    row("half of 0.35", &outcome, &reference, Some(server.memory()?));
    server.drained(Duration::from_secs(60))?;
    check(&server, kind, sent)?;
    println!(
        "\nAfter the burst {backlog} events waited and were processed in {:.1} s: {processed:.0}/s end to end.",
        drained.as_secs_f64()
    );
    let counts = server.counts()?;
    println!("Stored and mapped: {counts}\n");
    Ok(())
}

/// The same burst on an almost empty store and after many stored events.
pub fn million(options: &Options) -> anyhow::Result<()> {
    let server = Server::frontdesk()?;
    let mut sent = 10_000;
    fill(&server, 0, sent)?;
    let before = burst(&server, Kind::Leads, sent, options.burst, 60_000)?;
    sent += before.used as u64;
    server.drained(Duration::from_secs(180))?;
    let memory_before = server.memory()?;
    println!("\n### Flatness: a burst of leads on a small and on a large store\n");
    println!("| run | acknowledged/s | of the first | p50 ms | p99 ms | memory MB (peak) |");
    println!("|---|---|---|---|---|---|");
    row(
        "from 10 000 stored events",
        &before,
        &before,
        Some(memory_before),
    );
    if sent < options.fill {
        fill(&server, sent, options.fill - sent)?;
        sent = options.fill;
    }
    server.drained(Duration::from_secs(600))?;
    let events = server.counts()?.events;
    let after = burst(&server, Kind::Leads, sent, options.burst, 60_000)?;
    server.drained(Duration::from_secs(180))?;
    row(
        &format!("from {events} stored events"),
        &after,
        &before,
        Some(server.memory()?),
    );
    let counts = server.counts()?;
    println!("\nStored and mapped: {counts}\n");
    Ok(())
}

/// Processor time of an event, all threads together: it hardly depends on what else the machine does.
pub fn cost() -> anyhow::Result<()> {
    println!("\n### Processor time of an event, µs\n");
    println!("| body | reference | Frontdesk, until acknowledged | Frontdesk, until settled |");
    println!("|---|---|---|---|");
    for (kind, count) in [(Kind::Leads, 40_000_u64), (Kind::Orders, 15_000)] {
        let each = |spent: Duration| spent.as_micros() as f64 / count as f64;
        let reference = Server::reference()?;
        let idle = reference.processor_time()?;
        all_of(&reference, kind, 0, count)?;
        let bare = each(reference.processor_time()?.saturating_sub(idle));
        drop(reference);
        let server = Server::frontdesk()?;
        let idle = server.processor_time()?;
        all_of(&server, kind, 0, count)?;
        let waiting = server.backlog()?;
        let sent = each(server.processor_time()?.saturating_sub(idle));
        server.drained(Duration::from_secs(300))?;
        let settled = each(server.processor_time()?.saturating_sub(idle));
        let done = (count - waiting) as f64 / count as f64;
        // Some were settled while the others came: their share is taken out.
        let settling = (settled - sent) / (1.0 - done).max(0.01);
        println!(
            "| {} | {bare:.0} | {:.0} | {settled:.0} |",
            kind.name(),
            settled - settling
        );
    }
    Ok(())
}

fn all_of(server: &Server, kind: Kind, first: u64, count: u64) -> anyhow::Result<Outcome> {
    let requests = fresh(kind, first, count);
    let outcome = generator::run(
        server.address,
        requests,
        CONNECTIONS,
        Duration::from_secs(600),
        Pace::Closed,
    )?;
    ensure!(
        outcome.refused == 0,
        "{} requests were refused",
        outcome.refused
    );
    Ok(outcome)
}

/// From the acknowledgement to the record in the API, on an idle machine.
pub fn visible() -> anyhow::Result<()> {
    let server = Server::frontdesk()?;
    let mut times = Vec::new();
    for n in 0..200_u64 {
        let request = fresh(Kind::Leads, 1_000_000_000 + n, 1).remove(0);
        let mut stream = TcpStream::connect(server.address)?;
        stream.write_all(&request)?;
        let mut answer = [0; 4096];
        let read = stream.read(&mut answer)?;
        ensure!(answer[..read].starts_with(b"HTTP/1.1 200"), "not accepted");
        let accepted = Instant::now();
        let query = format!("/api/v1/leads?q=L{:010}&limit=1", 1_000_000_000 + n);
        loop {
            let found: serde_json::Value = serde_json::from_str(&server.api("GET", &query, "")?)?;
            if found["items"]
                .as_array()
                .is_some_and(|items| !items.is_empty())
            {
                break;
            }
            ensure!(
                accepted.elapsed() < Duration::from_secs(5),
                "lead {n} never appeared"
            );
        }
        times.push(accepted.elapsed());
        std::thread::sleep(Duration::from_millis(20));
    }
    times.sort();
    let at = |share: f64| {
        let index = ((times.len() - 1) as f64 * share).round() as usize;
        times[index].as_secs_f64() * 1000.0
    };
    println!("\n### From accepted to visible in the API, idle\n");
    println!(
        "p50 {:.1} ms, p99 {:.1} ms over {} leads\n",
        at(0.5),
        at(0.99),
        times.len()
    );
    Ok(())
}

fn fresh(kind: Kind, first: u64, count: u64) -> Vec<Vec<u8>> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.as_secs());
    bodies::requests(kind, first, count, now)
}

fn burst(
    server: &Server,
    kind: Kind,
    first: u64,
    time: Duration,
    expected: u64,
) -> anyhow::Result<Outcome> {
    let requests = fresh(kind, first, expected * time.as_secs());
    let outcome = generator::run(server.address, requests, CONNECTIONS, time, Pace::Closed)?;
    ensure!(
        outcome.refused == 0,
        "{} requests were refused",
        outcome.refused
    );
    Ok(outcome)
}

/// So many a second, whether answers come or not.
fn paced(
    server: &Server,
    kind: Kind,
    first: u64,
    time: Duration,
    rate: f64,
) -> anyhow::Result<Outcome> {
    let requests = fresh(kind, first, (rate * time.as_secs_f64()) as u64);
    generator::run(
        server.address,
        requests,
        CONNECTIONS,
        time + Duration::from_secs(1),
        Pace::PerSecond(rate),
    )
}

fn fill(server: &Server, first: u64, count: u64) -> anyhow::Result<()> {
    let mut done = 0;
    while done < count {
        let chunk = (count - done).min(50_000);
        all_of(server, Kind::Leads, first + done, chunk)?;
        done += chunk;
        server
            .drained(Duration::from_secs(600))
            .context("filling")?;
    }
    Ok(())
}

/// Every acknowledged event is stored once and has become its record once.
fn check(server: &Server, kind: Kind, sent: u64) -> anyhow::Result<()> {
    let counts = server.counts()?;
    ensure!(
        counts.events == sent,
        "{} events for {sent} acknowledgements",
        counts.events
    );
    let (records, decisions) = match kind {
        Kind::Leads => (counts.leads, counts.leads),
        Kind::Orders => (counts.orders, counts.decisions),
    };
    ensure!(records == sent, "{records} records for {sent} events");
    ensure!(
        counts.decisions == decisions,
        "{} decisions",
        counts.decisions
    );
    Ok(())
}

fn row(name: &str, outcome: &Outcome, reference: &Outcome, memory: Option<(u64, u64)>) {
    let memory = memory.map_or_else(String::new, |(now, peak)| format!("{now} ({peak})"));
    println!(
        "| {name} | {:.0} | {:.2} | {:.1} | {:.1} | {memory} |",
        outcome.rate(),
        outcome.rate() / reference.rate(),
        outcome.percentile(0.5),
        outcome.percentile(0.99),
    );
}
