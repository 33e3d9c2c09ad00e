//! Servers: on a port of their own, or asked from within the process.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use bytes::Bytes;
use projectile::{AllowedHosts, Change, Image, Options, Page, Region, Server, Shutdown, ShutdownHandle};
use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use tokio::task::JoinHandle;

use crate::error::exception;
use crate::image::PyImage;
use crate::interrupt;
use crate::runtime::{self, Share};
use crate::stay::or_stay;

/// How long the end of a server waits for requests in flight.
const DRAIN: Duration = Duration::from_secs(1);

/// How long the end of the interpreter does, of which nobody expects more than that it comes.
const FAREWELL: Duration = Duration::from_millis(300);

/// A server of images.
#[pyclass(name = "Server", module = "projectile._native", frozen)]
#[derive(Debug)]
pub(crate) struct PyServer {
    ids: Vec<String>,
    images: Vec<Image>,
    share: Arc<Share>,
    state: Mutex<Option<State>>,
}

#[derive(Debug)]
struct State {
    server: Server,
    listening: Option<Listening>,
}

#[derive(Debug)]
struct Listening {
    address: SocketAddr,
    descriptor: i32,
    shutdown: ShutdownHandle,
    task: JoinHandle<()>,
}

#[pymethods]
impl PyServer {
    /// A server of `images`. `client` is a page of one's own, `hosts` further names to answer to; with `any_host` it
    /// answers to all, for whoever decides himself who may come in.
    #[new]
    #[pyo3(signature = (images, *, tile_size=256, client=None, hosts=Vec::new(), any_host=false))]
    fn new(
        images: Vec<PyRef<'_, PyImage>>,
        tile_size: u32,
        client: Option<String>,
        hosts: Vec<String>,
        any_host: bool,
    ) -> PyResult<Self> {
        if !tile_size.is_power_of_two() || tile_size > projectile::MAX_TILE_SIZE {
            return Err(PyValueError::new_err(format!(
                "tile size {tile_size} is no power of 2 from 1 to {}, e.g. 256",
                projectile::MAX_TILE_SIZE
            )));
        }
        let mut options = Options::default();
        options.tile_size = tile_size;
        options.framed_by_notebooks = true;
        // Arrays that are computed when they are looked at take the time that they take.
        options.deadline = None;
        options.page = client.map_or(Page::Viewer, Page::Client);
        options.hosts = if any_host {
            AllowedHosts::any()
        } else {
            AllowedHosts::loopback()
        };
        for host in hosts {
            options.hosts = options.hosts.and(&host).map_err(PyValueError::new_err)?;
        }
        let images: Vec<Image> = images.iter().map(|image| image.image.clone()).collect();
        let server = Server::new(images.clone(), options)?;
        Ok(Self {
            ids: server.ids(),
            images,
            share: runtime::share()?,
            state: Mutex::new(Some(State {
                server,
                listening: None,
            })),
        })
    }

    /// The ids of the images, in their order.
    #[getter]
    fn ids(&self) -> Vec<String> {
        self.ids.clone()
    }

