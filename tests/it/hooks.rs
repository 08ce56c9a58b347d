//! `/hooks` over real sockets: limits, caps, slow and lying senders, answers; the inbox is a stand-in.

use std::sync::atomic::Ordering;

use serde_json::Value;

use crate::made::{built_in, source};
use crate::site::{FORM, JSON, OPEN, Site, open_form};

#[test]
fn accepted_then_duplicate() {
    let site = open_form("form", "thank_you = \"https://example.com/thanks\"");
    let ada = b"name=Ada&email=ada%40example.com";
    let first = site.post("form", &[FORM], ada);
    assert_eq!(
        (first.status, &first.json()["status"]),
        (200, &Value::from("accepted"))
    );
    let event = first.json()["event"].as_str().unwrap().to_owned();
    assert_eq!(
        site.desk.arrivals.lock().unwrap()[0].events[0]
            .id
            .to_string(),
        event
    );
    let second = site.post("form/", &[FORM], ada);
    assert_eq!(
        second.json(),
        serde_json::json!({"status": "duplicate", "event": event})
    );
    let browser = site.post(
        "form",
        &[FORM, ("accept", "text/html,*/*")],
        b"name=Bob&email=b%40b.example",
    );
    assert_eq!(browser.status, 303);
    assert!(
        browser
            .head
            .contains("location: https://example.com/thanks")
    );
    let form = site.post("form", &[FORM], b"name=Nobody");
    form.check_problem(422, "schema_violation");
    let old = site.raw(
        b"POST /hooks/form HTTP/1.0\r\nContent-Length: 28\r\n\r\nname=C&email=c%40example.com",
    );
    assert_eq!(old.status, 200, "{old:?}");
}

#[test]
fn batches_name_every_event() {
    let mapping = "[delivery]\nevent = \"'x'\"\nid = \"item\"\n[split]\neach = [\"body\"]\n[[event]]\nname = \"*\"\nignore = true\n";
    let site = Site::start(&[("batch", &source(mapping, &[]), OPEN)]);
    let first = site.post("batch", &[JSON], b"[1,2]").json();
    assert_eq!(first["status"], "accepted");
    assert_eq!(first["events"].as_array().unwrap().len(), 2);
    assert_eq!(first["events"][0], first["event"]);
    let overlapping = site.post("batch", &[JSON], b"[2,3]").json();
    assert_eq!(overlapping["status"], "accepted");
    assert_eq!(overlapping["events"][0], first["events"][1], "it is known");
    assert_eq!(
        overlapping["event"], overlapping["events"][1],
        "the one that is accepted now"
    );
    assert_eq!(
        site.post("batch", &[JSON], b"[1,3]").json()["status"],
        "duplicate"
    );
}

