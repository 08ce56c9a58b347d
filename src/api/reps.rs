//! /api/v1/reps: the people who work leads.

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, Responder, web};
use jiff::tz::TimeZone;

use crate::api::Api;
use crate::api::auth::Manager;
use crate::api::body::Document;
use crate::api::handle::{check_handle, check_name, of_path};
use crate::api::problem::{Fault, Problem};
use crate::api::query::Query;
use crate::api::view::Listed;
use crate::model::people::Rep;

/// All reps, by handle.
#[utoipa::path(
    get,
    path = "/api/v1/reps",
    tag = "assignment",
    operation_id = "list_reps",
    responses((status = 200, body = Listed<Rep>))
)]
pub async fn list(api: web::Data<Api>, request: HttpRequest) -> Result<impl Responder, Problem> {
    Query::of(&request, &[])?;
    let mut reps = api.store.desk().await?.reps;
    reps.sort_by(|a, b| a.handle.cmp(&b.handle));
    Ok(web::Json(Listed {
        items: reps,
        next: None,
    }))
}

/// Adds a rep.
#[utoipa::path(
    post,
    path = "/api/v1/reps",
    tag = "assignment",
    operation_id = "add_rep",
    request_body = Rep,
    responses(
        (status = 201, body = Rep),
        (status = 409, description = "`already_exists`", body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn add(api: web::Data<Api>, _: Manager, body: Document) -> Result<HttpResponse, Problem> {
    let rep: Rep = body.read()?;
    check(&rep)?;
    if find(&api, &rep.handle).await?.is_some() {
        return Err(Problem::conflict(
            "already_exists",
            format!(
                "there is a rep {:?} already; PUT /api/v1/reps/{} changes it",
                rep.handle, rep.handle
            ),
        ));
    }
    api.store.put_rep(rep.clone()).await?;
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, format!("/api/v1/reps/{}", rep.handle)))
        .json(rep))
}

/// One rep.
#[utoipa::path(
    get,
    path = "/api/v1/reps/{handle}",
    tag = "assignment",
    operation_id = "show_rep",
    params(("handle" = String, Path, description = "The rep's handle.")),
    responses(
        (status = 200, body = Rep),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn show(
    api: web::Data<Api>,
    handle: web::Path<String>,
) -> Result<impl Responder, Problem> {
    find(&api, &handle)
        .await?
        .map(web::Json)
        .ok_or_else(|| unknown(&handle))
}

/// Adds or replaces a rep. The handle in the body may be left out.
#[utoipa::path(
    put,
    path = "/api/v1/reps/{handle}",
    tag = "assignment",
    operation_id = "put_rep",
    params(("handle" = String, Path, description = "The rep's handle.")),
    request_body = Rep,
    responses(
        (status = 200, body = Rep),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn put(
    api: web::Data<Api>,
    _: Manager,
    handle: web::Path<String>,
    mut body: Document,
) -> Result<impl Responder, Problem> {
    of_path(&mut body.0, &handle)?;
    let rep: Rep = body.read()?;
    check(&rep)?;
    api.store.put_rep(rep.clone()).await?;
    Ok(web::Json(rep))
}

/// Removes a rep that no team and no rule names.
#[utoipa::path(
    delete,
    path = "/api/v1/reps/{handle}",
    tag = "assignment",
    operation_id = "delete_rep",
    params(("handle" = String, Path, description = "The rep's handle.")),
    responses(
        (status = 204),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`in_use`", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn delete(
    api: web::Data<Api>,
    _: Manager,
    handle: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    if api.store.delete_rep(handle.clone()).await? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(unknown(&handle))
    }
}

async fn find(api: &Api, handle: &str) -> Result<Option<Rep>, Problem> {
    let reps = api.store.desk().await?.reps;
    Ok(reps.into_iter().find(|rep| rep.handle == handle))
}

fn unknown(handle: &str) -> Problem {
    Problem::not_found(format!("there is no rep {handle:?}"))
}

/// Everything that is wrong with a rep.
fn check(rep: &Rep) -> Result<(), Problem> {
    let mut faults: Vec<Fault> = check_handle(&rep.handle)
        .into_iter()
        .chain(check_name(&rep.name))
        .collect();
    if let Some(email) = &rep.email
        && !is_address(email)
    {
        faults.push(Fault::new(
            "/email",
            format!("{email:?} is not an e-mail address"),
        ));
    }
    if TimeZone::get(&rep.time_zone).is_err() {
        faults.push(Fault::new(
            "/time_zone",
            format!(
                "{:?} is not an IANA time zone such as \"Europe/Madrid\"",
                rep.time_zone
            ),
        ));
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Problem::invalid(faults))
    }
}

/// Loosely: one @ with something on both sides, no spaces. What is really an address only the mail server knows.
fn is_address(text: &str) -> bool {
    text.len() <= 254
        && !text.contains(char::is_whitespace)
        && text.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && !domain.is_empty() && !domain.contains('@')
        })
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::model::people::Rep;

    #[test]
    fn says_everything_that_is_wrong() {
        let rep = |handle: &str, name: &str, email: Option<&str>, time_zone: &str| Rep {
            handle: handle.to_owned(),
            name: name.to_owned(),
            email: email.map(ToOwned::to_owned),
            active: true,
            time_zone: time_zone.to_owned(),
        };
        for (rep, expected) in [
            (
                rep("ana", "Ana", Some("ana@example.com"), "Europe/Madrid"),
                vec![],
            ),
            (rep("ana", "Ana", None, "UTC"), vec![]),
            (
                rep("Ana", "", Some("ana"), "Madrid"),
                vec!["/handle", "/name", "/email", "/time_zone"],
            ),
            (
                rep("ana", "Ana", Some("a@b@c"), "Europe/Atlantis"),
                vec!["/email", "/time_zone"],
            ),
        ] {
            let found: Vec<String> = match check(&rep) {
                Ok(()) => Vec::new(),
                Err(problem) => problem.violations.into_iter().map(|f| f.path).collect(),
            };
            assert_eq!(found, expected, "{rep:?}");
        }
    }
}
