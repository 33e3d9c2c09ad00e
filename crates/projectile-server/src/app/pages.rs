//! What pages are shown, and what they tell.

use http::{HeaderMap, StatusCode};
use projectile_core::Error;

use super::{App, needs_type};
use crate::api::answers::Opened;
use crate::error::Problem;
use crate::options::Page;
use crate::queue::Asker;
use crate::respond::{self, Document, Reply};
use crate::strikes;
use crate::upload::Upload;
use crate::viewer;

/// The greatest state that a page tells, and the greatest picture that it sends.
const STATE_BYTES: usize = 64 << 10;
const PICTURE_BYTES: usize = 32 << 20;

impl App {
    /// Takes note of where a page is.
    pub(super) async fn state(&self, headers: &HeaderMap, upload: &mut Upload) -> Result<Reply, Problem> {
        needs_type(headers, "application/json")?;
        let bytes = upload.read(STATE_BYTES).await?;
        let page: crate::live::PageState = serde_json::from_slice(&bytes).map_err(|error| {
            Problem::new(
                StatusCode::BAD_REQUEST,
                format!("that is no state of a page: {error}"),
            )
        })?;
        if self.catalog.get(&page.image).is_none() {
            return Err(Problem::new(
                StatusCode::NOT_FOUND,
                "the state is of no image here",
            ));
        }
        self.live.told(page);
        Ok(respond::done())
    }

    /// Hands a page's picture on to whoever asked for it.
    pub(super) async fn picture(
        &self,
        request: &str,
        headers: &HeaderMap,
        upload: &mut Upload,
    ) -> Result<Reply, Problem> {
        needs_type(headers, "image/png")?;
        if !self.live.expects_picture(request) {
            return Err(Problem::new(
                StatusCode::NOT_FOUND,
                "nobody asked for this picture",
            ));
        }
        let png = upload.read(PICTURE_BYTES).await?;
        if !png.starts_with(b"\x89PNG\r\n\x1a\n") {
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "that is no PNG"));
        }
        self.live.picture(request, png);
        Ok(respond::done())
    }

    /// Keeps a page's file, and serves the images in it.
    pub(super) async fn file(
        &self,
        name: &str,
        headers: &HeaderMap,
        upload: &mut Upload,
    ) -> Result<Reply, Problem> {
        let Some(uploads) = &self.options.uploads else {
            return Err(Problem::new(
                StatusCode::FORBIDDEN,
                "this server takes no files; start it with --allow-upload",
            ));
        };
        // A type that another site's page cannot send without asking first, which is refused.
        needs_type(headers, "application/octet-stream")?;
        let kept = uploads.keep(name, upload).await?;
        let (journal, name) = (self.options.journal.clone(), name.to_owned());
        let opened =
            tokio::task::spawn_blocking(move || strikes::once(journal.as_ref(), &name, || kept.open())).await;
        let images = opened.map_err(|error| Error::internal(error.to_string()))??;
        let ids = self.catalog.add(images);
        self.live.listed(&[]);
        let document = Document::json(&Opened { images: ids })?;
        Ok(respond::document(document, headers))
    }

    /// What is at `/` and under `/viewer`; `None` for any other path.
    pub(super) async fn page(&self, path: &[&str], asked: &HeaderMap) -> Option<Result<Reply, Problem>> {
        let file = match path {
            [""] => "index.html".to_owned(),
            ["viewer", ..] => path.join("/"),
            _ => return None,
        };
        Some(match &self.options.page {
            Page::Client(template) if file == "index.html" => self.client_page(template).await,
            Page::Folder(folder) => viewer::from_folder(folder, &file, asked).await,
            Page::Client(_) | Page::Viewer => viewer::embedded(&file, asked),
        })
    }

    /// The user's own page, told of the colormap that was asked for, if any.
    async fn client_page(&self, template: &str) -> Result<Reply, Problem> {
        let chosen = self
            .catalog
            .first()
            .filter(|entry| entry.image.options().colormap.is_some());
        let cmap_string = match chosen {
            None => String::new(),
            Some(entry) => {
                let image = entry.image.clone();
                self.on_pool(&entry, Asker::default(), move |cancel| {
                    let window = image.display(cancel)?.window;
                    let name = image.colormap().map_or("gray", |map| map.name);
                    Ok(format!("/{name}/{}/{}", window.vmin, window.vmax))
                })
                .await?
            }
        };
        Ok(viewer::client_page(
            template,
            self.options.tile_size,
            &cmap_string,
        ))
    }
}
