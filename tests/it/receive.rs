//! Receiving at its boundary: a request in, an arrival, a handshake's answer or a refusal out.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};

use flate2::Compression;
use flate2::write::GzEncoder;
use frontdesk::ingest::intake::Intake;
use frontdesk::ingest::receive::{Incoming, Kept, Received, receive};
use frontdesk::ingest::refusal;
use frontdesk::ingest::rejection::Rejection;
use frontdesk::ingest::sign::{Unsigned, sign};
use frontdesk::model::event::{EventStatus, NewEvent};
use frontdesk::model::request::Headers;
use frontdesk::source::declaration::Source;
use jiff::Timestamp;
use proptest::prelude::{any, proptest};
use proptest::sample::select;

use crate::made::{built_in, configured, intake, source};

const ORDERS: &str = r#"
[body]
accepts = ["json"]
redact = ["internal.token"]

[delivery]
event = "header['x-topic']"
id = "header['x-id']"
time = "body.at"

[verify.hmac]
algorithm = "sha256"
encoding = "hex"
header = ["x-signature", "x-old-signature"]
signed = "{body}"

[[event]]
name = "order.*"
schema = "order"
[event.order]
external_id = "body.id"

[[event]]
name = "ping"
ignore = true
"#;
const ORDER: &str =
    r#"{"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}"#;
const SECRET: &str = "a secret of the shop";

fn orders() -> Source {
    source(ORDERS, &[("order", ORDER)])
}

fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn post(headers: &[(&str, &str)], body: &[u8]) -> Incoming {
    Incoming {
        method: "POST".to_owned(),
        query: String::new(),
        headers: Headers(
            headers
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect(),
        ),
        body: body.to_vec(),
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
    }
}

/// A POST signed with `secret`.
fn signed(source: &Source, secret: &str, headers: &[(&str, &str)], body: &[u8]) -> Incoming {
    let mut request = post(headers, body);
    let unsigned = Unsigned {
        method: "POST",
        url: "https://hooks.example.com/hooks/in",
        headers: &request.headers,
        body,
        id: "msg_1",
        now: now(),
    };
    let proof = sign(source, secret, &unsigned).unwrap();
    request.headers.0.extend(proof.headers.0);
    request.query = proof.query.unwrap_or_default();
    request.body = proof.body.unwrap_or(request.body);
    request
}

fn kept(intake: &Intake, request: Incoming) -> Kept {
    match receive(intake, request, now()) {
        Received::Events(kept) => *kept,
        other => panic!("{other:?}"),
    }
}

fn only(kept: &Kept) -> &NewEvent {
    assert_eq!(kept.arrival.events.len(), 1);
    &kept.arrival.events[0]
}

fn refused(intake: &Intake, request: Incoming) -> Rejection {
    match receive(intake, request, now()) {
        Received::Refused(rejection, _) => rejection,
        other => panic!("{other:?}"),
    }
}

fn check_refusal(intake: &Intake, request: Incoming, code: &str, words: &str) {
    let rejection = refused(intake, request);
    let sentence = rejection.to_string();
    assert_eq!(rejection.code(), code, "{sentence}");
    assert!(
        sentence.contains(words),
        "{sentence:?} does not say {words:?}"
    );
}

fn shop() -> (Source, Intake) {
    let source = orders();
    let intake = intake(
        &source,
        &format!("secrets = [\"an older secret\", \"{SECRET}\"]"),
    );
    (source, intake)
}

const JSON: (&str, &str) = ("content-type", "application/json");

#[test]
fn an_event_arrives() {
    let (source, intake) = shop();
    let headers = [
        JSON,
        ("x-topic", "order.created"),
        ("x-id", "d-1"),
        ("authorization", "x"),
    ];
    let body = br#"{"id": 1, "at": "2026-03-01T11:59:58Z"}"#;
    let kept = kept(&intake, signed(&source, SECRET, &headers, body));
    assert_eq!(kept.complaint, None);
    let event = only(&kept);
    assert_eq!(event.status, EventStatus::Pending);
    assert_eq!(event.event_type, "order.created");
    assert_eq!(event.delivery_id.as_deref(), Some("d-1"));
    assert_eq!(
        event.event_time.unwrap().to_string(),
        "2026-03-01T11:59:58Z"
    );
    assert_eq!(event.dedupe.window, None);
    let arrival = &kept.arrival;
    assert_eq!(arrival.request.body, body);
    assert_eq!(
        (arrival.verdict.scheme.as_str(), arrival.verdict.secret),
        ("hmac", Some(1))
    );
    assert_eq!(arrival.request.headers.get("x-signature"), Some("***"));
    assert_eq!(arrival.request.headers.get("authorization"), Some("***"));
    assert_eq!(
        arrival.request.headers.get("x-topic"),
        Some("order.created")
    );
}

