//! The road of a tile, on one screen.

use super::build::Build;
use super::damage::Damage;
use super::display::{Look, look, selection};
use super::image::Image;
use super::request::TileRequest;
use super::supply::{Levelling, Supply};
use crate::array::{DType, Pixels};
use crate::colour::{Painter, Raster, paint};
use crate::encode::{Content, ContentKind};
use crate::error::{Error, Result};
use crate::geometry::Placement;
use crate::pyramid::Key;
use crate::source::{Cancel, Selection};

/// An encoded tile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tile {
    /// The file.
    pub bytes: Vec<u8>,
    /// Its media type.
    pub media_type: &'static str,
    /// Whether it was made from a sample and will be better once levels are built.
    pub provisional: bool,
    /// Dtype and `(height, width, channels)` of a tile of samples; `None` for a picture.
    pub samples: Option<(DType, [usize; 3])>,
    /// What of it could not be read, if anything.
    pub damage: Option<Damage>,
}

impl Image {
    /// Renders a tile. Blocks: it is to run on a thread for such work.
    ///
    /// # Errors
    /// [`BadRequest`](crate::ErrorKind::BadRequest) and [`NotFound`](crate::ErrorKind::NotFound) for what the request
    /// asks, [`Cancelled`](crate::ErrorKind::Cancelled), and what reading gives.
    pub fn render(&self, request: &TileRequest, cancel: &Cancel) -> Result<Tile> {
        if let Some((image, style)) = self.projected(&request.style)? {
            let request = TileRequest {
                style,
                ..request.clone()
            };
            return image.render(&request, cancel);
        }
        let placement = request.area.place(self.grid())?;
        let supply = |selection: &Selection| {
            if placement.is_empty() {
                return Ok(None);
            }
            let resampling = request.style.resampling.unwrap_or_else(|| self.resampling());
            let supply = Levelling::of(self, resampling, selection).supply(&placement, selection, cancel)?;
            cancel.check()?;
            let pixels = resampling.further(supply.pixels, placement.further, self.rules(), cancel)?;
            let pixels = match &placement.fit {
                Some(fit) => resampling.fit(pixels, fit, self.rules(), cancel)?,
                None => pixels,
            };
            Ok(Some(Supply { pixels, ..supply }))
        };
        match request.encoding.encoder.content() {
            ContentKind::Colours => {
                let Look { selection, painter } = look(self, &request.style, cancel)?;
                self.picture(request, &placement, &painter, supply(&selection)?)
            }
            ContentKind::Samples => {
                let selection = selection(self.info(), &request.style)?;
                self.check_samples(placement.size, &selection)?;
                self.data(request, &placement, &selection, supply(&selection)?)
            }
        }
    }

    /// That a tile of samples of `size`, rows and columns, is none that takes all memory: an array may have many channels.
    fn check_samples(&self, (rows, columns): (u32, u32), selection: &Selection) -> Result<()> {
        /// 4096 × 4096 pixels of 32 bytes.
        const MOST_BYTES: u128 = 1 << 29;
        let info = self.info();
        let channels = selection.channel_count(info.axes.channels());
        let pixel = channels as u128 * info.dtype.size() as u128;
        if u128::from(rows) * u128::from(columns) * pixel <= MOST_BYTES {
            return Ok(());
        }
        Err(Error::limit(format!(
            "a tile of {columns} × {rows} pixels with {channels} channels takes more than {} MiB: choose a smaller one, or \
             fewer channels",
            MOST_BYTES >> 20
        )))
    }

    /// Whether [`render`](Self::render) takes no longer than handing it to another thread does: the pixels are in
    /// memory, the tile is small, and its encoding is a copy.
    pub fn is_quick(&self, request: &TileRequest) -> bool {
        const SMALL: u32 = 256;
        let encoding = &request.encoding;
        let Ok(placement) = request.area.place(self.grid()) else {
            return false;
        };
        if placement.size.0.max(placement.size.1) > SMALL
            || !request.style.projections.is_empty()
            || placement.further != (0, 0)
            || placement.fit.is_some()
            || !request.style.finish.is_nothing()
            || !encoding.encoder.is_copy(&encoding.options)
            || !self.window_is_known(&request.style)
        {
            return false;
        }
        let Ok(selection) = selection(self.info(), &request.style) else {
            return false;
        };
        let resampling = request.style.resampling.unwrap_or_else(|| self.resampling());
        Levelling::of(self, resampling, &selection).is_at_hand(&placement, &selection)
    }

    /// Like [`render`](Self::render), but never provisional: builds levels first if that is what it takes, or waits for
    /// whoever does.
    ///
    /// # Errors
    /// As [`render`](Self::render), and why levels cannot be built.
    pub fn render_final(&self, request: &TileRequest, threads: usize, cancel: &Cancel) -> Result<Tile> {
        loop {
            while let Some((image, key)) = self.awaited(request, cancel)? {
                if image.pyramids().take(&key) {
                    Build::of(image, key).run(threads, cancel)?;
                } else {
                    image.pyramids().wait_for(&key, cancel)?;
                }
            }
            let tile = self.render(request, cancel)?;
            // Else they had to go again before they were used.
            if !tile.provisional {
                return Ok(tile);
            }
        }
    }

