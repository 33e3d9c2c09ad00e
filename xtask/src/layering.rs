//! Holds the rooms' arrows: core ← formats ← server ← projectile, core ← export ← projectile, and never the other way.
//!
//! It reads manifests and sources as text, so it sees what a compiler would allow but the house does not.

use std::collections::BTreeSet;
use std::path::Path;

use crate::process::{Outcome, root};

/// A source or manifest: where it is from the root, and what it says.
#[derive(Clone, Debug)]
struct File {
    path: String,
    text: String,
}

/// A room: what its manifest and its sources may not name, and why.
struct Room {
    folder: &'static str,
    /// The only rooms it may depend on.
    below: &'static [&'static str],
    /// Crates that it may not depend on.
    crates: &'static [&'static str],
    /// What its sources may not name.
    words: &'static [&'static str],
    why: &'static str,
}

const ROOMS: &[Room] = &[
    Room {
        folder: "crates/projectile-core",
        below: &[],
        crates: &[
            "tokio",
            "async-std",
            "smol",
            "axum",
            "hyper",
            "http",
            "tower",
            "tower-http",
            "clap",
            "serde",
            "serde_json",
            "ureq",
            "reqwest",
        ],
        words: &[
            "std::fs",
            "std::net",
            "std::process",
            "std::env",
            "tokio::",
            "axum::",
            "serde::",
            "clap::",
        ],
        why: "the core knows no HTTP, no files, no runtime and no JSON",
    },
    Room {
        folder: "crates/projectile-formats",
        below: &["projectile-core"],
        crates: &["axum", "hyper", "http", "tower", "tower-http", "clap"],
        words: &["axum::", "hyper::", "http::", "tower::", "clap::"],
        why: "formats know files, not HTTP",
    },
    Room {
        folder: "crates/projectile-export",
        below: &["projectile-core"],
        crates: &["tokio", "axum", "hyper", "http", "tower", "tower-http", "clap"],
        words: &["tokio::", "axum::", "hyper::", "http::", "tower::", "clap::"],
        why: "writers know images and files: no reader, no HTTP, no command line",
    },
    Room {
        folder: "crates/projectile-server",
        below: &["projectile-core", "projectile-formats"],
        crates: &["clap"],
        words: &["clap::"],
        why: "the server is a library: the command line is above it",
    },
    Room {
        folder: "crates/projectile",
        below: &[
            "projectile-core",
            "projectile-export",
            "projectile-formats",
            "projectile-server",
        ],
        crates: &[],
        words: &[],
        why: "the top of what is Rust alone",
    },
    Room {
        folder: "python",
        below: &["projectile"],
        crates: &["axum", "hyper", "clap"],
        words: &["axum::", "hyper::"],
        why: "Python sees the library, as any program does",
    },
];

const OURS: &[&str] = &[
    "projectile-core",
    "projectile-export",
    "projectile-formats",
    "projectile-server",
    "projectile",
    "projectile-python",
];

/// Where each registry lives, and what outside of it may not know.
const ENCODERS: &str = "crates/projectile-core/src/encode/";
const FORMATS: &str = "crates/projectile-formats/src/formats/";
const WRITERS: &str = "crates/projectile-export/src/writers/";
const PROTOCOLS: &str = "crates/projectile-server/src/protocol/";

/// File name endings that only formats know: the encoders' own (`png`, `jpg`, …) are everybody's.
const ENDINGS: &[&str] = &[
    "tif", "tiff", "gif", "bmp", "ico", "tga", "dds", "hdr", "qoi", "ff", "exr", "avif", "jp2", "jxl", "psd",
    "pnm", "pgm", "ppm", "pam", "npz",
];

/// Checks the repository.
pub(crate) fn check() -> Outcome {
    let mut files = Vec::new();
    collect(&root(), "crates", &mut files);
    collect(&root(), "python", &mut files);
    let rust = files.iter().filter(|file| is_rust(&file.path)).count();
    let faults = faults(&files);
    if faults.is_empty() {
        Ok(format!("{rust} sources"))
    } else {
        Err(faults.join("\n"))
    }
}

