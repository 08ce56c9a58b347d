//! Keyed hashes, for answers that a sender wants signed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use minijinja::{Error, Value};
use sha2::Sha256;

use crate::expr::filters::{cannot, text_of};
use crate::said;

/// `hmac_sha256(key, 'hex')`: the HMAC of a text under a key, in hex or base64; nothing when either is blank.
pub fn hmac_sha256(value: &Value, key: &Value, encoding: &str) -> Result<Value, Error> {
    let (Some(text), Some(key)) = (text_of(value), text_of(key)) else {
        return Ok(Value::UNDEFINED);
    };
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).map_err(|_| {
        cannot(said!(
            "filter-no-key",
            "hmac_sha256: this cannot be used as a key"
        ))
    })?;
    mac.update(text.as_bytes());
    let tag = mac.finalize().into_bytes();
    match encoding {
        "hex" => Ok(Value::from(hex::encode(tag))),
        "base64" => Ok(Value::from(STANDARD.encode(tag))),
        other => Err(cannot(said!(
            "filter-no-encoding",
            "hmac_sha256: the encoding is 'hex' or 'base64', not {other}",
            other = format!("{other:?}")
        ))),
    }
}
