//! `frontdesk sources`: the known sources, or everything about one.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;

use crate::config::{CatalogConfig, Config};
use crate::model::problem::nearest;
use crate::source::catalog::Catalog;
use crate::source::guide;

/// Arguments of `sources`.
#[derive(Debug, clap::Args)]
pub struct Sources {
    /// The source to show; without it all are listed.
    name: Option<String>,
    /// A config whose catalog folder counts too.
    #[arg(long)]
    config: Option<PathBuf>,
    /// How it is written: for a terminal, or as the pages of docs/sources.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    #[default]
    Text,
    Markdown,
}

impl From<Format> for guide::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Text => guide::Format::Text,
            Format::Markdown => guide::Format::Markdown,
        }
    }
}

/// Prints the list, or one source.
///
/// # Errors
/// A catalog that does not load, or an unknown name.
pub fn run(args: &Sources, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let (catalog, public_url) = load(args)?;
    let Some(name) = &args.name else {
        if args.format == Format::Markdown {
            let index = guide::index(catalog.sources());
            write!(out, "{}", index.print(guide::Format::Markdown))?;
            return Ok(ExitCode::SUCCESS);
        }
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
    write!(
        out,
        "{}",
        guide::of(source, &public_url).print(args.format.into())
    )?;
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
