//! A transaction failed, and not because the disk did: the guilty job is found, the others are written without it.

use crate::store::StoreError;
use crate::store::sqlite::books::Books;
use crate::store::sqlite::fault::Fault;
use crate::store::sqlite::group::{Group, finish_all};
use crate::store::sqlite::queue::Job;

/// A transaction that is not on disk.
pub(super) struct Broken {
    pub(super) group: Group,
    pub(super) fault: Fault,
    pub(super) guilt: Guilt,
}

/// Who broke a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guilt {
    /// The job that ran last.
    Last,
    /// Somebody: it was the commit that failed.
    Unknown,
}

/// Writes what can be written of a broken transaction and answers all of its jobs; `kept` is given each group that was
/// committed.
///
/// # Errors
/// The disk fails. Everybody has been told, and the books are of no use any more: only the file says what was written.
pub(super) fn mend(
    books: &mut Books,
    broken: Broken,
    kept: impl Fn(Group),
) -> Result<(), StoreError> {
    let mut heaps = Vec::new();
    let end = write_in_heaps(books, broken, &mut heaps, kept);
    if let Err(error) = &end {
        finish_all(heaps.into_iter().flatten(), error);
    }
    end
}

fn write_in_heaps(
    books: &mut Books,
    broken: Broken,
    heaps: &mut Vec<Vec<Box<dyn Job>>>,
    kept: impl Fn(Group),
) -> Result<(), StoreError> {
    part(books, broken, heaps)?;
    while let Some(jobs) = heaps.pop() {
        let is_alone = jobs.len() == 1;
        match attempt(books, jobs) {
            Ok(group) => kept(group),
            Err(broken) if is_alone => give_up(books, broken)?,
            Err(broken) => part(books, broken, heaps)?,
        }
    }
    Ok(())
}

/// Runs jobs in one transaction.
fn attempt(books: &mut Books, jobs: Vec<Box<dyn Job>>) -> Result<Group, Broken> {
    let mut group = Group::default();
    let broken = |group, fault, guilt| Broken {
        group,
        fault,
        guilt,
    };
    if let Err(fault) = books.begin() {
        return Err(broken(Group::unrun(jobs), fault, Guilt::Unknown));
    }
    if let Err(fault) = group.run_all(jobs, books) {
        return Err(broken(group, fault, Guilt::Last));
    }
    match books.commit() {
        Ok(()) => Ok(group),
        Err(fault) => Err(broken(group, fault, Guilt::Unknown)),
    }
}

/// Parts the jobs into heaps to be tried each by itself, the last one first: the guilty one and the others, or one
/// half and the other. There are none when a transaction without jobs failed: nobody waits for it.
fn part(
    books: &mut Books,
    broken: Broken,
    heaps: &mut Vec<Vec<Box<dyn Job>>>,
) -> Result<(), StoreError> {
    let guilt = broken.guilt;
    let (_, last, mut jobs) = roll_back(books, broken)?;
    let parts = if guilt == Guilt::Last {
        [last.into_iter().collect(), jobs]
    } else {
        jobs.extend(last);
        let half = jobs.split_off(jobs.len() / 2);
        [half, jobs]
    };
    heaps.extend(parts.into_iter().filter(|jobs| !jobs.is_empty()));
    Ok(())
}

/// A job that cannot be written even alone says how it ends, in a transaction too.
fn give_up(books: &mut Books, broken: Broken) -> Result<(), StoreError> {
    let (fault, last, mut others) = roll_back(books, broken)?;
    let Some(mut job) = last.or_else(|| others.pop()) else {
        return Ok(());
    };
    let reason = fault.into_reason();
    let end = books
        .begin()
        .and_then(|()| job.give_up(books, &reason))
        .and_then(|()| books.commit());
    let rolled_back = match end {
        Ok(()) => Ok(()),
        Err(_) => books.rollback(),
    };
    let is_lost = matches!(end, Err(Fault::Unavailable(_))) || rolled_back.is_err();
    let end = end.map_err(Fault::into_error);
    job.finish(end.clone());
    if is_lost { end } else { Ok(()) }
}

/// The fault, the job that ran last, and the others; none of them is on disk.
type Apart = (Fault, Option<Box<dyn Job>>, Vec<Box<dyn Job>>);

fn roll_back(books: &mut Books, broken: Broken) -> Result<Apart, StoreError> {
    let rolled_back = books.rollback();
    let (last, others) = broken.group.into_jobs();
    let is_lost = matches!(broken.fault, Fault::Unavailable(_)) || rolled_back.is_err();
    if is_lost {
        let error = broken.fault.into_error();
        finish_all(others.into_iter().chain(last), &error);
        return Err(error);
    }
    Ok((broken.fault, last, others))
}
