//! The query of a list: read strictly, so that a misspelt filter never lists everything.

use std::ops::RangeInclusive;

use actix_web::HttpRequest;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::api::problem::Problem;
use crate::model::page::PageRequest;

/// Items on a page when the caller does not say.
const DEFAULT_LIMIT: usize = 50;

/// Items on a page at most.
const MAX_LIMIT: usize = 200;

/// The parameters of one request; every one is known.
#[derive(Debug)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads the query of `request`, which may hold `limit`, `cursor` and `filters`.
    ///
    /// # Errors
    /// 400 `unknown_parameter` that names what was not expected and what is; `invalid_parameter` for a filter that is
    /// blank or stands there twice.
    pub fn of(request: &HttpRequest, filters: &[&str]) -> Result<Self, Problem> {
        Self::read(request.query_string(), filters)
    }

    fn read(query: &str, filters: &[&str]) -> Result<Self, Problem> {
        let known = ["limit", "cursor"];
        let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .filter(|(name, value)| !(known.contains(&name.as_str()) && value.is_empty()))
            .collect();
        for (position, (name, value)) in pairs.iter().enumerate() {
            if !known.contains(&name.as_str()) && !filters.contains(&name.as_str()) {
                let all: Vec<&str> = known.iter().chain(filters).copied().collect();
                return Err(Problem::parameter(
                    "unknown_parameter",
                    format!(
                        "the parameter {name:?} does not exist here; there are {}",
                        all.join(", ")
                    ),
                ));
            }
            if pairs.iter().take(position).any(|(other, _)| other == name) {
                return Err(Problem::parameter(
                    "invalid_parameter",
                    format!("the parameter {name:?} stands there twice"),
                ));
            }
            if value.trim().is_empty() {
                return Err(Problem::parameter(
                    "invalid_parameter",
                    format!(
                        "{name} is blank: say what to look for, or leave it out to list everything"
                    ),
                ));
            }
        }
        Ok(Query(pairs))
    }

    /// The text of a parameter.
    pub fn text(&self, name: &str) -> Option<String> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.clone())
    }

    /// Which page: `limit` and `cursor`.
    ///
    /// # Errors
    /// 400 `invalid_parameter` for a limit that is not 1 to 200.
    pub fn page(&self) -> Result<PageRequest, Problem> {
        let limit = match self.text("limit") {
            None => DEFAULT_LIMIT,
            Some(text) => text
                .parse()
                .ok()
                .filter(|limit| (1..=MAX_LIMIT).contains(limit))
                .ok_or_else(|| {
                    Problem::parameter(
                        "invalid_parameter",
                        format!("limit is a whole number from 1 to {MAX_LIMIT}, not {text:?}"),
                    )
                })?,
        };
        Ok(PageRequest {
            limit,
            cursor: self.text("cursor"),
        })
    }

    /// A whole number within `range`.
    ///
    /// # Errors
    /// 400 `invalid_parameter` for anything else.
    pub fn number(&self, name: &str, range: RangeInclusive<u64>) -> Result<Option<u64>, Problem> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let number = text.parse().ok().filter(|number| range.contains(number));
        number.map(Some).ok_or_else(|| {
            let (from, to) = (range.start(), range.end());
            let reach = match *to {
                u64::MAX => format!("from {from}"),
                to => format!("from {from} to {to}"),
            };
            Problem::parameter(
                "invalid_parameter",
                format!("{name} is a whole number {reach}, not {text:?}"),
            )
        })
    }

    /// A time: RFC 3339, or a date, which is its beginning in UTC.
    ///
    /// # Errors
    /// 400 `invalid_parameter` for anything else.
    pub fn time(&self, name: &str) -> Result<Option<Timestamp>, Problem> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        // In a query, a plus that was not escaped arrives as a space.
        let found = time(&text.replace(' ', "+"));
        found.map(Some).ok_or_else(|| {
            Problem::parameter(
                "invalid_parameter",
                format!(
                    "{name} is a time such as 2026-03-01T09:00:00Z or 2026-03-01, not {text:?}"
                ),
            )
        })
    }

    /// One of `words`.
    ///
    /// # Errors
    /// 400 `invalid_parameter` that lists the words.
    pub fn one_of(&self, name: &str, words: &[&str]) -> Result<Option<String>, Problem> {
        match self.text(name) {
            Some(text) if !words.contains(&text.as_str()) => Err(Problem::parameter(
                "invalid_parameter",
                format!("{name} is one of {}, not {text:?}", words.join(", ")),
            )),
            found => Ok(found),
        }
    }
}

/// A time as people type it: RFC 3339, or a date, which is its beginning in UTC.
pub fn time(text: &str) -> Option<Timestamp> {
    if let Ok(time) = text.parse() {
        return Some(time);
    }
    // `parse` would take a date with a time, too, and leave the time out.
    let day = Date::strptime("%Y-%m-%d", text).ok()?;
    TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok()
}

/// The same in a body, for `deserialize_with`.
///
/// # Errors
/// What is there and no time.
pub fn maybe_time<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
    let Some(text) = Option::<String>::deserialize(from)? else {
        return Ok(None);
    };
    time(&text).map(Some).ok_or_else(|| {
        let expected = "is a time such as 2026-03-01T09:00:00Z or 2026-03-01";
        D::Error::custom(format!("{expected}, not {text:?}"))
    })
}

#[cfg(test)]
mod tests {
    use super::{Query, time};

    fn refused(query: &str) -> String {
        match Query::read(query, &["since", "status"]) {
            Err(problem) => problem.detail,
            Ok(query) => [
                query.page().err(),
                query.time("since").err(),
                query.one_of("status", &["new", "lost"]).err(),
            ]
            .into_iter()
            .flatten()
            .map(|problem| problem.detail)
            .collect(),
        }
    }

    #[test]
    fn reads_strictly() {
        for (query, expected) in [
            ("", ""),
            ("limit=200&status=new&since=2026-01-01T00:00:00Z", ""),
            ("since=2026-01-01T00:00:00+02:00", ""),
            ("since=2026-01-01", ""),
            ("limit=&cursor=", ""),
            (
                "status=",
                "status is blank: say what to look for, or leave it out to list everything",
            ),
            (
                "since=+%20",
                "since is blank: say what to look for, or leave it out to list everything",
            ),
            (
                "limit=0",
                "limit is a whole number from 1 to 200, not \"0\"",
            ),
            (
                "limit=201",
                "limit is a whole number from 1 to 200, not \"201\"",
            ),
            (
                "sinse=1",
                "the parameter \"sinse\" does not exist here; there are limit, cursor, since, status",
            ),
            (
                "status=new&status=lost",
                "the parameter \"status\" stands there twice",
            ),
            ("status=old", "status is one of new, lost, not \"old\""),
            (
                "since=yesterday",
                "since is a time such as 2026-03-01T09:00:00Z or 2026-03-01, not \"yesterday\"",
            ),
        ] {
            assert_eq!(refused(query), expected, "{query}");
        }
    }

    #[test]
    fn times_as_people_type_them() {
        for (text, expected) in [
            ("2026-11-01", Some("2026-11-01T00:00:00Z")),
            ("2026-11-01T09:00:00+01:00", Some("2026-11-01T08:00:00Z")),
            ("2026-11-01T09:00:00", None),
            ("2026-13-01", None),
            ("yesterday", None),
        ] {
            let found = time(text).map(|time| time.to_string());
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }
}
