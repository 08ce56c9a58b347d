//! Where a record's fields came from, as one blob: as JSON it would be longer than the fields themselves.
//!
//! A byte for the form; how many origins, each its event (16 bytes), its time (8) and its source; how many fields,
//! each its name, its origin and line, and what stands behind it. Numbers are varints, texts have their length in
//! front.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::model::record::{FieldMeta, Meta, Origin};
use crate::store::sqlite::fault::{Done, Fault};

/// The only form so far. A record without provenance is an empty blob.
const FORM: u8 = 1;

/// What a field has besides its line, in the low bits of the line's number.
const LOCKED: u64 = 1;
const BEHIND: u64 = 2;
const FLAGS: u32 = 2;

pub(super) fn pack(meta: &Meta) -> Vec<u8> {
    if meta.origins.is_empty() && meta.fields.is_empty() {
        return Vec::new();
    }
    let mut out = Vec::with_capacity(8 + meta.origins.len() * 48 + meta.fields.len() * 20);
    out.push(FORM);
    put_length(&mut out, meta.origins.len());
    for origin in &meta.origins {
        out.extend_from_slice(origin.event.as_bytes());
        out.extend_from_slice(&origin.at_ms.to_le_bytes());
        put_text(&mut out, &origin.source);
    }
    put_length(&mut out, meta.fields.len());
    for (name, field) in &meta.fields {
        put_text(&mut out, name);
        put(&mut out, u64::from(field.origin));
        let mut line = u64::from(field.line) << FLAGS;
        if field.locked {
            line |= LOCKED;
        }
        if field.behind.is_some() {
            line |= BEHIND;
        }
        put(&mut out, line);
        if let Some(behind) = &field.behind {
            put_text(&mut out, behind);
        }
    }
    out
}

pub(super) fn unpack(bytes: &[u8]) -> Done<Meta> {
    let Some((form, bytes)) = bytes.split_first() else {
        return Ok(Meta::default());
    };
    if *form != FORM {
        return Err(Fault::Corrupt(format!("provenance of the form {form}")));
    }
    let mut bytes = bytes;
    let from = &mut bytes;
    let mut origins = Vec::new();
    for _ in 0..take(from)? {
        origins.push(Origin {
            event: Uuid::from_bytes(take_bytes(from)?),
            at_ms: i64::from_le_bytes(take_bytes(from)?),
            source: take_text(from)?.to_owned(),
        });
    }
    let mut fields = BTreeMap::new();
    for _ in 0..take(from)? {
        let name = take_text(from)?.into();
        let origin = small(take(from)?)?;
        let line = take(from)?;
        let field = FieldMeta {
            origin,
            line: small(line >> FLAGS)?,
            locked: line & LOCKED != 0,
            behind: match line & BEHIND {
                0 => None,
                _ => Some(take_text(from)?.to_owned()),
            },
        };
        fields.insert(name, field);
    }
    match bytes {
        [] => Ok(Meta { origins, fields }),
        _ => Err(Fault::Corrupt(
            "provenance with something behind".to_owned(),
        )),
    }
}

/// Seven bits a byte, the low ones first; the high bit says that more follow.
fn put(out: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

fn put_length(out: &mut Vec<u8>, length: usize) {
    put(out, u64::try_from(length).unwrap_or(u64::MAX));
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put_length(out, text.len());
    out.extend_from_slice(text.as_bytes());
}

fn take(from: &mut &[u8]) -> Done<u64> {
    let mut number = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let [byte] = take_bytes(from)?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(cut_short())
}

fn take_bytes<const N: usize>(from: &mut &[u8]) -> Done<[u8; N]> {
    let (taken, rest) = from.split_first_chunk().ok_or_else(cut_short)?;
    *from = rest;
    Ok(*taken)
}

fn take_text<'b>(from: &mut &'b [u8]) -> Done<&'b str> {
    let length = usize::try_from(take(from)?).unwrap_or(usize::MAX);
    let (text, rest) = from.split_at_checked(length).ok_or_else(cut_short)?;
    *from = rest;
    str::from_utf8(text).map_err(|error| Fault::corrupt("provenance", error))
}

fn small(number: u64) -> Done<u32> {
    u32::try_from(number).map_err(|error| Fault::corrupt("provenance", error))
}

fn cut_short() -> Fault {
    Fault::Corrupt("provenance that is cut short".to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Strategy, any, prop, proptest};
    use uuid::Uuid;

    use super::{pack, unpack};
    use crate::model::record::{FieldMeta, Meta, Origin};

    fn metas() -> impl Strategy<Value = Meta> {
        let origin = (any::<u128>(), ".{0,20}", any::<i64>());
        let origins = prop::collection::vec(origin, 0..4);
        let field = (
            any::<u32>(),
            any::<u32>(),
            any::<bool>(),
            any::<Option<String>>(),
        );
        let fields = prop::collection::btree_map(".{0,200}", field, 0..9);
        (origins, fields).prop_map(|(origins, fields)| Meta {
            origins: origins
                .into_iter()
                .map(|(event, source, at_ms)| Origin {
                    event: Uuid::from_u128(event),
                    source,
                    at_ms,
                })
                .collect(),
            fields: fields
                .into_iter()
                .map(|(name, (origin, line, locked, behind))| {
                    let field = FieldMeta {
                        origin,
                        line,
                        locked,
                        behind,
                    };
                    (name.into(), field)
                })
                .collect(),
        })
    }

    proptest! {
        #[test]
        fn provenance_comes_back(meta in metas()) {
            let bytes = pack(&meta);
            assert_eq!(unpack(&bytes).unwrap(), meta);
            for end in 1..bytes.len() {
                assert!(unpack(&bytes[..end]).is_err());
            }
        }

        #[test]
        fn what_is_no_provenance_is_refused_and_harms_nobody(bytes in prop::collection::vec(any::<u8>(), 0..99)) {
            // It may by chance be one; it must not panic or take memory that is not there.
            drop(unpack(&bytes));
        }
    }

    #[test]
    fn a_record_nobody_told_of_takes_no_room() {
        assert!(pack(&Meta::default()).is_empty());
        assert_eq!(unpack(&[]).unwrap(), Meta::default());
        assert!(unpack(&[2, 0, 0]).is_err());
        assert!(unpack(&[1, 0, 0, 0]).is_err());
    }
}
