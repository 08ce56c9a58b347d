//! The spam gate: what it notices, what it holds, and that nobody outside hears of it.

use frontdesk::model::event::{EventStatus, NewEvent};
use serde_json::{Value, json};

use crate::gateway::TestGateway;
use crate::made::{built_in, configured, source};
use crate::site::{FORM, JSON, OPEN, Site, open_form};

const HTML: (&str, &str) = ("accept", "text/html");

/// What the gate noticed, and whether it held the form.
fn noticed(event: &NewEvent) -> (Vec<&str>, bool) {
    let names = event.notes.iter().map(|note| note.name.as_str()).collect();
    let held = event.code == Some("spam");
    let status = match held {
        true => EventStatus::Quarantined,
        false => EventStatus::Pending,
    };
    assert_eq!(event.status, status, "{event:?}");
    assert_eq!(event.reason.is_some(), held, "{event:?}");
    (names, held)
}

/// Posts a form; it is answered like any other, whatever the gate thinks of it.
fn send(site: &Site, fields: &[(&str, &str)]) -> NewEvent {
    let body: String = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    let answer = site.post("form", &[FORM], body.as_bytes());
    assert_eq!(answer.status, 200, "{answer:?}");
    let said = answer.json();
    assert_eq!(said["status"], "accepted", "{answer:?}");
    let event = site.last_events().remove(0);
    assert_eq!(said, json!({"status": "accepted", "event": event.id}));
    event
}

fn check(site: &Site, fields: &[(&str, &str)], names: &[&str], held: bool) {
    let mut all = vec![("name", "Ada"), ("email", "ada@example.com")];
    all.retain(|(name, _)| !fields.iter().any(|(given, _)| given == name));
    all.extend_from_slice(fields);
    let event = send(site, &all);
    assert_eq!(
        noticed(&event),
        (names.to_vec(), held),
        "{fields:?} {event:?}"
    );
}

fn stamp(site: &Site) -> String {
    let answer = site.call("GET", "/hooks/form?stamp", &[], b"");
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["stamp"].as_str().unwrap().to_owned()
}

#[test]
fn a_field_that_people_do_not_see() {
    let site = open_form("form", "");
    check(&site, &[("n", "1")], &["stamp_missing"], false);
    check(
        &site,
        &[("n", "2"), ("_gotcha", "")],
        &["stamp_missing"],
        false,
    );
    check(
        &site,
        &[("n", "3"), ("_gotcha", " x ")],
        &["honeypot", "stamp_missing"],
        true,
    );
    let own = open_form("form", "[endpoint.spam]\nhoneypot = \"company_fax\"");
    check(
        &own,
        &[("company_fax", "1")],
        &["honeypot", "stamp_missing"],
        true,
    );
    check(&own, &[("_gotcha", "1")], &["stamp_missing"], false);
}

#[test]
fn a_form_that_is_filled_in_too_fast_or_with_a_bad_stamp() {
    let site = open_form("form", "");
    let first = stamp(&site);
    check(
        &site,
        &[("n", "1"), ("frontdesk_stamp", &first)],
        &["too_fast"],
        true,
    );
    site.pass(2);
    let second = stamp(&site);
    site.pass(3);
    check(
        &site,
        &[("n", "2"), ("frontdesk_stamp", &second)],
        &[],
        false,
    );
    check(
        &site,
        &[("n", "3"), ("frontdesk_stamp", &second)],
        &["stamp_replayed"],
        false,
    );
    check(
        &site,
        &[("n", "4"), ("frontdesk_stamp", "made up")],
        &["stamp_forged"],
        false,
    );
    let other = Site::start(&[("other", &built_in("contact_form"), OPEN)]);
    let foreign = other.call("GET", "/hooks/other?stamp=text", &[], b"").body;
    check(
        &site,
        &[("n", "5"), ("frontdesk_stamp", &foreign)],
        &["stamp_forged"],
        false,
    );
    let old = stamp(&site);
    site.pass(25 * 3600);
    check(
        &site,
        &[("n", "6"), ("frontdesk_stamp", &old)],
        &["stamp_expired"],
        false,
    );
    check(
        &site,
        &[("n", "7"), ("frontdesk_stamp", " ")],
        &["stamp_missing"],
        false,
    );
    let strict = open_form("form", "[endpoint.spam]\nrequire_stamp = true");
    check(&strict, &[("n", "1")], &["stamp_missing"], true);
}

