//! Senders that mend what they sent, and clocks that run ahead.

use crate::process::{Gateway, command, signed, write_config};

fn start(folder: &std::path::Path) -> (Gateway, String) {
    let token = command(
        folder,
        &["token", "create", "--name", "t", "--role", "admin"],
    );
    (Gateway::start(folder), token)
}

fn gateway() -> (tempfile::TempDir, Gateway, String) {
    let folder = tempfile::tempdir().unwrap();
    write_config(folder.path(), "");
    let (gateway, token) = start(folder.path());
    (folder, gateway, token)
}

fn post(gateway: &Gateway, id: &str, body: &str) -> (u16, serde_json::Value) {
    let answer = gateway
        .call("POST", "/hooks/crm", &signed(id, body), body)
        .unwrap();
    (answer.status, answer.json())
}

#[test]
fn a_mended_body_under_the_same_id_is_news() {
    let (_folder, gateway, token) = gateway();
    let wrong = r#"{"type":"lead.created","data":{"external_id":"L1","budget":"lots"}}"#;
    let right = r#"{"type":"lead.created","data":{"external_id":"L1","budget":"10"}}"#;
    assert_eq!(post(&gateway, "msg_1", wrong).0, 422);
    assert_eq!(post(&gateway, "msg_1", wrong).0, 422, "an unchanged retry");
    let (status, answer) = post(&gateway, "msg_1", right);
    assert_eq!((status, answer["status"].as_str()), (200, Some("accepted")));
    let (_, again) = post(&gateway, "msg_1", right);
    assert_eq!(again["status"], "duplicate");
    gateway.drain(&token);
    let leads = gateway.api(&token, "GET", "/api/v1/leads", "");
    assert_eq!(leads["items"][0]["fields"]["budget"], "10");
    let stats = gateway.api(&token, "GET", "/api/v1/stats", "");
    assert_eq!(
        stats["events"], 2,
        "the wrong one waits in quarantine, once"
    );
}

