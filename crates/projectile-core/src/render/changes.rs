//! Pixels that change while they are served: which tiles are of which revision.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use super::request::{Style, TileRequest};
use crate::array::Ranges;
use crate::geometry::Grid;
use crate::source::Region;

/// Changes that are told apart; the oldest are taken together beyond.
const KEPT: usize = 64;

/// Pixels that changed in place: a region of full-resolution pixels, at ranges of the extra axes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Full-resolution pixels.
    pub region: Region,
    /// Along which indexes of extra axes; an axis that is not named changed at all of them.
    pub indices: Ranges,
}

impl Change {
    /// Whether it touches the plane at `indices` (0 where an axis is not named).
    pub(super) fn touches_plane(&self, indices: &[(String, u64)]) -> bool {
        self.indices.iter().all(|(name, range)| {
            let index = indices
                .iter()
                .find(|(axis, _)| axis == name)
                .map_or(0, |(_, index)| *index);
            range.contains(&index)
        })
    }

    /// Whether it touches the planes that a style shows.
    fn touches_planes(&self, style: &Style) -> bool {
        let (projected, others): (Ranges, Ranges) = self
            .indices
            .iter()
            .cloned()
            .partition(|(name, _)| style.projections.iter().any(|(axis, _)| axis == name));
        let overlaps = projected.iter().all(|(name, range)| {
            let of_axis = style.projections.iter().filter(|(axis, _)| axis == name);
            of_axis
                .map(|(_, projection)| &projection.planes)
                .all(|planes| range.start < planes.end && planes.start < range.end)
        });
        let others = Self {
            region: self.region,
            indices: others,
        };
        overlaps && others.touches_plane(&style.indices)
    }

    /// The same change, of an image that lacks the axis `name`: its planes are made one.
    pub(super) fn along(&self, name: &str) -> Self {
        let indices = self.indices.iter().filter(|(axis, _)| axis != name);
        Self {
            region: self.region,
            indices: indices.cloned().collect(),
        }
    }

    fn touches(&self, region: Region, style: &Style) -> bool {
        let overlap = |a: u64, length: u64, b: u64, other: u64| {
            a < b.saturating_add(other) && b < a.saturating_add(length)
        };
        overlap(self.region.y, self.region.height, region.y, region.height)
            && overlap(self.region.x, self.region.width, region.x, region.width)
            && self.touches_planes(style)
    }

    /// What holds both.
    fn and(&self, other: &Self) -> Self {
        let join = |a: u64, length: u64, b: u64, more: u64| {
            let start = a.min(b);
            (
                start,
                a.saturating_add(length).max(b.saturating_add(more)) - start,
            )
        };
        let (y, height) = join(
            self.region.y,
            self.region.height,
            other.region.y,
            other.region.height,
        );
        let (x, width) = join(
            self.region.x,
            self.region.width,
            other.region.x,
            other.region.width,
        );
        let indices = self
            .indices
            .iter()
            .filter_map(|(name, range)| {
                let (_, more) = other.indices.iter().find(|(axis, _)| axis == name)?;
                Some((name.clone(), range.start.min(more.start)..range.end.max(more.end)))
            })
            .collect();
        Self {
            region: Region { y, x, height, width },
            indices,
        }
    }
}

/// The changes of one image, in order.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// The last revision; 0 is the image as it was first.
    last: AtomicU64,
    recent: RwLock<Vec<(u64, Change)>>,
}

impl Changes {
    pub(super) fn last(&self) -> u64 {
        self.last.load(Ordering::Acquire)
    }

    /// Records a change, which makes a new revision.
    pub(super) fn record(&self, change: Change) -> u64 {
        let mut recent = self.recent.write().unwrap_or_else(PoisonError::into_inner);
        let revision = self.last() + 1;
        recent.push((revision, change));
        if recent.len() > KEPT {
            let (_, oldest) = recent.remove(0);
            if let Some((_, next)) = recent.first_mut() {
                *next = next.and(&oldest);
            }
        }
        self.last.store(revision, Ordering::Release);
        revision
    }

