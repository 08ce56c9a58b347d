//! What a signature header holds: one signature, or a list of entries with names.

use crate::ingest::rejection::Rejection;
use crate::said;
use crate::source::declaration::{Signature, SignatureList};

/// Signatures looked at in one header; rotation needs two or three.
const MAX_SIGNATURES: usize = 16;

/// What stands in a signature header.
#[derive(Debug)]
pub struct Entries<'a> {
    pub signatures: Vec<&'a str>,
    pub timestamp: Option<&'a str>,
}

impl<'a> Entries<'a> {
    /// Reads a header as declared: one signature after a prefix, or a list.
    ///
    /// # Errors
    /// `SignatureMismatch` without the prefix, `SignatureMissing` when the list lacks what it must hold.
    pub fn read(declared: &'a Signature, name: &str, header: &'a str) -> Result<Self, Rejection> {
        let Some(list) = &declared.list else {
            let signature = header
                .trim()
                .strip_prefix(&declared.prefix)
                .ok_or_else(|| {
                    Rejection::SignatureMismatch(said!(
                        "prefix-not",
                        "the signature in {name} does not begin with {prefix}",
                        name = name,
                        prefix = format!("{:?}", declared.prefix)
                    ))
                })?;
            return Ok(Entries {
                signatures: vec![signature],
                timestamp: None,
            });
        };
        let mut entries = Entries {
            signatures: Vec::new(),
            timestamp: None,
        };
        for entry in split(list, header) {
            let Some((label, value)) = entry.split_once(list.assign.as_str()) else {
                continue;
            };
            let (label, value) = (label.trim(), value.trim());
            if label == list.signature && entries.signatures.len() < MAX_SIGNATURES {
                entries
                    .signatures
                    .push(value.strip_prefix(&declared.prefix).unwrap_or(value));
            } else if Some(label) == list.timestamp.as_deref() {
                entries.timestamp.get_or_insert(value);
            }
        }
        if entries.signatures.is_empty() {
            return Err(Rejection::SignatureMissing(said!(
                "list-no-signature",
                "the header {name} holds no {signature} signature",
                name = name,
                signature = &list.signature
            )));
        }
        if list.timestamp.is_some() && entries.timestamp.is_none() {
            return Err(Rejection::SignatureMissing(said!(
                "list-no-time",
                "the header {name} holds no timestamp",
                name = name
            )));
        }
        Ok(entries)
    }
}

fn split<'a>(list: &'a SignatureList, header: &'a str) -> impl Iterator<Item = &'a str> {
    header
        .split(list.separator.as_str())
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
}
