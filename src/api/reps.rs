//! /api/v1/reps: the people who work leads.

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, Responder, web};
use serde_json::Value;

use crate::api::Api;
use crate::api::auth::Manager;
use crate::api::body::Document;
use crate::api::office::{invalid, problem};
use crate::api::problem::{Fault, Problem};
use crate::api::query::Query;
use crate::api::view::Listed;
use crate::assign::people::check_rep;
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
    let reps = api.store.desk().await?.reps;
    Ok(web::Json(Listed {
        items: reps.to_vec(),
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
pub async fn add(
    api: web::Data<Api>,
    Manager(hand): Manager,
    body: Document,
) -> Result<HttpResponse, Problem> {
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
    let office = api.processing.office();
    office.put_rep(rep.clone(), &hand).await.map_err(problem)?;
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
    Manager(hand): Manager,
    handle: web::Path<String>,
    mut body: Document,
) -> Result<impl Responder, Problem> {
    of_path(&mut body.0, &handle)?;
    let rep: Rep = body.read()?;
    check(&rep)?;
    let office = api.processing.office();
    office.put_rep(rep.clone(), &hand).await.map_err(problem)?;
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
    Manager(hand): Manager,
    handle: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let office = api.processing.office();
    match office.remove_rep(&handle, &hand).await.map_err(problem)? {
        true => Ok(HttpResponse::NoContent().finish()),
        false => Err(unknown(&handle)),
    }
}

async fn find(api: &Api, handle: &str) -> Result<Option<Rep>, Problem> {
    let reps = api.store.desk().await?.reps;
    Ok(reps.iter().find(|rep| rep.handle == handle).cloned())
}

fn unknown(handle: &str) -> Problem {
    Problem::not_found(format!("there is no rep {handle:?}"))
}

/// Everything that is wrong with a rep.
fn check(rep: &Rep) -> Result<(), Problem> {
    let problems = check_rep(rep);
    match problems.is_empty() {
        true => Ok(()),
        false => Err(invalid(problems)),
    }
}

/// The body of a PUT may leave its handle out; when it is there, it is the one of the path.
///
/// # Errors
/// 422 when the two differ: handles never change, because records name them.
pub(super) fn of_path(body: &mut Value, handle: &str) -> Result<(), Problem> {
    let Some(members) = body.as_object_mut() else {
        return Ok(());
    };
    match members.get("handle") {
        Some(written) if written != handle => Err(Problem::invalid(vec![Fault::new(
            "/handle",
            format!("the path says {handle:?}; a handle never changes, because records name it"),
        )])),
        Some(_) => Ok(()),
        None => {
            members.insert("handle".to_owned(), handle.into());
            Ok(())
        }
    }
}
