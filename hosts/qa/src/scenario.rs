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
}
