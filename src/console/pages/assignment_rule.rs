//! One rule: its condition as rows, whose its leads are, and what happens when nobody is there.

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::assign::field_path::{Family, FieldPath, known};
use crate::console::Console;
use crate::console::drafting::{self, Working};
use crate::console::fault::Fault;
use crate::console::form::Form;
use crate::console::frame::Frame;
use crate::console::page;
use crate::console::pages::assignment::index_of;
use crate::console::places::{Place, Who, get, post};
use crate::console::rows::{self, Row, Sort};
use crate::console::traffic::{self, Traffic};
use crate::console::visitor::Insider;
use crate::model::rules::{
    NoneEligible, OnNoneEligible, Operator, RepTarget, Rule, RuleSet, Strategy, Target, TeamTarget,
};

pub const PLACES: &[Place] = &[
    get("/assignment/rules/new", Who::Managers, |route| {
        route.to(blank)
    }),
    post("/assignment/rules/new", Who::Managers, |route| {
        route.to(add)
    }),
    get("/assignment/rules/{place}", Who::Managers, |route| {
        route.to(show)
    }),
    post("/assignment/rules/{place}", Who::Managers, |route| {
        route.to(change)
    }),
];

#[derive(Template)]
#[template(path = "assignment_rule.html")]
struct Page<'v> {
    f: Frame<'v>,
    working: Working,
    /// Where the form goes.
    action: String,
    is_new: bool,
    typed: Typed,
    fields: Vec<Fields>,
    operators: Vec<OperatorChoice>,
    /// Values that come, per field: the id of a list of suggestions.
    values: Vec<(String, Vec<String>)>,
    /// The row that was just added.
    fresh: Option<usize>,
    /// What is wrong with the rule, besides its rows.
    wrong: Vec<String>,
    /// What is wrong with each row.
    wrong_rows: Vec<Vec<String>>,
}

/// A rule as it is typed.
struct Typed {
    name: String,
    rows: Vec<Row>,
    /// `rep:ana` or `team:iberia`
    to: String,
    strategy: String,
    skills: String,
    /// `next_rule`, `park` or `rep:boss`
    otherwise: String,
}

/// Fields of one record.
struct Fields {
    root: &'static str,
    fields: Vec<FieldChoice>,
}

struct FieldChoice {
    path: String,
    name: String,
    family: &'static str,
}

struct OperatorChoice {
    word: &'static str,
    /// Families of fields it fits, with blanks between.
    families: String,
}

impl Page<'_> {
    fn groups(&self) -> [Sort; 4] {
        Sort::GROUPS
    }

    fn strategies(&self) -> [&'static str; 3] {
        Strategy::ALL.map(Strategy::as_str)
    }

    fn is_fresh(&self, nth: &usize) -> bool {
        self.fresh == Some(*nth)
    }

    fn wrong_of(&self, nth: &usize) -> &[String] {
        self.wrong_rows.get(*nth).map_or(&[], Vec::as_slice)
    }

    /// A field that no source fills any more stays what it is.
    fn is_known(&self, field: &str) -> bool {
        let known = self.fields.iter().flat_map(|it| &it.fields);
        field.is_empty() || known.into_iter().any(|it| it.path == full(field))
    }

    fn is_chosen(&self, choice: &str, field: &str) -> bool {
        choice == full(field)
    }

    fn full(&self, field: &str) -> String {
        full(field)
    }
}

/// Bare names are fields of the lead.
fn full(field: &str) -> String {
    FieldPath::parse(field).map_or_else(|_| field.to_owned(), |path| path.full())
}

impl Typed {
    fn blank(working: &Working) -> Self {
        let team = working.desk.teams.first();
        let rep = working.desk.reps.first();
        let mut rows = rows::of(None);
        rows::add(&mut rows, 0, Sort::Compare);
        Typed {
            name: String::new(),
            rows,
            to: match (team, rep) {
                (Some(team), _) => format!("team:{}", team.handle),
                (None, Some(rep)) => format!("rep:{}", rep.handle),
                (None, None) => String::new(),
            },
            strategy: String::new(),
            skills: String::new(),
            otherwise: "next_rule".to_owned(),
        }
    }

    fn of(rule: &Rule) -> Self {
        let (to, strategy, skills) = match &rule.assign {
            Target::Rep(target) => (format!("rep:{}", target.rep), "", String::new()),
            Target::Team(target) => {
                let strategy = target.strategy.map_or("", Strategy::as_str);
                let skills = target.skills.join(", ");
                (format!("team:{}", target.team), strategy, skills)
            }
        };
        Typed {
            name: rule.name.clone(),
            rows: rows::of(rule.when.as_ref()),
            to,
            strategy: strategy.to_owned(),
            skills,
            otherwise: match &rule.on_none_eligible {
                OnNoneEligible::Policy(NoneEligible::NextRule) => "next_rule".to_owned(),
                OnNoneEligible::Policy(NoneEligible::Park) => "park".to_owned(),
                OnNoneEligible::Rep(target) => format!("rep:{}", target.rep),
            },
        }
    }

