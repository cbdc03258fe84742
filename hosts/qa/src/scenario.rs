//! A scenario: who plays, and what happens in each case. TOML.

use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// One file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    pub(crate) name: String,
    /// Which plugins play, by kind. A kind that is not named is played by the usual ones.
    #[serde(default)]
    pub(crate) plugins: BTreeMap<String, Ids>,
    /// What each plugin is told, by its id; those that do not play are told nothing.
    #[serde(default)]
    pub(crate) options: BTreeMap<String, Map<String, Value>>,
    /// Settings over the profile `demo`, such as `"dtmf.all" = true`.
    #[serde(default)]
    pub(crate) settings: BTreeMap<String, Value>,
    #[serde(rename = "case")]
    pub(crate) cases: Vec<Case>,
}

/// One plugin or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Ids {
    One(String),
    Many(Vec<String>),
}

impl Ids {
    pub(crate) fn list(&self) -> Vec<String> {
        match self {
            Self::One(id) => vec![id.clone()],
            Self::Many(ids) => ids.clone(),
        }
    }
}

/// One test, on a phone of its own.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) steps: Vec<Step>,
}

/// One thing to do or to hold.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Step {
    /// Calls a number.
    Dial(String),
    /// Gives any command, and looks at the reply.
    Ask(Ask),
    /// Waits for the next event of this name, which may be anything in `where`.
    Wait(Wait),
    /// Sends keys.
    Digits(String),
    /// Lets time pass. Unit: ms.
    Pause(u64),
    /// Starts a recording: `tone` and `level` listen to it.
    Record(Switch),
    /// Ends the call.
    HangUp(Switch),
    /// How often an event has been told so far.
    Event(Event),
    /// A tone is heard from the far end.
    Tone(Tone),
    /// How loud the far end is.
    Level(Level),
    /// What a mock has counted.
    Mock(Mock),
}

/// A step without words of its own: only `true` can be written.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "bool")]
pub(crate) struct Switch;

impl TryFrom<bool> for Switch {
    type Error = &'static str;

