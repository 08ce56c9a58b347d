//! Signatures: published vectors through the real mappings, and signing as the inverse of verifying, for every scheme.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::LazyLock;

use frontdesk::config::Endpoint;
use frontdesk::ingest::receive::{Incoming, Received, receive};
use frontdesk::ingest::rejection::Rejection;
use frontdesk::ingest::sign::{Signed, Unsigned, sign, sign_as};
use frontdesk::ingest::verify::Verifier;
use frontdesk::model::request::{Headers, RawRequest};
use frontdesk::source::declaration::{KeyPlace, SignatureKind, SignedPart, Source, Verify};
use frontdesk::source::settings::Settings;
use jiff::Timestamp;
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use proptest::sample::Index;
use serde_json::Value;

use crate::dry;
use crate::made::{configured, endpoint, intake, secret_of, verifying};

#[derive(Debug, Clone)]
struct Case {
    secret: Vec<u8>,
    request: RawRequest,
    url: String,
    now: Timestamp,
}

fn request(method: &str, headers: Headers, body: Vec<u8>) -> RawRequest {
    RawRequest {
        id: uuid::Uuid::nil(),
        endpoint: "in".to_owned(),
        method: method.to_owned(),
        query: String::new(),
        headers,
        body,
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        received_at: Timestamp::UNIX_EPOCH,
    }
}

impl Case {
    fn of(vector: &Value) -> Self {
        let text = |name: &str| vector[name].as_str().unwrap_or_default().to_owned();
        let headers = vector["headers"].as_object().unwrap();
        let headers = headers
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
            .collect();
        Case {
            secret: text("secret").into_bytes(),
            request: request(&text("method"), Headers(headers), text("body").into_bytes()),
            url: text("url"),
            now: Timestamp::from_second(vector["now"].as_i64().unwrap_or(0)).unwrap(),
        }
    }

    /// Which secret passes; an error for a secret that is no key at all, too.
    fn verify(&self, source: &Source) -> Result<Option<usize>, Rejection> {
        let no_key = Rejection::KeyInvalid;
        let secret = std::str::from_utf8(&self.secret).unwrap();
        let settings = Settings::defaults(source);
        let verifier = Verifier::compile(
            source,
            &endpoint(source, secret),
            self.url.clone(),
            settings,
        )
        .map_err(no_key)?;
        match verifier.verify(self.request.clone(), self.now) {
            Ok(verified) => Ok(verified.into_parts().1.secret),
            Err(unproven) => Err(unproven.rejection),
        }
    }

    fn passes(&self, source: &Source) -> bool {
        self.verify(source) == Ok(Some(0))
    }
}

fn flip(bytes: &mut [u8], at: usize) {
    bytes[at] ^= 1;
}

/// One byte of the body, the secret or a header differs, or a header is gone: nothing of it may pass. `covered` tells
/// which bytes of the body the scheme signs.
fn check_tampering(case: &Case, source: &Source, covered: &str, lists_decoys: bool) {
    let body = String::from_utf8(case.request.body.clone()).unwrap();
    let start = body.find(covered).unwrap();
    for at in start..start + covered.len() {
        let mut changed = case.clone();
        flip(&mut changed.request.body, at);
        assert!(!changed.passes(source), "body byte {at} of {case:?}");
    }
    for at in 0..case.secret.len() {
        let mut changed = case.clone();
        flip(&mut changed.secret, at);
        assert!(!changed.passes(source), "secret byte {at} of {case:?}");
    }
    for header in 0..case.request.headers.0.len() {
        let mut changed = case.clone();
        changed.request.headers.0.remove(header);
        assert!(
            !changed.passes(source),
            "without header {header} of {case:?}"
        );
        let value = &case.request.headers.0[header].1;
        let covered = match lists_decoys {
            false => (0..value.len()).collect(),
            true => essential(case, source, header),
        };
        for at in covered {
            let mut changed = case.clone();
            let mut bytes = value.clone().into_bytes();
            flip(&mut bytes, at);
            changed.request.headers.0[header].1 = String::from_utf8(bytes).unwrap();
            assert!(
                !changed.passes(source),
                "byte {at} of header {header} of {case:?}"
            );
        }
    }
}

