//! Sample events: `samples/<source>/<name>.http`, header lines, an empty line, the body; all of it a template.
//!
//! The line `event: orders/create` names the event and is not sent. `<name>.fetched.json` is the answer of the sender's
//! API where the event is thin, `<name>.fetched.2.json` the one to its second fetch.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use uuid::Uuid;

use crate::config::document::Text;
use crate::model::problem::{Problem, nearest};
use crate::source::declaration::{EventSpec, Sample, Source};
use crate::source::envelope::matches;
use crate::source::load::Documents;

/// Reads the samples of a source, and tries each once; the one that `usual` names comes first.
pub fn read_all(
    documents: &Documents<'_>,
    source: &Source,
    usual: Option<&Text>,
    problems: &mut Vec<Problem>,
) -> Vec<Sample> {
    let Some(files) = &documents.samples else {
        return Vec::new();
    };
    let mut samples = Vec::new();
    let mut left_out = BTreeSet::new();
    for (file, (label, text)) in files {
        let mut problem = |message: String| {
            problems.push(Problem {
                file: (*label).to_owned(),
                line: 0,
                message: message.into(),
            });
        };
        if let Some((name, _)) = file.rsplit_once(".fetched.") {
            if !files.contains_key(&format!("{name}.http")) {
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
        match read(name, text, answers(files, name)).and_then(|sample| tried(sample, source)) {
            Ok(sample) => samples.push(sample),
            Err(_) if documents.lent.contains(file) => {
                left_out.insert(name);
            }
            Err(message) => problem(message),
        }
    }
    let names = files.keys().filter_map(|file| file.strip_suffix(".http"));
    let mut names = names.filter(|name| !left_out.contains(name));
    if let Some(usual) = usual
        && !names.clone().any(|name| name == usual.value)
    {
        problems.push(unknown(source, usual, &mut names));
    }
    usual_first(&mut samples, usual, source);
    samples
}

/// Whoever asks for no sample by its name is given the first: the usual one, else one of the event that is declared first.
fn usual_first(samples: &mut [Sample], usual: Option<&Text>, source: &Source) {
    let rank = |sample: &Sample| {
        let mut events = source.events.iter();
        let event = events.position(|event| matches(&event.name, &sample.event));
        let is_usual = usual.is_some_and(|usual| usual.value == sample.name);
        (!is_usual, event, sample.name.clone())
    };
    let ranks = samples.iter().enumerate();
    let first = ranks.min_by_key(|(_, sample)| rank(sample));
    if let Some((first, _)) = first
        && let Some(head) = samples.get_mut(..=first)
    {
        head.rotate_right(1);
    }
}

fn unknown<'f>(source: &Source, usual: &Text, names: impl Iterator<Item = &'f str>) -> Problem {
    let names: Vec<&str> = names.collect();
    let hint = match nearest(&usual.value, names.iter().copied()) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None if names.is_empty() => "there is none".to_owned(),
        None => format!("there are {}", names.join(", ")),
    };
    let message = format!(
        "there is no samples/{}/{}.http; {hint}",
        source.name, usual.value
    );
    Problem {
        file: source.file.clone(),
        line: usual.line,
        message: message.into(),
    }
}

/// The answers that stand beside a sample.
fn answers(files: &BTreeMap<String, (&str, &str)>, name: &str) -> Vec<String> {
    let file = |n: usize| match n {
        1 => format!("{name}.fetched.json"),
        n => format!("{name}.fetched.{n}.json"),
    };
    (1..)
        .map_while(|n| files.get(&file(n)))
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
        Err(error) => Err(error.to_string()),
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
