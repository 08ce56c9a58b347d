//! `frontdesk events show`: one event for people.

use std::io::Write;

use crate::api::events::EventDetail;
use crate::cli::table::plain;

/// Prints it.
///
/// # Errors
/// When `out` cannot be written.
pub fn print(detail: &EventDetail, out: &mut dyn Write) -> anyhow::Result<()> {
    let event = &detail.event;
    writeln!(out, "event      {}", event.id)?;
    writeln!(
        out,
        "came to    {} ({}), as {:?}",
        event.endpoint, event.source, event.event_type
    )?;
    if let Some(id) = &event.delivery_id {
        writeln!(out, "delivery   {}", plain(id, 200))?;
    }
    writeln!(out, "received   {}", event.received_at)?;
    if let Some(time) = event.event_time {
        writeln!(out, "happened   {time}")?;
    }
    let which = event
        .verdict
        .secret
        .map_or_else(String::new, |index| format!(", secret {}", index + 1));
    writeln!(out, "believed   {}{which}", event.verdict.scheme)?;
    let took = detail
        .took_ms
        .map_or_else(String::new, |ms| format!(" after {ms} ms"));
    writeln!(out, "status     {}{took}", event.status.as_str())?;
    if let Some(reason) = &event.reason {
        writeln!(out, "why        {}", plain(reason, 2000))?;
    }
    for note in &event.notes {
        let score = match note.score {
            0 => String::new(),
            score => format!(" (+{score})"),
        };
        writeln!(
            out,
            "noticed    {}{score}: {}",
            note.name,
            plain(&note.message, 400)
        )?;
    }
    if event.attempts > 0 {
        writeln!(out, "put off    {} times", event.attempts)?;
    }
    for violation in &event.violations {
        writeln!(out, "           {}: {}", violation.path, violation.message)?;
    }
    for touched in &detail.records {
        let fields: Vec<&str> = touched.changed.iter().map(|c| c.field.as_str()).collect();
        writeln!(
            out,
            "touched    {} {}: {}",
            touched.kind.as_str(),
            touched.id,
            fields.join(", ")
        )?;
    }
    show_request(detail, out)
}

fn show_request(detail: &EventDetail, out: &mut dyn Write) -> anyhow::Result<()> {
    let Some(request) = &detail.request else {
        writeln!(out, "\nThe request was removed by retention.")?;
        return Ok(());
    };
    let query = if request.query.is_empty() {
        String::new()
    } else {
        format!("?{}", request.query)
    };
    writeln!(
        out,
        "\n{} /hooks/{}{} from {}, part {}",
        request.method, detail.event.endpoint, query, request.peer, request.part
    )?;
    for (name, values) in &request.headers {
        for value in values {
            writeln!(out, "{name}: {}", plain(value, 2000))?;
        }
    }
    writeln!(out)?;
    for line in request.body.lines() {
        writeln!(out, "{}", plain(line, usize::MAX))?;
    }
    Ok(())
}
