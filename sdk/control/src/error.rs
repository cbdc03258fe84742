//! What is said when something did not work: always a code, a cause and a fix.

use crate::{CallHandle, index};
use core::fmt;
use core::str::FromStr;
use serde::{Deserialize, Serialize};

/// A number of the error index, written `OH-3107`. A number once given never changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Code(pub(crate) u16);

/// The text is not `OH-` and four digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a code is written OH-3107")]
pub struct NotACode;

impl Code {
    /// The number.
    pub const fn number(self) -> u16 {
        self.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OH-{:04}", self.0)
    }
}

impl FromStr for Code {
    type Err = NotACode;

    /// Takes `OH-3107`, `oh-3107` and `3107`.
    fn from_str(text: &str) -> Result<Self, NotACode> {
        let digits = text.trim().trim_start_matches(['O', 'o', 'H', 'h', '-']);
        if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(NotACode);
        }
        digits.parse().map(Self).map_err(|_| NotACode)
    }
}

impl TryFrom<String> for Code {
    type Error = NotACode;
    fn try_from(text: String) -> Result<Self, NotACode> {
        text.parse()
    }
}

impl From<Code> for String {
    fn from(code: Code) -> Self {
        code.to_string()
    }
}

/// An error as it is told (RFC 9457 in spirit): what, why here and now, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorObject {
    /// Which error of the index.
    pub code: Code,
    /// What happened, in the index's words.
    pub title: String,
    /// Why here and now: names, addresses, figures. Never a secret.
    pub detail: String,
    /// What to do about it.
    pub fix: String,
    /// The SIP status behind it, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sip_status: Option<u16>,
    /// The call it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallHandle>,
}

/// Text of somebody else's for a line of an error: in quotes, and cut where it is too long to be read.
pub fn quoted(text: &str) -> String {
    /// What fits a line. Unit: characters.
    const LONGEST: usize = 80;
    match text.char_indices().nth(LONGEST) {
        None => format!("'{text}'"),
        Some((end, _)) => format!("'{}…' ({} bytes)", &text[..end], text.len()),
    }
}

impl ErrorObject {
    /// An error with title and fix from the index.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        let entry = index::find(code);
        Self {
            code,
            title: entry
                .map_or("unknown error", |entry| entry.title)
                .to_owned(),
            detail: detail.into(),
            fix: entry.map_or("", |entry| entry.fix).to_owned(),
            sip_status: None,
            call: None,
        }
    }

    /// The same with another fix, where the place knows a better one.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = fix.into();
        self
    }

    /// The same with the SIP status behind it.
    #[must_use]
    pub const fn sip_status(mut self, status: u16) -> Self {
        self.sip_status = Some(status);
        self
    }

    /// The same about `call`.
    #[must_use]
    pub const fn call(mut self, call: CallHandle) -> Self {
        self.call = Some(call);
        self
    }
}

/// The four lines people see. The first stands alone where there is room for one.
impl fmt::Display for ErrorObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "! {} {}", self.code, self.title)?;
        let status = self.sip_status.map(|status| format!(" (SIP {status})"));
        let status = status.unwrap_or_default();
        if !self.detail.is_empty() || !status.is_empty() {
            write!(f, "\n  why   {}{status}", self.detail)?;
        }
        if !self.fix.is_empty() {
            write!(f, "\n  fix   {}", self.fix)?;
        }
        write!(f, "\n  more  offhook explain {}", self.code)
    }
}

impl std::error::Error for ErrorObject {}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn an_error_says_what_why_and_what_to_do() {
        let error =
            ErrorObject::new(Code::WRONG_PASSWORD, "pbx.example refused 101").sip_status(403);
        expect![[r#"
            ! OH-2001 the server does not accept this user and password
              why   pbx.example refused 101 (SIP 403)
              fix   check the user and the password of the account; some servers want another name to log in: set auth_user
              more  offhook explain OH-2001"#]]
        .assert_eq(&error.to_string());
    }

    #[test]
    fn what_is_quoted_is_cut_to_a_line() {
        assert_eq!(quoted("sip:a@b"), "'sip:a@b'");
        let long = format!("sip:{}", "ü".repeat(35_000));
        let text = quoted(&long);
        assert!(
            text.len() < 200 && text.ends_with("…' (70004 bytes)"),
            "{text}"
        );
    }

    #[test]
    fn codes_read_as_they_are_written() {
        for text in ["OH-3107", "oh-3107", "3107"] {
            assert_eq!(text.parse(), Ok(Code(3107)));
        }
        for text in ["", "OH-", "OH-31", "OH-31070", "OH-31x7"] {
            assert_eq!(text.parse::<Code>(), Err(NotACode), "{text}");
        }
    }
}
