//! `frontdesk init`: writes a commented config with fresh secrets and says what to do next.

use std::fmt::Write as _;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};

use crate::cli::table::columns;
use crate::cli::told;
use crate::config::{CatalogConfig, Config, Environment};
use crate::source::catalog::Catalog;
use crate::source::declaration::Source;
use crate::source::fresh::{self, PLACEHOLDER};

/// Arguments of `init`.
#[derive(Debug, clap::Args)]
pub struct Init {
    /// Endpoints to make, as NAME=SOURCE: `shop=shopify`. Without any: website, shop and lead-ads.
    #[arg(value_name = "NAME=SOURCE")]
    endpoints: Vec<String>,
    /// The file to write.
    #[arg(long, default_value = "frontdesk.toml")]
    config: PathBuf,
}

const USUAL: [(&str, &str); 3] = [
    ("website", "contact_form"),
    ("shop", "shopify"),
    ("lead-ads", "meta"),
];

/// Writes the file; an existing one is never overwritten.
///
/// # Errors
/// An unknown source, a bad name, a file that is there already or cannot be written.
pub fn run(args: &Init, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let catalog = Catalog::load(&CatalogConfig::default())
        .map_err(|problems| anyhow::anyhow!("the built-in catalog is broken: {problems:?}"))?;
    let mut endpoints = Vec::new();
    for (name, source) in pairs(args)? {
        let Some(source) = catalog.get(&source) else {
            bail!("there is no source called \"{source}\"; `frontdesk sources` lists them");
        };
        endpoints.push((name, source));
    }
    let mut text = HEAD.to_owned();
    for (name, source) in &endpoints {
        text.push_str(&endpoint(name, source)?);
    }
    // A name that cannot be one (`my shop=shopify`, or the same twice) is told before anything is written.
    Config::from_text(
        "what would be written",
        &text,
        &Environment::new(),
        Path::new("."),
    )
    .map_err(told)?;
    create(&args.config, &text)?;
    tell(&args.config, &endpoints, out)?;
    Ok(ExitCode::SUCCESS)
}

fn pairs(args: &Init) -> anyhow::Result<Vec<(String, String)>> {
    if args.endpoints.is_empty() {
        return Ok(USUAL
            .iter()
            .map(|(name, source)| ((*name).to_owned(), (*source).to_owned()))
            .collect());
    }
    args.endpoints
        .iter()
        .map(|pair| match pair.split_once('=') {
            Some((name, source)) if !name.is_empty() && !source.is_empty() => {
                Ok((name.to_owned(), source.to_owned()))
            }
            _ => bail!("\"{pair}\" is not NAME=SOURCE, such as shop=shopify"),
        })
        .collect()
}

const HEAD: &str = r#"# Frontdesk. `frontdesk check` names every mistake in this file with its line.
# It holds secrets: keep it out of version control, or write "env:NAME" or "file:PATH" in their place.

[server]
listen = "127.0.0.1:8080"
# What senders call, through the proxy that speaks TLS; without it, where the gateway listens:
# public_url = "https://hooks.example.com"

[store]
url = "sqlite:frontdesk.db"
"#;

/// Where nobody signs: the spam gate stands by itself.
const PUBLIC: &str = r#"verify = "none"          # anybody may post here: it is a public form, behind the spam gate
rate_limit_per_address = { per_second = 2, burst = 20 }
# allow_origins = ["https://www.example.com"]       # pages that may post
# thank_you = "https://www.example.com/thanks"      # where visitors go afterwards
# error_page = "https://www.example.com/contact"    # and where after a fault
"#;

fn endpoint(name: &str, source: &Source) -> anyhow::Result<String> {
    let mut text = String::new();
    writeln!(text, "\n# {}", source.title)?;
    for line in source.help.lines() {
        writeln!(text, "# {line}")?;
    }
    writeln!(text, "[[endpoint]]")?;
    writeln!(text, "name = \"{name}\"")?;
    writeln!(text, "source = \"{}\"", source.name)?;
    if source.verify.is_empty() {
        text.push_str(PUBLIC);
    } else {
        let whose = match fresh::is_ours_to_make(source) {
            true => "fresh: give it to the sender",
            false => "made up for samples; put the sender's own here",
        };
        let secret = fresh::secret(source)?;
        writeln!(text, "secrets = [\"{secret}\"]   # {whose}")?;
    }
    writeln!(
        text,
        "# region = \"ES\"          # default region of phone numbers"
    )?;
    let settings: Vec<_> = source
        .settings
        .iter()
        .filter(|(_, spec)| spec.required)
        .collect();
    if !settings.is_empty() {
        writeln!(text, "[endpoint.settings]")?;
        for (name, spec) in settings {
            // What the sender repeats is ours to make up; anything else is theirs to give.
            let value = match name.as_str() {
                "verify_token" => fresh::word()?,
                _ if spec.url => format!("https://{PLACEHOLDER}.example.com"),
                _ => PLACEHOLDER.to_owned(),
            };
            writeln!(text, "{name} = \"{value}\"   # {}", spec.help)?;
        }
    }
    Ok(text)
}

fn create(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = match options.open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => bail!(
            "{} is there already and is not overwritten; move it away or name another with --config",
            path.display()
        ),
        Err(error) => return Err(error).with_context(|| format!("writing {}", path.display())),
    };
    file.write_all(text.as_bytes())
        .with_context(|| format!("writing {}", path.display()))
}

fn tell(path: &Path, endpoints: &[(String, &Source)], out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(out, "Wrote {} (readable by you alone).\n", path.display())?;
    writeln!(out, "Next:")?;
    let mut steps = vec![
        vec![
            "frontdesk check".to_owned(),
            "is everything right?".to_owned(),
        ],
        vec!["frontdesk serve".to_owned(), "start the gateway".to_owned()],
    ];
    for (name, source) in endpoints {
        // Every built-in source has one.
        if let Some(sample) = source.samples.first() {
            let words = format!("a sample, signed: {}", sample.event);
            steps.push(vec![format!("frontdesk send {name}"), words]);
        }
    }
    columns(&steps, "  ", out)?;
    writeln!(out, "\nThen connect the real senders:")?;
    let senders: Vec<Vec<String>> = endpoints
        .iter()
        .map(|(name, source)| {
            let how = format!("`frontdesk sources {}` tells how", source.name);
            vec![source.title.to_string(), format!("/hooks/{name}"), how]
        })
        .collect();
    columns(&senders, "  ", out)?;
    Ok(())
}
