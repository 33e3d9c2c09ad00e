//! What a hierarchy shows: one array, one image, or a gallery of them.

use std::collections::VecDeque;
use std::sync::Arc;

use projectile_core::{Error, ErrorKind, Result};

use super::image;
use super::ngff::{self, Meaning, Multiscale};
use super::node::{Node, Nodes};
use crate::folder::{Folder, join};
use crate::format::NamedSource;
use crate::open::OpenOptions;

/// Images of one gallery.
const MOST_IMAGES: usize = 256;
/// Nodes that are looked at for images, and how deep.
const MOST_NODES: usize = 4096;
const MOST_DEPTH: usize = 8;
/// Images that are looked at for labels: each takes a request or more.
const MOST_LABELLED: usize = 32;
/// What is told of that is not shown.
const MOST_NOTES: usize = 20;

/// One image that is to be shown.
struct Item {
    /// Its path below what was opened.
    name: String,
    node: Node,
    /// How it is made of arrays; `None` for one that is an array.
    multiscale: Option<Multiscale>,
    is_label: bool,
}

/// A group that images are in: its name and its path.
type Parent = (String, String);

/// What a hierarchy holds, and what of it is not shown.
#[derive(Default)]
struct Gallery {
    items: Vec<Item>,
    notes: Vec<(String, String)>,
    errors: Vec<Error>,
}

/// Opens what is at `path` of the hierarchy in `folder`; `None` where there is nothing of Zarr's.
pub(crate) fn open(
    folder: &Arc<dyn Folder>,
    path: &str,
    options: &OpenOptions,
) -> Result<Option<Vec<NamedSource>>> {
    let Some((nodes, root)) = Nodes::open(folder, path, &options.cancel)? else {
        return Ok(None);
    };
    let mut gallery = Gallery::default();
    gallery.gather(&nodes, root)?;
    gallery.sources(&nodes, options).map(Some)
}

impl Gallery {
    fn gather(&mut self, nodes: &Nodes<'_>, root: Node) -> Result<()> {
        if root.is_array() {
            self.items.push(array(String::new(), root));
            return Ok(());
        }
        let meaning = ngff::read(&root.attributes)?;
        self.group(nodes, String::new(), root, meaning)?;
        self.labels(nodes)
    }

    /// A group, whose attributes are read already.
    fn group(&mut self, nodes: &Nodes<'_>, name: String, node: Node, meaning: Meaning) -> Result<()> {
        if let Some(wells) = &meaning.plate {
            return self.plate(nodes, &name, &node, wells);
        }
        if let Some(images) = &meaning.well {
            let parent = (name, node.path);
            return self.children(nodes, images.iter().map(|image| (&parent, image.as_str())));
        }
        if meaning.multiscale.is_some() {
            self.items.push(Item {
                name,
                node,
                multiscale: meaning.multiscale,
                is_label: meaning.is_label,
            });
            return Ok(());
        }
        let listed = if meaning.labels.is_empty() {
            &meaning.series
        } else {
            &meaning.labels
        };
        if !listed.is_empty() {
            let parent = (name, node.path);
            return self.children(nodes, listed.iter().map(|image| (&parent, image.as_str())));
        }
        self.walk(nodes, name, node)
    }

    /// All below a group that says nothing of what it holds.
    fn walk(&mut self, nodes: &Nodes<'_>, name: String, node: Node) -> Result<()> {
        let mut seen = 0;
        let mut groups = VecDeque::from([(name, node.path, 0)]);
        while let Some((name, path, depth)) = groups.pop_front() {
            let Some(children) = nodes.children(&path)? else {
                return self.unlisted(nodes, &name, &path);
            };
            seen = children.len().saturating_add(seen);
            if seen > MOST_NODES || depth > MOST_DEPTH {
                self.note(
                    "more",
                    "the hierarchy is larger or deeper: open a group of it by its path",
                );
                return Ok(());
            }
            let paths = children
                .iter()
                .map(|child| join(&path, child))
                .collect::<Result<Vec<_>>>()?;
            for (child, loaded) in children.iter().zip(nodes.load(&paths)?) {
                let name = below(&name, child);
                let node = match loaded {
                    Ok(Some(node)) => node,
                    Ok(None) => continue,
                    Err(error) => {
                        self.fault(&name, error);
                        continue;
                    }
                };
                if node.is_array() {
                    self.items.push(array(name, node));
                    continue;
                }
                match ngff::read(&node.attributes) {
                    Ok(meaning) if meaning == Meaning::default() => {
                        groups.push_back((name, node.path, depth.saturating_add(1)));
                    }
                    // What a converter of files says of them beside them, which are found anyway.
                    Ok(meaning) if !meaning.series.is_empty() && meaning.multiscale.is_none() => {}
                    Ok(meaning) => self.group(nodes, name, node, meaning)?,
                    Err(error) => self.fault(&name, error),
                }
            }
            if self.items.len() > MOST_IMAGES {
                return Ok(());
            }
        }
        Ok(())
    }

