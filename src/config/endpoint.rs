//! `[[endpoint]]`: one address that a sender posts to.

use std::collections::BTreeMap;
use std::path::Path;

use secrecy::SecretString;

use crate::config::document::{Table, Text};
use crate::config::spam::{self, Spam};
use crate::config::value;
use crate::config::{Endpoint, Environment, Network, Rate, Section};

/// Where secrets come from.
pub struct Sources<'s> {
    pub environment: &'s Environment,
    /// Where relative secret files start.
    pub folder: &'s Path,
}

/// Reads one endpoint; `None` when its name or source is missing (the problem is noted). `gate` is what the file and
/// the defaults say of every spam gate.
pub fn read(table: Table<'_>, gate: &Section<'_>, from: &Sources<'_>) -> Option<Endpoint> {
    let name = table.required_text("name");
    let table = match &name {
        Some(name) => table.named(&name.value),
        None => table,
    };
    // Asked again: the table is another one now, as far as unknown keys go.
    table.item("name");
    if let Some(name) = &name {
        check_name(&table, name);
    }
    let source = table.required_text("source");
    let mut unreadable = Vec::new();
    let endpoint = Endpoint {
        source: source.map(|source| source.value).unwrap_or_default(),
        secrets: secrets(&table, "secrets", from, &mut unreadable),
        retired_secrets: secrets(&table, "retired_secrets", from, &mut unreadable),
        settings: settings(&table, from, &mut unreadable),
        unverified: unverified(&table),
        rate_limit: rate(&table, "rate_limit"),
        rate_limit_per_address: rate(&table, "rate_limit_per_address"),
        region: region(&table),
        max_body: cap(&table, "max_body"),
        max_file: size(&table, "max_file"),
        allow_addresses: networks(&table, "allow_addresses"),
        allow_origins: origins(&table),
        thank_you: url(&table, "thank_you"),
        error_page: url(&table, "error_page"),
        spam: spam(&table, gate),
        accept_invalid: accept_invalid(&table),
        variables: variables(&table),
        unreadable,
        line: table.line,
        name: name.as_ref().map(|name| name.value.clone())?,
    };
    table.finish();
    (!endpoint.source.is_empty()).then_some(endpoint)
}

/// What is checked against the source later, when the table is not there any more to say where it stands.
fn variables(table: &Table<'_>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for key in ["source", "secrets", "retired_secrets"] {
        found.extend(Some(key.to_owned()).zip(table.variable(key)));
    }
    let settings = table.section("settings");
    let written = settings.keys().into_iter().map(|(key, _)| key);
    for key in written.chain(settings.keys_of_environment()) {
        let variable = settings.variable(&key);
        found.extend(Some(format!("settings.{key}")).zip(variable));
    }
    found
}

fn unverified(table: &Table<'_>) -> bool {
    let Some(word) = table.text("verify") else {
        return false;
    };
    if word.value != "none" {
        table.problem(
            word.line,
            "`verify` can only be \"none\"; leave it out to verify",
        );
    }
    word.value == "none"
}

fn accept_invalid(table: &Table<'_>) -> Option<bool> {
    let word = table.text("on_invalid")?;
    match word.value.as_str() {
        "accept" => Some(true),
        "refuse" => Some(false),
        _ => {
            table.problem(word.line, "`on_invalid` is \"accept\" or \"refuse\"");
            None
        }
    }
}

/// The gate stands where nothing is verified, and only there.
fn spam(table: &Table<'_>, gate: &Section<'_>) -> Spam {
    let own = table.section("spam");
    let read = spam::read(&[&own, &gate.table, &gate.fallback]);
    own.finish();
    if table.has("spam") && table.text("verify").is_none() {
        table.problem(
            own.line,
            "`[endpoint.spam]` is for endpoints that say `verify = \"none\"`; a sender that is verified sends no spam",
        );
    }
    read
}

fn check_name(table: &Table<'_>, name: &Text) {
    let fits = !name.value.is_empty()
        && name.value.len() <= 64
        && name
            .value
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_');
    if !fits {
        table.problem(
            name.line,
            format!(
                "the endpoint name \"{}\" becomes a part of its URL: use lower-case letters, digits, - and _, at most 64",
                name.value
            ),
        );
    }
}

fn secrets(
    table: &Table<'_>,
    key: &str,
    from: &Sources<'_>,
    unreadable: &mut Vec<String>,
) -> Vec<SecretString> {
    let texts = table.texts(key).unwrap_or_default();
    let secrets: Vec<_> = texts
        .iter()
        .filter_map(|text| noted(table, text, from.read(text)))
        .collect();
    if secrets.len() < texts.len() {
        unreadable.push(key.to_owned());
    }
    secrets
}

