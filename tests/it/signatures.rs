//! Signature schemes: published vectors, and signing as the inverse of verifying.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use frontdesk::ingest::rejection::Rejection;
use frontdesk::ingest::sign::{Unsigned, sign};
use frontdesk::ingest::verify::hmac::HmacScheme;
use frontdesk::model::request::{Headers, RawRequest};
use frontdesk::source::declaration::{Source, Verify};
use jiff::Timestamp;
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};
use proptest::sample::{Index, select};
use serde_json::Value;

use crate::made::verifying;

const STAMPED_LIST: &str = "[verify.hmac.list]\nseparator = \",\"\nassign = \"=\"\nsignature = \"v1\"\ntimestamp = \"t\"\n[verify.hmac.timestamp]\nunit = \"seconds\"\n";
const STANDARD_LIST: &str = "[verify.hmac.list]\nseparator = \" \"\nassign = \",\"\nsignature = \"v1\"\n[verify.hmac.timestamp]\nheader = [\"webhook-timestamp\", \"svix-timestamp\"]\nunit = \"seconds\"\n";

/// The scheme of a sender as its mapping would declare it; `None` for those that HMAC alone does not express.
fn declared(name: &str, headers: &Value) -> Option<String> {
    let plain = |algorithm: &str, encoding: &str, header: &str, prefix: &str, signed: &str| {
        format!(
            "[verify.hmac]\nalgorithm = \"{algorithm}\"\nencoding = \"{encoding}\"\nheader = \"{header}\"\nprefix = \"{prefix}\"\nsigned = \"{signed}\"\n"
        )
    };
    let body = |encoding: &str, header: &str, prefix: &str| {
        plain("sha256", encoding, header, prefix, "{body}")
    };
    let stamp = |header: &str, unit: &str| {
        format!("[verify.hmac.timestamp]\nheader = \"{header}\"\nunit = \"{unit}\"\n")
    };
    let stamped =
        |header: &str| plain("sha256", "hex", header, "", "{timestamp}.{body}") + STAMPED_LIST;
    let standard = |key: &str| {
        "[verify.hmac]\nalgorithm = \"sha256\"\nencoding = \"base64\"\nheader = [\"webhook-signature\", \"svix-signature\"]\nsigned = \"{id}.{timestamp}.{body}\"\nid = [\"webhook-id\", \"svix-id\"]\n"
            .to_owned()
            + key
            + STANDARD_LIST
    };
    Some(match name {
        "standard_webhooks" | "svix" => standard("key = \"base64\"\nkey_prefix = \"whsec_\"\n"),
        "bigcommerce" => standard(""),
        "github" | "meta" => body("hex", "x-hub-signature-256", "sha256="),
        "jira" => body("hex", "x-hub-signature", "sha256="),
        "intercom" => plain("sha1", "hex", "x-hub-signature", "sha1=", "{body}"),
        "helpscout" => plain("sha1", "base64", "x-helpscout-signature", "", "{body}"),
        "shopify" => body("base64", "x-shopify-hmac-sha256", ""),
        "tally" => body("base64", "tally-signature", ""),
        "typeform" => body("base64", "typeform-signature", "sha256="),
        "woocommerce" => body("base64", "x-wc-webhook-signature", ""),
        "calcom" => body("hex", "x-cal-signature-256", ""),
        "linkedin" => plain("sha256", "hex", "x-li-signature", "", "hmacsha256={body}"),
        "square" => plain(
            "sha256",
            "base64",
            "x-square-hmacsha256-signature",
            "",
            "{url}{body}",
        ),
        "slack" => {
            plain(
                "sha256",
                "hex",
                "x-slack-signature",
                "v0=",
                "v0:{timestamp}:{body}",
            ) + &stamp("x-slack-request-timestamp", "seconds")
        }
        "zendesk" => {
            plain(
                "sha256",
                "base64",
                "x-zendesk-webhook-signature",
                "",
                "{timestamp}{body}",
            ) + &stamp("x-zendesk-webhook-signature-timestamp", "rfc3339")
        }
        "klaviyo" => {
            plain(
                "sha256",
                "hex",
                "klaviyo-signature",
                "",
                "{body}{timestamp}",
            ) + &stamp("klaviyo-timestamp", "http_date")
        }
        "webflow" => {
            plain(
                "sha256",
                "hex",
                "x-webflow-signature",
                "",
                "{timestamp}:{body}",
            ) + &stamp("x-webflow-timestamp", "milliseconds")
        }
        "front" => {
            plain(
                "sha256",
                "base64",
                "x-front-signature",
                "",
                "{timestamp}:{body}",
            ) + &stamp("x-front-request-timestamp", "seconds")
        }
        "hubspot" if headers.get("x-hubspot-signature-v3").is_some() => {
            plain(
                "sha256",
                "base64",
                "x-hubspot-signature-v3",
                "",
                "{method}{url}{body}{timestamp}",
            ) + &stamp("x-hubspot-request-timestamp", "milliseconds")
        }
        "stripe" => stamped("stripe-signature"),
        "calendly" => stamped("calendly-webhook-signature"),
        "formspree" => stamped("formspree-signature"),
        "mailchimp" => stamped("x-mailchimp-signature"),
        "tiktok" => stamped("tiktok-signature").replace("\"v1\"", "\"s\""),
        // Covers fields of the body instead of the body.
        "ecwid" => return None,
        // Plain SHA-256 with the secret in front.
        "hubspot" => return None,
        other => panic!("no scheme for {other}"),
    })
}

