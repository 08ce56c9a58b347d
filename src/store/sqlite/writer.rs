//! The writer thread: group commit.
//!
//! Each cycle is one transaction. First the writes that somebody waits for, such as a person's edit; then a slice of the
//! waiting settlements; then appends until the commit before is on disk. Then the commit, which the syncer sees to the
//! disk and answers for. The slice grows with the backlog and shrinks as more senders wait, so that a flow that both can
//! keep up with settles where neither waits for the other. It is left out in most cycles while settlements hold up the
//! senders (`right_of_way`): in a burst senders are acknowledged first, in commits of half of them, while a backlog grows.

use std::fs::File;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::store::sqlite::books::{BookFile, Books};
use crate::store::sqlite::checkpoint::Log;
use crate::store::sqlite::fault::Done;
use crate::store::sqlite::files::LogFile;
use crate::store::sqlite::group::{Group, finish_all};
use crate::store::sqlite::mend::{Broken, Guilt, mend};
use crate::store::sqlite::queue::{Queue, Woken, closed};
use crate::store::sqlite::right_of_way::{Cycle, RightOfWay};
use crate::store::sqlite::syncer::Syncer;
use crate::store::{StoreError, StoreRole};

/// Settlements in a cycle in which senders wait and there is hardly a backlog: senders wait for them. A number and not a
/// time: on a slow machine, too, the commit is to be worth its pages.
const SLICE: usize = 6;
/// As many again for so many events of a backlog, and each time it doubles. Slowly: the writer finds a settlement to run
/// in each moment in which no sender is there only where there is a backlog, and a slice that grew fast would leave none.
const BACKLOG: usize = 256;
/// The time of settlements in a cycle while nobody waits: large commits are cheap commits, but workers wait for their end.
const LONGEST: Duration = Duration::from_millis(4);
/// The slice is halved for so many appends, divided by three for twice as many, and so on.
const CROWD: usize = 32;
/// Senders that are held up send again within such a time.
const PATIENCE: Duration = Duration::from_millis(3);
/// Appends in one commit.
const MOST_APPENDS: usize = 2048;
/// While settlements are held back, half of the senders who wait, but no fewer than so many, are worth a commit of their
/// own while the commit before is on its way to disk: else all would wait together, and then all be answered together,
/// while the processors have nothing to do. When settlements run there is enough to do, and fewer commits are less work.
const STEP: usize = 8;
/// Quiet for so long, the writer tidies up.
const QUIET: Duration = Duration::from_millis(200);
/// After tidying up failed.
const TRY_AGAIN: Duration = Duration::from_secs(10);
/// Keys swept in one step of tidying up.
const TIDY: usize = 1024;
/// Keys of the tables learnt at a time when all is quiet.
const LEARN: i64 = 4096;
/// The same after each commit: a moment, and of ten million keys all within some minutes of load.
const LEARN_IN_PASSING: i64 = 256;

pub(super) struct Writer {
    pub(super) file: BookFile,
    /// `None` while the database cannot be opened.
    pub(super) books: Option<Books>,
    pub(super) queue: Arc<Queue>,
    pub(super) log: Arc<Log>,
    pub(super) syncer: Syncer,
    /// Held as long as the writer lives, so that no second gateway starts before the last commit of the first.
    pub(super) lock: Option<File>,
    /// Appends of the last cycle: who was answered then may be about to send again.
    pub(super) appended: usize,
    /// Settlements of the last cycle.
    pub(super) settled: usize,
    pub(super) right_of_way: RightOfWay,
    /// The files are not where they were.
    pub(super) is_displaced: bool,
    /// Not before: it failed.
    pub(super) tidy_from: Instant,
}

