//! Which pieces there are: planes, levels, and how levels are cut.

use std::ops::Range;

use projectile_core::{Region, Resampling, Selection};

/// All that is to be written of an image.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The planes, each of which is streamed once.
    pub planes: Vec<Selection>,
    /// The levels of each, without a gap: the first is full resolution, and each halves the one before.
    pub levels: Vec<LevelPlan>,
    /// How pixels are reduced.
    pub resampling: Resampling,
    /// What a person should know of it.
    pub notes: Vec<String>,
}

/// How one level is cut into pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelPlan {
    /// Rows of the level.
    pub height: u64,
    /// Columns of the level.
    pub width: u64,
    /// Rows and columns of a piece, but for the last ones.
    pub piece: (u64, u64),
    /// Pixels by which pieces reach into their neighbours.
    pub overlap: u64,
}

/// One piece of a [`Plan`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Index into [`Plan::planes`].
    pub plane: usize,
    /// Index into [`Plan::levels`].
    pub level: usize,
    /// Row of pieces.
    pub row: u64,
    /// Column of pieces.
    pub column: u64,
}

impl LevelPlan {
    /// The levels of an image of `height × width` pixels, from full resolution to that reduced by `2^last`, in pieces of
    /// one size.
    pub(crate) fn all(height: u64, width: u64, last: u32, piece: (u64, u64), overlap: u64) -> Vec<Self> {
        let halved = |length: u64, level: u32| length.div_ceil(1u64.checked_shl(level).unwrap_or(u64::MAX));
        (0..=last)
            .map(|level| Self {
                height: halved(height, level),
                width: halved(width, level),
                piece,
                overlap,
            })
            .collect()
    }

    /// Rows of pieces.
    pub fn rows(&self) -> u64 {
        self.height.div_ceil(self.piece.0)
    }

    /// Columns of pieces.
    pub fn columns(&self) -> u64 {
        self.width.div_ceil(self.piece.1)
    }

    /// The rows of pixels that a row of pieces shows, and what it reaches into.
    pub(crate) fn span(&self, row: u64) -> Range<u64> {
        span(row, self.piece.0, self.overlap, self.height)
    }

    /// The pixels of a piece.
    pub fn region(&self, row: u64, column: u64) -> Region {
        let (rows, columns) = (
            self.span(row),
            span(column, self.piece.1, self.overlap, self.width),
        );
        Region {
            y: rows.start,
            x: columns.start,
            height: rows.end - rows.start,
            width: columns.end - columns.start,
        }
    }
}

fn span(at: u64, size: u64, overlap: u64, end: u64) -> Range<u64> {
    (at * size).saturating_sub(overlap)..((at + 1) * size + overlap).min(end)
}

impl Plan {
    fn pieces_of_plane(&self) -> u64 {
        self.levels
            .iter()
            .map(|level| level.rows() * level.columns())
            .sum()
    }

    /// How many pieces there are.
    pub fn count(&self) -> u64 {
        self.pieces_of_plane() * self.planes.len() as u64
    }

    /// A number for each piece, from 0 to [`count`](Self::count).
    pub fn key(&self, piece: &Piece) -> u64 {
        let before: u64 = self.levels[..piece.level]
            .iter()
            .map(|level| level.rows() * level.columns())
            .sum();
        let level = &self.levels[piece.level];
        piece.plane as u64 * self.pieces_of_plane() + before + piece.row * level.columns() + piece.column
    }

    /// The piece of that number.
    pub(crate) fn piece(&self, key: u64) -> Option<Piece> {
        let of_plane = self.pieces_of_plane();
        let plane = usize::try_from(key / of_plane)
            .ok()
            .filter(|&plane| plane < self.planes.len())?;
        let mut left = key % of_plane;
        for (level, cut) in self.levels.iter().enumerate() {
            let count = cut.rows() * cut.columns();
            if left < count {
                return Some(Piece {
                    plane,
                    level,
                    row: left / cut.columns(),
                    column: left % cut.columns(),
                });
            }
            left -= count;
        }
        None
    }

    /// Every piece of one level of one plane, row by row.
    pub fn pieces(&self, plane: usize, level: usize) -> impl Iterator<Item = Piece> + use<> {
        let (rows, columns) = (self.levels[level].rows(), self.levels[level].columns());
        (0..rows).flat_map(move |row| {
            (0..columns).map(move |column| Piece {
                plane,
                level,
                row,
                column,
            })
        })
    }

    /// Every piece.
    pub fn all(&self) -> impl Iterator<Item = Piece> {
        (0..self.planes.len())
            .flat_map(move |plane| (0..self.levels.len()).flat_map(move |level| self.pieces(plane, level)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_piece_has_a_number_of_its_own_and_covers_its_part() {
        let plan = Plan {
            planes: vec![Selection::default(); 2],
            levels: LevelPlan::all(700, 500, 3, (254, 254), 1),
            resampling: Resampling::AVERAGE,
            notes: Vec::new(),
        };
        let keys: Vec<u64> = plan.all().map(|piece| plan.key(&piece)).collect();
        assert_eq!(keys, (0..plan.count()).collect::<Vec<_>>());
        assert!(
            plan.all()
                .all(|piece| plan.piece(plan.key(&piece)) == Some(piece))
        );
        assert_eq!(plan.piece(plan.count()), None);
        let level = plan.levels[0];
        assert_eq!((level.rows(), level.columns()), (3, 2));
        let region = |y, x, height, width| Region { y, x, height, width };
        assert_eq!(level.region(0, 0), region(0, 0, 255, 255));
        assert_eq!(level.region(1, 1), region(253, 253, 256, 247));
        assert_eq!(level.region(2, 0), region(507, 0, 193, 255));
        assert_eq!((plan.levels[3].height, plan.levels[3].width), (88, 63));
    }
}
