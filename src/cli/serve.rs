//! `frontdesk serve`: runs the gateway until it is told to stop.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;

use crate::app;
use crate::cli::check::load;
use crate::cli::demo;
use crate::cli::told;
use crate::clock::Clock;
use crate::telemetry;

/// Arguments of `serve`.
#[derive(Debug, clap::Args)]
pub struct Serve {
    /// The gateway's config
    #[arg(long, default_value = "frontdesk.toml", conflicts_with = "demo")]
    config: PathBuf,
    /// Where to listen instead of the config's `server.listen`: 0.0.0.0:8080
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Needs no config: a throw-away store, sample endpoints, people and rules, and a trickle of signed events
    #[arg(long)]
    demo: bool,
}

/// Serves until SIGTERM or Ctrl-C.
///
/// # Errors
/// Every problem of config and catalog with file and line, a store in use, an address that is taken.
pub fn run(args: &Serve, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    if args.demo {
        return demo::run(args.listen.as_deref(), out);
    }
    let (mut config, catalog) = load(&args.config).map_err(told)?;
    if let Some(listen) = &args.listen {
        config.server.listen.clone_from(listen);
    }
    telemetry::install_log(&config.log).map_err(anyhow::Error::msg)?;
    runtime()?.block_on(async {
        let running = app::start(&config, Arc::new(catalog), Clock::System).await?;
        announce(&running, out)?;
        running.until_asked_to_stop().await?;
        running.stop().await;
        Ok(ExitCode::SUCCESS)
    })
}

/// The one line that programs wait for.
pub fn announce(running: &app::Running, out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(out, "frontdesk listening on http://{}", running.address)?;
    out.flush()?;
    Ok(())
}

/// A runtime for the whole gateway.
///
/// # Errors
/// When the system gives no threads.
pub fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .thread_name("frontdesk")
        .enable_all()
        .build()
        .context("starting the runtime")
}
