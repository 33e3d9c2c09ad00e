//! The command line, as typed.

use std::path::PathBuf;

use crate::{Effort, Resampling};
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

use super::limits::{FileLimitArgs, LimitArgs};

/// Any image or array in the browser, at once.
#[derive(Debug, Parser)]
#[command(
    name = "projectile",
    version,
    disable_version_flag = true,
    arg_required_else_help = true,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "A file that is named like a command or a sample is given as ./info or ./demo."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    #[command(flatten)]
    pub(crate) serve: ServeArgs,

    /// Print the version
    #[arg(short = 'v', short_alias = 'V', long, action = ArgAction::Version)]
    version: Option<bool>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Tell what a file holds
    Info(InfoArgs),
    /// Write one tile to a file
    Tile(TileArgs),
    /// Write an image as a file that others read: OME-Zarr, COG, Deep Zoom, tiles, one archive
    Export(Box<ExportArgs>),
}

#[derive(Args, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct ServeArgs {
    /// Image and array files, a folder of them, an address (https:, s3:, gs:, az:), or a sample: demo, sanfran, pentagon
    #[arg(value_name = "FILE|FOLDER|URL|SAMPLE", required = true)]
    pub(crate) inputs: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) image: ImageArgs,

    /// Pixels a side of a tile that the viewer asks for, a power of 2
    #[arg(short, long, visible_alias = "tile_size", value_name = "N", default_value = "256", value_parser = tile_size)]
    pub(crate) tile_size: u32,

    /// Serve this page at / instead of the viewer; {{ `tile_size` }} and {{ `cmap_string` }} in it are filled in
    #[arg(long, value_name = "FILE.html")]
    pub(crate) client: Option<PathBuf>,

    /// Serve a viewer from this folder instead of the built-in one
    #[arg(long, value_name = "FOLDER", conflicts_with = "client")]
    pub(crate) viewer_dir: Option<PathBuf>,

    /// The port; 8000 or the next free one if not given, 0 for any
    #[arg(short, long)]
    pub(crate) port: Option<u16>,

    /// The address to listen on; other machines then need the token that is printed
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub(crate) host: String,

    /// A further name by which browsers may reach the server (repeatable)
    #[arg(long, value_name = "NAME")]
    pub(crate) allow_host: Vec<String>,

    /// Let other machines in without a token
    #[arg(long)]
    pub(crate) no_auth: bool,

    /// A site whose pages may read the answers, e.g. `https://example.org`, or * for any (repeatable)
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) cors: Vec<String>,

    /// Where clients reach the server, for documents that say it, e.g. `https://example.org/maps` [default: as asked]
    #[arg(long, value_name = "URL", value_parser = public_url)]
    pub(crate) public_url: Option<String>,

    /// Open the browser
    #[arg(long)]
    pub(crate) open: bool,

    /// What the viewer shows at first: the part of a viewer's address after #, e.g. 'x=512&y=300&zoom=2'
    #[arg(long, value_name = "#…", value_parser = view)]
    pub(crate) view: Option<String>,

    /// Take files that are dragged onto the page, of so many bytes in all
    #[arg(long, value_name = "BYTES", num_args = 0..=1, require_equals = true, default_missing_value = "1G", value_parser = bytes)]
    pub(crate) allow_upload: Option<u64>,

    /// Let clients have addresses opened that begin so, e.g. `https://example.org/scans/` or `s3://bucket` (repeatable)
    #[arg(long, value_name = "PREFIX")]
    pub(crate) allow_remote: Vec<String>,

    /// Show files anew when they change
    #[arg(long)]
    pub(crate) watch: bool,

    /// Lossy quality of jpg and webp tiles, 1 to 100
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(crate) quality: Option<u8>,

    /// How hard PNG tiles are compressed: stored, fast or small [default: stored for this machine, else fast]
    #[arg(long, value_name = "EFFORT", value_parser = effort)]
    pub(crate) png: Option<Effort>,

    /// Memory for all that is kept: levels, blocks of files, tiles; e.g. 8G [default: a quarter of the machine's]
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    pub(crate) memory: Option<u64>,

    /// How much of it is for encoded tiles, e.g. 256M; 0 keeps none [default: an eighth]
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    pub(crate) cache: Option<u64>,

    /// Render threads [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,

    /// Tiles that may wait for a render thread; more are answered 503
    #[arg(long, value_name = "N", default_value = "256", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) queue: u32,

    #[command(flatten)]
    pub(crate) limits: LimitArgs,

    /// Seconds that a request may wait for its tile before it is answered 503; 0 for as long as it takes
    #[arg(long, help_heading = "Limits", value_name = "SECONDS", default_value = "30", value_parser = clap::value_parser!(u32).range(..=86_400))]
    pub(crate) deadline: u32,

    /// Read files in a process of its own, which is started anew when a file ends it
    #[arg(long)]
    pub(crate) isolate: bool,

    /// Log what is done
    #[arg(short = 'D', long)]
    pub(crate) debug: bool,

    /// Log a line for every answer, to read or as JSON [default: only what goes wrong]
    #[arg(long, value_name = "FORMAT")]
    pub(crate) log: Option<LogFormat>,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