/// Of a header that lists several signatures, those that the proof cannot do without.
fn essential(case: &Case, source: &Source, header: usize) -> Vec<usize> {
    let value = &case.request.headers.0[header].1;
    let separator = if value.contains(' ') { ' ' } else { ',' };
    let mut found = Vec::new();
    let mut start = 0;
    for entry in value.split(separator) {
        let end = start + entry.len();
        let mut without = case.clone();
        let left = [&value[..start], &value[end..]].concat();
        without.request.headers.0[header].1 = left;
        if !without.passes(source) {
            found.extend(start..end);
        }
        start = end + separator.len_utf8();
    }
    assert!(!found.is_empty(), "nothing of {value} is needed");
    found
}

fn vectors() -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/payloads/vectors.json");
    let Ok(text) = std::fs::read_to_string(path) else {
        eprintln!(
            "!! ../shared/payloads/vectors.json is not there: NO PUBLISHED VECTOR WAS CHECKED"
        );
        return Vec::new();
    };
    let document: Value = serde_json::from_str(&text).unwrap();
    document["vectors"].as_array().unwrap().clone()
}

#[test]
fn published_vectors() {
    for vector in vectors() {
        if vector.get("headers").is_none() {
            continue;
        }
        let name = vector["source"].as_str().unwrap();
        let catalog = dry::catalog();
        let source = catalog.get(name).unwrap();
        let case = Case::of(&vector);
        let expected = vector["expect_valid"].as_bool().unwrap();
        let verified = case.verify(source);
        assert_eq!(
            verified == Ok(Some(0)),
            expected,
            "{name} {verified:?}: {vector}"
        );
        if !expected {
            continue;
        }
        let body = vector["body"].as_str().unwrap();
        // A list with decoys has bytes that nothing covers.
        let decoys = vector["note"]
            .as_str()
            .is_some_and(|note| note.contains("matches"));
        match name {
            "ecwid" => {
                check_tampering(&case, source, "80aece08", decoys);
                check_tampering(&case, source, "1234567", decoys);
            }
            _ => check_tampering(&case, source, body, decoys),
        }
    }
}

/// Set-up requests of the vectors, through the mappings' handshakes.
#[test]
fn published_challenges() {
    for vector in vectors() {
        if vector["kind"] != "challenge" {
            continue;
        }
        let name = vector["source"].as_str().unwrap();
        let secret = vector["secret"].as_str().unwrap();
        let catalog = dry::catalog();
        let source = catalog.get(name).unwrap();
        let settings = source
            .settings
            .iter()
            .filter(|(_, spec)| spec.required)
            .map(|(setting, _)| format!("{setting} = \"{secret}\""))
            .collect::<Vec<_>>()
            .join(", ");
        let lines = format!("secrets = [\"{secret}\"]\nsettings = {{ {settings} }}");
        let url = vector["url"].as_str().unwrap();
        let (_, query) = url.split_once('?').unwrap();
        let incoming = |query: &str| Incoming {
            method: "GET".to_owned(),
            query: query.to_owned(),
            headers: Headers::default(),
            body: Vec::new(),
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        };
        let answer = |query: &str| match receive(
            &intake(source, &lines),
            incoming(query),
            dry::received_at(),
        ) {
            Received::Handshake(answer) => Some(answer),
            _ => None,
        };
        let found = answer(query).unwrap();
        assert_eq!(found.status, 200);
        match vector.get("expect_response") {
            Some(expected) => {
                assert_eq!(found.content_type, "application/json");
                let found: Value = serde_json::from_str(&found.body).unwrap();
                assert_eq!(&found, expected, "{name}");
            }
            None => {
                assert_eq!(found.content_type, "text/plain");
                assert_eq!(found.body, vector["expect_response_text"], "{name}");
                assert_eq!(answer(&query.replace(secret, "another")), None, "{name}");
            }
        }
    }
}