    /// The last revision that touched what a request shows.
    pub(super) fn revision(&self, grid: Grid, request: &TileRequest) -> u64 {
        if self.last() == 0 {
            return 0;
        }
        let region = request.area.covers(grid);
        let recent = self.recent.read().unwrap_or_else(PoisonError::into_inner);
        recent
            .iter()
            .rev()
            .find(|(_, change)| change.touches(region, &request.style))
            .map_or(0, |(revision, _)| *revision)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::Encoding;
    use crate::render::request::{Area, Style};

    fn tile(z: u32, x: u64, y: u64, t: u64) -> TileRequest {
        TileRequest {
            area: Area::Tile { z, x, y, size: 256 },
            style: Style {
                indices: vec![("t".to_owned(), t)],
                ..Style::default()
            },
            encoding: Encoding::by_extension("png").unwrap(),
        }
    }

    fn change(y: u64, x: u64, side: u64, t: std::ops::Range<u64>) -> Change {
        Change {
            region: Region {
                y,
                x,
                height: side,
                width: side,
            },
            indices: vec![("t".to_owned(), t)],
        }
    }

    #[test]
    fn only_what_was_touched_has_a_new_revision() {
        let (changes, grid) = (Changes::default(), Grid::new(1024, 1024));
        let revision = |z, x, y, t| changes.revision(grid, &tile(z, x, y, t));
        assert_eq!(revision(2, 0, 0, 0), 0);
        assert_eq!(changes.record(change(300, 10, 5, 2..4)), 1);
        assert_eq!(changes.record(change(700, 700, 1, 0..1)), 2);
        // At zoom 2 a tile covers 256 × 256 pixels.
        assert_eq!(revision(2, 0, 1, 2), 1);
        assert_eq!(revision(2, 0, 1, 4), 0);
        assert_eq!(revision(2, 0, 0, 2), 0);
        assert_eq!(revision(2, 2, 2, 0), 2);
        assert_eq!((revision(0, 0, 0, 0), revision(0, 0, 0, 3)), (2, 1));
        assert_eq!(changes.last(), 2);
    }

    #[test]
    fn many_changes_are_taken_together_and_none_is_forgotten() {
        let (changes, grid) = (Changes::default(), Grid::new(1 << 20, 1 << 20));
        for i in 0..1000 {
            changes.record(change(i * 1000, i * 1000, 10, 0..1));
        }
        assert!(changes.recent.read().unwrap().len() <= KEPT);
        for i in 0..1000u64 {
            let at = (i * 1000) >> 8;
            let revision = changes.revision(grid, &tile(12, at, at, 0));
            assert!(revision > i, "change {i} is of revision {revision}");
        }
        assert_eq!(
            changes.revision(grid, &tile(12, 4095, 0, 0)),
            0,
            "far from every change"
        );
        assert_eq!(changes.revision(grid, &tile(12, 0, 0, 1)), 0, "another plane");
    }

    #[test]
    fn a_projection_is_touched_by_a_change_of_any_of_its_planes() {
        let (changes, grid) = (Changes::default(), Grid::new(256, 256));
        let of = |planes| {
            let mut request = tile(0, 0, 0, 0);
            request.style.indices.clear();
            let kind = crate::resample::Resampling::MAX;
            request.style.projections =
                vec![("t".to_owned(), crate::projection::Projection { kind, planes })];
            request
        };
        changes.record(change(0, 0, 5, 4..6));
        assert_eq!(changes.revision(grid, &of(0..9)), 1);
        assert_eq!(changes.revision(grid, &of(5..9)), 1);
        assert_eq!(changes.revision(grid, &of(0..4)), 0);
        assert_eq!(changes.revision(grid, &of(6..9)), 0);
    }
}