#[derive(Debug, Clone)]
struct Case {
    secret: Vec<u8>,
    request: RawRequest,
    url: String,
    now: Timestamp,
}

impl Case {
    fn of(vector: &Value) -> Self {
        let text = |name: &str| vector[name].as_str().unwrap_or_default().to_owned();
        let headers = vector["headers"].as_object().unwrap();
        Case {
            secret: text("secret").into_bytes(),
            request: RawRequest {
                id: uuid::Uuid::nil(),
                endpoint: "in".to_owned(),
                method: text("method"),
                query: String::new(),
                headers: Headers(
                    headers
                        .iter()
                        .map(|(k, v)| (k.clone(), v.as_str().unwrap().to_owned()))
                        .collect(),
                ),
                body: text("body").into_bytes(),
                peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
                received_at: Timestamp::UNIX_EPOCH,
            },
            url: text("url"),
            now: Timestamp::from_second(vector["now"].as_i64().unwrap_or(0)).unwrap(),
        }
    }

    /// `None` when the secret is no key at all.
    fn verify(&self, source: &Source) -> Option<Result<usize, Rejection>> {
        let [Verify::Hmac(declared)] = source.verify.as_slice() else {
            panic!("one scheme");
        };
        let secret = std::str::from_utf8(&self.secret).ok()?;
        let scheme = HmacScheme::compile((**declared).clone(), [secret].into_iter())?;
        let missing = || Err(scheme.missing());
        Some(
            scheme
                .verify(&self.request, &self.url, self.now)
                .unwrap_or_else(missing),
        )
    }

    fn passes(&self, source: &Source) -> bool {
        matches!(self.verify(source), Some(Ok(0)))
    }
}

fn flip(bytes: &mut [u8], at: usize) {
    bytes[at] ^= 1;
}

/// One byte of the body, the secret or a signed header differs: nothing of it may pass.
fn check_tampering(case: &Case, source: &Source) {
    for at in 0..case.request.body.len() {
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
        for at in 0..case.request.headers.0[header].1.len() {
            let mut changed = case.clone();
            let mut value = case.request.headers.0[header].1.clone().into_bytes();
            flip(&mut value, at);
            changed.request.headers.0[header].1 = String::from_utf8(value).unwrap();
            assert!(
                !changed.passes(source),
                "byte {at} of header {header} of {case:?}"
            );
        }
        let mut changed = case.clone();
        changed.request.headers.0.remove(header);
        assert!(
            !changed.passes(source),
            "without header {header} of {case:?}"
        );
    }
}

fn vectors() -> Vec<Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = [
        "../shared/payloads/vectors.json",
        "../../shared/payloads/vectors.json",
    ]
    .iter()
    .find_map(|path| std::fs::read_to_string(root.join(path)).ok());
    let Some(text) = found else {
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
    let mut checked = 0;
    for vector in vectors() {
        let unsigned = vector.get("headers").is_none();
        let asymmetric = vector["secret"].as_str().unwrap().starts_with("whpk_");
        if unsigned || asymmetric {
            continue;
        }
        let name = vector["source"].as_str().unwrap();
        let Some(declared) = declared(name, &vector["headers"]) else {
            continue;
        };
        let source = verifying(&declared);
        let case = Case::of(&vector);
        let expected = vector["expect_valid"].as_bool().unwrap();
        let verified = case.verify(&source);
        assert_eq!(
            matches!(verified, Some(Ok(0))),
            expected,
            "{name} {verified:?}: {vector}"
        );
        let several = vector["note"].as_str().unwrap_or_default();
        // A list with decoys, and Klaviyo's id header, have bytes that nothing covers.
        if expected && !several.contains("matches") && name != "klaviyo" {
            check_tampering(&case, &source);
        }
        checked += 1;
    }
    assert!(
        checked == 0 || checked > 25,
        "only {checked} vectors were checked"
    );
}

