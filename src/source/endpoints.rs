//! Endpoints against the sources they name: what only both together can tell.

use secrecy::ExposeSecret;

use crate::config::value::is_base_url;
use crate::config::{Config, Endpoint, SecretString};
use crate::model::problem::{Problem, nearest};
use crate::model::said::{Said, Word};
use crate::said;
use crate::source::catalog::Catalog;
use crate::source::declaration::{KeyForm, Signature, SignatureKind, Source, Verify};

/// Shortest secret that is accepted, in characters.
const SHORTEST: usize = 8;

/// Everything that keeps the configured endpoints from starting. What follows from a problem that is told already (a
/// secret that could not be read, a mapping that is broken) is not told again.
pub fn check(config: &Config, catalog: &Catalog) -> Vec<Problem> {
    let names: Vec<&str> = catalog.names().collect();
    let mut problems = Vec::new();
    for endpoint in &config.endpoints {
        let mut note = |key: &str, why: Said| {
            let (file, line) = match endpoint.variables.get(key) {
                Some(variable) => (variable.clone(), 0),
                None => (config.file.clone(), endpoint.line),
            };
            problems.push(Problem {
                file,
                line,
                message: said!(
                    "of-endpoint",
                    "endpoint \"{endpoint}\": {why}",
                    endpoint = &endpoint.name,
                    why = why
                ),
            });
        };
        match catalog.get(&endpoint.source) {
            Some(source) => {
                check_proof(endpoint, source, &mut note);
                check_settings(endpoint, source, &mut note);
            }
            None if names.contains(&endpoint.source.as_str()) => {}
            None => note("source", unknown_source(&endpoint.source, &names)),
        }
    }
    problems
}

/// What keeps one endpoint from working, a sentence each.
pub fn problems(endpoint: &Endpoint, catalog: &Catalog) -> Vec<Said> {
    let mut found = Vec::new();
    let mut note = |_: &str, message: Said| found.push(message);
    match catalog.get(&endpoint.source) {
        Some(source) => {
            check_proof(endpoint, source, &mut note);
            check_settings(endpoint, source, &mut note);
        }
        None => note("source", unknown_source(&endpoint.source, &[])),
    }
    found
}

fn unknown_source(name: &str, names: &[&str]) -> Said {
    let hint: Said = match nearest(name, names.iter().copied()) {
        Some(nearest) => said!(
            "source-meant",
            "did you mean \"{nearest}\"?",
            nearest = nearest
        ),
        None => said!("sources-listed", "`frontdesk sources` lists them"),
    };
    said!(
        "source-unknown",
        "there is no source called \"{name}\"; {hint}",
        name = name,
        hint = hint
    )
}

fn check_proof(endpoint: &Endpoint, source: &Source, note: &mut impl FnMut(&str, Said)) {
    if endpoint.unverified {
        return;
    }
    if source.verify.is_empty() {
        note(
            "source",
            said!(
                "signs-nothing",
                "{source} does not sign what it sends; say `verify = \"none\"` out loud if anybody may post here",
                source = source.title.clone()
            ),
        );
        return;
    }
    if endpoint.secrets.is_empty() && !is_unreadable(endpoint, "secrets") {
        note(
            "secrets",
            said!(
                "no-secret",
                "it has no secret, so nothing could be verified; {help}",
                help = source.help.lines().next().unwrap_or_default()
            ),
        );
    }
    for retired in &endpoint.retired_secrets {
        let is_live = |secret: &SecretString| secret.expose_secret() == retired.expose_secret();
        if endpoint.secrets.iter().any(is_live) {
            note(
                "retired_secrets",
                said!(
                    "secret-retired",
                    "a secret is both live and retired; take it out of `secrets`"
                ),
            );
        }
    }
    for (position, secret) in endpoint.secrets.iter().enumerate() {
        let secret = secret.expose_secret();
        let which = position + 1;
        if secret.chars().count() < SHORTEST {
            note(
                "secrets",
                said!(
                    "secret-short",
                    "secret {which} is shorter than {least} characters and could be guessed",
                    which = which,
                    least = SHORTEST
                ),
            );
        } else if !usable(secret, source) {
            note(
                "secrets",
                said!(
                    "secret-unfit",
                    "secret {which} is not in the form {source} gives it: it does not decode to a key",
                    which = which,
                    source = source.title.clone()
                ),
            );
        } else if let Some(short) = short_key(secret, source) {
            note(
                "secrets",
                said!(
                    "key-short",
                    "secret {which} holds a key of {bytes} bytes; {source} asks for {least} at least, and a shorter one could be \
                 guessed",
                    which = which,
                    bytes = short.bytes,
                    source = source.title.clone(),
                    least = short.least
                ),
            );
        }
    }
}

