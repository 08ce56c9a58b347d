//! `scripts/train`: the work that a build for release counts is done by the real binary, whatever the commands become.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::commands::works;

#[test]
fn the_training_of_a_release_ends_with_leads_of_reps() {
    let folder = tempfile::tempdir().unwrap();
    let trained = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/train"))
        .args([env!("CARGO_BIN_EXE_frontdesk"), "training", "30"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&trained.stderr);
    assert!(trained.status.success(), "{said}");

    let folder = folder.path().join("training");
    let sent = fs::read_to_string(folder.join("send.log")).unwrap();
    // Each source once, in the words that its sender wants to hear.
    assert!(sent.lines().count() > 30, "{sent}");
    assert!(sent.lines().all(|line| line.starts_with("200 ")), "{sent}");

    let leads = works(&folder, &["export", "leads", "--format", "jsonl"]);
    let owners: Vec<Value> = leads
        .lines()
        .map(|lead| serde_json::from_str::<Value>(lead).unwrap()["fields"]["owner"].clone())
        .collect();
    assert!(owners.len() > 30, "{} leads", owners.len());
    assert!(owners.iter().all(Value::is_string), "{owners:?}");
    let orders = works(&folder, &["export", "orders", "--format", "jsonl"]);
    assert!(orders.lines().count() >= 10, "{orders}");
}
