//! When a rep works: hours by the wall clock of their zone, holidays, absences; and until when that is so.
//!
//! Blocks are pieces of time, not of a clock face: where the clocks are set back, a block that spans the change is an
//! hour longer, and a block's beginning that does not exist is where the clocks go on.

use std::sync::Arc;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::assign::trace::Text;
use crate::model::hours::{Absence, Moment, Week};
use crate::model::people::{HoursPolicy, Rep};

/// How far ahead an opening is looked for.
const DAYS_AHEAD: usize = 400;
/// Half hours of a week.
pub const HALF_HOURS: usize = 7 * 48;

/// A stretch of time in which nothing changes about a rep's presence.
#[derive(Debug, Clone)]
pub struct Window {
    pub from: Timestamp,
    /// Not included.
    pub until: Timestamp,
    /// By the rep's calendar, in days since 1970: today, the Monday of the week, the first of the month.
    pub day: i32,
    pub week: i32,
    pub month: i32,
    /// Why they are away; takes no heed of hours.
    pub away: Option<Arc<Shut>>,
    /// Why they do not work now.
    pub closed: Option<Arc<Shut>>,
}

impl Window {
    /// A window that holds nothing, to be replaced when it is asked.
    pub fn none() -> Self {
        Window {
            from: Timestamp::MAX,
            until: Timestamp::MIN,
            day: 0,
            week: 0,
            month: 0,
            away: None,
            closed: None,
        }
    }

    pub fn holds(&self, now: Timestamp) -> bool {
        self.from <= now && now < self.until
    }
}

/// Why somebody is not there; written once for the many decisions that it stands in.
#[derive(Debug, PartialEq, Eq)]
pub struct Shut {
    /// `away`, `holiday`, `closed`, `never`.
    pub code: &'static str,
    /// When they are there again: `2026-11-30 09:00 (Europe/Madrid)`.
    pub until: Option<String>,
    pub english: String,
    /// Its members of a trace: `,"gate": …, "gate_is": …, "gate_what": …`.
    pub written: String,
}

impl Shut {
    fn new(code: &'static str, until: Option<String>, english: String) -> Self {
        let mut text = Text::new(0);
        text.member("gate", &english).member("gate_is", code);
        if let Some(until) = &until {
            text.member("gate_what", until);
        }
        Shut {
            code,
            until,
            english,
            written: text.into_string(),
        }
    }
}

/// A rep's presence around `now`.
pub fn window(rep: &Rep, zone: &TimeZone, now: Timestamp) -> Window {
    let today = now.to_zoned_datetime(zone.clone()).date();
    let mut window = Window {
        from: start_of(today, zone),
        until: end_of(today, zone),
        day: day_number(today),
        week: day_number(today) - i32::from(today.weekday().to_monday_zero_offset()),
        month: day_number(today.first_of_month()),
        away: None,
        closed: None,
    };
    for absence in &rep.out_of_office {
        let (from, to) = span(absence, zone);
        narrow(&mut window, now, from, to);
        if from <= now && now < to {
            let back = clock_face(to, zone);
            window.away = Some(Arc::new(Shut::new(
                "away",
                Some(time_there(to, zone)),
                format!("out of office until {back}"),
            )));
        }
    }
    let mut open = rep.hours.is_none() && !rep.holidays.contains(&today);
    for (from, to) in blocks(rep, zone, today) {
        narrow(&mut window, now, from, to);
        open |= from <= now && now < to;
    }
    if !open {
        window.closed = Some(Arc::new(closed(rep, zone, now, today)));
    }
    window
}

/// Makes the window end where a span around or near `now` begins or ends.
fn narrow(window: &mut Window, now: Timestamp, from: Timestamp, to: Timestamp) {
    for edge in [from, to] {
        if edge <= now {
            window.from = window.from.max(edge);
        } else {
            window.until = window.until.min(edge);
        }
    }
}

fn closed(rep: &Rep, zone: &TimeZone, now: Timestamp, today: Date) -> Shut {
    let (code, why) = match rep.holidays.contains(&today) {
        true => ("holiday", "on holiday"),
        false => ("closed", "outside working hours"),
    };
    match opening(rep, zone, now) {
        Some(opens) => {
            let english = format!("{why}, opens at {}", clock_face(opens, zone));
            Shut::new(code, Some(time_there(opens, zone)), english)
        }
        None => Shut::new("never", None, format!("{why}, with no working hours ahead")),
    }
}

/// When the rep works again.
fn opening(rep: &Rep, zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
    let today = now.to_zoned_datetime(zone.clone()).date();
    days_from(today)
        .flat_map(|day| working(rep, zone, day))
        .map(|(from, _)| from)
        .find(|from| *from > now)
}

/// When so many working minutes have passed for a rep; where hours are ignored, every minute they are in office counts.
pub fn after_working(
    rep: &Rep,
    zone: &TimeZone,
    hours: HoursPolicy,
    start: Timestamp,
    minutes: u32,
) -> Timestamp {
    let mut left = SignedDuration::from_mins(i64::from(minutes));
    let today = start.to_zoned_datetime(zone.clone()).date();
    for day in days_from(today) {
        let spans = match hours {
            HoursPolicy::Ignore => {
                present(rep, zone, vec![(start_of(day, zone), end_of(day, zone))])
            }
            HoursPolicy::Own => working(rep, zone, day),
        };
        for (from, to) in spans {
            let from = from.max(start);
            if from >= to {
                continue;
            }
            let span = to.duration_since(from);
            if span >= left {
                return from.saturating_add(left).unwrap_or(to);
            }
            left -= span;
        }
    }
    Timestamp::MAX
}

