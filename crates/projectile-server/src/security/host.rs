//! The Host check, against DNS rebinding: a page of a foreign name that resolves to this machine speaks to us with its
//! own name in `Host`, and is turned away before any work.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use http::header::HOST;
use http::{HeaderMap, StatusCode, Uri};

use crate::error::Problem;

/// The names under which the server answers. The port does not matter: tunnels and proxies change it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedHosts {
    names: BTreeSet<String>,
    addresses: BTreeSet<IpAddr>,
    any_address: bool,
    any: bool,
}

impl AllowedHosts {
    /// `localhost`, `127.0.0.1` and `[::1]`.
    pub fn loopback() -> Self {
        Self {
            names: BTreeSet::from(["localhost".to_owned()]),
            addresses: BTreeSet::from([Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]),
            any_address: false,
            any: false,
        }
    }

    /// Every name: for a router that lives inside an application which checks names itself.
    pub fn any() -> Self {
        Self {
            any: true,
            ..Self::loopback()
        }
    }

    /// The loopback names and the address that the server is bound to. Bound to every address, it answers to any IP
    /// address: rebinding needs a name, so an address in `Host` is one that the person typed.
    #[must_use]
    pub fn and_bound_to(mut self, address: SocketAddr) -> Self {
        if address.ip().is_unspecified() {
            self.any_address = true;
        } else {
            self.addresses.insert(address.ip());
        }
        self
    }

    /// One more name or address, as in `--allow-host`.
    ///
    /// # Errors
    /// When `host` is neither a host name nor an IP address (of which a port or a scheme is no part).
    pub fn and(mut self, host: &str) -> Result<Self, String> {
        let host = host.trim();
        let bare = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(host);
        if let Ok(address) = bare.parse() {
            self.addresses.insert(address);
            return Ok(self);
        }
        match parse(host.as_bytes()) {
            Some(Host::Name(name)) if !host.contains(':') => {
                self.names.insert(name);
                Ok(self)
            }
            _ => Err(format!(
                "{host:?} is no host name: give it as tiles.example.org, without scheme and port"
            )),
        }
    }

