//! Whatever is asked, the answer is one of those that the contract knows.

use std::io::Write;
use std::net::TcpStream;
use std::sync::{Mutex, OnceLock, PoisonError};

use proptest::prelude::*;

use crate::support::{Running, plain, read_answer};

fn part() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (0u64..12).prop_map(|number| number.to_string()),
        1 => any::<u64>().prop_map(|number| number.to_string()),
        1 => any::<i64>().prop_map(|number| number.to_string()),
        1 => any::<f64>().prop_map(|number| number.to_string()),
        2 => prop::sample::select(vec![
            "", "+1", "01", "-0", "nan", "inf", "1e308", "1e309", "2147483648", "4294967296", "9223372036854775808",
            "18446744073709551616", "..", "%2e%2e", "%2f", "%00", "%ff", "%", "images", "plain", "viridis", "256",
            "128", "1", "value", "colormaps", "viewer", "healthz", "*", "%D9%A1", "a".repeat(300).leak(),
        ]).prop_map(str::to_owned),
        1 => "[!-\"$->@-~]{0,12}",
    ]
}

fn path() -> impl Strategy<Value = String> {
    let format = prop::sample::select(vec![
        "", ".png", ".jpg", ".webp", ".npy", ".bin", ".gif", ".PNG", ".",
    ]);
    let name = prop::sample::select(vec![
        "vmin",
        "vmax",
        "colormap",
        "resampling",
        "c",
        "t",
        "x",
        "y",
        "quality",
        "effort",
        "bits",
        "background",
        "v",
        "token",
    ]);
    let query = prop::collection::vec((name, part()), 0..4);
    (prop::collection::vec(part(), 0..9), format, query).prop_map(|(parts, format, query)| {
        let query: Vec<_> = query
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        format!("/{}{format}?{}", parts.join("/"), query.join("&"))
    })
}

/// One server and one connection to it for all cases.
fn ask(path: &str) -> u16 {
    static SERVER: OnceLock<Mutex<Running>> = OnceLock::new();
    static CONNECTION: Mutex<Option<TcpStream>> = Mutex::new(None);
    let server = SERVER.get_or_init(|| Mutex::new(plain()));
    let mut kept = CONNECTION.lock().unwrap_or_else(PoisonError::into_inner);
    let mut stream = kept.take().unwrap_or_else(|| server.lock().unwrap().connect());
    stream
        .write_all(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes())
        .unwrap();
    let answer = read_answer(&mut stream, false);
    // hyper closes after a request line that it cannot read.
    if answer.header("connection").is_none() && answer.status != 0 {
        *kept = Some(stream);
    }
    answer.status
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]
    #[test]
    fn no_address_is_a_fault_of_ours(path in path()) {
        let status = ask(&path);
        prop_assert!(matches!(status, 200 | 400 | 404 | 414), "{} for {}", status, path);
    }
}