/// A visitor who mistyped the address corrects it and sends the form with the same stamp.
#[test]
fn a_refused_form_does_not_use_its_stamp_up() {
    let site = open_form("form", "");
    let stamp = stamp(&site);
    site.pass(10);
    let wrong = format!("email=ada&frontdesk_stamp={stamp}");
    let refused = site.post("form", &[FORM], wrong.as_bytes());
    refused.check_problem(422, "schema_violation");
    assert_eq!(site.last_events()[0].notes, []);
    check(&site, &[("frontdesk_stamp", &stamp)], &[], false);
}

#[test]
fn the_same_form_sent_twice_is_a_duplicate_and_no_suspicion() {
    let site = open_form("form", "");
    let stamp = stamp(&site);
    site.pass(10);
    let body = format!("email=ada%40example.com&frontdesk_stamp={stamp}");
    let first = site.post("form", &[FORM], body.as_bytes()).json();
    let second = site.post("form", &[FORM], body.as_bytes()).json();
    assert_eq!(
        second,
        json!({"status": "duplicate", "event": first["event"]})
    );
    // Another stamp does not make it another form.
    let fresh = self::stamp(&site);
    let body = format!("email=ada%40example.com&frontdesk_stamp={fresh}");
    assert_eq!(
        site.post("form", &[FORM], body.as_bytes()).json()["status"],
        "duplicate"
    );
}

#[test]
fn stamps_come_as_json_as_text_and_as_a_script() {
    let site = open_form("form", "allow_origins = [\"https://www.example.com\"]");
    let page = ("origin", "https://www.example.com");
    let json = site.call("GET", "/hooks/form?stamp", &[page], b"");
    assert_eq!(json.json()["field"], "frontdesk_stamp");
    assert_eq!(json.json()["min_seconds"], 3);
    for line in [
        "cache-control: no-store",
        "access-control-allow-origin: https://www.example.com",
        "content-type: application/json",
    ] {
        assert!(json.head.contains(line), "{line} in {json:?}");
    }
    let text = site.call("GET", "/hooks/form?stamp=text", &[], b"");
    assert!(
        text.body.len() > 40
            && text
                .body
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    );
    let script = site.call("GET", "/hooks/form?stamp=js", &[], b"");
    assert!(
        script.head.contains("content-type: text/javascript"),
        "{script:?}"
    );
    assert!(script.body.contains("\"/hooks/form\"") && script.body.contains("frontdesk_stamp"));
    let evil = [("origin", "https://evil.example")];
    site.call("GET", "/hooks/form?stamp", &evil, b"")
        .check_problem(403, "origin_denied");
    site.call("GET", "/hooks/form", &[], b"")
        .check_problem(405, "method_not_allowed");
    // Where senders prove themselves nothing is stamped, and nobody is suspected.
    let shop = Site::start(&[(
        "shop",
        &built_in("shopify"),
        "secrets = [\"a long secret\"]",
    )]);
    shop.call("GET", "/hooks/shop?stamp", &[], b"")
        .check_problem(405, "method_not_allowed");
}