#[test]
fn time_limits_hold_in_both_directions() {
    let catalog = dry::catalog();
    let source = catalog.get("stripe").unwrap();
    let signed_at = 1_790_000_000;
    for (now, expected) in [
        (signed_at, ""),
        (signed_at + 300, ""),
        (signed_at - 300, ""),
        (signed_at + 301, "5 minutes old, 5 minutes are allowed"),
        (signed_at + 3 * 3600, "3 hours old"),
        (signed_at - 301, "in the future"),
        (signed_at - 600, "10 minutes in the future"),
    ] {
        let headers = Headers::default();
        let unsigned = Unsigned {
            method: "POST",
            url: "",
            headers: &headers,
            body: b"{}",
            id: "",
            now: Timestamp::from_second(signed_at).unwrap(),
        };
        let signed = sign(source, "stripe-secret", &unsigned).unwrap();
        let case = Case {
            secret: b"stripe-secret".to_vec(),
            request: request("POST", signed.headers, b"{}".to_vec()),
            url: String::new(),
            now: Timestamp::from_second(now).unwrap(),
        };
        match case.verify(source) {
            Ok(secret) => assert_eq!((secret, expected), (Some(0), "")),
            Err(Rejection::TimestampOutOfRange(sentence)) => {
                assert!(
                    !expected.is_empty() && sentence.contains(expected),
                    "{sentence}"
                );
            }
            other => panic!("{now}: {other:?}"),
        }
    }
}

/// Every scheme of every built-in source, each as the only one of its source.
static SCHEMES: LazyLock<Vec<Source>> = LazyLock::new(|| {
    let catalog = dry::catalog();
    let mut sources = Vec::new();
    for source in catalog.sources() {
        for scheme in &source.verify {
            let mut alone = source.clone();
            alone.verify = vec![scheme.clone()];
            // The check reads bodies of this sender, and these tests make up any.
            alone.check = None;
            sources.push(alone);
        }
    }
    sources
});

/// Whether any change of the body is told by the scheme.
fn covers_body(source: &Source) -> bool {
    source.verify.iter().all(|scheme| match scheme {
        Verify::Signature(signature) => signature.signed.iter().any(|part| {
            matches!(
                part,
                SignedPart::Body | SignedPart::BodyBase64 | SignedPart::SortedForm
            )
        }),
        Verify::Jwt(jwt) => jwt.body_claim.is_some(),
        Verify::Key(_) | Verify::Basic | Verify::Bearer => false,
    })
}

fn is_asymmetric(source: &Source) -> bool {
    source.verify.iter().any(|scheme| match scheme {
        Verify::Signature(signature) => {
            matches!(signature.kind, SignatureKind::Ed25519 | SignatureKind::Rsa)
        }
        _ => false,
    })
}

/// A body that the scheme can sign.
fn fitting(source: &Source, body: Vec<u8>) -> Vec<u8> {
    let fields = source.verify.iter().any(|scheme| match scheme {
        Verify::Signature(signature) => signature
            .signed
            .iter()
            .any(|part| matches!(part, SignedPart::Field(_) | SignedPart::SortedForm)),
        Verify::Key(KeyPlace::Field(_)) => true,
        _ => false,
    });
    match fields {
        false => body,
        true => format!(
            "{{\"eventId\":\"{}\",\"eventCreated\":1}}",
            hex::encode(body)
        )
        .into_bytes(),
    }
}

fn signed_case(source: &Source, secret: &str, body: Vec<u8>, query: &str, now: Timestamp) -> Case {
    let url = "https://hooks.example.com/hooks/in";
    let full = if query.is_empty() {
        url.to_owned()
    } else {
        format!("{url}?{query}")
    };
    let headers = Headers::default();
    let unsigned = Unsigned {
        method: "POST",
        url: &full,
        headers: &headers,
        body: &body,
        id: "msg_1",
        now,
    };
    let Signed {
        headers,
        query: key,
        body: keyed,
    } = sign_as(source, &source.verify[0], secret, &unsigned).unwrap();
    let mut request = request("POST", headers, keyed.unwrap_or(body));
    request.query = key.unwrap_or_else(|| query.to_owned());
    Case {
        secret: secret.as_bytes().to_vec(),
        request,
        url: url.to_owned(),
        now,
    }
}