    /// A group on a server that tells no names: one file's images are known by their numbers.
    fn unlisted(&mut self, nodes: &Nodes<'_>, name: &str, path: &str) -> Result<()> {
        let ome = nodes.load(&[join(path, "OME")?])?.into_iter().next();
        let said = match ome {
            Some(Ok(Some(node))) => ngff::read(&node.attributes)?.series,
            _ => Vec::new(),
        };
        let parent = (name.to_owned(), path.to_owned());
        if !said.is_empty() {
            return self.children(nodes, said.iter().map(|image| (&parent, image.as_str())));
        }
        // Without such a list they are counted.
        let first = nodes.load(&[join(path, "0")?])?.into_iter().next();
        if matches!(first, Some(Ok(Some(_)))) {
            let numbers: Vec<String> = (0..MOST_LABELLED).map(|number| number.to_string()).collect();
            self.children(nodes, numbers.iter().map(|number| (&parent, number.as_str())))?;
            self.errors.clear();
            self.notes.clear();
            return Ok(());
        }
        Err(Error::unsupported(
            "the server does not tell what is in this group, and it has no consolidated metadata: add the path of an \
             array or image to the address",
        ))
    }

    /// The images of a plate: the first of each well, then the second, ….
    fn plate(&mut self, nodes: &Nodes<'_>, name: &str, node: &Node, wells: &[String]) -> Result<()> {
        let shown = wells.get(..MOST_IMAGES).unwrap_or(wells);
        let paths = shown
            .iter()
            .map(|well| join(&node.path, well))
            .collect::<Result<Vec<_>>>()?;
        let mut found: Vec<(Parent, Vec<String>)> = Vec::new();
        for ((well, path), loaded) in shown.iter().zip(&paths).zip(nodes.load(&paths)?) {
            let read = loaded.and_then(|node| match node {
                Some(node) => ngff::read(&node.attributes),
                None => Err(Error::corrupt("the well is not there")),
            });
            match read {
                Ok(meaning) => {
                    let parent = (below(name, well), path.clone());
                    found.push((parent, meaning.well.unwrap_or_default()));
                }
                Err(error) => self.fault(&below(name, well), error),
            }
        }
        let mut fields: Vec<(usize, usize, &Parent, &str)> = Vec::new();
        for (at, (parent, images)) in found.iter().enumerate() {
            let images = images.iter().enumerate();
            fields.extend(images.map(|(number, image)| (number, at, parent, image.as_str())));
        }
        let all = fields.len();
        if all > MOST_IMAGES {
            // Some of each well rather than all of some.
            fields.sort_by_key(|(number, at, ..)| (*number, *at));
            fields.truncate(MOST_IMAGES);
            fields.sort_by_key(|(number, at, ..)| (*at, *number));
        }
        if fields.len() < all || shown.len() < wells.len() {
            self.note(
                "more",
                &format!(
                    "{} of the images of {} wells are shown: open a well by its path, e.g. ::/{}",
                    fields.len(),
                    wells.len(),
                    wells.last().map_or("", String::as_str)
                ),
            );
        }
        self.children(
            nodes,
            fields.into_iter().map(|(_, _, parent, image)| (parent, image)),
        )
    }

