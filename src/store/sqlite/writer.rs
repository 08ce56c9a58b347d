//! The writer thread: group commit.
//!
//! Each cycle is one transaction. First a slice of the waiting settlements and other writes, then every waiting
//! append, those included that arrived meanwhile; then the commit, then the answers. The slice shrinks as more
//! senders wait: they are acknowledged at nearly full speed while a backlog grows, and when few wait the workers
//! have most of the writer.

use std::fs::File;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::store::sqlite::books::{BookFile, Books};
use crate::store::sqlite::checkpoint::Log;
use crate::store::sqlite::fault::{Done, Fault};
use crate::store::sqlite::group::{Group, alone, finish_all};
use crate::store::sqlite::queue::{Job, Queue, Woken};

/// The share of settlements in a cycle when nobody waits for an append.
const SLICE: Duration = Duration::from_millis(4);
/// The slice is halved when so many appends wait, divided by three at twice as many, and so on.
const CROWD: u32 = 16;
/// Appends in one commit.
const MOST_APPENDS: usize = 2048;
/// Quiet for so long, the writer tidies up.
const QUIET: Duration = Duration::from_millis(200);
/// Keys swept in one step of tidying up.
const TIDY: usize = 1024;

pub(super) struct Writer {
    pub(super) file: BookFile,
    /// `None` while the database cannot be opened.
    pub(super) books: Option<Books>,
    pub(super) queue: Arc<Queue>,
    pub(super) log: Arc<Log>,
    /// Held as long as the writer lives, so that no second gateway starts before the last commit of the first.
    pub(super) lock: Option<File>,
}

impl Writer {
    /// Works until the queue is closed and empty.
    pub(super) fn run(mut self) {
        loop {
            match self.queue.wait(QUIET) {
                Woken::Work => self.cycle(),
                Woken::Idle => self.tidy(),
                Woken::Closed => break,
            }
        }
        self.log.close();
        drop(self.books.take());
        drop(self.lock.take());
    }

    /// One group of jobs, one commit.
    fn cycle(&mut self) {
        let mut books = match self.take_books() {
            Ok(books) => books,
            Err(fault) => return finish_all(self.queue.drain(), &fault.into_error()),
        };
        self.log.reset_if_asked(&books.conn);
        if let Err(fault) = books.begin() {
            self.put_back(books, &fault);
            return finish_all(self.queue.drain(), &fault.into_error());
        }
        let mut group = Group::default();
        let gathered = self.gather(&mut books, &mut group);
        let end = gathered.and_then(|()| books.commit());
        match end {
            Ok(()) => {
                self.log.committed();
                self.books = Some(books);
                self.answer(group);
            }
            Err(fault) => self.after_fault(books, group, fault),
        }
    }

    /// Runs what waits, within the open transaction.
    fn gather(&self, books: &mut Books, group: &mut Group) -> Done<()> {
        let crowd = u32::try_from(self.queue.waiting_appends()).unwrap_or(u32::MAX);
        let slice = SLICE / (1 + crowd / CROWD);
        let started = Instant::now();
        while let Some(job) = self.queue.next_write() {
            group.run(job, books)?;
            if started.elapsed() >= slice {
                break;
            }
        }
        let mut room = MOST_APPENDS;
        while room > 0 {
            let mut appends = self.queue.take_appends(room).into_iter();
            if appends.len() == 0 {
                break;
            }
            room -= appends.len();
            while let Some(append) = appends.next() {
                if let Err(fault) = group.run(append, books) {
                    group.unseen.extend(appends);
                    return Err(fault);
                }
            }
        }
        Ok(())
    }

    /// The group is on disk.
    fn answer(&self, group: Group) {
        let work = group.jobs.iter().any(|job| job.made_work());
        group.finish(Ok(()));
        if work {
            self.file.flight.wake();
        }
    }

    /// Nothing of the group is on disk: tells everybody, or finds the guilty one and repeats the others.
    fn after_fault(&mut self, mut books: Books, mut group: Group, fault: Fault) {
        let rolled_back = books.rollback();
        if matches!(fault, Fault::Unavailable(_)) || rolled_back.is_err() {
            self.put_back(books, &fault);
            return group.finish(Err(fault.into_error()));
        }
        let guilty = group.jobs.pop();
        let mut rest = std::mem::take(&mut group.jobs);
        rest.append(&mut group.unseen);
        group.finish(Ok(()));
        let mut guilty: Vec<_> = guilty.into_iter().collect();
        while let Some(job) = self.repeat(&mut books, &mut rest) {
            guilty.push(job);
        }
        for job in guilty {
            alone(&mut books, job);
            self.file.flight.wake();
        }
        self.books = Some(books);
    }

    /// Runs the jobs again in one transaction. The one that fails is taken out and returned.
    fn repeat(&self, books: &mut Books, jobs: &mut Vec<Box<dyn Job>>) -> Option<Box<dyn Job>> {
        if jobs.is_empty() {
            return None;
        }
        let mut group = Group::default();
        let mut waiting = std::mem::take(jobs).into_iter();
        let mut end = books.begin();
        while end.is_ok() {
            match waiting.next() {
                Some(job) => end = group.run(job, books),
                None => break,
            }
        }
        let end = end.and_then(|()| books.commit());
        let Err(fault) = end else {
            self.log.committed();
            self.answer(group);
            return None;
        };
        let rolled_back = books.rollback();
        let guilty = group.jobs.pop();
        jobs.append(&mut group.jobs);
        jobs.extend(waiting);
        if !matches!(fault, Fault::Unavailable(_)) && rolled_back.is_ok() && guilty.is_some() {
            group.finish(Ok(()));
            return guilty;
        }
        let error = fault.into_error();
        jobs.extend(guilty);
        finish_all(std::mem::take(jobs), &error);
        group.finish(Ok(()));
        None
    }

    /// When all is quiet: sweeps what waits in memory, so that lists need not read the tail.
    fn tidy(&mut self) {
        let Ok(mut books) = self.take_books() else {
            return;
        };
        self.log.reset_if_asked(&books.conn);
        books.lookup.freeze_all();
        while books.lookup.is_frozen() && self.queue.wait(Duration::ZERO) == Woken::Idle {
            if let Err(fault) = sweep_step(&mut books) {
                let rolled_back = books.rollback();
                tracing::warn!(reason = ?fault, rolled_back = rolled_back.is_ok(), "store.tidy_failed");
                return self.put_back(books, &fault);
            }
            self.log.committed();
        }
        self.books = Some(books);
    }

    fn take_books(&mut self) -> Done<Books> {
        match self.books.take() {
            Some(books) => Ok(books),
            None => Books::open(&self.file),
        }
    }

    /// After a failed disk the connection and the memory are thrown away: the file alone says what was written.
    fn put_back(&mut self, books: Books, fault: &Fault) {
        tracing::error!(reason = ?fault, "store.write_failed");
        drop(books);
        self.books = None;
    }
}

fn sweep_step(books: &mut Books) -> Done<()> {
    books.begin()?;
    books.lookup.sweep(&books.conn, TIDY)?;
    books.commit()
}
