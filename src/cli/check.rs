//! `frontdesk check`: loads everything and names every problem.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use secrecy::ExposeSecret;

use crate::app;
use crate::config::Config;
use crate::model::problem::Problem;
use crate::source::catalog::Catalog;
use crate::source::endpoints;
use crate::source::fresh::PLACEHOLDER;
use crate::source::guide;
use crate::telemetry;

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
pub struct Check {
    /// The config to check.
    #[arg(long, default_value = "frontdesk.toml")]
    config: PathBuf,
}

/// Prints what is wrong (exit 1), or what would be served (exit 0).
///
/// # Errors
/// Only when the output cannot be written.
pub fn run(args: &Check, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    match compiled(&args.config) {
        Ok((config, catalog)) => {
            summary(&config, &catalog, out)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(problems) => {
            for problem in &problems {
                writeln!(out, "{problem}")?;
            }
            let count = problems.len();
            let word = if count == 1 { "problem" } else { "problems" };
            writeln!(out, "\n{count} {word}")?;
            Ok(ExitCode::FAILURE)
        }
    }
}

/// As `load`, and everything compiled as `serve` would.
fn compiled(path: &Path) -> Result<(Config, Arc<Catalog>), Vec<Problem>> {
    let (config, catalog) = load(path)?;
    let catalog = Arc::new(catalog);
    app::compile(&config, &catalog)?;
    Ok((config, catalog))
}

/// The config and the catalog, when nothing is wrong with either or with both together.
///
/// # Errors
/// Every problem at once: one of the config does not hide one of the catalog, or of an endpoint with its source.
pub fn load(path: &Path) -> Result<(Config, Catalog), Vec<Problem>> {
    let (config, mut problems) = Config::examine(path);
    if let Err(sentence) = telemetry::filter(&config.log) {
        let (file, line) = config.log.level_at.clone();
        problems.push(Problem {
            file,
            line,
            message: sentence.into(),
        });
    }
    let (catalog, found) = Catalog::examine(&config.catalog);
    problems.extend(found);
    problems.extend(endpoints::check(&config, &catalog));
    if problems.is_empty() {
        Ok((config, catalog))
    } else {
        Err(problems)
    }
}

fn summary(config: &Config, catalog: &Catalog, out: &mut dyn Write) -> anyhow::Result<()> {
    let count = config.endpoints.len();
    let word = if count == 1 { "endpoint" } else { "endpoints" };
    writeln!(out, "{} is right: {count} {word}", config.file)?;
    for endpoint in &config.endpoints {
        let proof = match catalog.get(&endpoint.source) {
            _ if endpoint.unverified && !endpoint.secrets.is_empty() => {
                "open to anybody, behind the spam gate (verify = \"none\"); its secrets are asked of nobody"
                    .to_owned()
            }
            _ if endpoint.unverified => {
                "open to anybody, behind the spam gate (verify = \"none\")".to_owned()
            }
            Some(source) => format!("verified by {}", guide::in_short(source)),
            None => String::new(),
        };
        writeln!(
            out,
            "  {}/hooks/{}  {}, {proof}",
            config.server.public_url, endpoint.name, endpoint.source
        )?;
        for (name, value) in &endpoint.settings {
            if value.expose_secret().contains(PLACEHOLDER) {
                writeln!(
                    out,
                    "    settings.{name} still says {PLACEHOLDER}: put the real one there"
                )?;
            }
        }
    }
    if count == 0 {
        writeln!(out, "  none yet: `frontdesk init` shows how one is written")?;
    }
    Ok(())
}
