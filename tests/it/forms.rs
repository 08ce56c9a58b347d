//! Plain HTML forms from other sites: what a visitor's browser is told, and what it is never sent to.

use std::sync::atomic::Ordering;

use crate::made::built_in;
use crate::site::{Answer, FORM, JSON, OPEN, Site, open_form};

const HTML: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
const PAGE: (&str, &str) = ("origin", "https://www.example.com");
const LINES: &str = "allow_origins = [\"https://www.example.com\"]\nthank_you = \"https://www.example.com/thanks\"\n\
    error_page = \"https://www.example.com/contact?lang=es#form\"\nmax_body = \"2KiB\"";
const ADA: &[u8] = b"name=Ada&email=ada%40example.com";

fn location(answer: &Answer) -> &str {
    assert_eq!(answer.status, 303, "{answer:?}");
    let line = answer
        .head
        .lines()
        .find_map(|line| line.strip_prefix("location: "));
    line.unwrap_or_else(|| panic!("{answer:?}"))
}

fn site(lines: &str) -> Site {
    open_form("form", lines)
}

fn multipart(boundary: &str, parts: &[(&str, &str)]) -> (String, Vec<u8>) {
    let mut body = String::new();
    for (head, content) in parts {
        body.push_str(&format!(
            "--{boundary}\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n"
        ));
    }
    body.push_str(&format!("--{boundary}--\r\n"));
    (
        format!("multipart/form-data; boundary={boundary}"),
        body.into_bytes(),
    )
}

#[test]
fn a_visitor_is_sent_on_after_success_and_after_every_fault() {
    let site = site(LINES);
    let post = |body: &[u8]| site.post("form", &[FORM, HTML, PAGE], body);
    assert_eq!(location(&post(ADA)), "https://www.example.com/thanks");
    assert_eq!(
        location(&post(b"name=Ada&email=ada")),
        "https://www.example.com/contact?lang=es&frontdesk_error=schema_violation&field=email#form"
    );
    assert_eq!(
        location(&post(&[b'a'; 3000])),
        "https://www.example.com/contact?lang=es&frontdesk_error=body_too_large#form"
    );
    assert_eq!(
        location(&post(b"name=%FF")),
        "https://www.example.com/contact?lang=es&frontdesk_error=malformed_body#form"
    );
    let csv = site.post("form", &[("content-type", "text/csv"), HTML, PAGE], b"a,b");
    assert!(location(&csv).contains("frontdesk_error=unsupported_media_type"));
    site.desk.broken.store(true, Ordering::SeqCst);
    assert!(location(&post(ADA)).contains("frontdesk_error=store_unavailable"));
}

