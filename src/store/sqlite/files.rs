//! The files under SQLite's connections: the database and its log, synced, and looked for where they were.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::store::sqlite::fault::{Done, Fault};

/// The log of a database that a connection has read from, to be synced. It is the log as long as that connection is
/// open: only the last one to close removes it.
#[derive(Debug)]
pub(super) struct LogFile {
    file: File,
    /// The database and the log, at their paths.
    places: [FilePlace; 2],
}

impl LogFile {
    pub(super) fn open(database: FilePlace) -> Done<Self> {
        let name = log_path(&database.path);
        let file = File::options().write(true).open(&name).map_err(|error| {
            Fault::Unavailable(format!(
                "the log {} cannot be opened: {error}",
                name.display()
            ))
        })?;
        let log = FilePlace::of(name)?;
        Ok(LogFile {
            file,
            places: [database, log],
        })
    }

    /// What is in the log is on disk, where the next start will find it.
    pub(super) fn sync(&self) -> Done<()> {
        self.file
            .sync_data()
            .map_err(|error| Fault::Unavailable(format!("the log cannot be synced: {error}")))?;
        self.check()
    }

    /// Whether both files are where they were.
    pub(super) fn check(&self) -> Done<()> {
        self.places.iter().try_for_each(FilePlace::check)
    }
}

/// A path and the file that stood there. A file that is removed or replaced is written to as before, by whoever has it
/// open, and found by nobody else.
#[derive(Debug, Clone)]
pub(super) struct FilePlace {
    path: PathBuf,
    file: FileId,
}

/// Device and number of a file. Where there is no such thing a file counts as the one it was.
type FileId = (u64, u64);

impl FilePlace {
    pub(super) fn of(path: PathBuf) -> Done<Self> {
        let file = file_id(&path).map_err(|error| {
            Fault::Unavailable(format!("{} cannot be looked at: {error}", path.display()))
        })?;
        Ok(FilePlace { path, file })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn check(&self) -> Done<()> {
        let what = match file_id(&self.path) {
            Ok(file) if file == self.file => return Ok(()),
            Ok(_) => "was replaced by another",
            Err(_) => "is gone",
        };
        Err(Fault::Unavailable(format!(
            "the file {} {what} while the gateway was running: put it back where it was, or restart the gateway",
            self.path.display()
        )))
    }
}

/// Linux is asked for nothing else of the file: once it was asked for a time, the next write to the file sets that exactly,
/// and each sync has to write that, too (multigrain timestamps, since 6.13).
#[cfg(target_os = "linux")]
fn file_id(path: &Path) -> std::io::Result<FileId> {
    use rustix::fs::{AtFlags, CWD, StatxFlags, makedev, statx};
    match statx(CWD, path, AtFlags::empty(), StatxFlags::INO) {
        Ok(found) => {
            let device = makedev(found.stx_dev_major, found.stx_dev_minor);
            Ok((device, found.stx_ino))
        }
        // Old kernels and some containers do not know the call.
        Err(_) => file_id_of_metadata(path),
    }
}

#[cfg(not(target_os = "linux"))]
fn file_id(path: &Path) -> std::io::Result<FileId> {
    file_id_of_metadata(path)
}

#[cfg(unix)]
fn file_id_of_metadata(path: &Path) -> std::io::Result<FileId> {
    use std::os::unix::fs::MetadataExt;
    let found = std::fs::metadata(path)?;
    Ok((found.dev(), found.ino()))
}

#[cfg(not(unix))]
fn file_id_of_metadata(path: &Path) -> std::io::Result<FileId> {
    std::fs::metadata(path).map(|_| (0, 0))
}

/// Where SQLite keeps the log of a database.
pub(super) fn log_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

/// Makes the file readable by its owner alone, for it holds people's data; SQLite gives its log the same mode. What goes
/// wrong here goes wrong again, with a better error, when SQLite opens the file.
pub(super) fn create_private(path: &Path) {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    drop(options.open(path));
}

/// The database file itself, to be synced when SQLite would not yet.
///
/// It stays open until the process ends, once for each file. To close it would take back the locks that SQLite has on the
/// same file (fcntl(2), "Record locking"), and another process would then take a log that is in use for one that is not.
pub(super) fn database_file(path: &Path) -> Done<&'static File> {
    static OPEN: Mutex<BTreeMap<(PathBuf, FileId), &'static File>> = Mutex::new(BTreeMap::new());
    let place = FilePlace::of(path.to_owned())?;
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    let key = (place.path, place.file);
    if let Some(file) = open.get(&key) {
        return Ok(file);
    }
    let file = File::options().write(true).open(path).map_err(|error| {
        Fault::Unavailable(format!(
            "the database {} cannot be opened: {error}",
            path.display()
        ))
    })?;
    let file: &'static File = Box::leak(Box::new(file));
    open.insert(key, file);
    Ok(file)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::database_file;
    use crate::store::sqlite::connect::creator;

    #[test]
    fn syncing_the_database_file_takes_no_lock_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("frontdesk.db");
        let conn = creator(&path).expect("a database");
        conn.execute_batch("create table t (a); insert into t values (1)")
            .expect("a table");
        let inode = std::fs::metadata(&path).expect("the file").ino();
        let locks = || {
            let all = std::fs::read_to_string("/proc/locks").expect("the locks");
            let of_file = |line: &&str| line.contains(&format!(":{inode} "));
            all.lines().filter(of_file).count()
        };
        let held = locks();
        assert!(
            held > 0,
            "SQLite holds a lock as long as it has the file open"
        );
        for _ in 0..2 {
            let file = database_file(&path).expect("the file");
            file.sync_data().expect("synced");
        }
        assert_eq!(locks(), held);
    }
}
