//! dtypes as `.npy` headers write them.

use projectile_core::{DType, Error, Result};

use super::literal::Literal;

/// The dtype of a header's `descr`, and whether its samples are big-endian.
pub(super) fn parse(descr: &Literal) -> Result<(DType, bool)> {
    let Literal::Text(text) = descr else {
        return Err(Error::unsupported(
            "a structured dtype has several fields in each element and is no picture: save one field, \
             e.g. np.save(path, array['field'])",
        ));
    };
    let (order, code) = match text.as_bytes().first() {
        Some(b'<' | b'>' | b'=' | b'|') => text.split_at(1),
        _ => ("=", text.as_str()),
    };
    let big_endian = order == ">" || (cfg!(target_endian = "big") && order == "=");
    if let Some(dtype) = DType::from_code(code).or_else(|| by_name(code)) {
        return Ok((dtype, big_endian && dtype.word() > 1));
    }
    Err(Error::unsupported(match code.as_bytes().first() {
        Some(b'O') => {
            "an array of Python objects (dtype object) is stored as a pickle, which could run any program when read: \
             it is never opened. Save numbers, e.g. np.save(path, array.astype(float))"
                .to_owned()
        }
        Some(b'U' | b'S' | b'a' | b'V' | b'M' | b'm') => {
            format!("dtype {text:?} holds text, raw bytes or times, not numbers: convert it first, e.g. with astype")
        }
        _ if matches!(code, "f16" | "f12" | "c32" | "c24" | "g" | "G") => {
            format!("dtype {text:?} (long double) differs from machine to machine: save it as float64")
        }
        _ => format!("dtype {text:?} is not known: there are {}", DType::ALL.map(DType::name).join(", ")),
    }))
}

/// numpy's other names for a dtype: words and single letters.
fn by_name(name: &str) -> Option<DType> {
    let named = DType::ALL.into_iter().find(|dtype| dtype.name() == name);
    named.or_else(|| by_letter(name))
}

fn by_letter(name: &str) -> Option<DType> {
    Some(match name {
        "?" | "bool_" => DType::Bool,
        "b" | "byte" => DType::Int8,
        "B" | "ubyte" => DType::UInt8,
        "h" => DType::Int16,
        "H" => DType::UInt16,
        "i" => DType::Int32,
        "I" => DType::UInt32,
        "l" | "q" | "int" => DType::Int64,
        "L" | "Q" | "uint" => DType::UInt64,
        "e" | "half" => DType::Float16,
        "f" | "single" => DType::Float32,
        "d" | "float" | "double" => DType::Float64,
        "F" => DType::Complex64,
        "D" | "complex" => DType::Complex128,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use projectile_core::ErrorKind;

    use super::*;

    #[test]
    fn every_dtype_in_every_order() {
        for dtype in DType::ALL {
            for (order, big) in [("<", false), (">", true), ("|", false), ("=", false), ("", false)] {
                let descr = Literal::Text(format!("{order}{}", dtype.code()));
                assert_eq!(
                    parse(&descr).unwrap(),
                    (dtype, big && dtype.word() > 1),
                    "{descr:?}"
                );
            }
        }
        assert_eq!(parse(&Literal::Text("float32".into())).unwrap().0, DType::Float32);
    }

    #[test]
    fn what_is_no_number_is_refused_by_name() {
        for (descr, word) in [
            ("|O", "pickle"),
            ("<U5", "text"),
            ("<M8[ns]", "times"),
            ("<f16", "long double"),
            ("x", "known"),
        ] {
            let error = parse(&Literal::Text(descr.into())).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            assert!(error.message().contains(word), "{descr}: {error}");
        }
        assert!(
            parse(&Literal::List(vec![]))
                .unwrap_err()
                .message()
                .contains("structured")
        );
    }
}
