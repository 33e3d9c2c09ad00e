//! A header: cards of 80 characters in blocks of 2880 bytes (FITS Standard 4.0, chapters 3 and 4).

use std::collections::HashMap;
use std::io::Read;

use projectile_core::{Error, Result, Sample};

use crate::flat::header_error;
use crate::sizes::to_u64;

/// Bytes of a block: headers and data are whole numbers of them.
pub(super) const BLOCK: u64 = to_u64(BLOCK_LENGTH);
const BLOCK_LENGTH: usize = 2880;
const CARD: usize = 80;
/// Blocks of a header beyond which it is none: 36,000 cards.
const MOST_BLOCKS: u64 = 1000;

/// The value of a card.
#[derive(Clone, Debug, PartialEq)]
pub enum Card {
    /// `T` or `F`.
    Logical(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Real(f64),
    /// A text, without the blanks at its end.
    Text(String),
}

/// The cards of a header that have a value, by keyword. Of equal keywords the first counts.
#[derive(Clone, Debug, Default)]
pub struct Header {
    cards: HashMap<String, Card>,
    /// Bytes that it takes, with what fills its last block.
    pub length: u64,
}

/// Reads the header at the start of `bytes`.
///
/// ```
/// let mut file = format!("{:80}{:80}{:80}{:80}", "SIMPLE  =                    T", "BITPIX  =                   16",
///     "NAXIS   =                    0", "END");
/// file.push_str(&" ".repeat(2880 - file.len()));
/// assert_eq!(projectile_formats::fits::parse_header(file.as_bytes())?.integer("BITPIX"), Some(16));
/// # Ok::<(), projectile_core::Error>(())
/// ```
///
/// # Errors
/// [`Corrupt`](projectile_core::ErrorKind::Corrupt) when it has no end, or is no text.
pub fn parse_header(bytes: &[u8]) -> Result<Header> {
    read_header(&mut &*bytes)
}

/// Reads the header that `reader` is about to give, to the end of its last block.
pub(super) fn read_header(reader: &mut impl Read) -> Result<Header> {
    let mut header = Header::default();
    for _ in 0..MOST_BLOCKS {
        let mut block = [0; BLOCK_LENGTH];
        reader
            .read_exact(&mut block)
            .map_err(|error| header_error(&error))?;
        header.length = header.length.saturating_add(BLOCK);
        for card in block.as_chunks::<CARD>().0 {
            if !card.iter().all(|byte| (0x20..0x7f).contains(byte)) {
                return Err(Error::corrupt("its header holds what is no text"));
            }
            let keyword: String = card[..8].iter().copied().map(char::from).collect();
            let keyword = keyword.trim_end();
            if keyword == "END" && card[8..].iter().all(|&byte| byte == b' ') {
                return Ok(header);
            }
            if card[8] == b'='
                && card[9] == b' '
                && !keyword.is_empty()
                && let Some(value) = value(&card[10..])
            {
                header.cards.entry(keyword.to_owned()).or_insert(value);
            }
        }
    }
    Err(Error::corrupt("its header has no END"))
}

/// The value that a card holds, before any comment.
fn value(field: &[u8]) -> Option<Card> {
    let text: String = field.iter().copied().map(char::from).collect();
    let text = text.trim_start();
    if let Some(rest) = text.strip_prefix('\'') {
        let mut value = String::new();
        let mut characters = rest.chars().peekable();
        while let Some(character) = characters.next() {
            if character == '\'' {
                if characters.peek() != Some(&'\'') {
                    return Some(Card::Text(value.trim_end().to_owned()));
                }
                characters.next();
            }
            value.push(character);
        }
        return None;
    }
    let token = text.split('/').next().unwrap_or_default().trim();
    match token {
        "T" => Some(Card::Logical(true)),
        "F" => Some(Card::Logical(false)),
        _ => {
            if let Ok(integer) = token.parse() {
                return Some(Card::Integer(integer));
            }
            // Fortran writes D for the exponent of a double.
            let real: f64 = token.replace(['D', 'd'], "E").parse().ok()?;
            real.is_finite().then_some(Card::Real(real))
        }
    }
}

impl Header {
    /// The value of a keyword.
    pub fn get(&self, keyword: &str) -> Option<&Card> {
        self.cards.get(keyword)
    }

    /// The value of a keyword that is a whole number, however it is written.
    pub fn integer(&self, keyword: &str) -> Option<i64> {
        match self.get(keyword)? {
            Card::Integer(value) => Some(*value),
            Card::Real(value) if value.fract() == 0.0 && value.abs() < 9e15 => Some(i64::from_f64(*value)),
            _ => None,
        }
    }

    /// The value of a keyword that is a number.
    pub fn real(&self, keyword: &str) -> Option<f64> {
        match self.get(keyword)? {
            Card::Integer(value) => Some(value.to_f64()),
            Card::Real(value) => Some(*value),
            _ => None,
        }
    }

    /// The value of a keyword that is a text which is not empty.
    pub fn text(&self, keyword: &str) -> Option<&str> {
        match self.get(keyword)? {
            Card::Text(value) => Some(value.as_str()).filter(|value| !value.is_empty()),
            _ => None,
        }
    }

    /// Whether a keyword is `T`.
    pub fn is_true(&self, keyword: &str) -> bool {
        self.get(keyword) == Some(&Card::Logical(true))
    }

    /// Every keyword, in no order.
    pub fn keywords(&self) -> impl Iterator<Item = &str> {
        self.cards.keys().map(String::as_str)
    }

    /// The sizes that `NAXISn` (or `ZNAXISn`) give, the fastest axis first.
    ///
    /// # Errors
    /// [`Corrupt`](projectile_core::ErrorKind::Corrupt) where one is missing or negative.
    pub(super) fn sizes(&self, prefix: &str) -> Result<Vec<u64>> {
        let count = self.integer(prefix).filter(|count| (0..=999).contains(count));
        let count = count.ok_or_else(|| Error::corrupt(format!("its header has no valid {prefix}")))?;
        (1..=count)
            .map(|axis| {
                let keyword = format!("{prefix}{axis}");
                self.integer(&keyword)
                    .and_then(|size| u64::try_from(size).ok())
                    .ok_or_else(|| Error::corrupt(format!("its header has no valid {keyword}")))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(text: &str) -> Option<Card> {
        value(format!("{text:70}").as_bytes())
    }

    #[test]
    fn values_are_read_as_the_standard_writes_them() {
        assert_eq!(card("                   T / yes"), Some(Card::Logical(true)));
        assert_eq!(card("                  -32"), Some(Card::Integer(-32)));
        assert_eq!(card(" 1.5D-3 / Fortran"), Some(Card::Real(0.0015)));
        assert_eq!(card("'it''s / so ' / text"), Some(Card::Text("it's / so".into())));
        assert_eq!(card("''"), Some(Card::Text(String::new())));
        assert_eq!(card("'no end"), None);
        assert_eq!(card(" / nothing"), None);
        assert_eq!(card("(1.0, 2.0)"), None);
        assert_eq!(card("inf"), None);
    }
}
