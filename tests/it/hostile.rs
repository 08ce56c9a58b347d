//! Hostile and clumsy senders, at every source: whatever a proven request holds is answered with a code of the contract
//! and kept with its reason, and nothing is passed over that nobody understood.

use std::sync::Arc;

use frontdesk::ingest::intake::Intake;
use frontdesk::ingest::receive::{Incoming, Kept, Received, receive};
use frontdesk::ingest::rejection::Rejection;
use frontdesk::ingest::sign::{Unsigned, sign};
use frontdesk::model::event::{EventStatus, NewEvent};
use frontdesk::model::id::new_id;
use frontdesk::model::request::Headers;
use frontdesk::process::preview::try_body;
use frontdesk::process::recipe::Recipe;
use frontdesk::source::declaration::Source;

use crate::dry;
use crate::made::secret_of;
use crate::senders::{incoming, server, set_up};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const PARTS: &str = "multipart/form-data; boundary=b";
const XML: &str = "text/xml";

/// What a contract's refusal of a proven request may be called.
const CODES: [&str; 4] = [
    "malformed_body",
    "unsupported_media_type",
    "schema_violation",
    "body_too_large",
];

/// Documents that say nothing to anybody.
const NONSENSE: [&str; 8] = [
    "null",
    "true",
    "7",
    "\"hello\"",
    "[null]",
    "[[1]]",
    "{}",
    "{\"a\":{\"b\":[]}}",
];

/// Bodies that are broken, or beyond reason, with the content type they come with.
fn broken() -> Vec<(&'static str, Vec<u8>)> {
    let latin = b"{\"name\":\"Pe\xf1a\"}".to_vec();
    let wide: Vec<u8> = "{\"id\":1}"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let text = |text: &str| text.as_bytes().to_vec();
    vec![
        (JSON, Vec::new()),
        (JSON, text("{\"id\":")),
        (JSON, text("{\"id\":1} {}")),
        (JSON, text("{\"id\":NaN}")),
        (JSON, text("{\"id\":\"\\ud80\"}")),
        (JSON, text("{\"id\":\"a\0b\"}")),
        (JSON, latin),
        (JSON, [vec![0xff, 0xfe], wide].concat()),
        (
            JSON,
            text(&format!("{}{}", "[".repeat(50_000), "]".repeat(50_000))),
        ),
        (
            JSON,
            text(&format!(
                "{}1{}",
                "{\"a\":".repeat(5_000),
                "}".repeat(5_000)
            )),
        ),
        (FORM, text("%zz=%e4&=&&a[b][=1&a[b][c]=2&a=3")),
        (FORM, text(&"a[b]".repeat(400))),
        (
            PARTS,
            text("--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\ncut"),
        ),
        ("multipart/form-data", text("--b--")),
        (XML, Vec::new()),
        (XML, text("<a><b>")),
        (XML, text("<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>")),
        (XML, text("<a>&nbsp;</a>")),
        (XML, text(&"<a>".repeat(3_000))),
        ("image/png", vec![0x89, b'P', b'N', b'G']),
        (";;;=", text("{}")),
    ]
}

/// Documents of the right kind with everything in the wrong place.
const ODD: [(&str, &str); 6] = [
    (
        JSON,
        "{\"id\":1e400,\"total\":1e999999999,\"total_price\":\"-\",\"created_at\":99999999999999999999}",
    ),
    (
        JSON,
        "{\"id\":{\"a\":1},\"type\":{\"x\":[]},\"event\":[1],\"data\":\"x\",\"payload\":3,\"entry\":{\"a\":1}}",
    ),
    (
        JSON,
        "{\"id\":[],\"type\":[],\"data\":[],\"payload\":[],\"customer\":[],\"line_items\":{},\"items\":7,\"created_at\":[]}",
    ),
    (
        FORM,
        "type[]=subscribe&type[x]=1&data=1&data[email]=a&contact[email][]=b",
    ),
    (
        PARTS,
        "--b\r\nContent-Disposition: form-data; name=\"rawRequest\"\r\n\r\n[]\r\n--b--\r\n",
    ),
    (XML, "<adf><prospect/><prospect>x</prospect></adf>"),
];

/// One endpoint, and how its sender would sign.
struct Target<'s> {
    source: &'s Source,
    secret: String,
    intake: Intake,
    recipe: Recipe,
}

impl<'s> Target<'s> {
    fn of(source: &'s Source) -> Self {
        let secret = secret_of(source);
        let intake = Intake::compile(&set_up(source, &secret), source, &server(), &Arc::default());
        Target {
            source,
            intake: intake.unwrap(),
            secret,
            recipe: dry::recipe(&source.name, Some("ES")),
        }
    }

