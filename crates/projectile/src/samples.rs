//! The images that need no file of the user's.

use std::path::Path;

use projectile::Result;
use projectile_formats::NamedSource;

/// Gives a sample's sources.
pub(crate) type Sample = fn() -> Result<Vec<NamedSource>>;

/// The sample of that name; a path such as `./demo` names none.
pub(crate) fn named(input: &Path) -> Option<Sample> {
    match input.to_str()? {
        "demo" => Some(|| Ok(projectile_formats::demo())),
        _ => None,
    }
}
