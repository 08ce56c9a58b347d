//! The rejection explainer: what the operator is told of a request that nobody vouches for, and what the sender is not.

use std::net::{IpAddr, Ipv4Addr};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use frontdesk::console::words::{Language, Words};
use frontdesk::ingest::intake::Intake;
use frontdesk::ingest::receive::{Incoming, Received, receive};
use frontdesk::ingest::refusal;
use frontdesk::ingest::sign::{Unsigned, sign};
use frontdesk::model::event::Note;
use frontdesk::model::request::Headers;
use frontdesk::model::said::Said;
use frontdesk::source::declaration::Source;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::{any, proptest};

use crate::made::{built_in, intake, intake_of, verifying};

const SECRET: &str = "a secret of the shop";
const URL: &str = "https://hooks.example.com/hooks/in";
const BODY: &str = r#"{"name": "Zoë", "id": 1}"#;
const SIGNED: &str = "[verify.hmac]\nalgorithm = \"sha256\"\nencoding = \"hex\"\nheader = \"x-signature\"\nprefix = \"sha256=\"\nsigned = \"{body}\"";
const WITH_URL: &str = "[verify.hmac]\nalgorithm = \"sha256\"\nencoding = \"base64\"\nheader = \"x-signature\"\nsigned = \"{url}{body}\"";

fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

/// A request of a sender, and what is wrong about it.
struct Sent {
    secret: String,
    url: String,
    signed_body: Vec<u8>,
    sent_body: Vec<u8>,
    query: String,
    signed_at: Timestamp,
    /// Headers beside the proof.
    headers: Vec<(String, String)>,
    /// What becomes of a header of the proof on its way.
    change: fn(&str, &str) -> Option<String>,
}

impl Default for Sent {
    fn default() -> Self {
        Sent {
            secret: SECRET.to_owned(),
            url: URL.to_owned(),
            signed_body: BODY.into(),
            sent_body: BODY.into(),
            query: String::new(),
            signed_at: now(),
            headers: Vec::new(),
            change: |_, value| Some(value.to_owned()),
        }
    }
}

impl Sent {
    fn body(signed: &[u8], sent: &[u8]) -> Self {
        Sent {
            signed_body: signed.to_vec(),
            sent_body: sent.to_vec(),
            ..Sent::default()
        }
    }

    fn secret(secret: &str) -> Self {
        Sent {
            secret: secret.to_owned(),
            ..Sent::default()
        }
    }

    fn changed(change: fn(&str, &str) -> Option<String>) -> Self {
        Sent {
            change,
            ..Sent::default()
        }
    }

    fn incoming(&self, source: &Source) -> Incoming {
        let mut headers = Headers::from([("content-type", "application/json")]);
        headers.0.extend(self.headers.clone());
        let proof = sign(
            source,
            &self.secret,
            &Unsigned {
                method: "POST",
                url: &self.url,
                headers: &headers,
                body: &self.signed_body,
                id: "msg_1",
                now: self.signed_at,
            },
        )
        .unwrap();
        let changed = proof.headers.0.into_iter();
        headers.0.extend(changed.filter_map(|(name, value)| {
            let value = (self.change)(&name, &value)?;
            Some((name, value))
        }));
        let query = match (&proof.query, self.query.as_str()) {
            (Some(query), _) => query.clone(),
            (None, query) => query.to_owned(),
        };
        Incoming {
            method: "POST".to_owned(),
            query,
            headers,
            body: proof.body.unwrap_or_else(|| self.sent_body.clone()),
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        }
    }
}

/// What the operator reads, and what the sender heard.
fn refused(intake: &Intake, incoming: Incoming, others: &[Intake]) -> (Vec<Note>, String) {
    match receive(intake, incoming, now()) {
        Received::Refused(rejection, raw) => {
            let record = refusal::read(intake, &raw, &rejection, others.iter());
            assert_eq!(record.detail, rejection.said());
            assert_ne!(in_spanish(&record.detail), *record.detail);
            (record.diagnosis, record.detail.to_string())
        }
        other => panic!("{other:?}"),
    }
}

/// As a reader of Spanish is told: the console knows the sentence and each part of it.
fn in_spanish(said: &Said) -> String {
    Words::of(Language::Spanish).said(said)
}

