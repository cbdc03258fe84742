//! Calling somebody, and the other things that can be done with a number.

use crate::AccountHandle;
use core::fmt;
use core::str::FromStr;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Call somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dial {
    /// A number or an address.
    pub to: String,
    /// From which account. `None`: the default one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountHandle>,
    /// Give up when nobody answers by then. Unit: s. `None`: as the settings say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ring_for_s: Option<u32>,
    /// Headers to add to the INVITE, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// What to do with the number. `None`: a call. A rule of the account that names another one goes before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<DialAction>,
}

/// What can be done with a number. The names are those of account settings elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DialAction {
    /// Call, with video as is usual.
    AutoCall,
    /// Call by sound alone.
    VoiceCall,
    /// Call with video.
    VideoCall,
    /// Call by way of an access number.
    CallThrough,
    /// Have a service call both.
    WebCallback,
    /// Open an address.
    OpenUrl,
    /// Call over the telephone company's radio.
    GsmCall,
    /// Ask the person.
    Options,
}

impl DialAction {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::AutoCall,
        Self::VoiceCall,
        Self::VideoCall,
        Self::CallThrough,
        Self::WebCallback,
        Self::OpenUrl,
        Self::GsmCall,
        Self::Options,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AutoCall => "autoCall",
            Self::VoiceCall => "voiceCall",
            Self::VideoCall => "videoCall",
            Self::CallThrough => "callThrough",
            Self::WebCallback => "webCallback",
            Self::OpenUrl => "openUrl",
            Self::GsmCall => "gsmCall",
            Self::Options => "options",
        }
    }
}

/// A name that is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoDialAction;

impl fmt::Display for NoDialAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = DialAction::ALL.map(DialAction::name).join(", ");
        write!(f, "there is no such dial action, allowed: {names}")
    }
}

impl core::error::Error for NoDialAction {}

impl FromStr for DialAction {
    type Err = NoDialAction;

    fn from_str(text: &str) -> Result<Self, NoDialAction> {
        let known = Self::ALL.into_iter().find(|action| action.name() == text);
        known.ok_or(NoDialAction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// K-215 to K-222: the name on the wire is the name that is printed and read.
    #[test]
    fn m_210_names_are_the_same_everywhere() {
        for action in DialAction::ALL {
            let json = serde_json::to_string(&action).unwrap();
            assert_eq!(json, format!("\"{}\"", action.name()));
            assert_eq!(action.name().parse(), Ok(action));
        }
        assert_eq!("fly".parse::<DialAction>(), Err(NoDialAction));
    }
}
