//! Every input that was a fault once is answered, and in time.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use projectile_fuzz::{TARGETS, target};

/// Two seconds on a machine of its own; tests share theirs.
const IN_TIME: Duration = Duration::from_secs(5);

#[test]
fn what_was_found_is_answered_in_time() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("found");
    let mut inputs = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let target = target(&name).unwrap_or_else(|| panic!("found/{name} is of no target"));
        for input in std::fs::read_dir(entry.path()).unwrap() {
            let path = input.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            let began = Instant::now();
            (target.run)(&bytes);
            let took = began.elapsed();
            assert!(took < IN_TIME, "{}: {took:?}", path.display());
            inputs += 1;
        }
    }
    assert!(inputs > 0, "{} is empty", folder.display());
}

#[test]
fn nothing_and_a_byte_are_inputs_too() {
    for target in TARGETS {
        (target.run)(b"");
        (target.run)(b"\0");
        (target.run)(&[0xff; 64]);
    }
}
