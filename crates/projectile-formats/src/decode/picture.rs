//! The last steps, the same for every format: mode, orientation, axes, and the source.

use std::collections::BTreeMap;

use projectile_core::{ArraySource, Axes, ChannelInfo, Dimension, Error, Photometric, Result, SourceInfo};

use super::data::Data;
use super::exif;
use super::input::Input;
use crate::format::NamedSource;
use crate::sizes::{product, to_u64, to_usize};

/// Which axis the frames or pages of a file run along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stack {
    /// Frames in time.
    Time,
    /// Pages: nothing says what they are, so they are taken for slices.
    Slices,
}

/// A decoded picture: its samples in C order, frame by frame, row by row, channels last.
#[derive(Debug)]
pub(crate) struct Picture {
    pub(crate) data: Data,
    pub(crate) height: u64,
    pub(crate) width: u64,
    pub(crate) channels: u64,
    /// Frames or pages of one size, where there are more than one.
    pub(crate) stack: Option<(Stack, u64)>,
    /// EXIF's orientation, 1 for upright.
    pub(crate) orientation: u8,
    /// Whether the channels are colours (and alpha), or data each of its own.
    pub(crate) colours: bool,
    pub(crate) nodata: Option<f64>,
    pub(crate) channel_names: Vec<String>,
    /// What is known of axes, by their letters.
    pub(crate) dimensions: BTreeMap<char, Dimension>,
    pub(crate) details: Vec<(String, String)>,
}

impl Picture {
    /// An upright picture of 1 to 4 channels.
    pub(crate) fn new(data: Data, width: u64, height: u64, channels: u64) -> Self {
        Self {
            data,
            height,
            width,
            channels,
            stack: None,
            orientation: 1,
            colours: channels <= 4,
            nodata: None,
            channel_names: Vec::new(),
            dimensions: BTreeMap::new(),
            details: Vec::new(),
        }
    }

    /// Notes a fact for [`SourceInfo::details`].
    #[expect(clippy::needless_pass_by_value, reason = "numbers and texts are noted alike")]
    pub(crate) fn note(&mut self, name: &str, value: impl ToString) {
        self.details.push((name.to_owned(), value.to_string()));
    }

    /// Takes the orientation out of a block of EXIF, if it says one.
    pub(crate) fn orient(&mut self, exif: Option<&[u8]>) {
        if let Some(orientation) = exif.and_then(exif::orientation) {
            self.orientation = orientation;
            self.note("EXIF orientation", orientation);
        }
    }

    /// The picture as the one source of its file, in the mode that the options ask for.
    pub(crate) fn into_sources(mut self, format: &str, input: &Input<'_>) -> Result<Vec<NamedSource>> {
        let frames = self.stack.map_or(1, |(_, frames)| frames);
        let expected = product(&[frames, self.height, self.width, self.channels]).ok_or_else(|| {
            Error::limit(format!(
                "{} × {} pixels are beyond any machine",
                self.width, self.height
            ))
        })?;
        if expected == 0 || to_u64(self.data.len()) != expected {
            return Err(Error::corrupt(format!(
                "{} samples were decoded where {} × {} pixels of {} channels need {expected}",
                self.data.len(),
                self.width,
                self.height,
                self.channels
            )));
        }
        if let Some(mode) = input.options.mode
            && self.colours
        {
            (self.data, self.channels) = {
                let (data, channels) = self.data.into_mode(mode, to_usize(self.channels));
                (data, to_u64(channels))
            };
            self.channel_names.clear();
        }
        let turn = exif::turn(self.orientation, self.height, self.width, self.channels);
        let (mut letters, mut shape, mut strides) = (String::new(), Vec::new(), Vec::new());
        if let Some((stack, frames)) = self.stack {
            letters.push(if stack == Stack::Time { 't' } else { 'z' });
            shape.push(frames);
            strides.push(turn.frame);
        }
        letters.push_str("yx");
        shape.extend([turn.height, turn.width]);
        strides.extend(turn.strides);
        if self.channels > 1 {
            letters.push('c');
            shape.push(self.channels);
            strides.push(1);
        }
        let mut info = SourceInfo::new(self.data.dtype(), Axes::named(&letters, &shape)?, format);
        info.photometric = if self.colours {
            Photometric::Picture
        } else {
            Photometric::Channels
        };
        info.nodata = self.nodata;
        info.channels = self.channel_names.into_iter().map(ChannelInfo::named).collect();
        // Turned, the axes are others.
        if !self.dimensions.is_empty() && self.orientation == 1 {
            let known = |letter| self.dimensions.get(&letter).cloned().unwrap_or_default();
            info.dimensions = letters.chars().map(known).collect();
        }
        info.details = self.details;
        info.version = input.version;
        Ok(NamedSource::only(ArraySource::strided(
            self.data.into_samples(),
            turn.offset,
            strides,
            info,
        )?))
    }
}
