//! WMTS 1.0.0, by addresses and by parameters: `/wmts/1.0.0/WMTSCapabilities.xml` describes every image as a layer,
//! `/wmts/{id}/{set}/{z}/{row}/{column}.{format}` are the tiles; `/wmts?service=WMTS&request=…` asks for the same.
//!
//! An image's axes beyond its picture are dimensions.

use std::fmt::Write as _;

use projectile_core::{Axis, Error, Result};

use super::{Call, Protocol, World, tiles};
use crate::address::{Address, shown};
use crate::api::parameters::{ENCODING, EXPRESSION, Kind, MOST, PLANE, Parameter, STYLE, VERSION};
use crate::api::{Answer, Operation, PICTURES};
use crate::catalog::Entry;
use crate::matrices::{self, Matrix, MatrixSet, TILE_SIZE, degrees};
use crate::respond::Document;
use crate::xml::escaped;

/// What tiles can be, and the formats' endings.
const FORMATS: [(&str, &str); 3] = [
    ("image/png", "png"),
    ("image/jpeg", "jpg"),
    ("image/webp", "webp"),
];
/// More indexes than this are not listed one by one.
const LISTED: u64 = 1000;

/// WMTS.
pub(crate) struct Wmts;

const KVP: &[Parameter] = &[
    Parameter::needed(
        "request",
        Kind::OneOf(&["GetCapabilities", "GetTile"]),
        "GetTile",
        "What is asked for",
    ),
    Parameter::needed("layer", Kind::Text(64), "a", "An image's id"),
    Parameter::needed(
        "tilematrixset",
        Kind::Text(64),
        "WebMercatorQuad",
        "A tile matrix set",
    ),
    Parameter::needed("tilematrix", Kind::Whole(0, 63), "0", "Zoom"),
    Parameter::needed("tilerow", Kind::Whole(0, MOST), "0", "Row of tiles"),
    Parameter::needed("tilecol", Kind::Whole(0, MOST), "0", "Column of tiles"),
    Parameter::optional(
        "format",
        Kind::OneOf(&["image/png", "image/jpeg", "image/webp"]),
        "image/png",
        "Of the tile",
    ),
];

const OPERATIONS: &[Operation] = &[
    Operation {
        path: "/wmts/1.0.0/WMTSCapabilities.xml",
        group: "Other viewers",
        about: "WMTS capabilities: every image as a layer",
        parameters: &[],
        body: None,
        answer: Answer::Files(&["application/xml"]),
    },
    Operation {
        path: "/wmts/{id}/{set}/{z}/{y}/{x}.{picture}",
        group: "Other viewers",
        about: "A WMTS tile: row before column",
        parameters: &[STYLE, ENCODING, PLANE, EXPRESSION, VERSION],
        body: None,
        answer: PICTURES,
    },
    Operation {
        path: "/wmts",
        group: "Other viewers",
        about: "WMTS by parameters, in any case of letters",
        parameters: &[KVP, STYLE, ENCODING, PLANE, EXPRESSION, VERSION],
        body: None,
        answer: Answer::Files(&["application/xml", "image/png", "image/jpeg", "image/webp"]),
    },
];

impl Protocol for Wmts {
    fn name(&self) -> &'static str {
        "wmts"
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn parse(&self, address: &Address<'_>, world: &World<'_>) -> Result<Option<Call>> {
        match address.path()[..] {
            ["wmts", "1.0.0", "WMTSCapabilities.xml"] => Ok(Some(Call::Document(capabilities(world)))),
            ["wmts"] => by_parameters(address, world).map(Some),
            ["wmts", id, set, z, row, file] => {
                let (column, format) = file
                    .rsplit_once('.')
                    .ok_or_else(|| Error::not_found("a tile is at {id}/{set}/{z}/{row}/{column}.{format}"))?;
                tile(address, world, (id, set), [z, row, column], format).map(Some)
            }
            _ => Ok(None),
        }
    }
}

fn by_parameters(address: &Address<'_>, world: &World<'_>) -> Result<Call> {
    let needed = |name: &'static str| {
        address
            .parameter_of_any_case(name)
            .ok_or_else(|| Error::bad_request(name, format!("the parameter {name} is missing")))
    };
    match needed("request")? {
        request if request.eq_ignore_ascii_case("GetCapabilities") => Ok(Call::Document(capabilities(world))),
        request if request.eq_ignore_ascii_case("GetTile") => {
            let media_type = address.parameter_of_any_case("format").unwrap_or("image/png");
            let known = FORMATS.iter().find(|(known, _)| *known == media_type);
            let (_, format) = known.ok_or_else(|| {
                Error::bad_request(
                    "format",
                    format!(
                        "format = {:?}: image/png, image/jpeg or image/webp",
                        shown(media_type)
                    ),
                )
            })?;
            let place = [needed("tilematrix")?, needed("tilerow")?, needed("tilecol")?];
            tile(
                address,
                world,
                (needed("layer")?, needed("tilematrixset")?),
                place,
                format,
            )
        }
        other => Err(Error::bad_request(
            "request",
            format!("request = {:?}: GetCapabilities or GetTile", shown(other)),
        )),
    }
}

fn tile(
    address: &Address<'_>,
    world: &World<'_>,
    (id, set): (&str, &str),
    place: [&str; 3],
    format: &str,
) -> Result<Call> {
    let entry = world.image(id, address)?;
    if MatrixSet::named(set, id).is_none() {
        return Err(Error::not_found(format!(
            "no tile matrix set {:?}: pixels or WebMercatorQuad",
            shown(set)
        )));
    }
    let area = matrices::tile(entry.image.grid(), place)?;
    tiles::cut(entry, area, format, address, world)
}

