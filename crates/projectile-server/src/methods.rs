//! Which methods an address takes.

use http::Method;

/// What an address is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Methods {
    /// It is asked.
    Get,
    /// It is asked; by `POST` where the question is longer than an address may be.
    GetOrPost,
    /// It is told something.
    Post,
}

impl Methods {
    /// Those of the address of that path.
    pub(crate) fn of(path: &str) -> Self {
        if path.starts_with("/live/") || matches!(path, "/upload" | "/open") {
            return Self::Post;
        }
        let segments: Vec<&str> = path.split('/').take(5).collect();
        match segments[..] {
            ["", "images", _, "statistics"] => Self::GetOrPost,
            _ => Self::Get,
        }
    }

    pub(crate) fn take(self, method: &Method) -> bool {
        match *method {
            Method::GET | Method::HEAD => self != Self::Post,
            Method::POST => self != Self::Get,
            Method::OPTIONS => true,
            _ => false,
        }
    }

    /// As the header `Allow` lists them.
    pub(crate) fn names(self) -> &'static str {
        match self {
            Self::Get => "GET, HEAD, OPTIONS",
            Self::GetOrPost => "GET, HEAD, POST, OPTIONS",
            Self::Post => "POST, OPTIONS",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_asked_or_told_and_some_are_asked_at_length() {
        for (path, methods) in [
            ("/", Methods::Get),
            ("/images/a", Methods::Get),
            ("/images/a/0/0/0.png", Methods::Get),
            ("/images/a/statistics", Methods::GetOrPost),
            ("/images/a/statistics/", Methods::Get),
            ("/a/images/a/statistics", Methods::Get),
            ("/statistics", Methods::Get),
            ("/live/state", Methods::Post),
            ("/upload", Methods::Post),
            ("/uploads", Methods::Get),
            ("/open", Methods::Post),
        ] {
            assert_eq!(Methods::of(path), methods, "{path}");
        }
    }

    #[test]
    fn what_is_listed_is_what_is_taken() {
        for methods in [Methods::Get, Methods::GetOrPost, Methods::Post] {
            let names: Vec<&str> = methods.names().split(", ").collect();
            for name in ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE"] {
                let method = name.parse().unwrap();
                assert_eq!(methods.take(&method), names.contains(&name), "{methods:?} {name}");
            }
        }
    }
}
