//! `frontdesk token`: makes, lists and revokes tokens of the API; works while the gateway runs.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;

use crate::access::token::{API, fresh, hash_of};
use crate::cli::companion::with_store;
use crate::cli::table::Table;
use crate::cli::tell;
use crate::clock::Clock;
use crate::model::role::Role;
use crate::store::TokenRow;

/// Arguments of `token`.
#[derive(Debug, clap::Args)]
pub struct Token {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Make a token; it is printed once, alone on stdout
    Create {
        /// What it is for: `zapier`, `nightly-export`
        #[arg(long)]
        name: String,
        /// viewer and rep read; manager also changes people and rules, replays and releases; admin, which is what a token
        /// is when nothing is said, may do everything: say viewer where reading is enough
        #[arg(long, value_parser = role, default_value = "admin")]
        role: Role,
        /// The gateway's config
        #[arg(long, default_value = "frontdesk.toml")]
        config: PathBuf,
    },
    /// List tokens, revoked ones included
    List {
        /// The gateway's config
        #[arg(long, default_value = "frontdesk.toml")]
        config: PathBuf,
    },
    /// Make a token useless, at a running gateway, too: from its next request on
    Revoke {
        /// The token's name
        name: String,
        /// The gateway's config
        #[arg(long, default_value = "frontdesk.toml")]
        config: PathBuf,
    },
}

/// A role by its word.
///
/// # Errors
/// The words that there are.
pub fn role(word: &str) -> Result<Role, String> {
    Role::parse(word).ok_or_else(|| {
        let words = Role::ALL.map(Role::as_str).join(", ");
        format!("there are {words}")
    })
}

/// Runs `token`.
///
/// # Errors
/// A name that is taken or unknown, and stores that cannot be used.
pub fn run(args: &Token, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    match &args.what {
        What::Create { name, role, config } => {
            check_name(name.trim())?;
            let token = format!("{API}{}", fresh()?);
            let row = TokenRow {
                name: name.trim().to_owned(),
                role: role.as_str().to_owned(),
                hash: hash_of(&token),
                created_at: Clock::System.now(),
                revoked_at: None,
            };
            with_store(config, async |store| Ok(store.add_token(row).await?))?;
            writeln!(out, "{token}")?;
            tell("Keep it: it is shown only now, and only its hash is stored.");
            if *role == Role::Admin {
                tell("It may do everything; --role viewer makes one that only reads.");
            }
        }
        What::List { config } => {
            let tokens = with_store(config, async |store| Ok(store.tokens().await?))?;
            list(&tokens).print(out)?;
        }
        What::Revoke { name, config } => {
            let now = Clock::System.now();
            let revoked = with_store(config, async |store| {
                Ok(store.revoke_token(name.clone(), now).await?)
            })?;
            if !revoked {
                bail!(
                    "there is no live token called \"{name}\"; `frontdesk token list` lists them"
                );
            }
            tell(&format!("Revoked \"{name}\"."));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn check_name(name: &str) -> anyhow::Result<()> {
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        bail!("a token's name has 1 to 100 characters");
    }
    Ok(())
}

fn list(tokens: &[TokenRow]) -> Table {
    let mut table = Table::new(["NAME", "ROLE", "MADE", "REVOKED"]);
    for token in tokens {
        table.row([
            token.name.clone(),
            token.role.clone(),
            token.created_at.to_string(),
            token
                .revoked_at
                .map_or_else(String::new, |at| at.to_string()),
        ]);
    }
    table
}