proptest! {
    #[test]
    fn what_is_signed_verifies_and_nothing_else(
        at in any::<Index>(),
        secret in "[A-Za-z0-9+/]{15}:[A-Za-z0-9+/]{16}",
        body in proptest::collection::vec(any::<u8>(), 0..200),
        seconds in 1_000_000_000_i64..4_000_000_000,
        query in "(|a=1&b=%20)",
        tampered in any::<Index>(),
    ) {
        let source = &SCHEMES[at.index(SCHEMES.len())];
        // A colon for Basic; base64 of 24 bytes without: a key in every form.
        let secret = match source.verify[0] {
            Verify::Basic => secret,
            _ => secret.replace(':', "x"),
        };
        let secret = if is_asymmetric(source) { secret_of(source) } else { secret };
        let now = Timestamp::from_second(seconds).unwrap();
        let case = signed_case(source, &secret, fitting(source, body), &query, now);
        prop_assert_eq!(case.verify(source), Ok(Some(0)), "{}", source.name);
        if covers_body(source) {
            let mut longer = case.clone();
            longer.request.body.push(b'0');
            prop_assert!(!longer.passes(source), "{}", source.name);
            if !case.request.body.is_empty() {
                let mut changed = case.clone();
                let at = tampered.index(changed.request.body.len());
                flip(&mut changed.request.body, at);
                prop_assert!(!changed.passes(source), "{}", source.name);
            }
        }
        if !is_asymmetric(source) {
            let mut other = case.clone();
            let at = tampered.index(other.secret.len());
            flip(&mut other.secret, at);
            prop_assert!(!other.passes(source), "{}", source.name);
        }
    }

    #[test]
    fn any_header_is_answered(at in any::<Index>(), value in "[ -~]{0,80}", stamp in "[0-9A-Za-z:, -]{0,30}") {
        let source = &SCHEMES[at.index(SCHEMES.len())];
        let mut headers = vec![("authorization".to_owned(), value.clone())];
        for scheme in &source.verify {
            match scheme {
                Verify::Signature(signature) => {
                    headers.extend(signature.headers.iter().map(|name| (name.clone(), value.clone())));
                    let stamps = signature.timestamp.iter().flat_map(|spec| &spec.headers);
                    headers.extend(stamps.map(|name| (name.clone(), stamp.clone())));
                    headers.extend(signature.given.iter().cloned());
                }
                Verify::Jwt(jwt) => headers.extend(jwt.headers.iter().map(|name| (name.clone(), value.clone()))),
                _ => {}
            }
        }
        let case = Case {
            secret: secret_of(source).into_bytes(),
            request: request("POST", Headers(headers), b"{}".to_vec()),
            url: String::new(),
            now: Timestamp::from_second(1_790_000_000).unwrap(),
        };
        prop_assert!(!case.passes(source));
    }
}

/// Public keys alone verify what the private ones sign; a key of another pair does not.
#[test]
fn public_keys() {
    let rsa = verifying(
        "[verify.rsa]\nencoding = \"base64\"\nheader = \"x-signature\"\nsigned = \"{body}\"\n",
    );
    let ed25519 = verifying(
        "[verify.ed25519]\nencoding = \"base64\"\nheader = \"x-signature\"\nkey_prefix = [\"whpk_\", \"whsk_\"]\nsigned = \"{body}\"\n",
    );
    let joined = include_str!("rsa_key.pub.pem").replace('\n', "\\n");
    let other = include_str!("rsa_key.pub.pem").replace("QAB", "QAD");
    let public = "whpk_6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=";
    for (source, key, expected) in [
        (&rsa, include_str!("rsa_key.pub.pem"), Some(0)),
        (&rsa, &joined, Some(0)),
        (&rsa, &other, None),
        (&ed25519, public, Some(0)),
        (&ed25519, &public.replace("6kps", "6kpt"), None),
    ] {
        let mut case = signed_case(
            source,
            &secret_of(source),
            b"{}".to_vec(),
            "",
            dry::received_at(),
        );
        case.secret = key.as_bytes().to_vec();
        assert_eq!(case.verify(source).ok().flatten(), expected, "{key}");
        let headers = Headers::default();
        let unsigned = Unsigned {
            method: "POST",
            url: "",
            headers: &headers,
            body: b"{}",
            id: "",
            now: dry::received_at(),
        };
        assert!(sign(source, key, &unsigned).is_err(), "{key} signs");
    }
}