#[test]
fn refusals_by_signature() {
    let (source, intake) = shop();
    let headers = [JSON, ("x-topic", "order.created")];
    let good = || signed(&source, SECRET, &headers, b"{\"id\": 1}");
    check_refusal(
        &intake,
        post(&headers, b"{}"),
        "signature_missing",
        "x-signature or x-old-signature",
    );
    let with = |signature: &str| {
        let mut request = good();
        request.headers.0.last_mut().unwrap().1 = signature.to_owned();
        request
    };
    let right = good().headers.get("x-signature").unwrap().to_owned();
    assert!(matches!(
        receive(&intake, with(&right.to_uppercase()), now()),
        Received::Events(_)
    ));
    assert!(matches!(
        receive(&intake, with(&format!(" {right} ")), now()),
        Received::Events(_)
    ));
    for (signature, words) in [
        (&right[..62], "was not made with"),
        (&right[..63], "is not hexadecimal"),
        ("", "is not hexadecimal"),
        ("zz", "is not hexadecimal"),
        (&"0".repeat(64), "was not made with"),
    ] {
        check_refusal(&intake, with(signature), "signature_mismatch", words);
        assert!(
            !refused(&intake, with(signature))
                .to_string()
                .contains(&right)
        );
    }
    check_refusal(
        &intake,
        signed(&source, "another secret", &headers, b"{}"),
        "signature_mismatch",
        "changed the body",
    );
}

#[test]
fn plain_keys() {
    let events = "[delivery]\nevent = \"'x'\"\n[[event]]\nname = \"*\"\n[event.lead]\ntitle = \"body.title\"\n";
    let secrets = "secrets = [\"older-key-1\", \"user:pa ss\"]";
    for (verify, scheme) in [
        ("[verify.key]\nheader = \"X-Api-Key\"", "key"),
        ("[verify.key]\nquery = \"token\"", "key"),
        ("[verify.key]\nfield = \"google_key\"", "key"),
        ("[verify.basic]", "basic"),
        ("[verify.bearer]", "bearer"),
    ] {
        let source = source(&format!("{verify}\n{events}"), &[]);
        let intake = intake(&source, secrets);
        let body = b"{\"title\": \"t\"}";
        let kept = kept(&intake, signed(&source, "user:pa ss", &[JSON], body));
        let arrival = &kept.arrival;
        assert_eq!(
            (arrival.verdict.scheme.as_str(), arrival.verdict.secret),
            (scheme, Some(1)),
            "{verify}"
        );
        assert_eq!(only(&kept).status, EventStatus::Pending);
        let stored = format!(
            "{:?}{}",
            arrival.request,
            String::from_utf8_lossy(&arrival.request.body)
        );
        assert!(
            !stored.contains("pa ss") && !stored.contains("pa+ss"),
            "{verify}: {stored}"
        );
        assert!(!stored.contains("dXNlcj"), "{verify}: {stored}");
        check_refusal(
            &intake,
            signed(&source, "wrong", &[JSON], body),
            "key_invalid",
            "none of this endpoint's",
        );
        check_refusal(&intake, post(&[JSON], body), "key_invalid", "is missing");
    }
}

