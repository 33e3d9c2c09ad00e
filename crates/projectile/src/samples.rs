//! The images that need no file of the user's.

use std::path::Path;
use std::sync::Arc;

use projectile::{ArraySource, Axes, Result, Samples};
use projectile_formats::NamedSource;

/// Gives a sample's sources.
pub(crate) type Sample = fn() -> Result<Vec<NamedSource>>;

/// The sample of that name; a path such as `./demo` names none.
pub(crate) fn named(input: &Path) -> Option<Sample> {
    // SEAM: `sanfran` and `pentagon`, and the demonstration images of the formats crate, come here.
    match input.to_str()? {
        "demo" => Some(demo),
        _ => None,
    }
}

fn demo() -> Result<Vec<NamedSource>> {
    const SIDE: u64 = 2048;
    let waves: Vec<f32> = (0..SIDE * SIDE)
        .map(|at| {
            let (y, x) = ((at / SIDE) as f32, (at % SIDE) as f32);
            (x / 40.0).sin() * (y / 60.0).cos() + (x * y / 250_000.0).sin()
        })
        .collect();
    let source = ArraySource::new(Samples::Float32(waves.into()), Axes::guess(&[SIDE, SIDE])?)?;
    Ok(vec![NamedSource {
        name: "waves".to_owned(),
        source: Arc::new(source),
    }])
}
