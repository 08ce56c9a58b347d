//! Leads in figures: by day, by source, by rep; how fast somebody answered, how many became customers.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::console::chart::{self, Bar, Stack};
use crate::console::when;
use crate::console::words::Words;
use crate::store::meters::{LeadDay, LeadStep};

/// Height of the chart's bars.
const HEIGHT: f64 = 80.0;

/// What became of the leads of the last days.
pub struct Figures {
    /// One for each day, with the leads that came.
    pub bars: Vec<Bar>,
    /// That the busiest day brought.
    pub most: u64,
    pub total: Leads,
    pub by_source: Vec<Leads>,
    pub by_rep: Vec<Leads>,
}

/// Leads of one source or rep, or all.
#[derive(Default)]
pub struct Leads {
    pub name: String,
    pub created: u64,
    pub answered: u64,
    converted: u64,
    waited: u64,
}

impl Leads {
    /// How long it took on average until somebody answered.
    pub fn response(&self) -> String {
        match self.waited.checked_div(self.answered) {
            Some(seconds) => when::length(seconds.saturating_mul(1000)),
            None => "–".to_owned(),
        }
    }

    /// Of a hundred.
    pub fn conversion(&self) -> String {
        match (self.converted * 100).checked_div(self.created) {
            Some(percent) => format!("{percent} %"),
            None => "–".to_owned(),
        }
    }

    fn add(&mut self, day: &LeadDay) {
        match day.step {
            LeadStep::Created => self.created += day.count,
            LeadStep::Answered => {
                self.answered += day.count;
                self.waited += day.seconds;
            }
            LeadStep::Converted => self.converted += day.count,
            LeadStep::Lost => {}
        }
    }
}

/// The figures of so many days up to a moment.
pub fn of(words: Words, days: &[LeadDay], (now, count): (Timestamp, i64)) -> Figures {
    let mut by_source: BTreeMap<&str, Leads> = BTreeMap::new();
    let mut by_rep: BTreeMap<&str, Leads> = BTreeMap::new();
    let mut by_day: BTreeMap<String, u64> =
        (0..count).map(|ago| (day_before(now, ago), 0)).collect();
    let mut total = Leads::default();
    for day in days {
        by_source.entry(&day.source).or_default().add(day);
        by_rep.entry(&day.owner).or_default().add(day);
        total.add(day);
        if day.step == LeadStep::Created
            && let Some(sum) = by_day.get_mut(&name_of(day.at))
        {
            *sum += day.count;
        }
    }
    let stacks: Vec<Stack> = by_day
        .iter()
        .map(|(day, leads)| {
            let leads_said = leads.to_string();
            let said = [("day", day.as_str()), ("leads", leads_said.as_str())];
            Stack {
                title: words.with_all("overview-day", &said),
                parts: vec![("accepted", *leads)],
            }
        })
        .collect();
    let (bars, most) = chart::stacked(&stacks, HEIGHT);
    Figures {
        bars,
        most,
        total,
        by_source: named(by_source),
        by_rep: named(by_rep),
    }
}

/// Days are those of UTC, as they are counted.
fn name_of(day: Timestamp) -> String {
    day.strftime("%Y-%m-%d").to_string()
}

fn day_before(now: Timestamp, days: i64) -> String {
    let ago = SignedDuration::from_hours(24 * days);
    name_of(now.checked_sub(ago).unwrap_or(now))
}

/// Most leads first.
fn named(leads: BTreeMap<&str, Leads>) -> Vec<Leads> {
    let mut leads: Vec<Leads> = leads
        .into_iter()
        .map(|(name, leads)| Leads {
            name: name.to_owned(),
            ..leads
        })
        .collect();
    leads.sort_by_key(|leads| std::cmp::Reverse(leads.created));
    leads
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::of;
    use crate::console::words::{Language, Words};
    use crate::store::meters::{LeadDay, LeadStep};

    #[test]
    fn leads_are_added_up_by_day_source_and_rep() {
        let now: Timestamp = "2026-11-24T10:00:00Z".parse().unwrap();
        let day = |day: &str, source: &str, owner: &str, step, count, seconds| LeadDay {
            at: format!("{day}T00:00:00Z").parse().unwrap(),
            source: source.to_owned(),
            owner: owner.to_owned(),
            step,
            count,
            seconds,
        };
        let days = [
            day("2026-11-22", "form", "ana", LeadStep::Created, 3, 0),
            day("2026-11-24", "meta", "rui", LeadStep::Created, 6, 0),
            day("2026-11-24", "form", "ana", LeadStep::Answered, 2, 240),
            day("2026-11-24", "form", "ana", LeadStep::Converted, 1, 900),
        ];
        let found = of(Words::of(Language::English), &days, (now, 3));
        let tall: Vec<f64> = found
            .bars
            .iter()
            .map(|bar| bar.parts.first().map_or(0.0, |part| part.2))
            .collect();
        assert_eq!((tall, found.most), (vec![40.0, 0.0, 80.0], 6));
        assert!(found.bars[2].title.contains("2026-11-24"));
        let first = &found.by_source[0];
        assert_eq!((first.name.as_str(), first.created), ("meta", 6));
        let ana = &found.by_rep[1];
        assert_eq!(
            (ana.response(), ana.conversion()),
            ("2 min".into(), "33 %".into())
        );
        assert_eq!(found.total.conversion(), "11 %");
    }
}
