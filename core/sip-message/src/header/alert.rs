//! How a call wants to ring: Call-Info and Alert-Info, above all their ways to ask for auto-answer.
//!
//! Source: RFC 3261 §20.4, §20.9, RFC 7462 §4; `answer-after` (snom, Asterisk), `alert-autoanswer`
//! and `Auto Answer` (Polycom, Yealink) are habits, not standards.

use super::{HeaderName, Headers, NameAddr, seconds};
use crate::limits::MAX_ROUTES;

impl Headers {
    /// Additional information, such as a picture of the caller. What cannot be read is left out.
    pub fn call_info(&self) -> Vec<NameAddr> {
        self.readable(HeaderName::CallInfo)
    }

    /// How to ring. What cannot be read is left out.
    pub fn alert_info(&self) -> Vec<NameAddr> {
        self.readable(HeaderName::AlertInfo)
    }

    /// What Alert-Info says, in every form in which it can be meant: each address, what `info` adds to it, and a
    /// value that is neither, such as `Bellcore-dr3`. At most 16 values are looked at.
    pub fn alert_words(&self) -> Vec<String> {
        let spans = self.spans(HeaderName::AlertInfo.into()).take(MAX_ROUTES);
        let words = spans.flat_map(|span| match self.read::<NameAddr>(span) {
            Ok(value) => {
                let info = value.unquoted_param("info").map(|info| info.to_string());
                [Some(value.uri().to_string()), info]
            }
            Err(_) => {
                let value = String::from_utf8_lossy(span.of(&self.bytes))
                    .trim()
                    .to_owned();
                [Some(value).filter(|value| !value.is_empty()), None]
            }
        });
        words.flatten().collect()
    }

    /// After how long the caller would like to be answered without a hand on the phone. Unit: s.
    /// Whether to do so is policy.
    pub fn answer_after(&self) -> Option<u32> {
        let asked = self.call_info().into_iter().find_map(|value| {
            let after = value.param("answer-after")?;
            seconds(after)
        });
        asked.or_else(|| {
            self.alert_info().into_iter().find_map(|value| {
                let info = value.unquoted_param("info")?;
                let known = ["alert-autoanswer", "auto answer", "answer-after"];
                let wanted = known.iter().any(|text| info.eq_ignore_ascii_case(text));
                wanted.then(|| value.param("delay").and_then(seconds).unwrap_or(0))
            })
        })
    }

    fn readable(&self, name: HeaderName) -> Vec<NameAddr> {
        self.spans(name.into())
            .take(MAX_ROUTES)
            .filter_map(|span| self.read(span).ok())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Method, RequestBuilder};

    fn answer_after(name: HeaderName, value: &str) -> Option<u32> {
        let request = RequestBuilder::new(Method::Invite, "sip:a")
            .header(name, value)
            .build();
        request.headers().answer_after()
    }

    #[test]
    fn the_ways_to_ask_for_auto_answer() {
        let call = HeaderName::CallInfo;
        let alert = HeaderName::AlertInfo;
        assert_eq!(
            answer_after(call, "<sip:a.example>;Answer-After=2"),
            Some(2)
        );
        assert_eq!(
            answer_after(
                call,
                "<http://x/y.png>;purpose=icon, <sip:a>;answer-after=0"
            ),
            Some(0)
        );
        assert_eq!(
            answer_after(alert, "<http://127.0.0.1>;info=alert-autoanswer;delay=3"),
            Some(3)
        );
        assert_eq!(
            answer_after(alert, "<http://x>;info=\"Auto Answer\""),
            Some(0)
        );
        assert_eq!(answer_after(alert, "Bellcore-dr3"), None);
        assert_eq!(answer_after(call, ""), None);
        assert_eq!(answer_after(call, "<sip:a>;answer-after=soon"), None);
    }
}
