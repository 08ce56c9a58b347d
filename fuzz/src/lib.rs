//! What the fuzzer feeds: each function takes any bytes, and panics when a promise of the gateway is broken.
//!
//! The same file is a module of the integration tests, which run the kept corpus through it.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::{Arc, LazyLock};

use frontdesk::config::{CatalogConfig, Config};
use frontdesk::expr::payload::{of_json, to_json};
use frontdesk::expr::scope::Scope;
use frontdesk::expr::{Formula, is_blank};
use frontdesk::ingest::sign::{Unsigned, sign_as};
use frontdesk::ingest::verify::Verifier;
use frontdesk::model::request::{Headers, RawRequest};
use frontdesk::payload::{Format, Formats, parse, redact};
use frontdesk::process::preview::try_body;
use frontdesk::process::recipe::Recipe;
use frontdesk::source::catalog::Catalog;
use frontdesk::source::declaration::{KeyPlace, Sample, SignatureKind, Source, Verify};
use frontdesk::source::settings::Settings;
use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

/// Fields that are taken out of every body as if they held secrets.
const SECRETS: &[&str] = &["key", "a.key", "form.secret.b"];

/// Nested deeper than any format lets a body be.
const ABYSS: usize = 130;

static CATALOG: LazyLock<Catalog> =
    LazyLock::new(|| Catalog::load(&CatalogConfig::default()).expect("the built-in sources load"));

/// JSON bodies: what is read can be written and read again, and formulas see the same document.
pub fn json(data: &[u8]) {
    let Some(document) = body(Format::Json, None, data) else {
        return;
    };
    let again = body(Format::Json, None, document.to_string().as_bytes());
    assert_eq!(again.as_ref(), Some(&document), "written and read again");
}

/// Urlencoded bodies.
pub fn form(data: &[u8]) {
    body(
        Format::Form,
        Some("application/x-www-form-urlencoded; charset=latin1"),
        data,
    );
    body(
        Format::Form,
        Some("application/x-www-form-urlencoded"),
        data,
    );
}

/// Multipart bodies; the first line is the content type.
pub fn multipart(data: &[u8]) {
    let (content_type, rest) = line(data);
    body(Format::Multipart, Some(content_type), rest);
}

/// XML bodies.
pub fn xml(data: &[u8]) {
    body(Format::Xml, Some("text/xml"), data);
}

/// Proofs: the first byte chooses a scheme of a built-in source, the next two lines are what its headers hold, the rest
/// is the body. What is signed verifies, and nothing that was made up does.
pub fn signature(data: &[u8]) {
    let Some((choice, rest)) = data.split_first() else {
        return;
    };
    let schemes = &*SCHEMES;
    let Some(scheme) = schemes.get(usize::from(*choice) % schemes.len()) else {
        return;
    };
    let source = &scheme.source;
    let (proof, rest) = line(rest);
    let (stamp, body) = line(rest);
    let made_up = made_up(&source.verify[0], proof, stamp);
    assert!(
        !scheme.passes(made_up, stamp, body),
        "{}: a proof that was made up",
        source.name
    );
    if is_asymmetric(source) {
        return;
    }
    let headers = Headers::default();
    let unsigned = Unsigned {
        method: "POST",
        url: URL,
        headers: &headers,
        body,
        id: "msg_1",
        now: now(),
    };
    if let Ok(signed) = sign_as(source, &source.verify[0], key_of(source), &unsigned)
        && signable(source, body)
    {
        let query = signed.query.unwrap_or_default();
        let body = signed.body.as_deref().unwrap_or(body);
        assert!(
            scheme.passes(signed.headers, &query, body),
            "{}: what was signed",
            source.name
        );
    }
}

/// Requests of every sender: the first byte chooses a sample, whose headers come with the rest as the body; after a line
/// of `--fetched--` comes the answer of the sender's API. Whatever becomes of it has the shape of the API's records.
pub fn mapping(data: &[u8]) {
    let Some((choice, rest)) = data.split_first() else {
        return;
    };
    let samples = &*SAMPLES;
    let Some(sample) = samples.get(usize::from(*choice) % samples.len()) else {
        return;
    };
    let (body, fetched) = parted(rest);
    let request = request(sample.headers.clone(), String::new(), body);
    let fetched: Vec<Value> = serde_json::from_slice(fetched).into_iter().collect();
    let Ok(report) = try_body(&sample.recipe, &request, &fetched) else {
        return;
    };
    for record in &report.records {
        for (name, value) in &record.fields {
            let known = record.kind.field(name).is_some();
            assert!(known, "{} has no field {name}", record.kind.as_str());
            assert!(!value.is_null(), "{name} is null");
            if name == "total" {
                let text = value.as_str().expect("an amount is a text");
                assert!(
                    text.bytes()
                        .all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-')),
                    "{text}"
                );
            }
        }
    }
}

