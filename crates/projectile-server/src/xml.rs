//! Text inside of XML.

/// `text` as the content of an element or of an attribute in double quotes; what XML cannot hold is left out.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' | '\r' => escaped.push(' '),
            _ if letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}') => {}
            _ => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_of_an_image_is_markup() {
        assert_eq!(
            escaped("a<b>&\"c\"\u{0}\n</Title>"),
            "a&lt;b&gt;&amp;&quot;c&quot; &lt;/Title&gt;"
        );
    }
}
