//! The page at `/`: what this is and where things are. No secrets, no script.

use std::sync::Arc;

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use actix_web::{HttpResponse, web};

use crate::config::{Config, Endpoint};
use crate::source::catalog::Catalog;
use crate::source::declaration::{Source, Verify};
use crate::store::{Store, StoreStats};

const PAGE: &str = include_str!("home.html");
const STYLE: &str = include_str!("home.css");

/// Nothing but the page's own style may load.
const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What the page shows.
pub struct Home {
    endpoints: Vec<Row>,
    store: Arc<dyn Store>,
}

/// One endpoint.
struct Row {
    url: String,
    name: String,
    source: String,
    proof: String,
}

impl Home {
    pub fn new(config: &Config, catalog: &Catalog, store: Arc<dyn Store>) -> Self {
        let row = |endpoint: &Endpoint| {
            let source = catalog.get(&endpoint.source);
            Row {
                url: format!("{}/hooks/{}", config.server.public_url, endpoint.name),
                name: endpoint.name.clone(),
                source: source
                    .map_or_else(|| endpoint.source.clone(), |source| source.title.clone()),
                proof: match source {
                    Some(source) if !endpoint.unverified => proof(source),
                    _ => "open to anybody".to_owned(),
                },
            }
        };
        Home {
            endpoints: config.endpoints.iter().map(row).collect(),
            store,
        }
    }
}

fn proof(source: &Source) -> String {
    let word = |scheme: &Verify| match scheme {
        Verify::Signature(_) => "signature",
        Verify::Jwt(_) => "signed token",
        Verify::Key(_) => "key",
        Verify::Basic => "Basic authentication",
        Verify::Bearer => "bearer token",
    };
    let mut words: Vec<&str> = source.verify.iter().map(word).collect();
    words.dedup();
    words.join(" or ")
}

/// Mounts `/` and its style.
pub fn configure(config: &mut web::ServiceConfig, home: web::Data<Home>) {
    config
        .app_data(home)
        .route("/", web::get().to(show))
        .route("/", web::head().to(show))
        .route("/home.css", web::get().to(style));
}

async fn show(home: web::Data<Home>) -> HttpResponse {
    let stats = home.store.stats().await.ok();
    let backlog = home.store.backlog().await.ok();
    let page = PAGE
        .replace("{{version}}", env!("CARGO_PKG_VERSION"))
        .replace("{{endpoints}}", &rows(&home.endpoints))
        .replace(
            "{{counts}}",
            &counts(stats.as_ref(), backlog.map(|backlog| backlog.pending)),
        );
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((X_FRAME_OPTIONS, "DENY"))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(page)
}

async fn style() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .body(STYLE)
}

fn rows(endpoints: &[Row]) -> String {
    if endpoints.is_empty() {
        return "<p class=\"none\">No endpoint yet. Add an <code>[[endpoint]]</code> to <code>frontdesk.toml</code>; \
            <code>frontdesk sources</code> lists what can be connected.</p>"
            .to_owned();
    }
    let row = |row: &Row| {
        format!(
            "<li><span class=\"name\">{}</span><span class=\"source\">{}</span>\
             <code class=\"url\">{}</code><span class=\"proof\">{}</span></li>",
            escaped(&row.name),
            escaped(&row.source),
            escaped(&row.url),
            escaped(&row.proof)
        )
    };
    let rows: Vec<String> = endpoints.iter().map(row).collect();
    format!("<ul class=\"endpoints\">{}</ul>", rows.concat())
}

fn counts(stats: Option<&StoreStats>, pending: Option<u64>) -> String {
    let Some(stats) = stats else {
        return "<p class=\"none\">The store cannot be read right now.</p>".to_owned();
    };
    let tiles = [
        ("contacts", stats.contacts),
        ("leads", stats.leads),
        ("orders", stats.orders),
        ("tickets", stats.tickets),
        ("events", stats.events),
        ("waiting", pending.unwrap_or_default()),
    ];
    let tile = |(name, count): &(&str, u64)| {
        format!("<div><dt>{name}</dt><dd>{}</dd></div>", grouped(*count))
    };
    let tiles: Vec<String> = tiles.iter().map(tile).collect();
    format!("<dl class=\"counts\">{}</dl>", tiles.concat())
}

/// `1234567` → `1 234 567`, with narrow spaces.
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::{Row, escaped, grouped, rows};

    #[test]
    fn counts_are_readable() {
        for (count, expected) in [
            (0, "0"),
            (999, "999"),
            (1000, "1\u{202f}000"),
            (1_234_567, "1\u{202f}234\u{202f}567"),
        ] {
            assert_eq!(grouped(count), expected);
        }
    }

    #[test]
    fn names_cannot_write_the_page() {
        assert_eq!(escaped("<b a=\"1\">&"), "&lt;b a=&quot;1&quot;&gt;&amp;");
        let row = Row {
            url: "https://x/hooks/<script>".to_owned(),
            name: "<script>".to_owned(),
            source: "Shopify".to_owned(),
            proof: "signature".to_owned(),
        };
        assert!(!rows(&[row]).contains("<script>"));
        assert!(rows(&[]).contains("frontdesk sources"));
    }
}
