//! An address, taken apart: strictly, so that each thing has one way to be asked for.

use std::borrow::Cow;

use http::Uri;
use percent_encoding::percent_decode_str;
use projectile_core::{Error, Result};

/// More segments and parameters than any address has.
const MOST: usize = 64;

/// The path and query of a request, decoded. A decoded segment holds no slash and no control character.
#[derive(Clone, Debug)]
pub(crate) struct Address<'a> {
    path: Vec<Cow<'a, str>>,
    query: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// Which parameters were asked for, for the test that the API tells of them all.
    #[cfg(test)]
    asked: std::cell::RefCell<std::collections::BTreeSet<String>>,
}

impl<'a> Address<'a> {
    /// # Errors
    /// [`BadRequest`](projectile_core::ErrorKind::BadRequest) for escapes that are malformed, no UTF-8, or hide a
    /// slash or a control character; and for a parameter that is given twice.
    pub(crate) fn parse(uri: &'a Uri) -> Result<Self> {
        let path: Vec<_> = uri
            .path()
            .strip_prefix('/')
            .unwrap_or(uri.path())
            .split('/')
            .take(MOST)
            .map(decode)
            .collect::<Result<_>>()?;
        if path.iter().any(|segment| segment.contains(['/', '\\'])) {
            return Err(bad("the path holds an escaped slash"));
        }
        let mut address = Self {
            path,
            query: Vec::new(),
            #[cfg(test)]
            asked: std::cell::RefCell::default(),
        };
        for pair in uri
            .query()
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty())
        {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            address.add(decode(name)?, decode(value)?)?;
        }
        Ok(address)
    }

    /// One more parameter, as if it were in the query.
    ///
    /// # Errors
    /// [`BadRequest`](projectile_core::ErrorKind::BadRequest) for one that is given twice.
    pub(crate) fn add(
        &mut self,
        name: impl Into<Cow<'a, str>>,
        value: impl Into<Cow<'a, str>>,
    ) -> Result<()> {
        let name = name.into();
        if self.query.iter().any(|(known, _)| *known == name) {
            return Err(Error::bad_request(
                name.into_owned(),
                "a parameter that is given twice",
            ));
        }
        if self.query.len() == MOST {
            return Err(bad("more parameters than any address has"));
        }
        self.query.push((name, value.into()));
        Ok(())
    }

    /// The path's segments.
    pub(crate) fn path(&self) -> Vec<&str> {
        self.path.iter().map(AsRef::as_ref).collect()
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "only tests take note")]
    fn ask(&self, _: &str) {}

    #[cfg(test)]
    fn ask(&self, name: &str) {
        self.asked.borrow_mut().insert(name.to_lowercase());
    }

    /// The parameters that were asked for so far.
    #[cfg(test)]
    pub(crate) fn asked(&self) -> std::collections::BTreeSet<String> {
        self.asked.borrow().clone()
    }

    /// The value of the parameter `name`, whatever case its letters are in: some protocols take any.
    pub(crate) fn parameter_of_any_case(&self, name: &str) -> Option<&str> {
        self.ask(name);
        self.query
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_ref())
    }

    /// The value of the parameter `name`.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.ask(name);
        self.query
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_ref())
    }
}

fn bad(why: &str) -> Error {
    Error::new(projectile_core::ErrorKind::BadRequest, why)
}

fn decode(text: &str) -> Result<Cow<'_, str>> {
    let mut escapes = text.split('%');
    escapes.next();
    let whole = |escape: &str| {
        escape
            .as_bytes()
            .get(..2)
            .is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit))
    };
    if !escapes.all(whole) {
        return Err(bad("the address holds a % that is no escape"));
    }
    let decoded = percent_decode_str(text)
        .decode_utf8()
        .map_err(|_| bad("the address is no UTF-8"))?;
    if decoded.chars().any(char::is_control) {
        return Err(bad("the address holds a control character"));
    }
    Ok(decoded)
}

