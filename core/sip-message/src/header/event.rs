//! Event and Subscription-State. Source: RFC 6665 §8.2.

use bytes::Bytes;
use core::fmt;
use serde::{Deserialize, Serialize};

use super::{HeaderName, Headers, seconds};
use crate::scan::Scanner;
use crate::span::Span;
use crate::value::{Value, as_text};
use crate::{Malformed, Text, params};

/// `token;parameters`, the form Event, Subscription-State and some others share.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct TokenParams {
    text: Text,
    token: Span,
    params: Span,
}

impl TokenParams {
    pub(super) fn token(&self) -> &str {
        self.token.text(self.text.bytes())
    }

    pub(super) fn param(&self, name: &str) -> Option<&str> {
        params::find(self.params.of(self.text.bytes()), name)
    }
}

impl Value for TokenParams {
    fn parse(bytes: Bytes) -> Result<Self, Malformed> {
        let text = Text::new(bytes)?;
        let bytes = text.bytes();
        let mut scanner = Scanner::new(bytes);
        let token = scanner.token("token")?;
        let params = params::check(&mut scanner, bytes, |_, _| {})?;
        Ok(Self {
            token,
            params,
            text,
        })
    }
}

impl fmt::Display for TokenParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for TokenParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What a subscription is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event(TokenParams);

impl Event {
    /// The event package, such as `dialog`; with its templates: `presence.winfo`.
    pub fn package(&self) -> &str {
        self.0.token()
    }

    /// What tells two subscriptions of one dialog apart.
    pub fn id(&self) -> Option<&str> {
        self.0.param("id")
    }

    /// The value of any other parameter.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.0.param(name)
    }

    /// Whether both name the same subscription within a dialog (RFC 6665 §4.5.2).
    pub fn is(&self, other: &Self) -> bool {
        self.package().eq_ignore_ascii_case(other.package()) && self.id() == other.id()
    }
}

impl Value for Event {
    fn parse(bytes: Bytes) -> Result<Self, Malformed> {
        TokenParams::parse(bytes).map(Self)
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How a subscription stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SubscriptionPhase {
    /// Accepted; documents come.
    Active,
    /// Waits for somebody's consent.
    Pending,
    /// Over.
    Terminated,
    /// Something this crate does not know.
    Other,
}

/// What a notifier says of a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionState(TokenParams);

impl SubscriptionState {
    /// How it stands.
    pub fn phase(&self) -> SubscriptionPhase {
        const KNOWN: [(&str, SubscriptionPhase); 3] = [
            ("active", SubscriptionPhase::Active),
            ("pending", SubscriptionPhase::Pending),
            ("terminated", SubscriptionPhase::Terminated),
        ];
        let token = self.0.token();
        let found = KNOWN
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(token));
        found.map_or(SubscriptionPhase::Other, |&(_, phase)| phase)
    }

    /// How long it goes on. Unit: s.
    pub fn expires(&self) -> Option<u32> {
        self.0.param("expires").and_then(seconds)
    }

    /// Why it ended, such as `deactivated` or `noresource`.
    pub fn reason(&self) -> Option<&str> {
        self.0.param("reason")
    }

    /// When to try again. Unit: s.
    pub fn retry_after(&self) -> Option<u32> {
        self.0.param("retry-after").and_then(seconds)
    }
}

impl Value for SubscriptionState {
    fn parse(bytes: Bytes) -> Result<Self, Malformed> {
        TokenParams::parse(bytes).map(Self)
    }
}

impl fmt::Display for SubscriptionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

as_text!(Event, SubscriptionState);

impl Headers {
    /// What a SUBSCRIBE, NOTIFY or PUBLISH is about.
    pub fn event(&self) -> Result<Option<Event>, Malformed> {
        self.single(HeaderName::Event)
    }

    /// What a NOTIFY says of its subscription.
    pub fn subscription_state(&self) -> Result<Option<SubscriptionState>, Malformed> {
        self.single(HeaderName::SubscriptionState)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subscriptions_come_apart() {
        let event: Event = "dialog;id=7;call-id=\"x@y\"".parse().unwrap();
        assert_eq!((event.package(), event.id()), ("dialog", Some("7")));
        assert!(event.is(&"Dialog ; id=7".parse().unwrap()));
        assert!(!event.is(&"dialog".parse().unwrap()));

        let state: SubscriptionState = "terminated;reason=probation;retry-after=4".parse().unwrap();
        assert_eq!(state.phase(), SubscriptionPhase::Terminated);
        assert_eq!(state.reason(), Some("probation"));
        assert_eq!(state.retry_after(), Some(4));
        assert!("active;;".parse::<SubscriptionState>().is_err());
        assert!("".parse::<Event>().is_err());
    }
}