impl Writer {
    /// Works until the queue is closed and empty.
    pub(super) fn run(mut self) {
        let _end = End(self.queue.clone());
        loop {
            let is_senders = self.right_of_way.is_senders(Instant::now())
                && self.queue.wait_for_append(PATIENCE);
            match self.queue.wait(QUIET) {
                Woken::Work => self.cycle(is_senders),
                Woken::Idle if self.may_tidy() => self.tidy(),
                Woken::Idle => {}
                Woken::Closed => break,
            }
        }
        self.queue.wait_for_disk(0);
        // What is in a log that cannot be synced, or is gone, may still be saved into the database.
        if let Some(Err(fault)) = self
            .books
            .as_ref()
            .map(|it| self.log.mend_if_lost(&it.conn))
        {
            tracing::error!(reason = ?fault, "store.log_not_saved");
        }
        self.log.close();
        drop(self.books.take());
        drop(self.lock.take());
    }

    /// One group of jobs, one commit; of appends alone when it is the senders'.
    fn cycle(&mut self, is_senders: bool) {
        let mut books = match self.take_books() {
            Ok(books) => books,
            Err(fault) => return finish_all(self.queue.drain(), &fault.into_error()),
        };
        // Else the syncer has just looked, or will before anybody is told.
        if (self.is_displaced || self.log.is_lost())
            && let Err(fault) = self.look_at_files(&books)
        {
            finish_all(self.queue.drain(), &fault.into_error());
            self.books = Some(books);
            return;
        }
        self.log.reset_if_asked(&books.conn);
        let begun = self.log.mend_if_lost(&books.conn);
        if let Err(fault) = begun.and_then(|()| books.begin()) {
            let error = fault.into_error();
            finish_all(self.queue.drain(), &error);
            return lose(books, &error);
        }
        let mut group = Group::default();
        let broken = match self.gather(&mut books, &mut group, is_senders) {
            Err(fault) => Some((fault, Guilt::Last)),
            Ok(()) => books.commit().err().map(|fault| (fault, Guilt::Unknown)),
        };
        let Some((fault, guilt)) = broken else {
            self.kept(group, &books.log);
            books.learn(LEARN_IN_PASSING);
            let cycle = Cycle {
                appended: self.appended,
                settled: self.settled,
            };
            let waiting = self.waiting(&books);
            self.right_of_way.note(cycle, waiting, Instant::now());
            self.books = Some(books);
            return;
        };
        let broken = Broken {
            group,
            fault,
            guilt,
        };
        let log = books.log.clone();
        match mend(&mut books, broken, |group| self.kept(group, &log)) {
            Ok(()) => self.books = Some(books),
            Err(error) => lose(books, &error),
        }
    }

    /// Whether the files are where they were. While they are not, nothing is written and the connection stays as it is: they
    /// may be put back, and what is in a log that is gone is copied into the database, which may not be.
    fn look_at_files(&mut self, books: &Books) -> Done<()> {
        let found = books.log.check();
        if let Err(fault) = &found {
            self.log.set_lost(true);
            let saved = self.log.mend_if_lost(&books.conn).is_ok();
            if !self.is_displaced {
                tracing::error!(reason = ?fault, saved, "store.files_displaced");
            }
        } else if self.is_displaced {
            tracing::info!("store.files_are_back");
        }
        self.is_displaced = found.is_err();
        found
    }

    /// Runs what waits, within the open transaction: a slice of settlements, then appends until the group before this
    /// one is on disk. Meanwhile settlements go on when no append waits.
    fn gather(&mut self, books: &mut Books, group: &mut Group, is_senders: bool) -> Done<()> {
        while let Some(job) = self.queue.next_write() {
            group.run(job, books)?;
        }
        let crowd = self.queue.waiting_appends().max(self.appended);
        let slice = slice(self.waiting(books), crowd);
        let started = Instant::now();
        self.settled = 0;
        while !is_senders && let Some(job) = self.queue.next_settlement() {
            self.settled += 1;
            group.run(job, books)?;
            let spent = started.elapsed();
            let is_waited_for = crowd > 0 || self.queue.waiting_appends() > 0;
            if spent >= LONGEST || (self.settled >= slice && is_waited_for) {
                break;
            }
        }
        self.appended = 0;
        while self.appended < MOST_APPENDS {
            let enough = match is_senders {
                true => STEP.max((self.queue.unanswered() + self.appended) / 2),
                false => MOST_APPENDS,
            };
            let appends = self.queue.take_appends(enough);
            self.appended += appends.len();
            let are_all = appends.len() < enough;
            group.run_all(appends, books)?;
            let most = usize::from(self.appended >= enough);
            if self.queue.under_way() <= most {
                break;
            }
            if !are_all {
                continue;
            }
            if !is_senders && let Some(job) = self.queue.next_settlement() {
                self.settled += 1;
                group.run(job, books)?;
            } else {
                self.queue.wait_for_appends_or_disk(STEP, most);
            }
        }
        Ok(())
    }

