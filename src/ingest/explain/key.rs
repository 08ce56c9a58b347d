//! A plain key that is none of the endpoint's.
//!
//! Keys are compared by their hashes: how long that takes must not tell anything about a secret.

use std::borrow::Cow;

use base64::Engine;
use sha2::{Digest, Sha256};

use crate::ingest::explain::{Case, Explained};
use crate::ingest::rejection::Rejection;
use crate::ingest::verify::key::{self, BASE64};
use crate::model::event::Note;
use crate::model::said::Said;
use crate::payload::form;
use crate::phrase;
use crate::said;
use crate::source::declaration::Verify;

/// Members of a body that are looked into for a key.
const MEMBERS: usize = 50;

/// What was the matter; `None` when the request has no key of this scheme.
pub fn explain(case: &Case<'_>, scheme: &Verify) -> Option<Explained> {
    let presented: Cow<'_, [u8]> = match scheme {
        Verify::Key(place) => match key::find(place, &case.reading)? {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        },
        Verify::Basic => return basic(case),
        Verify::Bearer => Cow::Borrowed(key::bearer(case.request())?.as_bytes()),
        Verify::Signature(_) | Verify::Jwt(_) => return None,
    };
    if matches!(case.rejection, Rejection::KeyInvalid(_)) {
        let text = String::from_utf8_lossy(&presented);
        return Explained::meant(vec![spelled(case, &text)]);
    }
    Explained::meant(Vec::new())
}

/// What a key that does not fit most likely is.
fn spelled(case: &Case<'_>, text: &str) -> Note {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Note::new("empty", said!("key-blank", "the key is there, but blank"));
    }
    if is_placeholder(trimmed) {
        return Note::new(
            "placeholder",
            said!(
                "key-placeholder",
                "the key is a placeholder that the sender never filled in"
            ),
        );
    }
    let own = |guess: &str| case.secrets().any(|secret| same(guess, secret));
    let own_folded = |fold: fn(&str) -> String| {
        case.secrets()
            .any(|secret| same(&fold(trimmed), &fold(secret)))
    };
    let sentence = if own(trimmed) || own_folded(|text| text.trim().to_owned()) {
        Some(phrase!(
            "key-spaces",
            "the key is right, but for spaces or a line end around it"
        ))
    } else if own_folded(str::to_lowercase) {
        Some(phrase!(
            "key-case",
            "the key is right, but for upper and lower case"
        ))
    } else if guesses(trimmed).iter().any(|guess| own(guess)) {
        Some(phrase!(
            "key-encoded",
            "the key is right, but encoded or with something around it"
        ))
    } else {
        None
    };
    if let Some(sentence) = sentence {
        return Note::new("secret_spelling", sentence);
    }
    let foreign = case.foreign().find(|(secret, _)| same(trimmed, secret));
    match foreign {
        Some((_, foreign)) => foreign.is_key(),
        None => Note::new(
            "unexplained",
            said!(
                "key-unknown",
                "the key is none that this gateway knows: compare it with the one in the config"
            ),
        ),
    }
}

/// Basic credentials: whether they are any, and which half is wrong.
fn basic(case: &Case<'_>) -> Option<Explained> {
    let header = case.request().headers.get("authorization")?;
    let (named, _) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
    if !named.eq_ignore_ascii_case("basic") {
        return None;
    }
    let Some(presented) = key::basic(case.request()) else {
        let sentence = said!(
            "basic-encoding",
            "what follows Basic is not base64 of `user:password`"
        );
        return Explained::meant(vec![Note::new("encoding", sentence)]);
    };
    let presented = String::from_utf8_lossy(&presented);
    let Some((user, password)) = presented.split_once(':') else {
        let sentence = said!(
            "basic-colon",
            "the credentials have no colon between user and password"
        );
        return Explained::meant(vec![Note::new("encoding", sentence)]);
    };
    let halves = || case.secrets().filter_map(|secret| secret.split_once(':'));
    let right_user = halves().any(|(known, _)| same(user, known));
    let right_password = halves().any(|(_, known)| same(password, known));
    let note = match (right_user, right_password) {
        (true, false) => Note::new(
            "password",
            said!("basic-password", "the user is right, the password is not"),
        ),
        (false, true) => Note::new(
            "user",
            said!("basic-user", "the password is right, the user is not"),
        ),
        _ => spelled(case, &presented),
    };
    Explained::meant(vec![note])
}

/// One of the endpoint's secrets in another place than where this source's keys are looked for.
pub fn elsewhere(case: &Case<'_>) -> Option<Note> {
    let request = case.request();
    let is_own = |text: &str| case.secrets().any(|secret| same(text.trim(), secret));
    let sentence = |place: Said| {
        let message = said!(
            "wrong-place",
            "the secret itself stands in {place}, where this source does not send it",
            place = place
        );
        Note::new("wrong_place", message)
    };
    for (name, value) in &request.headers.0 {
        let bare = value
            .split_once(' ')
            .map_or(value.as_str(), |(_, rest)| rest);
        if is_own(value) || is_own(bare) {
            return Some(sentence(said!(
                "place-header",
                "the header {name}",
                name = name
            )));
        }
    }
    for pair in form::pairs(request.query.as_bytes()) {
        let (name, value) = form::split(pair);
        if is_own(&String::from_utf8_lossy(&form::decode(value))) {
            let name = String::from_utf8_lossy(&form::decode(name)).into_owned();
            return Some(sentence(said!(
                "place-query",
                "the query parameter {name}",
                name = name
            )));
        }
    }
    let members = case.reading.document()?.as_object()?;
    members
        .iter()
        .take(MEMBERS)
        .find(|(_, value)| value.as_str().is_some_and(is_own))
        .map(|(name, _)| {
            sentence(said!(
                "place-field",
                "the field {name} of the body",
                name = name
            ))
        })
}

/// What may be meant by a key that is encoded, or has a word before it.
fn guesses(text: &str) -> Vec<String> {
    let mut guesses = vec![
        String::from_utf8_lossy(&form::decode(text.as_bytes())).into_owned(),
        text.trim_matches(['"', '\'']).to_owned(),
    ];
    for mark in [' ', '=', ':'] {
        guesses.extend(
            text.split_once(mark)
                .map(|(_, rest)| rest.trim().to_owned()),
        );
    }
    let decoded = BASE64.decode(text).ok();
    guesses.extend(decoded.and_then(|bytes| String::from_utf8(bytes).ok()));
    guesses
}

/// `{{secret}}`, `${SECRET}`, `<your secret>`, `%SECRET%`
fn is_placeholder(text: &str) -> bool {
    [
        ("{{", "}}"),
        ("${", "}"),
        ("<", ">"),
        ("%", "%"),
        ("[", "]"),
    ]
    .iter()
    .any(|(open, close)| {
        text.len() > open.len() + close.len() && text.starts_with(open) && text.ends_with(close)
    })
}

fn same(one: &str, other: &str) -> bool {
    Sha256::digest(one) == Sha256::digest(other)
}