    /// A body in the place of the usual sample's, with its headers, signed; `None` where the scheme signs fields that the
    /// body does not have.
    fn request(&self, content_type: &str, body: &[u8]) -> Option<Incoming> {
        let now = dry::received_at();
        let sample = self.source.samples[0].render(0, now, new_id(now)).unwrap();
        let mut headers = Headers(sample.headers.into_iter().collect());
        headers
            .0
            .push(("content-type".to_owned(), content_type.to_owned()));
        let unsigned = Unsigned {
            method: "POST",
            url: "https://hooks.example.com/hooks/in",
            headers: &headers,
            body,
            id: "msg_1",
            now,
        };
        let proof = sign(self.source, &self.secret, &unsigned).ok()?;
        headers.0.extend(proof.headers.0);
        let body = proof.body.as_deref().unwrap_or(body);
        Some(incoming(
            "POST",
            &proof.query.unwrap_or_default(),
            headers,
            body,
        ))
    }

    /// What is kept of a body; `None` when it is refused or answered as a set-up request.
    fn take(&self, content_type: &str, body: &[u8]) -> Option<Kept> {
        let shown: String = String::from_utf8_lossy(body).chars().take(60).collect();
        let place = format!("{} {content_type} {shown}", self.source.name);
        match receive(
            &self.intake,
            self.request(content_type, body)?,
            dry::received_at(),
        ) {
            Received::Handshake(_) => None,
            Received::Refused(rejection, _) => {
                // Klaviyo and Ecwid hold parts of the body against what is signed beside it.
                let of_proof = ["signature_mismatch", "key_invalid"].contains(&rejection.code());
                assert!(of_proof || is_told(&rejection), "{place}: {rejection:?}");
                None
            }
            Received::Events(kept) => {
                for event in &kept.arrival.events {
                    let is_explained = event.reason.as_ref().is_some_and(|it| !it.is_empty());
                    let is_settled = event.status == EventStatus::Pending || is_explained;
                    assert!(is_settled, "{place}: {event:?}");
                    let is_held = event.status == EventStatus::Quarantined;
                    assert_eq!(is_held, event.code.is_some(), "{place}: {event:?}");
                }
                assert!(!kept.arrival.events.is_empty(), "{place}");
                if let Some(complaint) = &kept.complaint {
                    assert!(is_told(complaint), "{place}: {complaint:?}");
                }
                Some(*kept)
            }
        }
    }
}

/// A code of the contract, and a sentence.
fn is_told(rejection: &Rejection) -> bool {
    CODES.contains(&rejection.code()) && rejection.to_string().len() > 20
}

/// The events of all sources that these bodies became and that `is_wrong` is true of.
fn wrong(bodies: &[(&str, Vec<u8>)], is_wrong: impl Fn(&str, &NewEvent) -> bool) -> Vec<String> {
    let mut wrong = Vec::new();
    for source in dry::catalog().sources() {
        let target = Target::of(source);
        for (content_type, body) in bodies {
            let Some(kept) = target.take(content_type, body) else {
                continue;
            };
            let events = kept.arrival.events.iter();
            wrong.extend(
                events
                    .filter(|event| is_wrong(content_type, event))
                    .map(|event| {
                        let shown: String =
                            String::from_utf8_lossy(body).chars().take(40).collect();
                        format!(
                            "{} {content_type} {shown}: {:?} {:?}",
                            source.name, event.status, event.reason
                        )
                    }),
            );
        }
    }
    wrong
}

#[test]
fn broken_bodies_wait_in_quarantine() {
    let found = wrong(&broken(), |content_type, event| {
        // A lenient form tool may still make an event of a broken form.
        let is_form = content_type == FORM && event.status == EventStatus::Pending;
        event.status != EventStatus::Quarantined && !is_form
    });
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn what_nobody_understands_is_not_passed_over() {
    let bodies = NONSENSE.map(|body| (JSON, body.as_bytes().to_vec()));
    let found = wrong(&bodies, |_, event| event.status == EventStatus::Ignored);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Mapping what got through neither panics nor makes records of the wrong shape; `fuzz/` looks deeper.
#[test]
fn odd_documents_are_mapped_or_refused() {
    for source in dry::catalog().sources() {
        let target = Target::of(source);
        for (content_type, body) in ODD.into_iter().chain(NONSENSE.map(|body| (JSON, body))) {
            let Some(kept) = target.take(content_type, body.as_bytes()) else {
                continue;
            };
            let Ok(report) = try_body(&target.recipe, &kept.arrival.request, &[]) else {
                continue;
            };
            for record in &report.records {
                let known = record
                    .fields
                    .keys()
                    .all(|name| record.kind.field(name).is_some());
                assert!(known, "{} {body}: {record:?}", source.name);
            }
        }
    }
}
