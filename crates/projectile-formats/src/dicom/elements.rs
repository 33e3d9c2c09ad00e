//! Elements as numbers and texts.

use super::syntax::Compression;
use super::tags::Tag;
use super::walk::Elements;

impl Elements {
    /// Whether all after the first group is compressed.
    pub(crate) fn is_deflated(&self) -> bool {
        self.syntax.is_deflated
    }

    /// Whether the pixels, or all of the file, are compressed.
    pub(crate) fn is_compressed(&self) -> bool {
        self.syntax.is_deflated || self.syntax.compression != Compression::None
    }

    /// A word: `US`, `SS` as it is stored, or the lower one of `UL`.
    pub(super) fn word(&self, tag: Tag) -> Option<u16> {
        let value = self.values.get(&tag)?;
        let bytes = [*value.first()?, *value.get(1)?];
        Some(if self.syntax.big_endian {
            u16::from_be_bytes(bytes)
        } else {
            u16::from_le_bytes(bytes)
        })
    }

    /// Words.
    pub(super) fn words(&self, tag: Tag) -> Option<Vec<u16>> {
        let value = self.values.get(&tag)?;
        let word = |&bytes: &[u8; 2]| {
            if self.syntax.big_endian {
                u16::from_be_bytes(bytes)
            } else {
                u16::from_le_bytes(bytes)
            }
        };
        Some(value.as_chunks().0.iter().map(word).collect())
    }

    /// The texts of an element, of which there may be several.
    pub(super) fn texts(&self, tag: Tag) -> Option<Vec<String>> {
        let value = String::from_utf8_lossy(self.values.get(&tag)?).into_owned();
        let texts = value
            .split('\\')
            .map(|text| text.trim_matches(['\0', ' ']).to_owned());
        Some(texts.collect())
    }

    /// The first text, where it is not empty.
    pub(super) fn text(&self, tag: Tag) -> Option<String> {
        self.texts(tag)?
            .into_iter()
            .next()
            .filter(|text| !text.is_empty())
    }

    /// Numbers that are written as texts.
    pub(super) fn numbers(&self, tag: Tag) -> Option<Vec<f64>> {
        self.texts(tag)?
            .iter()
            .map(|text| text.parse().ok().filter(|number: &f64| number.is_finite()))
            .collect()
    }

    /// The first number that is written as text.
    pub(super) fn number(&self, tag: Tag) -> Option<f64> {
        self.numbers(tag)?.first().copied()
    }
}
