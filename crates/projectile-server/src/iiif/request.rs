//! `{region}/{size}/{rotation}/{quality}.{format}`: what is asked of an image.

use projectile_core::colour::{Finish, Tones};
use projectile_core::{Area, Error, Grid, Region, Result, Sample};

use super::{MAX_AREA, Version};
use crate::address::{finite, shown, whole};

/// What is asked, made whole numbers of.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ImageRequest {
    region: Region,
    /// Rows and columns.
    size: (u64, u64),
    pub(crate) finish: Finish,
    quality: Quality,
    version: Version,
    grid: Grid,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quality {
    Default,
    Color,
    Gray,
    Bitonal,
}

impl ImageRequest {
    /// What `[region, size, rotation, quality]` ask of an image.
    ///
    /// # Errors
    /// [`BadRequest`](projectile_core::ErrorKind::BadRequest) for what the API does not know or refuses.
    pub(crate) fn parse(
        version: Version,
        grid: Grid,
        [region_text, size_text, rotation, quality]: [&str; 4],
    ) -> Result<Self> {
        let region = region(grid, region_text)?;
        let size = size(version, (region.height, region.width), size_text)?;
        let quality = match quality {
            "default" => Quality::Default,
            "color" => Quality::Color,
            "gray" => Quality::Gray,
            "bitonal" => Quality::Bitonal,
            other => {
                return Err(Error::bad_request(
                    "quality",
                    format!("quality {:?}: default, color, gray or bitonal", shown(other)),
                ));
            }
        };
        let (mirrored, rotation) = turn(rotation)?;
        Ok(Self {
            region,
            size,
            finish: Finish {
                mirrored,
                rotation,
                tones: match quality {
                    Quality::Default | Quality::Color => Tones::Colour,
                    Quality::Gray => Tones::Gray,
                    Quality::Bitonal => Tones::Bitonal,
                },
            },
            quality,
            version,
            grid,
        })
    }

    pub(crate) fn area(&self) -> Area {
        Area::Scaled {
            region: self.region,
            height: self.size.0,
            width: self.size.1,
        }
    }

    /// The one way to say it that the API calls canonical: `{region}/{size}/{rotation}/{quality}`.
    pub(crate) fn canonical(&self) -> String {
        let Region { y, x, height, width } = self.region;
        let whole = self.grid.reduced(0) == (height, width);
        let region = if whole {
            "full".to_owned()
        } else {
            format!("{x},{y},{width},{height}")
        };
        let (rows, columns) = self.size;
        let is_larger = rows > height || columns > width;
        let is_full = (rows, columns) == (height, width);
        let size = match self.version {
            Version::Three if (rows, columns) == largest(height, width) => "max".to_owned(),
            Version::Three if is_larger => format!("^{columns},{rows}"),
            Version::Two if is_full => "full".to_owned(),
            // The other side follows from the region's shape.
            Version::Two if rows == scaled(height, columns, width) => format!("{columns},"),
            Version::Two | Version::Three => format!("{columns},{rows}"),
        };
        let mirror = if self.finish.mirrored { "!" } else { "" };
        let quality = match self.quality {
            Quality::Default | Quality::Color => "default",
            Quality::Gray => "gray",
            Quality::Bitonal => "bitonal",
        };
        format!("{region}/{size}/{mirror}{}/{quality}", self.finish.rotation)
    }
}

fn bad(name: &'static str, text: &str, why: &str) -> Error {
    Error::bad_request(name, format!("{name} {:?}: {why}", shown(text)))
}

fn region(grid: Grid, text: &str) -> Result<Region> {
    let (height, width) = grid.reduced(0);
    let region = match text {
        "full" => Region {
            y: 0,
            x: 0,
            height,
            width,
        },
        "square" => {
            let side = height.min(width);
            Region {
                y: height.saturating_sub(side) / 2,
                x: width.saturating_sub(side) / 2,
                height: side,
                width: side,
            }
        }
        _ => {
            let wrong = || bad("region", text, "full, square, x,y,w,h or pct:x,y,w,h");
            let (numbers, is_percent) = match text.strip_prefix("pct:") {
                Some(numbers) => (numbers, true),
                None => (text, false),
            };
            let parts: Vec<&str> = numbers.split(',').collect();
            let [x, y, w, h] = parts[..] else {
                return Err(wrong());
            };
            if is_percent {
                let of = |text: &str, length: u64| {
                    let percent = finite("region", text)?;
                    if !(0.0..=100.0).contains(&percent) {
                        return Err(bad("region", text, "0 to 100 percent"));
                    }
                    Ok(whole_of(length.to_f64() * percent / 100.0))
                };
                Region {
                    y: of(y, height)?,
                    x: of(x, width)?,
                    height: of(h, height)?,
                    width: of(w, width)?,
                }
            } else {
                let number = |text| whole("region", text).map_err(|_| wrong());
                Region {
                    y: number(y)?,
                    x: number(x)?,
                    height: number(h)?,
                    width: number(w)?,
                }
            }
        }
    };
    if region.height == 0 || region.width == 0 || region.y >= height || region.x >= width {
        return Err(bad("region", text, "no pixel of the image is in it"));
    }
    Ok(Region {
        height: region.height.min(height.saturating_sub(region.y)),
        width: region.width.min(width.saturating_sub(region.x)),
        ..region
    })
}

