//! Every sender: its samples signed as it would sign them, received, and mapped; and what it asks before it sends anything.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use frontdesk::config::{Endpoint, SecretString, Server};
use frontdesk::ingest::handshake::Answer;
use frontdesk::ingest::intake::Intake;
use frontdesk::ingest::receive::{Incoming, Received, receive};
use frontdesk::ingest::sign::{Signed, Unsigned, sign};
use frontdesk::model::event::EventStatus;
use frontdesk::model::id::new_id;
use frontdesk::model::request::Headers;
use frontdesk::process::preview::try_body;
use frontdesk::source::declaration::{Sample, Source};
use serde_json::Value;

use crate::dry;
use crate::made::{configured, endpoint, secret_of};

/// Every sender of the field notes, and the two that are nobody's.
const SENDERS: &[&str] = &[
    "activecampaign",
    "adf_xml",
    "bigcommerce",
    "brevo",
    "calcom",
    "calendly",
    "cloudevents",
    "contact_form",
    "contact_form_7",
    "ecwid",
    "elementor",
    "formspree",
    "freshdesk",
    "front",
    "github",
    "google_ads",
    "google_forms",
    "gravity_forms",
    "helpscout",
    "hubspot",
    "intercom",
    "jira",
    "jotform",
    "klaviyo",
    "linkedin",
    "magento",
    "mailchimp",
    "mandrill",
    "meta",
    "netlify",
    "prestashop",
    "salesforce",
    "shopify",
    "slack",
    "square",
    "standard_webhooks",
    "stripe",
    "svix",
    "tally",
    "tiktok",
    "typeform",
    "webflow",
    "woocommerce",
    "wpforms",
    "zendesk",
];

pub fn server() -> Server {
    configured("", "verify = \"none\"").server
}

/// An endpoint of a source with all that it needs.
pub fn set_up(source: &Source, secret: &str) -> Endpoint {
    let mut endpoint = endpoint(source, secret);
    endpoint.unverified = source.verify.is_empty();
    for (name, spec) in &source.settings {
        if spec.required {
            let value = SecretString::from("a setting of the test");
            endpoint.settings.insert(name.clone(), value);
        }
    }
    endpoint
}

pub fn incoming(method: &str, query: &str, headers: Headers, body: &[u8]) -> Incoming {
    Incoming {
        method: method.to_owned(),
        query: query.to_owned(),
        headers,
        body: body.to_vec(),
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
    }
}

#[test]
fn every_sender_is_a_source() {
    let catalog = dry::catalog();
    let names: Vec<_> = catalog
        .sources()
        .map(|source| source.name.as_str())
        .collect();
    assert_eq!(names, SENDERS);
}

#[test]
fn every_sample_is_received_and_mapped() {
    for source in dry::catalog().sources() {
        let secret = secret_of(source);
        let intake = Intake::compile(&set_up(source, &secret), source, &server(), &Arc::default())
            .unwrap_or_else(|problems| panic!("{}: {problems:?}", source.name));
        for (n, sample) in (0..).zip(&source.samples) {
            check_sample(source, &intake, &secret, sample, n);
        }
    }
}

fn check_sample(source: &Source, intake: &Intake, secret: &str, sample: &Sample, n: u64) {
    let place = format!("{} {}", source.name, sample.event);
    let now = dry::received_at();
    let rendered = sample.render(n, now, new_id(now)).unwrap();
    let mut headers = Headers(rendered.headers.into_iter().collect());
    headers
        .0
        .push(("content-type".to_owned(), rendered.content_type));
    let body = rendered.body.into_bytes();
    let unsigned = Unsigned {
        method: "POST",
        url: "https://hooks.example.com/hooks/in",
        headers: &headers,
        body: &body,
        id: "msg_1",
        now,
    };
    let proof = sign(source, secret, &unsigned).unwrap();
    let plain = incoming("POST", "", headers.clone(), &body);
    let Signed {
        headers: signed,
        query,
        body: keyed,
    } = proof;
    headers.0.extend(signed.0);
    let query = query.unwrap_or_default();
    let request = incoming("POST", &query, headers, &keyed.unwrap_or(body));
    let kept = match receive(intake, request, now) {
        Received::Events(kept) => kept,
        other => panic!("{place}: {other:?}"),
    };
    assert_eq!(kept.complaint, None, "{place}");
    for event in &kept.arrival.events {
        assert_eq!(event.status, EventStatus::Pending, "{place}: {event:?}");
        assert_eq!(event.event_type, sample.event, "{place}");
    }
    let request = &kept.arrival.request;
    let stored = format!(
        "{} {:?} {}",
        request.query,
        request.headers,
        String::from_utf8_lossy(&request.body)
    );
    assert!(!stored.contains(secret), "{place} keeps its secret");
    let fetched: Vec<Value> = rendered
        .fetched
        .iter()
        .map(|text| serde_json::from_str(text).unwrap())
        .collect();
    let report = try_body(&dry::recipe(&source.name, Some("ES")), request, &fetched).unwrap();
    assert_eq!(report.violations, [], "{place}");
    assert!(!report.records.is_empty(), "{place}");
    if !source.verify.is_empty() {
        let refused = receive(intake, plain, now);
        assert!(
            matches!(refused, Received::Refused(..)),
            "{place} takes what nobody signed: {refused:?}"
        );
    }
}

