//! The road of an export: stream → rows → pieces → encode → store, with a few pieces on their way at a time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Mutex, PoisonError};

use projectile_core::{Band, Cancel, Error, Image, Result, StreamRequest};

use crate::options::ExportOptions;
use crate::output::Output;
use crate::plan::Piece;
use crate::rows::{Bands, Rows, cut};
use crate::store::Store;

/// Writes every piece that is not stored yet.
pub(crate) fn run(image: &Image, output: &dyn Output, store: &Store, options: &ExportOptions) -> Result<()> {
    let plan = output.plan();
    let threads = options.thread_count();
    let work = Work {
        output,
        store,
        options,
        done: AtomicU64::new(store.len()),
        total: plan.count(),
        stop: Cancel::new(),
        failure: Mutex::new(None),
    };
    work.tell();
    // Enough for no thread to wait, few enough that what waits takes no memory worth speaking of.
    let (sender, receiver) = sync_channel::<(Piece, Bands)>(2 * threads);
    let receiver = Mutex::new(receiver);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| work.write_pieces(&receiver));
        }
        let sender = sender;
        for (plane, selection) in plan.planes.iter().enumerate() {
            let missing = |level| {
                plan.pieces(plane, level)
                    .any(|piece| !store.has(plan.key(&piece)))
            };
            let Some(last) = (0..plan.levels.len()).rfind(|&level| missing(level)) else {
                continue;
            };
            let rows: Vec<Mutex<Rows>> = plan
                .levels
                .iter()
                .map(|level| Mutex::new(Rows::new(*level)))
                .collect();
            let request = StreamRequest {
                selection: selection.clone(),
                resampling: plan.resampling,
                last: last as u32,
                threads,
            };
            let take = |band: Band| {
                options.cancel.check()?;
                let level = band.level as usize;
                let mut rows = rows[level].lock().unwrap_or_else(PoisonError::into_inner);
                rows.push(band, |row, bands| {
                    for column in 0..plan.levels[level].columns() {
                        let piece = Piece {
                            plane,
                            level,
                            row,
                            column,
                        };
                        if !store.has(plan.key(&piece)) {
                            work.stop.check()?;
                            sender
                                .send((piece, Bands::clone(&bands)))
                                .map_err(|_| Error::internal("nobody is left to write"))?;
                        }
                    }
                    Ok(())
                })
            };
            if let Err(error) = image.stream(&request, &work.stop, &take) {
                work.fail(error);
                break;
            }
        }
    });
    work.failure
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner)
        .map_or(Ok(()), Err)
}

struct Work<'a> {
    output: &'a dyn Output,
    store: &'a Store,
    options: &'a ExportOptions,
    done: AtomicU64,
    total: u64,
    /// Raised when something failed.
    stop: Cancel,
    failure: Mutex<Option<Error>>,
}

impl Work<'_> {
    /// Keeps the first error, and has everything stop.
    fn fail(&self, error: Error) {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.get_or_insert(error);
        self.stop.cancel();
    }

    fn tell(&self) {
        if let Some(progress) = &self.options.progress {
            progress(self.done.load(Ordering::Relaxed), self.total);
        }
    }

    fn write_pieces(&self, receiver: &Mutex<Receiver<(Piece, Bands)>>) {
        loop {
            let next = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok((piece, bands)) = next else { return };
            // What waits is taken and dropped, so that whoever sends it comes to know.
            if self.stop.is_cancelled() {
                continue;
            }
            let level = &self.output.plan().levels[piece.level];
            let written = cut(&bands, level.region(piece.row, piece.column))
                .and_then(|pixels| self.output.encode(&piece, pixels))
                .and_then(|bytes| self.store.put(self.output, &piece, &bytes));
            if let Err(error) = written {
                self.fail(error);
            }
            self.done.fetch_add(1, Ordering::Relaxed);
            self.tell();
        }
    }
}
