//! Holds `unsafe` to one file, and every other crate to `#![forbid(unsafe_code)]`.

use std::path::{Path, PathBuf};

use crate::process::{Outcome, root};

/// The file that lends Python's memory, and how many of its lines may be unsafe.
const LENDER: &str = "python/src/array.rs";
const MOST_LINES: usize = 200;

/// Checks every Rust source of the workspace; answers how many lines are unsafe.
pub(crate) fn check() -> Outcome {
    let mut sources = Vec::new();
    for folder in ["crates", "python", "xtask", "bench", "fuzz"] {
        collect(&root().join(folder), &mut sources)?;
    }
    let (mut faults, mut lines, mut roots) = (Vec::new(), 0, 0);
    for path in &sources {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let name = path
            .strip_prefix(root())
            .unwrap_or(path)
            .to_string_lossy()
            .into_owned();
        let found = unsafe_lines(&text);
        if name == LENDER {
            lines += found.len();
        } else if let Some(first) = found.first() {
            faults.push(format!("{name}:{first}: unsafe code outside of {LENDER}"));
        }
        if is_crate_root(&name) {
            roots += 1;
            let forbids = text.lines().any(|line| line == "#![forbid(unsafe_code)]");
            // The lender's crate allows it in that file, and libFuzzer's macro exports a function.
            if !forbids && !name.starts_with("python/") && name != "fuzz/src/main.rs" {
                faults.push(format!("{name}: #![forbid(unsafe_code)] is missing"));
            }
        }
    }
    if lines > MOST_LINES {
        faults.push(format!("{LENDER}: {lines} unsafe lines, more than {MOST_LINES}"));
    }
    if lines == 0 || roots < 9 {
        faults.push(format!(
            "{lines} unsafe lines and {roots} crate roots: nothing was looked at"
        ));
    }
    if faults.is_empty() {
        Ok(format!(
            "{lines} unsafe lines, all in {LENDER}, of {} sources",
            sources.len()
        ))
    } else {
        Err(faults.join("\n"))
    }
}

fn is_crate_root(name: &str) -> bool {
    name.ends_with("/src/lib.rs") || name.ends_with("/src/main.rs") || name.ends_with("/tests/it/main.rs")
}

/// Numbers of the lines that have the keyword in code: clippy holds each block to a SAFETY comment.
fn unsafe_lines(text: &str) -> Vec<usize> {
    let is_one = |line: &str| {
        let code = line.split("//").next().unwrap_or_default();
        // What is in quotes is every second part.
        let mut code = code.split('"').step_by(2);
        let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
        code.any(|part| part.split(|letter| !is_word(letter)).any(|word| word == "unsafe"))
    };
    text.lines()
        .enumerate()
        .filter(|(_, line)| is_one(line))
        .map(|(number, _)| number + 1)
        .collect()
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) -> Outcome<()> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            if !path.ends_with("target") && !path.ends_with("node_modules") {
                collect(&path, into)?;
            }
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            into.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keyword_is_found_in_code_alone() {
        let text =
            "// unsafe\nlet unsafe_lines = 1;\nunsafe { x }\n    unsafe impl Send for A {}\n\"unsafe\"\n";
        assert_eq!(unsafe_lines(text), [3, 4]);
    }
}
