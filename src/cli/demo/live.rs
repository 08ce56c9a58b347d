//! The live log: a line for every event that became something, told from the change feed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use uuid::Uuid;

use crate::cli::demo::style::{bold, cyan, dim, green, magenta, yellow};
use crate::cli::table::plain;
use crate::cli::tell;
use crate::model::change::{Change, ChangeKind};
use crate::model::desk::Desk;
use crate::model::field::Kind;
use crate::model::page::PageRequest;
use crate::model::record::Fields;
use crate::model::rules::Target;
use crate::store::{Result, Store};

/// Between two looks at the feed.
const LOOK: Duration = Duration::from_millis(150);

/// Follows the feed for ever.
pub async fn tell_changes(store: Arc<dyn Store>) {
    let mut cursor = None;
    let mut ticks = tokio::time::interval(LOOK);
    loop {
        ticks.tick().await;
        let request = PageRequest {
            limit: 200,
            cursor: cursor.clone(),
        };
        let Ok(page) = store.changes(request).await else {
            continue;
        };
        if page.items.is_empty() {
            continue;
        }
        cursor = page.next;
        for story in stories(page.items) {
            if let Ok(line) = line(store.as_ref(), &story).await {
                tell(&line);
            }
        }
    }
}

/// The changes of one event.
struct Story(Vec<Change>);

impl Story {
    /// The record the event is about: a lead before the contact that came with it.
    fn hero(&self) -> Option<&Change> {
        let rank = |kind: Kind| match kind {
            Kind::Lead => 0,
            Kind::Order => 1,
            Kind::Ticket => 2,
            Kind::Contact => 3,
        };
        self.0.iter().min_by_key(|change| rank(change.kind))
    }

    fn contact(&self) -> Option<&Fields> {
        let contact = self.0.iter().find(|change| change.kind == Kind::Contact);
        contact.map(|change| &change.snapshot)
    }
}

/// Neighbours in the feed that one event caused.
fn stories(changes: Vec<Change>) -> Vec<Story> {
    let mut order: Vec<Story> = Vec::new();
    let mut places: HashMap<Uuid, usize> = HashMap::new();
    for change in changes {
        let place = change.event.and_then(|event| places.get(&event).copied());
        match place.and_then(|place| order.get_mut(place)) {
            Some(story) => story.0.push(change),
            None => {
                if let Some(event) = change.event {
                    places.insert(event, order.len());
                }
                order.push(Story(vec![change]));
            }
        }
    }
    order
}

async fn line(store: &dyn Store, story: &Story) -> Result<String> {
    let Some(hero) = story.hero() else {
        return Ok(String::new());
    };
    let contact = match story.contact() {
        Some(contact) => Some(contact.clone()),
        None => contact_of(store, &hero.snapshot).await?,
    };
    let who = contact.as_ref().map(person).unwrap_or_default();
    let kind = format!("{:<9}", hero.kind.as_str());
    let endpoint = dim(&format!("{:<9}", endpoint(store, hero).await?));
    let created = hero.what.contains(&ChangeKind::Created);
    let news = if created { "" } else { " (changed)" };
    Ok(match hero.kind {
        Kind::Lead => format!(
            "  {} {endpoint} {}{news} {}",
            green(&kind),
            bold(&who),
            assignment(store, hero).await?
        ),
        Kind::Order => format!(
            "  {} {endpoint} {}{news} {}",
            cyan(&kind),
            bold(&who),
            order(hero)
        ),
        Kind::Ticket => {
            let subject = text(&hero.snapshot, "subject");
            format!(
                "  {} {endpoint} {}{news} {subject}",
                magenta(&kind),
                bold(&who)
            )
        }
        Kind::Contact => format!("  {} {endpoint} {}{news}", yellow(&kind), bold(&who)),
    })
}

async fn contact_of(store: &dyn Store, fields: &Fields) -> Result<Option<Fields>> {
    let Some(id) = fields.text("contact") else {
        return Ok(None);
    };
    let Ok(id) = id.parse() else {
        return Ok(None);
    };
    let record = store.record(Kind::Contact, id).await?;
    Ok(record.map(|record| record.fields))
}

async fn endpoint(store: &dyn Store, change: &Change) -> Result<String> {
    let Some(event) = change.event else {
        return Ok(change.source.clone());
    };
    let event = store.event(event).await?;
    Ok(event.map_or_else(|| change.source.clone(), |event| event.endpoint))
}

/// `→ ana  rule "Spain and Portugal", round robin in Iberia`
async fn assignment(store: &dyn Store, lead: &Change) -> Result<String> {
    let Some(decision) = store.decision(lead.record).await? else {
        return Ok(dim("not assigned"));
    };
    let owner = decision.owner.as_deref().unwrap_or("nobody");
    let why = match &decision.rule {
        Some(rule) => format!("rule \"{rule}\"{}", target(&store.desk().await?, rule)),
        None => decision.reason.clone(),
    };
    Ok(format!("→ {}  {}", green(owner), dim(&plain(&why, 100))))
}

fn target(desk: &Desk, rule: &str) -> String {
    let rule = desk.rules.rules.iter().find(|it| it.name == rule);
    match rule.map(|rule| &rule.assign) {
        Some(Target::Team(target)) => {
            let team = desk.teams.iter().find(|team| team.handle == target.team);
            let name = team.map_or(target.team.as_str(), |team| team.name.as_str());
            format!(", round robin in {name}")
        }
        Some(Target::Rep(_)) | None => String::new(),
    }
}

fn order(change: &Change) -> String {
    let fields = &change.snapshot;
    let words = ["number", "total", "currency", "status"].map(|name| text(fields, name));
    plain(words.join(" ").trim(), 80)
}

/// A name, or what else there is, with the country.
fn person(contact: &Fields) -> String {
    let name = ["full_name", "email", "phone"]
        .iter()
        .map(|name| text(contact, name))
        .find(|text| !text.is_empty())
        .unwrap_or_default();
    let country = contact
        .get("address")
        .and_then(|address| address.get("country"))
        .and_then(Value::as_str);
    match country {
        Some(country) => format!("{name} ({country})"),
        None => name,
    }
}

fn text(fields: &Fields, name: &str) -> String {
    let value = fields.text(name);
    plain(value.unwrap_or_default(), 60)
}
