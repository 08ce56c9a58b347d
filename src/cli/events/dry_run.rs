//! `frontdesk events replay --dry-run`: what a replay would change, for people.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use crate::api::replay::ReplayRequest;
use crate::api::replay_diff::{EventDiffView, RecordDiffView, ReplayDiff, page};
use crate::cli::check::load;
use crate::cli::companion::with_opened;
use crate::cli::events::json_line;
use crate::cli::table::plain;
use crate::cli::told;
use crate::clock::Clock;
use crate::process::plan::Context;
use crate::process::recipes::Recipes;
use crate::process::replay::Effect;

/// Characters of a value that are shown.
const WIDEST: usize = 60;

/// Prints the difference, page by page: bounded however many events there are.
///
/// # Errors
/// A config or catalog that does not load, a store that cannot be read.
pub fn run(
    request: &ReplayRequest,
    config: &Path,
    json: bool,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let (config, catalog) = load(config).map_err(told)?;
    let recipes = Recipes::compile(Arc::new(catalog), &config.endpoints).map_err(told)?;
    let context = Context {
        now: Clock::System.now(),
        rules: Arc::default(),
    };
    let mut request = request.clone();
    let (mut found, mut changed, mut stopped) = (0, 0, 0);
    with_opened(&config.store, async |store| {
        request.find_named(store.as_ref()).await?;
        loop {
            let diff = page(store.as_ref(), &recipes, &context, &request).await?;
            found += diff.found;
            changed += diff.changed;
            stopped += diff.stopped;
            print(&diff, json, out)?;
            request.cursor.clone_from(&diff.next);
            if diff.next.is_none() {
                return Ok(());
            }
        }
    })?;
    if !json {
        writeln!(
            out,
            "{changed} of {found} events would change something{}; nothing was changed now",
            match stopped {
                0 => String::new(),
                stopped => format!(", {stopped} would be stopped again"),
            }
        )?;
    }
    Ok(())
}

fn print(diff: &ReplayDiff, json: bool, out: &mut dyn Write) -> anyhow::Result<()> {
    for event in &diff.events {
        if json {
            json_line(event, out)?;
        } else if event.effect != Effect::Nothing {
            print_event(event, out)?;
        }
    }
    Ok(())
}

fn print_event(event: &EventDiffView, out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(
        out,
        "{}  {}  {}  {} → {}",
        event.event,
        event.endpoint,
        plain(&event.event_type, WIDEST),
        event.from.as_str(),
        event.to.as_str()
    )?;
    if let Some(reason) = &event.reason {
        writeln!(out, "    {}", plain(reason, 400))?;
    }
    for record in &event.records {
        print_record(record, out)?;
    }
    writeln!(out)?;
    Ok(())
}

fn print_record(record: &RecordDiffView, out: &mut dyn Write) -> anyhow::Result<()> {
    match record.id {
        Some(id) => writeln!(out, "  ~ {} {id}", record.kind.as_str())?,
        None => writeln!(out, "  + a new {}", record.kind.as_str())?,
    }
    for change in &record.changes {
        writeln!(
            out,
            "      {}: {} → {}",
            change.field,
            shown(&change.from),
            shown(&change.to)
        )?;
    }
    Ok(())
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        other => plain(&other.to_string(), WIDEST),
    }
}