/// Formulas: the first line is one, the rest the JSON it is asked about. It ends, and what the loader takes can be run.
pub fn formula(data: &[u8]) {
    let (text, rest) = line(data);
    let Ok(formula) = Formula::compile(text) else {
        return;
    };
    let document = serde_json::from_slice(rest).unwrap_or(Value::Null);
    let scope = Scope::new([("body", of_json(Arc::new(document)))]);
    if let Ok(value) = formula.eval(&scope) {
        let _shape = (is_blank(&value), to_json(&value));
    }
}

/// Reads a body and holds it to what is promised of every format.
fn body(format: Format, content_type: Option<&str>, data: &[u8]) -> Option<Value> {
    let formats = Formats {
        accepts: vec![format],
        json_in: vec!["payload".to_owned()],
        max_file: None,
    };
    let document = parse(&formats, content_type, data).ok()?;
    assert!(depth(&document) < ABYSS, "a document without bottom");
    let seen = to_json(&of_json(Arc::new(document.clone())));
    assert_eq!(
        seen.map(with_plain_zero),
        Some(with_plain_zero(document.clone())),
        "as formulas see it"
    );
    let fields: Vec<String> = SECRETS.iter().map(|name| (*name).to_owned()).collect();
    let mut rest = document.clone();
    let kept = redact::redact(&formats, content_type, data.to_vec(), &mut rest, &fields);
    // What is left may be no document any more (an XML body whose root was the secret), but it may not hold one.
    if let Ok(kept) = parse(&formats, content_type, &kept) {
        for field in &fields {
            assert!(
                redact::lookup(&kept, field).is_none(),
                "the secret {field} is kept"
            );
        }
    }
    Some(document)
}

/// `-0` is the same number as 0, and formulas may see it as either.
fn with_plain_zero(document: Value) -> Value {
    match document {
        Value::Number(number) if number.as_str() == "-0" => Value::from(0),
        Value::Array(items) => items.into_iter().map(with_plain_zero).collect(),
        Value::Object(members) => {
            let members = members.into_iter();
            let members = members.map(|(name, member)| (name, with_plain_zero(member)));
            members.collect()
        }
        plain => plain,
    }
}

