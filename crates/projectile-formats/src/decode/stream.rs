//! The reader that the JPEG decoder wants, over ours: it knows when it was asked for more than the file has.

use std::cell::RefCell;
use std::io::{self, BufRead, Read, Seek, SeekFrom};
use std::rc::Rc;

use zune_core::bytestream::{ZByteIoError, ZByteReaderTrait, ZSeekFrom};

use super::input::Reader;
use crate::sizes::{to_u64, to_usize};

/// What went wrong while a decoder read, which it may have passed over: JPEG's decoders fill up what is missing.
#[derive(Clone, Default)]
pub(crate) struct Overrun(Rc<RefCell<Trouble>>);

#[derive(Default)]
struct Trouble {
    ended: bool,
    failure: Option<io::Error>,
}

impl Overrun {
    /// Whether bytes beyond the end were asked for.
    pub(crate) fn happened(&self) -> bool {
        let trouble = self.0.borrow();
        trouble.ended || trouble.failure.is_some()
    }

    /// The read error that came up, if one did.
    pub(crate) fn failure(&self) -> Option<io::Error> {
        self.0.borrow_mut().failure.take()
    }

    fn note(&self, error: io::Error) -> ZByteIoError {
        let mut trouble = self.0.borrow_mut();
        if error.kind() == io::ErrorKind::UnexpectedEof {
            trouble.ended = true;
            return error.into();
        }
        let told = io::Error::new(error.kind(), error.to_string());
        trouble.failure = Some(error);
        told.into()
    }
}

/// Bytes of a file, one by one as the entropy decoder takes them.
pub(crate) struct Stream {
    reader: Reader,
    overrun: Overrun,
}

impl Stream {
    pub(crate) fn new(reader: Reader) -> Self {
        Self {
            reader,
            overrun: Overrun::default(),
        }
    }

    /// Fills `buf` as far as there are bytes, and tells how many there were.
    fn take(&mut self, mut buf: &mut [u8]) -> Result<u64, ZByteIoError> {
        let mut bytes = self.reader.by_ref().take(to_u64(buf.len()));
        io::copy(&mut bytes, &mut buf).map_err(|e| self.overrun.note(e))
    }

    /// Goes back by what was taken.
    fn back(&mut self, by: u64) -> Result<(), ZByteIoError> {
        i64::try_from(by)
            .map_err(io::Error::other)
            .and_then(|by| self.reader.seek_relative(by.saturating_neg()))
            .map_err(|e| self.overrun.note(e))
    }

    /// Tells what went wrong, also after the stream was given away.
    pub(crate) fn overrun(&self) -> Overrun {
        self.overrun.clone()
    }
}

impl ZByteReaderTrait for Stream {
    #[inline]
    fn read_byte_no_error(&mut self) -> u8 {
        if let [byte, ..] = *self.reader.buffer() {
            self.reader.consume(1);
            return byte;
        }
        let mut byte = [0];
        match self.reader.read_exact(&mut byte) {
            Ok(()) => byte[0],
            Err(error) => {
                self.overrun.note(error);
                0
            }
        }
    }

    /// Four bytes are asked for on trial, to go on byte by byte where they are not there: so nothing is taken then,
    /// and only a single byte that is missing is the end.
    #[inline]
    fn read_exact_bytes(&mut self, buf: &mut [u8]) -> Result<(), ZByteIoError> {
        if let Some(ready) = self.reader.buffer().get(..buf.len()) {
            buf.copy_from_slice(ready);
            self.reader.consume(buf.len());
            return Ok(());
        }
        let read = self.take(buf)?;
        if read < to_u64(buf.len()) {
            self.back(read)?;
            let error = io::Error::from(io::ErrorKind::UnexpectedEof);
            return Err(if buf.len() == 4 {
                error.into()
            } else {
                self.overrun.note(error)
            });
        }
        Ok(())
    }

    fn read_bytes(&mut self, buf: &mut [u8]) -> Result<usize, ZByteIoError> {
        self.reader.read(buf).map_err(|e| self.overrun.note(e))
    }

    fn peek_bytes(&mut self, buf: &mut [u8]) -> Result<usize, ZByteIoError> {
        let read = self.take(buf)?;
        self.back(read)?;
        Ok(to_usize(read))
    }

    fn peek_exact_bytes(&mut self, buf: &mut [u8]) -> Result<(), ZByteIoError> {
        let wanted = buf.len();
        if self.peek_bytes(buf)? == wanted {
            Ok(())
        } else {
            Err(self.overrun.note(io::ErrorKind::UnexpectedEof.into()))
        }
    }

    fn z_seek(&mut self, from: ZSeekFrom) -> Result<u64, ZByteIoError> {
        let sought = match from {
            // Segments are skipped by small steps forward: the buffer is kept for those.
            ZSeekFrom::Current(by) => self
                .reader
                .seek_relative(by)
                .and_then(|()| self.reader.stream_position()),
            ZSeekFrom::Start(at) => self.reader.seek(SeekFrom::Start(at)),
            ZSeekFrom::End(at) => self.reader.seek(SeekFrom::End(at)),
        };
        sought.map_err(|e| self.overrun.note(e))
    }

    fn is_eof(&mut self) -> Result<bool, ZByteIoError> {
        // Asked while samples are still missing, so an end here is one too early: a whole file is left at its marker.
        let ended = self
            .reader
            .fill_buf()
            .map(<[u8]>::is_empty)
            .map_err(|e| self.overrun.note(e))?;
        if ended {
            self.overrun.note(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(ended)
    }

    fn z_position(&mut self) -> Result<u64, ZByteIoError> {
        self.reader.stream_position().map_err(|e| self.overrun.note(e))
    }

    fn read_remaining(&mut self, sink: &mut Vec<u8>) -> Result<usize, ZByteIoError> {
        self.reader.read_to_end(sink).map_err(|e| self.overrun.note(e))
    }
}
