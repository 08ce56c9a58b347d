//! What the spam gate holds, seen and let in from the shell.

use crate::commands::{frontdesk, works};
use crate::process::{Gateway, command, write_config};

const WEBSITE: &str =
    "\n[[endpoint]]\nname = \"website\"\nsource = \"contact_form\"\nverify = \"none\"\n";

fn send(gateway: &Gateway, body: &str) -> String {
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    let answer = gateway.call("POST", "/hooks/website", form, body).unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["event"].as_str().unwrap().to_owned()
}

#[test]
fn what_is_held_is_listed_shown_and_released() {
    let folder = tempfile::tempdir().unwrap();
    write_config(folder.path(), WEBSITE);
    let token = command(folder.path(), &["token", "create", "--name", "t"]);
    let gateway = Gateway::start(folder.path());
    let bot = send(&gateway, "email=a%40example.com&_gotcha=x");
    let other = send(&gateway, "email=b%40example.com&_gotcha=x");
    send(&gateway, "email=c%40example.com");
    gateway.drain(&token);
    let listed = works(folder.path(), &["events", "list", "--code", "spam"]);
    assert_eq!(listed.lines().count(), 3, "{listed}");
    assert!(
        listed.contains("held as spam with a score of 110"),
        "{listed}"
    );
    let shown = works(folder.path(), &["events", "show", &bot]);
    assert!(
        shown.contains("honeypot (+100)") && shown.contains("stamp_missing (+10)"),
        "{shown}"
    );
    let replayed = works(
        folder.path(),
        &["events", "replay", "--status", "quarantined"],
    );
    assert!(replayed.starts_with("0 of 0"), "{replayed}");
    for (arguments, words) in [
        (vec!["events", "release"], "say which events"),
        (
            vec!["events", "release", bot.as_str(), "--endpoint", "website"],
            "cannot be used with",
        ),
        (vec!["events", "replay", "--code", "spam"], "events release"),
    ] {
        let said = frontdesk(folder.path(), &arguments);
        assert_eq!(said.code, 1, "{arguments:?}: {said:?}");
        assert!(said.err.contains(words), "{arguments:?}: {said:?}");
    }
    let released = works(folder.path(), &["events", "release", &bot]);
    assert!(
        released.starts_with("1 of 1 events are let in"),
        "{released}"
    );
    gateway.drain(&token);
    let path = format!("/api/v1/events/{bot}");
    assert_eq!(gateway.api(&token, "GET", &path, "")["status"], "processed");
    let released = works(
        folder.path(),
        &["events", "release", "--endpoint", "website", "--json"],
    );
    assert_eq!(released, r#"{"released":1,"found":1}"#);
    gateway.drain(&token);
    let path = format!("/api/v1/events/{other}");
    assert_eq!(gateway.api(&token, "GET", &path, "")["status"], "processed");
}

/// A stamp of before a restart is good after it: the key lies in the store.
#[test]
fn stamps_outlive_the_process() {
    let folder = tempfile::tempdir().unwrap();
    write_config(folder.path(), WEBSITE);
    let token = command(folder.path(), &["token", "create", "--name", "t"]);
    let mut gateway = Gateway::start(folder.path());
    let stamp = gateway
        .call("GET", "/hooks/website?stamp=text", "", "")
        .unwrap()
        .body;
    gateway.kill();
    let gateway = Gateway::start(folder.path());
    let form = format!("email=a%40example.com&frontdesk_stamp={stamp}");
    let event = send(&gateway, &form);
    let shown = gateway.api(&token, "GET", &format!("/api/v1/events/{event}"), "");
    let names: Vec<_> = shown["notes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|note| &note["name"])
        .collect();
    assert_eq!(names, ["too_fast"], "and not forged: {shown}");
}
