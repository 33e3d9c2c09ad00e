//! From an expression's text to its steps.

use super::evaluate::Step;
use super::functions::{FUNCTIONS, Function, remainder, truth};
use super::{Channel, Expression, Input, LONGEST_EXPRESSION, MOST_INPUTS, wrong};
use crate::error::{Error, Result};

/// Expressions within expressions.
const DEEPEST: usize = 64;

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Number(f64),
    /// A name that is written as it is.
    Word(String),
    /// A name in quotes.
    Quoted(String),
    Sign(&'static str),
}

/// Longer ones first: the first that fits is taken.
const SIGNS: &[&str] = &[
    "**", "<=", ">=", "==", "!=", "+", "-", "*", "/", "%", "(", ")", ",", ".", "<", ">", "&", "|",
];

/// An operator between two values: how strongly it binds, and what it makes of them.
fn operator(sign: &str) -> Option<(u8, Function)> {
    Some(match sign {
        "|" => (1, Function::Two(|a, b| truth(a != 0.0 || b != 0.0))),
        "&" => (2, Function::Two(|a, b| truth(a != 0.0 && b != 0.0))),
        "<" => (3, Function::Two(|a, b| truth(a < b))),
        "<=" => (3, Function::Two(|a, b| truth(a <= b))),
        ">" => (3, Function::Two(|a, b| truth(a > b))),
        ">=" => (3, Function::Two(|a, b| truth(a >= b))),
        "==" => (3, Function::Two(|a, b| truth(a == b))),
        "!=" => (3, Function::Two(|a, b| truth(a != b))),
        "+" => (4, Function::Two(|a, b| a + b)),
        "-" => (4, Function::Two(|a, b| a - b)),
        "*" => (5, Function::Two(|a, b| a * b)),
        "/" => (5, Function::Two(|a, b| a / b)),
        "%" => (5, Function::Two(remainder)),
        "**" => (POWER, Function::Two(f64::powf)),
        _ => return None,
    })
}

/// A sign before a value binds less than a power and more than a product, as in Python: `-b1 ** 2` is negative.
const SIGNED: u8 = 6;
const POWER: u8 = 7;

pub(super) fn parse(text: &str) -> Result<Expression> {
    if text.chars().count() > LONGEST_EXPRESSION {
        return Err(Error::limit(format!(
            "an expression has at most {LONGEST_EXPRESSION} characters"
        )));
    }
    let mut parser = Parser {
        tokens: tokens(text)?,
        at: 0,
        end: text.chars().count() + 1,
        depth: 0,
        steps: Vec::new(),
        inputs: Vec::new(),
    };
    parser.value(0)?;
    if let Some((column, token)) = parser.tokens.get(parser.at) {
        return Err(wrong(
            *column,
            format!("an operator is missing before {}", shown(token)),
        ));
    }
    if parser.inputs.is_empty() {
        return Err(wrong(1, "no channel is named: b1 is the first one"));
    }
    Ok(Expression {
        text: text.to_owned(),
        steps: parser.steps,
        inputs: parser.inputs,
    })
}

fn shown(token: &Token) -> String {
    match token {
        Token::Number(number) => format!("{number}"),
        Token::Word(word) => format!("{word:?}"),
        Token::Quoted(name) => format!("the name {name:?}"),
        Token::Sign(sign) => format!("{sign:?}"),
    }
}

/// Each with its column.
fn tokens(text: &str) -> Result<Vec<(usize, Token)>> {
    let letters: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&letter) = letters.get(at) {
        let start = at;
        let next_is_digit = letters.get(at + 1).is_some_and(char::is_ascii_digit);
        let token = match letter {
            ' ' => {
                at += 1;
                continue;
            }
            '0'..='9' => number(&letters, &mut at)?,
            '.' if next_is_digit => number(&letters, &mut at)?,
            'a'..='z' | 'A'..='Z' | '_' => {
                while letters
                    .get(at)
                    .is_some_and(|c| c.is_ascii_alphanumeric() || *c == '_')
                {
                    at += 1;
                }
                Token::Word(letters[start..at].iter().collect())
            }
            '"' | '\'' => {
                let length = letters[at + 1..].iter().position(|other| *other == letter);
                let length = length.ok_or_else(|| wrong(start + 1, "the quote is never closed"))?;
                at += length + 2;
                Token::Quoted(letters[start + 1..at - 1].iter().collect())
            }
            _ => {
                let rest = |sign: &&&str| {
                    sign.chars()
                        .enumerate()
                        .all(|(i, c)| letters.get(at + i) == Some(&c))
                };
                let sign = SIGNS
                    .iter()
                    .find(rest)
                    .ok_or_else(|| wrong(start + 1, format!("{letter:?} means nothing here")))?;
                at += sign.len();
                Token::Sign(sign)
            }
        };
        tokens.push((start + 1, token));
    }
    Ok(tokens)
}

