//! `frontdesk events`: the inbox from the shell; works beside a running gateway.

mod dry_run;
mod show;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use jiff::Timestamp;
use uuid::Uuid;

use crate::api::events::{EventView, detail};
use crate::api::release::ReleaseRequest;
use crate::api::replay::{ReplayRequest, queue};
use crate::cli::companion::with_store;
use crate::cli::export::time;
use crate::cli::table::Table;
use crate::cli::tell;
use crate::clock::Clock;
use crate::model::event::{Event, EventStatus};
use crate::model::page::PageRequest;
use crate::process::edit::Hand;
use crate::process::release::release;
use crate::store::{EventFilter, Store};

/// Events read at a time.
const PAGE: usize = 200;

/// Arguments of `events`.
#[derive(Debug, clap::Args)]
pub struct Events {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// List events, newest first
    List {
        #[command(flatten)]
        filter: Filter,
        /// How many at most
        #[arg(long, default_value_t = 50)]
        limit: usize,
        #[command(flatten)]
        common: Common,
    },
    /// Show one event: its request, what was made of it, why
    Show {
        /// The event's id
        id: Uuid,
        #[command(flatten)]
        common: Common,
    },
    /// Let events in that are held as spam: those named, or all that the filter finds
    Release {
        /// Ids of events
        #[arg(conflicts_with_all = ["endpoint", "type", "since", "until"])]
        ids: Vec<Uuid>,
        #[command(flatten)]
        about: About,
        #[command(flatten)]
        common: Common,
    },
    /// Map events once more: those named, or all that the filter finds; what is held as spam is released instead
    Replay {
        /// Ids of events
        #[arg(conflicts_with_all = ["status", "code", "endpoint", "type", "since", "until"])]
        ids: Vec<Uuid>,
        #[command(flatten)]
        filter: Filter,
        /// Change nothing, show what would change
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        common: Common,
    },
}

#[derive(Debug, clap::Args)]
struct Common {
    /// JSON for programs: one object a line
    #[arg(long)]
    json: bool,
    /// The gateway's config
    #[arg(long, default_value = "frontdesk.toml")]
    config: PathBuf,
}

#[derive(Debug, clap::Args)]
struct Filter {
    /// pending, processed, quarantined, failed or ignored
    #[arg(long, value_parser = status)]
    status: Option<EventStatus>,
    /// Why they are quarantined or failed: spam, schema_violation, mapping_failed, …
    #[arg(long)]
    code: Option<String>,
    #[command(flatten)]
    about: About,
}

#[derive(Debug, clap::Args)]
struct About {
    /// Name of an endpoint
    #[arg(long)]
    endpoint: Option<String>,
    /// The sender's word: orders/create
    #[arg(long = "type", id = "type")]
    event_type: Option<String>,
    /// Received at or after: 2026-11-01 or 2026-11-01T09:00:00Z
    #[arg(long, value_parser = time)]
    since: Option<Timestamp>,
    /// Received before
    #[arg(long, value_parser = time)]
    until: Option<Timestamp>,
}

fn status(word: &str) -> Result<EventStatus, String> {
    EventStatus::parse(word).ok_or_else(|| {
        let words = EventStatus::ALL.map(EventStatus::as_str).join(", ");
        format!("there are {words}")
    })
}

/// Runs `events`.
///
/// # Errors
/// Unknown events, and stores that cannot be used.
pub fn run(args: &Events, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    match &args.what {
        What::List {
            filter,
            limit,
            common,
        } => {
            let events = with_store(&common.config, async |store| {
                newest(store.as_ref(), filter, *limit).await
            })?;
            list(events, common.json, out)?;
        }
        What::Show { id, common } => {
            let event = with_store(&common.config, async |store| {
                Ok(detail(store.as_ref(), *id).await?)
            })?;
            if common.json {
                json_line(&event, out)?;
            } else {
                show::print(&event, out)?;
            }
        }
        What::Release { ids, about, common } => let_in(ids, about, common, out)?,
        What::Replay {
            ids,
            filter,
            dry_run,
            common,
        } => replay(&filter.request(ids, *dry_run), common, out)?,
    }
    Ok(ExitCode::SUCCESS)
}

