//! Binary tables (FITS Standard 4.0, chapter 7.3), as far as compressed images need them.

use std::ops::Range;

use projectile_core::{Error, Result};

use super::units::Unit;
use crate::sizes::to_usize;

/// A column of a table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Column {
    /// The byte of a row where it begins.
    at: u64,
    /// What it holds, as `TFORM` says: `D`, `J`, or `P` and `Q` for arrays in the heap.
    kind: u8,
    /// Bytes of an element of an array in the heap.
    item: u64,
}

/// Where rows and their arrays are.
#[derive(Clone, Debug)]
pub(super) struct Table {
    start: u64,
    length: u64,
    pub(super) row: u64,
    pub(super) rows: u64,
    heap: u64,
    columns: Vec<(String, Column)>,
}

fn corrupt(what: impl std::fmt::Display) -> Error {
    Error::corrupt(format!("its table has no valid {what}"))
}

impl Table {
    pub(super) fn of(unit: &Unit) -> Result<Self> {
        let header = &unit.header;
        let sizes = header.sizes("NAXIS")?;
        let &[row, rows] = &sizes[..] else {
            return Err(corrupt("NAXIS"));
        };
        let count = header
            .integer("TFIELDS")
            .filter(|count| (0..=999).contains(count));
        let mut columns = Vec::new();
        let mut at = 0u64;
        for number in 1..=count.ok_or_else(|| corrupt("TFIELDS"))? {
            let form = header
                .text(&format!("TFORM{number}"))
                .ok_or_else(|| corrupt(format!("TFORM{number}")))?;
            let (column, size) = column(form, at).ok_or_else(|| corrupt(format!("TFORM{number}")))?;
            let name = header.text(&format!("TTYPE{number}")).unwrap_or_default();
            columns.push((name.to_ascii_uppercase(), column));
            at = at
                .checked_add(size)
                .filter(|&end| end <= row)
                .ok_or_else(|| corrupt("NAXIS1"))?;
        }
        // Unit lengths were checked, so that this is no overflow.
        let heap = match header.integer("THEAP") {
            Some(heap) => u64::try_from(heap).map_err(|_| corrupt("THEAP"))?,
            None => row.saturating_mul(rows),
        };
        Ok(Self {
            start: unit.start,
            length: unit.length,
            row,
            rows,
            heap,
            columns,
        })
    }

    pub(super) fn column(&self, name: &str) -> Option<Column> {
        self.columns
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, column)| *column)
    }

    /// The bytes of a row.
    pub(super) fn row(&self, number: u64) -> Result<Range<u64>> {
        let place = || {
            let at = self.start.checked_add(number.checked_mul(self.row)?)?;
            Some(at..at.checked_add(self.row)?)
        };
        place()
            .filter(|_| number < self.rows)
            .ok_or_else(|| corrupt("row of this number"))
    }

    /// The bytes of the array that a row's column points to; `None` where it is empty.
    pub(super) fn array(&self, row: &[u8], column: Column) -> Result<Option<Range<u64>>> {
        let pointer = row.get(to_usize(column.at)..).unwrap_or_default();
        let (count, offset) = match column.kind {
            b'P' => match pointer.as_chunks().0 {
                &[count, offset, ..] => (
                    u64::from(u32::from_be_bytes(count)),
                    u64::from(u32::from_be_bytes(offset)),
                ),
                _ => return Err(corrupt("row")),
            },
            b'Q' => match pointer.as_chunks().0 {
                &[count, offset, ..] => (u64::from_be_bytes(count), u64::from_be_bytes(offset)),
                _ => return Err(corrupt("row")),
            },
            _ => return Err(corrupt("column of compressed data")),
        };
        if count == 0 {
            return Ok(None);
        }
        let range = || {
            let start = self.heap.checked_add(offset)?;
            let end = start.checked_add(count.checked_mul(column.item)?)?;
            let range = self.start.checked_add(start)?..self.start.checked_add(end)?;
            (end <= self.length).then_some(range)
        };
        range()
            .map(Some)
            .ok_or_else(|| Error::corrupt("a compressed tile lies outside of its table"))
    }

    /// The number in a row's column.
    pub(super) fn number(row: &[u8], column: Column) -> Option<f64> {
        let rest = row.get(to_usize(column.at)..)?;
        Some(match column.kind {
            b'D' => f64::from_be_bytes(*rest.first_chunk()?),
            b'E' => f64::from(f32::from_be_bytes(*rest.first_chunk()?)),
            b'J' => f64::from(i32::from_be_bytes(*rest.first_chunk()?)),
            b'I' => f64::from(i16::from_be_bytes(*rest.first_chunk()?)),
            _ => return None,
        })
    }
}

/// The column of a `TFORM`, and the bytes of a row that it takes.
fn column(form: &str, at: u64) -> Option<(Column, u64)> {
    let digits = form.bytes().take_while(u8::is_ascii_digit).count();
    let (count, kinds) = form.split_at_checked(digits)?;
    let count: u64 = if digits == 0 { 1 } else { count.parse().ok()? };
    let mut kinds = kinds.bytes();
    let kind = kinds.next()?;
    let size = |kind: u8| {
        Some(match kind {
            b'L' | b'B' | b'A' => 1,
            b'I' => 2,
            b'J' | b'E' => 4,
            b'K' | b'D' | b'C' | b'P' => 8,
            b'M' | b'Q' => 16,
            _ => return None,
        })
    };
    let item = match kind {
        b'P' | b'Q' => size(kinds.next()?)?,
        _ => 1,
    };
    let bytes = if kind == b'X' {
        count.div_ceil(8)
    } else {
        count.checked_mul(size(kind)?)?
    };
    Some((Column { at, kind, item }, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read() {
        let of = |form| column(form, 8);
        assert_eq!(
            of("1PB(2880)").map(|(column, size)| (column.kind, column.item, size)),
            Some((b'P', 1, 8))
        );
        assert_eq!(
            of("QJ").map(|(column, size)| (column.kind, column.item, size)),
            Some((b'Q', 4, 16))
        );
        assert_eq!(of("1D").map(|(_, size)| size), Some(8));
        assert_eq!(of("9X").map(|(_, size)| size), Some(2));
        assert_eq!(of("3"), None);
        assert_eq!(of("18446744073709551615D"), None);
    }
}
