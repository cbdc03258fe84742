//! Rust source as words with line numbers; comments apart, text literals dropped.
//!
//! Enough to find paths, macros, attributes and matching braces without a parser. It is not a full
//! lexer: numbers are words, and a lifetime is dropped.

/// A word or a single character of punctuation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) text: &'a str,
    /// Counted from 1.
    pub(crate) line: usize,
}

/// A comment without its `//` or `/*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Comment<'a> {
    pub(crate) text: &'a str,
    /// Line of its first character, counted from 1.
    pub(crate) line: usize,
    /// `///`, `//!`, `/**` or `/*!`.
    pub(crate) doc: bool,
}

/// A source file taken apart.
#[derive(Debug, Default)]
pub(crate) struct Source<'a> {
    pub(crate) tokens: Vec<Token<'a>>,
    pub(crate) comments: Vec<Comment<'a>>,
    /// Lines that hold text literals, which count as code though they hold no token.
    literals: Vec<usize>,
}

impl<'a> Source<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let mut reader = Reader {
            text,
            at: 0,
            line: 1,
            source: Source::default(),
        };
        while reader.at < text.len() {
            reader.step();
        }
        reader.source
    }

    /// Lines that hold code, in order; comment and blank lines are not among them.
    pub(crate) fn code_lines(&self) -> Vec<usize> {
        let mut lines: Vec<usize> = self.tokens.iter().map(|token| token.line).collect();
        lines.extend(&self.literals);
        lines.sort_unstable();
        lines.dedup();
        lines
    }

    /// Line ranges (both ends included) of items under `#[cfg(test)]` or `#[cfg(all(test, …))]`.
    pub(crate) fn test_spans(&self) -> Vec<(usize, usize)> {
        let tokens = &self.tokens;
        let mut spans: Vec<(usize, usize)> = Vec::new();
        let mut at = 0;
        while at < tokens.len() {
            match self.test_attribute(at) {
                Some(after) => {
                    let end = self.item_end(after);
                    let last = tokens
                        .get(end)
                        .or(tokens.last())
                        .map_or(0, |token| token.line);
                    spans.push((tokens[at].line, last));
                    at = end + 1;
                }
                None => at += 1,
            }
        }
        spans
    }

    /// If `#[cfg(… test …)]` (without `not`) starts here, the position behind it.
    fn test_attribute(&self, at: usize) -> Option<usize> {
        let word = |i: usize| self.tokens.get(at + i).map(|token| token.text);
        if word(0) != Some("#") || word(1) != Some("[") || word(2) != Some("cfg") {
            return None;
        }
        let end = self.closing(at + 1)?;
        let inside = &self.tokens[at + 3..end];
        let has = |text: &str| inside.iter().any(|token| token.text == text);
        (has("test") && !has("not")).then_some(end + 1)
    }

    /// Position of the last token of the item that starts at `at`.
    fn item_end(&self, mut at: usize) -> usize {
        while let Some(token) = self.tokens.get(at) {
            match token.text {
                ";" => return at,
                "{" => return self.closing(at).unwrap_or(self.tokens.len()),
                "(" | "[" => at = self.closing(at).map_or(self.tokens.len(), |end| end + 1),
                _ => at += 1,
            }
        }
        self.tokens.len()
    }

    /// Position of the bracket that closes the one at `open`.
    pub(crate) fn closing(&self, open: usize) -> Option<usize> {
        let mut depth = 0_usize;
        for (i, token) in self.tokens.iter().enumerate().skip(open) {
            match token.text {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return Some(i);
                    }
                }
                _ => {}
            }
        }
        None
    }

    /// Every path that begins with `std`, `core` or `alloc`, use trees spread out, with its line.
    pub(crate) fn std_paths(&self) -> Vec<(String, usize)> {
        let mut paths = Vec::new();
        let mut at = 0;
        while at < self.tokens.len() {
            let token = self.tokens[at];
            let begins = matches!(token.text, "std" | "core" | "alloc");
            if begins && self.is_colons(at + 1) && !self.is_inner(at) {
                at = self.spread(at, String::new(), &mut paths);
            } else {
                at += 1;
            }
        }
        paths
    }

    /// Whether the word here follows another path segment, as `core` in `self::core`.
    fn is_inner(&self, at: usize) -> bool {
        let word = |token: &Token<'_>| {
            token
                .text
                .starts_with(|c: char| c.is_alphanumeric() || c == '_')
        };
        at > 2 && self.is_colons(at - 2) && word(&self.tokens[at - 3])
    }

    fn is_colons(&self, at: usize) -> bool {
        let is = |i: usize| self.tokens.get(i).is_some_and(|token| token.text == ":");
        is(at) && is(at + 1)
    }

    /// Reads one path or use tree from `at`; returns the position behind it.
    fn spread(&self, mut at: usize, mut path: String, paths: &mut Vec<(String, usize)>) -> usize {
        while let Some(token) = self.tokens.get(at) {
            if token.text == "{" {
                let end = self.closing(at).unwrap_or(self.tokens.len());
                at += 1;
                while at < end {
                    at = match self.tokens[at].text {
                        "," => at + 1,
                        "as" => at + 2,
                        _ => self.spread(at, path.clone(), paths),
                    };
                }
                return end + 1;
            }
            if !path.is_empty() {
                path.push_str("::");
            }
            path.push_str(token.text);
            at += 1;
            if !self.is_colons(at) || self.tokens.get(at + 2).is_some_and(|t| t.text == "<") {
                paths.push((path, token.line));
                return at;
            }
            at += 2;
        }
        at
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    source: Source<'a>,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn step(&mut self) {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return;
        };
        if rest.starts_with("//") {
            let end = rest.find('\n').unwrap_or(rest.len());
            self.comment(end, rest.starts_with("//!") || rest.starts_with("///"));
        } else if rest.starts_with("/*") {
            self.comment(
                block_comment(rest),
                rest.starts_with("/*!") || rest.starts_with("/**"),
            );
        } else if let Some(end) = text_literal(rest) {
            self.literal(end);
        } else if first == '\'' {
            self.advance(quote(rest));
        } else if first.is_alphanumeric() || first == '_' {
            let end = rest
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(rest.len());
            self.token(end);
        } else if first.is_whitespace() {
            self.advance(first.len_utf8());
        } else {
            self.token(first.len_utf8());
        }
    }

    fn advance(&mut self, len: usize) {
        self.line += self.rest()[..len].matches('\n').count();
        self.at += len;
    }

    fn token(&mut self, len: usize) {
        self.source.tokens.push(Token {
            text: &self.rest()[..len],
            line: self.line,
        });
        self.advance(len);
    }

    fn comment(&mut self, len: usize, doc: bool) {
        let text = &self.rest()[..len];
        let text = text
            .trim_start_matches(['/', '*', '!'])
            .trim_end_matches("*/");
        self.source.comments.push(Comment {
            text,
            line: self.line,
            doc,
        });
        self.advance(len);
    }

    fn literal(&mut self, len: usize) {
        let first = self.line;
        self.advance(len);
        self.source.literals.extend(first..=self.line);
    }
}

