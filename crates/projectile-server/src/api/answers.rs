//! Answers in JSON. Numbers that JSON cannot hold (NaN, infinities) are `null`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;

/// A number, or `null` for what is none.
pub(crate) fn number(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

/// Values by their percents.
pub(crate) fn percentiles(of: &[(f64, f64)]) -> Percentiles {
    of.iter()
        .map(|(percent, value)| (percent.to_string(), number(*value)))
        .collect()
}

/// Values by their percents.
pub(crate) type Percentiles = BTreeMap<String, Option<f64>>;

/// Why something could not be given (RFC 9457).
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Problem<'a> {
    /// `about:blank`: the status says it.
    pub(crate) r#type: &'static str,
    /// The status in words.
    pub(crate) title: &'static str,
    /// The HTTP status.
    pub(crate) status: u16,
    /// What is wrong, and what to do.
    pub(crate) detail: &'a str,
    /// The parameter that is to blame, where one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) parameter: Option<&'a str>,
}

/// The images that there are.
#[expect(clippy::struct_field_names, reason = "the names are those of the answer")]
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Images {
    /// The program's.
    pub(crate) version: String,
    /// Pixels a side of tiles, unless an address says otherwise.
    pub(crate) tile_size: u32,
    /// Where pages may send files, how many bytes of them.
    pub(crate) upload: Option<UploadLimit>,
    pub(crate) images: Vec<Listed>,
}

#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct UploadLimit {
    /// Bytes.
    pub(crate) limit: u64,
}

/// One image of the list.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Listed {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Pixels.
    pub(crate) width: u64,
    /// Pixels.
    pub(crate) height: u64,
    pub(crate) channels: u64,
    /// numpy's name.
    pub(crate) dtype: String,
    /// `gray`, `gray-alpha`, `rgb`, `rgba`, `channels` or `labels`.
    pub(crate) kind: String,
    pub(crate) format: String,
    pub(crate) version: String,
}

/// The ids of images that are served from now on.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Opened {
    pub(crate) images: Vec<String>,
}

/// Samples of one pixel.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct PixelValue {
    /// Column.
    pub(crate) x: u64,
    /// Row.
    pub(crate) y: u64,
    /// numpy's name.
    pub(crate) dtype: String,
    /// One for each channel: a number or a boolean; a text where JSON has no such number (`"nan"`, `"inf"`, integers
    /// beyond ±2^53, `"1+2j"`).
    pub(crate) values: Vec<Json>,
    /// What each channel is called.
    pub(crate) channels: Vec<String>,
}

/// How often values occur.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct HistogramCounts {
    /// Where the first bin begins.
    pub(crate) start: Option<f64>,
    /// Where the last bin ends.
    pub(crate) stop: Option<f64>,
    /// Of each bin; all are of one width.
    pub(crate) counts: Vec<u64>,
    /// Values below the first bin.
    pub(crate) below: u64,
    /// Values above the last bin.
    pub(crate) above: u64,
    /// NaN and no data.
    pub(crate) invalid: u64,
    /// Samples that were looked at.
    pub(crate) count: u64,
    pub(crate) min: Option<f64>,
    pub(crate) max: Option<f64>,
    /// By percent.
    pub(crate) percentiles: Percentiles,
    /// Whether pixels were left out to be quick.
    pub(crate) sampled: bool,
}

/// What is inside a shape.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Statistics {
    /// Pixels inside that were looked at.
    pub(crate) pixels: u64,
    /// Whether pixels inside were left out to be quick; else the numbers are exact.
    pub(crate) sampled: bool,
    pub(crate) channels: Vec<ChannelStatistics>,
}

/// The values of one channel.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct ChannelStatistics {
    pub(crate) name: String,
    /// Samples that were looked at.
    pub(crate) count: u64,
    /// Of those, the ones that are data.
    pub(crate) valid: u64,
    pub(crate) min: Option<f64>,
    pub(crate) max: Option<f64>,
    pub(crate) mean: Option<f64>,
    pub(crate) std: Option<f64>,
    /// The sample of the nearest rank.
    pub(crate) median: Option<f64>,
}

/// Samples along a line.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct ProfileValues {
    /// From the start of the line, in pixels.
    pub(crate) distances: Vec<f64>,
    pub(crate) channels: Vec<ProfileChannel>,
}

#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct ProfileChannel {
    pub(crate) name: String,
    /// At each distance; `null` outside of the image and where there is no data.
    pub(crate) values: Vec<Option<f64>>,
}

/// The colormaps that there are.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct ColormapList {
    pub(crate) colormaps: Vec<ListedColormap>,
}

#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct ListedColormap {
    /// matplotlib's.
    pub(crate) name: String,
    /// `sequential`, `diverging`, `cyclic`, `qualitative` or `miscellaneous`.
    pub(crate) category: String,
}

/// The ways in which pixels are reduced.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct ResamplingList {
    pub(crate) resamplings: Vec<ListedResampling>,
}

#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct ListedResampling {
    pub(crate) name: String,
    /// Whether planes along an axis can be made one by it, as in `z=max`.
    pub(crate) projects: bool,
}

/// That the server lives, or can answer.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Status {
    /// `ok`, or `busy`.
    pub(crate) status: String,
}
