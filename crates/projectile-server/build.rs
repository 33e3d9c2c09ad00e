//! Puts the viewer into the binary: the built bundle if there is a fresh one, else builds it.
//!
//! `PROJECTILE_VIEWER=none` builds without a viewer. Nothing is written outside of `OUT_DIR`.

use std::error::Error;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;
use std::{env, fs, io};

fn main() {
    println!("cargo:rerun-if-env-changed=PROJECTILE_VIEWER");
    println!("cargo:rerun-if-changed=build.rs");
    if let Err(error) = run() {
        // Cargo shows what a build script says on its way out; no backtrace is of use here.
        eprintln!("\n{error}\n");
        std::process::exit(1);
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo gives no OUT_DIR")?);
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo gives no CARGO_MANIFEST_DIR")?);
    let mut files = Vec::new();
    if let Some(bundle) = bundle(&here, &out)? {
        collect(&bundle, "", &mut files)?;
        if !files.iter().any(|(path, _)| path == "index.html") {
            return Err(format!("the viewer's bundle has no index.html: {}", bundle.display()).into());
        }
    }
    files.sort();
    let mut table = String::from("&[\n");
    for (path, file) in files {
        let file = file
            .to_str()
            .ok_or("the viewer's bundle lies under a path that is no UTF-8")?;
        writeln!(
            table,
            "    Asset {{ path: {path:?}, bytes: include_bytes!({file:?}) }},"
        )?;
    }
    table.push(']');
    fs::write(out.join("viewer.rs"), table)?;
    Ok(())
}

/// The folder of the built viewer; `None` where there shall be none.
fn bundle(here: &Path, out: &Path) -> Result<Option<PathBuf>, Box<dyn Error>> {
    match env::var("PROJECTILE_VIEWER").as_deref() {
        Ok("none") => return Ok(None),
        Ok("") | Err(_) => {}
        Ok(other) => return Err(format!("PROJECTILE_VIEWER={other:?}: the only value is none").into()),
    }
    // Published packages carry the bundle.
    let packaged = here.join("viewer-dist");
    if packaged.is_dir() {
        println!("cargo:rerun-if-changed=viewer-dist");
        return Ok(Some(packaged));
    }
    let sources = here.join("../../viewer");
    let built = sources.join("dist");
    watch(&sources);
    let Some(changed) = newest(&sources) else {
        return Err(
            "The viewer's sources are not here (folder viewer/ of the repository).\n\
             Set PROJECTILE_VIEWER=none to build without a viewer."
                .into(),
        );
    };
    if newest(&built).is_some_and(|at| at >= changed) {
        // Only where it is: cargo runs this afresh each time for a path that does not exist.
        println!("cargo:rerun-if-changed={}", built.display());
        return Ok(Some(built));
    }
    build(&sources, &out.join("viewer")).map(Some)
}

/// Builds the viewer in a copy of its sources, as npm writes beside them.
fn build(sources: &Path, copy: &Path) -> Result<PathBuf, Box<dyn Error>> {
    if copy.is_dir() {
        for entry in fs::read_dir(copy)? {
            let entry = entry?;
            // Installed packages stay as long as the lock file does.
            if entry.file_name() != "node_modules" && entry.file_name() != "installed-lock.json" {
                let remove = if entry.file_type()?.is_dir() {
                    fs::remove_dir_all
                } else {
                    fs::remove_file
                };
                remove(&entry.path())?;
            }
        }
    }
    let mut files = Vec::new();
    collect(sources, "", &mut files)?;
    for (path, file) in files {
        let target = copy.join(path);
        fs::create_dir_all(target.parent().unwrap_or(copy))?;
        fs::copy(file, target)?;
    }
    let (lock, installed) = (
        fs::read(copy.join("package-lock.json")).ok(),
        copy.join("installed-lock.json"),
    );
    if lock.is_none() || fs::read(&installed).ok() != lock || !copy.join("node_modules").is_dir() {
        npm(copy, &["ci", "--no-audit", "--no-fund"])?;
        fs::copy(copy.join("package-lock.json"), installed)?;
    }
    npm(copy, &["run", "build"])?;
    Ok(copy.join("dist"))
}

fn npm(folder: &Path, arguments: &[&str]) -> Result<(), Box<dyn Error>> {
    const HELP: &str = "The viewer is built with Node.js 20 or later and npm 10 or later: install them, or set\n\
        PROJECTILE_VIEWER=none to build without a viewer.";
    let program = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output()
        .map_err(|error| format!("npm cannot be run ({error}).\n{HELP}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(format!(
        "npm {} failed:\n{}\n{HELP}",
        arguments.join(" "),
        String::from_utf8_lossy(&said)
    )
    .into())
}

fn skipped(name: &OsStr) -> bool {
    name == "node_modules" || name == "dist" || name.to_string_lossy().starts_with('.')
}

/// Every file under `folder`, with its path from there.
fn collect(folder: &Path, prefix: &str, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if skipped(&entry.file_name()) {
            continue;
        }
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{path}/"), files)?;
        } else {
            files.push((path, entry.path()));
        }
    }
    Ok(())
}

/// Has cargo look at every source. It would look at all of a folder's files, so what npm installs is left out.
fn watch(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if !skipped(&entry.file_name()) {
            println!("cargo:rerun-if-changed={}", entry.path().display());
        }
    }
}

/// When the last of the files under `folder` was changed.
fn newest(folder: &Path) -> Option<SystemTime> {
    let mut files = Vec::new();
    collect(folder, "", &mut files).ok()?;
    files
        .iter()
        .filter_map(|(_, file)| fs::metadata(file).ok()?.modified().ok())
        .max()
}
