//! `[verify]`: its schemes in the order of the file, and the check of the request as a whole.

use crate::config::document::Table;
use crate::phrase;
use crate::source::declaration::{Algorithm, Expr, Jwt, KeyPlace, SignatureKind, Verify};
use crate::source::load::formula::{self, Known, PROOF};
use crate::source::load::signature::{self, headers, word};

/// The schemes, and the check.
pub fn read(root: &Table<'_>, known: &Known) -> (Vec<Verify>, Option<Expr>) {
    let Some(section) = root.table("verify") else {
        return (Vec::new(), None);
    };
    let mut schemes: Vec<(u32, Verify)> = Vec::new();
    for kind in ["hmac", "digest", "ed25519", "rsa"] {
        for table in section.tables(kind) {
            let scheme = signature::read(&table, made(kind, &table));
            schemes.push((table.line, Verify::Signature(Box::new(scheme))));
        }
    }
    for table in section.tables("jwt") {
        schemes.push((table.line, Verify::Jwt(jwt(&table))));
    }
    for table in section.tables("key") {
        schemes.extend(key(&table).map(|place| (table.line, Verify::Key(place))));
    }
    for (kind, scheme) in [("basic", Verify::Basic), ("bearer", Verify::Bearer)] {
        if let Some(table) = section.table(kind) {
            table.finish();
            schemes.push((table.line, scheme));
        }
    }
    let known = Known {
        lets: Vec::new(),
        ..known.clone()
    };
    let check = formula::optional(&section, "check", PROOF, &known);
    if schemes.is_empty() && section.keys().iter().all(|(key, _)| key == "check") {
        section.problem(
            section.line,
            phrase!(
                "load-no-scheme",
                "`[verify]` names no scheme; leave it out, or add [verify.hmac]"
            ),
        );
    }
    section.finish();
    schemes.sort_by_key(|(line, _)| *line);
    (
        schemes.into_iter().map(|(_, scheme)| scheme).collect(),
        check,
    )
}

/// The kind that a table's name says.
fn made(kind: &str, table: &Table<'_>) -> SignatureKind {
    let algorithm = || {
        word(
            table,
            "algorithm",
            &[
                ("sha256", Algorithm::Sha256),
                ("sha1", Algorithm::Sha1),
                ("sha512", Algorithm::Sha512),
            ],
        )
        .unwrap_or(Algorithm::Sha256)
    };
    match kind {
        "digest" => SignatureKind::Digest(algorithm()),
        "ed25519" => SignatureKind::Ed25519,
        "rsa" => SignatureKind::Rsa,
        _ => SignatureKind::Hmac(algorithm()),
    }
}

fn jwt(table: &Table<'_>) -> Jwt {
    let jwt = Jwt {
        headers: headers(table, "header"),
        issuer: table.text("issuer").map(|text| text.value),
        body_claim: table.text("body").map(|text| text.value),
    };
    if jwt.headers.is_empty() {
        table.problem(
            table.line,
            phrase!(
                "load-jwt-header",
                "`verify.jwt.header` is missing: where the token comes"
            ),
        );
    }
    let uncovered = table.bool("unsigned_body").unwrap_or(false);
    if jwt.body_claim.is_none() && !uncovered {
        table.problem(
            table.line,
            phrase!("load-jwt-body", "`verify.jwt.body` is missing: the claim that holds the body's SHA-256; where there is none, say `unsigned_body = true`"),
        );
    }
    table.finish();
    jwt
}

fn key(table: &Table<'_>) -> Option<KeyPlace> {
    let header = table
        .text("header")
        .map(|text| KeyPlace::Header(text.value.to_lowercase()));
    let query = table.text("query").map(|text| KeyPlace::Query(text.value));
    let field = table.text("field").map(|text| KeyPlace::Field(text.value));
    table.finish();
    let places: Vec<KeyPlace> = [header, query, field].into_iter().flatten().collect();
    if let [place] = places.as_slice() {
        return Some(place.clone());
    }
    table.problem(
        table.line,
        phrase!(
            "load-key-place",
            "`[verify.key]` needs one of header, query and field"
        ),
    );
    None
}
