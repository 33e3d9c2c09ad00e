//! Opening files without waiting: what is no regular file is refused, and a folder's files are not left by a link.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

/// Opens a regular file. A pipe would have whoever opens it wait for a writer, and a device need not end.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    // Before it is opened, too: to open a device may do something.
    check(&std::fs::metadata(path)?)?;
    let mut how = OpenOptions::new();
    how.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        how.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    }
    checked(how.open(path)?)
}

/// Opens a regular file of a folder. A link is followed for as long as it stays in the folder.
#[cfg(target_os = "linux")]
pub(crate) fn open_in(folder: &Path, key: &str) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags, ResolveFlags};
    use rustix::io::Errno;

    /// The system gives up when something is renamed while it follows a path.
    const TRIES: usize = 8;
    let base = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let base = rustix::fs::open(folder, base, Mode::empty())?;
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let beneath = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    let mut outcome = Err(Errno::AGAIN);
    for _ in 0..TRIES {
        outcome = rustix::fs::openat2(&base, key, flags, Mode::empty(), beneath);
        if !matches!(outcome, Err(Errno::AGAIN)) {
            break;
        }
    }
    match outcome {
        Ok(file) => checked(File::from(file)),
        Err(Errno::XDEV) => Err(outside()),
        // An old system, or one that forbids what it does not know.
        Err(Errno::NOSYS | Errno::PERM) => open_unless_outside(folder, key),
        Err(error) => Err(error.into()),
    }
}

/// Opens a regular file of a folder. A link is followed for as long as it stays in the folder.
#[cfg(not(target_os = "linux"))]
pub(crate) fn open_in(folder: &Path, key: &str) -> io::Result<File> {
    open_unless_outside(folder, key)
}

fn open_unless_outside(folder: &Path, key: &str) -> io::Result<File> {
    let path = folder.join(key);
    if leads_out(folder, &path) {
        return Err(outside());
    }
    open(&path)
}

/// Whether links lead from `path`, which is in `folder`, to somewhere else. What is not there leads nowhere.
pub fn leads_out(folder: &Path, path: &Path) -> bool {
    let here = Path::new(".");
    let folder = if folder.as_os_str().is_empty() {
        here
    } else {
        folder
    };
    match (folder.canonicalize(), path.canonicalize()) {
        (Ok(folder), Ok(path)) => !path.starts_with(folder),
        _ => false,
    }
}

fn checked(file: File) -> io::Result<File> {
    check(&file.metadata()?)?;
    Ok(file)
}

fn check(metadata: &Metadata) -> io::Result<()> {
    if metadata.is_file() {
        Ok(())
    } else if metadata.is_dir() {
        Err(io::ErrorKind::IsADirectory.into())
    } else {
        Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is no regular file",
        ))
    }
}

fn outside() -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, "a link leads out of its folder")
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::Read;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_are_followed_inside_of_the_folder_alone() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("in");
        std::fs::create_dir_all(folder.join("deep")).unwrap();
        std::fs::write(folder.join("deep/file"), "inside").unwrap();
        std::fs::write(dir.path().join("secret"), "outside").unwrap();
        symlink("deep/file", folder.join("near")).unwrap();
        symlink("../secret", folder.join("far")).unwrap();
        symlink("..", folder.join("up")).unwrap();
        symlink("/proc/self/root/etc/hostname", folder.join("magic")).unwrap();
        for key in ["deep/file", "near"] {
            let mut text = String::new();
            open_in(&folder, key).unwrap().read_to_string(&mut text).unwrap();
            assert_eq!(text, "inside");
            assert!(open_unless_outside(&folder, key).is_ok());
            assert!(!leads_out(&folder, &folder.join(key)));
        }
        for key in ["far", "up/secret", "../secret", "magic", "/etc/passwd"] {
            assert!(open_in(&folder, key).is_err(), "{key}");
            assert!(open_unless_outside(&folder, key).is_err(), "{key}");
        }
        assert!(leads_out(&folder, &folder.join("far")));
        assert!(!leads_out(&folder, &folder.join("none")));
        let missing = open_in(&folder, "none").unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn pipes_folders_and_devices_are_refused_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        std::fs::create_dir(dir.path().join("folder")).unwrap();
        for (path, kind) in [
            (dir.path().join("pipe"), io::ErrorKind::InvalidInput),
            (dir.path().join("folder"), io::ErrorKind::IsADirectory),
            ("/dev/zero".into(), io::ErrorKind::InvalidInput),
        ] {
            assert_eq!(open(&path).unwrap_err().kind(), kind, "{}", path.display());
        }
        for (key, kind) in [
            ("pipe", io::ErrorKind::InvalidInput),
            ("folder", io::ErrorKind::IsADirectory),
        ] {
            assert_eq!(open_in(dir.path(), key).unwrap_err().kind(), kind, "{key}");
        }
    }
}