    /// Images by the groups that they are in and their paths in these.
    fn children<'b>(
        &mut self,
        nodes: &Nodes<'_>,
        images: impl Iterator<Item = (&'b Parent, &'b str)>,
    ) -> Result<()> {
        let images: Vec<(&Parent, &str)> = images.take(MOST_NODES).collect();
        let paths = images
            .iter()
            .map(|((_, path), image)| join(path, image))
            .collect::<Result<Vec<_>>>()?;
        for (((parent, _), image), loaded) in images.into_iter().zip(nodes.load(&paths)?) {
            let name = below(parent, image);
            let read = loaded.and_then(|node| {
                let node = node.ok_or_else(|| Error::corrupt("it is named, but not there"))?;
                let meaning = ngff::read(&node.attributes)?;
                Ok((node, meaning))
            });
            match read {
                Ok((node, meaning)) if meaning.multiscale.is_some() => self.items.push(Item {
                    name,
                    node,
                    multiscale: meaning.multiscale,
                    is_label: meaning.is_label,
                }),
                Ok((node, _)) if node.is_array() => self.items.push(array(name, node)),
                Ok(_) => self.fault(&name, Error::corrupt("it is neither an image nor an array")),
                Err(error) => self.fault(&name, error),
            }
        }
        Ok(())
    }

    /// The labels of the images that were found, after them.
    fn labels(&mut self, nodes: &Nodes<'_>) -> Result<()> {
        let images: Vec<Parent> = self
            .items
            .iter()
            .filter(|item| item.multiscale.is_some() && !item.is_label)
            .map(|item| Ok((below(&item.name, "labels"), join(&item.node.path, "labels")?)))
            .collect::<Result<_>>()?;
        if images.len() > MOST_LABELLED {
            return Ok(());
        }
        let paths: Vec<String> = images.iter().map(|(_, path)| path.clone()).collect();
        let mut labels = Vec::new();
        for (image, loaded) in images.iter().zip(nodes.load(&paths)?) {
            match loaded.and_then(|node| node.map(|node| ngff::read(&node.attributes)).transpose()) {
                Ok(found) => labels.extend(
                    found
                        .into_iter()
                        .flat_map(|meaning| meaning.labels)
                        .map(|label| (image, label)),
                ),
                Err(error) => self.fault(&image.0, error),
            }
        }
        let before = self.items.len();
        self.children(
            nodes,
            labels.iter().map(|(image, label)| (*image, label.as_str())),
        )?;
        for item in self.items.iter_mut().skip(before) {
            item.is_label = true;
        }
        Ok(())
    }

    fn note(&mut self, what: &str, why: &str) {
        self.notes.push((what.to_owned(), why.to_owned()));
    }

    /// Something that is not shown, and why; what else is there is.
    fn fault(&mut self, name: &str, error: Error) {
        self.note(&format!("not shown: {name}"), error.message());
        self.errors.push(if name.is_empty() {
            error
        } else {
            error.context(name)
        });
    }

    fn sources(mut self, nodes: &Nodes<'_>, options: &OpenOptions) -> Result<Vec<NamedSource>> {
        if self.items.len() > MOST_IMAGES {
            self.note(
                "more",
                &format!("{MOST_IMAGES} of {} images are shown", self.items.len()),
            );
            self.items.truncate(MOST_IMAGES);
        }
        let items = std::mem::take(&mut self.items);
        // All arrays of all images at a time: far away each time takes long.
        let mut paths = Vec::new();
        let mut faults = Vec::new();
        for item in &items {
            let datasets = item.multiscale.iter().flat_map(|image| &image.datasets);
            let joined = datasets.map(|dataset| join(&item.node.path, &dataset.path));
            match joined.collect::<Result<Vec<_>>>() {
                Ok(joined) => {
                    paths.extend(joined);
                    faults.push(None);
                }
                Err(error) => faults.push(Some(error)),
            }
        }
        let mut loaded = nodes.load(&paths)?.into_iter();
        let mut found = Vec::new();
        for (item, fault) in items.into_iter().zip(faults) {
            let opened = match (&item.multiscale, fault) {
                (_, Some(error)) => Err(error),
                (None, None) => image::plain(nodes.folder, &item.node, options),
                (Some(multiscale), None) => {
                    let arrays: Vec<_> = loaded.by_ref().take(multiscale.datasets.len()).collect();
                    image::leveled(nodes.folder, multiscale, &arrays, item.is_label, options)
                }
            };
            match opened {
                Ok(draft) => found.push((item.name, draft)),
                Err(error) if error.kind() == ErrorKind::Cancelled => return Err(error),
                Err(error) => self.fault(&item.name, error),
            }
        }
        if found.is_empty() {
            let first = self.errors.into_iter().next();
            return Err(first.unwrap_or_else(|| Error::unsupported("a group without arrays")));
        }
        self.notes.truncate(MOST_NOTES);
        found
            .into_iter()
            .map(|(name, mut draft)| {
                draft.info.details.extend(self.notes.iter().cloned());
                Ok(NamedSource {
                    name,
                    source: Arc::new(draft.finish()?),
                })
            })
            .collect()
    }
}

fn array(name: String, node: Node) -> Item {
    Item {
        name,
        node,
        multiscale: None,
        is_label: false,
    }
}

fn below(name: &str, child: &str) -> String {
    if name.is_empty() {
        child.to_owned()
    } else {
        format!("{name}/{child}")
    }
}