/// What a source answers to a set-up request, or the code of its refusal.
fn greeting(
    name: &str,
    method: &str,
    query: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<Answer, String> {
    let catalog = dry::catalog();
    let source = catalog.get(name).unwrap();
    let intake = Intake::compile(
        &set_up(source, &secret_of(source)),
        source,
        &server(),
        &Arc::default(),
    )
    .unwrap();
    let headers = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let request = incoming(method, query, Headers(headers), body.as_bytes());
    match receive(&intake, request, dry::received_at()) {
        Received::Handshake(answer) => Ok(answer),
        Received::Refused(rejection, _) => Err(rejection.code().to_owned()),
        Received::Events(kept) => Err(format!("{kept:?}")),
    }
}

#[test]
fn set_up_requests_are_answered() {
    let form = &[("content-type", "application/x-www-form-urlencoded")][..];
    let topic = &[form[0], ("x-wc-webhook-topic", "order.created")][..];
    let origin = &[
        ("webhook-request-origin", "events.example.com"),
        ("webhook-request-rate", "120"),
    ][..];
    let challenge = &[
        ("x-front-challenge", "c-1"),
        ("content-type", "application/json"),
    ][..];
    for (source, method, query, headers, body, expected) in [
        (
            "woocommerce",
            "POST",
            "",
            form,
            "webhook_id=12",
            Ok((200, "")),
        ),
        (
            "woocommerce",
            "POST",
            "",
            topic,
            "webhook_id=12",
            Err("signature_missing"),
        ),
        ("woocommerce", "GET", "", &[], "", Err("method_not_allowed")),
        ("mailchimp", "GET", "", &[], "", Ok((200, "ok"))),
        ("mailchimp", "HEAD", "", &[], "", Ok((200, "ok"))),
        ("intercom", "HEAD", "", &[], "", Ok((200, ""))),
        ("mandrill", "HEAD", "", &[], "", Ok((200, ""))),
        (
            "magento",
            "GET",
            "challenge=abc-1",
            &[],
            "",
            Ok((200, "abc-1")),
        ),
        ("magento", "GET", "", &[], "", Err("method_not_allowed")),
        ("cloudevents", "OPTIONS", "", origin, "", Ok((200, ""))),
        (
            "cloudevents",
            "OPTIONS",
            "",
            &[],
            "",
            Err("method_not_allowed"),
        ),
        ("front", "POST", "", challenge, "{}", Ok((200, "c-1"))),
        (
            "slack",
            "POST",
            "",
            &[("content-type", "application/json")],
            r#"{"type":"url_verification","challenge":"c-2"}"#,
            Err("signature_missing"),
        ),
    ] {
        let found = greeting(source, method, query, headers, body);
        let found = found
            .as_ref()
            .map(|answer| (answer.status, answer.body.as_str()))
            .map_err(String::as_str);
        assert_eq!(found, expected, "{source} {method} {query}");
    }
    let granted = greeting("cloudevents", "OPTIONS", "", origin, "").unwrap();
    let granted: Vec<_> = granted
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        granted,
        [
            ("webhook-allowed-origin", "events.example.com"),
            ("webhook-allowed-rate", "120")
        ]
    );
}

/// Slack proves itself before its challenge is answered.
#[test]
fn a_signed_challenge_is_answered() {
    let catalog = dry::catalog();
    let source = catalog.get("slack").unwrap();
    let secret = secret_of(source);
    let intake =
        Intake::compile(&set_up(source, &secret), source, &server(), &Arc::default()).unwrap();
    let body = br#"{"type":"url_verification","challenge":"c-2"}"#;
    let mut headers = Headers::from([("content-type", "application/json")]);
    let unsigned = Unsigned {
        method: "POST",
        url: "",
        headers: &headers,
        body,
        id: "",
        now: dry::received_at(),
    };
    let proof = sign(source, &secret, &unsigned).unwrap();
    headers.0.extend(proof.headers.0);
    match receive(
        &intake,
        incoming("POST", "", headers, body),
        dry::received_at(),
    ) {
        Received::Handshake(answer) => assert_eq!(answer.body, "c-2"),
        other => panic!("{other:?}"),
    }
}
