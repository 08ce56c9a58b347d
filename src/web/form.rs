//! Plain HTML forms: the visitor is sent on to a page, after success and after a fault. Never to a page that somebody
//! else chose: only to those of the config, or back to one of an origin that the config lists.

use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::http::header::{ACCEPT, REFERER};

use crate::ingest::intake::Door;
use crate::ingest::rejection::Rejection;
use crate::web::cors::{is_listed, origin_of};

/// The parameters that tell a page what was wrong.
const ERROR: &str = "frontdesk_error";
const FIELD: &str = "field";

/// Whether a browser waits for a page: a form was posted, and not by a script.
pub fn wants_page(request: &HttpRequest) -> bool {
    let accept = request
        .headers()
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok());
    request.method() == Method::POST && accept.is_some_and(|accept| accept.contains("text/html"))
}

/// Where the visitor hears of a fault: the endpoint's error page, else the page of the form, when its origin is listed.
/// `None` when there is neither, and for a form on a page that may not post at all.
pub fn error_page(door: &Door, request: &HttpRequest, rejection: &Rejection) -> Option<String> {
    if matches!(
        rejection,
        Rejection::OriginDenied(_) | Rejection::AddressDenied(_)
    ) {
        return None;
    }
    let back = || {
        let page = request.headers().get(REFERER)?.to_str().ok()?;
        is_listed(origin_of(page)?, &door.allow_origins).then_some(page)
    };
    let page = door.error_page.as_deref().or_else(back)?;
    Some(told(page, rejection.code(), rejection.field().as_deref()))
}

/// The page with what was wrong in its query, in place of what an earlier fault left there.
fn told(page: &str, code: &str, field: Option<&str>) -> String {
    let (page, fragment) = match page.split_once('#') {
        Some((page, fragment)) => (page, Some(fragment)),
        None => (page, None),
    };
    let (path, query) = page.split_once('?').unwrap_or((page, ""));
    let kept = query.split('&').filter(|pair| {
        let name = pair.split('=').next().unwrap_or_default();
        !pair.is_empty() && name != ERROR && name != FIELD
    });
    let mut pairs: Vec<String> = kept.map(str::to_owned).collect();
    pairs.push(format!("{ERROR}={code}"));
    if let Some(name) = field.map(name_of).filter(|name| !name.is_empty()) {
        let encoded: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
        pairs.push(format!("{FIELD}={encoded}"));
    }
    let query = pairs.join("&");
    match fragment {
        Some(fragment) => format!("{path}?{query}#{fragment}"),
        None => format!("{path}?{query}"),
    }
}

/// The input's name out of a JSON pointer: `/a/b~1c` → `a[b/c]`.
fn name_of(pointer: &str) -> String {
    let mut steps = pointer
        .split('/')
        .skip(1)
        .map(|step| step.replace("~1", "/").replace("~0", "~"));
    let mut name: String = steps.next().unwrap_or_default();
    for step in steps {
        name.push_str(&format!("[{step}]"));
    }
    name.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::told;

    #[test]
    fn faults_in_queries() {
        for (page, field, expected) in [
            (
                "https://a.example/",
                None,
                "https://a.example/?frontdesk_error=x",
            ),
            (
                "https://a.example/c?lang=es#form",
                Some("/email"),
                "https://a.example/c?lang=es&frontdesk_error=x&field=email#form",
            ),
            (
                "https://a.example/?frontdesk_error=old&field=b&c=1",
                Some("/a b/0"),
                "https://a.example/?c=1&frontdesk_error=x&field=a+b%5B0%5D",
            ),
            (
                "https://a.example/",
                Some(""),
                "https://a.example/?frontdesk_error=x",
            ),
        ] {
            assert_eq!(told(page, "x", field), expected);
        }
    }
}
