//! From a payload to records, as small declarations say: blanks, lists, lines, deletions, thin events, batches.

use frontdesk::model::request::Headers;
use frontdesk::process::preview::{TryReport, try_body};
use frontdesk::process::recipe::Recipe;
use frontdesk::process::understand::{Understood, open, understand};
use serde_json::{Value, json};

use crate::dry;

const HEAD: &str = "
title = 'Acme'
help = 'none'
[delivery]
event = 'body.type'
id    = 'body.id'
time  = 'body.at'
[verify.bearer]
";

fn report(declaration: &str, body: &Value, fetched: &[Value]) -> TryReport {
    let recipe = dry::declared(declaration, Some("ES"));
    let headers = Headers::from([("content-type", "application/json")]);
    let request = dry::request("desk", headers, body.to_string().as_bytes());
    try_body(&recipe, &request, fetched).unwrap()
}

/// `records` of the report for an event `t` that `mapping` maps.
fn check(mapping: &str, body: Value, expected: Value) {
    let mut body = body;
    body["type"] = json!("t");
    let found = report(
        &format!("{HEAD}[[event]]\nname = 't'\n{mapping}"),
        &body,
        &[],
    );
    assert_eq!(found.violations, [], "{mapping}");
    let found = serde_json::to_value(found.records).unwrap();
    assert_eq!(found, expected, "{mapping}");
}

fn check_fault(mapping: &str, body: Value, path: &str, sentence: &str) {
    let mut body = body;
    body["type"] = json!("t");
    let declaration = format!("{HEAD}[[event]]\nname = 't'\n{mapping}");
    let found = report(&declaration, &body, &[]);
    assert_eq!(found.records, [], "{mapping}");
    let line = 1 + declaration
        .lines()
        .position(|line| line.ends_with("# here"))
        .expect("a line marked with # here");
    let [violation] = found.violations.as_slice() else {
        panic!("{mapping}: {:?}", found.violations);
    };
    let sentence = format!("mappings/acme.toml:{line}: {path}: {sentence}");
    let pointer = format!("/{}", path.replace(['.', '['], "/").replace(']', ""));
    assert_eq!(violation.path, pointer, "{mapping}");
    assert!(
        violation.message.english.ends_with(&sentence),
        "{mapping}: {}",
        violation.message
    );
}

#[test]
fn blank_is_left_out() {
    let mapping = "
        [event.contact]
        email = 'body.email'
        given_name = 'body.first'
        [event.contact.address]
        city = 'body.city'
        [event.order]
        external_id = 'body.order'";
    check(
        mapping,
        json!({"email": " A@B.example ", "first": " ", "city": "", "order": 820982911946154508_u64}),
        json!([
            {"kind": "contact", "fields": {"email": "a@b.example"}},
            {"kind": "order", "fields": {"external_id": "820982911946154508"}},
        ]),
    );
    check(mapping, json!({"email": null}), json!([]));
    check(
        mapping,
        json!({"order": "7"}),
        json!([{"kind": "order", "fields": {"external_id": "7"}}]),
    );
}

#[test]
fn a_contact_of_consent_alone_is_nobody() {
    let mapping = "
        [event.contact]
        email = 'body.email'
        [[event.contact.consent]]
        channel = \"'email'\"
        state = \"'granted'\"
        [[event.contact.consent]]
        channel = \"'sms'\"
        state = 'body.sms'";
    check(mapping, json!({}), json!([]));
    check(
        mapping,
        json!({"email": "a@b.example"}),
        json!([{"kind": "contact", "fields":
            {"email": "a@b.example", "consent": [{"channel": "email", "state": "granted"}]}}]),
    );
}

#[test]
fn a_lead_has_a_source_and_only_a_test_is_marked() {
    let mapping = "
        [event.lead]
        message = 'body.text'
        source = 'body.from'
        test = 'body.test'";
    for (body, fields) in [
        (
            json!({"text": "hi", "test": false}),
            json!({"message": "hi", "source": "acme", "status": "new"}),
        ),
        (
            json!({"text": "hi", "test": true, "from": "fair"}),
            json!({"message": "hi", "source": "fair", "status": "new", "test": true}),
        ),
    ] {
        check(mapping, body, json!([{"kind": "lead", "fields": fields}]));
    }
    check(mapping, json!({}), json!([]));
}

