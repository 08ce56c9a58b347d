//! /api/v1/teams: reps that share leads.

use std::collections::BTreeSet;

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, Responder, web};

use crate::api::Api;
use crate::api::auth::Manager;
use crate::api::body::Document;
use crate::api::handle::{check_handle, check_name, of_path};
use crate::api::problem::{Fault, Problem};
use crate::api::query::Query;
use crate::api::view::Listed;
use crate::model::people::{Rep, Team};
use crate::model::rules::Desk;

/// Weight of a member at most: beyond it shares mean nothing.
const MAX_WEIGHT: u32 = 1000;

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
    let mut teams = api.store.desk().await?.teams;
    teams.sort_by(|a, b| a.handle.cmp(&b.handle));
    Ok(web::Json(Listed {
        items: teams,
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
pub async fn add(api: web::Data<Api>, _: Manager, body: Document) -> Result<HttpResponse, Problem> {
    let team: Team = body.read()?;
    let desk = api.store.desk().await?;
    check(&team, &desk.reps)?;
    if find(desk, &team.handle).is_some() {
        return Err(Problem::conflict(
            "already_exists",
            format!(
                "there is a team {:?} already; PUT /api/v1/teams/{} changes it",
                team.handle, team.handle
            ),
        ));
    }
    api.store.put_team(team.clone()).await?;
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
    find(api.store.desk().await?, &handle)
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
    _: Manager,
    handle: web::Path<String>,
    mut body: Document,
) -> Result<impl Responder, Problem> {
    of_path(&mut body.0, &handle)?;
    let team: Team = body.read()?;
    check(&team, &api.store.desk().await?.reps)?;
    api.store.put_team(team.clone()).await?;
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
    _: Manager,
    handle: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    if api.store.delete_team(handle.clone()).await? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(unknown(&handle))
    }
}

fn find(desk: Desk, handle: &str) -> Option<Team> {
    desk.teams.into_iter().find(|team| team.handle == handle)
}

fn unknown(handle: &str) -> Problem {
    Problem::not_found(format!("there is no team {handle:?}"))
}

/// Everything that is wrong with a team.
fn check(team: &Team, reps: &[Rep]) -> Result<(), Problem> {
    let mut faults: Vec<Fault> = check_handle(&team.handle)
        .into_iter()
        .chain(check_name(&team.name))
        .collect();
    let mut seen = BTreeSet::new();
    for (index, member) in team.members.iter().enumerate() {
        if !reps.iter().any(|rep| rep.handle == member.rep) {
            faults.push(Fault::new(
                format!("/members/{index}/rep"),
                format!("there is no rep {:?}; add it first", member.rep),
            ));
        }
        if !seen.insert(&member.rep) {
            faults.push(Fault::new(
                format!("/members/{index}/rep"),
                format!(
                    "{:?} is a member already; give it a higher weight instead",
                    member.rep
                ),
            ));
        }
        if !(1..=MAX_WEIGHT).contains(&member.weight) {
            faults.push(Fault::new(
                format!("/members/{index}/weight"),
                format!("a weight is 1 to {MAX_WEIGHT}, not {}", member.weight),
            ));
        }
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Problem::invalid(faults))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::check;
    use crate::model::people::{Rep, Team};

    fn faults(team: Value) -> Vec<String> {
        let reps: Vec<Rep> = serde_json::from_value(
            json!([{"handle": "ana", "name": "Ana"}, {"handle": "rui", "name": "Rui"}]),
        )
        .unwrap();
        let team: Team = serde_json::from_value(team).unwrap();
        match check(&team, &reps) {
            Ok(()) => Vec::new(),
            Err(problem) => problem
                .violations
                .into_iter()
                .map(|fault| format!("{}: {}", fault.path, fault.message))
                .collect(),
        }
    }

    #[test]
    fn says_everything_that_is_wrong() {
        let members = json!([{"rep": "ana", "weight": 2}, {"rep": "rui"}]);
        let iberia = json!({"handle": "iberia", "name": "Iberia", "members": members});
        assert_eq!(faults(iberia), Vec::<String>::new());
        let members =
            json!([{"rep": "eve"}, {"rep": "ana", "weight": 0}, {"rep": "ana", "weight": 1}]);
        assert_eq!(
            faults(json!({"handle": "x", "name": "X", "members": members})),
            [
                "/members/0/rep: there is no rep \"eve\"; add it first",
                "/members/1/weight: a weight is 1 to 1000, not 0",
                "/members/2/rep: \"ana\" is a member already; give it a higher weight instead",
            ]
        );
    }
}
