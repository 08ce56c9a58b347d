//! The configuration: defaults, then the file, then the environment; read and checked once.

pub mod document;
mod endpoint;
pub mod spam;
pub mod value;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::config::document::{Document, Table};
use crate::config::endpoint::noted;
use crate::config::spam::Spam;
use crate::model::problem::Problem;

/// A text that is never printed.
pub use secrecy::SecretString;

/// Variables by name.
pub type Environment = BTreeMap<String, String>;

/// The defaults, which are also the reference.
pub const DEFAULTS: &str = include_str!("default.toml");

/// Everything the operator decided.
#[derive(Debug)]
pub struct Config {
    pub server: Server,
    pub store: StoreConfig,
    pub catalog: CatalogConfig,
    pub outbound: Outbound,
    pub console: ConsoleConfig,
    pub log: Log,
    /// Of endpoints that do not say otherwise.
    pub spam: Spam,
    pub endpoints: Vec<Endpoint>,
    /// File the endpoints came from, as shown in messages.
    pub file: String,
}

#[derive(Debug, Clone)]
pub struct Server {
    /// `127.0.0.1:8080`
    pub listen: String,
    /// Without a slash at the end. Signatures that cover the URL use it; it is shown to people. Where nobody set it, where
    /// the gateway listens.
    pub public_url: String,
    /// HTTP worker threads; 0: one per core.
    pub threads: usize,
    /// Proxies whose `Forwarded` and `X-Forwarded-For` count: addresses or networks (`10.0.0.0/8`).
    pub trusted_proxies: Vec<Network>,
    /// For the whole body to arrive.
    pub body_timeout: Duration,
    /// For requests in flight when told to stop.
    pub shutdown_timeout: Duration,
    /// Default cap of a body, in bytes.
    pub max_body: usize,
}

/// An address with a prefix length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    pub address: IpAddr,
    pub prefix: u8,
}

#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// `sqlite:frontdesk.db`
    pub url: String,
    /// Raw requests are kept this long.
    pub keep_bodies: Duration,
    /// De-duplication keys are kept this long.
    pub keep_keys: Duration,
    /// Settled events and the change feed are kept this long.
    pub keep_history: Duration,
    /// Refusals kept, the newest.
    pub refusals: u64,
}

#[derive(Debug, Clone, Default)]
pub struct CatalogConfig {
    /// Folder with `mappings/`, `schemas/`, `samples/` that add to the built-in ones and override them by name.
    pub path: Option<PathBuf>,
}

#[derive(Debug, Clone, Default)]
pub struct Outbound {
    /// Private addresses that fetches may call.
    pub allow: Vec<Network>,
}

/// The pages for people.
#[derive(Debug, Clone)]
pub struct ConsoleConfig {
    /// A session that is not used ends after this long.
    pub idle: Duration,
    /// Any session ends after this long.
    pub lifetime: Duration,
}

#[derive(Debug, Clone)]
pub struct Log {
    /// `info`, or a filter such as `frontdesk=debug`.
    pub level: String,
    /// Where the level is set, for messages: the file or the variable, and the line.
    pub level_at: (String, u32),
    pub format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

/// `[[endpoint]]`
#[derive(Debug, Clone)]
pub struct Endpoint {
    pub name: String,
    pub source: String,
    /// Any may match; in the order written.
    pub secrets: Vec<SecretString>,
    /// None of them matches any more; a refusal can say that a sender still uses one.
    pub retired_secrets: Vec<SecretString>,
    /// `verify = "none"` was said out loud.
    pub unverified: bool,
    pub settings: BTreeMap<String, SecretString>,
    pub rate_limit: Option<Rate>,
    pub rate_limit_per_address: Option<Rate>,
    /// Default region of phones: `ES`.
    pub region: Option<String>,
    /// In bytes; the server's when absent.
    pub max_body: Option<usize>,
    /// Largest file in a form, in bytes; 0 refuses every file, only the body's cap holds when absent.
    pub max_file: Option<usize>,
    /// Networks that may post; empty: all.
    pub allow_addresses: Vec<Network>,
    /// `Origin`s that may post from a browser; empty: all.
    pub allow_origins: Vec<String>,
    /// Where a plain HTML form is sent after success (303).
    pub thank_you: Option<String>,
    /// Where it is sent after a fault (303), which is told in the query.
    pub error_page: Option<String>,
    /// The gate of an endpoint that anybody may post to.
    pub spam: Spam,
    /// `on_invalid`, when the endpoint says so itself.
    pub accept_invalid: Option<bool>,
    /// Keys that the environment sets, and the variables that do: `secrets`, `settings.api_base`.
    pub variables: BTreeMap<String, String>,
    /// Keys with a secret that could not be read: `secrets`, `settings.access_token`. The problem is told already.
    pub unreadable: Vec<String>,
    /// Line of the endpoint in the file, for messages.
    pub line: u32,
}

/// A token bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    pub per_second: u32,
    pub burst: u32,
}

