//! Panics are faults of ours, and of one request; the end of the process is worse. What fails so again and again is not
//! tried any more.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use projectile_core::{Error, ErrorKind, Result};

use crate::journal::Journal;

/// Panics after which an image is not read any more.
const MOST: u32 = 3;

/// How often work on an image has panicked or ended the process. An image that takes its place, as its file was written
/// anew, starts afresh.
#[derive(Debug, Default)]
pub(crate) struct Strikes {
    count: AtomicU32,
    journal: Option<(Arc<Journal>, String)>,
}

impl Strikes {
    /// Of the image of an id, which starts with what the journal says, and whose work it is told of.
    pub(crate) fn told_of(journal: Option<&Arc<Journal>>, id: &str) -> Self {
        let count = journal.map_or(0, |journal| journal.strikes(id));
        Self {
            count: count.into(),
            journal: journal.map(|journal| (Arc::clone(journal), id.to_owned())),
        }
    }

    /// The same for an image that takes the place of another: that one's strikes are not its own.
    pub(crate) fn afresh(journal: Option<&Arc<Journal>>, id: &str) -> Self {
        let strikes = Self::told_of(journal, id);
        strikes.count.store(0, Ordering::Relaxed);
        strikes
    }

    /// Whether it is not tried any more.
    pub(crate) fn is_out(&self) -> bool {
        self.count.load(Ordering::Relaxed) >= MOST
    }

    /// Does `work`, unless it has panicked too often already.
    ///
    /// # Errors
    /// [`Corrupt`](ErrorKind::Corrupt) for what is not tried, [`Internal`](ErrorKind::Internal) for a panic.
    pub(crate) fn guard<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        if self.is_out() {
            return Err(Error::corrupt(
                "reading this image has failed inside of the server too often: it is not tried any more",
            ));
        }
        let journal = self.journal.as_ref();
        let _under_way = journal.map(|(journal, id)| journal.begin(id));
        caught(work).unwrap_or_else(|error| {
            self.count.fetch_add(1, Ordering::Relaxed);
            Err(error)
        })
    }
}

/// Does `work`; a panic is the outer error, and the thread that it came to lives on.
fn caught<T>(work: impl FnOnce() -> Result<T>) -> Result<Result<T>> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("a panic");
        Error::new(ErrorKind::Internal, format!("it panicked: {text}"))
    })
}

/// Does work that belongs to no image yet, but to what is called `name`; a panic is an error of ours.
pub(crate) fn once<T>(
    journal: Option<&Arc<Journal>>,
    name: &str,
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let _under_way = journal.map(|journal| journal.begin(name));
    caught(work).unwrap_or_else(Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_panic_is_the_last_that_is_tried() {
        let (strikes, mut tries) = (Strikes::default(), 0);
        for kind in [
            ErrorKind::Internal,
            ErrorKind::Internal,
            ErrorKind::Internal,
            ErrorKind::Corrupt,
        ] {
            // Errors are no panics, and what works between them changes nothing.
            let other = strikes.guard(|| Err::<(), _>(Error::corrupt("a block")));
            assert_eq!(other.unwrap_err().kind(), ErrorKind::Corrupt);
            let error = strikes
                .guard::<()>(|| {
                    tries += 1;
                    panic!("on purpose")
                })
                .unwrap_err();
            assert_eq!(error.kind(), kind);
        }
        assert_eq!(tries, 3);
    }

    #[test]
    fn an_image_that_ended_the_process_too_often_is_not_tried() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let strikes = [("a".to_owned(), MOST), ("b".to_owned(), MOST - 1)].into();
        let journal = Arc::new(Journal::create(&path, strikes).unwrap());
        let tried = Strikes::told_of(Some(&journal), "a").guard(|| Ok(()));
        assert_eq!(tried.unwrap_err().kind(), ErrorKind::Corrupt);
        let strikes = Strikes::told_of(Some(&journal), "b");
        strikes
            .guard(|| {
                assert_eq!(Journal::under_way(&path).unwrap(), ["b"]);
                Ok(())
            })
            .unwrap();
        assert!(Journal::under_way(&path).unwrap().is_empty());
        assert!(!Strikes::afresh(Some(&journal), "a").is_out());
    }
}
