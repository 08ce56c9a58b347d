//! A JSON Web Token that does not hold.

use sha2::{Digest, Sha256};

use crate::ingest::explain::{Case, Explained, bodies};
use crate::ingest::verify::jwt;
use crate::model::event::Note;
use crate::said;
use crate::source::declaration::Jwt;

/// Bodies beyond this size are not written anew.
const MENDED: usize = 64 * 1024;

/// What was the matter; `None` when the request has no token.
pub fn explain(case: &Case<'_>, declared: &Jwt) -> Option<Explained> {
    let headers = &case.request().headers;
    let token = declared.headers.iter().find_map(|name| headers.get(name))?;
    let Some(token) = jwt::Token::read(token) else {
        // `Authorization` may carry another scheme's proof.
        if token.trim().is_empty() || declared.headers.iter().all(|name| name == "authorization") {
            return None;
        }
        let sentence = said!(
            "token-shape",
            "the token is not three parts with points between"
        );
        return Explained::meant(vec![Note::new("shape", sentence)]);
    };
    let mut notes = Vec::new();
    if let Some(algorithm) = token.algorithm()
        && algorithm != "HS256"
    {
        let shown: String = algorithm.chars().take(16).collect();
        notes.push(Note::new(
            "algorithm",
            said!(
                "token-algorithm",
                "the token says that it is signed with {algorithm}, HS256 is expected",
                algorithm = format!("{shown:?}")
            ),
        ));
    }
    notes.push(match signer(case, &token) {
        Some(note) => note,
        None => Note::new(
            "unexplained",
            said!(
                "token-unknown",
                "the token was signed with a secret that this gateway does not know"
            ),
        ),
    });
    notes.extend(body(case, declared, &token));
    if let Some(ended) = token.ended(case.now) {
        let sentence = said!("token-ended", "the token ended {ended} ago", ended = ended);
        notes.push(Note::new("clock", sentence));
    }
    Explained::meant(notes)
}

/// Whose secret signed it.
fn signer(case: &Case<'_>, token: &jwt::Token<'_>) -> Option<Note> {
    for secret in case.secrets() {
        if token.is_signed_by(secret.as_bytes()) {
            let sentence = said!(
                "token-right",
                "the token is signed with this endpoint's secret: only what it says does not hold"
            );
            return Some(Note::new("right_otherwise", sentence));
        }
        let trimmed = secret.trim();
        let spelled = [trimmed.to_owned(), format!("{trimmed}\n")];
        if spelled
            .iter()
            .any(|secret| token.is_signed_by(secret.as_bytes()))
        {
            let sentence = said!(
                "secret-spaces-somewhere",
                "spaces or a line end stand around the secret, here or at the sender"
            );
            return Some(Note::new("secret_spelling", sentence));
        }
    }
    case.foreign()
        .find(|(secret, _)| token.is_signed_by(secret.as_bytes()))
        .map(|(_, foreign)| foreign.made_it())
}

/// For which body the token was made, when it was not made for this one.
fn body(case: &Case<'_>, declared: &Jwt, token: &jwt::Token<'_>) -> Option<Note> {
    let hash = token
        .claim(declared.body_claim.as_deref()?)?
        .to_ascii_lowercase();
    let body = &case.request().body;
    let fits = |body: &[u8]| hex::encode(Sha256::digest(body)) == hash;
    if body.len() > MENDED || fits(body) {
        return None;
    }
    let kind = case.request().headers.get("content-type");
    bodies::variants(body, kind)
        .into_iter()
        .find(|(_, variant)| fits(variant))
        .map(|(how, _)| {
            Note::new(
                "body_changed",
                said!(
                    "token-body",
                    "the token was made for this body {how}: something between wrote the body anew",
                    how = how
                ),
            )
        })
}
