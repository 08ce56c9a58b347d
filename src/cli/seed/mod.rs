//! `frontdesk seed`: fills an empty store with invented events and records, to measure the pages by.

mod invented;

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::bail;
use futures_util::future::try_join_all;
use jiff::{SignedDuration, Timestamp};

use crate::cli::check::load;
use crate::cli::demo::people;
use crate::cli::seed::invented::Invented;
use crate::cli::serve::runtime;
use crate::cli::{tell, told};
use crate::clock::Clock;
use crate::model::dedupe::{DedupeClaim, DedupeKey};
use crate::model::event::{Arrival, EventStatus, NewEvent, Verdict};
use crate::model::id::new_id;
use crate::model::request::{Headers, RawRequest};
use crate::process::recipes::Recipes;
use crate::process::worker::Processing;
use crate::store::{Store, StoreOptions, StoreRole, open};

/// The endpoint and the source of what is invented.
const ENDPOINT: &str = "seed";
const SOURCE: &str = "standard_webhooks";
/// Appends under way at a time.
const AT_ONCE: u64 = 512;
/// Over how many days it came.
const DAYS: i64 = 30;

/// Arguments of `seed`.
#[derive(Debug, clap::Args)]
pub struct Seed {
    /// The gateway's config; its store must be empty
    #[arg(long, default_value = "frontdesk.toml")]
    config: PathBuf,
    /// Events in all; those that are no records are of no interest
    #[arg(long, default_value_t = 1_000_000)]
    events: u64,
    /// Leads among them
    #[arg(long, default_value_t = 200_000)]
    leads: u64,
    /// Orders among them
    #[arg(long, default_value_t = 100_000)]
    orders: u64,
    /// Tickets among them
    #[arg(long, default_value_t = 50_000)]
    tickets: u64,
}

impl Seed {
    /// Each stretch of so many events has one of each kind, as long as there are some left.
    fn stretch(&self) -> u64 {
        let most = self.leads.max(self.orders).max(self.tickets).max(1);
        self.events / most
    }

    /// What the event number `n` is.
    fn at(&self, n: u64) -> Invented {
        let (nth, place) = (n / self.stretch().max(1), n % self.stretch().max(1));
        match place {
            0 if nth < self.leads => Invented::Lead,
            1 if nth < self.orders => Invented::Order,
            2 if nth < self.tickets => Invented::Ticket,
            _ => Invented::View,
        }
    }
}

/// Writes them and prints how long it took.
///
/// # Errors
/// A config that does not load, a store that is not empty or cannot be written.
pub fn run(args: &Seed, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let (config, catalog) = load(&args.config).map_err(told)?;
    if args.stretch() < 3 {
        bail!("there must be three times as many events as leads, orders or tickets");
    }
    runtime()?.block_on(async {
        let store = open(StoreOptions {
            url: config.store.url.clone(),
            refusals: config.store.refusals,
            role: StoreRole::Gateway,
        })
        .await?;
        if store.stats().await?.events > 0 {
            bail!("the store holds events already; seed fills empty ones only");
        }
        let recipes = Recipes::compile(Arc::new(catalog), &[]).map_err(told)?;
        let clock = Clock::System;
        let processing =
            Processing::new(Arc::clone(&store), recipes, &config.outbound, clock.clone());
        people::seed(store.as_ref()).await?;
        let began = clock.now();
        fill(args, &store, &processing, began).await?;
        let took = clock.now().duration_since(began);
        let stats = store.stats().await?;
        store.close().await;
        writeln!(
            out,
            "{} events, {} leads, {} orders, {} tickets, {} contacts in {} s",
            stats.events,
            stats.leads,
            stats.orders,
            stats.tickets,
            stats.contacts,
            took.as_secs()
        )?;
        Ok(ExitCode::SUCCESS)
    })
}

/// Events in the order of their times; every so many a lead.
async fn fill(
    args: &Seed,
    store: &Arc<dyn Store>,
    processing: &Arc<Processing>,
    now: Timestamp,
) -> anyhow::Result<()> {
    let step = SignedDuration::from_hours(24 * DAYS).as_micros() / i128::from(args.events.max(1));
    let step = i64::try_from(step).unwrap_or(1);
    let mut first = 0;
    while first < args.events {
        let last = (first + AT_ONCE).min(args.events);
        let appends = (first..last).map(|n| {
            let left = i64::try_from(args.events - n).unwrap_or(0);
            let ago = SignedDuration::from_micros(step.saturating_mul(left));
            let at = now.checked_sub(ago).unwrap_or(now);
            store.append(arrival(n, args.at(n), at))
        });
        try_join_all(appends).await?;
        processing.drain().await?;
        first = last;
        if first.is_multiple_of(AT_ONCE * 100) {
            tell(&format!("{first} of {} events", args.events));
        }
    }
    Ok(())
}

fn arrival(n: u64, what: Invented, at: Timestamp) -> Arrival {
    let id = new_id(at);
    let key = DedupeKey::of([ENDPOINT.as_bytes(), &n.to_le_bytes()]);
    Arrival {
        request: RawRequest {
            id,
            endpoint: ENDPOINT.to_owned(),
            method: "POST".to_owned(),
            query: String::new(),
            headers: Headers::from([("content-type", "application/json")]),
            body: what.body(n, at).to_string().into_bytes(),
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
            received_at: at,
        },
        source: SOURCE.to_owned(),
        verdict: Verdict {
            scheme: "hmac".to_owned(),
            secret: Some(0),
        },
        events: vec![NewEvent {
            id: new_id(at),
            part: Some(0),
            event_type: what.name().to_owned(),
            delivery_id: Some(format!("seed_{n}")),
            event_time: Some(at),
            dedupe: DedupeClaim { key, window: None },
            status: match what {
                Invented::View => EventStatus::Ignored,
                _ => EventStatus::Pending,
            },
            code: None,
            reason: None,
            violations: Vec::new(),
            notes: Vec::new(),
        }],
    }
}

#[cfg(test)]
mod tests {
    use super::Seed;
    use crate::cli::seed::invented::Invented;

    #[test]
    fn as_many_of_each_kind_as_were_asked_for() {
        let seed = Seed {
            config: "frontdesk.toml".into(),
            events: 1_000,
            leads: 200,
            orders: 100,
            tickets: 50,
        };
        let count = |wanted: Invented| (0..1_000).filter(|n| seed.at(*n) == wanted).count();
        assert_eq!(count(Invented::Lead), 200);
        assert_eq!(count(Invented::Order), 100);
        assert_eq!(count(Invented::Ticket), 50);
        assert_eq!(count(Invented::View), 650);
    }
}
