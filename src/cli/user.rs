//! `frontdesk user`: adds, lists and shuts out users of the console; works while the gateway runs.

use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use jiff::Timestamp;

use crate::access::password;
use crate::cli::companion::with_store;
use crate::cli::table::Table;
use crate::cli::tell;
use crate::cli::token::role;
use crate::clock::Clock;
use crate::model::id::new_id;
use crate::model::role::Role;
use crate::model::user::is_name;
use crate::store::Store;
use crate::store::users::{AuditRow, UserChange, UserRow};

/// Arguments of `user`.
#[derive(Debug, clap::Args)]
pub struct User {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Add a user; the password is asked for, or read from stdin
    Add {
        /// What they sign in with: a word or an e-mail address
        name: String,
        /// viewer reads everything; rep works their own leads; manager also changes rules and replays; admin may do everything
        #[arg(long, value_parser = role, default_value = "viewer")]
        role: Role,
        /// The handle of the rep they are: whose leads are theirs
        #[arg(long, value_name = "HANDLE")]
        rep: Option<String>,
        /// The gateway's config
        #[arg(long, default_value = "frontdesk.toml")]
        config: PathBuf,
    },
    /// List users
    List {
        /// The gateway's config
        #[arg(long, default_value = "frontdesk.toml")]
        config: PathBuf,
    },
    /// Give a user a new password, asked for or read from stdin; their sessions end
    Passwd {
        name: String,
        /// Also switch off their one-time codes, when the phone is lost
        #[arg(long)]
        without_codes: bool,
        /// The gateway's config
        #[arg(long, default_value = "frontdesk.toml")]
        config: PathBuf,
    },
    /// Shut a user out at once; --undo lets them in again
    Disable {
        name: String,
        #[arg(long)]
        undo: bool,
        /// The gateway's config
        #[arg(long, default_value = "frontdesk.toml")]
        config: PathBuf,
    },
}

/// Runs `user`.
///
/// # Errors
/// A name that is taken, unknown or cannot be one, a password that will not do, and stores that cannot be used.
pub fn run(args: &User, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let now = Clock::System.now();
    match &args.what {
        What::Add {
            name,
            role,
            rep,
            config,
        } => add(config, name, *role, rep.clone(), now)?,
        What::List { config } => {
            let users = with_store(config, async |store| Ok(store.users().await?))?;
            table(&users).print(out)?;
        }
        What::Passwd {
            name,
            without_codes,
            config,
        } => passwd(config, name, *without_codes, now)?,
        What::Disable { name, undo, config } => {
            let (at, what, words) = match undo {
                true => (None, "user.enabled", "is let in again"),
                false => (
                    Some(now),
                    "user.disabled",
                    "is shut out; their sessions have ended",
                ),
            };
            with_store(config, async |store| {
                alter(&*store, name, what, UserChange::Disabled(at), now).await
            })?;
            tell(&format!("{name} {words}."));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn add(
    config: &Path,
    name: &str,
    role: Role,
    rep: Option<String>,
    now: Timestamp,
) -> anyhow::Result<()> {
    let name = name.trim().to_lowercase();
    if !is_name(&name) {
        bail!("a user's name is a word or an e-mail address of 1 to 100 characters");
    }
    if role == Role::Rep && rep.is_none() {
        bail!("say which rep they are: --rep HANDLE; else they would see nobody's leads");
    }
    let mut user = row(&name, role, rep, now);
    user.password = Some(asked()?);
    let log = log("user.added", &name, now);
    with_store(config, async |store| Ok(store.add_user(user, log).await?))?;
    tell(&format!("Added {name} as {role}."));
    Ok(())
}

fn passwd(config: &Path, name: &str, without_codes: bool, now: Timestamp) -> anyhow::Result<()> {
    let password = UserChange::Password(asked()?);
    with_store(config, async |store| {
        alter(&*store, name, "user.password", password, now).await?;
        if without_codes {
            alter(&*store, name, "user.codes-off", UserChange::Totp(None), now).await?;
        }
        Ok(())
    })?;
    tell(&format!(
        "{name} has a new password; their sessions have ended."
    ));
    Ok(())
}

async fn alter(
    store: &dyn Store,
    name: &str,
    what: &str,
    change: UserChange,
    now: Timestamp,
) -> anyhow::Result<()> {
    let name = name.trim().to_lowercase();
    let Some(user) = store.user_by_name(name.clone()).await? else {
        bail!("there is no user called \"{name}\"; `frontdesk user list` lists them");
    };
    store
        .change_user(user.id, change, log(what, &name, now))
        .await?;
    Ok(())
}

/// A user without a password.
pub fn row(name: &str, role: Role, rep: Option<String>, now: Timestamp) -> UserRow {
    UserRow {
        id: new_id(now),
        name: name.to_owned(),
        role,
        rep,
        password: None,
        totp: None,
        totp_step: 0,
        language: None,
        disabled_at: None,
        created_at: now,
    }
}

/// What the command line did, for the console's log.
pub fn log(what: &str, name: &str, now: Timestamp) -> AuditRow {
    AuditRow {
        id: new_id(now),
        at: now,
        who: "command".to_owned(),
        what: what.to_owned(),
        subject: format!("user/{name}"),
        before: None,
        after: None,
        peer: String::new(),
    }
}

/// A password typed unseen, or the first line of stdin, hashed; never from the arguments, which anybody on the machine can
/// read.
fn asked() -> anyhow::Result<String> {
    let typed = if std::io::stdin().is_terminal() {
        let terminal = ::console::Term::stderr();
        terminal.write_str("Password, at least 10 characters: ")?;
        terminal.read_secure_line()?
    } else {
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line);
        read.context("reading the password")?;
        line
    };
    let password = typed.trim_end_matches(['\r', '\n']);
    password::judge(password)?;
    Ok(password::hash(password)?)
}

fn table(users: &[UserRow]) -> Table {
    let mut table = Table::new(["NAME", "ROLE", "REP", "CODES", "MADE", "SHUT OUT"]);
    for user in users {
        table.row([
            user.name.clone(),
            user.role.to_string(),
            user.rep.clone().unwrap_or_default(),
            if user.totp.is_some() { "on" } else { "" }.to_owned(),
            user.created_at.to_string(),
            user.disabled_at
                .map_or_else(String::new, |at| at.to_string()),
        ]);
    }
    table
}
