//! Colormaps, by name. One file a family.
//!
//! To add a family: write `name.rs` here with a function that makes its maps, and add a line to [`FAMILIES`].

mod matplotlib;

use std::hash::{Hash, Hasher};
use std::sync::LazyLock;

use crate::error::{Error, Result};

/// Every family of maps.
pub static FAMILIES: &[fn() -> Vec<Colormap>] = &[matplotlib::maps];

/// Every map, in the order in which menus show them.
pub static COLORMAPS: LazyLock<Vec<Colormap>> =
    LazyLock::new(|| FAMILIES.iter().flat_map(|family| family()).collect());

/// A table of colours. Values below its window take the first colour, values above the last, bad ones none.
#[derive(Clone, Debug)]
pub struct Colormap {
    /// matplotlib's name, e.g. `viridis`.
    pub name: &'static str,
    /// `sequential`, `diverging`, `cyclic`, `qualitative` or `miscellaneous`.
    pub category: &'static str,
    /// Red, green, blue of each entry: 256 of them for most maps.
    pub table: Vec<[u8; 3]>,
}

impl PartialEq for Colormap {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Colormap {}

impl Hash for Colormap {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

/// The map of that name.
///
/// # Errors
/// [`BadRequest`](crate::ErrorKind::BadRequest), with the nearest names there are.
///
/// ```
/// assert_eq!(projectile_core::colormap("viridis")?.table[0], [68, 1, 84]);
/// assert!(projectile_core::colormap("viridi").unwrap_err().message().contains("viridis"));
/// # Ok::<(), projectile_core::Error>(())
/// ```
pub fn colormap(name: &str) -> Result<&'static Colormap> {
    COLORMAPS.iter().find(|map| map.name == name).ok_or_else(|| {
        let start: String = name.chars().take(3).flat_map(char::to_lowercase).collect();
        let near: Vec<_> = COLORMAPS
            .iter()
            .map(|map| map.name)
            .filter(|n| n.to_lowercase().starts_with(&start))
            .take(4)
            .collect();
        let hint = if near.is_empty() {
            "viridis, gray, magma, RdBu, …".to_owned()
        } else {
            near.join(", ")
        };
        Error::bad_request(
            "colormap",
            format!("no colormap {name:?} in matplotlib's list: there is {hint}"),
        )
    })
}
