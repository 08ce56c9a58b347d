//! How a sender proves itself, in words.

use crate::model::said::{self, Said};
use crate::phrase;
use crate::said;
use crate::source::declaration::{
    Algorithm, Encoding, Jwt, KeyForm, KeyPlace, Signature, SignatureKind, SignedPart, Source,
    TimeUnit, Verify,
};
use crate::source::guide::Page;

/// `HMAC in x-signature, or a key in the URL (?key=)`; empty for a source that proves nothing.
pub fn in_short(source: &Source) -> Said {
    let mut schemes: Vec<Said> = source.verify.iter().map(scheme_in_short).collect();
    // A header may hold one of several signatures.
    schemes.dedup();
    let either = schemes.into_iter().reduce(|before, scheme| {
        said!("or-else", "{one}, or {other}", one = before, other = scheme)
    });
    either.unwrap_or_default()
}

fn scheme_in_short(scheme: &Verify) -> Said {
    match scheme {
        Verify::Signature(signature) => {
            let kind = match signature.kind {
                SignatureKind::Hmac(_) => phrase!("by-hmac", "HMAC"),
                SignatureKind::Digest(_) => phrase!("by-digest", "a hash with the secret"),
                SignatureKind::Ed25519 => phrase!("by-ed25519", "an ed25519 signature"),
                SignatureKind::Rsa => phrase!("by-rsa", "an RSA signature"),
            };
            said!(
                "proof-in",
                "{kind} in {names}",
                kind = kind,
                names = said::either(&signature.headers)
            )
        }
        Verify::Jwt(jwt) => said!(
            "by-token",
            "a signed token in {names}",
            names = said::either(&jwt.headers)
        ),
        Verify::Key(KeyPlace::Header(name)) => {
            said!("by-header", "a key in the header {name}", name = name)
        }
        Verify::Key(KeyPlace::Query(name)) => {
            said!("by-query", "a key in the URL (?{name}=)", name = name)
        }
        Verify::Key(KeyPlace::Field(path)) => {
            said!("by-field", "a key in the body ({path})", path = path)
        }
        Verify::Basic => phrase!("by-basic", "Basic authentication").into(),
        Verify::Bearer => phrase!("by-bearer", "a bearer token").into(),
    }
}

/// The section about what is verified.
pub fn write(source: &Source, page: &mut Page) {
    page.heading("What is verified");
    if source.verify.is_empty() {
        page.text(
            "Nothing: whoever finds the URL may post. The endpoint must say `verify = \"none\"` out loud; limits per address stand in \
             the place of a proof.",
        );
        return;
    }
    page.text(match source.verify.len() {
        1 => "A request without this proof is refused with 401 and a sentence that says which check failed:",
        _ => "One of these, in this order; a request that has none is refused with 401 and a sentence that says which check failed:",
    });
    page.list(source.verify.iter().map(scheme).collect());
    page.text("Any of the endpoint's secrets may match, so a new one can be added before the old one is taken away.");
    if let Some(check) = &source.check {
        page.text(&format!(
            "Besides, this must be true of a proven request: `{}`",
            check.text
        ));
    }
}

fn scheme(scheme: &Verify) -> String {
    match scheme {
        Verify::Signature(declared) => signature(declared),
        Verify::Jwt(declared) => jwt(declared),
        Verify::Key(KeyPlace::Header(name)) => {
            format!("**A key** in the header `{name}`; it must be one of the secrets.")
        }
        Verify::Key(KeyPlace::Query(name)) => {
            format!(
                "**A key** in the URL, `?{name}=…`; it must be one of the secrets, and is masked in what is stored."
            )
        }
        Verify::Key(KeyPlace::Field(path)) => format!(
            "**A key** in the body's field `{path}`; it must be one of the secrets, and is removed before anything is stored."
        ),
        Verify::Basic => {
            "**Basic authentication**: the secret is written `USER:PASSWORD`.".to_owned()
        }
        Verify::Bearer => "**A bearer token**: `Authorization: Bearer SECRET`.".to_owned(),
    }
}

