//! `frontdesk try`: what a body would become, without storing anything.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use serde_json::Value;

use crate::cli::tell;
use crate::cli::told;
use crate::clock::Clock;
use crate::config::{CatalogConfig, Config, Endpoint, SecretString};
use crate::ingest::explain::Explainer;
use crate::ingest::handshake::{Handshakes, Trust};
use crate::ingest::verify::{Unproven, Verifier};
use crate::model::id::new_id;
use crate::model::problem::nearest;
use crate::model::request::{Headers, RawRequest};
use crate::payload;
use crate::process::preview::{TryReport, try_body};
use crate::process::recipe::Recipe;
use crate::source::catalog::Catalog;
use crate::source::declaration::Source;
use crate::source::settings::Settings;

/// Arguments of `try`.
#[derive(Debug, clap::Args)]
pub struct Try {
    /// Name of a source: shopify
    source: String,
    /// The body, as the sender would post it; `-` is stdin
    #[arg(long, value_name = "FILE")]
    body: PathBuf,
    /// A header of the sender; may be repeated
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = header)]
    headers: Vec<(String, String)>,
    /// Short for --header 'Content-Type: …'
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,
    /// Default region of phone numbers, as the endpoint's `region`: ES
    #[arg(long)]
    region: Option<String>,
    /// The answer of the sender's API, for events that only name their subject; may be repeated
    #[arg(long, value_name = "FILE")]
    fetched: Vec<PathBuf>,
    /// Check the signature with this secret, too; what is wrong with it is explained
    #[arg(long, value_name = "SECRET")]
    verify: Option<String>,
    /// The URL that the sender posts to, with its query; some sign it. Without it the config's, for its endpoint of this
    /// source
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// A config: its catalog folder counts too, and the secrets of its endpoints explain a signature
    #[arg(long)]
    config: Option<PathBuf>,
}

/// A header line as typed.
pub fn header(line: &str) -> Result<(String, String), String> {
    match line.split_once(':') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        }
        _ => Err("a header is 'Name: value'".to_owned()),
    }
}