#[test]
fn answers_that_senders_insist_on() {
    let mapping = |answers: &str| {
        format!(
            "[delivery]\nevent = \"body.t\"\n[[event]]\nname = \"order\"\nschema = \"s\"\n[event.order]\nexternal_id = \"body.id\"\n[[event]]\nname = \"*\"\nignore = true\n[answer]\n{answers}"
        )
    };
    let schemas = &[("s", r#"{"required": ["id"]}"#)][..];
    let ok = "[answer.ok]\ncontent_type = \"text/xml\"\nbody = \"<Ack/>\"\n";
    let all = format!(
        "{ok}[answer.ignored]\nstatus = 204\n[answer.invalid]\nstatus = 202\nbody = \"bad\"\n"
    );
    let site = Site::start(&[
        ("ok", &source(&mapping(ok), schemas), OPEN),
        ("all", &source(&mapping(&all), schemas), OPEN),
        (
            "soft",
            &source(&mapping(&format!("on_invalid = \"accept\"\n{ok}")), schemas),
            OPEN,
        ),
    ]);
    let order = b"{\"t\":\"order\",\"id\":1}";
    for (endpoint, body, status, said) in [
        ("ok", &order[..], 200, "<Ack/>"),
        ("ok", order, 200, "<Ack/>"),
        ("ok", b"{\"t\":\"other\"}", 200, "<Ack/>"),
        ("all", order, 200, "<Ack/>"),
        ("all", b"{\"t\":\"other\"}", 204, ""),
        ("all", b"{\"t\":\"order\"}", 202, "bad"),
        ("soft", b"{\"t\":\"order\"}", 200, "<Ack/>"),
    ] {
        let answer = site.post(endpoint, &[JSON], body);
        assert_eq!(answer.status, status, "{endpoint} {answer:?}");
        assert_eq!(answer.body, said, "{endpoint} {answer:?}");
        assert!(answer.head.contains("frontdesk-event: "), "{answer:?}");
    }
    site.post("ok", &[JSON], b"{\"t\":\"order\"}")
        .check_problem(422, "schema_violation");
}

#[test]
fn refusals_of_the_contract() {
    let shop = source(
        "[body]\naccepts = [\"json\"]\n[delivery]\nevent = \"'x'\"\n[verify.key]\nheader = \"x-key\"\n[[event]]\nname = \"*\"\nschema = \"s\"\n[event.order]\nexternal_id = \"body.id\"\n",
        &[("s", r#"{"type": "object", "required": ["id"]}"#)],
    );
    let lines = "secrets = [\"a-long-key\"]\nmax_body = \"1KiB\"";
    let addresses = format!("{lines}\nallow_addresses = [\"198.51.100.0/24\"]");
    let origins = format!("{lines}\nallow_origins = [\"https://www.example.com\"]");
    let site = Site::start(&[
        ("shop", &shop, lines),
        ("far", &shop, &addresses),
        ("page", &shop, &origins),
    ]);
    let key = ("x-key", "a-long-key");
    site.post("shop", &[JSON, key], b"{")
        .check_problem(400, "malformed_body");
    site.post("shop", &[JSON], b"{}")
        .check_problem(401, "key_invalid");
    site.post("shop", &[JSON, ("x-key", "wrong")], b"{}")
        .check_problem(401, "key_invalid");
    site.post("far", &[JSON, key], b"{}")
        .check_problem(403, "address_denied");
    let near = ("x-forwarded-for", "198.51.100.7");
    assert_eq!(
        site.post("far", &[JSON, key, near], b"{\"id\":1}").status,
        200
    );
    site.post(
        "page",
        &[JSON, key, ("origin", "https://evil.example")],
        b"{}",
    )
    .check_problem(403, "origin_denied");
    site.post("nowhere", &[JSON], b"{}")
        .check_problem(404, "unknown_endpoint");
    site.call("GET", "/other", &[], b"")
        .check_problem(404, "not_found");
    let get = site.call("GET", "/hooks/shop", &[], b"");
    get.check_problem(405, "method_not_allowed");
    assert!(get.head.contains("allow: post"), "{get:?}");
    site.post("shop", &[JSON, key], &[b' '; 1025])
        .check_problem(413, "body_too_large");
    site.post("shop", &[("content-type", "text/xml"), key], b"<a/>")
        .check_problem(415, "unsupported_media_type");
    let invalid = site.post("shop", &[JSON, key], b"{}");
    invalid.check_problem(422, "schema_violation");
    assert!(
        invalid.json()["violations"][0]["message"]
            .as_str()
            .unwrap()
            .contains("id")
    );
    assert!(invalid.json()["event"].as_str().is_some());
    let recorded: Vec<_> = site
        .desk
        .refusals
        .lock()
        .unwrap()
        .iter()
        .map(|it| it.code.clone())
        .collect();
    assert_eq!(
        recorded,
        [
            "key_invalid",
            "key_invalid",
            "address_denied",
            "origin_denied",
            "unknown_endpoint",
            "method_not_allowed",
            "body_too_large",
        ],
        "what is kept in quarantine is no refusal"
    );
    let metrics = site.call("GET", "/metrics", &[], b"").body;
    assert!(
        metrics.contains("frontdesk_refusals_total{endpoint=\"far\",code=\"address_denied\"} 1"),
        "{metrics}"
    );
    assert!(
        metrics.contains("frontdesk_events_total{endpoint=\"far\",outcome=\"accepted\"} 1"),
        "{metrics}"
    );
    assert!(!metrics.contains("nowhere"), "{metrics}");
}

#[test]
fn bodies_that_lie_about_their_length() {
    let site = open_form("form", "max_body = \"1KiB\"");
    let head = "POST /hooks/form HTTP/1.1\r\nhost: x\r\nconnection: close\r\n";
    let chunk = format!("400\r\n{}\r\n", "a".repeat(1024));
    let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n{chunk}{chunk}0\r\n\r\n");
    site.raw(chunked.as_bytes())
        .check_problem(413, "body_too_large");
    // Nothing ends it, and the sender would keep the connection: the answer comes, and the server hangs up.
    let endless = format!(
        "{head}transfer-encoding: chunked\r\n\r\n{}",
        chunk.repeat(50)
    );
    site.raw(endless.as_bytes())
        .check_problem(413, "body_too_large");
    let declared = format!("{head}content-length: 999999999\r\n\r\nname=Ada");
    site.raw(declared.as_bytes())
        .check_problem(413, "body_too_large");
    let fits =
        format!("{head}transfer-encoding: chunked\r\n\r\n6\r\nemail=\r\n6\r\na@b.de\r\n0\r\n\r\n");
    assert_eq!(site.raw(fits.as_bytes()).status, 200);
    // Fewer bytes than declared, then silence: the sender is waited for, then told.
    let short = format!("{head}content-length: 100\r\n\r\nname=Ada");
    site.raw(short.as_bytes())
        .check_problem(408, "body_timeout");
    let broken = format!("{head}transfer-encoding: chunked\r\n\r\nzz\r\nname=Ada");
    site.raw(broken.as_bytes())
        .check_problem(400, "malformed_body");
    assert!(
        site.desk
            .arrivals
            .lock()
            .unwrap()
            .iter()
            .all(|it| it.request.body.len() <= 1024)
    );
}

#[test]
fn limits_come_before_the_body() {
    let site = open_form(
        "form",
        "rate_limit_per_address = { per_second = 1, burst = 2 }\nrate_limit = { per_second = 100, burst = 100 }",
    );
    let unsent = b"POST /hooks/form HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\nx-forwarded-for: 192.0.2.1\r\n\r\n";
    // A busy machine may be so slow that the bucket fills again between two requests.
    let limited = (0..20).find_map(|_| {
        for name in ["Ada", "Bob"] {
            site.post(
                "form",
                &[FORM, ("x-forwarded-for", "192.0.2.1")],
                format!("name={name}").as_bytes(),
            );
        }
        Some(site.raw(unsent)).filter(|answer| answer.status != 408)
    });
    let limited = limited.expect("never limited");
    limited.check_problem(429, "rate_limited");
    assert!(limited.head.contains("retry-after: "), "{limited:?}");
    assert!(limited.json()["retry_after"].as_u64().unwrap() >= 1);
}

#[test]
fn a_store_that_cannot_write() {
    let mapping = "[delivery]\nevent = \"'x'\"\n[answer]\nbusy_status = 429\n[[event]]\nname = \"*\"\nignore = true\n";
    let form = built_in("contact_form");
    let site = Site::start(&[("form", &form, OPEN), ("shy", &source(mapping, &[]), OPEN)]);
    assert_eq!(site.call("GET", "/readyz", &[], b"").status, 200);
    site.desk.broken.store(true, Ordering::SeqCst);
    let body = b"name=Ada&email=ada%40example.com";
    let refused = site.post("form", &[FORM], body);
    refused.check_problem(503, "store_unavailable");
    assert!(refused.head.contains("retry-after: 5"), "{refused:?}");
    assert!(!refused.body.contains("disk"), "the cause is ours");
    site.post("shy", &[JSON], b"{}")
        .check_problem(429, "store_unavailable");
    site.call("GET", "/readyz", &[], b"")
        .check_problem(503, "not_ready");
    assert_eq!(site.call("GET", "/healthz", &[], b"").status, 200);
    site.desk.broken.store(false, Ordering::SeqCst);
    assert_eq!(site.post("form", &[FORM], body).status, 200);
}

#[test]
fn scripts_on_allowed_pages_may_post() {
    let site = open_form("form", "allow_origins = [\"https://www.example.com\"]");
    let origin = ("origin", "https://www.example.com");
    let asks = [
        origin,
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "content-type"),
    ];
    let may = site.call("OPTIONS", "/hooks/form", &asks, b"");
    assert_eq!(may.status, 204);
    for line in [
        "access-control-allow-origin: https://www.example.com",
        "access-control-allow-methods: post",
        "access-control-allow-headers: content-type",
        "vary: origin",
    ] {
        assert!(may.head.contains(line), "{line} in {may:?}");
    }
    let posted = site.post("form", &[JSON, origin], br#"{"email": "ada@example.com"}"#);
    assert_eq!(posted.status, 200);
    assert!(
        posted
            .head
            .contains("access-control-allow-origin: https://www.example.com")
    );
    let evil = [
        ("origin", "https://evil.example"),
        ("access-control-request-method", "POST"),
    ];
    let refused = site.call("OPTIONS", "/hooks/form", &evil, b"");
    refused.check_problem(403, "origin_denied");
    assert!(!refused.head.contains("access-control-allow-origin"));
}

#[test]
fn handshakes_over_http() {
    let lines = "secrets = [\"an app secret\"]\nsettings = { verify_token = \"meatyhamhock\", access_token = \"t\" }";
    let site = Site::start(&[("meta", &built_in("meta"), lines)]);
    let path =
        "/hooks/meta?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=meatyhamhock";
    let answer = site.call("GET", path, &[], b"");
    assert_eq!((answer.status, answer.body.as_str()), (200, "1158201444"));
    assert!(
        answer.head.contains("content-type: text/plain"),
        "{answer:?}"
    );
    let head = site.call("HEAD", path, &[], b"");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    site.call("GET", &path.replace("meaty", "x"), &[], b"")
        .check_problem(401, "key_invalid");
}

#[test]
fn a_flood_of_refusals_is_counted_not_kept() {
    let site = Site::start(&[("flood", &built_in("shopify"), "secrets = [\"a secret\"]")]);
    for _ in 0..60 {
        site.post("flood", &[JSON], b"{}")
            .check_problem(401, "signature_missing");
    }
    // The clock stands still: this is one second.
    assert_eq!(site.desk.refusals.lock().unwrap().len(), 20);
    let metrics = site.call("GET", "/metrics", &[], b"").body;
    assert!(
        metrics
            .contains("frontdesk_refusals_total{endpoint=\"flood\",code=\"signature_missing\"} 60"),
        "{metrics}"
    );
}