/// So many pixels, halves up; what is beyond all numbers is the greatest.
fn whole_of(pixels: f64) -> u64 {
    u64::from_f64(pixels.round())
}

/// `length × to / from`, rounded.
#[expect(
    clippy::arithmetic_side_effects,
    reason = "`length` and `from` are sides of a grid, at most 2^62"
)]
fn scaled(length: u64, to: u64, from: u64) -> u64 {
    let doubled = 2 * u128::from(length) * u128::from(to) + u128::from(from);
    u64::try_from(doubled / (2 * u128::from(from.max(1)))).unwrap_or(u64::MAX)
}

/// The size at which a region is given at most, without enlarging it.
fn largest(height: u64, width: u64) -> (u64, u64) {
    if height.saturating_mul(width) <= MAX_AREA {
        return (height, width);
    }
    let scale = (MAX_AREA.to_f64() / (height.to_f64() * width.to_f64())).sqrt();
    let part = |length: u64| whole_of((length.to_f64() * scale).floor()).max(1);
    let (height, width) = (part(height), part(width));
    // What is far longer one way than the other is one pixel wide: the rest is its length.
    let beside = |other: u64| MAX_AREA.checked_div(other).unwrap_or(1);
    let width = width.min(beside(height));
    (height.min(beside(width)), width)
}

/// Rows and columns of the answer for a region of so many.
fn size(version: Version, (height, width): (u64, u64), text: &str) -> Result<(u64, u64)> {
    let wrong = || bad("size", text, "max, w,h or another form of the API");
    let (form, may_enlarge) = match (version, text.strip_prefix('^')) {
        (Version::Three, Some(form)) => (form, true),
        (Version::Three, None) => (text, false),
        (Version::Two, _) => (text, true),
    };
    let number = |text: &str| whole("size", text).map_err(|_| wrong());
    let (rows, columns) = match form {
        "max" if may_enlarge && version == Version::Three => {
            let scale = (MAX_AREA.to_f64() / (height.to_f64() * width.to_f64())).sqrt();
            if scale <= 1.0 {
                largest(height, width)
            } else {
                let part = |length: u64| whole_of((length.to_f64() * scale).floor());
                (part(height), part(width))
            }
        }
        "max" => largest(height, width),
        "full" if version == Version::Two => (height, width),
        _ => {
            if let Some(percent) = form.strip_prefix("pct:") {
                let percent = finite("size", percent).map_err(|_| wrong())?;
                if percent <= 0.0 || (percent > 100.0 && !may_enlarge) {
                    return Err(bad("size", text, "a percentage above 0, up to 100 without ^"));
                }
                let part = |length: u64| whole_of(length.to_f64() * percent / 100.0);
                (part(height), part(width))
            } else if let Some(box_) = form.strip_prefix('!') {
                let (w, h) = box_.split_once(',').ok_or_else(wrong)?;
                confined((height, width), (number(h)?, number(w)?), may_enlarge)
            } else {
                let (w, h) = form.split_once(',').ok_or_else(wrong)?;
                match (w, h) {
                    ("", "") => return Err(wrong()),
                    (w, "") => {
                        let columns = number(w)?;
                        (
                            scaled(height, columns, width).max(u64::from(columns > 0)),
                            columns,
                        )
                    }
                    ("", h) => {
                        let rows = number(h)?;
                        (rows, scaled(width, rows, height).max(u64::from(rows > 0)))
                    }
                    (w, h) => (number(h)?, number(w)?),
                }
            }
        }
    };
    if rows == 0 || columns == 0 {
        return Err(bad("size", text, "a size of no pixels"));
    }
    if !may_enlarge && (rows > height || columns > width) {
        return Err(bad(
            "size",
            text,
            "larger than the region: ^ before the size enlarges it",
        ));
    }
    if rows.saturating_mul(columns) > MAX_AREA {
        return Err(bad("size", text, "more pixels than maxArea says"));
    }
    Ok((rows, columns))
}

/// The largest size of the region's shape inside of a box.
fn confined((height, width): (u64, u64), (rows, columns): (u64, u64), may_enlarge: bool) -> (u64, u64) {
    let (rows, columns) = if may_enlarge {
        (rows, columns)
    } else {
        (rows.min(height), columns.min(width))
    };
    // Whichever side meets the box first.
    let product = |one: u64, other: u64| u128::from(one).saturating_mul(other.into());
    if product(rows, width) <= product(columns, height) {
        (
            rows,
            scaled(width, rows, height).clamp(u64::from(rows > 0), columns),
        )
    } else {
        (
            scaled(height, columns, width).clamp(u64::from(columns > 0), rows),
            columns,
        )
    }
}