/// A whole number: ASCII digits, no sign, no leading zero, below 2^64.
pub(crate) fn whole(name: &str, text: &str) -> Result<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = digits && (text == "0" || !text.starts_with('0'));
    canonical.then(|| text.parse().ok()).flatten().ok_or_else(|| {
        Error::bad_request(
            name.to_owned(),
            format!("{name} = {:?} is no whole number", shown(text)),
        )
    })
}

/// A finite number, as in `-1.5` or `1e-3`.
pub(crate) fn finite(name: &str, text: &str) -> Result<f64> {
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E'));
    let number = if plain && text.len() <= 64 {
        text.parse::<f64>().ok()
    } else {
        None
    };
    match number {
        // Minus zero is zero: one way to ask.
        Some(number) if number.is_finite() => Ok(number + 0.0),
        _ => {
            let shown = shown(text);
            Err(Error::bad_request(
                name.to_owned(),
                format!("{name} = {shown:?} is no finite number"),
            ))
        }
    }
}

/// The start of what a client sent, for an error's text.
pub(crate) fn shown(text: &str) -> String {
    const LONGEST: usize = 40;
    let mut start: String = text.chars().take(LONGEST).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    start
}

#[cfg(test)]
mod tests {
    use projectile_core::ErrorKind;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_number_has_one_way_to_be_written() {
        for good in ["0", "1", "10", "18446744073709551615"] {
            assert_eq!(whole("x", good).unwrap().to_string(), good);
        }
        for bad in [
            "",
            "+1",
            "-1",
            "01",
            "00",
            "1.0",
            "1e3",
            "0x1",
            " 1",
            "1 ",
            "١",
            "¹",
            "18446744073709551616",
            "1_0",
        ] {
            assert_eq!(whole("x", bad).unwrap_err().parameter(), Some("x"), "{bad}");
        }
    }

    #[test]
    fn numbers_are_finite() {
        for (text, number) in [
            ("0", 0.0),
            ("-1.5", -1.5),
            ("1e-3", 1e-3),
            ("1E+3", 1000.0),
            (".5", 0.5),
        ] {
            assert_eq!(finite("vmin", text), Ok(number), "{text}");
        }
        assert!(finite("vmin", "-0").unwrap().is_sign_positive());
        for bad in [
            "", "nan", "NaN", "inf", "-inf", "infinity", "1e999", "1,5", "0x1", "--1", "e", "١",
        ] {
            assert_eq!(
                finite("vmin", bad).unwrap_err().parameter(),
                Some("vmin"),
                "{bad}"
            );
        }
    }

    #[test]
    fn escapes_hide_nothing() {
        for bad in [
            "/%",
            "/%2",
            "/%zz",
            "/%2f",
            "/a%2Fb",
            "/%5c",
            "/%00",
            "/%0a",
            "/%ff",
            "/%c0%af",
            "/?a=%",
            "/?a=1&a=2",
            "/?a=%00",
        ] {
            let uri = bad.parse().unwrap();
            assert_eq!(
                Address::parse(&uri).unwrap_err().kind(),
                ErrorKind::BadRequest,
                "{bad}"
            );
        }
        let uri = "/a%2Db//?x=1%2B2&y&z=".parse().unwrap();
        let address = Address::parse(&uri).unwrap();
        assert_eq!(address.path(), ["a-b", "", ""]);
        assert_eq!(
            ["x", "y", "z", "w"].map(|name| address.parameter(name)),
            [Some("1+2"), Some(""), Some(""), None]
        );
        let uri = "/%252e%252e/%252f".parse().unwrap();
        assert_eq!(Address::parse(&uri).unwrap().path(), ["%2e%2e", "%2f"]);
    }

    proptest! {
        #[test]
        fn what_is_asked_never_panics(text in "[!-~]{0,60}") {
            if let Ok(uri) = format!("/{text}").parse::<Uri>() {
                let _ = Address::parse(&uri);
            }
            let _ = (whole("x", &text), finite("v", &text));
        }
    }
}
