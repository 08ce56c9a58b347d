//! What `send` posts: a sample, or a body of one's own, made out afresh for every delivery.

use anyhow::bail;

use crate::cli::send::Send;
use crate::cli::sender::{Delivery, Message, Way, fresh_id, signed};
use crate::cli::try_::read;
use crate::clock::Clock;
use crate::model::problem::nearest;
use crate::source::declaration::{Sample, Source};

/// What deliveries are made of.
pub struct Stencil<'a> {
    sample: Option<&'a Sample>,
    body: Option<Vec<u8>>,
    headers: &'a [(String, String)],
    /// Numbers of this run begin here, so that a second run makes other events than the first.
    first: u64,
}

impl<'a> Stencil<'a> {
    /// The sample and body that the arguments name.
    ///
    /// # Errors
    /// A sample that does not exist, a body that cannot be read.
    pub fn of(args: &'a Send, source: &'a Source) -> anyhow::Result<Self> {
        let seconds = u64::try_from(Clock::System.now().as_second()).unwrap_or(0);
        Ok(Stencil {
            sample: find_sample(args, source)?,
            body: args.body.as_deref().map(read).transpose()?,
            headers: &args.headers,
            first: seconds % 1_000_000,
        })
    }

    /// The delivery number `n` of this run.
    ///
    /// # Errors
    /// A template that fails, a secret that is no key.
    pub fn delivery(&self, way: &Way<'_>, n: u64) -> anyhow::Result<Delivery> {
        let now = Clock::System.now();
        let id = fresh_id()?;
        let rendered = self
            .sample
            .map(|sample| sample.render(self.first + n, now, id))
            .transpose()?;
        let mut headers = Vec::new();
        let mut body = self.body.clone();
        if let Some(rendered) = rendered {
            headers.push(("content-type".to_owned(), rendered.content_type));
            headers.extend(rendered.headers);
            body.get_or_insert(rendered.body.into_bytes());
        }
        headers.retain(|(name, _)| !self.headers.iter().any(|(other, _)| other == name));
        headers.extend(self.headers.iter().cloned());
        let message = Message {
            body: body.unwrap_or_default(),
            headers,
        };
        signed(way, message, &id.to_string(), now)
    }
}

fn find_sample<'a>(args: &Send, source: &'a Source) -> anyhow::Result<Option<&'a Sample>> {
    let names = || source.samples.iter().map(|sample| sample.event.as_str());
    if source.samples.is_empty() && (args.body.is_none() || args.event.is_some()) {
        bail!(
            "{} has no sample of an event that {} declares; give a body with --body FILE, and with --header what names \
             its event, or write samples/{}/NAME.http beside the mapping",
            source.title,
            source.file,
            source.name
        );
    }
    let Some(event) = &args.event else {
        return Ok(source.samples.first());
    };
    let mut samples = source.samples.iter();
    // Several samples of one event are told apart by the names of their files.
    let found = samples
        .find(|sample| sample.name == *event)
        .or_else(|| source.samples.iter().find(|sample| sample.event == *event));
    if found.is_none() {
        let hint = nearest(event, names()).map_or_else(
            || format!("there are {}", names().collect::<Vec<_>>().join(", ")),
            |near| format!("did you mean {near}?"),
        );
        bail!("{} has no sample of \"{event}\"; {hint}", source.title);
    }
    Ok(found)
}