    fn read(form: &Form) -> Self {
        Typed {
            name: form.text("name").to_owned(),
            rows: rows::read(form),
            to: form.text("to").to_owned(),
            strategy: form.text("strategy").to_owned(),
            skills: form.text("skills").to_owned(),
            otherwise: form.text("otherwise").to_owned(),
        }
    }

    fn rule(&self) -> Rule {
        let rep = |handle: &str| RepTarget {
            rep: handle.to_owned(),
        };
        let strategy = Strategy::ALL
            .into_iter()
            .find(|it| it.as_str() == self.strategy);
        let skills = self.skills.split(',').map(|it| it.trim().to_owned());
        Rule {
            name: self.name.clone(),
            when: rows::condition(&self.rows).0,
            assign: match self.to.split_once(':') {
                Some(("team", team)) => Target::Team(TeamTarget {
                    team: team.to_owned(),
                    strategy,
                    skills: skills.filter(|it| !it.is_empty()).collect(),
                }),
                Some((_, handle)) => Target::Rep(rep(handle)),
                None => Target::Rep(rep("")),
            },
            on_none_eligible: match self.otherwise.split_once(':') {
                Some((_, handle)) => OnNoneEligible::Rep(rep(handle)),
                None if self.otherwise == "park" => OnNoneEligible::Policy(NoneEligible::Park),
                None => OnNoneEligible::Policy(NoneEligible::NextRule),
            },
        }
    }

    /// Does what a button of the builder says; the row that it added.
    fn build(&mut self, order: &str) -> Option<usize> {
        let (what, nth) = order.rsplit_once('-')?;
        let nth: usize = nth.parse().ok()?;
        match what {
            "add" => rows::add(&mut self.rows, nth, Sort::Compare),
            "formula" => rows::add(&mut self.rows, nth, Sort::Formula),
            "group" => rows::add(&mut self.rows, nth, Sort::Any),
            _ => {
                rows::remove(&mut self.rows, nth);
                None
            }
        }
    }
}

async fn blank(console: web::Data<Console>, insider: Insider) -> Result<HttpResponse, Fault> {
    let working = Working::of(&console).await?;
    let typed = Typed::blank(&working);
    page::shown(&page(&console, &insider, (working, None), typed).await?)
}

async fn show(
    console: web::Data<Console>,
    insider: Insider,
    place: web::Path<String>,
) -> Result<HttpResponse, Fault> {
    let working = Working::of(&console).await?;
    let nth = index_of(&working.rules, &place)?;
    let rule = working.rules.rules.get(nth).ok_or(Fault::Missing)?;
    let typed = Typed::of(rule);
    page::shown(&page(&console, &insider, (working, Some(nth)), typed).await?)
}

async fn add(
    console: web::Data<Console>,
    insider: Insider,
    form: Form,
) -> Result<HttpResponse, Fault> {
    take(&console, &insider, None, form).await
}

async fn change(
    console: web::Data<Console>,
    insider: Insider,
    place: web::Path<String>,
    form: Form,
) -> Result<HttpResponse, Fault> {
    take(&console, &insider, Some(&place), form).await
}

/// Another row, or the rule is kept in the draft.
async fn take(
    console: &Console,
    insider: &Insider,
    place: Option<&str>,
    form: Form,
) -> Result<HttpResponse, Fault> {
    let working = Working::of(console).await?;
    working.check(insider, &form)?;
    let nth = place.map(|place| index_of(&working.rules, place));
    let nth = nth.transpose()?;
    let mut typed = Typed::read(&form);
    let order = form.text("do");
    if order != "save" {
        let fresh = typed.build(order);
        let page = page(console, insider, (working, nth), typed).await?;
        return page::shown(&Page { fresh, ..page });
    }
    let (rules, at) = with_rule(&working.rules, nth, typed.rule());
    let office = console.processing.office();
    let problems = office.problems(&rules).await.map_err(drafting::fault)?;
    let prefix = format!("/rules/{at}/");
    let (_, pointers) = rows::condition(&typed.rows);
    let (mut wrong, mut wrong_rows) = (Vec::new(), vec![Vec::new(); typed.rows.len()]);
    for problem in problems {
        let Some(path) = problem.path.strip_prefix(&prefix) else {
            continue;
        };
        let sentence = insider.words.said(&problem.message);
        match row_of(path, &pointers).and_then(|nth| wrong_rows.get_mut(nth)) {
            Some(wrong) => wrong.push(sentence),
            None => wrong.push(sentence),
        }
    }
    if typed.name.is_empty() {
        wrong.push(insider.words.say("rule-needs-name"));
    }
    if wrong.is_empty() && wrong_rows.iter().all(Vec::is_empty) {
        working.keep(console, insider, rules).await?;
        return Ok(page::onward(&format!(
            "/assignment?done=draft-saved#rule-{}",
            at + 1
        )));
    }
    let page = page(console, insider, (working, nth), typed).await?;
    page::refused(&Page {
        wrong,
        wrong_rows,
        ..page
    })
}

