//! Opening: the lock, the migrations, the threads.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::store::sqlite::books::{BookFile, Books};
use crate::store::sqlite::checkpoint::{self, Log};
use crate::store::sqlite::connect;
use crate::store::sqlite::fault::{Done, Fault};
use crate::store::sqlite::files::FilePlace;
use crate::store::sqlite::migrate;
use crate::store::sqlite::number;
use crate::store::sqlite::queue::Queue;
use crate::store::sqlite::readers::Readers;
use crate::store::sqlite::right_of_way::RightOfWay;
use crate::store::sqlite::syncer;
use crate::store::sqlite::writer::Writer;
use crate::store::sqlite::{FailPoints, InFlight, SqliteStore};
use crate::store::{Result, StoreError, StoreOptions, StoreRole};

/// How often, and how long apart, the lock is tried: a gateway that is just stopping is waited for.
const LOCK_TRIES: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(50);

impl SqliteStore {
    /// Opens `options.url`, which is `sqlite:PATH`; makes the file when it is not there.
    ///
    /// # Errors
    /// `Unavailable`: another gateway uses the file, a newer program wrote it, or it cannot be opened.
    pub async fn open(options: StoreOptions) -> Result<Arc<Self>> {
        let opened = tokio::task::spawn_blocking(move || open(&options)).await;
        match opened {
            Ok(done) => done.map_err(Fault::into_error),
            Err(error) => Err(StoreError::Unavailable(format!(
                "opening was cut off: {error}"
            ))),
        }
    }
}

fn open(options: &StoreOptions) -> Done<Arc<SqliteStore>> {
    // SQLite keeps the log beside the file that a link leads to, and two links must not be two locks.
    let path = path_of(&options.url)?;
    let path = std::fs::canonicalize(&path).unwrap_or(path);
    let lock = match options.role {
        StoreRole::Gateway => Some(lock(&path)?),
        StoreRole::Companion => None,
    };
    prepare(&path, options.role)?;
    let flight = Arc::new(InFlight::default());
    let fail = Arc::new(FailPoints::default());
    let file = BookFile {
        place: FilePlace::of(path.clone())?,
        role: options.role,
        flight: flight.clone(),
        fail: fail.clone(),
    };
    let books = Books::open(&file)?;
    flight.set_cursor(number::get(&books.conn, "fresh_from")?);
    let queue = Arc::new(Queue::new());
    let log = Arc::new(Log::default());
    let cannot_start = |error| Fault::Unavailable(format!("a thread cannot be started: {error}"));
    let mut threads = Vec::new();
    if options.role == StoreRole::Gateway {
        threads.push(checkpoint::start(path.clone(), log.clone()).map_err(cannot_start)?);
    }
    let shared = syncer::Shared {
        queue: queue.clone(),
        log: log.clone(),
        flight: flight.clone(),
        fail: fail.clone(),
    };
    let (syncer, thread) = syncer::start(shared).map_err(cannot_start)?;
    threads.push(thread);
    let writer = Writer {
        file,
        books: Some(books),
        queue: queue.clone(),
        log,
        syncer,
        lock,
        appended: 0,
        settled: 0,
        is_displaced: false,
        tidy_from: Instant::now(),
        right_of_way: RightOfWay::new(Instant::now()),
    };
    threads.push(
        std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || writer.run())
            .map_err(cannot_start)?,
    );
    Ok(Arc::new(SqliteStore {
        role: options.role,
        refusals: options.refusals,
        queue,
        readers: Arc::new(Readers::new(path.clone())),
        path,
        flight,
        fail,
        threads: Mutex::new(threads),
    }))
}

fn path_of(url: &str) -> Done<PathBuf> {
    match url.strip_prefix("sqlite:") {
        Some(path) if !path.is_empty() => Ok(PathBuf::from(path)),
        _ => Err(Fault::Unavailable(format!(
            "store.url is \"{url}\": write sqlite:PATH, for example sqlite:frontdesk.db"
        ))),
    }
}

/// Keeps other gateways out. The system gives the lock back when the process ends, however it ends.
fn lock(path: &Path) -> Done<File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let cannot = |error: io::Error| {
        Fault::Unavailable(match path.parent() {
            Some(folder) if error.kind() == io::ErrorKind::NotFound => format!(
                "there is no folder for {}: make {}, or change store.url",
                path.display(),
                folder.display()
            ),
            _ => format!("the lock file {} cannot be used: {error}", name.display()),
        })
    };
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&name)
        .map_err(cannot)?;
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(error)) => return Err(cannot(error)),
        }
    }
    Err(Fault::Unavailable(format!(
        "another gateway is running on {}: stop it first, or give this one its own store.url",
        path.display()
    )))
}

/// Brings the file up to date. A companion leaves a file alone that a running gateway uses.
fn prepare(path: &Path, role: StoreRole) -> Done<()> {
    let conn = connect::creator(path)?;
    let version = migrate::version(&conn)?;
    migrate::check(version)?;
    if version == migrate::latest() {
        return Ok(());
    }
    let lock = match role {
        StoreRole::Gateway => None,
        StoreRole::Companion => Some(lock(path).map_err(|_| {
            Fault::Unavailable(
                "the running gateway is of an older version: restart it with this one first"
                    .to_owned(),
            )
        })?),
    };
    migrate::run(&conn)?;
    drop(lock);
    Ok(())
}
