//! The built-in sources: every sample becomes records, and what is peculiar to each sender is understood.

use std::net::{IpAddr, Ipv4Addr};

use frontdesk::config::CatalogConfig;
use frontdesk::model::id::new_id;
use frontdesk::model::request::{Headers, RawRequest};
use frontdesk::process::preview::{TryReport, try_body};
use frontdesk::process::recipe::Recipe;
use frontdesk::source::catalog::Catalog;
use frontdesk::source::declaration::Source;
use jiff::Timestamp;
use serde_json::{Value, json};

fn catalog() -> Catalog {
    Catalog::load(&CatalogConfig::default()).unwrap()
}

fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn attempt(
    source: &Source,
    headers: Vec<(String, String)>,
    body: impl Into<Vec<u8>>,
    fetched: &[Value],
) -> TryReport {
    let recipe = Recipe::of_source(source, Some("ES")).unwrap();
    let request = RawRequest {
        id: new_id(now()),
        endpoint: "here".to_owned(),
        method: "POST".to_owned(),
        query: String::new(),
        headers: Headers(headers),
        body: body.into(),
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        received_at: now(),
    };
    try_body(&recipe, &request, fetched).unwrap_or_else(|error| panic!("{}: {error}", source.name))
}

/// What is at a dotted path of the only record of a kind.
fn field(report: &TryReport, path: &str) -> Value {
    let mut steps = path.split('.');
    let kind = steps.next().unwrap();
    let mut records = report
        .records
        .iter()
        .filter(|record| record.kind.as_str() == kind);
    let record = records
        .next()
        .unwrap_or_else(|| panic!("no {kind}: {:?}", report.violations));
    let mut here = Value::from(record.fields.clone());
    for step in steps {
        here = match step.parse::<usize>() {
            Ok(index) => here[index].take(),
            Err(_) => here[step].take(),
        };
    }
    here
}

fn check(report: &TryReport, expected: &[(&str, Value)]) {
    for (path, expected) in expected {
        assert_eq!(&field(report, path), expected, "{path}");
    }
}

#[test]
fn every_sample_becomes_records() {
    for source in catalog().sources() {
        assert!(
            source.samples.len() >= 2,
            "{} has too few samples",
            source.name
        );
        for sample in &source.samples {
            for n in 0..8 {
                let rendered = sample.render(n, now(), new_id(now())).unwrap();
                let mut headers: Vec<_> = rendered.headers.into_iter().collect();
                headers.push(("content-type".to_owned(), rendered.content_type));
                let fetched: Vec<Value> = rendered
                    .fetched
                    .iter()
                    .map(|text| serde_json::from_str(text).unwrap())
                    .collect();
                let report = attempt(source, headers, rendered.body, &fetched);
                let place = format!("{} {}", source.name, sample.event);
                assert!(
                    report.violations.is_empty(),
                    "{place}: {:?}",
                    report.violations
                );
                assert_eq!(
                    report.event.as_deref(),
                    Some(sample.event.as_str()),
                    "{place}"
                );
                assert!(!report.records.is_empty(), "{place}");
                for record in &report.records {
                    assert!(!record.needs_fetch, "{place}");
                    assert!(!record.fields.is_empty(), "{place}");
                }
            }
        }
    }
}

fn form(fields: &[(&str, &str)]) -> TryReport {
    let mut body = form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields {
        body.append_pair(name, value);
    }
    let kind = "application/x-www-form-urlencoded".to_owned();
    let catalog = catalog();
    let source = catalog.get("contact_form").unwrap();
    attempt(
        source,
        vec![("content-type".to_owned(), kind)],
        body.finish(),
        &[],
    )
}