impl Config {
    /// Reads `path` with the process's environment.
    ///
    /// # Errors
    /// Every problem at once: unknown keys, wrong types, secrets that cannot be read.
    pub fn load(path: &Path) -> Result<Self, Vec<Problem>> {
        right(Self::examine(path))
    }

    /// Reads `text`; `folder` is where relative secret files and paths start.
    ///
    /// # Errors
    /// As `load`.
    pub fn from_text(
        file: &str,
        text: &str,
        environment: &Environment,
        folder: &Path,
    ) -> Result<Self, Vec<Problem>> {
        right(Self::examine_text(file, text, environment, folder))
    }

    /// As `load`, with as much of the config as could be read beside the problems: what is wrong with it does not hide
    /// what is wrong elsewhere.
    pub fn examine(path: &Path) -> (Self, Vec<Problem>) {
        let file = path.display().to_string();
        let folder = path.parent().unwrap_or(Path::new("."));
        match std::fs::read_to_string(path) {
            Ok(text) => Self::examine_text(&file, &text, &process_environment(), folder),
            Err(error) => {
                let (config, _) = Self::examine_text(&file, "", &Environment::new(), folder);
                let message = format!(
                    "cannot be read: {error}; `frontdesk init` writes one, `--config FILE` names another"
                );
                let line = 0;
                (
                    config,
                    vec![Problem {
                        file,
                        line,
                        message: message.into(),
                    }],
                )
            }
        }
    }

    fn examine_text(
        file: &str,
        text: &str,
        environment: &Environment,
        folder: &Path,
    ) -> (Self, Vec<Problem>) {
        let defaults = Document::parse("default.toml", DEFAULTS);
        let document = Document::parse(file, text).with_environment(environment);
        let root = document.root();
        let fallback = defaults.root();
        let section = |name: &str| Section {
            table: root.section(name),
            fallback: fallback.section(name),
        };
        let gate = section("spam");
        let spam = spam::read(&[&gate.table, &gate.fallback]);
        gate.table.finish();
        let config = Config {
            server: server(&section("server")),
            store: store(&section("store"), folder),
            catalog: catalog(&section("catalog"), folder),
            outbound: outbound(&section("outbound")),
            console: console(&section("console")),
            log: log(&section("log")),
            spam,
            endpoints: endpoints(&root, &gate, environment, folder),
            file: file.to_owned(),
        };
        root.finish();
        let mut problems = document.into_problems();
        problems.extend(defaults.into_problems());
        (config, problems)
    }
}

impl Endpoint {
    /// An endpoint with nothing but a name and a source.
    pub fn new(name: &str, source: &str) -> Self {
        Endpoint {
            name: name.to_owned(),
            source: source.to_owned(),
            secrets: Vec::new(),
            retired_secrets: Vec::new(),
            unverified: false,
            settings: BTreeMap::new(),
            rate_limit: None,
            rate_limit_per_address: None,
            region: None,
            max_body: None,
            max_file: None,
            allow_addresses: Vec::new(),
            allow_origins: Vec::new(),
            thank_you: None,
            error_page: None,
            spam: Spam::default(),
            accept_invalid: None,
            variables: BTreeMap::new(),
            unreadable: Vec::new(),
            line: 0,
        }
    }
}

/// The config, when nothing is wrong with it.
fn right((config, problems): (Config, Vec<Problem>)) -> Result<Config, Vec<Problem>> {
    if problems.is_empty() {
        Ok(config)
    } else {
        Err(problems)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "config is the one reader of the environment"
)]
fn process_environment() -> Environment {
    std::env::vars().collect()
}

/// Whether the person asked programs not to paint what they print (no-color.org).
pub fn no_color() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|set| !set.is_empty())
}

/// A section of the file over the same section of the defaults.
struct Section<'d> {
    table: Table<'d>,
    fallback: Table<'d>,
}

impl<'d> Section<'d> {
    fn pick(&self, key: &str) -> &Table<'d> {
        if self.table.has(key) {
            &self.table
        } else {
            &self.fallback
        }
    }

    fn text(&self, key: &str) -> String {
        self.pick(key)
            .text(key)
            .map(|text| text.value)
            .unwrap_or_default()
    }

    fn number(&self, key: &str) -> u64 {
        self.pick(key).number(key).unwrap_or_default()
    }

    /// A text read by `parse`.
    fn parsed<T: Default>(&self, key: &str, parse: fn(&str) -> Result<T, String>) -> T {
        let table = self.pick(key);
        table
            .text(key)
            .and_then(|text| noted(table, &text, parse(&text.value)))
            .unwrap_or_default()
    }

    fn cap(&self, key: &str) -> usize {
        endpoint::cap(self.pick(key), key).unwrap_or_default()
    }

    fn networks(&self, key: &str) -> Vec<Network> {
        endpoint::networks(self.pick(key), key)
    }
}

/// Where a gateway that listens there is reached from its own machine; one that listens everywhere is reached at home.
pub fn local_url(listen: &str) -> String {
    let home = listen
        .replace("0.0.0.0:", "127.0.0.1:")
        .replace("[::]:", "[::1]:");
    format!("http://{home}")
}

