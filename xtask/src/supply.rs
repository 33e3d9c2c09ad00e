//! Holds the dependencies to `deny.toml`: licences, sources, bans. A small part of cargo-deny that needs no install.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::process::{Outcome, cargo, root};

/// What `deny.toml` says, as far as it is read here.
#[derive(Debug, Default)]
struct Rules {
    allowed: Vec<String>,
    banned: Vec<String>,
}

/// Checks every package of the lock file, and asks cargo-deny too where it is installed.
pub(crate) fn check() -> Outcome {
    let text =
        std::fs::read_to_string(root().join("deny.toml")).map_err(|error| format!("deny.toml: {error}"))?;
    let output = cargo(&["metadata", "--format-version=1", "--all-features", "--locked"])
        .output()
        .map_err(|error| format!("cargo metadata: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let metadata: Value =
        serde_json::from_slice(&output.stdout).map_err(|error| format!("cargo metadata: {error}"))?;
    let facts = judge(&metadata, &read(&text))?;
    if crate::process::installed("cargo", &["deny", "--version"]) {
        // Advisories need a database from elsewhere: they are no part of a test that works offline.
        crate::process::run(
            &mut cargo(&["deny", "check", "licenses", "bans", "sources"]),
            Duration::from_mins(5),
        )?;
    }
    Ok(facts)
}

fn read(deny: &str) -> Rules {
    let (mut rules, mut section, mut key) = (Rules::default(), "", "");
    for line in deny.lines().map(str::trim) {
        if line.starts_with('#') {
            continue;
        }
        if line.starts_with('[') {
            section = line;
        } else if let Some((name, _)) = line
            .split_once('=')
            .filter(|(name, _)| !name.contains(['"', '{']))
        {
            key = name.trim();
        }
        let quoted = line.split('"').nth(1).map(str::to_owned);
        match (section, key, quoted) {
            ("[licenses]", "allow", Some(licence)) => rules.allowed.push(licence),
            ("[bans]", "deny", Some(name)) => rules.banned.push(name),
            _ => {}
        }
    }
    rules
}

fn judge(metadata: &Value, rules: &Rules) -> Outcome {
    let packages = metadata["packages"].as_array().cloned().unwrap_or_default();
    let (mut faults, mut versions) = (Vec::new(), BTreeMap::<String, usize>::new());
    let mut foreign = 0;
    for package in &packages {
        let text = |key: &str| package[key].as_str().unwrap_or_default();
        let name = format!("{} {}", text("name"), text("version"));
        if !package["source"].is_string() {
            continue;
        }
        foreign += 1;
        *versions.entry(text("name").to_owned()).or_default() += 1;
        if !text("source").starts_with("registry+") {
            faults.push(format!(
                "{name} does not come from the crate registry: {}",
                text("source")
            ));
        }
        if rules.banned.iter().any(|banned| banned == text("name")) {
            faults.push(format!("{name} is banned by deny.toml"));
        }
        if !allowed(text("license"), &rules.allowed) {
            faults.push(format!(
                "{name} has a licence that deny.toml does not allow: {:?}",
                text("license")
            ));
        }
    }
    let twice = versions.values().filter(|&&count| count > 1).count();
    if faults.is_empty() {
        Ok(format!("{foreign} crates, {twice} in several versions"))
    } else {
        Err(faults.join("\n"))
    }
}

/// Whether an SPDX expression can be met by the allowed licences alone.
fn allowed(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let mut tokens: Vec<&str> = spaced.split_whitespace().collect();
    tokens.reverse();
    let met = any(&mut tokens, allowed);
    met && tokens.is_empty()
}

fn any(tokens: &mut Vec<&str>, allowed: &[String]) -> bool {
    let mut met = all(tokens, allowed);
    while tokens.last() == Some(&"OR") {
        tokens.pop();
        met |= all(tokens, allowed);
    }
    met
}

fn all(tokens: &mut Vec<&str>, allowed: &[String]) -> bool {
    let mut met = one(tokens, allowed);
    while tokens.last() == Some(&"AND") {
        tokens.pop();
        met &= one(tokens, allowed);
    }
    met
}

fn one(tokens: &mut Vec<&str>, allowed: &[String]) -> bool {
    match tokens.pop() {
        Some("(") => {
            let met = any(tokens, allowed);
            tokens.pop() == Some(")") && met
        }
        Some(licence) => {
            let mut name = licence.to_owned();
            if tokens.last() == Some(&"WITH") {
                tokens.pop();
                name = format!("{name} WITH {}", tokens.pop().unwrap_or_default());
            }
            allowed.contains(&name)
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Rules {
        read(concat!(
            "# \"GPL-3.0\"\n[licenses]\nallow = [\n  \"MIT\",\n  \"Apache-2.0 WITH LLVM-exception\",\n]\n",
            "confidence-threshold = 0.9\n[bans]\ndeny = [\n  { crate = \"openssl\", reason = \"no\" },\n]\n",
        ))
    }

    #[test]
    fn the_rules_are_read() {
        let rules = rules();
        assert_eq!(rules.allowed, ["MIT", "Apache-2.0 WITH LLVM-exception"]);
        assert_eq!(rules.banned, ["openssl"]);
    }

    #[test]
    fn expressions_are_met_by_what_is_allowed_alone() {
        for (expression, met) in [
            ("MIT", true),
            ("GPL-3.0", false),
            ("MIT OR GPL-3.0", true),
            ("GPL-3.0/MIT", true),
            ("MIT AND GPL-3.0", false),
            ("(MIT OR GPL-3.0) AND MIT", true),
            ("(MIT OR GPL-3.0) AND GPL-3.0", false),
            ("Apache-2.0 WITH LLVM-exception OR GPL-3.0", true),
            ("", false),
        ] {
            assert_eq!(allowed(expression, &rules().allowed), met, "{expression}");
        }
    }

    #[test]
    fn a_banned_a_foreign_and_an_unlicensed_crate_are_named() {
        let metadata = serde_json::json!({"packages": [
            {"name": "fine", "version": "1.0.0", "license": "MIT", "source": "registry+x"},
            {"name": "ours", "version": "1.0.0", "license": null, "source": null},
            {"name": "openssl", "version": "1.0.0", "license": "MIT", "source": "registry+x"},
            {"name": "git", "version": "1.0.0", "license": "MIT", "source": "git+x"},
            {"name": "free", "version": "1.0.0", "license": null, "source": "registry+x"},
        ]});
        let faults = judge(&metadata, &rules()).unwrap_err();
        assert_eq!(faults.lines().count(), 3, "{faults}");
        for named in [
            "openssl 1.0.0 is banned",
            "git 1.0.0 does not come",
            "free 1.0.0 has a licence",
        ] {
            assert!(faults.contains(named), "{faults}");
        }
    }
}
