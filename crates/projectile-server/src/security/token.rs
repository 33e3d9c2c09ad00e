//! The token of a server that other machines can reach: printed in its address, exchanged for a cookie.

use http::header::{AUTHORIZATION, COOKIE, LOCATION, SET_COOKIE};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};

use crate::error::Problem;
use crate::respond::Reply;

/// 128 random bits that a client must know. It shows itself nowhere but in [`secret`](Self::secret).
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    secret: String,
    cookie: String,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

/// What a token check finds.
#[derive(Debug)]
pub(crate) enum Pass {
    /// The client knows the token.
    Granted,
    /// The client showed it in the address: exchange it.
    Exchange(Box<Reply>),
}

impl Token {
    /// A fresh one for the server at `port`: cookies are shared by all ports of a host, so the cookie's name says
    /// which server it is for.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn random(port: u16) -> std::io::Result<Self> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(std::io::Error::from)?;
        let secret = format!("{:032x}", u128::from_be_bytes(bytes));
        Ok(Self::known(secret, port))
    }

    /// The one of this secret, which another process made, for the server at `port`.
    pub fn known(secret: String, port: u16) -> Self {
        Self {
            secret,
            cookie: format!("projectile-{port}"),
        }
    }

    /// The token, for the printed address.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// Lets in who shows the token: as a cookie, as `Authorization: Bearer`, or once as `?token=`.
    ///
    /// # Errors
    /// 401 without it.
    pub(crate) fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<Pass, Problem> {
        if let Some(shown) = query(uri).find_map(|pair| pair.strip_prefix("token="))
            && self.is(shown)
        {
            return Ok(Pass::Exchange(Box::new(self.exchange(uri))));
        }
        let bearer = headers
            .get_all(AUTHORIZATION)
            .iter()
            .filter_map(|value| value.to_str().ok()?.strip_prefix("Bearer "))
            .any(|shown| self.is(shown));
        if bearer || self.cookies(headers).any(|shown| self.is(shown)) {
            return Ok(Pass::Granted);
        }
        Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "this server wants its token: open the address that it printed when it started, with ?token=…",
        ))
    }

    fn cookies<'a>(&'a self, headers: &'a HeaderMap) -> impl Iterator<Item = &'a str> {
        headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter_map(|(name, value)| (name == self.cookie).then_some(value))
    }

    /// A redirect to the same address without the token, which is in the cookie from now on.
    fn exchange(&self, uri: &Uri) -> Reply {
        let rest: Vec<_> = query(uri).filter(|pair| !pair.starts_with("token=")).collect();
        // Relative, as a proxy may have this server under a path; after `./` nothing is read as another host.
        let mut location = format!("./{}", uri.path().rsplit('/').next().unwrap_or_default());
        if !rest.is_empty() {
            location = format!("{location}?{}", rest.join("&"));
        }
        let cookie = format!(
            "{}={}; Path=/; HttpOnly; SameSite=Strict",
            self.cookie, self.secret
        );
        let mut reply = Reply::default();
        *reply.status_mut() = StatusCode::SEE_OTHER;
        let value = |text: &str| HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("/"));
        reply.headers_mut().insert(LOCATION, value(&location));
        reply.headers_mut().insert(SET_COOKIE, value(&cookie));
        reply
    }

    /// Compares in a time that does not tell how much of it was right.
    fn is(&self, shown: &str) -> bool {
        let (ours, shown) = (self.secret.as_bytes(), shown.as_bytes());
        ours.len() == shown.len()
            && std::hint::black_box(ours.iter().zip(shown).fold(0, |differ, (a, b)| differ | (a ^ b))) == 0
    }
}

fn query(uri: &Uri) -> impl Iterator<Item = &str> {
    uri.query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(token: &Token, uri: &str, header: Option<(http::HeaderName, String)>) -> String {
        let mut headers = HeaderMap::new();
        if let Some((name, value)) = header {
            headers.insert(name, value.parse().unwrap());
        }
        match token.check(&uri.parse().unwrap(), &headers) {
            Ok(Pass::Granted) => "granted".to_owned(),
            Ok(Pass::Exchange(reply)) => reply.headers()[LOCATION].to_str().unwrap().to_owned(),
            Err(problem) => problem.reply().status().as_u16().to_string(),
        }
    }

    #[test]
    fn it_is_shown_as_cookie_bearer_or_in_the_address() {
        let token = Token::random(8000).unwrap();
        let secret = token.secret();
        assert_eq!(secret.len(), 32);
        assert_ne!(secret, Token::random(8000).unwrap().secret());
        assert_eq!(check(&token, "/", None), "401");
        assert_eq!(check(&token, &format!("/?token={secret}"), None), "./");
        assert_eq!(
            check(&token, &format!("/a/b?x=1&token={secret}&y=2"), None),
            "./b?x=1&y=2"
        );
        assert_eq!(
            check(&token, &format!("//evil.example/?token={secret}"), None),
            "./"
        );
        assert_eq!(
            check(&token, &format!("//evil.example?token={secret}"), None),
            "./evil.example"
        );
        for wrong in ["/?token=", "/?token", "/?token=00000000000000000000000000000000"] {
            assert_eq!(check(&token, wrong, None), "401", "{wrong}");
        }
        for (name, value, expected) in [
            (COOKIE, format!("projectile-8000={secret}"), "granted"),
            (
                COOKIE,
                format!("other=1; projectile-8000={secret}; more=2"),
                "granted",
            ),
            (COOKIE, format!("projectile-8001={secret}"), "401"),
            (COOKIE, format!("projectile-8000={}", &secret[1..]), "401"),
            (AUTHORIZATION, format!("Bearer {secret}"), "granted"),
            (AUTHORIZATION, format!("Basic {secret}"), "401"),
        ] {
            assert_eq!(
                check(&token, "/", Some((name, value.clone()))),
                expected,
                "{value}"
            );
        }
        assert!(!format!("{token:?}").contains(secret));
    }

    #[test]
    fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
        let token = Token::random(9).unwrap();
        let uri = format!("/?token={}", token.secret()).parse().unwrap();
        let Ok(Pass::Exchange(reply)) = token.check(&uri, &HeaderMap::new()) else {
            panic!("no exchange")
        };
        assert_eq!(reply.status(), StatusCode::SEE_OTHER);
        let cookie = reply.headers()[SET_COOKIE].to_str().unwrap();
        assert!(
            cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"),
            "{cookie}"
        );
    }
}