impl Filter {
    fn request(&self, ids: &[Uuid], dry_run: bool) -> ReplayRequest {
        ReplayRequest {
            events: ids.to_vec(),
            endpoint: self.about.endpoint.clone(),
            status: self.status,
            code: self.code.clone(),
            event_type: self.about.event_type.clone(),
            since: self.about.since,
            until: self.about.until,
            dry_run,
            ..ReplayRequest::default()
        }
    }
}

async fn newest(store: &dyn Store, filter: &Filter, limit: usize) -> anyhow::Result<Vec<Event>> {
    let filter = EventFilter {
        endpoint: filter.about.endpoint.clone(),
        status: filter.status,
        code: filter.code.clone(),
        event_type: filter.about.event_type.clone(),
        since: filter.about.since,
        until: filter.about.until,
        q: None,
        source: None,
        text: None,
    };
    let mut events = Vec::new();
    let mut cursor = None;
    while events.len() < limit {
        let request = PageRequest {
            limit: PAGE.min(limit - events.len()),
            cursor,
        };
        let page = store.events(filter.clone(), request).await?;
        events.extend(page.items);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    Ok(events)
}

fn list(events: Vec<Event>, json: bool, out: &mut dyn Write) -> anyhow::Result<()> {
    if json {
        for event in events {
            json_line(&EventView::from(event), out)?;
        }
        return Ok(());
    }
    if events.is_empty() {
        tell("No event fits.");
        return Ok(());
    }
    let mut table = Table::new(["RECEIVED", "EVENT", "ENDPOINT", "TYPE", "STATUS", "WHY"]);
    for event in events {
        table.row([
            format!("{:.0}", event.received_at),
            event.id.to_string(),
            event.endpoint,
            event.event_type,
            event.status.as_str().to_owned(),
            event.reason.unwrap_or_default().into(),
        ]);
    }
    table.print(out)?;
    Ok(())
}

fn replay(request: &ReplayRequest, common: &Common, out: &mut dyn Write) -> anyhow::Result<()> {
    request.check()?;
    if request.dry_run {
        return dry_run::run(request, &common.config, common.json, out);
    }
    let replayed = with_store(&common.config, async |store| {
        request.find_named(store.as_ref()).await?;
        Ok(queue(store.as_ref(), request, &hand()).await?)
    })?;
    if common.json {
        return json_line(&replayed, out);
    }
    writeln!(
        out,
        "{} of {} events are mapped once more; `frontdesk events list` shows what becomes of them",
        replayed.queued, replayed.found
    )?;
    Ok(())
}

fn let_in(ids: &[Uuid], about: &About, common: &Common, out: &mut dyn Write) -> anyhow::Result<()> {
    let request = ReleaseRequest {
        events: ids.to_vec(),
        endpoint: about.endpoint.clone(),
        event_type: about.event_type.clone(),
        since: about.since,
        until: about.until,
    };
    let selection = request.selection()?;
    let done = with_store(&common.config, async |store| {
        Ok(release(store.as_ref(), selection, &hand()).await?)
    })?;
    if common.json {
        return json_line(&done, out);
    }
    writeln!(
        out,
        "{} of {} events are let in; `frontdesk events list` shows what becomes of them",
        done.released, done.found
    )?;
    Ok(())
}

/// Whoever has the gateway's files, as the log names them.
fn hand() -> Hand {
    Hand {
        name: "command".to_owned(),
        peer: String::new(),
        now: Clock::System.now(),
        only: None,
    }
}

fn json_line(value: &impl serde::Serialize, out: &mut dyn Write) -> anyhow::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    writeln!(out)?;
    Ok(())
}
