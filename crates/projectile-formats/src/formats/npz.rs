//! `.npz`: a gallery of arrays, stored or deflated.

use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use projectile_core::{Error, ErrorKind, Result, SourceInfo};
use zip::ZipArchive;

use super::npy::{array, axes};
use crate::flat::read_samples;
use crate::format::{Format, NamedSource};
use crate::npy::read_header;
use crate::open::OpenOptions;
use crate::sizes::{product, to_u64};
use crate::version;

/// numpy's archive of arrays.
pub(super) struct Npz;

/// Members beyond which an archive is no gallery.
const MAX_MEMBERS: usize = 4096;

impl Format for Npz {
    fn name(&self) -> &'static str {
        "npz"
    }

    fn about(&self) -> &'static str {
        "each member that is a picture, stored or deflated"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["npz"]
    }

    fn sniff(&self, head: &[u8]) -> bool {
        // Any zip begins so; the first member's name, which follows, tells it from others.
        head.starts_with(b"PK\x03\x04")
            && head
                .iter()
                .take(1024)
                .copied()
                .collect::<Vec<u8>>()
                .windows(4)
                .any(|w| w == b".npy")
    }

    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Vec<NamedSource>> {
        let unreadable =
            |error: std::io::Error| Error::new(ErrorKind::Unavailable, format!("cannot be read: {error}"));
        let file = crate::regular::open(path).map_err(unreadable)?;
        let version = version::of(&file.metadata().map_err(unreadable)?);
        let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|error| broken(&error))?;
        if archive.len() > MAX_MEMBERS {
            return Err(Error::limit(format!(
                "{} members, at most {MAX_MEMBERS} are shown",
                archive.len()
            )));
        }
        let mut sources = Vec::new();
        let mut skipped = Vec::new();
        let mut budget = options.limits.decoded_bytes;
        for index in 0..archive.len() {
            let mut member = archive.by_index(index).map_err(|error| broken(&error))?;
            let name = member
                .name()
                .map_err(|error| broken(&error))?
                .trim_end_matches(".npy")
                .to_owned();
            match open_member(
                &mut member,
                &mut budget,
                version ^ to_u64(index).wrapping_add(1).rotate_left(32),
                options,
            ) {
                Ok(source) => sources.push((name, source)),
                Err(error) if matches!(error.kind(), ErrorKind::Unsupported) => skipped.push((name, error)),
                Err(error) => return Err(error.context(name)),
            }
        }
        if sources.is_empty() {
            let (name, error) = skipped
                .into_iter()
                .next()
                .unwrap_or_else(|| (String::new(), Error::corrupt("an archive of nothing")));
            return Err(if name.is_empty() {
                error
            } else {
                error.context(name)
            });
        }
        let details: Vec<_> = skipped
            .iter()
            .map(|(name, error)| (format!("not shown: {name}"), error.message().to_owned()))
            .collect();
        sources
            .into_iter()
            .map(|(name, (samples, header, mut info))| {
                info.details.extend(details.iter().cloned());
                Ok(NamedSource {
                    name,
                    source: Arc::new(array(samples, &header, info)?),
                })
            })
            .collect()
    }
}

type Member = (projectile_core::Samples, crate::npy::Header, SourceInfo);

fn open_member(
    member: &mut impl Read,
    budget: &mut u64,
    version: u64,
    options: &OpenOptions,
) -> Result<Member> {
    let header = read_header(member)?;
    let axes = axes(&header, options)?;
    let bytes = header.data_bytes()?;
    // What the header promises decides, so that a few deflated bytes cannot ask for more than is allowed.
    *budget = budget.checked_sub(bytes).ok_or_else(|| {
        Error::limit(format!(
            "the archive's arrays take more than {} bytes: save them as .npy files, which are read by region",
            options.limits.decoded_bytes
        ))
    })?;
    let count = product(&header.shape).ok_or_else(|| Error::corrupt("an array without an end"))?;
    let samples = read_samples(member, header.dtype, header.big_endian, count, options)?;
    let mut info = SourceInfo::new(header.dtype, axes, "npz");
    info.version = version;
    Ok((samples, header, info))
}

fn broken(error: &zip::result::ZipError) -> Error {
    Error::corrupt(format!("a broken archive: {error}"))
}
