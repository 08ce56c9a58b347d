//! `serve --demo`: one command, and leads with owners go by.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::process::call;

/// Killed when the test fails.
struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
fn a_newcomer_sees_it_live_in_one_command() {
    let folder = tempfile::tempdir().unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_frontdesk"))
        .args(["serve", "--demo", "--listen", "127.0.0.1:0"])
        .current_dir(folder.path())
        .env("TMPDIR", folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut demo = Demo(child);
    let mut line = String::new();
    BufReader::new(demo.0.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let address = line.trim().strip_prefix("frontdesk listening on http://");
    let address: std::net::SocketAddr = address
        .unwrap_or_else(|| panic!("{line:?}"))
        .parse()
        .unwrap();

    let mut told: Vec<String> = Vec::new();
    let wanted = [
        "  lead      website",
        "  lead      lead-ads",
        "  order     shop",
        "  lead      crm",
    ];
    for line in BufReader::new(demo.0.stderr.take().unwrap()).lines() {
        told.push(line.unwrap());
        let seen = |start: &&str| told.iter().any(|line| line.starts_with(*start));
        if wanted.iter().all(seen) {
            break;
        }
    }
    let text = told.join("\n");
    assert!(
        told.iter()
            .any(|line| line.contains("→ ana") && line.contains("round robin in Iberia")),
        "{text}"
    );

    let token = told
        .iter()
        .find_map(|line| line.trim().strip_prefix("token"))
        .map(str::trim)
        .unwrap()
        .to_owned();
    let header = format!("authorization: Bearer {token}\r\n");
    let leads = call(address, "GET", "/api/v1/leads", &header, "")
        .unwrap()
        .json();
    let leads = leads["items"].as_array().unwrap();
    assert!(
        leads.len() >= 3 && leads.iter().all(|lead| lead["fields"]["owner"].is_string()),
        "{leads:?}"
    );
    let signed = told
        .iter()
        .find(|line| line.contains("sign in as"))
        .unwrap();
    let password = signed.split_whitespace().last().unwrap();
    let form = format!("name=demo&password={password}");
    let kind = "content-type: application/x-www-form-urlencoded\r\n";
    let inside = call(address, "POST", "/sign-in", kind, &form).unwrap();
    assert_eq!(inside.status, 303, "{inside:?}");
    let form = "name=Ada+Lovelace&email=ada%40example.com&country=ES&message=Hello";
    let posted = call(
        address,
        "POST",
        "/hooks/website",
        "content-type: application/x-www-form-urlencoded\r\n",
        form,
    );
    assert_eq!(posted.unwrap().status, 200);

    let id = demo.0.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(demo.0.wait().unwrap().code(), Some(0));
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert!(left.is_empty(), "the demo leaves nothing behind: {left:?}");
}
