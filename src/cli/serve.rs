//! `frontdesk serve`: runs the gateway until it is told to stop.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::app::{self, StartError};
use crate::cli::check::load;
use crate::cli::demo;
use crate::cli::tell;
use crate::clock::Clock;
use crate::config::{Config, local_url};
use crate::console::pages::setup;
use crate::model::problem::Problem;
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
    let (mut config, catalog) = match load(&args.config) {
        Ok(loaded) => loaded,
        Err(problems) => return Ok(refuse(&problems)),
    };
    if let Some(listen) = &args.listen {
        config.server.listen_at(listen);
    }
    telemetry::install_log(&config.log).map_err(anyhow::Error::msg)?;
    runtime()?.block_on(async {
        let mut asked = Asked::listen()?;
        let running = match app::start(&config, Arc::new(catalog), Clock::System).await {
            Ok(running) => running,
            Err(StartError::Problems(problems)) => return Ok(refuse(&problems)),
            Err(error) => return Err(error.into()),
        };
        // Before anybody is told to come in, so that the link of an earlier start is no good any more.
        let invitation = invitation(&running, &config).await?;
        announce(&running, out)?;
        if let Some(link) = invitation {
            tell(
                "Nobody can sign in to the console yet. This link makes the first admin, once, within a day:",
            );
            tell(&format!("  {link}"));
        }
        asked.to_stop().await;
        running.stop().await;
        Ok(ExitCode::SUCCESS)
    })
}

/// Says everything that is wrong.
fn refuse(problems: &[Problem]) -> ExitCode {
    for problem in problems {
        tell(&problem.to_string());
    }
    let count = problems.len();
    let word = if count == 1 { "problem" } else { "problems" };
    tell(&format!("\n{count} {word}; nothing was started"));
    ExitCode::FAILURE
}

/// SIGTERM and Ctrl-C, heard from before the gateway accepts anything.
pub struct Asked {
    terminate: Signal,
    interrupt: Signal,
}

impl Asked {
    /// Begins to listen; the process no longer dies of either.
    ///
    /// # Errors
    /// When the system does not let it.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Asked {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for one of them.
    pub async fn to_stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// The one line that programs wait for.
pub fn announce(running: &app::Running, out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(out, "frontdesk listening on http://{}", running.address)?;
    out.flush()?;
    Ok(())
}

/// While nobody can sign in to the console: a link that makes the first admin.
async fn invitation(running: &app::Running, config: &Config) -> anyhow::Result<Option<String>> {
    let now = Clock::System.now();
    let path = setup::first_link(running.store.as_ref(), now).await?;
    let base = match config.server.public_url.contains("://127.0.0.1") {
        true => local_url(&running.address.to_string()),
        false => config.server.public_url.clone(),
    };
    Ok(path.map(|path| format!("{base}{path}")))
}

/// The runtime of everything but the HTTP threads.
///
/// # Errors
/// When the system gives no threads.
pub fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("starting the runtime")
}