fn check(intake: &Intake, incoming: Incoming, others: &[Intake], expected: &[(&str, &str)]) {
    let (notes, detail) = refused(intake, incoming, others);
    let names: Vec<&str> = notes.iter().map(|note| note.name.as_str()).collect();
    let wanted: Vec<&str> = expected.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, wanted, "{notes:?}");
    for (note, (_, words)) in notes.iter().zip(expected) {
        assert!(
            note.message.contains(words),
            "{:?} does not say {words:?}",
            note.message
        );
        assert_ne!(in_spanish(&note.message), *note.message);
        // What can be seen of the sender's own headers is no secret, and helps both.
        let is_plain = ["signed_parts", "encoding"].contains(&note.name.as_str());
        assert!(
            is_plain || !detail.contains(&*note.message),
            "the sender is not told: {detail}"
        );
    }
}

fn shop() -> (Source, Intake) {
    let source = verifying(SIGNED);
    let lines = format!(
        "secrets = [\"an older live secret\", \"{SECRET}\"]\nretired_secrets = [\"a secret of last year\"]"
    );
    let intake = intake(&source, &lines);
    (source, intake)
}

#[test]
fn how_a_signature_is_written() {
    let (source, shop) = shop();
    let right = ("right_otherwise", "the signature itself is right");
    let as_base64 = |value: &str| {
        let bytes = hex::decode(value.strip_prefix("sha256=").unwrap()).unwrap();
        STANDARD.encode(bytes)
    };
    for (change, expected) in [
        (
            (|_, _| None) as fn(&str, &str) -> Option<String>,
            vec![("proof_missing", "no header that looks like a proof")],
        ),
        (
            |_, value| Some(value.replace("sha256=", "sha1=")),
            vec![("prefix", "begins with \"sha1\""), right],
        ),
        (
            |_, value| Some(value.replace("sha256=", "")),
            vec![("prefix", "the prefix \"sha256=\" is missing"), right],
        ),
        (
            |_, value| Some(value[..47].to_owned()),
            vec![
                (
                    "length",
                    "has 20 bytes, as SHA-1 makes them, 32 are expected",
                ),
                ("unexplained", "another secret"),
            ],
        ),
        (
            |_, _| Some("sha256=".to_owned()),
            vec![("empty", "holds no signature")],
        ),
        (
            |_, _| Some("sha256=***".to_owned()),
            vec![("encoding", "a masked signature")],
        ),
        (
            |_, _| Some("sha256=zz".to_owned()),
            vec![("encoding", "is not hexadecimal")],
        ),
    ] {
        check(
            &shop,
            Sent::changed(change).incoming(&source),
            &[],
            &expected,
        );
    }
    let mut incoming = Sent::default().incoming(&source);
    let signature = &mut incoming.headers.0.last_mut().unwrap().1;
    *signature = format!("sha256={}", as_base64(signature));
    check(
        &shop,
        incoming,
        &[],
        &[
            ("encoding", "is written in base64, hexadecimal is expected"),
            right,
        ],
    );
    let mut incoming = Sent::changed(|_, _| None).incoming(&source);
    incoming
        .headers
        .0
        .push(("x-hub-signature".to_owned(), "sha1=00".to_owned()));
    check(
        &shop,
        incoming,
        &[],
        &[("proof_missing", "it has x-hub-signature")],
    );
}

/// Of a source with two schemes only the one that is meant is spoken of, and what both miss is said once.
#[test]
fn schemes_that_share_a_header() {
    let source = built_in("standard_webhooks");
    let shared = format!("secrets = [\"whsec_{}\"]", STANDARD.encode([7; 32]));
    let intake = intake(&source, &shared);
    let incoming = |signature: String| Incoming {
        method: "POST".to_owned(),
        query: String::new(),
        headers: Headers::from([
            ("webhook-id", "msg_1"),
            ("webhook-timestamp", "1772366400"),
            ("webhook-signature", signature.as_str()),
        ]),
        body: BODY.into(),
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
    };
    for (signature, expected) in [
        (
            format!("v1,{}", STANDARD.encode([1; 32])),
            vec![("unexplained", "another secret")],
        ),
        (
            format!("v1a,{}", STANDARD.encode([1; 64])),
            vec![(
                "key_kind",
                "a v1a signature, which is checked with the sender's public key",
            )],
        ),
        (
            format!(
                "v1a,{} v1,{}",
                STANDARD.encode([1; 64]),
                STANDARD.encode([1; 32])
            ),
            vec![("unexplained", "another secret")],
        ),
        (
            "hello".to_owned(),
            vec![
                ("list", "no list of `name,value`"),
                ("encoding", "is not base64"),
            ],
        ),
    ] {
        check(&intake, incoming(signature), &[], &expected);
    }
}

