//! Every `tests/fixtures/<source>/<case>/`: request.http becomes expected.json, as `frontdesk try` would print it.
//!
//! fetched.json, where it is there, holds the list of the sender's answers. A case without expected.json gets one
//! written beside it, to be read by a person before it is renamed.

use std::fs;
use std::path::{Path, PathBuf};

use frontdesk::model::request::Headers;
use frontdesk::process::preview::try_body;
use serde_json::Value;

use crate::dry;

#[test]
fn fixtures_become_what_they_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let cases = folders(&root)
        .iter()
        .flat_map(|source| folders(source))
        .collect::<Vec<_>>();
    assert!(cases.len() >= 4, "the fixtures were not found");
    let failed: Vec<String> = cases.iter().filter_map(|case| fault(case)).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

fn folders(root: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(root)
        .unwrap_or_else(|error| panic!("{}: {error}", root.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    found
}

fn fault(case: &Path) -> Option<String> {
    let source = case.parent()?.file_name()?.to_str()?;
    let text = fs::read_to_string(case.join("request.http")).unwrap();
    let fetched: Vec<Value> = match fs::read_to_string(case.join("fetched.json")) {
        Ok(text) => serde_json::from_str(&text).unwrap(),
        Err(_) => Vec::new(),
    };
    let recipe = dry::recipe(source, Some("ES"));
    let found = match try_body(&recipe, &dry::written(&text), &fetched) {
        Ok(report) => serde_json::to_value(report).unwrap(),
        Err(error) => serde_json::json!({"error": error.to_string()}),
    };
    let Ok(expected) = fs::read_to_string(case.join("expected.json")) else {
        let text = serde_json::to_string_pretty(&found).unwrap();
        fs::write(case.join("expected.json.new"), text + "\n").unwrap();
        return Some(format!("{}: has no expected.json", case.display()));
    };
    let expected: Value = serde_json::from_str(&expected).unwrap();
    (found != expected).then(|| {
        format!(
            "{}:\n--- expected\n{expected:#}\n--- found\n{found:#}",
            case.display()
        )
    })
}

/// Real samples of the senders, where they lie beside the repository: each becomes records without a violation.
#[test]
fn real_samples_are_understood() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/payloads");
    for (source, file, kinds) in [
        ("shopify", "orders_create", "contact order"),
        ("shopify", "orders_cancelled", "contact order"),
        ("shopify", "customers_create", "contact"),
        ("shopify", "checkouts_create", "contact order"),
        ("meta", "leadgen_change", "contact lead"),
        ("standard_webhooks", "contact_created_thin", "contact"),
        ("standard_webhooks", "vector_body", ""),
    ] {
        let folder = root.join(source);
        let Ok(body) = fs::read(folder.join(format!("{file}.json"))) else {
            println!("SKIPPED: the real sample {source}/{file} is not beside the repository");
            continue;
        };
        let headers = fs::read_to_string(folder.join(format!("{file}.headers.json"))).unwrap();
        let headers: serde_json::Map<String, Value> = serde_json::from_str(&headers).unwrap();
        let headers = headers
            .iter()
            .map(|(name, value)| {
                (
                    name.to_lowercase(),
                    value.as_str().unwrap_or_default().to_owned(),
                )
            })
            .collect();
        let fetched: Vec<Value> = fs::read(folder.join("graph_lead_response.json"))
            .ok()
            .map(|text| serde_json::from_slice(&text).unwrap())
            .into_iter()
            .collect();
        let request = dry::request(source, Headers(headers), &body);
        let report = try_body(&dry::recipe(source, None), &request, &fetched).unwrap();
        let found: Vec<&str> = report
            .records
            .iter()
            .map(|record| record.kind.as_str())
            .collect();
        let shown = serde_json::to_string_pretty(&report).unwrap();
        assert_eq!(found.join(" "), kinds, "{source}/{file}: {shown}");
        assert_eq!(report.violations, [], "{source}/{file}: {shown}");
    }
}
