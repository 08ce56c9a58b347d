//! Which events: the filter of the inbox as it stands in an address and in forms.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::console::fault::Fault;
use crate::console::form::Form;
use crate::model::event::EventStatus;
use crate::model::page::PageRequest;
use crate::said;
use crate::store::EventFilter;

/// The fields of the filter, as they were typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    pub endpoint: String,
    pub source: String,
    pub status: String,
    /// Why they are quarantined or failed.
    pub code: String,
    /// The sender's word: `orders/create`.
    #[serde(rename = "type")]
    pub event_type: String,
    /// In the reader's zone: `2026-11-24T10:00`.
    pub since: String,
    pub until: String,
    /// An event's id, the sender's, or a text in the body.
    pub q: String,
    pub cursor: String,
}

/// The fields that make a filter, in the order of addresses.
const FIELDS: [&str; 8] = [
    "endpoint", "source", "status", "code", "type", "since", "until", "q",
];

impl Query {
    /// The filter that came with a form.
    pub fn of_form(form: &Form) -> Self {
        let [endpoint, source, status, code, event_type, since, until, q] =
            FIELDS.map(|name| form.text(name).to_owned());
        Query {
            endpoint,
            source,
            status,
            code,
            event_type,
            since,
            until,
            q,
            cursor: String::new(),
        }
    }

    /// What the store looks for. Blanks are no filter.
    ///
    /// # Errors
    /// A status or time that is none.
    pub fn filter(&self, zone: &TimeZone) -> Result<EventFilter, Fault> {
        let status = given(&self.status).map(|word| {
            let known = EventStatus::ALL.map(EventStatus::as_str);
            EventStatus::parse(&word).ok_or_else(|| Fault::no_status(&word, &known))
        });
        Ok(EventFilter {
            endpoint: given(&self.endpoint),
            status: status.transpose()?,
            code: given(&self.code),
            event_type: given(&self.event_type),
            since: time(&self.since, zone)?,
            until: time(&self.until, zone)?,
            q: None,
            source: given(&self.source),
            text: given(&self.q),
        })
    }

    /// A page of `limit`, from where the query says.
    pub fn page(&self, limit: usize) -> PageRequest {
        PageRequest {
            limit,
            cursor: given(&self.cursor),
        }
    }

    /// Whether anything is looked for in particular.
    pub fn is_open(&self) -> bool {
        self.fields().iter().all(|(_, value)| value.is_empty())
    }

    /// Names and values, blanks included.
    pub fn fields(&self) -> [(&'static str, &str); 8] {
        let [endpoint, source, status, code, event_type, since, until, q] = FIELDS;
        [
            (endpoint, self.endpoint.trim()),
            (source, self.source.trim()),
            (status, self.status.trim()),
            (code, self.code.trim()),
            (event_type, self.event_type.trim()),
            (since, self.since.trim()),
            (until, self.until.trim()),
            (q, self.q.trim()),
        ]
    }

    /// The filter in an address, with a cursor where there is one.
    pub fn address(&self, cursor: Option<&str>) -> String {
        let fields = self.fields();
        let given = fields.iter().filter(|(_, value)| !value.is_empty());
        let mut text = form_urlencoded::Serializer::new(String::new());
        text.extend_pairs(given);
        if let Some(cursor) = cursor {
            text.append_pair("cursor", cursor);
        }
        text.finish()
    }
}

fn given(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// What `<input type="datetime-local">` sends, in the reader's zone; or RFC 3339.
fn time(text: &str, zone: &TimeZone) -> Result<Option<Timestamp>, Fault> {
    let Some(text) = given(text) else {
        return Ok(None);
    };
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(Some(at));
    }
    let civil: Result<DateTime, _> = text.parse();
    let at = civil.and_then(|civil| civil.to_zoned_datetime(zone.clone()));
    match at {
        Ok(at) => Ok(Some(at.timestamp())),
        Err(_) => Err(Fault::Senseless(said!(
            "no-such-time",
            "{text} is not a time such as 2026-11-24T10:00",
            text = text
        ))),
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::{Query, time};

    #[test]
    fn times_are_the_readers() {
        let madrid = TimeZone::get("Europe/Madrid").unwrap();
        for (text, expected) in [
            ("2026-11-24T10:00", Some("2026-11-24T09:00:00Z")),
            ("2026-11-24T10:00:05", Some("2026-11-24T09:00:05Z")),
            ("2026-11-24T10:00:00Z", Some("2026-11-24T10:00:00Z")),
            ("", None),
        ] {
            let found = time(text, &madrid).unwrap();
            assert_eq!(
                found.map(|at| at.to_string()).as_deref(),
                expected,
                "{text}"
            );
        }
        assert!(time("yesterday", &madrid).is_err());
    }

    #[test]
    fn addresses_hold_what_was_given() {
        let query = Query {
            endpoint: "shop".to_owned(),
            q: "a b&c".to_owned(),
            ..Query::default()
        };
        assert!(!query.is_open() && Query::default().is_open());
        assert_eq!(query.address(None), "endpoint=shop&q=a+b%26c");
        assert_eq!(
            query.address(Some("e0")),
            "endpoint=shop&q=a+b%26c&cursor=e0"
        );
    }
}