fn is_unreadable(endpoint: &Endpoint, key: &str) -> bool {
    endpoint.unreadable.iter().any(|known| known == key)
}

/// Whether any of the source's schemes can take the secret as a key.
fn usable(secret: &str, source: &Source) -> bool {
    source.verify.iter().any(|scheme| match scheme {
        Verify::Signature(signature) => is_key(secret, signature),
        Verify::Basic => secret.contains(':'),
        Verify::Jwt(_) | Verify::Key(_) | Verify::Bearer => true,
    })
}

/// A key that is shorter than its scheme asks for.
struct ShortKey {
    bytes: usize,
    least: usize,
}

/// How long the key in an encoded secret is, where it is too short for every scheme that takes it.
fn short_key(secret: &str, source: &Source) -> Option<ShortKey> {
    let mut short = None;
    for scheme in &source.verify {
        match scheme {
            Verify::Signature(signature) if is_key(secret, signature) => {
                let bytes = encoded_key(secret, signature)?.len();
                if bytes >= signature.key_least {
                    return None;
                }
                short.get_or_insert(ShortKey {
                    bytes,
                    least: signature.key_least,
                });
            }
            Verify::Signature(_) => {}
            Verify::Basic | Verify::Jwt(_) | Verify::Key(_) | Verify::Bearer => return None,
        }
    }
    short
}

/// The key that a secret holds in base64 or hex; `None` where the secret itself is the key, or holds none.
fn encoded_key(secret: &str, signature: &Signature) -> Option<Vec<u8>> {
    let text = without_prefix(secret, signature);
    match (signature.kind, signature.key) {
        (SignatureKind::Rsa, _) => None,
        (SignatureKind::Ed25519, _) | (_, KeyForm::Base64) => decoded(text),
        (_, KeyForm::Hex) => hex::decode(text).ok(),
        (_, KeyForm::Text | KeyForm::Html) => None,
    }
}

fn without_prefix<'s>(secret: &'s str, signature: &Signature) -> &'s str {
    let mut prefixes = signature.key_prefixes.iter();
    let bare = prefixes.find_map(|prefix| secret.strip_prefix(prefix.as_str()));
    bare.unwrap_or(secret)
}

fn is_key(secret: &str, signature: &Signature) -> bool {
    match (signature.kind, signature.key) {
        (SignatureKind::Rsa, _) => secret.contains("-----BEGIN "),
        (SignatureKind::Ed25519, _) => {
            encoded_key(secret, signature).is_some_and(|bytes| matches!(bytes.len(), 32 | 64))
        }
        (_, KeyForm::Text | KeyForm::Html) => true,
        (_, KeyForm::Hex | KeyForm::Base64) => encoded_key(secret, signature).is_some(),
    }
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD_NO_PAD;
    STANDARD_NO_PAD.decode(text.trim_end_matches('=')).ok()
}

fn check_settings(endpoint: &Endpoint, source: &Source, note: &mut impl FnMut(&str, Said)) {
    for (name, spec) in &source.settings {
        let told = is_unreadable(endpoint, &format!("settings.{name}"));
        if spec.required && !told && !endpoint.settings.contains_key(name) {
            note(
                "",
                said!(
                    "setting-missing",
                    "the setting `{name}` is missing: {help}",
                    name = name,
                    help = spec.help.clone()
                ),
            );
        }
    }
    for (name, value) in &endpoint.settings {
        if let Some(spec) = source.settings.get(name) {
            if spec.url && !is_base_url(value.expose_secret()) {
                note(
                    &format!("settings.{name}"),
                    said!(
                        "setting-no-url",
                        "the setting `{name}` must be where the URLs of the sender's API begin, such as {example}",
                        name = name,
                        example = spec.default.as_deref().unwrap_or("https://api.example.com")
                    ),
                );
            }
            continue;
        }
        note(
            &format!("settings.{name}"),
            said!(
                "no-setting",
                "{source} has no setting `{name}`{hint}",
                hint = setting_meant(name, source),
                source = source.title.clone(),
                name = name
            ),
        );
    }
}

fn setting_meant(name: &str, source: &Source) -> Word {
    match nearest(name, source.settings.keys().map(String::as_str)) {
        Some(nearest) => said!(
            "setting-meant",
            "; did you mean `{nearest}`?",
            nearest = nearest
        )
        .into(),
        None => Word::from(""),
    }
}
