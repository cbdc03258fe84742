//! Takes a multipart body apart. Source: RFC 2046 §5.1.1.

use super::{Content, Part, kind_of};
use crate::scan::{self, Scanner};
use crate::{Malformed, Text, params};
use bytes::Bytes;

/// Longest boundary (RFC 2046 §5.1.1). Unit: bytes.
const MAX_BOUNDARY: usize = 70;
/// Header lines of one part.
const MAX_FIELDS: usize = 32;
/// Size of the header of one part. Unit: bytes.
const MAX_HEAD: usize = 8 * 1024;

/// What is said of a body.
pub(super) struct Said {
    pub(super) id: Option<String>,
    pub(super) content_type: Option<Text>,
    pub(super) disposition: Option<Text>,
    /// Nothing encodes it.
    pub(super) plain: bool,
}

const fn broken(at: usize) -> Malformed {
    Malformed::new("multipart body", at)
}

/// Reads `body` of which `said` tells. `depth`: how many multiparts may still be in each other;
/// `left`: how many parts may still come.
pub(super) fn read(
    said: &Said,
    body: &Bytes,
    depth: usize,
    left: &mut usize,
) -> Result<Part, Malformed> {
    let kind = kind_of(said.content_type.as_ref());
    let (disposition, required) = handling(said.disposition.as_ref());
    let is_multipart = kind.starts_with("multipart/");
    // What is not plain cannot be looked into, and what is optional may be broken.
    let content = match (is_multipart && said.plain, &said.content_type) {
        (true, Some(content_type)) => {
            let parts = boundary(content_type)
                .ok_or(broken(0))
                .and_then(|boundary| take_apart(&boundary, body, depth, left));
            match parts {
                Ok(parts) if kind == "multipart/alternative" => Content::Choice(parts),
                Ok(parts) => Content::All(parts),
                Err(_) if !required => Content::Leaf(body.clone()),
                Err(why) => return Err(why),
            }
        }
        (true, None) | (false, _) => Content::Leaf(body.clone()),
    };
    Ok(Part {
        kind,
        id: said.id.clone(),
        disposition,
        required,
        plain: said.plain,
        content,
    })
}

/// What a body is for, and whether it must be understood. What cannot be read demands it.
fn handling(said: Option<&Text>) -> (Option<String>, bool) {
    let Some(text) = said else {
        return (None, true);
    };
    let mut words = text.split(';').map(str::trim);
    let disposition = words.next().map(str::to_ascii_lowercase);
    let optional = words.any(|param| {
        param.split_once('=').is_some_and(|(name, value)| {
            let is = |text: &str, word| text.trim().eq_ignore_ascii_case(word);
            is(name, "handling") && (is(value, "optional") || is(value, "\"optional\""))
        })
    });
    (disposition.filter(|d| !d.is_empty()), !optional)
}

/// The boundary that a Content-Type names.
fn boundary(content_type: &Text) -> Option<String> {
    let start = content_type.find(';')?;
    let bytes = &content_type.as_bytes()[start..];
    params::check(&mut Scanner::new(bytes), bytes, |_, _| {}).ok()?;
    let boundary = scan::unquote(params::find(bytes, "boundary")?).into_owned();
    let fits = !boundary.is_empty() && boundary.len() <= MAX_BOUNDARY && !boundary.ends_with(' ');
    fits.then_some(boundary)
}

/// One line that separates parts.
struct Delimiter {
    /// Where the part before it ends: the line end before the dashes belongs to the delimiter.
    before: usize,
    /// Where the next part begins.
    after: usize,
    /// Whether it is the last one.
    closes: bool,
}

fn take_apart(
    boundary: &str,
    body: &Bytes,
    depth: usize,
    left: &mut usize,
) -> Result<Vec<Part>, Malformed> {
    let depth = depth.checked_sub(1).ok_or(broken(0))?;
    let dashes = format!("--{boundary}");
    let mut from = next(&dashes, body, 0).ok_or(broken(0))?;
    let mut parts = Vec::new();
    while !from.closes {
        *left = left.checked_sub(1).ok_or(broken(from.after))?;
        let to = next(&dashes, body, from.after).ok_or(broken(body.len()))?;
        let bytes = body.slice(from.after..to.before.max(from.after));
        let (said, content) = head(&bytes)?;
        parts.push(read(&said, &content, depth, left)?);
        from = to;
    }
    match parts.is_empty() {
        true => Err(broken(from.before)),
        false => Ok(parts),
    }
}