impl Server {
    /// Listens somewhere else than configured. A public URL that only says where the gateway listens goes along.
    pub fn listen_at(&mut self, listen: &str) {
        if self.public_url == local_url(&self.listen) {
            self.public_url = local_url(listen);
        }
        listen.clone_into(&mut self.listen);
    }
}

fn server(section: &Section<'_>) -> Server {
    let listen = section.parsed("listen", value::listen);
    let public_url = match section.table.has("public_url") {
        true => section.text("public_url").trim_end_matches('/').to_owned(),
        false => local_url(&listen),
    };
    let server = Server {
        listen,
        public_url,
        threads: usize::try_from(section.number("threads"))
            .unwrap_or(0)
            .min(256),
        trusted_proxies: section.networks("trusted_proxies"),
        body_timeout: section.parsed("body_timeout", value::patience),
        shutdown_timeout: section.parsed("shutdown_timeout", value::duration),
        max_body: section.cap("max_body"),
    };
    let table = &section.table;
    let public_url = &server.public_url;
    if table.has("public_url") && !value::is_base_url(public_url) {
        let has_scheme = ["https://", "http://"]
            .iter()
            .any(|it| public_url.starts_with(it));
        table.problem(
            table.line_of("public_url"),
            match has_scheme {
                true => "`server.public_url` must be the address alone, such as https://hooks.example.com",
                false => "`server.public_url` must begin with https:// (or http:// while trying it)",
            },
        );
    }
    table.finish();
    server
}

fn store(section: &Section<'_>, folder: &Path) -> StoreConfig {
    let url = section.text("url");
    let is_file = url
        .strip_prefix("sqlite:")
        .is_some_and(|path| !path.is_empty() && !path.starts_with(':'));
    if !is_file {
        section.table.problem(
            section.table.line_of("url"),
            format!(
                "`store.url` must be sqlite:PATH, for example sqlite:frontdesk.db, not \"{url}\""
            ),
        );
    }
    let store = StoreConfig {
        url: anchored(&url, folder),
        keep_bodies: section.parsed("keep_bodies", value::duration),
        keep_keys: section.parsed("keep_keys", value::duration),
        keep_history: section.parsed("keep_history", value::duration),
        refusals: section.number("refusals"),
    };
    section.table.finish();
    store
}

/// A relative database file lies beside the config, wherever the command is run.
fn anchored(url: &str, folder: &Path) -> String {
    match url.strip_prefix("sqlite:") {
        Some(path) if Path::new(path).is_relative() => {
            format!("sqlite:{}", folder.join(path).display())
        }
        _ => url.to_owned(),
    }
}

fn catalog(section: &Section<'_>, folder: &Path) -> CatalogConfig {
    let path = section
        .table
        .text("path")
        .map(|path| folder.join(path.value));
    section.table.finish();
    CatalogConfig { path }
}

fn outbound(section: &Section<'_>) -> Outbound {
    let allow = section.networks("allow");
    section.table.finish();
    Outbound { allow }
}

fn console(section: &Section<'_>) -> ConsoleConfig {
    let console = ConsoleConfig {
        idle: section.parsed("idle", value::duration),
        lifetime: section.parsed("lifetime", value::duration),
    };
    section.table.finish();
    console
}

fn log(section: &Section<'_>) -> Log {
    let format = match section.text("format").as_str() {
        "json" => LogFormat::Json,
        "text" => LogFormat::Text,
        other => {
            section.table.problem(
                section.table.line_of("format"),
                format!("`log.format` is \"text\" or \"json\", not \"{other}\""),
            );
            LogFormat::Text
        }
    };
    let level = section.text("level");
    let level_at = section.pick("level").place_of("level");
    section.table.finish();
    Log {
        level,
        level_at,
        format,
    }
}

fn endpoints(
    root: &Table<'_>,
    gate: &Section<'_>,
    environment: &Environment,
    folder: &Path,
) -> Vec<Endpoint> {
    let from = endpoint::Sources {
        environment,
        folder,
    };
    let mut names = BTreeSet::new();
    let mut endpoints = Vec::new();
    for table in root.tables("endpoint") {
        let line = table.line;
        let Some(endpoint) = endpoint::read(table, gate, &from) else {
            continue;
        };
        if !names.insert(endpoint.name.clone()) {
            root.problem(
                line,
                format!("a second endpoint is called \"{}\"", endpoint.name),
            );
        }
        endpoints.push(endpoint);
    }
    endpoints
}

#[cfg(test)]
mod tests {
    use super::local_url;

    #[test]
    fn a_gateway_that_listens_everywhere_is_reached_at_home() {
        for (listen, expected) in [
            ("0.0.0.0:8080", "http://127.0.0.1:8080"),
            ("[::]:8080", "http://[::1]:8080"),
            ("10.0.0.5:80", "http://10.0.0.5:80"),
        ] {
            assert_eq!(local_url(listen), expected);
        }
    }
}