    /// Asks for the levels that a tile is to be made of, so that [`next_build`](Self::next_build) gives them; answers
    /// whether there are such, in which case the tile would be provisional now. Blocks where a picture's window is not
    /// known yet.
    ///
    /// # Errors
    /// As [`render`](Self::render), and why the levels cannot be built.
    pub fn asks_for_levels(&self, request: &TileRequest, cancel: &Cancel) -> Result<bool> {
        if let Some((image, key)) = self.awaited(request, cancel)? {
            image.pyramids().insist(&key);
        }
        self.waits_for_levels(request, cancel)
    }

    /// The same for who has asked before, and wants to know how that ended.
    ///
    /// # Errors
    /// As [`asks_for_levels`](Self::asks_for_levels); also why they could not be built when it was tried, though that may
    /// do later.
    pub fn waits_for_levels(&self, request: &TileRequest, cancel: &Cancel) -> Result<bool> {
        let Some((image, key)) = self.awaited(request, cancel)? else {
            return Ok(false);
        };
        if let Some(failure) = image.pyramids().failure(&key) {
            return Err(failure);
        }
        // It may have been called off, and nobody else asks for it.
        image.pyramids().want(&key);
        Ok(true)
    }

    /// The levels that a tile is to be made of and that are not there yet: of which image, and which.
    fn awaited(&self, request: &TileRequest, cancel: &Cancel) -> Result<Option<(Self, Key)>> {
        if let Some((image, style)) = self.projected(&request.style)? {
            let request = TileRequest {
                style,
                ..request.clone()
            };
            return image.awaited(&request, cancel);
        }
        let placement = request.area.place(self.grid())?;
        if placement.is_empty() {
            return Ok(None);
        }
        let selection = match request.encoding.encoder.content() {
            ContentKind::Colours => look(self, &request.style, cancel)?.selection,
            ContentKind::Samples => selection(self.info(), &request.style)?,
        };
        let resampling = request.style.resampling.unwrap_or_else(|| self.resampling());
        let levelling = Levelling::of(self, resampling, &selection);
        let key = levelling.awaited(&placement, &selection).cloned();
        Ok(key.map(|key| (self.clone(), key)))
    }

    fn picture(
        &self,
        request: &TileRequest,
        placement: &Placement,
        painter: &Painter,
        supply: Option<Supply>,
    ) -> Result<Tile> {
        let (rows, columns) = (placement.size.0 as usize, placement.size.1 as usize);
        let provisional = supply.as_ref().is_some_and(|supply| supply.provisional);
        let damage = damage(supply.as_ref());
        let raster = match supply {
            None => Raster::empty(rows, columns),
            Some(Supply { pixels, .. }) => {
                let mut pixels = pixels.magnitude().unwrap_or(pixels);
                if damage.is_some() && self.kind().alpha_channels() > 0 {
                    // What is missing has an alpha of 0 then, and what is there one of the image's own range.
                    pixels = pixels.cast(self.info().dtype);
                }
                paint(&pixels, painter, self.info().nodata)?.place(placement.repeat as usize, (rows, columns))
            }
        };
        let raster = if request.style.finish.is_nothing() {
            raster
        } else {
            raster.finished(&request.style.finish)
        };
        let encoder = request.encoding.encoder;
        let bytes = encoder.encode(Content::Colours(&raster), &request.encoding.options)?;
        Ok(Tile {
            bytes,
            media_type: encoder.media_type(),
            provisional,
            samples: None,
            damage,
        })
    }

    fn data(
        &self,
        request: &TileRequest,
        placement: &Placement,
        selection: &Selection,
        supply: Option<Supply>,
    ) -> Result<Tile> {
        let dtype = self.info().dtype;
        let provisional = supply.as_ref().is_some_and(|supply| supply.provisional);
        let damage = damage(supply.as_ref());
        let pixels = match supply {
            None => {
                let channels = selection.channel_count(self.info().axes.channels());
                Pixels::empty(dtype, channels)
            }
            Some(Supply { pixels, .. }) => {
                let (height, width) = placement.covered();
                let pixels = pixels.repeat(placement.repeat as usize, height, width)?;
                let resampling = request.style.resampling.unwrap_or_else(|| self.resampling());
                // Means of bool and wide integers are floats inside; the tile has the image's own dtype, unless some of
                // it is missing and no integer says that.
                let nodata = self.info().nodata_of_samples().filter(|_| !dtype.is_float());
                if resampling.keeps_dtype() && (damage.is_none() || nodata.is_some()) {
                    pixels.cast_with(dtype, nodata)
                } else {
                    pixels
                }
            }
        };
        let encoder = request.encoding.encoder;
        let bytes = encoder.encode(Content::Samples(&pixels), &request.encoding.options)?;
        let samples = Some((pixels.dtype(), pixels.shape()));
        Ok(Tile {
            bytes,
            media_type: encoder.media_type(),
            provisional,
            samples,
            damage,
        })
    }
}

fn damage(supply: Option<&Supply>) -> Option<Damage> {
    let reason = supply?.missing.clone()?;
    Some(Damage { reason, whole: false })
}