#[test]
fn stale_timestamps_are_told_apart() {
    let source = built_in("standard_webhooks");
    let intake = intake(
        &source,
        "secrets = [\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"]",
    );
    let body = br#"{"type": "lead.created", "data": {}}"#;
    let request = || {
        signed(
            &source,
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            &[JSON],
            body,
        )
    };
    assert!(matches!(
        receive(&intake, request(), now()),
        Received::Events(_)
    ));
    let late = now() + jiff::SignedDuration::from_secs(1_500);
    match receive(&intake, request(), late) {
        Received::Refused(Rejection::TimestampOutOfRange(sentence), _) => {
            assert!(sentence.contains("25 minutes old"), "{sentence}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_open_endpoint_takes_forms() {
    let source = built_in("contact_form");
    let intake = intake(&source, "verify = \"none\"");
    let form = ("content-type", "application/x-www-form-urlencoded");
    let ada = kept(
        &intake,
        post(&[form], b"name=Ada+Lovelace&email=ada%40example.com"),
    );
    assert_eq!(only(&ada).status, EventStatus::Pending);
    assert_eq!(ada.arrival.verdict.scheme, "none");
    assert_eq!(
        only(&ada).dedupe.window.map(|window| window.as_secs()),
        Some(600)
    );
    let again = kept(
        &intake,
        post(&[form], b"name=Ada+Lovelace&email=ada%40example.com"),
    );
    let other = kept(&intake, post(&[form], b"name=Bob&email=bob%40example.com"));
    assert_eq!(only(&ada).dedupe, only(&again).dedupe);
    assert_ne!(only(&ada).dedupe, only(&other).dedupe);
    check_refusal(
        &intake,
        post(&[form], b"name=%FF"),
        "malformed_body",
        "UTF-8",
    );
    check_refusal(
        &intake,
        post(&[("content-type", "text/csv")], b"a,b"),
        "unsupported_media_type",
        "text/csv",
    );
}

#[test]
fn authentic_bodies_that_do_not_parse_are_kept_and_refused() {
    let (source, intake) = shop();
    for (content_type, body, code) in [
        ("application/json", &b"{\"id\": "[..], "malformed_body"),
        ("application/json", b"\xff{}", "malformed_body"),
        (
            "application/json",
            "[".repeat(10_000).as_bytes(),
            "malformed_body",
        ),
        ("application/json", b"", "malformed_body"),
        ("application/xml", b"<a/>", "unsupported_media_type"),
    ] {
        let headers = [("content-type", content_type), ("x-topic", "order.created")];
        let kept = kept(&intake, signed(&source, SECRET, &headers, body));
        assert_eq!(kept.complaint.as_ref().unwrap().code(), code);
        let event = only(&kept);
        assert_eq!(
            (event.status, event.event_type.as_str()),
            (EventStatus::Quarantined, "order.created")
        );
        assert_eq!(event.code, Some(code));
        assert_eq!(event.reason, kept.complaint.as_ref().map(Rejection::said));
        assert!(
            kept.arrival.request.body.is_empty(),
            "a secret may stand in it"
        );
    }
}

#[test]
fn invalid_events_wait_in_quarantine() {
    let (source, strict) = shop();
    let headers = [JSON, ("x-topic", "order.created"), ("x-id", "d-1")];
    let request = || signed(&source, SECRET, &headers, b"{\"id\": \"one\"}");
    let kept_strict = kept(&strict, request());
    let event = only(&kept_strict);
    assert_eq!(event.status, EventStatus::Quarantined);
    assert_eq!(event.violations[0].path, "/id");
    assert!(event.reason.as_ref().unwrap().contains("schema \"order\""));
    match &kept_strict.complaint {
        Some(Rejection::SchemaViolation(violations)) => assert_eq!(violations, &event.violations),
        other => panic!("{other:?}"),
    }
    let lenient = intake(
        &source,
        &format!("secrets = [\"{SECRET}\"]\non_invalid = \"accept\""),
    );
    let kept_lenient = kept(&lenient, request());
    assert_eq!(only(&kept_lenient).status, EventStatus::Quarantined);
    assert_eq!(kept_lenient.complaint, None);
    assert_eq!(
        only(&kept_lenient).dedupe,
        event.dedupe,
        "a retry of it is a duplicate"
    );
}

#[test]
fn events_of_no_interest_are_accepted() {
    let (source, intake) = shop();
    for (topic, words) in [
        ("ping", "of no interest"),
        ("customer.created", "called \"customer.created\""),
    ] {
        let headers = [JSON, ("x-topic", topic)];
        let kept = kept(&intake, signed(&source, SECRET, &headers, b"{}"));
        assert_eq!(kept.complaint, None);
        assert_eq!(only(&kept).status, EventStatus::Ignored);
        assert!(
            only(&kept).reason.as_ref().unwrap().contains(words),
            "{topic}"
        );
    }
}

#[test]
fn an_event_that_nobody_names_waits_in_quarantine() {
    let (source, intake) = shop();
    let kept = kept(
        &intake,
        signed(&source, SECRET, &[JSON, ("x-topic", "")], b"{}"),
    );
    assert_eq!(only(&kept).status, EventStatus::Quarantined);
    let reason = only(&kept).reason.clone().unwrap();
    assert!(reason.contains("header['x-topic']"), "{reason}");
    assert_eq!(kept.complaint.unwrap().code(), "schema_violation");
}

/// Two deliveries may have the same broken body: the id in their headers tells them apart.
#[test]
fn broken_bodies_are_told_apart_by_their_ids() {
    let (source, intake) = shop();
    let event = |id: &str, body: &[u8]| {
        let headers = [JSON, ("x-topic", "order.created"), ("x-id", id)];
        only(&kept(&intake, signed(&source, SECRET, &headers, body))).clone()
    };
    let first = event("d-1", b"{");
    assert_eq!(first.delivery_id.as_deref(), Some("d-1"));
    assert_eq!(
        first.dedupe,
        event("d-1", b"{").dedupe,
        "a retry is a duplicate"
    );
    assert_ne!(first.dedupe, event("d-2", b"{").dedupe);
    let mended = event("d-1", b"{\"id\": 1}");
    assert_eq!(mended.status, EventStatus::Pending);
    assert_eq!(first.dedupe, mended.dedupe, "the store compares the bodies");
    assert!(first.is_invalid() && !mended.is_invalid());
    assert_eq!(event("", b"{").delivery_id, None);
}

#[test]
fn a_time_that_cannot_be_read_is_said() {
    let (source, intake) = shop();
    let headers = [JSON, ("x-topic", "order.created"), ("x-id", "d-1")];
    for (at, time, noted) in [
        (
            "\"2026-03-01T11:00:00Z\"",
            Some("2026-03-01T11:00:00Z"),
            false,
        ),
        ("null", None, false),
        ("\"\"", None, false),
        ("\"the day before\"", None, true),
        ("{}", None, false),
    ] {
        let body = format!("{{\"id\": 1, \"at\": {at}}}");
        let event = only(&kept(
            &intake,
            signed(&source, SECRET, &headers, body.as_bytes()),
        ))
        .clone();
        assert_eq!(event.status, EventStatus::Pending, "{at}");
        assert_eq!(
            event.event_time.map(|time| time.to_string()).as_deref(),
            time,
            "{at}"
        );
        assert_eq!(event.notes.len(), usize::from(noted), "{at} {event:?}");
        assert!(!noted || event.notes[0].message.contains("the day before"));
    }
}

/// Whatever holds a secret may be printed for debugging without printing it.
#[test]
fn secrets_never_print() {
    let source = built_in("meta");
    let lines = "secrets = [\"an app secret\"]\nretired_secrets = [\"a former secret\"]\nsettings = { verify_token = \"meatyhamhock\", access_token = \"the-page-token\" }";
    let config = configured("", lines);
    let recipe =
        frontdesk::process::recipe::Recipe::compile(&source, &config.endpoints[0]).unwrap();
    let jwt = crate::made::verifying("[verify.jwt]\nheader = \"x\"\nbody = \"sha256\"");
    let key = crate::made::verifying("[verify.key]\nheader = \"x\"");
    let printed = format!(
        "{:?}{recipe:?}{config:?}{:?}{:?}",
        intake(&source, lines),
        intake(&jwt, "secrets = [\"an app secret\"]"),
        intake(&key, "secrets = [\"an app secret\"]"),
    );
    let bytes = format!("{:?}", b"an app secret");
    let hash: [u8; 32] = sha2::Digest::finalize(sha2::Digest::chain_update(
        <sha2::Sha256 as sha2::Digest>::new(),
        "an app secret",
    ))
    .into();
    for secret in [
        "an app secret",
        "a former secret",
        "meatyhamhock",
        "the-page-token",
        &bytes,
        &format!("{hash:?}"),
    ] {
        assert!(!printed.contains(secret), "{secret}");
    }
}

#[test]
fn secrets_in_bodies_are_not_kept() {
    let (source, intake) = shop();
    let headers = [JSON, ("x-topic", "order.created")];
    let body = br#"{"id": 1, "internal": {"token": "t0p", "n": 1.50}}"#;
    let kept = kept(&intake, signed(&source, SECRET, &headers, body));
    assert_eq!(
        kept.arrival.request.body,
        br#"{"id":1,"internal":{"n":1.50}}"#
    );
    match receive(&intake, post(&headers, body), now()) {
        Received::Refused(rejection, request) => {
            let record = refusal::read(&intake, &request, &rejection, std::iter::empty());
            assert_eq!(record.body, br#"{"id":1,"internal":{"n":1.50}}"#);
            assert_eq!(record.code, "signature_missing");
        }
        other => panic!("{other:?}"),
    }
    match receive(&intake, post(&headers, b"{\"token\""), now()) {
        Received::Refused(rejection, request) => {
            assert!(
                refusal::read(&intake, &request, &rejection, std::iter::empty())
                    .body
                    .is_empty()
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn batches_are_judged_part_by_part() {
    let mapping = r#"
[delivery]
event = "item.kind"
id = "item.id"
[verify.key]
header = "x-key"
[split]
each = ["body.list"]
[[event]]
name = "order"
schema = "order"
[event.order]
external_id = "item.id"
"#;
    let source = source(mapping, &[("order", ORDER)]);
    let intake = intake(&source, "secrets = [\"a-long-key\"]");
    let statuses = |body: &str| {
        let kept = kept(
            &intake,
            signed(&source, "a-long-key", &[JSON], body.as_bytes()),
        );
        let events = kept.arrival.events.iter();
        let statuses: Vec<_> = events
            .map(|event| (event.part.map_or(-1, i64::from), event.status.as_str()))
            .collect();
        (statuses, kept.complaint.is_some())
    };
    let good = r#"{"kind": "order", "id": 1}"#;
    let bad = r#"{"kind": "order", "id": "x"}"#;
    let other = r#"{"kind": "other", "id": 3}"#;
    for (list, expected, complaint) in [
        (
            format!("{good},{bad},{other}"),
            vec![(0, "pending"), (1, "quarantined"), (2, "ignored")],
            false,
        ),
        (
            format!("{bad},{bad}"),
            vec![(0, "quarantined"), (1, "quarantined")],
            true,
        ),
        (String::new(), vec![(-1, "ignored")], false),
    ] {
        assert_eq!(
            statuses(&format!("{{\"list\": [{list}]}}")),
            (expected, complaint),
            "{list}"
        );
    }
    let many = vec![good; 10_001].join(",");
    let (statuses, complaint) = statuses(&format!("{{\"list\": [{many}]}}"));
    assert_eq!((statuses, complaint), (vec![(-1, "quarantined")], true));
}

/// What should hold the events and is no list was not understood, and neither was an event without a name.
#[test]
fn batches_that_are_none_wait_in_quarantine() {
    let reason = |event: &str, body: &str| {
        let mapping = format!(
            "[delivery]\nevent = \"{event}\"\n[verify.key]\nheader = \"x-key\"\n[split]\neach = [\"body.list\", \"item.inner\"]\n\
             [[event]]\nname = \"*\"\nignore = true\n"
        );
        let source = source(&mapping, &[]);
        let intake = intake(&source, "secrets = [\"a-long-key\"]");
        let request = signed(&source, "a-long-key", &[JSON], body.as_bytes());
        let kept = kept(&intake, request);
        let held = kept.arrival.events.into_iter();
        held.filter(|event| event.status == EventStatus::Quarantined)
            .filter_map(|event| event.reason.map(String::from))
            .collect::<Vec<_>>()
            .join("; ")
    };
    for (event, body, expected) in [
        ("item.kind", r#"{"list": []}"#, ""),
        ("item.kind", r#"{"list": [{"other": 1}]}"#, ""),
        (
            "item.kind",
            r#"{"list": [{"inner": [{"kind": "x"}]}, {"inner": 7}]}"#,
            "",
        ),
        (
            "item.kind",
            r#"{"list": [{"inner": {"a": 1}}]}"#,
            "`item.inner` gives no list",
        ),
        (
            "item.kind",
            r#"{"list": {"a": 1}}"#,
            "`body.list` gives no list",
        ),
        ("item.kind", "null", "`body.list` gives no list"),
        (
            "item.kind",
            r#"{"list": [{"inner": [{}]}]}"#,
            "does not say which event it is: `item.kind` gives nothing",
        ),
        (
            "body.kind",
            r#"{"list": [{"inner": [{"kind": "x"}]}]}"#,
            "`body.kind` gives nothing; each event of the batch is called `item`",
        ),
    ] {
        let found = reason(event, body);
        match expected {
            "" => assert_eq!(found, "", "{body}"),
            words => assert!(found.contains(words), "{body}: {found}"),
        }
    }
}

#[test]
fn keys_of_duplicates() {
    let mapping = |delivery: &str| {
        format!("[delivery]\nevent = \"'x'\"\n{delivery}\n[[event]]\nname = \"*\"\nignore = true\n")
    };
    let key = |delivery: &str, id: &str, body: &str| {
        let source = source(&mapping(delivery), &[]);
        let intake = intake(&source, "verify = \"none\"");
        let kept = kept(&intake, post(&[JSON, ("x-id", id)], body.as_bytes()));
        only(&kept).dedupe.key
    };
    let by_id = "id = \"header['x-id']\"";
    assert_eq!(key(by_id, "1", "{}"), key(by_id, "1", "{\"a\":1}"));
    assert_ne!(key(by_id, "1", "{}"), key(by_id, "2", "{}"));
    assert_ne!(key(by_id, "", "{}"), key(by_id, "", "{\"a\":1}"));
    let by_parts = "id = \"header['x-id']\"\ndedupe = [\"header['x-id']\", \"body.n\"]";
    assert_ne!(
        key(by_parts, "1", "{\"n\":1}"),
        key(by_parts, "1", "{\"n\":2}")
    );
    assert_eq!(
        key(by_parts, "1", "{\"n\":1}"),
        key(by_parts, "1", "{\"n\":1,\"m\":1}")
    );
    assert_ne!(key(by_parts, "1", "{}"), key(by_id, "1", "{}"));
}

fn greet(intake: &Intake, method: &str, query: &str) -> Received {
    let mut request = post(&[], b"");
    request.method = method.to_owned();
    request.query = query.to_owned();
    receive(intake, request, now())
}

#[test]
fn the_handshake_of_meta() {
    let meta = intake(
        &built_in("meta"),
        "secrets = [\"an app secret\"]\nsettings = { verify_token = \"meatyhamhock\", access_token = \"t\" }",
    );
    let query = |token: &str| {
        format!("hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token={token}")
    };
    match greet(&meta, "GET", &query("meatyhamhock")) {
        Received::Handshake(answer) => {
            assert_eq!((answer.status, answer.body.as_str()), (200, "1158201444"));
            assert!(answer.content_type.starts_with("text/plain"), "{answer:?}");
        }
        other => panic!("{other:?}"),
    }
    for (method, query, code) in [
        ("GET", query("wrong"), "key_invalid"),
        ("GET", "hub.mode=subscribe".to_owned(), "key_invalid"),
        ("GET", String::new(), "method_not_allowed"),
        ("PUT", String::new(), "method_not_allowed"),
        ("DELETE", query("meatyhamhock"), "method_not_allowed"),
    ] {
        match greet(&meta, method, &query) {
            Received::Refused(rejection, _) => {
                assert_eq!(rejection.code(), code, "{method} {query}")
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn handshakes_by_other_methods() {
    let mapping = r#"
[delivery]
event = "'x'"
[verify.key]
header = "x-key"
[[handshake]]
method = "POST"
when = "body.type == 'url_verification'"
answer = "body.challenge"
[[handshake]]
method = "OPTIONS"
when = "header['webhook-request-origin']"
[handshake.headers]
WebHook-Allowed-Origin = "header['webhook-request-origin']"
[[handshake]]
method = "GET"
when = "query.code"
[handshake.json]
code = "query.code"
doubled = "query.code ~ query.code"
[[event]]
name = "*"
ignore = true
"#;
    let source = source(mapping, &[]);
    let intake = intake(&source, "secrets = [\"a-long-key\"]");
    let challenge = b"{\"type\": \"url_verification\", \"challenge\": \"abc\"}";
    for request in [
        post(&[JSON], challenge),
        signed(&source, "a-long-key", &[JSON], challenge),
    ] {
        match receive(&intake, request, now()) {
            Received::Handshake(answer) => assert_eq!(answer.body, "abc"),
            other => panic!("{other:?}"),
        }
    }
    check_refusal(
        &intake,
        post(&[JSON], b"{\"type\": \"event\"}"),
        "key_invalid",
        "x-key",
    );
    match greet(&intake, "GET", "code=7") {
        Received::Handshake(answer) => assert_eq!(answer.body, r#"{"code":"7","doubled":"77"}"#),
        other => panic!("{other:?}"),
    }
    let mut request = post(
        &[("webhook-request-origin", "eventemitter.example.com")],
        b"",
    );
    request.method = "OPTIONS".to_owned();
    match receive(&intake, request, now()) {
        Received::Handshake(answer) => assert_eq!(
            answer.headers,
            [(
                "WebHook-Allowed-Origin".to_owned(),
                "eventemitter.example.com".to_owned()
            )]
        ),
        other => panic!("{other:?}"),
    }
    match greet(&intake, "OPTIONS", "") {
        Received::Refused(Rejection::MethodNotAllowed(methods), _) => {
            assert_eq!(methods, "POST, OPTIONS, GET");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn packed_bodies_are_verified_unpacked() {
    let (source, intake) = shop();
    let body = b"{\"id\": 1}";
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).unwrap();
    let packed = encoder.finish().unwrap();
    let headers = [
        JSON,
        ("x-topic", "order.created"),
        ("content-encoding", "gzip"),
    ];
    let mut request = signed(&source, SECRET, &headers, body);
    request.body = packed.clone();
    assert_eq!(kept(&intake, request).arrival.request.body, body);
    check_refusal(
        &intake,
        post(&headers, &packed[..12]),
        "malformed_body",
        "cut short",
    );
    let brotli = [JSON, ("content-encoding", "br")];
    check_refusal(
        &intake,
        post(&brotli, body),
        "unsupported_media_type",
        "\"br\"",
    );
    let small = self::intake(
        &source,
        &format!("secrets = [\"{SECRET}\"]\nmax_body = \"1KiB\""),
    );
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&[b' '; 100_000]).unwrap();
    check_refusal(
        &small,
        post(&headers, &encoder.finish().unwrap()),
        "body_too_large",
        "1024 bytes",
    );
}

#[test]
fn an_endpoint_that_proves_nothing_does_not_compile() {
    let source = built_in("standard_webhooks");
    for lines in ["", "secrets = [\"not base64 at all!\"]"] {
        let config = configured("", lines);
        let problems = Intake::compile(
            &config.endpoints[0],
            &source,
            &config.server,
            &std::sync::Arc::default(),
        )
        .unwrap_err();
        assert!(
            problems[0].message.contains("nothing could be verified"),
            "{problems:?}"
        );
        assert!(problems[0].line > 0);
    }
}

proptest! {
    #[test]
    fn every_request_is_answered(
        name in select(vec!["contact_form", "meta", "shopify", "standard_webhooks"]),
        open in any::<bool>(),
        method in select(vec!["POST", "POST", "POST", "GET", "HEAD", "OPTIONS", "PUT"]),
        query in "[ -~]{0,40}",
        header in select(vec![
            ("content-type", "application/json"), ("content-type", "application/x-www-form-urlencoded"),
            ("content-type", "multipart/form-data; boundary=x"), ("content-encoding", "gzip"),
            ("x-hub-signature-256", "sha256=00"), ("x-shopify-topic", "orders/create"), ("authorization", "Basic eA=="),
        ]),
        value in "[ -~]{0,40}",
        body in select(vec![
            "{}", "[]", "null", "1", "\"x\"", r#"{"entry":[{"changes":[{"field":"leadgen","value":{}}]}]}"#,
            r#"{"entry":1}"#, r#"{"type":"lead.created","data":{"email":[1]}}"#, "a=1&b[]=2", "--x\r\n--x--", "\u{1f}\u{8b}",
        ]),
        tail in any::<Vec<u8>>(),
    ) {
        thread_local! {
            static INTAKES: std::cell::RefCell<std::collections::HashMap<(String, bool), Intake>> = std::cell::RefCell::default();
        }
        let answered = INTAKES.with_borrow_mut(|intakes| {
            let intake = intakes.entry((name.to_owned(), open)).or_insert_with(|| match (open, name) {
                (true, _) | (false, "contact_form") => intake(&built_in(name), "verify = \"none\""),
                _ => intake(&built_in(name), "secrets = [\"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"]"),
            });
            let noise: &[u8] = if tail.len() > 4 { &tail } else { b"" };
            let mut request = post(&[header, ("x-noise", &value)], &[body.as_bytes(), noise].concat());
            request.method = method.to_owned();
            request.query = query;
            receive(intake, request, now())
        });
        match answered {
            Received::Events(kept) => assert!(!kept.arrival.events.is_empty()),
            Received::Refused(rejection, _) => assert!(!rejection.to_string().is_empty()),
            Received::Handshake(answer) => assert_eq!(answer.status, 200),
        }
    }
}

/// A key with one missing part each must not be the same: a later event would be swallowed.
#[test]
fn a_blank_part_of_the_identity_keeps_its_place() {
    let mapping = "[delivery]\nevent = \"'x'\"\ndedupe = [\"body.a\", \"body.b\"]\n[[event]]\nname = \"*\"\nignore = true\n";
    let intake = intake(&source(mapping, &[]), "verify = \"none\"");
    let key = |body: &str| {
        let kept = kept(&intake, post(&[JSON], body.as_bytes()));
        only(&kept).dedupe.key
    };
    assert_ne!(key(r#"{"a": "1"}"#), key(r#"{"b": "1"}"#));
    assert_eq!(key(r#"{"a": "1"}"#), key(r#"{"a": "1", "c": 2}"#));
    // Nothing of it is known: the body must tell events apart.
    assert_ne!(key(r#"{"c": 1}"#), key(r#"{"c": 2}"#));
}

/// A check of the request as a whole holds besides the proof, and never in its place.
#[test]
fn a_source_may_check_more_than_the_proof() {
    let mapping = "[settings.account]\nhelp = \"h\"\n[verify]\ncheck = \"body.account == settings.account and header['x-n'] == body.n\"\n[verify.key]\nheader = \"x-key\"\n[delivery]\nevent = \"'x'\"\n[[event]]\nname = \"*\"\nignore = true\n";
    let lines = "secrets = [\"a long secret\"]\nsettings = { account = \"a-1\" }";
    let intake = intake(&source(mapping, &[]), lines);
    for (key, n, body, expected) in [
        ("a long secret", "7", r#"{"account": "a-1", "n": "7"}"#, ""),
        (
            "a long secret",
            "8",
            r#"{"account": "a-1", "n": "7"}"#,
            "signature_mismatch",
        ),
        (
            "a long secret",
            "7",
            r#"{"account": "a-2", "n": "7"}"#,
            "signature_mismatch",
        ),
        (
            "another secret",
            "7",
            r#"{"account": "a-1", "n": "7"}"#,
            "key_invalid",
        ),
    ] {
        let request = post(&[JSON, ("x-key", key), ("x-n", n)], body.as_bytes());
        match receive(&intake, request, now()) {
            Received::Events(_) => assert_eq!(expected, "", "{body}"),
            Received::Refused(rejection, _) => assert_eq!(rejection.code(), expected, "{body}"),
            Received::Handshake(answer) => panic!("{answer:?}"),
        }
    }
}

#[test]
fn xml_and_json_in_forms_are_documents() {
    let mapping = "[body]\naccepts = [\"xml\", \"form\"]\njson_in = [\"payload\"]\nredact = [\"a.key\"]\n[delivery]\nevent = \"body.a.b or body.payload.b\"\nid = \"body.a.b['@n'] or body.n\"\n[[event]]\nname = \"*\"\nignore = true\n";
    let source = source(mapping, &[]);
    let open = intake(&source, "verify = \"none\"");
    let xml = ("content-type", "text/xml; charset=iso-8859-1");
    let form = ("content-type", "application/x-www-form-urlencoded");
    for (kind, body, event, id) in [
        (
            xml,
            &b"<a><key>s</key><b n='1'>caf\xe9</b></a>"[..],
            "café",
            Some("1"),
        ),
        (form, b"payload=%7B%22b%22%3A%22x%22%7D&n=2", "x", Some("2")),
        (form, b"payload=&n=2", "", Some("2")),
        (form, b"<a><b>z</b></a>", "z", None),
    ] {
        let kept = kept(&open, post(&[kind], body));
        assert_eq!(only(&kept).event_type, event);
        assert_eq!(only(&kept).delivery_id.as_deref(), id);
        assert!(!String::from_utf8_lossy(&kept.arrival.request.body).contains("key"));
    }
    for (kind, body, words) in [
        (
            form,
            &b"payload=%7B"[..],
            "the field payload should hold JSON",
        ),
        (xml, b"<a>", "not XML"),
        (
            xml,
            b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
            "document type",
        ),
    ] {
        check_refusal(&open, post(&[kind], body), "malformed_body", words);
    }
}