fn depth(document: &Value) -> usize {
    match document {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// The text up to the first line end, and what follows it.
fn line(data: &[u8]) -> (&str, &[u8]) {
    let end = data
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(data.len());
    let (line, rest) = data.split_at(end);
    (
        std::str::from_utf8(line).unwrap_or_default(),
        rest.get(1..).unwrap_or_default(),
    )
}

fn parted(data: &[u8]) -> (&[u8], &[u8]) {
    const MARK: &[u8] = b"\n--fetched--\n";
    match data.windows(MARK.len()).position(|window| window == MARK) {
        Some(at) => (&data[..at], &data[at + MARK.len()..]),
        None => (data, &[]),
    }
}

const URL: &str = "https://hooks.example.com/hooks/in";

/// A key in every form that a shared secret may have.
const SECRET: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A scheme of a built-in source, as the only one of it.
struct Scheme {
    source: Source,
    verifier: Verifier,
}

static SCHEMES: LazyLock<Vec<Scheme>> = LazyLock::new(|| {
    let alone = |source: &Source, scheme: &Verify| Source {
        verify: vec![scheme.clone()],
        check: None,
        ..source.clone()
    };
    CATALOG
        .sources()
        .flat_map(|source| {
            source
                .verify
                .iter()
                .map(move |scheme| alone(source, scheme))
        })
        .map(Scheme::of)
        .collect()
});

impl Scheme {
    fn of(source: Source) -> Self {
        let text = format!(
            "[[endpoint]]\nname = \"in\"\nsource = \"{}\"\nsecrets = ['''{}''']\n",
            source.name,
            key_of(&source)
        );
        let config = Config::from_text("frontdesk.toml", &text, &BTreeMap::new(), Path::new("."))
            .expect("the endpoint can be configured");
        let settings = Settings::defaults(&source);
        let verifier = Verifier::compile(&source, &config.endpoints[0], URL.to_owned(), settings)
            .expect("the key is one of the scheme");
        Scheme { source, verifier }
    }

    fn passes(&self, headers: Headers, query: &str, body: &[u8]) -> bool {
        let request = request(headers, query.to_owned(), body);
        self.verifier.verify(request, now()).is_ok()
    }
}

struct Sampled {
    recipe: Arc<Recipe>,
    headers: Headers,
}

/// Every sample of every source.
static SAMPLES: LazyLock<Vec<Sampled>> = LazyLock::new(|| {
    let mut samples = Vec::new();
    for source in CATALOG.sources() {
        let recipe = Recipe::of_source(source, Some("ES")).expect("the source compiles");
        let recipe = Arc::new(recipe);
        for sample in samples_of(source) {
            let rendered = sample
                .render(0, now(), Uuid::nil())
                .expect("the sample renders");
            let mut headers: Vec<_> = rendered.headers.into_iter().collect();
            headers.push(("content-type".to_owned(), rendered.content_type));
            samples.push(Sampled {
                recipe: Arc::clone(&recipe),
                headers: Headers(headers),
            });
        }
    }
    samples
});

/// By name, so that the kept corpus means the same sample whichever is the usual one.
fn samples_of(source: &Source) -> Vec<&Sample> {
    let mut samples: Vec<&Sample> = source.samples.iter().collect();
    samples.sort_by_key(|sample| format!("{}.http", sample.name));
    samples
}

/// The samples as `mapping` takes them, by name: where its search begins.
pub fn seeds() -> Vec<(String, Vec<u8>)> {
    let mut seeds = Vec::new();
    for source in CATALOG.sources() {
        for sample in samples_of(source) {
            let choice = u8::try_from(seeds.len() % 256).unwrap_or_default();
            let rendered = sample
                .render(0, now(), Uuid::nil())
                .expect("the sample renders");
            let mut seed = vec![choice];
            seed.extend_from_slice(rendered.body.as_bytes());
            if let Some(fetched) = rendered.fetched.first() {
                seed.extend_from_slice(b"\n--fetched--\n");
                seed.extend_from_slice(fetched.as_bytes());
            }
            seeds.push((format!("{}.{}", source.name, seeds.len()), seed));
        }
    }
    seeds
}

fn now() -> Timestamp {
    Timestamp::from_second(1_790_000_000).unwrap_or_default()
}

fn is_asymmetric(source: &Source) -> bool {
    source.verify.iter().any(|scheme| {
        matches!(scheme, Verify::Signature(signature)
            if matches!(signature.kind, SignatureKind::Ed25519 | SignatureKind::Rsa))
    })
}

fn key_of(source: &Source) -> &'static str {
    match &source.verify[0] {
        Verify::Signature(signature) if signature.kind == SignatureKind::Rsa => {
            include_str!("../../tests/it/rsa_key.pub.pem")
        }
        Verify::Signature(signature) if signature.kind == SignatureKind::Ed25519 => {
            "whpk_6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw="
        }
        Verify::Basic => "somebody:MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        _ => SECRET,
    }
}

/// Headers of a sender that knows no secret.
fn made_up(scheme: &Verify, proof: &str, stamp: &str) -> Headers {
    let proof = |name: &String| (name.clone(), proof.to_owned());
    let mut headers: Vec<(String, String)> = Vec::new();
    match scheme {
        Verify::Signature(signature) => {
            headers.extend(signature.headers.iter().map(proof));
            let stamps = signature.timestamp.iter().flat_map(|spec| &spec.headers);
            let others = signature.id_headers.iter().chain(stamps);
            headers.extend(others.map(|name| (name.clone(), stamp.to_owned())));
            headers.extend(signature.given.iter().cloned());
        }
        Verify::Jwt(jwt) => headers.extend(jwt.headers.iter().map(proof)),
        Verify::Key(KeyPlace::Header(name)) => headers.push(proof(name)),
        Verify::Key(_) => {}
        Verify::Basic | Verify::Bearer => headers.push(proof(&"authorization".to_owned())),
    }
    Headers(headers)
}

/// Whether the body has what the scheme signs of it.
fn signable(source: &Source, body: &[u8]) -> bool {
    use frontdesk::source::declaration::SignedPart;
    let Verify::Signature(signature) = &source.verify[0] else {
        return true;
    };
    let document = parse(&source.body.formats, None, body).ok();
    signature.signed.iter().all(|part| match part {
        SignedPart::Field(path) => document
            .as_ref()
            .and_then(|document| redact::lookup(document, path))
            .is_some_and(|value| value.is_string() || value.is_number()),
        _ => true,
    })
}

fn request(headers: Headers, query: String, body: &[u8]) -> RawRequest {
    RawRequest {
        id: Uuid::nil(),
        endpoint: "in".to_owned(),
        method: "POST".to_owned(),
        query,
        headers,
        body: body.to_vec(),
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        received_at: now(),
    }
}