#[test]
fn an_address_that_sends_much() {
    let site = open_form("form", "[endpoint.spam]\nburst = 2\nper_minute = 1");
    for (n, names) in [
        ("1", &["stamp_missing"][..]),
        ("2", &["stamp_missing"]),
        ("3", &["stamp_missing", "address"]),
    ] {
        check(&site, &[("n", n)], names, false);
    }
    site.pass(60);
    check(&site, &[("n", "4")], &["stamp_missing"], false);
    // Together with another sign it is enough.
    let both = &[("n", "5"), ("email", "a@mailinator.com")];
    check(
        &site,
        both,
        &["stamp_missing", "address", "disposable_mail"],
        true,
    );
}

#[test]
fn what_the_form_says() {
    let site = open_form("form", "");
    for (n, (field, text, names, held)) in [
        (
            "email",
            "a@Mailinator.com",
            &["stamp_missing", "disposable_mail"][..],
            false,
        ),
        (
            "email",
            "a@mx.guerrillamail.com",
            &["stamp_missing", "disposable_mail"],
            false,
        ),
        (
            "email",
            "a@mailinator.com.example.org",
            &["stamp_missing"],
            false,
        ),
        (
            "message",
            "see https://a.example and www.b.example",
            &["stamp_missing"],
            false,
        ),
        (
            "message",
            "http://a http://b http://c",
            &["stamp_missing", "links"],
            false,
        ),
        (
            "message",
            "http://a http://b http://c http://d http://e http://f",
            &["stamp_missing", "links"],
            true,
        ),
        (
            "website",
            "http://a http://b http://c http://d http://e http://f",
            &["stamp_missing"],
            false,
        ),
        (
            "What do you need?",
            "http://a http://b http://c http://d http://e http://f",
            &["stamp_missing", "links"],
            true,
        ),
    ]
    .into_iter()
    .enumerate()
    {
        check(&site, &[("n", &n.to_string()), (field, text)], names, held);
    }
    let lax = "[endpoint.spam]\ndisposable_mail = false\nmax_links = 100\n";
    let lax = open_form("form", lax);
    check(
        &lax,
        &[
            ("email", "a@mailinator.com"),
            ("message", "http://a http://b http://c"),
        ],
        &["stamp_missing"],
        false,
    );
}

/// Scores and sentences are kept with the event, and the bar is the operator's.
#[test]
fn each_signal_has_a_score_and_a_sentence() {
    let site = open_form("form", "[endpoint.spam]\nhold_at = 60");
    let event = send(&site, &[("email", "a@mailinator.com"), ("message", "hi")]);
    let scores: Vec<_> = event
        .notes
        .iter()
        .map(|note| (note.name.as_str(), note.score))
        .collect();
    assert_eq!(scores, [("stamp_missing", 10), ("disposable_mail", 60)]);
    assert!(event.notes[1].message.contains("mailinator.com"));
    let reason = event.reason.unwrap();
    assert!(
        reason.contains("score of 70") && reason.contains("throw-away"),
        "{reason}"
    );
    let metrics = site.call("GET", "/metrics", &[], b"").body;
    assert!(
        metrics.contains("frontdesk_events_total{endpoint=\"form\",outcome=\"spam\"}"),
        "{metrics}"
    );
}