/// A token that names another algorithm, another issuer or another body, or that is over, proves nothing.
#[test]
fn tokens() {
    let source =
        verifying("[verify.jwt]\nheader = \"x-token\"\nissuer = \"acme\"\nbody = \"sha256\"\n");
    let hash = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"; // of {}
    for (head, claims, expected) in [
        (
            r#"{"alg":"HS256"}"#,
            format!(r#"{{"iss":"acme","sha256":"{hash}"}}"#),
            "",
        ),
        (
            r#"{"alg":"none"}"#,
            format!(r#"{{"iss":"acme","sha256":"{hash}"}}"#),
            "HS256",
        ),
        (
            r#"{"alg":"HS256"}"#,
            format!(r#"{{"iss":"other","sha256":"{hash}"}}"#),
            "issuer",
        ),
        (
            r#"{"alg":"HS256"}"#,
            r#"{"iss":"acme","sha256":"00"}"#.to_owned(),
            "another body",
        ),
        (
            r#"{"alg":"HS256"}"#,
            r#"{"iss":"acme"}"#.to_owned(),
            "another body",
        ),
        (
            r#"{"alg":"HS256"}"#,
            format!(r#"{{"iss":"acme","sha256":"{hash}","exp":1}}"#),
            "expired",
        ),
    ] {
        let token = token(head, &claims, b"a shared secret");
        let headers = Headers(vec![("x-token".to_owned(), token)]);
        let case = Case {
            secret: b"a shared secret".to_vec(),
            request: request("POST", headers, b"{}".to_vec()),
            url: String::new(),
            now: dry::received_at(),
        };
        match case.verify(&source) {
            Ok(_) => assert_eq!(expected, "", "{head} {claims}"),
            Err(rejection) => {
                let sentence = rejection.to_string();
                assert!(
                    !expected.is_empty() && sentence.contains(expected),
                    "{sentence}"
                );
            }
        }
    }
}

fn token(head: &str, claims: &str, key: &[u8]) -> String {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use hmac::{Hmac, KeyInit, Mac};
    let signed = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(head),
        URL_SAFE_NO_PAD.encode(claims)
    );
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key).unwrap();
    mac.update(signed.as_bytes());
    let tag = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
    format!("{signed}.{tag}")
}

/// Several proofs in one request: the first that holds counts, and the first that was tried explains a refusal.
#[test]
fn alternatives() {
    let source = verifying(
        "[[verify.hmac]]\nalgorithm = \"sha256\"\nencoding = \"hex\"\nheader = \"x-new\"\nsigned = \"{body}\"\n[[verify.key]]\nquery = \"key\"\n[verify.bearer]\n",
    );
    let secret = "a secret of the sender";
    for (new, query, bearer, expected) in [
        (None, "", None, "header x-new"),
        (Some("00"), "", None, "x-new was not made"),
        (Some("00"), "key=a+secret+of+the+sender", None, "key"),
        (Some("00"), "key=other", None, "x-new was not made"),
        (None, "", Some("Bearer a secret of the sender"), "bearer"),
        (None, "key=other", Some("Bearer x"), "the key is none"),
    ] {
        let new = new.map(|value| ("x-new".to_owned(), value.to_owned()));
        let bearer = bearer.map(|value| ("authorization".to_owned(), value.to_owned()));
        let headers = Headers(new.into_iter().chain(bearer).collect());
        let mut request = request("POST", headers, b"{}".to_vec());
        request.query = query.to_owned();
        let settings = Settings::defaults(&source);
        let verifier =
            Verifier::compile(&source, &endpoint(&source, secret), String::new(), settings)
                .unwrap();
        let found = match verifier.verify(request, dry::received_at()) {
            Ok(verified) => verified.into_parts().1.scheme,
            Err(unproven) => unproven.rejection.to_string(),
        };
        assert!(found.contains(expected), "{found}, not {expected}");
    }
}

/// The endpoint that the other tests make is the one that a config would make.
#[test]
fn made_endpoints_are_configured_ones() {
    let source = verifying("[verify.bearer]\n");
    let config = configured("", "secrets = [\"a secret of the sender\"]");
    let Endpoint { name, secrets, .. } = endpoint(&source, "a secret of the sender");
    assert_eq!(name, config.endpoints[0].name);
    assert_eq!(secrets.len(), config.endpoints[0].secrets.len());
}