/// Whether a week's block holds `now`, by the clock of `zone`.
pub fn within(week: &Week, zone: &TimeZone, now: Timestamp) -> bool {
    let today = now.to_zoned_datetime(zone.clone()).date();
    let mut blocks = week_blocks(week, zone, today).into_iter();
    blocks.any(|(from, to)| from <= now && now < to)
}

/// Half hours of the week that begins at `start`, and whether a rep regularly works in each: holidays and absences aside.
pub fn half_hours(rep: &Rep, zone: &TimeZone, start: Timestamp) -> Vec<bool> {
    let Some(week) = &rep.hours else {
        return vec![true; HALF_HOURS];
    };
    let mut works = vec![false; HALF_HOURS];
    let first = start.to_zoned_datetime(zone.clone()).date();
    let slot = |at: Timestamp| at.duration_since(start).as_mins().div_euclid(30);
    for (from, to) in days_from(first)
        .take(8)
        .flat_map(|day| week_blocks(week, zone, day))
    {
        // A slot that a block only touches with its last minute excluded is not worked.
        let last = slot(
            to.saturating_sub(SignedDuration::from_secs(1))
                .unwrap_or(to),
        );
        for nth in slot(from)..=last {
            let works = usize::try_from(nth).ok().and_then(|nth| works.get_mut(nth));
            works.into_iter().for_each(|works| *works = true);
        }
    }
    works
}

/// The beginning of the next week, by the calendar of a zone.
pub fn next_monday(zone: &TimeZone, now: Timestamp) -> Timestamp {
    let today = now.to_zoned_datetime(zone.clone()).date();
    let monday = days_from(today)
        .skip(1)
        .find(|day| day.weekday() == Weekday::Monday);
    monday.map_or(now, |monday| start_of(monday, zone))
}

/// The working time of a day: blocks without holidays and absences.
fn working(rep: &Rep, zone: &TimeZone, day: Date) -> Vec<(Timestamp, Timestamp)> {
    let spans = match rep.hours {
        None if rep.holidays.contains(&day) => Vec::new(),
        None => vec![(start_of(day, zone), end_of(day, zone))],
        Some(_) => blocks(rep, zone, day),
    };
    present(rep, zone, spans)
}

/// Takes the absences out of spans.
fn present(
    rep: &Rep,
    zone: &TimeZone,
    mut spans: Vec<(Timestamp, Timestamp)>,
) -> Vec<(Timestamp, Timestamp)> {
    for absence in &rep.out_of_office {
        let (gone, back) = span(absence, zone);
        let cut = |(from, to): (Timestamp, Timestamp)| [(from, to.min(gone)), (from.max(back), to)];
        spans = spans.into_iter().flat_map(cut).collect();
        spans.retain(|(from, to)| from < to);
    }
    spans
}

/// The blocks of a day that is no holiday.
fn blocks(rep: &Rep, zone: &TimeZone, day: Date) -> Vec<(Timestamp, Timestamp)> {
    match &rep.hours {
        Some(hours) if !rep.holidays.contains(&day) => week_blocks(hours, zone, day),
        _ => Vec::new(),
    }
}

fn week_blocks(week: &Week, zone: &TimeZone, day: Date) -> Vec<(Timestamp, Timestamp)> {
    let blocks = week.day(day.weekday()).iter();
    blocks
        .map(|block| (at(day, block.from, zone), at(day, block.to, zone)))
        .collect()
}

/// The moment at which the clocks of a zone show a time of a day.
fn at(day: Date, minute: u16, zone: &TimeZone) -> Timestamp {
    let (hour, minute) = (minute / 60, minute % 60);
    let [hour, minute] = [hour, minute].map(|it| i8::try_from(it).unwrap_or(0));
    match hour {
        24 => end_of(day, zone),
        _ => zone
            .to_timestamp(day.at(hour, minute, 0, 0))
            .unwrap_or(Timestamp::MAX),
    }
}

fn start_of(day: Date, zone: &TimeZone) -> Timestamp {
    zone.to_timestamp(day.at(0, 0, 0, 0))
        .unwrap_or(Timestamp::MAX)
}

fn end_of(day: Date, zone: &TimeZone) -> Timestamp {
    day.tomorrow()
        .map_or(Timestamp::MAX, |day| start_of(day, zone))
}

fn span(absence: &Absence, zone: &TimeZone) -> (Timestamp, Timestamp) {
    let from = match absence.from {
        Moment::Day(day) => start_of(day, zone),
        Moment::At(at) => at,
    };
    let to = match absence.to {
        Moment::Day(day) => end_of(day, zone),
        Moment::At(at) => at,
    };
    (from, to)
}

fn days_from(day: Date) -> impl Iterator<Item = Date> {
    let next = |day: &Date| day.tomorrow().ok();
    std::iter::successors(Some(day), next).take(DAYS_AHEAD)
}

/// Days since 1970.
fn day_number(day: Date) -> i32 {
    let epoch = Date::constant(1970, 1, 1);
    day.since(epoch).map_or(0, |span| span.get_days())
}

/// A moment as the clocks of the zone show it: `Wed 2026-11-25 09:00 (Europe/Madrid)`.
pub fn clock_face(at: Timestamp, zone: &TimeZone) -> String {
    let day = at.to_zoned_datetime(zone.clone()).strftime("%a");
    format!("{day} {}", time_there(at, zone))
}

/// The same without the day of the week, which has another name in every language.
fn time_there(at: Timestamp, zone: &TimeZone) -> String {
    let shown = at
        .to_zoned_datetime(zone.clone())
        .strftime("%Y-%m-%d %H:%M");
    match zone.iana_name() {
        Some(name) => format!("{shown} ({name})"),
        None => shown.to_string(),
    }
}
