//! `frontdesk seed`: fills an empty store with invented events and leads, to measure the pages by.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::bail;
use futures_util::future::try_join_all;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::cli::check::load;
use crate::cli::demo::people;
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
    /// Events in all; those that are no leads are of no interest
    #[arg(long, default_value_t = 1_000_000)]
    events: u64,
    /// Leads among them
    #[arg(long, default_value_t = 200_000)]
    leads: u64,
}

/// Writes them and prints how long it took.
///
/// # Errors
/// A config that does not load, a store that is not empty or cannot be written.
pub fn run(args: &Seed, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let (config, catalog) = load(&args.config).map_err(told)?;
    if args.leads > args.events {
        bail!("there cannot be more leads than events");
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
            "{} events, {} leads, {} contacts in {} s",
            stats.events,
            stats.leads,
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
    let every = args
        .events
        .checked_div(args.leads)
        .unwrap_or(u64::MAX)
        .max(1);
    let step = SignedDuration::from_hours(24 * DAYS).as_micros() / i128::from(args.events.max(1));
    let step = i64::try_from(step).unwrap_or(1);
    let mut first = 0;
    while first < args.events {
        let last = (first + AT_ONCE).min(args.events);
        let appends = (first..last).map(|n| {
            let left = i64::try_from(args.events - n).unwrap_or(0);
            let ago = SignedDuration::from_micros(step.saturating_mul(left));
            let at = now.checked_sub(ago).unwrap_or(now);
            let is_lead = n.is_multiple_of(every) && n / every < args.leads;
            store.append(arrival(n, is_lead, at))
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

fn arrival(n: u64, is_lead: bool, at: Timestamp) -> Arrival {
    let id = new_id(at);
    let (event_type, status, body) = match is_lead {
        true => ("lead.created", EventStatus::Pending, lead(n, at)),
        false => (
            "page.viewed",
            EventStatus::Ignored,
            json!({"type": "page.viewed", "data": {"page": n % 500, "visitor": n % 40_000}}),
        ),
    };
    let key = DedupeKey::of([ENDPOINT.as_bytes(), &n.to_le_bytes()]);
    Arrival {
        request: RawRequest {
            id,
            endpoint: ENDPOINT.to_owned(),
            method: "POST".to_owned(),
            query: String::new(),
            headers: Headers::from([("content-type", "application/json")]),
            body: body.to_string().into_bytes(),
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
            part: 0,
            event_type: event_type.to_owned(),
            delivery_id: Some(format!("seed_{n}")),
            event_time: Some(at),
            dedupe: DedupeClaim { key, window: None },
            status,
            code: None,
            reason: None,
            violations: Vec::new(),
            notes: Vec::new(),
        }],
    }
}

/// A person of their own for nearly every lead; some come again.
fn lead(n: u64, at: Timestamp) -> serde_json::Value {
    const GIVEN: [&str; 8] = ["Ana", "Luis", "Marie", "Jonas", "Inês", "Pau", "Eva", "Tom"];
    const FAMILY: [&str; 8] = [
        "Ruiz", "Sousa", "Keller", "Brandt", "Costa", "Serra", "Lang", "Webb",
    ];
    const COUNTRIES: [&str; 6] = ["ES", "PT", "FR", "DE", "IT", "GB"];
    let pick = |from: &[&str], by: u64| {
        let nth = usize::try_from(n / by).unwrap_or(0) % from.len().max(1);
        from.get(nth).copied().unwrap_or_default().to_owned()
    };
    let person = n - n % 7;
    json!({
        "type": "lead.created",
        "timestamp": at.to_string(),
        "data": {
            "external_id": format!("seed-{n}"),
            "message": format!("Please call me about order {n}."),
            "budget": (n % 40_000).to_string(),
            "campaign": format!("campaign-{}", n % 50),
            "contact": {
                "given_name": pick(&GIVEN, 1),
                "family_name": pick(&FAMILY, 8),
                "email": format!("person{person}@example.com"),
                "company": format!("Company {}", n % 5_000),
                "address": {"country": pick(&COUNTRIES, 3)},
            },
        },
    })
}