#[test]
fn time_limits_hold_in_both_directions() {
    let source = verifying(&declared("stripe", &Value::Null).unwrap());
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
        let signed = sign(&source, "stripe-secret", &unsigned).unwrap();
        let mut case = Case::of(
            &serde_json::json!({"secret": "stripe-secret", "body": "{}", "headers": {}, "now": now}),
        );
        case.request.headers = signed.headers;
        match case.verify(&source).unwrap() {
            Ok(0) => assert_eq!(expected, ""),
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

const NAMES: &[&str] = &[
    "standard_webhooks",
    "bigcommerce",
    "github",
    "jira",
    "intercom",
    "helpscout",
    "shopify",
    "typeform",
    "linkedin",
    "square",
    "slack",
    "zendesk",
    "klaviyo",
    "webflow",
    "front",
    "stripe",
    "tiktok",
];

fn schemes() -> impl Strategy<Value = Source> {
    thread_local! {
        static MADE: Vec<Source> = NAMES.iter().map(|name| verifying(&declared(name, &Value::Null).unwrap())).collect();
    }
    select((0..NAMES.len()).collect::<Vec<_>>()).prop_map(|at| MADE.with(|made| made[at].clone()))
}

fn secrets() -> impl Strategy<Value = String> {
    // Base64 of 24 bytes: a key in every form.
    "[A-Za-z0-9+/]{32}"
}

proptest! {
    #[test]
    fn what_is_signed_verifies_and_nothing_else(
        source in schemes(),
        secret in secrets(),
        body in any::<Vec<u8>>(),
        id in "[a-z0-9_]{1,20}",
        seconds in 1_000_000_000_i64..4_000_000_000,
        query in "(|a=1&b=%20)",
        tampered in any::<Index>(),
    ) {
        let now = Timestamp::from_second(seconds).unwrap();
        let url = "https://hooks.example.com/hooks/in";
        let full = if query.is_empty() { url.to_owned() } else { format!("{url}?{query}") };
        let headers = Headers::default();
        let unsigned = Unsigned { method: "POST", url: &full, headers: &headers, body: &body, id: &id, now };
        let signed = sign(&source, &secret, &unsigned).unwrap();
        let case = Case {
            secret: secret.into_bytes(),
            request: RawRequest {
                id: uuid::Uuid::nil(),
                endpoint: "in".to_owned(),
                method: "POST".to_owned(),
                query,
                headers: signed.headers,
                body,
                peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
                received_at: now,
            },
            url: url.to_owned(),
            now,
        };
        prop_assert_eq!(case.verify(&source), Some(Ok(0)));
        let mut longer = case.clone();
        longer.request.body.push(0);
        prop_assert!(!longer.passes(&source));
        if !case.request.body.is_empty() {
            let mut changed = case.clone();
            let at = tampered.index(changed.request.body.len());
            flip(&mut changed.request.body, at);
            prop_assert!(!changed.passes(&source));
        }
        let mut other = case.clone();
        let at = tampered.index(other.secret.len());
        flip(&mut other.secret, at);
        prop_assert!(!other.passes(&source));
    }

    #[test]
    fn any_header_is_answered(source in schemes(), value in "[ -~]{0,80}", stamp in "[0-9A-Za-z:, -]{0,30}") {
        let mut case = Case::of(&serde_json::json!({
            "secret": "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "body": "{}", "headers": {}, "now": 1_790_000_000,
        }));
        let [Verify::Hmac(declared)] = source.verify.as_slice() else { panic!("one scheme") };
        let names = declared.headers.iter().map(|name| (name.clone(), value.clone()));
        let stamps = declared.timestamp.iter().flat_map(|spec| &spec.headers).map(|name| (name.clone(), stamp.clone()));
        case.request.headers = Headers(names.chain(stamps).collect());
        prop_assert!(!case.passes(&source));
    }
}
