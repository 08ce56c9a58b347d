//! One rep: who they are, what they can do, when they work, how much they take.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde_json::{Map, Value, json};

use crate::assign::people::check_rep;
use crate::console::Console;
use crate::console::drafting;
use crate::console::fault::Fault;
use crate::console::form::Form;
use crate::console::frame::Frame;
use crate::console::page;
use crate::console::places::{Place, Who, get, post};
use crate::console::visitor::Insider;
use crate::console::week::DAYS;
use crate::model::event::Violation;
use crate::model::hours::Week;
use crate::model::people::Rep;
use crate::model::strict;

pub const PLACES: &[Place] = &[
    get("/assignment/reps/new", Who::Managers, |route| {
        route.to(blank)
    }),
    post("/assignment/reps/new", Who::Managers, |route| route.to(add)),
    get("/assignment/reps/{handle}", Who::Managers, |route| {
        route.to(show)
    }),
    post("/assignment/reps/{handle}", Who::Managers, |route| {
        route.to(change)
    }),
    post("/assignment/reps/{handle}/remove", Who::Managers, |route| {
        route.to(remove)
    }),
];

#[derive(Template)]
#[template(path = "rep.html")]
struct Page<'v> {
    f: Frame<'v>,
    /// `None`: a new one.
    handle: Option<String>,
    typed: Typed,
    wrong: Vec<String>,
}

/// A rep as they are typed.
#[derive(Default)]
struct Typed {
    handle: String,
    name: String,
    email: String,
    active: bool,
    time_zone: String,
    skills: String,
    /// One a day.
    hours: Vec<(&'static str, String)>,
    holidays: String,
    /// First and last day, or times.
    absences: Vec<(String, String)>,
    per_day: String,
    per_week: String,
    open: String,
}

impl Typed {
    fn blank(insider: &Insider) -> Self {
        let zone = insider.zone.iana_name().unwrap_or("UTC").to_owned();
        let weekday = |day: &str| !matches!(day, "sat" | "sun");
        let hours = |day| match weekday(day) {
            true => "09:00-18:00".to_owned(),
            false => String::new(),
        };
        Typed {
            active: true,
            time_zone: zone,
            hours: DAYS.map(|day| (day, hours(day))).into(),
            absences: vec![<(String, String)>::default()],
            ..Typed::default()
        }
    }

    fn of(rep: &Rep) -> Self {
        let rep = rep.clone();
        let number = |cap: Option<u32>| cap.map_or_else(String::new, |cap| cap.to_string());
        let mut absences: Vec<(String, String)> = rep
            .out_of_office
            .iter()
            .map(|it| (String::from(it.from), String::from(it.to)))
            .collect();
        absences.push(<(String, String)>::default());
        let holidays: Vec<String> = rep.holidays.iter().map(ToString::to_string).collect();
        Typed {
            hours: of_week(rep.hours.as_ref()),
            holidays: holidays.join(", "),
            absences,
            per_day: number(rep.caps.per_day),
            per_week: number(rep.caps.per_week),
            open: number(rep.caps.open),
            skills: rep.skills.join(", "),
            handle: rep.handle,
            name: rep.name,
            email: rep.email.unwrap_or_default(),
            active: rep.active,
            time_zone: rep.time_zone,
        }
    }

    fn read(form: &Form, handle: Option<&str>) -> Self {
        let text = |name: &str| form.text(name).to_owned();
        let from = form.all("from").map(str::trim);
        let absences = from.zip(form.all("to").map(str::trim));
        Typed {
            handle: handle.map_or_else(|| text("handle").to_lowercase(), str::to_owned),
            name: text("name"),
            email: text("email"),
            active: form.maybe("active").is_some(),
            time_zone: text("time_zone"),
            skills: text("skills"),
            hours: DAYS.map(|day| (day, text(day))).into(),
            holidays: text("holidays"),
            absences: absences
                .map(|(from, to)| (from.to_owned(), to.to_owned()))
                .collect(),
            per_day: text("per_day"),
            per_week: text("per_week"),
            open: text("open"),
        }
    }

    /// As the API takes it, so that both say the same of what is wrong.
    fn document(&self) -> Value {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let number =
            |text: &str| given(text).map(|text| text.parse().map_or(json!(text), Value::Number));
        let mut hours = Map::new();
        for (day, blocks) in &self.hours {
            let blocks = items(blocks);
            if !blocks.is_empty() {
                hours.insert((*day).to_owned(), json!(blocks));
            }
        }
        let absences = self
            .absences
            .iter()
            .filter(|(from, to)| !(from.is_empty() && to.is_empty()));
        let absences: Vec<Value> = absences
            .map(|(from, to)| {
                let to = if to.is_empty() { from } else { to };
                json!({"from": from, "to": to})
            })
            .collect();
        json!({
            "handle": self.handle, "name": self.name, "email": given(&self.email), "active": self.active,
            "time_zone": self.time_zone, "skills": items(&self.skills),
            "hours": (!hours.is_empty()).then_some(hours),
            "holidays": items(&self.holidays), "out_of_office": absences,
            "caps": {"per_day": number(&self.per_day), "per_week": number(&self.per_week), "open": number(&self.open)},
        })
    }