fn number(letters: &[char], at: &mut usize) -> Result<Token> {
    let start = *at;
    let digits = |at: &mut usize| {
        while letters.get(*at).is_some_and(char::is_ascii_digit) {
            *at += 1;
        }
    };
    digits(at);
    if letters.get(*at) == Some(&'.') {
        *at += 1;
        digits(at);
    }
    if matches!(letters.get(*at), Some('e' | 'E')) {
        *at += 1;
        if matches!(letters.get(*at), Some('+' | '-')) {
            *at += 1;
        }
        digits(at);
    }
    let text: String = letters[start..*at].iter().collect();
    match text.parse() {
        Ok(number) if f64::is_finite(number) => Ok(Token::Number(number)),
        _ => Err(wrong(start + 1, format!("{text:?} is no finite number"))),
    }
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    at: usize,
    /// The column after the last.
    end: usize,
    depth: usize,
    steps: Vec<Step>,
    inputs: Vec<Input>,
}

impl Parser {
    fn sign(&self) -> Option<&'static str> {
        match self.tokens.get(self.at) {
            Some((_, Token::Sign(sign))) => Some(sign),
            _ => None,
        }
    }

    fn column(&self) -> usize {
        self.tokens.get(self.at).map_or(self.end, |(column, _)| *column)
    }

    fn expect(&mut self, sign: &'static str) -> Result<()> {
        if self.sign() == Some(sign) {
            self.at += 1;
            return Ok(());
        }
        let before = match self.tokens.get(self.at) {
            Some((_, token)) => format!(" before {}", shown(token)),
            None => " at the end".to_owned(),
        };
        Err(wrong(self.column(), format!("{sign:?} is missing{before}")))
    }

    /// A value, and operators after it that bind at least so strongly.
    fn value(&mut self, least: u8) -> Result<()> {
        self.depth += 1;
        // The outermost is within none.
        if self.depth > DEEPEST + 1 {
            return Err(Error::limit(format!(
                "expression, column {}: more than {DEEPEST} expressions within each other",
                self.column()
            )));
        }
        self.first()?;
        while let Some((strength, function)) = self.sign().and_then(operator) {
            if strength < least {
                break;
            }
            self.at += 1;
            // A power of a power begins on the right, and its exponent may have a sign.
            self.value(if strength == POWER { SIGNED } else { strength + 1 })?;
            self.steps.push(Step::Call(function));
        }
        self.depth -= 1;
        Ok(())
    }

    fn first(&mut self) -> Result<()> {
        let column = self.column();
        let Some((_, token)) = self.tokens.get(self.at).cloned() else {
            return Err(wrong(column, "a value is missing at the end"));
        };
        self.at += 1;
        match token {
            Token::Number(number) => self.steps.push(Step::Constant(number)),
            Token::Sign("-") => {
                self.value(SIGNED)?;
                self.steps.push(Step::Call(Function::One(|x| -x)));
            }
            Token::Sign("+") => self.value(SIGNED)?,
            Token::Sign("(") => {
                self.value(0)?;
                self.expect(")")?;
            }
            Token::Word(word) if self.sign() == Some("(") => self.call(&word, column)?,
            Token::Word(name) | Token::Quoted(name) if self.sign() == Some(".") => {
                self.at += 1;
                let channel = match self.tokens.get(self.at).cloned() {
                    Some((_, Token::Quoted(name))) => Some(Channel::Name(name)),
                    Some((_, Token::Word(word))) => numbered(&word),
                    _ => None,
                };
                let channel = channel.ok_or_else(|| {
                    wrong(
                        self.column(),
                        format!("a channel of {name:?} is missing, as in {name}.b1"),
                    )
                })?;
                self.at += 1;
                self.input(Some(name), channel, column)?;
            }
            Token::Quoted(name) => self.input(None, Channel::Name(name), column)?,
            Token::Word(word) => match word.as_str() {
                "pi" => self.steps.push(Step::Constant(std::f64::consts::PI)),
                "nan" => self.steps.push(Step::Constant(f64::NAN)),
                _ => {
                    let channel = numbered(&word).ok_or_else(|| {
                        wrong(
                            column,
                            format!("{word:?} is no channel: b1 is the first one, and names are quoted"),
                        )
                    })?;
                    self.input(None, channel, column)?;
                }
            },
            Token::Sign(_) => {
                return Err(wrong(
                    column,
                    format!("a value is missing before {}", shown(&token)),
                ));
            }
        }
        Ok(())
    }

    fn call(&mut self, name: &str, column: usize) -> Result<()> {
        let Some((_, function)) = FUNCTIONS.iter().find(|(known, _)| *known == name) else {
            let names: Vec<&str> = FUNCTIONS.iter().map(|(name, _)| *name).collect();
            return Err(wrong(
                column,
                format!("there is no function {name:?}, only {}", names.join(", ")),
            ));
        };
        self.expect("(")?;
        for argument in 0..function.arguments() {
            if argument > 0 {
                self.expect(",")?;
            }
            self.value(0)?;
        }
        self.expect(")")?;
        self.steps.push(Step::Call(*function));
        Ok(())
    }

    fn input(&mut self, image: Option<String>, channel: Channel, column: usize) -> Result<()> {
        let known = self
            .inputs
            .iter()
            .position(|input| input.image == image && input.channel == channel);
        let input = known.unwrap_or(self.inputs.len());
        if known.is_none() {
            self.inputs.push(Input {
                image,
                channel,
                column,
            });
        }
        if input >= MOST_INPUTS {
            return Err(Error::limit(format!(
                "expression, column {column}: more than {MOST_INPUTS} channels"
            )));
        }
        self.steps.push(Step::Input(input));
        Ok(())
    }
}

