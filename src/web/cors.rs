//! Origins: who may post from a browser, and what a script on their page must hear.

use actix_web::http::Method;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderName, HeaderValue, ORIGIN, REFERER, VARY,
};
use actix_web::{HttpRequest, HttpResponse};

use crate::ingest::rejection::Rejection;

/// What a script on another page may read of an answer, besides its body.
const READABLE: &str = "Retry-After, Frontdesk-Event";

/// Refuses an origin that is not on the list; an empty list takes all. A request that names neither origin nor referrer
/// does not come from a browser's page and is not held back here.
///
/// # Errors
/// `OriginDenied`.
pub fn check(headers: &HeaderMap, allowed: &[String]) -> Result<(), Rejection> {
    if allowed.is_empty() {
        return Ok(());
    }
    let referer = || text(headers, REFERER).and_then(origin_of);
    let Some(origin) = text(headers, ORIGIN).or_else(referer) else {
        return Ok(());
    };
    match is_listed(origin, allowed) {
        true => Ok(()),
        false => Err(Rejection::OriginDenied(origin.chars().take(200).collect())),
    }
}

/// Whether an origin stands on a list, as the config holds it.
pub fn is_listed(origin: &str, allowed: &[String]) -> bool {
    allowed
        .iter()
        .any(|listed| listed.eq_ignore_ascii_case(origin))
}

/// The origin of a page: its URL up to the path.
pub fn origin_of(page: &str) -> Option<&str> {
    let host = page.find("://")? + 3;
    let end = page
        .get(host..)?
        .find('/')
        .map_or(page.len(), |at| host + at);
    page.get(..end)
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// The answer to the question a browser asks before a script may post; `None` when this is no such question.
pub fn preflight(request: &HttpRequest) -> Option<HttpResponse> {
    let headers = request.headers();
    if request.method() != Method::OPTIONS || !headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
        return None;
    }
    let mut answer = HttpResponse::NoContent();
    answer.insert_header((ACCESS_CONTROL_ALLOW_METHODS, "POST"));
    answer.insert_header((ACCESS_CONTROL_MAX_AGE, "600"));
    if let Some(asked) = headers.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        answer.insert_header((ACCESS_CONTROL_ALLOW_HEADERS, asked.clone()));
    }
    Some(answer.finish())
}

/// Lets the script on an allowed page read the answer.
pub fn permit(origin: Option<HeaderValue>, answer: &mut HttpResponse) {
    if let Some(origin) = origin {
        let headers = answer.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        let readable = HeaderValue::from_static(READABLE);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, readable);
        headers.insert(VARY, HeaderValue::from_static("Origin"));
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

    use super::check;

    #[test]
    fn lists_of_origins() {
        let listed = ["https://www.example.com".to_owned()];
        for (headers, expected) in [
            (&[("origin", "https://www.example.com")][..], true),
            (&[("origin", "https://evil.example")], false),
            (&[("origin", "null")], false),
            (&[("referer", "https://www.example.com/contact?x=1")], true),
            (
                &[("referer", "https://evil.example/https://www.example.com/")],
                false,
            ),
            (
                &[
                    ("origin", "https://evil.example"),
                    ("referer", "https://www.example.com/"),
                ],
                false,
            ),
            (&[], true),
        ] {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.insert(
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                );
            }
            assert_eq!(check(&map, &listed).is_ok(), expected, "{headers:?}");
            assert!(check(&map, &[]).is_ok());
        }
    }
}
