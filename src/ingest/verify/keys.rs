//! Keys of signature schemes, read once from the endpoint's secrets: those that check and those that sign.

use base64::Engine;
use ed25519_dalek::{Signer, SigningKey as EdSigning, Verifier as _, VerifyingKey};
use hmac::{Hmac, KeyInit, Mac};
use ring::rand::SystemRandom;
use ring::signature::{
    KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use subtle::{Choice, ConstantTimeEq};

use crate::expr::filters::html;
use crate::ingest::verify::key::BASE64;
use crate::ingest::verify::pem;
use crate::ingest::verify::signature::Signable;
use crate::model::said::Phrase;
use crate::phrase;
use crate::source::declaration::{Algorithm, KeyForm, Signature, SignatureKind};

/// What checks signatures. A hash that was fed the key already is copied: that is cheaper than starting over.
#[derive(Clone)]
pub enum Key {
    HmacSha1(Hmac<Sha1>),
    HmacSha256(Hmac<Sha256>),
    HmacSha512(Hmac<Sha512>),
    Digest(Algorithm, Vec<u8>),
    Ed25519(Box<VerifyingKey>),
    /// The public key as PKCS #1 has it.
    Rsa(Vec<u8>),
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Key {
    /// Reads a secret as the scheme declares it.
    ///
    /// # Errors
    /// A sentence when it is no such key. It does not repeat the secret.
    pub fn read(declared: &Signature, secret: &str) -> Result<Self, Phrase> {
        Ok(match declared.kind {
            SignatureKind::Hmac(algorithm) => hmac(algorithm, &bytes(declared, secret)?)?,
            SignatureKind::Digest(algorithm) => Key::Digest(algorithm, bytes(declared, secret)?),
            SignatureKind::Ed25519 => Key::Ed25519(Box::new(ed25519(&bytes(declared, secret)?)?)),
            SignatureKind::Rsa => Key::Rsa(pem::public_key(secret)?),
        })
    }

    /// Whether one of the `presented` signatures is this key's over the declared parts.
    pub fn made_any(
        &self,
        declared: &Signature,
        what: &Signable<'_>,
        presented: &[Vec<u8>],
    ) -> bool {
        if let Some(expected) = self.tag(declared, what) {
            let matches = presented.iter().fold(Choice::from(0), |any, signature| {
                any | expected.as_slice().ct_eq(signature)
            });
            return matches.into();
        }
        let message = what.message(&declared.signed, &[]);
        presented.iter().any(|signature| match self {
            Key::Ed25519(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(&message, &signature).is_ok()),
            Key::Rsa(key) => UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key)
                .verify(&message, signature)
                .is_ok(),
            _ => false,
        })
    }

    /// The signature that must have been sent, where the secret alone tells it.
    pub fn tag(&self, declared: &Signature, what: &Signable<'_>) -> Option<Vec<u8>> {
        fn over<M: Mac>(mut mac: M, declared: &Signature, what: &Signable<'_>) -> Vec<u8> {
            for part in &declared.signed {
                mac.update(&what.part(part, &[]));
            }
            mac.finalize().into_bytes().to_vec()
        }
        Some(match self {
            Key::HmacSha1(mac) => over(mac.clone(), declared, what),
            Key::HmacSha256(mac) => over(mac.clone(), declared, what),
            Key::HmacSha512(mac) => over(mac.clone(), declared, what),
            Key::Digest(algorithm, secret) => {
                let message = what.message(&declared.signed, secret);
                match algorithm {
                    Algorithm::Sha1 => Sha1::digest(message).to_vec(),
                    Algorithm::Sha256 => Sha256::digest(message).to_vec(),
                    Algorithm::Sha512 => Sha512::digest(message).to_vec(),
                }
            }
            Key::Ed25519(_) | Key::Rsa(_) => return None,
        })
    }
}

const CANNOT_SIGN: Phrase = phrase!("key-cannot-sign", "cannot sign");

/// A signature as the sender would make it, with the shared secret or the private key.
///
/// # Errors
/// A sentence when the secret is no such key, or a public one.
pub fn sign(declared: &Signature, secret: &str, what: &Signable<'_>) -> Result<Vec<u8>, Phrase> {
    let message = || what.message(&declared.signed, &[]);
    match declared.kind {
        SignatureKind::Ed25519 => {
            let bytes = bytes(declared, secret)?;
            let seed = match (bytes.len(), bytes.first_chunk::<32>()) {
                (64, Some(seed)) => seed,
                _ => {
                    return Err(phrase!(
                        "key-public-seed",
                        "is a public key, which cannot sign: give the private one, whsk_… of 64 bytes"
                    ));
                }
            };
            Ok(EdSigning::from_bytes(seed)
                .sign(&message())
                .to_bytes()
                .to_vec())
        }
        SignatureKind::Rsa => {
            let key = pem::private_key(secret)?;
            let mut signature = vec![0; key.public().modulus_len()];
            key.sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                &message(),
                &mut signature,
            )
            .map_err(|_| CANNOT_SIGN)?;
            Ok(signature)
        }
        SignatureKind::Hmac(_) | SignatureKind::Digest(_) => Key::read(declared, secret)?
            .tag(declared, what)
            .ok_or(CANNOT_SIGN),
    }
}

/// The bytes that a secret stands for.
fn bytes(declared: &Signature, secret: &str) -> Result<Vec<u8>, Phrase> {
    let text = declared
        .key_prefixes
        .iter()
        .find_map(|prefix| secret.strip_prefix(prefix.as_str()))
        .unwrap_or(secret);
    let bytes = match declared.key {
        KeyForm::Text => text.as_bytes().to_vec(),
        KeyForm::Html => html::unescape(text).into_owned().into_bytes(),
        KeyForm::Base64 => BASE64.decode(text.trim()).map_err(|_| {
            phrase!(
                "key-no-base64",
                "is not base64, which this source's secrets are"
            )
        })?,
        KeyForm::Hex => hex::decode(text.trim()).map_err(|_| {
            phrase!(
                "key-no-hex",
                "is not hexadecimal, which this source's secrets are"
            )
        })?,
    };
    if bytes.is_empty() {
        return Err(phrase!("key-empty", "is empty"));
    }
    Ok(bytes)
}

fn hmac(algorithm: Algorithm, bytes: &[u8]) -> Result<Key, Phrase> {
    let refused = |_| phrase!("key-unfit", "cannot be used as a key");
    Ok(match algorithm {
        Algorithm::Sha1 => Key::HmacSha1(Hmac::new_from_slice(bytes).map_err(refused)?),
        Algorithm::Sha256 => Key::HmacSha256(Hmac::new_from_slice(bytes).map_err(refused)?),
        Algorithm::Sha512 => Key::HmacSha512(Hmac::new_from_slice(bytes).map_err(refused)?),
    })
}

/// The public key: 32 bytes, or the last 32 of a private key's 64 (RFC 8032, as the libraries of the standard keep it).
fn ed25519(bytes: &[u8]) -> Result<VerifyingKey, Phrase> {
    bytes
        .last_chunk::<32>()
        .filter(|_| matches!(bytes.len(), 32 | 64))
        .and_then(|public| VerifyingKey::from_bytes(public).ok())
        .ok_or(phrase!(
            "key-no-ed25519",
            "is no ed25519 key of 32 bytes in base64"
        ))
}

/// For `pem`: the public key of a private one.
pub fn public_of(key: &RsaKeyPair) -> Vec<u8> {
    key.public_key().as_ref().to_vec()
}
