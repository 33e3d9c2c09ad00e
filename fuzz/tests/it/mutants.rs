//! Good files with parts of them changed: each is opened or refused. `PROJECTILE_MUTANTS` says how many of each file.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use projectile_fuzz::{Target, target};

/// The target and the file's own bytes, as the target takes them.
type Seed = (PathBuf, &'static Target, Vec<u8>);

/// Beyond this a run says more of how large a file is than of what is in it.
const LONGEST: u64 = 64 << 10;
const IN_TIME: Duration = Duration::from_secs(10);

/// A generator of its own, so that a mutant is the same on every machine (xorshift64*; Vigna 2016).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

fn of(path: &Path) -> Option<(&'static Target, Option<u8>)> {
    const PICTURES: [&str; 15] = [
        "bmp", "gif", "webp", "pgm", "psd", "ico", "tga", "dds", "hdr", "qoi", "ff", "exr", "jp2", "jxl",
        "gz",
    ];
    let ending = path.extension()?.to_str()?;
    let name = match ending {
        "jpg" => "jpeg",
        "tif" => "tiff",
        "nii" => "nifti",
        "dcm" => "dicom",
        "h5" => "hdf5",
        "pbm" | "ppm" | "pam" | "pfm" | "pnm" => return Some((target("pictures")?, Some(3))),
        other => other,
    };
    match PICTURES.iter().position(|known| *known == name) {
        Some(which) => Some((target("pictures")?, Some(which as u8))),
        None => Some((target(name)?, None)),
    }
}

fn seeds() -> Vec<Seed> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    let mut seeds = Vec::new();
    for folder in ["images", "science"] {
        for entry in std::fs::read_dir(fixtures.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if !path.is_file() || path.metadata().unwrap().len() > LONGEST {
                continue;
            }
            if let Some((target, which)) = of(&path) {
                let bytes = which.into_iter().chain(std::fs::read(&path).unwrap()).collect();
                seeds.push((path, target, bytes));
            }
        }
    }
    seeds.sort_by(|(a, ..), (b, ..)| a.cmp(b));
    seeds
}

/// Bits flipped, a hundredth of the bytes replaced, the end cut off, or a part put elsewhere.
fn mutant(bytes: &[u8], first: usize, numbers: &mut Numbers) -> Vec<u8> {
    let mut made = bytes.to_vec();
    let length = made.len() - first;
    match numbers.below(4) {
        0 => {
            for _ in 0..=numbers.below(8) {
                let at = first + numbers.below(length);
                made[at] ^= 1 << numbers.below(8);
            }
        }
        1 => {
            for _ in 0..=length / 100 {
                let at = first + numbers.below(length);
                made[at] = numbers.next() as u8;
            }
        }
        2 => made.truncate(first + numbers.below(length)),
        _ => {
            let (from, to) = (first + numbers.below(length), first + numbers.below(length));
            let count = numbers.below(length - (from.max(to) - first)).min(64);
            made.copy_within(from..from + count, to);
        }
    }
    made
}

#[test]
fn mutants_of_good_files_are_opened_or_refused() {
    let wanted = std::env::var("PROJECTILE_MUTANTS").ok();
    let each: u64 = wanted.map_or(12, |count| count.parse().expect("PROJECTILE_MUTANTS is a number"));
    let seeds = seeds();
    assert!(seeds.len() > 150, "{} seeds", seeds.len());
    let (mut faults, mut slowest) = (Vec::new(), Duration::ZERO);
    for (number, (path, target, bytes)) in seeds.iter().enumerate() {
        let first = usize::from(target.name == "pictures");
        for turn in 0..each {
            let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15 ^ (number as u64) << 32 ^ (turn + 1));
            let made = mutant(bytes, first, &mut numbers);
            let began = Instant::now();
            let outcome = catch_unwind(AssertUnwindSafe(|| (target.run)(&made)));
            let took = began.elapsed();
            slowest = slowest.max(took);
            if outcome.is_err() || took > IN_TIME {
                faults.push(format!("mutant {turn} of {}: {took:?}", path.display()));
            }
        }
    }
    let made = seeds.len() as u64 * each;
    println!("{made} mutants of {} files, the slowest {slowest:?}", seeds.len());
    assert!(
        faults.is_empty(),
        "{} of {made}:\n{}",
        faults.len(),
        faults.join("\n")
    );
}
