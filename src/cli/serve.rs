//! `frontdesk serve`: runs the gateway until it is told to stop.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};

use crate::app::{self, StartError};
use crate::cli::{check, tell};
use crate::clock::Clock;
use crate::config::Config;
use crate::model::problem::Problem;
use crate::source::catalog::Catalog;
use crate::telemetry;

/// Arguments of `serve`.
#[derive(Debug, clap::Args)]
pub struct Serve {
    /// The config to run.
    #[arg(long, default_value = "frontdesk.toml")]
    config: PathBuf,
    /// Address to listen on, in place of the config's.
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
}

/// Runs until SIGTERM or Ctrl-C.
///
/// # Errors
/// The gateway cannot start, or ends with an error.
pub fn run(args: &Serve, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let (mut config, catalog) = match check::load(&args.config) {
        Ok(loaded) => loaded,
        Err(problems) => return Ok(refuse(&problems)),
    };
    if let Some(listen) = &args.listen {
        config.server.listen.clone_from(listen);
    }
    telemetry::install_log(&config.log).map_err(anyhow::Error::msg)?;
    runtime()?.block_on(serve(&config, catalog, out))
}

/// The runtime of everything but the HTTP threads.
///
/// # Errors
/// No threads to be had.
pub fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("starting the runtime")
}

async fn serve(config: &Config, catalog: Catalog, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let running = match app::start(config, Arc::new(catalog), Clock::System).await {
        Ok(running) => running,
        Err(StartError::Problems(problems)) => return Ok(refuse(&problems)),
        Err(error) => return Err(error.into()),
    };
    writeln!(out, "frontdesk listening on http://{}", running.address)?;
    out.flush()?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("gateway.stopping");
    running.stop().await;
    Ok(ExitCode::SUCCESS)
}

fn refuse(problems: &[Problem]) -> ExitCode {
    for problem in problems {
        tell(&problem.to_string());
    }
    tell(&format!(
        "{} problem(s); nothing was started",
        problems.len()
    ));
    ExitCode::FAILURE
}
