//! The API as a page that needs nothing but itself.

use std::fmt::Write as _;

use super::openapi::{method, parameters_of};
use super::parameters::Kind;
use super::{Answer, Operation};
use crate::xml::escaped;

/// What the page looks like.
pub(crate) const STYLE: &str = include_str!("page.css");

/// The page. Addresses in it are relative to `/api`.
pub(crate) fn page<'a>(operations: impl Iterator<Item = &'a Operation>) -> String {
    let mut groups: Vec<(&str, Vec<&Operation>)> = Vec::new();
    for operation in operations {
        match groups.iter_mut().find(|(name, _)| *name == operation.group) {
            Some((_, listed)) => listed.push(operation),
            None => groups.push((operation.group, vec![operation])),
        }
    }
    let mut html = String::from(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>projectile: the API</title>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <link rel=\"stylesheet\" href=\"api/style.css\"></head><body>\n<header><h1>projectile: the API</h1>\n\
         <p>Everything that this server answers. The same for programs: \
         <a href=\"api/openapi.json\">openapi.json</a> (OpenAPI 3.1). What is wrong with a request is said in \
         <code>application/problem+json</code>.</p>\n<nav>",
    );
    for (name, _) in &groups {
        let _ = write!(html, "<a href=\"#{}\">{}</a> ", anchor(name), escaped(name));
    }
    html.push_str("</nav></header>\n<main>\n");
    for (name, operations) in &groups {
        let _ = writeln!(html, "<h2 id=\"{}\">{}</h2>", anchor(name), escaped(name));
        for operation in operations {
            described(&mut html, operation);
        }
    }
    html.push_str("</main></body></html>\n");
    html
}

fn anchor(name: &str) -> String {
    name.to_lowercase()
        .replace(|letter: char| !letter.is_ascii_alphanumeric(), "-")
}

fn described(html: &mut String, operation: &Operation) {
    let method = method(operation);
    let _ = writeln!(
        html,
        "<details><summary><b class=\"{method}\">{}</b> <code>{}</code> <span>{}</span></summary>",
        method.to_uppercase(),
        escaped(operation.path),
        escaped(operation.about)
    );
    let parameters = parameters_of(operation);
    if !parameters.is_empty() {
        html.push_str(
            "<table><thead><tr><th>parameter</th><th>takes</th><th>what it is</th></tr></thead><tbody>\n",
        );
        for (place, parameter) in parameters {
            let name = if place == "path" {
                format!("{{{}}}", parameter.name)
            } else {
                parameter.name.to_owned()
            };
            let must = if parameter.required {
                ""
            } else {
                " class=\"optional\""
            };
            let _ = writeln!(
                html,
                "<tr><td><code{must}>{}</code></td><td>{}</td><td>{}</td></tr>",
                escaped(&name),
                takes(parameter.kind),
                escaped(parameter.about)
            );
        }
        html.push_str("</tbody></table>\n");
    }
    if let Some(body) = operation.body {
        let _ = writeln!(
            html,
            "<p>Send <code>{}</code>: {}, as in</p><pre>{}</pre>",
            escaped(body.media_type),
            escaped(body.about),
            escaped(body.example)
        );
    }
    let answer = match operation.answer {
        Answer::Json(_) => "<code>application/json</code>".to_owned(),
        Answer::Nothing => "nothing: 204".to_owned(),
        Answer::Files(media_types) | Answer::Ranges(media_types) => media_types
            .iter()
            .map(|media_type| format!("<code>{media_type}</code>"))
            .collect::<Vec<_>>()
            .join(" "),
    };
    let _ = writeln!(html, "<p>Answers {answer}</p></details>");
}

fn takes(kind: Kind) -> String {
    match kind {
        Kind::Whole(least, super::parameters::MOST) => format!("whole number from {least}"),
        Kind::Whole(least, most) => format!("whole number, {least} to {most}"),
        Kind::Number => "number".into(),
        Kind::Text(most) => format!("text, up to {most} characters"),
        Kind::Like(pattern) => format!("<code>{}</code>", escaped(pattern.trim_matches(['^', '$']))),
        Kind::One(names) => few(&names()),
        Kind::OneOf(names) => few(names),
        Kind::Axes => "by each axis's own name".into(),
    }
}

/// Some names, or how many there are.
fn few(names: &[&str]) -> String {
    const MOST: usize = 8;
    if let [first, ..] = names
        && names.len() > MOST
    {
        return format!(
            "one of {} names, such as <code>{}</code>",
            names.len(),
            escaped(first)
        );
    }
    let names: Vec<String> = names
        .iter()
        .map(|name| format!("<code>{}</code>", escaped(name)))
        .collect();
    names.join(" ")
}