    fn try_from(on: bool) -> Result<Self, Self::Error> {
        on.then_some(Self)
            .ok_or("write true, or leave the step out")
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wait {
    pub(crate) event: String,
    #[serde(default, rename = "where")]
    pub(crate) fields: Map<String, Value>,
    #[serde(default = "patience")]
    pub(crate) within_ms: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ask {
    /// The command's name.
    pub(crate) command: String,
    /// Its fields.
    #[serde(default)]
    pub(crate) with: Map<String, Value>,
    /// What stands in the reply, among other things.
    #[serde(default)]
    pub(crate) reply: Map<String, Value>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Event {
    pub(crate) name: String,
    #[serde(default, rename = "where")]
    pub(crate) fields: Map<String, Value>,
    #[serde(default)]
    pub(crate) at_least: Option<usize>,
    #[serde(default)]
    pub(crate) at_most: Option<usize>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tone {
    pub(crate) hertz: f64,
    /// Of the sound's energy. Range: 0 to 1.
    #[serde(default = "share")]
    pub(crate) share: f64,
    #[serde(default = "patience")]
    pub(crate) within_ms: u64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Level {
    #[serde(default)]
    pub(crate) above_dbov: Option<f64>,
    #[serde(default)]
    pub(crate) below_dbov: Option<f64>,
    #[serde(default = "patience")]
    pub(crate) within_ms: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mock {
    pub(crate) kind: String,
    /// At least so many since the program began.
    #[serde(default)]
    pub(crate) calls: u64,
    /// At least so many.
    #[serde(default)]
    pub(crate) failed: u64,
}

impl Step {
    /// What could hold whatever happens, or never, is a slip of the pen.
    fn check(&self) -> Result<(), String> {
        match self {
            Self::Wait(wait) => known(&wait.event),
            Self::Event(event) => {
                known(&event.name)?;
                let (least, most) = (event.at_least.unwrap_or(0), event.at_most);
                match most.is_some_and(|most| most < least) {
                    true => Err("at_most is less than at_least".to_owned()),
                    false => Ok(()),
                }
            }
            Self::Tone(tone) => {
                let is_heard = tone.hertz > 0.0 && tone.hertz < 4_000.0;
                match is_heard && tone.share > 0.0 && tone.share <= 1.0 {
                    true => Ok(()),
                    false => Err(
                        "hertz is more than 0 and less than 4000, share more than 0 and at most 1"
                            .to_owned(),
                    ),
                }
            }
            Self::Level(level) => match (level.above_dbov, level.below_dbov) {
                (None, None) => Err("say above_dbov, below_dbov or both".to_owned()),
                (Some(above), Some(below)) if above >= below => {
                    Err("no level is above above_dbov and below below_dbov".to_owned())
                }
                (Some(_), _) | (_, Some(_)) => Ok(()),
            },
            Self::Mock(mock) if mock.calls == 0 && mock.failed == 0 => {
                Err("say calls, failed or both, more than 0".to_owned())
            }
            Self::Ask(ask) if !control::command::NAMES.contains(&ask.command.as_str()) => {
                Err(format!("there is no command '{}'", ask.command))
            }
            Self::Mock(_)
            | Self::Ask(_)
            | Self::Dial(_)
            | Self::Digits(_)
            | Self::Pause(_)
            | Self::Record(_)
            | Self::HangUp(_) => Ok(()),
        }
    }
}

/// An event that is never told would never be too many.
fn known(name: &str) -> Result<(), String> {
    match control::event::NAMES.contains(&name) {
        true => Ok(()),
        false => Err(format!(
            "there is no event '{name}'; offhook events shows them"
        )),
    }
}

const fn patience() -> u64 {
    5_000
}

const fn share() -> f64 {
    0.8
}

impl Scenario {
    /// Reads a file's text; what is wrong is said with its line.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let scenario: Self = toml::from_str(text).map_err(|why| why.to_string())?;
        if scenario.cases.is_empty() {
            return Err("there is no [[case]]".to_owned());
        }
        for case in &scenario.cases {
            let wrong = |why: String| format!("case '{}': {why}", case.name);
            if case.steps.is_empty() {
                return Err(wrong("it has no steps, so it proves nothing".to_owned()));
            }
            for (n, step) in case.steps.iter().enumerate() {
                let step = step.check();
                step.map_err(|why| wrong(format!("step {}: {why}", n + 1)))?;
            }
        }
        Ok(scenario)
    }

    /// `kind=id`: this plugin plays instead of whoever does.
    pub(crate) fn swap(&mut self, text: &str) -> Result<(), String> {
        let (kind, id) = text.split_once('=').ok_or("write KIND=ID")?;
        self.plugins
            .insert(kind.to_owned(), Ids::One(id.to_owned()));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_is_read_and_a_plugin_swapped() {
        let text = r#"
            name = "x"
            plugins.dtmf = ["dtmf-rfc4733", "dtmf-info"]
            [[case]]
            name = "one"
            steps = [
                { dial = "600" },
                { wait = { event = "call.answered", where = { state = "up" } } },
                { hang_up = true },
            ]
        "#;
        let mut scenario = Scenario::read(text).unwrap();
        assert_eq!(scenario.cases[0].steps.len(), 3);
        scenario.swap("dtmf=mock-dtmf").unwrap();
        assert_eq!(scenario.plugins["dtmf"].list(), ["mock-dtmf"]);
        assert!(scenario.swap("dtmf").is_err());
    }

    #[test]
    fn odd_steps_are_refused_with_their_line() {
        for steps in [
            "{ dail = \"600\" }",
            "{ hang_up = false }",
            "{ wait = { evnt = \"x\" } }",
        ] {
            let text = format!("name = \"x\"\n[[case]]\nname = \"y\"\nsteps = [{steps}]\n");
            assert!(
                Scenario::read(&text).unwrap_err().contains("line 4"),
                "{steps}"
            );
        }
        assert!(Scenario::read("name = \"x\"\ncase = []\n").is_err());
    }

    #[test]
    fn steps_that_prove_nothing_are_refused() {
        let read = |steps: &str| {
            let text = format!("name = \"x\"\n[[case]]\nname = \"y\"\nsteps = [{steps}]\n");
            Scenario::read(&text).map(drop)
        };
        for (steps, why) in [
            ("", "no steps"),
            (
                "{ wait = { event = \"call.endet\" } }",
                "no event 'call.endet'",
            ),
            (
                "{ event = { name = \"call.endet\", at_most = 0 } }",
                "no event",
            ),
            (
                "{ event = { name = \"call.ended\", at_least = 2, at_most = 1 } }",
                "less than",
            ),
            ("{ level = {} }", "above_dbov"),
            (
                "{ level = { above_dbov = -10, below_dbov = -20 } }",
                "no level",
            ),
            ("{ tone = { hertz = -5 } }", "hertz"),
            ("{ tone = { hertz = 440, share = -1 } }", "share"),
            (
                "{ dial = \"600\" }, { mock = { kind = \"codec\" } }",
                "step 2: say calls",
            ),
        ] {
            let refused = read(steps).unwrap_err();
            assert!(
                refused.contains("case 'y'") && refused.contains(why),
                "{refused}"
            );
        }
        read("{ level = { above_dbov = -30, below_dbov = -10 } }").unwrap();
    }
}
