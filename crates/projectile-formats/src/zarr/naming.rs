//! Which dimension of an array is what, by the names that its writer gave them.

use projectile_core::{Axes, Result};

const ROWS: [&str; 7] = ["y", "lat", "latitude", "row", "rows", "north", "northing"];
const COLUMNS: [&str; 8] = [
    "x",
    "lon",
    "longitude",
    "column",
    "columns",
    "col",
    "east",
    "easting",
];
const CHANNELS: [&str; 7] = ["c", "channel", "channels", "band", "bands", "rgb", "rgba"];
/// Names that parameters of a tile's address have.
const TAKEN: [&str; 13] = [
    "colormap",
    "vmin",
    "vmax",
    "resampling",
    "c",
    "y",
    "x",
    "quality",
    "effort",
    "bits",
    "background",
    "v",
    "r",
];

/// A dimension as its writer tells of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) name: String,
    /// Whether it is said to hold channels.
    pub(super) is_channel: bool,
}

/// The axes of an array of `shape`: `letters` if given, else by `names`, else by the rule for arrays without names.
pub(super) fn axes(names: Option<&[Name]>, shape: &[u64], letters: Option<&str>) -> Result<Axes> {
    match (letters, names) {
        (Some(letters), _) => Axes::named(letters, shape),
        (None, Some(names)) if names.len() == shape.len() && names.len() >= 2 => {
            Axes::with_names(&roles(names), shape)
        }
        (None, _) => Axes::guess(shape),
    }
}

/// Names of axes: `y` and `x` are those with usual names for them, else the last two that hold no channels.
fn roles(names: &[Name]) -> Vec<String> {
    let mut roles: Vec<&str> = names.iter().map(role).collect();
    let count = |roles: &[&str], role: &str| roles.iter().filter(|known| **known == role).count();
    if count(&roles, "y") != 1 || count(&roles, "x") != 1 {
        for role in roles.iter_mut().filter(|role| **role != "c") {
            *role = "";
        }
        let are_enough = count(&roles, "") >= 2;
        let mut last = roles
            .iter_mut()
            .rev()
            .filter(|role| !are_enough || role.is_empty());
        if let (Some(x), Some(y)) = (last.next(), last.next()) {
            (*y, *x) = ("y", "x");
        }
    }
    if count(&roles, "c") > 1 {
        for role in roles.iter_mut().filter(|role| **role == "c") {
            *role = "";
        }
    }
    let mut found: Vec<String> = Vec::new();
    for (at, (name, role)) in names.iter().zip(roles).enumerate() {
        let mut axis = if role.is_empty() {
            plain(&name.name, at)
        } else {
            role.to_owned()
        };
        while found.contains(&axis) {
            axis.push('_');
        }
        found.push(axis);
    }
    found
}

fn role(name: &Name) -> &'static str {
    let lower = name.name.to_lowercase();
    if name.is_channel || CHANNELS.contains(&lower.as_str()) {
        "c"
    } else if ROWS.contains(&lower.as_str()) {
        "y"
    } else if COLUMNS.contains(&lower.as_str()) {
        "x"
    } else {
        ""
    }
}

/// A name of letters, digits and underscores that means nothing else.
fn plain(name: &str, at: usize) -> String {
    let lower = name.to_lowercase();
    if ["t", "z"].contains(&lower.as_str()) {
        return lower;
    }
    let plain: String = name
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter
            } else {
                '_'
            }
        })
        .collect();
    if plain.is_empty() {
        format!("axis_{at}")
    } else if TAKEN.contains(&plain.as_str()) || !plain.starts_with(|first: char| first.is_ascii_alphabetic())
    {
        format!("axis_{plain}")
    } else {
        plain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[&str]) -> Vec<String> {
        let names = names.iter().map(|name| Name {
            name: (*name).to_owned(),
            is_channel: false,
        });
        roles(&names.collect::<Vec<_>>())
    }

    #[test]
    fn usual_names_are_known_and_others_stay() {
        for (names, axes) in [
            (&["T", "C", "Z", "Y", "X"][..], &["t", "c", "z", "y", "x"][..]),
            (&["time", "lat", "lon"], &["time", "y", "x"]),
            (&["x", "y", "time"], &["x", "y", "time"]),
            (&["a", "b", "c"], &["y", "x", "c"]),
            (&["first", "second"], &["y", "x"]),
            (&["v", "2nd", "y", "x"], &["axis_v", "axis_2nd", "y", "x"]),
            (&["band", "channel", "y", "x"], &["band", "channel", "y", "x"]),
            (&["", "", "y", "x"], &["axis_0", "axis_1", "y", "x"]),
            (&["é", "è", "y", "x"], &["axis__", "axis___", "y", "x"]),
            (&["y", "y", "x"], &["y_", "y", "x"]),
            (&["channel", "band"], &["y", "x"]),
        ] {
            let found = named(names);
            if *names == ["y", "y", "x"] {
                assert_eq!(found[1..], ["y", "x"], "{found:?}");
                continue;
            }
            assert_eq!(found, axes, "{names:?}");
        }
    }
}