fn collect(root: &Path, folder: &str, files: &mut Vec<File>) {
    let entries = std::fs::read_dir(root.join(folder))
        .into_iter()
        .flatten()
        .filter_map(Result::ok);
    for entry in entries {
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            collect(root, &path, files);
        } else if (is_rust(&path) || path.ends_with("Cargo.toml"))
            && let Ok(text) = std::fs::read_to_string(entry.path())
        {
            files.push(File { path, text });
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
}

fn is_rust(path: &str) -> bool {
    Path::new(path)
        .extension()
        .is_some_and(|extension| extension == "rs")
}

fn faults(files: &[File]) -> Vec<String> {
    let mut faults = Vec::new();
    for room in ROOMS {
        let inside = |file: &&File| {
            file.path
                .strip_prefix(room.folder)
                .is_some_and(|rest| rest.starts_with('/'))
        };
        for file in files.iter().filter(inside) {
            if file.path == format!("{}/Cargo.toml", room.folder) {
                manifest(room, file, &mut faults);
            } else if file.path.starts_with(&format!("{}/src/", room.folder)) {
                source(room, file, &mut faults);
            }
        }
    }
    registry(files, FORMATS, "formats", &mut faults);
    registry(files, WRITERS, "writers", &mut faults);
    registry(files, PROTOCOLS, "protocol", &mut faults);
    endings(files, &mut faults);
    for file in files.iter().filter(|file| file.path.starts_with(PROTOCOLS)) {
        for (number, line) in product_lines(file) {
            for word in ["Pixels", "Samples"].iter().filter(|word| names(line, word)) {
                faults.push(fault(
                    file,
                    number,
                    &format!("names {word}: a protocol parses addresses, it sees no pixels"),
                ));
            }
        }
    }
    undeclared(files, &mut faults);
    faults
}

fn fault(file: &File, number: usize, why: &str) -> String {
    format!("{}:{number}: {why}", file.path)
}

fn manifest(room: &Room, file: &File, faults: &mut Vec<String>) {
    let mut section = "";
    for (number, line) in file
        .text
        .lines()
        .enumerate()
        .map(|(at, line)| (at + 1, line.trim()))
    {
        let mut name = "";
        if let Some(header) = line.strip_prefix('[') {
            section = header.trim_end_matches(']');
            if let Some((_, dependency)) = section.rsplit_once("dependencies.") {
                faults
                    .extend(dependency_fault(room, section, dependency).map(|why| fault(file, number, &why)));
            }
            continue;
        }
        if section.ends_with("dependencies") && !line.starts_with('#') {
            name = line.split(['=', '.', ' ']).next().unwrap_or_default();
        }
        faults.extend(dependency_fault(room, section, name).map(|why| fault(file, number, &why)));
    }
}

fn dependency_fault(room: &Room, section: &str, name: &str) -> Option<String> {
    let itself = room.folder.strip_prefix("crates/") == Some(name);
    if OURS.contains(&name) && !itself && !room.below.contains(&name) {
        return Some(format!(
            "{} depends on {name}, which is not below it",
            room.folder
        ));
    }
    let built_in = !section.contains("dev-dependencies");
    (built_in && room.crates.contains(&name)).then(|| format!("depends on {name}: {}", room.why))
}

fn source(room: &Room, file: &File, faults: &mut Vec<String>) {
    for (number, line) in product_lines(file) {
        for word in room.words.iter().filter(|word| names(line, word)) {
            faults.push(fault(file, number, &format!("names {word}: {}", room.why)));
        }
        for ours in OURS
            .iter()
            .filter(|name| format!("crates/{name}") != room.folder && !room.below.contains(name))
        {
            let path = format!("{}::", ours.replace('-', "_"));
            if names(line, &path) {
                faults.push(fault(
                    file,
                    number,
                    &format!("names {path}, which is not below {}", room.folder),
                ));
            }
        }
    }
}

/// Nobody outside the registry's folder names one of its modules.
fn registry(files: &[File], folder: &str, module: &str, faults: &mut Vec<String>) {
    let modules: BTreeSet<&str> = files
        .iter()
        .filter_map(|file| file.path.strip_prefix(folder))
        .map(|rest| rest.split(['/', '.']).next().unwrap_or_default())
        .filter(|name| *name != "mod")
        .collect();
    for file in files
        .iter()
        .filter(|file| !file.path.starts_with(folder) && file.path.contains("/src/"))
    {
        for (number, line) in product_lines(file) {
            for name in modules
                .iter()
                .filter(|name| names(line, &format!("{module}::{name}")))
            {
                let why = format!("names {module}::{name}: outside {folder} only the registry is known");
                faults.push(fault(file, number, &why));
            }
        }
    }
}

/// Nobody outside the folders of formats, encoders and writers lists formats by their file name endings.
fn endings(files: &[File], faults: &mut Vec<String>) {
    let outside = |file: &&File| {
        ![FORMATS, ENCODERS, WRITERS]
            .iter()
            .any(|folder| file.path.starts_with(folder))
            && file.path.contains("/src/")
    };
    for file in files.iter().filter(outside) {
        let mut found: Vec<(usize, &str)> = Vec::new();
        for (number, line) in product_lines(file) {
            let quoted = line
                .split('"')
                .skip(1)
                .step_by(2)
                .map(|text| text.trim_start_matches('.'));
            found.extend(
                quoted
                    .filter(|text| ENDINGS.contains(text))
                    .map(|text| (number, text)),
            );
        }
        let distinct: BTreeSet<&str> = found.iter().map(|(_, ending)| *ending).collect();
        if let (2.., Some((number, _))) = (distinct.len(), found.first()) {
            let why = format!("lists file formats ({distinct:?}): only {FORMATS} knows which there are");
            faults.push(fault(file, *number, &why));
        }
    }
}

/// Every source is a module of the one above it: a forgotten `mod` line would leave it unbuilt.
fn undeclared(files: &[File], faults: &mut Vec<String>) {
    for file in files
        .iter()
        .filter(|file| file.path.contains("/src/") && is_rust(&file.path))
    {
        let Some((folder, name)) = file.path.rsplit_once('/') else {
            continue;
        };
        let name = name.trim_end_matches(".rs");
        if matches!(name, "lib" | "main") || folder.contains("/src/bin") {
            continue;
        }
        let (folder, name) = if name == "mod" {
            folder.rsplit_once('/').unwrap_or((folder, name))
        } else {
            (folder, name)
        };
        let parents = ["mod.rs", "lib.rs", "main.rs"].map(|parent| format!("{folder}/{parent}"));
        let beside = format!("{folder}.rs");
        let declared = files
            .iter()
            .filter(|parent| parents.contains(&parent.path) || parent.path == beside)
            .any(|parent| names(&parent.text, &format!("mod {name}")));
        if !declared {
            faults.push(fault(file, 1, "no `mod` line declares this file"));
        }
    }
}

/// The lines of a source that are built into the product, with their numbers: no comments, no test module at the end.
fn product_lines(file: &File) -> impl Iterator<Item = (usize, &str)> {
    let all_tests = file.path.ends_with("/tests.rs");
    let text = if all_tests { "" } else { file.text.as_str() };
    let numbered = text.lines().enumerate().map(|(at, line)| (at + 1, line));
    let product = numbered.take_while(|(_, line)| !line.starts_with("#[cfg(test)]"));
    product.map(|(number, line)| (number, line.split("//").next().unwrap_or_default()))
}

/// Whether `line` names `word` as a whole: not as part of a longer name, nor of a longer path.
fn names(line: &str, word: &str) -> bool {
    let in_name = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let open_end = word.ends_with(':');
        before.is_none_or(|c| !in_name(c)) && (open_end || after.is_none_or(|c| !in_name(c)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rooms_hold() {
        let facts = check();
        assert!(facts.is_ok(), "{}", facts.unwrap_err());
    }

    fn faults_of(files: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<File> = files
            .iter()
            .map(|(path, text)| File {
                path: (*path).into(),
                text: (*text).into(),
            })
            .collect();
        faults(&files)
    }

    #[test]
    fn each_broken_arrow_is_found_with_its_line() {
        for (path, text, line, told) in [
            (
                "crates/projectile-core/Cargo.toml",
                "[dependencies]\ntokio.workspace = true\n",
                2,
                "depends on tokio",
            ),
            (
                "crates/projectile-core/Cargo.toml",
                "[dependencies.serde]\nversion = \"1\"\n",
                1,
                "depends on serde",
            ),
            (
                "crates/projectile-core/Cargo.toml",
                "[target.'cfg(unix)'.dependencies]\naxum = \"1\"\n",
                2,
                "axum",
            ),
            (
                "crates/projectile-formats/Cargo.toml",
                "[dev-dependencies]\nprojectile-server.workspace = true\n",
                2,
                "which is not below it",
            ),
            (
                "crates/projectile-core/src/lib.rs",
                "\nuse std::fs::File;\n",
                2,
                "names std::fs",
            ),
            (
                "crates/projectile-formats/src/lib.rs",
                "use http::StatusCode;\n",
                1,
                "names http::",
            ),
            (
                "crates/projectile-formats/src/lib.rs",
                "use projectile_server::x;\n",
                1,
                "not below",
            ),
            (
                "crates/projectile-server/src/protocol/mod.rs",
                "fn f(p: &Pixels) {}\n",
                1,
                "names Pixels",
            ),
        ] {
            let found = faults_of(&[(path, text)]);
            let found: Vec<&String> = found
                .iter()
                .filter(|fault| !fault.contains("no `mod` line"))
                .collect();
            assert_eq!(found.len(), 1, "{path} {text:?}: {found:?}");
            assert!(
                found[0].starts_with(&format!("{path}:{line}: ")) && found[0].contains(told),
                "{found:?}"
            );
        }
    }

    #[test]
    fn what_is_allowed_is_no_fault() {
        let found = faults_of(&[
            (
                "crates/projectile-core/Cargo.toml",
                "[dev-dependencies]\ntokio = \"1\"\n[dependencies]\npng = \"1\"\n",
            ),
            (
                "crates/projectile-core/src/lib.rs",
                "//! No std::fs here.\nuse my_std::fs;\nstruct http;\n#[cfg(test)]\nmod tests { use std::fs; }\n",
            ),
            (
                "crates/projectile-server/Cargo.toml",
                "[dependencies]\nprojectile-core.workspace = true\naxum = \"1\"\n",
            ),
            ("crates/projectile-core/src/tests.rs", "use std::fs;\n"),
            ("crates/projectile-core/src/main.rs", "#[cfg(test)]\nmod tests;\n"),
            ("crates/projectile-core/tests/it/main.rs", "use std::fs;\n"),
        ]);
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn a_registry_is_known_by_its_slice_alone() {
        let files = [
            ("crates/projectile-formats/src/formats/mod.rs", "mod npy;\n"),
            ("crates/projectile-formats/src/formats/npy.rs", "\n"),
            (
                "crates/projectile-formats/src/lib.rs",
                "mod formats;\npub use formats::FORMATS;\n",
            ),
            (
                "crates/projectile-formats/src/open.rs",
                "use crate::formats::npy::Npy;\n",
            ),
        ];
        let found = faults_of(&files);
        assert!(
            found
                .iter()
                .any(|fault| fault.contains("open.rs:1: names formats::npy")),
            "{found:?}"
        );
        assert!(
            found
                .iter()
                .any(|fault| fault.contains("open.rs:1: no `mod` line")),
            "{found:?}"
        );
        assert_eq!(found.len(), 2, "{found:?}");
    }

    #[test]
    fn a_list_of_formats_elsewhere_is_found() {
        let found = faults_of(&[(
            "crates/projectile/src/main.rs",
            "match e { \"tif\" | \"psd\" => 1, _ => 2 }\n",
        )]);
        assert!(
            found.len() == 1 && found[0].contains("lists file formats"),
            "{found:?}"
        );
    }

    #[test]
    fn every_room_is_there() {
        let manifests = ROOMS
            .iter()
            .map(|room| root().join(room.folder).join("Cargo.toml"));
        assert!(manifests.into_iter().all(|manifest| manifest.exists()));
    }
}
