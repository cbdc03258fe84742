//! What is done with a number: the named dial actions, and what each of them needs.
//!
//! Source: account keys K-135, K-136, K-168, K-169 and K-215 to K-222. A rule's action goes before the one that a
//! person chooses: that is what `overrideDialAction` is for.

use crate::dial_string::{self, DialString};
use crate::dialling::{Dialled, Dialling};
use crate::number;

/// What a number can be used for (K-215 to K-222).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DialAction {
    /// Calls, with video as is usual.
    AutoCall,
    /// Calls by sound alone.
    VoiceCall,
    /// Calls with video.
    VideoCall,
    /// Calls by way of an access number.
    CallThrough,
    /// Has a service call both.
    WebCallback,
    /// Opens an address.
    OpenUrl,
    /// Calls over the telephone company's radio.
    GsmCall,
    /// Asks the person.
    Options,
}

/// All of them, as the account keys spell them.
pub const DIAL_ACTIONS: [(&str, DialAction); 8] = [
    ("autoCall", DialAction::AutoCall),
    ("voiceCall", DialAction::VoiceCall),
    ("videoCall", DialAction::VideoCall),
    ("callThrough", DialAction::CallThrough),
    ("webCallback", DialAction::WebCallback),
    ("openUrl", DialAction::OpenUrl),
    ("gsmCall", DialAction::GsmCall),
    ("options", DialAction::Options),
];

impl DialAction {
    /// By its name.
    pub fn read(name: &str) -> Option<Self> {
        let known = DIAL_ACTIONS.iter().find(|(own, _)| *own == name);
        known.map(|(_, action)| *action)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        let known = DIAL_ACTIONS.iter().find(|(_, action)| *action == self);
        known.map_or("autoCall", |(name, _)| name)
    }
}

/// Why a dial action cannot be done. The words are those of the account keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// K-217.
    #[error("dial action videoCall: this phone has no video")]
    NoVideo,
    /// K-218.
    #[error("call-through is not enabled for this account")]
    NoCallThrough,
    /// K-219.
    #[error("web callback is not enabled for this account")]
    NoWebCallback,
    /// K-220.
    #[error("dial action openUrl: no address configured")]
    NoAddress,
    /// K-221.
    #[error("dial action gsmCall: this host cannot place cellular calls")]
    NoRadio,
    /// What is called cannot be keyed in.
    #[error("dial action callThrough: {0} is no number that can be keyed in")]
    NoNumber(String),
    /// The access number and the number together.
    #[error("dial action callThrough: {0}")]
    DialString(#[from] dial_string::Refused),
}

/// Where the number stands in a dial string (K-225).
const TARGET: &str = "%targetNumber%";

/// A dial string with a place for the number (K-169): an access number, and what is keyed in after its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallThrough(String);

impl CallThrough {
    /// Reads a template such as `+1555123456,%targetNumber%`; `None`: it is none.
    pub fn read(template: &str) -> Option<Self> {
        let (access, keyed) = template.split_once(',')?;
        let fits = number::plain(access).is_some_and(|access| !access.is_empty());
        let whole = template.replace(TARGET, "1");
        let is_one = fits && keyed.contains(TARGET) && DialString::read(&whole).is_ok();
        is_one.then(|| Self(template.to_owned()))
    }

    /// What to dial for `number`.
    fn dial(&self, number: &str) -> Result<DialString, Refused> {
        let keys = number::plain(number).filter(|plain| !plain.contains('+'));
        let keys = keys.ok_or_else(|| Refused::NoNumber(number.to_owned()))?;
        Ok(DialString::read(&self.0.replace(TARGET, &keys))?)
    }
}

impl Dialling {
    /// What becomes of a number with the action that a rule wants for it, or else with the one that was `chosen`.
    /// [`Dialled::action`] says which it was. Emergency numbers are called, whatever anybody wants.
    pub fn act(&self, dialled: Dialled, chosen: Option<DialAction>) -> Result<Dialled, Refused> {
        let wanted = dialled.action.or(chosen).filter(|_| !dialled.is_emergency);
        let action = wanted.unwrap_or(DialAction::AutoCall);
        let dialled = Dialled {
            action: wanted,
            ..dialled
        };
        match action {
            // Options without anybody to ask is a call (K-222).
            DialAction::AutoCall | DialAction::VoiceCall | DialAction::Options => Ok(dialled),
            DialAction::CallThrough => self.through(dialled),
            DialAction::VideoCall => Err(Refused::NoVideo),
            DialAction::WebCallback => Err(Refused::NoWebCallback),
            DialAction::OpenUrl => self.open(dialled),
            DialAction::GsmCall => Err(Refused::NoRadio),
        }
    }

    /// The account's page for it.
    fn open(&self, dialled: Dialled) -> Result<Dialled, Refused> {
        let template = self.open_url.as_ref().ok_or(Refused::NoAddress)?;
        let open = Some(template.address(&dialled.to));
        Ok(Dialled { open, ..dialled })
    }

