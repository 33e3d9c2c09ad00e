//! Pages and their server in step, as `docs/live.md` says: what the server tells, and what pages told it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use projectile_core::{Change, Error, ErrorKind, Image, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Interval, MissedTickBehavior, interval};

/// Pages that may listen at a time.
const PAGES: usize = 256;
/// Events that may wait for a page; one that takes none is let go, and comes back for the whole.
const WAITING: usize = 256;
/// How often a page hears that the server is still there.
const BEAT: Duration = Duration::from_secs(15);

/// A rectangle of whole pixels, full resolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PixelBox {
    /// First row.
    pub y: u64,
    /// First column.
    pub x: u64,
    /// Rows.
    pub height: u64,
    /// Columns.
    pub width: u64,
}

/// Where a page is, and how it shows what it shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PageState {
    /// The page's own name for itself.
    #[serde(skip_serializing)]
    pub client: String,
    /// The id of the image.
    pub image: String,
    /// The middle of the view, `[x, y]` in image pixels.
    pub center: [f64; 2],
    /// log2 of screen pixels per image pixel.
    pub zoom: f64,
    /// `[width, height]` in CSS pixels.
    pub size: [f64; 2],
    /// The display window, where there is one for all.
    pub window: Option<[f64; 2]>,
    /// The colormap, where there is one.
    pub colormap: Option<String>,
    /// How pixels are reduced.
    pub resampling: Option<String>,
    /// The channels that are shown.
    pub channels: Option<Vec<u64>>,
    /// The index along each extra axis.
    #[serde(default)]
    pub axes: HashMap<String, u64>,
    /// The box that was drawn.
    pub selection: Option<PixelBox>,
}

/// What the server tells its pages, and what they told it. Clones share everything.
#[derive(Clone, Debug)]
pub struct Live(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Tells this server from one that was there before.
    server: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    pages: HashMap<u64, Page>,
    opened: u64,
    closed: bool,
    /// Whether somebody wants to know where pages are.
    listening: bool,
    /// What was set, by image.
    settings: HashMap<String, Map<String, Json>>,
    /// Of each page that told: its name, and what. The last to tell is last.
    told: Vec<PageState>,
    /// Pictures that pages were asked for.
    pictures: HashMap<String, oneshot::Sender<Bytes>>,
}

#[derive(Debug)]
struct Page {
    client: String,
    events: mpsc::Sender<Bytes>,
}

/// A page's seat. Dropping it leaves.
#[derive(Debug)]
pub(crate) struct Subscription {
    live: Weak<Inner>,
    number: u64,
    events: mpsc::Receiver<Bytes>,
    beat: Interval,
}

impl Live {
    pub(crate) fn new() -> std::io::Result<Self> {
        Ok(Self(Arc::new(Inner {
            server: random_hex()?,
            state: Mutex::default(),
        })))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock()
    }

    /// From now on pages tell where they are: see [`state`](Self::state).
    pub fn listen(&self) {
        self.lock().listening = true;
    }

    /// How many pages listen.
    pub fn pages(&self) -> usize {
        self.lock().pages.len()
    }