#[derive(Args, Debug)]
pub(crate) struct InfoArgs {
    /// The file, its address, or a sample
    pub(crate) file: PathBuf,

    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) image: ImageArgs,
}

#[derive(Args, Debug)]
pub(crate) struct TileArgs {
    /// The file, its address, or a sample
    pub(crate) file: PathBuf,

    /// Which tile: z/x/y or z/x/y/s
    #[arg(value_name = "z/x/y[/s]", value_parser = tile)]
    pub(crate) tile: TileAddress,

    /// The file to write; its ending says the format
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,

    /// Lossy quality of jpg and webp, 1 to 100
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(crate) quality: Option<u8>,

    /// How hard a PNG is compressed: stored, fast or small
    #[arg(long, value_name = "EFFORT", default_value = "small", value_parser = effort)]
    pub(crate) png: Effort,

    #[command(flatten)]
    pub(crate) image: ImageArgs,
}

#[derive(Args, Debug)]
pub(crate) struct ExportArgs {
    /// The file, its address, or a sample
    #[arg(value_name = "IN")]
    pub(crate) file: PathBuf,

    /// What to write: its ending says the format
    #[arg(value_name = "OUT")]
    pub(crate) output: PathBuf,

    /// The format, whatever the ending: ome-zarr, tiff, dzi, xyz, pmtiles, zip
    #[arg(long, value_name = "NAME")]
    pub(crate) format: Option<String>,

    /// Pixels a side of a tile or a chunk [default: dzi 254, tiff 512, else 256]
    #[arg(short, long, visible_alias = "tile_size", value_name = "N")]
    pub(crate) tile_size: Option<u32>,

    /// Pixels by which Deep Zoom's tiles reach into their neighbours [default: 1]
    #[arg(long, value_name = "N")]
    pub(crate) overlap: Option<u32>,

    /// none, deflate, zstd; png, jpeg, webp [default: ome-zarr zstd, tiff deflate, tiles png]
    #[arg(long, value_name = "KIND")]
    pub(crate) compression: Option<String>,

    /// Lossy quality of JPEG and WebP, 1 to 100
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(crate) quality: Option<u8>,

    /// How hard is compressed what loses nothing: stored, fast or small
    #[arg(long, value_name = "EFFORT", default_value = "fast", value_parser = effort)]
    pub(crate) effort: Effort,

    /// Which image of a file that holds several
    #[arg(long, value_name = "NAME")]
    pub(crate) member: Option<String>,

    /// Which index of an axis tiles show, e.g. t=3 (repeatable) [default: 0]
    #[arg(long, value_name = "AXIS=N", value_parser = index)]
    pub(crate) index: Vec<(String, u64)>,

    /// Which channels tiles show, e.g. 0,2
    #[arg(long, value_name = "N,…", value_delimiter = ',')]
    pub(crate) channels: Vec<u64>,

    /// Threads [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,

