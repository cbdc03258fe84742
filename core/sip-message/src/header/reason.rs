//! Why: Reason and Warning. Source: RFC 3326, RFC 3261 §20.43.

use bytes::Bytes;
use core::fmt;
use std::borrow::Cow;

use super::event::TokenParams;
use super::{HeaderName, Headers};
use crate::limits::MAX_ROUTES;
use crate::scan::{self, Scanner};
use crate::value::{Value, as_text};
use crate::{Malformed, Text};

/// Why a request was sent, by some protocol's own numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason(TokenParams);

impl Reason {
    /// The reasons in the value of a Reason header field. What cannot be read is left out.
    pub fn list(text: &str) -> Vec<Self> {
        let bytes = Bytes::copy_from_slice(text.as_bytes());
        scan::List::new(&bytes)
            .take(MAX_ROUTES)
            .filter_map(|span| Self::parse(span.share(&bytes)).ok())
            .collect()
    }

    /// Whose numbers: `SIP`, `Q.850`, …
    pub fn protocol(&self) -> &str {
        self.0.token()
    }

    /// The number.
    pub fn cause(&self) -> Option<u16> {
        let cause = self.0.param("cause")?;
        scan::number(cause.as_bytes(), 999).map(|cause| cause as u16)
    }

    /// The same for people.
    pub fn text(&self) -> Option<Cow<'_, str>> {
        self.0.param("text").map(scan::unquote)
    }
}

impl Value for Reason {
    fn parse(bytes: Bytes) -> Result<Self, Malformed> {
        TokenParams::parse(bytes).map(Self)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

as_text!(Reason);

/// `399 agent "text"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Range: 100 to 999.
    pub code: u16,
    /// Who warns.
    pub agent: Text,
    /// Of what, without quotes and escapes.
    pub text: String,
}

impl Value for Warning {
    fn parse(bytes: Bytes) -> Result<Self, Malformed> {
        let mut scanner = Scanner::new(&bytes);
        let digits = scanner.run(|byte| byte.is_ascii_digit());
        let code = scan::number(digits.of(&bytes), 999).filter(|&code| code >= 100);
        scanner.spaces();
        let agent = scanner.run(|byte| !scan::is_space(byte));
        scanner.spaces();
        let (Some(code), Some(b'"')) = (code, scanner.peek()) else {
            return Err(Malformed::new("warning-value", 0));
        };
        let text = scanner.quoted()?;
        Ok(Self {
            code: code as u16,
            agent: Text::new(agent.share(&bytes))?,
            text: scan::unquote(&String::from_utf8_lossy(text.of(&bytes))).into_owned(),
        })
    }
}

impl Headers {
    /// The reasons a BYE or CANCEL gives. What cannot be read is left out.
    pub fn reasons(&self) -> Vec<Reason> {
        self.spans(HeaderName::Reason.into())
            .take(MAX_ROUTES)
            .filter_map(|span| self.read(span).ok())
            .collect()
    }

    /// What the peer warns of. What cannot be read is left out: nobody acts on a warning.
    pub fn warnings(&self) -> Vec<Warning> {
        self.spans(HeaderName::Warning.into())
            .take(MAX_ROUTES)
            .filter_map(|span| self.read(span).ok())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ResponseBuilder, Status};

    #[test]
    fn reasons_and_warnings_are_read_as_far_as_they_can_be() {
        let response = ResponseBuilder::new(Status::SERVICE_UNAVAILABLE)
            .header(
                HeaderName::Reason,
                "Q.850;cause=16;text=\"Call, cleared\", SIP ;cause=200, ;;",
            )
            .header(
                HeaderName::Warning,
                "1812 overture \"In Progress\", 399 a \"b \\\"c\\\"\"",
            )
            .build();
        let reasons = response.headers().reasons();
        assert_eq!(
            (reasons[0].protocol(), reasons[0].cause()),
            ("Q.850", Some(16))
        );
        assert_eq!(reasons[0].text().unwrap(), "Call, cleared");
        assert_eq!((reasons[1].protocol(), reasons.len()), ("SIP", 2));
        let warnings = response.headers().warnings();
        assert_eq!(
            (warnings[0].code, warnings[0].text.as_str()),
            (399, "b \"c\"")
        );
        assert_eq!(warnings.len(), 1);
    }
}