    /// Whether the request speaks to us by one of our names.
    ///
    /// # Errors
    /// 400 without exactly one well-formed name, 421 for a foreign one.
    pub(crate) fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
        if self.any {
            return Ok(());
        }
        let mut hosts = headers.get_all(HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            return Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "a request needs exactly one Host header",
            ));
        };
        // A request for an absolute address names a second host, which must be ours too.
        let target = uri.authority().map(|authority| authority.as_str().as_bytes());
        for name in [Some(host.as_bytes()), target].into_iter().flatten() {
            let Some(host) = parse(name) else {
                return Err(Problem::new(
                    StatusCode::BAD_REQUEST,
                    "the Host header is malformed",
                ));
            };
            if !self.holds(&host) {
                return Err(Problem::new(
                    StatusCode::MISDIRECTED_REQUEST,
                    "this server does not answer to that name; start it with --allow-host NAME if it should",
                ));
            }
        }
        Ok(())
    }

    fn holds(&self, host: &Host) -> bool {
        match host {
            Host::Name(name) => self.names.contains(name),
            Host::Address(address) => self.any_address || self.addresses.contains(address),
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Host {
    Name(String),
    Address(IpAddr),
}

/// `name`, `name:port`, `1.2.3.4:port`, `[::1]:port`; anything else is malformed. No user, no zone, no escapes.
fn parse(value: &[u8]) -> Option<Host> {
    const LONGEST: usize = 255;
    let text = std::str::from_utf8(value).ok()?;
    if let Some(rest) = text.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        if !port.is_empty() && !is_port(port.strip_prefix(':')?) {
            return None;
        }
        return Some(Host::Address(IpAddr::V6(address.parse().ok()?)));
    }
    let (name, port) = text
        .split_once(':')
        .map_or((text, None), |(name, port)| (name, Some(port)));
    let well_formed = !name.is_empty()
        && name.len() <= LONGEST
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
        && port.is_none_or(is_port);
    if !well_formed {
        return None;
    }
    Some(match name.parse::<Ipv4Addr>() {
        Ok(address) => Host::Address(address.into()),
        Err(_) => Host::Name(name.to_ascii_lowercase()),
    })
}

fn is_port(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 5
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && text.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn status(hosts: &AllowedHosts, uri: &str, values: &[&[u8]]) -> u16 {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(HOST, HeaderValue::from_bytes(value).unwrap());
        }
        match hosts.check(&uri.parse().unwrap(), &headers) {
            Ok(()) => 200,
            Err(problem) => problem.reply().status().as_u16(),
        }
    }

    #[test]
    fn only_our_names_are_answered() {
        let hosts = AllowedHosts::loopback().and("tiles.example.org").unwrap();
        let long = [b'a'; 8192];
        for (value, expected) in [
            (&b"localhost"[..], 200),
            (b"localhost:8000", 200),
            (b"LOCALHOST:1", 200),
            (b"127.0.0.1", 200),
            (b"127.0.0.1:65535", 200),
            (b"[::1]", 200),
            (b"[::1]:8000", 200),
            (b"[0:0:0:0:0:0:0:1]:8000", 200),
            (b"Tiles.Example.org:443", 200),
            (b"evil.example", 421),
            (b"localhost.evil.example", 421),
            (b"127.0.0.1.nip.io", 421),
            (b"localhost.", 421),
            (b"xlocalhost", 421),
            (b"tiles.example.org.evil.example", 421),
            (b"0.0.0.0", 421),
            (b"10.0.0.1:8000", 421),
            (b"2130706433", 421),
            (b"0x7f000001", 421),
            (b"127.1", 421),
            (b"[::]", 421),
            (b"[::ffff:127.0.0.1]", 421),
            (b"", 400),
            (b":8000", 400),
            (b"localhost:", 400),
            (b"localhost:x", 400),
            (b"localhost:65536", 400),
            (b"localhost:+80", 400),
            (b"localhost:80:80", 400),
            (b"user@localhost", 400),
            (b"localhost@evil.example", 400),
            (b"localhost/", 400),
            (b"localhost#", 400),
            (b"local host", 400),
            (b"localhost,evil.example", 400),
            (b"http://localhost", 400),
            (b"%6cocalhost", 400),
            (b"[::1", 400),
            (b"::1", 400),
            (b"[::1]8000", 400),
            (b"[::1]:", 400),
            (b"[fe80::1%25lo]", 400),
            (b"[localhost]", 400),
            (b"[]", 400),
            (b"\xff\xfe", 400),
            ("löcalhost".as_bytes(), 400),
            (&long, 400),
        ] {
            let shown = String::from_utf8_lossy(value);
            assert_eq!(status(&hosts, "/", &[value]), expected, "{shown}");
        }
        assert_eq!(status(&hosts, "/", &[]), 400);
        assert_eq!(status(&hosts, "/", &[b"localhost", b"localhost"]), 400);
        assert_eq!(status(&hosts, "http://localhost/", &[b"localhost"]), 200);
        assert_eq!(status(&hosts, "http://evil.example/", &[b"localhost"]), 421);
        assert_eq!(status(&hosts, "http://user@localhost/", &[b"localhost"]), 400);
    }

    #[test]
    fn bound_to_every_address_it_answers_to_addresses_but_not_to_names() {
        let hosts = AllowedHosts::loopback().and_bound_to("0.0.0.0:8000".parse().unwrap());
        assert_eq!(status(&hosts, "/", &[b"192.0.2.7:8000"]), 200);
        assert_eq!(status(&hosts, "/", &[b"evil.example:8000"]), 421);
        let hosts = AllowedHosts::loopback().and_bound_to("192.0.2.7:8000".parse().unwrap());
        assert_eq!(status(&hosts, "/", &[b"192.0.2.7"]), 200);
        assert_eq!(status(&hosts, "/", &[b"192.0.2.8"]), 421);
    }

    #[test]
    fn what_is_no_host_name_cannot_be_allowed() {
        for host in ["", "http://a", "a:80", "a b", "*", "a/b"] {
            assert!(AllowedHosts::loopback().and(host).is_err(), "{host}");
        }
        for host in ["a", "a.example", "10.0.0.1", "::1", "[::1]"] {
            assert!(AllowedHosts::loopback().and(host).is_ok(), "{host}");
        }
    }

    proptest! {
        #[test]
        fn no_host_header_panics_and_only_our_names_pass(value in prop::collection::vec(any::<u8>(), 0..40)) {
            let parsed = parse(&value);
            let hosts = AllowedHosts::loopback();
            if parsed.is_some_and(|host| hosts.holds(&host)) {
                let text = String::from_utf8(value).unwrap().to_ascii_lowercase();
                prop_assert!(
                    ["localhost", "127.0.0.1", "["].iter().any(|name| text.starts_with(name)),
                    "{}", text
                );
            }
        }
    }
}