    /// Memory for blocks of the file that rows to come need again, e.g. 1G [default: as many as that takes]
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    pub(crate) memory: Option<u64>,

    /// Replace what is there
    #[arg(long)]
    pub(crate) overwrite: bool,

    #[command(flatten)]
    pub(crate) image: ImageArgs,
}

/// How a file is read and shown.
#[derive(Args, Clone, Debug)]
pub(crate) struct ImageArgs {
    /// How an image file's colours are read [default: as the file has them]
    #[arg(short, long, value_name = "RGB|L")]
    pub(crate) mode: Option<ModeName>,

    /// A matplotlib colormap for an array or a gray image
    #[arg(short, long, value_name = "NAME", value_parser = colormap)]
    pub(crate) cmap: Option<String>,

    /// Lower end of the display window
    #[arg(long, value_name = "VALUE", allow_negative_numbers = true, value_parser = finite)]
    pub(crate) vmin: Option<f64>,

    /// Upper end of the display window
    #[arg(long, value_name = "VALUE", allow_negative_numbers = true, value_parser = finite)]
    pub(crate) vmax: Option<f64>,

    /// How pixels are reduced: average, max, min, nearest, mode, sum
    #[arg(long, value_name = "KIND", value_parser = resampling)]
    pub(crate) resampling: Option<Resampling>,

    #[command(flatten)]
    pub(crate) limits: FileLimitArgs,

    /// Names of an array's dimensions, one letter each, e.g. tczyx
    #[arg(long, value_name = "LETTERS")]
    pub(crate) axes: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ModeName {
    /// Red, green, blue
    #[value(name = "RGB")]
    Rgb,
    /// Gray
    #[value(name = "L")]
    L,
}

/// `z/x/y` and perhaps `/s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TileAddress {
    pub(crate) z: u32,
    pub(crate) x: u64,
    pub(crate) y: u64,
    pub(crate) size: u32,
}

/// The part of an address after `#`, which may be with it, or be all of an address that was copied.
fn view(text: &str) -> Result<String, String> {
    let fragment = text.rsplit_once('#').map_or(text, |(_, fragment)| fragment);
    if fragment
        .chars()
        .any(|letter| letter.is_control() || letter.is_whitespace())
    {
        return Err("a part of an address holds no spaces: copy it from the viewer".to_owned());
    }
    if fragment.is_empty() || !fragment.contains('=') {
        return Err("not the part of an address after #, e.g. 'image=terrain&x=512&y=300&zoom=2'".to_owned());
    }
    Ok(fragment.to_owned())
}

fn public_url(text: &str) -> Result<String, String> {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let is_one = rest.is_some_and(|rest| {
        !rest.is_empty()
            && !rest.contains(|letter: char| {
                letter.is_whitespace() || letter.is_control() || "?#<>\"".contains(letter)
            })
    });
    if is_one {
        Ok(text.to_owned())
    } else {
        Err("no address, e.g. https://example.org/maps".to_owned())
    }
}

fn tile_size(text: &str) -> Result<u32, String> {
    match text.parse::<u32>() {
        Ok(size) if size.is_power_of_two() && size <= crate::MAX_TILE_SIZE => Ok(size),
        _ => Err(format!(
            "no power of 2 from 1 to {}, e.g. 256",
            crate::MAX_TILE_SIZE
        )),
    }
}

fn tile(text: &str) -> Result<TileAddress, String> {
    let wrong = || "no tile address: z/x/y or z/x/y/s, e.g. 3/1/2".to_owned();
    let parts: Vec<u64> = text
        .split('/')
        .map(|part| part.parse().map_err(|_| wrong()))
        .collect::<Result<_, _>>()?;
    let (z, x, y, size) = match parts[..] {
        [z, x, y] => (z, x, y, 256),
        [z, x, y, size] => (
            z,
            x,
            y,
            tile_size(&size.to_string()).map_err(|why| format!("s: {why}"))?,
        ),
        _ => return Err(wrong()),
    };
    Ok(TileAddress {
        z: u32::try_from(z).unwrap_or(u32::MAX),
        x,
        y,
        size,
    })
}

