//! Nodes of a hierarchy: the documents that say what is at a path, read many at a time.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use projectile_core::{Cancel, Error, Residence, Result};
use serde_json::{Map, Value};

use super::array::Layout;
use crate::folder::{Folder, Found, Part, Wanted, join};

/// Bytes of metadata that are read.
const MOST: u64 = 64 << 20;
/// The documents by which a folder is known as a node.
pub(crate) const GROUP_DOCUMENTS: [&str; 5] = ["zarr.json", ".zgroup", ".zarray", ".zattrs", ".zmetadata"];

/// Whether a folder is named as hierarchies are.
pub(crate) fn is_zarr_name(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with(".zarr")
}

/// An array or a group.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) path: String,
    pub(super) attributes: Map<String, Value>,
    /// An array's own document.
    array: Option<(Version, Map<String, Value>)>,
    /// The document as it was read, and its key, where it was read by itself: what tells that it was written anew.
    pub(super) stamp: Option<(String, Bytes)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    Two,
    Three,
}

impl Node {
    pub(super) fn is_array(&self) -> bool {
        self.array.is_some()
    }

    /// How the array is stored.
    pub(super) fn layout(&self) -> Result<Layout> {
        super::chain::guarded(|| match &self.array {
            Some((Version::Two, document)) => Layout::of_v2(document),
            Some((Version::Three, document)) => Layout::of_v3(document),
            None => Err(Error::unsupported("a group, where an array is needed")),
        })
    }

    /// The fill value, where it stands for what is not there: so xarray means that of version 2.
    pub(super) fn mask(&self) -> Option<f64> {
        let named = ["_FillValue", "missing_value"];
        let said = named
            .iter()
            .find_map(|name| self.attributes.get(*name))
            .and_then(|value| match value {
                Value::Array(values) => values.first().and_then(Value::as_f64),
                value => value.as_f64(),
            });
        let of_v2 = match &self.array {
            Some((Version::Two, document)) if self.attributes.contains_key("_ARRAY_DIMENSIONS") => {
                document.get("fill_value").and_then(Value::as_f64)
            }
            _ => None,
        };
        said.or(of_v2)
    }
}

/// The nodes under a folder.
#[derive(Debug)]
pub(super) struct Nodes<'a> {
    pub(super) folder: &'a Arc<dyn Folder>,
    pub(super) cancel: &'a Cancel,
    /// All nodes below the first, where one document tells of them.
    consolidated: Option<BTreeMap<String, Node>>,
    version: Option<Version>,
}

impl<'a> Nodes<'a> {
    /// The node at `path`, and the way to those below; `None` where there is none.
    pub(super) fn open(
        folder: &'a Arc<dyn Folder>,
        path: &str,
        cancel: &'a Cancel,
    ) -> Result<Option<(Self, Node)>> {
        let mut nodes = Self {
            folder,
            cancel,
            consolidated: None,
            version: None,
        };
        let path = join("", path)?;
        // Of what is near, each document is asked for itself: it is as new as can be.
        let is_far = folder.residence() == Residence::Remote;
        let mut wanted: Vec<Wanted> = nodes.documents(&path)?;
        if is_far {
            wanted.push(whole(&path, ".zmetadata")?);
        }
        let mut read = folder.get(&wanted, cancel);
        let together = if is_far { read.pop() } else { None };
        let Some(node) = nodes.node(&path, read)? else {
            return Ok(None);
        };
        if is_far {
            let together = match together {
                Some(Ok(Some(found))) if nodes.version == Some(Version::Two) => {
                    document(".zmetadata", &found.first())
                        .ok()
                        .and_then(|mut document| document.remove("metadata"))
                }
                _ => None,
            };
            nodes.consolidated = match together {
                Some(Value::Object(documents)) => Some(consolidated_v2(&path, documents)?),
                _ => nodes.consolidated.take(),
            };
        }
        Ok(Some((nodes, node)))
    }

    fn documents(&self, path: &str) -> Result<Vec<Wanted>> {
        let names: &[&str] = match self.version {
            None => &["zarr.json", ".zarray", ".zgroup", ".zattrs"],
            Some(Version::Three) => &["zarr.json"],
            Some(Version::Two) => &[".zarray", ".zgroup", ".zattrs"],
        };
        names.iter().map(|name| whole(path, name)).collect()
    }

    /// The nodes at `paths`; `None` where there is none.
    pub(super) fn load(&self, paths: &[String]) -> Result<Vec<Result<Option<Node>>>> {
        if let Some(known) = &self.consolidated {
            return Ok(paths.iter().map(|path| Ok(known.get(path).cloned())).collect());
        }
        let mut wanted = Vec::new();
        let mut counts = Vec::new();
        for path in paths {
            let documents = self.documents(path)?;
            counts.push(documents.len());
            wanted.extend(documents);
        }
        let mut read = self.folder.get(&wanted, self.cancel).into_iter();
        Ok(paths
            .iter()
            .zip(counts)
            .map(|(path, count)| {
                self.parsed(path, read.by_ref().take(count).collect())
                    .map(|node| node.map(|(node, _)| node))
            })
            .collect())
    }

