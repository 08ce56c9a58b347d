//! The same secret, spelled as people get it wrong.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::model::said::Phrase;
use crate::phrase;
use crate::source::declaration::{KeyForm, Signature, SignatureKind};

/// Each other spelling of `secret`, with the scheme that reads it and what it means when the signature fits.
pub fn spellings<'s>(
    declared: &Signature,
    secret: &'s str,
) -> Vec<(Signature, Cow<'s, str>, Phrase)> {
    if !matches!(
        declared.kind,
        SignatureKind::Hmac(_) | SignatureKind::Digest(_)
    ) {
        return Vec::new();
    }
    let read_as = |key: KeyForm| Signature {
        key,
        key_prefixes: Vec::new(),
        ..declared.clone()
    };
    let text = || read_as(KeyForm::Text);
    let bare = declared
        .key_prefixes
        .iter()
        .find_map(|prefix| secret.strip_prefix(prefix.as_str()))
        .unwrap_or(secret);
    let trimmed = secret.trim();
    let unquoted = trimmed.trim_matches(['"', '\'']);
    let mut found = vec![
        (
            declared.clone(),
            Cow::Borrowed(trimmed),
            phrase!(
                "secret-spaces",
                "spaces or a line end stand around the secret in the config"
            ),
        ),
        (
            declared.clone(),
            Cow::Borrowed(unquoted),
            phrase!(
                "secret-quotes",
                "quotes stand around the secret in the config"
            ),
        ),
        (
            text(),
            Cow::Owned(format!("{trimmed}\n")),
            phrase!(
                "secret-line-end",
                "the sender's secret has a line end after it"
            ),
        ),
        (
            text(),
            Cow::Owned(format!("{trimmed}\r\n")),
            phrase!(
                "secret-line-end",
                "the sender's secret has a line end after it"
            ),
        ),
        (
            text(),
            Cow::Owned(format!("{trimmed} ")),
            phrase!("secret-space", "the sender's secret has a space after it"),
        ),
        (
            text(),
            Cow::Borrowed(secret),
            phrase!(
                "secret-text",
                "the sender takes the secret as text, without decoding it"
            ),
        ),
        (
            text(),
            Cow::Borrowed(bare),
            phrase!(
                "secret-bare",
                "the sender takes the secret as text, without its prefix and without decoding it"
            ),
        ),
        (
            read_as(KeyForm::Base64),
            Cow::Borrowed(bare),
            phrase!(
                "secret-base64",
                "the sender decodes the secret from base64 first"
            ),
        ),
        (
            read_as(KeyForm::Hex),
            Cow::Borrowed(bare),
            phrase!(
                "secret-hex",
                "the sender decodes the secret from hexadecimal first"
            ),
        ),
        (
            text(),
            Cow::Owned(STANDARD.encode(bare)),
            phrase!(
                "secret-encoded",
                "the sender was given the secret in base64"
            ),
        ),
        (
            read_as(KeyForm::Html),
            Cow::Borrowed(secret),
            phrase!(
                "secret-html",
                "the sender undoes HTML's entities in the secret"
            ),
        ),
    ];
    found.retain(|(scheme, spelled, _)| scheme != declared || spelled != secret);
    found
}
