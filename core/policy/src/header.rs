//! Header fields that accounts, rules and programs may add, and those that only the phone writes.

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
    /// There is no method before the name.
    #[error("it is not METHOD Name: value")]
    NoMethod,
    /// The method is no token (RFC 3261 §25.1), or a known one in small letters.
    #[error("its method is neither a SIP method in capitals nor *")]
    Method,
    /// A CANCEL repeats the INVITE and carries nothing else (RFC 3261 §9.1).
    #[error("a CANCEL carries none")]
    Cancel,
}

/// A header field that an account adds to its requests (K-086 to K-090).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extra {
    /// Method of the requests that carry it; `None`: all.
    method: Option<String>,
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl Extra {
    /// Reads a line such as `INVITE X-Customer: 42` or `* X-Customer: 42`.
    pub fn read(line: &str) -> Result<Self, Refused> {
        let (method, rest) = line.trim().split_once(' ').ok_or(Refused::NoMethod)?;
        let method = match method {
            "*" => None,
            "CANCEL" => return Err(Refused::Cancel),
            method if method.ends_with(':') => return Err(Refused::NoMethod),
            method if is_token(method) && !method.chars().any(|c| c.is_ascii_lowercase()) => {
                Some(method.to_owned())
            }
            _ => return Err(Refused::Method),
        };
        let (name, value) = read(rest.trim_start())?;
        match is_of_a_method(&name) {
            true => Err(Refused::Ours),
            false => Ok(Self {
                method,
                name,
                value,
            }),
        }
    }

    /// Whether requests of `method` carry it.
    pub fn is_for(&self, method: &str) -> bool {
        self.method.as_deref().is_none_or(|own| own == method)
    }
}

/// Name and value of a line `Name: value`.
pub fn read(line: &str) -> Result<(String, String), Refused> {
    let (name, value) = line.split_once(':').ok_or(Refused::NoColon)?;
    let (name, value) = (name.trim_end(), value.trim());
    if !is_token(name) {
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

/// A token (RFC 3261 §25.1) that is no longer than names are.
fn is_token(text: &str) -> bool {
    let token = |c: char| c.is_ascii_alphanumeric() || "-.!%*_+`'~".contains(c);
    (1..=64).contains(&text.len()) && text.chars().all(token)
}

/// Header fields that say what a request of some method is, and that only the phone may write there: of REGISTER,
/// SUBSCRIBE and NOTIFY (RFC 6665 §8.2), REFER (RFC 3515 §2.1, RFC 3892 §3), INVITE (RFC 3891 §6.1), PRACK (RFC 3262
/// §7), PUBLISH (RFC 3903 §11.3) and INFO (RFC 6086 §7).
fn is_of_a_method(name: &str) -> bool {
    const OURS: [&str; 14] = [
        "event",
        "o",
        "expires",
        "subscription-state",
        "refer-to",
        "r",
        "referred-by",
        "b",
        "replaces",
        "rack",
        "rseq",
        "sip-if-match",
        "accept",
        "info-package",
    ];
    OURS.iter().any(|ours| ours.eq_ignore_ascii_case(name))
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

    /// M-196, K-087 to K-090: a method or `*`, a name outside of the controlled set, one line of value.
    #[test]
    fn m_196_a_line_of_an_account_is_a_method_and_a_header_field() {
        let both = |line: &str| Extra::read(line).map(|extra| (extra.name, extra.value));
        let x = |value: &str| Ok(("X-A".to_owned(), value.to_owned()));
        assert_eq!(both("INVITE X-A: b c"), x("b c"));
        assert_eq!(both("*  X-A : 1:2"), x("1:2"));
        let invite = Extra::read("INVITE X-A: b").unwrap();
        assert!(invite.is_for("INVITE") && !invite.is_for("REGISTER"));
        let all = Extra::read("* X-A: b").unwrap();
        assert!(all.is_for("INVITE") && all.is_for("REGISTER"));
        for (line, why) in [
            ("X-A: b", Refused::NoMethod),
            ("INVITE", Refused::NoMethod),
            ("IN/VITE X-A: b", Refused::Method),
            ("invite X-A: b", Refused::Method),
            ("CANCEL X-A: b", Refused::Cancel),
            ("IN VITE X-A: b", Refused::Name),
            ("INVITE no colon", Refused::NoColon),
            ("INVITE X A: b", Refused::Name),
            ("INVITE X-A: b\r\nTo: c", Refused::Value),
            ("* Event: dialog", Refused::Ours),
            ("REGISTER expires: 1", Refused::Ours),
        ] {
            assert_eq!(both(line), Err(why), "{line:?}");
        }
        // The whole controlled set of K-089.
        for name in [
            "Via",
            "From",
            "To",
            "Call-ID",
            "CSeq",
            "Contact",
            "Content-Length",
            "Max-Forwards",
            "Route",
            "Record-Route",
            "Authorization",
            "Proxy-Authorization",
        ] {
            assert_eq!(both(&format!("* {name}: x")), Err(Refused::Ours), "{name}");
        }
    }
}