fn turn(text: &str) -> Result<(bool, f64)> {
    let (mirrored, degrees) = match text.strip_prefix('!') {
        Some(degrees) => (true, degrees),
        None => (false, text),
    };
    let wrong = || bad("rotation", text, "0 to 360 degrees, with ! before them mirrored");
    // The API writes numbers without exponents and signs.
    if degrees.is_empty() || !degrees.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return Err(wrong());
    }
    match finite("rotation", degrees).map_err(|_| wrong())? {
        degrees if (0.0..=360.0).contains(&degrees) => {
            Ok((mirrored, if degrees == 360.0 { 0.0 } else { degrees }))
        }
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(version: Version, path: &str) -> Result<ImageRequest> {
        let parts: Vec<&str> = path.split('/').collect();
        ImageRequest::parse(
            version,
            Grid::new(4000, 6000),
            [parts[0], parts[1], parts[2], parts[3]],
        )
    }

    fn of(version: Version, path: &str) -> ([u64; 4], (u64, u64), String) {
        let request = asked(version, path).unwrap();
        let Region { y, x, height, width } = request.region;
        let (rows, columns) = request.size;
        ([x, y, width, height], (columns, rows), request.canonical())
    }

    #[test]
    fn regions_and_sizes_are_those_of_the_api() {
        let all = [0, 0, 6000, 4000];
        for (path, region, size, canonical) in [
            ("full/600,/0/default", all, (600, 400), "full/600,400/0/default"),
            ("full/,400/0/color", all, (600, 400), "full/600,400/0/default"),
            ("full/pct:10/0/gray", all, (600, 400), "full/600,400/0/gray"),
            (
                "full/!600,600/90/default",
                all,
                (600, 400),
                "full/600,400/90/default",
            ),
            (
                "full/!6000,600/360/bitonal",
                all,
                (900, 600),
                "full/900,600/0/bitonal",
            ),
            (
                "full/100,300/!22.5/default",
                all,
                (100, 300),
                "full/100,300/!22.5/default",
            ),
            (
                "square/max/0/default",
                [1000, 0, 4000, 4000],
                (4000, 4000),
                "1000,0,4000,4000/max/0/default",
            ),
            (
                "pct:50,25,50,75/500,/0/default",
                [3000, 1000, 3000, 3000],
                (500, 500),
                "3000,1000,3000,3000/500,500/0/default",
            ),
            (
                "5900,3900,500,500/max/0/default",
                [5900, 3900, 100, 100],
                (100, 100),
                "5900,3900,100,100/max/0/default",
            ),
            (
                "0,0,100,50/^200,/0/default",
                [0, 0, 100, 50],
                (200, 100),
                "0,0,100,50/^200,100/0/default",
            ),
            (
                "0,0,100,50/!400,400/0/default",
                [0, 0, 100, 50],
                (100, 50),
                "0,0,100,50/max/0/default",
            ),
            (
                "0,0,100,50/^!400,400/0/default",
                [0, 0, 100, 50],
                (400, 200),
                "0,0,100,50/^400,200/0/default",
            ),
        ] {
            assert_eq!(
                of(Version::Three, path),
                (region, size, canonical.to_owned()),
                "{path}"
            );
        }
        for (path, size, canonical) in [
            (
                "0,0,100,50/full/0/default",
                (100, 50),
                "0,0,100,50/full/0/default",
            ),
            (
                "0,0,100,50/200,/0/default",
                (200, 100),
                "0,0,100,50/200,/0/default",
            ),
            (
                "0,0,100,50/30,30/0/default",
                (30, 30),
                "0,0,100,50/30,30/0/default",
            ),
        ] {
            let (_, shown, said) = of(Version::Two, path);
            assert_eq!((shown, said), (size, canonical.to_owned()), "{path}");
        }
    }

    #[test]
    fn the_greatest_answer_keeps_the_shape_and_the_limit() {
        let (_, (columns, rows), _) = of(Version::Three, "full/max/0/default");
        assert!(columns * rows <= MAX_AREA && columns * rows > MAX_AREA * 99 / 100);
        assert!((columns as f64 / rows as f64 - 1.5).abs() < 0.001);
        let (_, (columns, rows), _) = of(Version::Three, "0,0,100,50/^max/0/default");
        assert!(columns * rows <= MAX_AREA && columns > 5000);
        assert_eq!(largest(1, 1 << 40), (1, MAX_AREA));
    }

    #[test]
    fn what_the_api_refuses_is_refused() {
        for path in [
            "0,0,0,10/max/0/default",
            "6000,0,10,10/max/0/default",
            "0,0,10/max/0/default",
            "-1,0,10,10/max/0/default",
            "pct:0,0,101,10/max/0/default",
            "a/max/0/default",
            "full/full/0/default",
            "full/0,/0/default",
            "full/,/0/default",
            "full/pct:0/0/default",
            "full/pct:101/0/default",
            "full/6001,/0/default",
            "full/^99999,/0/default",
            "full/max/-1/default",
            "full/max/361/default",
            "full/max/1e2/default",
            "full/max/!/default",
            "full/max/0/native",
        ] {
            assert_eq!(
                asked(Version::Three, path).unwrap_err().kind(),
                projectile_core::ErrorKind::BadRequest,
                "{path}"
            );
        }
        assert!(asked(Version::Two, "full/^600,/0/default").is_err());
    }
}