#[test]
fn a_bot_hears_what_everybody_hears() {
    let lines = "thank_you = \"https://www.example.com/thanks\"\nerror_page = \"https://www.example.com/e\"";
    let site = open_form("form", lines);
    let browser = site.post("form", &[FORM, HTML], b"email=a%40example.com&_gotcha=x");
    assert_eq!(browser.status, 303);
    assert!(
        browser
            .head
            .contains("location: https://www.example.com/thanks"),
        "{browser:?}"
    );
    // A fault is a fault for everybody, too.
    let fault = b"email=a&_gotcha=x";
    site.post("form", &[FORM], fault)
        .check_problem(422, "schema_violation");
    // A source whose sender insists on an answer gives it to bots as well.
    let mapping = "[delivery]\nevent = \"'x'\"\n[answer.ok]\nbody = \"thanks\"\n[[event]]\nname = \"*\"\n[event.lead]\nmessage = \"body.message\"\n";
    let own = Site::start(&[("form", &source(mapping, &[]), OPEN)]);
    let bot = own.post("form", &[JSON], br#"{"message": "x", "_gotcha": "x"}"#);
    let person = own.post("form", &[JSON], br#"{"message": "y"}"#);
    assert_eq!((bot.status, &bot.body), (person.status, &person.body));
}

#[test]
fn settings_are_read_strictly_and_overlaid() {
    let config = configured(
        "",
        "verify = \"none\"\n[endpoint.spam]\nmin_fill = \"5s\"\n[spam]\nmin_fill = \"9s\"\nmax_links = 7",
    );
    let spam = &config.endpoints[0].spam;
    assert_eq!(
        (spam.min_fill.as_secs(), spam.max_links, spam.hold_at),
        (5, 7, 100)
    );
    assert_eq!(spam.honeypot, ["_gotcha", "_honeypot", "bot-field"]);
}

/// Through the whole gateway: held, shown, left alone by replays, released, and clean when it arrives.
#[tokio::test]
async fn what_is_held_is_released_by_a_person() {
    let endpoints = "[[endpoint]]\nname = \"website\"\nsource = \"contact_form\"\nverify = \"none\"\n[endpoint.spam]\nhoneypot = \"contact_email_2\"\n";
    let gateway = TestGateway::start(endpoints).await;
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let bot = "name=Ada&email=ada%40example.com&color=red&contact_email_2=x&frontdesk_stamp=forged";
    let mut ids = Vec::new();
    for body in [
        bot.to_owned(),
        bot.replace("Ada", "Bob"),
        bot.replace("Ada", "Cleo").replace("=x&", "=&"),
    ] {
        let answer = gateway.deliver("website", &form, &body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        ids.push(answer.json()["event"].as_str().unwrap().to_owned());
    }
    gateway.drain().await;
    let held = gateway.api("GET", "/api/v1/events?code=spam", "").await;
    assert_eq!(held["items"].as_array().unwrap().len(), 2, "{held}");
    let event = gateway
        .api("GET", &format!("/api/v1/events/{}", ids[0]), "")
        .await;
    assert_eq!(
        (&event["status"], &event["code"]),
        (&json!("quarantined"), &json!("spam"))
    );
    assert_eq!(event["notes"][0]["name"], "honeypot");
    assert_eq!(event["notes"][0]["score"], 100);
    let body = event["request"]["body"].as_str().unwrap();
    assert!(
        body.contains("contact_email_2=x"),
        "the request is kept as it came"
    );

    let replayed = gateway
        .api(
            "POST",
            "/api/v1/events/replay",
            r#"{"status": "quarantined"}"#,
        )
        .await;
    assert_eq!(
        replayed,
        json!({"queued": 0, "found": 0}),
        "a replay is no release"
    );
    let release = format!("/api/v1/events/{}/release", ids[0]);
    assert_eq!(gateway.api("POST", &release, "").await["status"], "pending");
    gateway.drain().await;
    let event = gateway
        .api("GET", &format!("/api/v1/events/{}", ids[0]), "")
        .await;
    assert_eq!(
        (&event["status"], &event["code"]),
        (&json!("processed"), &Value::Null)
    );
    assert_eq!(
        event["notes"][0]["name"], "honeypot",
        "what was noticed is not forgotten"
    );
    let leads = gateway.items("leads").await;
    assert_eq!(leads.len(), 2);
    for lead in leads {
        assert_eq!(
            lead["fields"]["answers"],
            json!([{"question": "color", "answer": "red"}])
        );
    }
    let all = gateway
        .api(
            "POST",
            "/api/v1/events/release",
            r#"{"endpoint": "website"}"#,
        )
        .await;
    assert_eq!(all, json!({"released": 1, "found": 1}));
    gateway.drain().await;
    assert_eq!(gateway.items("leads").await.len(), 3);
    gateway.stop().await;
}
