//! What a signature header looks like, before anything is calculated.

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::ingest::verify::entries::Entries;
use crate::ingest::verify::key::BASE64;
use crate::model::event::Note;
use crate::model::said::Phrase;
use crate::phrase;
use crate::said;
use crate::source::declaration::{Algorithm, Encoding, Signature, SignatureKind};

/// Base64 for URLs, with or without padding.
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
/// Characters of a foreign prefix that are repeated.
const PREFIX: usize = 16;

/// A header as it may be meant.
#[derive(Debug, Default)]
pub struct Shape {
    pub notes: Vec<Note>,
    /// The signatures, decoded in every way that is possible.
    pub presented: Vec<Vec<u8>>,
    /// It is written as declared, whatever it is worth.
    pub is_declared: bool,
    /// The time in the list, where it stands there.
    pub timestamp: Option<String>,
}

/// Looks at the header `name`.
pub fn look(declared: &Signature, name: &str, header: &str) -> Shape {
    let mut shape = Shape::default();
    let texts: Vec<String> = match (&declared.list, Entries::read(declared, name, header)) {
        (_, Ok(entries)) => {
            shape.is_declared = true;
            shape.timestamp = entries.timestamp.map(str::to_owned);
            entries
                .signatures
                .iter()
                .map(|text| (*text).to_owned())
                .collect()
        }
        (Some(list), Err(_)) => {
            let labels: Vec<&str> = header
                .split(list.separator.as_str())
                .filter_map(|entry| entry.split_once(list.assign.as_str()))
                .map(|(label, _)| label.trim())
                .filter(|label| is_word(label))
                .take(8)
                .collect();
            shape.notes.push(Note::new(
                "list",
                match labels.as_slice() {
                    [] => said!(
                        "list-none",
                        "{name} is no list of `name{assign}value`",
                        name = name,
                        assign = &list.assign
                    ),
                    labels => said!(
                        "list-lacks",
                        "{name} holds {labels} but no {signature}, with which this source signs",
                        name = name,
                        labels = labels.join(", "),
                        signature = &list.signature
                    ),
                },
            ));
            bare(header)
        }
        (None, Err(_)) => {
            shape.notes.push(prefix(declared, name, header));
            bare(header)
        }
    };
    for text in &texts {
        shape.read(declared, name, text.trim());
    }
    shape
}

impl Shape {
    fn read(&mut self, declared: &Signature, name: &str, text: &str) {
        if text.is_empty() {
            let sentence = said!(
                "signature-empty",
                "{name} is there, but holds no signature",
                name = name
            );
            return self.notes.push(Note::new("empty", sentence));
        }
        let length = length_of(declared);
        let fits = |bytes: &Vec<u8>| length.is_none_or(|length| bytes.len() == length);
        let read = readings(text);
        let expected = read
            .iter()
            .find(|(encoding, ..)| *encoding == Some(declared.encoding));
        let expected = expected.map(|(_, _, bytes)| bytes);
        let meant = read.iter().find(|(.., bytes)| fits(bytes));
        match (expected, meant) {
            (Some(bytes), _) if fits(bytes) => {}
            (_, Some((_, how, _))) => self.notes.push(Note::new(
                "encoding",
                said!(
                    "signature-encoding",
                    "the signature in {name} is written in {how}, {expected} is expected",
                    name = name,
                    how = *how,
                    expected = word(declared.encoding)
                ),
            )),
            (Some(bytes), None) => self.notes.push(length_note(declared, name, bytes.len())),
            (None, None) => {
                let how = word(declared.encoding);
                let sentence = match text.starts_with('*') || text.contains("...") {
                    true => said!(
                        "signature-masked",
                        "{name} holds a masked signature, copied from somewhere",
                        name = name
                    ),
                    false => said!(
                        "signature-not",
                        "the signature in {name} is not {how}",
                        name = name,
                        how = how
                    ),
                };
                self.notes.push(Note::new("encoding", sentence));
            }
        }
        self.presented
            .extend(read.into_iter().map(|(.., bytes)| bytes));
    }
}

