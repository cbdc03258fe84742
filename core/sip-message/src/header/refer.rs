//! Refer-To, Referred-By, Replaces, Target-Dialog.
//!
//! Source: RFC 3515 §2.1, RFC 3892 §2.1, RFC 3891 §6.1, RFC 4538 §7.

use bytes::Bytes;
use core::fmt;

use super::{HeaderName, Headers, NameAddr};
use crate::scan::Scanner;
use crate::span::Span;
use crate::value::{Value, as_text};
use crate::{Malformed, SipUri, Text, params, scan, unescape};

/// A dialog, as somebody else names it: Call-ID and two tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaces {
    /// The dialog's Call-ID.
    pub call_id: Text,
    /// The tag that is local where this header arrives.
    pub to_tag: Text,
    /// The tag that is remote where this header arrives.
    pub from_tag: Text,
    /// Only while the dialog is early (RFC 3891 §3).
    pub early_only: bool,
}

impl Replaces {
    /// The Replaces header inside a Refer-To URI, escapes taken off.
    pub fn in_uri(uri: &SipUri) -> Option<Result<Self, Malformed>> {
        let (_, value) = uri
            .headers()
            .find(|(name, _)| name.eq_ignore_ascii_case("Replaces"))?;
        let plain = unescape(value.unwrap_or_default());
        let text = core::str::from_utf8(&plain).map_err(|_| Malformed::new("Replaces", 0));
        Some(text.and_then(str::parse))
    }
}

impl Value for Replaces {
    fn parse(bytes: Bytes) -> Result<Self, Malformed> {
        let dialog = DialogName::parse(bytes)?;
        Ok(Self {
            call_id: dialog.call_id,
            to_tag: tag(dialog.to_tag)?,
            from_tag: tag(dialog.from_tag)?,
            early_only: dialog.early_only,
        })
    }
}

impl fmt::Display for Replaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (to, from) = (&self.to_tag, &self.from_tag);
        let early = if self.early_only { ";early-only" } else { "" };
        write!(f, "{};to-tag={to};from-tag={from}{early}", self.call_id)
    }
}

/// A dialog whose knowledge shows that its sender may do this (RFC 4538).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetDialog {
    /// The dialog's Call-ID.
    pub call_id: Text,
    /// The tag of the header's sender.
    pub local_tag: Text,
    /// The tag of the header's receiver.
    pub remote_tag: Text,
}

impl Value for TargetDialog {
    fn parse(bytes: Bytes) -> Result<Self, Malformed> {
        let dialog = DialogName::parse(bytes)?;
        Ok(Self {
            call_id: dialog.call_id,
            local_tag: tag(dialog.local_tag)?,
            remote_tag: tag(dialog.remote_tag)?,
        })
    }
}

impl fmt::Display for TargetDialog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (local, remote) = (&self.local_tag, &self.remote_tag);
        write!(f, "{};local-tag={local};remote-tag={remote}", self.call_id)
    }
}

/// `callid;parameters`, with all parameters any of these headers knows.
struct DialogName {
    call_id: Text,
    to_tag: Option<Text>,
    from_tag: Option<Text>,
    local_tag: Option<Text>,
    remote_tag: Option<Text>,
    early_only: bool,
}

fn tag(found: Option<Text>) -> Result<Text, Malformed> {
    found
        .filter(|tag| !tag.is_empty())
        .ok_or(Malformed::new("dialog tag", 0))
}

impl Value for DialogName {
    fn parse(bytes: Bytes) -> Result<Self, Malformed> {
        let text = Text::new(bytes)?;
        let bytes = text.bytes();
        let mut scanner = Scanner::new(bytes);
        let call_id = scanner.run(|byte| byte != b';' && !scan::is_space(byte));
        if call_id.is_empty() {
            return scanner.fail("callid");
        }
        let params = params::check(&mut scanner, bytes, |_, _| {})?;
        let find = |name: &str| {
            let value = params::find(params.of(bytes), name)?;
            Some(Text::from(value))
        };
        Ok(Self {
            call_id: share(call_id, bytes)?,
            to_tag: find("to-tag"),
            from_tag: find("from-tag"),
            local_tag: find("local-tag"),
            remote_tag: find("remote-tag"),
            early_only: find("early-only").is_some(),
        })
    }
}

fn share(span: Span, bytes: &Bytes) -> Result<Text, Malformed> {
    Text::new(span.share(bytes))
}

as_text!(Replaces, TargetDialog);

impl Headers {
    /// Where a REFER sends its receiver.
    pub fn refer_to(&self) -> Result<Option<NameAddr>, Malformed> {
        self.single(HeaderName::ReferTo)
    }

    /// On whose behalf a request is sent.
    pub fn referred_by(&self) -> Result<Option<NameAddr>, Malformed> {
        self.single(HeaderName::ReferredBy)
    }

    /// Which dialog an INVITE takes over.
    pub fn replaces(&self) -> Result<Option<Replaces>, Malformed> {
        self.single(HeaderName::Replaces)
    }

    /// Which dialog shows that the sender may do this.
    pub fn target_dialog(&self) -> Result<Option<TargetDialog>, Malformed> {
        self.single(HeaderName::TargetDialog)
    }

    /// Whether a REFER wants no subscription (RFC 4488).
    pub fn wants_no_refer_subscription(&self) -> bool {
        self.first(HeaderName::ReferSub)
            .is_some_and(|value| value.eq_ignore_ascii_case(b"false"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dialog_survives_the_way_through_a_refer_to_uri() {
        let replaces = Replaces {
            call_id: "425928@bobster.example.org".into(),
            to_tag: "7743".into(),
            from_tag: "6472".into(),
            early_only: true,
        };
        let target: SipUri = "sip:bob@b.example".parse().unwrap();
        let target = target.with_header("Replaces", &replaces.to_string());
        let refer_to: NameAddr = format!("<{target}>").parse().unwrap();
        let back = Replaces::in_uri(refer_to.uri().sip().unwrap());
        assert_eq!(back, Some(Ok(replaces)));
    }

    #[test]
    fn a_dialog_without_both_tags_is_refused() {
        for text in ["a@b", "a@b;to-tag=1", ";to-tag=1;from-tag=2", ""] {
            assert!(text.parse::<Replaces>().is_err(), "{text}");
        }
        let dialog: TargetDialog = "a@b;local-tag=1;remote-tag=2".parse().unwrap();
        assert_eq!(dialog.to_string().parse(), Ok(dialog));
    }
}