fn index(text: &str) -> Result<(String, u64), String> {
    text.split_once('=')
        .and_then(|(axis, index)| Some((axis.to_owned(), index.parse().ok()?)))
        .ok_or_else(|| "no axis and index, e.g. t=3".to_owned())
}

fn finite(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|value: &f64| value.is_finite())
        .ok_or_else(|| "no finite number".to_owned())
}

fn colormap(name: &str) -> Result<String, String> {
    crate::colormap(name)
        .map(|map| map.name.to_owned())
        .map_err(|error| error.message().to_owned())
}

fn resampling(name: &str) -> Result<Resampling, String> {
    Resampling::named(name).map_err(|error| error.message().to_owned())
}

fn effort(name: &str) -> Result<Effort, String> {
    Effort::named(name).map_err(|error| error.message().to_owned())
}

/// `1024`, `256K`, `256M`, `2G`.
pub(crate) fn bytes(text: &str) -> Result<u64, String> {
    let upper = text.to_ascii_uppercase();
    let upper = upper.strip_suffix('B').unwrap_or(&upper);
    let (digits, shift) = match upper.char_indices().last() {
        Some((at, 'K')) => (&upper[..at], 10),
        Some((at, 'M')) => (&upper[..at], 20),
        Some((at, 'G')) => (&upper[..at], 30),
        _ => (upper, 0),
    };
    let number: u64 = digits
        .parse()
        .map_err(|_| "no number of bytes, e.g. 256M".to_owned())?;
    number
        .checked_mul(1 << shift)
        .ok_or_else(|| "more bytes than any machine has".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_flag_of_the_original_is_taken() {
        let typed = "projectile a.tif -m L -c viridis -t 128 --client c.html -p 9000 -D";
        let cli = Cli::try_parse_from(typed.split(' ')).unwrap();
        assert_eq!(
            (cli.serve.tile_size, cli.serve.port, cli.serve.debug),
            (128, Some(9000), true)
        );
        let cli = Cli::try_parse_from("projectile a.npy --tile_size 512 --mode RGB --cmap gray_r".split(' '))
            .unwrap();
        assert_eq!(cli.serve.tile_size, 512);
        assert_eq!(cli.serve.image.cmap.as_deref(), Some("gray_r"));
        for wrong in [
            "-t 300",
            "-t 0",
            "-t 8192",
            "-c nosuchmap",
            "-m CMYK",
            "--vmin nan",
            "--png x",
            "--cache x",
            "--memory lots",
            "--quality 0",
        ] {
            let typed = format!("projectile a.npy {wrong}");
            assert_eq!(
                Cli::try_parse_from(typed.split(' ')).unwrap_err().exit_code(),
                2,
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_file_named_like_a_command_can_be_given() {
        let cli = Cli::try_parse_from(["projectile", "./info"]).unwrap();
        assert!(cli.command.is_none());
        assert_eq!(cli.serve.inputs, [PathBuf::from("./info")]);
        let cli = Cli::try_parse_from(["projectile", "info", "a.npy"]).unwrap();
        assert!(matches!(cli.command, Some(Command::Info(_))));
    }

    #[test]
    fn sizes_and_tiles_are_read() {
        for (text, size) in [
            ("0", 0),
            ("1024", 1024),
            ("1k", 1 << 10),
            ("256M", 256 << 20),
            ("2GB", 2 << 30),
        ] {
            assert_eq!(bytes(text), Ok(size), "{text}");
        }
        assert!(bytes("99999999999G").is_err() && bytes("M").is_err() && bytes("-1").is_err());
        assert_eq!(
            tile("3/1/2"),
            Ok(TileAddress {
                z: 3,
                x: 1,
                y: 2,
                size: 256
            })
        );
        assert_eq!(tile("3/1/2/64").map(|tile| tile.size), Ok(64));
        for wrong in ["", "1/2", "1/2/3/100", "a/b/c", "1/2/3/4/5", "-1/0/0"] {
            assert!(tile(wrong).is_err(), "{wrong}");
        }
    }
}
