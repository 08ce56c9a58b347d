//! Dry runs for tests: requests from files or texts, recipes from the built-in catalog or from a text.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, LazyLock};

use frontdesk::config::CatalogConfig;
use frontdesk::model::request::{Headers, RawRequest};
use frontdesk::process::recipe::Recipe;
use frontdesk::source::catalog::Catalog;
use jiff::Timestamp;
use uuid::Uuid;

static CATALOG: LazyLock<Arc<Catalog>> = LazyLock::new(|| {
    let catalog = Catalog::load(&CatalogConfig::default());
    Arc::new(catalog.unwrap_or_else(|problems| panic!("{problems:?}")))
});

/// The built-in sources.
pub fn catalog() -> Arc<Catalog> {
    Arc::clone(&CATALOG)
}

/// When test requests are received.
pub fn received_at() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

/// A recipe with the default settings of a built-in source.
pub fn recipe(name: &str, region: Option<&str>) -> Recipe {
    let catalog = catalog();
    let source = catalog
        .get(name)
        .unwrap_or_else(|| panic!("no source {name}"));
    Recipe::of_source(source, region).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// A recipe of a declaration that stands in the test; the source is called `acme`.
pub fn declared(text: &str, region: Option<&str>) -> Recipe {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("mappings")).unwrap();
    std::fs::write(folder.path().join("mappings/acme.toml"), text).unwrap();
    let config = CatalogConfig {
        path: Some(folder.path().to_owned()),
    };
    let catalog = Catalog::load(&config).unwrap_or_else(|problems| {
        let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
        panic!("{}", lines.join("\n"));
    });
    Recipe::of_source(catalog.get("acme").unwrap(), region).unwrap()
}

/// A request as it comes in.
pub fn request(endpoint: &str, headers: Headers, body: &[u8]) -> RawRequest {
    RawRequest {
        id: Uuid::nil(),
        endpoint: endpoint.to_owned(),
        method: "POST".to_owned(),
        query: String::new(),
        headers,
        body: body.to_vec(),
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        received_at: received_at(),
    }
}

/// A request written out: `POST /hooks/shop?a=b`, headers, an empty line, the body. The file's last line end is not part
/// of it.
pub fn written(text: &str) -> RawRequest {
    let (head, body) = text
        .split_once("\n\n")
        .expect("an empty line before the body");
    let mut lines = head.lines();
    let target = lines
        .next()
        .and_then(|line| line.split(' ').nth(1))
        .expect("a request line");
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers = lines
        .map(|line| line.split_once(':').expect("a header"))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let endpoint = path.rsplit('/').next().unwrap_or_default();
    let body = body.strip_suffix('\n').unwrap_or(body);
    let mut request = request(endpoint, Headers(headers), body.as_bytes());
    request.query = query.to_owned();
    request
}
