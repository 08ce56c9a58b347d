//! `frontdesk serve --demo`: a whole gateway that needs nothing, with senders that never rest.

mod folder;
mod graph;
mod live;
pub mod people;
mod style;
mod trickle;
mod welcome;

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::app;
use crate::cli::serve::{Asked, announce, runtime};
use crate::cli::told;
use crate::clock::Clock;
use crate::config::{CatalogConfig, Config};
use crate::source::catalog::Catalog;
use crate::telemetry;

use crate::cli::demo::folder::Folder;

/// Where the demo listens unless told otherwise.
const LISTEN: &str = "127.0.0.1:8080";

/// Runs the demo until SIGTERM or Ctrl-C; its folder goes with it.
///
/// # Errors
/// An address that is taken, a folder that cannot be made.
pub fn run(listen: Option<&str>, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let folder = Folder::make()?;
    let catalog = Arc::new(Catalog::load(&CatalogConfig::default()).map_err(told)?);
    runtime()?.block_on(async {
        let mut asked = Asked::listen()?;
        let graph = TcpListener::bind("127.0.0.1:0")
            .await
            .context("listening for the pretended Graph API")?;
        let text = config_text(listen.unwrap_or(LISTEN), &graph.local_addr()?.to_string());
        let path = folder.write("frontdesk.toml", &text)?;
        let config = Config::load(&path).map_err(told)?;
        telemetry::install_log(&config.log).map_err(anyhow::Error::msg)?;
        let running = app::start(&config, Arc::clone(&catalog), Clock::System).await?;
        let keys = people::seed(running.store.as_ref()).await?;
        announce(&running, out)?;
        welcome::print(&running.address.to_string(), &keys, &path);
        let mut players = JoinSet::new();
        players.spawn(graph::answer(graph, Arc::clone(&catalog)));
        players.spawn(live::tell_changes(Arc::clone(&running.store)));
        let endpoints = config.endpoints;
        let address = running.address;
        players.spawn(trickle::play(endpoints, Arc::clone(&catalog), address));
        asked.to_stop().await;
        players.shutdown().await;
        running.stop().await;
        Ok(ExitCode::SUCCESS)
    })
}

/// The demo's config, as a person would write it; it is there to be looked at while the demo runs.
fn config_text(listen: &str, graph: &str) -> String {
    format!(
        r#"# The demo's config. It lies in a folder that goes when the demo stops.

[server]
listen = "{listen}"
public_url = "http://{listen}"

[store]
url = "sqlite:demo.db"

[outbound]
allow = ["127.0.0.1"]          # the pretended Graph API below

[log]
level = "error"

# A plain HTML form posts here; nobody signs a form.
[[endpoint]]
name = "website"
source = "contact_form"
verify = "none"
region = "ES"
rate_limit_per_address = {{ per_second = 20, burst = 100 }}

# Facebook and Instagram lead ads. Meta only names the lead; its answers are fetched.
[[endpoint]]
name = "lead-ads"
source = "meta"
secrets = ["demo-meta-app-secret"]
region = "ES"
[endpoint.settings]
verify_token = "demo-verify-token"
access_token = "demo-page-token"
api_base = "http://{graph}"

[[endpoint]]
name = "shop"
source = "shopify"
secrets = ["demo-shopify-secret"]
region = "ES"

# One's own systems, signed by Standard Webhooks.
[[endpoint]]
name = "crm"
source = "standard_webhooks"
secrets = ["whsec_ZnJvbnRkZXNrLWRlbW8tc2VjcmV0LTI0Ynl0ZXM="]
region = "ES"
"#
    )
}
