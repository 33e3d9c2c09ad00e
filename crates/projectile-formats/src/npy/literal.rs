//! The part of Python's literal grammar that a `.npy` header may use. Nothing is ever evaluated.

use projectile_core::{Error, Result};

/// A literal.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Text(String),
    Integer(i128),
    Bool(bool),
    None,
    Tuple(Vec<Self>),
    List(Vec<Self>),
    Dict(Vec<(Self, Self)>),
}

/// Containers within containers beyond which a header is no header.
const MAX_DEPTH: usize = 8;

/// Reads one literal; only white space may follow. `long_suffix` allows integers such as `10L`, as Python 2 wrote.
pub(super) fn parse(text: &str, long_suffix: bool) -> Result<Literal> {
    let mut parser = Parser {
        rest: text,
        long_suffix,
    };
    parser.skip_space();
    let before = text.strip_suffix(parser.rest).unwrap_or_default();
    let literal = parser.value(0)?;
    let after = parser.rest;
    parser.skip_space();
    if !parser.rest.is_empty() {
        return Err(parser.unexpected("the end"));
    }
    if is_indented(before.trim_start_matches([' ', '\t'])) || is_indented(after) {
        return Err(Error::corrupt("broken .npy header: a line is indented"));
    }
    Ok(literal)
}

/// Whether white space outside of brackets ends in a line that begins with blanks, which Python takes for a block.
fn is_indented(space: &str) -> bool {
    let line = space.rsplit_once(['\n', '\r']).map_or("", |(_, line)| line);
    // A form feed begins the line once more.
    !line.rsplit('\x0c').next().unwrap_or_default().is_empty()
}

struct Parser<'a> {
    rest: &'a str,
    long_suffix: bool,
}

