//! What is done at the sender and in frontdesk.toml, and what the sender hears.

use std::fmt::Write as _;

use crate::source::declaration::{
    Handshake, KeyPlace, Reply, SignatureKind, SignedPart, Source, Verify,
};
use crate::source::guide::{Block, Page};

pub fn write(source: &Source, public_url: &str, page: &mut Page) {
    page.heading("Connect it");
    let endpoint = source.name.replace('_', "-");
    page.text(&format!(
        "The URL to paste, for an endpoint called `{endpoint}`:"
    ));
    page.add(Block::Code("", url(source, public_url, &endpoint)));
    told(&source.help, page);
    if let Some(secret) = &source.secret {
        page.text(&format!("**The secret:** {}", secret.trim()));
    }
    let handshakes: Vec<String> = source.handshakes.iter().map(handshake).collect();
    if !handshakes.is_empty() {
        page.text("Set-up requests are answered by themselves:");
        page.list(handshakes);
    }
    page.text("In `frontdesk.toml`:");
    page.add(Block::Code("toml", example(source, &endpoint)));
    settings(source, page);
    samples(source, &endpoint, page);
    if !source.traps.is_empty() {
        page.heading("Traps");
        page.list(source.traps.iter().map(ToString::to_string).collect());
    }
}

/// Where the only way to prove oneself is a key in the URL, the key is part of what is pasted.
fn url(source: &Source, public_url: &str, endpoint: &str) -> String {
    let key = match source.verify.as_slice() {
        [Verify::Key(KeyPlace::Query(name)), ..] => format!("?{name}=YOUR-KEY"),
        _ => String::new(),
    };
    format!("{public_url}/hooks/{endpoint}{key}")
}

/// The author's own words; what stands between lines of three backticks is something to copy.
fn told(text: &str, page: &mut Page) {
    for (position, piece) in text.trim().split("```").enumerate() {
        if position % 2 == 1 {
            page.add(Block::Code("", piece.trim_matches('\n').to_owned()));
            continue;
        }
        for line in piece.lines().map(str::trim).filter(|line| !line.is_empty()) {
            page.text(line);
        }
    }
}

fn handshake(handshake: &Handshake) -> String {
    let mut words = format!("`{}`", handshake.method);
    if let Some(when) = &handshake.when {
        write!(words, " when `{}`", when.text).ok();
    }
    if let Some(check) = &handshake.check {
        write!(words, ", refused unless `{}`", check.text).ok();
    }
    if handshake.verified {
        words.push_str(", of a proven sender");
    }
    write!(words, ": {}", handshake.status).ok();
    if let Some(answer) = &handshake.answer {
        write!(words, " with `{}`", answer.text).ok();
    } else if !handshake.json.is_empty() {
        let members: Vec<&str> = handshake.json.keys().map(String::as_str).collect();
        write!(words, " with JSON of `{}`", members.join("`, `")).ok();
    }
    if !handshake.headers.is_empty() {
        let names: Vec<&str> = handshake.headers.keys().map(String::as_str).collect();
        write!(words, ", headers `{}`", names.join("`, `")).ok();
    }
    words
}

/// An endpoint as it would be written.
fn example(source: &Source, endpoint: &str) -> String {
    let variable = source.name.to_uppercase();
    let mut text = format!(
        "[[endpoint]]\nname = \"{endpoint}\"\nsource = \"{}\"\n",
        source.name
    );
    let proof = match source.verify.first() {
        None => {
            "verify = \"none\"\nrate_limit_per_address = { per_second = 2, burst = 20 }".to_owned()
        }
        Some(Verify::Signature(signature)) if signature.kind == SignatureKind::Rsa => {
            "secrets = [\"file:sender.pem\"]".to_owned()
        }
        Some(_) => format!("secrets = [\"env:{variable}_SECRET\"]"),
    };
    writeln!(text, "{proof}").ok();
    let needed: Vec<String> = source
        .settings
        .iter()
        .filter(|(_, spec)| spec.required)
        .map(|(name, _)| format!("{name} = \"env:{variable}_{}\"", name.to_uppercase()))
        .collect();
    if !needed.is_empty() {
        writeln!(text, "settings = {{ {} }}", needed.join(", ")).ok();
    }
    text
}

fn settings(source: &Source, page: &mut Page) {
    if source.settings.is_empty() {
        return;
    }
    page.text("Settings:");
    let lines = source.settings.iter().map(|(name, spec)| {
        let need = match (&spec.default, spec.required) {
            (Some(default), _) => format!("default `{default}`"),
            (None, true) => "required".to_owned(),
            (None, false) => "optional".to_owned(),
        };
        format!("`{name}` ({need}): {}", spec.help)
    });
    page.list(lines.collect());
}

fn samples(source: &Source, endpoint: &str, page: &mut Page) {
    if source.samples.is_empty() {
        return;
    }
    // Of several samples of one event all but the first are called by their own names.
    let mut names: Vec<&str> = Vec::with_capacity(source.samples.len());
    for sample in &source.samples {
        match names.contains(&sample.event.as_str()) {
            false => names.push(&sample.event),
            true => names.push(&sample.name),
        }
    }
    page.text("See it work: a sample, signed as the sender would sign it, to the running gateway. Without a name it is the first of these.");
    let lines: Vec<String> = names
        .iter()
        .map(|event| match event.contains(' ') {
            true => format!("frontdesk send {endpoint} '{event}'"),
            false => format!("frontdesk send {endpoint} {event}"),
        })
        .collect();
    page.add(Block::Code("", lines.join("\n")));
}

/// The section about what the sender hears and does then.
pub fn write_answers(source: &Source, page: &mut Page) {
    page.heading("Answers and retries");
    let answer = &source.answer;
    let mut lines = vec![match &answer.ok {
        Some(said) => format!("Written down: {}.", self::said(said)),
        None => {
            "Written down: 200 with the event's id in JSON; the same for a duplicate.".to_owned()
        }
    }];
    if let Some(said) = &answer.ignored {
        lines.push(format!("Of no interest: {}.", self::said(said)));
    }
    lines.push(match (&answer.invalid, answer.accept_invalid) {
        (Some(said), _) => format!("Proven, but not understood: {}; the event waits in quarantine.", self::said(said)),
        (None, true) => "Proven, but not understood: 200, because this sender punishes anything else; the event waits in quarantine.".to_owned(),
        (None, false) => "Proven, but not understood: 422 with what is wrong; the event waits in quarantine.".to_owned(),
    });
    lines.push(match answer.busy_status {
        429 => "Cannot be written down now: 429 with Retry-After, which this sender takes for a reason to come again.".to_owned(),
        status => format!("Cannot be written down now: {status} with Retry-After."),
    });
    page.list(lines);
    if let Some(retries) = &source.retries {
        page.text(&format!("**Retries:** {}", retries.trim()));
    }
    if signs_url(source) {
        page.text("The URL is part of what is signed: `server.public_url` and the endpoint's name must be exactly what the sender was given.");
    }
}

fn said(said: &Reply) -> String {
    match said.body.as_str() {
        "" => format!("{} with an empty body", said.status),
        body => format!("{} with `{}`", said.status, body.replace('\n', " ")),
    }
}

fn signs_url(source: &Source) -> bool {
    source.verify.iter().any(|scheme| match scheme {
        Verify::Signature(signature) => signature
            .signed
            .iter()
            .any(|part| matches!(part, SignedPart::Url | SignedPart::UrlDecoded)),
        _ => false,
    })
}
