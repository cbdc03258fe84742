//! application/simple-message-summary: what waits in a mailbox. Source: RFC 3842 §5.

use super::xml::Bad;
use serde::{Deserialize, Serialize};

/// Longest document. Unit: bytes.
const MAX_BYTES: usize = 64 * 1024;
/// Lines that are looked at.
const MAX_LINES: usize = 256;

/// What waits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Something new waits.
    pub waiting: bool,
    /// Where to listen to it.
    pub account: Option<String>,
    /// Voice messages; `None`: the server counts none.
    pub voice: Option<Counts>,
}

/// Counts of one kind of message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Not listened to yet.
    pub new: u32,
    /// Listened to.
    pub old: u32,
    /// Of the new ones, urgent.
    pub new_urgent: u32,
    /// Of the old ones, urgent.
    pub old_urgent: u32,
}

/// Reads one document.
pub fn read(body: &[u8]) -> Result<Summary, Bad> {
    if body.len() > MAX_BYTES {
        return Err(Bad::TooMuch("bytes"));
    }
    let text = core::str::from_utf8(body).map_err(|_| Bad::Malformed("text"))?;
    let mut summary = Summary::default();
    let mut waiting = None;
    for line in text.lines().take(MAX_LINES) {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        let value = value.trim();
        let name = name.trim();
        if name.eq_ignore_ascii_case("Messages-Waiting") {
            waiting = Some(value.eq_ignore_ascii_case("yes"));
        } else if name.eq_ignore_ascii_case("Message-Account") {
            summary.account = (!value.is_empty()).then(|| value.to_owned());
        } else if name.eq_ignore_ascii_case("Voice-Message") {
            summary.voice = Some(counts(value).ok_or(Bad::Malformed("count of messages"))?);
        }
    }
    summary.waiting = waiting.ok_or(Bad::Malformed("Messages-Waiting"))?;
    Ok(summary)
}

/// Writes one document.
pub fn write(summary: &Summary) -> String {
    let waiting = match summary.waiting {
        true => "yes",
        false => "no",
    };
    let mut text = format!("Messages-Waiting: {waiting}\r\n");
    if let Some(account) = &summary.account {
        text.push_str(&format!("Message-Account: {account}\r\n"));
    }
    if let Some(Counts {
        new,
        old,
        new_urgent,
        old_urgent,
    }) = summary.voice
    {
        text.push_str(&format!(
            "Voice-Message: {new}/{old} ({new_urgent}/{old_urgent})\r\n"
        ));
    }
    text
}

/// `2/8 (0/2)`; the part in brackets may be missing.
fn counts(text: &str) -> Option<Counts> {
    let (all, urgent) = match text.split_once('(') {
        Some((all, rest)) => (all, rest.trim_end().strip_suffix(')')?),
        None => (text, "0/0"),
    };
    let pair = |text: &str| -> Option<(u32, u32)> {
        let (new, old) = text.split_once('/')?;
        Some((new.trim().parse().ok()?, old.trim().parse().ok()?))
    };
    let ((new, old), (new_urgent, old_urgent)) = (pair(all)?, pair(urgent)?);
    Some(Counts {
        new,
        old,
        new_urgent,
        old_urgent,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m061_k025_the_example_of_the_rfc_yields_its_counts() {
        let text = "Messages-Waiting: yes\r\nMessage-Account: sip:alice@vmail.example.com\r\n\
                    Voice-Message: 2/8 (0/2)\r\n\r\nTo: alice\r\nSubject: x: y\r\n";
        let summary = read(text.as_bytes()).unwrap();
        assert!(summary.waiting);
        let account = summary.account.as_deref();
        assert_eq!(account, Some("sip:alice@vmail.example.com"));
        let counts = Counts {
            new: 2,
            old: 8,
            new_urgent: 0,
            old_urgent: 2,
        };
        assert_eq!(summary.voice, Some(counts));
        let none = read(b"messages-waiting : no\n").unwrap();
        assert_eq!(none, Summary::default());
        let short = read(b"Messages-Waiting: yes\nVoice-Message: 1/0").unwrap();
        assert_eq!(short.voice.map(|counts| counts.new), Some(1));
    }

    #[test]
    fn m061_what_is_written_is_read_again() {
        let voice = Some(Counts {
            new: 1,
            old: 20,
            new_urgent: 0,
            old_urgent: 3,
        });
        let all = Summary {
            waiting: true,
            account: Some("sip:*97@pbx.test:5070".to_owned()),
            voice,
        };
        for summary in [all, Summary::default()] {
            assert_eq!(read(write(&summary).as_bytes()), Ok(summary));
        }
    }

    #[test]
    fn what_counts_nothing_is_refused() {
        for text in [
            "",
            "Voice-Message: 1/0",
            "Messages-Waiting: yes\nVoice-Message: many",
            "Messages-Waiting: yes\nVoice-Message: 1/2 (3",
            "Messages-Waiting: yes\nVoice-Message: 99999999999/0",
        ] {
            assert!(
                matches!(read(text.as_bytes()), Err(Bad::Malformed(_))),
                "{text}"
            );
        }
        let long = vec![b'\n'; MAX_BYTES + 1];
        assert_eq!(read(&long), Err(Bad::TooMuch("bytes")));
    }
}
