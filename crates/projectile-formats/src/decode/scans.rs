//! How many scans a JPEG stream has, each of which goes over all of its pixels.

use std::io::{self, BufRead, Read};

use projectile_core::{Error, Result};

use super::input::read_error;

/// Of which streams scans are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counted {
    /// Of progressive ones: the decoder takes one for each component of others, so that those are not read.
    OfProgressive,
    /// Of all.
    All,
}

/// Refuses a stream of more than `most` scans.
///
/// # Errors
/// [`Limit`](projectile_core::ErrorKind::Limit), and [`Unavailable`](projectile_core::ErrorKind::Unavailable) when it
/// cannot be read.
pub(crate) fn check(reader: &mut impl BufRead, counted: Counted, most: usize) -> Result<()> {
    if scans(reader, counted, most).map_err(|error| read_error(&error))? > most {
        return Err(Error::limit(format!("it has more than {most} scans")));
    }
    Ok(())
}

/// Counts scans, up to one more than `most`. Where they are not counted, they are none.
fn scans(reader: &mut impl BufRead, counted: Counted, most: usize) -> io::Result<usize> {
    let mut are_counted = counted == Counted::All;
    let mut scans = 0usize;
    while scans <= most {
        let Some(marker) = next_marker(reader)? else {
            break;
        };
        match marker {
            0xd9 => break,
            0xda if !are_counted => break,
            0xda => scans = scans.saturating_add(1),
            0xc2 | 0xca => are_counted = true,
            // They have no length.
            0x01 | 0xd8 => continue,
            _ => {}
        }
        let mut length = [0; 2];
        if reader.read_exact(&mut length).is_err() {
            break;
        }
        let rest = u64::from(u16::from_be_bytes(length)).saturating_sub(2);
        io::copy(&mut reader.take(rest), &mut io::sink())?;
    }
    Ok(scans)
}

/// The next marker; those within a scan, and what only looks like one there, are passed over.
fn next_marker(reader: &mut impl BufRead) -> io::Result<Option<u8>> {
    reader.skip_until(0xff)?;
    while let Some(&byte) = reader.fill_buf()?.first() {
        reader.consume(1);
        match byte {
            0xff => {}
            0x00 | 0xd0..=0xd7 => drop(reader.skip_until(0xff)?),
            marker => return Ok(Some(marker)),
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scans_are_counted_and_thumbnails_are_not() {
        let scan = b"\xff\xda\x00\x04\xff\xda\x12\xff\x00\xda\xff\xd0\x34";
        let file = |frame: u8, scans: usize| {
            let mut bytes = b"\xff\xd8\xff\xe1\x00\x06\xff\xda\x00\x02".to_vec();
            bytes.extend([0xff, 0xff, frame, 0, 3, 8]);
            bytes.extend(scan.repeat(scans));
            bytes.extend(b"\xff\xd9\xff\xda\x00\x02");
            bytes
        };
        let count = |bytes: &[u8]| scans(&mut &*bytes, Counted::OfProgressive, 100).unwrap();
        let all = |bytes: &[u8]| scans(&mut &*bytes, Counted::All, 100).unwrap();
        assert_eq!(count(&file(0xc2, 3)), 3);
        assert_eq!(count(&file(0xc0, 3)), 0);
        assert_eq!(count(&file(0xc2, 2000)), 101);
        assert_eq!([all(&file(0xc0, 3)), all(&file(0xc0, 2000))], [3, 101]);
        let cut = file(0xc2, 3);
        for end in 0..cut.len() {
            assert!(count(&cut[..end]) <= 3);
        }
    }
}
