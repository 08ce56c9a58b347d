//! Fresh secrets, in the form that a source's scheme wants.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::access::{NoRandomness, random};
use crate::source::declaration::{KeyForm, SignatureKind, Source, Verify};

/// Stands in a new config where only the sender can give the value.
pub const PLACEHOLDER: &str = "replace-me";

/// A secret that we make up and give to the sender.
///
/// # Errors
/// The system has no randomness.
pub fn secret(source: &Source) -> Result<String, NoRandomness> {
    let bytes = random::<32>()?;
    let text = || URL_SAFE_NO_PAD.encode(bytes);
    let symmetric = source.verify.iter().find_map(|scheme| match scheme {
        Verify::Signature(signature)
            if matches!(
                signature.kind,
                SignatureKind::Hmac(_) | SignatureKind::Digest(_)
            ) =>
        {
            Some(signature)
        }
        _ => None,
    });
    Ok(match symmetric {
        Some(signature) => {
            let prefix = signature.key_prefixes.first().map_or("", String::as_str);
            match signature.key {
                KeyForm::Text | KeyForm::Html => text(),
                KeyForm::Base64 => format!("{prefix}{}", STANDARD.encode(bytes)),
                KeyForm::Hex => format!("{prefix}{}", hex::encode(bytes)),
            }
        }
        None => text(),
    })
}

/// A word that the sender repeats to us: `verify_token`.
///
/// # Errors
/// The system has no randomness.
pub fn word() -> Result<String, NoRandomness> {
    Ok(URL_SAFE_NO_PAD.encode(random::<24>()?))
}

/// Whether a secret of ours can be made up: one that the sender gives cannot, be it a secret or its public key.
pub fn is_ours_to_make(source: &Source) -> bool {
    !source.gives_secret
        && source.verify.iter().any(|scheme| match scheme {
            Verify::Signature(signature) => matches!(
                signature.kind,
                SignatureKind::Hmac(_) | SignatureKind::Digest(_)
            ),
            Verify::Key(_) | Verify::Bearer | Verify::Jwt(_) => true,
            Verify::Basic => false,
        })
}
