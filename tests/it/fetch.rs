//! Fetches against a stand-in for a sender's API: what each answer means, and what is never called.

use std::time::Duration;

use frontdesk::config::value::network;
use frontdesk::expr::payload::of_json;
use frontdesk::expr::scope::Scope;
use frontdesk::process::fetch::client::{Client, Limits};
use frontdesk::process::fetch::retry::Trouble;
use frontdesk::process::fetch::{
    FetchCall, FetchPlace, Outcome, Response, call as worked_out, classify,
};
use frontdesk::process::recipe::Recipe;
use frontdesk::source::declaration::FetchMethod;
use secrecy::SecretString;
use serde_json::json;
use wiremock::matchers::{body_json, header, method};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::dry;

const LIMITS: Limits = Limits {
    timeout: Duration::from_millis(500),
    max_answer: 1000,
};

fn call(url: &str) -> FetchCall {
    FetchCall {
        place: FetchPlace { event: 0, fetch: 0 },
        method: FetchMethod::Get,
        body: None,
        url: SecretString::from(url),
        headers: vec![(
            "authorization".to_owned(),
            SecretString::from("Bearer t0ken"),
        )],
        names: Scope::default(),
    }
}

async fn answering(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(header("authorization", "Bearer t0ken"))
        .respond_with(answer)
        .mount(&server)
        .await;
    server
}

/// The outcome for Meta's declaration, whose formula knows what a bad token looks like.
async fn outcome(answer: ResponseTemplate) -> Outcome {
    let server = answering(answer).await;
    let client = Client::new(&[network("127.0.0.1").unwrap()], LIMITS);
    let response = client.ask(&call(&server.uri())).await;
    let recipe = dry::recipe("meta", None);
    let fetch = recipe.events.iter().find_map(|event| event.fetches.first());
    classify(fetch.unwrap(), &Scope::default(), response)
}

async fn check(answer: ResponseTemplate, expected: Trouble, words: &str) {
    match outcome(answer).await {
        Outcome::Trouble(trouble, sentence) => {
            assert_eq!(trouble, expected, "{sentence}");
            assert!(sentence.contains(words), "{sentence}");
            assert!(!sentence.contains("t0ken"), "{sentence}");
        }
        answer @ Outcome::Answer(_) => panic!("{answer:?}"),
    }
}

#[tokio::test]
async fn an_answer_keeps_its_numbers() {
    let body = r#"{"id": 123456789012345678901234567890, "price": 19.90}"#;
    let answer = ResponseTemplate::new(200).set_body_raw(body, "application/json");
    match outcome(answer).await {
        Outcome::Answer(found) => assert_eq!(
            found.to_string(),
            r#"{"id":123456789012345678901234567890,"price":19.90}"#
        ),
        trouble @ Outcome::Trouble(..) => panic!("{trouble:?}"),
    }
}

#[tokio::test]
async fn troubles_are_told_apart() {
    let token = json!({"error": {"type": "OAuthException", "code": 190, "message": "expired"}});
    let other = json!({"error": {"type": "GraphMethodException", "code": 100}});
    let with = |status, body: &serde_json::Value| ResponseTemplate::new(status).set_body_json(body);
    check(with(400, &token), Trouble::Token, "settings.access_token").await;
    check(with(400, &other), Trouble::Rejected, "answered 400").await;
    check(ResponseTemplate::new(401), Trouble::Token, "answered 401").await;
    check(
        ResponseTemplate::new(404),
        Trouble::Rejected,
        "does not know",
    )
    .await;
    check(ResponseTemplate::new(429), Trouble::Busy(None), "too many").await;
    let later = ResponseTemplate::new(429).insert_header("retry-after", "30");
    let wait = Some(Duration::from_secs(30));
    check(later, Trouble::Busy(wait), "too many").await;
    check(ResponseTemplate::new(500), Trouble::Down, "answered 500").await;
    let page = ResponseTemplate::new(200).set_body_string("<html>");
    check(page, Trouble::Down, "not JSON").await;
}

