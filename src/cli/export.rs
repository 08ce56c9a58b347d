//! `frontdesk export`: all records of a kind, or all events, page by page to stdout.

use std::io::{BufWriter, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;

use crate::api::events::EventView;
use crate::api::query;
use crate::api::view::RecordView;
use crate::cli::companion::with_store;
use crate::cli::csv::{Columns, harmless, line};
use crate::model::event::Event;
use crate::model::field::Kind;
use crate::model::page::PageRequest;
use crate::model::record::Record;
use crate::store::{EventFilter, RecordFilter, Store, StoreStats};

/// Rows held in memory at a time.
const PAGE: usize = 200;

/// Arguments of `export`.
#[derive(Debug, clap::Args)]
pub struct Export {
    /// What to export
    what: What,
    /// csv for spreadsheets, jsonl for programs: one JSON object a line
    #[arg(long, default_value = "csv")]
    format: Format,
    /// Only what was updated (events: received) at or after this time: 2026-11-01 or 2026-11-01T09:00:00Z
    #[arg(long, value_parser = time)]
    since: Option<Timestamp>,
    /// The gateway's config
    #[arg(long, default_value = "frontdesk.toml")]
    config: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum What {
    Contacts,
    Leads,
    Orders,
    Tickets,
    Events,
}

impl What {
    /// `None` for events.
    fn kind(self) -> Option<Kind> {
        match self {
            What::Contacts => Some(Kind::Contact),
            What::Leads => Some(Kind::Lead),
            What::Orders => Some(Kind::Order),
            What::Tickets => Some(Kind::Ticket),
            What::Events => None,
        }
    }

    /// How many rows there are; what `--since` leaves out is not known beforehand.
    fn rows(self, stats: &StoreStats) -> u64 {
        match self {
            What::Contacts => stats.contacts,
            What::Leads => stats.leads,
            What::Orders => stats.orders,
            What::Tickets => stats.tickets,
            What::Events => stats.events,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Csv,
    Jsonl,
}

/// A time as people type it: RFC 3339, or a date, which is its beginning in UTC.
pub fn time(text: &str) -> Result<Timestamp, String> {
    query::time(text).ok_or_else(|| "a time is 2026-11-01 or 2026-11-01T09:00:00Z".to_owned())
}

/// Writes the export.
///
/// # Errors
/// A store that cannot be read, an output that cannot be written.
pub fn run(args: &Export, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let mut out = BufWriter::new(out);
    with_store(&args.config, async |store| {
        let stats = store.stats().await?;
        let bar = progress(args.since.is_none().then(|| args.what.rows(&stats)));
        match args.what.kind() {
            Some(kind) => records(args, kind, store.as_ref(), &bar, &mut out).await?,
            None => events(args, store.as_ref(), &bar, &mut out).await?,
        }
        bar.finish_and_clear();
        Ok(())
    })?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// A bar on a terminal, unless the rows themselves go there.
fn progress(rows: Option<u64>) -> ProgressBar {
    if std::io::stdout().is_terminal() || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let Some(rows) = rows else {
        return ProgressBar::new_spinner();
    };
    let bar = ProgressBar::new(rows);
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {human_pos}/{human_len} {eta}") {
        bar.set_style(style);
    }
    bar
}

async fn records(
    args: &Export,
    kind: Kind,
    store: &dyn Store,
    bar: &ProgressBar,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let columns = Columns::of(kind);
    if args.format == Format::Csv {
        out.write_all(columns.head().as_bytes())?;
    }
    let filter = RecordFilter {
        since: args.since,
        ..RecordFilter::default()
    };
    let mut cursor = None;
    loop {
        let request = PageRequest {
            limit: PAGE,
            cursor,
        };
        let page = store.records(kind, filter.clone(), request).await?;
        for record in page.items {
            bar.inc(1);
            write_record(args.format, &columns, record, out)?;
        }
        match page.next {
            Some(next) => cursor = Some(next),
            None => return Ok(()),
        }
    }
}

fn write_record(
    format: Format,
    columns: &Columns,
    record: Record,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    match format {
        Format::Csv => out.write_all(columns.record(&record).as_bytes())?,
        Format::Jsonl => {
            serde_json::to_writer(&mut *out, &RecordView::from(record))?;
            out.write_all(b"\n")?;
        }
    }
    Ok(())
}

async fn events(
    args: &Export,
    store: &dyn Store,
    bar: &ProgressBar,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    if args.format == Format::Csv {
        out.write_all(line(EVENT_COLUMNS.iter().map(|name| (*name).to_owned())).as_bytes())?;
    }
    let filter = EventFilter {
        since: args.since,
        ..EventFilter::default()
    };
    let mut cursor = None;
    loop {
        let request = PageRequest {
            limit: PAGE,
            cursor,
        };
        let page = store.events(filter.clone(), request).await?;
        for event in page.items {
            bar.inc(1);
            match args.format {
                Format::Csv => out.write_all(event_line(event).as_bytes())?,
                Format::Jsonl => {
                    serde_json::to_writer(&mut *out, &EventView::from(event))?;
                    out.write_all(b"\n")?;
                }
            }
        }
        match page.next {
            Some(next) => cursor = Some(next),
            None => return Ok(()),
        }
    }
}

const EVENT_COLUMNS: [&str; 10] = [
    "id",
    "endpoint",
    "source",
    "type",
    "delivery_id",
    "status",
    "reason",
    "event_time",
    "received_at",
    "processed_at",
];

fn event_line(event: Event) -> String {
    let time = |at: Option<Timestamp>| at.map_or_else(String::new, |at| at.to_string());
    let cells = [
        event.id.to_string(),
        event.endpoint,
        event.source,
        harmless(event.event_type),
        harmless(event.delivery_id.unwrap_or_default()),
        event.status.as_str().to_owned(),
        harmless(event.reason.unwrap_or_default().into()),
        time(event.event_time),
        event.received_at.to_string(),
        time(event.processed_at),
    ];
    line(cells.into_iter())
}
