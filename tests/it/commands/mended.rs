//! A mapping that was wrong is mended, looked at, and replayed.

use std::path::Path;

use serde_json::Value;

use crate::commands::works;
use crate::process::{Gateway, command, seed_team, write_config};

/// A source of the operator's own, with a formula for the lead's budget.
fn write_mapping(folder: &Path, budget: &str) {
    let mapping = format!(
        r#"title = "Acme"
help = "Paste the URL."

[body]
accepts = ["json"]

[delivery]
event = "body.kind"
id = "body.id"

[[event]]
name = "lead"

[event.contact]
email = "body.email"

[event.lead]
external_id = "body.id"
budget = "{budget}"
"#
    );
    std::fs::create_dir_all(folder.join("catalog/mappings")).unwrap();
    std::fs::write(folder.join("catalog/mappings/acme.toml"), mapping).unwrap();
}

const EXTRA: &str = r#"
[[endpoint]]
name = "acme"
source = "acme"
verify = "none"

[catalog]
path = "catalog"
"#;

#[test]
fn a_quarantined_event_is_foreseen_and_then_replayed() {
    let folder = tempfile::tempdir().unwrap();
    write_config(folder.path(), EXTRA);
    write_mapping(folder.path(), "body.budget | decimal");
    let token = command(folder.path(), &["token", "create", "--name", "t"]);
    let mut gateway = Gateway::start(folder.path());
    seed_team(&gateway, &token);
    let body = r#"{"kind":"lead","id":"7","email":"ana@example.com","budget":"about 500"}"#;
    let answer = gateway
        .call(
            "POST",
            "/hooks/acme",
            "content-type: application/json\r\n",
            body,
        )
        .unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    let event = answer.json()["event"].as_str().unwrap().to_owned();
    gateway.drain(&token);
    let path = format!("/api/v1/events/{event}");
    let before = gateway.api(&token, "GET", &path, "");
    assert_eq!(before["status"], "quarantined", "{before}");
    assert!(
        before["reason"].as_str().unwrap().contains("acme.toml:19"),
        "{before}"
    );
    let in_vain = works(folder.path(), &["events", "replay", &event, "--dry-run"]);
    for words in [
        "quarantined → quarantined",
        "acme.toml:19",
        "0 of 1 events would change something, 1 would be stopped again",
    ] {
        assert!(in_vain.contains(words), "{words}: {in_vain}");
    }
    assert_eq!(gateway.terminate(), Some(0));

    write_mapping(
        folder.path(),
        "body.budget | replace('about ', '') | decimal",
    );
    let gateway = Gateway::start(folder.path());
    let dry = works(
        folder.path(),
        &["events", "replay", "--status", "quarantined", "--dry-run"],
    );
    for words in [
        "quarantined → processed",
        "a new lead",
        "budget: nothing → \"500\"",
        "1 of 1 events would change",
    ] {
        assert!(dry.contains(words), "{words}: {dry}");
    }
    let filter = r#"{"status":"quarantined","endpoint":"acme","dry_run":true}"#;
    let diff: Value = gateway.api(&token, "POST", "/api/v1/events/replay", filter);
    assert_eq!(
        (diff["found"].as_u64(), diff["changed"].as_u64()),
        (Some(1), Some(1)),
        "{diff}"
    );
    assert_eq!(diff["events"][0]["to"], "processed");
    assert_eq!(
        gateway.api(&token, "GET", &path, "")["status"],
        "quarantined",
        "a dry run changes nothing"
    );

    works(
        folder.path(),
        &["events", "replay", "--status", "quarantined"],
    );
    gateway.drain(&token);
    assert_eq!(gateway.api(&token, "GET", &path, "")["status"], "processed");
    let leads = gateway.api(&token, "GET", "/api/v1/leads", "");
    assert_eq!(leads["items"].as_array().unwrap().len(), 1);
    assert_eq!(leads["items"][0]["fields"]["budget"], "500");

    // What was replayed once changes nothing when it is replayed again.
    let again = works(folder.path(), &["events", "replay", &event, "--dry-run"]);
    assert!(again.contains("0 of 1 events would change"), "{again}");
}
