//! Which planes of an image's extra axes an address chooses: `t=3` one, `z=max` or `z=3:10:max` a projection of several.

use projectile_core::{Axes, Axis, Error, Projection, Result};

use crate::address::{Address, shown, whole};

/// What is chosen along extra axes.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Planes {
    /// Index along an axis, but for the first.
    pub(crate) indices: Vec<(String, u64)>,
    /// Axes whose planes are made one.
    pub(crate) projections: Vec<(String, Projection)>,
}

impl Planes {
    /// What the parameters of an address choose, each thing said in one way.
    ///
    /// # Errors
    /// [`BadRequest`](projectile_core::ErrorKind::BadRequest) for what is neither an index nor a projection.
    pub(crate) fn of(axes: &Axes, address: &Address<'_>) -> Result<Self> {
        let mut planes = Self::default();
        for axis in axes.extra() {
            let Some(text) = address.parameter(&axis.name) else {
                continue;
            };
            if text.ends_with(|last: char| last.is_ascii_alphabetic()) {
                planes
                    .projections
                    .push((axis.name.clone(), projection(axis, text)?));
                continue;
            }
            let index = whole(&axis.name, text)?;
            if index >= axis.size {
                let last = axis.size.saturating_sub(1);
                return Err(bad(
                    axis,
                    format!("{} = {index} is outside 0 to {last}", axis.name),
                ));
            }
            if index > 0 {
                planes.indices.push((axis.name.clone(), index));
            }
        }
        Ok(planes)
    }
}

/// `max`, or `3:10:max`.
fn projection(axis: &Axis, text: &str) -> Result<Projection> {
    let name = &axis.name;
    let (planes, kind) = match text.rsplit_once(':') {
        None => (0..axis.size, text),
        Some((range, kind)) => {
            let wrong = || {
                bad(
                    axis,
                    format!(
                        "{name} = {:?} is no projection: as in 3:10:max, of planes 3 to 9",
                        shown(text)
                    ),
                )
            };
            let (start, stop) = range.split_once(':').ok_or_else(wrong)?;
            (whole(name, start)?..whole(name, stop)?, kind)
        }
    };
    if planes.start >= planes.end || planes.end > axis.size {
        return Err(bad(
            axis,
            format!(
                "{name} = {:?} chooses no planes: the axis has {}",
                shown(text),
                axis.size
            ),
        ));
    }
    Ok(Projection {
        kind: Projection::kind_named(name, &shown(kind))?,
        planes,
    })
}

fn bad(axis: &Axis, why: String) -> Error {
    Error::bad_request(axis.name.clone(), why)
}

#[cfg(test)]
mod tests {
    use projectile_core::ErrorKind;
    use proptest::prelude::*;

    use super::*;

    fn chosen(query: &str) -> Result<Planes> {
        let axes = Axes::named("tzyx", &[5, 20, 8, 8]).unwrap();
        let uri = format!("/?{query}").parse().unwrap();
        Planes::of(&axes, &Address::parse(&uri).unwrap())
    }

    #[test]
    fn an_axis_has_an_index_or_a_projection() {
        let planes = chosen("t=3&z=max").unwrap();
        assert_eq!(planes.indices, [("t".to_owned(), 3)]);
        assert_eq!(planes.projections[0].1.planes, 0..20);
        assert_eq!(chosen("z=3:10:mean").unwrap().projections[0].1.planes, 3..10);
        for (one, same) in [
            ("z=0:20:max", "z=max"),
            ("z=average", "z=mean"),
            ("z=0", ""),
            ("x=max", ""),
        ] {
            assert_eq!(chosen(one), chosen(same), "{one}");
        }
    }

    #[test]
    fn anything_else_is_refused_and_named() {
        for bad in [
            "z=mode",
            "z=nearest",
            "z=MAX",
            "z=maximum",
            "z=max:3:10",
            "z=3:max",
            "z=:max",
            "z=3:10:",
            "z=3:3:max",
            "z=10:3:max",
            "z=3:21:max",
            "z=-1:3:max",
            "z=03:5:max",
            "z=1:2:3:max",
            "z=20",
            "z=1.5",
            "z=",
            "z=3:18446744073709551616:max",
        ] {
            let error = chosen(bad).unwrap_err();
            assert_eq!(
                (error.kind(), error.parameter()),
                (ErrorKind::BadRequest, Some("z")),
                "{bad}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_is_asked_never_panics(text in "[0-9:a-z]{0,12}") {
            if let Ok(planes) = chosen(&format!("z={text}")) {
                for (_, projection) in planes.projections {
                    prop_assert!(projection.planes.start < projection.planes.end && projection.planes.end <= 20);
                }
            }
        }
    }
}