    /// Events that wait to be settled, without those that a worker has.
    fn waiting(&self, books: &Books) -> usize {
        self.queue.waiting_settlements() + books.flight.unclaimed()
    }

    /// The group is in the log: the syncer takes it from here.
    fn kept(&self, group: Group, log: &Arc<LogFile>) {
        self.log.committed();
        self.syncer.hand(group, self.appended, log.clone());
    }

    /// When all is quiet: sweeps what waits in memory, so that lists and searches need not read what is not swept, and learns
    /// which keys the tables hold.
    fn tidy(&mut self) {
        let Ok(mut books) = self.take_books() else {
            self.tidy_from = Instant::now() + TRY_AGAIN;
            return;
        };
        if self.look_at_files(&books).is_err() {
            self.books = Some(books);
            return;
        }
        self.log.reset_if_asked(&books.conn);
        books.freeze_all();
        while books.is_frozen() && self.queue.wait(Duration::ZERO) == Woken::Idle {
            if let Err(fault) = sweep_step(&mut books) {
                let rolled_back = books.rollback();
                tracing::warn!(rolled_back = rolled_back.is_ok(), "store.tidy_failed");
                self.tidy_from = Instant::now() + TRY_AGAIN;
                return lose(books, &fault.into_error());
            }
            self.log.committed();
        }
        while books.learn(LEARN) && self.queue.wait(Duration::ZERO) == Woken::Idle {}
        self.books = Some(books);
    }

    fn may_tidy(&self) -> bool {
        self.file.role == StoreRole::Gateway && Instant::now() >= self.tidy_from
    }

    fn take_books(&mut self) -> Done<Books> {
        match self.books.take() {
            Some(books) => Ok(books),
            None => Books::open(&self.file),
        }
    }
}

/// Settlements in a cycle in which so many appends wait.
fn slice(backlog: usize, appends: usize) -> usize {
    let doubled = (1 + backlog / BACKLOG).ilog2() as usize;
    SLICE * (1 + doubled) / (1 + appends / CROWD)
}

/// The end of the thread, whatever ended it: nobody waits for a writer that is gone.
struct End(Arc<Queue>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.close();
        finish_all(self.0.drain(), &closed());
    }
}

/// After a failed disk the connection and the memory are thrown away: the file alone says what was written.
fn lose(books: Books, error: &StoreError) {
    tracing::error!(%error, "store.write_failed");
    drop(books);
}

fn sweep_step(books: &mut Books) -> Done<()> {
    books.begin()?;
    books.sweep(TIDY)?;
    books.commit()
}

#[cfg(test)]
mod tests {
    use super::slice;

    #[test]
    fn the_slice_grows_with_the_backlog_and_shrinks_with_the_crowd() {
        assert_eq!(
            [0, 255, 256, 767].map(|backlog| slice(backlog, 1)),
            [6, 6, 12, 12]
        );
        assert_eq!(slice(100_000, 0), 54);
        assert_eq!([31, 32, 64].map(|appends| slice(256, appends)), [12, 6, 4]);
        assert!(slice(usize::MAX / 2, 0) < 400);
    }
}
