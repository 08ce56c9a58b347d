//! The built-in sources: what their samples, and real payloads where they are at hand, become.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use frontdesk::config::CatalogConfig;
use frontdesk::model::id::new_id;
use frontdesk::model::request::{Headers, RawRequest};
use frontdesk::process::preview::{TryReport, try_body};
use frontdesk::process::recipe::Recipe;
use frontdesk::source::catalog::Catalog;
use jiff::Timestamp;
use serde_json::Value;

fn catalog() -> Catalog {
    Catalog::load(&CatalogConfig::default()).unwrap()
}

fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn attempt(
    source: &str,
    region: Option<&str>,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    fetched: &[Value],
) -> TryReport {
    let catalog = catalog();
    let recipe = Recipe::of_source(catalog.get(source).unwrap(), region).unwrap();
    let request = RawRequest {
        id: new_id(now()),
        endpoint: source.to_owned(),
        method: "POST".to_owned(),
        query: String::new(),
        headers: Headers(headers),
        body,
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        received_at: now(),
    };
    try_body(&recipe, &request, fetched).unwrap_or_else(|error| panic!("{source}: {error}"))
}

#[test]
fn explore() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/payloads");
    let folder = if folder.exists() {
        folder
    } else {
        PathBuf::from("/work/shared/payloads")
    };
    for source in ["shopify", "meta", "standard_webhooks"] {
        let mut files: Vec<_> = std::fs::read_dir(folder.join(source))
            .unwrap()
            .map(|e| e.unwrap().path())
            .collect();
        files.sort();
        for file in files {
            let name = file.file_name().unwrap().to_str().unwrap().to_owned();
            if !name.ends_with(".json") || name.contains(".headers.") || name.starts_with("graph") {
                continue;
            }
            let headers = std::fs::read_to_string(file.with_extension("headers.json")).unwrap();
            let headers: std::collections::BTreeMap<String, String> =
                serde_json::from_str(&headers).unwrap();
            let fetched: Vec<Value> = if source == "meta" {
                vec![
                    serde_json::from_str(
                        &std::fs::read_to_string(folder.join("meta/graph_lead_response.json"))
                            .unwrap(),
                    )
                    .unwrap(),
                ]
            } else {
                vec![]
            };
            let report = attempt(
                source,
                Some("US"),
                headers.into_iter().collect(),
                std::fs::read(&file).unwrap(),
                &fetched,
            );
            println!(
                "=== {name}\n{}",
                serde_json::to_string_pretty(&report).unwrap()
            );
        }
    }
}
