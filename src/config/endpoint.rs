//! `[[endpoint]]`: one address that a sender posts to.

use std::collections::BTreeMap;
use std::path::Path;

use crate::config::document::{Table, Text};
use crate::config::value;
use crate::config::{Endpoint, Environment, Network, Rate};

/// Reads one endpoint; `None` when its name or source is missing (the problem is noted).
pub fn read(table: Table<'_>, environment: &Environment, folder: &Path) -> Option<Endpoint> {
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
    let secrets = secrets(&table, environment, folder);
    let unverified = match table.text("verify") {
        None => false,
        Some(word) if word.value == "none" => true,
        Some(word) => {
            table.problem(
                word.line,
                "`verify` can only be \"none\"; leave it out to verify",
            );
            false
        }
    };
    let accept_invalid = match table.text("on_invalid") {
        None => None,
        Some(word) if word.value == "accept" => Some(true),
        Some(word) if word.value == "refuse" => Some(false),
        Some(word) => {
            table.problem(word.line, "`on_invalid` is \"accept\" or \"refuse\"");
            None
        }
    };
    let endpoint = Endpoint {
        source: source.map(|source| source.value).unwrap_or_default(),
        settings: settings(&table, environment, folder),
        rate_limit: rate(&table, "rate_limit"),
        rate_limit_per_address: rate(&table, "rate_limit_per_address"),
        region: region(&table),
        max_body: table
            .text("max_body")
            .and_then(|text| noted(&table, &text, value::size(&text.value))),
        allow_addresses: networks(&table, "allow_addresses"),
        allow_origins: table
            .texts("allow_origins")
            .unwrap_or_default()
            .into_iter()
            .map(|origin| origin.value.trim_end_matches('/').to_ascii_lowercase())
            .collect(),
        thank_you: url(&table, "thank_you"),
        secrets,
        unverified,
        accept_invalid,
        line: table.line,
        name: name.as_ref().map(|name| name.value.clone())?,
    };
    table.finish();
    (!endpoint.source.is_empty()).then_some(endpoint)
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
    environment: &Environment,
    folder: &Path,
) -> Vec<secrecy::SecretString> {
    table
        .texts("secrets")
        .unwrap_or_default()
        .iter()
        .filter_map(|text| noted(table, text, value::secret(&text.value, environment, folder)))
        .collect()
}

fn settings(
    table: &Table<'_>,
    environment: &Environment,
    folder: &Path,
) -> BTreeMap<String, secrecy::SecretString> {
    let mut settings = BTreeMap::new();
    let section = table.section("settings");
    let written = section.keys().into_iter().map(|(key, _)| key);
    for key in written.chain(section.keys_of_environment()) {
        let Some(text) = section.text(&key) else {
            continue;
        };
        let secret = value::secret(&text.value, environment, folder);
        if let Some(secret) = noted(table, &text, secret) {
            settings.insert(key, secret);
        }
    }
    settings
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
    if text.value.starts_with("https://") || text.value.starts_with("http://") {
        return Some(text.value);
    }
    table.problem(
        text.line,
        format!("`{key}` must be a whole URL that begins with https://"),
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
            inner.line,
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