/// The text in every encoding that it may be in, with its name; `None` for one that no source can declare.
fn readings(text: &str) -> Vec<(Option<Encoding>, Phrase, Vec<u8>)> {
    let mut read = Vec::new();
    if let Ok(bytes) = hex::decode(text) {
        read.push((Some(Encoding::Hex), word(Encoding::Hex), bytes));
    }
    if let Ok(bytes) = BASE64.decode(text) {
        read.push((Some(Encoding::Base64), word(Encoding::Base64), bytes));
    } else if let Ok(bytes) = BASE64_URL.decode(text) {
        let how = phrase!("base64-url", "base64 for URLs");
        read.push((None, how, bytes));
    }
    // Base64 of the hexadecimal text: somebody encoded twice.
    let twice = read
        .iter()
        .find_map(|(_, _, bytes)| hex::decode(bytes).ok());
    if let Some(bytes) = twice.filter(|bytes| !bytes.is_empty()) {
        let how = phrase!("base64-of-hex", "base64 of hexadecimal");
        read.push((None, how, bytes));
    }
    read.retain(|(.., bytes)| !bytes.is_empty());
    read
}

/// What may be a signature behind a prefix that is not the declared one; the whole header when nothing can be read.
fn bare(header: &str) -> Vec<String> {
    let header = header.trim();
    let mut texts = vec![header.to_owned()];
    for mark in ['=', ',', ' ', ':'] {
        if let Some((before, after)) = header.split_once(mark)
            && is_word(before)
            && !after.trim_matches('=').is_empty()
        {
            texts.push(after.trim().to_owned());
        }
    }
    match texts.iter().any(|text| !readings(text).is_empty()) {
        true => texts.retain(|text| !readings(text).is_empty()),
        false => texts.truncate(1),
    }
    texts
}

fn prefix(declared: &Signature, name: &str, header: &str) -> Note {
    let header = header.trim();
    let begins = header
        .split_once(['=', ',', ' ', ':'])
        .map(|(before, _)| before)
        .filter(|before| is_word(before) && before.len() + 1 < header.trim_end_matches('=').len());
    Note::new(
        "prefix",
        match begins {
            Some(begins) => said!(
                "prefix-other",
                "the signature in {name} begins with \"{begins}\", {prefix} is expected",
                name = name,
                begins = begins,
                prefix = format!("{:?}", declared.prefix)
            ),
            None => said!(
                "prefix-missing",
                "the prefix {prefix} is missing in {name}",
                prefix = format!("{:?}", declared.prefix),
                name = name
            ),
        },
    )
}

fn is_word(text: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    !text.is_empty() && text.len() <= PREFIX && text.chars().all(is_letter)
}

fn length_note(declared: &Signature, name: &str, found: usize) -> Note {
    let made_by = match found {
        16 => Some("MD5"),
        20 => Some("SHA-1"),
        32 => Some("SHA-256"),
        48 => Some("SHA-384"),
        64 => Some("SHA-512"),
        _ => None,
    };
    let expected = length_of(declared).unwrap_or_default();
    let sentence = match made_by {
        Some(algorithm) => said!(
            "length-made",
            "the signature in {name} has {found} bytes, as {algorithm} makes them, {expected} are expected",
            name = name,
            found = found,
            algorithm = algorithm,
            expected = expected
        ),
        None if found < expected => said!(
            "length-short",
            "the signature in {name} has {found} bytes, {expected} are expected: it may be cut short",
            name = name,
            found = found,
            expected = expected
        ),
        None => said!(
            "length",
            "the signature in {name} has {found} bytes, {expected} are expected",
            name = name,
            found = found,
            expected = expected
        ),
    };
    Note::new("length", sentence)
}

/// Bytes of a signature of this kind; `None` where the key decides.
fn length_of(declared: &Signature) -> Option<usize> {
    match declared.kind {
        SignatureKind::Hmac(algorithm) | SignatureKind::Digest(algorithm) => {
            Some(match algorithm {
                Algorithm::Sha1 => 20,
                Algorithm::Sha256 => 32,
                Algorithm::Sha512 => 64,
            })
        }
        SignatureKind::Ed25519 => Some(64),
        SignatureKind::Rsa => None,
    }
}

/// What an encoding is called.
fn word(encoding: Encoding) -> Phrase {
    match encoding {
        Encoding::Hex => phrase!("hex", "hexadecimal"),
        Encoding::Base64 => phrase!("base64", "base64"),
    }
}
