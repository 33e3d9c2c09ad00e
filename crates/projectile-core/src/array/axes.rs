//! Named axes: which dimension of an array is what.

use crate::error::{Error, Result};

/// One dimension of an array: its name and how many elements it has.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Axis {
    /// `y` and `x` are the picture's rows and columns, `c` its channels; anything else is an extra axis.
    pub name: String,
    /// Elements along it.
    pub size: u64,
}

/// The axes of an array, in storage order: one `y`, one `x`, at most one `c`, and extra axes such as `t` and `z`.
///
/// ```
/// # use projectile_core::{Axes, DType};
/// assert_eq!(Axes::guess(&[512, 640, 3])?.to_string(), "yxc");
/// assert_eq!(Axes::guess(&[5, 512, 640])?.to_string(), "cyx");
/// assert_eq!(Axes::named("tyx", &[5, 512, 640])?.extra().count(), 1);
/// # Ok::<(), projectile_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Axes(Vec<Axis>);

impl Axes {
    /// Names the dimensions of an array of 2 to 5 dimensions by this rule: a last dimension of 1 to 4 after two
    /// others holds channels (`yxc`); what remains ends with `y x`, led by `c` (unless the channels came last), `z`
    /// and `t`, so `cyx`, `czyx`, `tczyx` or `yxc`, `zyxc`, `tzyxc`.
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported) for other numbers of dimensions and for arrays with no pixel.
    pub fn guess(shape: &[u64]) -> Result<Self> {
        let names = match (shape.len(), shape.last()) {
            (0 | 1, _) => {
                return Err(Error::unsupported(format!(
                    "an array of {} dimension{} is no picture: it needs at least rows and columns (y, x)",
                    shape.len(),
                    if shape.len() == 1 { "" } else { "s" },
                )));
            }
            (2, _) => "yx",
            (3, Some(1..=4)) => "yxc",
            (3, _) => "cyx",
            (4, Some(1..=4)) => "zyxc",
            (4, _) => "czyx",
            (5, Some(1..=4)) => "tzyxc",
            (5, _) => "tczyx",
            (n, _) => {
                return Err(Error::unsupported(format!(
                    "an array of {n} dimensions: at most 5 are named by themselves; name them with --axes"
                )));
            }
        };
        Self::named(names, shape)
    }

    /// Axes with one letter each, as `--axes tczyx` gives them.
    ///
    /// # Errors
    /// [`BadRequest`](crate::ErrorKind::BadRequest) when the letters do not fit the shape, repeat, or lack `y` or
    /// `x`; [`Unsupported`](crate::ErrorKind::Unsupported) when a dimension has no elements.
    pub fn named(letters: &str, shape: &[u64]) -> Result<Self> {
        if let Some(letter) = letters.chars().find(|letter| !letter.is_ascii_lowercase()) {
            return Err(Error::bad_request(
                "axes",
                format!("axes are lowercase letters such as tczyx: {letter:?} is none"),
            ));
        }
        let names: Vec<String> = letters.chars().map(String::from).collect();
        Self::with_names(&names, shape)
    }

    /// Axes with a name each, in storage order: letters, digits and underscores, a letter first.
    ///
    /// ```
    /// # use projectile_core::Axes;
    /// let axes = Axes::with_names(&["month", "y", "x"], &[12, 180, 360])?;
    /// assert_eq!(axes.extra().next().unwrap().name, "month");
    /// # Ok::<(), projectile_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`BadRequest`](crate::ErrorKind::BadRequest) when the names do not fit the shape, repeat, or lack `y` or `x`;
    /// [`Unsupported`](crate::ErrorKind::Unsupported) when a dimension has no elements.
    pub fn with_names(names: &[impl AsRef<str>], shape: &[u64]) -> Result<Self> {
        let bad = |why: String| Err(Error::bad_request("axes", why));
        let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
        let all = || {
            names.join(if names.iter().all(|name| name.len() == 1) {
                ""
            } else {
                ", "
            })
        };
        if names.len() != shape.len() {
            return bad(format!(
                "axes {:?} name {} dimensions, the array has {}: {shape:?}",
                all(),
                names.len(),
                shape.len(),
            ));
        }
        let is_name = |name: &str| {
            name.starts_with(|first: char| first.is_ascii_alphabetic())
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        if let Some(name) = names.iter().find(|name| !is_name(name)) {
            return bad(format!(
                "{name:?} is no name of an axis: letters, digits and underscores"
            ));
        }
        if let Some((_, name)) = names
            .iter()
            .enumerate()
            .find(|(at, name)| names[..*at].contains(name))
        {
            return bad(format!("axes {:?} name {name:?} twice", all()));
        }
        if let Some(missing) = ["y", "x"].iter().find(|&needed| !names.contains(needed)) {
            return bad(format!(
                "axes {:?} lack {missing:?}: a picture needs both y and x",
                all()
            ));
        }
        let axes: Vec<Axis> = names
            .iter()
            .zip(shape)
            .map(|(&name, &size)| Axis {
                name: name.to_owned(),
                size,
            })
            .collect();
        if let Some(empty) = axes.iter().find(|axis| axis.size == 0) {
            return Err(Error::unsupported(format!(
                "the array has no pixels: its axis {} has no elements (shape {shape:?})",
                empty.name
            )));
        }
        Ok(Self(axes))
    }

    /// The axes, in storage order.
    pub fn iter(&self) -> impl Iterator<Item = &Axis> {
        self.0.iter()
    }

    /// The size of each axis, in storage order.
    pub fn shape(&self) -> Vec<u64> {
        self.0.iter().map(|axis| axis.size).collect()
    }

    /// Where the axis `name` stands in storage order.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|axis| axis.name == name)
    }

    fn size(&self, name: &str) -> Option<u64> {
        self.0.iter().find(|axis| axis.name == name).map(|axis| axis.size)
    }

    /// Rows of the picture.
    pub fn height(&self) -> u64 {
        self.size("y").unwrap_or(1)
    }

    /// Columns of the picture.
    pub fn width(&self) -> u64 {
        self.size("x").unwrap_or(1)
    }

    /// Channels of the picture; 1 without a `c` axis.
    pub fn channels(&self) -> u64 {
        self.size("c").unwrap_or(1)
    }

    /// Whether the channels are the fastest axis, as in `(height, width, channels)`.
    pub fn channels_last(&self) -> bool {
        self.0.last().is_some_and(|axis| axis.name == "c")
    }

    /// The axes that are none of `c`, `y`, `x`, in storage order.
    pub fn extra(&self) -> impl Iterator<Item = &Axis> {
        self.0
            .iter()
            .filter(|axis| !matches!(axis.name.as_str(), "c" | "y" | "x"))
    }

    /// The extra axis of that name, and where it stands among [`extra`](Self::extra).
    ///
    /// # Errors
    /// [`BadRequest`](crate::ErrorKind::BadRequest), naming those there are.
    pub fn extra_axis(&self, name: &str) -> Result<(usize, &Axis)> {
        let found = self.extra().enumerate().find(|(_, axis)| axis.name == name);
        found.ok_or_else(|| {
            let known: Vec<_> = self.extra().map(|axis| axis.name.as_str()).collect();
            let known = if known.is_empty() {
                "none beyond y, x and c".to_owned()
            } else {
                known.join(", ")
            };
            Error::bad_request(
                name.to_owned(),
                format!("the image has no axis {name:?}: it has {known}"),
            )
        })
    }
}

