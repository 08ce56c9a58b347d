//! `frontdesk sources`: the known sources, or everything about one.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;

use crate::cli::check::proof;
use crate::config::{CatalogConfig, Config};
use crate::model::problem::nearest;
use crate::source::catalog::Catalog;
use crate::source::declaration::{EventSpec, FieldSpec, FieldValue, RecordSpec, Source, Verify};

/// Arguments of `sources`.
#[derive(Debug, clap::Args)]
pub struct Sources {
    /// The source to show; without it all are listed.
    name: Option<String>,
    /// A config whose catalog folder counts too.
    #[arg(long)]
    config: Option<PathBuf>,
}

/// Prints the list, or one source.
///
/// # Errors
/// A catalog that does not load, or an unknown name.
pub fn run(args: &Sources, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let (catalog, public_url) = load(args)?;
    let Some(name) = &args.name else {
        for source in catalog.sources() {
            let mark = if source.experimental {
                " (experimental)"
            } else {
                ""
            };
            writeln!(out, "{:<18} {}{mark}", source.name, source.title)?;
        }
        return Ok(ExitCode::SUCCESS);
    };
    let Some(source) = catalog.get(name) else {
        let names = catalog.sources().map(|source| source.name.as_str());
        let hint = nearest(name, names).map_or_else(
            || "`frontdesk sources` lists them".to_owned(),
            |name| format!("did you mean {name}?"),
        );
        bail!("there is no source called \"{name}\"; {hint}");
    };
    show(source, &public_url, out)?;
    Ok(ExitCode::SUCCESS)
}

fn load(args: &Sources) -> anyhow::Result<(Catalog, String)> {
    let told = |problems: Vec<crate::model::problem::Problem>| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("{}", lines.join("\n"))
    };
    let (folder, public_url) = match &args.config {
        Some(path) => {
            let config = Config::load(path).map_err(told)?;
            (config.catalog, config.server.public_url)
        }
        None => (CatalogConfig::default(), "https://YOUR-HOST".to_owned()),
    };
    Ok((Catalog::load(&folder).map_err(told)?, public_url))
}

fn show(source: &Source, public_url: &str, out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(out, "{} ({})", source.title, source.name)?;
    if source.experimental {
        writeln!(
            out,
            "Experimental: some facts about this sender are not verified."
        )?;
    }
    writeln!(out, "\nURL to register   {public_url}/hooks/ENDPOINT")?;
    writeln!(out, "Set up            {}", indented(&source.help))?;
    if source.verify.is_empty() {
        writeln!(
            out,
            "Verified          not at all: the endpoint must say verify = \"none\""
        )?;
    } else {
        writeln!(out, "Verified          {}", proof(source))?;
    }
    for scheme in &source.verify {
        if let Verify::Signature(signature) = scheme
            && let Some(time) = &signature.timestamp
        {
            let minutes = time.tolerance.as_secs() / 60;
            writeln!(
                out,
                "                  the timestamp may be {minutes} minutes off"
            )?;
        }
    }
    if let Some(retries) = &source.retries {
        writeln!(out, "Retries           {}", indented(retries))?;
    }
    if !source.settings.is_empty() {
        writeln!(out, "\nSettings")?;
        for (name, spec) in &source.settings {
            let need = if spec.required {
                "required"
            } else {
                "optional"
            };
            writeln!(out, "  {name:<16} {need}. {}", spec.help)?;
        }
    }
    writeln!(out, "\nEvents")?;
    for event in &source.events {
        show_event(event, out)?;
    }
    if !source.samples.is_empty() {
        let names: Vec<&str> = source
            .samples
            .iter()
            .map(|sample| sample.event.as_str())
            .collect();
        writeln!(out, "\nSamples for `frontdesk send`: {}", names.join(", "))?;
    }
    Ok(())
}

fn show_event(event: &EventSpec, out: &mut dyn Write) -> anyhow::Result<()> {
    let what = if event.ignore { "  ignored" } else { "" };
    writeln!(out, "  {}{what}", event.name)?;
    if let Some(help) = &event.help {
        writeln!(out, "    {}", help.trim())?;
    }
    if let Some(fetch) = &event.fetch {
        writeln!(out, "    fetches {}", fetch.url.text)?;
    }
    for record in &event.records {
        show_record(record, out)?;
    }
    Ok(())
}

fn show_record(record: &RecordSpec, out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(out, "    {}", record.kind.as_str())?;
    for field in &record.fields {
        show_field(field, "", out)?;
    }
    Ok(())
}

fn show_field(field: &FieldSpec, prefix: &str, out: &mut dyn Write) -> anyhow::Result<()> {
    let name = format!("{prefix}{}", field.name);
    match &field.value {
        FieldValue::Formula(formula) => writeln!(out, "      {name:<26} {}", formula.text)?,
        FieldValue::Object(parts) => {
            for part in parts {
                show_field(part, &format!("{name}."), out)?;
            }
        }
        FieldValue::Each { from, fields } => {
            writeln!(out, "      {name:<26} each item of {}", from.text)?;
            for part in fields {
                show_field(part, &format!("{name}[]."), out)?;
            }
        }
        FieldValue::Entries(entries) => {
            for entry in entries {
                for part in entry {
                    show_field(part, &format!("{name}[]."), out)?;
                }
            }
        }
    }
    Ok(())
}

/// Further lines stand under the first.
fn indented(text: &str) -> String {
    text.trim().replace('\n', "\n                  ")
}
