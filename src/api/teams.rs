//! /api/v1/teams: reps that share leads.

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, Responder, web};

use crate::api::Api;
use crate::api::auth::Manager;
use crate::api::body::Document;
use crate::api::office::{invalid, problem};
use crate::api::problem::Problem;
use crate::api::query::Query;
use crate::api::reps::of_path;
use crate::api::view::Listed;
use crate::assign::people::check_team;
use crate::model::desk::Desk;
use crate::model::people::{Rep, Team};

/// All teams, by handle.
#[utoipa::path(
    get,
    path = "/api/v1/teams",
    tag = "assignment",
    operation_id = "list_teams",
    responses((status = 200, body = Listed<Team>))
)]
pub async fn list(api: web::Data<Api>, request: HttpRequest) -> Result<impl Responder, Problem> {
    Query::of(&request, &[])?;
    let teams = api.store.desk().await?.teams;
    Ok(web::Json(Listed {
        items: teams.to_vec(),
        next: None,
    }))
}

/// Adds a team.
#[utoipa::path(
    post,
    path = "/api/v1/teams",
    tag = "assignment",
    operation_id = "add_team",
    request_body = Team,
    responses(
        (status = 201, body = Team),
        (status = 409, description = "`already_exists`", body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn add(
    api: web::Data<Api>,
    Manager(hand): Manager,
    body: Document,
) -> Result<HttpResponse, Problem> {
    let team: Team = body.read()?;
    let desk = api.store.desk().await?;
    check(&team, &desk.reps)?;
    if find(&desk, &team.handle).is_some() {
        return Err(Problem::conflict(
            "already_exists",
            format!(
                "there is a team {:?} already; PUT /api/v1/teams/{} changes it",
                team.handle, team.handle
            ),
        ));
    }
    let office = api.processing.office();
    office
        .put_team(team.clone(), &hand)
        .await
        .map_err(problem)?;
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, format!("/api/v1/teams/{}", team.handle)))
        .json(team))
}

/// One team.
#[utoipa::path(
    get,
    path = "/api/v1/teams/{handle}",
    tag = "assignment",
    operation_id = "show_team",
    params(("handle" = String, Path, description = "The team's handle.")),
    responses(
        (status = 200, body = Team),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn show(
    api: web::Data<Api>,
    handle: web::Path<String>,
) -> Result<impl Responder, Problem> {
    find(&api.store.desk().await?, &handle)
        .map(web::Json)
        .ok_or_else(|| unknown(&handle))
}

/// Adds or replaces a team. The handle in the body may be left out.
#[utoipa::path(
    put,
    path = "/api/v1/teams/{handle}",
    tag = "assignment",
    operation_id = "put_team",
    params(("handle" = String, Path, description = "The team's handle.")),
    request_body = Team,
    responses(
        (status = 200, body = Team),
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
    let team: Team = body.read()?;
    check(&team, &api.store.desk().await?.reps)?;
    let office = api.processing.office();
    office
        .put_team(team.clone(), &hand)
        .await
        .map_err(problem)?;
    Ok(web::Json(team))
}

/// Removes a team that no rule names.
#[utoipa::path(
    delete,
    path = "/api/v1/teams/{handle}",
    tag = "assignment",
    operation_id = "delete_team",
    params(("handle" = String, Path, description = "The team's handle.")),
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
    match office.remove_team(&handle, &hand).await.map_err(problem)? {
        true => Ok(HttpResponse::NoContent().finish()),
        false => Err(unknown(&handle)),
    }
}

fn find(desk: &Desk, handle: &str) -> Option<Team> {
    desk.teams
        .iter()
        .find(|team| team.handle == handle)
        .cloned()
}

fn unknown(handle: &str) -> Problem {
    Problem::not_found(format!("there is no team {handle:?}"))
}

/// Everything that is wrong with a team.
fn check(team: &Team, reps: &[Rep]) -> Result<(), Problem> {
    let problems = check_team(team, reps);
    match problems.is_empty() {
        true => Ok(()),
        false => Err(invalid(problems)),
    }
}
