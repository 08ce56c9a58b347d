//! RSA keys in PEM (RFC 7468): public ones as SubjectPublicKeyInfo or PKCS #1, private ones as PKCS #8 or PKCS #1.

use base64::Engine;
use ring::signature::RsaKeyPair;

use crate::ingest::verify::key::BASE64;
use crate::ingest::verify::keys::public_of;
use crate::model::said::Phrase;
use crate::phrase;

/// The algorithm identifier `rsaEncryption` with its NULL (RFC 8017 A.1), as DER.
const RSA: &[u8] = &[
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
];
const SEQUENCE: u8 = 0x30;
const BIT_STRING: u8 = 0x03;

/// The public key as PKCS #1 has it, of a public key or of a private one.
///
/// # Errors
/// A sentence when the text is no RSA key in PEM.
pub fn public_key(text: &str) -> Result<Vec<u8>, Phrase> {
    let (label, der) = read(text)?;
    match label {
        "PUBLIC KEY" => inner(&der)
            .map(<[u8]>::to_vec)
            .ok_or(phrase!("key-no-rsa", "is no RSA public key")),
        "RSA PUBLIC KEY" => Ok(der),
        _ => Ok(public_of(&private_key(text)?)),
    }
}

/// The private key.
///
/// # Errors
/// A sentence when the text is no RSA private key in PEM.
pub fn private_key(text: &str) -> Result<RsaKeyPair, Phrase> {
    let (label, der) = read(text)?;
    let key = match label {
        "PRIVATE KEY" => RsaKeyPair::from_pkcs8(&der),
        "RSA PRIVATE KEY" => RsaKeyPair::from_der(&der),
        _ => {
            return Err(phrase!(
                "key-rsa-public",
                "is a public key, which cannot sign: give the private one"
            ));
        }
    };
    key.map_err(|_| {
        phrase!(
            "key-no-private",
            "is no RSA private key of 2048 bits or more"
        )
    })
}

/// The label of a PEM block and its bytes. Lines may have been joined by `\n` written out, as environments do.
fn read(text: &str) -> Result<(&str, Vec<u8>), Phrase> {
    let refused = || {
        phrase!(
            "key-no-pem",
            "is no key in PEM: it begins with -----BEGIN PUBLIC KEY-----"
        )
    };
    let (_, rest) = text.split_once("-----BEGIN ").ok_or_else(refused)?;
    let (label, rest) = rest.split_once("-----").ok_or_else(refused)?;
    let (body, _) = rest.split_once("-----END ").ok_or_else(refused)?;
    let body = body.replace("\\n", "");
    let body: String = body.split_whitespace().collect();
    let der = BASE64.decode(body).map_err(|_| refused())?;
    Ok((label, der))
}

/// `SEQUENCE { rsaEncryption, BIT STRING { 0 unused bits, key } }` → key.
fn inner(der: &[u8]) -> Option<&[u8]> {
    let (content, _) = element(der, SEQUENCE)?;
    let rest = content.strip_prefix(RSA)?;
    let (bits, _) = element(rest, BIT_STRING)?;
    bits.strip_prefix(&[0])
}

/// An element of DER: its content, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let rest = der.strip_prefix(&[tag])?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        short @ 0..=0x7f => (usize::from(short), rest),
        long @ 0x81..=0x83 => {
            let (digits, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
            let length = digits
                .iter()
                .fold(0, |length, digit| length << 8 | usize::from(*digit));
            (length, rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}