/// The first delimiter at or after `start`, which must be the beginning of a line.
fn next(dashes: &str, body: &[u8], start: usize) -> Option<Delimiter> {
    let mut line = start;
    loop {
        let rest = &body[line..];
        let end = rest.windows(2).position(|pair| pair == b"\r\n");
        let text = &rest[..end.unwrap_or(rest.len())];
        if let Some(tail) = text.strip_prefix(dashes.as_bytes()) {
            let closes = tail.starts_with(b"--");
            let tail = if closes { &tail[2..] } else { tail };
            // White space at the end is allowed; the last line may end with the body.
            let is_delimiter = tail.iter().all(|&byte| scan::is_space(byte));
            if is_delimiter && (closes || end.is_some()) {
                return Some(Delimiter {
                    before: line.saturating_sub(2),
                    after: end.map_or(body.len(), |end| line + end + 2),
                    closes,
                });
            }
        }
        line += end? + 2;
    }
}

/// The header of a part and what follows it. Header fields that are not about content are left aside.
fn head(part: &Bytes) -> Result<(Said, Bytes), Malformed> {
    let mut said = Said {
        id: None,
        content_type: None,
        disposition: None,
        plain: true,
    };
    let mut at = 0;
    for _ in 0..MAX_FIELDS {
        let line = field(part, at)?;
        let Some((end, next)) = line else {
            return Err(broken(at));
        };
        if end == at {
            return Ok((said, part.slice(next..)));
        }
        let text = Text::new(Bytes::from(unfolded(&part[at..end]))).map_err(|_| broken(at))?;
        let (name, value) = text.split_once(':').ok_or(broken(at))?;
        said.learn(name.trim(), value.trim()).ok_or(broken(at))?;
        at = next;
    }
    Err(broken(at))
}

/// The end of the header line at `at` with its folds, and where the next one begins.
fn field(part: &[u8], at: usize) -> Result<Option<(usize, usize)>, Malformed> {
    let mut from = at;
    loop {
        if from > MAX_HEAD {
            return Err(broken(from));
        }
        let Some(end) = part[from..].windows(2).position(|pair| pair == b"\r\n") else {
            return Ok(None);
        };
        let (end, next) = (from + end, from + end + 2);
        let folded = end > at && part.get(next).is_some_and(|&byte| scan::is_space(byte));
        if !folded {
            return Ok(Some((end, next)));
        }
        from = next;
    }
}

fn unfolded(line: &[u8]) -> Vec<u8> {
    let space = |byte: &u8| if b"\r\n".contains(byte) { b' ' } else { *byte };
    line.iter().map(space).collect()
}

impl Said {
    /// Takes in one header field; `None` where it contradicts an earlier one.
    fn learn(&mut self, name: &str, value: &str) -> Option<()> {
        let is = |long: &str, short: &str| {
            name.eq_ignore_ascii_case(long) || name.eq_ignore_ascii_case(short)
        };
        let text = || Some(Text::from(value));
        if is("Content-Type", "c") {
            self.content_type.is_none().then_some(())?;
            self.content_type = text();
        } else if is("Content-ID", "Content-ID") {
            self.id.is_none().then_some(())?;
            let id = value.strip_prefix('<').and_then(|id| id.strip_suffix('>'));
            self.id = Some(id.unwrap_or(value).to_owned());
        } else if is("Content-Disposition", "Content-Disposition") {
            self.disposition.is_none().then_some(())?;
            self.disposition = text();
        } else if is("Content-Encoding", "e") {
            self.plain &= value.eq_ignore_ascii_case("identity");
        } else if is("Content-Transfer-Encoding", "Content-Transfer-Encoding") {
            let same = ["7bit", "8bit", "binary"];
            self.plain &= same.iter().any(|known| value.eq_ignore_ascii_case(known));
        }
        Some(())
    }
}
