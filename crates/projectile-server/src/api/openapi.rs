//! The API as an OpenAPI 3.1 document.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value as Json, json};

use super::answers::Problem;
use super::parameters::{IN_PATHS, Kind, Parameter};
use super::{Answer, Operation};

/// The document. `base`: where the server is, without a slash at its end. `ids`: of the images that there are now.
#[expect(clippy::indexing_slicing, reason = "written into objects that were just made")]
pub(crate) fn document<'a>(
    operations: impl Iterator<Item = &'a Operation>,
    base: &str,
    ids: &[String],
) -> Json {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let problem = generator.subschema_for::<Problem<'_>>();
    let mut paths = Map::new();
    for operation in operations {
        let schema = match operation.answer {
            Answer::Json(schema) => Some(schema(&mut generator)),
            _ => None,
        };
        let content = match (operation.answer, schema) {
            (_, Some(schema)) => json!({"application/json": {"schema": schema}}),
            (Answer::Files(media_types) | Answer::Ranges(media_types), _) => media_types
                .iter()
                .map(|media_type| ((*media_type).to_owned(), json!({})))
                .collect::<Map<_, _>>()
                .into(),
            _ => Json::Null,
        };
        let done = if content.is_null() {
            json!({"204": {"description": "Done"}})
        } else {
            json!({"200": {"description": operation.about, "content": content}})
        };
        let mut responses = done.as_object().cloned().unwrap_or_default();
        if let Answer::Ranges(_) = operation.answer {
            responses.insert(
                "206".into(),
                json!({"description": "The bytes that `Range` asks for"}),
            );
            responses.insert(
                "416".into(),
                json!({
                    "description": "There are no such bytes",
                    "content": {"application/problem+json": {"schema": problem}},
                }),
            );
        }
        responses.insert(
            "default".into(),
            json!({
                "description": "Why there is no such answer",
                "content": {"application/problem+json": {"schema": problem}},
            }),
        );
        let mut described = json!({
            "operationId": operation_id(operation),
            "summary": operation.about,
            "tags": [operation.group],
            "parameters": parameters(operation, ids),
            "responses": responses,
        });
        if let Some(body) = operation.body {
            described["requestBody"] = json!({
                "description": body.about,
                "required": true,
                "content": {body.media_type: {
                    "schema": if body.media_type.ends_with("json") { json!({"type": "object"}) } else { json!({}) },
                    "example": serde_json::from_str::<Json>(body.example).unwrap_or_default(),
                }},
            });
        }
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[method(operation)] = described;
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "projectile",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Tiles, samples and measures of big images and arrays, made when they are asked for",
        },
        "servers": [{"url": if base.is_empty() { "/" } else { base }}],
        "paths": paths,
        "components": {"schemas": generator.take_definitions(true)},
    })
}

pub(super) fn method(operation: &Operation) -> &'static str {
    if operation.body.is_some() { "post" } else { "get" }
}

fn operation_id(operation: &Operation) -> String {
    let words: Vec<&str> = operation
        .path
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    format!("{}-{}", method(operation), words.join("-"))
}

/// Of the path first.
pub(super) fn parameters_of(operation: &Operation) -> Vec<(&'static str, &'static Parameter)> {
    let in_path = operation
        .path
        .split('{')
        .skip(1)
        .filter_map(|rest| rest.split('}').next())
        .filter_map(|name| IN_PATHS.iter().find(|parameter| parameter.name == name))
        .map(|parameter| ("path", parameter));
    let in_query = operation.parameters.iter().copied().flatten();
    in_path
        .chain(in_query.map(|parameter| ("query", parameter)))
        .collect()
}

#[expect(clippy::indexing_slicing, reason = "written into objects that were just made")]
fn parameters(operation: &Operation, ids: &[String]) -> Vec<Json> {
    parameters_of(operation)
        .into_iter()
        .map(|(place, parameter)| {
            let mut described = json!({
                "name": parameter.name,
                "in": place,
                "description": parameter.about,
                "required": place == "path" || parameter.required,
                "schema": schema(parameter.kind),
            });
            if let ("path", "id", [first, ..]) = (place, parameter.name, ids) {
                described["schema"] = json!({"type": "string", "enum": ids});
                described["example"] = json!(first);
                return described;
            }
            match parameter.kind {
                Kind::Axes => {
                    described["style"] = json!("form");
                    described["explode"] = json!(true);
                }
                Kind::Whole(..) => described["example"] = json!(parameter.example.parse::<u64>().ok()),
                Kind::Number => described["example"] = json!(parameter.example.parse::<f64>().ok()),
                _ => described["example"] = json!(parameter.example),
            }
            described
        })
        .collect()
}

fn schema(kind: Kind) -> Json {
    match kind {
        Kind::Whole(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
        Kind::Number => json!({"type": "number"}),
        Kind::Text(most) => json!({"type": "string", "minLength": 1, "maxLength": most}),
        Kind::Like(pattern) => json!({"type": "string", "pattern": pattern}),
        Kind::One(names) => json!({"type": "string", "enum": names()}),
        Kind::OneOf(names) => json!({"type": "string", "enum": names}),
        Kind::Axes => json!({"type": "object", "additionalProperties": {"type": "string"}}),
    }
}