    /// The names of the nodes right below `path`; `None` where nobody tells.
    pub(super) fn children(&self, path: &str) -> Result<Option<Vec<String>>> {
        let Some(known) = &self.consolidated else {
            let names = self.folder.folders(path)?;
            return Ok(names.map(|names| names.into_iter().filter(|name| !name.starts_with('.')).collect()));
        };
        let prefix = if path.is_empty() {
            String::new()
        } else {
            format!("{path}/")
        };
        let below = known.keys().filter_map(|key| key.strip_prefix(&prefix));
        let names = below.filter(|rest| !rest.is_empty() && !rest.contains('/'));
        Ok(Some(crate::folder::sorted(names.map(str::to_owned).collect())))
    }

    /// The first node, whose version is the version of all.
    fn node(&mut self, path: &str, read: Vec<Result<Option<Found>>>) -> Result<Option<Node>> {
        let Some((node, document)) = self.parsed(path, read)? else {
            return Ok(None);
        };
        self.version = Some(document.version);
        if let Some(Value::Object(documents)) = document.consolidated
            && self.folder.residence() == Residence::Remote
        {
            self.consolidated = Some(consolidated_v3(path, documents)?);
        }
        Ok(Some(node))
    }

    fn parsed(&self, path: &str, read: Vec<Result<Option<Found>>>) -> Result<Option<(Node, First)>> {
        let documents = self.documents(path)?;
        let mut found = BTreeMap::new();
        for (wanted, read) in documents.iter().zip(read) {
            let Some(read) = read.map_err(|error| error.context(&wanted.key))? else {
                continue;
            };
            let bytes = read.first();
            let name = wanted.key.rsplit('/').next().unwrap_or_default().to_owned();
            let parsed = document(&wanted.key, &bytes)?;
            found.insert(name, (wanted.key.clone(), bytes, parsed));
        }
        let mut node = Node {
            path: path.to_owned(),
            attributes: Map::new(),
            array: None,
            stamp: None,
        };
        if let Some((key, bytes, mut parsed)) = found.remove("zarr.json") {
            let consolidated = parsed
                .get_mut("consolidated_metadata")
                .and_then(|all| all.get_mut("metadata"))
                .map(Value::take);
            node.stamp = Some((key.clone(), bytes));
            of_v3(&mut node, parsed).map_err(|error| error.context(key))?;
            let first = First {
                version: Version::Three,
                consolidated,
            };
            return Ok(Some((node, first)));
        }
        if found.is_empty() {
            return Ok(None);
        }
        if let Some((_, _, attributes)) = found.remove(".zattrs") {
            node.attributes = attributes;
        }
        if let Some((key, bytes, parsed)) = found.remove(".zarray") {
            node.stamp = Some((key, bytes));
            node.array = Some((Version::Two, parsed));
        }
        let first = First {
            version: Version::Two,
            consolidated: None,
        };
        Ok(Some((node, first)))
    }
}

/// What the first node says of all.
struct First {
    version: Version,
    consolidated: Option<Value>,
}

fn whole(path: &str, name: &str) -> Result<Wanted> {
    Ok(Wanted {
        key: join(path, name)?,
        part: Part::Whole(MOST),
    })
}

fn document(key: &str, bytes: &[u8]) -> Result<Map<String, Value>> {
    serde_json::from_slice(bytes).map_err(|error| Error::corrupt(format!("{key} is no metadata: {error}")))
}

fn of_v3(node: &mut Node, mut document: Map<String, Value>) -> Result<()> {
    if document.get("zarr_format").and_then(Value::as_u64) != Some(3) {
        return Err(Error::unsupported(
            "it is of no version of Zarr that is read: 2 and 3 are",
        ));
    }
    if let Some(Value::Object(attributes)) = document.remove("attributes") {
        node.attributes = attributes;
    }
    match document.get("node_type").and_then(Value::as_str) {
        Some("array") => node.array = Some((Version::Three, document)),
        Some("group") => {}
        _ => return Err(Error::corrupt("it is said to be neither an array nor a group")),
    }
    Ok(())
}

fn consolidated_v3(base: &str, documents: Map<String, Value>) -> Result<BTreeMap<String, Node>> {
    let mut nodes = BTreeMap::new();
    for (path, document) in documents {
        let Value::Object(document) = document else {
            continue;
        };
        let mut node = bare(join(base, &path)?);
        of_v3(&mut node, document).map_err(|error| error.context(&path))?;
        nodes.insert(node.path.clone(), node);
    }
    Ok(nodes)
}

fn consolidated_v2(base: &str, documents: Map<String, Value>) -> Result<BTreeMap<String, Node>> {
    let mut nodes = BTreeMap::new();
    for (key, document) in documents {
        let (path, name) = key.rsplit_once('/').unwrap_or(("", &key));
        let Value::Object(document) = document else {
            continue;
        };
        let path = join(base, path)?;
        let node: &mut Node = nodes.entry(path.clone()).or_insert_with(|| bare(path));
        match name {
            ".zarray" => node.array = Some((Version::Two, document)),
            ".zattrs" => node.attributes = document,
            _ => {}
        }
    }
    Ok(nodes)
}

fn bare(path: String) -> Node {
    Node {
        path,
        attributes: Map::new(),
        array: None,
        stamp: None,
    }
}
