//! What a request carries, read only once it is known that it is wanted, how much of it, and for how long.

use projectile_core::sizes::to_u64;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Body;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;

use crate::error::Problem;
use crate::options::Limits;

/// How many bytes a second come of a file at least, beyond that: who sends one by the byte holds a connection and a
/// request for as long as he likes otherwise.
const SLOWEST: u64 = 1024;

type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// The body of a request.
#[derive(Debug)]
pub(crate) struct Upload {
    /// `None` where there is none, or it was read.
    body: Option<UnsyncBoxBody<Bytes, AnyError>>,
    /// How long it may take to come.
    patience: Duration,
}

impl Upload {
    pub(crate) fn new<B>(body: B) -> Self
    where
        B: Body<Data = Bytes, Error: Into<AnyError>> + Send + 'static,
    {
        Self {
            body: (!body.is_end_stream()).then(|| body.map_err(Into::into).boxed_unsync()),
            patience: Limits::default().body,
        }
    }

    /// It may take so long to come, from when it is read.
    pub(crate) fn wait_for(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Whether there is something that nobody has read.
    pub(crate) fn is_unread(&self) -> bool {
        self.body.is_some()
    }

    /// All of it.
    ///
    /// # Errors
    /// 413 beyond `limit` bytes, 408 when it does not come, 400 when it breaks off.
    pub(crate) async fn read(&mut self, limit: usize) -> Result<Bytes, Problem> {
        let patience = self.patience;
        let reading = async {
            let mut all = BytesMut::new();
            while let Some(data) = self.piece().await? {
                if all.len().saturating_add(data.len()) > limit {
                    return Err(Problem::new(
                        StatusCode::PAYLOAD_TOO_LARGE,
                        format!("at most {limit} bytes are taken here"),
                    ));
                }
                all.extend_from_slice(&data);
            }
            Ok(all.freeze())
        };
        tokio::time::timeout(patience, reading)
            .await
            .map_err(|_| late())?
    }

    /// Writes all of it to a file, however long that takes, as long as something comes, and not by the byte. `take` is asked for room for
    /// each piece.
    ///
    /// # Errors
    /// Those of `take` and, by `failed`, of the file; 408 when next to nothing comes any more, 400 when it breaks off.
    pub(crate) async fn save(
        &mut self,
        file: &mut File,
        failed: impl Fn(std::io::Error) -> Problem,
        mut take: impl FnMut(usize) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        let (began, mut taken, patience) = (Instant::now(), 0usize, self.patience);
        loop {
            let earned =
                Duration::from_millis(to_u64(taken).saturating_mul(1000) / SLOWEST).saturating_add(patience);
            let left = earned.saturating_sub(began.elapsed()).min(patience);
            let piece = tokio::time::timeout(left, self.piece());
            let Some(data) = piece.await.map_err(|_| late())?? else {
                break;
            };
            taken = taken.saturating_add(data.len());
            take(data.len())?;
            file.write_all(&data).await.map_err(&failed)?;
        }
        file.flush().await.map_err(failed)
    }

    /// What comes next; `None` after the last.
    async fn piece(&mut self) -> Result<Option<Bytes>, Problem> {
        let Some(body) = &mut self.body else {
            return Ok(None);
        };
        match body.frame().await {
            Some(Ok(frame)) => Ok(Some(frame.into_data().unwrap_or_default())),
            Some(Err(_)) => Err(Problem::new(StatusCode::BAD_REQUEST, "the body broke off")),
            None => {
                self.body = None;
                Ok(None)
            }
        }
    }
}

fn late() -> Problem {
    Problem::new(StatusCode::REQUEST_TIMEOUT, "the body did not come in time")
}
