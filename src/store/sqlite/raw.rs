//! The raw request in a row: headers length-prefixed, the body compressed when that pays.

use std::net::IpAddr;

use crate::model::request::Headers;
use crate::store::sqlite::fault::{Done, Fault};

/// Shorter bodies gain too little to be worth the time.
const WORTH_COMPRESSING: usize = 1024;

const PLAIN: i64 = 0;
const LZ4: i64 = 1;

/// A body as it is stored.
pub(super) struct Packed {
    pub(super) codec: i64,
    pub(super) body: Vec<u8>,
}

impl Packed {
    /// The body as it was.
    pub(super) fn unpack(self) -> Done<Vec<u8>> {
        match self.codec {
            PLAIN => Ok(self.body),
            codec => unpack(codec, &self.body),
        }
    }
}

/// Compresses a body of 1 KiB and more when a quarter is saved. Costs the caller's time, not the writer's.
pub(super) fn pack(body: Vec<u8>) -> Packed {
    if body.len() >= WORTH_COMPRESSING {
        let small = lz4_flex::block::compress_prepend_size(&body);
        if small.len() <= body.len() / 4 * 3 {
            return Packed {
                codec: LZ4,
                body: small,
            };
        }
    }
    Packed { codec: PLAIN, body }
}

pub(super) fn unpack(codec: i64, body: &[u8]) -> Done<Vec<u8>> {
    match codec {
        PLAIN => Ok(body.to_vec()),
        LZ4 => lz4_flex::block::decompress_size_prepended(body)
            .map_err(|error| Fault::corrupt("a compressed body", error)),
        other => Err(Fault::Corrupt(format!("a body with codec {other}"))),
    }
}

/// Whether a stored body is the same as one that was packed now, whichever way either was packed.
pub(super) fn is_same(packed: &Packed, codec: i64, body: &[u8]) -> Done<bool> {
    if packed.codec == codec && packed.body == body {
        return Ok(true);
    }
    Ok(unpack(packed.codec, &packed.body)? == unpack(codec, body)?)
}

/// Each text with its length in front, in two bytes, or four after `0xffff`.
pub(super) fn write_headers(pairs: &[(String, String)]) -> Vec<u8> {
    let size = pairs
        .iter()
        .map(|(name, value)| name.len() + value.len() + 4);
    let mut out = Vec::with_capacity(size.sum());
    for (name, value) in pairs {
        write_text(&mut out, name);
        write_text(&mut out, value);
    }
    out
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    match u16::try_from(text.len()) {
        Ok(length) if length < u16::MAX => out.extend_from_slice(&length.to_le_bytes()),
        _ => {
            out.extend_from_slice(&u16::MAX.to_le_bytes());
            let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
            out.extend_from_slice(&length.to_le_bytes());
        }
    }
    out.extend_from_slice(text.as_bytes());
}

pub(super) fn read_headers(mut bytes: &[u8]) -> Done<Headers> {
    let mut pairs = Vec::new();
    while !bytes.is_empty() {
        let name = read_text(&mut bytes)?;
        let value = read_text(&mut bytes)?;
        pairs.push((name, value));
    }
    Ok(Headers(pairs))
}

fn read_text(bytes: &mut &[u8]) -> Done<String> {
    let length = u16::from_le_bytes(take(bytes)?);
    let length = if length == u16::MAX {
        u32::from_le_bytes(take(bytes)?) as usize
    } else {
        usize::from(length)
    };
    let (text, rest) = bytes.split_at_checked(length).ok_or_else(cut_short)?;
    *bytes = rest;
    String::from_utf8(text.to_vec()).map_err(|error| Fault::corrupt("a header", error))
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Done<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk().ok_or_else(cut_short)?;
    *bytes = rest;
    Ok(*taken)
}

fn cut_short() -> Fault {
    Fault::Corrupt("headers that are cut short".to_owned())
}

/// 4 or 16 bytes.
pub(super) fn write_peer(peer: IpAddr) -> Vec<u8> {
    match peer {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    }
}

pub(super) fn read_peer(bytes: &[u8]) -> Done<IpAddr> {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        return Ok(IpAddr::from(v4));
    }
    match <[u8; 16]>::try_from(bytes) {
        Ok(v6) => Ok(IpAddr::from(v6)),
        Err(error) => Err(Fault::corrupt("an address", error)),
    }
}

#[cfg(test)]
mod tests {
    use crate::model::dedupe::DedupeKey;

    use super::{LZ4, PLAIN, pack, read_headers, unpack, write_headers};

    #[test]
    fn bodies_come_back_and_shrink_when_it_pays() {
        let check = |body: Vec<u8>, codec: i64| {
            let packed = pack(body.clone());
            assert_eq!(packed.codec, codec);
            assert_eq!(unpack(packed.codec, &packed.body).unwrap(), body);
        };
        check(Vec::new(), PLAIN);
        check(vec![b'a'; 1023], PLAIN);
        check(vec![b'a'; 5000], LZ4);
        let noise = (0..400_u32).flat_map(|n| DedupeKey::of([&n.to_be_bytes()[..]]).0);
        check(noise.collect(), PLAIN);
    }

    #[test]
    fn headers_come_back_in_order() {
        let long = "x".repeat(70_000);
        let pairs = [("a", "1"), ("a", ""), ("b", long.as_str()), ("", "ü")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let bytes = write_headers(&pairs);
        assert_eq!(read_headers(&bytes).unwrap().0, pairs);
        assert!(read_headers(&bytes[..bytes.len() - 1]).is_err());
    }
}
