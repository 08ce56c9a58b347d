//! One team: who shares leads, in what proportion, and how.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde_json::{Value, json};

use crate::assign::people::check_team;
use crate::console::Console;
use crate::console::drafting;
use crate::console::fault::Fault;
use crate::console::form::Form;
use crate::console::frame::Frame;
use crate::console::page;
use crate::console::places::{Place, Who, get, post};
use crate::console::visitor::Insider;
use crate::model::event::Violation;
use crate::model::people::{HoursPolicy, Rep, Team};
use crate::model::rules::{Period, Strategy};
use crate::model::strict;

pub const PLACES: &[Place] = &[
    get("/assignment/teams/new", Who::Managers, |route| {
        route.to(blank)
    }),
    post("/assignment/teams/new", Who::Managers, |route| {
        route.to(add)
    }),
    get("/assignment/teams/{handle}", Who::Managers, |route| {
        route.to(show)
    }),
    post("/assignment/teams/{handle}", Who::Managers, |route| {
        route.to(change)
    }),
    post(
        "/assignment/teams/{handle}/remove",
        Who::Managers,
        |route| route.to(remove),
    ),
];

#[derive(Template)]
#[template(path = "team.html")]
struct Page<'v> {
    f: Frame<'v>,
    /// `None`: a new one.
    handle: Option<String>,
    typed: Typed,
    wrong: Vec<String>,
}

/// A team as it is typed.
struct Typed {
    handle: String,
    name: String,
    /// Handle, name and weight of every rep; no weight: not a member.
    members: Vec<(String, String, String)>,
    strategy: String,
    period: String,
    around_the_clock: bool,
    accept_minutes: String,
    return_credit: bool,
}

impl Page<'_> {
    fn strategies(&self) -> [&'static str; 3] {
        Strategy::ALL.map(Strategy::as_str)
    }

    fn periods(&self) -> [&'static str; 3] {
        Period::ALL.map(Period::as_str)
    }
}

impl Typed {
    fn of(team: &Team, reps: &[Rep]) -> Self {
        let weight = |rep: &Rep| {
            let member = team.members.iter().find(|it| it.rep == rep.handle);
            member.map_or_else(String::new, |it| it.weight.to_string())
        };
        Typed {
            handle: team.handle.clone(),
            name: team.name.clone(),
            members: reps
                .iter()
                .map(|rep| (rep.handle.clone(), rep.name.clone(), weight(rep)))
                .collect(),
            strategy: team.strategy.unwrap_or_default().as_str().to_owned(),
            period: team.period.unwrap_or_default().as_str().to_owned(),
            around_the_clock: team.hours == HoursPolicy::Ignore,
            accept_minutes: team
                .sla
                .map_or_else(String::new, |sla| sla.accept_minutes.to_string()),
            return_credit: team.sla.is_none_or(|sla| sla.return_credit),
        }
    }

    fn read(form: &Form, handle: Option<&str>, reps: &[Rep]) -> Self {
        let text = |name: &str| form.text(name).to_owned();
        Typed {
            handle: handle.map_or_else(|| text("handle").to_lowercase(), str::to_owned),
            name: text("name"),
            members: reps
                .iter()
                .map(|rep| {
                    let weight = text(&format!("weight-{}", rep.handle));
                    (rep.handle.clone(), rep.name.clone(), weight)
                })
                .collect(),
            strategy: text("strategy"),
            period: text("period"),
            around_the_clock: form.maybe("around_the_clock").is_some(),
            accept_minutes: text("accept_minutes"),
            return_credit: form.maybe("return_credit").is_some(),
        }
    }