    /// Listens on `host:port` (port 0: any that is free), and answers with the port.
    fn listen(&self, py: Python<'_>, host: &str, port: u16) -> PyResult<u16> {
        let handle = self.handle()?;
        let ip = match host {
            "localhost" => "127.0.0.1",
            other => other,
        };
        let address: std::net::IpAddr = ip.parse().map_err(|_| {
            PyValueError::new_err(format!("{host:?} is no IP address to listen on, e.g. 127.0.0.1"))
        })?;
        let address = SocketAddr::from((address, port));
        let listener = py
            .detach(|| std::net::TcpListener::bind(address))
            .map_err(|error| {
                PyOSError::new_err((
                    error.raw_os_error(),
                    format!("cannot listen on {address}: {error}"),
                ))
            })?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let descriptor = descriptor(&listener);
        let (shutdown, watched) = Shutdown::new();
        let mut state = self.lock();
        let state = state.as_mut().ok_or_else(closed)?;
        let server = state.server.clone();
        let listener = {
            let _entered = handle.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        let task = handle.spawn(async move { server.run(listener, watched).await });
        state.listening = Some(Listening {
            address,
            descriptor,
            shutdown,
            task,
        });
        Ok(address.port())
    }

    /// The socket that it listens on, which a forked child is to close; -1 where there is none.
    fn fileno(&self) -> i32 {
        let state = self.lock();
        let listening = state.as_ref().and_then(|state| state.listening.as_ref());
        listening.map_or(-1, |listening| listening.descriptor)
    }

    /// The port that it listens on; `None` where it does not.
    #[getter]
    fn port(&self) -> Option<u16> {
        let state = self.lock();
        let listening = state.as_ref().and_then(|state| state.listening.as_ref());
        listening.map(|listening| listening.address.port())
    }

    /// Asks for something as by HTTP. `callback(status, headers, body, more)` is called from another thread, again for
    /// as long as `more` was true and it answers with something true.
    /// `peer` is the client's address, where it is known.
    #[pyo3(signature = (method, target, headers, body, callback, peer=None))]
    fn request(
        &self,
        method: &str,
        target: &str,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
        callback: Py<PyAny>,
        peer: Option<&str>,
    ) -> PyResult<Request> {
        let peer = peer.and_then(|peer| peer.parse().ok());
        let handle = self.handle()?.clone();
        let server = self.server()?;
        let mut request = http::Request::builder().method(method).uri(target);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let request = request
            .body(Bytes::from(body))
            .map_err(|error| PyValueError::new_err(format!("{method} {target:?} is no request: {error}")))?;
        let task = handle.spawn(async move {
            let (parts, mut payload) = server.respond(request, peer).await.into_parts();
            let status = parts.status.as_u16();
            let headers: Vec<(String, String)> = parts
                .headers
                .iter()
                .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
                .collect();
            let callback = Arc::new(callback);
            if let Some(bytes) = payload.whole() {
                call(&callback, status, headers, bytes.clone(), false).await;
                return;
            }
            let mut wanted = call(&callback, status, headers, Bytes::new(), true).await;
            while wanted {
                let piece = payload.next().await;
                let more = piece.is_some();
                wanted = call(&callback, status, Vec::new(), piece.unwrap_or_default(), more).await && more;
            }
        });
        Ok(Request(task))
    }

    /// Tells every page that pixels changed: rows, columns and ranges of extra axes. Answers the new revision.
    fn refresh(
        &self,
        id: &str,
        rows: (u64, u64),
        columns: (u64, u64),
        indices: Vec<(String, (u64, u64))>,
    ) -> PyResult<u64> {
        let change = Change {
            region: Region {
                y: rows.0,
                x: columns.0,
                height: rows.1.saturating_sub(rows.0),
                width: columns.1.saturating_sub(columns.0),
            },
            indices: indices
                .into_iter()
                .map(|(name, (start, end))| (name, start..end))
                .collect(),
        };
        self.server()?
            .refresh(id, change)
            .map_err(|error| exception(&error))
    }

    /// Has every page show an image so; `fields` is the JSON of the event `set`.
    fn set(&self, id: &str, fields: &str) -> PyResult<()> {
        let fields: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(fields).map_err(|error| PyValueError::new_err(error.to_string()))?;
        self.server()?.live().set(id, &fields);
        Ok(())
    }

    /// From now on pages tell where they are.
    fn listen_to_pages(&self) -> PyResult<()> {
        self.server()?.live().listen();
        Ok(())
    }

    /// What the page that moved last told, as JSON; `None` when none did.
    fn state(&self) -> PyResult<Option<String>> {
        let state = self.server()?.live().state();
        Ok(state.and_then(|state| serde_json::to_string(&state).ok()))
    }

    /// How many pages listen.
    fn pages(&self) -> PyResult<usize> {
        Ok(self.server()?.live().pages())
    }

    /// A PNG of what the page that moved last shows; `None` when no page answers within `seconds`.
    fn screenshot<'py>(&self, py: Python<'py>, seconds: f64) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let live = self.server()?.live().clone();
        let handle = self.handle()?.clone();
        let patience = Duration::try_from_secs_f64(seconds).unwrap_or_default();
        let (done, waiting) = mpsc::channel();
        handle.spawn(async move { done.send(live.screenshot(patience).await) });
        let png = interrupt::wait(py, waiting)?.ok_or_else(closed)?;
        Ok(png.map(|png| PyBytes::new(py, &png)))
    }

    /// The image at this place.
    fn image(&self, index: usize) -> Option<PyImage> {
        self.images.get(index).cloned().map(PyImage::from)
    }

    #[getter]
    fn closed(&self) -> bool {
        self.lock().is_none()
    }

    /// Ends it: pages are told, requests in flight are answered, and the port is free. Closing again does nothing.
    fn close(&self, py: Python<'_>) {
        if !self.share.is_ours() {
            return;
        }
        py.detach(|| self.finish(self.begin_to_end(), Instant::now() + DRAIN));
    }
}

