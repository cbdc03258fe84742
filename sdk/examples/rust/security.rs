//! A way to agree on keys, without the keys: it says its attribute, looks for the peer's, and fails with a
//! reason. Put your exchange where it says so. Media is never sent with keys that nobody agreed on.

use plugin::Refusal;
use plugin::draft::security::{Security, SecurityInput, SecurityOutput};
use std::collections::VecDeque;

/// Our attribute in the description of the media.
const ATTRIBUTE: &str = "x-mine:1";
/// More is never waiting: the host polls until there is nothing.
const WAITING: usize = 16;

/// A machine for one media: it does no IO, it says what is to be done.
#[derive(Debug)]
pub struct Mine {
    next: VecDeque<SecurityOutput>,
}

impl Security for Mine {
    fn open(_request: &str, _seed: &[u8; 32]) -> Result<Self, Refusal> {
        Ok(Self {
            next: [SecurityOutput::Local(ATTRIBUTE.to_owned())].into(),
        })
    }

    fn handle(&mut self, input: SecurityInput<'_>, _now_ns: u64) {
        if self.next.len() == WAITING {
            return;
        }
        match input {
            // Here the exchange begins; at its end stand two `SecurityOutput::Keys` and a `Verdict`.
            SecurityInput::Remote(attributes) => {
                let why = match attributes.lines().any(|line| line.trim() == ATTRIBUTE) {
                    true => "no exchange is written yet",
                    false => "the peer does not offer this way",
                };
                self.next.push_back(SecurityOutput::Failed(why.to_owned()));
            }
            SecurityInput::Time | SecurityInput::Packet { .. } | SecurityInput::Confirmed(_) => {}
        }
    }

    fn poll(&mut self) -> Option<SecurityOutput> {
        self.next.pop_front()
    }
}

plugin::export_security!(Mine);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_the_peers_attribute_there_are_no_keys() {
        let mut security = Mine::open("{}", &[0; 32]).unwrap();
        assert_eq!(
            security.poll(),
            Some(SecurityOutput::Local(ATTRIBUTE.to_owned()))
        );
        security.handle(SecurityInput::Remote("crypto:1"), 1);
        assert!(matches!(security.poll(), Some(SecurityOutput::Failed(_))));
        assert_eq!(security.poll(), None);
    }
}
