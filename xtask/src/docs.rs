//! Holds the documents to what is there: links lead to files, and no machine's paths stand anywhere.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{Outcome, root};

/// Checks every tracked text file.
pub(crate) fn check() -> Outcome {
    let root = root();
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(&root)
        .output()
        .map_err(|error| format!("git ls-files: {error}"))?;
    let names = String::from_utf8_lossy(&listed.stdout).into_owned();
    let (mut links, mut faults) = (0, Vec::new());
    for name in names.lines() {
        let Ok(text) = std::fs::read_to_string(root.join(name)) else {
            continue;
        };
        faults.extend(machine_paths(name, &text));
        if Path::new(name)
            .extension()
            .is_some_and(|extension| extension == "md")
        {
            let found = relative_links(&text);
            links += found.len();
            faults.extend(found.into_iter().filter_map(|link| dead(&root, name, &link)));
        }
    }
    for wanted in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "LICENSE-MIT",
        "LICENSE-APACHE",
    ] {
        if !root.join(wanted).exists() {
            faults.push(format!("{wanted} is missing"));
        }
    }
    faults.extend(untold_formats(&root));
    if faults.is_empty() {
        Ok(format!("{links} links"))
    } else {
        Err(faults.join("\n"))
    }
}

/// Formats that the README's table does not name.
fn untold_formats(root: &Path) -> Vec<String> {
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap_or_default();
    let table = readme
        .split("## Formats")
        .nth(1)
        .unwrap_or_default()
        .split("\n## ")
        .next()
        .unwrap_or_default();
    let sources = std::fs::read_dir(root.join("crates/projectile-formats/src/formats"));
    let sources = sources
        .into_iter()
        .flatten()
        .filter_map(|entry| std::fs::read_to_string(entry.ok()?.path()).ok());
    sources
        .filter_map(|source| name_of_format(&source))
        .filter(|name| !name.starts_with("not read") && !table.to_lowercase().contains(&name.to_lowercase()))
        .map(|name| format!("README.md: the table of formats lacks {name}"))
        .collect()
}

/// What the `Format` in a source calls itself.
fn name_of_format(source: &str) -> Option<String> {
    let (_, rest) = source.split_once("fn name(&self) -> &'static str {")?;
    rest.split('"').nth(1).map(str::to_owned)
}

/// Lines that name a folder of somebody's machine.
fn machine_paths(name: &str, text: &str) -> Vec<String> {
    let folders = ["work", "root", "home", "Users"].map(|folder| format!("/{folder}/"));
    let at_a_word = |line: &str, folder: &str| {
        line.match_indices(folder).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            before.is_none_or(|c| matches!(c, ' ' | '"' | '\'' | '`' | '(' | '=' | ':'))
        })
    };
    text.lines()
        .enumerate()
        .filter(|(_, line)| folders.iter().any(|folder| at_a_word(line, folder)))
        .map(|(number, line)| {
            format!(
                "{name}:{}: names a machine's own folder: {}",
                number + 1,
                line.trim()
            )
        })
        .collect()
}

/// The targets of `[text](target)` that are no addresses, outside of code.
fn relative_links(text: &str) -> Vec<String> {
    let mut links = Vec::new();
    let mut in_code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        let outside: String = line.split('`').step_by(2).collect();
        for (at, _) in outside.match_indices("](") {
            if let Some(end) = outside[at + 2..].find(')') {
                links.push(outside[at + 2..at + 2 + end].to_owned());
            }
        }
    }
    links.retain(|link| !link.contains("://") && !link.starts_with("mailto:"));
    links
}

/// Says so if `link` in the document `name` leads nowhere.
fn dead(root: &Path, name: &str, link: &str) -> Option<String> {
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let here = root.join(name);
    let target: PathBuf = if path.is_empty() {
        here
    } else {
        here.parent().unwrap_or(root).join(path.trim_end_matches('/'))
    };
    if !target.exists() {
        return Some(format!("{name}: a link leads to {path}, which is not there"));
    }
    if anchor.is_empty() || target.extension().is_none_or(|extension| extension != "md") {
        return None;
    }
    let text = std::fs::read_to_string(&target).unwrap_or_default();
    let headings = text.lines().filter(|line| line.starts_with('#')).map(slug);
    if headings.into_iter().any(|heading| heading == anchor) {
        None
    } else {
        Some(format!(
            "{name}: a link leads to {link}, but there is no such heading"
        ))
    }
}

fn slug(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase();
    words
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_outside_of_code() {
        let text = "a [b](c.md#d) `[x](y)`\n```\n[in](code)\n```\n[out](https://example.org) ![p](i.png)";
        assert_eq!(relative_links(text), ["c.md#d", "i.png"]);
    }

    #[test]
    fn machine_paths_are_found_and_addresses_are_not() {
        let folder = format!("/{}/me", "home");
        assert_eq!(
            machine_paths("a.md", &format!("see {folder}/x\nhttp://host{folder}")).len(),
            1
        );
    }

    #[test]
    fn a_formats_name_is_read_from_its_source() {
        let source = "impl Format for Png {\n    fn name(&self) -> &'static str {\n        \"PNG\"\n    }\n";
        assert_eq!(name_of_format(source), Some("PNG".into()));
        assert_eq!(name_of_format("fn other() {}"), None);
    }

    #[test]
    fn headings_become_anchors_as_on_code_hosts() {
        assert_eq!(slug("## To add a format: how?"), "to-add-a-format-how");
    }
}
