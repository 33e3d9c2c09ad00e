//! What OME-TIFF says of its planes, in XML, as <http://www.openmicroscopy.org/Schemas/OME/2016-06> has it.

use std::fmt::Write;

use projectile_core::{Coordinates, DType, Image};

/// OME's name of a type; `None` for those that it does not have.
fn type_name(dtype: DType) -> Option<&'static str> {
    Some(match dtype {
        DType::UInt8 | DType::Bool => "uint8",
        DType::UInt16 => "uint16",
        DType::UInt32 => "uint32",
        DType::Int8 => "int8",
        DType::Int16 => "int16",
        DType::Int32 => "int32",
        DType::Float32 => "float",
        DType::Float64 => "double",
        DType::Complex64 => "complex",
        DType::Complex128 => "double-complex",
        DType::UInt64 | DType::Int64 | DType::Float16 => return None,
    })
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            letter if letter.is_control() => out.push(' '),
            // The field is ASCII; other letters are written by their numbers.
            letter if letter.is_ascii() => out.push(letter),
            letter => {
                let _ = write!(out, "&#{};", u32::from(letter));
            }
        }
    }
    out
}

/// How many planes there are along each of OME's axes, in the order of the pages: c, z, t; the first changes fastest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sizes {
    /// Pages a channel takes, and samples of each page.
    pub(crate) channels: u64,
    pub(crate) samples: u64,
    pub(crate) z: u64,
    pub(crate) t: u64,
}

/// The description of an image whose pages are in the order that [`Sizes`] has; `None` for a type that OME does not know.
pub(crate) fn description(image: &Image, sizes: Sizes) -> Option<String> {
    let info = image.info();
    let kind = type_name(info.dtype)?;
    let mut physical = String::new();
    for (axis, known) in info.axes.iter().zip(&info.dimensions) {
        let name = match axis.name.as_str() {
            name @ ("x" | "y" | "z") => name.to_uppercase(),
            _ => continue,
        };
        if let (Some(Coordinates::Even { step, .. }), Some(unit)) = (&known.coordinates, &known.unit) {
            let unit = match unit.as_str() {
                "um" | "micrometer" | "micron" => "µm",
                "nanometer" => "nm",
                "millimeter" => "mm",
                "centimeter" => "cm",
                "meter" => "m",
                other => other,
            };
            let _ = write!(
                physical,
                " PhysicalSize{name}=\"{}\" PhysicalSize{name}Unit=\"{}\"",
                step.abs(),
                escaped(unit)
            );
        }
    }
    let mut channels = String::new();
    for channel in 0..sizes.channels {
        let known = info.channels.get(channel as usize).filter(|_| sizes.samples == 1);
        let _ = write!(
            channels,
            "<Channel ID=\"Channel:0:{channel}\" SamplesPerPixel=\"{}\"",
            sizes.samples
        );
        if let Some(known) = known {
            if !known.name.is_empty() {
                let _ = write!(channels, " Name=\"{}\"", escaped(&known.name));
            }
            if let Some([r, g, b]) = known.colour {
                let colour = i32::from_be_bytes([r, g, b, 255]);
                let _ = write!(channels, " Color=\"{colour}\"");
            }
        }
        channels.push_str("/>");
    }
    let (height, width) = (info.axes.height(), info.axes.width());
    Some(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><OME xmlns=\"http://www.openmicroscopy.org/Schemas/OME/2016-06\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xsi:schemaLocation=\"http://www.openmicroscopy.org/Schemas/OME/2016-06 \
         http://www.openmicroscopy.org/Schemas/OME/2016-06/ome.xsd\" Creator=\"projectile\">\
         <Image ID=\"Image:0\" Name=\"{}\"><Pixels ID=\"Pixels:0\" DimensionOrder=\"XYCZT\" Type=\"{kind}\" \
         SizeX=\"{width}\" SizeY=\"{height}\" SizeC=\"{}\" SizeZ=\"{}\" SizeT=\"{}\" BigEndian=\"false\"{physical}>\
         {channels}<TiffData IFD=\"0\" PlaneCount=\"{}\"/></Pixels></Image></OME>",
        escaped(image.name()),
        sizes.channels * sizes.samples,
        sizes.z,
        sizes.t,
        sizes.channels * sizes.z * sizes.t,
    ))
}