#[test]
fn hexadecimal_where_base64_is_expected() {
    let source = verifying(
        "[verify.hmac]\nalgorithm = \"sha256\"\nencoding = \"base64\"\nheader = \"x-signature\"\nsigned = \"{body}\"",
    );
    let intake = intake(&source, &format!("secrets = [\"{SECRET}\"]"));
    let hex = |_: &str, value: &str| Some(hex::encode(STANDARD.decode(value).unwrap()));
    let right = ("right_otherwise", "itself is right");
    check(
        &intake,
        Sent::changed(hex).incoming(&source),
        &[],
        &[
            ("encoding", "written in hexadecimal, base64 is expected"),
            right,
        ],
    );
    let twice = |_: &str, value: &str| {
        let hex = hex::encode(STANDARD.decode(value).unwrap());
        Some(STANDARD.encode(hex))
    };
    check(
        &intake,
        Sent::changed(twice).incoming(&source),
        &[],
        &[("encoding", "base64 of hexadecimal"), right],
    );
    let for_urls = |_: &str, value: &str| Some(value.replace('+', "-").replace('/', "_"));
    let body = (0..)
        .map(|n: u32| n.to_string().into_bytes())
        .find(|body| {
            Sent::body(body, body).incoming(&source).headers.0[1]
                .1
                .contains('+')
        })
        .unwrap();
    let sent = Sent {
        change: for_urls,
        ..Sent::body(&body, &body)
    };
    check(
        &intake,
        sent.incoming(&source),
        &[],
        &[("encoding", "base64 for URLs"), right],
    );
}