/// The row that a pointer below a rule is about: the one whose own pointer is the longest part of it.
fn row_of(path: &str, pointers: &[String]) -> Option<usize> {
    let below = path.strip_prefix("when")?;
    let fits = |pointer: &str| {
        let rest = below.strip_prefix(pointer);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let fitting = pointers.iter().enumerate().filter(|(_, it)| fits(it));
    let best = fitting.max_by_key(|(_, pointer)| pointer.len());
    best.map(|(nth, _)| nth)
}

/// The rules with a rule in its place; a new one before the last, when that takes everything that is left.
fn with_rule(rules: &RuleSet, nth: Option<usize>, rule: Rule) -> (RuleSet, usize) {
    let mut rules = rules.clone();
    let count = rules.rules.len();
    let ends = rules.rules.last().is_some_and(|last| last.when.is_none());
    let at = match nth {
        Some(nth) => nth,
        None if ends && rule.when.is_some() => count - 1,
        None => count,
    };
    match rules.rules.get_mut(at).filter(|_| nth.is_some()) {
        Some(place) => *place = rule,
        None => rules.rules.insert(at.min(count), rule),
    }
    (rules, at)
}

async fn page<'v>(
    console: &Console,
    insider: &'v Insider,
    (working, nth): (Working, Option<usize>),
    typed: Typed,
) -> Result<Page<'v>, Fault> {
    let traffic = traffic::of(console).await?;
    let place = nth.map_or("new".to_owned(), |nth| (nth + 1).to_string());
    Ok(Page {
        f: Frame::new(insider, "assignment"),
        action: format!("/assignment/rules/{place}"),
        is_new: nth.is_none(),
        fields: choices(insider, &traffic),
        operators: operators(),
        values: suggestions(console, traffic),
        fresh: None,
        wrong: Vec::new(),
        wrong_rows: Vec::new(),
        working,
        typed,
    })
}

/// Every field there is, and those that senders add.
fn choices(insider: &Insider, traffic: &Traffic) -> Vec<Fields> {
    let mut paths = known();
    let own = traffic.keys().filter(|path| path.contains(".custom."));
    paths.extend(own.filter_map(|path| FieldPath::parse(path).ok()));
    ["lead", "contact", "company", "orders", "event"]
        .map(|root| {
            let fields = paths.iter().map(|path| (path.full(), path.family()));
            let of_root = fields.filter(|(path, _)| path.split('.').next() == Some(root));
            Fields {
                root,
                fields: of_root
                    .map(|(path, family)| FieldChoice {
                        name: insider.words.word("path", &path),
                        family: family.as_str(),
                        path,
                    })
                    .collect(),
            }
        })
        .into()
}

fn operators() -> Vec<OperatorChoice> {
    let families = [
        Family::Text,
        Family::Postal,
        Family::Country,
        Family::Number,
        Family::Time,
        Family::Bool,
        Family::Words(&[]),
        Family::List,
        Family::Group,
        Family::Any,
    ];
    let choice = |op: Operator| {
        let fitting = families
            .iter()
            .filter(|family| family.operators().contains(&op));
        let fitting: Vec<&str> = fitting.map(|family| family.as_str()).collect();
        OperatorChoice {
            word: op.as_str(),
            families: fitting.join(" "),
        }
    };
    Operator::ALL.map(choice).into()
}

/// The values of traffic, and for fields of few words all of these.
fn suggestions(console: &Console, mut traffic: Traffic) -> Vec<(String, Vec<String>)> {
    let endpoints = console.endpoints();
    traffic.insert("event.endpoint".to_owned(), endpoints);
    for path in known() {
        match path.family() {
            Family::Words(words) => {
                let words = words.iter().map(|word| (*word).to_owned());
                traffic.insert(path.full(), words.collect());
            }
            Family::Bool => {
                let words = ["true", "false"].map(str::to_owned);
                traffic.insert(path.full(), words.into());
            }
            _ => {}
        }
    }
    let filled = traffic.into_iter().filter(|(_, values)| !values.is_empty());
    filled.collect()
}