/// Prints the JSON document; exit 2 when the body does not validate.
///
/// # Errors
/// Files that cannot be read, an unknown source, a body that does not parse, a signature that does not fit.
pub fn run(args: &Try, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let house = House::load(args.config.as_deref())?;
    let source = find(&house.catalog, &args.source)?;
    let mut request = request(args)?;
    // Not every set-up request is signed.
    if !is_set_up(source, &request, Trust::Unproven)?
        && let Some(secret) = &args.verify
    {
        request = house.verified(source, secret, args.url.as_deref(), request)?;
    }
    if is_set_up(source, &request, Trust::Proven)? {
        print(&TryReport::empty(&source.name), out)?;
        tell("A set-up request: the gateway answers it, and it is no event.");
        return Ok(ExitCode::SUCCESS);
    }
    let fetched = args
        .fetched
        .iter()
        .map(|path| answer(path))
        .collect::<anyhow::Result<Vec<Value>>>()?;
    let region = args.region.as_deref().map(str::to_ascii_uppercase);
    let recipe = Recipe::of_source(source, region.as_deref()).map_err(told)?;
    let report = try_body(&recipe, &request, &fetched)?;
    print(&report, out)?;
    if !report.violations.is_empty() {
        tell("The body does not validate; see violations.");
        return Ok(ExitCode::from(2));
    }
    if report.records.is_empty() {
        tell(&format!(
            "Understood and of no interest: {} makes no record of it. Is a header missing that names the event?",
            source.file
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn print(report: &TryReport, out: &mut dyn Write) -> anyhow::Result<()> {
    serde_json::to_writer_pretty(&mut *out, report)?;
    writeln!(out)?;
    Ok(())
}

/// Whether a handshake of the source answers this POST. A body that does not parse is told of as an event's is.
fn is_set_up(source: &Source, request: &RawRequest, trust: Trust) -> anyhow::Result<bool> {
    let handshakes = Handshakes::compile(source, Settings::defaults(source), None).map_err(told)?;
    if !handshakes.has_post() {
        return Ok(false);
    }
    let content_type = request.headers.get("content-type");
    let body = payload::parse(&source.body.formats, content_type, &request.body);
    Ok(body.is_ok_and(|body| handshakes.is_meant(request, &Arc::new(body), trust)))
}

/// What is known of the gateway that the request is meant for.
struct House {
    catalog: Catalog,
    public_url: String,
    endpoints: Vec<Endpoint>,
}

impl House {
    fn load(config: Option<&Path>) -> anyhow::Result<Self> {
        let (folder, public_url, endpoints) = match config {
            Some(path) => {
                let config = Config::load(path).map_err(told)?;
                (config.catalog, config.server.public_url, config.endpoints)
            }
            None => {
                let url = "http://127.0.0.1:8080".to_owned();
                (CatalogConfig::default(), url, Vec::new())
            }
        };
        Ok(House {
            catalog: Catalog::load(&folder).map_err(told)?,
            public_url,
            endpoints,
        })
    }

    /// Checks the signature as an endpoint with this one secret would, and explains one that does not fit.
    fn verified(
        &self,
        source: &Source,
        secret: &str,
        url: Option<&str>,
        mut request: RawRequest,
    ) -> anyhow::Result<RawRequest> {
        let mut own = self.endpoints.iter();
        let own = own.find(|endpoint| endpoint.source == source.name);
        let name = own.map_or(source.name.as_str(), |own| &own.name);
        let mut endpoint = Endpoint::new(name, &source.name);
        endpoint.secrets = vec![SecretString::from(secret)];
        if let Some(own) = own {
            endpoint.retired_secrets.clone_from(&own.retired_secrets);
        }
        let registered = format!("{}/hooks/{name}", self.public_url);
        let (url, query) = match url.unwrap_or(&registered).split_once('?') {
            Some((url, query)) => (url, query),
            None => (url.unwrap_or(&registered), ""),
        };
        query.clone_into(&mut request.query);
        let settings = Settings::defaults(source);
        let verifier = Verifier::compile(source, &endpoint, url.to_owned(), settings)
            .map_err(anyhow::Error::msg)?;
        let now = request.received_at;
        let unproven = match verifier.verify(request, now) {
            Ok(verified) => return Ok(verified.into_parts().0),
            Err(unproven) => unproven,
        };
        let Unproven { request, rejection } = *unproven;
        let explainer = Explainer::new(source, &endpoint, url.to_owned());
        let others: Vec<Explainer> = self.others(name).collect();
        for note in explainer.explain(&request, &rejection, others.iter(), now) {
            tell(&format!("{}: {}", note.name, note.message));
        }
        bail!("{}: {rejection}", rejection.code())
    }

    /// The config's other endpoints, whose secrets may have made a signature.
    fn others<'h>(&'h self, name: &'h str) -> impl Iterator<Item = Explainer> + 'h {
        let others = self.endpoints.iter().filter(move |it| it.name != name);
        others.filter_map(|endpoint| {
            let source = self.catalog.get(&endpoint.source)?;
            Some(Explainer::new(source, endpoint, String::new()))
        })
    }
}

/// A source by name, or a hint.
pub fn find<'c>(catalog: &'c Catalog, name: &str) -> anyhow::Result<&'c Source> {
    if let Some(source) = catalog.get(name) {
        return Ok(source);
    }
    let names = catalog.sources().map(|source| source.name.as_str());
    let hint = nearest(name, names).map_or_else(
        || "`frontdesk sources` lists them".to_owned(),
        |near| format!("did you mean {near}?"),
    );
    bail!("there is no source called \"{name}\"; {hint}")
}

fn request(args: &Try) -> anyhow::Result<RawRequest> {
    let now = Clock::System.now();
    let mut headers = args.headers.clone();
    if let Some(content_type) = &args.content_type {
        headers.retain(|(name, _)| name != "content-type");
        headers.push(("content-type".to_owned(), content_type.clone()));
    }
    Ok(RawRequest {
        id: new_id(now),
        endpoint: args.source.clone(),
        method: "POST".to_owned(),
        query: String::new(),
        headers: Headers(headers),
        body: read(&args.body)?,
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        received_at: now,
    })
}

/// The bytes of a file, or of stdin for `-`.
pub fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin()
            .lock()
            .read_to_end(&mut bytes)
            .context("reading stdin")?;
        return Ok(bytes);
    }
    std::fs::read(path).with_context(|| format!("reading {}", path.display()))
}

fn answer(path: &Path) -> anyhow::Result<Value> {
    let bytes = read(path)?;
    serde_json::from_slice(&bytes).with_context(|| format!("{} is not JSON", path.display()))
}

#[cfg(test)]
mod tests {
    use super::header;

    #[test]
    fn headers_as_people_type_them() {
        for (line, expected) in [
            (
                "X-Shopify-Topic: orders/create",
                Some(("x-shopify-topic", "orders/create")),
            ),
            ("a:b:c", Some(("a", "b:c"))),
            ("a:", Some(("a", ""))),
            ("no colon", None),
            (": x", None),
        ] {
            let found = header(line).ok();
            let found = found
                .as_ref()
                .map(|(name, value)| (name.as_str(), value.as_str()));
            assert_eq!(found, expected, "{line}");
        }
    }
}
