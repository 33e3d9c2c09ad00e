//! What is asked by the body of a request, where it is too much for an address: the same parameters, as JSON.

use projectile_core::{Error, ErrorKind, Result};
use serde_json::{Map, Value as Json};

/// The parameters of a JSON object, each as an address would hold it. A value is such a text, a number, or an array of
/// numbers, which may be of pairs: `{"polygon": [[0, 0], [9.5, 0], [9, 9]], "c": [0, 2], "t": 3}`.
///
/// # Errors
/// [`BadRequest`](ErrorKind::BadRequest) for anything else.
pub(crate) fn parameters(json: &[u8]) -> Result<Vec<(String, String)>> {
    let object: Map<String, Json> = serde_json::from_slice(json).map_err(|error| {
        Error::new(
            ErrorKind::BadRequest,
            format!("the body is no JSON object of parameters: {error}"),
        )
    })?;
    let texts = object.into_iter().map(|(name, value)| match value {
        Json::String(text) if !text.chars().any(char::is_control) => Ok((name, text)),
        value => {
            let mut text = String::new();
            append(&mut text, &value).ok_or_else(|| {
                Error::bad_request(
                    name.clone(),
                    "a parameter is a text as in an address, a number, or an array of numbers",
                )
            })?;
            Ok((name, text))
        }
    });
    texts.collect()
}

/// Numbers, with commas between; `None` for what is none.
fn append(text: &mut String, value: &Json) -> Option<()> {
    match value {
        Json::Number(number) => {
            if !text.is_empty() {
                text.push(',');
            }
            text.push_str(&number.to_string());
            Some(())
        }
        Json::Array(values) => values.iter().try_for_each(|value| append(text, value)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_says_what_an_address_says() {
        let json =
            br#"{"polygon": [[0, 1], [9.5, -1e-7], [9, 9]], "c": [0, 2], "t": 3, "x": "1,2", "empty": []}"#;
        let mut found = parameters(json).unwrap();
        found.sort();
        let expected = [
            ("c", "0,2"),
            ("empty", ""),
            ("polygon", "0,1,9.5,-1e-7,9,9"),
            ("t", "3"),
            ("x", "1,2"),
        ];
        assert_eq!(
            found,
            expected.map(|(name, text)| (name.to_owned(), text.to_owned()))
        );
    }

    #[test]
    fn numbers_keep_every_digit() {
        for number in ["0.1", "1.4210854715202004e-13", "123456.78901234567", "1e300"] {
            let json = format!("{{\"x\": [{number}]}}");
            let text = &parameters(json.as_bytes()).unwrap()[0].1;
            assert_eq!(text.parse::<f64>(), number.parse(), "{text}");
        }
        assert_eq!(
            parameters(b"{\"x\": 18446744073709551615}").unwrap()[0].1,
            "18446744073709551615"
        );
    }

    #[test]
    fn anything_else_is_refused_and_named() {
        for (json, parameter) in [
            ("", None),
            ("[]", None),
            ("{", None),
            ("7", None),
            ("\u{0}", None),
            ("{\"c\": NaN}", None),
            ("{\"c\": 1e999}", None),
            ("{\"c\": null}", Some("c")),
            ("{\"c\": true}", Some("c")),
            ("{\"c\": {}}", Some("c")),
            ("{\"c\": [\"1\"]}", Some("c")),
            ("{\"c\": [[1], null]}", Some("c")),
            ("{\"c\": \"1\\n\"}", Some("c")),
        ] {
            let error = parameters(json.as_bytes()).unwrap_err();
            assert_eq!(
                (error.kind(), error.parameter()),
                (ErrorKind::BadRequest, parameter),
                "{json}"
            );
        }
        let deep = "[".repeat(10_000);
        assert!(parameters(format!("{{\"c\": {deep}").as_bytes()).is_err());
    }
}