#[test]
fn forms_are_read_in_many_languages() {
    for (fields, expected) in [
        (
            &[
                ("name", "Ana García López"),
                ("E-Mail *", "Ana@Example.com"),
                ("phone", "600 111 222"),
                ("Size", "M"),
            ][..],
            &[
                ("contact.full_name", json!("Ana García López")),
                ("contact.given_name", json!("Ana")),
                ("contact.email", json!("ana@example.com")),
                ("contact.phone", json!("+34600111222")),
                ("lead.answers", json!([{"question": "Size", "answer": "M"}])),
                ("lead.form_name", json!("here")),
            ][..],
        ),
        (
            &[
                ("nombre", "Ana"),
                ("apellidos", "García López"),
                ("correo", "a@b.es"),
                ("presupuesto", "1.500,00 €"),
                ("newsletter", "on"),
            ],
            &[
                ("contact.full_name", json!("Ana García López")),
                ("contact.given_name", json!("Ana")),
                ("contact.family_name", json!("García López")),
                (
                    "contact.consent",
                    json!([{"channel": "email", "state": "granted"}]),
                ),
                ("lead.budget", json!("1500.00")),
            ],
        ),
        (
            &[
                ("nom", "Marie Dubois"),
                ("téléphone", "06 12 34 56 78"),
                ("pays", "France"),
                ("budget", "about 5k"),
            ],
            &[
                ("contact.full_name", json!("Marie Dubois")),
                ("contact.family_name", json!("Dubois")),
                ("contact.phone", json!("+33612345678")),
                ("contact.address.country", json!("FR")),
                ("contact.consent", json!(null)),
                ("lead.budget", json!(null)),
                (
                    "lead.answers",
                    json!([{"question": "budget", "answer": "about 5k"}]),
                ),
            ],
        ),
        (
            &[
                ("fields[email]", "a@b.co"),
                (
                    "fields[landing_page]",
                    "https://example.com/?utm_source=x&gclid=g",
                ),
                ("_wpnonce", "1"),
            ],
            &[
                ("contact.email", json!("a@b.co")),
                ("lead.attribution.utm_source", json!("x")),
                ("lead.attribution.gclid", json!("g")),
                ("lead.answers", json!(null)),
            ],
        ),
    ] {
        check(&form(fields), expected);
    }
}

#[test]
fn a_form_that_nobody_could_answer_is_refused() {
    for (fields, sentence) in [
        (&[("email", "nope")][..], "is not an e-mail address"),
        (&[("correo electrónico", "a@b")], "is not an e-mail address"),
        (
            &[("email", "a b@c.de"), ("message", "x")],
            "is not an e-mail address",
        ),
        (
            &[("name", "Ana")],
            "an e-mail address, a phone number or a message",
        ),
        (
            &[("email", " "), ("phone", ""), ("name", "Ana")],
            "an e-mail address, a phone number or a message",
        ),
        (&[], "an e-mail address, a phone number or a message"),
    ] {
        let report = form(fields);
        let violation = report
            .violations
            .first()
            .unwrap_or_else(|| panic!("{fields:?}"));
        assert!(
            violation.message.english.starts_with(sentence),
            "{fields:?}: {violation:?}"
        );
        assert!(violation.path.starts_with('/'), "{fields:?}: {violation:?}");
        assert!(report.records.is_empty());
    }
    for fields in [
        &[("email", ""), ("message", "call me at home")][..],
        &[("Your E-mail:", "ana@example.com")],
        &[("whatsapp", "600111222")],
        &[("email", "Ana <ana@example.com>")],
    ] {
        assert_eq!(form(fields).violations, [], "{fields:?}");
    }
}

