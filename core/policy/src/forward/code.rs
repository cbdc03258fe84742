//! What is dialled so that a server sends calls elsewhere by itself (M-133): `always on *21*%target%#`, `always off #21#`.

use crate::number;
use base::Duration;

/// Which calls are sent elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// All of them.
    Always,
    /// Those that come while a call is up.
    Busy,
    /// Those that nobody answers.
    NoAnswer,
}

/// A code of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    kind: Kind,
    /// Whether it switches on.
    on: bool,
    /// With its placeholders.
    dialled: String,
}

/// Where the target's number stands.
const TARGET: &str = "%target%";
/// Where the seconds stand in which nobody answers.
const SECONDS: &str = "%seconds%";

/// Why a line is no code, or nothing can be dialled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Words are missing, or others.
    #[error(
        "{0:?} is no code: written always|busy|no_answer on|off CODE, such as always on *21*%target%#"
    )]
    Line(String),
    /// Nobody would be called.
    #[error(
        "{0:?} does not say where to: %target% stands for the number in a code that switches on"
    )]
    Target(String),
    /// A target that is no number.
    #[error("{0:?} is no number, and the server's code takes numbers alone")]
    Number(String),
}

impl Kind {
    fn read(word: &str) -> Option<Self> {
        match word {
            "always" => Some(Self::Always),
            "busy" => Some(Self::Busy),
            "no_answer" => Some(Self::NoAnswer),
            _ => None,
        }
    }
}

impl Code {
    /// Reads a line.
    pub fn read(line: &str) -> Result<Self, Refused> {
        let wrong = || Refused::Line(line.trim().to_owned());
        let words: Vec<&str> = line.split_whitespace().collect();
        let [kind, on, dialled] = words.as_slice() else {
            return Err(wrong());
        };
        let kind = Kind::read(kind).ok_or_else(wrong)?;
        let on = match *on {
            "on" => true,
            "off" => false,
            _ => return Err(wrong()),
        };
        let code = Self {
            kind,
            on,
            dialled: (*dialled).to_owned(),
        };
        if on && !dialled.contains(TARGET) {
            return Err(Refused::Target(line.trim().to_owned()));
        }
        let filled = code.filled("1", 1);
        let has_more = !on && filled != *dialled;
        match number::plain(&filled).is_some_and(|plain| plain == filled) && !has_more {
            true => Ok(code),
            false => Err(wrong()),
        }
    }

    fn filled(&self, target: &str, seconds: u64) -> String {
        let filled = self.dialled.replace(TARGET, target);
        match self.kind {
            Kind::NoAnswer => filled.replace(SECONDS, &seconds.to_string()),
            Kind::Always | Kind::Busy => filled,
        }
    }
}

/// What to dial so that calls of this kind go to `target` from now on, those that nobody answers after `wait`; to nobody
/// without one. `None`: the server has no code for it. Errors: the target is no number.
pub fn dialled(
    codes: &[Code],
    kind: Kind,
    target: Option<&str>,
    wait: Duration,
) -> Result<Option<String>, Refused> {
    let mut fitting = codes.iter();
    let fitting = fitting.find(|code| code.kind == kind && code.on == target.is_some());
    let Some(code) = fitting else {
        return Ok(None);
    };
    let number = target
        .map(|target| number::plain(target).ok_or_else(|| Refused::Number(target.to_owned())));
    let number = number.transpose()?.unwrap_or_default();
    Ok(Some(code.filled(&number, wait.as_secs())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m_133_a_code_is_filled_with_who_is_called() {
        let lines = [
            "always on *21*%target%#",
            "always off #21#",
            "no_answer  on **61*%target%*11*%seconds%#",
        ];
        let codes: Vec<Code> = lines.iter().map(|line| Code::read(line).unwrap()).collect();
        let wait = Duration::from_secs(20);
        let dial = |kind, target| dialled(&codes, kind, target, wait);
        let said = |text: &str| Ok(Some(text.to_owned()));
        assert_eq!(
            dial(Kind::Always, Some("0711 123-4")),
            said("*21*07111234#")
        );
        assert_eq!(dial(Kind::Always, None), said("#21#"));
        let silence = said("**61*0711*11*20#");
        assert_eq!(dial(Kind::NoAnswer, Some("0711")), silence);
        assert_eq!(
            dial(Kind::NoAnswer, None),
            Ok(None),
            "the server has no code"
        );
        assert_eq!(dial(Kind::Busy, Some("600")), Ok(None));
        let refused = Err(Refused::Number("sip:a@b".to_owned()));
        assert_eq!(dial(Kind::Always, Some("sip:a@b")), refused);
    }

    #[test]
    fn lines_that_are_no_codes_say_why() {
        for (line, why) in [
            ("", "is no code"),
            ("always *21*%target%#", "is no code"),
            ("sometimes on *21*%target%#", "is no code"),
            ("always maybe *21*%target%#", "is no code"),
            ("always on *21*600#", "does not say where to"),
            ("always on *21*%target%;x", "is no code"),
            ("always on *21*%target%*%seconds%#", "is no code"),
            ("always off #21*%target%#", "is no code"),
            ("busy on call%target%", "is no code"),
        ] {
            let refused = Code::read(line).unwrap_err().to_string();
            assert!(refused.contains(why), "{line}: {refused}");
        }
    }
}
