//! Attributes as numbers and texts.

use std::collections::HashMap;

use hdf5_pure::AttrValue;
use projectile_core::Sample;

/// The attributes of a dataset, by name.
#[derive(Debug, Default)]
pub(super) struct Attributes(HashMap<String, AttrValue>);

impl Attributes {
    /// Those of a dataset; none where they cannot be read, since none is needed.
    pub(super) fn of(dataset: &hdf5_pure::Dataset) -> Self {
        Self(dataset.attrs().unwrap_or_default())
    }

    /// A text that is not empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let text = match self.0.get(name)? {
            AttrValue::String(text)
            | AttrValue::AsciiString(text)
            | AttrValue::VarLenString(text)
            | AttrValue::VarLenAsciiString(text)
            | AttrValue::StringSized { value: text, .. }
            | AttrValue::AsciiStringSized { value: text, .. } => text,
            AttrValue::StringArray(texts)
            | AttrValue::AsciiStringArray(texts)
            | AttrValue::VarLenStringArray(texts)
            | AttrValue::VarLenAsciiStringArray(texts) => match &texts[..] {
                [only] => only,
                _ => return None,
            },
            _ => return None,
        };
        Some(text.trim_end_matches('\0').trim()).filter(|text| !text.is_empty())
    }

    /// A single number.
    pub(super) fn number(&self, name: &str) -> Option<f64> {
        match self.numbers(name)?[..] {
            [only] => Some(only),
            _ => None,
        }
    }

    /// Numbers: few of them.
    pub(super) fn numbers(&self, name: &str) -> Option<Vec<f64>> {
        macro_rules! all {
            ($values:expr) => {
                $values.iter().map(|&value| value.to_f64()).collect()
            };
        }
        Some(match self.0.get(name)? {
            AttrValue::F32(value) => vec![f64::from(*value)],
            AttrValue::F64(value) => vec![*value],
            AttrValue::I8(value) => vec![f64::from(*value)],
            AttrValue::I16(value) => vec![f64::from(*value)],
            AttrValue::I32(value) => vec![f64::from(*value)],
            AttrValue::I64(value) => vec![value.to_f64()],
            AttrValue::U8(value) => vec![f64::from(*value)],
            AttrValue::U16(value) => vec![f64::from(*value)],
            AttrValue::U32(value) => vec![f64::from(*value)],
            AttrValue::U64(value) => vec![value.to_f64()],
            AttrValue::F32Array(values) => values.iter().copied().map(f64::from).collect(),
            AttrValue::F64Array(values) => values.clone(),
            AttrValue::I8Array(values) => values.iter().copied().map(f64::from).collect(),
            AttrValue::I16Array(values) => values.iter().copied().map(f64::from).collect(),
            AttrValue::I32Array(values) => values.iter().copied().map(f64::from).collect(),
            AttrValue::I64Array(values) => all!(values),
            AttrValue::U8Array(values) => values.iter().copied().map(f64::from).collect(),
            AttrValue::U16Array(values) => values.iter().copied().map(f64::from).collect(),
            AttrValue::U32Array(values) => values.iter().copied().map(f64::from).collect(),
            AttrValue::U64Array(values) => all!(values),
            _ => return None,
        })
    }
}