impl std::fmt::Display for Axes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|axis| f.write_str(&axis.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn the_rule_names_every_number_of_dimensions() {
        for (shape, names) in [
            (vec![7, 9], "yx"),
            (vec![7, 3], "yx"),
            (vec![7, 9, 1], "yxc"),
            (vec![7, 9, 4], "yxc"),
            (vec![7, 9, 5], "cyx"),
            (vec![3, 4, 4], "yxc"),
            (vec![2, 6, 7, 9], "czyx"),
            (vec![6, 7, 9, 3], "zyxc"),
            (vec![8, 2, 6, 7, 9], "tczyx"),
            (vec![8, 6, 7, 9, 3], "tzyxc"),
        ] {
            assert_eq!(Axes::guess(&shape).unwrap().to_string(), names, "{shape:?}");
        }
    }

    #[test]
    fn meaningless_shapes_are_refused_with_a_reason() {
        for shape in [vec![], vec![5], vec![1; 6], vec![0, 5], vec![5, 0, 3]] {
            assert_eq!(
                Axes::guess(&shape).unwrap_err().kind(),
                ErrorKind::Unsupported,
                "{shape:?}"
            );
        }
        for letters in ["yx", "ytt", "ctx", "YXC", "yyx"] {
            assert_eq!(
                Axes::named(letters, &[4, 5, 6]).unwrap_err().parameter(),
                Some("axes"),
                "{letters}"
            );
        }
    }
}
