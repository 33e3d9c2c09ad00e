//! matplotlib's own maps, from tables that `tools/colormaps.py` writes.

use super::Colormap;

const INDEX: &str = include_str!("matplotlib.txt");
const TABLES: &[u8] = include_bytes!("matplotlib.bin");

/// The maps, in the index's order.
pub(super) fn maps() -> Vec<Colormap> {
    let mut rest = TABLES.as_chunks::<3>().0;
    INDEX
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ');
            let (name, category, entries) = (words.next()?, words.next()?, words.next()?.parse().ok()?);
            let (table, after) = rest.split_at_checked(entries)?;
            rest = after;
            Some(Colormap {
                name,
                category,
                table: table.to_vec(),
            })
        })
        .collect()
}