/// Length of the block comment at the start of `rest`; block comments nest.
fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

/// Length of the text literal at the start of `rest`, with prefix and hashes, if there is one.
fn text_literal(rest: &str) -> Option<usize> {
    let prefix = ["br", "cr", "b", "c", "r", ""].into_iter().find(|prefix| {
        rest.strip_prefix(prefix).is_some_and(|after| {
            after.starts_with('"')
                || (prefix.ends_with('r') && after.trim_start_matches('#').starts_with('"'))
        })
    })?;
    let after = &rest[prefix.len()..];
    if prefix.ends_with('r') {
        let hashes = after.len() - after.trim_start_matches('#').len();
        let end = format!("\"{}", "#".repeat(hashes));
        let start = prefix.len() + hashes + 1;
        return Some(
            rest[start..]
                .find(&end)
                .map_or(rest.len(), |found| start + found + end.len()),
        );
    }
    Some(prefix.len() + 1 + escaped(&after[1..], b'"'))
}

/// Length up to and with the first `end` that no backslash escapes.
fn escaped(rest: &str, end: u8) -> usize {
    let bytes = rest.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            byte if byte == end => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// Length of the character literal or lifetime at the start of `rest`.
fn quote(rest: &str) -> usize {
    let mut chars = rest[1..].chars();
    match (chars.next(), chars.next()) {
        (Some('\\'), _) => 1 + escaped(&rest[1..], b'\''),
        (Some(c), Some('\'')) => 2 + c.len_utf8(),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        Source::new(text)
            .tokens
            .iter()
            .map(|token| token.text)
            .collect()
    }

    #[test]
    fn literals_lifetimes_and_comments_are_no_tokens() {
        let text = "let a: &'a str = \"todo!() // no\"; // yes\nlet c = '\\''; let d = 'x'; r#\"std::fs \"# /* a /* b */ c */ z";
        assert_eq!(
            words(text),
            [
                "let", "a", ":", "&", "a", "str", "=", ";", "let", "c", "=", ";", "let", "d", "=",
                ";", "z"
            ]
        );
        let source = Source::new(text);
        assert_eq!(source.comments.len(), 2);
        assert_eq!(source.comments[0].text, " yes");
        assert_eq!(source.tokens.last().map(|token| token.line), Some(2));
    }

    #[test]
    fn escaped_quotes_do_not_end_a_literal() {
        assert_eq!(
            words(r#" "a\"b\\" x b"\"" y b'\'' z"#),
            ["x", "y", "b", "z"]
        );
    }

    #[test]
    fn code_lines_leave_out_comments_and_blanks() {
        let text = "// a\n\nfn f() {\n    // b\n    g(\"x\n  y\");\n}\n";
        assert_eq!(Source::new(text).code_lines(), [3, 5, 6, 7]);
    }

    #[test]
    fn test_spans_cover_the_item_under_cfg_test() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n  fn b() { }\n}\nfn c() {}\n#[cfg(not(test))]\nfn d() {}\n#[cfg(all(test, unix))]\nmod more;\nfn e() {}";
        assert_eq!(Source::new(text).test_spans(), [(2, 5), (9, 10)]);
    }

    #[test]
    fn std_paths_spread_use_trees() {
        let text = "use std::{time::{Duration, Instant as Now}, fs};\nlet x = std::net::IpAddr::V4(a);\nself::core::x();\nVec::<u8>::new(); ::std::mem::size_of::<u8>()";
        let found: Vec<String> = Source::new(text)
            .std_paths()
            .into_iter()
            .map(|(path, _)| path)
            .collect();
        assert_eq!(
            found,
            [
                "std::time::Duration",
                "std::time::Instant",
                "std::fs",
                "std::net::IpAddr::V4",
                "std::mem::size_of"
            ]
        );
    }
}
