//! What a server's refusal means, in words, without what is secret of an address.

use projectile_core::{Error, ErrorKind};

use super::address::{Cloud, Place, RemoteUrl};

const REFUSED: &str = "the server refuses it (403)";

/// Whether an error says that who asks may not have it.
pub(super) fn is_refusal(error: &Error) -> bool {
    error.message().contains(REFUSED)
}

/// What an error of a store means, of the object at `url`.
pub(super) fn explain(error: &object_store::Error, url: &RemoteUrl) -> Error {
    use object_store::Error as E;
    let unavailable = |text: String| Error::new(ErrorKind::Unavailable, text);
    match error {
        E::NotFound { .. } => Error::not_found("there is nothing at this address (404)"),
        E::Precondition { .. } => changed(),
        E::PermissionDenied { .. } => unavailable(format!("{REFUSED}{}", hint(url))),
        E::Unauthenticated { .. } => {
            unavailable(format!("the server wants to know who asks (401){}", hint(url)))
        }
        _ => unavailable(cause(error, url)),
    }
}

/// The object is another one by now.
pub(super) fn changed() -> Error {
    Error::new(
        ErrorKind::Gone,
        "it was rewritten or removed since it was opened: open it again",
    )
}

/// It takes longer than anybody waits.
pub(super) fn late() -> Error {
    Error::new(ErrorKind::Unavailable, "the server did not answer in time")
}

/// What is at the bottom of an error of a client.
pub(super) fn of_client(error: &reqwest::Error) -> Error {
    if error.is_timeout() {
        return late();
    }
    let text = if error.is_connect() {
        format!("no connection to the server: {}", innermost(error))
    } else {
        format!("it breaks off: {}", innermost(error))
    };
    Error::new(ErrorKind::Unavailable, text)
}

/// The status that the server answered with, and what that means.
pub(super) fn of_status(status: u16, url: &RemoteUrl) -> Error {
    match status {
        404 | 410 => Error::not_found(format!("there is nothing at this address ({status})")),
        401 => Error::new(
            ErrorKind::Unavailable,
            format!("the server wants to know who asks (401){}", hint(url)),
        ),
        403 => Error::new(
            ErrorKind::Unavailable,
            format!("the server refuses it (403){}", hint(url)),
        ),
        412 => changed(),
        _ => Error::new(
            ErrorKind::Unavailable,
            format!("the server answers with an error ({status})"),
        ),
    }
}

/// The status that is told of somewhere in an error.
pub(super) fn status(error: &object_store::Error) -> Option<u16> {
    chain(error).find_map(|link| {
        let text = link.to_string();
        let (_, rest) = text.split_once("status code: ")?;
        rest.get(..3)?.parse().ok()
    })
}

/// Whether it came to an answer that is no answer to a range: such a server is asked for the whole.
pub(super) fn is_no_range(error: &object_store::Error) -> bool {
    matches!(error, object_store::Error::NotSupported { .. })
        || (matches!(error, object_store::Error::Generic { .. })
            && chain(error).any(|link| {
                let text = link.to_string();
                [
                    "Content-Range header not present",
                    "Failed to parse value for CONTENT_RANGE",
                    "Content-Length Header missing",
                    "non-partial response",
                ]
                .iter()
                .any(|known| text.starts_with(known))
            }))
}

fn cause(error: &object_store::Error, url: &RemoteUrl) -> String {
    use object_store::client::{HttpError, HttpErrorKind};
    let all = chain(error)
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(" ");
    // Where machines in clouds learn who they are.
    if ["169.254.169.254", "metadata.google.internal", "fd00:ec2::254"]
        .iter()
        .any(|known| all.contains(known))
    {
        return format!("no credentials are known{}", hint(url));
    }
    match status(error) {
        Some(416) => return "it is empty".to_owned(),
        Some(status) if status >= 500 || status == 429 => {
            return format!("the server answers with an error ({status}), again and again");
        }
        Some(status) => return format!("the server answers with an error ({status})"),
        None => {}
    }
    if all.contains("redirect without LOCATION") {
        return "it is in another region: set AWS_REGION".to_owned();
    }
    let http = chain(error).find_map(|link| link.downcast_ref::<HttpError>());
    match http.map(HttpError::kind) {
        Some(HttpErrorKind::Timeout) => "the server did not answer in time".to_owned(),
        Some(HttpErrorKind::Connect) => format!("no connection to the server: {}", innermost(error)),
        Some(_) => innermost(error),
        None if all.contains("No CA certificates") => {
            "this system trusts no server: install ca-certificates, or set SSL_CERT_FILE".to_owned()
        }
        // Of how the store was set up.
        None => format!("{}{}", innermost(error).trim_end_matches('.'), hint(url)),
    }
}

/// Where credentials come from.
fn hint(url: &RemoteUrl) -> &'static str {
    match &url.place {
        Place::Web(_) => "",
        Place::Bucket { cloud, .. } => match cloud {
            Cloud::Amazon => {
                ": set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_REGION), or AWS_SKIP_SIGNATURE=true \
                 for what is public"
            }
            Cloud::Google => {
                ": set GOOGLE_APPLICATION_CREDENTIALS, or GOOGLE_SKIP_SIGNATURE=true for what is public"
            }
            Cloud::Azure => {
                ": set AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY, or AZURE_SKIP_SIGNATURE=true for \
                 what is public"
            }
        },
    }
}

/// The last text of a chain of errors, without addresses: they may hold signatures.
pub(super) fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let text = chain(error).last().map(ToString::to_string);
    let words: Vec<&str> = text
        .as_deref()
        .unwrap_or_default()
        .split_whitespace()
        .map(|word| if word.contains("://") { "…" } else { word })
        .collect();
    words.join(" ")
}

fn chain<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| error.source())
}
