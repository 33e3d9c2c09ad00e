//! Parts of an image that are no rectangles: which pixels are inside.

use std::ops::Range;

use crate::error::{Error, Result};
use crate::source::Region;

/// The most corners that a polygon has.
pub const MOST_CORNERS: usize = 4096;

/// A part of an image, in full-resolution pixels: the top left corner of the image is (0, 0), pixel (x, y) is the
/// square from there to (x + 1, y + 1), and it is inside where its middle is.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A rectangle of whole pixels.
    Box(Region),
    /// The corners `(x, y)` of rings, each of which closes by itself. What is inside an even number of times is outside:
    /// holes, and where a ring crosses itself.
    Rings(Vec<Vec<(f64, f64)>>),
}

impl Shape {
    /// A polygon of one ring.
    ///
    /// # Errors
    /// As [`rings`](Self::rings).
    pub fn polygon(corners: Vec<(f64, f64)>) -> Result<Self> {
        Self::rings(vec![corners])
    }

    /// Polygons, and the holes in them.
    ///
    /// # Errors
    /// [`BadRequest`](crate::ErrorKind::BadRequest) for no ring, one of fewer than three corners, too many corners, or
    /// one that is no number.
    pub fn rings(rings: Vec<Vec<(f64, f64)>>) -> Result<Self> {
        let corners: usize = rings.iter().map(Vec::len).sum();
        if rings.is_empty() || rings.iter().any(|ring| ring.len() < 3) || corners > MOST_CORNERS {
            return Err(Error::bad_request(
                "polygon",
                format!("a polygon has from 3 to {MOST_CORNERS} corners, not {corners}"),
            ));
        }
        if rings
            .iter()
            .flatten()
            .any(|(x, y)| !x.is_finite() || !y.is_finite())
        {
            return Err(Error::bad_request(
                "polygon",
                "a corner of the polygon is no finite number",
            ));
        }
        Ok(Self::Rings(rings))
    }

    /// The smallest rectangle of an image of `height × width` that holds all that is inside; `None` for nothing.
    pub fn bounds(&self, height: u64, width: u64) -> Option<Region> {
        let clip = |from: f64, to: f64, size: u64| {
            let from = from.clamp(0.0, size as f64).floor() as u64;
            let to = (to.clamp(0.0, size as f64).ceil() as u64).min(size);
            (from < to).then_some(from..to)
        };
        let (ys, xs) = match self {
            Self::Box(region) => {
                let part = |from: u64, length: u64, size: u64| {
                    let to = from.saturating_add(length).min(size);
                    (from < to).then_some(from..to)
                };
                (
                    part(region.y, region.height, height)?,
                    part(region.x, region.width, width)?,
                )
            }
            Self::Rings(rings) => {
                let ends = |along: fn(&(f64, f64)) -> f64| {
                    let of = rings.iter().flatten().map(along);
                    of.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), at| {
                        (low.min(at), high.max(at))
                    })
                };
                let ((left, right), (top, bottom)) = (ends(|corner| corner.0), ends(|corner| corner.1));
                (clip(top, bottom, height)?, clip(left, right, width)?)
            }
        };
        Some(Region {
            y: ys.start,
            x: xs.start,
            height: ys.end - ys.start,
            width: xs.end - xs.start,
        })
    }

    /// The pixels of row `y` that are inside, among columns `within`, from left to right.
    pub fn row(&self, y: u64, within: Range<u64>) -> Vec<Range<u64>> {
        let clip = |from: u64, to: u64| {
            let part = from.max(within.start)..to.min(within.end);
            (part.start < part.end).then_some(part)
        };
        match self {
            Self::Box(region) => {
                let is_inside = (region.y..region.y.saturating_add(region.height)).contains(&y);
                let part = is_inside.then(|| clip(region.x, region.x.saturating_add(region.width)));
                part.flatten().into_iter().collect()
            }
            Self::Rings(rings) => {
                let middle = y as f64 + 0.5;
                let edges = rings
                    .iter()
                    .flat_map(|corners| corners.iter().zip(corners.iter().cycle().skip(1)));
                let mut crossings: Vec<f64> = edges
                    // A corner on the line belongs to one of its two edges.
                    .filter(|((_, from), (_, to))| (*from <= middle) != (*to <= middle))
                    .map(|((x0, y0), (x1, y1))| x0 + (middle - y0) / (y1 - y0) * (x1 - x0))
                    .collect();
                crossings.sort_unstable_by(f64::total_cmp);
                // The first pixel whose middle is at or beyond a crossing.
                let first = |crossing: f64| (crossing - 0.5).ceil().max(0.0) as u64;
                crossings
                    .chunks_exact(2)
                    .filter_map(|pair| clip(first(pair[0]), first(pair[1])))
                    .collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Whether a point is inside, by counting edges to its right.
    fn holds(corners: &[(f64, f64)], x: f64, y: f64) -> bool {
        let mut inside = false;
        for (i, &(x0, y0)) in corners.iter().enumerate() {
            let (x1, y1) = corners[(i + 1) % corners.len()];
            if (y0 <= y) != (y1 <= y) && x < x0 + (y - y0) / (y1 - y0) * (x1 - x0) {
                inside = !inside;
            }
        }
        inside
    }

    proptest! {
        #[test]
        fn rows_hold_the_pixels_whose_middle_is_inside(
            corners in proptest::collection::vec((-5.0f64..35.0, -5.0f64..25.0), 3..9)
        ) {
            let shape = Shape::polygon(corners.clone()).unwrap();
            let bounds = shape.bounds(20, 30);
            for y in 0..20u64 {
                let found: Vec<u64> = shape.row(y, 0..30).into_iter().flatten().collect();
                let expected: Vec<u64> =
                    (0..30).filter(|&x| holds(&corners, x as f64 + 0.5, y as f64 + 0.5)).collect();
                prop_assert_eq!(&found, &expected, "row {}", y);
                for x in found {
                    let bounds = bounds.unwrap();
                    prop_assert!((bounds.y..bounds.y + bounds.height).contains(&y));
                    prop_assert!((bounds.x..bounds.x + bounds.width).contains(&x));
                }
            }
        }
    }

    #[test]
    fn a_box_is_its_pixels_inside_of_the_image() {
        let shape = Shape::Box(Region {
            y: 3,
            x: 4,
            height: u64::MAX,
            width: 2,
        });
        assert_eq!(
            shape.bounds(10, 5),
            Some(Region {
                y: 3,
                x: 4,
                height: 7,
                width: 1
            })
        );
        assert_eq!(
            shape.row(3, 0..5).into_iter().flatten().collect::<Vec<u64>>(),
            [4]
        );
        assert!(shape.row(2, 0..5).is_empty());
        assert_eq!(shape.bounds(3, 5), None);
    }

    #[test]
    fn what_is_no_polygon_is_refused() {
        for corners in [
            vec![],
            vec![(0.0, 0.0); 2],
            vec![(f64::NAN, 0.0); 3],
            vec![(0.0, 0.0); MOST_CORNERS + 1],
        ] {
            assert_eq!(Shape::polygon(corners).unwrap_err().parameter(), Some("polygon"));
        }
    }
}