/// `b1` is channel 0.
fn numbered(word: &str) -> Option<Channel> {
    let digits = word.strip_prefix('b')?;
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    let number: u64 = digits.parse().ok().filter(|_| is_number)?;
    Some(Channel::Number(number - 1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::error::ErrorKind;

    /// Of the channels 2, 3 and -4.
    fn value(text: &str) -> f64 {
        let expression = parse(text).unwrap();
        let inputs: Vec<Vec<f64>> = expression
            .inputs()
            .iter()
            .map(|input| match input.channel {
                Channel::Number(number) => vec![[2.0, 3.0, -4.0][number as usize]],
                Channel::Name(_) => panic!("{text}"),
            })
            .collect();
        expression.evaluate(&inputs)[0]
    }

    #[test]
    fn it_means_what_python_means() {
        for (text, expected) in [
            ("b1", 2.0),
            ("b1+b2*b3", -10.0),
            ("(b1 + b2) * b3", -20.0),
            ("b1 - b2 - b3", 3.0),
            ("b1 / b2 / 2", 2.0 / 3.0 / 2.0),
            ("-b1 ** 2", -4.0),
            ("b1 ** -b2", 0.125),
            ("b1 ** b2 ** 2", 512.0),
            ("2 * -b1", -4.0),
            ("b3 % 3", 2.0),
            ("b2 % -2", -1.0),
            ("(b1 < b2) & (b3 < 0)", 1.0),
            ("b1 > b2 | b1 == 2", 1.0),
            ("where(b3 < 0, b1, b2)", 2.0),
            ("clip(b2, 0, 1.5e0)", 1.5),
            ("hypot(b2, b3)", 5.0),
            ("round(b1 + .5)", 2.0),
            ("maximum(b1, minimum(b2, 9))", 3.0),
            ("isnan(nan + b1) + sign(b3)", 0.0),
            ("abs(b3)", 4.0),
        ] {
            assert_eq!(value(text), expected, "{text}");
        }
        assert!(value("maximum(b1, nan)").is_nan());
    }

    #[test]
    fn errors_point_at_the_column() {
        for (text, column) in [
            ("", 1),
            ("b1 +", 5),
            ("b1 b2", 4),
            ("b1 + * b2", 6),
            ("(b1", 4),
            ("b1)", 3),
            ("b0", 1),
            ("b1 + x", 6),
            ("b1 + sqr(b1)", 6),
            ("sqrt(b1, b2)", 8),
            ("clip(b1, 2)", 11),
            ("b1 + $", 6),
            ("\"DAPI", 1),
            ("a. + b1", 4),
            ("1 + 2", 1),
            ("b1 + 1e999", 6),
            ("é + b1", 1),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::BadRequest, "{text}");
            let start = format!("expression, column {column}: ");
            assert!(error.message().starts_with(&start), "{text}: {}", error.message());
        }
    }

    #[test]
    fn channels_have_names_and_images() {
        let inputs = parse("\"a b\" + other.b2 * \"x-y\".\"DAPI\" - b12 - \"a b\"")
            .unwrap()
            .inputs()
            .to_vec();
        let found: Vec<(Option<&str>, &Channel)> = inputs
            .iter()
            .map(|input| (input.image.as_deref(), &input.channel))
            .collect();
        assert_eq!(
            found,
            [
                (None, &Channel::Name("a b".into())),
                (Some("other"), &Channel::Number(1)),
                (Some("x-y"), &Channel::Name("DAPI".into())),
                (None, &Channel::Number(11)),
            ]
        );
    }

    #[test]
    fn there_are_limits() {
        let deep = format!("{}b1{}", "(".repeat(65), ")".repeat(65));
        let long = format!("b1{}", " ".repeat(LONGEST_EXPRESSION));
        let many: Vec<String> = (1..=17).map(|channel| format!("b{channel}")).collect();
        let deepest = format!("{}b1{}", "(".repeat(DEEPEST), ")".repeat(DEEPEST));
        assert!(parse(&deepest).is_ok());
        for text in [deep, long, many.join("+"), "-".repeat(1000)] {
            assert_eq!(parse(&text).unwrap_err().kind(), ErrorKind::Limit);
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_much(text in "[b1-3+*/%() .,<>=&|'\"a-z-]{0,80}") {
            if let Ok(expression) = parse(&text) {
                let inputs = vec![vec![1.0, f64::NAN, -3.0]; expression.inputs().len()];
                prop_assert_eq!(expression.evaluate(&inputs).len(), 3);
            }
        }
    }
}