fn settings(
    table: &Table<'_>,
    from: &Sources<'_>,
    unreadable: &mut Vec<String>,
) -> BTreeMap<String, SecretString> {
    let mut settings = BTreeMap::new();
    let section = table.section("settings");
    let written = section.keys().into_iter().map(|(key, _)| key);
    for key in written.chain(section.keys_of_environment()) {
        let secret = section
            .text(&key)
            .and_then(|text| noted(table, &text, from.read(&text)));
        match secret {
            Some(secret) => {
                settings.insert(key, secret);
            }
            None => unreadable.push(format!("settings.{key}")),
        }
    }
    settings
}

impl Sources<'_> {
    fn read(&self, text: &Text) -> Result<SecretString, String> {
        value::secret(&text.value, self.environment, self.folder)
    }
}

/// A size: a text with its unit, or a plain number of bytes.
fn size(table: &Table<'_>, key: &str) -> Option<usize> {
    let text = table.text_or_number(key)?;
    noted(table, &text, value::size(&text.value))
}

/// A size that lets something in.
pub fn cap(table: &Table<'_>, key: &str) -> Option<usize> {
    let text = table.text_or_number(key)?;
    noted(table, &text, value::cap(&text.value))
}

/// `https://www.example.com`, as browsers name the origin of a page.
fn origins(table: &Table<'_>) -> Vec<String> {
    let texts = table.texts("allow_origins").unwrap_or_default();
    let mut origins = Vec::with_capacity(texts.len());
    for text in texts {
        let origin = text.value.trim_end_matches('/').to_ascii_lowercase();
        let host = origin
            .strip_prefix("https://")
            .or_else(|| origin.strip_prefix("http://"));
        let is_host = |host: &str| {
            !host.is_empty()
                && host
                    .chars()
                    .all(|c| c.is_ascii_graphic() && !"/?#@*".contains(c))
        };
        if !host.is_some_and(is_host) {
            table.problem(
                text.line,
                format!(
                    "\"{}\" is not an origin; write scheme and host alone, such as https://www.example.com",
                    text.value
                ),
            );
        }
        origins.push(origin);
    }
    origins
}

fn region(table: &Table<'_>) -> Option<String> {
    let text = table.text("region")?;
    if text.value.len() == 2 && text.value.chars().all(|c| c.is_ascii_uppercase()) {
        return Some(text.value);
    }
    table.problem(
        text.line,
        "`region` is a country of two capital letters, such as \"ES\"",
    );
    None
}

fn url(table: &Table<'_>, key: &str) -> Option<String> {
    let text = table.text(key)?;
    let is_whole = ["https://", "http://"]
        .iter()
        .any(|scheme| text.value.len() > scheme.len() && text.value.starts_with(scheme));
    if is_whole && text.value.chars().all(|c| c.is_ascii_graphic()) {
        return Some(text.value);
    }
    table.problem(
        text.line,
        format!("`{key}` must be a whole URL that begins with https://, without spaces and with other letters escaped"),
    );
    None
}

/// `{ per_second = 200, burst = 400 }`
fn rate(table: &Table<'_>, key: &str) -> Option<Rate> {
    let inner = table.section(key);
    if !table.has(key) && inner.keys_of_environment().is_empty() {
        return None;
    }
    let per_second = inner.number("per_second");
    let burst = inner.number("burst");
    inner.finish();
    let Some(per_second) = per_second
        .and_then(|n| u32::try_from(n).ok())
        .filter(|n| *n > 0)
    else {
        table.problem(
            inner.line_of("per_second"),
            format!("`{key}` needs `per_second`, a whole number from 1"),
        );
        return None;
    };
    let burst = burst
        .and_then(|n| u32::try_from(n).ok())
        .filter(|n| *n > 0)
        .unwrap_or(per_second);
    Some(Rate { per_second, burst })
}

/// A list of networks.
pub fn networks(table: &Table<'_>, key: &str) -> Vec<Network> {
    table
        .texts(key)
        .unwrap_or_default()
        .iter()
        .filter_map(|text| noted(table, text, value::network(&text.value)))
        .collect()
}

/// The value, or a problem at the text's line.
pub fn noted<T>(table: &Table<'_>, text: &Text, result: Result<T, String>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(message) => {
            table.problem(text.line, message);
            None
        }
    }
}
