//! A second opinion: what the mappings sign, another implementation of the senders' schemes verifies, and nothing else.

use std::sync::Arc;

use frontdesk::ingest::sign::{Unsigned, sign};
use frontdesk::model::request::Headers;
use jiff::Timestamp;
use proptest::prelude::{any, prop_assert, proptest};
use proptest::sample::select;
use webhook_verify::{
    Clock, CustomScheme, Encoding, HashAlg, HeaderMap, Provider, Secret, VerifyOptions, verify,
};

use crate::dry;
use crate::made::secret_of;

const URL: &str = "https://hooks.example.com/hooks/in";

/// A sender, the scheme of the other implementation, and the name under which that looks for the signature.
const SCHEMES: &[(&str, Provider, &str)] = &[
    ("github", Provider::GitHub, ""),
    ("meta", Provider::GitHub, ""),
    ("jira", Provider::GitHub, "x-hub-signature-256"),
    ("shopify", Provider::Shopify, ""),
    ("woocommerce", Provider::Shopify, "x-shopify-hmac-sha256"),
    ("tally", Provider::Shopify, "x-shopify-hmac-sha256"),
    ("slack", Provider::Slack, ""),
    ("square", Provider::Square, ""),
    ("stripe", Provider::Stripe, ""),
    ("calendly", Provider::Stripe, "stripe-signature"),
    ("formspree", Provider::Stripe, "stripe-signature"),
    ("mailchimp", Provider::Stripe, "stripe-signature"),
    ("standard_webhooks", Provider::StandardWebhooks, ""),
    ("svix", Provider::StandardWebhooks, ""),
    // Twilio signs as Mandrill does: the URL and the sorted fields of the form, SHA-1 in base64.
    ("mandrill", Provider::Twilio, "x-twilio-signature"),
    (
        "typeform",
        over("typeform-signature", "sha256=", Encoding::Base64, body),
        "",
    ),
    (
        "calcom",
        over("x-cal-signature-256", "", Encoding::Hex, body),
        "",
    ),
    (
        "helpscout",
        sha1("x-helpscout-signature", "", Encoding::Base64),
        "",
    ),
    (
        "intercom",
        sha1("x-hub-signature", "sha1=", Encoding::Hex),
        "",
    ),
    (
        "linkedin",
        over("x-li-signature", "", Encoding::Hex, linkedin),
        "",
    ),
    (
        "zendesk",
        over("x-zendesk-webhook-signature", "", Encoding::Base64, zendesk),
        "",
    ),
    (
        "klaviyo",
        over("klaviyo-signature", "", Encoding::Hex, klaviyo),
        "",
    ),
    (
        "webflow",
        over("x-webflow-signature", "", Encoding::Hex, webflow),
        "",
    ),
    (
        "front",
        over("x-front-signature", "", Encoding::Base64, front),
        "",
    ),
    (
        "hubspot",
        over("x-hubspot-signature-v3", "", Encoding::Base64, hubspot),
        "",
    ),
];

type Signed = fn(&dyn HeaderMap, &[u8]) -> Vec<u8>;

/// A scheme that the other implementation is told, with what is signed written down by hand from the sender's words.
const fn over(
    header: &'static str,
    prefix: &'static str,
    encoding: Encoding,
    signed_string: Signed,
) -> Provider {
    Provider::Custom(CustomScheme {
        hash: HashAlg::Sha256,
        signature_header: header,
        timestamp_header: None,
        encoding,
        prefix: if prefix.is_empty() {
            None
        } else {
            Some(prefix)
        },
        signed_string,
    })
}

const fn sha1(header: &'static str, prefix: &'static str, encoding: Encoding) -> Provider {
    Provider::Custom(CustomScheme {
        hash: HashAlg::Sha1,
        signature_header: header,
        timestamp_header: None,
        encoding,
        prefix: if prefix.is_empty() {
            None
        } else {
            Some(prefix)
        },
        signed_string: body,
    })
}

fn body(_headers: &dyn HeaderMap, body: &[u8]) -> Vec<u8> {
    body.to_vec()
}

fn linkedin(_headers: &dyn HeaderMap, body: &[u8]) -> Vec<u8> {
    [b"hmacsha256=", body].concat()
}

fn zendesk(headers: &dyn HeaderMap, body: &[u8]) -> Vec<u8> {
    let stamp = headers
        .get("x-zendesk-webhook-signature-timestamp")
        .unwrap();
    [stamp.as_bytes(), body].concat()
}

fn klaviyo(headers: &dyn HeaderMap, body: &[u8]) -> Vec<u8> {
    let stamp = headers.get("klaviyo-timestamp").unwrap();
    [body, stamp.as_bytes()].concat()
}

fn webflow(headers: &dyn HeaderMap, body: &[u8]) -> Vec<u8> {
    let stamp = headers.get("x-webflow-timestamp").unwrap();
    [stamp.as_bytes(), b":", body].concat()
}

fn front(headers: &dyn HeaderMap, body: &[u8]) -> Vec<u8> {
    let stamp = headers.get("x-front-request-timestamp").unwrap();
    [stamp.as_bytes(), b":", body].concat()
}

fn hubspot(headers: &dyn HeaderMap, body: &[u8]) -> Vec<u8> {
    let stamp = headers.get("x-hubspot-request-timestamp").unwrap();
    [b"POST", URL.as_bytes(), body, stamp.as_bytes()].concat()
}

struct At(u64);

impl Clock for At {
    fn now(&self) -> u64 {
        self.0
    }
}

fn agrees(
    provider: Provider,
    headers: &Headers,
    body: &[u8],
    secret: &str,
    now: Timestamp,
) -> bool {
    let form: Vec<(String, String)> = form_urlencoded::parse(body)
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    let options = VerifyOptions::default()
        .with_clock(Some(Arc::new(At(now.as_second().unsigned_abs()))))
        .with_request_url(URL)
        .with_form_params(form);
    verify(provider, &headers.0, body, &Secret::new(secret), options).is_ok()
}

proptest! {
    #[test]
    fn another_implementation_agrees(
        (name, provider, header) in select(SCHEMES),
        fields in proptest::collection::btree_map("[a-z]{1,8}", any::<String>(), 1..8),
        seconds in 1_000_000_000_i64..4_000_000_000,
    ) {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish().into_bytes();
        let now = Timestamp::from_second(seconds).unwrap();
        let catalog = dry::catalog();
        let source = catalog.get(name).unwrap();
        let secret = secret_of(source);
        let headers = Headers::default();
        let unsigned = Unsigned { method: "POST", url: URL, headers: &headers, body: &body, id: "msg_1", now };
        let mut signed = sign(source, &secret, &unsigned).unwrap().headers;
        if !header.is_empty() {
            header.clone_into(&mut signed.0[0].0);
        }
        for (name, _) in &mut signed.0 {
            *name = name.replace("svix-", "webhook-");
        }
        prop_assert!(agrees(provider, &signed, &body, &secret, now), "{}", name);
        let mut longer = body.clone();
        longer.extend_from_slice(b"&z=1");
        prop_assert!(!agrees(provider, &signed, &longer, &secret, now), "{}", name);
    }
}