/// A source of the operator's own.
fn write_source(folder: &std::path::Path, split: &str, schema: &str) {
    let mapping = format!(
        r#"title = "Acme"
help = "Paste the URL."

[body]
accepts = ["json"]

[split]
each = "{split}"

[delivery]
event = "'lead'"
id = "item.id"

[verify.key]
header = "x-key"

[[event]]
name = "lead"
schema = "lead"

[event.contact]
email = "item.email"

[event.lead]
title = "item.title"
"#
    );
    for (file, text) in [
        ("mappings/acme.toml", &*mapping),
        ("schemas/acme/lead.json", schema),
    ] {
        let file = folder.join("catalog").join(file);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
}

const ACME: &str = "\n[[endpoint]]\nname = \"acme\"\nsource = \"acme\"\nsecrets = [\"a-long-key\"]\n\n[catalog]\npath = \"catalog\"\n";
const ANY: &str = r#"{"type": "object"}"#;
const LEADS: &str = r#"{"list":[{"id":"1","email":"a@example.com","title":"A"},{"id":"2","email":"b@example.com","title":"B"},{"id":"3","email":"c@example.com","title":"C"}]}"#;

fn deliver(gateway: &Gateway, body: &str) -> serde_json::Value {
    let headers = "content-type: application/json\r\nx-key: a-long-key\r\n";
    let answer = gateway.call("POST", "/hooks/acme", headers, body);
    answer.unwrap().json()
}

/// The leads there are, and how many events ended in which way.
fn outcome(gateway: &Gateway, token: &str) -> (usize, Vec<String>) {
    gateway.drain(token);
    let items = |path: &str| {
        let listed = gateway.api(token, "GET", path, "");
        listed["items"].as_array().unwrap().clone()
    };
    let mut ends: Vec<String> = items("/api/v1/events")
        .iter()
        .map(|event| event["status"].as_str().unwrap().to_owned())
        .collect();
    ends.sort();
    (items("/api/v1/leads").len(), ends)
}

/// Starts with one source, and the leads delivered to it.
fn delivered(split: &str, schema: &str) -> (tempfile::TempDir, Gateway, String) {
    let folder = tempfile::tempdir().unwrap();
    write_config(folder.path(), ACME);
    write_source(folder.path(), split, schema);
    let (gateway, token) = start(folder.path());
    deliver(&gateway, LEADS);
    (folder, gateway, token)
}

/// Stops, mends the source so that it takes everything, and starts again.
fn mended(folder: &std::path::Path, mut gateway: Gateway) -> Gateway {
    assert_eq!(gateway.terminate(), Some(0));
    write_source(folder, "body.list", ANY);
    Gateway::start(folder)
}

/// After a mapping that found no events, with one that does; the events of one request, quarantined as one.
fn folded() -> (tempfile::TempDir, Gateway, String) {
    let (folder, gateway, token) = delivered("body.items", ANY);
    let quarantined = vec!["quarantined".to_owned()];
    assert_eq!(outcome(&gateway, &token), (0, quarantined));
    let gateway = mended(folder.path(), gateway);
    (folder, gateway, token)
}

fn replay(gateway: &Gateway, token: &str, dry_run: bool) -> serde_json::Value {
    let filter = format!(r#"{{"status":"quarantined","dry_run":{dry_run}}}"#);
    gateway.api(token, "POST", "/api/v1/events/replay", &filter)
}

#[test]
fn a_request_that_could_not_be_opened_loses_none_of_its_events() {
    let (_folder, gateway, token) = folded();
    let foreseen = replay(&gateway, &token, true);
    assert_eq!(foreseen["found"], 3, "{foreseen}");
    replay(&gateway, &token, false);
    let processed = vec!["processed".to_owned(); 3];
    assert_eq!(outcome(&gateway, &token), (3, processed.clone()));
    deliver(&gateway, LEADS);
    assert_eq!(
        outcome(&gateway, &token),
        (3, processed),
        "the sender's retry is known"
    );
}

#[test]
fn a_request_that_came_again_before_its_replay_counts_once() {
    let (_folder, gateway, token) = folded();
    deliver(&gateway, LEADS);
    replay(&gateway, &token, false);
    let (leads, ends) = outcome(&gateway, &token);
    assert_eq!(leads, 3);
    assert_eq!(ends, ["ignored", "processed", "processed", "processed"]);
}

#[test]
fn a_retry_goes_on_with_what_a_mended_schema_lets_in() {
    let strict = r#"{"type": "object", "required": ["consent"]}"#;
    let (folder, gateway, token) = delivered("body.list", strict);
    deliver(&gateway, LEADS);
    assert_eq!(
        outcome(&gateway, &token),
        (0, vec!["quarantined".to_owned(); 3])
    );
    let gateway = mended(folder.path(), gateway);
    for _ in 0..2 {
        deliver(&gateway, LEADS);
        replay(&gateway, &token, false);
        assert_eq!(
            outcome(&gateway, &token),
            (3, vec!["processed".to_owned(); 3])
        );
    }
}

#[test]
fn an_event_from_the_future_does_not_stand_above_later_news() {
    let (_folder, gateway, token) = gateway();
    let told = |time: &str, name: &str| {
        format!(
            r#"{{"type":"contact.updated","timestamp":"{time}","data":{{"external_id":"C1","given_name":"{name}"}}}}"#
        )
    };
    post(&gateway, "msg_1", &told("2099-01-01T00:00:00Z", "Future"));
    gateway.drain(&token);
    std::thread::sleep(std::time::Duration::from_millis(5));
    let now = jiff::Timestamp::now().to_string();
    post(&gateway, "msg_2", &told(&now, "Now"));
    gateway.drain(&token);
    let contacts = gateway.api(&token, "GET", "/api/v1/contacts", "");
    assert_eq!(contacts["items"][0]["fields"]["given_name"], "Now");
}
