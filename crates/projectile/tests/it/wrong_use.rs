//! Exit codes and one-line errors.

use crate::support::{gray, run, text};

#[test]
fn wrong_use_is_2_and_failure_is_1_each_in_few_words() {
    let folder = tempfile::tempdir().unwrap();
    let file = gray(folder.path(), "a.pgm");
    let file = text(&file);
    for arguments in [
        &[][..],
        &["--nonsense"],
        &[file, "-t", "300"],
        &[file, "-c", "nosuchmap"],
        &[file, "-m", "CMYK"],
        &[file, "--vmin", "nan"],
        &[file, "-p", "65536"],
        &[file, "--resampling", "cubic"],
        &["info"],
        &["tile", file],
        &["tile", file, "0/0", "-o", "a.png"],
    ] {
        let (code, out, err) = run(arguments);
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}: {err}");
        assert!(!err.is_empty(), "{arguments:?}");
    }
    for arguments in [
        &["no-such-file.npy"][..],
        &["ftp://127.0.0.1/a.npy"],
        &["http://127.0.0.1:1/a.npy?signature=secret"],
        &[file, "--allow-remote", "127.0.0.1"],
        &[file, "--allow-remote", "https://user:secret@127.0.0.1/"],
        &["info", "no-such-file.npy"],
        &[file, "--client", "no-such-page.html"],
        &[file, "--viewer-dir", "no-such-folder"],
        &[file, "--allow-host", "http://x"],
        &[file, "--host", "256.256.256.256"],
        &[file, "--vmin", "5", "--vmax", "1"],
        &["tile", file, "0/0/0", "-o", "a.gif"],
        &["tile", file, "0/0/0", "-o", "noending"],
        &["tile", file, "0/0/1", "-o", "a.png"],
        &["tile", file, "99/0/0", "-o", "a.png"],
        &["tile", file, "0/0/0", "-o", "no-such-folder/a.png"],
    ] {
        let (code, out, err) = run(arguments);
        assert_eq!((code, out.as_str()), (1, ""), "{arguments:?}: {err}");
        assert!(
            err.starts_with("projectile: ") && err.lines().count() == 1,
            "{arguments:?}: {err}"
        );
        assert!(
            !err.contains("secret") && !err.contains("panicked") && !err.contains("RUST_BACKTRACE"),
            "{err}"
        );
    }
}

#[test]
fn help_and_version_are_printed_and_are_success() {
    for arguments in [&["--help"][..], &["-h"], &["info", "--help"], &["tile", "--help"]] {
        let (code, out, err) = run(arguments);
        assert_eq!((code, err.as_str()), (0, ""), "{arguments:?}");
        assert!(out.contains("Usage: projectile"), "{out}");
    }
    for flag in ["-v", "-V", "--version"] {
        assert_eq!(
            run(&[flag]),
            (
                0,
                format!("projectile {}\n", env!("CARGO_PKG_VERSION")),
                String::new()
            )
        );
    }
}

#[test]
fn a_name_that_would_write_two_lines_writes_one() {
    let (code, _, err) = run(&["no\nsuch\u{1b}[31m\rfile"]);
    assert_eq!(code, 1);
    assert_eq!(err.lines().count(), 1, "{err}");
    assert!(!err.contains('\u{1b}') && !err.contains('\r'), "{err:?}");
}
