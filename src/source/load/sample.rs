//! Sample events: `samples/<source>/<name>.http`, header lines, an empty line, the body; all of it a template.
//!
//! The line `event: orders/create` names the event and is not sent. `<name>.fetched.json` is the answer of the sender's
//! API where the event is thin.

use std::collections::BTreeMap;

use crate::model::problem::Problem;
use crate::source::declaration::Sample;
use crate::source::load::Documents;

pub fn read_all(documents: &Documents<'_>, problems: &mut Vec<Problem>) -> Vec<Sample> {
    let mut samples = Vec::new();
    for (file, (label, text)) in &documents.samples {
        let Some(name) = file.strip_suffix(".http") else {
            continue;
        };
        let fetched = documents
            .samples
            .get(&format!("{name}.fetched.json"))
            .map(|(_, text)| (*text).to_owned());
        match read(text, fetched) {
            Ok(sample) => samples.push(sample),
            Err(message) => problems.push(Problem {
                file: (*label).to_owned(),
                line: 1,
                message,
            }),
        }
    }
    samples
}

fn read(text: &str, fetched: Option<String>) -> Result<Sample, String> {
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
        event,
        body: body.trim_end().to_owned(),
        content_type,
        headers,
        fetched,
    })
}