    /// Takes a seat for a page. `revisions`: each image's id and how often it was refreshed.
    ///
    /// # Errors
    /// [`Unavailable`](projectile_core::ErrorKind::Unavailable) when there are too many pages, or the server ends.
    pub(crate) fn subscribe(&self, client: &str, revisions: &Map<String, Json>) -> Result<Subscription> {
        let (sender, events) = mpsc::channel(WAITING);
        let mut state = self.lock();
        if state.closed || state.pages.len() >= PAGES {
            return Err(Error::new(
                ErrorKind::Unavailable,
                "no more pages can listen to this server",
            ));
        }
        let hello = json!({
            "server": self.0.server,
            "live": state.listening,
            "settings": state.settings,
            "revisions": revisions,
        });
        // A new channel has room for it.
        let _ = sender.try_send(event("hello", &hello));
        state.opened = state.opened.saturating_add(1);
        let number = state.opened;
        let client = client.to_owned();
        state.pages.insert(
            number,
            Page {
                client,
                events: sender,
            },
        );
        let mut beat = interval(BEAT);
        beat.reset();
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Subscription {
            live: Arc::downgrade(&self.0),
            number,
            events,
            beat,
        })
    }

    /// Says something to every page.
    fn tell(&self, name: &str, data: &Json) {
        let bytes = event(name, data);
        self.lock()
            .pages
            .retain(|_, page| page.events.try_send(bytes.clone()).is_ok());
    }

    /// Every page that shows the image shows it so, from now on; pages that come later, too. The fields are those of
    /// the event `set` in `docs/live.md`.
    pub fn set(&self, image: &str, fields: &Map<String, Json>) {
        {
            let mut state = self.lock();
            let kept = state.settings.entry(image.to_owned()).or_default();
            for (name, value) in fields {
                match (kept.get_mut(name), value) {
                    (Some(Json::Object(old)), Json::Object(new)) => old.extend(new.clone()),
                    _ => {
                        kept.insert(name.clone(), value.clone());
                    }
                }
            }
        }
        let mut data = fields.clone();
        data.insert("image".to_owned(), json!(image));
        self.tell("set", &Json::Object(data));
    }

    /// Takes note that pixels of an image changed, and has every page fetch the tiles that show them.
    pub(crate) fn refresh(&self, id: &str, image: &Image, change: Change) -> u64 {
        let region = change.region;
        let indices: Map<String, Json> = change
            .indices
            .iter()
            .map(|(name, range)| (name.clone(), json!([range.start, range.end])))
            .collect();
        let revision = image.refresh(change);
        let data = json!({
            "image": id,
            "revision": revision,
            "region": {"y": region.y, "x": region.x, "height": region.height, "width": region.width},
            "indices": indices,
        });
        self.tell("refresh", &data);
        revision
    }

    /// The list of images is another; those of the ids `changed` are other images now.
    pub(crate) fn listed(&self, changed: &[&str]) {
        self.tell("images", &json!({ "changed": changed }));
    }

    pub(crate) fn levels_built(&self, id: &str) {
        self.tell("levels", &json!({ "image": id }));
    }

    /// Where a page is.
    pub(crate) fn told(&self, page: PageState) {
        let mut state = self.lock();
        let State { told, pages, .. } = &mut *state;
        // Of pages that left only the last word of all is kept.
        told.retain(|other| {
            other.client != page.client && pages.values().any(|seat| seat.client == other.client)
        });
        told.truncate(PAGES);
        told.push(page);
    }

    /// What the page that moved last told, of those that are still there; else the last word of all.
    pub fn state(&self) -> Option<PageState> {
        let state = self.lock();
        let is_there = |told: &&PageState| state.pages.values().any(|seat| seat.client == told.client);
        let there = state.told.iter().rev().find(is_there);
        there.or(state.told.last()).cloned()
    }

    /// A PNG of what the page that moved last shows; `None` when no page is there, or none answers in time.
    pub async fn screenshot(&self, patience: Duration) -> Option<Bytes> {
        let request = random_hex().ok()?;
        let picture = {
            let mut state = self.lock();
            let last = state.told.iter().rev().map(|told| &told.client);
            let client = last
                .into_iter()
                .find(|client| state.pages.values().any(|seat| seat.client == **client))
                .or_else(|| state.pages.values().next().map(|seat| &seat.client))?
                .clone();
            let (sender, picture) = oneshot::channel();
            state.pictures.insert(request.clone(), sender);
            drop(state);
            self.tell("screenshot", &json!({"client": client, "request": request}));
            picture
        };
        let picture = tokio::time::timeout(patience, picture).await;
        self.lock().pictures.remove(&request);
        picture.ok()?.ok()
    }

    /// Whether a page was asked for this picture, and has not sent it.
    pub(crate) fn expects_picture(&self, request: &str) -> bool {
        self.lock().pictures.contains_key(request)
    }

    pub(crate) fn picture(&self, request: &str, png: Bytes) {
        if let Some(sender) = self.lock().pictures.remove(request) {
            // Whoever asked may have lost patience.
            let _ = sender.send(png);
        }
    }

    /// Tells every page that there is no use in coming back, and lets them go.
    pub fn close(&self) {
        self.tell("closed", &json!({}));
        let mut state = self.lock();
        state.closed = true;
        state.pages.clear();
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No lock is held over anything that can fail half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscription {
    pub(crate) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if let Poll::Ready(next) = self.events.poll_recv(context) {
            return Poll::Ready(next);
        }
        match self.beat.poll_tick(context) {
            Poll::Ready(_) => Poll::Ready(Some(Bytes::from_static(b":\n\n"))),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(live) = self.live.upgrade() {
            live.lock().pages.remove(&self.number);
        }
    }
}

/// An event as the text format has it; JSON from serde holds no line break.
fn event(name: &str, data: &Json) -> Bytes {
    Bytes::from(format!("event: {name}\ndata: {data}\n\n"))
}

fn random_hex() -> std::io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(client: &str, zoom: f64) -> PageState {
        let told = json!({
            "client": client, "image": "a", "center": [1, 2], "zoom": zoom, "size": [10, 10],
        });
        serde_json::from_value(told).unwrap()
    }

    async fn next(subscription: &mut Subscription) -> String {
        let bytes = std::future::poll_fn(|context| subscription.poll_next(context)).await;
        String::from_utf8(bytes.unwrap().to_vec()).unwrap()
    }

    /// What an event of that name tells.
    fn told(event: &str, name: &str) -> Json {
        let data = event.strip_prefix(&format!("event: {name}\ndata: ")).unwrap();
        serde_json::from_str(data).unwrap()
    }

    fn settings(json: &Json) -> Map<String, Json> {
        json.as_object().unwrap().clone()
    }

    #[tokio::test]
    async fn a_page_that_comes_late_hears_all_that_was_set() {
        let live = Live::new().unwrap();
        live.set(
            "a",
            &settings(&json!({"window": [0, 1], "axes": {"t": 1, "z": 2}})),
        );
        let mut early = live.subscribe("11", &Map::new()).unwrap();
        assert!(next(&mut early).await.starts_with("event: hello\ndata: {"));
        live.set("a", &settings(&json!({"window": null, "axes": {"t": 5}})));
        assert_eq!(
            told(&next(&mut early).await, "set"),
            json!({"axes": {"t": 5}, "image": "a", "window": null})
        );
        let mut late = live.subscribe("22", &Map::new()).unwrap();
        let hello = told(&next(&mut late).await, "hello");
        assert_eq!(
            hello["settings"],
            json!({"a": {"axes": {"t": 5, "z": 2}, "window": null}})
        );
    }

    #[tokio::test]
    async fn the_page_that_moved_last_speaks_for_all_that_are_there() {
        let live = Live::new().unwrap();
        assert_eq!(live.state(), None);
        let first = live.subscribe("11", &Map::new()).unwrap();
        let second = live.subscribe("22", &Map::new()).unwrap();
        live.told(page("11", 1.0));
        live.told(page("22", 2.0));
        assert_eq!(live.state().unwrap().zoom, 2.0);
        live.told(page("11", 3.0));
        assert_eq!(live.state().unwrap().zoom, 3.0);
        drop(first);
        assert_eq!(live.state().unwrap().zoom, 2.0);
        drop(second);
        assert_eq!(live.pages(), 0);
        assert_eq!(live.state().unwrap().zoom, 3.0, "the last word of all");
        (0..1000).for_each(|i| live.told(page(&i.to_string(), 0.0)));
        assert!(
            live.lock().told.len() <= 2,
            "pages that never sat down are not kept"
        );
    }

    #[tokio::test]
    async fn a_page_that_takes_nothing_is_let_go() {
        let live = Live::new().unwrap();
        let mut deaf = live.subscribe("11", &Map::new()).unwrap();
        (0..2 * WAITING).for_each(|_| live.levels_built("a"));
        assert_eq!(live.pages(), 0);
        let mut heard = 0;
        while std::future::poll_fn(|context| deaf.poll_next(context))
            .await
            .is_some()
        {
            heard += 1;
        }
        assert_eq!(heard, WAITING);
    }

    #[tokio::test]
    async fn a_picture_comes_from_the_page_or_not_at_all() {
        let live = Live::new().unwrap();
        let none = live.screenshot(Duration::from_millis(10)).await;
        assert_eq!(none, None, "no page");
        let mut seat = live.subscribe("11", &Map::new()).unwrap();
        next(&mut seat).await;
        assert_eq!(
            live.screenshot(Duration::from_millis(10)).await,
            None,
            "no answer"
        );
        assert!(live.lock().pictures.is_empty());
        next(&mut seat).await;
        let answering = async {
            let asked = next(&mut seat).await;
            let data: Json = serde_json::from_str(asked.split_once("data: ").unwrap().1).unwrap();
            let request = data["request"].as_str().unwrap();
            assert!(live.expects_picture(request));
            live.picture(request, Bytes::from_static(b"png"));
        };
        let (picture, ()) = tokio::join!(live.screenshot(Duration::from_secs(10)), answering);
        assert_eq!(picture.unwrap(), "png");
    }

    #[tokio::test]
    async fn after_the_end_nobody_listens() {
        let live = Live::new().unwrap();
        let mut seat = live.subscribe("11", &Map::new()).unwrap();
        live.close();
        next(&mut seat).await;
        assert!(next(&mut seat).await.starts_with("event: closed"));
        assert_eq!(
            std::future::poll_fn(|context| seat.poll_next(context)).await,
            None
        );
        assert!(live.subscribe("22", &Map::new()).is_err());
    }
}
