//! Server processes under test: started in a temporary folder, measured, stopped.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;

use crate::bodies::{LEAD_KEY, ORDER_SECRET};

/// A running server; killed when dropped.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
    /// API token; empty for the reference.
    pub token: String,
    pub folder: TempDir,
}

impl Server {
    /// The reference.
    pub fn reference() -> anyhow::Result<Self> {
        let folder = TempDir::new_in(".")?;
        let database = folder.path().join("reference.db");
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("reference").arg(&database).arg("127.0.0.1:0");
        let (child, address) = start(command)?;
        Ok(Server {
            child,
            address,
            token: String::new(),
            folder,
        })
    }

    /// Frontdesk with its workers, rules and a team of four.
    pub fn frontdesk() -> anyhow::Result<Self> {
        let folder = TempDir::new_in(".")?;
        std::fs::write(folder.path().join("frontdesk.toml"), config())?;
        let binary = binary();
        let token = Command::new(&binary)
            .args(["token", "create", "--name", "load", "--role", "admin"])
            .current_dir(folder.path())
            .output()?;
        let token = String::from_utf8(token.stdout)?.trim().to_owned();
        let mut command = Command::new(&binary);
        command
            .args(["serve", "--config", "frontdesk.toml"])
            .current_dir(folder.path());
        let (child, address) = start(command)?;
        let server = Server {
            child,
            address,
            token,
            folder,
        };
        server.seed()?;
        Ok(server)
    }

    fn seed(&self) -> anyhow::Result<()> {
        let mut members = Vec::new();
        for rep in ["ana", "rui", "eva", "max"] {
            self.api(
                "POST",
                "/api/v1/reps",
                &format!(r#"{{"handle":"{rep}","name":"{rep}"}}"#),
            )?;
            members.push(format!(r#"{{"rep":"{rep}","weight":1}}"#));
        }
        self.api(
            "POST",
            "/api/v1/teams",
            &format!(
                r#"{{"handle":"iberia","name":"Iberia","members":[{}]}}"#,
                members.join(",")
            ),
        )?;
        let current: serde_json::Value =
            serde_json::from_str(&self.api("GET", "/api/v1/rules", "")?)?;
        let version = current["version"].as_u64().unwrap_or(0);
        self.api(
            "PUT",
            "/api/v1/rules",
            &format!(
                r#"{{"version":{version},"rules":[{{"name":"Germany","when":{{"all":[{{"field":"contact.address.country","op":"eq","value":"DE"}},{{"field":"lead.campaign","op":"exists"}}]}},"assign":{{"rep":"max"}}}},{{"name":"Everyone else","assign":{{"team":"iberia","strategy":"round_robin"}}}}]}}"#
            ),
        )?;
        Ok(())
    }

    /// One call of the API; the body of a 2xx answer.
    pub fn api(&self, method: &str, path: &str, body: &str) -> anyhow::Result<String> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: load\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            self.token,
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").context("no answer")?;
        if !head.starts_with("HTTP/1.1 2") {
            bail!("{method} {path}: {head}\n{body}");
        }
        Ok(body.to_owned())
    }

    /// Events accepted and not yet processed.
    pub fn backlog(&self) -> anyhow::Result<u64> {
        Ok(self.counts()?.backlog)
    }

    /// What is stored, as the store itself counts it.
    pub fn counts(&self) -> anyhow::Result<Counts> {
        let stats: serde_json::Value =
            serde_json::from_str(&self.api("GET", "/api/v1/stats", "")?)?;
        let number = |name: &str| stats[name].as_u64().unwrap_or(0);
        Ok(Counts {
            backlog: number("backlog"),
            events: number("events"),
            contacts: number("contacts"),
            leads: number("leads"),
            orders: number("orders"),
            decisions: number("decisions"),
            changes: number("changes"),
            bytes: number("bytes"),
        })
    }

    /// Waits until nothing is pending; how long that took.
    pub fn drained(&self, at_most: Duration) -> anyhow::Result<Duration> {
        let start = Instant::now();
        while self.backlog()? > 0 {
            if start.elapsed() > at_most {
                bail!("{} events still pending after {at_most:?}", self.backlog()?);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(start.elapsed())
    }

    /// Resident memory now and at its peak, in MB.
    pub fn memory(&self) -> anyhow::Result<(u64, u64)> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let field = |name: &str| {
            status
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok())
                .map_or(0, |kib| kib / 1024)
        };
        Ok((field("VmRSS:"), field("VmHWM:")))
    }

    /// Processor time used so far, by all threads.
    pub fn processor_time(&self) -> anyhow::Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let (_, rest) = stat.rsplit_once(')').context("no name in stat")?;
        // After the name: state is field 3, user time 14, system time 15, in hundredths of a second.
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let ticks = |field: usize| -> anyhow::Result<u64> { Ok(fields[field - 3].parse()?) };
        Ok(Duration::from_millis(10 * (ticks(14)? + ticks(15)?)))
    }

    /// Size of the write-ahead log, in MB.
    pub fn log_size(&self) -> u64 {
        let log = self.folder.path().join("frontdesk.db-wal");
        std::fs::metadata(Path::new(&log)).map_or(0, |file| file.len() >> 20)
    }
}

/// Rows after a run.
#[derive(Debug, Clone, Copy)]
pub struct Counts {
    pub backlog: u64,
    pub events: u64,
    pub contacts: u64,
    pub leads: u64,
    pub orders: u64,
    pub decisions: u64,
    pub changes: u64,
    /// Of the database and its log.
    pub bytes: u64,
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} events, {} contacts, {} leads, {} orders, {} decisions, {} changes, {} MB",
            self.events,
            self.contacts,
            self.leads,
            self.orders,
            self.decisions,
            self.changes,
            self.bytes >> 20
        )
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The gateway to measure: that of `FRONTDESK_BINARY`, else the one that was built with this tool.
fn binary() -> PathBuf {
    match std::env::var_os("FRONTDESK_BINARY") {
        Some(path) => PathBuf::from(path),
        None => PathBuf::from(env!("CARGO_BIN_EXE_frontdesk")),
    }
}

fn start(mut command: Command) -> anyhow::Result<(Child, SocketAddr)> {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let stdout = child.stdout.take().context("no stdout")?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    let address = line
        .trim()
        .rsplit_once("http://")
        .and_then(|(_, address)| address.parse().ok())
        .with_context(|| format!("the server said {line:?}"))?;
    Ok((child, address))
}

fn config() -> String {
    format!(
        r#"[server]
listen = "127.0.0.1:0"

[store]
url = "sqlite:frontdesk.db"

[log]
level = "warn"

[[endpoint]]
name = "crm"
source = "standard_webhooks"
secrets = ["whsec_{}"]

[[endpoint]]
name = "shop"
source = "shopify"
secrets = ["{ORDER_SECRET}"]
"#,
        STANDARD.encode(LEAD_KEY)
    )
}
