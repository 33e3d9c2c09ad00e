//! `projectile info`: what a file holds.

use crate::{Cancel, Image};
use serde_json::Value;

use super::args::InfoArgs;
use super::memory::Memory;
use super::{Failure, Fallback, load, say};

pub(crate) fn run(args: &InfoArgs, fallback: Fallback<'_>) -> Result<(), Failure> {
    let images = load::one(&args.file, &args.image, &Memory::default(), fallback)?;
    let described: Vec<Value> = images
        .iter()
        .map(|image: &Image| crate::describe(image, image.name(), 256, &Cancel::new()))
        .collect::<Result<_, _>>()?;
    if args.json {
        say(&serde_json::to_string_pretty(&described)?);
    } else {
        let texts: Vec<String> = described.iter().map(text).collect();
        say(&texts.join("\n\n"));
    }
    Ok(())
}

/// A description for a person to read.
fn text(image: &Value) -> String {
    let join = |values: &Value, key: Option<&str>, between: &str| {
        let texts = values.as_array().into_iter().flatten();
        texts
            .map(|value| plain(key.map_or(value, |key| &value[key])))
            .collect::<Vec<_>>()
            .join(between)
    };
    let statistics = &image["statistics"];
    let mut lines = vec![
        plain(&image["name"]).replace(super::moves, "?"),
        format!("  format      {}", plain(&image["format"])),
        format!(
            "  size        {} × {} pixels",
            plain(&image["width"]),
            plain(&image["height"])
        ),
        format!(
            "  array       {} ({})",
            join(&image["shape"], None, " × "),
            join(&image["axes"], None, " ")
        ),
        format!(
            "  type        {}, shown as {}",
            plain(&image["dtype"]),
            plain(&image["kind"])
        ),
        format!(
            "  channels    {}",
            join(&image["channels"], Some("name"), ", ").replace(super::moves, "?")
        ),
        format!(
            "  window      {} … {} ({})",
            plain(&image["window"]["vmin"]),
            plain(&image["window"]["vmax"]),
            plain(&image["window"]["from"])
        ),
        format!(
            "  values      {} … {}, mean {}{}",
            plain(&statistics["min"]),
            plain(&statistics["max"]),
            plain(&statistics["mean"]),
            if statistics["sampled"] == true {
                " (of a sample)"
            } else {
                ""
            }
        ),
        format!(
            "  zooms       0 … {}, full resolution at {}",
            plain(&image["max_zoom"]),
            plain(&image["native_zoom"])
        ),
        format!("  resampling  {}", plain(&image["resampling"])),
    ];
    if !image["nodata"].is_null() {
        lines.push(format!("  no data     {}", plain(&image["nodata"])));
    }
    for (name, detail) in image["details"].as_object().into_iter().flatten() {
        lines.push(format!("  {name}: {}", plain(detail)).replace(super::moves, "?"));
    }
    lines.join("\n")
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "none".to_owned(),
        other => other.to_string(),
    }
}
