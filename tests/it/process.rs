//! The real binary as a process: started in a folder, spoken to over TCP, killed.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Key bytes of the `crm` endpoint; its secret is their base64 form after `whsec_`.
pub const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";
/// The `crm` endpoint's secret as written in the config.
pub const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

/// A gateway process; killed when dropped.
pub struct Gateway {
    child: Child,
    pub address: SocketAddr,
}

/// An answer, as far as tests look at it.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }
}

/// Writes a config with one `standard_webhooks` endpoint called `crm`; `extra` is appended.
pub fn write_config(folder: &Path, extra: &str) {
    let config = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n\n[store]\nurl = \"sqlite:frontdesk.db\"\n\n[log]\nlevel = \"warn\"\n\n[[endpoint]]\nname = \"crm\"\nsource = \"standard_webhooks\"\nsecrets = [\"{SECRET}\"]\n{extra}"
    );
    std::fs::write(folder.join("frontdesk.toml"), config).unwrap();
}

/// Runs a command of the binary in `folder`; its stdout.
pub fn command(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_frontdesk"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "frontdesk {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

impl Gateway {
    /// Starts `serve` and waits until it listens.
    pub fn start(folder: &Path) -> Self {
        let log = std::fs::File::create(folder.join("serve.log")).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_frontdesk"))
            .args(["serve", "--config", "frontdesk.toml"])
            .current_dir(folder)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line
            .trim()
            .strip_prefix("frontdesk listening on http://")
            .and_then(|address| address.parse().ok());
        let Some(address) = address else {
            let log = std::fs::read_to_string(folder.join("serve.log")).unwrap_or_default();
            panic!("serve did not start, it said {line:?}\n{log}");
        };
        Gateway { child, address }
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM; the exit code.
    pub fn terminate(&mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &id])
                .status()
                .unwrap()
                .success()
        );
        self.child.wait().unwrap().code()
    }

    /// One request on a connection of its own.
    pub fn call(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> std::io::Result<Answer> {
        call(self.address, method, path, headers, body)
    }

    /// A call of the API; its JSON.
    pub fn api(&self, token: &str, method: &str, path: &str, body: &str) -> serde_json::Value {
        let headers =
            format!("authorization: Bearer {token}\r\ncontent-type: application/json\r\n");
        let answer = self.call(method, path, &headers, body).unwrap();
        assert!(answer.status < 300, "{method} {path}: {answer:?}");
        answer.json()
    }

    /// Waits until no event is pending.
    pub fn drain(&self, token: &str) {
        for _ in 0..3000 {
            let stats = self.api(token, "GET", "/api/v1/stats", "");
            if stats["backlog"].as_u64() == Some(0) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("events are still pending after 30 s");
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// One HTTP/1.1 request with `connection: close`.
pub fn call(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &str,
    body: &str,
) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    )?;
    read_answer(&mut stream)
}

/// Reads an answer to its end.
pub fn read_answer(stream: &mut TcpStream) -> std::io::Result<Answer> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    let Some(status) = status else {
        return Err(std::io::Error::other(
            "the connection ended without an answer",
        ));
    };
    Ok(Answer {
        status,
        head: head.to_owned(),
        body: body.to_owned(),
    })
}

/// Headers of a delivery by Standard Webhooks, signed now.
pub fn signed(id: &str, body: &str) -> String {
    let time = std::time::UNIX_EPOCH
        .elapsed()
        .unwrap()
        .as_secs()
        .to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY).unwrap();
    mac.update(format!("{id}.{time}.{body}").as_bytes());
    let signature = base64::Engine::encode(
        &base64::engine::general_purpose::STANDARD,
        mac.finalize().into_bytes(),
    );
    format!(
        "content-type: application/json\r\nwebhook-id: {id}\r\nwebhook-timestamp: {time}\r\nwebhook-signature: v1,{signature}\r\n"
    )
}

/// A lead with an id of its own.
pub fn lead(n: u64) -> String {
    let customer = n % 7;
    format!(
        r#"{{"type":"lead.created","timestamp":"2026-11-24T08:00:00Z","data":{{"external_id":"L{n}","title":"Quote {n}","contact":{{"email":"c{customer}@example.com","given_name":"Ana","family_name":"Ruiz"}}}}}}"#
    )
}

/// Reps `ana`, `rui`, `eva` in a team with equal weights that gets every lead.
pub fn seed_team(gateway: &Gateway, token: &str) {
    for rep in ["ana", "rui", "eva"] {
        let body = format!(r#"{{"handle":"{rep}","name":"{rep}"}}"#);
        gateway.api(token, "POST", "/api/v1/reps", &body);
    }
    gateway.api(
        token,
        "POST",
        "/api/v1/teams",
        r#"{"handle":"all","name":"All","members":[{"rep":"ana","weight":1},{"rep":"rui","weight":1},{"rep":"eva","weight":1}]}"#,
    );
    let version = gateway.api(token, "GET", "/api/v1/rules", "")["version"].clone();
    let rules = format!(
        r#"{{"version":{version},"rules":[{{"name":"Everyone","assign":{{"team":"all","strategy":"round_robin"}}}}]}}"#
    );
    gateway.api(token, "PUT", "/api/v1/rules", &rules);
}
