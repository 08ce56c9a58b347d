//! Endpoints against the sources they name: what only both together can tell.

use secrecy::ExposeSecret;

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
        let mut note = |why: Said| {
            problems.push(Problem {
                file: config.file.clone(),
                line: endpoint.line,
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
            None => note(unknown_source(&endpoint.source, &names)),
        }
    }
    problems
}

/// What keeps one endpoint from working, a sentence each.
pub fn problems(endpoint: &Endpoint, catalog: &Catalog) -> Vec<Said> {
    let mut found = Vec::new();
    let mut note = |message: Said| found.push(message);
    match catalog.get(&endpoint.source) {
        Some(source) => {
            check_proof(endpoint, source, &mut note);
            check_settings(endpoint, source, &mut note);
        }
        None => note(unknown_source(&endpoint.source, &[])),
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

fn check_proof(endpoint: &Endpoint, source: &Source, note: &mut impl FnMut(Said)) {
    if endpoint.unverified {
        return;
    }
    if source.verify.is_empty() {
        note(said!(
            "signs-nothing",
            "{source} does not sign what it sends; say `verify = \"none\"` out loud if anybody may post here",
            source = source.title.clone()
        ));
        return;
    }
    if endpoint.secrets.is_empty() && !is_unreadable(endpoint, "secrets") {
        note(said!(
            "no-secret",
            "it has no secret, so nothing could be verified; {help}",
            help = source.help.lines().next().unwrap_or_default()
        ));
    }
    for retired in &endpoint.retired_secrets {
        let is_live = |secret: &SecretString| secret.expose_secret() == retired.expose_secret();
        if endpoint.secrets.iter().any(is_live) {
            note(said!(
                "secret-retired",
                "a secret is both live and retired; take it out of `secrets`"
            ));
        }
    }
    for (position, secret) in endpoint.secrets.iter().enumerate() {
        let secret = secret.expose_secret();
        let which = position + 1;
        if secret.chars().count() < SHORTEST {
            note(said!(
                "secret-short",
                "secret {which} is shorter than {least} characters and could be guessed",
                which = which,
                least = SHORTEST
            ));
        } else if !usable(secret, source) {
            note(said!(
                "secret-unfit",
                "secret {which} is not in the form {source} gives it: it does not decode to a key",
                which = which,
                source = source.title.clone()
            ));
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

fn is_key(secret: &str, signature: &Signature) -> bool {
    let prefixes = &signature.key_prefixes;
    let text = prefixes
        .iter()
        .find_map(|prefix| secret.strip_prefix(prefix.as_str()))
        .unwrap_or(secret);
    match (signature.kind, signature.key) {
        (SignatureKind::Rsa, _) => secret.contains("-----BEGIN "),
        (SignatureKind::Ed25519, _) => {
            decoded(text).is_some_and(|bytes| matches!(bytes.len(), 32 | 64))
        }
        (_, KeyForm::Text | KeyForm::Html) => true,
        (_, KeyForm::Hex) => hex::decode(text).is_ok(),
        (_, KeyForm::Base64) => decoded(text).is_some(),
    }
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD_NO_PAD;
    STANDARD_NO_PAD.decode(text.trim_end_matches('=')).ok()
}

fn check_settings(endpoint: &Endpoint, source: &Source, note: &mut impl FnMut(Said)) {
    for (name, spec) in &source.settings {
        let told = is_unreadable(endpoint, &format!("settings.{name}"));
        if spec.required && !told && !endpoint.settings.contains_key(name) {
            note(said!(
                "setting-missing",
                "the setting `{name}` is missing: {help}",
                name = name,
                help = spec.help.clone()
            ));
        }
    }
    for name in endpoint.settings.keys() {
        if source.settings.contains_key(name) {
            continue;
        }
        note(said!(
            "no-setting",
            "{source} has no setting `{name}`{hint}",
            hint = setting_meant(name, source),
            source = source.title.clone(),
            name = name
        ));
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