/// A program that posts the same hears the contract's words.
#[test]
fn a_script_hears_the_contract() {
    let site = site(LINES);
    let post = |body: &[u8]| site.post("form", &[JSON, ("accept", "*/*"), PAGE], body);
    let answer = post(br#"{"email": "ada@example.com"}"#);
    assert_eq!(answer.json()["status"], "accepted");
    for line in [
        "access-control-allow-origin: https://www.example.com",
        "access-control-expose-headers: retry-after, frontdesk-event",
    ] {
        assert!(answer.head.contains(line), "{line} in {answer:?}");
    }
    let refused = post(br#"{"email": "ada"}"#);
    refused.check_problem(422, "schema_violation");
    assert!(refused.head.contains("access-control-allow-origin"));
    post(&[b' '; 3000]).check_problem(413, "body_too_large");
}

/// Without an error page the visitor goes back to the form, but only to a page that the config vouches for.
#[test]
fn nobody_chooses_where_a_visitor_is_sent() {
    let listed = site("allow_origins = [\"https://www.example.com\"]");
    let bad = b"name=Ada&email=ada";
    let back = |referer: &str| {
        let headers = [FORM, HTML, PAGE, ("referer", referer)];
        listed.post("form", &headers, bad)
    };
    assert_eq!(
        location(&back(
            "https://www.example.com/contact?frontdesk_error=old&field=x&a=1"
        )),
        "https://www.example.com/contact?a=1&frontdesk_error=schema_violation&field=email"
    );
    assert_eq!(
        location(&back("https://www.example.com/")),
        "https://www.example.com/?frontdesk_error=schema_violation&field=email"
    );
    for referer in [
        "https://evil.example/",
        "https://www.example.com.evil.example/",
        "https://www.example.com@evil.example/",
        "https://www.example.com\\@evil.example/",
        "https://www.example.com:444/",
        "http://www.example.com/",
        "//www.example.com/",
        "javascript:alert(1)//https://www.example.com/",
        "data:text/html,://www.example.com/",
        "",
    ] {
        back(referer).check_problem(422, "schema_violation");
    }
    // Where everybody may post, nobody's page is vouched for.
    let open = site("");
    let headers = [FORM, HTML, ("referer", "https://www.example.com/")];
    open.post("form", &headers, bad)
        .check_problem(422, "schema_violation");
    // A page that may not post is told so, and its visitor is not sent anywhere.
    let evil = [FORM, HTML, ("origin", "https://evil.example")];
    site(LINES)
        .post("form", &evil, ADA)
        .check_problem(403, "origin_denied");
}

#[test]
fn a_sender_that_is_verified_is_never_redirected_for_a_fault() {
    let lines = "secrets = [\"a secret of the shop\"]\nerror_page = \"https://www.example.com/e\"";
    let site = Site::start(&[("shop", &built_in("shopify"), lines)]);
    site.post("shop", &[JSON, HTML], b"{}")
        .check_problem(401, "signature_missing");
}

#[test]
fn files_are_refused_or_capped() {
    let cv = ("name=cv; filename=cv.pdf", "%PDF-1.7");
    let fields = [("name=email", "ada@example.com"), cv];
    let (kind, body) = multipart("XX", &fields);
    for (max_file, status, code) in [
        ("", 200, ""),
        ("max_file = \"8\"", 200, ""),
        ("max_file = \"7\"", 413, "body_too_large"),
        ("max_file = \"0\"", 415, "unsupported_media_type"),
    ] {
        let site = site(max_file);
        let answer = site.post("form", &[("content-type", &kind)], &body);
        assert_eq!(answer.status, status, "{max_file} {answer:?}");
        if !code.is_empty() {
            answer.check_problem(status, code);
            let detail = answer.json()["detail"].as_str().unwrap().to_owned();
            assert!(detail.contains("the field cv"), "{detail}");
        }
    }
    let site = site(&format!("{LINES}\nmax_file = \"0\""));
    let visitor = site.post("form", &[("content-type", &kind), HTML, PAGE], &body);
    assert!(location(&visitor).contains("frontdesk_error=unsupported_media_type&field=cv"));
    let (kind, body) = multipart(
        "XX",
        &[
            ("name=email", "ada@example.com"),
            ("name=cv; filename=\"\"", ""),
        ],
    );
    let unused = site.post("form", &[("content-type", &kind)], &body);
    assert_eq!(
        unused.status, 200,
        "a file input that was left empty is none: {unused:?}"
    );
}

/// Browsers write the same form with a fresh boundary each time.
#[test]
fn a_form_sent_twice_is_one() {
    let site = site("");
    let fields = [("name=name", "Ada"), ("name=email", "ada@example.com")];
    let send = |boundary: &str, fields: &[(&str, &str)]| {
        let (kind, body) = multipart(boundary, fields);
        site.post("form", &[("content-type", &kind)], &body).json()["status"].clone()
    };
    assert_eq!(send("one", &fields), "accepted");
    assert_eq!(send("two", &fields), "duplicate");
    assert_eq!(send("three", &[fields[1]]), "accepted");
}

#[test]
fn a_sender_hears_its_own_words_when_the_gateway_is_busy() {
    let mapping = "[delivery]\nevent = \"'x'\"\n[answer]\nbusy_status = 429\n[answer.busy]\ncontent_type = \"application/json\"\nbody = '{\"retry\": true}'\n[[event]]\nname = \"*\"\nignore = true\n";
    let source = crate::made::source(mapping, &[]);
    let limited = format!("{OPEN}\nrate_limit = {{ per_second = 1, burst = 1 }}");
    let site = Site::start(&[("busy", &source, OPEN), ("often", &source, &limited)]);
    site.desk.broken.store(true, Ordering::SeqCst);
    let answer = site.post("busy", &[JSON], b"{}");
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (429, r#"{"retry": true}"#)
    );
    assert!(answer.head.contains("retry-after: 5"), "{answer:?}");
    assert!(
        answer.head.contains("content-type: application/json"),
        "{answer:?}"
    );
    let said = (0..50).find_map(|_| {
        let answer = site.post("often", &[JSON], b"{}");
        answer.head.contains("retry-after: 1").then_some(answer)
    });
    let said = said.expect("never limited");
    assert_eq!(
        (said.status, said.body.as_str()),
        (429, r#"{"retry": true}"#)
    );
    // What is no matter of being busy keeps its own words.
    site.post("busy", &[("content-type", "text/xml")], b"<a/>")
        .check_problem(415, "unsupported_media_type");
}