#[test]
fn lists_have_one_entry_per_item() {
    let mapping = "
        [event.order]
        external_id = 'body.id'
        [event.order.each.line_items]
        from = 'body.lines'
        sku = 'item.sku'
        quantity = 'item.n'
        total = 'item.price | times(item.n)'";
    check(
        mapping,
        json!({"id": 1, "lines": [{"sku": "a", "n": 3, "price": 0.1}, {}, {"sku": "b"}]}),
        json!([{"kind": "order", "fields": {"external_id": "1", "line_items": [
            {"sku": "a", "quantity": 3, "total": "0.3"}, {"sku": "b"}]}}]),
    );
    check(
        mapping,
        json!({"id": 1, "lines": null}),
        json!([{"kind": "order", "fields": {"external_id": "1"}}]),
    );
}

#[test]
fn when_and_deleted() {
    let mapping = "
        [event.contact]
        when = \"body.keep != 'no'\"
        external_id = 'body.id'
        [event.order]
        external_id = 'body.id'
        deleted = 'body.gone'";
    check(
        mapping,
        json!({"id": 1, "keep": "no", "gone": true}),
        json!([{"kind": "order", "fields": {"external_id": "1"}, "deleted": true}]),
    );
}

#[test]
fn a_fault_names_its_line_and_field() {
    let order = |field: &str| format!("[event.order]\nexternal_id = 'body.id'\n{field}");
    let lines = "[event.order.each.line_items]\nfrom = 'body.lines'\nsku = 'item.sku'\nunit_price = 'item.price' # here";
    for (mapping, body, path, sentence) in [
        (
            order("total = 'body.total' # here"),
            json!({"id": 1, "total": "abc"}),
            "order.total",
            "'abc' is not a decimal number",
        ),
        (
            order("total = 'body.total | decimal' # here"),
            json!({"id": 1, "total": "abc"}),
            "order.total",
            "decimal: \"abc\" is not an amount that can be read one way only",
        ),
        (
            order("status = 'body.status' # here"),
            json!({"id": 1, "status": "weird"}),
            "order.status",
            "'weird' is none of cart, pending, paid, processing, fulfilled, partially_refunded, refunded, cancelled, \
             failed; translate it with `lookup`",
        ),
        (
            order(lines),
            json!({"id": 1, "lines": [{"price": "1"}, {"price": "free"}]}),
            "order.line_items[1].unit_price",
            "'free' is not a decimal number",
        ),
    ] {
        check_fault(&mapping, body, path, sentence);
    }
}

const THIN: &str = "
title = 'Acme'
help = 'none'
[settings.access_token]
help = 'token'
secret = true
[split]
each = ['body']
[delivery]
event = 'item.type'
id    = 'item.id'
time  = 'item.at'
[verify.bearer]
[[event]]
name = 'lead'
[event.fetch]
url = \"'https://api.example/' ~ item.id\"
[event.contact]
email = 'fetched.email'
[event.lead]
external_id = 'item.id'
message = 'fetched.text'
budget = '(fetched.budget | decimal) if fetched else (\"x\" | decimal)'
[[event]]
name = 'noise'
ignore = true
";

#[test]
fn a_batch_lists_its_events_by_their_own_times() {
    let body = json!([
        {"type": "lead", "id": "l2", "at": "2026-01-02T00:00:00Z"},
        {"type": "noise"},
        {"type": "lead", "id": "l1", "at": "2026-01-01T00:00:00Z"},
        {"type": "lead", "id": "l3", "at": "2026-01-03T00:00:00Z"},
    ]);
    let answers = [
        json!({"id": "other", "text": "for the first that is left"}),
        json!({"id": "l2", "email": "two@b.example", "budget": "2"}),
    ];
    let found = serde_json::to_value(report(THIN, &body, &answers)).unwrap();
    assert_eq!(
        found,
        json!({
            "source": "acme", "event": null, "delivery_id": null, "violations": [], "ignored": 1,
            "records": [
                {"kind": "lead", "event": "lead", "delivery_id": "l1",
                 "fields": {"external_id": "l1", "message": "for the first that is left", "source": "acme", "status": "new"}},
                {"kind": "contact", "event": "lead", "delivery_id": "l2", "fields": {"email": "two@b.example"}},
                {"kind": "lead", "event": "lead", "delivery_id": "l2",
                 "fields": {"external_id": "l2", "budget": "2", "source": "acme", "status": "new"}},
                {"kind": "lead", "event": "lead", "delivery_id": "l3",
                 "fields": {"external_id": "l3", "source": "acme"}, "needs_fetch": true},
            ]
        })
    );
}

#[test]
fn what_no_event_names_is_ignored() {
    let declaration = format!("{HEAD}[[event]]\nname = 't'\n[event.lead]\nmessage = 'body.text'");
    for body in [json!({"type": "unheard of"}), json!({"type": "t"})] {
        let found = report(&declaration, &body, &[]);
        assert_eq!((found.ignored, found.records.len()), (1, 0), "{body}");
    }
}