fn shopify(topic: &str, body: &Value) -> TryReport {
    let headers = [
        ("content-type", "application/json"),
        ("shopify-topic", topic),
        ("shopify-webhook-id", "w-1"),
        ("shopify-triggered-at", "2026-03-01T12:00:00.5Z"),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    attempt(
        catalog().get("shopify").unwrap(),
        headers.to_vec(),
        body.to_string(),
        &[],
    )
}

#[test]
fn shopify_statuses() {
    for (facts, expected) in [
        (json!({"financial_status": "paid"}), "paid"),
        (
            json!({"financial_status": "paid", "fulfillment_status": "fulfilled"}),
            "fulfilled",
        ),
        (
            json!({"financial_status": "partially_refunded", "fulfillment_status": "fulfilled"}),
            "partially_refunded",
        ),
        (json!({"financial_status": "voided"}), "cancelled"),
        (
            json!({"financial_status": "paid", "cancelled_at": "2026-01-01T00:00:00Z"}),
            "cancelled",
        ),
        (json!({"financial_status": null}), "pending"),
        (json!({"financial_status": "a_new_word"}), "pending"),
    ] {
        let mut body = facts.clone();
        body["id"] = json!(820_982_911_946_154_508_u64);
        let report = shopify("orders/updated", &body);
        check(
            &report,
            &[
                ("order.status", json!(expected)),
                ("order.external_id", json!("820982911946154508")),
            ],
        );
        assert_eq!(report.records.len(), 1, "no buyer, no contact: {facts}");
    }
}

#[test]
fn shopify_money_and_links() {
    let report = shopify(
        "orders/updated",
        &json!({
            "id": 1, "email": "Buyer@Example.com", "currency": "EUR", "total_price": "100.00", "current_total_price": "80.10",
            "landing_site": "/?utm_source=news&utm_campaign=may", "test": true,
            "billing_address": {"phone": "0171 1234567", "country": "Germany", "country_code": "DE", "first_name": "Uwe"},
            "line_items": [{"id": 2, "price": "19.90", "quantity": 3, "discount_allocations": [{"amount": "1.00"}, {"amount": "0.50"}]}],
            "discount_codes": [{"code": "MAY"}],
            "fulfillments": [{"tracking_company": "DHL", "tracking_number": "J1", "tracking_url": "https://example.com/J1"}],
            "refunds": [
                {"transactions": [{"amount": "10.00", "status": "success"}, {"amount": "99.00", "status": "failure"}]},
                {"transactions": [{"amount": "9.90", "status": "success"}]},
            ],
        }),
    );
    check(
        &report,
        &[
            ("contact.email", json!("buyer@example.com")),
            ("contact.phone", json!("+491711234567")),
            ("contact.given_name", json!("Uwe")),
            ("order.total", json!("80.10")),
            ("order.refunded", json!("19.90")),
            ("order.line_items.0.total", json!("58.20")),
            ("order.coupons", json!(["MAY"])),
            ("order.tracking.0.number", json!("J1")),
            ("order.custom.utm_source", json!("news")),
            ("order.custom.test", json!(true)),
        ],
    );
}

#[test]
fn shopify_topics() {
    let id = json!({"id": 7});
    for (topic, body, records, deleted) in [
        ("orders/delete", id.clone(), 1, true),
        ("checkouts/delete", id.clone(), 1, true),
        ("customers/delete", id.clone(), 1, true),
        ("customers/redact", json!({"customer": {"id": 7}}), 1, true),
        (
            "checkouts/update",
            json!({"id": 7, "token": "t", "completed_at": null}),
            1,
            false,
        ),
        (
            "checkouts/update",
            json!({"id": 7, "token": "t", "completed_at": "2026-01-01T00:00:00Z"}),
            1,
            true,
        ),
        (
            "customers_email_marketing_consent/update",
            json!({"customer_id": 7, "email_marketing_consent": {"state": "unsubscribed"}}),
            1,
            false,
        ),
        ("orders/edited", json!({"order_edit": {"id": 7}}), 0, false),
        ("app/uninstalled", id.clone(), 0, false),
        ("refunds/create", id, 0, false),
    ] {
        let report = shopify(topic, &body);
        assert_eq!(report.violations, [], "{topic}");
        assert_eq!(report.records.len(), records, "{topic}");
        assert_eq!(report.ignored, usize::from(records == 0), "{topic}");
        if let Some(record) = report.records.first() {
            assert_eq!(record.deleted, deleted, "{topic}");
            assert_eq!(record.fields["external_id"], "7", "{topic}");
        }
    }
}

fn leadgen(fetched: &[Value]) -> TryReport {
    let change = |id: u64, field: &str| json!({"field": field, "value": {"leadgen_id": id.to_string(), "form_id": "5", "created_time": 1_630_087_926_u64 + id, "page_id": 9}});
    let body = json!({"object": "page", "entry": [
        {"id": "9", "time": 1_630_087_999, "changes": [change(2, "leadgen"), change(3, "feed")]},
        {"id": "9", "time": 1_630_087_999, "changes": [change(1, "leadgen")]},
    ]});
    attempt(
        catalog().get("meta").unwrap(),
        Vec::new(),
        body.to_string(),
        fetched,
    )
}

#[test]
fn meta_leads_come_in_batches_and_are_fetched() {
    let report = leadgen(&[]);
    assert_eq!((report.ignored, report.records.len()), (1, 2));
    let ids: Vec<_> = report
        .records
        .iter()
        .map(|record| &record.fields["external_id"])
        .collect();
    assert_eq!(ids, ["1", "2"], "in the order of their own times");
    assert!(
        report
            .records
            .iter()
            .all(|record| record.needs_fetch && record.fields["form_id"] == "5")
    );

    let answer = json!({
        "id": "1", "created_time": "2015-02-28T08:49:14+0000", "platform": "ig", "is_organic": true, "campaign_name": "Spring",
        "field_data": [
            {"name": "full_name", "values": ["Joe Example"]}, {"name": "phone_number", "values": ["600111222"]},
            {"name": "which_colour", "values": ["red", "blue"]},
        ],
    });
    check(
        &leadgen(&[answer]),
        &[
            ("contact.family_name", json!("Example")),
            ("contact.phone", json!("+34600111222")),
            (
                "lead.answers",
                json!([{"question": "which_colour", "answer": "red, blue"}]),
            ),
            ("lead.attribution.utm_source", json!("instagram")),
            ("lead.attribution.utm_medium", json!("organic")),
            ("lead.campaign", json!("Spring")),
            ("lead.test", json!(null)),
        ],
    );
    let dummy = json!({"id": "1", "field_data": [{"name": "email", "values": ["<test lead: dummy data for email>"]}]});
    check(
        &leadgen(&[dummy]),
        &[("lead.test", json!(true)), ("lead.external_id", json!("1"))],
    );
}

fn standard(body: &Value) -> TryReport {
    attempt(
        catalog().get("standard_webhooks").unwrap(),
        Vec::new(),
        body.to_string(),
        &[],
    )
}

#[test]
fn canonical_records_pass_as_they_are() {
    let contact = json!({"external_id": "c-1", "email": "Ana@Example.com", "phone": "600111222"});
    let lead = json!({"id": 9_007_199_254_740_993_u64, "budget": "1500.50", "status": "qualified", "contact": contact});
    let report = standard(
        &json!({"type": "lead.created", "timestamp": "2026-01-01T00:00:00Z", "data": lead}),
    );
    check(
        &report,
        &[
            ("contact.email", json!("ana@example.com")),
            ("contact.phone", json!("+34600111222")),
            ("lead.external_id", json!("9007199254740993")),
            ("lead.budget", json!("1500.50")),
            ("lead.status", json!("qualified")),
        ],
    );
    let report = standard(&json!({"type": "contact.deleted", "data": {"id": "c-1"}}));
    assert!(report.records[0].deleted);
    let report =
        standard(&json!({"type": "ticket.created", "data": {"id": "t", "status": "sleeping"}}));
    assert_eq!(report.violations[0].path, "/data/status");
    let report = standard(&json!({"type": "invoice.paid", "data": {}}));
    assert_eq!((report.ignored, report.records.len()), (1, 0));
}
