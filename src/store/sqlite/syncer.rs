//! The log goes to disk beside the writer.
//!
//! A commit writes its pages into the log and does not wait for the disk. A thread of its own then syncs the log, and
//! only after that is anybody told: what is acknowledged is on disk, as with `synchronous=FULL`, but meanwhile the
//! writer runs the next group instead of waiting. Few groups are on their way at a time, so that a slow disk makes large
//! groups and not many. Readers may see a commit a moment before it is on disk; a loss of power in that moment takes
//! it back together with everything that followed it, and nobody was told of any of that.
//!
//! A sync that failed says nothing about what the disk holds, and neither does a later one that succeeds. So from then
//! on nobody is told of a success until the writer has copied the log into the database file and that is synced.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use crate::store::StoreError;
use crate::store::sqlite::checkpoint::Log;
use crate::store::sqlite::failpoint::FailPoints;
use crate::store::sqlite::fault::{Done, Fault};
use crate::store::sqlite::files::LogFile;
use crate::store::sqlite::flight::InFlight;
use crate::store::sqlite::group::Group;
use crate::store::sqlite::queue::Queue;

/// What the syncer shares with others.
pub(super) struct Shared {
    pub(super) queue: Arc<Queue>,
    pub(super) log: Arc<Log>,
    pub(super) flight: Arc<InFlight>,
    pub(super) fail: Arc<FailPoints>,
}

/// Groups on their way to disk at a time: one that is synced and one that waits for it.
pub(super) const MOST: usize = 2;

/// The writer's end.
pub(super) struct Syncer {
    hand: SyncSender<Handed>,
    queue: Arc<Queue>,
}

/// A committed group, and the log that holds it: the file that was open when it was written, for a log that was
/// removed and made anew has the same name.
struct Handed {
    group: Group,
    log: Arc<LogFile>,
    way: Way,
}

/// The way to disk: at its end, whatever it is, nobody waits for it any more.
struct Way {
    queue: Arc<Queue>,
    appends: usize,
}

impl Way {
    fn begin(queue: &Arc<Queue>, appends: usize) -> Self {
        queue.wait_for_disk(MOST - 1);
        queue.sets_out(appends);
        let queue = queue.clone();
        Way { queue, appends }
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        self.queue.arrives(self.appends);
    }
}

/// Starts the thread. It ends when the writer's end is dropped.
pub(super) fn start(shared: Shared) -> std::io::Result<(Syncer, JoinHandle<()>)> {
    let (hand, handed) = sync_channel(MOST);
    let queue = shared.queue.clone();
    let thread = std::thread::Builder::new()
        .name("store-syncer".to_owned())
        .spawn(move || run(&shared, &handed))?;
    Ok((Syncer { hand, queue }, thread))
}

impl Syncer {
    /// Has a committed group, with so many appends in it, synced and told, after the one before it.
    pub(super) fn hand(&self, group: Group, appends: usize, log: Arc<LogFile>) {
        let way = Way::begin(&self.queue, appends);
        if let Err(unsent) = self.hand.send(Handed { group, log, way }) {
            let error = "the thread that syncs the log is gone: restart the gateway".to_owned();
            unsent.0.group.fail(&StoreError::Unavailable(error));
        }
    }
}

fn run(shared: &Shared, handed: &Receiver<Handed>) {
    while let Ok(Handed { group, log, way }) = handed.recv() {
        match sync(shared, &log) {
            Ok(()) => {
                drop(way);
                if group.finish() {
                    shared.flight.wake();
                }
            }
            Err(fault) => {
                shared.log.set_lost(true);
                drop(way);
                let error = fault.into_error();
                tracing::error!(%error, "store.sync_failed");
                group.fail(&error);
            }
        }
    }
}

fn sync(shared: &Shared, log: &LogFile) -> Done<()> {
    if shared.log.is_lost() {
        let reason = "an earlier write did not reach the disk".to_owned();
        return Err(Fault::Unavailable(reason));
    }
    shared.fail.check("sync")?;
    log.sync()
}
