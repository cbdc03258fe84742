//! `message/sipfrag` with a status line: what a NOTIFY of a REFER says. Source: RFC 3420 §2, RFC 3515 §2.4.5.

use sip_message::Status;

/// Its media type.
pub const KIND: &str = "message/sipfrag";

/// The body that reports `status`.
pub fn write(status: Status) -> String {
    format!("SIP/2.0 {} {}\r\n", status.code(), status.reason_phrase())
}

/// The status that a body reports; `None` where it begins with no status line.
pub fn read(body: &[u8]) -> Option<Status> {
    let line = body.split(|byte| matches!(byte, b'\r' | b'\n')).next()?;
    let line = core::str::from_utf8(line).ok()?;
    let mut words = line.split(' ');
    if !words.next()?.eq_ignore_ascii_case("SIP/2.0") {
        return None;
    }
    let code = words.next()?;
    let digits = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit());
    digits
        .then(|| code.parse().ok().and_then(Status::new))
        .flatten()
}