fn capabilities(world: &World<'_>) -> Document {
    let base = escaped(&world.base());
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Capabilities xmlns=\"http://www.opengis.net/wmts/1.0\" xmlns:ows=\"http://www.opengis.net/ows/1.1\" \
         xmlns:xlink=\"http://www.w3.org/1999/xlink\" version=\"1.0.0\">\n\
         <ows:ServiceIdentification><ows:Title>projectile</ows:Title><ows:ServiceType>OGC WMTS</ows:ServiceType>\
         <ows:ServiceTypeVersion>1.0.0</ows:ServiceTypeVersion></ows:ServiceIdentification>\n\
         <ows:OperationsMetadata>{}{}</ows:OperationsMetadata>\n<Contents>\n",
        operation("GetCapabilities", &base),
        operation("GetTile", &base)
    );
    let entries = world.catalog.entries();
    for entry in &entries {
        layer(&mut xml, entry, &base);
    }
    // A set is of one image: the zooms of another have other sizes. Those of the greatest serve all of the world's.
    for entry in &entries {
        matrix_set(&mut xml, MatrixSet::Picture, entry);
    }
    if let Some(entry) = entries.iter().max_by_key(|entry| entry.image.max_zoom()) {
        matrix_set(&mut xml, MatrixSet::WebMercatorQuad, entry);
    }
    let _ = write!(
        xml,
        "</Contents>\n<ServiceMetadataURL xlink:href=\"{base}/wmts/1.0.0/WMTSCapabilities.xml\"/>\n</Capabilities>\n"
    );
    Document {
        media_type: "application/xml",
        bytes: xml.into(),
    }
}

fn operation(name: &str, base: &str) -> String {
    format!(
        "<ows:Operation name=\"{name}\"><ows:DCP><ows:HTTP><ows:Get xlink:href=\"{base}/wmts?\"><ows:Constraint \
         name=\"GetEncoding\"><ows:AllowedValues><ows:Value>KVP</ows:Value></ows:AllowedValues></ows:Constraint>\
         </ows:Get></ows:HTTP></ows:DCP></ows:Operation>"
    )
}

fn layer(xml: &mut String, entry: &Entry, base: &str) {
    let (grid, id) = (entry.image.grid(), escaped(&entry.id));
    let [west, south, east, north] = degrees(grid);
    let _ = write!(
        xml,
        "<Layer><ows:Title>{}</ows:Title><ows:WGS84BoundingBox><ows:LowerCorner>{west} {south}</ows:LowerCorner>\
         <ows:UpperCorner>{east} {north}</ows:UpperCorner></ows:WGS84BoundingBox><ows:Identifier>{id}</ows:Identifier>\
         <Style isDefault=\"true\"><ows:Identifier>default</ows:Identifier></Style>",
        escaped(entry.image.name())
    );
    for (media_type, _) in FORMATS {
        let _ = write!(xml, "<Format>{media_type}</Format>");
    }
    let axes: Vec<&Axis> = entry.image.info().axes.extra().collect();
    for axis in &axes {
        dimension(xml, axis);
    }
    for set in MatrixSet::ALL {
        let _ = write!(
            xml,
            "<TileMatrixSetLink><TileMatrixSet>{}</TileMatrixSet></TileMatrixSetLink>",
            escaped(&set.id(&entry.id))
        );
    }
    let query: Vec<String> = axes
        .iter()
        .map(|axis| format!("{0}={{{0}}}", escaped(&axis.name)))
        .collect();
    let query = if query.is_empty() {
        String::new()
    } else {
        format!("?{}", query.join("&amp;"))
    };
    for (media_type, ending) in FORMATS {
        let _ = write!(
            xml,
            "<ResourceURL format=\"{media_type}\" resourceType=\"tile\" template=\"{base}/wmts/{id}/{{TileMatrixSet}}/\
             {{TileMatrix}}/{{TileRow}}/{{TileCol}}.{ending}{query}\"/>"
        );
    }
    xml.push_str("</Layer>\n");
}

fn dimension(xml: &mut String, axis: &Axis) {
    let name = escaped(&axis.name);
    let _ = write!(
        xml,
        "<Dimension><ows:Identifier>{name}</ows:Identifier><Default>0</Default>"
    );
    for index in 0..axis.size.min(LISTED) {
        let _ = write!(xml, "<Value>{index}</Value>");
    }
    xml.push_str("</Dimension>");
}

fn matrix_set(xml: &mut String, set: MatrixSet, entry: &Entry) {
    let grid = entry.image.grid();
    let (x, y) = set.origin();
    let _ = write!(
        xml,
        "<TileMatrixSet><ows:Identifier>{}</ows:Identifier><ows:SupportedCRS>{}</ows:SupportedCRS>",
        escaped(&set.id(&entry.id)),
        set.crs()
    );
    for Matrix {
        zoom,
        scale_denominator,
        columns,
        rows,
        ..
    } in set.matrices(grid)
    {
        let _ = write!(
            xml,
            "<TileMatrix><ows:Identifier>{zoom}</ows:Identifier><ScaleDenominator>{scale_denominator}</ScaleDenominator>\
             <TopLeftCorner>{x} {y}</TopLeftCorner><TileWidth>{TILE_SIZE}</TileWidth><TileHeight>{TILE_SIZE}</TileHeight>\
             <MatrixWidth>{columns}</MatrixWidth><MatrixHeight>{rows}</MatrixHeight></TileMatrix>"
        );
    }
    xml.push_str("</TileMatrixSet>\n");
}
