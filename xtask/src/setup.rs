//! What the tests need beside Rust, installed where it is missing; an error says what could not be had.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::process::{Outcome, command, installed, root, run, target};

const INSTALL: Duration = Duration::from_mins(30);

/// What the environment holds.
const REQUIREMENTS: [&str; 2] = ["tests/requirements.txt", "python/tests/requirements.txt"];

/// The Python of the project's own environment, with what the files of [`REQUIREMENTS`] pin.
pub(crate) fn python() -> Outcome<PathBuf> {
    let environment = target().join("venv");
    let python = environment.join("bin/python");
    let mut wanted = String::new();
    for file in REQUIREMENTS {
        let text = std::fs::read_to_string(root().join(file)).map_err(|error| format!("{file}: {error}"))?;
        wanted.push_str(&text);
    }
    let stamp = environment.join("installed.txt");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) && python.exists() {
        return Ok(python);
    }
    if !installed("python3", &["-c", "import venv, ensurepip"]) {
        apt("python3-venv")?;
    }
    let place = environment.to_string_lossy().into_owned();
    run(
        &mut command("python3", &["-m", "venv", "--clear", &place]),
        INSTALL,
    )?;
    let mut pip = command(&python, &PIP);
    for file in REQUIREMENTS {
        pip.args(["-r", file]);
    }
    run(&mut pip, INSTALL)?;
    std::fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))?;
    Ok(python)
}

const PIP: [&str; 5] = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];

/// The same Python, with the package in it as `pip install .` installs it, of a profile of Cargo's.
pub(crate) fn package(profile: &str) -> Outcome<PathBuf> {
    let python = python()?;
    let mut pip = command(&python, &PIP);
    pip.args(["--no-deps", "--force-reinstall", "."]);
    pip.env("MATURIN_PEP517_ARGS", format!("--locked --profile {profile}"));
    run(&mut pip, Duration::from_mins(30))?;
    Ok(python)
}

/// The viewer's npm packages, by its lock file.
pub(crate) fn npm() -> Outcome<()> {
    packages("viewer")
}

/// Other projects' viewers, which are opened in a browser: half a gigabyte that the viewer has no need of.
pub(crate) fn clients() -> Outcome<()> {
    packages("tests/clients")
}

/// The npm packages of a folder, by its lock file.
fn packages(folder: &str) -> Outcome<()> {
    let place = root().join(folder);
    if !place.join("package-lock.json").exists() {
        return Err(format!("{folder}/package-lock.json is missing"));
    }
    if !installed("npm", &["--version"]) {
        return Err("npm is missing: install Node.js 20 or later".into());
    }
    let lock = place.join("package-lock.json");
    let have = place.join("node_modules/.package-lock.json");
    let changed = |path: &Path| path.metadata().and_then(|data| data.modified()).ok();
    if changed(&have).is_some_and(|have| changed(&lock).is_some_and(|lock| have >= lock)) {
        return Ok(());
    }
    let mut npm = npm_run(&["ci", "--no-audit", "--no-fund"]);
    run(npm.current_dir(&place), INSTALL).map(drop)
}

/// npm in the viewer's folder.
pub(crate) fn npm_run(arguments: &[&str]) -> std::process::Command {
    let mut npm = command("npm", arguments);
    npm.current_dir(root().join("viewer"))
        .env("NO_COLOR", "1")
        .env("CI", "true");
    npm
}

/// A Chromium that a test can drive.
pub(crate) fn chromium() -> Outcome<PathBuf> {
    let found = || {
        [
            "/usr/bin/chromium",
            "/usr/bin/chromium-browser",
            "/usr/bin/google-chrome",
        ]
        .iter()
        .map(PathBuf::from)
        .find(|path| path.exists())
    };
    if let Some(path) = found() {
        return Ok(path);
    }
    apt("chromium")?;
    found().ok_or_else(|| "Chromium was installed but is not in /usr/bin".into())
}

/// libvips' command, which exports are measured against.
pub(crate) fn vips() -> Outcome<PathBuf> {
    program("/usr/bin/vips", "libvips-tools")
}

/// A program of one of Debian's packages.
pub(crate) fn program(path: &str, package: &str) -> Outcome<PathBuf> {
    let path = PathBuf::from(path);
    if !path.exists() {
        apt(package)?;
    }
    if path.exists() {
        return Ok(path);
    }
    Err(format!(
        "{package} was installed but there is no {}",
        path.display()
    ))
}

fn apt(package: &str) -> Outcome<()> {
    let needed =
        |why: String| format!("{package} is missing and could not be installed ({why}): install it by hand");
    if !installed("apt-get", &["--version"]) {
        return Err(needed("no apt-get here".into()));
    }
    let install = || {
        let mut apt = command("apt-get", &["install", "-y", "--no-install-recommends", package]);
        run(apt.env("DEBIAN_FRONTEND", "noninteractive"), INSTALL)
    };
    if install().is_ok() {
        return Ok(());
    }
    run(&mut command("apt-get", &["update"]), INSTALL).map_err(needed)?;
    install().map(drop).map_err(needed)
}