/// Ends all of them together: what one still has to answer keeps none of the others open for longer.
#[pyfunction]
pub(crate) fn close_all(py: Python<'_>, servers: Vec<Py<PyServer>>) {
    let ours = || {
        servers
            .iter()
            .map(Py::get)
            .filter(|server| server.share.is_ours())
    };
    py.detach(|| {
        let ending: Vec<_> = ours().map(|server| (server, server.begin_to_end())).collect();
        let deadline = Instant::now() + FAREWELL;
        for (server, listening) in ending {
            server.finish(listening, deadline);
        }
    });
}

impl PyServer {
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<State>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn server(&self) -> PyResult<Server> {
        self.handle()?;
        Ok(self.lock().as_ref().ok_or_else(closed)?.server.clone())
    }

    fn handle(&self) -> PyResult<&tokio::runtime::Handle> {
        self.share.handle().ok_or_else(|| {
            PyRuntimeError::new_err(
                "this view belongs to the process that forked this one, where its server still runs; \
                 show the array again here",
            )
        })
    }

    /// Tells everybody that it ends, and takes no more requests.
    fn begin_to_end(&self) -> Option<Listening> {
        let State { server, listening } = self.lock().take()?;
        server.stop();
        listening.inspect(|listening| listening.shutdown.drain())
    }

    /// Waits for what is being answered, until `deadline`; then cuts it off.
    fn finish(&self, listening: Option<Listening>, deadline: Instant) {
        let (
            Some(Listening {
                shutdown, mut task, ..
            }),
            Some(handle),
        ) = (listening, self.share.handle())
        else {
            return;
        };
        handle.block_on(async {
            if tokio::time::timeout_at(deadline.into(), &mut task).await.is_err() {
                shutdown.leave();
                // It cuts what is left and ends at once.
                let _ = tokio::time::timeout(DRAIN, task).await;
            }
        });
    }
}

impl Drop for PyServer {
    fn drop(&mut self) {
        let state = self.lock().take();
        if !self.share.is_ours() {
            // The threads that all of it counts on are the parent's.
            std::mem::forget(state);
            return;
        }
        // Not waited for: whoever drops it holds the interpreter.
        if let Some(State { server, listening }) = state {
            server.stop();
            if let Some(listening) = listening {
                listening.shutdown.drain();
                listening.shutdown.leave();
            }
        }
    }
}

/// A request under way.
#[pyclass(module = "projectile._native", frozen)]
#[derive(Debug)]
pub(crate) struct Request(JoinHandle<()>);

#[pymethods]
impl Request {
    /// Nobody waits for the answer any more.
    fn cancel(&self) {
        self.0.abort();
    }
}

fn closed() -> PyErr {
    PyRuntimeError::new_err("this view is closed")
}

/// Calls back on a thread that may wait for the interpreter: those of the runtime answer other requests meanwhile.
async fn call(
    callback: &Arc<Py<PyAny>>,
    status: u16,
    headers: Vec<(String, String)>,
    bytes: Bytes,
    more: bool,
) -> bool {
    let callback = Arc::clone(callback);
    let called = tokio::task::spawn_blocking(move || {
        Python::try_attach(|py| {
            let arguments = (status, headers, PyBytes::new(py, &bytes), more).into_pyobject(py);
            let answer = arguments.and_then(|arguments| or_stay(|| callback.bind(py).call1(&arguments)));
            answer
                .and_then(|answer| answer.is_truthy())
                .unwrap_or_else(|exception| {
                    exception.write_unraisable(py, None);
                    false
                })
        })
    });
    called.await.ok().flatten().unwrap_or(false)
}

#[cfg(unix)]
fn descriptor(listener: &std::net::TcpListener) -> i32 {
    use std::os::fd::AsRawFd;
    listener.as_raw_fd()
}

#[cfg(not(unix))]
fn descriptor(_: &std::net::TcpListener) -> i32 {
    -1
}
