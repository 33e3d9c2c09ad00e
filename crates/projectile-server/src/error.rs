//! What the server answers when it cannot give what was asked for: one table from meaning to status, and RFC 9457's
//! `application/problem+json`.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use projectile_core::{Error, ErrorKind};

use crate::api::answers;
use crate::respond::{ERROR, Reply, error_header};

/// An error on its way to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    status: StatusCode,
    detail: String,
    parameter: Option<String>,
    retry_after: Option<u64>,
    /// Whether what was asked for is corrupt, which tiles tell by a header, too.
    is_corrupt: bool,
}

/// The status that an error's meaning has: the only such table.
pub(crate) fn status(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::BadRequest => StatusCode::BAD_REQUEST,
        ErrorKind::Unsupported | ErrorKind::Corrupt | ErrorKind::Limit => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorKind::Gone => StatusCode::GONE,
        // A cancelled job's client is gone; one that came in the same instant may ask again.
        ErrorKind::Unavailable | ErrorKind::Cancelled => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            parameter: None,
            retry_after: None,
            is_corrupt: false,
        }
    }

    /// 503, and when to come back.
    pub(crate) fn busy(detail: impl Into<String>, retry_after: Duration) -> Self {
        let begun = u64::from(retry_after.subsec_nanos() > 0);
        let seconds = retry_after.as_secs().saturating_add(begun);
        Self {
            retry_after: Some(seconds.clamp(1, 60)),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
        }
    }

    pub(crate) fn reply(&self) -> Reply {
        let body = answers::Problem {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &self.detail,
            parameter: self.parameter.as_deref(),
        };
        let mut reply = Reply::new(Bytes::from(serde_json::to_vec(&body).unwrap_or_default()).into());
        *reply.status_mut() = self.status;
        let headers = reply.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.is_corrupt {
            headers.insert(ERROR, error_header(&self.detail));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        reply
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let status = status(error.kind());
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::error!(error = error.message(), "a request failed");
            return Self::new(status, "the server failed on this request; its log says more");
        }
        let retry_after = (status == StatusCode::SERVICE_UNAVAILABLE).then_some(1);
        Self {
            status,
            detail: error.message().to_owned(),
            parameter: error.parameter().map(str::to_owned),
            retry_after,
            is_corrupt: error.kind() == ErrorKind::Corrupt,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_whole_seconds_from_one() {
        for (milliseconds, seconds) in [(0, 1), (1, 1), (1000, 1), (1001, 2), (3_600_000, 60)] {
            let problem = Problem::busy("later", Duration::from_millis(milliseconds));
            assert_eq!(
                problem.reply().headers()[RETRY_AFTER],
                seconds.to_string().as_str(),
                "{milliseconds} ms"
            );
        }
    }

    #[test]
    fn a_problem_names_the_parameter_but_a_fault_of_ours_says_nothing_of_us() {
        let reply = Problem::from(Error::bad_request("s", "300 is no power of 2")).reply();
        assert_eq!(reply.status(), StatusCode::BAD_REQUEST);
        let body: serde_json::Value = serde_json::from_slice(reply.body().whole().unwrap()).unwrap();
        assert_eq!(body["parameter"], "s");
        assert_eq!(body["title"], "Bad Request");
        let reply = Problem::from(Error::internal("the secret detail")).reply();
        assert_eq!(reply.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!String::from_utf8_lossy(reply.body().whole().unwrap()).contains("secret"));
    }
}
