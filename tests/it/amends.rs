//! Senders that mend what they sent, and clocks that run ahead.

use crate::process::{Gateway, command, signed, write_config};

fn gateway() -> (tempfile::TempDir, Gateway, String) {
    let folder = tempfile::tempdir().unwrap();
    write_config(folder.path(), "");
    let token = command(
        folder.path(),
        &["token", "create", "--name", "t", "--role", "admin"],
    );
    let gateway = Gateway::start(folder.path());
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