/// An event that says enough, or whose endpoint has no token, is not fetched. Without an endpoint it is taken to be thin.
#[test]
fn a_fetch_may_have_a_condition() {
    let declaration = "
title = 'Acme'
help = 'none'
[settings.token]
help = 'token'
[delivery]
event = \"'t'\"
[verify.bearer]
[[event]]
name = 't'
[event.fetch]
when = 'settings.token and not body.email'
url = \"'https://api.example.com/'\"
[event.contact]
external_id = 'body.id'
email = 'body.email or fetched.email'
";
    let source = crate::made::source(
        declaration
            .split_once("help = 'none'\n")
            .map(|(_, rest)| rest)
            .unwrap(),
        &[],
    );
    for (settings, body, thin) in [
        ("", json!({"id": "1"}), false),
        ("settings = { token = \"t\" }", json!({"id": "1"}), true),
        (
            "settings = { token = \"t\" }",
            json!({"id": "1", "email": "a@b.example"}),
            false,
        ),
    ] {
        let lines = format!("secrets = [\"a long secret\"]\n{settings}");
        let config = crate::made::configured("", &lines);
        let recipe = Recipe::compile(&source, &config.endpoints[0]).unwrap();
        let headers = Headers::from([("content-type", "application/json")]);
        let request = dry::request("in", headers, body.to_string().as_bytes());
        let report = try_body(&recipe, &request, &[]).unwrap();
        assert_eq!(report.records[0].needs_fetch, thin, "{settings} {body}");
    }
    let found = report(declaration, &json!({"id": "1"}), &[]);
    assert!(found.records[0].needs_fetch);
}

const TWICE: &str = "
title = 'Acme'
help = 'none'
[settings.access_token]
help = 'token'
[delivery]
event = \"'deal'\"
[verify.bearer]
[[event]]
name = 'deal'
[[event.fetch]]
name = 'deal'
url = \"'https://api.example/deals/' ~ body.deal\"
[[event.fetch]]
name = 'person'
when = 'fetched.deal.person'
url = \"'https://api.example/people/' ~ fetched.deal.person\"
[event.contact]
email = 'fetched.person.email'
[event.lead]
external_id = 'body.deal'
title = 'fetched.deal.title'
";

/// The later of two fetches is asked about what the earlier one answered, and only where it has a reason to.
#[test]
fn a_fetch_may_follow_another() {
    let body = json!({"deal": "d1"});
    let deal = json!({"title": "A big one", "person": "p1"});
    let person = json!({"email": "Ana@B.example"});
    let lead = |fields: Value| json!({"kind": "lead", "fields": fields});
    for (answers, expected) in [
        (
            vec![],
            json!([{"kind": "lead", "fields": {"external_id": "d1", "source": "acme"}, "needs_fetch": true}]),
        ),
        (
            vec![deal.clone()],
            json!([{"kind": "lead", "needs_fetch": true,
                "fields": {"external_id": "d1", "title": "A big one", "source": "acme"}}]),
        ),
        (
            vec![deal, person],
            json!([
                {"kind": "contact", "fields": {"email": "ana@b.example"}},
                lead(json!({"external_id": "d1", "title": "A big one", "source": "acme", "status": "new"})),
            ]),
        ),
        (
            vec![json!({"title": "Nobody's"})],
            json!([lead(
                json!({"external_id": "d1", "title": "Nobody's", "source": "acme", "status": "new"})
            )]),
        ),
    ] {
        let found = report(TWICE, &body, &answers);
        assert_eq!(
            serde_json::to_value(found.records).unwrap(),
            expected,
            "{answers:?}"
        );
    }
}

#[test]
fn a_draft_tells_how_it_was_known_before() {
    let declaration = format!(
        "{HEAD}[[event]]\nname = 't'\n[event.contact]\nemail = 'body.new'\n[event.contact.previous]\nemail = 'body.old | email'"
    );
    let recipe = dry::declared(&declaration, None);
    for (old, expected) in [
        ("Old@B.example", json!({"email": "old@b.example"})),
        ("", json!({})),
    ] {
        let body = json!({"type": "t", "new": "new@b.example", "old": old});
        let headers = Headers::from([("content-type", "application/json")]);
        let request = dry::request("in", headers, body.to_string().as_bytes());
        let opened = open(&recipe, &request).unwrap();
        let drafts = match understand(&recipe, &opened.body, &opened.parts[0], None) {
            Understood::Records(drafts) => drafts,
            other => panic!("{other:?}"),
        };
        assert_eq!(Value::from(drafts[0].previous.clone()), expected);
    }
}
