//! Content encodings: gzip and deflate undone, with a cap against bombs.
//!
//! Senders sign what they produce and the frameworks they test against hand over the decoded body, so signatures are
//! checked on what this returns.

use std::io::Read;

use crate::model::said::Said;
use crate::said;
use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

/// Encodings that may be stacked in one header.
const MAX_STACKED: usize = 3;

/// Why an encoded body cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.said())]
pub enum DecodeError {
    Unsupported(String),
    Malformed(&'static str),
    /// Larger than the cap once decoded.
    TooLarge(usize),
}

impl DecodeError {
    /// The sentence about it.
    pub fn said(&self) -> Said {
        match self {
            DecodeError::Unsupported(name) => said!(
                "encoding-unknown",
                "the content encoding {name} is not understood here; send gzip, deflate or none",
                name = format!("{name:?}")
            ),
            DecodeError::Malformed(name) => said!(
                "encoding-damaged",
                "the body is not valid {name}: it is damaged or cut short",
                name = *name
            ),
            DecodeError::TooLarge(most) => said!(
                "unpacked-too-large",
                "the body is larger than {most} bytes once it is unpacked",
                most = *most
            ),
        }
    }
}

/// The body without its `Content-Encoding`; `None` when there is nothing to undo.
///
/// # Errors
/// An unknown encoding, a damaged body, or one that unpacks to more than `cap` bytes.
pub fn decode(
    header: Option<&str>,
    body: &[u8],
    cap: usize,
) -> Result<Option<Vec<u8>>, DecodeError> {
    let Some(header) = header else {
        return Ok(None);
    };
    let encodings: Vec<_> = header
        .split(',')
        .map(|name| name.trim().to_ascii_lowercase())
        .filter(|name| !name.is_empty() && name != "identity")
        .collect();
    if encodings.len() > MAX_STACKED {
        return Err(DecodeError::Unsupported(header.chars().take(80).collect()));
    }
    let mut decoded: Option<Vec<u8>> = None;
    for name in encodings.iter().rev() {
        decoded = Some(undo(name, decoded.as_deref().unwrap_or(body), cap)?);
    }
    Ok(decoded)
}

fn undo(name: &str, body: &[u8], cap: usize) -> Result<Vec<u8>, DecodeError> {
    match name {
        "gzip" | "x-gzip" => read(MultiGzDecoder::new(body), "gzip", cap),
        // RFC 9110 §8.4.1.2: deflate means the zlib format, but some senders omit its frame.
        "deflate" => match read(ZlibDecoder::new(body), "deflate", cap) {
            Err(DecodeError::Malformed(_)) => read(DeflateDecoder::new(body), "deflate", cap),
            answer => answer,
        },
        other => Err(DecodeError::Unsupported(other.chars().take(80).collect())),
    }
}

fn read(decoder: impl Read, name: &'static str, cap: usize) -> Result<Vec<u8>, DecodeError> {
    let mut decoded = Vec::new();
    let limit = u64::try_from(cap).unwrap_or(u64::MAX).saturating_add(1);
    decoder
        .take(limit)
        .read_to_end(&mut decoded)
        .map_err(|_| DecodeError::Malformed(name))?;
    if decoded.len() > cap {
        return Err(DecodeError::TooLarge(cap));
    }
    Ok(decoded)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::{DecodeError, decode};

    fn gzip(body: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(body: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    }

    fn raw(body: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    }

    fn check(header: Option<&str>, body: Vec<u8>, expected: Result<&[u8], DecodeError>) {
        let found = decode(header, &body, 100).map(|decoded| decoded.unwrap_or(body));
        assert_eq!(found, expected.map(<[u8]>::to_vec), "{header:?}");
    }

    #[test]
    fn undoes_encodings() {
        let body = b"{\"a\":1}";
        check(None, body.to_vec(), Ok(body));
        check(Some("identity"), body.to_vec(), Ok(body));
        check(Some("GZIP"), gzip(body), Ok(body));
        check(Some("x-gzip"), gzip(body), Ok(body));
        check(Some("deflate"), zlib(body), Ok(body));
        check(Some("deflate"), raw(body), Ok(body));
        check(Some("gzip, deflate"), zlib(&gzip(body)), Ok(body));
        check(
            Some("br"),
            body.to_vec(),
            Err(DecodeError::Unsupported("br".to_owned())),
        );
        check(
            Some("gzip"),
            body.to_vec(),
            Err(DecodeError::Malformed("gzip")),
        );
        check(
            Some("gzip"),
            gzip(body)[..15].to_vec(),
            Err(DecodeError::Malformed("gzip")),
        );
        check(
            Some("gzip,gzip,gzip,gzip"),
            body.to_vec(),
            Err(DecodeError::Unsupported("gzip,gzip,gzip,gzip".to_owned())),
        );
    }

    #[test]
    fn stops_bombs() {
        let megabytes = vec![0; 10_000_000];
        let too_large = || Err(DecodeError::TooLarge(100));
        check(Some("gzip"), gzip(&[0; 100]), Ok(&[0; 100]));
        check(Some("gzip"), gzip(&[0; 101]), too_large());
        check(Some("gzip"), gzip(&megabytes), too_large());
        check(Some("deflate"), zlib(&megabytes), too_large());
        check(Some("deflate"), raw(&megabytes), too_large());
    }
}
