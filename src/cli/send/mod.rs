//! `frontdesk send`: posts sample events to a running gateway, signed as the real sender would sign them.

mod stencil;

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use futures_util::StreamExt as _;
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::check::load;
use crate::cli::send::stencil::Stencil;
use crate::cli::sender::{Answer, Way, client, post};
use crate::cli::serve::runtime;
use crate::cli::try_::{find, header};
use crate::cli::{tell, told};
use crate::config::{Config, Endpoint, local_url};
use crate::model::problem::nearest;

/// Posts under way at a time.
const AT_ONCE: usize = 16;

/// Arguments of `send`.
#[derive(Debug, clap::Args)]
pub struct Send {
    /// Name of an endpoint of the config: shop
    endpoint: String,
    /// The sender's word for the event, or the name of a sample: orders/create. Without it, the source's usual sample
    event: Option<String>,
    /// Send this body instead of a sample; `-` is stdin
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,
    /// A header to send besides; may be repeated
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = header)]
    headers: Vec<(String, String)>,
    /// Where the gateway is; without it, where the config says that it listens
    #[arg(long)]
    url: Option<String>,
    /// The gateway's config: endpoints and their secrets
    #[arg(long, default_value = "frontdesk.toml")]
    config: PathBuf,
    /// How many; each is distinct
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    count: u64,
}

/// Sends, prints the answers; exit 1 when any is refused.
///
/// # Errors
/// An unknown endpoint or event, or nobody who answers.
pub fn run(args: &Send, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let (config, catalog) = load(&args.config).map_err(told)?;
    let endpoint = find_endpoint(&config, &args.endpoint)?;
    let source = find(&catalog, &endpoint.source)?;
    let registered = format!("{}/hooks/{}", config.server.public_url, endpoint.name);
    let way = Way {
        source,
        endpoint,
        registered: &registered,
    };
    let target = target(args.url.as_deref(), &config, &endpoint.name)?;
    let stencil = Stencil::of(args, source)?;
    runtime()?.block_on(async {
        if args.count == 1 {
            let answer = post(&client()?, &target, stencil.delivery(&way, 0)?).await?;
            print(&answer, out)?;
            return Ok(exit(answer.is_success()));
        }
        let tally = send_many(args.count, &way, &stencil, &target).await?;
        tally.print(args.count, out)
    })
}

fn exit(all_well: bool) -> ExitCode {
    if all_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn find_endpoint<'c>(config: &'c Config, name: &str) -> anyhow::Result<&'c Endpoint> {
    let found = config
        .endpoints
        .iter()
        .find(|endpoint| endpoint.name == name);
    if let Some(endpoint) = found {
        return Ok(endpoint);
    }
    let names = || {
        config
            .endpoints
            .iter()
            .map(|endpoint| endpoint.name.as_str())
    };
    let hint = nearest(name, names()).map_or_else(
        || format!("there are {}", names().collect::<Vec<_>>().join(", ")),
        |near| format!("did you mean {near}?"),
    );
    bail!("{} has no endpoint called \"{name}\"; {hint}", config.file)
}

/// Where to post: a base address gets the endpoint's path, a whole URL is taken as it is.
fn target(url: Option<&str>, config: &Config, endpoint: &str) -> anyhow::Result<String> {
    let base = match url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => local_url(&config.server.listen),
    };
    let parsed = reqwest::Url::parse(&base)
        .map_err(|error| anyhow::anyhow!("\"{base}\" is not a URL: {error}"))?;
    Ok(match parsed.path() {
        "/" | "" => format!("{base}/hooks/{endpoint}"),
        _ => base,
    })
}

fn print(answer: &Answer, out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(out, "{} {}", answer.status, answer.body)?;
    if !answer.is_success()
        && let Some(detail) = answer.body.get("detail").and_then(|detail| detail.as_str())
    {
        tell(&format!("refused: {detail}"));
    }
    Ok(())
}

/// How many said what.
#[derive(Default)]
struct Tally {
    accepted: u64,
    duplicate: u64,
    refused: u64,
    first_refusal: Option<Answer>,
}

impl Tally {
    fn count(&mut self, answer: Answer) {
        match answer.word() {
            _ if !answer.is_success() => {
                self.refused += 1;
                self.first_refusal.get_or_insert(answer);
            }
            "duplicate" => self.duplicate += 1,
            _ => self.accepted += 1,
        }
    }

    fn print(&self, sent: u64, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
        writeln!(
            out,
            "{sent} sent: {} accepted, {} duplicate, {} refused",
            self.accepted, self.duplicate, self.refused
        )?;
        if let Some(answer) = &self.first_refusal {
            tell(&format!(
                "the first refusal: {} {}",
                answer.status, answer.body
            ));
        }
        Ok(exit(self.refused == 0))
    }
}

async fn send_many(
    count: u64,
    way: &Way<'_>,
    stencil: &Stencil<'_>,
    target: &str,
) -> anyhow::Result<Tally> {
    let client = client()?;
    let bar = progress(count);
    let mut answers = futures_util::stream::iter(0..count)
        .map(|n| {
            let delivery = stencil.delivery(way, n);
            let client = &client;
            async move { post(client, target, delivery?).await }
        })
        .buffer_unordered(AT_ONCE);
    let mut tally = Tally::default();
    while let Some(answer) = answers.next().await {
        tally.count(answer?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(tally)
}

fn progress(count: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(count);
    let template = "{wide_bar} {human_pos}/{human_len} {per_sec} {eta}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}