#[test]
fn bodies_that_were_written_anew() {
    let (source, shop) = shop();
    for (signed, sent, words) in [
        (
            r#"{"name": "Zo\u00eb", "id": 1}"#,
            r#"{"name":"Zoë","id":1}"#,
            "Python",
        ),
        (
            r#"{"name":"Zoë","id":1}"#,
            r#"{"name": "Zoë", "id": 1}"#,
            "JavaScript",
        ),
        (
            r#"{"u":"https:\/\/a.example\/Zo\u00eb"}"#,
            r#"{"u":"https://a.example/Zoë"}"#,
            "PHP",
        ),
        (r#"{"a":"1 \u003c 2"}"#, r#"{"a": "1 < 2"}"#, "Go"),
        (r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#, "sorted by key"),
        ("{\n  \"a\": 1\n}", r#"{"a":1}"#, "two spaces"),
        ("{}\n", "{}", "with a line end after it"),
        ("{}", "{}\n", "without the line end"),
        ("{\r\n}", "{\n}", "Windows"),
        ("{}", "\u{feff}{}", "byte order mark"),
    ] {
        let sent = Sent::body(signed.as_bytes(), sent.as_bytes());
        check(
            &shop,
            sent.incoming(&source),
            &[],
            &[("body_changed", words)],
        );
    }
    let other = Sent::body(b"{\"id\": 1}", b"{\"id\": 2}");
    check(
        &shop,
        other.incoming(&source),
        &[],
        &[("unexplained", "another secret")],
    );
}

#[test]
fn secrets_that_are_not_the_endpoints() {
    let (source, shop) = shop();
    let other = intake_of("blog", &source, "secrets = [\"the secret of the blog\"]");
    let blog = Sent::secret("the secret of the blog").incoming(&source);
    check(
        &shop,
        blog,
        &[other],
        &[("other_endpoint", "a secret of the endpoint blog")],
    );
    let old = Sent::secret("a secret of last year").incoming(&source);
    check(
        &shop,
        old,
        &[],
        &[("retired_secret", "still uses the old one")],
    );
    for (secret, words) in [
        ("a secret of the shop\n", "a line end after it"),
        (
            "YSBzZWNyZXQgb2YgdGhlIHNob3A=",
            "was given the secret in base64",
        ),
    ] {
        check(
            &shop,
            Sent::secret(secret).incoming(&source),
            &[],
            &[("secret_spelling", words)],
        );
    }
    let spaced = intake(&source, "secrets = [\" a secret of the shop \"]");
    check(
        &spaced,
        Sent::default().incoming(&source),
        &[],
        &[("secret_spelling", "in the config")],
    );
    let quoted = intake(&source, "secrets = [\"'a secret of the shop'\"]");
    check(
        &quoted,
        Sent::default().incoming(&source),
        &[],
        &[("secret_spelling", "quotes")],
    );
    let decoded = intake(&source, "secrets = [\"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"]");
    let base64 = verifying(&format!("{SIGNED}\nkey = \"base64\""));
    let sent = Sent::secret("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").incoming(&base64);
    check(
        &decoded,
        sent,
        &[],
        &[("secret_spelling", "decodes the secret from base64")],
    );
    let sha1 = verifying(&SIGNED.replace("\"sha256\"", "\"sha1\""));
    let sent = Sent::default().incoming(&sha1);
    check(
        &shop,
        sent,
        &[],
        &[("length", "SHA-1"), ("algorithm", "SHA-1")],
    );
}

#[test]
fn clocks_that_are_off() {
    let source = built_in("standard_webhooks");
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let intake = intake(&source, &format!("secrets = [\"{secret}\"]"));
    let at = |minutes: i64| Sent {
        signed_at: now() + SignedDuration::from_mins(minutes),
        ..Sent::secret(secret)
    };
    let right = ("right_otherwise", "only its time is not");
    check(
        &intake,
        at(-25).incoming(&source),
        &[],
        &[("clock", "signed 25 minutes ago"), right],
    );
    check(
        &intake,
        at(70).incoming(&source),
        &[],
        &[("clock", "70 minutes ahead"), right],
    );
    let forged = Sent {
        signed_at: now() + SignedDuration::from_mins(-25),
        ..Sent::secret("whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU=")
    };
    check(
        &intake,
        forged.incoming(&source),
        &[],
        &[("clock", "25 minutes"), ("unexplained", "another secret")],
    );
    let millis = Sent {
        change: |name, value| match name {
            "webhook-timestamp" => Some(format!("{value}000")),
            _ => Some(value.to_owned()),
        },
        ..Sent::secret(secret)
    };
    check(
        &intake,
        millis.incoming(&source),
        &[],
        &[("clock", "written in milliseconds"), ("unexplained", "")],
    );
    let without_id = Sent {
        change: |name, value| (name != "webhook-id").then(|| value.to_owned()),
        ..Sent::secret(secret)
    };
    check(
        &intake,
        without_id.incoming(&source),
        &[],
        &[("signed_parts", "webhook-id"), ("unexplained", "")],
    );
    // The body alone is signed, as many platforms do.
    let plain = verifying(
        "[verify.hmac]\nalgorithm = \"sha256\"\nencoding = \"base64\"\nheader = \"webhook-signature\"\nsigned = \"{body}\"\nkey = \"base64\"\nkey_prefix = \"whsec_\"",
    );
    let mut incoming = Sent::secret(secret).incoming(&plain);
    let signature = &mut incoming.headers.0.last_mut().unwrap().1;
    *signature = format!("v1,{signature}");
    incoming
        .headers
        .0
        .push(("webhook-id".to_owned(), "msg_1".to_owned()));
    incoming.headers.0.push((
        "webhook-timestamp".to_owned(),
        now().as_second().to_string(),
    ));
    check(
        &intake,
        incoming,
        &[],
        &[("signed_parts", "the body alone")],
    );
}

#[test]
fn urls_that_were_signed_instead() {
    let source = verifying(WITH_URL);
    let intake = intake(&source, &format!("secrets = [\"{SECRET}\"]"));
    for (url, query, host) in [
        ("http://hooks.example.com/hooks/in", "", ""),
        ("https://hooks.example.com/hooks/in/", "", ""),
        ("https://hooks.example.com/hooks/in", "a=1", ""),
        (
            "https://old.example.com/hooks/in?a=1",
            "a=1",
            "old.example.com",
        ),
        (
            "http://old.example.com:8080/hooks/in",
            "",
            "old.example.com:8080",
        ),
        ("/hooks/in", "", ""),
    ] {
        let sent = Sent {
            url: url.to_owned(),
            query: query.to_owned(),
            headers: vec![("host".to_owned(), host.to_owned())],
            ..Sent::default()
        };
        check(
            &intake,
            sent.incoming(&source),
            &[],
            &[("url", &format!("signed for the URL {url},"))],
        );
    }
    let elsewhere = Sent {
        url: "https://unknown.example/".to_owned(),
        ..Sent::default()
    };
    check(
        &intake,
        elsewhere.incoming(&source),
        &[],
        &[("unexplained", "")],
    );
}

#[test]
fn plain_keys() {
    let header = verifying("[verify.key]\nheader = \"x-key\"");
    let shop = intake(
        &header,
        "secrets = [\"a-Long-Key\"]\nretired_secrets = [\"an-old-key\"]",
    );
    let other = || intake_of("blog", &header, "secrets = [\"the-key-of-blog\"]");
    let key = |value: &str| {
        let mut incoming = Sent::secret("x").incoming(&header);
        incoming.headers.0.last_mut().unwrap().1 = value.to_owned();
        incoming
    };
    for (value, name, words) in [
        (" ", "empty", "blank"),
        ("{{secret}}", "placeholder", "never filled in"),
        ("${KEY}", "placeholder", "never filled in"),
        ("a-long-key", "secret_spelling", "upper and lower case"),
        (" a-Long-Key ", "secret_spelling", "spaces"),
        ("Bearer a-Long-Key", "secret_spelling", "around it"),
        ("YS1Mb25nLUtleQ==", "secret_spelling", "encoded"),
        ("a%2DLong%2DKey", "secret_spelling", "encoded"),
        ("an-old-key", "retired_secret", "retired"),
        ("the-key-of-blog", "other_endpoint", "the endpoint blog"),
        (
            "something else",
            "unexplained",
            "none that this gateway knows",
        ),
    ] {
        check(&shop, key(value), &[other()], &[(name, words)]);
    }
    let mut misplaced = key("x");
    misplaced.headers.0.pop();
    misplaced.query = "a=1&token=a-Long-Key".to_owned();
    check(
        &shop,
        misplaced,
        &[],
        &[
            ("proof_missing", "no header"),
            ("wrong_place", "the query parameter token"),
        ],
    );
    let basic = verifying("[verify.basic]");
    let door = intake(&basic, "secrets = [\"ana:correct horse\"]");
    for (secret, name, words) in [
        ("ana:wrong", "password", "the user is right"),
        ("bob:correct horse", "user", "the password is right"),
        ("bob:wrong", "unexplained", "none that"),
        ("nothing", "encoding", "no colon"),
    ] {
        check(
            &door,
            Sent::secret(secret).incoming(&basic),
            &[],
            &[(name, words)],
        );
    }
    let mut broken = Sent::secret("a:b").incoming(&basic);
    broken.headers.0.last_mut().unwrap().1 = "Basic !".to_owned();
    let (notes, _) = refused(&door, broken, &[]);
    assert_eq!(notes[0].name, "encoding", "{notes:?}");
}

#[test]
fn tokens() {
    let source =
        verifying("[verify.jwt]\nheader = \"x-token\"\nissuer = \"acme\"\nbody = \"sha256\"");
    let door = intake(
        &source,
        &format!("secrets = [\"{SECRET}\"]\nretired_secrets = [\"an old secret\"]"),
    );
    let spaced = Sent::body(br#"{"a": 1}"#, br#"{"a":1}"#);
    let right = ("right_otherwise", "only what it says");
    check(
        &door,
        spaced.incoming(&source),
        &[],
        &[right, ("body_changed", "Python")],
    );
    check(
        &door,
        Sent::secret("an old secret").incoming(&source),
        &[],
        &[("retired_secret", "retired")],
    );
    check(
        &door,
        Sent::secret("nobody's").incoming(&source),
        &[],
        &[("unexplained", "does not know")],
    );
    let broken = Sent::changed(|_, _| Some("not a token".to_owned()));
    check(
        &door,
        broken.incoming(&source),
        &[],
        &[("shape", "three parts")],
    );
    let unsigned = Sent::changed(|_, value| {
        let rest = value.split_once('.').unwrap().1;
        // {"alg":"none"}
        Some(format!("eyJhbGciOiJub25lIn0.{rest}"))
    });
    check(
        &door,
        unsigned.incoming(&source),
        &[],
        &[("algorithm", "\"none\""), ("unexplained", "")],
    );
}

/// The expected signature is nowhere, and neither is a secret.
#[test]
fn nothing_that_helps_a_forger_is_said() {
    let (source, shop) = shop();
    let forged =
        || Sent::changed(|_, _| Some(format!("sha256={}", "0".repeat(64)))).incoming(&source);
    let right = Sent::default().incoming(&source).headers.0.pop().unwrap().1;
    let right = right.strip_prefix("sha256=").unwrap().to_owned();
    let base64 = STANDARD.encode(hex::decode(&right).unwrap());
    let (notes, detail) = refused(&shop, forged(), &[]);
    let said = format!("{notes:?}{detail}{shop:?}");
    for secret in [
        right.as_str(),
        &base64,
        SECRET,
        "an older live secret",
        "a secret of last year",
    ] {
        assert!(!said.contains(secret), "{secret} in {said}");
    }
    // A request that is refused for anything else is not explained.
    let open = intake(&source, "verify = \"none\"");
    let mut broken = forged();
    broken.body = b"{".to_vec();
    let (notes, _) = refused(&open, broken, &[]);
    assert_eq!(notes, []);
}

/// However large the body and however many the endpoints: a bounded number of attempts.
#[test]
fn work_is_bounded() {
    let (source, shop) = shop();
    let others: Vec<Intake> = (0..200)
        .map(|n| {
            intake_of(
                &format!("e{n}"),
                &source,
                &format!("secrets = [\"secret number {n}\"]"),
            )
        })
        .collect();
    let large = vec![b' '; 1_000_000];
    let sent = Sent {
        secret: "nobody's".to_owned(),
        ..Sent::body(&large, &large)
    };
    check(
        &shop,
        sent.incoming(&source),
        &others,
        &[("unexplained", "too large to try much")],
    );
    // Beyond the first fifty neighbours nobody is asked.
    let far = Sent::secret("secret number 199").incoming(&source);
    check(&shop, far, &others, &[("unexplained", "another secret")]);
    let near = Sent::secret("secret number 7").incoming(&source);
    check(
        &shop,
        near,
        &others,
        &[("other_endpoint", "the endpoint e7")],
    );
}

proptest! {
    #[test]
    fn every_refusal_is_explained(header in "[ -~]{0,80}", body in any::<Vec<u8>>(), query in "[ -~]{0,30}") {
        thread_local! {
            static DOORS: Vec<Intake> = vec![
                shop().1,
                intake(&verifying(WITH_URL), "secrets = [\"a secret of the shop\"]"),
                intake(&built_in("standard_webhooks"), "secrets = [\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"]"),
                intake(&verifying("[verify.jwt]\nheader = \"x-signature\"\nbody = \"sha256\""), "secrets = [\"a secret of the shop\"]"),
                intake(&verifying("[verify.key]\nheader = \"x-signature\""), "secrets = [\"a secret of the shop\"]"),
                intake(&verifying("[verify.basic]"), "secrets = [\"a:secret of the shop\"]"),
            ];
        }
        DOORS.with(|doors| {
            for door in doors {
                let incoming = Incoming {
                    method: "POST".to_owned(),
                    query: query.clone(),
                    headers: Headers::from([
                        ("x-signature", header.as_str()), ("authorization", &format!("Basic {header}")),
                        ("webhook-id", "1"), ("webhook-timestamp", &header), ("webhook-signature", &header),
                    ]),
                    body: body.clone(),
                    peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
                };
                let (notes, _) = refused(door, incoming, &[]);
                assert!(!notes.is_empty());
            }
        });
    }
}