impl Parser<'_> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r', '\x0c']);
    }

    fn unexpected(&self, wanted: &str) -> Error {
        let found: String = self.rest.chars().take(12).flat_map(char::escape_debug).collect();
        let found = if found.is_empty() {
            "the end".to_owned()
        } else {
            format!("\"{found}\"")
        };
        Error::corrupt(format!("broken .npy header: {wanted} expected, {found} found"))
    }

    fn eat(&mut self, token: &str) -> bool {
        self.skip_space();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn value(&mut self, depth: usize) -> Result<Literal> {
        if depth > MAX_DEPTH {
            return Err(Error::corrupt("broken .npy header: containers nested too deep"));
        }
        self.skip_space();
        match self.rest.chars().next() {
            Some('{') => self.dict(depth),
            Some('(') => self.tuple(depth),
            Some('[') => {
                self.eat("[");
                Ok(Literal::List(self.items("]", depth)?.0))
            }
            Some('\'' | '"') => self.text(),
            Some('u' | 'U') if self.rest[1..].starts_with(['\'', '"']) => {
                self.rest = &self.rest[1..];
                self.text()
            }
            Some('0'..='9' | '+' | '-') => self.integer(),
            Some(c) if c.is_ascii_alphabetic() => self.word(),
            _ => Err(self.unexpected("a value")),
        }
    }

    fn word(&mut self) -> Result<Literal> {
        for (word, literal) in [
            ("True", Literal::Bool(true)),
            ("False", Literal::Bool(false)),
            ("None", Literal::None),
        ] {
            if let Some(rest) = self.rest.strip_prefix(word)
                && !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_')
            {
                self.rest = rest;
                return Ok(literal);
            }
        }
        Err(self.unexpected("a literal"))
    }

    /// Items up to `end`, and whether the last was followed by a comma.
    fn items(&mut self, end: &str, depth: usize) -> Result<(Vec<Literal>, bool)> {
        let mut items = Vec::new();
        let mut comma = false;
        while !self.eat(end) {
            if !items.is_empty() && !comma {
                return Err(self.unexpected("a comma"));
            }
            items.push(self.value(depth.saturating_add(1))?);
            comma = self.eat(",");
        }
        Ok((items, comma))
    }

    fn tuple(&mut self, depth: usize) -> Result<Literal> {
        self.eat("(");
        let (mut items, comma) = self.items(")", depth)?;
        // Parentheses around one value without a comma are only parentheses.
        match (items.len(), comma) {
            (1, false) => Ok(items.remove(0)),
            _ => Ok(Literal::Tuple(items)),
        }
    }

    fn dict(&mut self, depth: usize) -> Result<Literal> {
        self.eat("{");
        let mut entries = Vec::new();
        let mut comma = true;
        while !self.eat("}") {
            if !comma {
                return Err(self.unexpected("a comma"));
            }
            let key = self.value(depth.saturating_add(1))?;
            if !self.eat(":") {
                return Err(self.unexpected("a colon"));
            }
            entries.push((key, self.value(depth.saturating_add(1))?));
            comma = self.eat(",");
        }
        Ok(Literal::Dict(entries))
    }

    fn text(&mut self) -> Result<Literal> {
        let mut characters = self.rest.chars();
        let quote = characters.next();
        let mut text = String::new();
        loop {
            match characters.next() {
                None | Some('\n') => return Err(self.unexpected("a closed string")),
                c if c == quote => break,
                // No dtype needs an escape, so none is interpreted.
                Some('\\') => return Err(self.unexpected("a string without escapes")),
                Some(c) => text.push(c),
            }
        }
        self.rest = characters.as_str();
        Ok(Literal::Text(text))
    }

    fn integer(&mut self) -> Result<Literal> {
        let negative = match self.rest.chars().next() {
            Some(sign @ ('+' | '-')) => {
                self.rest = &self.rest[1..];
                self.skip_space();
                sign == '-'
            }
            _ => false,
        };
        let length = self
            .rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(self.rest.len());
        let (mut word, rest) = self.rest.split_at(length);
        if self.long_suffix {
            word = word.strip_suffix('L').unwrap_or(word);
        }
        let (digits, radix) = match word.as_bytes() {
            [b'0', b'x' | b'X', ..] => (&word[2..], 16),
            [b'0', b'o' | b'O', ..] => (&word[2..], 8),
            [b'0', b'b' | b'B', ..] => (&word[2..], 2),
            _ => (word, 10),
        };
        // Underscores stand between digits, and decimals have no leading zeros.
        let digits = if radix == 10 {
            digits
        } else {
            digits.strip_prefix('_').unwrap_or(digits)
        };
        let tidy = !digits.is_empty() && digits.split('_').all(|run| !run.is_empty());
        let plain: String = digits.chars().filter(|&c| c != '_').collect();
        let leading_zero = radix == 10 && plain.starts_with('0') && plain.bytes().any(|digit| digit != b'0');
        let value = i128::from_str_radix(&plain, radix)
            .ok()
            .filter(|_| tidy && !leading_zero && !plain.starts_with(['+', '-']))
            .ok_or_else(|| self.unexpected("an integer"))?;
        self.rest = rest;
        Ok(Literal::Integer(if negative {
            value.saturating_neg()
        } else {
            value
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_literals_are_read_and_nothing_else() {
        let one = |text| parse(text, false).unwrap();
        assert_eq!(one("(3,)"), Literal::Tuple(vec![Literal::Integer(3)]));
        assert_eq!(one("(3)"), Literal::Integer(3));
        assert_eq!(one("()"), Literal::Tuple(vec![]));
        assert_eq!(one("{'a': [1, -2, 0x10, 4_0],}"), {
            let list = [1, -2, 16, 40].map(Literal::Integer).to_vec();
            Literal::Dict(vec![(Literal::Text("a".into()), Literal::List(list))])
        });
        assert_eq!(one(" \n{}  \n  \n"), one("{}\n\x0c"));
        for broken in [
            "",
            "{}\n  ",
            "\n {}",
            "(",
            "(,)",
            "(1 2)",
            "{'a' 1}",
            "{'a': 1 'b': 2}",
            "'a",
            "__import__('os')",
            "1 + 1",
            "010",
            "1__0",
            "1_",
            "(1,) x",
            "Truely",
            "1L",
            "'\\x41'",
            "((((((((((1,),),),),),),),),),)",
            "é",
            "u",
        ] {
            assert!(parse(broken, false).is_err(), "{broken}");
        }
        assert_eq!(
            parse("(10L,)", true).unwrap(),
            Literal::Tuple(vec![Literal::Integer(10)])
        );
    }
}