    /// By way of the access number.
    fn through(&self, dialled: Dialled) -> Result<Dialled, Refused> {
        let access = self.call_through.as_ref().ok_or(Refused::NoCallThrough)?;
        let DialString { number, mut after } = access.dial(&dialled.to)?;
        after.extend(dialled.after);
        let to = match &self.location {
            Some(here) if number.starts_with('+') => here.dial(&number),
            Some(_) | None => number::plain(&number).unwrap_or(number),
        };
        Ok(Dialled {
            to,
            after,
            ..dialled
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dial_string::{PAUSE, Stage};
    use crate::{Direction, Location, Rules, Surroundings};

    fn through(rules: &[&str]) -> Dialling {
        Dialling {
            rules: Rules::read(rules.iter().copied(), Direction::Outgoing).unwrap(),
            emergency: vec!["112".to_owned()],
            call_through: CallThrough::read("+1 555 123456,%targetNumber%,,1"),
            ..Dialling::default()
        }
    }

    fn act(
        dialling: &Dialling,
        typed: &str,
        chosen: Option<DialAction>,
    ) -> Result<Dialled, Refused> {
        let dialled = dialling.dial(typed, &Surroundings::default()).unwrap();
        dialling.act(dialled, chosen)
    }

    /// K-169, K-218, K-225: the access number is called; the number follows without marks, then what was dialled behind.
    #[test]
    fn m_210_call_through_dials_the_access_number_and_keys_the_number_in() {
        let dialling = through(&[]);
        let made = act(&dialling, "(555) 123-1234,9", Some(DialAction::CallThrough)).unwrap();
        assert_eq!(made.to, "+1555123456");
        let (wait, keys) = (Stage::Wait, |keys: &str| Stage::Keys(keys.to_owned()));
        let after = [
            wait(PAUSE),
            keys("5551231234"),
            wait(2 * PAUSE),
            keys("1"),
            wait(PAUSE),
            keys("9"),
        ];
        assert_eq!(made.after, after);
        let here = Dialling {
            location: Some(Location::germany("711")),
            ..dialling
        };
        let made = act(&here, "+49 711 5", Some(DialAction::CallThrough)).unwrap();
        assert_eq!(made.to, "0001555123456");
        assert_eq!(made.after[1], Stage::Keys("007115".to_owned()));
    }

    /// K-135, K-136: rules go before what a person chose; an emergency number is called.
    #[test]
    fn m_210_rules_go_before_persons_and_emergencies_before_both() {
        let dialling = through(&[
            "startsWith 9 => callThrough",
            "equals 5 => overrideDialAction voiceCall",
            "equals 6 => overrideDialAction callThrough",
        ]);
        let to = |typed, chosen| act(&dialling, typed, chosen).map(|made| (made.to, made.action));
        let through = |chosen| Ok(("+1555123456".to_owned(), Some(chosen)));
        assert_eq!(to("91", None), through(DialAction::CallThrough));
        assert_eq!(
            to("6", Some(DialAction::VoiceCall)),
            through(DialAction::CallThrough)
        );
        let voice = Ok(("5".to_owned(), Some(DialAction::VoiceCall)));
        assert_eq!(to("5", Some(DialAction::CallThrough)), voice);
        assert_eq!(
            to("112", Some(DialAction::CallThrough)),
            Ok(("112".to_owned(), None))
        );
        assert_eq!(to("7", None), Ok(("7".to_owned(), None)));
    }

    /// K-215 to K-222: each action by its name, and what is said where it cannot be done.
    #[test]
    fn m_210_each_action_is_done_or_says_why_not() {
        let dialling = Dialling::default();
        for (name, said) in [
            ("autoCall", None),
            ("voiceCall", None),
            ("options", None),
            (
                "videoCall",
                Some("dial action videoCall: this phone has no video"),
            ),
            (
                "callThrough",
                Some("call-through is not enabled for this account"),
            ),
            (
                "webCallback",
                Some("web callback is not enabled for this account"),
            ),
            (
                "openUrl",
                Some("dial action openUrl: no address configured"),
            ),
            (
                "gsmCall",
                Some("dial action gsmCall: this host cannot place cellular calls"),
            ),
        ] {
            let action = DialAction::read(name).unwrap();
            assert_eq!(action.name(), name);
            let done = act(&dialling, "7", Some(action));
            let why = done.err().map(|why| why.to_string());
            assert_eq!(why.as_deref(), said, "{name}");
        }
        assert_eq!(DialAction::read("fly"), None);
    }

    /// K-220: the page is opened with the number as rules made it; an emergency number is called.
    #[test]
    fn m_210_k_220_the_page_of_a_number_is_opened() {
        let dialling = Dialling {
            open_url: crate::open_url::OpenUrl::read("https://crm.test/?n=%uri%", |_| {
                crate::open_url::Field::Unknown
            })
            .ok(),
            ..through(&["startsWith 9 => prepend 8, overrideDialAction openUrl"])
        };
        let opened = |typed, chosen| act(&dialling, typed, chosen).unwrap().open;
        let page = |number: &str| Some(format!("https://crm.test/?n={number}"));
        assert_eq!(opened("+4205", Some(DialAction::OpenUrl)), page("%2B4205"));
        assert_eq!(opened("9600", None), page("89600"));
        assert_eq!(opened("112", Some(DialAction::OpenUrl)), None);
        assert_eq!(opened("7", None), None);
    }

    /// What cannot be keyed in is told; templates need an access number, a comma and a place for the number.
    #[test]
    fn m_210_what_cannot_be_keyed_in_is_told() {
        let dialling = through(&[]);
        for typed in ["+420123", "bob@pbx.test"] {
            let done = act(&dialling, typed, Some(DialAction::CallThrough));
            assert_eq!(done, Err(Refused::NoNumber(typed.to_owned())));
        }
        for template in [
            "",
            "0",
            "+1555%",
            "+1555",
            "+1555,%number%",
            "+1555,x%targetNumber%",
            ",%targetNumber%",
        ] {
            assert_eq!(CallThrough::read(template), None, "{template:?}");
        }
    }
}