fn signature(declared: &Signature) -> String {
    let mut words = format!(
        "**{}** in {}, over `{}`.",
        kind(declared.kind),
        place(declared),
        template(&declared.signed)
    );
    if !declared.given.is_empty() {
        let given: Vec<String> = declared
            .given
            .iter()
            .map(|(name, value)| format!("`{name}: {value}`"))
            .collect();
        words.push_str(&format!(" Only with {}.", given.join(" and ")));
    }
    words.push_str(&key(declared));
    if let Some(time) = &declared.timestamp {
        let unit = match time.unit {
            TimeUnit::Seconds => "seconds since 1970",
            TimeUnit::Milliseconds => "milliseconds since 1970",
            TimeUnit::Rfc3339 => "RFC 3339",
            TimeUnit::HttpDate => "an HTTP date",
        };
        let place = match time.headers.as_slice() {
            [] => String::new(),
            names => format!(" in {}", code(names, " or ")),
        };
        let minutes = time.tolerance.as_secs() / 60;
        words.push_str(&format!(
            " The timestamp{place} ({unit}) may be {minutes} minutes off."
        ));
    }
    if !covers_body(declared) {
        words.push_str(" It does not cover the body.");
    }
    words
}

fn kind(kind: SignatureKind) -> String {
    let algorithm = |algorithm| match algorithm {
        Algorithm::Sha1 => "SHA-1",
        Algorithm::Sha256 => "SHA-256",
        Algorithm::Sha512 => "SHA-512",
    };
    match kind {
        SignatureKind::Hmac(of) => format!("HMAC-{}", algorithm(of).replace("SHA-", "SHA")),
        SignatureKind::Digest(of) => format!("A {} hash", algorithm(of)),
        SignatureKind::Ed25519 => "An ed25519 signature".to_owned(),
        SignatureKind::Rsa => "An RSA signature (PKCS #1 v1.5, SHA-256)".to_owned(),
    }
}

/// In which encoding and which header, and what stands before it there.
fn place(declared: &Signature) -> String {
    let encoding = match declared.encoding {
        Encoding::Hex => "hex",
        Encoding::Base64 => "base64",
    };
    let headers = code(&declared.headers, " or ");
    let as_what = match &declared.list {
        Some(list) => format!(" as `{}{}…`", list.signature, list.assign),
        None if declared.prefix.is_empty() => String::new(),
        None => format!(" after `{}`", declared.prefix),
    };
    format!("{headers}{as_what} ({encoding})")
}

fn key(declared: &Signature) -> String {
    match (declared.kind, declared.key) {
        (SignatureKind::Rsa, _) => {
            " The secret is the public key in PEM: `file:sender.pem`.".to_owned()
        }
        (SignatureKind::Ed25519, _) => " The secret is the public key in base64.".to_owned(),
        (_, KeyForm::Text) => " The secret is used as it stands, letter by letter.".to_owned(),
        (_, KeyForm::Html) => {
            " The secret is used as typed, with HTML's entities undone.".to_owned()
        }
        (_, KeyForm::Base64) => match declared.key_prefixes.as_slice() {
            [] => " The secret is base64 and decoded first.".to_owned(),
            prefixes => format!(
                " The secret is base64, with or without {}, and decoded first.",
                code(prefixes, " or ")
            ),
        },
        (_, KeyForm::Hex) => " The secret is hex and decoded first.".to_owned(),
    }
}

fn jwt(declared: &Jwt) -> String {
    let mut words = format!(
        "**A JSON Web Token** (HS256) in {}.",
        code(&declared.headers, " or ")
    );
    if let Some(issuer) = &declared.issuer {
        words.push_str(&format!(" Its issuer must be `{issuer}`."));
    }
    match &declared.body_claim {
        Some(claim) => words.push_str(&format!(
            " Its claim `{claim}` must be the body's SHA-256 in hex."
        )),
        None => words.push_str(" It does not cover the body."),
    }
    words
}

/// The template as the declaration writes it.
pub fn template(signed: &[SignedPart]) -> String {
    signed
        .iter()
        .map(|part| match part {
            SignedPart::Literal(text) => text.clone(),
            SignedPart::Body => "{body}".to_owned(),
            SignedPart::BodyBase64 => "{body:base64}".to_owned(),
            SignedPart::Secret => "{secret}".to_owned(),
            SignedPart::Field(path) => format!("{{field:{path}}}"),
            SignedPart::SortedForm => "{form:sorted}".to_owned(),
            SignedPart::Id => "{id}".to_owned(),
            SignedPart::Timestamp => "{timestamp}".to_owned(),
            SignedPart::Method => "{method}".to_owned(),
            SignedPart::Url => "{url}".to_owned(),
            SignedPart::UrlDecoded => "{url:decoded}".to_owned(),
            SignedPart::Header(name) => format!("{{header:{name}}}"),
        })
        .collect()
}

fn covers_body(declared: &Signature) -> bool {
    declared.signed.iter().any(|part| {
        matches!(
            part,
            SignedPart::Body | SignedPart::BodyBase64 | SignedPart::SortedForm
        )
    })
}

fn code(names: &[String], between: &str) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(between)
}
