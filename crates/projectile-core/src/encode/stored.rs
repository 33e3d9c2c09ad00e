//! PNG without compression: little more than a copy and two checksums.
//!
//! For readers on the same machine, to whom bytes cost less than deflate does. PNG (Third Edition) and RFC 1950/1951:
//! the image data is a zlib stream of stored blocks.

use crate::colour::{Layout, Raster};

use super::png::alphas;

const SIGNATURE: &[u8; 8] = b"\x89PNG\r\n\x1a\n";
/// The most that a stored block of deflate holds, in bytes.
const BLOCK: usize = 65535;

/// The picture as a PNG of stored blocks.
pub(super) fn png(raster: &Raster) -> Vec<u8> {
    let row = raster.width * raster.pixel_bytes();
    // Each row is led by a byte that names its filter: none.
    let raw = raster.height * (row + 1);
    let blocks = raw.div_ceil(BLOCK).max(1);
    let data = 2 + 5 * blocks + raw + 4;
    let mut out = Vec::with_capacity(8 + 25 + 2 * (12 + 1024) + 12 + data + 12);

    out.extend_from_slice(SIGNATURE);
    let colour_type = match raster.layout {
        Layout::Gray => 0,
        Layout::Rgb => 2,
        Layout::Indexed => 3,
        Layout::GrayAlpha => 4,
        Layout::Rgba => 6,
    };
    chunk(&mut out, *b"IHDR", |out| {
        out.extend((raster.width as u32).to_be_bytes());
        out.extend((raster.height as u32).to_be_bytes());
        out.extend([raster.bits, colour_type, 0, 0, 0]);
    });
    if raster.layout == Layout::Indexed {
        chunk(&mut out, *b"PLTE", |out| {
            out.extend(raster.palette.iter().flat_map(|&[r, g, b, _]| [r, g, b]));
        });
        if let Some(alphas) = alphas(raster) {
            chunk(&mut out, *b"tRNS", |out| out.extend(alphas));
        }
    }
    chunk(&mut out, *b"IDAT", |out| zlib_stored(out, &raster.data, row, raw));
    chunk(&mut out, *b"IEND", |_| {});
    out
}

/// Appends a chunk whose data `write` appends.
fn chunk(out: &mut Vec<u8>, name: [u8; 4], write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend([0; 4]);
    out.extend(name);
    write(out);
    let length = (out.len() - start - 8) as u32;
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
    let checksum = crc32fast::hash(&out[start + 4..]);
    out.extend(checksum.to_be_bytes());
}

/// Appends a zlib stream of stored blocks that holds the rows of `data`, `raw` bytes with their filter bytes.
fn zlib_stored(out: &mut Vec<u8>, data: &[u8], row: usize, raw: usize) {
    out.extend([0x78, 0x01]);
    let mut adler = simd_adler32::Adler32::new();
    // What is left of the rows: that of the current one, then whole ones, each led by its filter byte.
    let mut rows = data.chunks_exact(row.max(1));
    let mut line: &[u8] = &[];
    let mut left = raw;
    loop {
        let length = left.min(BLOCK);
        left -= length;
        out.push(u8::from(left == 0));
        out.extend((length as u16).to_le_bytes());
        out.extend((!(length as u16)).to_le_bytes());
        let start = out.len();
        while out.len() - start < length {
            if line.is_empty() {
                let Some(next) = rows.next() else { break };
                out.push(0);
                line = next;
            }
            let (now, later) = line.split_at(line.len().min(length - (out.len() - start)));
            out.extend_from_slice(now);
            line = later;
        }
        // A block at a time: it is still in the cache, and long runs are what the checksum is quick at.
        adler.write(&out[start..]);
        if left == 0 {
            break;
        }
    }
    out.extend(adler.finish().to_be_bytes());
}
