//! The words at the start: what runs, and what to try.

use std::path::Path;

use crate::cli::demo::people::{DEMO, Keys};
use crate::cli::demo::style::{bold, cyan, dim};
use crate::cli::tell;

/// Prints them on stderr.
pub fn print(address: &str, keys: &Keys, config: &Path) {
    let token = &keys.token;
    let line = |text: String| tell(&text);
    line(String::new());
    line(format!(
        "  {}  {}",
        bold("Frontdesk, the demo"),
        dim("a throw-away store; everything goes when you stop it (Ctrl-C)")
    ));
    line(String::new());
    line(format!(
        "  console  {}  sign in as {} with {}",
        cyan(&format!("http://{address}/")),
        bold(DEMO),
        bold(&keys.password)
    ));
    line(
        "  posting  website (a form), lead-ads (Meta), shop (Shopify), crm (Standard Webhooks)"
            .to_owned(),
    );
    line(
        "  people   ana and rui in Iberia, marie and jonas in North, boss for the rest".to_owned(),
    );
    line(format!("  token    {token}"));
    line(String::new());
    line(format!("  {}\n", bold("Try, in another terminal")));
    steps(address, token, config);
    line(format!("  {}\n", bold("Live")));
}

/// Commands to copy and paste.
fn steps(address: &str, token: &str, config: &Path) {
    let config = config.display();
    let step = |what: &str, command: String| {
        tell(&format!("  {}", dim(&format!("# {what}"))));
        tell(&format!("  {}\n", cyan(&command)));
    };
    step(
        "be a visitor who fills in the form",
        format!(
            "curl -d 'name=Ada Lovelace' -d email=ada@example.com -d country=ES -d message=Hello http://{address}/hooks/website"
        ),
    );
    step(
        "the newest leads",
        format!(
            "curl -s -H 'Authorization: Bearer {token}' 'http://{address}/api/v1/leads?limit=3'"
        ),
    );
    step(
        "why does ada's lead belong to whom it does? every rule, every candidate, whose turn it was",
        format!(
            "T='Authorization: Bearer {token}'; L=$(curl -s -H \"$T\" 'http://{address}/api/v1/leads?limit=1&email=ada@example.com' | grep -o '\"id\":\"[^\"]*' | head -1 | cut -c7-); curl -s -H \"$T\" http://{address}/api/v1/leads/$L/assignment"
        ),
    );
    step(
        "a forged order is refused, and says why",
        format!(
            "curl -s -H 'X-Shopify-Topic: orders/create' -H 'X-Shopify-Hmac-Sha256: AAAA' -H 'Content-Type: application/json' -d '{{}}' http://{address}/hooks/shop"
        ),
    );
    step(
        "fifty signed orders, as Shopify would send them",
        format!(
            "{} send shop orders/create --count 50 --url http://{address} --config {config}",
            program()
        ),
    );
    step(
        "the inbox, and everything as a spreadsheet",
        format!(
            "{0} events list --config {config} --limit 5; {0} export contacts --config {config}",
            program()
        ),
    );
}

/// How this program was called: what is printed can be pasted.
fn program() -> String {
    std::env::current_exe().map_or_else(
        |_| "frontdesk".to_owned(),
        |path| path.display().to_string(),
    )
}
