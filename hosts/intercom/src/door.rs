//! The door: opened by keys that a caller presses, shut again by itself.

use control::event::{Filter, Side};
use control::{CallHandle, Code, ErrorObject, EventBody};
use engine::listener::Next;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::str::FromStr;
use std::time::Duration;

/// A relay that did not shut is told again after this. Unit: time.
const AGAIN: Duration = Duration::from_secs(1);

/// Keys that open the door.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Key(String);

impl core::fmt::Debug for Key {
    /// A key is a secret.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} keys", self.0.len())
    }
}

impl FromStr for Key {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.to_ascii_uppercase();
        let is_key = |c| matches!(c, '0'..='9' | '*' | '#' | 'A'..='D');
        match (1..=16).contains(&text.len()) && text.chars().all(is_key) {
            true => Ok(Self(text)),
            false => Err("1 to 16 of 0-9 * # A-D"),
        }
    }
}

/// What each caller pressed last.
#[derive(Debug, Default)]
struct Pressed(BTreeMap<CallHandle, String>);

impl Pressed {
    /// One more digit; whether the caller's last ones are the key. Then it has to be pressed anew.
    fn press(&mut self, call: CallHandle, digit: char, key: &Key) -> bool {
        let pressed = self.0.entry(call).or_default();
        pressed.push(digit);
        if pressed.len() > key.0.len() {
            pressed.remove(0);
        }
        let opens = *pressed == key.0;
        if opens {
            pressed.clear();
        }
        opens
    }
}

/// A door. However its watch ends, it is shut.
#[derive(Debug)]
pub(crate) struct Door {
    key: Option<Key>,
    relay: Option<PathBuf>,
    open_for: Duration,
}

impl Drop for Door {
    fn drop(&mut self) {
        // It has been complained of when it was opened, and nobody is left who could do more.
        let _ = self.switch("0");
    }
}

impl Door {
    /// A door that is shut.
    ///
    /// # Errors
    ///
    /// Its relay cannot be written: nobody would ever get in.
    pub(crate) fn shut(
        key: Option<Key>,
        relay: Option<PathBuf>,
        open_for: Duration,
    ) -> Result<Self, ErrorObject> {
        let door = Self {
            key,
            relay,
            open_for,
        };
        door.switch("0")?;
        Ok(door)
    }

    /// Listens to what callers press, until the engine stops.
    pub(crate) async fn watch(&self, core: &Rc<engine::Core>) {
        let Some(key) = &self.key else {
            return core.stopped().await;
        };
        let events = core.events(Filter(vec!["call.dtmf".into(), "call.ended".into()]));
        let mut pressed = Pressed::default();
        let mut shut_at = None;
        loop {
            let shut = async {
                match shut_at {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            let next = tokio::select! {
                () = core.stopped() => break,
                () = shut => {
                    shut_at = match self.switch("0") {
                        Ok(()) => None,
                        // An open door is not left so.
                        Err(_) => Some(tokio::time::Instant::now() + AGAIN),
                    };
                    if shut_at.is_none() {
                        terminal::line("door shut");
                    }
                    continue;
                }
                next = events.next() => next,
            };
            let Next::Event(sent) = next else {
                continue;
            };
            let Some(call) = sent.event.call else {
                continue;
            };
            if let EventBody::CallEnded(_) = &sent.event.body {
                pressed.0.remove(&call);
            }
            if let EventBody::CallDtmf(dtmf) = &sent.event.body
                && dtmf.direction == Side::Remote
                && pressed.press(call, dtmf.digit, key)
            {
                shut_at = Some(tokio::time::Instant::now() + self.open_for);
                match self.switch("1") {
                    Ok(()) => terminal::line("door open"),
                    Err(error) => terminal::complain(&error),
                }
            }
        }
    }

    fn switch(&self, to: &str) -> Result<(), ErrorObject> {
        let Some(relay) = &self.relay else {
            return Ok(());
        };
        std::fs::write(relay, to).map_err(|why| {
            let why = format!(
                "the door's relay {} cannot be written: {why}",
                relay.display()
            );
            ErrorObject::new(Code::BROKEN_SETTINGS, why)
                .fix("name the relay's file by --door-relay, and let this user write it")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_key_opens_and_has_to_be_pressed_anew() {
        let key: Key = "17#".parse().unwrap();
        let (one, other) = ("c7k2".parse().unwrap(), "c7k3".parse().unwrap());
        let mut pressed = Pressed::default();
        let mut press = |call, digits: &str| {
            let opened = digits.chars().filter(|&d| pressed.press(call, d, &key));
            opened.count()
        };
        assert_eq!(press(one, "1117"), 0);
        assert_eq!(press(other, "#"), 0, "each caller presses for itself");
        assert_eq!(press(one, "#"), 1);
        assert_eq!(press(one, "#7#17"), 0);
        assert_eq!(press(one, "#17#"), 2);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in ["", "x", "12345678901234567"] {
            assert!(text.parse::<Key>().is_err(), "{text}");
        }
    }
}