#[tokio::test]
async fn answers_are_bounded_in_time_and_size() {
    let hanging = ResponseTemplate::new(200).set_delay(Duration::from_secs(5));
    check(hanging, Trouble::Down, "in time").await;
    let huge = ResponseTemplate::new(200).set_body_string("1".repeat(1001));
    check(huge, Trouble::Rejected, "more than 1000 bytes").await;
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let inside = ResponseTemplate::new(302)
        .insert_header("location", "http://169.254.169.254/latest/meta-data/");
    check(inside, Trouble::Rejected, "redirects are not followed").await;
}

#[tokio::test]
async fn the_inside_is_not_called() {
    let server = answering(ResponseTemplate::new(200).set_body_json(json!({}))).await;
    let port = server.address().port();
    let nothing: &[&str] = &[];
    for (url, allow, words) in [
        (format!("http://127.0.0.1:{port}/"), nothing, "without TLS"),
        (
            format!("https://127.0.0.1:{port}/"),
            nothing,
            "private address",
        ),
        (format!("http://localhost:{port}/"), nothing, "without TLS"),
        (
            format!("https://localhost:{port}/"),
            nothing,
            "private address",
        ),
        (
            format!("http://[::ffff:127.0.0.1]:{port}/"),
            nothing,
            "without TLS",
        ),
        (
            "http://169.254.169.254/".to_owned(),
            &["127.0.0.1"],
            "without TLS",
        ),
        (
            "https://169.254.169.254/".to_owned(),
            &["127.0.0.1"],
            "private address",
        ),
        (
            "ftp://127.0.0.1/".to_owned(),
            &["127.0.0.1"],
            "is not https",
        ),
        ("127.0.0.1".to_owned(), &["127.0.0.1"], "not a URL"),
    ] {
        let allow: Vec<_> = allow.iter().map(|text| network(text).unwrap()).collect();
        match Client::new(&allow, LIMITS).ask(&call(&url)).await {
            Response::Refused(why) => assert!(why.contains(words), "{url}: {why}"),
            other => panic!("{url}: {other:?}"),
        }
    }
    assert_eq!(
        server.received_requests().await.unwrap_or_default().len(),
        0
    );
    let allow = [network("127.0.0.0/8").unwrap(), network("::1").unwrap()];
    let by_name = Client::new(&allow, LIMITS)
        .ask(&call(&format!("http://localhost:{port}/")))
        .await;
    assert!(
        matches!(by_name, Response::Answered { status: 200, .. }),
        "{by_name:?}"
    );
}

/// APIs that are asked by a document: the body is JSON, made by formulas, and no secret of it is printed.
#[tokio::test]
async fn an_api_can_be_asked_by_a_document() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(header("content-type", "application/json"))
        .and(body_json(
            json!({"query": "{ order(id: $id) }", "variables": {"id": "17", "n": [1, 2]}}),
        ))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"data": {"order": 1}})))
        .mount(&server)
        .await;
    let source = crate::made::source(
        "
[settings.api_base]
help = 'address'
[delivery]
event = \"'t'\"
[verify.bearer]
[[event]]
name = 't'
[event.fetch]
url = 'settings.api_base'
[event.fetch.json]
query = \"'{ order(id: $id) }'\"
variables = \"{'id': body.id, 'n': body.n}\"
[event.order]
external_id = 'body.id'
",
        &[],
    );
    let lines = format!(
        "secrets = [\"a long secret\"]\nsettings = {{ api_base = \"{}\" }}",
        server.uri()
    );
    let config = crate::made::configured("", &lines);
    let recipe = Recipe::compile(&source, &config.endpoints[0]).unwrap();
    let body = std::sync::Arc::new(json!({"id": "17", "n": [1, 2]}));
    let names = Scope::new([("body", of_json(body))]);
    let place = FetchPlace { event: 0, fetch: 0 };
    let call = worked_out(&recipe, place, &names).unwrap();
    assert!(!format!("{call:?}").contains("order"), "{call:?}");
    let client = Client::new(&[network("127.0.0.1").unwrap()], LIMITS);
    let found = client.ask(&call).await;
    assert!(
        matches!(found, Response::Answered { status: 200, .. }),
        "{found:?}"
    );
}
