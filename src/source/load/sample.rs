//! Sample events: `samples/<source>/<name>.http`, header lines, an empty line, the body; all of it a template.
//!
//! The line `event: orders/create` names the event and is not sent. `<name>.fetched.json` is the answer of the sender's
//! API where the event is thin, `<name>.fetched.2.json` the one to its second fetch.

use std::collections::BTreeMap;

use jiff::Timestamp;
use uuid::Uuid;

use crate::model::problem::{Problem, nearest};
use crate::source::declaration::{EventSpec, Sample, Source};
use crate::source::envelope::matches;
use crate::source::load::Documents;

/// Reads the samples of a source, and tries each once.
pub fn read_all(
    documents: &Documents<'_>,
    source: &Source,
    problems: &mut Vec<Problem>,
) -> Vec<Sample> {
    let mut samples = Vec::new();
    for (file, (label, text)) in &documents.samples {
        let mut problem = |message: String| {
            problems.push(Problem {
                file: (*label).to_owned(),
                line: 0,
                message,
            });
        };
        if let Some((name, _)) = file.rsplit_once(".fetched.") {
            if !documents.samples.contains_key(&format!("{name}.http")) {
                problem(format!(
                    "belongs to no sample: there is no {name}.http beside it"
                ));
            }
            continue;
        }
        let Some(name) = file
            .strip_suffix(".http")
            .filter(|name| !name.contains('/'))
        else {
            problem("has no place here: samples are NAME.http and NAME.fetched.json".to_owned());
            continue;
        };
        match read(name, text, answers(documents, name)).and_then(|sample| tried(sample, source)) {
            Ok(sample) => samples.push(sample),
            Err(message) => problem(message),
        }
    }
    samples
}

/// The answers that stand beside a sample.
fn answers(documents: &Documents<'_>, name: &str) -> Vec<String> {
    let file = |n: usize| match n {
        1 => format!("{name}.fetched.json"),
        n => format!("{name}.fetched.{n}.json"),
    };
    (1..)
        .map_while(|n| documents.samples.get(&file(n)))
        .map(|(_, text)| (*text).to_owned())
        .collect()
}

/// A sample whose event is declared and whose templates work.
fn tried(sample: Sample, source: &Source) -> Result<Sample, String> {
    let mut fitting = source
        .events
        .iter()
        .filter(|event| matches(&event.name, &sample.event))
        .peekable();
    if fitting.peek().is_none() {
        let names = source.events.iter().map(|event| event.name.as_str());
        let hint = nearest(&sample.event, names)
            .map_or_else(String::new, |name| format!(", did you mean \"{name}\"?"));
        return Err(format!(
            "{} has no [[event]] for \"{}\"{hint}",
            source.file, sample.event
        ));
    }
    let is_thin = |event: &EventSpec| event.fetches.iter().any(|fetch| !fetch.optional);
    if sample.fetched.is_empty() && fitting.all(is_thin) {
        return Err(
            "the event is thin, so the answer of the sender's API must stand beside it, in NAME.fetched.json"
                .to_owned(),
        );
    }
    match sample.render(0, Timestamp::UNIX_EPOCH, Uuid::nil()) {
        Ok(_) => Ok(sample),
        Err(error) => Err(error.0),
    }
}

fn read(name: &str, text: &str, fetched: Vec<String>) -> Result<Sample, String> {
    let text = text.replace("\r\n", "\n");
    let (head, body) = text
        .split_once("\n\n")
        .ok_or("an empty line must stand between the headers and the body")?;
    let mut headers = BTreeMap::new();
    for line in head.lines() {
        let (name, value) = line
            .split_once(':')
            .ok_or_else(|| format!("\"{line}\" is not a header line"))?;
        headers.insert(name.trim().to_lowercase(), value.trim().to_owned());
    }
    let event = headers
        .remove("event")
        .ok_or("the line `event: NAME` is missing")?;
    let content_type = headers
        .remove("content-type")
        .unwrap_or_else(|| "application/json".to_owned());
    Ok(Sample {
        name: name.to_owned(),
        event,
        body: body.trim_end().to_owned(),
        content_type,
        headers,
        fetched,
    })
}
