//! Templates as answers.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, LOCATION, SET_COOKIE};
use askama::Template;

use crate::console::fault::Fault;

/// A page.
///
/// # Errors
/// A template that cannot be written: a defect.
pub fn shown(template: &impl Template) -> Result<HttpResponse, Fault> {
    answer(StatusCode::OK, template)
}

/// The page of a form that was not accepted, with what is wrong in it.
///
/// # Errors
/// As `shown`.
pub fn refused(template: &impl Template) -> Result<HttpResponse, Fault> {
    answer(StatusCode::UNPROCESSABLE_ENTITY, template)
}

fn answer(status: StatusCode, template: &impl Template) -> Result<HttpResponse, Fault> {
    let text = template.render().map_err(|error| Fault::internal(&error))?;
    let mut answer = HttpResponse::build(status);
    Ok(answer.content_type("text/html; charset=utf-8").body(text))
}

/// On to another page of ours, after a form was done.
pub fn onward(to: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, to))
        .finish()
}

/// On to another page, with cookies.
pub fn onward_with(to: &str, cookies: impl IntoIterator<Item = HeaderValue>) -> HttpResponse {
    let mut answer = HttpResponse::SeeOther();
    answer.insert_header((LOCATION, to));
    for cookie in cookies {
        answer.append_header((SET_COOKIE, cookie));
    }
    answer.finish()
}

/// A place of ours that a request names, or `/`: nobody is sent elsewhere.
pub fn own(to: &str) -> &str {
    // Browsers read a backslash as a slash, and drop tabs and line ends.
    let is_odd = |letter: char| letter == '\\' || letter.is_control();
    let inside = to.starts_with('/') && !to.starts_with("//") && !to.contains(is_odd);
    if inside { to } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::own;

    #[test]
    fn nobody_is_sent_elsewhere() {
        for (to, expected) in [
            ("/inbox?q=1", "/inbox?q=1"),
            ("", "/"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("https://evil.example", "/"),
            ("/a\r\nset-cookie: x", "/"),
            ("/\t/evil.example", "/"),
            ("/\0/x", "/"),
        ] {
            assert_eq!(own(to), expected, "{to:?}");
        }
    }
}