    /// The rep, or everything that is wrong.
    fn rep(&self) -> Result<Rep, Vec<Violation>> {
        let rep: Rep = strict::read(&self.document()).map_err(|misfit| vec![misfit])?;
        match check_rep(&rep) {
            wrong if wrong.is_empty() => Ok(rep),
            wrong => Err(wrong),
        }
    }
}

fn of_week(week: Option<&Week>) -> Vec<(&'static str, String)> {
    let days = jiff::civil::Weekday::Monday.cycle_forward();
    DAYS.into_iter()
        .zip(days)
        .map(|(name, day)| {
            let blocks = week.map_or(&[][..], |week| week.day(day));
            let blocks: Vec<String> = blocks.iter().map(ToString::to_string).collect();
            (name, blocks.join(", "))
        })
        .collect()
}

fn items(text: &str) -> Vec<&str> {
    let items = text.split([',', ';', '\n']).map(str::trim);
    items.filter(|item| !item.is_empty()).collect()
}

async fn blank(insider: Insider) -> Result<HttpResponse, Fault> {
    page::shown(&Page {
        f: Frame::new(&insider, "assignment"),
        handle: None,
        typed: Typed::blank(&insider),
        wrong: Vec::new(),
    })
}

async fn show(
    console: web::Data<Console>,
    insider: Insider,
    handle: web::Path<String>,
) -> Result<HttpResponse, Fault> {
    let rep = find(&console, &handle).await?.ok_or(Fault::Missing)?;
    page::shown(&Page {
        f: Frame::new(&insider, "assignment"),
        typed: Typed::of(&rep),
        handle: Some(rep.handle),
        wrong: Vec::new(),
    })
}

async fn add(
    console: web::Data<Console>,
    insider: Insider,
    form: Form,
) -> Result<HttpResponse, Fault> {
    let typed = Typed::read(&form, None);
    let mut read = typed.rep();
    if find(&console, &typed.handle).await?.is_some() {
        read = Err(vec![Violation::new(
            "/handle",
            insider.words.say("rep-taken"),
        )]);
    }
    save(&console, &insider, (None, typed), read).await
}

async fn change(
    console: web::Data<Console>,
    insider: Insider,
    handle: web::Path<String>,
    form: Form,
) -> Result<HttpResponse, Fault> {
    let known = find(&console, &handle).await?.ok_or(Fault::Missing)?;
    let typed = Typed::read(&form, Some(&known.handle));
    let read = typed.rep();
    save(&console, &insider, (Some(known), typed), read).await
}

async fn save(
    console: &Console,
    insider: &Insider,
    (known, typed): (Option<Rep>, Typed),
    read: Result<Rep, Vec<Violation>>,
) -> Result<HttpResponse, Fault> {
    let rep = match read {
        Ok(rep) => rep,
        Err(wrong) => {
            return page::refused(&Page {
                f: Frame::new(insider, "assignment"),
                handle: known.map(|rep| rep.handle),
                typed,
                wrong: wrong.iter().map(|it| told(insider, it)).collect(),
            });
        }
    };
    let office = console.processing.office();
    let kept = office.put_rep(rep, &insider.hand()).await;
    kept.map_err(drafting::fault)?;
    Ok(page::onward("/assignment/people?done=rep-saved"))
}

/// What is wrong, behind the name of the field.
fn told(insider: &Insider, wrong: &Violation) -> String {
    let (words, sentence) = (insider.words, insider.words.said(&wrong.message));
    let mut steps = wrong.path.split('/').skip(1);
    let field = steps.next().unwrap_or_default();
    let label = match (field, steps.next()) {
        ("hours", Some(day)) => words.word("day", day),
        (field, _) => words.word("rep-field", field),
    };
    format!("{label}: {sentence}")
}

async fn remove(
    console: web::Data<Console>,
    insider: Insider,
    handle: web::Path<String>,
) -> Result<HttpResponse, Fault> {
    let office = console.processing.office();
    let removed = office.remove_rep(&handle, &insider.hand()).await;
    match removed.map_err(drafting::fault)? {
        true => Ok(page::onward("/assignment/people?done=rep-removed")),
        false => Err(Fault::Missing),
    }
}

async fn find(console: &Console, handle: &str) -> Result<Option<Rep>, Fault> {
    let desk = console.store.desk().await?;
    Ok(desk.reps.iter().find(|rep| rep.handle == handle).cloned())
}
