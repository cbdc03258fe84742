//! Bytes to description: caps first, then sdp-types, then once more with what phones get wrong mended.
//!
//! Source: RFC 8866 §9; the leniency is what RFC 4475 §3.3.15, RFC 5118 §4.6 and §4.8, and phones
//! in the field need.

use crate::Error;
use sdp_types::{Session, Time};

/// Most bytes of one description.
pub const MAX_BYTES: usize = 32 * 1024;
/// Most m= lines of one description.
pub const MAX_MEDIA: usize = 16;
/// Most formats of one m= line.
pub const MAX_FORMATS: usize = 64;
/// Most a= lines of one m= section, and of the part before the first.
pub const MAX_ATTRIBUTES: usize = 128;

/// Reads `bytes`, strictly first, mended if that fails.
pub(crate) fn session(bytes: &[u8]) -> Result<Session, Error> {
    check_caps(bytes)?;
    let read = Session::parse(bytes).or_else(|_| Session::parse(mend(bytes).as_bytes()));
    let mut session = read.map_err(|error| Error::Malformed(error.to_string()))?;
    if session.times.is_empty() {
        session.times.push(always());
    }
    Ok(session)
}

/// `t=0 0`: a session without bounds in time, the only kind SIP has (RFC 3264 §5).
pub(crate) const fn always() -> Time {
    Time {
        start_time: 0,
        stop_time: 0,
        repeats: Vec::new(),
    }
}

fn check_caps(bytes: &[u8]) -> Result<(), Error> {
    let too_many = |what, max| Err(Error::TooMany { what, max });
    if bytes.len() > MAX_BYTES {
        return too_many("bytes", MAX_BYTES);
    }
    let (mut media, mut attributes) = (0, 0);
    for line in bytes.split(|byte| matches!(byte, b'\r' | b'\n')) {
        let line = line.trim_ascii_start();
        if let Some(value) = line.strip_prefix(b"m=") {
            media += 1;
            attributes = 0;
            let fields = value.split(|byte| matches!(byte, b' ' | b'\t'));
            let fields = fields.filter(|field| !field.is_empty()).count();
            if fields > 3 + MAX_FORMATS {
                return too_many("formats in one m= line", MAX_FORMATS);
            }
        } else if line.starts_with(b"a=") {
            attributes += 1;
        }
        if media > MAX_MEDIA {
            return too_many("m= lines", MAX_MEDIA);
        }
        if attributes > MAX_ATTRIBUTES {
            return too_many("a= lines in one section", MAX_ATTRIBUTES);
        }
    }
    Ok(())
}

/// Rewrites `bytes` line by line so that line numbers stay true; a dropped line leaves an empty one.
fn mend(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let mut seen = Vec::new();
    let mut mended = String::with_capacity(text.len() + 16);
    for line in text.split(['\n', '\r']) {
        mend_line(line.trim(), &mut seen, &mut mended);
        mended.push('\n');
    }
    mended
}

/// `seen` holds the line letters met so far in this section.
fn mend_line(line: &str, seen: &mut Vec<char>, out: &mut String) {
    let Some((key, value)) = line.split_once('=') else {
        return out.push_str(line);
    };
    let mut letters = key.chars();
    let (Some(letter), None) = (letters.next(), letters.next()) else {
        return out.push_str(line);
    };
    let first = !seen.contains(&letter);
    let in_media = seen.contains(&'m');
    seen.push(letter);
    let mut put = |value: &str| {
        out.push(letter);
        out.push('=');
        out.push_str(value);
    };
    match letter {
        'v' | 'a' | 'e' | 'p' => put(value),
        'm' => {
            seen.clear();
            seen.push('m');
            put(&media(value));
        }
        // A second line of these says nothing that the first did not.
        's' | 'i' | 'u' if first => put(value),
        'o' if first => put(&origin(value).unwrap_or_else(|| "- 0 0 IN IP4 0.0.0.0".into())),
        'c' if first || in_media => put(&fields(value, 3)),
        't' if first => put(time(value).as_deref().unwrap_or("0 0")),
        'b' if bandwidth(value) => put(value),
        // Schedules and k= mean nothing to a call; other letters are to be ignored (RFC 8866 §5).
        _ => {}
    }
}

/// The first `count` fields, one space apart.
fn fields(value: &str, count: usize) -> String {
    let fields: Vec<&str> = value.split_whitespace().take(count).collect();
    fields.join(" ")
}

/// One space between fields. No format at all becomes an empty format list.
fn media(value: &str) -> String {
    let mut fields: Vec<&str> = value.split_whitespace().collect();
    if fields.len() == 3 {
        fields.push("");
    }
    fields.join(" ")
}

/// User names with spaces and versions that are no 64-bit number are met in the field.
fn origin(value: &str) -> Option<String> {
    let fields: Vec<&str> = value.split_whitespace().collect();
    let at = fields.len().checked_sub(5)?;
    let (user, [id, version, net, family, address]) = fields.split_at(at) else {
        return None;
    };
    let user = if user.is_empty() {
        "-".to_owned()
    } else {
        user.join("_")
    };
    let digits: String = version.chars().filter(char::is_ascii_digit).collect();
    let version: u64 = digits
        .get(digits.len().saturating_sub(18)..)
        .and_then(|tail| tail.parse().ok())
        .unwrap_or(0);
    let token = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric());
    (token(net) && token(family)).then(|| format!("{user} {id} {version} {net} {family} {address}"))
}

fn time(value: &str) -> Option<String> {
    let mut numbers = value.split_whitespace().map(str::parse::<u64>);
    let (start, stop) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    Some(format!("{start} {stop}"))
}

fn bandwidth(value: &str) -> bool {
    matches!(value.split_once(':'), Some((_, number)) if number.parse::<u64>().is_ok())
}

#[cfg(test)]
mod tests;
