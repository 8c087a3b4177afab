//! Blanks out what is not code.

use std::iter::Peekable;
use std::str::Chars;

/// Replaces comments, strings and characters by blanks and keeps the lines.
pub(crate) fn blank(text: &str) -> String {
    let mut lexer = Lexer {
        chars: text.chars().peekable(),
        out: String::with_capacity(text.len()),
        previous: ' ',
    };
    lexer.run();
    lexer.out
}

struct Lexer<'a> {
    chars: Peekable<Chars<'a>>,
    out: String,
    /// The character of code before the current one.
    previous: char,
}

impl Lexer<'_> {
    fn run(&mut self) {
        while let Some(char) = self.chars.next() {
            match (char, self.chars.peek().copied()) {
                ('/', Some('/')) => self.line_comment(),
                ('/', Some('*')) => self.block_comment(),
                ('"', _) => self.string(),
                ('r' | 'b' | 'c', Some('"' | '#' | 'r')) if !is_word(self.previous) => {
                    self.maybe_prefixed(char);
                }
                ('\'', _) => self.quote(),
                _ => self.keep(char),
            }
        }
    }

    fn keep(&mut self, char: char) {
        self.out.push(char);
        self.previous = char;
    }

    fn drop(&mut self, char: char) {
        self.out.push(if char == '\n' { '\n' } else { ' ' });
        self.previous = ' ';
    }

    fn line_comment(&mut self) {
        self.drop('/');
        while let Some(char) = self.chars.next_if(|char| *char != '\n') {
            self.drop(char);
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0_usize;
        let mut last = '/';
        self.drop('/');
        while let Some(char) = self.chars.next() {
            self.drop(char);
            match (last, char) {
                ('/', '*') => depth += 1,
                ('*', '/') => depth -= 1,
                _ => {
                    last = char;
                    continue;
                }
            }
            if depth == 0 {
                return;
            }
            last = ' ';
        }
    }

    /// A string whose opening quote was read.
    fn string(&mut self) {
        self.drop('"');
        while let Some(char) = self.chars.next() {
            self.drop(char);
            match char {
                '"' => return,
                '\\' => {
                    if let Some(escaped) = self.chars.next() {
                        self.drop(escaped);
                    }
                }
                _ => {}
            }
        }
    }

    /// What follows `r`, `b` or `c` may be a string, a raw string or a raw name.
    fn maybe_prefixed(&mut self, first: char) {
        let mut ahead = self.chars.clone();
        let mut prefix = 1_usize;
        let mut raw = first == 'r';
        if ahead.next_if_eq(&'r').is_some() {
            prefix += 1;
            raw = true;
        }
        let mut hashes = 0_usize;
        while ahead.next_if_eq(&'#').is_some() {
            hashes += 1;
        }
        if ahead.next() != Some('"') || (hashes > 0 && !raw) {
            self.keep(first);
            return;
        }
        self.drop(first);
        for _ in 1..prefix + hashes {
            if let Some(char) = self.chars.next() {
                self.drop(char);
            }
        }
        self.chars.next();
        if raw {
            self.raw_string(hashes);
        } else {
            self.string();
        }
    }

    /// A raw string whose opening quote was read.
    fn raw_string(&mut self, hashes: usize) {
        self.drop('"');
        let mut closing = None;
        while let Some(char) = self.chars.next() {
            self.drop(char);
            closing = match (char, closing) {
                ('"', _) => Some(0),
                ('#', Some(count)) => Some(count + 1),
                _ => None,
            };
            if closing == Some(hashes) {
                return;
            }
        }
    }

    /// A quote begins a character or a lifetime.
    fn quote(&mut self) {
        let mut ahead = self.chars.clone();
        match (ahead.next(), ahead.next()) {
            (Some('\\'), _) => {
                self.drop('\'');
                for _ in 0..2 {
                    if let Some(char) = self.chars.next() {
                        self.drop(char);
                    }
                }
                while let Some(char) = self.chars.next() {
                    self.drop(char);
                    if char == '\'' {
                        return;
                    }
                }
            }
            (Some(_), Some('\'')) => {
                self.drop('\'');
                for _ in 0..2 {
                    if let Some(char) = self.chars.next() {
                        self.drop(char);
                    }
                }
            }
            _ => self.keep('\''),
        }
    }
}

fn is_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

#[cfg(test)]
mod tests {
    use super::blank;

    /// The words and lines that are left.
    fn left(text: &str) -> String {
        let lines = text
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
        lines.collect::<Vec<_>>().join("|")
    }

    #[test]
    fn comments_and_texts_are_blank_and_code_stays() {
        let cases = [
            ("a // b\nc", "a|c"),
            ("a /* b /* c */ d */ e", "a e"),
            (r#"f("x \" y")"#, "f( )"),
            (r##"f(r#"x " y"#)"##, "f( )"),
            (r#"f(b"x", c"y", br"z\")"#, "f( , , )"),
            (r"f('x', '\'', '\u{1F600}')", "f( , , )"),
            ("fn f<'a>(x: &'a str)", "fn f<'a>(x: &'a str)"),
            ("r#type", "r#type"),
            ("expr\"x\"", "expr"),
            ("\"a\nb\"c", "|c"),
        ];
        for (text, expected) in cases {
            let blanked = blank(text);
            assert_eq!(left(&blanked), expected, "{text}");
            assert_eq!(blanked.chars().count(), text.chars().count(), "{text}");
        }
    }
}
