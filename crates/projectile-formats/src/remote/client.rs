//! The client of servers that speak HTTP: its patience, its encryption, and which redirections it follows.

use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::Duration;

use object_store::client::{HttpClient, HttpConnector};
use object_store::{BackoffConfig, ClientOptions, RetryConfig};
use projectile_core::{Error, ErrorKind, Result};
use reqwest::header::{AUTHORIZATION, HeaderMap};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder};
use url::Url;

use super::allowed::AllowedPrefixes;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a server may send nothing.
pub(super) const SILENCE: Duration = Duration::from_secs(10);
/// Redirections that are followed one after the other.
const REDIRECTIONS: usize = 5;

/// How often what failed is asked for anew (a server that is busy or broken, a connection that breaks off), and how
/// long it is waited in between: longer each time, and by chance, so that not all ask at a time.
pub(super) fn retry() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(3),
            base: 2.0,
        },
        max_retries: super::RETRIES,
        retry_timeout: Duration::from_secs(30),
    }
}

/// A client for `url`. Redirections out of `allowed` are not followed.
pub(super) fn client(url: &Url, allowed: Option<&Arc<AllowedPrefixes>>) -> Result<Client> {
    /// What most share, and the process that it belongs to: a forked child has none of its connections.
    static PLAIN: Mutex<Option<(u32, Client)>> = Mutex::new(None);
    let own = !url.username().is_empty() || url.password().is_some() || allowed.is_some();
    if own {
        return build(url, allowed);
    }
    let mut plain = PLAIN.lock().unwrap_or_else(PoisonError::into_inner);
    let process = std::process::id();
    if let Some((of, client)) = &*plain
        && *of == process
    {
        return Ok(client.clone());
    }
    let client = build(url, None)?;
    *plain = Some((process, client.clone()));
    Ok(client)
}

fn build(url: &Url, allowed: Option<&Arc<AllowedPrefixes>>) -> Result<Client> {
    use_ring();
    let headers = credentials(url)?;
    let begun = || -> ClientBuilder {
        Client::builder()
            .user_agent(concat!("projectile/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            .redirect(policy(allowed.cloned()))
            // Of a redirection to another host what says who asks is left out.
            .default_headers(headers.clone())
    };
    begun()
        .build()
        // A system that trusts nobody: those whom browsers trust are known here.
        .or_else(|_| begun().tls_certs_only(browsers_roots()).build())
        .map_err(|error| failed(&error))
}

fn failed(error: &reqwest::Error) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        format!("no client for HTTP: {}", super::error::innermost(error)),
    )
}

/// Where redirections may lead.
fn policy(allowed: Option<Arc<AllowedPrefixes>>) -> Policy {
    Policy::custom(move |attempt| {
        if attempt.previous().len() > REDIRECTIONS {
            return attempt.error("it redirects too often");
        }
        match &allowed {
            Some(allowed) if !allowed.hold_url(attempt.url()) => {
                attempt.error("it redirects out of what --allow-remote allows")
            }
            _ => attempt.follow(),
        }
    })
}

/// The user of the address, as a server is told of it.
fn credentials(url: &Url) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    if url.username().is_empty() && url.password().is_none() {
        return Ok(headers);
    }
    let plain = Client::builder().tls_certs_only([]).build();
    let asked = plain.and_then(|client| client.get(url.clone()).build());
    let asked = asked.map_err(|error| failed(&error))?;
    headers.extend(asked.headers().get(AUTHORIZATION).map(|value| {
        let mut value = value.clone();
        value.set_sensitive(true);
        (AUTHORIZATION, value)
    }));
    Ok(headers)
}

fn browsers_roots() -> Vec<Certificate> {
    webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .filter_map(|root| Certificate::from_der(root).ok())
        .collect()
}

/// The library of cryptography for every connection of this process, unless it has chosen one already.
pub(super) fn use_ring() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error says that there is one.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

/// Gives stores a client that is made already.
#[derive(Debug)]
pub(super) struct Made(pub(super) Client);

impl HttpConnector for Made {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.0.clone()))
    }
}
