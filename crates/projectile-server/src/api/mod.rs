//! The HTTP API as a document: what each protocol says of its own addresses, as OpenAPI and as a page.
//!
//! A protocol declares its addresses beside the code that reads them ([`Operation`]), and a test holds the two
//! together: every parameter that is read is declared, and the other way round. Answers in JSON are types
//! ([`answers`]), from which their schemas are made.

pub(crate) mod answers;
mod openapi;
mod page;
pub(crate) mod parameters;

pub(crate) use openapi::document;
pub(crate) use page::{STYLE, page};
use schemars::{Schema, SchemaGenerator};

use parameters::Parameter;

/// Something that can be asked of the server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operation {
    /// Its address, with what varies in braces: `/images/{id}/value`.
    pub(crate) path: &'static str,
    /// The group that it is listed in.
    pub(crate) group: &'static str,
    /// What it gives, in a line.
    pub(crate) about: &'static str,
    /// What can be said after `?`; what stands in the path is found by its name among [`parameters::IN_PATHS`].
    pub(crate) parameters: &'static [&'static [Parameter]],
    /// What is sent to it by `POST`; `None` where it is asked by `GET`.
    pub(crate) body: Option<Body>,
    /// What comes back.
    pub(crate) answer: Answer,
}

/// What is sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Body {
    pub(crate) media_type: &'static str,
    pub(crate) about: &'static str,
    /// As JSON.
    pub(crate) example: &'static str,
}

/// What comes back.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    /// JSON of a type.
    Json(fn(&mut SchemaGenerator) -> Schema),
    /// Files of these media types, which the address chooses among.
    Files(&'static [&'static str]),
    /// The same, of which a range of bytes may be asked for.
    Ranges(&'static [&'static str]),
    /// Nothing but that it was done.
    Nothing,
}

/// JSON of that type.
pub(crate) const fn json<T: schemars::JsonSchema>() -> Answer {
    Answer::Json(SchemaGenerator::subschema_for::<T>)
}

/// JSON that another specification describes.
pub(crate) const OTHER_JSON: Answer = Answer::Files(&["application/json"]);

/// What pictures and samples are encoded as.
pub(crate) const ENCODED: Answer = Answer::Files(&[
    "image/png",
    "image/jpeg",
    "image/webp",
    "image/tiff",
    "application/octet-stream",
]);

/// What pictures are encoded as.
pub(crate) const PICTURES: Answer = Answer::Files(&["image/png", "image/jpeg", "image/webp"]);

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use projectile_core::{Axes, Effort, Image, ImageOptions, Samples, SourceInfo};

    use super::openapi::parameters_of;
    use super::parameters::Kind;
    use super::*;
    use crate::address::Address;
    use crate::catalog::Catalog;
    use crate::expressions::Expressions;
    use crate::protocol::{PROTOCOLS, World, operations};

    /// Two channels and an extra axis, so that every parameter means something.
    fn catalog() -> Catalog {
        let samples = Samples::UInt8(vec![7; 2 * 2 * 8 * 8].into());
        let axes = Axes::named("tcyx", &[2, 2, 8, 8]).unwrap();
        let info = SourceInfo::new(samples.dtype(), axes, "array");
        let source = projectile_core::ArraySource::with_info(samples, info).unwrap();
        let image = Image::with_options("a", std::sync::Arc::new(source), ImageOptions::default()).unwrap();
        Catalog::new([image], None)
    }

    fn address_of(operation: &Operation, with: impl Fn(&str) -> bool) -> String {
        let mut path = operation.path.to_owned();
        let mut query = Vec::new();
        for (place, parameter) in parameters_of(operation) {
            if place == "path" {
                path = path.replace(&format!("{{{}}}", parameter.name), parameter.example);
            } else if parameter.required || with(parameter.name) {
                let name = if matches!(parameter.kind, Kind::Axes) {
                    "t"
                } else {
                    parameter.name
                };
                let escape = percent_encoding::NON_ALPHANUMERIC;
                let value = percent_encoding::utf8_percent_encode(parameter.example, escape);
                query.push(format!("{name}={value}"));
            }
        }
        format!("{path}?{}", query.join("&"))
    }

    /// What an address is read as, and the parameters that were looked for.
    fn read(address: &str) -> (projectile_core::Result<bool>, BTreeSet<String>) {
        let (catalog, expressions) = (catalog(), Expressions::default());
        let (parts, ()) = http::Request::get(address).body(()).unwrap().into_parts();
        let world = World {
            catalog: &catalog,
            expressions: &expressions,
            tile_size: 256,
            uploads: None,
            quality: None,
            effort: Effort::Fast,
            parts: &parts,
            geojson: None,
            public_url: None,
        };
        let address = Address::parse(&parts.uri).unwrap();
        let mut asked = BTreeSet::new();
        for protocol in PROTOCOLS {
            let parsed = protocol.parse(&address, &world);
            match parsed {
                Ok(None) => {}
                parsed => {
                    asked = address.asked();
                    return (parsed.map(|_| true), asked);
                }
            }
        }
        (Ok(false), asked)
    }

    #[test]
    fn every_parameter_that_is_read_is_declared_and_the_other_way_round() {
        for operation in operations().filter(|operation| operation.body.is_none()) {
            let declared: BTreeSet<String> = operation
                .parameters
                .iter()
                .copied()
                .flatten()
                .map(|parameter| {
                    if matches!(parameter.kind, Kind::Axes) {
                        "t"
                    } else {
                        parameter.name
                    }
                    .to_owned()
                })
                .collect();
            let (parsed, mut read_of_it) = read(&address_of(operation, |_| false));
            assert!(matches!(parsed, Ok(true)), "{}: {parsed:?}", operation.path);
            // Some are looked for only where another is given.
            for alone in &declared {
                read_of_it.extend(read(&address_of(operation, |name| name == alone)).1);
                let (parsed, asked) = read(&address_of(operation, |name| name == alone || name == "v"));
                assert!(
                    !matches!(parsed, Ok(false)),
                    "{} with {alone} is not known",
                    operation.path
                );
                read_of_it.extend(asked);
            }
            assert_eq!(read_of_it, declared, "{}", operation.path);
        }
    }

    #[test]
    fn every_protocol_says_what_can_be_asked_and_no_two_say_the_same() {
        let mut seen = BTreeSet::new();
        for protocol in PROTOCOLS {
            assert!(!protocol.operations().is_empty(), "{}", protocol.name());
            for operation in protocol.operations() {
                let known = (operation.path, operation.body.is_some());
                assert!(seen.insert(known), "{known:?}");
            }
        }
    }

    #[test]
    fn the_document_and_the_page_hold_everything() {
        let document = document(operations(), "http://localhost", &["a".to_owned()]);
        assert_eq!(document["openapi"], "3.1.0");
        let listed = document["paths"].as_object().unwrap();
        let paths: BTreeSet<&str> = operations().map(|operation| operation.path).collect();
        assert_eq!(listed.len(), paths.len());
        let text = document.to_string();
        for reference in text.split("#/components/schemas/").skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(document["components"]["schemas"].get(name).is_some(), "{name}");
        }
        let page = page(operations());
        for path in paths {
            assert!(page.contains(&crate::xml::escaped(path)), "{path}");
        }
        assert!(!page.contains("http://") && !page.contains("https://cdn"));
    }
}