    /// As the API takes it, so that both say the same of what is wrong.
    fn document(&self) -> Value {
        let number = |text: &str| text.parse().map_or(json!(text), Value::Number);
        let members = self
            .members
            .iter()
            .filter(|(_, _, weight)| !matches!(weight.as_str(), "" | "0"));
        let members: Vec<Value> = members
            .map(|(rep, _, weight)| json!({"rep": rep, "weight": number(weight)}))
            .collect();
        let sla = (!self.accept_minutes.is_empty()).then(|| {
            json!({"accept_minutes": number(&self.accept_minutes), "return_credit": self.return_credit})
        });
        json!({
            "handle": self.handle, "name": self.name, "members": members, "strategy": self.strategy,
            "period": self.period, "hours": if self.around_the_clock { "ignore" } else { "own" }, "sla": sla,
        })
    }

    fn team(&self, reps: &[Rep]) -> Result<Team, Vec<Violation>> {
        let team: Team = strict::read(&self.document()).map_err(|misfit| vec![misfit])?;
        match check_team(&team, reps) {
            wrong if wrong.is_empty() => Ok(team),
            wrong => Err(wrong),
        }
    }
}

async fn blank(console: web::Data<Console>, insider: Insider) -> Result<HttpResponse, Fault> {
    let desk = console.store.desk().await?;
    let empty = Team {
        handle: String::new(),
        name: String::new(),
        members: Vec::new(),
        strategy: None,
        period: None,
        hours: HoursPolicy::Own,
        sla: None,
    };
    page::shown(&Page {
        f: Frame::new(&insider, "assignment"),
        handle: None,
        typed: Typed::of(&empty, &desk.reps),
        wrong: Vec::new(),
    })
}

async fn show(
    console: web::Data<Console>,
    insider: Insider,
    handle: web::Path<String>,
) -> Result<HttpResponse, Fault> {
    let desk = console.store.desk().await?;
    let team = desk.teams.iter().find(|team| team.handle == *handle);
    let team = team.ok_or(Fault::Missing)?;
    page::shown(&Page {
        f: Frame::new(&insider, "assignment"),
        handle: Some(team.handle.clone()),
        typed: Typed::of(team, &desk.reps),
        wrong: Vec::new(),
    })
}

async fn add(
    console: web::Data<Console>,
    insider: Insider,
    form: Form,
) -> Result<HttpResponse, Fault> {
    save(&console, &insider, None, &form).await
}

async fn change(
    console: web::Data<Console>,
    insider: Insider,
    handle: web::Path<String>,
    form: Form,
) -> Result<HttpResponse, Fault> {
    save(&console, &insider, Some(&handle), &form).await
}

async fn save(
    console: &Console,
    insider: &Insider,
    handle: Option<&str>,
    form: &Form,
) -> Result<HttpResponse, Fault> {
    let desk = console.store.desk().await?;
    let typed = Typed::read(form, handle, &desk.reps);
    let known = desk.teams.iter().find(|team| team.handle == typed.handle);
    if handle.is_some() && known.is_none() {
        return Err(Fault::Missing);
    }
    let mut wrong = Vec::new();
    let mut made = None;
    match typed.team(&desk.reps) {
        Ok(team) => made = Some(team),
        Err(violations) => {
            wrong.extend(violations.iter().map(|it| insider.words.said(&it.message)));
        }
    }
    if handle.is_none() && known.is_some() {
        wrong.push(insider.words.say("team-taken"));
    }
    let Some(team) = made.filter(|_| wrong.is_empty()) else {
        return page::refused(&Page {
            f: Frame::new(insider, "assignment"),
            handle: handle.map(str::to_owned),
            typed,
            wrong,
        });
    };
    let office = console.processing.office();
    let kept = office.put_team(team, &insider.hand()).await;
    kept.map_err(drafting::fault)?;
    Ok(page::onward("/assignment/people?done=team-saved"))
}

async fn remove(
    console: web::Data<Console>,
    insider: Insider,
    handle: web::Path<String>,
) -> Result<HttpResponse, Fault> {
    let office = console.processing.office();
    let removed = office.remove_team(&handle, &insider.hand()).await;
    match removed.map_err(drafting::fault)? {
        true => Ok(page::onward("/assignment/people?done=team-removed")),
        false => Err(Fault::Missing),
    }
}
