//! The people who work leads, and their teams: who is there now, what they have, who shares with whom.

use actix_web::{HttpResponse, web};
use askama::Template;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::assign::shift;
use crate::console::Console;
use crate::console::fault::Fault;
use crate::console::frame::Frame;
use crate::console::page;
use crate::console::places::{Place, Who, get};
use crate::console::rule_words;
use crate::console::verdict;
use crate::console::visitor::Insider;
use crate::model::desk::Desk;
use crate::model::people::{Caps, Rep, Team};

pub const PLACES: &[Place] = &[get("/assignment/people", Who::Readers, |route| {
    route.to(show)
})];

#[derive(Template)]
#[template(path = "people.html")]
struct Page<'v> {
    f: Frame<'v>,
    reps: Vec<RepLine>,
    teams: Vec<TeamLine>,
}

struct RepLine {
    rep: Rep,
    /// `good`, `warn` or nothing.
    tone: &'static str,
    presence: String,
    open: i64,
    teams: Vec<String>,
}

struct TeamLine {
    team: Team,
    members: Vec<(String, u32)>,
    strategy: &'static str,
}

impl RepLine {
    /// `10 a day, 25 open`
    fn caps(&self, f: &Frame<'_>) -> String {
        let Caps {
            per_day,
            per_week,
            open,
        } = self.rep.caps;
        let caps = [
            ("people-cap-day", per_day),
            ("people-cap-week", per_week),
            ("people-cap-open", open),
        ];
        let said = caps
            .into_iter()
            .filter_map(|(key, cap)| Some(f.with(key, "cap", cap?)));
        said.collect::<Vec<_>>().join(", ")
    }
}

async fn show(console: web::Data<Console>, insider: Insider) -> Result<HttpResponse, Fault> {
    let desk = console.store.desk().await?;
    let reps = desk.reps.iter().map(|rep| line(&insider, &desk, rep));
    let teams = desk.teams.iter().map(|team| TeamLine {
        members: team
            .members
            .iter()
            .map(|it| (rule_words::rep(&desk, &it.rep).to_owned(), it.weight))
            .collect(),
        strategy: team.strategy.unwrap_or_default().as_str(),
        team: team.clone(),
    });
    page::shown(&Page {
        f: Frame::new(&insider, "assignment"),
        reps: reps.collect(),
        teams: teams.collect(),
    })
}

fn line(insider: &Insider, desk: &Desk, rep: &Rep) -> RepLine {
    let (tone, presence) = presence(insider, rep, insider.now);
    let teams = desk.teams.iter();
    let of = teams.filter(|team| team.members.iter().any(|it| it.rep == rep.handle));
    RepLine {
        tone,
        presence,
        open: desk.ledger.load(&rep.handle).map_or(0, |load| load.open),
        teams: of.map(|team| team.name.clone()).collect(),
        rep: rep.clone(),
    }
}

/// Whether somebody is there now, and when again.
fn presence(insider: &Insider, rep: &Rep, now: Timestamp) -> (&'static str, String) {
    let words = insider.words;
    if !rep.active {
        return ("", words.say("people-inactive"));
    }
    let zone = TimeZone::get(&rep.time_zone).unwrap_or(TimeZone::UTC);
    let window = shift::window(rep, &zone, now);
    match window.away.or(window.closed) {
        Some(shut) => {
            let what = shut.until.as_deref().unwrap_or_default();
            let said = verdict::barred(words, (shut.code, what), &shut.english);
            ("warn", said)
        }
        None => ("good", words.say("people-here")),
    }
}
