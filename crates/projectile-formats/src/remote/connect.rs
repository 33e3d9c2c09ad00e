//! From an address to a store that is ready to be asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::path::Path;
use object_store::{ObjectStore, http as web};
use projectile_core::Result;
use reqwest::Client;
use tokio::sync::Semaphore;
use url::Url;

use super::address::{Cloud, Place, RemoteUrl};
use super::allowed::AllowedPrefixes;
use super::client::{self, Made};
use super::error;

/// Requests at a time to one host or bucket.
const AT_A_TIME: usize = 32;

/// A store, and where in it the object is.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) path: Path,
    /// How many may ask at a time.
    pub(super) lanes: Arc<Semaphore>,
    /// What answers a plain GET.
    pub(super) web: Option<(Client, Url)>,
}

/// Connects to where `url` points. Stores read what their own programs read from the environment, e.g.
/// `AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT_URL`, `GOOGLE_APPLICATION_CREDENTIALS`, `AZURE_STORAGE_ACCOUNT_NAME`. Nothing is
/// asked yet.
pub(crate) fn connect(url: &RemoteUrl, allowed: Option<&Arc<AllowedPrefixes>>) -> Result<Connection> {
    let failed = |error| error::explain(&error, url);
    let lanes = lanes(&url.origin());
    let (store, path): (Arc<dyn ObjectStore>, Path) = match &url.place {
        Place::Web(address) => {
            let client = client::client(address, allowed)?;
            let mut bare = address.clone();
            // What they say is in the client; without a host there would be no address.
            let _ = bare.set_username("").and_then(|()| bare.set_password(None));
            // The address stands for the object: its path may be of a form that no store's key has. What lies under it,
            // as in a folder, is a key.
            let mut base = bare.clone();
            base.set_path(bare.path().trim_end_matches('/'));
            let store = web::HttpBuilder::new()
                .with_url(base)
                .with_http_connector(Made(client.clone()))
                .with_retry(client::retry())
                .build()
                .map_err(failed)?;
            return Ok(Connection {
                store: Arc::new(store),
                path: Path::ROOT,
                lanes,
                web: Some((client, bare)),
            });
        }
        Place::Bucket { cloud, bucket, key } => {
            client::use_ring();
            let store: Arc<dyn ObjectStore> = match cloud {
                Cloud::Amazon => Arc::new(
                    AmazonS3Builder::from_env()
                        .with_bucket_name(bucket)
                        .with_retry(client::retry())
                        .build()
                        .map_err(failed)?,
                ),
                Cloud::Google => Arc::new(
                    GoogleCloudStorageBuilder::from_env()
                        .with_bucket_name(bucket)
                        .with_retry(client::retry())
                        .build()
                        .map_err(failed)?,
                ),
                Cloud::Azure => Arc::new(
                    MicrosoftAzureBuilder::from_env()
                        .with_container_name(bucket)
                        .with_retry(client::retry())
                        .build()
                        .map_err(failed)?,
                ),
            };
            (store, key.clone())
        }
    };
    Ok(Connection {
        store,
        path,
        lanes,
        web: None,
    })
}

/// The lanes of a host, which all of its objects share.
fn lanes(origin: &str) -> Arc<Semaphore> {
    static LANES: Mutex<Option<HashMap<String, Arc<Semaphore>>>> = Mutex::new(None);
    let mut known = LANES.lock().unwrap_or_else(PoisonError::into_inner);
    let known = known.get_or_insert_default();
    // Those that nobody uses any more go.
    known.retain(|_, lanes| Arc::strong_count(lanes) > 1);
    let lanes = known
        .entry(origin.to_owned())
        .or_insert_with(|| Arc::new(Semaphore::new(AT_A_TIME)));
    Arc::clone(lanes)
}
