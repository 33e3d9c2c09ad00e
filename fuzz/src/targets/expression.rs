//! Expressions, which come in addresses.

/// Any text.
pub(super) fn run(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = projectile_core::Expression::parse(text);
    }
}
