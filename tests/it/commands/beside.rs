//! Commands beside a running gateway: tokens, the inbox, exports.

use serde_json::{Value, json};

use crate::commands::{frontdesk, works};
use crate::process::{Gateway, command, lead, seed_team, signed, write_config};

fn deliver(gateway: &Gateway, id: &str, body: &str) -> u16 {
    let answer = gateway
        .call("POST", "/hooks/crm", &signed(id, body), body)
        .unwrap();
    answer.status
}

fn status(gateway: &Gateway, token: &str) -> u16 {
    let header = format!("authorization: Bearer {token}\r\n");
    gateway
        .call("GET", "/api/v1/stats", &header, "")
        .unwrap()
        .status
}

#[test]
fn tokens_are_shown_once_and_can_be_revoked() {
    let folder = tempfile::tempdir().unwrap();
    write_config(folder.path(), "");
    let gateway = Gateway::start(folder.path());
    let said = frontdesk(
        folder.path(),
        &["token", "create", "--name", "ci", "--role", "viewer"],
    );
    assert_eq!(said.code, 0, "{said:?}");
    let token = said.out.trim_end();
    assert_eq!(said.out, format!("{token}\n"), "alone on stdout");
    assert!(token.starts_with("fd_") && token.len() == 3 + 43, "{token}");
    assert_eq!(status(&gateway, token), 200);
    let listed = works(folder.path(), &["token", "list"]);
    assert!(
        listed.contains("ci") && listed.contains("viewer"),
        "{listed}"
    );
    assert!(!listed.contains(token), "only its hash is kept");
    for (arguments, words) in [
        (vec!["token", "create", "--name", "ci"], "ci"),
        (
            vec!["token", "create", "--name", "x", "--role", "king"],
            "manager",
        ),
        (vec!["token", "create", "--name", " "], "1 to 100"),
        (vec!["token", "revoke", "nobody"], "nobody"),
    ] {
        let said = frontdesk(folder.path(), &arguments);
        assert_eq!(said.code, 1, "{arguments:?}: {said:?}");
        assert!(
            said.err.contains(words) && said.out.is_empty(),
            "{arguments:?}: {said:?}"
        );
    }
    works(folder.path(), &["token", "revoke", "ci"]);
    assert_eq!(status(&gateway, token), 401, "it ends at once");
}

#[test]
fn the_inbox_can_be_read_and_replayed_from_the_shell() {
    let folder = tempfile::tempdir().unwrap();
    write_config(folder.path(), "");
    let token = command(folder.path(), &["token", "create", "--name", "t"]);
    let gateway = Gateway::start(folder.path());
    seed_team(&gateway, &token);
    assert_eq!(deliver(&gateway, "msg_1", &lead(1)), 200);
    let wrong = r#"{"type":"lead.created","data":"nothing"}"#;
    assert_eq!(deliver(&gateway, "msg_2", wrong), 422);
    gateway.drain(&token);

    let table = works(folder.path(), &["events", "list"]);
    assert_eq!(table.lines().count(), 3, "{table}");
    assert!(
        table.contains("quarantined") && table.contains("processed"),
        "{table}"
    );
    let found = works(
        folder.path(),
        &["events", "list", "--status", "quarantined", "--json"],
    );
    let event: Value = serde_json::from_str(&found).unwrap();
    assert_eq!(event["delivery_id"], "msg_2");
    let id = event["id"].as_str().unwrap();

    let shown = works(folder.path(), &["events", "show", id]);
    for words in ["quarantined", "msg_2", "webhook-signature: ***", wrong] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    let shown: Value =
        serde_json::from_str(&works(folder.path(), &["events", "show", id, "--json"])).unwrap();
    assert_eq!(
        shown["request"]["headers"]["webhook-signature"],
        json!(["***"])
    );

    let dry = works(
        folder.path(),
        &["events", "replay", "--status", "quarantined", "--dry-run"],
    );
    assert!(dry.contains("0 of 1 events would change"), "{dry}");
    let replayed = works(folder.path(), &["events", "replay", id]);
    assert!(replayed.starts_with("1 of 1"), "{replayed}");
    gateway.drain(&token);
    let stats = gateway.api(&token, "GET", "/api/v1/stats", "");
    assert_eq!((&stats["events"], &stats["leads"]), (&json!(2), &json!(1)));

    for (arguments, words) in [
        (
            vec!["events", "show", "00000000-0000-0000-0000-000000000000"],
            "no event",
        ),
        (vec!["events", "show", "x"], "invalid value"),
        (vec!["events", "replay"], "say which"),
        (
            vec!["events", "replay", id, "--status", "failed"],
            "cannot be used",
        ),
        (vec!["events", "list", "--status", "lost"], "quarantined"),
        (
            vec!["events", "list", "--config", "absent.toml"],
            "absent.toml",
        ),
    ] {
        let said = frontdesk(folder.path(), &arguments);
        assert_eq!(said.code, 1, "{arguments:?}: {said:?}");
        assert!(said.err.contains(words), "{arguments:?}: {said:?}");
    }
}

#[test]
fn everything_can_be_exported() {
    let folder = tempfile::tempdir().unwrap();
    write_config(folder.path(), "");
    let token = command(folder.path(), &["token", "create", "--name", "t"]);
    let gateway = Gateway::start(folder.path());
    seed_team(&gateway, &token);
    // More than one page of leads, of seven contacts.
    for n in 0..210 {
        assert_eq!(deliver(&gateway, &format!("msg_{n}"), &lead(n)), 200);
    }
    let odd = r#"{"type":"contact.created","data":{"external_id":"C1","full_name":"=2+3, \"x\"","email":"odd@example.com"}}"#;
    assert_eq!(deliver(&gateway, "odd", odd), 200);
    gateway.drain(&token);

    let leads = works(folder.path(), &["export", "leads", "--format", "jsonl"]);
    let leads: Vec<Value> = leads
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(leads.len(), 210);
    assert!(
        leads
            .iter()
            .all(|lead| lead["kind"] == "lead" && lead["fields"]["owner"].is_string())
    );
    let contacts = works(folder.path(), &["export", "contacts"]);
    let lines: Vec<&str> = contacts.lines().collect();
    assert_eq!(lines.len(), 1 + 8, "{contacts}");
    assert!(
        lines[0].starts_with("id,external_id,given_name,"),
        "{}",
        lines[0]
    );
    assert!(
        contacts.contains(r#""'=2+3, ""x""""#),
        "no cell is a formula: {contacts}"
    );
    assert_eq!(
        works(folder.path(), &["export", "events"]).lines().count(),
        1 + 211
    );
    assert_eq!(
        works(folder.path(), &["export", "tickets"]).lines().count(),
        1
    );
    let later = works(
        folder.path(),
        &[
            "export",
            "leads",
            "--format",
            "jsonl",
            "--since",
            "2100-01-01",
        ],
    );
    assert_eq!(later, "");
    let said = frontdesk(folder.path(), &["export", "people"]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("contacts"), "{said:?}");
}
