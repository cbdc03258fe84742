//! `Digest a=b, c="d"`: challenges and credentials, taken apart.
//!
//! Source: RFC 3261 §25.1 (`challenge`, `credentials`), RFC 7616 §3.3 and §3.4.

use sip_message::{HeaderName, Headers, Name};

/// Parameters read of one challenge; more make it unreadable.
const MAX_PARAMS: usize = 32;

/// One challenge, or one set of credentials.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Params {
    pub(super) scheme: String,
    /// Values without quotes and escapes.
    params: Vec<(String, String)>,
}

impl Params {
    /// The value of a parameter. Case of the name does not matter.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut all = self.params.iter();
        all.find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// What all lines of a header called `name` hold; lines that cannot be read hold nothing.
pub(super) fn all(headers: &Headers, name: HeaderName) -> Vec<Params> {
    headers
        .iter()
        .filter(|header| header.name == Name::Known(name))
        .filter_map(|header| core::str::from_utf8(header.value).ok())
        .flat_map(|value| read(value).unwrap_or_default())
        .collect()
}

/// Reads one line, which may hold several challenges: a word that no `=` follows starts the next.
pub(super) fn read(line: &str) -> Option<Vec<Params>> {
    let mut found: Vec<Params> = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let (word, after) = token(rest)?;
        let after = after.trim_start();
        if let Some(value) = after.strip_prefix('=') {
            let challenge = found.last_mut()?;
            let (value, after) = value_of(value.trim_start())?;
            if challenge.params.len() == MAX_PARAMS {
                return None;
            }
            challenge.params.push((word.to_owned(), value));
            rest = next(after)?;
        } else {
            found.push(Params {
                scheme: word.to_owned(),
                params: Vec::new(),
            });
            rest = after.trim_start_matches([',', ' ', '\t']);
        }
    }
    Some(found)
}

/// Parameters of a header without a scheme, such as Authentication-Info.
pub(super) fn read_bare(line: &str) -> Option<Params> {
    let mut found = read(&format!("Digest {line}"))?;
    found.pop()
}

fn token(text: &str) -> Option<(&str, &str)> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte);
    let end = text.bytes().take_while(|b| is_token(*b)).count();
    (end > 0).then(|| text.split_at(end))
}

/// A quoted string, or everything up to a comma: values without quotes are out there that are no
/// tokens.
fn value_of(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(',').unwrap_or(text.len());
        let (value, rest) = text.split_at(end);
        return Some((value.trim_end().to_owned(), rest));
    };
    let mut value = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, quoted.get(at + 1..)?)),
            '\\' => value.push(letters.next()?.1),
            _ => value.push(letter),
        }
    }
    None
}

/// What follows a value: the end, or a comma and more.
fn next(text: &str) -> Option<&str> {
    let text = text.trim_start();
    if text.is_empty() {
        return Some(text);
    }
    let rest = text.strip_prefix(',')?;
    Some(rest.trim_start_matches([',', ' ', '\t']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_commas_and_several_challenges_on_one_line() {
        let line = r#"Digest realm="a \"b\", c", qop="auth,auth-int" , nonce = "x==",stale=TRUE,
            Basic realm="z", Digest realm="d",algorithm=SHA-256, nonce="y""#;
        let found = read(&line.replace('\n', " ")).unwrap();
        assert_eq!(found.len(), 3);
        assert_eq!(found[0].get("REALM"), Some("a \"b\", c"));
        assert_eq!(found[0].get("qop"), Some("auth,auth-int"));
        assert_eq!(found[0].get("nonce"), Some("x=="));
        assert_eq!(found[0].get("stale"), Some("TRUE"));
        assert_eq!(found[1].scheme, "Basic");
        assert_eq!(found[2].get("algorithm"), Some("SHA-256"));
        assert_eq!(found[2].get("opaque"), None);
        let bare = read_bare(r#"nextnonce="n", rspauth="r""#).unwrap();
        assert_eq!(bare.get("nextnonce"), Some("n"));
    }

    #[test]
    fn what_is_no_challenge_gives_nothing_and_never_panics() {
        for text in [
            "=",
            "realm=\"x\"",
            "Digest realm=\"x",
            "Digest a=\"b\" c=d",
            "\u{e4}",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        let line = r#"Digest realm="a \" b", nonce=x, opaque="", uri="sip:ä""#;
        for (end, _) in line.char_indices() {
            let _ = read(&line[..end]);
        }
        let many = format!("Digest {}", "a=b,".repeat(MAX_PARAMS + 1));
        assert_eq!(read(&many), None);
    }
}
