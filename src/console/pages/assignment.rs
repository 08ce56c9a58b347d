//! The rules in order: looked at by everybody who reads, moved and switched by managers, as a draft.

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::console::Console;
use crate::console::drafting::{self, Working};
use crate::console::fault::Fault;
use crate::console::form::Form;
use crate::console::frame::Frame;
use crate::console::page;
use crate::console::places::{Group, Place, Who, get, post};
use crate::console::rule_words;
use crate::console::visitor::Insider;
use crate::model::event::Violation;
use crate::model::rules::{OnNoneEligible, Rule, RuleSet};
use crate::said;

pub const PLACES: &[Place] = &[
    get("/assignment", Who::Readers, |route| route.to(show)).named(Group::Rules, "assignment"),
    post("/assignment/switches", Who::Managers, |route| {
        route.to(switch)
    }),
    post("/assignment/rules/{place}/move", Who::Managers, |route| {
        route.to(move_rule)
    }),
    post("/assignment/rules/{place}/remove", Who::Managers, |route| {
        route.to(remove)
    }),
    post("/assignment/draft/renew", Who::Managers, |route| {
        route.to(renew)
    }),
    post("/assignment/draft/discard", Who::Managers, |route| {
        route.to(discard)
    }),
];

#[derive(Template)]
#[template(path = "assignment.html")]
struct Page<'v> {
    f: Frame<'v>,
    working: Working,
    rules: Vec<Line>,
    /// What concerns no single rule.
    problems: Vec<String>,
}

/// A rule as it is shown.
pub struct Line {
    /// From 1.
    pub place: usize,
    pub name: String,
    /// `None`: it takes everything.
    pub when: Option<String>,
    pub goes: String,
    /// Unless it is the usual: the next rule.
    pub otherwise: Option<String>,
    pub problems: Vec<String>,
}

/// Rules in the reader's words, each with what keeps it from being published; and what concerns no single rule.
pub fn lines(
    insider: &Insider,
    working: &Working,
    problems: Vec<Violation>,
) -> (Vec<Line>, Vec<String>) {
    let (words, desk) = (insider.words, &working.desk);
    let mut of_rules: Vec<Line> = (1..)
        .zip(&working.rules.rules)
        .map(|(place, rule)| Line {
            place,
            name: rule.name.clone(),
            when: rule
                .when
                .as_ref()
                .map(|it| rule_words::condition(words, it)),
            goes: rule_words::target(words, desk, &rule.assign),
            otherwise: (rule.on_none_eligible != OnNoneEligible::default())
                .then(|| rule_words::otherwise(words, desk, &rule.on_none_eligible)),
            problems: Vec::new(),
        })
        .collect();
    let mut of_all = Vec::new();
    for problem in problems {
        let rest = problem.path.strip_prefix("/rules/");
        let nth = rest.and_then(|rest| rest.split('/').next()?.parse::<usize>().ok());
        match nth.and_then(|nth| of_rules.get_mut(nth)) {
            Some(line) => line.problems.push(words.said(&problem.message)),
            None => of_all.push(words.said(&problem.message)),
        }
    }
    (of_rules, of_all)
}

async fn show(console: web::Data<Console>, insider: Insider) -> Result<HttpResponse, Fault> {
    let working = Working::of(&console).await?;
    let problems = match working.draft.is_some() {
        true => {
            let office = console.processing.office();
            let found = office.problems(&working.rules).await;
            found.map_err(drafting::fault)?
        }
        false => Vec::new(),
    };
    let (rules, problems) = lines(&insider, &working, problems);
    page::shown(&Page {
        f: Frame::new(&insider, "assignment"),
        rules,
        problems,
        working,
    })
}

async fn switch(
    console: web::Data<Console>,
    insider: Insider,
    form: Form,
) -> Result<HttpResponse, Fault> {
    let working = Working::of(&console).await?;
    working.check(&insider, &form)?;
    let last_owner_days = match form.maybe("last_owner") {
        None => None,
        Some(_) => match form.text("last_owner_days").parse() {
            Ok(days) => Some(days),
            Err(_) => {
                let days = form.text("last_owner_days");
                return Err(Fault::Senseless(said!(
                    "no-days",
                    "\"{days}\" is not a number of days",
                    days = days
                )));
            }
        },
    };
    let domains = form.text("free_mail").split([',', ' ', '\n']);
    let domains = domains.map(|it| it.trim().to_lowercase());
    let rules = RuleSet {
        keep_owner: form.maybe("keep_owner").is_some(),
        last_owner_days,
        company_owner: form.maybe("company_owner").is_some(),
        free_mail: domains.filter(|it| !it.is_empty()).collect(),
        ..working.rules.clone()
    };
    working.keep(&console, &insider, rules).await?;
    Ok(page::onward("/assignment?done=draft-saved"))
}

async fn move_rule(
    console: web::Data<Console>,
    insider: Insider,
    place: web::Path<String>,
    form: Form,
) -> Result<HttpResponse, Fault> {
    let working = Working::of(&console).await?;
    working.check(&insider, &form)?;
    let from = index_of(&working.rules, &place)?;
    let to: usize = form.text("to").parse().map_err(|_| Fault::Missing)?;
    let to = to.clamp(1, working.rules.rules.len()) - 1;
    let mut rules = working.rules.clone();
    let rule = rules.rules.remove(from);
    rules.rules.insert(to, rule);
    if rules != working.rules {
        working.keep(&console, &insider, rules).await?;
    }
    Ok(page::onward(&format!("/assignment#rule-{}", to + 1)))
}

async fn remove(
    console: web::Data<Console>,
    insider: Insider,
    place: web::Path<String>,
    form: Form,
) -> Result<HttpResponse, Fault> {
    let working = Working::of(&console).await?;
    working.check(&insider, &form)?;
    let nth = index_of(&working.rules, &place)?;
    let mut rules = working.rules.clone();
    rules.rules.remove(nth);
    working.keep(&console, &insider, rules).await?;
    Ok(page::onward("/assignment?done=rule-removed"))
}

/// The draft is held to be made from the current version: whoever presses this has seen what it takes back.
async fn renew(
    console: web::Data<Console>,
    insider: Insider,
    form: Form,
) -> Result<HttpResponse, Fault> {
    let working = Working::of(&console).await?;
    working.check(&insider, &form)?;
    let rules = RuleSet {
        version: working.desk.rules.version,
        ..working.rules.clone()
    };
    working.keep(&console, &insider, rules).await?;
    Ok(page::onward("/assignment/preview"))
}

async fn discard(
    console: web::Data<Console>,
    insider: Insider,
    form: Form,
) -> Result<HttpResponse, Fault> {
    let working = Working::of(&console).await?;
    working.check(&insider, &form)?;
    let office = console.processing.office();
    let dropped = office.drop_draft(&insider.hand()).await;
    dropped.map_err(drafting::fault)?;
    Ok(page::onward("/assignment?done=draft-discarded"))
}

/// Where a rule stands, from 0, out of an address, which counts from 1.
pub fn index_of(rules: &RuleSet, place: &str) -> Result<usize, Fault> {
    let place: usize = place.parse().map_err(|_| Fault::Missing)?;
    let index = place.checked_sub(1).ok_or(Fault::Missing)?;
    let rule: Option<&Rule> = rules.rules.get(index);
    rule.map(|_| index).ok_or(Fault::Missing)
}
