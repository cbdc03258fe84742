//! Header fields of an INVITE that rules and programs may add, and those that only the phone writes.

/// Longest value. Unit: bytes.
const LONGEST: usize = 1024;

/// Why a header field may not be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no colon.
    #[error("it is not Name: value")]
    NoColon,
    /// The name is no token (RFC 3261 §25.1).
    #[error("its name is no header field's")]
    Name,
    /// The value has control characters or is longer than 1024 bytes.
    #[error("its value is not one line of at most {LONGEST} bytes")]
    Value,
    /// Only the phone itself writes it.
    #[error("it is written by the phone itself")]
    Ours,
}

/// Name and value of a line `Name: value`.
pub fn read(line: &str) -> Result<(String, String), Refused> {
    let (name, value) = line.split_once(':').ok_or(Refused::NoColon)?;
    let (name, value) = (name.trim_end(), value.trim());
    let token = |c: char| c.is_ascii_alphanumeric() || "-.!%*_+`'~".contains(c);
    if name.is_empty() || name.len() > 64 || !name.chars().all(token) {
        return Err(Refused::Name);
    }
    if is_ours(name) {
        return Err(Refused::Ours);
    }
    if value.len() > LONGEST || value.chars().any(char::is_control) {
        return Err(Refused::Value);
    }
    Ok((name.to_owned(), value.to_owned()))
}

/// Header fields of an INVITE that only the phone may write (RFC 3261 §20; compact forms §7.3.3).
pub fn is_ours(name: &str) -> bool {
    const OURS: [&str; 31] = [
        "via",
        "v",
        "from",
        "f",
        "to",
        "t",
        "call-id",
        "i",
        "cseq",
        "contact",
        "m",
        "max-forwards",
        "route",
        "record-route",
        "content-length",
        "l",
        "content-type",
        "c",
        "content-encoding",
        "e",
        "allow",
        "supported",
        "k",
        "require",
        "proxy-require",
        "authorization",
        "proxy-authorization",
        "session-expires",
        "x",
        "min-se",
        "user-agent",
    ];
    OURS.iter()
        .any(|ours| ours.eq_ignore_ascii_case(name.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// K-137: nothing that could become a second header field, or another request.
    #[test]
    fn a_line_is_one_header_field_or_refused() {
        let read = |line| read(line);
        let matched = ("X-Condition-Matched".to_owned(), "true".to_owned());
        assert_eq!(read("X-Condition-Matched: true"), Ok(matched));
        for (line, why) in [
            ("no colon", Refused::NoColon),
            (": x", Refused::Name),
            ("X A: b", Refused::Name),
            ("X-\r\nA: b", Refused::Name),
            ("X-A: b\r\nTo: c", Refused::Value),
            ("X-A: b\0", Refused::Value),
            ("Via: SIP/2.0/UDP x", Refused::Ours),
            ("CONTENT-length : 0", Refused::Ours),
        ] {
            assert_eq!(read(line), Err(why), "{line:?}");
        }
    }
}
